"""The user's verdicts on answers: counts by model, and pairs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from desktop_app.domain.conversations.conversation import Message, ModelChoice
from desktop_app.domain.conversations.review import Review, ReviewKind, edited_version, with_review
from desktop_app.domain.errors import StoreDamagedError
from desktop_app.storage.conversations.import_store import ImportStore
from desktop_app.storage.conversations.review_store import CorrectedPair, ReviewCount, ReviewStore
from tests.unit.storage.samples import NOON, a_conversation, a_question, an_answer, ended, opened

OTHER = ModelChoice("server", "llama", None, None)


def counts(reviewed: int = 0, corrected: int = 0, rejected: int = 0) -> dict[ReviewKind, int]:
    return dict(zip(ReviewKind, (reviewed, corrected, rejected), strict=True))


async def test_verdicts_are_counted_by_model_and_corrections_are_pairs(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        importing, store = ImportStore(database), ReviewStore(database)
        assert await store.counts() == []
        ids: list[str] = []
        for number, choice in enumerate((None, OTHER, OTHER)):
            conversation = a_conversation()
            question = a_question(conversation, f"Question {number}?")
            answer = ended(an_answer(question), f"Answer {number}.")
            review = Review(ReviewKind.REVIEWED if number else ReviewKind.REJECTED)
            answer = with_review(replace(answer, choice=choice or answer.choice), review)
            made: list[Message] = [question, answer]
            if number != 1:
                fixed = edited_version(answer, f"Better {number}.", "note" * number)
                made.append(
                    replace(
                        fixed,
                        created_at=NOON - timedelta(days=number + 1),
                        notices=("older words", *fixed.notices),
                    )
                )
            await importing.add(conversation, made, None)
            ids.append(conversation.id)
        family = ReviewCount("gpt-5.2", "thinking", counts(corrected=1, rejected=1))
        assert await store.counts() == [
            ReviewCount("llama", None, counts(reviewed=2, corrected=1)),
            family,
        ]
        day = NOON.astimezone().date()
        assert await store.counts(day) == [
            ReviewCount("llama", None, counts(reviewed=2)),
            replace(family, counts=counts(rejected=1)),
        ]
        assert await store.counts(day + timedelta(days=1)) == []
        pairs = [
            CorrectedPair(ids[2], "Question 2?", "Answer 2.", "Better 2.", "notenote", "llama", ""),
            CorrectedPair(ids[0], "Question 0?", "Answer 0.", "Better 0.", "", "thinking", "high"),
        ]
        assert await store.pairs(ids) == (pairs, [])
        assert await store.pairs(ids[:2]) == (pairs[1:], [])
        assert await store.pairs([]) == ([], [])
        damage = "UPDATE messages SET parts = '[{' WHERE parts LIKE '%Better 2.%'"
        await database.write(lambda c: c.execute(damage))
        found, damaged = await store.pairs(ids)
        assert found == pairs[1:]
        assert [type(error) for error in damaged] == [StoreDamagedError]
        damage = "UPDATE messages SET notices = notices || '[' WHERE parts LIKE '[{'"
        await database.write(lambda c: c.execute(damage))
        assert await store.pairs(ids) == (pairs[1:], [])
