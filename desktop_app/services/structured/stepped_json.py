"""Decodes long JSON texts in Python, so that other threads run meanwhile.

The decoder in C holds the interpreter lock from the first character to the last: up to 45 ms for
1 MB, in which the window cannot draw.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from json import JSONDecoder, decoder, loads, scanner
from typing import Any, Final

LONG_TEXT_CHARS: Final = 32_768
"""The length, in characters, from which the decoder in C would take more than a millisecond."""
_MAX_NUMBER_CHARS: Final = 30
_MAX_SHOWN_ITEMS: Final = 8


class LongList(list[Any]):
    """A list of a long text, with a short `repr` for the messages of a validator."""

    def __repr__(self) -> str:
        return super().__repr__() if len(self) <= _MAX_SHOWN_ITEMS else f"[{len(self)} items]"


class LongObject(dict[str, Any]):
    """An object of a long text, with a short `repr` for the messages of a validator."""

    def __repr__(self) -> str:
        return super().__repr__() if len(self) <= _MAX_SHOWN_ITEMS else f"{{{len(self)} members}}"


def decode(text: str) -> Any:
    """Return the value of a JSON text.

    Call it in a thread for long texts: it takes half a second for 1 MB.

    Raises:
        ValueError: it is not JSON, or has a number that is too large.
        RecursionError: it is nested too deeply.
    """
    if len(text) < LONG_TEXT_CHARS:
        return loads(text, parse_constant=_refuse_constant, parse_float=_parse_finite)
    return _SteppedDecoder().decode(text)


class _SteppedDecoder(JSONDecoder):
    def __init__(self) -> None:
        super().__init__(
            object_hook=LongObject, parse_constant=_refuse_constant, parse_float=_parse_finite
        )
        self.parse_array = _parse_array
        self.scan_once = scanner.py_make_scanner(self)  # type: ignore[attr-defined]


def _parse_array(
    text_and_end: tuple[str, int], scan_once: Callable[[str, int], tuple[Any, int]]
) -> tuple[LongList, int]:
    values, end = decoder.JSONArray(text_and_end, scan_once)  # type: ignore[attr-defined]
    return LongList(values), end


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _parse_finite(text: str) -> float:
    if math.isinf(value := float(text)):
        raise ValueError(f"{text[:_MAX_NUMBER_CHARS]} is too large")
    return value
