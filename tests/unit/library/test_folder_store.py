"""Folders, the archive and the trash."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import Folder, MessageStatus, new_id
from desktop_app.library.folder_store import ConversationFlagStore, FolderStore
from desktop_app.library.search_query import Search
from tests.unit.storage.samples import CHOICE, NOON, a_conversation, a_question, an_answer, opened

THESIS = Folder(new_id(), "Thesis", NOON, CHOICE, Overrides("Cite your sources."))


async def test_folders_are_saved_and_deleted_without_their_conversations(tmp_path: Path) -> None:
    async with opened(tmp_path / "s") as database:
        folders, store = FolderStore(database), ConversationStore(database)
        await folders.save(Folder(new_id(), "zebra", NOON))
        await folders.save(THESIS)
        await folders.save(replace(THESIS, name="My thesis", choice=None))
        assert [f.name for f in await folders.all()] == ["My thesis", "zebra"]
        assert (await folders.all())[0] == replace(THESIS, name="My thesis", choice=None)
        inside = a_conversation(folder_id=THESIS.id, archived=True)
        await store.create(inside)
        assert await store.get(inside.id) == inside
        await folders.delete(THESIS.id)
        assert await store.get(inside.id) == replace(inside, folder_id=None)


async def test_trashed_conversations_are_neither_listed_nor_found(tmp_path: Path) -> None:
    async with opened(tmp_path / "s") as database:
        store, search = ConversationStore(database), Search(database)
        kept, gone = a_conversation("Marmalade"), a_conversation("Marmalade again")
        for conversation in (kept, gone):
            await store.create(conversation)
        question = a_question(gone, "How is marmalade made?")
        await store.begin_turn(gone, question, an_answer(question))
        await ConversationFlagStore(database).set_trashed([gone.id], NOON)
        assert [c.id for c in await store.all()] == [kept.id]
        assert [c.id for c in await store.list_trashed()] == [gone.id]
        assert {hit.conversation_id for hit in await search.find("marmalade")} == {kept.id}
        await ConversationFlagStore(database).set_trashed([gone.id], None)
        assert await store.list_trashed() == []
        assert len(await search.find("marmalade")) == 3


async def test_only_old_trash_is_deleted(tmp_path: Path) -> None:
    async with opened(tmp_path / "s") as database:
        store = ConversationStore(database)
        old, new, kept = a_conversation("old"), a_conversation("new"), a_conversation("kept")
        for conversation in (old, new, kept):
            await store.create(conversation)
        await ConversationFlagStore(database).set_trashed([old.id], NOON)
        await ConversationFlagStore(database).set_trashed([new.id], NOON + timedelta(days=2))
        assert await store.empty_trash(NOON + timedelta(days=1)) == [old.id]
        assert [c.id for c in await store.list_trashed()] == [new.id]
        assert await store.get(old.id) is None
        assert [c.id for c in await store.all()] == [kept.id]


async def test_the_list_is_read_in_pages(tmp_path: Path) -> None:
    async with opened(tmp_path / "s") as database:
        store = ConversationStore(database)
        await FolderStore(database).save(THESIS)
        # 2 and 4 are of the same moment, at the border of a page.
        made = [
            a_conversation(str(n), 2 if n == 4 else n, folder_id=THESIS.id if n % 2 else None)
            for n in range(8)
        ]
        for conversation in made:
            await store.create(conversation)
        await store.create(a_conversation("pinned", 1, pinned=True))
        await store.create(a_conversation("archived", 2, archived=True))
        await store.create(a_conversation("trashed", 3, trashed_at=NOON))
        seen: list[str] = []
        after = None
        while page := await store.list_page(2, after=after):
            seen += [conversation.title for conversation in page]
            after = page[-1]
        assert (seen[0], set(seen[1:3]), seen[3:]) == ("6", {"2", "4"}, ["0"])
        inside = await store.list_page(9, folder_id=THESIS.id)
        assert {conversation.title for conversation in inside} == {"1", "3", "5", "7"}
        assert [c.title for c in await store.list_pinned()] == ["pinned"]
        assert [c.title for c in await store.list_archived()] == ["archived"]


async def test_a_flag_changes_only_its_own_column(tmp_path: Path) -> None:
    async with opened(tmp_path / "s") as database:
        store, flags = ConversationStore(database), ConversationFlagStore(database)
        await FolderStore(database).save(THESIS)
        one, two = a_conversation("One"), a_conversation("Two")
        for conversation in (one, two):
            await store.create(conversation)
        await store.rename(one.id, "Sentences elsewhere")
        await flags.move([one.id, two.id], THESIS.id)
        await flags.set_pinned([one.id], True)
        await flags.set_archived([two.id], True)
        now_one, now_two = await store.get(one.id), await store.get(two.id)
        expected = replace(one, title="Sentences elsewhere", folder_id=THESIS.id, pinned=True)
        assert now_one == expected
        assert now_two == replace(two, folder_id=THESIS.id, archived=True)
        assert sorted(await flags.ids_in_folder(THESIS.id)) == sorted([one.id, two.id])
        await flags.move([one.id], None)
        await flags.move([two.id], "gone")
        assert await flags.ids_in_folder(THESIS.id) == []


async def test_a_conversation_is_added_with_its_messages(tmp_path: Path) -> None:
    async with opened(tmp_path / "s") as database:
        store, copy = ConversationStore(database), a_conversation("Copy")
        question = a_question(copy, "How is marmalade made?")
        answer = replace(an_answer(question), status=MessageStatus.COMPLETE)
        copy = replace(copy, leaf_id=answer.id)
        await store.add_with_messages(copy, [question, answer], [])
        assert await store.path(copy.id) == [question, answer]
        assert len(await Search(database).find("marmalade")) == 1
