"""Superscript and subscript digits of PDFs."""

from __future__ import annotations

import pytest

from desktop_app.documents.pdf import pdf_reader
from desktop_app.documents.worker.protocol import Limits
from tests.data.long_pdf import drawn_pdf

SUPERSCRIPT, SUBSCRIPT, NORMAL = "/F 6 Tf 4 Ts", "/F 6 Tf -2 Ts", "/F 10 Tf 0 Ts"


def text_of(*runs: str, matrix: str = "1 0 0 1 60 700") -> str:
    """Return the text of a line; every second of its runs is a change of the font."""
    shown = "".join(f"({run}) Tj " if n % 2 == 0 else f"{run} " for n, run in enumerate(runs))
    page = f"BT {matrix} Tm {NORMAL} {shown}ET "
    found = pdf_reader.read("x.pdf", drawn_pdf([page]), Limits(), lambda _: None)
    return found.text.removeprefix("[page 1]\n")


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (("about 10", SUPERSCRIPT, "6", NORMAL, " m", SUPERSCRIPT, "-2"), "about 10⁶ m⁻²"),
        (("H", SUBSCRIPT, "2", NORMAL, "O and CO", SUBSCRIPT, "2"), "H₂O and CO₂"),
        (("8,935,112", SUPERSCRIPT, "3", NORMAL, " people"), "8,935,112³ people"),
        (("known.", SUPERSCRIPT, "11,2,31-33", NORMAL, " So"), "known.¹¹,²,³¹⁻³³ So"),
        (("the 1", SUPERSCRIPT, "st", NORMAL, " of 12"), "the 1st of 12"),
        (("Q", "/F 6 Tf", "12 3 45", NORMAL, " 100 7"), "Q12 3 45 100 7"),
        (("Q", "4 Ts", "12", NORMAL, "."), "Q\n12."),
        (("a", "/F 6 Tf 10 Ts", "12"), "a\n12"),
    ],
)
def test_raised_and_lowered_digits_are_kept(runs: tuple[str, ...], expected: str) -> None:
    assert text_of(*runs) == expected


def test_digits_of_slanted_text_stay() -> None:
    slanted = "0.7 0.7 -0.7 0.7 60 700"
    assert text_of("Q", "/F 6 Tf", "12", matrix=slanted) == "Q12"


def test_digits_in_tables_are_raised() -> None:
    lines = "".join(f"60 {y} m 260 {y} l S " for y in (700, 680, 660))
    lines += "".join(f"{x} 700 m {x} 660 l S " for x in (60, 160, 260))
    cells = "".join(
        f"BT 1 0 0 1 {x} {y} Tm {NORMAL} ({words}) Tj {SUPERSCRIPT} ({digits}) Tj ET "
        for x, y, words, digits in (
            (65, 685, "Land", ""),
            (165, 685, "km", "2"),
            (65, 665, "Chad", "1"),
            (165, 665, "1284000", ""),
        )
    )
    found = pdf_reader.read("x.pdf", drawn_pdf([lines + cells]), Limits(), lambda _: None)
    assert found.text == "[page 1]\n| Land | km² |\n| --- | --- |\n| Chad¹ | 1284000 |"
