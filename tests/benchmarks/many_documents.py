"""A collection of many documents: indexing speed, effect on the window, and query times.

The documents are plain texts with headings, whose words are as frequent as in natural language.
During indexing, a small write is made every 20 ms, as for a draft, and the delay of the event loop
is measured. Each question has eight words drawn with the frequencies of the texts.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from desktop_app.documents.index.collection_reader import CollectionReader
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.services.collections.collection_service import Collections
from desktop_app.storage.database.database import Database
from desktop_app.storage.documents.attachment_store import AttachmentStore
from desktop_app.storage.documents.collection_store import CollectionStore
from desktop_app.storage.documents.vector_store import VectorStore
from desktop_app.storage.settings.settings_store import SettingsStore

ROOT: Final = Path(__file__).parents[2]
# Texts from which words are drawn, as often as they occur there.
SOURCES: Final = ("resources/licences.txt", "README.md", "tests/data/retrieval/**/*.md")
# Words combined from parts of others, for a vocabulary as large as a natural language's.
MADE_UP: Final = 40_000
MADE_UP_SHARE: Final = 0.05


def main(documents: int = 1000, kilobytes: int = 100, questions: int = 60) -> dict[str, Any]:
    """Return the sizes and times of a collection."""
    with tempfile.TemporaryDirectory() as folder:
        papers = Path(folder) / "papers"
        papers.mkdir()
        words = _Words(random.Random(7))
        for number in range(documents):
            text = words.text(kilobytes * 1000)
            (papers / f"paper-{number:04}.md").write_text(text)
        texts = [" ".join(words.draw(8)) for _ in range(questions)]
        return asyncio.run(_measure(Path(folder), papers, texts, documents * kilobytes / 1000))


class _Words:
    """A source of words with natural frequencies. Some occur in few documents."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        paths = [path for source in SOURCES for path in sorted(ROOT.glob(source))]
        self._common = [word for path in paths for word in path.read_text("utf-8").split()]
        long = [word.lower() for word in self._common if word.isalpha() and len(word) > 5]
        halves = (chance.choice(long)[:4] + chance.choice(long)[-4:] for _ in range(MADE_UP))
        self._rare = list(halves)

    def draw(self, count: int) -> list[str]:
        return [
            self._chance.choice(
                self._rare if self._chance.random() < MADE_UP_SHARE else self._common
            )
            for _ in range(count)
        ]

    def text(self, length: int) -> str:
        pieces: list[str] = []
        size = 0
        while size < length:
            words = self.draw(60)
            head = f"## {' '.join(words[:3])}\n\n" if self._chance.random() < 0.15 else ""
            pieces.append(f"{head}{' '.join(words)}.\n\n")
            size += len(pieces[-1])
        return "".join(pieces)[:length]


async def _measure(
    folder: Path, papers: Path, texts: list[str], megabytes: float
) -> dict[str, Any]:
    database, worker = Database(folder / "store.sqlite3"), DocumentWorker()
    await database.open()
    collections = Collections(
        CollectionStore(database),
        AttachmentStore(database, folder / "attachments"),
        CollectionReader(worker),
        VectorStore(database),
    )
    writes: list[float] = []
    gaps: list[float] = []
    try:
        made = await collections.create("Papers")
        tasks = [
            asyncio.create_task(_write(SettingsStore(database), writes)),
            asyncio.create_task(_tick(gaps)),
        ]
        began = time.perf_counter()
        await collections.add(made.id, [papers])
        indexed_s = time.perf_counter() - began
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        times, work = [], []
        for question in texts:
            began, worked = time.perf_counter(), time.process_time()
            await collections.retrieve([made.id], question, 4000)
            times.append(1000 * (time.perf_counter() - began))
            work.append(1000 * (time.process_time() - worked))
        size = (folder / "store.sqlite3").stat().st_size
        passages = await database.read(
            lambda c: c.execute("SELECT count(*) FROM passages").fetchone()[0]
        )
    finally:
        await worker.aclose()
        await database.close()
    return {
        "benchmark": "many_documents",
        "megabytes_of_text": megabytes,
        "passages": passages,
        "indexed_s": round(indexed_s, 1),
        "megabytes_per_s": round(megabytes / indexed_s, 2),
        "store_mb": round(size / 1e6, 1),
        "write_beside_p99_ms": _percentile(writes, 0.99),
        "write_beside_max_ms": round(max(writes), 1),
        "loop_gap_p999_ms": _percentile(gaps, 0.999),
        "question_p50_ms": _percentile(times, 0.5),
        "question_p95_ms": _percentile(times, 0.95),
        "question_cpu_p50_ms": _percentile(work, 0.5),
        "question_cpu_p95_ms": _percentile(work, 0.95),
    }


async def _write(settings: SettingsStore, times: list[float]) -> None:
    number = 0
    while True:
        began = time.perf_counter()
        await settings.set("look.text_size", number)
        times.append(1000 * (time.perf_counter() - began))
        number += 1
        await asyncio.sleep(0.02)


async def _tick(gaps: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.002)
        gaps.append(1000 * (time.perf_counter() - began) - 2)


def _percentile(values: list[float], share: float) -> float:
    return round(sorted(values)[min(len(values) - 1, int(share * len(values)))], 1)
