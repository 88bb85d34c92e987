"""Tables on PDF pages, and layouts that only look like tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pypdfium2 as pdfium

from desktop_app.documents.pdf import passage_boxes, pdf_reader
from desktop_app.documents.worker.protocol import Limits
from tests.data.long_pdf import drawn_pdf


def words(x: float, y: float, text: str) -> str:
    return f"BT /F 9 Tf {x} {y} Td ({text}) Tj ET "


def line(x: float, y: float, to_x: float, to_y: float) -> str:
    return f"{x} {y} m {to_x} {to_y} l S "


def rows(
    lines: Iterable[Sequence[str]], columns: Sequence[float], top: float = 700, step: float = 14
) -> str:
    """Return words in columns, line by line."""
    return "".join(
        words(x, top - step * number, cell)
        for number, cells in enumerate(lines)
        for x, cell in zip(columns, cells, strict=True)
        if cell
    )


def grid(xs: Sequence[float], ys: Sequence[float]) -> str:
    down = "".join(line(x, ys[0], x, ys[-1]) for x in xs)
    return down + "".join(line(xs[0], y, xs[-1], y) for y in ys)


def read(page: str, *, glyphs: str = "") -> str:
    data = drawn_pdf([page], glyphs=glyphs)
    text = pdf_reader.read("x.pdf", data, Limits(), lambda _: None).text
    return text.removeprefix("[page 1]\n")


def test_ruled_cells_become_a_table_in_place() -> None:
    text = read(
        words(60, 740, "Before the table.")
        + grid([60, 160, 240, 320], [712, 696, 682, 668])
        + rows(
            [("Room", "Warden", "Floor"), ("East | old", "", "1"), ("West", "Ines", "2")],
            (64, 164, 244),
        )
        + words(60, 640, "After it.")
    )
    assert text == (
        "Before the table.\n\n| Room | Warden | Floor |\n| --- | --- | --- |\n"
        "| East \\| old |  | 1 |\n| West | Ines | 2 |\n\nAfter it."
    )


def test_a_cell_across_columns_is_in_its_first_column() -> None:
    drawn = line(60, 712, 320, 712) + line(60, 712, 60, 668) + line(320, 712, 320, 668)
    drawn += line(60, 696, 320, 696) + line(60, 682, 320, 682) + line(60, 668, 320, 668)
    drawn += line(160, 696, 160, 668) + line(240, 712, 240, 668)
    text = read(
        drawn
        + rows(
            [("Wardens of the summer months", "", "Floor"), ("Ines", "Ole", "1")], (64, 164, 244)
        )
        + rows([("Ann", "Per", "2")], (64, 164, 244), top=672)
    )
    assert text == (
        "| Wardens of the summer months |  | Floor |\n| --- | --- | --- |\n"
        "| Ines | Ole | 1 |\n| Ann | Per | 2 |"
    )


def test_wrapped_words_stay_in_their_cell() -> None:
    text = read(
        grid([60, 160, 300], [712, 696, 666])
        + rows(
            [
                ("Key", "Rule"),
                ("North door", "It is shut at nine and"),
                ("of the hut", "locked at ten."),
            ],
            (64, 164),
        )
    )
    assert text.splitlines()[2:] == [
        "| North door of the hut | It is shut at nine and locked at ten. |"
    ]


def test_columns_between_three_rules_are_separated_by_space() -> None:
    text = read(
        words(60, 740, "Table 1. What was counted.")
        + "".join(line(60, y, 360, y) for y in (712, 696, 652))
        + rows(
            [
                ("Species", "Winter", "Summer"),
                ("Barnacle goose", "40,000", "12"),
                ("Brent goose", "3,200", ""),
                ("Whooper swan", "150", "2"),
            ],
            (64, 200, 280),
        )
    )
    assert text == (
        "Table 1. What was counted.\n\n| Species | Winter | Summer |\n| --- | --- | --- |\n"
        "| Barnacle goose | 40,000 | 12 |\n| Brent goose | 3,200 |  |\n| Whooper swan | 150 | 2 |"
    )


def test_aligned_numbers_are_a_table_without_rules() -> None:
    text = read(
        rows(
            [
                ("Item", "2024", "2025"),
                ("Cold store", "1,200", "1,310"),
                ("Transport", "640", "588"),
                ("Wages of staff", "2,905", "3,022"),
            ],
            (60, 220, 300),
        )
    )
    assert text.splitlines()[0] == "| Item | 2024 | 2025 |"
    assert text.splitlines()[-1] == "| Wages of staff | 2,905 | 3,022 |"


def test_a_passage_of_a_table_is_found_on_its_page() -> None:
    data = drawn_pdf(
        [
            words(60, 740, "Before the table.")
            + grid([60, 160, 240, 320], [712, 696, 682, 668])
            + rows(
                [("Room", "Warden", "Floor"), ("East", "", "1"), ("West", "Ines Okafor", "2")],
                (64, 164, 244),
            )
        ]
    )
    with pdfium.PdfDocument(data) as document:
        room, warden = passage_boxes.boxes(
            document[0], "| West | Ines Okafor |", "Before the table."
        )
    assert 0.1 < room.left < 0.12 < 0.27 < warden.left < 0.28
    assert 0.34 < warden.right < 0.37
