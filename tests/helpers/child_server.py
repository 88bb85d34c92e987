"""A process that has loaded what child processes need, and forks for each of them.

A document worker needs 0.5 s of CPU time to start, most of it for the tokenizer, and the process of
a tool server 0.8 s, for the SDK. Tests in which the process is not the subject use a fork, which
limits and confines itself as a new process does. Tests of how a document worker starts and is
ended, of processes that are left behind, and tests/integration/sandbox start the real process.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Final

from desktop_app import child_processes
from desktop_app.child_processes import ChildCommand, ChildKind
from desktop_app.main import main

ROOT: Final = Path(__file__).parents[2]
_STARTERS: Final = (
    "documents.worker.reader_client",
    "local_model.header_reader",
    "tools.servers.server_connection",
)
STARTERS: Final = tuple(
    import_module(f"desktop_app.{name}")
    for name in _STARTERS
    if (ROOT / "desktop_app" / name.partition(".")[0]).is_dir()  # else its feature was deleted
)
"""The modules that start these child processes by their `child_command`."""
_LAUNCHER: Final = Path(__file__).with_name("child_launcher.py")
_LONGEST_ORDER: Final = 1 << 16
_STREAMS: Final = 4  # the standard streams and the socket for open files


@contextmanager
def serving_children() -> Iterator[str]:
    """Run the server and yield its address."""
    with tempfile.TemporaryDirectory(prefix="r-") as folder:
        address = f"{folder}/children"
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.helpers.child_server", address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        assert server.stdin is not None
        assert server.stdout is not None
        with server, server.stdin:
            assert server.stdout.readline() == b"ready\n"
            yield address


def forked_command(address: str) -> Callable[[ChildKind], ChildCommand]:
    """Return the replacement of `child_command` in `STARTERS`, which starts a launcher."""

    def command(kind: ChildKind) -> ChildCommand:
        launcher = (sys.executable, "-I", "-S", str(_LAUNCHER), address, kind)
        return ChildCommand(launcher, child_processes.child_command(kind).environment)

    return command


# -- the server's side


def _serve(listener: socket.socket) -> int:
    """Fork a child for each connection until standard input ends. Return in the child, too."""
    children: dict[int, socket.socket] = {}
    selector = selectors.DefaultSelector()

    def report_ended(*_: object) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = ended
                with children.pop(pid) as launcher, suppress(OSError):
                    selector.unregister(launcher)
                    launcher.send(str(os.waitstatus_to_exitcode(status) & 0xFF).encode())

    signal.signal(signal.SIGCHLD, report_ended)
    selector.register(listener, selectors.EVENT_READ)
    selector.register(0, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj == 0:
                return 0
            if key.fileobj is not listener:  # the launcher was killed
                with suppress(ProcessLookupError):
                    os.kill(key.data, signal.SIGKILL)
                continue
            launcher, _ = listener.accept()
            message, streams, _, _ = socket.recv_fds(launcher, _LONGEST_ORDER, _STREAMS)
            if not streams:
                launcher.close()
                continue
            kind, *words = os.fsdecode(message).split("\0")
            _load(kind)
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
            pid = os.fork()
            if pid == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
                return skip_teardown(_become(kind, words, streams))
            for stream in streams:
                os.close(stream)
            children[pid] = launcher
            selector.register(launcher, selectors.EVENT_READ, pid)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])


def skip_teardown(code: int) -> int:
    """End this process without freeing every module, which takes most of a short process's time.

    The garbage collection still warns of leaks, such as an open socket.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    gc.collect()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _become(kind: str, words: list[str], streams: list[int]) -> int:
    """Run a child process with its streams and its words: arguments, "", and variables."""
    for number in range(3):
        os.dup2(streams[number], number)
    blank = words.index("")
    os.environ.clear()
    for variable in words[blank + 1 :]:
        name, _, value = variable.partition("=")
        os.environ[name] = value
    os.chdir(child_processes.WORKING_DIRECTORY)
    return main(["_child", kind, *map(str, streams[3:]), *words[:blank]])


@functools.cache
def _load(kind: str) -> None:
    # Modules that are otherwise imported on first use, such as ctypes by sandbox.linux.
    importlib.import_module("desktop_app.sandbox.linux")
    if kind == "server":
        for name in (
            "desktop_app.tools.host.hosted_server",
            "desktop_app.tools.host.host_process",
            "anyio._backends._asyncio",
            "anyio.streams.tls",
        ):
            importlib.import_module(name)
    else:
        path = importlib.import_module("desktop_app.documents").__path__
        for module in pkgutil.walk_packages(path, "desktop_app.documents."):
            importlib.import_module(module.name)
        for name in ("PIL.Image", "chardet", "pypdfium2", "xlrd"):
            importlib.import_module(name)
        from desktop_app.documents.index.token_count import count_tokens

        count_tokens("")
    gc.freeze()  # the collector would write to pages that the children share


if __name__ == "__main__":
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as made:
        made.bind(sys.argv[1])
        made.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.exit(_serve(made))
