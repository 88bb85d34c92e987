"""The command line: help, errors, and requests to a simulated window."""

from __future__ import annotations

import os
import re
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, cast

import pytest

from desktop_app import __version__
from desktop_app.app import single_instance
from desktop_app.app.single_instance import WindowLock
from desktop_app.app.window_request import (
    PREFIX,
    OpenRequest,
    QuickRequest,
    WindowRequest,
    decode,
    parse_sizes,
)
from desktop_app.main import main
from desktop_app.paths import folders
from desktop_app.quick_call import MAX_TEXT_BYTES
from tests.helpers.command_line import of_commands
from tests.helpers.pseudo import pseudo_offered
from tests.helpers.waiting import LONGEST_S

ROOT = Path(__file__).parents[2]
# Opens the terminal of its argument as the controlling one, then runs `repartee quick`.
IN_A_TERMINAL = """
import fcntl, os, sys, termios
terminal = os.open(sys.argv[1], os.O_RDWR)
fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "desktop_app", "quick"])
"""


def limit_memory() -> None:
    """Limit the memory of this process, so that endless reading fails."""
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))


class FakeWindow:
    """The lock and the socket of a window, which accepts every request.

    Attributes:
        requests: the requests so far.
    """

    def __init__(self) -> None:
        where = folders()
        assert WindowLock(where.data).try_acquire()
        self.requests: list[WindowRequest] = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(where.socket))
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection, connection.makefile("rb") as stream:
                prefix = stream.read(PREFIX.size)
                if not prefix:
                    return
                head, text = parse_sizes(prefix)
                self.requests.append(decode(stream.read(head), stream.read(text).decode()))
                connection.sendall(b"ok\n")

    def close(self) -> None:
        """Stop answering."""
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(folders().socket))
        self._thread.join()
        self._socket.close()


@pytest.fixture
def window(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FakeWindow]:
    """Yield a stand-in for an open window."""
    # A socket's path holds 107 characters.
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    found = FakeWindow()
    yield found
    found.close()


def quick(*arguments: str, stdin: int | IO[bytes]) -> None:
    """Run `repartee quick` as a process without a terminal."""
    command = [sys.executable, "-m", "desktop_app", "quick", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, stdin=stdin, start_new_session=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


# ---------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        ([], []),
        (["a.pdf", "/b/c.pdf"], ["a.pdf", "/b/c.pdf"]),
        (["--", "-file"], ["-file"]),
        (["--", "ask", "--help"], ["ask", "--help"]),
        (["./ask"], ["ask"]),
        (["a.pdf", "quick"], ["a.pdf", "quick"]),
        (["name with spaces.pdf"], ["name with spaces.pdf"]),
        (["file:///a%20b/%C3%9C.pdf", "file://localhost/c"], ["/a b/Ü.pdf", "/c"]),
    ],
)
def test_files_are_opened_in_the_window(
    window: FakeWindow, arguments: list[str], files: list[str]
) -> None:
    assert main(arguments) == 0
    absolute = tuple(str(Path.cwd() / name) for name in files)
    assert window.requests == [OpenRequest(absolute)]


def test_an_address_goes_into_the_prompt(window: FakeWindow) -> None:
    assert main(["https://e.example/a.pdf", "/b.pdf"]) == 0
    assert window.requests == [OpenRequest(("/b.pdf",), "https://e.example/a.pdf")]


def test_a_mistyped_command_opens_no_window(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["spendings"])
    assert ended.value.code == 2
    assert "“spendings” is neither a command nor a file." in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["serch", "hello"])
    assert ended.value.code == 2
    assert "Did you mean “search”?" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["a" * 300])  # too long to be looked up
    assert ended.value.code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--nonsense"], ["-file"], ["ask", "--file"], ["quick", "more"], ["doctor", "more"]),
        *(["ask", "--file", "", "Why?"], ["summarize", "--json", ""], ["batch", "start", ""]),
    ],
)
def test_an_invalid_command_line_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str], repartee_home: Path
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: repartee" in capsys.readouterr().err
    assert not repartee_home.exists()


@pytest.mark.attack("terminal")
@pytest.mark.parametrize("before", of_commands("ask", "import x", "doctor", ""))
def test_typed_text_cannot_forge_an_output_line(
    before: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*before.split(), "--x\nSent."])
    assert capsys.readouterr().err.splitlines()[-1].endswith(r"arguments: --x\x0aSent.")


@pytest.mark.parametrize(
    "line",
    of_commands("backup", "export --all --format json --to", "restore", "import", "ask x --file"),
)
def test_an_empty_path_is_not_the_current_folder(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*line.split(), ""])
    assert ended.value.code == 2
    assert ": a file name is empty" in capsys.readouterr().err


@pytest.mark.parametrize("command", of_commands("ask", "quick", "doctor", ""))
def test_an_error_names_the_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*command.split(), "--nonsense"])
    name = f"repartee {command}" if command else "repartee"
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"{name}: error: ")


@pytest.mark.parametrize(
    "line", [["ask", "--help"], ["doctor", "-h"], ["--help"], ["help"], ["help", "mcp", "add"]]
)
def test_help_lists_the_exit_codes(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line)
    assert ended.value.code == 0
    assert "Exit codes:" in capsys.readouterr().out


@pytest.fixture
def pseudo_language(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("REPARTEE_LANGUAGE", "pseudo")
    with pseudo_offered():
        yield


@pytest.mark.usefixtures("pseudo_language")
@pytest.mark.parametrize("command", of_commands("", "ask", "table export", "restore", "models"))
def test_help_is_translated(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    out = capsys.readouterr().out
    assert not re.search(r"\b(WORD|NAME|FILE|TEXT)\b", out)
    for line in filter(None, out.splitlines()):
        texts = re.sub(r"^ +(-\S+, )?\S+( \S+)?( {2,}|$)", "", line)
        assert texts == "" or "⟦" in texts or texts.startswith("{"), line


@pytest.mark.usefixtures("pseudo_language")
@pytest.mark.parametrize(
    "arguments",
    [["ask", "--effort", "most"], ["export"], ["ask", "--pages"], ["search", "a", "--limit", "x"],
     ["export", "--all", "--conversation", "a"], ["doctor", "more"], ["--nonsense"],
     ["ask", "--p"]],
)  # fmt: skip
def test_errors_of_the_command_line_are_translated(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("⟦ûšåĝé: ")
    assert said.count("⟦") >= 3  # the usage, the word "error", and the sentence


@pytest.mark.usefixtures("pseudo_language")
def test_a_text_that_is_too_large_is_refused_in_the_users_language(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["quick", "--text", "x" * (MAX_TEXT_BYTES + 1)]) == 1
    assert capsys.readouterr().err.startswith("repartee: ⟦")


def test_version_prints_name_and_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"repartee {__version__}\n"


def test_a_missing_display_is_reported_in_one_sentence(repartee_home: Path) -> None:
    gone = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_RUNTIME_DIR"}
    environment = {name: value for name, value in os.environ.items() if name not in gone}
    for arguments in ([], ["quick", "--text", "x"]):
        done = subprocess.run(
            [sys.executable, "-m", "desktop_app", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1
        assert "neither DISPLAY nor WAYLAND_DISPLAY" in done.stderr


# ---------------------------------------------------------------- the quick prompt


def asked(window: FakeWindow) -> str:
    (request,) = window.requests
    assert isinstance(request, QuickRequest)
    return request.text


def test_given_text_leaves_standard_input_unread(window: FakeWindow) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"piped")
    quick("--text=--given", stdin=reading)
    assert asked(window) == "--given"
    assert os.read(reading, 9) == b"piped"
    os.close(reading)
    os.close(writing)


@pytest.mark.attack("imports")
def test_standard_input_without_an_end_is_refused(window: FakeWindow) -> None:
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as endless:
        done = subprocess.run(
            [sys.executable, "-m", "desktop_app", "quick"],
            cwd=ROOT,
            stdin=endless.stdout,
            start_new_session=True,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=limit_memory,
        )
        endless.kill()
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "larger than 4 MB" in done.stderr
    assert window.requests == []


def test_piped_text_reaches_the_quick_prompt(window: FakeWindow) -> None:
    reading, writing = os.pipe()
    os.write(writing, "Grüße\n".encode())
    os.close(writing)
    quick(stdin=reading)
    os.close(reading)
    assert asked(window) == "Grüße\n"


def test_text_of_a_file_or_socket_reaches_the_quick_prompt(
    window: FakeWindow, tmp_path: Path
) -> None:
    (tmp_path / "note").write_bytes(b"from a file")
    with (tmp_path / "note").open("rb") as file:
        quick(stdin=file)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"from a socket")
        ours.shutdown(socket.SHUT_WR)
        quick(stdin=theirs.fileno())
    assert [request.text for request in window.requests] == ["from a file", "from a socket"]


def test_a_silent_pipe_or_socket_is_ignored(window: FakeWindow) -> None:
    reading, writing = os.pipe()
    quick(stdin=reading)
    os.close(reading)
    os.close(writing)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        quick(stdin=theirs.fileno())
    quick(stdin=subprocess.DEVNULL)
    assert [request.text for request in window.requests] == ["", "", ""]


def test_closed_standard_input_is_ignored(window: FakeWindow) -> None:
    command = f"exec {sys.executable} -m desktop_app quick <&-"
    assert subprocess.run(["sh", "-c", command], cwd=ROOT, check=False).returncode == 0
    assert asked(window) == ""


def test_a_slow_pipeline_in_a_terminal_is_awaited(window: FakeWindow) -> None:
    master, terminal = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", IN_A_TERMINAL, os.ttyname(terminal)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    with process:
        wait_until_it_reads(process.pid)
        process.communicate(b"at last", timeout=LONGEST_S)
    assert process.returncode == 0
    assert asked(window) == "at last"
    os.close(terminal)
    os.close(master)


def wait_until_it_reads(pid: int) -> None:
    """Return once the process sleeps in a read of a pipe, and not in a wait with a limit."""
    deadline = time.monotonic() + LONGEST_S
    while "pipe_read" not in Path(f"/proc/{pid}/wchan").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_calling_a_window_imports_nothing_heavy(window: FakeWindow) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "desktop_app", "quick", "--text", "x"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "_socket" in imported
    assert "socket" not in imported
    assert not imported & {"PySide6", "asyncio", "pathlib", "re", "typing", "desktop_app.main"}
    assert asked(window) == "x"


def test_a_window_that_does_not_answer_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folders().socket.symlink_to(folders().socket.name)  # leads to itself
    lock = WindowLock(folders().data)
    assert lock.try_acquire()
    assert main(["quick", "--text", "x"]) == 1
    assert "doesn’t respond" in capsys.readouterr().err


def test_a_missing_library_of_qt_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Unloadable:
        def __getattr__(self, name: str) -> object:
            raise ImportError("libEGL.so.1: cannot open shared object file", path="/q/QtGui.so")

    monkeypatch.setattr("desktop_app.backend.display_check.display_problem", lambda _environ: None)
    monkeypatch.setitem(sys.modules, "desktop_app.app.application", cast(Any, Unloadable()))
    assert main(["quick", "--text", "x"]) == 1
    error = capsys.readouterr().err
    assert error == (
        "repartee: Couldn’t load Qt: libEGL.so.1: cannot open shared object file. Install the "
        "missing library with your system’s package manager. “repartee ask” works without a "
        "window.\n"
    )


def test_a_new_window_opens_after_the_ending_one(monkeypatch: pytest.MonkeyPatch) -> None:
    ending = WindowLock(folders().data)
    assert ending.try_acquire()
    opened: list[WindowRequest] = []

    def end(_path: Path, _frame: bytes) -> bytes:
        assert ending._descriptor is not None
        os.close(ending._descriptor)
        raise FileNotFoundError

    def run(request: WindowRequest) -> int:
        opened.append(request)
        return 7

    monkeypatch.setattr(single_instance, "call", end)
    monkeypatch.setattr("desktop_app.backend.display_check.display_problem", lambda _environ: None)
    monkeypatch.setitem(sys.modules, "desktop_app.app.application", SimpleNamespace(run=run))
    assert main(["quick", "--text", "x"]) == 7
    assert opened == [QuickRequest("x")]
