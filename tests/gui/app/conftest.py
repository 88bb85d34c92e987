"""Fixtures that run the whole program on Qt's loop, without a keyring."""

from __future__ import annotations

import asyncio
import logging
import signal
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.chat import titles
from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.providers import local_servers
from desktop_app.providers.local_servers import FoundServer
from desktop_app.tools import services
from desktop_app.tools.skills.skill_source import SkillSource
from tests.helpers.bus_service import message_bus_daemon
from tests.helpers.child_server import STARTERS, forked_command
from tests.helpers.opened_urls import opened_urls
from tests.helpers.qt_loop import qt_loop

if TYPE_CHECKING:
    from PySide6.QtCore import QUrl
    from PySide6.QtWidgets import QApplication

Run = Callable[[Coroutine[Any, Any, None]], None]


class _Defects(logging.Handler):
    """A handler that keeps the errors that the program logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the address of a message bus of the test's own, which it uses as its session's."""
    with message_bus_daemon() as found:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", found)
        yield found


@pytest.fixture(autouse=True)
def forked_children(child_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in STARTERS:
        monkeypatch.setattr(module, "child_command", forked_command(child_server))


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable the machine's keyring, so that keys last for the session only."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture(autouse=True)
def no_written_titles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask no model for a title after each first answer."""
    monkeypatch.setattr(titles, "MAX_COST", Decimal(0))


@pytest.fixture(autouse=True)
def no_local_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find none of the servers that run on the machine of the tests."""

    async def find(_catalog: ModelCatalog) -> list[FoundServer]:
        return []

    monkeypatch.setattr(local_servers, "find_local_servers", find)


@pytest.fixture(autouse=True)
def runtime_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set a short runtime folder, because the length of a socket's path is limited."""
    with tempfile.TemporaryDirectory(prefix="r-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield


@pytest.fixture(autouse=True)
def no_defects() -> Iterator[list[logging.LogRecord]]:
    """Fail on every exception that the program logs."""
    handler = _Defects()
    logger = logging.getLogger("desktop_app")
    logger.addHandler(handler)
    yield handler.records
    logger.removeHandler(handler)
    for record in handler.records:
        if record.exc_info and record.exc_info[1]:
            raise record.exc_info[1]


@pytest.fixture
def run(qapp: QApplication) -> Iterator[Run]:
    """Yield a function that runs a coroutine on the window's loop."""
    qapp.setQuitOnLastWindowClosed(False)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    with qt_loop(qapp) as loop:
        asyncio.set_event_loop(loop)
        yield loop.run_until_complete
        for number in before:
            loop.remove_signal_handler(number)
    for number, handler in before.items():
        signal.signal(number, handler)
    asyncio.set_event_loop(None)


@pytest.fixture
def data() -> Path:
    """Return the folder of documents to attach."""
    return Path(__file__).parents[2] / "data"


@pytest.fixture(autouse=True)
def own_skills(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read skills only beside the library, and not those of who runs the tests."""
    monkeypatch.setattr(services, "SkillSource", lambda places: SkillSource(places[-1:]))


@pytest.fixture
def opened_files() -> Iterator[list[QUrl]]:
    """Yield the URLs of files that the window opens in other programs."""
    with opened_urls("file") as urls:
        yield urls
