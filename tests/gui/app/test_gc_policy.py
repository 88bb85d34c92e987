"""Cycles with Qt objects in them are freed on the window's thread, whoever allocates."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING
from weakref import ref

import pytest
from PySide6.QtCore import QObject, QTimer

from desktop_app.app.startup.gc_policy import collect_if_due, collect_on_this_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


class Ring(QObject):
    """An object that refers to itself; its timer must be stopped on its own thread."""

    def __init__(self) -> None:
        super().__init__()
        self.timer = QTimer(self, interval=10_000)
        self.timer.start()
        self.me = self


@pytest.fixture
def collecting() -> Iterator[None]:
    """Collect garbage on the tests' thread, old objects after 20 ms of idle time."""
    end = collect_on_this_thread(idle_ms=20)
    yield
    end()


def allocate() -> None:
    kept = [[number] for number in range(20_000)]
    del kept


def test_allocations_of_another_thread_free_no_qt_objects() -> None:
    seen = ref(Ring())
    thread = threading.Thread(target=allocate)
    thread.start()
    thread.join()
    assert seen() is not None
    gc.collect()
    assert seen() is None


@pytest.mark.usefixtures("collecting")
def test_the_event_loop_collects_by_pythons_thresholds(qtbot: QtBot) -> None:
    gc.collect()
    seen = ref(Ring())
    _kept = [[number] for number in range(2 * gc.get_threshold()[0])]
    qtbot.waitUntil(lambda: seen() is None)


@pytest.mark.usefixtures("collecting")
def test_old_objects_are_collected_when_idle(qtbot: QtBot) -> None:
    ring = Ring()
    gc.collect()
    seen = ref(ring)
    del ring
    kept = [[number] for number in range(2 * gc.get_threshold()[0])]
    assert collect_if_due()
    assert seen() is not None
    kept += [[number] for number in range(2 * gc.get_threshold()[0])]
    qtbot.waitUntil(lambda: seen() is None)
