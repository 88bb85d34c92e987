"""What is said under answers that came in one request, whose tokens the provider counts together.

The provider's count of such a request is of no use for what one of them leaves in the window.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

COUNTED_WITH_FIRST: Final = "Its tokens and cost are counted with the first version's."
_FOR_ALL: Final = "Tokens and cost are for all {} versions, which were asked for at once."
_FOR_ALL_BEGINS: Final = _FOR_ALL.split("{}", maxsplit=1)[0]


def for_all(count: int) -> str:
    """What is said under the first of several answers of one request."""
    return _FOR_ALL.format(count)


def counts_others(notices: Iterable[str]) -> bool:
    """Whether an answer with these notices bears the tokens of others as well."""
    return any(notice.startswith(_FOR_ALL_BEGINS) for notice in notices)


def is_counted_elsewhere(notices: Iterable[str]) -> bool:
    """Whether another answer bears the tokens of an answer with these notices."""
    return COUNTED_WITH_FIRST in notices
