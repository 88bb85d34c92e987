"""The user's verdict on an answer, kept as a notice under it.

So it is stored, exported and imported with the answer. An answer that the user has edited is a
version of its own, which names its original.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from desktop_app.domain.conversations.conversation import Message, MessageStatus, new_id, now
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, notice

LONGEST_NOTE: Final = 2_000


class ReviewKind(StrEnum):
    """The kinds of verdicts."""

    REVIEWED = "reviewed"
    CORRECTED = "corrected"
    REJECTED = "rejected"

    @property
    def notice_code(self) -> NoticeCode:
        """The code of the notice that stores it."""
        return NoticeCode(f"review_{self.value}")


_KINDS: Final = {kind.notice_code: kind for kind in ReviewKind}


@dataclass(frozen=True, slots=True)
class Review:
    """A verdict.

    Attributes:
        original: the id of the answer that the user has edited; "" if the text is the model's.
    """

    kind: ReviewKind
    note: str = ""
    original: str = ""


def review_of(message: Message) -> Review | None:
    """Return the verdict on an answer, None without one."""
    for each in message.notices:
        if isinstance(each, AnswerNotice) and each.code in _KINDS:
            params = dict(each.params)
            kind = _KINDS[NoticeCode(each.code.value)]
            return Review(kind, str(params.get("note", "")), str(params.get("original", "")))
    return None


def with_review(message: Message, review: Review | None) -> Message:
    """Return an answer with another verdict, or without one."""
    others = tuple(
        each
        for each in message.notices
        if not (isinstance(each, AnswerNotice) and each.code in _KINDS)
    )
    if review is None:
        return replace(message, notices=others)
    note = review.note.strip()[:LONGEST_NOTE]
    made = notice(review.kind.notice_code, note=note, original=review.original)
    return replace(message, notices=(*others, made))


def edited_version(answer: Message, text: str, note: str) -> Message:
    """Return a version of an answer with the user's text. It cost nothing."""
    original = review_of(answer)
    first = original.original if original is not None and original.original else answer.id
    made = Message(
        id=new_id(),
        conversation_id=answer.conversation_id,
        parent_id=answer.parent_id,
        role=answer.role,
        status=MessageStatus.COMPLETE,
        parts=(*answer.attachments, TextPart(text)),
        created_at=now(),
        choice=answer.choice,
        answered_by=answer.answered_by,
    )
    return with_review(made, Review(ReviewKind.CORRECTED, note, first))
