"""Closing the backend ends the child processes that read documents."""

from __future__ import annotations

from pathlib import Path

from desktop_app.backend.backend import build_backend

NOTES = Path(__file__).parents[2] / "data" / "notes.md"


async def test_closing_ends_the_readers_of_attachments_and_of_collections() -> None:
    pids: list[int] = []

    backend = build_backend()
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
