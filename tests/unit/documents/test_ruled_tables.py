"""Tables on PDF pages, and layouts that only look like tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pypdfium2 as pdfium
import pytest

from desktop_app.documents.pdf import passage_boxes, pdf_reader
from desktop_app.documents.worker.protocol import Limits
from tests.data.long_pdf import drawn_pdf

PROSE = (
    "The compressor of the cold room was checked",
    "in 2024 and found in order; its bearing has",
    "run 3,400 hours without any fault since and",
    "is to be replaced in November at the latest,",
    "as the maker of it has asked for since 2019.",
)


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


def test_lines_made_of_short_steps_are_joined() -> None:
    def stepped(x: float, y: float, to_x: float, to_y: float) -> str:
        count = int(max(abs(to_x - x), abs(to_y - y)) // 2)
        points = [(x + (to_x - x) * n / count, y + (to_y - y) * n / count) for n in range(count)]
        drawn = "".join(f"{at} {up} l " for at, up in points)
        return f"{x} {y} m {drawn}{to_x} {to_y} l S "

    xs, ys = (60, 160, 240), (712, 696, 682, 668)
    cells = rows([("Room", "Warden"), ("East", ""), ("West", "Ines")], (64, 164))
    ruled = "".join(stepped(x, ys[0], x, ys[-1]) for x in xs)
    ruled += "".join(stepped(xs[0], y, xs[-1], y) for y in ys)
    assert read(ruled + cells) == read(grid(xs, ys) + cells)
    assert read(ruled + cells).startswith("| Room | Warden |")


def test_boxes_with_round_corners_are_not_a_table() -> None:
    def box(x: float, y: float) -> str:
        right, top = x + 100, y + 20
        return (
            f"{x + 4} {y} m {right - 4} {y} l {right} {y} {right} {y} {right} {y + 4} c "
            f"{right} {top - 4} l {right} {top} {right} {top} {right - 4} {top} c "
            f"{x + 4} {top} l {x} {top} {x} {top} {x} {top - 4} c "
            f"{x} {y + 4} l {x} {y} {x} {y} {x + 4} {y} c h S "
        )

    boxes = "".join(box(x, y) for x in (60, 160, 260) for y in (640, 660, 680))
    text = read(
        boxes
        + rows(
            [("Ask", "Wait", "Go"), ("Stay", "Ring", "Look"), ("Read", "Sign", "Pay")],
            (70, 170, 270),
            686,
            20,
        )
    )
    assert "|" not in text


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


def test_lines_of_numbers_in_a_ruled_row_become_rows() -> None:
    text = read(
        grid([60, 160, 240], [712, 696, 650])
        + rows([("Year", "Tons"), ("1999", "3.5"), ("2000", "4.75"), ("2001", "-")], (64, 164))
    )
    assert text.splitlines()[2:] == ["| 1999 | 3.5 |", "| 2000 | 4.75 |", "| 2001 | - |"]


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


def test_hyphens_at_the_ends_of_lines_stay_on_a_page_with_a_table() -> None:
    text = read(
        rows([("The delivery was on-",), ("time, they say.",)], (60,), 740)
        + grid([60, 160, 240], [712, 696, 670])
        + rows([("Word", "Uses"), ("compress-", ""), ("ibility", "2")], (64, 164), step=11)
    )
    assert text == (
        "The delivery was on-\ntime, they say.\n\n"
        "| Word | Uses |\n| --- | --- |\n| compress-ibility | 2 |"
    )


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


def test_columns_of_prose_with_numbers_are_not_a_table() -> None:
    assert "|" not in read(rows(zip(PROSE, PROSE, strict=True), (60, 320)))
    boxed = line(60, 712, 520, 712) + line(60, 640, 520, 640) + line(60, 600, 520, 600)
    assert "|" not in read(boxed + rows(zip(PROSE, PROSE, strict=True), (60, 320)))


def test_a_table_of_contents_is_not_a_table() -> None:
    entries = [
        (f"{n}.", f"Chapter on the {what}", str(page))
        for n, what, page in (
            (1, "geese", 3),
            (2, "swans", 17),
            (3, "ducks", 44),
            (4, "gulls", 61),
            (5, "terns", 80),
        )
    ]
    assert "|" not in read(rows(entries, (60, 90, 400)))


def test_code_is_not_a_table() -> None:
    code = [
        "for i in range[10]:",
        "    x = a[i]     * 2",
        "    y = b[i]     + 31",
        "    z = x        - 4",
    ]
    shaded = "0.9 g 55 640 300 75 re f 0 g "
    assert "|" not in read(shaded + rows([(text,) for text in code], (60,)))


def test_a_chart_is_not_a_table() -> None:
    marks = grid([60, 160, 260, 360], [712, 650, 590, 530])
    assert "|" not in read(marks + rows([("0", "10", "20", "30")], (60, 160, 260, 355), top=515))


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


def test_rotated_words_are_not_rows() -> None:
    turned = "".join(
        f"BT /F 9 Tf 0 1 -1 0 {x} {y} Tm ({text}) Tj ET "
        for x, cells in ((100, ("Year", "2024", "2025")), (120, ("Tons", "3.5", "4.75")))
        for y, text in zip((500, 600, 700), cells, strict=True)
    )
    assert "|" not in read(grid([80, 105, 130], [480, 580, 680, 760]) + turned)


def ruled_columns(left: float, top: float) -> str:
    """Return two columns of numbers between three rules."""
    drawn = "".join(line(left, top - y, left + 180, top - y) for y in (0, 16, 58))
    figures = [("Year", "Tons"), ("1999", "3.5"), ("2000", "4.5"), ("2001", "4")]
    return drawn + rows(figures, (left + 4, left + 100), top - 11, 14)


def ruled_grid(left: float, top: float) -> str:
    drawn = grid([left, left + 80, left + 180], [top, top - 14, top - 28, top - 42])
    figures = [("Room", "Floor"), ("East", "1"), ("West", "2")]
    return drawn + rows(figures, (left + 4, left + 84), top - 10, 14)


@pytest.mark.parametrize(("left", "top"), [(60, 560), (60, 640), (300, 700), (300, 560)])
def test_a_grid_and_columns_between_rules_beside_it_are_two_tables(left: float, top: float) -> None:
    text = read(ruled_grid(60, 712) + ruled_columns(left, top))
    assert "| Room | Floor |\n| --- | --- |\n| East | 1 |\n| West | 2 |" in text
    assert "| Year | Tons |\n| --- | --- |\n| 1999 | 3.5 |" in text


def test_rules_around_a_grid_are_not_a_second_table() -> None:
    around = "".join(line(50, y, 260, y) for y in (730, 720, 600))
    figures = [(f"Room {number}", f"{number}") for number in range(6)]
    drawn = grid([60, 140, 240], [712 - 14 * number for number in range(7)])
    drawn += rows([*figures, ("Sum", "15")], (64, 144), 702, 14)
    text = read(drawn + around)
    assert [row for row in text.split("\n") if row] == [
        "| Room 0 | 0 |",
        "| --- | --- |",
        *(f"| Room {number} | {number} |" for number in range(1, 6)),
        "Sum 15",
    ]


def test_columns_of_hebrew_are_read_from_right_to_left() -> None:
    page = grid([60, 160, 240, 320], [712, 696, 682]) + rows(
        [("AA", "BB", "CC"), ("DD", "EE", "FF")], (64, 164, 244)
    )
    glyphs = " ".join(f"/afii{number}" for number in range(57664, 57670))
    cells = [line.strip("| ").split(" | ") for line in read(page, glyphs=glyphs).splitlines()]
    assert cells[0] == ["\u05d2" * 2, "\u05d1" * 2, "\u05d0" * 2]
    assert cells[2] == ["\u05d5" * 2, "\u05d4" * 2, "\u05d3" * 2]
