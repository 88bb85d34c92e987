"""The user's verdict on an answer, as a notice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.conversations.review import (
    MAX_NOTE_CHARS,
    Review,
    ReviewKind,
    edited_version,
    review_of,
    with_review,
)
from tests.unit.storage.samples import a_conversation, a_question, an_answer

OTHER = notice(NoticeCode.SCHEMA_USED, name="a")


def answered() -> Message:
    question = a_question(a_conversation(), "Why?")
    answer = an_answer(question, "So.", status=MessageStatus.FAILED)
    return replace(answer, notices=("older words", OTHER))


@pytest.mark.parametrize("kind", ReviewKind)
def test_a_verdict_is_a_notice_that_the_next_one_replaces(kind: ReviewKind) -> None:
    answer = answered()
    first = with_review(answer, Review(ReviewKind.REJECTED, "no"))
    again = with_review(first, Review(kind, "  yes ", "id"))
    assert review_of(again) == Review(kind, "yes", "id")
    assert again.notices == (*answer.notices, notice(kind.notice_code, note="yes", original="id"))
    assert with_review(again, None) == answer
    assert review_of(answer) is None


def test_a_long_note_is_cut() -> None:
    kept = with_review(answered(), Review(ReviewKind.REVIEWED, "a" * (MAX_NOTE_CHARS + 1)))
    assert review_of(kept) == Review(ReviewKind.REVIEWED, "a" * MAX_NOTE_CHARS)


def test_a_verdict_without_words_has_none() -> None:
    answer = replace(answered(), notices=(notice(NoticeCode("review_reviewed")),))
    assert review_of(answer) == Review(ReviewKind.REVIEWED)


def test_an_edited_answer_names_the_original() -> None:
    answer = answered()
    made = edited_version(answer, "Thus.", "clearer")
    assert review_of(made) == Review(ReviewKind.CORRECTED, "clearer", answer.id)
    assert made.id != answer.id
    assert made == replace(
        answer,
        id=made.id,
        created_at=made.created_at,
        parts=(TextPart("Thus."),),
        status=MessageStatus.COMPLETE,
        notices=made.notices,
    )
    assert review_of(edited_version(made, "Hence.", "")) == Review(
        ReviewKind.CORRECTED, "", answer.id
    )
    reviewed = with_review(answer, Review(ReviewKind.REVIEWED))
    assert review_of(edited_version(reviewed, "Hence.", "")) == Review(
        ReviewKind.CORRECTED, "", answer.id
    )
