"""What every test of a widget has: the program's icons and style on the one QApplication."""

from __future__ import annotations

import gc
from functools import partial
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QCoreApplication, QEvent

from desktop_app.app.startup.gc_policy import collect_if_due
from desktop_app.paths import resource_path
from desktop_app.ui.look import icons, theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

LONGEST_MS = 30_000


@pytest.fixture(autouse=True, scope="session")
def garbage_on_one_thread() -> Iterator[None]:
    """As in the program: a thread that allocates must not free what is Qt's."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    """pytest-qt asks for the arguments of the application."""
    return ["repartee", *theme.APPLICATION_ARGUMENTS]


@pytest.fixture
def qtbot(qtbot: QtBot) -> QtBot:
    """What is waited for may take its time where the processor is shared; pytest-qt gives it 5 s."""
    for name in ("waitUntil", "waitSignal", "waitSignals"):
        setattr(qtbot, name, partial(getattr(qtbot, name), timeout=LONGEST_MS))
    return qtbot


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> Iterator[theme.Theme]:
    """The light theme, applied to the application; no widget outlives its test.

    What qtbot closes is deleted "later", which without a running event loop is never; and every
    widget that is left over is dressed again for each test to come.
    """
    icons.use_folder(resource_path("icons/lucide"))
    current = theme.light()
    if qapp.styleSheet() != theme.style_sheet(current):
        theme.apply(qapp, current)
    yield current
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    if collect_if_due() and gc.get_count()[2] > gc.get_threshold()[2]:
        gc.collect()  # no test is ever at rest
