"""The signs by which servers' errors are recognized (`resources/provider_errors.toml`).

The file is read, and each expression compiled, when the first error needs it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Final

import msgspec

from desktop_app.paths import resource_path
from desktop_app.providers.errors.error_body import ErrorBody, RequestSize

_NUMBER: Final = r"[`'\"(]?(\d[\d,_]{0,12})"
_MAX_TOKENS: Final = 1_000_000_000
"""Larger numbers are not counts of tokens: the largest windows have some ten million."""


class Sign(msgspec.Struct, dict=True):
    """How errors of a kind are recognized; the file says what the fields mean."""

    kind: str
    codes: frozenset[str] = frozenset()
    http: frozenset[int] = frozenset()
    words: list[str] = []
    statuses: frozenset[int] = frozenset({0, 400, 404, 413, 422, 500, 502})
    needs_code: bool = False
    unless: frozenset[str] = frozenset()
    param: str = ""

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(self.words), re.IGNORECASE | re.DOTALL)

    def find(self, body: ErrorBody, status: int | None) -> Mapping[str, str] | None:
        """Return the values that the message names if the error fits; None if it doesn't.

        Args:
            status: None inside an open stream, where only the event can state a status.
        """
        has_code = bool(body.names & self.codes)
        is_any = not (self.codes or self.http or self.words)
        is_stated = (status or body.http_status) in self.http or (has_code and not self.needs_code)
        if is_stated or is_any:
            return None if body.names & self.unless else {}
        is_status = not self.statuses or (status or 0) in self.statuses
        if not (self.words and is_status and (has_code or not self.needs_code)):
            return None
        match = self._pattern.search(body.message)
        return None if match is None else match.groupdict()


class _File(msgspec.Struct):
    error: list[Sign]
    sizes: dict[str, list[str]]


@cache
def _file() -> _File:
    return msgspec.toml.decode(resource_path("provider_errors.toml").read_bytes(), type=_File)


def error_signs() -> list[Sign]:
    """Return the signs, in their order."""
    return _file().error


def size_from_message(message: str) -> RequestSize:
    """Return the size of a refused request, in the words of a server that a gateway may quote.

    >>> size_from_message("This model's maximum context length is 2048 tokens. "
    ...                   "However, your messages resulted in 2,345 tokens.")
    RequestSize(tokens=2345, window=2048)
    """

    def first_number(what: str) -> int:
        patterns = (each.replace("N", _NUMBER) for each in _file().sizes[what])
        matches = (re.search(pattern, message, re.IGNORECASE) for pattern in patterns)
        found = next(filter(None, matches), None)
        number = int(re.sub("[,_]", "", found[1])) if found else 0
        return number if number <= _MAX_TOKENS else 0

    return RequestSize(first_number("tokens"), first_number("window"))
