"""Reads the pages of a PDF in one or two child processes; this is the parent's side.

The children send each page as soon as it is read. If reading stands still, nothing that was read is
lost: the reading can be finished with these pages, or go on.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from desktop_app.child_processes import ChildCommand
from desktop_app.documents.worker.protocol import Limits, OnProgress, OpenedPdf, PageRead, Progress
from desktop_app.documents.worker.reader_client import ReaderClient, StandstillError
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from desktop_app.i18n.translation import N_, tr

# A second process takes half a second of CPU to start, as long as reading this many pages.
_LEAST_SHARED_PAGES: Final = 200
_BATCH_PAGES: Final = 32
# A page that stands still this often is left out.
_MAX_ATTEMPTS: Final = 2
_MAX_STANDSTILLS: Final = 10  # of a document that is read without asking: five minutes
_PROGRESS_EVERY_S: Final = 0.04


@dataclass(frozen=True)
class PdfFile:
    """A PDF to read; `password` opens it if it is protected."""

    name: str
    data: bytes
    sha256: str
    password: str


class Reading(Protocol):
    """A document that was read in part."""

    @property
    def progress(self) -> str:
        """Return how far that is, in words."""

    async def read(self, on_progress: OnProgress | None = None) -> ExtractedDocument:
        """Go on reading."""

    async def finish(self) -> ExtractedDocument:
        """Return the part that was read."""


class PartlyReadError(StandstillError):
    """Reading stands still, and a part was read.

    Attributes:
        reading: can be finished with this part, or go on.
    """

    def __init__(self, reading: Reading, message: str, hint: str, **params: Any) -> None:
        super().__init__(message, hint, **params)
        self.reading = reading


class PdfPageReader(ReaderClient):
    """Client of a child process that keeps a PDF open while its pages are read."""

    def __init__(self, limits: Limits, idle_s: float, command: ChildCommand | None) -> None:
        super().__init__(limits, idle_s, command)
        # The child has one PDF open. No other may replace it before its pages are read.
        self._pdf_lock = asyncio.Lock()
        self._open_pdf: tuple[str, int | None] | None = None  # by hash, in the child with this pid

    async def load_tokenizer(self) -> None:
        """Load what `finish_pdf` needs; it takes as long as reading 200 pages."""
        await self._ask("count", "", int)

    async def open_pdf(self, pdf: PdfFile) -> OpenedPdf:
        """Open a PDF in place of any other."""
        async with self._pdf_lock:
            return await self._open(pdf)

    async def _open(self, pdf: PdfFile) -> OpenedPdf:
        self._open_pdf = None
        opened = await self._ask("pdf-open", pdf.name, OpenedPdf, pdf.data, password=pdf.password)
        self._open_pdf = (pdf.sha256, self.pid)
        return opened

    async def read_pages(
        self, pdf: PdfFile, start: int, stop: int, on_page: Callable[[PageRead], None]
    ) -> None:
        """Read the pages with the indices from `start` to before `stop`."""
        async with self._pdf_lock:
            if self._open_pdf != (pdf.sha256, self.pid):
                await self._open(pdf)
            await self._ask(
                "pdf-pages", pdf.name, type(None), on_page=on_page, start=start, stop=stop
            )

    async def finish_pdf(
        self, pdf: PdfFile, opened: OpenedPdf, pages: Sequence[PageRead]
    ) -> ExtractedDocument:
        """Return the document that consists of these pages."""
        payload = await asyncio.to_thread(msgspec.msgpack.encode, pages)
        async with self._pdf_lock:
            self._open_pdf = None
            return await self._ask(
                "pdf-finish",
                pdf.name,
                ExtractedDocument,
                payload,
                opened=opened,
                sha256=pdf.sha256,
                size=len(pdf.data),
                is_protected=bool(pdf.password),
            )


class PdfReading:
    """A PDF that is being read, with the pages that were read so far.

    Args:
        readers: long documents are divided among them.
    """

    def __init__(self, readers: Sequence[PdfPageReader], pdf: PdfFile) -> None:
        self._readers = readers
        self._pdf = pdf
        self._opened: OpenedPdf | None = None
        self._pages: dict[int, PageRead] = {}
        self._standstills: Counter[int] = Counter()

    @property
    def done(self) -> int:
        """Return how many pages were read."""
        return len(self._pages)

    @property
    def total(self) -> int:
        return self._opened.pages if self._opened else 0

    @property
    def progress(self) -> str:
        return tr("{done} of {total} pages", done=self.done, total=self.total)

    async def read(self, on_progress: OnProgress | None = None) -> ExtractedDocument:
        """Read all pages that were not read, and return the document.

        Raises:
            PartlyReadError: reading stands still, and some pages were read.
            DocumentError: it cannot be read.
        """
        if self._opened is None:
            self._opened = await self._readers[0].open_pdf(self._pdf)
        batches = self._batches()
        report = self._reporter(on_progress)
        tasks = [
            asyncio.create_task(self._read_batches(reader, batches, report))
            for reader in self._used_readers
        ]
        try:
            await asyncio.gather(*tasks)
        except StandstillError as error:
            if not self._pages:
                raise
            raise PartlyReadError(
                self,
                N_("Reading “{name}” stopped after {done} of {total} pages."),
                N_("Attach it again, or only the part you need."),
                name=self._pdf.name,
                done=self.done,
                total=self.total,
            ) from error
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return await self.finish()

    async def read_without_asking(self, on_progress: OnProgress | None) -> ExtractedDocument:
        """Read like `read`, but go on after a standstill; leave out what stands still again."""
        for _ in range(_MAX_STANDSTILLS):
            try:
                return await self.read(on_progress)
            except StandstillError:
                if not self._pages and not any(self._batches()):
                    raise
        return await self.finish()

    async def finish(self) -> ExtractedDocument:
        """Return the document that consists of the pages that were read."""
        assert self._opened is not None
        pages = [self._pages[number] for number in sorted(self._pages)]
        return await self._used_readers[-1].finish_pdf(self._pdf, self._opened, pages)

    @property
    def _used_readers(self) -> Sequence[PdfPageReader]:
        return self._readers if self.total >= _LEAST_SHARED_PAGES else self._readers[:1]

    def _batches(self) -> Iterator[tuple[int, int]]:
        """Yield the ranges of the pages to read, by index; last those that stood still."""
        for attempts in range(_MAX_ATTEMPTS):
            start = 0
            while start < self.total:
                stop = start
                while stop < min(start + _BATCH_PAGES, self.total) and self._is_due(stop, attempts):
                    stop += 1
                if stop > start:
                    yield start, stop
                start = max(stop, start + 1)

    def _is_due(self, index: int, attempts: int) -> bool:
        return index + 1 not in self._pages and self._standstills[index] == attempts

    async def _read_batches(
        self, reader: PdfPageReader, batches: Iterator[tuple[int, int]], report: Callable[[], None]
    ) -> None:
        def keep(page: PageRead) -> None:
            self._pages[page.number] = page
            report()

        if reader is not self._readers[0]:  # meanwhile, the first one reads
            await reader.load_tokenizer()
        for start, stop in batches:
            try:
                await reader.read_pages(self._pdf, start, stop, keep)
            except StandstillError:
                missing = [i for i in range(start, stop) if i + 1 not in self._pages]
                if missing:  # otherwise it stood still after the last page
                    self._standstills[missing[0]] += 1
                    raise

    def _reporter(self, on_progress: OnProgress | None) -> Callable[[], None]:
        """Return a function that reports the progress: the last step always, others at times."""
        loop = asyncio.get_running_loop()
        reported_at = 0.0

        def report() -> None:
            nonlocal reported_at
            is_due = loop.time() - reported_at >= _PROGRESS_EVERY_S
            if on_progress and (is_due or self.done == self.total):
                reported_at = loop.time()
                on_progress(Progress(self.done, self.total, "page"))

        report()
        return report
