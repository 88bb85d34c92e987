"""The chunks of documents that are read in parts: their borders, pages, positions and sizes."""

from __future__ import annotations

import pytest

from desktop_app.chat.attachments.chunked_reading import (
    ChunkPositions,
    even_parts,
    page_spans,
    placed_pages,
)
from desktop_app.chat.attachments.image_attachments import page_tokens
from desktop_app.domain.conversations.message_parts import DocumentPart, PageImage
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.token_counts import TileTokens

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


def test_an_image_larger_than_half_of_a_chunk_is_refused() -> None:
    with pytest.raises(IllegalChoiceError) as refused:
        page_spans(document(2), text_of(2), 2 * IMAGE_TOKENS - 1, MODEL)
    assert "is too large for" in refused.value.message
    assert refused.value.params == {"page": 2, "name": "a.pdf", "model": "M"}


def test_images_are_placed_at_the_marks_of_their_pages() -> None:
    text = text_of(3)
    assert [at for at, _ in placed_pages(document(1, 3), text, MODEL)] == [
        0,
        text.index("[page 3]"),
    ]
    assert [at for at, _ in placed_pages(document(1), f"A preface.\n\n{text}", MODEL)] == [12]
    assert placed_pages(document(1), text, BLIND) == []


def test_a_line_like_a_mark_within_a_page_is_none() -> None:
    text = text_of(3).replace("words 1", "words 1\n[page 2]\n[page 3]")
    places = [at for at, _ in placed_pages(document(1, 2, 3), text, MODEL)]
    assert places == [0, text.index("\n\n[page 2]") + 2, text.index("\n\n[page 3]") + 2]


def test_a_chunk_has_at_most_twenty_pages() -> None:
    spans = page_spans(document(*range(1, 42)), text_of(41), 1_000_000, MODEL)
    assert [len(span.pages) for span in spans] == [20, 20, 1]
    assert all(span.start < span.end for span in spans)


# ---------------------------------------------------------------- chunk positions

TEXT = """\
[page 1]
# Terms "of" <use>

One.

## Prices

Two.

[page 2]
Three.

| what | price |
|---|---|
| a | 1 |
| b | 2 |

# End

| no head |
| at all |
"""


@pytest.mark.parametrize(
    ("begins", "said"),
    [
        ("[page 1]", ""),
        ("One.", """ page="1" under="Terms 'of' ‹use›\""""),
        ("Two.", """ page="1" under="Terms 'of' ‹use› › Prices\""""),
        ("[page 2]", """ under="Terms 'of' ‹use› › Prices\""""),
        ("| b", """ page="2" under="Terms 'of' ‹use› › Prices\""""),
        ("# End", ' page="2"'),
    ],
)
def test_a_chunk_names_its_page_and_headings(begins: str, said: str) -> None:
    assert ChunkPositions(TEXT).attributes(TEXT.index(begins)) == said


@pytest.mark.parametrize(
    ("begins", "head"),
    [("| b", "| what | price |\n|---|---|\n"), ("| what", ""), ("| at all", ""), ("[page 1]", "")],
)
def test_rows_of_a_continued_table_have_its_header(begins: str, head: str) -> None:
    assert ChunkPositions(TEXT).table_head(TEXT.index(begins)) == head


@pytest.mark.parametrize(("length", "said"), [(80, 80), (81, 80)])
def test_a_long_heading_is_cut(length: int, said: int) -> None:
    text = f"# {'h' * length}\n\nWords."
    assert ChunkPositions(text).attributes(text.index("Words")) == f' under="{"h" * said}"'


@pytest.mark.parametrize(("length", "is_said"), [(400, True), (401, False)])
def test_a_long_table_head_is_left_out(length: int, is_said: bool) -> None:
    head = f"| {'h' * (length - 4)} |\n|---|\n"
    text = f"{head}| a |\n| b |\n"
    positions = ChunkPositions(text)
    assert positions.table_head(text.index("| b")) == (head if is_said else "")


# ---------------------------------------------------------------- chunk boundaries


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("a" * 11, ["a" * 10, "a"]),
        ("aaaaaaa bb cc", ["aaaaaaa ", "bb cc"]),
        ("aaaaaa bbbb cc", ["aaaaaa bbb", "b cc"]),  # too far back
        ("aaaaaaaaaa bb", ["aaaaaaaaaa", " bb"]),
        ("aaaaaaa\nb bb", ["aaaaaaa\n", "b bb"]),
        ("aaaaaaa bb bb", ["aaaaaaa ", "bb bb"]),
        ("aaaaaaa.\n\nb bb", ["aaaaaaa.\n\n", "b bb"]),
        ("aaaaaaa。b bbb", ["aaaaaaa。", "b bbb"]),
    ],
)
def test_parts_end_at_the_strongest_border_near_their_size(text: str, parts: list[str]) -> None:
    ranges = even_parts(text, 10)
    assert [text[start:end] for start, end in ranges] == parts
    assert "".join(parts) == text
