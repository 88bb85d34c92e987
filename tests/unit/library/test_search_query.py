"""Search: every script and query, newest first, with the matches marked."""

from __future__ import annotations

import hashlib
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.chat.text_store import TextStore
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.domain.conversations.conversation import (
    Folder,
    MessageStatus,
    SearchFilter,
    SearchHit,
    SearchOrder,
    new_id,
)
from desktop_app.domain.conversations.message_parts import (
    Attachment,
    DocumentPart,
    PassagesPart,
    ReasoningPart,
    TextPart,
)
from desktop_app.domain.conversations.written_text import WrittenText
from desktop_app.domain.documents.collections import Passage
from desktop_app.domain.documents.letter_folding import fold
from desktop_app.domain.models.variants import Variant
from desktop_app.library import search_query
from desktop_app.library.folder_store import FolderStore
from desktop_app.library.search_query import Search
from desktop_app.storage.database import Database
from desktop_app.storage.schema import migrate
from desktop_app.storage.search_index import (
    MATCH_END,
    MATCH_START,
    SNIPPET_LENGTH,
    EntryKind,
    add_entry,
    index_text,
    match_expression,
    remove_entry,
    snippet,
)
from desktop_app.storage.sqlite_connection import connect_in_memory
from tests.helpers.examples import examples
from tests.unit.storage.samples import (
    CHOICE,
    NOON,
    a_conversation,
    a_question,
    an_answer,
    ended,
    opened,
)

REPORT = b"%PDF report"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


async def ask(database: Database, text: str, title: str = "", minutes: float = 0) -> str:
    conversation = a_conversation(title, minutes)
    question = a_question(conversation, text, minutes=minutes)
    await ConversationStore(database).begin_turn(conversation, question, an_answer(question))
    return question.id


def marked(hit: SearchHit | str) -> list[str]:
    text = hit if isinstance(hit, str) else hit.snippet
    return [piece.split(MATCH_END)[0] for piece in text.split(MATCH_START)[1:]]


@pytest.mark.parametrize(
    ("text", "query", "mark"),
    [
        ("The quick brown fox", "QUICK", "quick"),
        ("The quick brown fox", "quick fo", "quick"),
        ("The quick brown fox", '"brown fox"', "brown fox"),
        ("Größe und Ärger", "grosse", "Größe"),
        ("Größe und Ärger", "arger", "Ärger"),
        ("Größe und Ärger", "groesse", "Größe"),
        ("Größe und Ärger", "Aerger", "Ärger"),
        ("Größe und Ärger", '"groesse und aerger"', "Größe und Ärger"),
        ("eine neue Tür", "neue tuer", "neue"),
        ("Goethemöbel", "goethemoebel", "Goethemöbel"),
        ("Groesse und Aerger", "größe", "Groesse"),
        ("Zu\u0308rich", "zuerich", "Zu\u0308rich"),
        ("en gård ved fjorden", "gaard", "gård"),
        ("smørrebrød", "smoerrebroed", "smørrebrød"),
        ("fixed in v1.2.3 of it", "1.2.3", "v1.2.3"),
        ("fixed in v1.2.3-rc1", "1.2", "v1.2"),
        ("fixed in 1.2.3 of it", "v1.2.3", "1.2.3"),
        ("miasto Łódź!", "lodz", "Łódź"),
        ("et smørrebrød", "smørre", "smørre"),
        ("l’Œuvre, Æsir", "oeuvre", "Œuvre"),
        ("naïve cafe\u0301", "café", "cafe\u0301"),
        ("Ελληνικός λόγος", "λογος", "λόγος"),
        ("Привет, мир", "мир", "мир"),
        ("请帮我总结这份报告", "总结", "总结"),
        ("请帮我总结这份报告", "告", "告"),
        ("日本語のテキストを検索する", "テキスト", "テキスト"),
        ("GPT日本語版2です", "語版2", "語版2"),
        ("한국어로 검색합니다", "검색", "검색"),
        ("ภาษาไทยไม่มีช่องว่าง", "ไม่มี", "ไม่มี"),
        ("हिन्दी में लिखा गया", "हिन्दी", "हिन्दी"),
        ("call foo_bar(x-y) in C++", "foo_bar", "foo_bar"),
        ("call foo_bar(x-y) in C++", "c++", "C"),
        ("great😀, so far", "😀", "😀"),
        ("great😀, so far", "great 😀", "great"),
        ("rated ⭐⭐ of five", "⭐", "⭐"),
        ("قرأت كِتَابٌ جديد", "كتاب", "كِتَابٌ"),
        ("قرأت كتاب جديد", "كِتَابٌ", "كتاب"),
        ("السيد أحمد هنا", "احمد", "أحمد"),
        ("السيد احمد هنا", "أحمد", "احمد"),
        ("سيدنا محـــمد هنا", "محمد", "محـــمد"),
        ("ٱلكتاب إلى آخره", "الكتاب الى اخره", "ٱلكتاب"),
        ("אמר שָׁלוֹם לכולם", "שלום", "שָׁלוֹם"),
        ("אמר שלום לכולם", "שָׁלוֹם", "שלום"),
        ("한국어로 검색합니다", unicodedata.normalize("NFD", "검색"), "검색"),
        (
            unicodedata.normalize("NFD", "한국어로"),
            "한국어",
            unicodedata.normalize("NFD", "한국어"),
        ),
        (
            unicodedata.normalize("NFD", "ガイドだ"),
            "ガイド",
            unicodedata.normalize("NFD", "ガイド"),
        ),
        ("ｶﾞｲﾄﾞだ", "ガイド", "ｶﾞｲﾄﾞ"),
        ("फ़ोन पर क़लम", "कलम", "क़लम"),
    ],
)
async def test_a_query_finds_and_marks_its_words(
    path: Path, text: str, query: str, mark: str
) -> None:
    async with opened(path) as database:
        message_id = await ask(database, text)
        await ask(database, "entirely different words")
        [hit] = await Search(database).find(query)
        assert hit.message_id == message_id
        assert (marked(hit) or [""])[0] == mark


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("trust and trump", "true"),
        ("a gust of wind", "guest"),
        ("August", "guest"),
        ("the potter’s pot", "poet"),
        ("do or die", "doe"),
        ("the god", "goed"),
        ("a full house", "fuel"),
        ("कुल मिलाकर", "कल"),
        ("กินข้าว", "กน"),
    ],
)
async def test_another_word_is_no_other_spelling(path: Path, text: str, query: str) -> None:
    async with opened(path) as database:
        await ask(database, text)
        message_id = await ask(database, f"{query} is meant", minutes=1)
        await ask(database, text, minutes=2)
        for order in SearchOrder:
            hits = await Search(database).find(query, order=order)
            assert [hit.message_id for hit in hits] == [message_id]


async def test_many_other_words_do_not_delay_a_search(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_query, "_MAX_REFUSED", 2)
    async with opened(path) as database:
        meant = [await ask(database, text) for text in ("a guest", "ein Güst")]
        for minutes in range(1, 3):
            await ask(database, "a gust", minutes=minutes)
        assert {hit.message_id for hit in await Search(database).find("guest")} == {*meant}
        await ask(database, "a gust", minutes=3)
        assert [hit.message_id for hit in await Search(database).find("guest")] == meant[:1]


async def test_reasoning_is_found(path: Path) -> None:
    async with opened(path) as database:
        store = ConversationStore(database)
        conversation = a_conversation("Bees")
        question = a_question(conversation, "How do they fly?")
        answer = an_answer(question)
        await store.begin_turn(conversation, question, answer)
        parts = (ReasoningPart("Perhaps a quokka knows"), TextPart("With wings."))
        await store.save_answer(replace(answer, parts=parts, status=MessageStatus.COMPLETE))
        [hit] = await Search(database).find("quokka")
        assert hit.message_id == answer.id
        assert marked(hit) == ["quokka"]
        await store.erase([conversation.id])
        assert await Search(database).find("quokka") == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        '"',
        "-",
        "NEAR",
        "fox AND",
        "(",
        "\ud800",
        "fox\x00",
        "a" * 5000,
        "\u0301",
        '"unclosed',
        "fox " * 20_000,
    ],
)  # fmt: skip
async def test_any_query_is_run_without_an_error(path: Path, query: str) -> None:
    async with opened(path) as database:
        await ask(database, "The quick brown fox")
        await Search(database).find(query)


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("quick -fox", True), ("fox*", True), ("(quick fox)", True), ("quick: fox", True),
        ("^fox", True), ("{fox}", True), ("fox + quick", True), ("fox AND", False),
        ("fox OR zebra", False), ("fox NOT zebra", False), ("NEAR(quick fox)", False),
    ],
)  # fmt: skip
async def test_operators_are_words_and_marks_are_ignored(
    path: Path, query: str, is_found: bool
) -> None:
    async with opened(path) as database:
        await ask(database, "The quick brown fox")
        assert bool(await Search(database).find(query)) is is_found


async def test_only_the_last_word_is_a_prefix(path: Path) -> None:
    async with opened(path) as database:
        await ask(database, "The quick brown fox")
        find = Search(database).find
        assert await find("qui")
        assert not await find("qui ")
        assert not await find("qui fox")
        assert not await find('"qui"')
        assert not await find("brown quick zebra")


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    """Return the index alone, because hundreds of whole stores would take half a minute."""
    with closing(connect_in_memory()) as connection:
        connection.row_factory = None
        migrate(connection)
        connection.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(search_index, 'row')")
        yield connection


def has_terms(index: sqlite3.Connection, word: str) -> bool:
    """Return True if SQLite's Unicode tables, older than Python's, know a letter in `word`."""
    index.execute("INSERT INTO search_index (search_index) VALUES ('delete-all')")
    index.execute("INSERT INTO search_index (words) VALUES (?)", (index_text(word),))
    return bool(index.execute("SELECT 1 FROM terms").fetchall())


@settings(max_examples=examples(100))
@given(st.text(max_size=60), st.text(max_size=10))
@example("a¨b ﷺ ｶﾞ", "x")
@example("が\u3099か\u3099 日本x 日本。語 x日", "")
@example('say "a"b c" AND NOT', '"')
def test_any_word_of_any_text_finds_it(index: sqlite3.Connection, text: str, other: str) -> None:
    words = [word for word in text.split() if any(map(str.isalnum, fold(word)))]
    words = [word for word in words if has_terms(index, word)]
    index.execute("INSERT INTO search_index (search_index) VALUES ('delete-all')")
    index.execute("INSERT INTO search_index (rowid, words) VALUES (7, ?)", (index_text(text),))
    match = "SELECT rowid FROM search_index WHERE search_index MATCH ?"
    for word in words:
        assert index.execute(match, (match_expression(word),)).fetchall() == [(7,)], word
    if expression := match_expression(other):
        index.execute(match, (expression,)).fetchall()


async def test_matches_are_newest_first_in_any_order_of_writing(path: Path) -> None:
    async with opened(path) as database:
        for minutes in (3, 1, 2, 2, 2):
            await ask(database, f"apple {minutes}", minutes=minutes)
        hits = await Search(database).find("apple")
        assert [hit.snippet[-1] for hit in hits] == ["3", "2", "2", "2", "1"]
        assert [hit.snippet[-1] for hit in await Search(database).find("apple", 2)] == ["3", "2"]
        assert abs((hits[-1].date - NOON).total_seconds() - 60) < 0.01


async def test_titles_follow_their_conversation(path: Path) -> None:
    async with opened(path) as database:
        store, search = ConversationStore(database), Search(database)
        conversation = a_conversation("Plans for Lisbon")
        await store.create(conversation)
        [hit] = await search.find("lisbon")
        assert (hit.message_id, hit.title) == (None, "Plans for Lisbon")
        assert marked(hit) == ["Lisbon"]
        await store.rename(conversation.id, "Plans for Porto")
        assert not await search.find("lisbon")
        assert await search.find("porto")
        await store.erase([conversation.id])
        assert not await search.find("plans")


async def test_an_answer_is_indexed_when_it_has_ended(path: Path) -> None:
    async with opened(path) as database:
        store, search = ConversationStore(database), Search(database)
        conversation = a_conversation("t")
        question = a_question(conversation, "Why?")
        answer = an_answer(question)
        await store.begin_turn(conversation, question, answer)
        await store.save_answer(replace(answer, parts=(TextPart("apple"),)))
        assert not await search.find("apple")  # a checkpoint
        await store.save_answer(ended(answer, "apple pear"))
        assert await search.find("pear")
        # The answer is resumed: not indexed while it streams, then with the new words.
        await store.save_answer(replace(answer, parts=(TextPart("plum"),)))
        assert not await search.find("apple")
        cancelled = replace(
            answer, parts=(TextPart("plum cherry"),), status=MessageStatus.CANCELLED
        )
        await store.save_answer(cancelled)
        assert not await search.find("apple")
        assert len(await search.find("cherry")) == 1


async def test_an_attachment_is_found_in_its_newest_message(path: Path, tmp_path: Path) -> None:
    async with opened(path) as database:
        store, search = ConversationStore(database), Search(database)
        sha256 = hashlib.sha256(REPORT).hexdigest()
        await AttachmentStore(database, tmp_path / "files").add(
            REPORT,
            Attachment(sha256, "q3.pdf", "application/pdf", "Revenue rose in Ljubljana", 1, 5),
        )
        assert not await search.find("ljubljana")  # only in a draft so far
        conversation = a_conversation("t")
        question = replace(
            a_question(conversation, "Summarise"),
            parts=(DocumentPart(sha256, "q3.pdf", "application/pdf", 11),),
        )
        await store.begin_turn(conversation, question, an_answer(question))
        [hit] = await search.find("ljubljana")
        assert hit.message_id == question.id
        assert marked(hit) == ["Ljubljana"]
        assert hit.document == "q3.pdf"
        [by_name] = await search.find("q3.pdf")
        assert (by_name.message_id, by_name.document) == (question.id, "")


def test_snippets_are_short_lines_around_the_first_match() -> None:
    text = "word " * 100 + "\n\n\x02before\x03 needle after\n" + "more " * 100
    found = snippet(text, "needle")
    assert marked(found) == ["needle"]
    assert found.startswith("…")
    assert found.endswith("…")
    assert "\n" not in found
    assert len(found) <= SNIPPET_LENGTH + 4


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("For more, **use a cookie**.", "cookie", "For more, use a cookie."),
        ("**Use `set` of a cookie** now", "cookie", "Use set of a cookie now"),
        ("| a | b |\n|---|:-:|\n| cookie | 5,120 kB |", "cookie", "a · b cookie · 5,120 kB"),
        ("x || y and a | cookie", "cookie", "x || y and a | cookie"),
        ("2 ** 3 of cookie", "cookie", "2 ** 3 of cookie"),
        ("[a cookie](https://x.example/)", "cookie", "a cookie"),
    ],
)
def test_a_snippet_has_no_marks_of_markdown(text: str, query: str, shown: str) -> None:
    assert snippet(text, query).replace(MATCH_START, "").replace(MATCH_END, "") == shown


def test_a_snippet_that_is_cut_in_bold_text_or_a_table_has_no_marks() -> None:
    bold = "**" + "word " * 60 + "cookie** " + "more " * 60
    table = "| kind | size |\n|---|---|\n" + "| cookie | 5,120 kB, for each of them |\n" * 40
    for text in (bold, table, f"one\n{table}"):
        found = snippet(text, "cookie")
        assert "*" not in found
        assert "|" not in found


@given(st.text(max_size=400), st.text(max_size=12))
def test_any_snippet_is_one_line_with_marked_matches(text: str, query: str) -> None:
    found = snippet(text, query)
    assert found.count(MATCH_START) == found.count(MATCH_END)
    assert len(found.replace(MATCH_START, "").replace(MATCH_END, "")) <= SNIPPET_LENGTH + 2


# -------------------------------------------------------------- filters and order


async def test_filters_select_matching_messages(path: Path) -> None:
    async with opened(path) as database:
        store, search = ConversationStore(database), Search(database)
        thesis = Folder(new_id(), "Thesis", NOON)
        await FolderStore(database).save(thesis)
        pro = replace(CHOICE, variant=Variant.PRO)
        inside = a_conversation("one", folder_id=thesis.id, choice=pro)
        outside = a_conversation("two", minutes=60)
        part = DocumentPart("0" * 64, "whale.txt", "text/plain", 1)
        for conversation, minutes in ((inside, 0), (outside, 60)):
            question = a_question(conversation, "whale song", minutes=minutes)
            question = replace(question, choice=conversation.choice)
            if conversation is outside:
                question = replace(question, parts=(*question.parts, part))
            await store.begin_turn(replace(conversation, leaf_id=question.id), None, question)

        async def found(**fields: Any) -> list[str]:
            hits = await search.find("whale", search_filter=SearchFilter(**fields))
            return [hit.title for hit in hits]

        cited = Passage(1, "c", "1" * 64, "whale.txt", None, "", 0, 5, "whale")
        cites = a_conversation("cites", minutes=61)
        question = a_question(cites, "whale song", minutes=61)
        found_there = PassagesPart("c", "Whales", (cited,))
        question = replace(question, parts=(*question.parts, found_there))
        await store.begin_turn(replace(cites, leaf_id=question.id), None, question)

        assert await found() == ["cites", "two", "one"]
        assert await found(folder_id=thesis.id) == ["one"]
        assert await found(variant=Variant.PRO) == ["one"]
        assert await found(has_attachment=True) == ["two"]
        assert await found(folder_id=thesis.id, has_attachment=True) == []
        assert await found(since=NOON + timedelta(minutes=30)) == ["cites", "two"]
        assert await found(until=NOON + timedelta(minutes=30)) == ["one"]


async def test_the_best_matches_have_the_highest_density_of_words(path: Path) -> None:
    async with opened(path) as database:
        search = Search(database)
        await ask(database, "whale whale whale", "a", minutes=0)
        await ask(database, "a whale among a great many other words " * 9, "b", minutes=1)
        await ask(database, "no such thing", "Whale", minutes=2)
        await ask(database, "one whale only", "c", minutes=3)
        hits = await search.find("whale", order=SearchOrder.BEST)
        assert [hit.title for hit in hits][:2] == ["Whale", "a"]
        assert [hit.title for hit in await search.find("whale")] == ["c", "Whale", "b", "a"]
        assert len(await search.find("whale", 2, order=SearchOrder.BEST)) == 2


@pytest.mark.parametrize(
    ("body", "query", "mark"),
    [
        ("It rises in the morning.", "MORN", "morn"),
        ("Größe und Ärger", "groesse", "Größe"),
        ("请帮我总结这份报告", "告", "告"),
        (f"{'low ' * 30_000}neap tide", "neap low", "low"),
        ("It rises in the morning.", "tides morning", "morning"),
        ("It rises in the morning.", "orning", ""),
        ("a gust of wind", "guest", ""),
        ("It rises.", "??", ""),
    ],
)
async def test_texts_beside_conversations_are_found(
    path: Path, body: str, query: str, mark: str
) -> None:
    async with opened(path) as database:
        store, search = ConversationStore(database), Search(database)
        conversation = a_conversation("Plans")
        await store.create(conversation)
        await TextStore(database).put(WrittenText("t" * 32, conversation.id, "Tides", body))
        for order in SearchOrder:
            hits = await search.find(query, order=order)
            assert [(hit.text_id, hit.document) for hit in hits] == (
                [("t" * 32, "Tides")] if mark else []
            )
            assert mark in [word for hit in hits for word in marked(hit)] or not mark
        assert not await search.find(query, search_filter=SearchFilter(variant=next(iter(Variant))))
        await store.erase([conversation.id])
        assert not await search.find(query)


async def test_texts_and_messages_share_the_pages_of_a_search(path: Path) -> None:
    async with opened(path) as database:
        for minutes in range(4):
            conversation_id = a_conversation(str(minutes), minutes)
            await ConversationStore(database).create(conversation_id)
            text = WrittenText(new_id(), conversation_id.id, "Tides", f"apple {minutes}")
            await TextStore(database).put(text)
            await ask(database, f"apple {minutes}", minutes=minutes)
        pages = [page async for page in Search(database).pages("apple", 3)]
    found = [(hit.text_id, hit.message_id) for page in pages for hit in page]
    assert len(set(found)) == len(found) == 8
    dates = [hit.date for page in pages for hit in page]
    assert dates == sorted(dates, reverse=True)


async def test_documents_of_an_earlier_version_get_the_time_of_their_message(path: Path) -> None:
    async with opened(path) as database:
        store = AttachmentStore(database, path.parent / "attachments")
        for number in range(4):
            data = f"apple {number}".encode()
            sha256 = hashlib.sha256(data).hexdigest()
            await store.add(data, Attachment(sha256, f"{number}.txt", "text/plain", data.decode()))
            conversation = a_conversation("", number)
            asked = a_question(conversation, "apple", minutes=number)
            part = DocumentPart(sha256, f"{number}.txt", "text/plain", len(data))
            asked = replace(asked, parts=(*asked.parts, part))
            await ConversationStore(database).begin_turn(conversation, asked, an_answer(asked))
        # As an import of it left them: all at the time of the import, in another order.
        for number, row in enumerate(await database.rows("SELECT sha256, text FROM attachments")):
            await database.write(partial(_redate, row=row, at=1 << 51 | number))
        found = await Search(database).find("apple")
        assert [hit.document for hit in found] == [hit.document for hit in sorted_by_date(found)]
        pages = [page async for page in Search(database).pages("apple", 3)]
        hits = [(hit.message_id, hit.document) for page in pages for hit in page]
        assert len(hits) == len(set(hits)) == 8
        await store.mend_dates(lambda: False)
        ids = "SELECT id FROM search_entries WHERE kind = 'attachment'"
        assert all(row["id"] >= 1 << 51 for row in await database.rows(ids))
        await store.mend_dates(lambda: True)
        newest, *_ = await Search(database).find("apple", 1)
        assert newest.date < NOON + timedelta(minutes=5)
        assert all(row["id"] < 1 << 51 for row in await database.rows(ids))
        store.close()


def sorted_by_date(hits: list[SearchHit]) -> list[SearchHit]:
    return sorted(hits, key=lambda hit: hit.date, reverse=True)


def _redate(connection: sqlite3.Connection, row: sqlite3.Row, at: int) -> None:
    remove_entry(connection, EntryKind.ATTACHMENT, row["sha256"], row["text"])
    add_entry(connection, EntryKind.ATTACHMENT, row["sha256"], row["text"], at)
