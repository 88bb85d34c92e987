"""Reading order of pages whose file writes line by line across columns."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.documents.pdf import pdf_reader
from desktop_app.documents.worker.protocol import Limits
from tests.data.long_pdf import drawn_pdf

# Widths of Helvetica in thousandths of its size.
WIDTHS = dict.fromkeys("abdeghnopqu0123456789", 556) | dict.fromkeys("cksvxyz", 500)
WIDTHS |= (
    dict.fromkeys("fIt .,:;", 278) | dict.fromkeys("ijl", 222) | {"m": 833, "w": 722, "r": 333}
)
WORDS = (
    "the winter of the barnacle goose was counted again on all islands and in the bay with help "
    "of many people who walked along the shore each morning before the tide came in and wrote down "
    "how many birds were resting or feeding and which of them wore rings so that their journeys "
    "from the north could be followed over several years of mild and of hard weather"
).split()

Drawn = tuple[float, float, float, str]


def width(text: str, size: float = 10) -> float:
    return sum(WIDTHS.get(c, 667) for c in text) * size / 1000


def prose(mark: str, count: int, room: float, size: float = 10, *, last: float = 1.0) -> list[str]:
    """Return lines of running text that fill the room, each with its mark and number."""
    chance, lines = random.Random(mark), []
    for number in range(1, count + 1):
        line, end = f"{mark}{number:02}", room * (last if number == count else 1)
        while width(f"{line} {(word := chance.choice(WORDS))}", size) < end:
            line += f" {word}"
        lines.append(line)
    return lines


def wrapped(mark: str, count: int, room: float) -> list[str]:
    """Return lines of running text with a ragged right side, each with its mark and number.

    The mark is part of the first word, because a line ends where the next first word does not fit.
    """
    chance = random.Random(mark)
    lines = [f"{mark}01"]
    while True:
        word = chance.choice((*WORDS, "approximately", "considerably", "administration"))
        next_word = f"{mark}{len(lines) + 1:02}-{word}"
        if width(f"{lines[-1]} {next_word}") < room:
            lines[-1] += f" {word}"
        elif len(lines) == count:
            return lines
        else:
            lines.append(next_word)


def even(mark: str, count: int, _room: float) -> list[str]:
    """Return lines of about the same width, which a long one does not let fill the column."""
    lines = [f"{mark}{number:02} line of the same few words" for number in range(1, count + 1)]
    return [f"{lines[0]} and more", *lines[1:]]


def ragged(mark: str, count: int, room: float) -> list[str]:
    """Return lines of which some end although the next word would fit."""
    return [line.rsplit(" ", 1)[0] for line in prose(mark, count, room)]


def column(x: float, top: float, lines: Iterable[str], pitch: float = 13) -> list[Drawn]:
    return [(x, top - pitch * number, 10, line) for number, line in enumerate(lines)]


def across(*columns: Sequence[Drawn]) -> list[Drawn]:
    """Return the lines in the order of a file that writes across the page."""
    return [line for row in zip_longest(*columns) for line in row if line is not None]


def read(lines: Sequence[Drawn]) -> str:
    drawn = "".join(
        f"BT /F {size} Tf 1 0 0 1 {x} {y} Tm ({text}) Tj ET\n" for x, y, size, text in lines
    )
    return pdf_reader.read("it", drawn_pdf([drawn]), Limits(), lambda _: None).text


def marks(lines: Sequence[Drawn]) -> list[str]:
    """Return the marks of the lines in the order of the page's text."""
    return re.findall(r"\b[A-Z]\d\d\b", read(lines))


def in_order(*columns: tuple[str, int]) -> list[str]:
    return [f"{mark}{number:02}" for mark, count in columns for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("lines_of", "count", "room", "gap"),
    [
        *((prose, 2, 225, 25), (wrapped, 2, 225, 25), (wrapped, 2, 150, 100)),
        (even, 2, 225, 25),
        *((wrapped, 3, 150, 20), (ragged, 3, 160, 10), (ragged, 3, 165, 2)),
    ],
)
def test_columns_are_read_one_after_the_other(
    lines_of: Callable[[str, int, float], list[str]], count: int, room: float, gap: float
) -> None:
    columns = [
        column(50 + n * (room + gap), 760, lines_of("ABC"[n], 24 + n, room)) for n in range(count)
    ]
    assert marks(across(*columns)) == in_order(*(("ABC"[n], 24 + n) for n in range(count)))


@given(seed=st.integers(), count=st.integers(2, 3), rows=st.integers(6, 30))
@settings(max_examples=40, deadline=None)
def test_cells_that_end_anywhere_are_read_by_rows(seed: int, count: int, rows: int) -> None:
    chance = random.Random(seed)
    lines = [
        (
            50 + 500 / count * n,
            780 - 14.0 * row,
            10.0,
            f"{'ABC'[n]}{row:02} {' '.join(chance.choices(WORDS, k=chance.randint(1, 3)))}",
        )
        for row in range(rows)
        for n in range(count)
    ]
    assert marks(lines) == [text[:3] for *_, text in lines]


def test_a_heading_across_both_columns_comes_first() -> None:
    head = column(60, 790, ["H01 " + "a heading over all of the page " * 3], 20)
    lines = across(column(60, 750, prose("L", 20, 225)), column(310, 750, prose("R", 20, 225)))
    assert marks([*head, *lines]) == in_order(("H", 1), ("L", 20), ("R", 20))


def test_footnotes_across_both_columns_follow_them() -> None:
    lines = across(column(60, 760, prose("L", 25, 225)), column(310, 760, prose("R", 25, 225)))
    notes = [(60.0, 100 - 9 * n, 7.0, t) for n, t in enumerate(prose("F", 3, 470, 7))]
    assert marks([*lines, *notes]) == in_order(("L", 25), ("R", 25), ("F", 3))


@pytest.mark.parametrize(
    ("count", "rests"),
    [(2, WORDS), (3, WORDS), (3, ["considered administration", "considered account"])],
)
def test_a_table_is_read_by_rows(count: int, rests: Sequence[str]) -> None:
    rows = [
        [f"{'ABC'[n]}{row:02} {rests[(row + n) % len(rests)]}" for n in range(count)]
        for row in range(1, 13)
    ]
    lines = [
        (60 + 160.0 * n, 760 - 16.0 * row, 10.0, text)
        for row, cells in enumerate(rows)
        for n, text in enumerate(cells)
    ]
    expected = [f"{'ABC'[n]}{row:02}" for row in range(1, 13) for n in range(count)]
    assert marks(lines) == expected
