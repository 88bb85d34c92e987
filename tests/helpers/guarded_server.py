"""A tool server that requires a sign-in, in its own process, and a browser that signs in."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx

SERVER: Final = str(Path(__file__).with_name("oauth_server.py"))


class GuardedServer:
    """The server, and the user's browser."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{port}/mcp"
        self.opened: list[str] = []
        self.pages: list[str] = []
        self._visits: set[asyncio.Task[None]] = set()

    async def send_command(self, command: str) -> int:
        """Send a command of oauth_server.py; return the number of registered clients."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n".encode())
        return int(await self._process.stdout.readline())

    def browse(self, address: str) -> None:
        """Open an address as a browser does."""
        self.opened.append(address)
        task = asyncio.ensure_future(self._visit(address))
        self._visits.add(task)

    async def _visit(self, address: str) -> None:
        async with httpx.AsyncClient(follow_redirects=True, trust_env=False) as browser:
            self.pages.append((await browser.get(address)).text)


@asynccontextmanager
async def guarded_server() -> AsyncIterator[GuardedServer]:
    """Yield a running server."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", SERVER, stdin=pipe, stdout=pipe
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield GuardedServer(process, int(await process.stdout.readline()))
    finally:
        process.stdin.close()
        process.kill()
        await process.wait()
