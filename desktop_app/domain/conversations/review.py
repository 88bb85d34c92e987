"""The user's verdict on an answer, kept as a notice under it.

Because it is a notice, it is stored, exported and imported with the answer. An answer that the
user has edited is a separate version, whose verdict names the original.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from desktop_app.domain.conversations.conversation import Message, MessageStatus, new_id, now
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, notice

MAX_NOTE_CHARS: Final = 2_000


class ReviewKind(StrEnum):
    """The kinds of verdicts."""

    REVIEWED = "reviewed"
    CORRECTED = "corrected"
    REJECTED = "rejected"

    @property
    def notice_code(self) -> NoticeCode:
        """Return the code of the notice that stores a verdict of this kind."""
        return NoticeCode(f"review_{self.value}")


_KINDS: Final = {kind.notice_code: kind for kind in ReviewKind}


@dataclass(frozen=True, slots=True)
class Review:
    """A verdict on an answer.

    Attributes:
        original: of an answer that the user has edited, the id of the model's answer; otherwise "".
    """

    kind: ReviewKind
    note: str = ""
    original: str = ""


def review_of(message: Message) -> Review | None:
    """Return the verdict on an answer; None if the user has given none."""
    for each in message.notices:
        if isinstance(each, AnswerNotice) and each.code in _KINDS:
            params = dict(each.params)
            kind = _KINDS[NoticeCode(each.code)]
            return Review(kind, str(params.get("note", "")), str(params.get("original", "")))
    return None


def with_review(message: Message, review: Review | None) -> Message:
    """Return a copy of an answer with `review` as its only verdict; None removes it."""
    others = tuple(
        each
        for each in message.notices
        if not (isinstance(each, AnswerNotice) and each.code in _KINDS)
    )
    if review is None:
        return replace(message, notices=others)
    note = review.note.strip()[:MAX_NOTE_CHARS]
    verdict = notice(review.kind.notice_code, note=note, original=review.original)
    return replace(message, notices=(*others, verdict))


def edited_version(answer: Message, text: str, note: str) -> Message:
    """Return a version of an answer with the user's text, without usage and cost."""
    review = review_of(answer)
    original_id = review.original if review is not None and review.original else answer.id
    edited = Message(
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
    return with_review(edited, Review(ReviewKind.CORRECTED, note, original_id))
