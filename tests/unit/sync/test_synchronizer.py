"""Computers that share a library have the same one in the end, and lose nothing."""

from __future__ import annotations

import getpass
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from desktop_app.budget.budget import SpendingHolds
from desktop_app.budget.ledger import insert_call
from desktop_app.chat.conversation_store import update_answer
from desktop_app.chat.text_store import TextStore
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import MessageStatus, now
from desktop_app.domain.conversations.message_parts import Attachment, DocumentPart, TextPart
from desktop_app.domain.conversations.written_text import WrittenText
from desktop_app.domain.cost import Usage
from desktop_app.domain.errors import (
    AttachmentMissingError,
    SyncBusyError,
    SyncError,
    SyncRefusedError,
    SyncTargetError,
)
from desktop_app.domain.spending_report import Call, Purpose
from desktop_app.library.search_query import Search
from desktop_app.memory.memory import Memory
from desktop_app.storage.expiry_clock import expiry_time_at
from desktop_app.storage.row_conversion import from_micros
from desktop_app.sync import device_state, entries, own_segments, rescue, synchronizer
from desktop_app.sync import format as form
from desktop_app.sync.applier import Applier
from desktop_app.sync.entries import Held, entries_of
from desktop_app.sync.format import Span
from desktop_app.sync.storage import FolderStorage
from desktop_app.sync.synchronizer import PASSPHRASE_VARIABLE, Synchronizer
from desktop_app.sync.target import Target
from tests.helpers.blocking import blocking
from tests.helpers.examples import examples
from tests.helpers.messages import answer, question, streaming
from tests.helpers.synced_computers import PASSPHRASE, Computer, computers, settle


@pytest.fixture(autouse=True, scope="module")
def _quick_passphrase() -> Iterator[None]:
    with patch.object(form, "_SCRYPT_N", 1 << 4):
        yield


ACTIONS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(
            [
                *("add", "ask", "rename", "pin", "erase", "folder", "unfold", "set", "text"),
                *("trash text", "erase text", "note", "forget", "sync", "cut"),
            ]
        ),
        st.integers(0, 3),
        st.integers(0, 3),
    ),
    max_size=40,
)


@contextmanager
def cut_at(number: int) -> Iterator[None]:
    """End a synchronization at one of its accesses to the storage, before or after its effect."""
    count = 0

    def cutting(method: Callable[..., Any]) -> Callable[..., Any]:
        async def access(self: FolderStorage, *arguments: Any) -> Any:
            nonlocal count
            count += 1
            if count == number // 2 and number % 2:
                raise SyncError("cut before")
            result = await method(self, *arguments)
            if count == number // 2:
                raise SyncError("cut after")
            return result

        return access

    with ExitStack() as patches:
        for name in ("read", "write", "remove"):
            method = cutting(getattr(FolderStorage, name))
            patches.enter_context(patch.object(FolderStorage, name, method))
        yield


async def act_on_texts(store: TextStore, action: str, id_: str, words: str) -> None:
    trashed = await store.listed(id_, in_trash=True)
    if action == "text":
        text = await store.latest_in(id_) or WrittenText(f"{id_} of {words}", id_, "Text")
        await store.put(replace(text, body=words))
    elif action == "trash text":
        for each in trashed or await store.listed(id_):
            await store.trash(each, is_trashed=not trashed)
    else:
        for each in trashed:
            await store.erase(each.id)


async def act(computer: Computer, action: str, which: int, other: int) -> None:
    id_ = f"c{which}"
    known = await computer.conversations.get(id_)
    if action == "sync":
        await computer.sync.synchronize()
    elif action == "cut":
        with suppress(SyncError), cut_at(4 * which + other):
            await computer.sync.synchronize()
    elif action == "add" and known is None:
        await computer.add(id_, f"{id_} by {computer.name}")
    elif action == "note":
        await computer.database.execute(
            """INSERT INTO memory (id, text, created_at, folder_id)
            VALUES (?, ?, 5, (SELECT id FROM folders WHERE id = ?))
            ON CONFLICT DO UPDATE SET text = excluded.text""",
            f"n{which}",
            f"{other} by {computer.name}",
            f"f{other}",
        )
    elif action == "forget":
        await computer.database.execute("DELETE FROM memory WHERE id = ?", f"n{which}")
    elif action == "set":
        await computer.settings.set("answer.temperature", other)
    elif action == "folder":
        await computer.database.execute(
            "INSERT OR IGNORE INTO folders (id, name, created_at, overrides) VALUES (?, ?, 5, '')",
            f"f{other}",
            computer.name,
        )
    elif action == "unfold":
        await computer.database.execute("DELETE FROM folders WHERE id = ?", f"f{other}")
    elif known is None:
        return
    elif action == "ask":
        tree = await computer.conversations.messages(id_)
        parent = tree[other % len(tree)].id if tree else None
        await computer.write(answer(f"{computer.name} {other}"), id_, parent)
    elif action in ("text", "trash text", "erase text"):
        await act_on_texts(TextStore(computer.database), action, id_, f"{other} by {computer.name}")
    elif action == "rename":
        await computer.conversations.rename(id_, f"{other} by {computer.name}")
    elif action == "pin":
        await computer.database.execute(
            """UPDATE conversations SET pinned = 1 - pinned,
            folder_id = (SELECT id FROM folders WHERE id = ?) WHERE id = ?""",
            f"f{other}",
            id_,
        )
    else:
        await computer.conversations.erase([id_])


@given(ACTIONS)
@settings(max_examples=min(1_000, examples(100)), deadline=None, phases=[Phase.generate])
def test_all_computers_have_the_same_library_in_the_end(actions: list) -> None:
    @blocking
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with computers(Path(folder), "a", "b", "c") as made:
                for computer, action, which, other in actions:
                    await act(made[computer], action, which, other)
                await settle(made)
                contents = [await each.content() for each in made]
                assert contents[0] == contents[1] == contents[2]
                for each in made:
                    assert not await each.database.rows("SELECT * FROM sync_waiting")
                    assert not await each.sync.unsent()

    run()


# -------------------------------------------------------------- what a storage may do


def files_of(folder: Path, suffix: str = "") -> list[Path]:
    """Return the segments in the storage, oldest first."""
    return sorted(
        path for path in (folder / "shared" / "devices").rglob(f"*{suffix}") if "-" in path.name
    )


async def conversations_of(computer: Computer) -> set[str]:
    return set(await computer.conversations.ids())


async def wrote_three(folder: Path, made: list[Computer]) -> list[Path]:
    """Have the first computer send three conversations, each in a segment."""
    for id_ in ("c1", "c2", "c3"):
        await made[0].add(id_)
        await made[0].sync.synchronize()
    return files_of(folder)


def tear(paths: list[Path]) -> None:
    paths[1].write_bytes(paths[1].read_bytes()[:-5])


def change(paths: list[Path]) -> None:
    content = bytearray(paths[1].read_bytes())
    content[40] ^= 1
    paths[1].write_bytes(content)


def swap(paths: list[Path]) -> None:
    first, second = paths[1].read_bytes(), paths[2].read_bytes()
    paths[1].write_bytes(second)
    paths[2].write_bytes(first)


def remove(paths: list[Path]) -> None:
    paths[1].unlink()


def repeat(paths: list[Path]) -> None:
    paths[1].write_bytes(paths[0].read_bytes())


def empty(paths: list[Path]) -> None:
    paths[1].write_bytes(b"")


@pytest.mark.parametrize("arrives", [True, False], ids=["arrives", "is written again"])
@pytest.mark.parametrize(
    ("damage", "lost"),
    [
        (tear, {"c2"}),
        (change, {"c2"}),
        (swap, {"c2", "c3"}),
        (remove, {"c2"}),
        (repeat, {"c2"}),
        (empty, {"c2"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_damaged_segment_is_named_and_the_rest_goes_on(
    tmp_path: Path, damage: Callable[[list[Path]], None], lost: set[str], arrives: bool
) -> None:
    async with computers(tmp_path, "a", "b") as made:
        paths = await wrote_three(tmp_path, made)
        whole = [path.read_bytes() for path in paths]
        damage(paths)
        result = await made[1].sync.synchronize()
        assert await conversations_of(made[1]) == {"c1", "c2", "c3"} - lost
        named = {problem.params["name"] for problem in result.problems}
        if damage is remove:  # it is still on its way
            assert not named
        else:
            assert any(paths[1].name in str(name) for name in named)
        assert not (await made[1].sync.synchronize()).problems  # they are told once
        if arrives:
            for path, content in zip(paths, whole, strict=True):
                path.write_bytes(content)
        else:  # its writer hears of it
            await made[0].sync.synchronize()
        assert not (await made[1].sync.synchronize()).problems
        assert await conversations_of(made[1]) == {"c1", "c2", "c3"}
        state = await made[1].sync.state()
        assert state is not None
        assert not state.problems
        assert not any(device.is_behind for device in await made[1].sync.devices())


async def test_a_foreign_file_is_refused_by_name(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        await wrote_three(tmp_path, made)
        stranger = tmp_path / "shared" / "devices" / "stranger"
        stranger.mkdir()
        (stranger / "head").write_bytes(b"RPT\x01" + bytes(100))
        (problem,) = (await made[1].sync.synchronize()).problems
        assert "stranger" in str(problem.params["name"])
        assert await conversations_of(made[1]) == {"c1", "c2", "c3"}


async def test_hidden_segments_are_noticed(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b", "c") as made:
        await made[0].add("c1")
        await settle(made, 1)
        head = next(path for path in (tmp_path / "shared").rglob("head"))
        heads = {path: path.read_bytes() for path in (tmp_path / "shared").rglob("head")}
        await made[0].add("c2")
        await made[0].sync.synchronize()
        await made[1].sync.synchronize()
        own = f"{await made[0].sync._device()}/head"
        for path, content in heads.items():
            if str(path).endswith(own):
                path.write_bytes(content)
        assert head.exists()
        (problem,) = (await made[2].sync.synchronize()).problems
        assert problem.params["name"] == "a"


async def test_a_copy_of_a_computer_takes_another_name(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        await wrote_three(tmp_path, made)
        (tmp_path / "copy").mkdir()
        copied = made[0].database.path
        await made[0].database.checkpoint_log()
        shutil.copyfile(copied, tmp_path / "copy" / copied.name)
        copy = Computer(tmp_path / "copy", "copy")
        copy.vault.secrets = made[0].vault.secrets
        await copy.database.open()
        try:
            await made[0].add("of the original")
            await copy.add("of the copy")
            await settle([made[0], copy, made[1]])
            contents = [await each.content() for each in (made[0], copy, made[1])]
            assert contents[0] == contents[1] == contents[2]
            assert await conversations_of(copy) >= {"of the original", "of the copy", "c1"}
            assert len(list((tmp_path / "shared" / "devices").iterdir())) == 3
        finally:
            await copy.database.close()


@pytest.mark.parametrize("is_replaced", [False, True], ids=["emptied", "replaced"])
async def test_an_emptied_or_replaced_storage_deletes_nothing(
    tmp_path: Path, is_replaced: bool
) -> None:
    async with computers(tmp_path, "a", "b") as made:
        await wrote_three(tmp_path, made)
        await settle(made, 1)
        shutil.rmtree(tmp_path / "shared")
        (tmp_path / "shared").mkdir()
        if is_replaced:
            stranger = Computer(tmp_path / "b", "stranger")
            stranger.database = made[1].database
            _, content = form.new_library("another passphrase")
            (tmp_path / "shared" / "library.json").write_bytes(content)
        for each in made:
            with pytest.raises(SyncTargetError):
                await each.sync.synchronize()
            assert await conversations_of(each) == {"c1", "c2", "c3"}


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"format": 1, "library": "\xff"}'])
def test_a_damaged_file_of_the_library_is_refused(content: bytes) -> None:
    with pytest.raises(SyncRefusedError):
        form.library_of(content)


async def test_a_folder_that_is_not_there_was_not_emptied(tmp_path: Path) -> None:
    async with computers(tmp_path, "a") as made:
        await wrote_three(tmp_path, made)
        (tmp_path / "shared").rename(tmp_path / "pulled out")
        with pytest.raises(SyncError) as caught:
            await made[0].sync.synchronize()
        assert not isinstance(caught.value, SyncTargetError)
        (tmp_path / "pulled out").rename(tmp_path / "shared")
        assert not (await made[0].sync.synchronize()).problems


async def test_a_wrong_passphrase_joins_nothing(tmp_path: Path) -> None:
    async with computers(tmp_path, "a") as made:
        (tmp_path / "b").mkdir()
        other = Computer(tmp_path / "b", "b")
        await other.database.open()
        try:
            with pytest.raises(SyncRefusedError):
                await other.sync.join(Target(str(tmp_path / "shared")), "wrong horse battery")
            assert await other.sync.state() is None
            code = (await made[0].sync.key()).code()
            await made[0].add("c1")
            await made[0].sync.synchronize()
            assert not await other.sync.join(Target(str(tmp_path / "shared")), code)
            await other.sync.synchronize()
            assert await conversations_of(other) == {"c1"}
        finally:
            await other.database.close()


async def test_changes_of_a_newer_version_wait(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        with patch.object(own_segments, "latest_version", lambda: 1000):
            await wrote_three(tmp_path, made)
        (problem,) = (await made[1].sync.synchronize()).problems
        assert problem.params["name"] == "a"
        assert not await conversations_of(made[1])
        with patch.object(synchronizer, "latest_version", lambda: 1000):
            await made[1].sync.synchronize()
        assert await conversations_of(made[1]) == {"c1", "c2", "c3"}


async def test_a_clock_that_is_ten_years_off_loses_nothing(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        decade = 10 * 365 * 24 * 3600 * 1_000_000
        await made[0].database.execute(
            "UPDATE sync_device SET clock = ?", time.time_ns() // 1000 + decade
        )
        await made[0].add("c1", "first")
        await settle(made)
        await made[1].conversations.rename("c1", "second")
        await settle(made)
        await made[0].conversations.rename("c1", "third")
        await settle(made)
        assert [(await each.conversations.get("c1")).title for each in made] == ["third"] * 2


@pytest.mark.parametrize("fails_at", range(1, 9))
async def test_a_kill_at_any_write_loses_and_repeats_nothing(tmp_path: Path, fails_at: int) -> None:
    """Each write to the storage fails once, before or after it took effect."""
    async with computers(tmp_path, "a", "b") as made:
        await made[0].add("c1")
        await made[0].sync.synchronize()
        writes = 0
        write = FolderStorage.write

        async def killed(self: FolderStorage, name: str, content: bytes) -> None:
            nonlocal writes
            writes += 1
            if writes == (fails_at + 1) // 2 and fails_at % 2:
                raise SyncError("killed before")
            await write(self, name, content)
            if writes == (fails_at + 1) // 2:
                raise SyncError("killed after")

        with patch.object(FolderStorage, "write", killed):
            for id_ in ("c2", "c3"):
                await made[0].add(id_)
                with suppress(SyncError):
                    await made[0].sync.synchronize()
        await settle(made)
        assert (await made[0].content()) == (await made[1].content())
        assert await conversations_of(made[1]) == {"c1", "c2", "c3"}
        assert len(list((tmp_path / "shared" / "devices").iterdir())) == 2


async def test_a_copy_does_not_replace_what_the_original_wrote(tmp_path: Path) -> None:
    """The copy was killed before its first segment reached the storage."""
    async with computers(tmp_path, "a", "b") as made:
        await wrote_three(tmp_path, made)
        (tmp_path / "copy").mkdir()
        await made[0].database.checkpoint_log()
        shutil.copyfile(made[0].database.path, tmp_path / "copy" / made[0].database.path.name)
        copy = Computer(tmp_path / "copy", "copy")
        copy.vault.secrets = made[0].vault.secrets
        await copy.database.open()
        try:
            await copy.add("of the copy")
            killed = patch.object(FolderStorage, "write", side_effect=SyncError("killed"))
            with killed, suppress(SyncError):
                await copy.sync.synchronize()
            await made[0].add("of the original")
            await made[0].sync.synchronize()
            await settle([copy, made[1], made[0]])
            for each in (copy, *made):
                assert await conversations_of(each) >= {"of the original", "of the copy", "c1"}
        finally:
            await copy.database.close()


async def test_a_computer_that_was_away_for_half_a_year_continues(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        await wrote_three(tmp_path, made)
        await settle(made)
        former = await made[0].sync._device()
        half_a_year = time.time() + 181 * 24 * 3600
        with patch.object(time, "time", lambda: half_a_year):
            await made[0].conversations.erase(["c1"])
            await made[1].conversations.rename("c2", "Renamed meanwhile")
            await settle([made[1], made[0], made[1]])
        assert await made[0].sync._device() == former
        assert await made[0].content() == await made[1].content()
        assert await conversations_of(made[0]) == {"c2", "c3"}


async def test_a_replaced_storage_with_the_same_passphrase_is_refused(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        made[1].vault.secrets.clear()
        made[1].sync = Synchronizer(
            made[1].database,
            made[1].attachments,
            made[1].vault,  # type: ignore[arg-type]
            {PASSPHRASE_VARIABLE: PASSPHRASE},
        )
        with patch.object(synchronizer, "open_library", wraps=synchronizer.open_library) as opened:
            await made[1].sync.synchronize()
            await made[1].sync.synchronize()
        assert opened.call_count == 1  # it takes 0.6 s, and a window synchronizes every minute
        shutil.copytree(tmp_path / "shared", tmp_path / "moved")
        command = Synchronizer(made[1].database, made[1].attachments, made[1].vault)  # type: ignore[arg-type]
        await command.leave()
        await command.join(Target(str(tmp_path / "moved")), PASSPHRASE, name="b")
        made[1].vault.secrets.clear()
        await made[1].add("c1")
        await made[1].sync.synchronize()  # not to where the window has synchronized before
        own = f"devices/{await made[1].sync._device()}/0000000001-0000000001"
        assert [(tmp_path / each / own).exists() for each in ("shared", "moved")] == [False, True]
        _, content = form.new_library(PASSPHRASE)
        (tmp_path / "moved" / "library.json").write_bytes(content)
        with pytest.raises(SyncTargetError):
            await made[1].sync.synchronize()


async def test_a_kill_while_joining_leaves_nothing_unsent(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b", is_joined=False) as made:
        await made[0].add("c1")
        await made[0].write(question("Old"), "c1")
        for each in made:
            await each.sync.join(Target(str(tmp_path / "shared")), PASSPHRASE, name=each.name)
        killed = patch.object(synchronizer, "mark_messages", side_effect=SyncError("killed"))
        with killed, suppress(SyncError):
            await made[0].sync.synchronize()
        await settle(made)
        assert len(await made[1].conversations.messages("c1")) == 1


async def test_a_computer_that_joins_again_sends_its_spending(tmp_path: Path) -> None:
    async with computers(tmp_path, "a") as made:
        call = Call(now(), "openai", "gpt-5.2", Purpose.ANSWER, Usage(1, 0, 1, 0), Decimal(1))
        await made[0].database.write(lambda c: insert_call(c, call))
        await made[0].sync.synchronize()
        shutil.rmtree(tmp_path / "shared")
        (tmp_path / "shared").mkdir()
        await made[0].sync.leave()
        await made[0].sync.join(Target(str(tmp_path / "shared")), PASSPHRASE, name="a")
        (tmp_path / "b").mkdir()
        other = Computer(tmp_path / "b", "b")
        await other.database.open()
        try:
            await other.sync.join(Target(str(tmp_path / "shared")), PASSPHRASE, name="b")
            await settle([made[0], other])
            assert len(await other.database.rows("SELECT * FROM ledger")) == 1
        finally:
            await other.database.close()


async def test_spending_says_when_other_computers_were_heard(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        call = Call(now(), "openai", "gpt-5.2", Purpose.ANSWER, Usage(1, 0, 1, 0), Decimal(1))
        await made[0].database.write(lambda c: insert_call(c, call))
        await settle(made)
        months = [await SpendingHolds(m.database).month(("openai",), None, now()) for m in made]
        assert [month.spent for month in months] == [1, 1]
        state = await made[1].sync.state()
        assert state is not None
        assert [month.as_of for month in months] == [None, from_micros(state.at)]


async def test_a_resumed_answer_replaces_its_beginning(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        await made[0].add("c1")
        begun = replace(answer("Begun", MessageStatus.INCOMPLETE), conversation_id="c1")
        await made[0].write(begun, "c1")
        await settle(made)
        for status, text in ((MessageStatus.STREAMING, "Begun"), (MessageStatus.COMPLETE, "All")):
            resumed = replace(begun, status=status, parts=(TextPart(text),))
            await made[0].database.write(partial(update_answer, answer=resumed))
            await settle(made, 1)
        await settle(made)
        (message,) = await made[1].conversations.messages("c1")
        assert (message.status, message.text) == (MessageStatus.COMPLETE, "All")


async def test_one_process_synchronizes_a_store_at_a_time(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        await made[0].add("c1")
        with patch.object(device_state, "this_process", lambda: (1, "another")):
            await made[0].database.write(device_state.take_ownership)
        lives = patch.object(device_state, "is_alive", lambda *_: True)
        with lives, pytest.raises(SyncBusyError):
            await made[0].sync.synchronize()
        await settle(made)  # that process has ended
        assert await conversations_of(made[1]) == {"c1"}


async def test_a_stray_file_among_the_devices_is_passed_over(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        await wrote_three(tmp_path, made)
        (tmp_path / "shared" / "devices" / ".DS_Store").write_bytes(b"x")
        assert not (await made[1].sync.synchronize()).problems
        assert await conversations_of(made[1]) == {"c1", "c2", "c3"}


async def test_own_segments_are_not_read_again(tmp_path: Path) -> None:
    async with computers(tmp_path, "a") as made:
        reads: list[str] = []
        read = FolderStorage.read

        async def noted(self: FolderStorage, name: str) -> bytes | None:
            reads.append(name)
            return await read(self, name)

        with patch.object(FolderStorage, "read", noted):
            for number in range(10):
                await made[0].add(f"c{number}")
                await made[0].sync.synchronize()
        assert len(files_of(tmp_path)) < 5
        assert not [name for name in reads if "-" in name]


async def test_a_file_that_cannot_be_fetched_is_missing(tmp_path: Path) -> None:
    async with computers(tmp_path, "a") as made:
        shutil.rmtree(tmp_path / "shared")
        gone = patch.object(FolderStorage, "read", side_effect=SyncError("gone"))
        with gone, pytest.raises(AttachmentMissingError):
            await made[0].sync.fetch("0" * 64)


async def test_two_answers_to_one_question_become_two_versions(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        await made[0].add("c1")
        asked = question("Why?")
        await made[0].write(asked, "c1")
        await settle(made)
        for each in made:
            await each.write(answer(f"by {each.name}"), "c1", asked.id)
        await settle(made)
        for each in made:
            texts = {message.text for message in await each.conversations.messages("c1")}
            assert texts == {"Why?", "by a", "by b"}


async def test_a_note_of_a_folder_waits_for_the_folder_or_goes_with_it(tmp_path: Path) -> None:
    folder = "f" * 32
    async with computers(tmp_path, "a", "b") as made:
        a, b = made
        await a.database.execute(
            "INSERT INTO folders (id, name, created_at, overrides) VALUES (?, 'Lease', 5, '')",
            folder,
        )
        note = await Memory(a.database).add("The flat is in Oslo.", folder)
        await b.database.write(
            lambda c: Applier(c, "d").apply(
                [["fields", "memory", "n", {"text": [9, "Early"], "created_at": [9, 1],
                  "folder_id": [9, folder], "conversation_id": [9, ""]}]]
            )
        )  # fmt: skip
        assert await Memory(b.database).all() == []  # never for all conversations
        await settle(made)
        assert {n.text for n in await Memory(b.database).notes_in(folder)} == {note.text, "Early"}
        assert await Memory(b.database).notes_in("") == ()
        await b.database.execute("DELETE FROM folders WHERE id = ?", folder)
        await settle(made)
        assert await Memory(a.database).all() == await Memory(b.database).all() == []


async def test_who_wrote_is_kept(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b", "c") as made:
        await made[0].add("c1")
        await settle(made)
        for each in made:
            await each.write(question(f"by {each.name}"), "c1")
        await settle(made[:2])
        await settle(made)
        for each in made:
            for message in await each.conversations.messages("c1"):
                writer = message.text.removeprefix("by ")
                assert message.computer == ("" if writer == each.name else writer)


async def test_both_states_of_a_text_are_kept(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        await made[0].add("c1")
        text = WrittenText("t1", "c1", "Text", "of both")
        await TextStore(made[0].database).put(text)
        await settle(made)
        # A second ahead: of two changes within a millisecond, either may win.
        await made[1].database.execute("UPDATE sync_device SET clock = clock + 1000000")
        for each in made:
            await TextStore(each.database).put(replace(text, body=f"by {each.name}"))
        await settle(made)
        for each in made:
            store = TextStore(each.database)
            latest = await store.latest_in("c1")
            assert latest is not None
            versions = [await store.version(latest, v.id) for v in await store.versions(latest)]
            assert latest.body == "by b"
            assert "by a" in versions


async def test_a_text_is_deleted_on_all_computers_unless_it_was_changed(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        a, b = (TextStore(each.database) for each in made)
        await made[0].add("c1")
        for name in ("t1", "t2"):
            await a.put(WrittenText(name, "c1", name, "Words", is_shown=False))
        await settle(made)
        for text in await a.listed():
            await a.trash(text, is_trashed=True)
        await settle(made)
        assert await b.listed() == []
        assert {text.id for text in await b.listed(in_trash=True)} == {"t1", "t2"}
        (kept,) = [text for text in await b.listed(in_trash=True) if text.id == "t2"]
        await b.trash(kept, is_trashed=False)
        await b.put(WrittenText("t2", "c1", "t2", "More words"))
        await a.erase_trashed(now())  # without having seen it
        await settle(made)
        for store in (a, b):
            assert [text.id for text in await store.listed()] == ["t2"]
            assert await store.listed(in_trash=True) == []
        # A conversation that comes back has its texts.
        await made[0].conversations.erase(["c1"])
        await made[1].write(question("Unseen"), "c1")
        await settle(made)
        for store in (a, b):
            assert [text.id for text in await store.listed()] == ["t2"]


async def test_a_text_that_is_hidden_does_not_replace_what_was_written_elsewhere(
    tmp_path: Path,
) -> None:
    async with computers(tmp_path, "a", "b") as made:
        await made[0].add("c1")
        text = WrittenText("t1", "c1", "Text", "of both")
        await TextStore(made[0].database).put(text)
        await settle(made)
        await TextStore(made[0].database).put(replace(text, body="by a"))
        await TextStore(made[1].database).put(replace(text, is_shown=False))
        await settle(made)
        for each in made:
            latest = await TextStore(each.database).latest_in("c1")
            assert latest is not None
            assert latest.body == "by a"


async def test_small_segments_are_joined(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        for number in range(70):
            await made[0].add(f"c{number}")
            await made[0].sync.synchronize()
        assert len(files_of(tmp_path)) < 10
        await made[1].sync.synchronize()
        assert len(await conversations_of(made[1])) == 70


async def test_the_same_import_on_two_computers_is_there_once(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b", is_joined=False) as made:
        asked = question("Imported")
        for each in made:
            await each.add("c1", "Imported")
            await each.write(asked, "c1")
            await each.sync.join(Target(str(tmp_path / "shared")), PASSPHRASE, name=each.name)
        await settle(made)
        for each in made:
            assert await conversations_of(each) == {"c1"}
            assert len(await each.conversations.messages("c1")) == 1


async def test_an_attachment_is_fetched_when_it_is_opened(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        stores = [
            AttachmentStore(each.database, each.attachments, fetch=each.sync.fetch) for each in made
        ]
        data = b"a document"
        sha256 = hashlib.sha256(data).hexdigest()
        await stores[0].add(data, Attachment(sha256, "a.txt", "text/plain", text="a document"))
        await settle(made, 1)
        assert not any(made[1].attachments.rglob("*"))
        assert await stores[1].bytes(sha256) == data
        names = [path.name for path in (tmp_path / "shared" / "files").rglob("*") if path.is_file()]
        assert len(names) == 1
        assert names[0] not in sha256
        for store in stores:
            store.close()


@pytest.mark.parametrize("has_code", [False, True], ids=["passphrase", "code"])
async def test_the_rescue_script_reads_a_library(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    has_code: bool,
) -> None:
    async with computers(tmp_path, "a") as made:
        await made[0].add("c1", "Kept for ever")
        store = AttachmentStore(made[0].database, made[0].attachments)
        sha256 = hashlib.sha256(b"a document").hexdigest()
        await store.add(b"a document", Attachment(sha256, "a.txt", "text/plain", text=""))
        await made[0].sync.synchronize()
        secret = (await made[0].sync.key()).code() if has_code else PASSPHRASE
        monkeypatch.setattr(getpass, "getpass", lambda _prompt: secret)
        folder, target = str(tmp_path / "shared"), tmp_path / "rescued.txt"
        for arguments in ((folder,), (folder, sha256, str(target))):
            monkeypatch.setattr(sys, "argv", ["rescue.py", *arguments])
            rescue.main()
        entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        titles = [each[4]["title"][1] for each in entries if each[2] == "conversations"]
        assert titles == ["Kept for ever"]
        assert target.read_bytes() == b"a document"
        store.close()


async def test_only_what_travels_leaves(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        await made[0].settings.set("answer.temperature", 1)
        await made[0].settings.set("backup.folder", "/home/a")
        await made[0].settings.set("window.conversation", "c1")
        await made[0].add("c1")
        await made[0].write(streaming("half"), "c1")
        await settle(made)
        stored = await made[1].settings.all()
        assert stored == {"answer.temperature": 1}
        assert not await made[1].conversations.messages("c1")


def provider(id_: str, address: str, **fields: str) -> ProviderProfile:
    return ProviderProfile(id_, id_, ProviderKind.COMPATIBLE, address, **fields)


async def test_a_provider_leaves_its_computer_without_what_is_of_that_only(tmp_path: Path) -> None:
    far = "https://llm.example/v1"
    async with computers(tmp_path, "a", "b") as made:
        a, b = (each.settings for each in made)
        await a.save_profile(provider("far", far, ca_file="/etc/a.pem", proxy="http://proxy-a:1"))
        await a.save_profile(provider("ollama", "http://localhost:11434/v1"))
        await b.save_profile(provider("own", "http://127.0.0.1:8080/v1"))
        await settle(made)
        assert await b.profiles() == [
            provider("own", "http://127.0.0.1:8080/v1"),
            provider("far", far),
        ]
        mine = provider("far", far, ca_file="/etc/b.pem")
        await b.save_profile(mine)
        # A second ahead: of two changes within a millisecond, either may win.
        await made[0].database.execute("UPDATE sync_device SET clock = clock + 1000000")
        await a.save_profile(
            replace(provider("far", far, proxy="http://proxy-a:1"), name="Renamed")
        )
        await settle(made)
        assert replace(mine, name="Renamed") in await b.profiles()
        # Both have an Ollama, and one of them is removed.
        await b.save_profile(provider("ollama", "http://localhost:9999/v1"))
        await a.remove_profile("ollama")
        await settle(made)
        assert provider("ollama", "http://localhost:9999/v1") in await b.profiles()
        assert [each.id for each in await a.profiles()] == ["far"]
        # An earlier version sends everything.
        body = json.dumps({"name": "x", "kind": "compatible", "base_url": "http://[::1]:1/v1"})
        entry = ["fields", "profiles", "old", {"body": [1, body], "position": [1, 1]}]
        apply = lambda connection: Applier(connection, "c").apply([entry])  # noqa: E731
        await made[0].database.write(apply)
        assert [each.id for each in await a.profiles()] == ["far"]


async def test_a_store_without_a_storage_notes_nothing(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", is_joined=False) as made:
        await made[0].add("c1")
        await made[0].conversations.rename("c1", "x")
        assert not await made[0].sync.unsent()


async def test_each_attachment_is_looked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "BATCH", 5)
    looked: list[str] = []

    class Watched(FolderStorage):
        async def names(self, folder: str) -> list[str]:
            looked.append(folder)
            return await super().names(folder)

    monkeypatch.setattr(synchronizer, "open_storage", lambda target: Watched(Path(target.address)))
    async with computers(tmp_path, "a") as made:
        store = AttachmentStore(made[0].database, made[0].attachments)
        for number in range(30):
            data = f"document {number}".encode()
            sha256 = hashlib.sha256(data).hexdigest()
            await store.add(data, Attachment(sha256, "a.txt", "text/plain", text="text"))
            await made[0].add(f"c{number}")
        await made[0].sync.synchronize()
        files = [p for p in (tmp_path / "shared" / "files").rglob("*") if p.is_file()]
        assert len(files) == 30
        state = await made[0].sync.state()
        assert state is not None
        assert state.number > 10  # segments
        assert not [folder for folder in looked if folder.startswith("files")]
        # Sent again, as another computer: the storage is asked for each folder.
        sql = """INSERT INTO sync_changes SELECT 'attachments', sha256, '', 0, d.id, 1, NULL
            FROM attachments, sync_device AS d WHERE TRUE ON CONFLICT DO UPDATE SET number = 1"""
        await made[0].database.execute(sql)
        await made[0].sync.synchronize()
        asked = [folder for folder in looked if folder.startswith("files")]
        assert sorted(asked) == sorted({f"files/{path.parent.name}" for path in files})
        store.close()


async def test_a_document_is_found_at_the_time_of_its_message(tmp_path: Path) -> None:
    data = b"a document"
    part = DocumentPart(hashlib.sha256(data).hexdigest(), "a.txt", "text/plain", len(data))
    past = now() - timedelta(days=3650)
    async with computers(tmp_path, "a", "b") as made:
        store = AttachmentStore(made[0].database, made[0].attachments)
        await store.add(data, Attachment(part.sha256, "a.txt", "text/plain", text="persimmon"))
        await made[0].add("c1")
        asked = replace(question("q1"), parts=(TextPart("look"), part), created_at=past)
        await made[0].write(asked, "c1")
        await made[0].add("c2", "A persimmon")
        await settle(made)
        for each in made:
            first, second = await Search(each.database).find("persimmon")
            assert (first.title, second.document) == ("A persimmon", "a.txt")
            assert second.date == past
        store.close()


async def test_a_row_that_comes_back_replaces_its_stale_entry(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        await made[0].add("c1")
        await made[0].write(question("q1"), "c1")
        stale = "INSERT INTO search_entries VALUES (1, ?, ?)"
        await made[1].database.execute(stale, "message", "q1")
        await made[1].database.execute(stale.replace("1,", "2,"), "title", "c1")
        await settle(made)
        assert await conversations_of(made[1]) == {"c1"}
        assert [hit.title for hit in await Search(made[1].database).find("c1")] == ["c1"]


async def _rename(computer: Computer, words: str) -> None:
    await computer.conversations.rename("c1", words)


async def _change_text(computer: Computer, words: str) -> None:
    store = TextStore(computer.database)
    text = await store.latest_in("c1")
    assert text is not None
    await store.put(replace(text, body=words))


async def _change_answer(computer: Computer, words: str) -> None:
    (message,) = await computer.conversations.messages("c1")
    changed = replace(message, parts=(TextPart(words),))
    await computer.database.write(partial(update_answer, answer=changed))


async def _shared(made: list[Computer]) -> None:
    """Give all computers a conversation with an answer and a text."""
    await made[0].add("c1")
    await made[0].write(replace(answer("Begun"), id="m1"), "c1")
    await TextStore(made[0].database).put(WrittenText("t1", "c1", "Text", "A text"))
    await settle(made)


async def _sent(computer: Computer, kind: str, id_: str) -> list[Any]:
    return await computer.database.read(lambda c: entries_of(c, {(kind, id_): None}).entries)


@pytest.mark.parametrize("devices", [("d1", "d2"), ("d2", "d1")], ids="-".join)
@pytest.mark.parametrize("is_newer_first", [True, False], ids=["newer first", "older first"])
@pytest.mark.parametrize(
    ("write", "kind", "id_"),
    [
        (_rename, "conversations", "c1"),
        (_change_text, "texts", "t1"),
        (_change_answer, "messages", "m1"),
    ],
    ids=["title", "text", "answer"],
)
async def test_the_later_of_two_changes_stays_whichever_comes_first(
    tmp_path: Path,
    write: Callable[[Computer, str], Any],
    kind: str,
    id_: str,
    is_newer_first: bool,
    devices: tuple[str, str],
) -> None:
    async with computers(tmp_path, "a", "b", "c") as made:
        a, b, c = made
        await _shared(made)
        await write(b, "older")
        # A second ahead: of two changes within a millisecond, either may win.
        await a.database.execute("UPDATE sync_device SET clock = clock + 1000000")
        await write(a, "newer")
        sent = [await _sent(a, kind, id_), await _sent(b, kind, id_)]
        changes = list(zip(devices, sent, strict=True))
        for device, entries in changes if is_newer_first else reversed(changes):
            await c.database.write(lambda c, d=device, e=entries: Applier(c, d).apply(e))
        assert (await c.content())[kind] == (await a.content())[kind]


async def test_an_answer_that_streams_here_is_not_replaced(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        a, b = made
        await _shared(made)
        (message,) = await b.conversations.messages("c1")
        here = replace(message, status=MessageStatus.STREAMING, parts=(TextPart("Again"),))
        await b.database.write(partial(update_answer, answer=here))
        await a.database.execute("UPDATE sync_device SET clock = clock + 1000000")
        await _change_answer(a, "Elsewhere")
        entries = await _sent(a, "messages", "m1")
        await b.database.write(lambda c: Applier(c, "d").apply(entries))
        (message,) = await b.conversations.messages("c1")
        assert (message.status, message.text) == (MessageStatus.STREAMING, "Again")


async def test_a_received_attachment_that_is_deleted_leaves_the_storage(tmp_path: Path) -> None:
    async with computers(tmp_path, "a", "b") as made:
        a, b = made
        sha256 = hashlib.sha256(b"a document").hexdigest()
        store = AttachmentStore(a.database, a.attachments)
        await store.add(b"a document", Attachment(sha256, "a.txt", "text/plain", text=""))
        store.close()
        await settle(made, 1)
        await b.database.execute("DELETE FROM attachments")
        await b.database.execute("UPDATE sync_files SET unnamed_at = 1")
        for days in (3, 2):  # the clock is believed
            moment = now() - timedelta(days=days)
            await b.database.write(lambda c, at=moment: expiry_time_at(c, at))
        await b.sync.synchronize()
        files = tmp_path / "shared" / "files"
        assert not [path for path in files.rglob("*") if path.is_file()]


@pytest.mark.parametrize(("overtaken", "groups"), [(0, [3, 3]), (1, [6])])
async def test_segments_are_joined_up_to_a_size_of_what_is_live(
    tmp_path: Path, overtaken: int, groups: list[int]
) -> None:
    """Each segment holds three rows, of which a later segment may hold some, too."""
    async with computers(tmp_path, "a") as made:
        device = made[0].database
        for number in range(1, 7):
            held = [Held("messages", f"{number} {row}", True) for row in range(3)]
            held[:overtaken] = [Held("messages", "changed", True)] * overtaken
            await device.write(partial(own_segments.hold, held=held, number=number))
        spans = tuple(Span(number, number) for number in range(1, 7))
        await device.write(partial(device_state.set_state, spans=spans, joined=0))
        with patch.object(own_segments, "_JOINED_ENTRIES", 13 if overtaken else 9):
            plan = await device.read(partial(own_segments.plan_segments, torn=()))
        assert [len(group) for group in plan.groups] == groups
