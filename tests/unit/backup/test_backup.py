"""Backups: complete, verified, and restored without losing existing data."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import re
import sqlite3
import zipfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from desktop_app.backup.backup import MANIFEST, STORE, delete_old_backups, make_backup
from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.documents.store.attachment_store import AttachmentStore, attachment_path
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.conversations.message_parts import Attachment, DocumentPart
from desktop_app.domain.errors import StorageError, StoreDamagedError, StoreTooNewError
from desktop_app.library.repair import repair_store
from tests.helpers.blocking import blocking
from tests.helpers.linux_only import linux_only
from tests.helpers.restores import restore_now
from tests.unit.storage.samples import NOON, a_conversation, opened

DATA = b"the original"
SHA256 = hashlib.sha256(DATA).hexdigest()
PART = DocumentPart(SHA256, "a.txt", "text/plain", len(DATA))


class Home:
    """A store with its attachments, and a place for backups."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "data" / "repartee.sqlite3"
        self.attachments = folder / "data" / "attachments"
        self.backups = folder / "backups"

    @blocking
    async def add(self, title: str) -> None:
        """Store a conversation with an attachment in its draft."""

        async with opened(self.database) as database:
            store = ConversationStore(database)
            await store.create(a_conversation(title, draft=Draft("look", (PART,))))
            await AttachmentStore(database, self.attachments).add(
                DATA, Attachment(SHA256, "a.txt", "text/plain", "words")
            )

    @blocking
    async def titles(self) -> list[str]:
        async with opened(self.database) as database:
            return sorted(c.title for c in await ConversationStore(database).all())

    def back_up(self, hours: int = 0) -> Path:
        at = NOON + timedelta(hours=hours)
        return make_backup(self.database, self.attachments, self.backups, at, lambda *_: None).path

    def restore(self, archive: Path) -> Path | None:
        done = restore_now(archive, self.database, self.attachments, NOON)
        assert done is not None
        return done.previous_store


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.add("before")
    return made


def changed(archive: Path, **members: bytes | None) -> Path:
    """Return the archive with changed members. None removes one; `__` in a name means a dot."""
    target = archive.with_name("changed.zip")
    new = {name.replace("__", "."): data for name, data in members.items()}
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w") as pack:
        for name in old.namelist():
            if name not in new:
                pack.writestr(name, old.read(name))
        for name, data in new.items():
            if data is not None:
                pack.writestr(name, data)
    return target


def test_a_restore_replaces_the_store_and_keeps_a_copy(home: Home) -> None:
    archive = home.back_up()
    home.add("after")
    (home.attachments / SHA256[:2] / SHA256[2:]).unlink()
    before = home.restore(archive)
    assert home.titles() == ["before"]
    assert (home.attachments / SHA256[:2] / SHA256[2:]).read_bytes() == DATA
    assert before is not None
    with closing(sqlite3.connect(before)) as connection:
        assert connection.execute("SELECT count(*) FROM conversations").fetchone()[0] == 2


@pytest.mark.parametrize("replace", ["restore", "repair"])
def test_a_replaced_store_says_that_it_left_the_shared_library(home: Home, replace: str) -> None:
    outcomes = []
    for _ in range(2):
        archive = home.back_up()
        if replace == "restore":
            outcomes.append(restore_now(archive, home.database, home.attachments, NOON))
        else:
            outcomes.append(repair_store(home.database, NOON, lambda *_: None))
        with closing(sqlite3.connect(home.database)) as connection:
            assert not connection.execute("SELECT * FROM sync_device").fetchall()
            connection.execute("INSERT INTO sync_device (id, state) VALUES ('a', '{}')")
            connection.commit()
        archive.unlink()
    assert [outcome is not None and outcome.has_left for outcome in outcomes] == [False, True]


async def test_a_backup_of_an_open_store_includes_its_log(home: Home, tmp_path: Path) -> None:
    async with opened(home.database) as database:
        await ConversationStore(database).create(a_conversation("still in the log"))
        archive = home.back_up()
    other = Home(tmp_path / "other")
    assert other.restore(archive) is None
    assert await asyncio.to_thread(other.titles) == ["before", "still in the log"]
    assert [p.name for p in home.backups.iterdir()] == [archive.name]


def test_a_damaged_attachment_is_not_in_the_backup(home: Home) -> None:
    path = attachment_path(home.attachments, SHA256)
    path.write_bytes(b"damaged")
    made = make_backup(home.database, home.attachments, home.backups, NOON, lambda *_: None)
    assert made.left_out == ["a.txt"]
    archive = made.path
    with zipfile.ZipFile(archive) as pack:
        assert json.loads(pack.read(MANIFEST))["attachments"] == []
    home.restore(archive)
    assert home.titles() == ["before"]


def test_a_restore_replaces_a_damaged_attachment(home: Home) -> None:
    archive = home.back_up()
    path = attachment_path(home.attachments, SHA256)
    path.write_bytes(b"damaged")
    home.restore(archive)
    assert path.read_bytes() == DATA


@linux_only("file modes")
def test_only_the_owner_can_read_a_backup(home: Home) -> None:
    assert home.back_up().stat().st_mode & 0o077 == 0


async def test_a_store_that_is_open_is_not_replaced(home: Home) -> None:
    archive = home.back_up()
    async with opened(home.database):
        with pytest.raises(StorageError, match="Your library is open"):
            home.restore(archive)
    assert await asyncio.to_thread(home.titles) == ["before"]


@pytest.mark.parametrize("member", [STORE, f"attachments/{SHA256[:2]}/{SHA256[2:]}"])
def test_a_damaged_backup_changes_nothing(home: Home, member: str) -> None:
    archive = changed(home.back_up(), **{member.replace(".", "__"): b"something else" * 999})
    home.add("after")
    (home.attachments / SHA256[:2] / SHA256[2:]).unlink()
    with pytest.raises(StoreDamagedError):
        home.restore(archive)
    assert home.titles() == ["after", "before"]
    assert not [p for p in home.database.parent.iterdir() if p.name.startswith(".restore")]


def test_any_damaged_bytes_are_reported_and_change_nothing(home: Home) -> None:
    whole = home.back_up().read_bytes()
    broken, chance = home.backups / "broken.zip", random.Random(1)
    home.add("after")
    for _ in range(20):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 2, 5))):
            at = chance.randrange(len(data))
            data[at] ^= chance.randrange(1, 256)
        broken.write_bytes(data)
        try:
            home.restore(broken)
        except StorageError:
            assert home.titles() == ["after", "before"]
        else:  # the damage is outside the restored content
            assert home.titles() == ["before"]
            home.add("after")


@pytest.mark.parametrize("manifest", [None, b"{}", b"[", b'{"format": "other", "version": 1}'])
def test_other_files_are_refused(home: Home, manifest: bytes | None) -> None:
    archive = changed(home.back_up(), **{MANIFEST.replace(".", "__"): manifest})
    with pytest.raises(StorageError, match="isn’t a Repartee backup"):
        home.restore(archive)
    plain = home.backups / "plain.zip"
    plain.write_bytes(b"not an archive")
    with pytest.raises(StorageError, match="isn’t a Repartee backup"):
        home.restore(plain)


def test_a_newer_versions_backup_is_refused(home: Home) -> None:
    archive = home.back_up()
    newer = home.backups / "newer.sqlite3"
    with zipfile.ZipFile(archive) as pack:
        newer.write_bytes(pack.read(STORE))
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.commit()
    with pytest.raises(StoreTooNewError, match=re.escape(str(home.backups))):
        home.restore(changed(archive, repartee__sqlite3=newer.read_bytes()))
    assert home.titles() == ["before"]


def test_a_damaged_store_is_replaced_and_copied(home: Home) -> None:
    archive = home.back_up()
    home.database.write_bytes(b"damaged")
    before = home.restore(archive)
    assert before is not None
    assert before.read_bytes() == b"damaged"
    assert home.titles() == ["before"]


def test_the_oldest_backups_are_deleted(home: Home) -> None:
    made = [home.back_up(hours) for hours in range(4)]
    stranger = home.backups / "holiday.zip"
    stranger.touch()
    delete_old_backups(made[-1], 5)
    assert sorted(home.backups.iterdir()) == sorted([*made, stranger])
    delete_old_backups(made[-1], 2)
    assert sorted(home.backups.iterdir()) == sorted([*made[2:], stranger])


def test_a_backup_dated_in_the_future_goes_before_the_others(home: Home) -> None:
    future = home.back_up(100_000)
    made = [home.back_up(hours) for hours in range(3)]
    delete_old_backups(made[-1], 3)
    assert sorted(home.backups.iterdir()) == made
    assert not future.exists()


def test_backups_of_one_second_have_names_of_their_own_in_order(home: Home) -> None:
    made = [home.back_up() for _ in range(3)]
    assert sorted(home.backups.iterdir()) == made
    delete_old_backups(made[-1], 1)
    assert list(home.backups.iterdir()) == made[2:]


def test_libraries_in_one_folder_keep_their_own_backups(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    other.add("other")
    other.backups = home.backups
    others = [other.back_up(), other.back_up(1)]
    renamed = others[0].with_name(f"important {others[0].name}")
    renamed.write_bytes(b"")
    made = [home.back_up(hours) for hours in range(3)]
    delete_old_backups(made[-1], 1)
    assert sorted(home.backups.iterdir()) == sorted([made[-1], *others, renamed])
