"""Real processes on a store: killed, writing concurrently, and on full disks."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.errors import StorageError
from desktop_app.library.search_query import Search
from tests.unit.storage.samples import a_conversation, a_question, an_answer, opened

ROOT = Path(__file__).parents[3]

# Writes turns until it is killed, saying what has been acknowledged.
STREAMER = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.chat.conversation_store import ConversationStore
from tests.unit.storage.samples import *

async def main():
    database = Database(Path(sys.argv[1]))
    await database.open()
    store = ConversationStore(database)
    while True:
        conversation = a_conversation("streamed")
        question = a_question(conversation, "Why?")
        answer = an_answer(question)
        await store.begin_turn(conversation, question, answer)
        print("begun", question.id, answer.id, flush=True)
        words = "grapefruit "
        for n in range(1, 12):
            words += "abc def " * 4000
            await store.save_answer(replace(answer, parts=(TextPart(words),)))
            print("saved", answer.id, len(words), flush=True)
        await store.save_answer(ended(answer, words))
        print("ended", answer.id, len(words), flush=True)

asyncio.run(main())
"""

# Begins one answer, and ends it when told to.
ANSWERING = """
import asyncio, sys
from pathlib import Path
from desktop_app.chat.conversation_store import ConversationStore
from tests.unit.storage.samples import *

async def main():
    async with opened(Path(sys.argv[1])) as database:
        store = ConversationStore(database)
        conversation = a_conversation("elsewhere")
        question = a_question(conversation, "Why?")
        answer = an_answer(question)
        await store.begin_turn(conversation, question, answer)
        print(conversation.id, flush=True)
        if sys.stdin.readline():
            await store.save_answer(ended(answer, "So."))
            print("ended", flush=True)
        sys.stdin.readline()

asyncio.run(main())
"""

WRITER = """
import asyncio, sys
from pathlib import Path
from desktop_app.chat.conversation_store import ConversationStore
from tests.unit.storage.samples import *

async def main():
    async with opened(Path(sys.argv[1])) as database:
        store = ConversationStore(database)
        print("open", flush=True)
        sys.stdin.readline()
        for n in range(60):
            await store.create(a_conversation(f"{sys.argv[2]} {n}"))

asyncio.run(main())
"""

# Fills the disk with conversations, then deletes the ballast and goes on.
FILLER = """
import asyncio, sys
from pathlib import Path
from desktop_app.domain.conversations.message_parts import Attachment
from desktop_app.domain.errors import StoreFullError
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.chat.conversation_store import ConversationStore
from tests.unit.storage.samples import *
import hashlib

async def main():
    folder = Path(sys.argv[1])
    (folder / "ballast").write_bytes(b"x" * 500_000)
    async with opened(folder / "store.sqlite3") as database:
        store, kept = ConversationStore(database), []
        files = AttachmentStore(database, folder / "files")
        try:
            while True:
                conversation = a_conversation("kept")
                question = a_question(conversation, "words " * 5000)
                answer = an_answer(question)
                await store.begin_turn(conversation, question, answer)
                kept.append(question)
        except StoreFullError as error:
            print(error.sentences)
        data = b"y" * 3_000_000
        try:
            await files.add(data, Attachment(hashlib.sha256(data).hexdigest(), "n", "m"))
        except StoreFullError as error:
            print(error.sentences)
        assert not [p for p in (folder / "files").rglob("*") if p.is_file()]
        for question in kept:
            assert await store.message(question.id) == question
        (folder / "ballast").unlink()
        conversation = a_conversation("after")
        question = a_question(conversation, "room again")
        await store.begin_turn(conversation, question, an_answer(question))
        found = await database.read(lambda c: c.execute("PRAGMA integrity_check").fetchone()[0])
        print(len(kept) > 2, found, [m.text for m in await store.path(conversation.id)])

asyncio.run(main())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 6))]
)
async def test_a_kill_loses_no_acknowledged_write(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with start(STREAMER, path) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(chance.randint(1, 30))]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
    lines = [line.split() for line in said if line.endswith("\n")]

    async with opened(path) as database:
        store = ConversationStore(database)
        interrupted = await store.interrupt_orphans()
        found = await database.read(lambda c: c.execute("PRAGMA integrity_check").fetchone()[0])
        assert found == "ok"
        length: dict[str, int] = {}
        for word, *ids in lines:
            if word == "begun":
                assert await store.message(ids[0]) is not None
                length[ids[1]] = 0
            else:
                length[ids[0]] = int(ids[1])
        for answer_id, least in length.items():
            answer = await store.message(answer_id)
            assert answer is not None
            assert len(answer.text) >= least
        ended = {ids[0] for word, *ids in lines if word == "ended"}
        for answer_id in length:
            answer = await store.message(answer_id)
            assert answer is not None
            if answer_id in ended:
                assert answer.status is MessageStatus.COMPLETE
            elif answer.status is not MessageStatus.COMPLETE:
                assert answer.status is MessageStatus.INTERRUPTED
                assert answer.conversation_id in interrupted
        statuses = await database.read(
            lambda c: [r[0] for r in c.execute("SELECT DISTINCT status FROM messages")]
        )
        assert "streaming" not in statuses
        written = [least for least in length.values() if least]
        assert len(await Search(database).find("grapefruit")) >= len(written)


async def test_an_answer_of_another_process_is_not_interrupted(path: Path) -> None:
    async with opened(path) as database:
        store = ConversationStore(database)
        with start(ANSWERING, path) as process:
            assert process.stdout is not None
            theirs = process.stdout.readline().strip()
            assert await store.interrupt_orphans() == []
            process.send_signal(signal.SIGSTOP)  # a stopped process still owns its answer
            assert await store.interrupt_orphans() == []
            process.kill()
        assert await store.interrupt_orphans() == [theirs]
        _, answer = await store.path(theirs)
        assert answer.status is MessageStatus.INTERRUPTED


async def test_three_processes_write_at_once(path: Path) -> None:
    async with opened(path) as database:
        store = ConversationStore(database)
        with start(WRITER, path, "one") as one, start(WRITER, path, "two") as two:
            for process in (one, two):
                assert process.stdout is not None
                assert process.stdout.readline() == "open\n"
            for process in (one, two):
                assert process.stdin is not None
                process.stdin.write("\n")
                process.stdin.flush()
            for n in range(60):
                await store.create(a_conversation(f"three {n}"))
            assert one.wait() == two.wait() == 0
        titles = sorted(c.title for c in await store.all())
        assert titles == sorted(f"{who} {n}" for who in ("one", "two", "three") for n in range(60))


@pytest.mark.parametrize("is_killed", [False, True])
async def test_no_turn_begins_while_another_process_answers(path: Path, is_killed: bool) -> None:
    async def begin(store: ConversationStore, conversation_id: str) -> None:
        conversation = await store.get(conversation_id)
        assert conversation is not None
        question = a_question(conversation, "And mine?")
        await store.begin_turn(conversation, question, an_answer(question))

    async with opened(path) as database:
        store = ConversationStore(database)
        with start(ANSWERING, path) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            theirs = process.stdout.readline().strip()
            before = await store.path(theirs)
            with pytest.raises(StorageError, match="Another program"):
                await begin(store, theirs)
            assert await store.path(theirs) == before
            if is_killed:
                process.kill()
                process.wait()
            else:
                process.stdin.write("end\n")
                process.stdin.flush()
                assert process.stdout.readline() == "ended\n"
            await begin(store, theirs)
            await begin(store, theirs)  # its own answers do not prevent a turn
            process.stdin.close()


def on_a_small_disk(folder: Path, script: str, *arguments: str) -> str:
    """Run `script FOLDER ARGUMENTS` with 4 MB of disk in FOLDER, in its own mount namespace."""
    folder.mkdir()
    mount_and_run = 'mount -t tmpfs -o size=4m tmpfs "$3" && exec "$1" -c "$2" "${@:3}"'
    command = ["unshare", "--map-root-user", "--mount", "bash", "-c", mount_and_run, "bash"]
    result = subprocess.run(
        [*command, sys.executable, script, str(folder), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in result.stderr or "mount:" in result.stderr:
        pytest.skip(f"no mount namespace can be made here: {result.stderr.strip()}")
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_full_disk_loses_no_acknowledged_write(tmp_path: Path) -> None:
    said = on_a_small_disk(tmp_path / "disk", FILLER).splitlines()
    assert len(said) == 3
    assert "too full to save" in said[0]
    assert re.search(r"too full to save /\S+/files\.", said[1])
    assert said[2] == "True ok ['room again', '']"
