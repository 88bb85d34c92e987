"""Closing the backend ends its child processes and threads."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from desktop_app.backend.backend import Backend
from desktop_app.collections.services import collections
from tests.helpers.process_tree import processes_below
from tests.helpers.waiting import LONGEST_S

NOTES = Path(__file__).parents[2] / "data" / "notes.md"


async def test_closing_ends_the_readers_of_attachments_and_of_collections() -> None:
    backend = Backend()
    before = await processes_below(os.getpid())
    try:
        await backend.open()
        await backend.documents.extract(NOTES)
        made = await backend.of(collections).create("Notes")
        await backend.of(collections).add(made.id, [NOTES])
        started = await processes_below(os.getpid()) - before
    finally:
        await backend.aclose()
    assert len(started) == 2
    assert not started & await processes_below(os.getpid())


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
