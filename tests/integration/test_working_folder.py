"""Processes that are started in a folder full of traps: no module there ever runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop_app.child_processes import ChildKind, child_command, library_command, open_child
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.local_model.server import LocalModel
from desktop_app.markdown.processes.formula_client import FormulaClient
from tests.helpers.framed import framed
from tests.helpers.processors import on_one_processor
from tests.helpers.traps import Traps, imported_later

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "tests" / "data" / "report.pdf"
# As pip writes the command, without what it needs "re" for.
COMMAND = "import sys\nfrom desktop_app.__main__ import start\nsys.exit(start())\n"


@pytest.fixture
def traps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Traps]:
    """Change to a folder of traps, and check afterwards that no trap was imported."""
    made = Traps(tmp_path / "downloads")
    monkeypatch.chdir(made.folder)
    monkeypatch.setenv("PYTHONPATH", "")
    yield made
    assert made.sprung == []


@pytest.mark.attack("working-folder")
async def test_a_document_is_read(traps: Traps) -> None:
    worker = DocumentWorker()
    try:
        assert (await worker.extract(REPORT)).pages == 3
        assert await worker.count_tokens("Hello world") == 2
        assert worker.pid is not None
        assert Path(f"/proc/{worker.pid}/cwd").readlink() == Path("/")
    finally:
        await worker.aclose()


@pytest.mark.attack("working-folder")
def test_a_formula_is_typeset(traps: Traps) -> None:
    formulas = FormulaClient(child_command("math"))
    assert formulas.find("x^2", display=False) is not None
    formulas.close()


@pytest.mark.attack("working-folder")
@pytest.mark.parametrize(
    ("kind", "asked", "answer"),
    [
        (
            "lexing",
            framed([{"id": 1, "language": "python", "code": "if x: pass"}]),
            b'{"id": 1, "spans": [[',
        ),
        ("qt", b"{}\n", b'{"platform": "'),
    ],
)
def test_a_child_answers_despite_modules_in_its_folder(
    kind: ChildKind, asked: bytes, answer: bytes, traps: Traps
) -> None:
    pipe = subprocess.PIPE
    with open_child(child_command(kind), stdin=pipe, stdout=pipe, stderr=pipe) as process:
        output, complaints = process.communicate(asked, timeout=60)
    assert answer in output
    assert complaints == b""


@pytest.mark.attack("working-folder")
def test_the_library_is_exported(traps: Traps, tmp_path: Path) -> None:
    for form in ("json", "pdf"):
        command = library_command("export", "--all", "--format", form, "--to", str(tmp_path / form))
        with open_child(command, stderr=subprocess.PIPE) as process:
            complaints = process.communicate(timeout=60)[1]
        assert b"Traceback" not in complaints


@pytest.mark.slow
@pytest.mark.attack("working-folder")
async def test_the_model_is_loaded(traps: Traps) -> None:
    model = LocalModel()
    try:
        assert (await model.endpoint()).socket_path
    finally:
        await model.aclose()


def run(program: list[str], traps: Traps, path: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": path}
    with on_one_processor():  # it starts the model
        return subprocess.run(
            [sys.executable, *program, "doctor", "--json"],
            cwd=traps.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.mark.slow
@pytest.mark.attack("working-folder")
@pytest.mark.parametrize("path", [f"{ROOT}", f"{ROOT}:"])
def test_the_command_imports_nothing_from_its_folder(path: str, tmp_path: Path) -> None:
    """An empty entry in PYTHONPATH means the current folder, ahead of Python's own modules."""
    traps = Traps(tmp_path / "downloads", imported_later())
    (tmp_path / "repartee").write_text(COMMAND)
    done = run([str(tmp_path / "repartee")], traps, path)
    assert traps.sprung == []
    assert json.loads(done.stdout)["window"]["works"], done.stderr


@pytest.mark.attack("working-folder")
def test_a_run_as_a_module_imports_nothing_from_the_current_folder(tmp_path: Path) -> None:
    """Check that later imports ignore a folder from which the package itself is imported."""
    traps = Traps(tmp_path / "downloads", {"decimal", "httpx", "json", "keyring", "sqlite3", "ssl"})
    for name in ("desktop_app", "resources"):
        (traps.folder / name).symlink_to(ROOT / name)
    done = run(["-m", "desktop_app"], traps, "")
    assert traps.sprung == []
    assert json.loads(done.stdout)["window"]["works"], done.stderr


def test_a_home_of_another_python_is_left(tmp_path: Path) -> None:
    # A Python without compiled modules, as the one that another program brings along.
    library = Path(os.__file__).parent
    home = tmp_path / "lib" / library.name
    home.mkdir(parents=True)
    for path in library.iterdir():
        if path.name not in ("lib-dynload", "site-packages"):
            (home / path.name).symlink_to(path)
    script = tmp_path / "repartee"
    script.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{COMMAND}")
    environment = {**os.environ, "PYTHONHOME": str(tmp_path), "REPARTEE_HOME": str(tmp_path)}
    command = [sys.executable, str(script), "--version"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout[:9]) == (0, "repartee ")
