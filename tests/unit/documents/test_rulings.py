"""The lines that are found on PDF pages."""

from __future__ import annotations

from collections.abc import Sequence

import pypdfium2 as pdfium
import pytest

from desktop_app.documents.pdf import tables
from tests.data.long_pdf import drawn_pdf

Lines = list[tuple[float, float, float]]


def found(page: str, forms: Sequence[str] = ()) -> tuple[Lines, Lines]:
    """Return the horizontal and vertical lines of a page, in points rounded to tenths."""
    with pdfium.PdfDocument(drawn_pdf([page], forms)) as document:
        lines = tables.page_rulings(document[0])

    def rounded(several: list[tables.Ruling]) -> Lines:
        return [(round(at, 1), round(start, 1), round(end, 1)) for at, start, end in several]

    return rounded(lines.across), rounded(lines.down)


@pytest.mark.parametrize(
    ("drawn", "across", "down"),
    [
        pytest.param("10 50 m 60 50 l S", [(50, 10, 60)], [], id="stroke"),
        pytest.param("60 50 m 10 50 l S", [(50, 10, 60)], [], id="leftward"),
        pytest.param("10 50 m 10 20 l S", [], [(10, 20, 50)], id="downward"),
        pytest.param("10 50 m 60 53 l S", [(51.5, 10, 60)], [], id="almost level"),
        pytest.param("10 50 m 13 90 l S", [], [(11.5, 50, 90)], id="almost upright"),
        pytest.param("10 50 m 60 53.1 l S", [], [], id="slanted"),
        pytest.param("10 50 m 13.1 90 l S", [], [], id="slanted upright"),
        pytest.param("10 50 m 14 50 l S", [(50, 10, 14)], [], id="shortest"),
        pytest.param("10 50 m 10 54 l S", [], [(10, 50, 54)], id="shortest upright"),
        pytest.param("10 50 m 13.9 50 l S", [], [], id="too short"),
        pytest.param("10 50 m 10 53.9 l S", [], [], id="too short upright"),
        pytest.param("10 50 m 13 53 l S", [], [], id="dot"),
        pytest.param("10 50 m 60 50 l n", [], [], id="not drawn"),
        pytest.param("10 50 50 3 re f", [(51.5, 10, 60)], [], id="thin rectangle"),
        pytest.param("10 50 3 50 re f", [], [(11.5, 50, 100)], id="thin upright rectangle"),
        pytest.param(
            "10 50 50 3.1 re f", [(50, 10, 60), (53.1, 10, 60)], [], id="thicker rectangle"
        ),
        pytest.param(
            "10 50 3.1 50 re f", [], [(10, 50, 100), (13.1, 50, 100)], id="wider rectangle"
        ),
        pytest.param(
            "10 50 m 60 50 l 60 90 l 10 90 l h S",
            [(50, 10, 60), (90, 10, 60)],
            [(10, 50, 90), (60, 50, 90)],
            id="closed",
        ),
        pytest.param(
            "10 50 m 60 50 l 60 90 l 10 90 l S",
            [(50, 10, 60), (90, 10, 60)],
            [(60, 50, 90)],
            id="open",
        ),
        pytest.param(
            "10 50 m 60 50 l 10 90 m 60 90 l S", [(50, 10, 60), (90, 10, 60)], [], id="two strokes"
        ),
        pytest.param(
            "10 50 m 20 50 30 50 60 50 c 60 90 l 10 90 m 60 90 l S",
            [(90, 10, 60)],
            [],
            id="curve before a stroke",
        ),
        pytest.param(
            "10 90 m 60 90 l 10 50 m 60 50 l 60 60 60 70 60 90 c S",
            [(90, 10, 60)],
            [],
            id="curve after a stroke",
        ),
        pytest.param("10 50 m h S", [], [], id="point"),
    ],
)
def test_the_lines_of_a_path_are_found(drawn: str, across: Lines, down: Lines) -> None:
    assert found(drawn) == (across, down)


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        pytest.param([(50, 10, 40), (50, 40, 60)], [(50, 10, 60)], id="continued"),
        pytest.param([(50, 10, 40), (50, 42.5, 60)], [(50, 10, 60)], id="small gap"),
        pytest.param([(50, 10, 40), (50, 42.6, 60)], [(50, 10, 40), (50, 42.6, 60)], id="gap"),
        pytest.param([(50, 10, 60), (50, 20, 30)], [(50, 10, 60)], id="inside"),
        pytest.param([(50, 40, 60), (51, 10, 40)], [(50.5, 10, 60)], id="beside"),
        pytest.param([(50, 10, 60), (51.25, 10, 60)], [(50.6, 10, 60)], id="as close"),
        pytest.param(
            [(50, 10, 60), (51.3, 10, 60)], [(50, 10, 60), (51.3, 10, 60)], id="not as close"
        ),
        pytest.param([(50, 10, 60), (51.25, 10, 60), (52.5, 10, 60)], [(51.2, 10, 60)], id="three"),
        pytest.param(
            [(50, 10, 60), (51.25, 10, 60), (52.5, 10, 60), (53, 10, 60)],
            [(51.2, 10, 60), (53, 10, 60)],
            id="four",
        ),
    ],
)
def test_overlapping_lines_are_joined(lines: Lines, joined: Lines) -> None:
    assert found("".join(f"{x} {y} m {to_x} {y} l S " for y, x, to_x in lines)) == (joined, [])
    assert found("".join(f"{x} {y} m {x} {to_y} l S " for x, y, to_y in lines)) == ([], joined)
