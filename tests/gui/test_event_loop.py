"""The window's event loop keeps asyncio's order of callbacks."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from tests.helpers.qt_loop import qt_loop

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


def test_a_future_may_be_what_a_ready_socket_calls(qapp: QApplication) -> None:
    """As anyio waits for a Unix socket: its watch ends in the callback of the future."""

    async def bytes_that_come(sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        ready.add_done_callback(lambda _: loop.remove_reader(sock))
        loop.add_reader(sock, ready.set_result, None)
        await ready

    async def exchange() -> None:
        left, right = socket.socketpair()
        with left, right:
            for _ in range(200):
                left.send(b"x")
                await bytes_that_come(right)
                assert right.recv(1) == b"x"

    with qt_loop(qapp) as loop:
        loop.run_until_complete(exchange())
