"""The window's side of looking at a PDF: a child process of its own, in which the document is open.

Of its own, because whoever turns pages must not wait for a document that is being read. The child
may end at any time (idle, crashed, out of memory); the next request finds it gone and opens the
document anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from desktop_app.child_processes import ChildCommand
from desktop_app.documents.protocol import Box, Strip
from desktop_app.documents.worker import DocumentWorker, Limits

__all__ = ["Box", "Looked", "PageWorker", "Strip"]


class Looked(NamedTuple):
    """A PDF that is looked at: what it is known by, its name, and its file or its bytes."""

    sha256: str
    name: str
    source: Path | bytes


class PageWorker(DocumentWorker):
    """Draws pages and finds passages on them, one request at a time.

    All methods raise DocumentError where the document or the page cannot be drawn.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        idle_s: float = 60,
        command: ChildCommand | None = None,
    ) -> None:
        super().__init__(limits or Limits(seconds=20), idle_s=idle_s, command=command)

    async def sizes(self, looked: Looked) -> list[tuple[float, float]]:
        """Width and height of each page as it is shown, in points; the document is open from now
        on, and any other is closed."""
        source = looked.source
        header = {"kind": "view-open", "name": looked.name, "document": looked.sha256}
        header["by"] = "path" if isinstance(source, Path) else "bytes"
        header["password"] = self.passwords.get(looked.sha256, "")
        payload = os.fsencode(source.absolute()) if isinstance(source, Path) else source
        _, sizes = await self._ask(header, payload, None)
        return [(width, height) for width, height in json.loads(sizes)]

    async def strip(self, looked: Looked, wanted: Strip) -> bytes:
        """The pixels of a strip of a page: see `pdf_view`."""
        header = {"kind": "view-strip", "strip": list(wanted)}
        _, pixels = await self._look(looked, header, b"")
        assert isinstance(pixels, bytes)
        return pixels

    async def boxes(self, looked: Looked, page: int, text: str, before: str) -> list[Box]:
        """Where a passage stands on a page: see `pdf_marks.boxes`."""
        payload = json.dumps([text, before]).encode()
        answer, _ = await self._look(looked, {"kind": "view-boxes", "page": page}, payload)
        return [Box(*box) for box in answer["boxes"]]

    async def _look(
        self, looked: Looked, header: dict[str, Any], payload: bytes
    ) -> tuple[dict[str, Any], str | bytes]:
        asked = {**header, "name": looked.name, "document": looked.sha256}
        answer = await self._ask(asked, payload, None)
        if answer[0]["kind"] == "view-closed":
            await self.sizes(looked)
            answer = await self._ask(asked, payload, None)
        return answer
