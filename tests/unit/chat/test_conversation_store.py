"""Trees of messages: round trips, versions, turns, interruptions."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import (
    Draft,
    Folder,
    Message,
    MessageStatus,
    ModelChoice,
    RemoteRun,
    Role,
    new_id,
)
from desktop_app.domain.conversations.message_parts import (
    CollectionPart,
    DocumentPart,
    ImagePart,
    Part,
    PassagesPart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.cost import Usage
from desktop_app.domain.documents.collections import Passage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.library.folder_store import ConversationFlagStore, FolderStore
from desktop_app.library.search_query import Search
from desktop_app.storage.process_identity import this_process
from tests.helpers.blocking import blocking
from tests.helpers.examples import examples
from tests.helpers.generation import overrides
from tests.unit.storage.samples import NOON, a_conversation, a_question, an_answer, ended, opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


# Halves of surrogate pairs too: a model's JSON may contain them.
any_text = st.text(st.characters(), max_size=30) | st.text(
    st.characters(categories=["Cs", "Cc", "Lo"]), max_size=5
)
names = st.text(max_size=12)
hashes = st.integers(0, 2**256 - 1).map(lambda n: f"{n:064x}")
documents = st.builds(
    DocumentPart,
    hashes,
    any_text,
    names,
    st.integers(0, 2**40),
    st.none() | st.integers(0, 10_000),
    st.none() | st.integers(0, 10**7),
)
images = st.builds(ImagePart, hashes, any_text, names, st.integers(0, 2**40))
collections = st.builds(CollectionPart, names, any_text)
passages = st.builds(
    Passage,
    st.integers(1, 99),
    names,
    hashes,
    any_text,
    st.none() | st.integers(1, 99),
    any_text,
    st.integers(0, 9),
    st.integers(9, 99),
    any_text,
)
parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(TextPart, any_text),
    st.builds(ReasoningPart, any_text, names, names),
    st.builds(RefusalPart, any_text),
    st.builds(ToolCallPart, names, names, any_text),
    documents,
    images,
    st.builds(PassagesPart, names, any_text, st.lists(passages, max_size=2).map(tuple)),
)
times = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001 - bounds are naive
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
choices = st.builds(
    ModelChoice,
    names,
    names,
    st.none() | st.sampled_from(Variant),
    st.none() | st.sampled_from(Effort),
)
counts = st.integers(0, 2**40)
money = st.decimals(0, 10**6, allow_nan=False, allow_infinity=False, places=12)
drafts = st.builds(
    Draft, any_text, st.lists(documents | images | collections, max_size=2).map(tuple), names
)


NOTICE_VALUES = {
    name for code in NoticeCode for _, name, _, _ in Formatter().parse(code.text) if name
}
notices = st.builds(
    lambda code, text: notice(code, **dict.fromkeys(NOTICE_VALUES, text)),
    st.sampled_from(NoticeCode),
    any_text,
)
errors = st.builds(ErrorNote, any_text, any_text, any_text, names, st.dictionaries(names, any_text))


@st.composite
def trees(draw: st.DrawFn) -> list[Message]:
    """Draw the messages of a conversation, parents before children."""
    conversation_id = new_id()
    messages: list[Message] = []
    for _ in range(draw(st.integers(1, 8))):
        parent = draw(st.none() | st.sampled_from(messages)) if messages else None
        messages.append(
            Message(
                new_id(),
                conversation_id,
                None if parent is None else parent.id,
                draw(st.sampled_from(Role)),
                draw(st.sampled_from(MessageStatus)),
                tuple(draw(st.lists(parts, max_size=3))),
                draw(times),
                draw(st.none() | choices),
                draw(st.none() | st.builds(Usage, counts, counts, counts, counts)),
                draw(st.none() | money),
                draw(st.none() | st.floats(0, 1e6)),
                draw(st.none() | errors),
                tuple(draw(st.lists(any_text | notices, max_size=2))),
                draw(st.none() | st.builds(RemoteRun, names)),
                draw(names),
            )
        )
    return messages


def path_to(messages: list[Message], leaf: Message) -> list[Message]:
    by_id = {message.id: message for message in messages}
    found = [leaf]
    while found[-1].parent_id is not None:
        found.append(by_id[found[-1].parent_id])
    return found[::-1]


def words_in_index(connection: sqlite3.Connection) -> list[str]:
    connection.execute(
        "CREATE VIRTUAL TABLE temp.terms USING fts5vocab('main', 'search_index', 'row')"
    )
    return [row[0] for row in connection.execute("SELECT term FROM terms")]


@settings(max_examples=examples(25))
@given(trees(), drafts, overrides)
@blocking
async def test_any_tree_and_draft_are_read_as_saved(
    messages: list[Message], draft: Draft, own: Overrides
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite3"
        id_ = messages[0].conversation_id
        conversation = a_conversation("t", id=id_, draft=draft, overrides=own)
        async with opened(path) as database:
            store = ConversationStore(database)
            await store.create(conversation)
            for message in messages:
                await store.begin_turn(conversation, None, message)
                shown = await store.path(conversation.id)
                assert shown == path_to(messages, message)
        async with opened(path) as database:
            store = ConversationStore(database)
            found = await store.get(conversation.id)
            assert found is not None
            assert (found.draft, found.overrides) == (draft, own)
            assert found.streaming == any(m.status is MessageStatus.STREAMING for m in messages)
            for message in messages:
                assert await store.message(message.id) == message
            versions = await store.versions_on_path(conversation.id)
            for message in path_to(messages, messages[-1]):
                siblings = {m.id for m in messages if m.parent_id == message.parent_id}
                assert set(versions.get(message.id, (message.id,))) == siblings
            await store.erase([conversation.id])
            left = "SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM search_entries)"
            assert (await database.read(lambda c: c.execute(left).fetchone()[0])) == 0
            assert await database.write(words_in_index) == []


async def test_a_turn_is_on_disk_before_it_is_sent(path: Path) -> None:
    async with opened(path) as database:
        store = ConversationStore(database)
        conversation = a_conversation(draft=Draft("half a question"))
        await store.create(conversation)
        question = a_question(conversation, "Why?")
        answer = an_answer(question)
        await store.begin_turn(conversation, question, answer)
        # Another connection, as another process has it, sees all of it.
        with closing(sqlite3.connect(path)) as other:
            rows = other.execute("SELECT status, owner_pid FROM messages ORDER BY created_at")
            assert rows.fetchall() == [("complete", None), ("streaming", this_process()[0])]
        [found] = await store.all()
        assert found.streaming
        assert found.leaf_id == answer.id
        assert not found.draft.has_question
        await store.save_answer(ended(answer, "Because."))
        [found] = await store.all()
        assert not found.streaming
        assert [m.text for m in await store.path(conversation.id)] == ["Why?", "Because."]


async def test_a_turn_creates_its_conversation_and_a_retry_keeps_the_draft(path: Path) -> None:
    async with opened(path) as database:
        store = ConversationStore(database)
        conversation = a_conversation()
        question = a_question(conversation, "Why?")
        await store.begin_turn(conversation, question, an_answer(question))
        await store.save_draft(conversation.id, Draft("next"))
        retry = an_answer(question, minutes=1)
        await store.begin_turn(conversation, None, retry)
        found = await store.get(conversation.id)
        assert found is not None
        assert found.draft == Draft("next")
        assert found.leaf_id == retry.id


async def test_several_answers_begin_in_one_turn_and_the_first_is_shown(path: Path) -> None:
    async with opened(path) as database:
        store = ConversationStore(database)
        conversation = a_conversation()
        question = a_question(conversation, "Why?")
        answers = [an_answer(question) for _ in range(3)]
        await store.begin_turn(conversation, question, *answers)
        assert [m.id for m in await store.path(conversation.id)] == [question.id, answers[0].id]
        ids = [answer.id for answer in answers]
        # In the order in which they were asked for, though at one moment.
        assert await store.versions_on_path(conversation.id) == {ids[0]: tuple(ids)}
        await store.save_answer(replace(answers[2], parts=(TextPart("half"),)))
        await database.write(lambda c: c.execute("UPDATE messages SET owner_started = 'earlier'"))
        assert await store.interrupt_orphans() == [conversation.id]
        left = [await store.message(id_) for id_ in ids]
        assert [(m.status, m.text) for m in left if m] == [
            (MessageStatus.INTERRUPTED, text) for text in ("", "", "half")
        ]


async def test_versions_of_a_message_have_their_newest_leaves(path: Path) -> None:
    async with opened(path) as database:
        store = ConversationStore(database)
        conversation = a_conversation()
        first = a_question(conversation, "one")
        edited = a_question(conversation, "one, edited", minutes=5)
        old = an_answer(first, "old", minutes=1)
        new = an_answer(first, "new", minutes=2)
        follow_up = a_question(conversation, "and then?", parent=old, minutes=3)
        last = an_answer(follow_up, "then this", minutes=3)
        other = an_answer(edited, "other", minutes=5)
        await store.begin_turn(conversation, first, old)
        await store.begin_turn(conversation, None, new)
        await store.begin_turn(conversation, edited, other)
        await store.begin_turn(conversation, follow_up, last)
        # Of another conversation: its first message has no parent either.
        elsewhere = a_conversation()
        stranger = a_question(elsewhere, "stranger")
        await store.begin_turn(elsewhere, stranger, an_answer(stranger))

        assert await store.versions_on_path(conversation.id) == {
            first.id: (first.id, edited.id),
            old.id: (old.id, new.id),
        }
        for shown, leaf in ((edited, other), (new, new), (first, last)):
            await store.show_version(conversation.id, shown.id)
            assert (await store.path(conversation.id))[-1].id == leaf.id
        await store.show_version(conversation.id, "nothing")
        path_texts = [m.text for m in await store.path(conversation.id)]
        assert path_texts == ["one", "old", "and then?", "then this"]


async def test_a_turn_keeps_the_title_folder_and_flags_saved_meanwhile(path: Path) -> None:
    async with opened(path) as database:
        store, flags = ConversationStore(database), ConversationFlagStore(database)
        await FolderStore(database).save(Folder("f", "Thesis", NOON))
        asked = a_conversation("Asked")
        await store.create(asked)
        await store.rename(asked.id, "Renamed")
        await flags.move([asked.id], "f")
        await flags.set_pinned([asked.id], True)
        await flags.set_archived([asked.id], True)
        await flags.set_trashed([asked.id], NOON)
        question = a_question(asked, "Why?")
        answer = an_answer(question)
        later = replace(asked, updated_at=NOON + timedelta(hours=1))
        await store.begin_turn(later, question, answer)
        assert await store.get(asked.id) == replace(
            later, title="Renamed", folder_id="f", pinned=True, archived=True, trashed_at=NOON,
            leaf_id=answer.id, streaming=True,
        )  # fmt: skip
        await flags.set_trashed([asked.id], None)
        [hit] = await Search(database).find("renamed")
        assert hit.title == "Renamed"


async def test_an_answer_of_a_deleted_conversation_is_not_saved(path: Path) -> None:
    async with opened(path) as database:
        store = ConversationStore(database)
        conversation = a_conversation()
        question = a_question(conversation, "Why?")
        answer = an_answer(question)
        await store.begin_turn(conversation, question, answer)
        await store.erase([conversation.id])
        await store.save_answer(replace(answer, parts=(TextPart("late"),)))
        await store.save_answer(ended(answer, "late"))
        assert await store.message(answer.id) is None
        assert await Search(database).find("late") == []


async def test_only_answers_of_dead_processes_are_interrupted(path: Path) -> None:
    async with opened(path) as database:
        store = ConversationStore(database)
        conversation = a_conversation()
        question = a_question(conversation, "Why?")
        mine = an_answer(question)
        left = an_answer(question, minutes=1)
        await store.begin_turn(conversation, question, mine)
        await store.begin_turn(conversation, None, left)
        await store.save_answer(replace(left, parts=(TextPart("half a tangerine"),)))
        assert await store.interrupt_orphans() == []
        # The id of this process, but another start: an earlier process had it.
        sql = "UPDATE messages SET owner_started = 'earlier' WHERE id = ?"
        await database.write(lambda c: c.execute(sql, (left.id,)))
        assert await store.interrupt_orphans() == [conversation.id]
        assert await store.interrupt_orphans() == []
        found = await store.message(left.id)
        assert found is not None
        assert (found.status, found.text) == (MessageStatus.INTERRUPTED, "half a tangerine")
        still = await store.message(mine.id)
        assert still is not None
        assert still.status is MessageStatus.STREAMING
        [hit] = await Search(database).find("tangerine")
        assert hit.message_id == left.id


async def test_an_interrupted_answer_keeps_its_images(path: Path) -> None:
    async with opened(path) as database:
        store = ConversationStore(database)
        conversation = a_conversation()
        question = a_question(conversation, "Draw!")
        answer = an_answer(question)
        await store.begin_turn(conversation, question, answer)
        image = ImagePart("a" * 64, "image.png", "image/png", 9)
        await store.save_answer(replace(answer, parts=(image,)))
        await database.write(lambda c: c.execute("UPDATE messages SET owner_started = 'earlier'"))
        assert await store.interrupt_orphans() == [conversation.id]
        sql = "SELECT sha256, message_id FROM message_attachments"
        rows = await database.read(lambda c: c.execute(sql).fetchall())
        assert [tuple(row) for row in rows] == [(image.sha256, answer.id)]


async def test_a_background_run_is_taken_over_instead_of_interrupted(path: Path) -> None:
    async with opened(path) as database:
        store = ConversationStore(database)
        conversation = a_conversation()
        question = a_question(conversation, "Why?")
        away = replace(an_answer(question, "half"), remote_run=RemoteRun("resp_1"))
        await store.begin_turn(conversation, question, an_answer(question, minutes=1))
        await store.begin_turn(conversation, None, away)
        assert await store.claim_runs() == []  # this process is at work on it
        await database.write(lambda c: c.execute("UPDATE messages SET owner_started = 'x'"))
        await store.interrupt_orphans()
        assert await store.claim_runs() == [away]
        assert await store.claim_runs() == []
        await store.save_answer(replace(ended(away, "whole"), remote_run=None))
        await database.write(lambda c: c.execute("UPDATE messages SET owner_started = 'x'"))
        assert await store.claim_runs() == []
