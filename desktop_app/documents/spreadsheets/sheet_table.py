"""Writes the sheets of a workbook as Markdown: the values that python-calamine reads, as tables."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from desktop_app.documents.office import markdown_text as md

if TYPE_CHECKING:
    import python_calamine

CellTexts = dict[int, list[tuple[int, str]]]
"""Columns and texts of cells, by row; rows and columns count from 0."""


def join_sheets(sheets: Iterable[tuple[str, bool, str]]) -> str:
    """Return the contents of sheets, each under its name; "" if all are empty.

    Args:
        sheets: the name of each, True if it is hidden, and its content.
    """
    texts: list[str] = []
    has_content = False
    for name, is_hidden, content in sheets:
        has_content = has_content or bool(content)
        heading = f"## {name}{' (hidden)' if is_hidden else ''}"
        texts.append(f"{heading}\n\n{content}".rstrip("\n"))
    return "\n\n".join(texts) if has_content else ""


def table(
    sheet: python_calamine.CalamineSheet,
    *,
    texts: CellTexts | None = None,
    links: CellTexts | None = None,
) -> str:
    """Return the used range as a table.

    Several empty rows become one, which still separates tables.

    Args:
        texts: replace the values of cells within the range.
        links: the addresses of cells.
    """
    texts = texts or {}
    links = links or {}
    lines: list[str] = []
    blank = f"|{'  |' * sheet.width}"
    first_column = sheet.start[1] if sheet.start else 0
    for number, row in enumerate(sheet.iter_rows()):
        cells = [_FORMATTERS[type(value)](value) for value in row]
        for column, text in texts.get(number, ()):
            if 0 <= column - first_column < len(cells):
                cells[column - first_column] = _FORMATTERS[str](text)
        for column, address in links.get(number, ()):
            if 0 <= column - first_column < len(cells):
                cells[column - first_column] = md.link(cells[column - first_column], address)
        line = f"| {' | '.join(cells)} |"
        if line != blank or (lines and lines[-1] != blank):
            lines.append(line)
    if lines and lines[-1] == blank:
        lines.pop()
    if lines:
        lines.insert(1, f"|{' --- |' * sheet.width}")
    return "\n".join(lines)


def _number(value: float) -> str:
    """Return a number with Excel's 15 digits, or all digits of an integer below 1e17.

    Only very small and very large numbers have an exponent.
    """
    if value.is_integer() and abs(value) < 1e17:
        return str(int(value))
    text = f"{value:.15g}"
    return f"{Decimal(text):f}" if "e" in text and 1e-15 < abs(value) < 1e21 else text


def duration(value: datetime.timedelta) -> str:
    """Return a duration in hours, minutes and seconds: "-36:00:00"."""
    sign = "-" if value < datetime.timedelta() else ""
    minutes, seconds = divmod(round(abs(value).total_seconds()), 60)
    return f"{sign}{minutes // 60}:{minutes % 60:02}:{seconds:02}"


# python-calamine returns values of exactly these types.
_FORMATTERS: Final[dict[type, Callable[[Any], str]]] = {
    str: lambda text: " ".join(text.split()).replace("|", "\\|"),
    int: str,
    float: _number,
    bool: lambda value: "TRUE" if value else "FALSE",
    datetime.date: datetime.date.isoformat,
    datetime.datetime: lambda value: value.isoformat(" ", "seconds"),
    datetime.time: lambda value: value.isoformat("seconds"),
    datetime.timedelta: duration,
}
