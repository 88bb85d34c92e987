"""The user's mark on an answer, reviewed or rejected, kept as a notice under it.

Because it is a notice, it is stored, exported and imported with the answer.
"""

from __future__ import annotations

from dataclasses import replace

from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode

_MARKS = (NoticeCode.REVIEW_REVIEWED, NoticeCode.REVIEW_REJECTED, NoticeCode.REVIEW_CORRECTED)


def with_next_mark(answer: Message) -> Message:
    """Return an answer with the next mark: reviewed, then rejected, then none.

    Earlier versions of the program added a note to a mark, or marked a text that the user had
    edited. Such a mark changes, but is never removed.
    """
    mark = next(
        (each for each in answer.notices if isinstance(each, AnswerNotice) and each.code in _MARKS),
        None,
    )
    others = tuple(each for each in answer.notices if each is not mark)
    if mark is None:
        return replace(answer, notices=(*others, AnswerNotice(NoticeCode.REVIEW_REVIEWED)))
    if mark.code == NoticeCode.REVIEW_REVIEWED:
        next_mark = replace(mark, code=NoticeCode.REVIEW_REJECTED)
        return replace(answer, notices=(*others, next_mark))
    if any(value for _name, value in mark.params):
        next_mark = replace(mark, code=NoticeCode.REVIEW_REVIEWED)
        return replace(answer, notices=(*others, next_mark))
    return replace(answer, notices=others)
