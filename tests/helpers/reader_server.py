"""A process that has loaded the tokenizer and the readers, and forks for each document worker.

A document worker needs 0.5 s of CPU time to start, most of it for the tokenizer. Tests in which the
worker is not the subject use a fork, which confines itself as a new process does.
The tests of the worker itself, and tests/integration/sandbox, start the real process.
"""

from __future__ import annotations

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from desktop_app.child_processes import ChildCommand, Kind

ROOT: Final = Path(__file__).parents[2]
_LAUNCHER: Final = Path(__file__).with_name("reader_launcher.py")
_STREAMS: Final = 4  # the standard streams and the socket for open files


@contextmanager
def serving_readers() -> Iterator[str]:
    """Run the server and yield its address."""
    with tempfile.TemporaryDirectory(prefix="r-") as folder:
        address = f"{folder}/readers"
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.helpers.reader_server", address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        assert server.stdin is not None
        assert server.stdout is not None
        with server, server.stdin:
            assert server.stdout.readline() == b"ready\n"
            yield address


def reader_command(address: str) -> Callable[[Kind], ChildCommand]:
    """Return what takes the place of `child_command` in document_worker.py."""

    def command(kind: Kind) -> ChildCommand:
        assert kind == "documents"
        return ChildCommand((sys.executable, "-I", "-S", str(_LAUNCHER), address), {})

    return command


# -- the server's side


def _serve(listener: socket.socket) -> int:
    """Fork a worker for each connection until standard input ends. Return in the worker, too."""
    from desktop_app.documents.worker import worker_process

    workers: dict[int, socket.socket] = {}
    selector = selectors.DefaultSelector()

    def report_ended(*_: object) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = ended
                with workers.pop(pid) as launcher, suppress(OSError):
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
            memory, streams, _, _ = socket.recv_fds(launcher, 64, _STREAMS)
            if len(streams) < _STREAMS:
                launcher.close()
                continue
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
            pid = os.fork()
            if pid == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
                for number in range(3):
                    os.dup2(streams[number], number)
                return worker_process.main([str(streams[3]), memory.decode()])
            for stream in streams:
                os.close(stream)
            workers[pid] = launcher
            selector.register(launcher, selectors.EVENT_READ, pid)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])


def _load_readers() -> None:
    path = importlib.import_module("desktop_app.documents").__path__
    for module in pkgutil.walk_packages(path, "desktop_app.documents."):
        importlib.import_module(module.name)
    for name in ("PIL.Image", "charset_normalizer", "pypdfium2", "python_calamine"):
        importlib.import_module(name)
    from desktop_app.documents.index.token_count import count_tokens

    count_tokens("")


if __name__ == "__main__":
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as made:
        made.bind(sys.argv[1])
        made.listen()
        _load_readers()
        gc.freeze()  # the collector would write to pages that the workers share
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.exit(_serve(made))
