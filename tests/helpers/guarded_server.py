"""A tool server that requires a sign-in, in its own process, and a browser that signs in."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx

from tests.helpers.waiting import LONGEST_S

SERVER: Final = str(Path(__file__).with_name("oauth_server.py"))


class GuardedServer:
    """The server, and the user's browser."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{port}/mcp"
        self.opened: list[str] = []
        self._visits: list[asyncio.Task[str]] = []

    async def send_command(self, command: str) -> int:
        """Send a command of oauth_server.py; return the number of registered clients."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n".encode())
        return int(await self._process.stdout.readline())

    def browse(self, address: str) -> None:
        """Open an address as a browser does."""
        self.opened.append(address)
        self._visits.append(asyncio.create_task(self._visit(address)))

    async def pages(self) -> list[str]:
        """Wait until the opened pages are loaded, and return their texts."""
        return await asyncio.gather(*self._visits)

    async def close_browser(self) -> None:
        """Stop loading pages."""
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)

    async def _visit(self, address: str) -> str:
        async with httpx.AsyncClient(
            follow_redirects=True, trust_env=False, timeout=LONGEST_S
        ) as browser:
            return (await browser.get(address)).text


@asynccontextmanager
async def guarded_server(*kind: str) -> AsyncIterator[GuardedServer]:
    """Yield a running server; with "closed", one that registers nobody."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", SERVER, *kind, stdin=pipe, stdout=pipe
    )
    assert process.stdin is not None
    assert process.stdout is not None
    server = GuardedServer(process, int(await process.stdout.readline()))
    try:
        yield server
    finally:
        await server.close_browser()
        process.stdin.close()
        process.kill()
        await process.wait()
