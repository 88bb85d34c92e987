"""Renders PDF pages in a child process that keeps the document open; the parent's side.

It is a separate child, because turning pages must not wait for a document that is being read. The
child may end at any time (idle, crashed, out of memory); the next request opens the document again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from desktop_app.child_processes import ChildCommand
from desktop_app.documents.worker import worker_answers
from desktop_app.documents.worker.protocol import Box, Limits, Strip
from desktop_app.documents.worker.reader_client import ReaderClient, Request

__all__ = ["Box", "PageWorker", "Strip", "ViewedDocument"]

_T = TypeVar("_T")
# The sizes of 50,000 pages (the maximum of "documents.pages"), with 16 digits each.
_MAX_SIZES_BYTES: Final = 1 << 22
# The maximum of the setting "documents.file_mb".
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

    async def open_document(self, viewed: ViewedDocument) -> list[tuple[float, float]]:
        """Open the document, close any other, and return each page's width and height in points."""
        async with self._document_lock:
            return await self._open_document(viewed)

    async def _open_document(self, viewed: ViewedDocument) -> list[tuple[float, float]]:
        source = viewed.source
        header = {"kind": "view-open", "name": viewed.name, "document": viewed.sha256}
        header["password"] = self._passwords.get(viewed.sha256, "")
        if isinstance(source, Path):
            request = Request({**header, "by": "descriptor"}, path=source)
        else:
            request = Request({**header, "by": "bytes"}, source)
        request = request._replace(max_answer_bytes=_MAX_SIZES_BYTES)
        return await self._ask(request, lambda _, sizes: worker_answers.parse_page_sizes(sizes))

    async def render_strip(self, viewed: ViewedDocument, strip: Strip) -> bytes:
        """Return the pixels of a strip of a page: see `pdf_view`."""
        header = {"kind": "view-strip", "strip": list(strip)}
        size = 4 * strip.width * strip.rows
        request = Request(header, max_answer_bytes=size, is_text=False)
        return await self._ask_view(
            viewed, request, lambda _, pixels: worker_answers.parse_pixels(pixels, size)
        )

    async def find_boxes(
        self, viewed: ViewedDocument, page: int, text: str, preceding_text: str
    ) -> list[Box]:
        """Return the boxes of a passage on a page: see `passage_boxes.boxes`."""
        payload = json.dumps([text, preceding_text]).encode()
        request = Request({"kind": "view-boxes", "page": page}, payload, max_answer_bytes=0)
        return await self._ask_view(
            viewed, request, lambda answer, _: worker_answers.parse_boxes(answer)
        )

    async def _ask_view(
        self,
        viewed: ViewedDocument,
        request: Request,
        parse_answer: Callable[[dict[str, Any], Any], _T],
    ) -> _T:
        """Send a request about a document as `_ask` does; open the document first if needed."""

        def parse_unless_closed(answer: dict[str, Any], result: Any) -> _T | None:
            return None if answer["kind"] == "view-closed" else parse_answer(answer, result)

        header = {**request.header, "name": viewed.name, "document": viewed.sha256}
        full_request = request._replace(header=header)
        async with self._document_lock:
            result = await self._ask(full_request, parse_unless_closed)
            if result is None:
                await self._open_document(viewed)
                result = await self._ask(full_request, parse_answer)
        return result
