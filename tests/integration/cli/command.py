"""The command as a user's shell runs it: a process with its own folders and streams."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.helpers.blocking import blocking
from tests.helpers.family import FAMILY, FAMILY_ENVIRONMENT
from tests.helpers.fork_server import WARNINGS, ForkedCommand, ForkServer
from tests.unit.providers.loopback import LoopbackServer, Script

ROOT = Path(__file__).parents[3]
LONGEST_S = 90
KEY = "sk-loopback-0123456789abcdef"

# The terminal becomes that of the session, so that Ctrl+C is a signal.
_ON_TERMINAL = (
    "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "from desktop_app.main import main; sys.exit(main(sys.argv[1:]))"
)


@dataclass(frozen=True)
class Ended:
    """The exit code and the output of a command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The object on standard output, which must be a single line."""
        assert self.out.count("\n") == 1
        return json.loads(self.out)

    @property
    def json_lines(self) -> Any:
        """The value on standard output, which may span lines."""
        return json.loads(self.out)


class Shell:
    """A runner of `repartee` isolated from the developer's environment.

    `start` and `run_new` start a process. So does `run` without a fork server; with one, it forks
    a process that has imported the command line already.

    Attributes:
        home: REPARTEE_HOME.
        server: forks the commands; None to start processes.
        outside: HOME, the XDG folders, TMPDIR and the working folder.
    """

    def __init__(self, folder: Path, server: ForkServer | None = None) -> None:
        self.server = server
        self.home = folder / "repartee"
        self.outside = folder / "outside"
        for name in ("home", "tmp", "run", "here"):
            (self.outside / name).mkdir(parents=True, mode=0o700)
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": WARNINGS,
            "LANG": "C.UTF-8",
            "REPARTEE_HOME": str(self.home),
            "HOME": str(self.outside / "home"),
            "TMPDIR": str(self.outside / "tmp"),
            "XDG_RUNTIME_DIR": str(self.outside / "run"),
            **{
                f"XDG_{name}_HOME": str(self.outside / name.lower())
                for name in ("DATA", "CONFIG", "CACHE", "STATE")
            },
        }

    async def start(
        self,
        *arguments: str,
        stdin: int = asyncio.subprocess.DEVNULL,
        env: Mapping[str, str] | None = None,
        stderr: int = asyncio.subprocess.PIPE,
    ) -> asyncio.subprocess.Process:
        """Start the command. Its output and errors are pipes, unless `stderr` says otherwise."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "desktop_app",
            *arguments,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            cwd=self.outside / "here",
            env={**self.environment, **(env or {})},
            start_new_session=True,  # no terminal, even where the tests run in one
        )

    async def fork(self, *arguments: str, env: Mapping[str, str]) -> ForkedCommand:
        """Fork the command; nothing is read from it, and what it writes is dropped."""
        assert self.server
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            return await self.server.start(
                arguments,
                (nothing, nothing, nothing),
                folder=self.outside / "here",
                environment={**self.environment, **env},
            )
        finally:
            os.close(nothing)

    async def run(
        self, *arguments: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> Ended:
        """Run the command to its end."""
        environment = {**self.environment, **(env or {})}
        if self.server is None or not ForkServer.can_run(environment):
            return await self.run_new(*arguments, stdin=stdin, env=env)
        async with asyncio.timeout(LONGEST_S):
            return checked(
                *await self.server.run(
                    arguments, stdin, folder=self.outside / "here", environment=environment
                )
            )

    async def run_new(
        self, *arguments: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> Ended:
        """Run the command to its end in a new process."""
        pipe = asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE
        return await ended(await self.start(*arguments, stdin=pipe, env=env), stdin)

    async def on_terminal(
        self, typed: bytes, *arguments: str, env: Mapping[str, str] | None = None
    ) -> Ended:
        """Run the command on its own terminal, and type at its first question.

        The output and errors are both in `out`.
        """
        master, slave = os.openpty()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _ON_TERMINAL, *arguments),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=self.outside / "here",
            env={**self.environment, **(env or {}), "TERM": "xterm"},
            start_new_session=True,
        )
        os.close(slave)
        said = b""
        os.set_blocking(master, False)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LONGEST_S
        while process.returncode is None and loop.time() < deadline:
            with suppress(BlockingIOError, OSError):
                said += os.read(master, 4096)
            if typed and b"N]" in said:
                os.write(master, typed)
                typed = b""
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(process.wait()), 0.05)
        with suppress(OSError):  # at the end of what the process wrote last
            while rest := os.read(master, 4096):
                said += rest
        os.close(master)
        assert process.returncode is not None, said
        return checked(process.returncode, said, b"")

    async def ask(self, base_url: str, *arguments: str, **extra: str) -> Ended:
        """Run `repartee ask` with OPENAI_API_KEY and OPENAI_BASE_URL."""
        return await self.run("ask", *arguments, env={**gateway(base_url), **extra})

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return rows from the store."""
        path = self.home / "data" / "repartee.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    def files_outside(self) -> list[Path]:
        """Return all files outside REPARTEE_HOME."""
        return [path for path in self.outside.rglob("*") if not path.is_dir()]


def gateway(base_url: str) -> dict[str, str]:
    """Return the environment that names a gateway to the family, and its key."""
    named = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": base_url}
    return {**named, **FAMILY_ENVIRONMENT}


async def ended(process: asyncio.subprocess.Process, stdin: bytes | None = None) -> Ended:
    """Wait for a started command and return its result."""
    try:
        out, err = await asyncio.wait_for(process.communicate(stdin), LONGEST_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return checked(process.returncode, out, err or b"")


def checked(code: int, out: bytes, err: bytes) -> Ended:
    """Return the result of a command that showed neither a traceback nor the key."""
    found = Ended(code, out.decode(), err.decode())
    assert "Traceback" not in found.err, found.err
    assert KEY not in found.out + found.err
    return found


@blocking
async def against(
    *scripts: Script,
    test: Callable[[LoopbackServer], Awaitable[None]],
    models: Sequence[str] = FAMILY,
) -> None:
    """Run a test with a server.

    Args:
        models: the models that the server lists; () if a script answers that request, too.
    """

    async with LoopbackServer(*scripts, models=models) as server:
        await test(server)


def answer_to(
    shell: Shell,
    *scripts: Script,
    arguments: tuple[str, ...] = ("Which?",),
    models: Sequence[str] = FAMILY,
    **extra: str,
) -> tuple[Ended, list[Any]]:
    """Return the result of the command and the bodies that the server received."""
    found: list[Any] = []

    async def test(server: LoopbackServer) -> None:
        found.append(await shell.ask(server.base_url, *arguments, **extra))
        found.append([request.json for request in server.requests])

    against(*scripts, test=test, models=models)
    return found[0], found[1]
