"""The write-ahead log of an open store is removed or replaced, as cleaners and synchronizers do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.domain.errors import StorageError
from desktop_app.storage.database import Database
from tests.helpers.linux_only import linux_only
from tests.unit.storage.samples import a_conversation, opened

ROOT = Path(__file__).parents[3]

# Saves a conversation for each line of its input, and says if it was saved.
SAVER = """
import asyncio, sys
from pathlib import Path
from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.domain.errors import StorageError
from desktop_app.storage.database import Database
from tests.unit.storage.samples import *

async def main():
    async with opened(Path(sys.argv[1])) as database:
        print("open", flush=True)
        for line in sys.stdin:
            try:
                await ConversationStore(database).create(a_conversation(line.strip()))
                print("saved", flush=True)
            except StorageError as error:
                print(error.sentences, flush=True)

asyncio.run(main())
"""
REMOVED = [("-wal",), ("-shm",), ("-wal", "-shm"), ("-wal", "-shm", "-lock")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


@contextmanager
def saver(path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", SAVER, path],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        yield process


def tell(process: subprocess.Popen[str], title: str) -> str:
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{title}\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


async def titles(path: Path) -> set[str]:
    database = Database(path)
    try:
        await database.open()
        return {conversation.title for conversation in await ConversationStore(database).all()}
    finally:
        await database.close()


@linux_only("way to remove an open file")
@pytest.mark.attack("store")
@pytest.mark.parametrize("suffixes", REMOVED)
async def test_what_was_saved_outlasts_a_kill_after_the_log_was_removed(
    path: Path, suffixes: tuple[str, ...]
) -> None:
    with saver(path) as process:
        assert [tell(process, title) for title in ("one", "two")] == ["saved", "saved"]
        for suffix in suffixes:
            Path(f"{path}{suffix}").unlink()
        process.kill()
    assert await titles(path) == {"one", "two"}


@linux_only("way to remove an open file")
@pytest.mark.attack("store")
@pytest.mark.parametrize(
    ("suffixes", "is_killed"), list(zip(REMOVED, (True, True, True, False), strict=True))
)
async def test_nothing_is_reported_as_saved_after_the_log_was_removed(
    path: Path, suffixes: tuple[str, ...], is_killed: bool
) -> None:
    with saver(path) as process:
        assert tell(process, "one") == "saved"
        for suffix in suffixes:
            Path(f"{path}{suffix}").unlink()
        with pytest.raises(StorageError, match="removed or replaced while") as caught:
            await titles(path)
        assert "then try again" in caught.value.what_to_do
        assert f"{path}{suffixes[0]} was removed" in caught.value.what_happened
        assert "Nothing is saved anymore" in tell(process, "two")
        assert "Nothing is saved anymore" in tell(process, "three")
        if is_killed:
            process.kill()
    assert await titles(path) == {"one"}


@linux_only("way to replace an open file")
@pytest.mark.attack("store")
@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
async def test_a_replaced_log_is_not_written_to(path: Path, suffix: str) -> None:
    with saver(path) as process:
        assert tell(process, "one") == "saved"
        log = Path(f"{path}{suffix}")
        other = path.with_name("other")
        other.write_bytes(log.read_bytes())
        other.replace(log)
        with pytest.raises(StorageError, match="removed or replaced while"):
            await titles(path)
        assert "Nothing is saved anymore" in tell(process, "two")
        process.kill()
        files = [path, *path.parent.glob("*.before-removal-*.sqlite3")]
    for file in path.parent.glob("store.sqlite3-*"):
        file.unlink()  # of the store's file, which needs no log
    assert await titles(files[0]) == {"one"}
    for copy in files[1:]:
        assert await titles(copy) == {"one"}


async def test_an_open_store_is_shared_by_one_that_comes_while_the_first_ends(path: Path) -> None:
    """Only the log of a store that stays open must be the same."""
    with saver(path) as process:
        assert tell(process, "one") == "saved"
        async with opened(path) as database:
            assert process.stdin
            process.stdin.close()
            process.wait()
            await ConversationStore(database).create(a_conversation("two"))
            assert await titles(path) == {"one", "two"}
