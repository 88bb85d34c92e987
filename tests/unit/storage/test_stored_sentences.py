"""Stores of versions that knew templates, notices and errors by their sentences."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.batch.batch_jobs import BatchItem, BatchJob, ItemStatus
from desktop_app.domain.batch.batch_wording import item_error_text, job_error_text
from desktop_app.domain.conversations.conversation import INCOMPLETE, Message
from desktop_app.domain.conversations.legacy.legacy_sentences import (
    LEGACY,
    legacy_error,
    legacy_notice,
    legacy_usage_scope,
)
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, notice
from desktop_app.domain.documents.collections import CollectionFile
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.spending.cost import UsageScope
from desktop_app.storage.batch.batch_store import BatchStore
from desktop_app.storage.conversations.conversation_store import ConversationStore
from desktop_app.storage.conversations.row_conversion import error_to_text
from desktop_app.storage.database.database import Database
from desktop_app.storage.database.migrations import MIGRATIONS
from desktop_app.storage.documents.collection_store import CollectionStore
from desktop_app.storage.recovery.store_copy import copy_store
from desktop_app.storage.spending.ledger import Ledger
from tests.helpers.blocking import blocking
from tests.helpers.error_params import error_params
from tests.unit.storage.samples import opened

SUMMARY = (
    "Summarise the attached document.\n\nSummary: 6 to 8 bullets of at most 30 words each.\n"
    "Action items: up to 5, each as owner — deadline — task."
)
OLD_NOTICES = (
    "Tokens and cost are for all 3 versions, which were asked for at once.",
    "Its tokens and cost are counted with the first version's.",
    "Read in parts for $0.02.",
)


@blocking
async def old_store(path: Path, before: str, *messages: dict[str, Any]) -> None:
    """Make a store from before a migration, with a conversation of these messages."""

    database = Database(path, [step for step in MIGRATIONS if step.name < before])
    await database.open()
    await database.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        insert(
            connection, "conversations", id="c", title="T", created_at=0, updated_at=0,
            provider_id="openai", model="", leaf_id=None, pinned=0, draft="",
        )  # fmt: skip
        for number, message in enumerate(messages):
            values = {
                "id": f"m{number}", "conversation_id": "c", "role": "assistant",
                "status": "complete", "created_at": number, "notices": "[]", "parts": "[]",
                **message,
            }  # fmt: skip
            insert(connection, "messages", **values)


def insert(connection: sqlite3.Connection, table: str, **values: Any) -> None:
    names = ", ".join(values)
    marks = ", ".join("?" for _ in values)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))


@blocking
async def read(path: Path, *ids: str) -> list[Message]:
    """Open a store with this version, which migrates it, and read messages."""

    async def found(store: ConversationStore, message_id: str) -> Message:
        message = await store.message(message_id)
        assert message is not None
        return message

    async with opened(path) as database:
        store = ConversationStore(database)
        return [await found(store, message_id) for message_id in ids]


def parts(text: str) -> str:
    return json.dumps([{"kind": "text", "text": text}])


def test_a_question_for_a_summary_gets_its_template(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    questions = (SUMMARY, "Sum it up.")
    rows = [{"role": "user", "parts": parts(text)} for text in questions]
    old_store(path, "0019", *rows, {"parts": parts(SUMMARY)})
    assert [m.template_id for m in read(path, "m0", "m1", "m2")] == ["executive-summary", "", ""]


def test_declined_files_of_batches_become_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    old_store(path, "0039")
    reasons = (Reason.ITEM_DECLINED, Reason.ITEM_ENDED_BY_FILTER, Reason.ITEM_EXPIRED)
    with closing(sqlite3.connect(path)) as connection, connection:
        for number, reason in enumerate(reasons):
            insert(
                connection, "batch_items", job_id="j", number=number, status="failed", upload=1,
                tokens=1, name="a", path="", part="", error=error_to_text(ErrorNote(reason)),
                conversation_id="", answer="",
            )  # fmt: skip
    read(path)
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT status FROM batch_items ORDER BY number").fetchall()
    assert [row[0] for row in rows] == ["refused", "refused", "failed"]


def test_a_notice_about_tokens_becomes_the_usage_scope(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    old_store(path, "0020", *({"notices": json.dumps([n])} for n in OLD_NOTICES))
    scopes = [m.usage_scope for m in read(path, "m0", "m1", "m2")]
    assert scopes == [UsageScope.ALL, UsageScope.FIRST, UsageScope.OWN]


def test_a_restore_of_an_old_store_converts_notices_and_templates(tmp_path: Path) -> None:
    old, path = tmp_path / "old.sqlite3", tmp_path / "store.sqlite3"
    rows = [{"notices": json.dumps([notice])} for notice in OLD_NOTICES]
    old_store(old, "0019", *rows, {"role": "user", "parts": parts(SUMMARY)})
    copy_store(old, path, "backup", lambda _done, _of: None)
    found = read(path, "m0", "m1", "m2", "m3")
    assert [m.usage_scope for m in found[:2]] == [UsageScope.ALL, UsageScope.FIRST]
    assert found[3].template_id == "executive-summary"


def test_an_export_of_an_old_version_gets_usage_scopes() -> None:
    assert [legacy_usage_scope([notice]) for notice in OLD_NOTICES] == [
        UsageScope.ALL,
        UsageScope.FIRST,
        UsageScope.OWN,
    ]


OLD_ERROR = {
    "what_happened": "The answer reached the limit on its length.",
    "what_was_kept": "What had arrived is kept above.",
    "what_to_do": "Continue lets it go on.",
    "details": "length",
    "kind": "Incomplete",
}
CODED = ErrorNote(Reason.ENDED_AT_LENGTH, details="length", code=INCOMPLETE)


def stored_error(path: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(path)) as connection:
        (error,) = connection.execute("SELECT error FROM messages").fetchone()
    value: dict[str, Any] = json.loads(error)
    return value


def test_a_stored_error_gets_codes(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    old_store(path, "0021", {"status": "incomplete", "error": json.dumps(OLD_ERROR)})
    assert [m.error for m in read(path, "m0")] == [CODED]
    stored = stored_error(path)
    assert (stored["code"], stored["reason"]) == ("incomplete", "ended_at_length")
    assert "kind" not in stored


def test_a_restored_error_gets_codes(tmp_path: Path) -> None:
    old, path = tmp_path / "old.sqlite3", tmp_path / "store.sqlite3"
    old_store(old, "0019", {"status": "incomplete", "error": json.dumps(OLD_ERROR)})
    copy_store(old, path, "backup", lambda _done, _of: None)
    assert "kind" not in stored_error(path)
    assert [m.error for m in read(path, "m0")] == [CODED]


def test_a_store_with_a_damaged_error_opens(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    old_store(path, "0021", {"error": "[1"}, {"error": json.dumps(OLD_ERROR)})
    assert [m.error for m in read(path, "m1")] == [CODED]


def test_stored_notices_get_codes(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    known = "OpenAI refused the setting “top_p”; the answer was made without it."
    words = "Nobody writes this any more."
    old_store(path, "0021", {"notices": json.dumps([known, words, OLD_NOTICES[0]])})
    (message,) = read(path, "m0")
    refused = notice(NoticeCode.SETTING_REFUSED, provider="OpenAI", setting="top_p")
    assert message.notices == (refused, words, notice(NoticeCode.COST_OF_ALL, count="3"))
    assert str(message.notices[1]) == words
    with closing(sqlite3.connect(path)) as connection:
        (stored,) = connection.execute("SELECT notices FROM messages").fetchone()
    assert known not in stored


@pytest.mark.parametrize("code", LEGACY["notices"])
def test_every_legacy_notice_gets_its_code(code: str) -> None:
    names = ("provider", "setting", "count", "names", "model", "cost")
    params = {name: f"a {name}" for name in names}
    found = legacy_notice(LEGACY["notices"][code].format_map(params))
    assert isinstance(found, AnswerNotice)
    assert (found.code, str(found)) == (code, str(notice(NoticeCode(code), **params)))


@pytest.mark.parametrize("reason", LEGACY["errors"])
def test_every_legacy_error_gets_its_reason(reason: str) -> None:
    for sentence in legacy_wordings(reason):
        text = sentence.format_map({"unit": "page", "note": "a note", **error_params()})
        found = legacy_error(ErrorNote(text, "Turn it off."))
        assert isinstance(found.reason, Reason)
        params = {"unit": "?", "note": "?", **error_params("?"), **found.params}
        assert text in [known.format_map(params) for known in legacy_wordings(found.reason)]
        assert found.what_to_do == "Turn it off."


def legacy_wordings(reason: str) -> list[str]:
    return [LEGACY[table][reason] for table in ("errors", "fuller") if reason in LEGACY[table]]


def test_a_stored_reason_replaces_its_sentences(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    coded = {
        "code": "model_not_found",
        "what_happened": "OpenAI does not serve this model to this key: No such model.",
        "kept": "question",
        "what_to_do": "Choose another model, or ask the provider for access.",
        "params": {},
        "details": "HTTP status 404",
    }
    free = {**coded, "what_happened": "It broke.", "what_to_do": "Wait."}
    old_store(path, "0024", {"error": json.dumps(coded)}, {"error": json.dumps(free)})
    known, unknown = (m.error for m in read(path, "m0", "m1"))
    assert known == ErrorNote(
        Reason.MODEL_NOT_SERVED,
        details="HTTP status 404",
        code="model_not_found",
        params={"provider": "OpenAI", "words": "No such model."},
    )
    assert known.what_happened.endswith(": No such model.")
    assert unknown is not None
    assert (unknown.what_happened, unknown.what_to_do) == ("It broke.", "Wait.")
    assert "Choose another model" not in json.dumps(stored_error(path))


ITEM_ERRORS = {
    "“a.pdf” is protected by a password. A batch asks for no passwords: save a copy without one, "
    "and give that to another batch, or ask an ordinary question about this file.": (
        ItemStatus.LEFT_OUT,
        Reason.PASSWORD_PROTECTED,
    ),
    "“a.pdf” has 1,200 pages, more than 1,000. Attach a part of it, or raise the limit in "
    "Settings › Library › Limits of documents.": (ItemStatus.LEFT_OUT, Reason.TOO_MANY_PAGES),
    "About 300,000 tokens; GPT-5.2 takes 272,000 at once. As an ordinary question it can be read "
    "in parts.": (ItemStatus.LEFT_OUT, Reason.ITEM_DOES_NOT_FIT),
    "GPT-5.2 does not see pictures.": (ItemStatus.LEFT_OUT, Reason.IMAGES_NOT_SEEN),
    "The provider refused the batch: Enqueued token limit reached.": (
        ItemStatus.FAILED,
        Reason.ITEM_BATCH_REFUSED,
    ),
    "OpenAI refused the request: Too hot.": (ItemStatus.FAILED, Reason.REQUEST_REFUSED),
    "Nobody writes this. Any more.": (ItemStatus.FAILED, None),
}
JOB_ERRORS = {
    "OpenAI could not be reached at api.openai.com. It is asked again.": Reason.NOT_REACHED,
    "The account at OpenAI has no credit left. Nothing was sent. Add credit on the provider's "
    "billing page, or choose another provider.": Reason.NO_CREDIT,
    "The provider of this job is not set up here now. The job goes on there. Set up "
    "https://x.y/v1 again to fetch its results.": None,
}


def batch_store(path: Path) -> None:
    """Make a store of the version before, with a job for each error of jobs."""
    old_store(path, "0024")
    details = {
        "api": "responses",
        "settings": {},
        "estimate": {"input_cost": None, "cost": None, "ordinary_cost": None},
    }
    sums = dict.fromkeys(("cached_tokens", "output_tokens", "reasoning_tokens", "uncounted"), 0)
    with closing(sqlite3.connect(path)) as connection, connection:
        for number, error in enumerate(JOB_ERRORS):
            insert(
                connection, "batch_jobs", id=f"j{number}", created_at=number, status="failed",
                provider_id="openai", base_url="", model="gpt-5.2", title="T", task="T",
                details=json.dumps(details), error=error, is_cancelled=0, input_tokens=0,
                cost="0", **sums,
            )  # fmt: skip
        for number, (error, (status, _)) in enumerate(ITEM_ERRORS.items()):
            insert(
                connection, "batch_items", job_id="j0", number=number + 1, status=status.value,
                upload=0, tokens=0, name="a.pdf", path="/a.pdf", part="[]", error=error,
                conversation_id="", answer="",
            )  # fmt: skip
        insert(connection, "collections", id="c", name="C", created_at=0, folder="")
        for name, problem in (
            ("a.pdf", "“a.pdf” holds no text: it is a picture, or pages that are pictures."),
            ("b.pdf", "2 files read."),
        ):
            insert(
                connection, "collection_files", collection_id="c", path=f"/{name}", name=name,
                media_type="", size=1, status="failed", problem=problem, modified=0,
            )  # fmt: skip


@blocking
async def jobs_items_and_files(
    path: Path,
) -> tuple[list[BatchJob], list[BatchItem], list[CollectionFile]]:
    """Read all batch jobs, the items of the first, and the files of the collection."""
    async with opened(path) as database:
        store = BatchStore(database, Ledger(database))
        return (
            await store.all(),
            await store.items("j0"),
            await CollectionStore(database).files("c"),
        )


def check_items(rows: list[BatchItem]) -> None:
    """Check that each sentence has become a reason; an unknown one is kept as it is."""
    assert len(rows) == len(ITEM_ERRORS)
    for row, (sentence, (_, expected)) in zip(rows, ITEM_ERRORS.items(), strict=True):
        assert row.error is not None
        assert row.error.reason == (expected or sentence)
        assert item_error_text(row) if expected else item_error_text(row) == sentence


def test_errors_of_old_batch_jobs_and_collections_get_codes(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    batch_store(path)
    jobs, items, files = jobs_items_and_files(path)
    assert len(jobs) == len(JOB_ERRORS)
    for job in jobs:
        sentence, expected = list(JOB_ERRORS.items())[int(job.id[1:])]
        assert job.error is not None
        assert expected is None or job.error.reason == expected
        assert expected is not None or job_error_text(job) == sentence
    check_items(items)
    first, second = (file.problem for file in files)
    assert first is not None
    assert first.reason is Reason.DOCUMENT_WITHOUT_TEXT
    assert first.params == {"name": "a.pdf"}
    assert second == ErrorNote(Reason.NOTE_READ, params={"read": "2"})
    with closing(sqlite3.connect(path)) as connection:
        stored = connection.execute(
            "SELECT error FROM batch_items UNION SELECT error FROM batch_jobs"
        )
        assert all(error.startswith("{") for (error,) in stored)


def test_restored_errors_of_old_batch_jobs_get_codes(tmp_path: Path) -> None:
    old, path = tmp_path / "old.sqlite3", tmp_path / "store.sqlite3"
    batch_store(old)
    copy_store(old, path, "backup", lambda _done, _of: None)
    _, items, _ = jobs_items_and_files(path)
    check_items(items)
