"""Reads documents in a child process (reader_client.py); this is the parent's side.

Works on any asyncio event loop, Qt's included.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from desktop_app.child_processes import ChildCommand
from desktop_app.documents.worker import worker_answers
from desktop_app.documents.worker.protocol import (
    MAX_TEXT_BYTES,
    PIECE_BYTES,
    Limits,
    OnProgress,
    Pixels,
    Progress,
    ScaledImage,
    replace_surrogates,
)
from desktop_app.documents.worker.reader_client import ReaderClient, Request
from desktop_app.domain.documents.extracted_document import (
    ExtractedDocument,
    IndexedPassage,
    TextChunk,
)

__all__ = ["DocumentWorker", "Limits", "OnProgress", "Progress", "ScaledImage"]

_NAME_OF_TEXT: Final = "The text"
"""Names a text in errors, in place of a file."""


class DocumentWorker(ReaderClient):
    """Client of the child process that reads documents.

    Attributes:
        passwords: the passwords of protected documents that were read or unlocked, by SHA-256. They
            are only in this process's memory, and go to the child through its pipe.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        idle_s: float = 30,
        command: ChildCommand | None = None,
    ) -> None:
        super().__init__(limits or Limits(), idle_s, command)
        self.passwords: dict[str, str] = {}

    def remember_password(self, sha256: str, password: str) -> None:
        """Store a document's password, which rendering its pages needs."""
        self.passwords[sha256] = password

    async def extract(
        self, path: Path, on_progress: OnProgress | None = None, *, password: str = ""
    ) -> ExtractedDocument:
        """Return the text of a file or a folder. Canceling the task ends the work at once.

        Raises:
            DocumentEncryptedError: it needs a password, or `password` is wrong.
            DocumentError: it cannot be read.
        """
        header = {"kind": "extract-file", "name": path.name, "password": password}
        return await self._extract(Request(header, path=path), on_progress)

    async def extract_bytes(
        self, name: str, data: bytes, on_progress: OnProgress | None = None, *, password: str = ""
    ) -> ExtractedDocument:
        """Return the text of a document without a file, such as a pasted one: see `extract`."""
        header = {"kind": "extract-bytes", "name": name, "password": password}
        return await self._extract(Request(header, data), on_progress)

    async def scale(
        self, name: str, data: bytes, media_type: str, size: tuple[int, int]
    ) -> ScaledImage:
        """Scale an image to fit into `size` pixels, as PNG or JPEG, without metadata.

        `media_type` is that in the result of `extract`. The same bytes give the same result.
        """
        header = {
            "kind": "scale",
            "name": name,
            "media_type": media_type,
            "width": size[0],
            "height": size[1],
        }
        request = Request(header, data, max_answer_bytes=_image_bytes_bound(size), is_text=False)
        return await self._ask(
            request, lambda answer, image: worker_answers.parse_image(answer, image, size)
        )

    async def decode(
        self, name: str, data: bytes, media_type: str, size: tuple[int, int]
    ) -> Pixels:
        """Decode an image for the screen, scaled down to fit into `size` pixels.

        `media_type` is that in the result of `extract`.
        """
        header = {
            "kind": "decode",
            "name": name,
            "media_type": media_type,
            "width": size[0],
            "height": size[1],
        }
        request = Request(header, data, max_answer_bytes=4 * size[0] * size[1], is_text=False)
        return await self._ask(
            request, lambda answer, pixels: worker_answers.parse_decoded_image(answer, pixels, size)
        )

    async def render_pages(
        self,
        name: str,
        data: bytes,
        pages: Sequence[tuple[int, tuple[int, int]]],
        *,
        password: str = "",
    ) -> list[ScaledImage]:
        """Render pages of a PDF: each a number, from 1, and the size in pixels to fit into.

        The same bytes give the same result.

        Raises:
            DocumentEncryptedError: it needs a password, or `password` is wrong.
            DocumentError: it cannot be read, or a page cannot be rendered.
        """
        page_rows = [[number, *size] for number, size in pages]
        header = {"kind": "render", "name": name, "pages": page_rows, "password": password}
        sizes = [size for _, size in pages]
        total_bytes = sum(map(_image_bytes_bound, sizes))
        request = Request(header, data, max_answer_bytes=total_bytes, is_text=False)
        return await self._ask(
            request, lambda answer, data: worker_answers.parse_images(answer, data, sizes)
        )

    async def count_tokens(self, text: str) -> int:
        """Count the tokens of a text by o200k_base, which OpenAI's models use."""
        payload = text.encode(errors="replace")
        request = Request({"kind": "count", "name": _NAME_OF_TEXT}, payload, max_answer_bytes=0)
        max_tokens = len(payload)
        return await self._ask(
            request,
            lambda answer, _: worker_answers.parse_whole_number(answer, "tokens", max_tokens),
        )

    async def markdown_of(self, html: str) -> str:
        """Convert HTML from the clipboard to Markdown: see `html_markdown.py`."""
        payload = html.encode(errors="replace")
        size_bound = min(4 * len(payload) + PIECE_BYTES, MAX_TEXT_BYTES)
        request = Request(
            {"kind": "convert", "name": _NAME_OF_TEXT}, payload, max_answer_bytes=size_bound
        )
        return await self._ask(request, lambda _, markdown: str(markdown))

    async def chunks(self, text: str, tokens: int) -> list[TextChunk]:
        """Split a text into chunks of at most `tokens` tokens of o200k_base: see `chunks.py`."""
        payload = text.encode(errors="replace")
        header = {"kind": "chunk", "name": _NAME_OF_TEXT, "tokens": tokens}
        request = Request(header, payload, max_answer_bytes=_row_bytes_bound(payload))
        length = len(text)
        return await self._ask(request, lambda _, rows: worker_answers.parse_chunks(rows, length))

    async def passages(self, text: str, name: str, media_type: str) -> list[IndexedPassage]:
        """Return the passages of a document's text: see `passage_index.py`."""
        payload = text.encode(errors="replace")
        header = {"kind": "passages", "name": name, "media_type": media_type}
        request = Request(header, payload, max_answer_bytes=_row_bytes_bound(payload))
        length = len(text)
        return await self._ask(request, lambda _, rows: worker_answers.parse_passages(rows, length))

    async def _extract(self, request: Request, on_progress: OnProgress | None) -> ExtractedDocument:
        password = str(request.header["password"])
        limits = self.limits
        name = replace_surrogates(request.name)

        def read(answer: dict[str, Any], text: str) -> ExtractedDocument:
            return worker_answers.parse_document(
                answer, text, name, limits, has_password=bool(password)
            )

        document = await self._ask(request, read, on_progress)
        if document.is_protected:
            self.remember_password(document.sha256, password)
        return document


def _image_bytes_bound(size: tuple[int, int]) -> int:
    """Return an upper bound for the bytes of an image of this size as PNG or JPEG."""
    return 4 * size[0] * size[1] + PIECE_BYTES


def _row_bytes_bound(text: bytes) -> int:
    """Return an upper bound for the bytes of rows about the parts of a text."""
    return min(16 * len(text) + PIECE_BYTES, 4 * MAX_TEXT_BYTES)
