"""The image pages of a document that go with each of its chunks."""

from __future__ import annotations

import pytest

from desktop_app.domain.conversations.message_parts import DocumentPart, PageImage
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.image_tokens import TileTokens
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.services.documents.chunk_pages import page_spans, placed_pages
from desktop_app.services.documents.image_attachments import page_tokens

MODEL = ModelInfo("m", "M", sees_images=True, image_tokens=TileTokens(85, 170))
BLIND = ModelInfo("m", "M", sees_images=False)


def document(*numbers: int) -> DocumentPart:
    pages = tuple(PageImage(number, 400, 400) for number in numbers)
    return DocumentPart("0" * 64, "a.pdf", "application/pdf", 9, pictured=pages, detail="low")


def text_of(count: int) -> str:
    return "\n\n".join(f"[page {number}]\nwords {number}" for number in range(1, count + 1))


IMAGE_TOKENS, _ = page_tokens(document(1), MODEL)


def numbers(found: list[tuple[int, PageImage]]) -> list[int]:
    return [page.number for _, page in found]


@pytest.mark.parametrize(
    ("room", "pages"),
    [
        (4 * IMAGE_TOKENS - 1, [[1], [2], [3], [4], [5]]),
        (4 * IMAGE_TOKENS, [[1, 2], [3, 4], [5]]),
        (9 * IMAGE_TOKENS, [[1, 2, 3, 4], [5]]),
    ],
)
def test_images_take_at_most_half_of_a_chunk(room: int, pages: list[list[int]]) -> None:
    text = text_of(5)
    spans = page_spans(document(1, 2, 3, 4, 5), text, room, MODEL)
    assert [numbers(span.pages) for span in spans] == pages
    assert [span.image_tokens for span in spans] == [IMAGE_TOKENS * len(each) for each in pages]
    starts = [0, *(text.index(f"[page {each[0]}]") for each in pages[1:])]
    assert [(span.start, span.end) for span in spans] == [
        *zip(starts, [*starts[1:], len(text)], strict=True)
    ]


def test_a_chunk_has_at_most_twenty_images() -> None:
    spans = page_spans(document(*range(1, 42)), text_of(41), 1_000_000, MODEL)
    assert [len(span.pages) for span in spans] == [20, 20, 1]


def test_an_image_larger_than_half_of_a_chunk_is_refused() -> None:
    with pytest.raises(IllegalChoiceError) as refused:
        page_spans(document(2), text_of(2), 2 * IMAGE_TOKENS - 1, MODEL)
    assert refused.value.reason is Reason.PAGE_IMAGE_TOO_LARGE
    assert refused.value.params == {"page": 2, "name": "a.pdf", "model": "M"}


def test_images_are_placed_at_the_marks_of_their_pages() -> None:
    text = text_of(3)
    assert [at for at, _ in placed_pages(document(1, 3), text, MODEL)] == [
        0,
        text.index("[page 3]"),
    ]
    assert [at for at, _ in placed_pages(document(1), f"A preface.\n\n{text}", MODEL)] == [12]
    assert placed_pages(document(1), text, BLIND) == []


def test_pages_without_a_mark_are_spread_over_the_text_before_the_next_mark() -> None:
    without = text_of(3).replace("[page 2]", "[page x]")
    assert [at for at, _ in placed_pages(document(1, 2, 3), without, MODEL)] == [0, 18, 36]
    text = "one two three"
    assert placed_pages(document(1, 2), text, MODEL) == list(
        zip([len("one "), len("one two ")], document(1, 2).pictured, strict=True)
    )
    spans = page_spans(document(*range(41)), "word " * 50, 1_000_000, MODEL)
    assert [len(span.pages) for span in spans] == [20, 20, 1]
    assert all(span.start < span.end for span in spans)
    assert len(placed_pages(document(1, 2), "", MODEL)) == 2
