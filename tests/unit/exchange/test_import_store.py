"""An import adds what is missing and changes nothing that is there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from desktop_app.chat.conversation_store import CompactionStore, ConversationStore
from desktop_app.chat.text_store import TextStore
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.compaction import Compaction, CompactionKind
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Folder,
    Message,
    MessageStatus,
)
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.conversations.written_text import WrittenText
from desktop_app.domain.errors import ImportRefusedError, StorageError
from desktop_app.domain.prompt import Prompt
from desktop_app.exchange.import_store import (
    BATCH_SIZE,
    SHARED_BATCH_SIZE,
    ImportOutcome,
    ImportStore,
)
from desktop_app.exchange.importers.imported_conversation import ImportedConversation
from desktop_app.library.folder_store import ConversationFlagStore, FolderStore
from desktop_app.library.search_query import Search
from desktop_app.prompts.prompt_store import PromptStore
from desktop_app.storage.database import Action, Database, T
from tests.unit.storage.samples import NOON, a_conversation, a_question, an_answer, ended, opened

FOLDER = Folder("f" * 32, "Work", NOON)
PRESET = Prompt("p" * 32, "Brief", created_at=NOON, overrides=Overrides())


def a_turn(conversation: Conversation, parent: Message | None = None) -> tuple[Message, Message]:
    question = a_question(conversation, "Why?", parent)
    return question, ended(an_answer(question), "Because.")


def compacted(message: Message) -> Compaction:
    return Compaction(
        "0" * 32, message.conversation_id, message.id, CompactionKind.SUMMARY, "openai", "gpt-5.2",
        "In short.", NOON, 900, 9,
    )  # fmt: skip


def imported(
    conversation: Conversation,
    messages: Sequence[Message],
    folder: Folder | None = None,
    compactions: Sequence[Compaction] = (),
    preset: Prompt | None = None,
) -> ImportedConversation:
    return ImportedConversation(
        conversation, tuple(messages), folder, compactions=tuple(compactions), preset=preset
    )


async def test_only_missing_messages_are_added(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        imports, store = ImportStore(database), ConversationStore(database)
        folders, prompts = FolderStore(database), PromptStore(database)
        compactions = CompactionStore(database)
        made = a_conversation("Imported", folder_id=FOLDER.id)
        first = a_turn(made)
        made = replace(made, leaf_id=first[1].id)
        assert await imports.add(imported(made, first, FOLDER, (), PRESET)) == ImportOutcome(
            True, 2
        )
        assert await store.get(made.id) == made
        assert await store.path(made.id) == list(first)
        assert (await folders.all(), await prompts.prompts()) == ([FOLDER], [PRESET])

        await folders.save(replace(FOLDER, name="Renamed"))
        again = replace(made, title="Other", leaf_id=first[0].id, updated_at=NOON + timedelta(1))
        body = compacted(first[0])
        other = replace(PRESET, id="q" * 32)
        assert await imports.add(imported(again, first, FOLDER, (body,), other)) == ImportOutcome(
            False, 0
        )
        assert await store.get(made.id) == made, "nothing was missing"
        assert await compactions.load(made.id) == ()
        assert ([f.name for f in await folders.all()], await prompts.prompts()) == (
            ["Renamed"],
            [PRESET],
        )

        second = a_turn(made, first[1])
        longer = replace(again, leaf_id=second[1].id)
        assert await imports.add(imported(longer, first + second, None, (body,))) == ImportOutcome(
            False, 2
        )
        assert await store.path(made.id) == [*first, *second]
        assert await compactions.load(made.id) == (body,)
        found = await store.get(made.id)
        assert found == replace(made, leaf_id=second[1].id, updated_at=longer.updated_at)
        (hit,) = await Search(database).find("imported")
        assert abs(hit.date - longer.updated_at) < timedelta(seconds=1), (
            "the title has the new time"
        )


@pytest.mark.attack("imports")
async def test_another_text_of_an_interrupted_answer_becomes_another_version(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        imports, store, made = ImportStore(database), ConversationStore(database), a_conversation()
        question = a_question(made, "Why?")
        whole = ended(an_answer(question), "A long answer, and its end.")
        begun = replace(whole, status=MessageStatus.INTERRUPTED, parts=(TextPart("A long answer"),))
        made = replace(made, leaf_id=begun.id)
        await imports.add(imported(made, (question, begun), None))
        short = replace(whole, parts=(TextPart("Short."),))
        further = a_turn(made, short)
        export = replace(made, leaf_id=further[1].id)
        for count in (3, 0):  # the second import finds the version of the first
            outcome = await imports.add(imported(export, (question, short, *further), None))
            assert outcome == ImportOutcome(False, count)
        path = await store.path(made.id)
        assert [message.text for message in path] == ["Why?", "Short.", "Why?", "Because."]
        assert await store.message(begun.id) == begun
        # The text of which the stored one is the beginning completes it.
        assert await imports.add(imported(made, (question, whole), None)) == ImportOutcome(False, 1)
        assert await store.message(begun.id) == whole


async def test_the_documents_of_a_conversation_become_its_texts(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        store, texts = ImportStore(database), TextStore(database)
        conversation = a_conversation("c")
        first, last = (
            WrittenText(f"{n}" * 32, conversation.id, f"T{n}", f"Body {n}") for n in (1, 2)
        )
        turn = a_turn(conversation)
        whole = replace(imported(conversation, turn), texts=(first, last))
        await store.add(whole)
        assert await texts.latest_in(conversation.id) == last
        # A newer export has another state; what was changed here stays.
        own = replace(last, body="Changed here")
        await texts.put(own)
        newer = replace(last, id="3" * 32, body="Body 3")
        more = a_turn(conversation, turn[-1])
        await store.add(replace(imported(conversation, (*turn, *more)), texts=(first, newer)))
        rows = await database.rows("SELECT body FROM texts ORDER BY id")
        assert [row["body"] for row in rows] == ["Body 1", "Changed here", "Body 3"]


async def test_an_imported_conversation_leaves_the_trash(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        imports, store, made = ImportStore(database), ConversationStore(database), a_conversation()
        turn = a_turn(made)
        made = replace(made, leaf_id=turn[-1].id)
        await imports.add(imported(made, turn, None))
        await ConversationFlagStore(database).set_trashed([made.id], NOON)
        assert await imports.add(imported(made, turn, None)) == ImportOutcome(False, 0)
        assert await store.all() == [made]


async def test_long_conversations_are_added_in_several_transactions(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        made, messages = a_conversation(), list[Message]()
        for _ in range(101):
            messages += a_turn(made, messages[-1] if messages else None)
        made = replace(made, leaf_id=messages[-1].id)
        assert await ImportStore(database).add(imported(made, messages, None)) == ImportOutcome(
            True, 202
        )
        assert await ConversationStore(database).path(made.id) == messages


class InterruptedDatabase(Database):
    """A database that refuses writes once a number of them is done."""

    writes_left = 0

    async def write(self, action: Action[T]) -> T:
        if not self.writes_left:
            raise StorageError(
                "Another program is using your library {place}.",
                hint="Close that program, then try again.",
            )
        self.writes_left -= 1
        return await super().write(action)


@pytest.mark.parametrize("count", [1, 2])
async def test_an_interrupted_import_shows_what_was_added(tmp_path: Path, count: int) -> None:
    made, messages = a_conversation(), list[Message]()
    for _ in range(101):
        messages += a_turn(made, messages[-1] if messages else None)
    made = replace(made, leaf_id=messages[-1].id)
    interrupted = InterruptedDatabase(tmp_path / "store.sqlite3")
    interrupted.writes_left = count
    await interrupted.open()
    try:
        with pytest.raises(StorageError):
            await ImportStore(interrupted).add(imported(made, messages, None))
        path = await ConversationStore(interrupted).path(made.id)
        assert path == messages[: count * BATCH_SIZE]
    finally:
        await interrupted.close()


@pytest.mark.parametrize("count", range(3))
async def test_the_next_import_completes_an_interrupted_one(tmp_path: Path, count: int) -> None:
    made = a_conversation("Imported")
    messages = a_turn(made)
    made = replace(made, leaf_id=messages[1].id)
    compaction = compacted(messages[1])
    interrupted = InterruptedDatabase(tmp_path / "store.sqlite3")
    interrupted.writes_left = count
    await interrupted.open()
    try:
        with suppress(StorageError):
            await ImportStore(interrupted).add(imported(made, messages, None, [compaction]))
        stored = await ConversationStore(interrupted).get(made.id)
        assert stored is None or stored.leaf_id, "it is not left empty"
    finally:
        await interrupted.close()
    async with opened(tmp_path / "store.sqlite3") as database:
        await ImportStore(database).add(imported(made, messages, None, [compaction]))
        assert await ConversationStore(database).path(made.id) == list(messages)
        assert await CompactionStore(database).load(made.id) == (compaction,)


async def test_conversations_added_together_are_as_if_added_one_by_one(tmp_path: Path) -> None:
    made = [a_conversation(f"Title {number}") for number in range(3)]
    turns = [a_turn(conversation) for conversation in made]
    whole = [
        imported(replace(each, leaf_id=turn[1].id), turn, None, (compacted(turn[0]),))
        for each, turn in zip(made, turns, strict=True)
    ]
    thief = a_conversation("Stolen")
    stolen = imported(thief, [replace(each, conversation_id=thief.id) for each in turns[0]])
    longer = imported(a_conversation("Long"), ())
    parent: Message | None = None
    for _ in range(SHARED_BATCH_SIZE):
        parent = a_question(longer.conversation, "More", parent)
        longer = replace(longer, messages=(*longer.messages, parent))
    async with opened(tmp_path / "store.sqlite3") as database:
        imports, store = ImportStore(database), ConversationStore(database)
        half = replace(whole[0], messages=turns[0][:1])
        assert await imports.add_all([half, whole[0]]) == [
            ImportOutcome(True, 1),
            ImportOutcome(False, 1),
        ]
        first, refused, *others = await imports.add_all([whole[0], stolen, *whole[1:], longer])
        assert first == ImportOutcome(False, 0)
        assert isinstance(refused, ImportRefusedError)
        assert others == [*[ImportOutcome(True, 2)] * 2, ImportOutcome(True, SHARED_BATCH_SIZE)]
        assert await imports.add_all(whole) == [ImportOutcome(False, 0)] * 3
        for each, turn in zip(whole, turns, strict=True):
            assert await store.get(each.conversation.id) == each.conversation
            assert await store.path(each.conversation.id) == list(turn)
        assert await CompactionStore(database).load(made[0].id)
        assert len(await Search(database).find("Because")) == 3
        assert len(await Search(database).find("Title")) == 3


async def test_an_answer_that_an_earlier_import_did_not_find_comes_into_its_place(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        imports, store = ImportStore(database), ConversationStore(database)
        made = a_conversation("Imported")
        first = a_turn(made)
        second = a_turn(made, first[1])
        lost = replace(second[0], parent_id=first[0].id)
        made = replace(made, leaf_id=second[1].id)
        await imports.add(imported(made, [first[0], lost, second[1]]))
        for added in (3, 0):
            outcome = await imports.add(imported(made, [*first, *second]))
            assert outcome == ImportOutcome(False, added)
            path = [message.text for message in await store.path(made.id)]
            assert path == ["Why?", "Because.", "Why?", "Because."]
