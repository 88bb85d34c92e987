"""Renders PDF pages in a child process that keeps the document open; the parent's side.

It is a separate child, because turning pages must not wait for a document that is being read. The
child may end at any time (idle, crashed, out of memory); the next request opens the document again.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final, NamedTuple

from desktop_app.child_processes import ChildCommand
from desktop_app.documents import refusals
from desktop_app.documents.worker import source_files
from desktop_app.documents.worker.protocol import Box, Limits, Strip, T
from desktop_app.documents.worker.reader_client import ReaderClient

__all__ = ["Box", "PageWorker", "Strip", "ViewedDocument"]

# An older version accepted files of up to 2 GB.
_MAX_FILE_BYTES: Final = 2_000 << 20


class ViewedDocument(NamedTuple):
    """A PDF to look at: its hash, its name, and its file or its bytes."""

    sha256: str
    name: str
    source: Path | bytes


class PageWorker(ReaderClient):
    """Client of a child process that renders pages and finds passages on them.

    All methods raise DocumentError if the document or the page cannot be rendered.

    Args:
        passwords: by the SHA-256 of the document; None for none. The dictionary is not copied, so
            passwords that are added later apply, too.
    """

    def __init__(
        self,
        *,
        idle_s: float = 60,
        passwords: dict[str, str] | None = None,
        command: ChildCommand | None = None,
    ) -> None:
        # The document was within the limits when it was read, even if they are lower now.
        limits = Limits(file_bytes=_MAX_FILE_BYTES, seconds=20)
        super().__init__(limits, idle_s, command)
        self._passwords = {} if passwords is None else passwords
        # The child has one document open. No request may close it before another has its answer.
        self._document_lock = asyncio.Lock()
        self._open_document: tuple[str, int] | None = None  # by hash, in the child with this pid

    async def open_document(self, viewed: ViewedDocument) -> list[tuple[float, float]]:
        """Open the document, close any other, and return each page's width and height in points."""
        return await self._ask_view("view-sizes", viewed, list[tuple[float, float]])

    async def render_strip(self, viewed: ViewedDocument, strip: Strip) -> bytes:
        """Return the pixels of a strip of a page: see `pdf_view`."""
        pixels = await self._ask_view("view-strip", viewed, bytes, strip=strip)
        if len(pixels) != 4 * strip.width * strip.rows:
            self._discard()
            raise refusals.reader_stopped_error(viewed.name, "an impossible strip", self.limits)
        return pixels

    async def find_boxes(
        self, viewed: ViewedDocument, page: int, text: str, preceding_text: str
    ) -> list[Box]:
        """Return the boxes of a passage on a page: see `pdf_view.boxes`."""
        return await self._ask_view(
            "view-boxes", viewed, list[Box], page=page, text=text, preceding_text=preceding_text
        )

    async def _ask_view(
        self, kind: str, viewed: ViewedDocument, reply_type: type[T], **arguments: Any
    ) -> T:
        """Send a request about a document, with its bytes if the child has not opened it."""
        async with self._document_lock:
            data = b""
            if self._open_document != (viewed.sha256, self.pid):
                self._open_document = None
                source = viewed.source
                data = (
                    source
                    if isinstance(source, bytes)
                    else await asyncio.to_thread(source_files.read_file, source, self.limits)
                )
                arguments["password"] = self._passwords.get(viewed.sha256, "")
            result = await self._ask(kind, viewed.name, reply_type, data, **arguments)
            if self.pid is not None:
                self._open_document = (viewed.sha256, self.pid)
            return result
