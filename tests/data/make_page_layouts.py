"""Draws PDF pages whose distances lie near the limits that decide how a page is read.

    python -m tests.data.make_page_layouts

writes the texts of the pages to `page_layouts/`. After a change of a rule, read the difference.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from textwrap import fill
from typing import Final
from zlib import crc32

import pypdfium2 as pdfium

from desktop_app.documents.pdf import passage_boxes, pdf_reader
from desktop_app.documents.worker.protocol import Limits
from tests.data.long_pdf import drawn_pdf

EXPECTED: Final = Path(__file__).with_name("page_layouts")
_PAGES_OF_A_KIND: Final = 320
_WHOLE: Final = 40
"""So many pages of a file can be read; of the others it holds a checksum."""
_WORDS: Final = (
    "goose winter bay tide north ring shore mild hut warden oil door salt rope in of the at on a"
).split()
_FIGURES: Final = ("3", "17", "1,200", "4.75", "(12)", "80 %", "-", "n/a", "1999", "2,905", "61")


def read(kind: str) -> str:
    """Return the text of the pages of a kind."""
    draw = KINDS[kind]
    pages = [draw(random.Random(f"{kind} {number}")) for number in range(_PAGES_OF_A_KIND)]
    document = pdf_reader.read(kind, drawn_pdf(pages, _FORMS), Limits(), lambda _: None)
    texts = document.text.split("\n[page ")
    sums = [f"{crc32(text.encode()):08x}" for text in texts[_WHOLE:]]
    return "\n".join(["\n[page ".join(texts[:_WHOLE]), fill(" ".join(sums), 100), ""])


def _said(x: float, y: float, text: str, size: float = 10) -> str:
    escaped = text.replace("(", r"\(").replace(")", r"\)")
    return f"BT /F {size} Tf {x:g} {y:g} Td ({escaped}) Tj ET "


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return f"{x:g} {y:g} m {to_x:g} {to_y:g} l S "


def _phrase(chance: random.Random, least: int, most: int) -> str:
    return " ".join(chance.choices(_WORDS, k=chance.randint(least, most)))


def _near(chance: random.Random, value: float, most: float) -> float:
    """Return a value that differs by at most `most`, in half points."""
    return value + chance.randint(int(-2 * most), int(2 * most)) / 2


def _cell(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.2:
        return ""
    return chance.choice(_FIGURES) if kind < 0.6 else _phrase(chance, 1, 2)


def _borders(
    chance: random.Random, count: int, start: float, steps: Sequence[float]
) -> list[float]:
    found = [start]
    for _ in range(count):
        found.append(found[-1] + chance.choice(steps))
    return found


def _ruled(chance: random.Random) -> str:
    """A grid whose lines nearly meet, with cells of several lines."""
    xs = _borders(chance, chance.randint(1, 4), 60, (5.5, 6, 6.5, 40, 60, 90))
    ys = _borders(chance, chance.randint(1, 5), 500, (5.5, 6, 6.5, 13, 14, 28, 56))
    jitter = chance.choice((0, 0, 1, 3, 4))
    drawn = _said(60, ys[-1] + 20, "Above it.") + _said(60, 470, "Below it.")
    for x in xs:
        if chance.random() < 0.93:
            ends = _near(chance, ys[0], jitter), _near(chance, ys[-1], jitter)
            drawn += _line(_near(chance, x, jitter / 2), ends[0], x, ends[1])
    for y in ys:
        if chance.random() < 0.93:
            drawn += _line(_near(chance, xs[0], jitter), y, _near(chance, xs[-1], jitter), y)
    filled = chance.choice((0.3, 0.5, 0.8, 1))
    for left in xs[:-1]:
        figures = chance.random() < 0.5
        for bottom, top in pairwise(ys):
            for number in range(max(1, int((top - bottom) // 13))):
                if chance.random() < filled:
                    text = chance.choice(_FIGURES) if figures else _phrase(chance, 1, 3)
                    place = _near(chance, left + 4, 3) if jitter < 3 else _near(chance, left, 3)
                    drawn += _said(place, top - 10 - 13 * number, text, 9)
    return drawn


def _merged(chance: random.Random) -> str:
    """A grid that lacks parts of its lines."""
    xs = _borders(chance, chance.randint(2, 5), 60, (50, 70))
    ys = _borders(chance, chance.randint(2, 6), 500, (14, 16, 30))
    share = chance.choice((0.59, 0.6, 0.61, 1))
    drawn = _line(xs[0], ys[0], xs[-1], ys[0]) + _line(xs[0], ys[-1], xs[-1], ys[-1])
    drawn += _line(xs[0], ys[0], xs[0], ys[-1]) + _line(xs[-1], ys[0], xs[-1], ys[-1])
    missing = chance.choice((0.05, 0.15, 0.3))
    for left, right in pairwise(xs):
        for bottom, top in pairwise(ys):
            if chance.random() > missing:
                drawn += _line(left, bottom, left, bottom + share * (top - bottom))
            if chance.random() > missing:
                drawn += _line(left, bottom, left + share * (right - left), bottom)
            drawn += _said(_near(chance, left + 5, 4), top - 10, _cell(chance), 9)
    return drawn


def _between_rules(chance: random.Random) -> str:
    """Columns between rules of nearly equal width, whose rows may be continued."""
    width = chance.choice((58, 60, 62, 240, 300))
    columns = chance.randint(1, 4)
    gap = chance.choice((3, 4, 4.5, 5, 9, 60))
    y, drawn = 720.0, _said(60, 740, _phrase(chance, 3, 9))
    rules = 0
    for number in range(chance.randint(2, 9)):
        if number < 2 or chance.random() < 0.2 or rules == 1:
            start = _near(chance, 60, chance.choice((0, 0, 4.5)))
            drawn += _line(start, y + 9, _near(chance, start + width, chance.choice((0, 4))), y + 9)
            rules += 1
        x = 62.0
        for column in range(columns):
            text = _cell(chance) if column else chance.choice(("", _phrase(chance, 1, 2)))
            drawn += _said(x, y, text, 9)
            x += gap + chance.choice((30, 45))
        y -= chance.choice((11, 11, 11, 14, 24))
    return drawn + _line(60, y + 9, 60 + width, y + 9) + _said(60, y - 8, _phrase(chance, 5, 12))


def _figures(chance: random.Random) -> str:
    """Columns of figures without lines."""
    columns = chance.randint(2, 4)
    gap = chance.choice((6, 8, 9, 10, 12, 40))
    share = chance.choice((0.5, 0.6, 0.8, 1))
    y, drawn = 720.0, _said(60, 750, _phrase(chance, 3, 9))
    ascending = chance.random() < 0.2
    for number in range(chance.randint(3, 8)):
        x = 60.0
        drawn += _said(x, y, _phrase(chance, 1, 2) if chance.random() < 0.9 else "\x95", 10)
        x += 75
        for column in range(columns):
            figure = str(3 + 20 * number) if ascending else chance.choice(_FIGURES)
            text = figure if chance.random() < share else _cell(chance)
            if column == 1 and chance.random() < 0.1:
                text = ". . . . . ."
            drawn += _said(x, y, text, 10)
            x += 22 + gap
        y -= chance.choice((13, 13, 13, 25, 26, 27))
    return drawn + _said(60, y - 30, _phrase(chance, 6, 12))


def _columns(chance: random.Random) -> str:
    """Two or three columns that the file writes line by line, or a table of sentences."""
    count = chance.choice((2, 2, 3))
    gutter = chance.choice((5, 5.5, 6, 7, 9, 12, 20))
    width = chance.choice((95, 100, 105, 150))
    full = chance.choice((0.5, 0.7, 0.8, 1))
    lines = chance.randint(2, 9)
    shift = chance.choice((0, 0, 2, 6))
    breaks = {chance.randint(1, 8) for _ in range(chance.choice((0, 1, 2, 3)))}
    y, drawn = 700.0, ""
    heads = {chance.randint(0, 9) for _ in range(chance.choice((0, 0, 1, 2, 4)))}
    as_one = chance.random() < 0.2
    for number in range(lines):
        if number in heads:
            drawn += _said(60, y, "over all " * chance.randint(3, 12))
            y -= 13
        row = []
        for column in range(count):
            words = ""
            viewport_width = width * (1 if chance.random() < full else 0.6)
            while len(words) * 5 < viewport_width - 10:
                words = f"{words} {chance.choice(_WORDS)}".strip()
            row.append((60 + column * (width + gutter), y - shift * column, words))
        if as_one:
            drawn += _said(60, y, ("   " * chance.randint(1, 3)).join(text for _, _, text in row))
        else:
            drawn += "".join(_said(*piece) for piece in row)
        y -= 13 + (chance.choice((3, 4, 5, 10)) if number in breaks else 0)
    if chance.random() < 0.2:
        drawn += _line(50, y + 40, 60 + count * width, y + 40)
    return drawn


_EVEN: Final = "abdeghnopqu"
"""Letters of the same width in Helvetica: twice that of a space."""


def _filling(chance: random.Random, width: float) -> str:
    """Return words that are so wide, in points, at 10 points: to about a letter."""
    halves = max(2, round(width / 2.78))
    text = ""
    while halves > 1:
        count = min(chance.randint(2, 8), halves // 2)
        text += "".join(chance.choices(_EVEN, k=count)) + " "
        halves -= 2 * count + 1
    return text.strip()


_FEATURES: Final = (
    *("few", "narrow", "uneven", "gutter", "paragraphs", "short", "crossing", "order", "rules"),
    *("joined", "raised", "third", "three"),
)

_UNEVEN: Final = ((88, 200), (92, 200), (96, 200), (200, 90), (200, 96), (120, 200))


def _two_columns(chance: random.Random) -> str:
    """Two plain columns, written line by line, with one or two properties near a limit."""
    features = set(chance.sample(_FEATURES, chance.choice((1, 2, 2))))
    lines = chance.choice((2, 3, 3, 4)) if "few" in features else chance.randint(5, 12)
    widths = [150.0, 150.0]
    gutter = 20.0
    if "narrow" in features:
        widths = [chance.choice((85, 88.5, 91, 94.5, 97, 100, 103, 106, 109)) for _ in range(2)]
    if "uneven" in features:
        widths = [*map(float, chance.choice(_UNEVEN))]
    if "gutter" in features:
        gutter = chance.choice((2, 3, 4, 5, 5.5, 6, 6.5, 7, 7.5, 8))
    if "three" in features:
        widths = [chance.choice((95, 100, 105, 110)) for _ in range(3)]
    extra = chance.choice((3, 3.5, 3.75, 4, 4.25, 4.5, 6))
    shift = chance.choice((0, 1, 2, 2.5, 2.75, 3, 3.25, 3.5, 5)) if "paragraphs" in features else 0
    share = chance.choice((0.7, 0.73, 0.76, 0.8, 0.5))
    heights = [700.0 for _ in widths]
    pieces, drawn = [], ""
    for number in range(lines):
        row = []
        x = 60.0
        for column, width in enumerate(widths):
            part = share if "short" in features and chance.random() < 0.45 else 1
            row.append((x, heights[column] - shift * column, _filling(chance, width * part)))
            x += width + gutter
        for column in range(len(widths)):
            at_gap = "paragraphs" in features and chance.random() < 0.4
            heights[column] -= 13 + (extra if at_gap else 0)
        if "third" in features and number % 3 == 2:
            row[-1] = (row[-1][0] + chance.choice((-4, -3, -2.5, 2.5, 3, 4)), *row[-1][1:])
        if "crossing" in features and chance.random() < chance.choice((0.25, 0.35, 0.5)):
            row = [(60.0, row[0][1], _filling(chance, sum(widths) + gutter))]
        pieces.append(row)
    if "order" in features:
        for _ in range(chance.randint(1, 4)):
            chance.choice(pieces).reverse()
    gap = chance.choice((3, 5, 5.5, 5.75, 6, 6.25, 6.5, 8, 9, 9.5, 10, 10.25, 10.5, 11, 12, 20))
    size = chance.choice((5, 6, 7, 10, 10, 10))
    often = chance.choice((0.4, 0.5, 0.6, 1))
    for row in pieces:
        if features & {"joined", "raised"} and len(row) == 2 and chance.random() < often:
            (x, y, left), (_, _, right) = row
            rise = chance.choice((6, 8, 9, 10, 11, 12, 13)) if "raised" in features else 0
            between = f"{-1000 * gap / size + 278:g}"
            shown = f"[({left} ) {between}] TJ {rise} Ts ({right}) Tj 0 Ts"
            drawn += f"BT /F {size} Tf {x:g} {y:g} Td {shown} ET "
        else:
            drawn += "".join(_said(*piece) for piece in row)
    if "rules" in features:
        middle = 60 + widths[0] + gutter / 2
        ends = (8, 9.5, 10, 10.5, 12, 40)
        start, end = middle - chance.choice(ends), middle + chance.choice(ends)
        top = 703 - chance.choice((-13, 0, 6, 13, 32, 13 * lines - 13))
        height = chance.choice((0, 1, 58, 59.5, 60, 60.5, 62))
        drawn += f"{start:g} {top - height:g} {end - start:g} {height:g} re S "
    return drawn


def _strokes(chance: random.Random) -> str:
    """A table whose lines are rectangles, short strokes, doubled or slanted lines."""
    xs, ys = (60, 120, 180, 240), (650, 664, 678, 692)
    drawn = ""
    styles = ("box", "thin", "steps", "double", "slant", "turned", "curve", "curve first")
    style = chance.choice(styles)
    at = chance.choice((0.5, 1, 1.25, 1.5, 2, 2.5, 3, 3.5, 4))
    for x in xs:
        drawn += _stroke(style, at, x, ys[0], x, ys[-1])
    for y in ys:
        drawn += _stroke(style, at, xs[0], y, xs[-1], y)
    for x in xs[:-1]:
        for y in ys[:-1]:
            drawn += _said(x + 4, y + 3, chance.choice((*_FIGURES, "oak", "elm")), 8)
    if style == "turned":
        return f"q 1 0 0 1 {at:g} 7 cm {drawn}Q "
    return drawn


def _stroke(style: str, at: float, x: float, y: float, to_x: float, to_y: float) -> str:
    is_across = y == to_y
    match style:
        case "box":
            return f"{x:g} {y:g} {max(to_x - x, at):g} {max(to_y - y, at):g} re S "
        case "thin":
            return f"{x:g} {y:g} {max(to_x - x, at):g} {max(to_y - y, at):g} re f "
        case "steps":
            middle = ((x + to_x) / 2, (y + to_y) / 2)
            moved = (middle[0] + at, middle[1]) if is_across else (middle[0], middle[1] + at)
            return _line(x, y, *middle) + _line(*moved, to_x, to_y)
        case "double":
            beside = (0, at) if is_across else (at, 0)
            second = _line(x + beside[0], y + beside[1], to_x + beside[0], to_y + beside[1])
            return _line(x, y, to_x, to_y) + second
        case "slant":
            return _line(x, y, to_x + (0 if is_across else at), to_y + (at if is_across else 0))
        case "curve first":
            bow = f"{x:g} {y:g} m {x + at:g} {y:g} {to_x:g} {to_y + at:g} {to_x:g} {to_y:g} c"
            return f"{bow} {x:g} {y:g} m {to_x:g} {to_y:g} l S "
        case "curve":
            return f"{x:g} {y:g} m {x + at:g} {y:g} {to_x:g} {to_y + at:g} {to_x:g} {to_y:g} c S "
    return _line(x, y, to_x, to_y)


_MATRICES: Final = (
    (1, 0, 0, 1, 10, 20),
    (0.5, 0, 0, 2, 30, -300),
    (0, 1, -1, 0, 700, 100),
    (-1, 0, 0, -1, 400, 1200),
    (0, -2, 0.5, 0, 20, 900),
)
_GRID: Final = "".join(
    [_line(x, 600, x, 660) for x in (60, 120, 200)]
    + [_line(60, y, 200, y) for y in (600, 620, 640, 660)]
)
_FORMS: Final = (
    *(f"/Matrix [{' '.join(map(str, matrix))}] stream {_GRID}" for matrix in _MATRICES),
    "stream q 0 1 -1 0 700 100 cm /X1 Do Q",
    "stream q 1 0 0 1 3 5 cm /X5 Do Q",
    "stream /X6 Do",
    "stream /X7 Do",
)
"""A grid that is moved, scaled and turned, and forms that draw the grid through others."""


def _forms(chance: random.Random) -> str:
    """A grid in a form object, with words near where it is drawn."""
    number = chance.randrange(len(_FORMS))
    matrix = chance.choice(_MATRICES)
    drawn = f"q {' '.join(map(str, matrix))} cm /X{number} Do Q "
    places = [_MATRICES[number]] if number < len(_MATRICES) else [_MATRICES[1], _MATRICES[2]]
    if number >= 6:
        places.append((1, 0, 0, 1, 3, 5))
    for row in range(3):
        for column in range(2):
            x, y = 90 + 70 * column, 610 + 20 * row
            for a, b, c, d, e, f in (*places, matrix):
                x, y = a * x + c * y + e, b * x + d * y + f
            drawn += _said(x - 4, y - 2, chance.choice(("9", "12", "oak")), 6)
    return drawn


def _joined_figures(chance: random.Random) -> str:
    """A ruled table with several columns of figures between two lines."""
    xs, top = (60, 160, 320), 700
    count = chance.randint(2, 7)
    gap = chance.choice((7, 9, 10, 11, 14, 30))
    step = chance.choice((14, 28))
    drawn = "".join(_line(x, top + 11, x, top + 11 - step * count) for x in xs)
    for row in range(count + 1):
        drawn += _line(60, top + 11 - step * row, 320, top + 11 - step * row)
    full = chance.choice((0.5, 0.6, 0.9, 1))
    for row in range(count):
        for line in range(step // 14):
            y = top - step * row - 12 * line
            drawn += _said(64, y, _phrase(chance, 1, 2), 9)
            x = 164.0
            for _ in range(2 + (gap < 20)):
                if chance.random() < full:
                    drawn += _said(x, y, str(chance.randint(10, 99)), 9)
                x += 12 + gap
    return drawn


def _letters(chance: random.Random) -> str:
    """Cells whose letters are drawn one by one, some of them raised, some across a line."""
    size = chance.choice((8, 9, 10, 12))
    drawn = "".join(_line(60, y, 330, y) for y in (712, 690, 620))
    if chance.random() < 0.5:
        drawn += "".join(_line(x, 712, x, 620) for x in (60, 150, 240, 330))
    for y in (698, 676, 660, 644, 628):
        for x in (64.0, 154.0, 244.0):
            viewport_width = chance.choice((0, 0, 2, 3, 3.5, 4, 4.5, 5))
            rise = chance.choice((0, 0, 3, 3.5, 4, 5, 6))
            start = x + chance.choice((0, 0, 0, 60, 66, 70))
            for letter in chance.choice(("goose", "tide", "H2O", "12.5", "\x8c\xad")):
                raised = rise if letter.isdigit() else 0
                drawn += _said(start, y + raised, letter, size * (0.7 if raised else 1))
                start += size * 0.55 + viewport_width
    return drawn


def _texts_in_columns(chance: random.Random) -> str:
    """Cells of several words, of bullets or of leaders, between rules or without any."""
    columns = chance.randint(1, 3)
    width = chance.choice((70, 95, 100, 105, 140))
    gap = chance.choice((5, 9, 10, 30))
    full = chance.choice((0.3, 0.5, 0.7, 0.9))
    rules = chance.choice((0, 2, 3, 4))
    lines = chance.randint(3, 10)
    drawn, tops = "", []
    for number in range(lines):
        y = 720.0 - 12 * number - (chance.choice((0, 0, 3, 14)) if number else 0)
        tops.append(y)
        first = chance.choice(("a.", "x", "-", "17", "goose", "...", "..... 3", ""))
        drawn += _said(60, y, first, 9)
        for column in range(columns):
            share = chance.choice((0.65, 0.7, 0.75, 1)) if chance.random() < full else 0.3
            words = chance.choice(_FIGURES) if chance.random() < 0.3 else ""
            while len(words) * 4.6 < width * share - 20:
                words = f"{words} {chance.choice(_WORDS)}".strip()
            drawn += _said(60 + 40 + column * (width + gap), y, words, 9)
    end = 100 + columns * (width + gap)
    for y in chance.sample(tops, min(rules, len(tops))):
        drawn += _line(60, y + 9.5, end, y + 9.5)
    return drawn


def boxes() -> str:
    """Return where passages of pages stand: the sides of their boxes, in thousandths."""
    chance, found = random.Random("boxes"), []
    for number in range(180):
        kind = chance.choice(("columns", "ruled", "figures", "letters"))
        data = drawn_pdf([KINDS[kind](random.Random(f"{kind} {number}"))])
        with pdfium.PdfDocument(data) as document:
            page = document[0]
            page.set_rotation(chance.choice((0, 0, 90, 180)))
            words = pdf_reader.read("x", data, Limits(), lambda _: None).text.split()[2:]
            start = chance.randrange(max(1, len(words)))
            passage = " ".join(words[start : start + chance.choice((1, 3, 12, 40))])
            areas = passage_boxes.boxes(page, passage, " ".join(words[:start]))
        found.append([[round(1_000 * side) for side in area] for area in areas])
    return "".join(f"{areas}\n" for areas in found)


KINDS: Final[dict[str, Callable[[random.Random], str]]] = {
    "ruled": _ruled,
    "merged": _merged,
    "between_rules": _between_rules,
    "figures": _figures,
    "columns": _columns,
    "two_columns": _two_columns,
    "strokes": _strokes,
    "forms": _forms,
    "joined_figures": _joined_figures,
    "letters": _letters,
    "texts_in_columns": _texts_in_columns,
}

if __name__ == "__main__":
    for name in KINDS:
        (EXPECTED / f"{name}.txt").write_text(read(name), "utf-8")
    (EXPECTED / "boxes.txt").write_text(boxes(), "utf-8")
