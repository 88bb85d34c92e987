"""The environment that a child process can read, checked in /proc while it runs."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop_app.child_processes import (
    ChildCommand,
    child_command,
    environment_with_keys,
    library_command,
    open_child,
)
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.documents.worker.page_worker import PageWorker, ViewedDocument
from desktop_app.local_model.server import LocalModel
from desktop_app.markdown.processes.formula_client import FormulaClient
from tests.helpers.children import python_child
from tests.helpers.processors import on_one_processor
from tests.integration.cli.command import Shell

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "tests" / "data" / "report.pdf"
SECRET = "sk-proj-not-for-children"
SECRETS = {
    "OPENAI_API_KEY": SECRET,
    "COMETAPI_KEY": SECRET,
    "OPENAI_BASE_URL": f"https://user:{SECRET}@127.0.0.1:9/v1",
    "HTTPS_PROXY": f"http://user:{SECRET}@127.0.0.1:9",
    "ANTHROPIC_API_KEY": SECRET,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "GITHUB_TOKEN": SECRET,
    "PGPASSWORD": SECRET,
    "PYTHONSECRET": SECRET,
}
SHOW_UNAME = '#!/bin/sh\nenv > "$(dirname "$0")/seen"\necho x86_64\n'


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def running_children() -> dict[str, bytes]:
    """Return the environments of the program's running processes by kind."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rpartition(")")[2].split()[1]
            command = (stat.parent / "cmdline").read_bytes().split(b"\0")
            if int(parent) == os.getpid() and b"_child" in command:
                kind = command[command.index(b"_child") + 1].decode()
                found[kind] = (stat.parent / "environ").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def assert_clean(kind: str) -> None:
    environment = running_children()[kind]
    assert SECRET.encode() not in environment
    assert b"PYTHON" not in environment
    assert b"HOME=" in environment  # it was read while the process lived


@pytest.mark.attack("child-environment")
async def test_readers_of_documents_inherit_no_secret() -> None:
    for worker in (DocumentWorker(), PageWorker()):
        try:
            if isinstance(worker, DocumentWorker):
                await worker.count_tokens("x")
            else:
                viewed = ViewedDocument("0" * 64, "report.pdf", REPORT)
                assert len(await worker.open_document(viewed)) == 3
            assert_clean("documents")
        finally:
            await worker.aclose()


@pytest.mark.attack("child-environment")
def test_the_process_of_formulas_inherits_no_secret() -> None:
    formulas = FormulaClient(child_command("math"))
    formulas.find("x", display=False)
    assert_clean("math")
    formulas.close()


@pytest.mark.slow
@pytest.mark.attack("child-environment")
async def test_the_process_of_the_model_inherits_no_secret() -> None:
    model = LocalModel()
    try:
        await model.endpoint()
        assert_clean("model")
    finally:
        await model.aclose()


@pytest.mark.attack("child-environment")
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(lambda: child_command("headers"), id="headers"),
        pytest.param(lambda: child_command("lexing"), id="lexing"),
        pytest.param(lambda: child_command("qt"), id="qt"),
        pytest.param(lambda: library_command("export", "--all"), id="export"),
        pytest.param(lambda: library_command("backup", "/nonexistent"), id="backup"),
    ],
)
def test_other_processes_inherit_no_secret(command: Callable[[], ChildCommand]) -> None:
    pipe = subprocess.PIPE
    with open_child(command(), stdin=pipe, stdout=pipe, stderr=pipe) as process:
        # The kernel fills it in only after `exec` has told the parent that it worked.
        while not (environment := Path(f"/proc/{process.pid}/environ").read_bytes()):
            assert process.poll() is None
        process.kill()
        process.communicate()
    assert SECRET.encode() not in environment
    assert b"PYTHON" not in environment
    assert b"HOME=" in environment


@pytest.mark.attack("child-environment")
def test_processes_of_libraries_inherit_no_secret(tmp_path: Path) -> None:
    """`platform.platform()` runs "uname", which it looks for in PATH."""
    shell = Shell(tmp_path)
    tools = shell.outside / "tools"
    tools.mkdir()
    (tools / "uname").write_text(SHOW_UNAME)
    (tools / "uname").chmod(0o700)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    keys = {name: SECRETS[name] for name in ("OPENAI_API_KEY", "COMETAPI_KEY", "OPENAI_BASE_URL")}
    with on_one_processor():  # it starts the model
        done = asyncio.run(shell.run("doctor", "--json", env={"PATH": path, **keys}))
    assert "way to 127.0.0.1 (environment)" in done.json  # the program itself has them
    seen = (tools / "seen").read_text()
    assert "PATH=" in seen
    assert SECRET not in seen


def test_a_program_that_starts_anew_has_its_keys() -> None:
    script = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "import desktop_app.child_processes as c\n"
        "c.hide_keys(); assert not {'OPENAI_API_KEY', 'COMETAPI_KEY'} & set(os.environ)\n"
        "show = 'import json, os; print(json.dumps(dict(os.environ)))'\n"
        "c._program_command = lambda: (sys.executable, '-c', show)\n"
        "c.restart_program()\n"
    )
    with open_child(python_child(script), stdout=subprocess.PIPE) as process:
        variables = json.loads(process.communicate()[0])
    assert variables["OPENAI_API_KEY"] == SECRET
    assert not [name for name in variables if name.startswith("PYTHON")]
    assert environment_with_keys()["OPENAI_API_KEY"] == SECRET


def test_commands_use_the_language_of_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPARTEE_LANGUAGE", "nl")
    assert library_command("import", "/a.zip").environment["REPARTEE_LANGUAGE"] == "nl"
