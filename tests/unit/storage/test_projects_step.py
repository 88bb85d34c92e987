"""Collections of earlier versions become projects: in a store, from a backup, and elsewhere."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.backup.backup import make_backup
from desktop_app.collections.collection_store import CollectionStore
from desktop_app.domain.conversations.conversation import Folder
from desktop_app.domain.documents.collections import CollectionFile
from desktop_app.domain.documents.passage_words import index_terms, question_terms
from desktop_app.library.folder_store import FolderStore
from desktop_app.library.repair import repair_store
from desktop_app.storage import schema
from desktop_app.storage.database import Database
from desktop_app.storage.row_conversion import to_micros
from desktop_app.storage.schema import STEPS
from desktop_app.storage.sqlite_connection import connect
from tests.helpers.restores import restore_now
from tests.helpers.synced_computers import Computer, computers, settle
from tests.unit.storage.samples import NOON, opened

if TYPE_CHECKING:
    import pytest

FORMER = STEPS[: STEPS.index(schema._PROJECTS)]
LOOSE, USED, FOLDER = "a" * 32, "b" * 32, "f" * 32


def fill(database: Path) -> None:
    """Write what an earlier version had: a collection, and one that a folder uses."""
    at = to_micros(NOON)
    with closing(connect(database, "rw")) as connection:
        sql = "INSERT INTO collections (id, name, created_at, folder) VALUES (?, ?, ?, ?)"
        connection.execute(sql, (LOOSE, "Papers", at, "/papers"))
        connection.execute(sql, (USED, "Former name", at, ""))
        sql = """INSERT INTO folders (id, name, created_at, overrides, collection_id)
            VALUES (?, 'Lease', ?, '{"instructions": "Be brief."}', ?)"""
        connection.execute(sql, (FOLDER, at, USED))
        for number, collection in enumerate((LOOSE, USED), 1):
            text = f"The door number {number} is green."
            sha256 = str(number) * 64
            connection.execute(
                """INSERT INTO attachments (sha256, name, media_type, size, tokens, text,
                created_at) VALUES (?, 'd', 'text/plain', 9, 9, ?, ?)""",
                (sha256, text, at),
            )
            connection.execute(
                """INSERT INTO collection_files (collection_id, path, name, sha256, media_type,
                size, status, problem, modified)
                VALUES (?, '/d', 'd', ?, 'text/plain', 9, 'ready', '', 7)""",
                (collection, sha256),
            )
            sql = """INSERT INTO passages (sha256, start, "end", tokens, place, title)
                VALUES (?, 0, ?, 9, '', 'd') RETURNING id"""
            (passage,) = connection.execute(sql, (sha256, len(text))).fetchone()
            sql = "INSERT INTO passage_index (rowid, title, words) VALUES (?, 'd', ?)"
            connection.execute(sql, (passage, index_terms(text)))
            sql = "INSERT INTO passage_vectors (passage_id, model, vector) VALUES (?, 'm', ?)"
            connection.execute(sql, (passage, b"\0\0\0\0"))
        connection.commit()


async def check(database: Database) -> None:
    """Assert that the store has the projects, and all that was read and embedded."""
    projects = {folder.id: folder for folder in await FolderStore(database).all()}
    assert projects[LOOSE] == Folder(LOOSE, "Papers", NOON, collection_id=LOOSE)
    assert (projects[FOLDER].name, projects[FOLDER].collection_id) == ("Lease", USED)
    assert projects[FOLDER].overrides.instructions == "Be brief."
    assert len(projects) == 2
    store = CollectionStore(database)
    assert [(each.name, each.folder) for each in await store.all()] == [
        ("Lease", ""),
        ("Papers", "/papers"),
    ]
    for number, collection in enumerate((LOOSE, USED), 1):
        file = CollectionFile(
            collection, "/d", "d", str(number) * 64, "text/plain", 9, status="ready"
        )
        assert await store.files(collection) == [file]
        assert await store.file_stats(collection) == {"/d": (9, 7)}  # so it is not read again
        found = await store.find([collection], question_terms("green"), 5)
        assert [place.sha256 for place in found] == [file.sha256]
    assert len(await database.rows("SELECT 1 FROM passage_vectors")) == 2


async def test_a_store_and_a_backup_of_an_earlier_version_get_projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, attachments = tmp_path / "store.sqlite3", tmp_path / "attachments"
    with monkeypatch.context() as former:
        former.setattr(schema, "STEPS", FORMER)
        async with opened(path):
            pass
        fill(path)
        archive = make_backup(path, attachments, tmp_path / "backups", NOON, lambda *_: None).path
    repaired = repair_store(path, NOON, lambda *_: None, tmp_path / "repaired.sqlite3")
    assert repaired.repaired_file is not None
    async with opened(repaired.repaired_file) as database:
        await check(database)
    async with opened(path) as database:
        await check(database)
    other = tmp_path / "other.sqlite3"
    assert restore_now(archive, other, tmp_path / "other", NOON) is not None
    async with opened(other) as database:
        await check(database)


async def test_other_computers_get_the_projects_that_collections_become(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as former:
        former.setattr(schema, "STEPS", FORMER)
        async with computers(tmp_path, "here", "there") as made:
            await settle(made)
            fill(tmp_path / "here" / "repartee.sqlite3")
            await settle(made)
    here, there = updated = [Computer(tmp_path / each.name, each.name) for each in made]
    for each, before in zip(updated, made, strict=True):
        each.vault.secrets = before.vault.secrets
        await each.database.open()
    await settle(updated)
    await check(here.database)
    papers = next(each for each in await there.folders.all() if each.id == LOOSE)
    assert papers == Folder(LOOSE, "Papers", NOON)  # its files are on the other computer
    await there.folders.save(replace(papers, name="Articles"))
    await settle(updated)
    assert [each.name for each in await CollectionStore(here.database).all()] == [
        "Articles",
        "Lease",
    ]
    for each in updated:
        await each.database.close()
