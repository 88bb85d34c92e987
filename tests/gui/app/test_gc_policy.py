"""Cycles with Qt objects in them are freed on the window's thread, whoever allocates."""

from __future__ import annotations

import gc
import platform
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import ref

import pytest
from PySide6.QtCore import QObject, QTimer

from desktop_app.app.startup import memory_release
from desktop_app.app.startup.gc_policy import (
    collect_and_trim,
    collect_if_due,
    collect_on_this_thread,
)

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
def test_arrived_events_are_handled_before_a_collection(qtbot: QtBot) -> None:
    gc.collect()
    kept: list[list[int]] = []
    was_there: list[bool] = []

    def make() -> None:
        seen = ref(Ring())
        kept.extend([number] for number in range(2 * gc.get_threshold()[0]))
        QTimer.singleShot(0, lambda: was_there.append(seen() is not None))

    QTimer.singleShot(0, make)
    qtbot.waitUntil(lambda: bool(was_there))
    assert was_there == [True]


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


def test_survivors_of_a_collection_count_as_old() -> None:
    gc.collect()
    kept = [[number] for number in range(20 * gc.get_threshold()[0])]
    assert collect_if_due()
    assert any(one is kept[0] for one in gc.get_objects(generation=2))


def test_nothing_is_collected_before_it_is_due() -> None:
    gc.collect()
    seen = ref(Ring())
    collect_if_due()
    assert seen() is not None
    gc.collect()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has its own way")
def test_free_memory_is_returned_to_the_system_when_idle() -> None:
    pieces = [bytes(3_000) for _ in range(20_000)]
    last = pieces.pop()  # holds the end of the heap
    del pieces
    before = resident()
    collect_and_trim()
    assert before - resident() > 40
    assert last


def resident() -> float:
    """Return this process's resident memory in megabytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@pytest.mark.skipif(platform.system() != "Linux", reason="there is no smaps")
def test_file_pages_are_released_though_a_mapped_file_has_a_name_that_is_not_utf8(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smaps = tmp_path / "smaps"
    smaps.write_bytes(
        b"7f0000000000-7f0000001000 r--p 00000000 08:01 42 /home/jos\xe9/libm.so\n"
        b"Anonymous:             4 kB\n"  # a changed page, which is kept
    )
    monkeypatch.setattr(memory_release, "_SMAPS_FILE", smaps)
    memory_release.release_file_pages()
