"""Writes what the queries of random ledgers, batches, collections and searches return.

    python -m tests.data.make_query_samples

After a change of a rule, read the difference.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from desktop_app.domain.batch.batch_jobs import (
    BatchItem,
    BatchJob,
    BatchResult,
    BatchStatus,
    BatchUpload,
    ItemStatus,
)
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Folder,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
    SearchFilter,
    SearchOrder,
)
from desktop_app.domain.conversations.message_parts import DocumentPart, TextPart
from desktop_app.domain.conversations.review import Review, ReviewKind, with_review
from desktop_app.domain.documents.collections import Collection, CollectionFile, FileStatus
from desktop_app.domain.documents.extracted_document import IndexedPassage
from desktop_app.domain.documents.passage_words import index_terms, question_terms
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import Call, CallPerformance, Grouping
from desktop_app.storage.batch.batch_store import BatchStore
from desktop_app.storage.conversations.conversation_store import ConversationStore
from desktop_app.storage.conversations.folder_store import FolderStore
from desktop_app.storage.database.temporary_database import MemoryDatabase
from desktop_app.storage.documents.collection_store import CollectionStore
from desktop_app.storage.search.search_query import Search
from desktop_app.storage.search.search_text import (
    count_occurrences,
    index_text,
    match_expression,
    snippet,
)
from desktop_app.storage.spending.ledger import Ledger
from desktop_app.storage.spending.spending_holds import SpendingHolds
from tests.data.samples import write_samples

EXPECTED: Final = Path(__file__).with_name("queries")
_PIECES: Final = (
    *(
        "word ",
        "Straße ",
        "STRASSE",
        "naïve ",
        "e\u0301t\u00e9 ",
        "ﬁn ",
        "Σίσυφος ",
        "ёлка ",
        "1.5 ",
    ),
    *("日本語", "文", "字 ", "北京 ", "🙂", "☃ ", "हिन्दी ", "สวัสดี ", "\x02", "\x07", "\t"),
    *("a", "b_c ", "C++ ", "x-y ", "don't ", "\n", "\n# Head\n", "\n- item ", "\n> quote ", "…"),
    *("`code` ", "**bold** ", "[link](https://a.example/word) ", "![p](u)", "~~s~~", "\n\n"),
    *("\n```py\nword\n```\n", "long " * 30),
)
_QUERIES: Final = (
    *("word", "strasse", "naive", "été", "a", "b_c", "C++", '"x y"', " ", " ", " ", '"', "don't"),
    *("日本", "本", "北京 ", "🙂", "☃", "हिन्", "สวั", "σισυφ", "елка", "fin", "1.5", "wo", "lon"),
    *("bold", "code", "link"),
)
# Noon in UTC is the same day in most time zones.
_NOON: Final = datetime(2026, 3, 14, 12, tzinfo=UTC)
_STATUSES: Final[tuple[FileStatus, ...]] = ("ready", "ready", "ready", "failed", "waiting")
_WORDS: Final = "green door key stone Zürich bay tide winter doors the".split()


async def ledgers(database: MemoryDatabase) -> AsyncIterator[str]:
    """Yield the sums of random calls."""
    chance = random.Random("ledgers")
    ledger, holds = Ledger(database), SpendingHolds(database)
    told: list[str] = []
    ledger.listen(told.append)
    for _ in range(60):
        usage = Usage(chance.randint(0, 900), chance.randint(0, 90), chance.randint(0, 90), 1)
        went = CallPerformance(
            chance.choice(("", "low")),
            chance.choice(("", "flex")),
            chance.choice(("complete", "complete", "failed", "interrupted")),
            chance.randint(0, 2),
            chance.choice((None, 0.5, 2.0)),
            chance.choice((None, 1.5, 9.0)),
        )
        call = Call(
            _NOON - timedelta(days=chance.choice((0, 1, 13, 14, 70))),
            chance.choice(("openai", "own")),
            chance.choice(("m", "n")),
            chance.choice(("answer", "answer", "title", "compaction", "batch")),
            usage,
            chance.choice((None, Decimal("0.25"), Decimal("0.000001"))),
            chance.choice((None, "c")),
            chance.choice((None, "a")),
            chance.choice((None, went, went)),
        )
        await ledger.add(call)
    yield _line(told)
    for provider in (None, "openai", "own"):
        yield _line(provider, repr(await ledger.spent_in_month(_NOON, provider)))
        yield _line((await ledger.spent_in_month(_NOON - timedelta(days=70), provider)).cost)
    yield _line(await ledger.conversation_cost("c"), await ledger.utility_cost("c"))
    yield _line(repr(await ledger.answer_spending("c", "a")), await ledger.first_token_seconds("c"))
    seconds = await ledger.median_seconds("openai")
    yield _line([[*key, value] for key, value in seconds.items()])
    for by in Grouping:
        for since in (None, date(2026, 3, 13)):
            for row in await ledger.group_spending(by, since):
                yield _line(by, since, repr(row))
    yield _line(repr(await ledger.report(_NOON)))
    for amount in ("1", "2.5", "100", "0.01"):
        hold, month = await holds.place(("openai",), Decimal(amount), Decimal(9), _NOON, ("m", "x"))
        yield _line(hold, repr(month), month.is_near_cap)
    await holds.release(1)
    yield _line(repr(await holds.month(("openai",), None, _NOON)))


async def batches(database: MemoryDatabase) -> AsyncIterator[str]:
    """Yield a batch job after each of random results."""
    chance = random.Random("batches")
    store = BatchStore(database, Ledger(database))
    choice = ModelChoice("openai", "m", Variant.PRO, Effort.LOW)
    why = ErrorNote(Reason.NO_CREDIT, params={"provider": "P"})
    for name in ("j", "k"):
        status = BatchStatus.READY if name == "k" else BatchStatus.IN_PROGRESS
        job = BatchJob(name, choice, "Job", "What?", _NOON, status, "http://h")
        items = [
            BatchItem(
                name, n, f"{n}.txt", "/x", chance.choice((ItemStatus.READ, ItemStatus.LEFT_OUT))
            )
            for n in range(1, 9)
        ]
        await store.create(job, items)
        upload = BatchUpload(name, 1, total=8)
        await store.add_upload(upload, range(1, 7))
        await store.save_upload(replace(upload, batch_id="batch_1", completed=3, failed=1))
    for _ in range(12):
        results = [
            BatchResult(
                f"{chance.choice('jjjk')}-{chance.choice((1, 2, 3, 4, 9, '01'))}",
                chance.choice((ItemStatus.ANSWERED, ItemStatus.REFUSED, ItemStatus.FAILED)),
                chance.choice(("Yes.", "")),
                chance.choice((None, why)),
                chance.choice((None, Usage(3, 1, 2, 1))),
                "m",
            )
            for _ in range(chance.randint(1, 3))
        ]
        job = replace(job, id="j")
        repeated = frozenset(chance.sample(["j-1", "j-2", "j-3"], 2))
        costs = _always(chance.choice((None, Decimal("0.1"))))
        upload = BatchUpload("j", 1)
        unknown = await store.save_results(job, upload, results, repeated, costs)
        found = await store.get("j")
        assert found is not None
        yield _line([each.custom_id for each in results], unknown, repr(found.counts))
    await store.end_upload(BatchUpload("j", 1), ItemStatus.UNANSWERED, why, {5: why})
    await store.mark_cancelled("j")
    await store.record_conversation("j", 2, "c")
    for each in await store.all():
        yield _line(repr(each), await store.claim(each.id))
        await store.release(each.id)
        summaries = await store.item_summaries(each.id)
        for summary, item in zip(summaries, await store.items(each.id), strict=True):
            yield _line(repr(summary), repr(item))
    pages = [await store.page("j", after, 2) for after in (0, 3, 7, 8)]
    yield _line([[item.number for item in page] for page in pages], await store.open_ids())
    yield _line(repr(await store.item("j", 1)), await store.item("j", 9), await store.claim("x"))
    await store.remove("j")
    yield _line([each.id for each in await store.all()])


async def collections(database: MemoryDatabase) -> AsyncIterator[str]:
    """Yield the files of collections, and the passages that questions find."""
    chance = random.Random("collections")
    store = CollectionStore(database)
    for name in ("b", "a", "C"):
        await store.put(Collection(name, f"{name} books", _NOON, "/books"))
    texts = {}
    for number in range(6):
        sha256 = f"{number:064x}"
        texts[sha256] = text = " ".join(chance.choices(_WORDS, k=60))
        await _add_attachment(database, sha256, text)
        cuts = sorted({0, *chance.sample(range(1, len(text)), 3), len(text)})
        passages = [
            IndexedPassage(start, end, 9, number, "page 1", "key", index_terms(text[start:end]))
            for start, end in pairwise(cuts if number else cuts[:-1])
        ]
        await store.index_passages(sha256, passages)
        for each in chance.sample("abC", 2):
            status = chance.choice(_STATUSES)
            path = f"/books/{number}"
            file = CollectionFile(each, path, f"{number}", sha256, "text/plain", 9, 1, status)
            await store.put_files([(file, 1 << 60)])
    yield _line([each.name for each in await store.all()])

    async def told() -> str:
        found = []
        for words in ("green door", "Zürich", "keys", "", "winter tide stone"):
            for chosen in (["a"], ["a", "b", "C"], []):
                places = await store.find(chosen, question_terms(words), 4)
                lines = await store.texts(places)
                shown = [[p.id, p.collection_id, p.name, p.start, p.end] for p in places]
                found.append([words, chosen, shown, [text and text[:9] for text in lines]])
        files = [[repr(file) for file in await store.files(each)] for each in "ab"]
        rest = [await store.file_stats("a"), sorted(await store.removed_paths("a"))]
        return _line(found, files, rest, [await store.is_indexed(sha256) for sha256 in texts])

    yield await told()
    await store.mark_removed("a", "/books/1")
    await store.remove_files("a", ["/books/2", "/books/3"])
    await store.delete("b")
    await store.remove_unreferenced()
    yield await told()


async def searches(database: MemoryDatabase) -> AsyncIterator[str]:
    """Yield what is found in random conversations."""
    chance = random.Random("searches")
    store = ConversationStore(database)
    await FolderStore(database).save(Folder("f", "Work", _NOON))
    for number in range(14):
        at = _NOON + timedelta(minutes=chance.randrange(6))
        variant = chance.choice((None, Variant.PRO))
        choice = ModelChoice("openai", "m", variant, None)
        title = " ".join(chance.choices(_WORDS, k=2))
        made = Conversation(f"{number:x}", title, at, at, choice)
        made = replace(
            made,
            folder_id=chance.choice((None, "f")),
            archived=chance.random() < 0.3,
            trashed_at=chance.choice((None, None, None, _NOON)),
        )
        await store.create(made)
        text = " ".join(chance.choices(_WORDS, k=chance.choice((3, 20, 80))))
        part = DocumentPart("5" * 64, "lease.pdf", "application/pdf", 9)
        parts = (TextPart(text), *chance.choice(((), (part,))))
        role, status = Role.ASSISTANT, MessageStatus.COMPLETE
        message = Message(f"m{number}", made.id, None, role, status, parts, at, choice)
        review = chance.choice((None, Review(chance.choice(list(ReviewKind)))))
        await store.begin_turn(made, None, with_review(message, review))
    search = Search(database)
    queries = (
        "door",
        "green key",
        '"green door"',
        "wint",
        "ZURICH the",
        "lease",
        "is:reviewed",
        "…",
    )
    filters = (
        SearchFilter(),
        *(SearchFilter(folder_id="f"), SearchFilter(has_attachment=True)),
        SearchFilter(since=_NOON + timedelta(minutes=2), until=_NOON + timedelta(minutes=4)),
        *(SearchFilter(variant=Variant.PRO), SearchFilter(review="corrected")),
    )
    for query in (*queries, "is:corrected door"):
        for search_filter in filters:
            order, limit = chance.choice(list(SearchOrder)), chance.choice((2, 50))
            found = await search.find(query, limit, search_filter=search_filter, order=order)
            hits = [[hit.conversation_id, hit.message_id, str(hit.snippet)[:60]] for hit in found]
            yield _line(query, order, limit, hits)


async def _add_attachment(database: MemoryDatabase, sha256: str, text: str) -> None:
    row = (sha256, "a.txt", "text/plain", len(text), None, None, 1, text)
    sql = "INSERT INTO attachments VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    await database.write(lambda c: c.execute(sql, row))


def _always(cost: Decimal | None) -> Callable[[BatchResult], Decimal | None]:
    return lambda _result: cost


def _line(*values: object) -> str:
    text = json.dumps(values, ensure_ascii=False, default=str, separators=(",", ":"))
    return re.sub(r"(\.\d{6})\d+", r"\1", text)


async def _collected(query: Callable[[MemoryDatabase], AsyncIterator[str]]) -> list[str]:
    database = MemoryDatabase()
    try:
        return [line async for line in query(database)]
    finally:
        await database.close()


def snippets() -> Iterator[str]:
    """Yield texts with what a query finds in them."""
    chance = random.Random("snippets")
    for _ in range(800):
        text = "".join(chance.choices(_PIECES, k=chance.choice((3, 12, 40))))
        if chance.random() < 0.02:
            text = text.rjust(chance.choice((49_990, 50_010, 120_000)), "-")
        query = "".join(chance.choices(_QUERIES, k=chance.randint(1, 4)))
        indexed = index_text(text).decode() if len(text) < 1_000 else ""
        found = (count_occurrences(text, query), match_expression(query), snippet(text, query))
        yield json.dumps([text[-300:], indexed, query, *found], ensure_ascii=False)


def _lines(query: Callable[[MemoryDatabase], AsyncIterator[str]]) -> Callable[[], Iterator[str]]:
    return lambda: iter(asyncio.run(_collected(query)))


SAMPLES: Final[dict[str, Any]] = {
    **{each.__name__: _lines(each) for each in (ledgers, batches, collections, searches)},
    "snippets": snippets,
}

if __name__ == "__main__":
    write_samples(EXPECTED, SAMPLES)
