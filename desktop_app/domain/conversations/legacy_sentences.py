"""Reads what earlier versions wrote as sentences, in stores and in exported files.

The sentences are frozen: they are what those versions wrote, whatever this one says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from desktop_app.domain.spending.cost import UsageScope

_FIRST: Final = "Its tokens and cost are counted with the first version's."
_ALL: Final = "Tokens and cost are for all "


def legacy_usage_scope(notices: Iterable[str]) -> UsageScope:
    """Return which answers the tokens of an answer with these notices are for."""
    for notice in notices:
        if notice == _FIRST:
            return UsageScope.FIRST
        if notice.startswith(_ALL):
            return UsageScope.ALL
    return UsageScope.OWN
