"""Cleans a server's error messages, so that they can be shown after the program's own sentence.

A message can contain anything. Markup, control characters, invisible characters and everything that
looks like a key are removed, and a long message is cut.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

from desktop_app.domain.network.redaction import REMOVED

MAX_QUOTE_CHARS: Final = 300
_MAX_READ_CHARS: Final = 10_000

_TITLE: Final = re.compile(r"<title[^<>]{0,200}>([^<]{1,500})", re.IGNORECASE)
_HIDDEN: Final = re.compile(r"<(script|style|head)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
# Replaced by nothing: a blank inside a key would hide it from the redactor.
_INLINE: Final = re.compile(r"</?(a|b|code|em|i|mark|span|strong|u|wbr)\b[^<>]{0,500}>", re.I)
_TAG: Final = re.compile(r"<[/!]?[A-Za-z][^<>]{0,500}>|<!--.*?(-->|\Z)", re.DOTALL)
# Keys that no redactor knows: a gateway quotes its own key, which it sent to the server behind it.
_KEY_PATTERN: Final = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|hf|r8|nvapi|AIza|key|token)[-_][\w.*-]{12,}"
    r"|\bAIza[\w-]{20,}"
    r"|\beyJ[\w-]{10,}\.[\w.-]{10,}"
    r"|(?<=Bearer )[^\s\"',;]{8,}"
    r"|(?<=Basic )[A-Za-z0-9+/=]{12,}",
    re.IGNORECASE,
)
_INVISIBLE: Final = ("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp")


def quote(message: str) -> str:
    """Return the start of a server's message on one line; "" if it says nothing.

    >>> quote("<h1>502 Bad\\u200b Gateway</h1>\\n nginx")
    '502 Bad Gateway nginx'
    >>> quote("Wrong key: Bearer abcdefgh12345678")
    'Wrong key: Bearer [key removed]'
    """
    text = _KEY_PATTERN.sub(REMOVED, without_markup(message))
    return text if len(text) <= MAX_QUOTE_CHARS else text[: MAX_QUOTE_CHARS - 1].rstrip() + "…"


def quoted_sentence(message: str) -> str:
    """Return the quote of a message as a sentence; "" if it says nothing.

    It ends with a full stop, unless its own end is an exclamation mark, question mark or ellipsis.
    """
    sentence = quote(message).rstrip(".")
    return sentence if not sentence or sentence[-1] in "…!?" else f"{sentence}."


def without_markup(text: str) -> str:
    """Return the visible text of a message on one line, or the title of a web page."""
    text = text[:_MAX_READ_CHARS]
    title = _TITLE.search(text)
    text = title[1] if title else _TAG.sub(" ", _INLINE.sub("", _HIDDEN.sub(" ", text)))
    text = html.unescape(text)
    visible = (
        " " if c.isspace() else c
        for c in text
        if c.isspace() or unicodedata.category(c) not in _INVISIBLE
    )
    return " ".join("".join(visible).split())
