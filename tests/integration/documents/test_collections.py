"""Collections of real documents in a real store: filling, updating, asking, deleting."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from desktop_app.backup.backup import make_backup
from desktop_app.collections.collection_service import CollectionProgress, Collections
from desktop_app.collections.collection_store import CollectionStore, VectorStore
from desktop_app.documents.index.collection_reader import CollectionReader
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.documents.collections import Collection, CollectionFile, Passage
from desktop_app.domain.errors import DocumentError
from desktop_app.library.erasure import erase_everything
from desktop_app.library.repair import repair_store
from desktop_app.storage.database import Database
from tests.helpers.restores import AnsweredRestore, restore_now

pytestmark = pytest.mark.usefixtures("forked_children")

DATA = Path(__file__).parents[2] / "data"
WORD = "zanzibarquix"


def why(file: CollectionFile) -> str:
    return file.problem.what_happened if file.problem else ""


@dataclass
class CollectionSetup:
    """Collections over a store on disk, and the parts that they use."""

    database: Database
    attachments: AttachmentStore
    store: CollectionStore
    collections: Collections

    async def statuses(self, collection: Collection) -> dict[str, str]:
        return {f.name: f.status for f in await self.collections.files(collection.id)}

    async def file(self, collection: Collection, name: str) -> CollectionFile:
        return next(f for f in await self.collections.files(collection.id) if f.name == name)

    async def found(self, question: str, *asked: Collection, tokens: int = 4000) -> list[Passage]:
        ids = [collection.id for collection in asked]
        parts = await self.collections.retrieve(ids, question, tokens)
        return [passage for part in parts for passage in part.passages]

    async def count(self, sql: str) -> int:
        row = await self.database.read(lambda c: c.execute(sql).fetchone())
        return int(row[0])

    async def is_clean(self) -> bool:
        """Return True if the index is sound and has an entry for exactly each passage."""

        def words(connection: sqlite3.Connection) -> int:
            connection.execute(
                "INSERT INTO passage_index (passage_index, rank) VALUES ('integrity-check', 0)"
            )
            connection.execute(
                "CREATE VIRTUAL TABLE temp.terms USING fts5vocab ('main', 'passage_index', 'row')"
            )
            count: int = connection.execute("SELECT count(*) FROM terms").fetchone()[0]
            connection.execute("DROP TABLE terms")
            return count

        left = await self.database.write(words)
        ids = (
            "SELECT rowid AS id FROM passage_index ORDER BY 1",
            "SELECT id FROM passages ORDER BY 1",
        )
        indexed, passages = await self.database.read(
            lambda c: [c.execute(sql).fetchall() for sql in ids]
        )
        return indexed == passages and (bool(passages) or left == 0)


@asynccontextmanager
async def open_collections(folder: Path) -> AsyncIterator[CollectionSetup]:
    database = Database(folder / "repartee.sqlite3")
    await database.open()
    worker = DocumentWorker()
    attachments = AttachmentStore(database, folder / "attachments")
    store = CollectionStore(database)
    try:
        reader, vectors = CollectionReader(worker), VectorStore(database)
        collections = Collections(store, attachments, reader, vectors)
        yield CollectionSetup(database, attachments, store, collections)
    finally:
        await worker.aclose()
        await database.close()


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    """Return a folder of documents, some of which cannot be read."""
    folder = tmp_path / "papers"
    (folder / "deep").mkdir(parents=True)
    for name in ("report.pdf", "encrypted.pdf", "scanned.pdf", "slides.pptx", "figures.xlsx"):
        shutil.copy(DATA / name, folder / name)
    shutil.copy(DATA / "retrieval/en/lease.md", folder / "deep/lease.md")
    (folder / ".hidden.txt").write_text("secret")
    (folder / "link.txt").symlink_to(DATA / "notes.md")
    return folder


async def test_a_folder_is_read_and_unreadable_files_are_listed_with_their_reasons(
    tmp_path: Path, papers: Path
) -> None:
    async with open_collections(tmp_path / "data") as here:
        made = await here.collections.create("  Papers \n of 2026 ")
        assert made.name == "Papers of 2026"
        steps: list[CollectionProgress] = []
        await here.collections.add(made.id, [papers], steps.append)
        assert await here.statuses(made) == {
            "report.pdf": "ready",
            "encrypted.pdf": "failed",
            "scanned.pdf": "failed",
            "slides.pptx": "ready",
            "figures.xlsx": "ready",
            "lease.md": "ready",
        }
        assert "password" in why(await here.file(made, "encrypted.pdf"))
        assert "only images" in why(await here.file(made, "scanned.pdf"))
        assert (await here.file(made, "report.pdf")).pages == 3
        assert [step.done for step in steps] == [0, 1, 2, 3, 4, 5, 6]
        assert steps[-1] == CollectionProgress(6, 6, "")
        assert (await here.collections.all())[0].folder == str(papers)


async def test_a_question_finds_the_passages_with_their_places(
    tmp_path: Path, papers: Path
) -> None:
    async with open_collections(tmp_path / "data") as here:
        made = await here.collections.create("Papers")
        await here.collections.add(made.id, [papers])
        best = (await here.found("May I have a dog or a cat?", made))[0]
        assert (best.number, best.name, best.collection_id) == (1, "lease.md", made.id)
        text = await here.attachments.text(best.sha256)
        assert text[best.start : best.end] == best.text
        assert "Dogs and cats" in best.text
        assert best.page is None
        found = await here.found("electricity contract", made)
        assert any(p.name == "report.pdf" and p.page == 2 for p in found)
        assert any(p.place.startswith("slide") for p in await here.found("Harrow", made))
        assert [p.number for p in found] == list(range(1, len(found) + 1))
        assert await here.found("xylophone", made) == []
        assert await here.found("!?", made) == []
        assert await here.found("electricity contract", made, tokens=3) == []


async def test_the_same_file_twice_adds_nothing(tmp_path: Path, papers: Path) -> None:
    async with open_collections(tmp_path / "data") as here:
        first = await here.collections.create("First")
        second = await here.collections.create("Second")
        await here.collections.add(first.id, [papers])
        passages = await here.count("SELECT count(*) FROM passages")
        steps: list[CollectionProgress] = []
        await here.collections.add(first.id, [papers, papers / "report.pdf"], steps.append)
        assert steps == [CollectionProgress(0, 0, "")]
        shutil.copy(papers / "report.pdf", papers / "copy.pdf")
        await here.collections.add(first.id, [papers])
        await here.collections.add(second.id, [papers])
        assert await here.count("SELECT count(*) FROM passages") == passages
        found = await here.found("fixed-price contract for electricity", first)
        assert len({(p.sha256, p.start) for p in found}) == len(found)
        assert {p.name for p in found if p.sha256 == found[0].sha256} == {"copy.pdf"}
        both = await here.collections.retrieve([first.id, second.id], "electricity", 900)
        assert [part.name for part in both] == ["First", "Second"]
        numbers = [p.number for part in both for p in part.passages]
        assert numbers == list(range(1, 1 + len(numbers)))
        # The second collection has only the same passages, which are not given twice.
        assert [len(part.passages) > 0 for part in both] == [True, False]


async def test_a_refresh_finds_new_changed_and_deleted_files(tmp_path: Path, papers: Path) -> None:
    async with open_collections(tmp_path / "data") as here:
        made = await here.collections.create("Papers", papers)
        await here.collections.refresh(made.id)
        assert len(await here.statuses(made)) == 6
        (papers / "deep/lease.md").write_text(f"# Lease\n\nThe {WORD} is blue.")
        (papers / "new.txt").write_text("A heron stands in the pond.")
        (papers / "slides.pptx").unlink()
        steps: list[CollectionProgress] = []
        await here.collections.refresh(made.id, steps.append)
        assert steps[-1].total == 2  # no other file is read again
        assert set(await here.statuses(made)) == {
            "report.pdf", "encrypted.pdf", "scanned.pdf", "figures.xlsx", "lease.md", "new.txt",
        }  # fmt: skip
        assert [p.text for p in await here.found("Where is the heron?", made)] == [
            "A heron stands in the pond."
        ]
        assert (await here.found(WORD, made))[0].name == "lease.md"
        assert await here.found("May I have a dog or a cat?", made) == []
        assert await here.is_clean()


async def test_a_restored_collection_is_found_and_read_again(tmp_path: Path, papers: Path) -> None:
    theirs, mine = tmp_path / "theirs", tmp_path / "mine"
    async with open_collections(theirs) as here:
        made = await here.collections.create("Papers", papers)
        await here.collections.refresh(made.id)
    stores = [(each / "repartee.sqlite3", each / "attachments") for each in (theirs, mine)]
    archive = make_backup(*stores[0], tmp_path / "backups", now(), lambda *_: None).path
    (papers / "deep/lease.md").write_text(f"# Secret\n\nThe {WORD} is blue.")
    asked = AnsweredRestore()
    restore_now(archive, *stores[1], now(), asked)
    assert asked.changes == [f"Project “Papers”, folder: none → {papers}, {papers / 'deep'}"]
    async with open_collections(mine) as here:
        assert (await here.found("May I have a dog or a cat?", made))[0].name == "lease.md"
        await here.collections.refresh(made.id)
        assert (await here.found(WORD, made))[0].name == "lease.md"
        assert await here.is_clean()


async def test_a_missing_folder_removes_no_files(tmp_path: Path, papers: Path) -> None:
    async with open_collections(tmp_path / "data") as here:
        made = await here.collections.create("Papers", papers)
        await here.collections.refresh(made.id)
        shutil.move(papers, tmp_path / "elsewhere")
        with pytest.raises(DocumentError, match="papers"):
            await here.collections.refresh(made.id)
        assert len(await here.statuses(made)) == 6


def write(path: str, text: str) -> None:
    Path(path).write_text(text, "utf-8")


async def test_collections_are_backed_up_repaired_and_erased(tmp_path: Path, papers: Path) -> None:
    data, at = tmp_path / "data", now()
    database, attachments = data / "repartee.sqlite3", data / "attachments"

    async def fill() -> Collection:
        async with open_collections(data) as here:
            made = await here.collections.create("Papers")
            await here.collections.add(made.id, [papers])
            return made

    async def ask(made: Collection, *, is_repaired: bool = False) -> list[str]:
        async with open_collections(data) as here:
            if is_repaired:
                assert set((await here.statuses(made)).values()) == {"failed", "ready"}
            assert await here.is_clean()
            return [p.name for p in await here.found("May I have a dog or a cat?", made)]

    made = await fill()
    asked = await ask(made)
    assert asked[0] == "lease.md"
    archive = make_backup(database, attachments, tmp_path / "backups", at, lambda *_: None).path
    repair_store(database, at, lambda *_: None)
    assert await ask(made, is_repaired=True) == asked
    erase_everything(database, attachments)
    assert await ask(made) == []
    restore_now(archive, database, attachments, at)
    assert await ask(made) == asked
