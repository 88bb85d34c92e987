"""Closing the backend ends its child processes and threads."""

from __future__ import annotations

import threading
from pathlib import Path

from desktop_app.backend.backend import Backend
from tests.helpers.waiting import LONGEST_S

NOTES = Path(__file__).parents[2] / "data" / "notes.md"


async def test_closing_ends_the_readers_of_attachments_and_of_collections() -> None:
    pids: list[int] = []

    backend = Backend()
    try:
        await backend.database.open()
        for worker in (backend.documents, backend.collection_worker):
            await worker.extract(NOTES)
            assert worker.pid is not None
            pids.append(worker.pid)
    finally:
        await backend.aclose()
    assert len(pids) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


async def test_closing_ends_the_thread_of_the_attachments() -> None:
    backend = Backend()
    await backend.database.open()
    before = set(threading.enumerate())
    assert await backend.attachments.source("0" * 64) is None
    new = set(threading.enumerate()) - before
    started = [thread for thread in new if thread.name.startswith("attachments")]
    assert started
    await backend.aclose()
    for thread in started:
        thread.join(LONGEST_S)
    assert not any(thread.is_alive() for thread in started)
