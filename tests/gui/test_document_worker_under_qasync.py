"""The process that reads documents, started from the window's event loop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop_app.documents.worker.document_worker import DocumentWorker, Progress
from desktop_app.domain import errors
from tests.data.long_pdf import long_pdf
from tests.helpers.qt_loop import qt_loop

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

DATA = Path(__file__).parents[1] / "data"


async def _read_refuse_cancel_and_read_again(long: Path, short: Path) -> None:
    worker = DocumentWorker()
    try:
        assert (await worker.extract(DATA / "report.pdf")).pages == 3
        with pytest.raises(errors.DocumentEncryptedError):
            await worker.extract(DATA / "encrypted.pdf")
        begun = asyncio.Event()
        steps: list[Progress] = []

        def follow(step: Progress) -> None:
            steps.append(step)
            begun.set()

        reading = asyncio.ensure_future(worker.extract(long, follow))
        await begun.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await worker.count_tokens("Hello world") == 2
        assert (await worker.extract(short, follow)).pages == 100
        assert steps[-1].done == 100
    finally:
        await worker.aclose()


def _pdf(folder: Path, pages: int) -> Path:
    path = folder / f"{pages}.pdf"
    path.write_bytes(long_pdf(pages))
    return path


def test_the_worker_reads_refuses_cancels_and_restarts_on_qts_loop(
    qapp: QApplication, tmp_path: Path
) -> None:
    long, short = _pdf(tmp_path, 1_000), _pdf(tmp_path, 100)
    with qt_loop(qapp) as loop:
        loop.run_until_complete(_read_refuse_cancel_and_read_again(long, short))
