"""A limit on the values of a server's message, which take far more memory than its text.

The SDK parses a whole message at once, which cannot be interrupted: 13 MB of tools took 9 s and
780 MB. At the limit, it takes a second or two and 280 MB.
"""

from __future__ import annotations

import re
from typing import Final

MAX_VALUES: Final = 1_000_000
"""The most strings, commas and opening brackets of a message."""
TOO_MANY_VALUES: Final = f"The reply has more than {MAX_VALUES:,} values."
_MARKS: Final = (b",", b"[", b"{")
_STRING_OR_REST: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[^"]+', re.DOTALL)


def has_too_many_values(data: bytes) -> bool:
    """Return True if a message has more than MAX_VALUES values."""
    if sum(map(data.count, _MARKS)) + data.count(b'"') // 2 <= MAX_VALUES:
        return False  # usual messages need no closer look
    count = 0
    for found in _STRING_OR_REST.finditer(data):
        piece = found[0]
        count += 1 if piece.startswith(b'"') else sum(map(piece.count, _MARKS))
        if count > MAX_VALUES:
            return True
    return False
