"""Links to conversations and messages: repartee://conversation/ID and …/ID/MESSAGE."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from desktop_app.domain.lazy_pattern import lazy_pattern

SCHEME: Final = "repartee"
_LINK: Final = lazy_pattern(
    rf"{SCHEME}://conversation/([0-9a-f]{{32}})(?:/([0-9a-f]{{32}}))?/?", re.IGNORECASE
)


class MessageLink(NamedTuple):
    """The target of a link: a conversation, or a message in it.

    Attributes:
        message_id: "" if the target is the conversation itself.
    """

    conversation_id: str
    message_id: str = ""

    def __str__(self) -> str:
        ids = "/".join(part for part in self if part)
        return f"{SCHEME}://conversation/{ids}"


def parse_link(address: str) -> MessageLink | None:
    """Return the target of a link; None if it is not a link of this program."""
    match = _LINK.fullmatch(address.strip())
    return None if match is None else MessageLink(match[1].lower(), (match[2] or "").lower())
