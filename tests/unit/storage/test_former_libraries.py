"""Libraries of every earlier version, opened, restored and synchronized by this one."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from desktop_app.documents.store.attachment_store import attachment_path, is_undamaged
from desktop_app.library.search_rebuild import complete_index
from desktop_app.storage.database import Database
from desktop_app.storage.schema import has_exact_schema, latest_version
from desktop_app.storage.sqlite_connection import connect
from desktop_app.sync.target import Target
from tests.helpers.former_libraries import FEW, FOLDER, NAMES, FormerLibrary
from tests.helpers.restores import restore_now
from tests.helpers.synced_computers import PASSPHRASE, Computer, settle
from tests.unit.storage.samples import NOON

SWITCHED_OFF = {
    *("keys_in_keyring", "model_listings", "settings", "tool_permissions"),
    *("batch", "messages", "table_answers", "table_batches", "table_runs"),  # await a provider
}
"""What a restore changes, so that nothing is sent that the user did not ask for again."""


@pytest.fixture(params=NAMES)
def library(request: pytest.FixtureRequest, tmp_path: Path) -> FormerLibrary:
    return FormerLibrary(request.param, tmp_path)


def test_there_is_a_library_of_each_version() -> None:
    """After a new step, add the library of the version before it: see the README.md there."""
    assert {f"{version:02}" for version in range(2, latest_version() + 1)} <= set(NAMES)
    sizes = {path.name: path.stat().st_size for path in FOLDER.glob("*.xz")}
    assert {name for name, size in sizes.items() if size > 30_000} == set()


async def test_a_former_library_is_opened_with_all_that_it_knows(library: FormerLibrary) -> None:
    database = Database(library.store)
    await database.open()
    await database.close()
    with closing(connect(library.store, "ro")) as connection:
        assert has_exact_schema(connection)
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert library.lost(library.store) == {}


def test_a_backup_of_a_former_version_is_restored_with_all_that_it_knows(
    library: FormerLibrary, tmp_path: Path
) -> None:
    store, attachments = tmp_path / "restored.sqlite3", tmp_path / "attachments"
    assert restore_now(library.backup, store, attachments, NOON) is not None
    assert library.lost(store).keys() <= SWITCHED_OFF
    with closing(connect(store, "ro")) as connection:
        rows = connection.execute("SELECT sha256 FROM attachments").fetchall()
    assert all(is_undamaged(attachment_path(attachments, hash_), hash_) for (hash_,) in rows)


@pytest.mark.parametrize("name", FEW)
async def test_a_former_library_is_synchronized_with_one_of_today(
    name: str, tmp_path: Path
) -> None:
    library = FormerLibrary(name, tmp_path)
    here = Computer(library.store.parent, "Former computer")
    here.vault.secrets = library.secrets
    (tmp_path / "there").mkdir()
    there = Computer(tmp_path / "there", "there")
    for each in (here, there):
        await each.database.open()
    await there.add("new")
    library.shared.mkdir(exist_ok=True)
    for each in (there,) if library.secrets else (here, there):
        await each.sync.join(Target(str(library.shared)), PASSPHRASE, name=each.name)
    await settle([here, there])
    content, other = await here.content(), await there.content()
    del content["messages"]["c" * 32]  # its answer is under way
    del content["profiles"]["own"]  # the user is asked there first
    for message in (*content["messages"].values(), *other["messages"].values()):
        del message["computer"]  # schema 4 sent no name
    assert content == other
    conversations = library.expected["export"]["conversations"]
    assert content["conversations"].keys() >= {"new", *(each["id"] for each in conversations)}
    await complete_index(here.database, lambda _part: None)
    assert library.lost(library.store).keys() <= {"ledger"}  # each call gets an origin
    for each in (here, there):
        assert await each.database.rows("SELECT * FROM sync_waiting") == []
        await each.database.close()
