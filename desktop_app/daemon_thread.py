"""Calls that may never return, such as of a locked keyring or a folder of a lost server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


async def run_in_daemon_thread(job: Callable[[], T], timeout_s: float, name: str) -> T:
    """Run `job` in a thread that may be abandoned.

    A thread that waits in the system cannot be stopped. It must block neither the program's end (so
    no executor) nor the next call.

    Raises:
        TimeoutError: the job has not ended; it goes on.
    """
    future: Future[T] = Future()

    def run() -> None:
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(job())
            except BaseException as exc:  # noqa: BLE001 - raised to the caller, as by an executor
                future.set_exception(exc)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await asyncio.wait_for(asyncio.wrap_future(future), timeout_s)
