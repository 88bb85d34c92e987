"""The program's backend without a window, in the folders set by REPARTEE_HOME."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from desktop_app.backend.backend import Backend


@asynccontextmanager
async def started_backend(environment: Mapping[str, str] | None = None) -> AsyncIterator[Backend]:
    """Yield an open backend and close it at the end.

    Args:
        environment: the variables that the program sees, by default none.
    """
    backend = Backend(environment=environment or {})
    await backend.open()
    try:
        yield backend
    finally:
        await backend.aclose()
