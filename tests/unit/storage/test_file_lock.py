"""A lock for one process at a time, in simulated time."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from desktop_app.storage.tools import file_lock as module
from desktop_app.storage.tools.file_lock import MAX_WAIT_S, file_lock
from tests.helpers.waiting import until


def is_free(path: Path) -> bool:
    """Return True if another process could take the lock."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


class Clock:
    """A stand-in for the module's asyncio: time passes only while a task sleeps."""

    CancelledError = asyncio.CancelledError
    ensure_future = staticmethod(asyncio.ensure_future)
    shield = staticmethod(asyncio.shield)

    def __init__(self) -> None:
        self.milliseconds = 7_000
        self.pauses = 0
        self.to_thread = asyncio.to_thread

    def get_running_loop(self) -> Clock:
        return self

    def time(self) -> float:
        return self.milliseconds / 1000

    async def sleep(self, seconds: float) -> None:
        self.pauses += 1
        self.milliseconds += round(seconds * 1000)
        await asyncio.sleep(0)


async def test_a_lock_is_released_at_the_end_of_its_context(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with suppress(ZeroDivisionError):
        async with file_lock(path):
            assert not is_free(path)
            assert path.stat().st_mode & 0o777 == 0o600
            raise ZeroDivisionError
    assert is_free(path)


async def test_a_second_task_waits_for_the_lock(tmp_path: Path) -> None:
    order = []
    path, is_held = tmp_path / "lock", asyncio.Event()

    async def first() -> None:
        async with file_lock(path):
            is_held.set()
            await asyncio.sleep(0)
            order.append("first")

    async def second() -> None:
        await is_held.wait()
        async with file_lock(path):
            order.append("second")

    await asyncio.gather(second(), first())
    assert order == ["first", "second"]


async def test_a_caller_canceled_while_the_file_is_opened_leaves_it_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, open_now = tmp_path / "lock", os.open
    is_asked, may_open = threading.Event(), threading.Event()
    descriptors: list[int] = []

    def open_late(*args: Any, **options: Any) -> int:
        if options:  # the removal of the test's folder
            return open_now(*args, **options)
        is_asked.set()
        may_open.wait(60)
        descriptors.append(open_now(*args))
        return descriptors[0]

    async def asked() -> bool:
        return is_asked.is_set()

    async def is_closed() -> bool:
        return bool(descriptors) and not Path(f"/proc/self/fd/{descriptors[0]}").exists()

    monkeypatch.setattr(os, "open", open_late)
    waiting = asyncio.ensure_future(file_lock(path).__aenter__())
    await until(asked)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    may_open.set()
    await until(is_closed)


async def test_a_process_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(module, "asyncio", clock)
    async with file_lock(tmp_path / "lock"), file_lock(tmp_path / "lock"):
        assert (clock.pauses, clock.time()) == (600, 7 + MAX_WAIT_S)


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EINVAL])
async def test_without_file_locks_nothing_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, "no locks")

    clock = Clock()
    monkeypatch.setattr(module, "asyncio", clock)
    monkeypatch.setattr(fcntl, "flock", refuse)
    async with file_lock(tmp_path / "lock"):
        assert clock.pauses == 0


async def test_without_fcntl_nothing_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(module, "asyncio", clock)
    monkeypatch.setitem(sys.modules, "fcntl", None)
    async with file_lock(tmp_path / "lock"), file_lock(tmp_path / "lock"):
        assert clock.pauses == 0


async def test_without_a_folder_there_is_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "none" / "lock"
    async with file_lock(path), file_lock(path):
        assert not path.parent.exists()
