"""Reads documents in a child process (reader_client.py); this is the parent's side.

Works on any asyncio event loop, Qt's included.
"""

from __future__ import annotations

import asyncio
import hashlib
import stat
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from desktop_app.child_client import ChildError
from desktop_app.child_processes import ChildCommand
from desktop_app.documents import refusals
from desktop_app.documents.worker import source_files
from desktop_app.documents.worker.pdf_reading import PdfFile, PdfPageReader, PdfReading
from desktop_app.documents.worker.protocol import (
    MAX_TEXT_BYTES,
    Limits,
    OnProgress,
    Pixels,
    Progress,
    ScaledImage,
    SheetRows,
    WordText,
    replace_surrogates,
)
from desktop_app.documents.worker.reading_turns import SMALL_BYTES, OnWait, ReadingTurns
from desktop_app.domain import hints
from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.document_notes import SkipReason, add_left_out
from desktop_app.domain.documents.extracted_document import (
    ExtractedDocument,
    IndexedPassage,
    TextChunk,
)
from desktop_app.domain.documents.image_header import read_image_header
from desktop_app.domain.errors import DocumentError
from desktop_app.i18n.translation import N_

__all__ = ["DocumentWorker", "Limits", "OnProgress", "Progress", "ScaledImage"]

Transcribe = Callable[[str, str, bytes, OnProgress | None, str], Awaitable[ExtractedDocument]]

T = TypeVar("T")
_NAME_OF_TEXT: Final = "The text"
"""Names a text in errors, in place of a file."""


class DocumentWorker(PdfPageReader):
    """Client of the child process that reads documents.

    Attributes:
        find_transcriber: returns what reads recordings; None to refuse them.
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
        self._second_reader = PdfPageReader(self.limits, idle_s, command)
        self.passwords: dict[str, str] = {}
        self.find_transcriber: Callable[[], Transcribe | None] = lambda: None
        self._turns = ReadingTurns()

    async def aclose(self) -> None:
        """End the children and wait for their end: see `ReaderClient.aclose`."""
        await self._second_reader.aclose()
        await super().aclose()

    def remember_password(self, sha256: str, password: str) -> None:
        """Store a document's password, which rendering its pages needs."""
        self.passwords[sha256] = password

    async def extract(
        self,
        path: Path,
        on_progress: OnProgress | None = None,
        *,
        password: str = "",
        asks: bool = False,
        conversation_id: str = "",
        on_wait: OnWait = lambda _name: None,
    ) -> ExtractedDocument:
        """Return the text of a file or a folder. Canceling the task ends the work at once.

        Args:
            conversation_id: of the conversation that gets the text; "" for none.
            on_wait: gets the name of the file that it waits for, "" once it waits no more.
            asks: True to raise an error if reading a PDF stands still. Otherwise, the pages that
                stand still are left out, and the note counts them.

        Raises:
            PartlyReadError: `asks`, and some pages were read.
            DocumentEncryptedError: it needs a password, or `password` is wrong.
            DocumentError: it cannot be read.
        """
        is_folder, is_small = await asyncio.to_thread(_size_of, path)
        turn = self._turns.take(path.name, conversation_id, on_wait, is_small=is_small)
        async with turn:
            if is_folder:
                return await self._extract_folder(path, on_progress)
            data = await asyncio.to_thread(source_files.read_file, path, self.limits)
            kind = document_types.RECORDINGS.get(path.suffix.lower())
            transcribe = None if kind is None else self.find_transcriber()
            if kind is None or transcribe is None:
                return await self.extract_bytes(
                    path.name, data, on_progress, password=password, asks=asks
                )
        # Without the turn: transcribing takes minutes, and other files need not wait for that.
        name = replace_surrogates(path.name)
        return await transcribe(name, kind, data, on_progress, conversation_id)

    async def extract_bytes(
        self,
        name: str,
        data: bytes,
        on_progress: OnProgress | None = None,
        *,
        password: str = "",
        asks: bool = False,
        takes_hidden: bool = False,
    ) -> ExtractedDocument:
        """Return the text of a document without a file, such as a pasted one: see `extract`.

        Args:
            takes_hidden: True to read hidden parts and deletions, too.
        """
        from desktop_app.documents.media_type import is_pdf

        name = replace_surrogates(name)
        if is_pdf(name, data) and len(data) <= self.limits.file_bytes:
            sha256 = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
            pdf = PdfFile(name, data, sha256, password)
            reading = PdfReading(self._free_first, pdf)
            read = reading.read if asks else reading.read_without_asking
            document = await read(on_progress)
        else:
            document = await self._free_first[0]._ask(
                "extract",
                name,
                ExtractedDocument,
                data,
                on_progress=on_progress,
                password=password,
                takes_hidden=takes_hidden,
            )
        if document.is_protected and password:
            self.remember_password(document.sha256, password)
        return document

    @property
    def _free_first(self) -> tuple[PdfPageReader, PdfPageReader]:
        """Return both readers, if possible first one that does not read a large file."""
        second = self._second_reader
        second.limits = self.limits
        is_second = self._request_lock.locked() and not second._request_lock.locked()
        return (second, self) if is_second else (self, second)

    async def _extract_folder(
        self, folder: Path, on_progress: OnProgress | None
    ) -> ExtractedDocument:
        """Return the text of the files in a folder and its subfolders, without hidden files."""
        from desktop_app.documents.document_bundle import BundleText
        from desktop_app.documents.media_type import detect_image

        limits = self.limits
        name = replace_surrogates(folder.name or str(folder))
        listed = await asyncio.to_thread(lambda: list(source_files.files_below(folder)))
        total = sum(reason is None for _, reason in listed)
        if total > limits.pages:
            raise refusals.too_many_files_error(name, limits.pages)
        bundle = BundleText()
        hidden = 0
        # One limit for the content of an archive and for all files of a folder together: both
        # become one text.
        bytes_left = limits.unpacked_bytes
        done = 0
        for path, skip_reason in listed:
            member = replace_surrogates(path.relative_to(folder).as_posix())
            if skip_reason is not None:
                bundle.skip(member, skip_reason)
                continue
            if on_progress:
                on_progress(Progress(done, total, "file"))
            done += 1
            try:
                data = await asyncio.to_thread(
                    source_files.read_file, path, limits, follows_link=False
                )
                bytes_left -= len(data)
                if bytes_left < 0:
                    break
                if detect_image(data):
                    bundle.skip(member, SkipReason.IMAGE)
                    continue
                document = await self.extract_bytes(path.name, data)
                full_text = None
                if document.note and document.note.is_partial:
                    bundle.skip(member, SkipReason.UNREAD_PAGES)
                if document.note and document.note.hidden:
                    hidden += document.note.hidden
                    full = await self.extract_bytes(path.name, data, takes_hidden=True)
                    full_text = full.text
                has_image_pages = bool(document.pictured)
                bundle.include(
                    member, document.text, has_image_pages=has_image_pages, full_text=full_text
                )
            except DocumentError as error:
                bundle.refuse(member, error)
        if bytes_left < 0:
            raise refusals.too_large_error(
                name,
                N_("“{name}” contains more than {limit} MB of files."),
                hints.ATTACH_PART,
                limit=limits.unpacked_bytes >> 20,
            )
        if not bundle.texts:
            raise refusals.empty_error(name)
        text = bundle.text()
        packed = text.encode()
        full_text = bundle.text(with_hidden=True) if hidden else ""
        if max(len(packed), len(full_text.encode())) > MAX_TEXT_BYTES:
            raise refusals.too_much_text_error(name)
        return ExtractedDocument(
            name=name,
            media_type=document_types.FOLDER,
            sha256=hashlib.sha256(packed).hexdigest(),
            size=len(packed),
            text=text,
            pages=None,
            tokens=await self.count_tokens(text),
            note=add_left_out(bundle.note(), hidden, ()),
            full_text=full_text,
        )

    async def scale(
        self, name: str, data: bytes, media_type: str, size: tuple[int, int]
    ) -> ScaledImage:
        """Scale an image to fit into `size` pixels, as PNG or JPEG, without metadata.

        `media_type` is that in the result of `extract`. The same bytes give the same result.
        """
        image = await self._ask("scale", name, ScaledImage, data, media_type=media_type, size=size)
        self._require(_is_image(image, size), name)
        return image

    async def decode(
        self, name: str, data: bytes, media_type: str, size: tuple[int, int]
    ) -> Pixels:
        """Decode an image for the screen, scaled down to fit into `size` pixels.

        `media_type` is that in the result of `extract`.
        """
        pixels = await self._ask("decode", name, Pixels, data, media_type=media_type, size=size)
        fits = 1 <= pixels.width <= size[0] and 1 <= pixels.height <= size[1]
        self._require(fits and len(pixels.data) == 4 * pixels.width * pixels.height, name)
        return pixels

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
        images = await self._ask(
            "render", name, list[ScaledImage], data, pages=pages, password=password
        )
        sizes = [size for _, size in pages]
        self._require(len(images) == len(sizes) and all(map(_is_image, images, sizes)), name)
        return images

    async def count_tokens(self, text: str) -> int:
        """Count the tokens of a text by o200k_base, which OpenAI's models use."""
        payload = text.encode(errors="replace")
        return await self._ask("count", _NAME_OF_TEXT, int, payload)

    async def markdown_of(self, html: str) -> str:
        """Convert HTML from the clipboard to Markdown: see `web_page.convert_selection`."""
        return await self._ask("convert", _NAME_OF_TEXT, str, html.encode(errors="replace"))

    async def workbook_rows(self, path: Path, most: int, sheet: str = "") -> SheetRows:
        """Return the cells of a workbook: see `sheet_rows.read_rows`. Raises DocumentError."""
        data = await asyncio.to_thread(source_files.read_file, path, self.limits)
        name = replace_surrogates(path.name)
        return await self._ask("workbook-rows", name, SheetRows, data, most=most, sheet=sheet)

    async def word_text(self, name: str, data: bytes) -> WordText:
        """Return a Word document as Markdown that `word_with_text` writes into it again.

        Raises DocumentError.
        """
        name = replace_surrogates(name)
        return await _again_if_killed(lambda: self._ask("word-text", name, WordText, data))

    async def word_with_text(self, name: str, data: bytes, text: str) -> bytes:
        """Return a Word document with another text, and all else as it is. Raises DocumentError."""
        words, name = text.encode(errors="replace"), replace_surrogates(name)
        payload, size = words + data, len(words)
        return await _again_if_killed(
            lambda: self._ask("word-with-text", name, bytes, payload, text_bytes=size)
        )

    async def chunks(self, text: str, tokens: int) -> list[TextChunk]:
        """Split a text into chunks of at most `tokens` tokens of o200k_base: see `chunks.py`."""
        payload = text.encode(errors="replace")
        return await self._ask("chunk", _NAME_OF_TEXT, list[TextChunk], payload, limit=tokens)

    async def passages(self, text: str, name: str, media_type: str) -> list[IndexedPassage]:
        """Return the passages of a document's text: see `chunks.py`."""
        payload = text.encode(errors="replace")
        return await self._ask(
            "passages", name, list[IndexedPassage], payload, media_type=media_type
        )

    def _require(self, is_valid: bool, name: str) -> None:
        """Kill a child that gave an image whose pixels Qt would misread."""
        if not is_valid:
            self._discard()
            raise refusals.reader_stopped_error(name, "an impossible result", self.limits)


def _size_of(path: Path) -> tuple[bool, bool]:
    """Return whether a path is a folder, and whether reading it takes no longer than an image."""
    try:
        status = path.stat()
    except OSError:  # reading it says why
        return False, True
    is_folder = stat.S_ISDIR(status.st_mode)
    is_image = path.suffix.lower() in (*document_types.IMAGE_SUFFIXES.values(), ".jpeg", ".tif")
    return is_folder, not is_folder and (is_image or status.st_size <= SMALL_BYTES)


async def _again_if_killed(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask, and once more if the child is killed: other programs may have taken the memory."""
    try:
        return await ask()
    except DocumentError as error:
        if not isinstance(error.__cause__, ChildError):
            raise
    return await ask()


def _is_image(image: ScaledImage, size: tuple[int, int]) -> bool:
    """Return True for a PNG or JPEG of the stated size, which fits into `size`.

    Qt ignores the stated format: given an SVG, it would open the files that the SVG names.
    """
    header = (image.media_type, image.width, image.height)
    is_allowed = image.media_type in ("image/jpeg", "image/png")
    fits = 1 <= image.width <= size[0] and 1 <= image.height <= size[1]
    return is_allowed and fits and header == read_image_header(image.data)
