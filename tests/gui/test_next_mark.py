"""The user's mark on an answer, as a notice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.chat.ui.answer_actions import with_next_mark
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, notice
from tests.unit.storage.samples import a_conversation, a_question, an_answer

OTHERS = ("older words", notice(NoticeCode.SCHEMA_USED, name="a"))
REVIEWED, REJECTED = NoticeCode.REVIEW_REVIEWED, NoticeCode.REVIEW_REJECTED
CORRECTED = NoticeCode.REVIEW_CORRECTED
EDITED = {"note": "", "original": "m1"}


@pytest.mark.parametrize(
    ("mark", "next_mark"),
    [
        (None, notice(REVIEWED)),
        (notice(REVIEWED), notice(REJECTED)),
        (notice(REJECTED), None),
        (notice(REVIEWED, note="", original=""), notice(REJECTED, note="", original="")),
        (notice(REJECTED, note="", original=""), None),
        (notice(REJECTED, note="no", original=""), notice(REVIEWED, note="no", original="")),
        (notice(CORRECTED, **EDITED), notice(REVIEWED, **EDITED)),
    ],
)
def test_a_mark_follows_another(mark: AnswerNotice | None, next_mark: AnswerNotice | None) -> None:
    answer = an_answer(a_question(a_conversation(), "Why?"), "So.")
    marked = replace(answer, notices=(*OTHERS, mark) if mark else OTHERS)
    expected = (*OTHERS, next_mark) if next_mark else OTHERS
    assert with_next_mark(marked) == replace(answer, notices=expected)
