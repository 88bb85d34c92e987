"""Enumerations whose members have a text for users."""

from __future__ import annotations

from enum import StrEnum, auto
from typing import Self


class TextEnum(StrEnum):
    """Codes, each with a text that is marked for translation.

    Attributes:
        text: the text; "" for none.
    """

    text: str

    def __new__(cls, code: str, text: str = "") -> Self:
        self = str.__new__(cls, code)
        self._value_ = code
        self.text = text
        return self


def coded(text: str) -> tuple[auto, str]:
    """Return the value of a member whose code is its name in lower case."""
    return auto(), text
