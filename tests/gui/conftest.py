"""Fixtures of the widget tests: icons, style and waiting times."""

from __future__ import annotations

import gc
from functools import partial
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QCoreApplication, QEvent

import desktop_app.app.features  # noqa: F401 — registers the commands
from desktop_app.app.startup.gc_policy import collect_if_due
from desktop_app.paths import resource_path
from desktop_app.widgets.look import icons, theme
from desktop_app.widgets.look.motion import reduce_motion
from desktop_app.widgets.look.theme_watcher import LookSettings, ThemeWatcher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

MAX_WAIT_MS = 120_000


@pytest.fixture(autouse=True, scope="session")
def garbage_on_one_thread() -> Iterator[None]:
    """Disable automatic garbage collection, as the program does.

    Otherwise any thread that allocates could free Qt objects.
    """
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    """Return the application's arguments for pytest-qt."""
    return ["repartee", *theme.APPLICATION_ARGUMENTS]


@pytest.fixture
def qtbot(qtbot: QtBot) -> QtBot:
    """Raise the timeouts of pytest-qt, whose 5 s are too short on a busy machine."""
    for name in ("waitUntil", "waitSignal", "waitSignals"):
        setattr(qtbot, name, partial(getattr(qtbot, name), timeout=MAX_WAIT_MS))
    return qtbot


@pytest.fixture(scope="session")
def light(qapp: QApplication) -> tuple[theme.Theme, str]:
    """Return the light theme and its style sheet."""
    icons.use_folder(resource_path("icons/lucide"))
    made = theme.light()
    return made, theme.style_sheet(made)


@pytest.fixture(autouse=True)
def light_theme(qapp: QApplication, light: tuple[theme.Theme, str]) -> Iterator[theme.Theme]:
    """Apply the light theme, and delete the test's widgets afterwards.

    qtbot closes widgets with `deleteLater`, which does nothing without a running event loop. Each
    theme change would style the leftover widgets again.
    """
    icons.use_folder(resource_path("icons/lucide"))
    reduce_motion(True)  # else what is looked at would be half transparent
    current, sheet = light
    if theme.current_theme() != current or qapp.styleSheet() != sheet:
        theme.apply_theme(qapp, current)
    yield current
    for watcher in qapp.findChildren(ThemeWatcher):
        watcher.deleteLater()  # otherwise its pending work would change the next test's theme
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    if collect_if_due() and gc.get_count()[2] > gc.get_threshold()[2]:
        gc.collect()  # tests never reach the idle state that triggers a full collection


@pytest.fixture
def watcher(qapp: QApplication) -> Iterator[ThemeWatcher]:
    """Yield the watcher of the light theme. Follow the system afterwards."""
    made = ThemeWatcher(qapp, LookSettings("light"))
    yield made
    made.set_look(LookSettings("system"))
