"""Notices under answers that came in one request, whose tokens the provider counts together."""

from __future__ import annotations

from typing import Final

from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, notice

COUNTED_WITH_FIRST: Final = notice(NoticeCode.COST_WITH_FIRST)


def for_all(count: int) -> AnswerNotice:
    """Return the notice under the first of several answers of one request."""
    return notice(NoticeCode.COST_OF_ALL, count=str(count))
