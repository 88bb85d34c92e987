"""The thread that prints: what it reads by other processes, and how it stops."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium
import pytest

from desktop_app.domain.conversations.message_parts import ImagePart
from desktop_app.domain.errors import StorageError, UserFacingError
from desktop_app.exchange.ui.printing.print_job import PrintSource, pdf_of
from tests.helpers.messages import answer, question
from tests.unit.markdown.test_inline_images import address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.conversations.conversation import Message

PICTURES = [ImagePart(letter * 64, f"{letter}.png", "image/png", 3, 400, 300) for letter in "ab"]


class Pixels(NamedTuple):
    data: bytes
    width: int
    height: int


class Decoder:
    """A decoder of one image; others are damaged."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def thumbnail(self, part: ImagePart, _size: tuple[int, int]) -> Pixels:
        self.asked.append(part.name)
        if part.name != "a.png":
            raise StorageError("gone")
        return Pixels(b"\xff\x33\x66\xff" * 12, 4, 3)

    async def decode(self, data: bytes, media_type: str, _size: tuple[int, int]) -> Pixels:
        assert data.startswith(b"\x89PNG")
        self.asked.append(media_type)
        return Pixels(b"\x00\x99\x66\xff" * 12, 4, 3)


async def pdf(path: Sequence[Message], decoder: Decoder) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(await pdf_of(PrintSource("A title", path, decoder, str)))


async def test_confined_processes_read_images_formulas_and_code() -> None:
    decoder = Decoder()
    text = f"So $\\frac{{a}}{{b}}$.\n\n```python\nif x: pass\n```\n\n![dot]({address('PNG')})"
    document = await pdf([question("What?", *PICTURES), answer(text)], decoder)
    (page,) = document
    assert decoder.asked == ["a.png", "b.png", "image/png"]
    assert len(list(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]))) == 2
    words = page.get_textpage().get_text_range()
    assert "b.png" in words
    assert "frac" not in words  # the formula is drawn
    image = page.render(scale=2).to_pil().convert("RGB")
    colors = {color for _count, color in image.getcolors(1 << 20) or ()}
    assert any(red > 180 and blue < 140 and green < 90 for red, green, blue in colors)


async def test_a_canceled_job_ends_before_the_next_message() -> None:
    class Blocking(Decoder):
        async def thumbnail(self, part: ImagePart, size: tuple[int, int]) -> Pixels:
            task.cancel()
            for _ in range(10):  # turns of the loop, until the thread was told
                await asyncio.sleep(0)
            return await super().thumbnail(part, size)

    decoder = Blocking()
    path = [question("What?", PICTURES[0]), question("And?", PICTURES[0])]
    task = asyncio.ensure_future(pdf(path, decoder))
    try:
        await task
    except asyncio.CancelledError:
        assert decoder.asked == ["a.png"]
    else:
        raise AssertionError("it was not canceled")


async def test_every_paragraph_of_a_long_conversation_is_on_one_page() -> None:
    said = "\n\n".join(f"## Heading {n}\n\nNumber {n}. {'Some words. ' * 60}" for n in range(60))
    document = await pdf([question("What?"), answer(said), answer(said)], Decoder())
    texts = [str(page.get_textpage().get_text_range()) for page in document]
    for number in range(60):
        pages = [at for at, text in enumerate(texts) if f"Number {number}." in text]
        assert len(pages) == 2, number
        assert [at for at, text in enumerate(texts) if f"Heading {number}\r" in text] == pages
    assert sum(text.count("words.") for text in texts) >= 2 * 60 * 60


async def test_a_text_that_qt_cannot_lay_out_is_refused() -> None:
    with pytest.raises(UserFacingError, match="too long"):
        await pdf([question("Some words. " * 200_000)], Decoder())
