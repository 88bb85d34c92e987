"""Where a link leads, said so that nobody is led elsewhere.

A link's words are chosen by whoever wrote the answer, or by a page that the model has read. Words that
look like an address are compared with the true one; where they differ, and where a target is made to
be misread (a user name before the host, a host that is not in ASCII), or words are (letters of two
scripts in one of them), the true host stands behind the words. What is opened is decided by the scheme
alone.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, urlsplit

OPENED: Final = frozenset(("http", "https", "mailto"))
"""The schemes of what may be opened, on a click, through the system."""

# Some mail programs take it for the name of a file of this computer that is to be sent along.
_ATTACHES: Final = re.compile(r"[?&;](?:attach|%61ttach)", re.IGNORECASE)

_LONGEST_SHOWN: Final = 80
_WORD: Final = re.compile(r"[^\W\d_]+")
_ADDRESS: Final = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*):/*|www\.)?(?:[^\s/?#@]*@)?"
    r"(?P<host>[^\s/?#@:<>()\[\]]+\.[^\W\d_]{2,}|xn--[^\s/?#@:]+)\.?(?::\d+)?(?:[/?#]\S*)?"
)


def is_opened(target: str) -> bool:
    """Whether a click on a link to `target` opens it."""
    scheme = target.partition(":")[0].lower()
    if scheme == "mailto" and _ATTACHES.search(target):
        return False
    return scheme in OPENED and target.isprintable() and not any(map(str.isspace, target))


@lru_cache(maxsize=500)  # the open end of an answer is read again with every piece
def true_place(words: str, target: str) -> str:
    """What is to stand behind a link's words: where it leads, or "" where the words do not say
    otherwise.

    >>> true_place("https://bank.example", "https://evil.example/x")
    'evil.example'
    >>> true_place("the docs", "https://docs.example"), true_place("a.example", "http://a.example/")
    ('', '')
    """
    if target.startswith("#"):
        return ""  # nowhere: an address that has not arrived yet
    parts = _split(target)
    if parts is None:
        return _short(target)
    host = _host(parts)
    if "@" in parts.netloc or "xn--" in host or not host.isascii():
        return host
    said = _said_host(words)
    if not said and _is_in_two_scripts(words):
        return host
    if not said or said == host.removeprefix("www."):
        return ""
    name = parts.path.rstrip("/").rpartition("/")[2].lower()
    if name and name == unicodedata.normalize("NFKC", words).strip().lower():
        return ""  # a file's name, such as README.md, which is no host
    return host or _short(target)


def place_of_picture(target: str) -> str:
    """What is to stand behind the name of a picture that is not drawn: where it lies."""
    if target.startswith("#") or not target:
        return ""
    if target[:5].lower() == "data:":
        return f"{target[5:40].partition(',')[0].partition(';')[0]}, not shown"
    return _short(target)


def _split(target: str) -> SplitResult | None:
    try:
        parts = urlsplit(target)
        _ = parts.hostname
    except ValueError:
        return None
    return parts


def _host(parts: SplitResult) -> str:
    if parts.scheme in ("mailto", "xmpp"):
        address = parts.path.partition("/")[0] if parts.scheme == "xmpp" else parts.path
        return address.rpartition("@")[2].lower()
    return (parts.hostname or "").rstrip(".")


def _said_host(words: str) -> str:
    """The host that words name, if they look like an address; look-alike letters folded."""
    seen = "".join(c for c in unicodedata.normalize("NFKC", words) if c.isprintable())
    match = _ADDRESS.fullmatch(seen.strip().lower())
    return match["host"].removeprefix("www.") if match else ""


def _is_in_two_scripts(words: str) -> bool:
    """Whether a word has Latin letters beside Cyrillic or Greek ones, which look like them."""
    if words.isascii():
        return False
    for word in _WORD.findall(words):
        scripts = {unicodedata.name(letter, " ").split()[0] for letter in word}
        if len(word) > 2 and "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK"}:
            return True
    return False


def _short(target: str) -> str:
    return target if len(target) <= _LONGEST_SHOWN else target[: _LONGEST_SHOWN - 1] + "…"
