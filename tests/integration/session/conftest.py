"""Message buses for tests of the desktop session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from tests.helpers.bus_service import message_bus_daemon
from tests.helpers.waiting import LONGEST_S

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the address of a message bus of the test's own, which it uses as its session's."""
    with message_bus_daemon() as found:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", found)
        yield found


@pytest.fixture
def run() -> Run:
    """Return a function that runs a coroutine to its end."""

    def run_it(work: Coroutine[Any, Any, None]) -> None:
        asyncio.run(asyncio.wait_for(work, LONGEST_S))

    return run_it
