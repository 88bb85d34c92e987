"""Closing of async generators that are dropped before their end, as in asyncio's own loops.

qasync does not close them. Python would then close them at once, outside of any task, where
httpcore cannot wait for its connection to close: "async generator ignored GeneratorExit".
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator


def close_in_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Close dropped generators in tasks of `loop`; once it has ended they are only freed."""

    def close(generator: AsyncGenerator[Any, Any]) -> None:
        if loop.is_running():
            loop.call_soon_threadsafe(loop.create_task, generator.aclose())

    sys.set_asyncgen_hooks(finalizer=close)
