"""Reading a PDF in batches: every page once, and after a standstill, only what is missing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.documents.worker.pdf_reading import PartlyReadError, PdfFile, PdfReading
from desktop_app.documents.worker.protocol import OpenedPdf, PageRead
from desktop_app.documents.worker.reader_client import StandstillError

PDF = PdfFile("x.pdf", b"%PDF-", "0" * 64, "")


class Reader:
    """A reader of pages, of which some never come."""

    def __init__(self, total: int, stuck: Counter[int], read: list[int]) -> None:
        self.total, self.stuck, self.read = total, stuck, read

    async def load_tokenizer(self) -> None:
        pass

    async def open_pdf(self, pdf: PdfFile) -> OpenedPdf:
        return OpenedPdf(self.total)

    async def read_pages(
        self, pdf: PdfFile, start: int, stop: int, on_page: Callable[[PageRead], None]
    ) -> None:
        for index in range(start, stop):
            if self.stuck[index + 1]:
                self.stuck[index + 1] -= 1
                raise StandstillError("It stands still.")
            self.read.append(index + 1)
            on_page(PageRead(index + 1, "words"))

    async def finish_pdf(self, pdf: PdfFile, opened: OpenedPdf, pages: Sequence[PageRead]) -> Any:
        return [page.number for page in pages]


@given(
    total=st.integers(1, 500),
    stuck=st.dictionaries(st.integers(1, 500), st.integers(1, 3), max_size=4),
)
def test_each_page_is_read_once_and_stuck_ones_are_left_out_in_the_end(
    total: int, stuck: dict[int, int]
) -> None:
    read: list[int] = []
    left = Counter({page: count for page, count in stuck.items() if page <= total})
    readers: Any = [Reader(total, left, read) for _ in range(2)]
    reading = PdfReading(readers, PDF)
    lost = {page for page, count in left.items() if count > 1}

    async def read_all() -> Any:
        for _ in range(2 * len(stuck)):
            try:
                return await reading.read()
            except PartlyReadError as error:
                assert error.reading is reading
                assert await reading.finish() == sorted(read)
            except StandstillError:
                assert not read
        return await reading.read()

    pages = asyncio.run(read_all())
    assert sorted(read) == [page for page in range(1, total + 1) if page not in lost] == pages


@given(
    total=st.integers(1, 500),
    stuck=st.dictionaries(st.integers(1, 500), st.integers(1, 3), max_size=4),
)
def test_without_asking_all_is_read_but_what_stands_still_twice(
    total: int, stuck: dict[int, int]
) -> None:
    left = Counter({page: count for page, count in stuck.items() if page <= total})
    lost = {page for page, count in left.items() if count > 1}
    readers: Any = [Reader(total, left, []) for _ in range(2)]
    reading = PdfReading(readers, PDF).read_without_asking(None)
    if len(lost) == total:
        with pytest.raises(StandstillError):
            asyncio.run(reading)
        return
    pages: Any = asyncio.run(reading)
    assert pages == [page for page in range(1, total + 1) if page not in lost]


async def test_nothing_is_kept_of_a_pdf_that_stands_still_at_once() -> None:
    readers: Any = [Reader(3, Counter({1: 1}), [])]
    with pytest.raises(StandstillError):
        await PdfReading(readers, PDF).read()


class LateReader(Reader):
    """A reader that stands still when it has read all pages."""

    async def read_pages(
        self, pdf: PdfFile, start: int, stop: int, on_page: Callable[[PageRead], None]
    ) -> None:
        await super().read_pages(pdf, start, stop, on_page)
        raise StandstillError("It stands still.")


async def test_a_standstill_after_the_last_page_loses_nothing() -> None:
    readers: Any = [LateReader(40, Counter(), [])]
    pages: Any = await PdfReading(readers, PDF).read()
    assert pages == list(range(1, 41))
