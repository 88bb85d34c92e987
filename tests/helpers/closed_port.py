"""A port that refuses connections, for as long as a test needs it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def closed_port() -> Iterator[int]:
    """Yield a port of 127.0.0.1 that refuses connections.

    The port stays bound inside the block. Otherwise the system could assign it to the next program
    that asks for a free port, such as the proxy of the same test.
    """
    with socket.socket() as taken:
        # A server of the test may take the port over inside the block; no other program gets it.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])
