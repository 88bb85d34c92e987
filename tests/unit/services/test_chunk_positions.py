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
