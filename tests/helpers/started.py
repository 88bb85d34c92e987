"""The program started without its window, in the folders that REPARTEE_HOME names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from desktop_app.backend.backend import Backend, build_backend


@asynccontextmanager
async def started(environment: Mapping[str, str] | None = None) -> AsyncIterator[Backend]:
    """Open the store, and close it at the end.

    Args:
        environment: what the program sees of it; none of this process's.
    """
    backend = build_backend(environment=environment or {})
    await backend.open()
    try:
        yield backend
    finally:
        await backend.aclose()
