"""Prompt delimiters for tests, made from a fixed secret."""

from __future__ import annotations

import re
from typing import Final

from desktop_app.domain.prompt_delimiter import DIGITS, SAMPLE_DELIMITER, DelimiterFactory

_NUMBER: Final = re.compile(rf"(?<=[a-z])-\d{{{DIGITS}}}(?=[ >])")
_EXPLANATION: Final = re.compile(
    re.escape(SAMPLE_DELIMITER.explanation).replace(SAMPLE_DELIMITER.number, rf"\d{{{DIGITS}}}")
    + "\n\n"
)


async def _fixed_secret() -> bytes:
    return b"a secret"


def delimiters() -> DelimiterFactory:
    """Return the factory of the conversations' delimiters."""
    return DelimiterFactory(_fixed_secret)


def plain(prompt: str) -> str:
    """Return a prompt without the numbers in its tags and their explanation."""
    return _NUMBER.sub("", _EXPLANATION.sub("", prompt, count=1))
