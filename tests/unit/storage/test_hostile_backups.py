"""Malicious backups: only valid content is restored, or the store stays unchanged."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.domain import bounds
from desktop_app.domain.documents.vectors import Vector
from desktop_app.domain.errors import StorageError, StoreTooNewError
from desktop_app.storage.conversations.conversation_store import ConversationStore
from desktop_app.storage.conversations.folder_store import FolderStore
from desktop_app.storage.database.deletion_wipe import wipe_deleted
from desktop_app.storage.documents.attachment_store import AttachmentStore
from desktop_app.storage.documents.collection_store import CollectionStore
from desktop_app.storage.documents.vector_store import VectorStore
from desktop_app.storage.recovery.backup import make_backup
from desktop_app.storage.recovery.repair import repair_store
from desktop_app.storage.recovery.restore import RestoreChoice
from desktop_app.storage.search.search_query import Search
from desktop_app.storage.settings.model_listing_store import ListingStore
from desktop_app.storage.settings.prompt_store import PromptStore
from desktop_app.storage.settings.settings_store import SettingsStore
from desktop_app.storage.spending.ledger import Ledger
from tests.helpers.blocking import blocking
from tests.helpers.examples import examples
from tests.helpers.full_store import NOON, everything, fill, opened
from tests.helpers.hostile_backups import (
    BROKEN,
    STRANGE,
    ValidBackup,
    broken_archives,
    strange_archives,
)
from tests.helpers.hostile_files import special_files
from tests.helpers.restores import AnsweredRestore, restore_now
from tests.unit.storage.samples import a_conversation, a_question, an_answer, ended

pytestmark = pytest.mark.attack("imports")


class Home:
    """A store with a conversation, and a valid backup of a full store."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "data" / "repartee.sqlite3"
        self.attachments = folder / "data" / "attachments"

    @blocking
    async def begin(self) -> None:
        """Create the store with its conversation."""
        async with opened(self.database) as database:
            await ConversationStore(database).create(a_conversation("mine"))

    @blocking
    async def fill(self) -> None:
        """Create the store with a row in every table."""
        async with opened(self.database) as database:
            await fill(database, self.attachments)

    def restore(self, archive: Path) -> None:
        assert restore_now(
            archive, self.database, self.attachments, NOON, AnsweredRestore(RestoreChoice.KEEP)
        )

    def require_refusal(self, archive: Path) -> StorageError:
        """Check that a restore changes nothing and names the archive; return its error."""
        before = {p: p.read_bytes() for p in self.database.parent.rglob("*") if p.is_file()}
        with pytest.raises(StorageError) as caught:
            self.restore(archive)
        after = {p: p.read_bytes() for p in self.database.parent.rglob("*") if p.is_file()}
        assert {p: d for p, d in after.items() if "key-origins" not in p.name} == before
        assert archive.name in str(caught.value)
        assert len(caught.value.sentences) < 600
        return caught.value


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> ValidBackup:
    source = Home(tmp_path_factory.mktemp("source"))
    source.fill()
    folder = tmp_path_factory.mktemp("backup")
    archive = make_backup(source.database, source.attachments, folder, NOON, lambda *_: None).path
    return ValidBackup.of(archive, tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.begin()
    return made


@cache
def shape() -> list[tuple[object, ...]]:
    """Return the schema of an empty store."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Home(Path(folder))
        empty.begin()
        return everything(empty.database)["shape"]


@blocking
async def use_store(home: Home) -> list[str]:
    """Use a store as the program does, and return the titles."""
    async with opened(home.database) as database:
        store, values = ConversationStore(database), SettingsStore(database)
        conversations = await store.all()
        for conversation in conversations:
            bounds.checked_name(conversation.title)
            for message in await store.messages(conversation.id):
                bounds.checked_message(message)
            assert len(await store.path(conversation.id)) <= 2
            await store.versions_on_path(conversation.id)
        await FolderStore(database).all()
        await values.all()
        await values.profiles()
        prompts = PromptStore(database)
        await prompts.prompts()
        await prompts.presets()
        await ListingStore(database).all()
        await Ledger(database).report(NOON)
        search, collections = Search(database), CollectionStore(database)
        for words in ("apricot", "Title", "stone"):
            await search.find(words)
        for collection in await collections.all():
            await collections.files(collection.id)
            await collections.find([collection.id], ["green"], 5)
            await VectorStore(database).nearest(
                [collection.id], "other", Vector.from_values([1.0] * 64), 5
            )
        files = AttachmentStore(database, home.attachments)
        await files.remove_unneeded()
        conversation = a_conversation("After")
        question = a_question(conversation, "Does it work?")
        await store.begin_turn(conversation, question, ended(an_answer(question), "Yes."))
        for each in conversations:
            await store.erase([each.id])
        await files.remove_unneeded()
        await collections.remove_unreferenced()
        await wipe_deleted(database)
        check = "INSERT INTO search_index (search_index) VALUES ('integrity-check')"
        await database.write(lambda c: c.execute(check))
        return [conversation.title for conversation in conversations]


def require_sound(home: Home) -> None:
    """Check that a store has no damage and the current schema."""
    with closing(sqlite3.connect(home.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert everything(home.database)["shape"] == shape()


@pytest.mark.parametrize("name", STRANGE)
def test_only_sound_rows_of_a_strange_store_are_restored(
    name: str, valid: ValidBackup, home: Home
) -> None:
    home.restore(valid.changed(name, STRANGE[name]))
    require_sound(home)
    titles = use_store(home)
    assert sorted(titles) == [f"Title {n}" for n in range(6)]
    assert not list(home.database.parent.glob(".restore-*"))
    require_sound(home)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_store_changes_nothing(name: str, valid: ValidBackup, home: Home) -> None:
    error = home.require_refusal(valid.changed(name, BROKEN[name]))
    assert isinstance(error, StoreTooNewError) == (name == "newer")


def test_only_known_members_of_a_strange_archive_are_restored(
    valid: ValidBackup, home: Home, tmp_path: Path
) -> None:
    for archive in strange_archives(valid).values():
        home.restore(archive)
        require_sound(home)
        assert not list(tmp_path.rglob("*outside*"))
        assert len([p for p in home.attachments.rglob("*") if p.is_file()]) == 2


def test_a_broken_archive_changes_nothing(valid: ValidBackup, home: Home) -> None:
    for archive in broken_archives(valid).values():
        home.require_refusal(archive)


def test_pipes_and_devices_are_refused_at_once(home: Home, tmp_path: Path) -> None:
    with special_files(tmp_path / "special") as special:
        for path in special.values():
            said = str(home.require_refusal(path))
            if path.is_dir():
                assert "it is a folder" in said
            elif not path.is_file():
                assert "isn’t a regular file" in said


@pytest.mark.slow
@pytest.mark.parametrize("name", [*STRANGE, *BROKEN])
def test_a_repair_checks_rows_like_a_restore(name: str, valid: ValidBackup, home: Home) -> None:
    """The damaged files are the stores of the tests above."""
    change: Callable[[sqlite3.Connection], None] = {**STRANGE, **BROKEN}[name]
    home.database.write_bytes(valid.store)
    with closing(sqlite3.connect(home.database, isolation_level=None)) as connection:
        change(connection)
    if name == "newer":
        with pytest.raises(StoreTooNewError):
            repair_store(home.database, NOON, lambda *_: None)
        return
    repair_store(home.database, NOON, lambda *_: None)
    require_sound(home)
    if not name.startswith(("messages-are", "parts-are")):
        assert len(use_store(home)) == 6


@settings(max_examples=examples(12), deadline=None)
@given(seed=st.integers(0, 1 << 32), count=st.integers(1, 60), in_header=st.booleans())
def test_a_restore_survives_any_changed_bytes(
    seed: int,
    count: int,
    in_header: bool,
    valid: ValidBackup,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = Home(tmp_path_factory.mktemp("home"))
    home.begin()
    data, chance = bytearray(valid.store), random.Random(seed)
    for _ in range(count):
        data[chance.randrange(4096 if in_header else len(data))] = chance.randrange(256)
    archive = valid.packed(f"changed-{seed}", bytes(data))
    try:
        home.restore(archive)
    except StorageError:
        assert use_store(home) == ["mine"]
    else:
        require_sound(home)
        use_store(home)
    archive.unlink()
