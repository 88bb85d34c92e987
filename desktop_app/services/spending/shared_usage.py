"""Notices under answers that came in one request, whose tokens the provider counts together."""

from __future__ import annotations

from typing import Final

COUNTED_WITH_FIRST: Final = "Its tokens and cost are counted with the first version's."


def for_all(count: int) -> str:
    """Return the notice under the first of several answers of one request."""
    return f"Tokens and cost are for all {count} versions, which were asked for at once."
