"""A process that has imported the command line already, and forks for each command.

Most of a command's time goes into imports. A fork has its own folders, environment, streams,
session and exit code, like a new process, and needs a tenth of the time. Tests of how the process
starts (search path, environment, memory protection) start a new one.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

from desktop_app.__main__ import start
from desktop_app.backend.catalog_files import PRICES
from desktop_app.domain.lazy_pattern import _LazyPattern
from desktop_app.domain.models import catalog_file
from desktop_app.domain.models.price_list import PriceList
from desktop_app.paths import resource_path
from tests.helpers.child_server import STARTERS, forked_command, skip_teardown

ROOT: Final = Path(__file__).parents[2]
WARNINGS: Final = "error,ignore:Binding:DeprecationWarning"
"""For `PYTHONWARNINGS`; pyproject.toml says why."""

_LONGEST_ORDER: Final = 1 << 17
_PIECE: Final = 1 << 16
_PID_DIGITS: Final = 10
_DESCRIPTORS: Final = 4  # the standard streams and a pipe for the status
# Variables that Python and its libraries read once, when they start.
_READ_AT_START: Final = ("PYTHON", "LANG", "LC_", "TZ", "LD_", "OPENSSL_")
_PACKAGES: Final = (
    *("backend", "backup", "batch", "chat", "cli", "collections", "domain", "exchange", "library"),
    *("prompts", "providers", "settings", "spending", "storage", "tools.calls", "tools.command"),
    "tools.servers",
)
_LIBRARIES: Final = (
    *("anyio", "encodings.idna", "httpcore", "httpx", "jsonschema_rs", "secretstorage", "sqlite3"),
    *("tomllib", "truststore"),
    # What these import when they are first used.
    *("anyio._backends._asyncio", "anyio.abc", "anyio.lowlevel", "anyio.streams.tls"),
    *("babel.dates", "babel.numbers", "encodings.utf_16_le", "keyring.backends.SecretService"),
    "desktop_app.documents.index.collection_reader",
    "desktop_app.documents.media_type",
    "desktop_app.sandbox.linux",
)


class ForkedCommand:
    """A command that the server forked.

    Attributes:
        pid: the id of the process.
    """

    def __init__(self, pid: int, status: int) -> None:
        self.pid = pid
        self._status = status

    async def wait(self) -> int:
        """Return the exit code, negative for a signal. Kill the command if canceled."""
        try:
            return int(await _read_all(self._status))
        except asyncio.CancelledError:
            self.kill()
            raise

    def kill(self) -> None:
        """Kill the command, as a crash would."""
        os.kill(self.pid, signal.SIGKILL)


class ForkServer:
    """The client's side: starts the server and asks it for commands."""

    def __init__(self, children: str) -> None:
        """`children` is the address of the server that forks the commands' child processes."""
        self._socket, server_socket = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with server_socket:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.helpers.fork_server",
                    children,
                    str(server_socket.fileno()),
                ],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONWARNINGS": WARNINGS},
                pass_fds=(server_socket.fileno(),),
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        assert self._process.wait() == 0

    @staticmethod
    def can_run(environment: Mapping[str, str]) -> bool:
        """Return True if the environment changes nothing that is read only at the start."""
        allowed = {"PYTHONPATH", "PYTHONWARNINGS", "LANG"}
        return not [k for k in environment if k.startswith(_READ_AT_START) and k not in allowed]

    async def run(
        self,
        arguments: Sequence[str],
        stdin: bytes | None,
        *,
        folder: Path,
        environment: Mapping[str, str],
    ) -> tuple[int, bytes, bytes]:
        """Run a command to its end; return its code, standard output and standard error."""
        with ExitStack() as descriptors:
            (source, write_stdin), (out, its_out), (err, its_err) = os.pipe(), os.pipe(), os.pipe()
            for descriptor in (source, its_out, its_err):
                descriptors.callback(os.close, descriptor)
            command = await self.start(
                arguments, (source, its_out, its_err), folder=folder, environment=environment
            )
        _, output, errors, code = await asyncio.gather(
            asyncio.to_thread(_write_all, write_stdin, stdin or b""),
            _read_all(out),
            _read_all(err),
            command.wait(),
        )
        return code, output, errors

    async def start(
        self,
        arguments: Sequence[str | bytes],
        streams: tuple[int, int, int],
        *,
        folder: Path,
        environment: Mapping[str, str],
    ) -> ForkedCommand:
        """Run `repartee` with these arguments, standard streams and variables."""
        order = {
            "arguments": [os.fsdecode(argument) for argument in arguments],
            "environment": dict(environment),
            "folder": str(folder),
        }
        status, its_status = os.pipe()
        try:
            message = json.dumps(order).encode()
            assert len(message) < _LONGEST_ORDER
            socket.send_fds(self._socket, [message], [*streams, its_status])
        finally:
            os.close(its_status)
        await _is_readable(status)
        return ForkedCommand(int(os.read(status, _PID_DIGITS)), status)


def _write_all(descriptor: int, data: bytes) -> None:
    with suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as pipe:
        pipe.write(data)


async def _read_all(descriptor: int) -> bytes:
    """Read a pipe to its end, and close it; return the data."""
    pieces: list[bytes] = []
    with os.fdopen(descriptor, "rb", buffering=0) as pipe:
        while True:
            await _is_readable(descriptor)
            if not (piece := pipe.read(_PIECE)):
                return b"".join(pieces)
            pieces.append(piece)


async def _is_readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(descriptor, ready.set_result, None)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)


# -- the server's side


def _serve(orders: socket.socket) -> int:
    """Fork a command for each order, until the client is gone.

    Returns:
        In the server its exit code, and in each fork that of the command.
    """
    statuses: dict[int, int] = {}

    def report_ended(*_: object) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = ended
                # A test that failed no longer waits; its pipe breaks when the report is flushed.
                with suppress(BrokenPipeError), os.fdopen(statuses.pop(pid), "w") as report:
                    report.write(str(os.waitstatus_to_exitcode(status)))

    signal.signal(signal.SIGCHLD, report_ended)
    while True:
        message, descriptors, _, _ = socket.recv_fds(orders, _LONGEST_ORDER, _DESCRIPTORS)
        if not message:
            return 0
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        pid = os.fork()
        if pid == 0:
            orders.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
            for descriptor in (*statuses.values(), descriptors.pop()):
                os.close(descriptor)
            _become(json.loads(message), descriptors)
            return skip_teardown(start())
        *streams, status = descriptors
        with suppress(BrokenPipeError):
            os.write(status, b"%*d" % (_PID_DIGITS, pid))
        for descriptor in streams:
            os.close(descriptor)
        statuses[pid] = status
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])


def _become(order: dict[str, Any], streams: list[int]) -> None:
    """Take the session, the folder, the variables, the arguments and the streams of an order."""
    os.setsid()
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv[1:] = order["arguments"]
    for target, source in enumerate(streams):
        os.dup2(source, target)
        os.close(source)
    # Text layers find out whether their stream is a terminal when they are made.
    sys.stdin = os.fdopen(0, errors="surrogateescape", closefd=False)
    sys.stdout = os.fdopen(1, "w", errors="surrogateescape", closefd=False)
    sys.stderr = os.fdopen(2, "w", errors="backslashreplace", buffering=1, closefd=False)


def _import_command_line() -> None:
    for package in _PACKAGES:
        if not (ROOT / "desktop_app" / package.partition(".")[0]).is_dir():
            continue  # its feature was deleted
        path = importlib.import_module(f"desktop_app.{package}").__path__
        for module in pkgutil.walk_packages(path, f"desktop_app.{package}."):
            if ".ui" not in module.name:
                importlib.import_module(module.name)
    for name in _LIBRARIES:
        importlib.import_module(name)


def _prepare_first_use() -> None:
    """Compile the patterns and read the catalog, which takes a quarter of a command's time."""
    for found in gc.get_objects():
        if isinstance(found, _LazyPattern):
            found.match  # noqa: B018 — compiles it
    catalog_file.read_catalog_file = cache(catalog_file.read_catalog_file)
    models = resource_path("models.toml")
    catalog_file.read_catalog_file(models.read_text("utf-8"), str(models))
    PriceList(resource_path(PRICES).read_bytes).provider_at("")


if __name__ == "__main__":
    _import_command_line()
    _prepare_first_use()
    gc.freeze()  # the collector would write to pages that the commands share
    client, children = int(sys.argv.pop()), sys.argv.pop()
    for module in STARTERS:
        vars(module)["child_command"] = forked_command(children)
    sys.exit(_serve(socket.socket(fileno=client)))
