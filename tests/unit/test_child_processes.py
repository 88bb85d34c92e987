"""Starts of processes: their command, variables and folder."""

from __future__ import annotations

import ast
import logging
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from desktop_app.child_processes import (
    WORKING_DIRECTORY,
    ChildCommand,
    ChildKind,
    child_command,
    library_command,
    open_child,
    run_desktop_tool,
    start_child,
)
from tests.helpers.blocking import blocking
from tests.helpers.children import python_child
from tests.helpers.linux_only import linux_only

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
KINDS: tuple[ChildKind, ...] = get_args(ChildKind)
# The other starts itself again, before it can import anything.
STARTS_PROCESSES = {"desktop_app/child_processes.py", "desktop_app/__main__.py"}
SAY_WHERE = "import os, sys; print(os.getcwd(), *sorted(os.environ), sep='\\n')"


def commands() -> list[ChildCommand]:
    return [*map(child_command, KINDS), library_command("export", "--all")]


@pytest.mark.attack("child-environment")
@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_API_KEY",
        "COMETAPI_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN",
        "HTTPS_PROXY",
        "SSH_AUTH_SOCK",
        "LC_PASSWORD",
        "QT_API_KEY",
        "XDG_TOKEN",
        "REPARTEE_KEY",
    ],
)
def test_no_kind_of_child_gets_a_secret(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "sk-secret")
    assert not [one for one in commands() if "sk-secret" in one.environment.values()]


@pytest.mark.attack("working-folder")
@pytest.mark.parametrize("name", ["PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT"])
def test_no_variable_of_python_is_passed_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    assert not [one for one in commands() if name in one.environment]


@pytest.mark.attack("working-folder")
def test_python_is_told_to_search_no_foreign_folder() -> None:
    for command in commands():
        program, *options = command.argv
        assert program == sys.executable
        assert {"-E", "-P"} <= set(options)
        assert "-m" not in options
        assert command.working_directory == WORKING_DIRECTORY


@linux_only("programs that start without SYSTEMROOT")
def test_readers_and_typesetters_get_few_variables() -> None:
    wanted = {"HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "TZ"}
    for kind in ("diagrams", "documents", "headers", "lexing", "math", "model"):
        assert child_command(kind).environment.keys() <= wanted


def test_relative_folders_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REPARTEE_HOME", "here")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    monkeypatch.setenv("SSL_CERT_FILE", "own.pem")
    environment = library_command("export").environment
    assert environment["REPARTEE_HOME"] == str(tmp_path / "here")
    assert environment["XDG_RUNTIME_DIR"] == ""
    assert child_command("server").environment["SSL_CERT_FILE"] == str(tmp_path / "own.pem")
    monkeypatch.setenv("REPARTEE_HOME", "~/there")
    assert library_command("export").environment["REPARTEE_HOME"] == "~/there"


@linux_only("printf")
def test_output_of_a_tool_need_not_be_utf_8() -> None:
    assert run_desktop_tool("printf", r"\377") == (0, "\N{REPLACEMENT CHARACTER}", "")


@linux_only("programs that start without SYSTEMROOT")
def test_a_child_gets_the_environment_of_its_command(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "desktop_app")
    command = ChildCommand((sys.executable, "-c", SAY_WHERE), {"ONE": "1", "LC_ALL": "C"}, "/usr")

    @blocking
    async def started() -> bytes:
        process = await start_child(command, stdout=subprocess.PIPE)
        return (await process.communicate())[0]

    with open_child(command, stdout=subprocess.PIPE) as process:
        opened = process.communicate()[0]
    assert started() == opened
    assert [message.split(" after ")[0] for message in caplog.messages] == [
        f"child {Path(sys.executable).name}: code 0"
    ]
    folder, *names = opened.decode().split()
    assert folder == "/usr"
    assert {"ONE"} <= set(names) <= {"ONE", "LC_ALL", "LC_CTYPE"}  # Python itself adds the last


def test_a_child_uses_the_bytecode_folder_of_this_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    assert f"-Xpycache_prefix={tmp_path}" in child_command("math").argv
    monkeypatch.setattr(sys, "pycache_prefix", "relative")
    assert not [word for word in child_command("math").argv if "pycache" in word]


def test_words_stay_whole_when_a_program_starts_anew(tmp_path: Path) -> None:
    program = tmp_path / "of John Doe.py"
    program.write_text("import os, sys; print(sys.argv[1:], os.getenv('_PYI_ARCHIVE_FILE'))")
    starts = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "os.environ['_PYI_ARCHIVE_FILE'] = 'of the first start'\n"
        "import desktop_app.child_processes as c\n"
        f"c._program_command = lambda: (sys.executable, {str(program)!r}, 'two words', 'a\"b')\n"
        "c.restart_program()\n"
    )
    with open_child(python_child(starts), stdout=subprocess.PIPE) as process:
        assert process.communicate()[0].strip() == b"['two words', 'a\"b'] None"


def test_a_checkout_starts_its_own_code(tmp_path: Path) -> None:
    """Whatever checkout the environment has installed, and whatever the current folder holds."""
    copy = tmp_path / "copy" / "desktop_app"
    shutil.copytree(ROOT / "desktop_app", copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "__init__.py").write_text('__version__ = "of the copy"\n')
    program = (
        f"import sys; sys.path.insert(0, {str(copy.parent)!r})\n"
        "from desktop_app.child_processes import library_command, open_child\n"
        "command = library_command('--version')\n"
        "sys.stdout.buffer.write(open_child(command, stdout=-1).communicate()[0])"
    )
    with open_child(python_child(program), stdout=subprocess.PIPE) as process:
        assert process.communicate()[0].strip() == b"repartee of the copy"


# Every module that starts a process contains this; to parse all modules takes seconds.
HINT_OF_SPAWN = re.compile(
    r"create_subprocess|QProcess|ProcessPoolExecutor|subprocess|multiprocessing|\bpty\b"
    r"|concurrent\.futures\.process|\bos\s*\.\s*(exec|spawn|fork|posix_spawn|system|popen|startDet)"
)


def spawns(tree: ast.AST) -> Iterator[str]:
    """Yield the names in a module that start a process."""
    modules = {"subprocess", "multiprocessing", "pty", "concurrent.futures.process"}
    calls = ("exec", "spawn", "fork", "posix_spawn", "system", "popen", "startDetached")
    for node in parts(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            of_os = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            if name.startswith("create_subprocess") or name in {"QProcess", "ProcessPoolExecutor"}:
                yield name
            elif of_os and node.value.id == "os" and name.startswith(calls):  # type: ignore[union-attr]
                yield f"os.{name}"
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            yield from {alias.name for alias in node.names} - {"DEVNULL", "PIPE", "TimeoutExpired"}


def parts(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes except those for type checkers."""
    yield tree
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield from parts(node)


@pytest.mark.attack("child-environment")
def test_processes_are_started_in_one_place() -> None:
    found = {}
    for path in sorted((ROOT / "desktop_app").rglob("*.py")):
        source = path.read_text("utf-8")
        started = set(spawns(ast.parse(source))) if HINT_OF_SPAWN.search(source) else set()
        if started:
            found[path.relative_to(ROOT).as_posix()] = started
    assert found.keys() == STARTS_PROCESSES, found
