"""The whole program on Qt's loop, with a home of its own and no keyring."""

from __future__ import annotations

import asyncio
import logging
import signal
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.helpers.qt_loop import qt_loop

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

Run = Callable[[Coroutine[Any, Any, None]], None]


class _Defects(logging.Handler):
    """Keeps what the program logs as its own defects and failures."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are held for the session only; the machine's keyring is never asked."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture(autouse=True)
def runtime_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where the window listens; the path of a socket must be short."""
    with tempfile.TemporaryDirectory(prefix="r-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield


@pytest.fixture(autouse=True)
def no_defects() -> Iterator[list[logging.LogRecord]]:
    """Fail on every defect that the program noticed in itself."""
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
    """Run a test on the window's loop."""
    qapp.setQuitOnLastWindowClosed(False)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
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
    """Documents to attach."""
    return Path(__file__).parents[2] / "data"
