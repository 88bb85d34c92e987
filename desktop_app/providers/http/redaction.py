"""Removes keys that a server, gateway or proxy echoes: plain, URL-encoded, in Base64 or in JSON."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote

from desktop_app.domain.lazy_pattern import lazy_pattern

REMOVED: Final = "[key removed]"
MIN_SECRET_CHARS: Final = 8
"""A shorter secret is not searched for, even if it has a digit."""
MIN_CHARS_WITHOUT_DIGITS: Final = 16
"""A shorter secret without digits is not searched for.

Local servers accept any key, such as "lm-studio", and an answer may contain that word.
"""

_ESCAPED_LETTER: Final = lazy_pattern(rb"\\[u/]")


class Redactor:
    """Removes secrets from text. Without secrets, text stays as it is."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {
            spelling
            for secret in secrets
            if _is_searchable(secret)
            for plain in _spellings(secret)
            for spelling in (plain, *_json_spellings(plain))
        }
        # Longest first: a secret may be the beginning of another.
        self._spellings = sorted(spellings, key=len, reverse=True)

    def clean(self, text: str) -> str:
        """Return `text` with each secret replaced by REMOVED."""
        for spelling in self._spellings:
            text = text.replace(spelling, REMOVED)
        return text

    def clean_bytes(self, data: bytes | bytearray) -> bytes | bytearray:
        """Return UTF-8 text with each secret replaced by REMOVED."""
        for spelling in self._spellings:
            data = data.replace(spelling.encode(), REMOVED.encode())
        return data

    def clean_json(self, data: bytes | bytearray) -> bytes | bytearray:
        """Return JSON with each secret replaced, whichever of its letters are escaped.

        Data that is not JSON is cleaned as text.
        """
        data = self.clean_bytes(data)
        if not self._spellings or not _ESCAPED_LETTER.search(data):
            return data
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return data
        document = [value]
        if not self._clean_texts(document):
            return data
        return json.dumps(document[0]).encode()

    def _clean_texts(self, document: list[Any]) -> bool:
        """Clean all texts of a parsed JSON document in place; return True if one has changed."""
        has_changed = False
        open_values: list[list[Any] | dict[str, Any]] = [document]
        while open_values:
            value = open_values.pop()
            if isinstance(value, dict):
                for key in [key for key in value if self.clean(key) != key]:
                    value[self.clean(key)] = value.pop(key)
                    has_changed = True
            places: Iterable[Any] = value if isinstance(value, dict) else range(len(value))
            for place in places:
                item = value[place]
                if isinstance(item, dict | list):
                    open_values.append(item)
                elif isinstance(item, str) and (cleaned := self.clean(item)) != item:
                    value[place] = cleaned
                    has_changed = True
        return has_changed

    def incomplete_secret_start(self, text: str) -> int:
        """Return the offset of a secret that the end of a text cuts off, else the text's length."""
        start = len(text)
        for spelling in self._spellings:
            position = text.find(spelling[0], max(0, len(text) - len(spelling) + 1), start)
            while position != -1 and not spelling.startswith(text[position:]):
                position = text.find(spelling[0], position + 1, start)
            if position != -1:
                start = position
        return start


class RedactedStream:
    """A redactor of one text that arrives in pieces.

    The end of a piece that may begin a secret is held until the next piece or the end of the text.

    Attributes:
        held: that end; "" if nothing is held.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self.held = ""

    def feed(self, text: str) -> str:
        """Return the text that can be passed on after `text` has arrived."""
        cleaned = self._redactor.clean(self.held + text)
        held_start = self._redactor.incomplete_secret_start(cleaned)
        self.held = cleaned[held_start:]
        return cleaned[:held_start]

    def end(self) -> str:
        """Return the held text; the next piece begins another text."""
        held, self.held = self.held, ""
        return held


def _is_searchable(secret: str) -> bool:
    has_digit = any(character in "0123456789" for character in secret)
    return len(secret) >= (MIN_SECRET_CHARS if has_digit else MIN_CHARS_WITHOUT_DIGITS)


def _json_spellings(text: str) -> Iterator[str]:
    """Yield the text as PHP and .NET write it in JSON, for JSON that is a text in JSON."""
    if "/" in text or "+" in text:
        slashed = text.replace("/", "\\/")
        for escape in ("+", "\\u002B", "\\u002b"):
            yield from (part.replace("+", escape) for part in (text, slashed))


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    encoded = quote(secret, safe="")
    yield encoded
    yield re.sub("%..", lambda escape: escape[0].lower(), encoded)
    data = secret.encode("utf-8", "surrogatepass")
    # What stands before the secret decides which bits share a digit of Base64. Digits that depend
    # on the bytes around the secret too are left out.
    for bytes_before, first_digit in enumerate((0, 2, 3)):
        digits = b64encode(bytes(bytes_before) + data).decode().rstrip("=")
        shares_last_digit = (bytes_before + len(data)) % 3 != 0
        core = digits[first_digit : len(digits) - shares_last_digit]
        yield core
        yield core.replace("+", "-").replace("/", "_")
