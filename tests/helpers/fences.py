"""Prompt fences for tests, made from a fixed secret."""

from __future__ import annotations

import re
from typing import Final

from desktop_app.services.fence import DIGITS, SAMPLE_FENCE, Fences

_NUMBER: Final = re.compile(rf"(?<=[a-z])-\d{{{DIGITS}}}(?=[ >])")
_EXPLANATION: Final = re.compile(
    re.escape(SAMPLE_FENCE.explanation).replace(SAMPLE_FENCE.number, rf"\d{{{DIGITS}}}") + "\n\n"
)


class _FixedSecret:
    async def secret(self) -> bytes:
        return b"a secret"


def fences() -> Fences:
    """Return the factory of the conversations' fences."""
    return Fences(_FixedSecret())


def plain(prompt: str) -> str:
    """Return a prompt without the numbers in its tags and their explanation."""
    return _NUMBER.sub("", _EXPLANATION.sub("", prompt, count=1))
