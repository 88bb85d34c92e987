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
def test_a_part_is_told_its_page_and_the_headings_above(begins: str, said: str) -> None:
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
def test_rows_of_a_table_that_goes_on_have_its_head(begins: str, head: str) -> None:
    assert ChunkPositions(TEXT).table_head(TEXT.index(begins)) == head


def test_a_long_table_is_walked_back_once() -> None:
    text = "| n | words |\n|---|---|\n" + "".join(f"| {n} | some |\n" for n in range(50_000))
    assert ChunkPositions(text).table_head(text.index("| 49999 ")) == "| n | words |\n|---|---|\n"
