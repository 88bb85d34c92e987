"""Notices for answers from one request, whose tokens the provider counts together."""

from __future__ import annotations

from typing import Final

from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, notice

COUNTED_WITH_FIRST: Final = notice(NoticeCode.COST_WITH_FIRST)


def for_all(count: int) -> AnswerNotice:
    """Return the notice for the first of several answers to the same request."""
    return notice(NoticeCode.COST_OF_ALL, count=str(count))
