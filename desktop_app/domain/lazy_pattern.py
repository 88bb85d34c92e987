"""Regular expressions that are compiled on first use.

Compiling takes 0.1 to 1 ms for each; those of all modules together would take 40 ms of the start of
the window, and most are not used in it.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, Generic, cast


class _LazyPattern(Generic[AnyStr]):
    """A stand-in for a compiled pattern, whose methods it takes over as they are first used."""

    def __init__(self, source: AnyStr, flags: int) -> None:
        self.pattern: AnyStr = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(re.compile(self.pattern, self._flags), name)
        setattr(self, name, attribute)
        return attribute


def lazy_pattern(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return the pattern of a regular expression, which is compiled on first use.

    An invalid expression raises `re.error` only then.
    """
    return cast("re.Pattern[AnyStr]", _LazyPattern(source, flags))
