"""Attachments whose text and bytes are the same for every document."""

from __future__ import annotations


class OneText:
    """A source of attachments that has one text for all of them."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def text(self, _sha256: str) -> str:
        return self._text

    async def bytes(self, _sha256: str) -> bytes:
        return self._text.encode()
