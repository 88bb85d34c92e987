"""The description of the position of a chunk that begins inside a larger section."""

from __future__ import annotations

import pytest

from desktop_app.services.documents.chunk_positions import ChunkPositions

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
        ("# Terms", ' page="1"'),
        ("One.", """ page="1" under="Terms 'of' ‹use›\""""),
        ("## Prices", """ page="1" under="Terms 'of' ‹use›\""""),
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
    [
        ("| b", "| what | price |\n|---|---|\n"),
        ("| a", "| what | price |\n|---|---|\n"),
        ("| what", ""),
        ("| at all", ""),
        ("Three.", ""),
        ("[page 1]", ""),
    ],
)
def test_rows_of_a_continued_table_have_its_header(begins: str, head: str) -> None:
    assert ChunkPositions(TEXT).table_head(TEXT.index(begins)) == head


def test_the_header_is_found_from_any_distance() -> None:
    text = "| n | words |\n|---|---|\n" + "".join(f"| {n} | some |\n" for n in range(50_000))
    assert ChunkPositions(text).table_head(text.index("| 49999 ")) == "| n | words |\n|---|---|\n"


def test_the_chunks_of_a_long_table_get_its_header() -> None:
    text = "| n |\n|---|\n" + "".join(f"| {n:06} |\n" for n in range(100_000))
    positions = ChunkPositions(text)
    heads = {positions.table_head(offset) for offset in range(12 + 11 * 100, len(text), 11 * 100)}
    assert heads == {"| n |\n|---|\n"}


@pytest.mark.parametrize(("length", "said"), [(80, 80), (81, 80)])
def test_a_long_heading_is_cut(length: int, said: int) -> None:
    text = f"# {'h' * length}\n\nWords."
    assert ChunkPositions(text).attributes(text.index("Words")) == f' under="{"h" * said}"'


@pytest.mark.parametrize(("below", "said"), [(199, "Top › Sub"), (200, "Sub")])
def test_two_hundred_headings_are_searched(below: int, said: str) -> None:
    text = "# Top\n\n" + "## Sub\n\n" * below + "Words."
    assert ChunkPositions(text).attributes(text.index("Words")) == f' under="{said}"'


def test_the_deepest_headings_count() -> None:
    text = "###### Deep\n\nWords."
    assert ChunkPositions(text).attributes(text.index("Words")) == ' under="Deep"'


@pytest.mark.parametrize(("length", "is_said"), [(400, True), (401, False)])
def test_a_long_table_head_is_left_out(length: int, is_said: bool) -> None:
    head = f"| {'h' * (length - 4)} |\n|---|\n"
    text = f"{head}| a |\n| b |\n"
    positions = ChunkPositions(text)
    assert positions.table_head(text.index("| b")) == (head if is_said else "")


@pytest.mark.parametrize("line", [0, 1])
def test_the_first_row_of_a_table_has_no_earlier_header(line: int) -> None:
    text = "| h |\n|---|\n| a |\n"
    assert ChunkPositions(text).table_head(6 * line) == ""


@pytest.mark.parametrize("filler", ["#", " "])
def test_a_very_long_heading_is_read(filler: str) -> None:
    text = f"# a{filler * 50_000}b\n\ntext"
    assert ChunkPositions(text).attributes(text.index("text")).startswith(' under="a')
