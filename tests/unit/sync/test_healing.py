"""What goes wrong in a shared library heals, is told once, and leaves no deleted words behind."""

from __future__ import annotations

import json
import os
import shutil
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from desktop_app.chat.text_store import TextStore
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.domain.conversations.conversation import Draft, now
from desktop_app.domain.conversations.message_parts import Attachment
from desktop_app.domain.conversations.written_text import WrittenText
from desktop_app.domain.errors import SyncRefusedError, SyncTargetError
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage import expiry_clock
from desktop_app.storage.row_conversion import to_row
from desktop_app.storage.schema import latest_version
from desktop_app.sync import format as form
from desktop_app.sync.format import Head, LibraryKey, Segment, Span
from desktop_app.sync.storage import FolderStorage
from desktop_app.sync.target import Target
from tests.helpers.messages import answer, question
from tests.helpers.synced_computers import PASSPHRASE, Computer, computers, settle


@pytest.fixture(autouse=True, scope="module")
def _quick_passphrase() -> Iterator[None]:
    with patch.object(form, "_SCRYPT_N", 1 << 4):
        yield


def stored_text(shared: Path, key: LibraryKey) -> str:
    """Return the content of all segments in the storage, as somebody with the key reads it."""
    found = []
    for path in sorted((shared / "devices").glob("*/*-*")):
        name = path.relative_to(shared).as_posix()
        content = key.unseal(name, int(path.name[-10:]), path.read_bytes())
        found.append(zlib.decompress(content).decode())
    return "\n".join(found)


async def problems_of(computer: Computer) -> dict[str, Any]:
    state = await computer.sync.state()
    assert state is not None
    return dict(state.problems)


async def titles(computer: Computer) -> dict[str, str]:
    return dict(await computer.conversations.titles())


class Peer:
    """Another program that writes into the storage, perhaps a later version."""

    def __init__(self, shared: Path, key: LibraryKey, id_: str = "ab" * 8) -> None:
        self.shared, self.key, self.id = shared, key, id_
        self.spans: tuple[Span, ...] = ()
        self.seen: dict[str, int] = {}

    def send(self, *entries: Any) -> None:
        number = len(self.spans) + 1
        self.spans += (Span(number, number),)
        name = form.segment_name(self.id, self.spans[-1])
        segment = Segment(latest_version(), self.seen, list(entries))
        at = time.time_ns() // 1000
        head = Head(os.urandom(4).hex(), "peer", number, self.spans, self.seen, at)
        (self.shared / name).parent.mkdir(parents=True, exist_ok=True)
        (self.shared / name).write_bytes(form.pack(self.key, name, number, segment))
        name = form.head_name(self.id)
        (self.shared / name).write_bytes(form.pack(self.key, name, 0, head))


async def test_deleted_words_leave_the_storage_and_each_store(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        key = await made[0].sync.key()
        await made[0].add("c1", "Zanzibar title")
        await made[0].write(question("Zanzibar question"), "c1")
        await made[0].add("c2", "Kept")
        await made[0].write(question("Kept question"), "c2")
        await settle(made, 1)
        await made[1].write(answer("Zanzibar answer"), "c1")
        await made[1].conversations.rename("c1", "Zanzibar again")
        await settle(made)
        assert "Zanzibar" in stored_text(tmp_path / "shared", key)
        await made[0].conversations.erase(["c1"])
        await settle(made, 2)
        text = stored_text(tmp_path / "shared", key)
        assert "Zanzibar" not in text
        assert "Kept question" in text
        for each in made:
            await each.database.checkpoint_log()
            assert not await each.database.rows("SELECT 1 FROM settings WHERE key LIKE 'store.u%'")
            assert b"anzibar" not in each.database.path.read_bytes().replace(
                b"Zanzibar", b"zanzibar"
            )


@pytest.mark.parametrize("is_one", [True, False], ids=["one conversation", "each another one"])
async def test_renames_do_not_add_up(tmp_path: Path, is_one: bool) -> None:
    async with computers(tmp_path, "a", "b") as made:
        for number in range(20):
            await made[0].add(f"c{number}")
            await made[0].write(
                question(f"Question {number}, which is somewhat long"), f"c{number}"
            )
        await made[0].sync.synchronize()
        size = sum(p.stat().st_size for p in (tmp_path / "shared").rglob("*") if p.is_file())
        for number in range(40):
            id_ = "c1" if is_one else f"c{number % 20}"
            await made[0].conversations.rename(id_, f"Renamed {number}")
            await made[0].sync.synchronize()
        files = [path for path in (tmp_path / "shared").rglob("*") if path.is_file()]
        assert len(files) < 12
        assert sum(path.stat().st_size for path in files) < 2 * size + 1000
        await settle(made, 1)
        assert await made[0].content() == await made[1].content()


async def test_a_lost_computer_is_told_once_and_struck_off(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b", "c") as made:
        await made[2].add("of c", "Of the lost one")
        await settle(made)
        lost = await made[2].sync._device()
        shutil.rmtree(tmp_path / "shared" / "devices" / lost)
        (problem,) = (await made[0].sync.synchronize()).problems
        assert problem.params["name"] == "c"
        assert not (await made[0].sync.synchronize()).problems
        assert await problems_of(made[0])
        await made[0].sync.strike_off("c")
        for each in made[:2]:
            await each.sync.synchronize()
            await each.sync.synchronize()
            assert not await problems_of(each)
            assert "c" not in [device.name for device in await each.sync.devices()]
        (tmp_path / "d").mkdir()
        other = Computer(tmp_path / "d", "d")
        await other.database.open()
        try:  # what only the lost one had sent
            await other.sync.join(Target(str(tmp_path / "shared")), PASSPHRASE, name="d")
            await other.sync.synchronize()
            assert await titles(other) == {"of c": "Of the lost one"}
        finally:
            await other.database.close()
        # It was found again.
        await made[2].add("later", "Written while it was struck off")
        await settle([made[2], *made[:2]])
        assert await made[2].sync._device() != lost
        assert await made[0].content() == await made[1].content() == await made[2].content()
        assert "later" in await titles(made[0])


async def test_the_files_of_a_struck_off_computer_go(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        await made[1].add("c1", "Of b")
        await settle(made)
        lost = await made[1].sync._device()
        await made[0].sync.strike_off(lost)
        await made[0].sync.synchronize()
        assert not list((tmp_path / "shared" / "devices" / lost).glob("*"))
        assert "Of b" in stored_text(tmp_path / "shared", await made[0].sync.key())


def emptied(shared: Path, own: str) -> None:
    shutil.rmtree(shared / "devices" / own)


def unreadable(shared: Path, own: str) -> None:
    (shared / "devices" / own / "head").write_bytes(b"torn")


def without_library(shared: Path, _own: str) -> None:
    (shared / "library.json").unlink()


def rolled_back(shared: Path, own: str) -> None:
    for path in (shared / "devices" / own).iterdir():
        if path.name >= "0000000002" and path.name != "head":
            path.unlink()
    shutil.copyfile(shared / "head.old", shared / "devices" / own / "head")


@pytest.mark.parametrize(
    "damage",
    [emptied, unreadable, without_library, rolled_back],
    ids=lambda value: str(value.__name__),
)
async def test_what_the_storage_lost_is_written_again(
    tmp_path: Path, damage: Callable[[Path, str], None]
) -> None:
    shared = tmp_path / "shared"
    async with computers(tmp_path, "a", "b") as made:
        await made[0].add("c1")
        await settle(made, 1)
        own = await made[0].sync._device()
        shutil.copyfile(shared / "devices" / own / "head", shared / "head.old")
        for id_ in ("c2", "c3"):
            await made[0].add(id_)
            await settle(made, 1)
        damage(shared, own)
        await settle(made)
        assert await made[0].sync._device() == own
        assert len(list((shared / "devices").iterdir())) == 2
        assert not await problems_of(made[0])
        (tmp_path / "d").mkdir()
        other = Computer(tmp_path / "d", "d")
        await other.database.open()
        try:
            await other.sync.join(Target(str(shared)), PASSPHRASE, name="d")
            await settle([other, *made])
            assert set(await titles(other)) == {"c1", "c2", "c3"}
        finally:
            await other.database.close()


async def test_one_unreadable_file_stops_nothing_else(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        for id_ in ("c1", "c2"):
            await made[0].add(id_)
            await made[0].sync.synchronize()
        await made[1].add("of b")
        read = FolderStorage.read

        async def refusing(self: FolderStorage, name: str) -> bytes | None:
            if name.endswith("/0000000001-0000000001"):
                raise SyncRefusedError("This file only")
            return await read(self, name)

        with patch.object(FolderStorage, "read", refusing):
            assert (await made[1].sync.synchronize()).problems
            assert set(await titles(made[1])) == {"c2", "of b"}
            await made[0].sync.synchronize()
            assert "of b" in await titles(made[0]) or await made[0].sync.synchronize()
        await settle(made)
        assert await made[0].content() == await made[1].content()
        assert not await problems_of(made[1])


LATER = {"kind": "telepathy", "name": "Later"}


@pytest.mark.parametrize(
    "entry",
    [
        ["fields", "profiles", "p1", {"position": [9, 1], "body": [9, json.dumps(LATER)]}],
        ["fields", "profiles", "p1", {"position": [9, 1], "body": [9, "{broken"]}],
        ["fields", "settings", "answer.temperature", {"value": [9, "{broken"]}],
        ["fields", "settings", "answer.temperature", {"value": [9, [1, 2]]}],
        ["fields", "conversations", "c1", {"title": [1 << 60, {"a": 1}]}],
        ["fields", "conversations", "c1", {"trashed_at": [1 << 60, 1 << 61]}],
        ["fields", "folders", "f1", {"created_at": [9, 9], "name": [9, ["x"]]}],
        [
            "row",
            "messages",
            "m1",
            0,
            {"conversation_id": "c1", "parent_id": None, "role": "seer"},
            [],
        ],
        ["row", "thoughts", "t1", 0, {"text": "of a later version"}, []],
        ["forgotten", "conversations", "c1", 9],
        ["gone"],
        {"not": "an entry"},
        5,
    ],
    ids=lambda value: json.dumps(value)[:70],
)
async def test_what_a_later_version_sends_is_kept_and_named(tmp_path: Path, entry: Any) -> None:
    async with computers(tmp_path, "a") as made:
        (computer,) = made
        await computer.add("c1", "Readable")
        await computer.sync.synchronize()
        peer = Peer(tmp_path / "shared", await computer.sync.key())
        fine = {"title": [1 << 61, "Renamed"]}
        peer.send(["fields", "settings", "answer.telepathy", {"value": [9, "true"]}])
        peer.send(entry, ["fields", "conversations", "c1", fine])
        assert len((await computer.sync.synchronize()).problems) == 1
        assert not (await computer.sync.synchronize()).problems  # told once, and not tried again
        assert len(await problems_of(computer)) == 1
        store = SettingsStore(computer.database)
        assert (await store.profiles(), await store.all()) == ([], {"answer.telepathy": True})
        assert [each.title for each in await computer.conversations.all()] == ["Renamed"]
        await computer.conversations.messages("c1")
        (kept,) = await computer.database.rows("SELECT entry FROM sync_waiting")
        assert json.loads(kept["entry"]) == entry
        await computer.database.execute("UPDATE sync_waiting SET refused_by = '0.0.1'")
        assert not (await computer.sync.synchronize()).problems  # the next version tries once more


def reply(id_: str, parent: str) -> list[Any]:
    """Return the entry of a message."""
    message = replace(question("Zanzibar"), id=id_, conversation_id="c1", parent_id=parent)
    return ["row", "messages", id_, 0, to_row(message, "owner_pid", "remote_run"), []]


async def test_a_reply_waits_only_while_its_question_may_come(tmp_path: Path) -> None:
    async with computers(tmp_path, "a") as made:
        (computer,) = made
        await computer.add("c1")
        first = question("First")
        await computer.write(first, "c1")
        await computer.sync.synchronize()
        key = await computer.sync.key()
        asking, replying = (Peer(tmp_path / "shared", key, id_ * 8) for id_ in ("ab", "cd"))
        replying.seen = {asking.id: 1}
        replying.send(reply("m3", "m2"))
        await computer.sync.synchronize()
        assert await computer.sync.waiting() == 1  # the question has not arrived
        asking.send(reply("m2", first.id))
        await computer.sync.synchronize()
        found = {message.id for message in await computer.conversations.messages("c1")}
        assert found == {first.id, "m2", "m3"}
        replying.send(reply("m5", "m4"))  # an answer, which still runs there
        await computer.sync.synchronize()
        assert await computer.sync.waiting() == 1
        await computer.write(question("Unseen, so that it is added again"), "c1")
        asking.send(["gone", "conversations", "c1", 1 << 60, {}])
        await computer.sync.synchronize()
        assert len(await computer.conversations.messages("c1")) == 4
        assert not await computer.database.rows("SELECT 1 FROM sync_waiting")


async def test_deleted_words_that_could_not_be_read_do_not_stay(tmp_path: Path) -> None:
    async with computers(tmp_path, "a") as made:
        (computer,) = made
        for id_ in ("c1", "c2"):
            await computer.add(id_)
        await computer.sync.synchronize()
        peer = Peer(tmp_path / "shared", await computer.sync.key())
        strange = {"conversation_id": "c1", "parent_id": None, "role": "Zanzibar"}
        title = {"title": [1 << 59, {"Zanzibar": 1}]}
        peer.send(["row", "messages", "m1", 0, strange, []])
        peer.send(["fields", "conversations", "c2", title])
        assert len((await computer.sync.synchronize()).problems) == 2
        await computer.conversations.erase(["c1"])
        peer.send(["gone", "conversations", "c2", 1 << 60, {}])
        await computer.sync.synchronize()
        assert not await problems_of(computer)
        assert not await computer.database.rows("SELECT 1 FROM sync_waiting")


async def test_a_message_unseen_by_the_deleting_computer_keeps_its_conversation(
    tmp_path: Path,
) -> None:
    async with computers(tmp_path, "a", "b", "c") as made:
        for id_ in ("c1", "c2", "c3"):
            await made[0].add(id_)
            await made[0].write(question(f"First of {id_}"), id_)
        await settle(made)
        await made[1].write(question("Unseen"), "c1")
        draft = Draft("Being typed")
        await made[1].conversations.save_draft("c3", draft)
        await made[0].conversations.erase(["c1", "c2", "c3"])
        await settle(made)
        for each in made:
            assert set(await titles(each)) == {"c1", "c3"}
            texts = {message.text for message in await each.conversations.messages("c1")}
            assert texts == {"First of c1", "Unseen"}
        kept = await made[1].conversations.get("c3")
        assert kept is not None
        assert kept.draft == draft


async def test_leaving_keeps_the_times_of_changes(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        await made[0].add("c1", "First")
        await settle(made)
        before = len(list((tmp_path / "shared" / "devices").glob("*/*-*")))
        await made[0].conversations.rename("c1", "Earlier")
        await made[1].sync.leave()
        assert await made[1].sync.state() is None
        await made[1].database.execute("UPDATE sync_device SET clock = clock + 1000000")
        await made[1].conversations.rename("c1", "Later, and while it had left")
        shutil.copytree(tmp_path / "shared", tmp_path / "moved")
        for each in made:  # another address is no other library
            assert not await each.sync.join(Target(str(tmp_path / "moved")), PASSPHRASE)
        await settle(made)
        for each in made:
            assert await titles(each) == {"c1": "Later, and while it had left"}
        devices = tmp_path / "moved" / "devices"
        assert len(list(devices.iterdir())) == 2
        assert len(list(devices.glob("*/*-*"))) == before + 2


async def test_codes_are_checked(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    async with computers(tmp_path, "a", "b", is_joined=False) as made:
        await made[0].sync.join(Target(str(shared)), PASSPHRASE)
        await made[0].add("c1")
        await made[0].sync.synchronize()
        code = (await made[0].sync.key()).code()
        wrong = ("B" if code[0] == "A" else "A") + code[1:]
        unchecked = code.replace("-", "")[:52]
        for earlier in (False, True):
            if earlier:  # the file as earlier versions wrote it
                fields = msgspec.json.decode((shared / "library.json").read_bytes())
                del fields["check"]
                (shared / "library.json").write_bytes(msgspec.json.encode(fields))
            for typed in (wrong, wrong.replace("-", "")[:52]):
                with pytest.raises(SyncRefusedError):
                    await made[1].sync.join(Target(str(shared)), typed)
                assert await made[1].sync.state() is None
            for typed in (code, code.lower().replace("-", " "), unchecked):
                assert not await made[1].sync.join(Target(str(shared)), typed)
                await made[1].sync.synchronize()
                assert await titles(made[1]) == {"c1": "c1"}
                await made[1].sync.leave()


@pytest.mark.parametrize(
    "change",
    [
        {"scrypt_n": -1},
        {"scrypt_n": 0},
        {"scrypt_n": 1 << 40},
        {"scrypt_n": 3},
        {"salt": "zz"},
        {"key": ""},
        {"format": 2},
        {"format": "1"},
    ],
    ids=str,
)
def test_a_changed_file_of_the_library_ends_in_a_sentence(change: dict[str, Any]) -> None:
    _, content = form.new_library(PASSPHRASE)
    fields = {**msgspec.json.decode(content), **change}
    with pytest.raises(SyncRefusedError):
        form.open_library(msgspec.json.encode(fields), PASSPHRASE)


async def test_an_emptied_storage_is_not_filled_again(tmp_path: Path) -> None:
    async with computers(tmp_path, "a") as made:
        await made[0].add("c1")
        await made[0].sync.synchronize()
        for path in (tmp_path / "shared").iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        with pytest.raises(SyncTargetError):
            await made[0].sync.synchronize()
        assert not list((tmp_path / "shared").iterdir())


async def test_changes_that_come_to_nothing_do_not_hold_up_others(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        await made[0].sync.synchronize()
        connection = "INSERT INTO sync_changes SELECT 'messages', 'x' || value, '', 0, 'd', 5, NULL"
        await made[0].database.execute(
            f"{connection} FROM json_each(?)", json.dumps(list(range(4500)))
        )
        await made[0].add("c1")
        assert (await made[0].sync.synchronize()).sent == 1
        assert not await made[0].sync.unsent()


async def test_versions_of_a_text_are_kept_as_the_store_does(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        a, b = (TextStore(each.database) for each in made)
        await made[0].add("c1")
        text = WrittenText("t1", "c1", "Text", "start")
        await a.put(text)
        await settle(made)
        for number in range(5):
            await b.put(replace(text, body=f"Kept on purpose {number}"), keeps_version=True)
        await settle(made)
        for number in range(24):
            await a.put(replace(text, body=f"State {number}"))
            await made[0].sync.synchronize()
            if number % 4 == 0:
                await made[1].sync.synchronize()
        await settle(made)
        latest = await b.latest_in("c1")
        assert latest is not None
        assert latest.body == "State 23"
        versions = [await b.version(latest, each.id) for each in await b.versions(latest)]
        assert len([body for body in versions if "on purpose" in body]) >= 4
        assert len(versions) < 8


async def test_attachments_that_nobody_names_go_after_a_time(tmp_path: Path) -> None:
    import hashlib

    async with computers(tmp_path, "a") as made:
        store = AttachmentStore(made[0].database, made[0].attachments)
        data = b"a document"
        sha256 = hashlib.sha256(data).hexdigest()
        await store.add(data, Attachment(sha256, "a.txt", "text/plain", text="a document"))
        await made[0].sync.synchronize()
        files = tmp_path / "shared" / "files"
        assert any(path.is_file() for path in files.rglob("*"))
        await made[0].database.execute("DELETE FROM attachments")
        await made[0].sync.synchronize()
        assert any(path.is_file() for path in files.rglob("*"))
        for days, is_there in ((8, True), (10, False)):  # the first may be a wrong clock
            week = now() + timedelta(days=days)
            with (
                patch.object(time, "time", week.timestamp),
                patch.object(expiry_clock, "now", lambda: week),  # noqa: B023 - it is called here
            ):
                await made[0].sync.synchronize()
            assert any(path.is_file() for path in files.rglob("*")) == is_there
        await store.add(data, Attachment(sha256, "a.txt", "text/plain", text="a document"))
        await made[0].sync.synchronize()
        assert any(path.is_file() for path in files.rglob("*"))
        store.close()
