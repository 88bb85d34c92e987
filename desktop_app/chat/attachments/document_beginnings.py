"""Reduces long documents to their beginnings; tools read the rest.

The user chooses this and the tools, and a notice names the documents. The beginning of a table is
its columns, its number of rows and its first rows.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import DocumentPart, Part
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.documents.document_sections import unit_of
from desktop_app.domain.documents.table_text import CSV_TYPES, find_first_row, sheet_rows
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.i18n.translation import N_

TABLE_TOOL: Final = "query_table"
PAGE_TOOLS: Final = ("read_pages", "search_documents")
FIRST_ROWS: Final = 20
FIRST_CHARS: Final = 4000
MAX_SHEETS: Final = 20
MAX_COLUMNS: Final = 100
_MAX_CELL_CHARS: Final = 100
_SAMPLE_CHARS: Final = 200_000
"""Characters of a CSV file that are searched for its first rows."""
_SHEET_HEADING: Final = lazy_pattern(r"^## (.*)$", re.MULTILINE)
_NUMBER: Final = lazy_pattern(r"-?\d+(\.\d+)?")


def reading_tools(part: DocumentPart, tools: Iterable[str]) -> tuple[str, ...]:
    """Return the chosen tools that can read a document."""
    chosen_names = set(tools)
    return tuple(name for name in _suited_tools(part) if name in chosen_names)


def _suited_tools(part: DocumentPart) -> tuple[str, ...]:
    return (TABLE_TOOL, *PAGE_TOOLS) if _is_table(part) else PAGE_TOOLS


def can_send_beginning(part: Part, tools: Iterable[str], model: ModelInfo) -> bool:
    """Return True if a document can be reduced to its beginning, and tools can read the rest."""
    return (
        isinstance(part, DocumentPart)
        and not (part.in_parts or part.by_tools or part.again_as or part.chosen or part.pictured)
        and model.takes_tools is not False
        and bool(reading_tools(part, tools))
    )


def require_reading_tools(parts: Iterable[Part], tools: Iterable[str]) -> None:
    """Raise IllegalChoiceError if only the beginning of a document would ever be read."""
    names = list(tools)
    for part in parts:
        if isinstance(part, DocumentPart) and part.by_tools and not reading_tools(part, names):
            raise IllegalChoiceError(
                N_("Without the tool, only the beginning of “{name}” would be read."),
                hint=N_("Choose the tool again, or send the whole document."),
                name=part.name,
            )


def names_of_beginnings(parts: Iterable[Part]) -> list[str]:
    """Return the names of the documents that are reduced to their beginnings."""
    return [part.name for part in parts if isinstance(part, DocumentPart) and part.by_tools]


def beginning_notice(path: Iterable[Message]) -> NoticeText:
    """Return the notice that only the beginnings of documents are sent; "" if there are none."""
    parts = [part for message in path for part in message.parts]
    names = ", ".join(dict.fromkeys(names_of_beginnings(parts)))
    return notice(NoticeCode.BEGINNING_SENT, names=names) if names else ""


def beginning(part: DocumentPart, text: str) -> str:
    """Return the beginning of a document, and the names of tools that read the rest."""
    tools = ", ".join(_suited_tools(part))
    intro = f"(Only the beginning of a large document. These tools read the rest of it: {tools})"
    if part.media_type in CSV_TYPES:
        return f"{intro}\n\n{_csv_beginning(part.name.rsplit('.', 1)[0], text)}"
    if _is_table(part):
        return "\n\n".join([intro, *_sheet_beginnings(text)])
    return f"{intro}\n\n{text[:FIRST_CHARS]}"


def _is_table(part: DocumentPart) -> bool:
    return part.media_type in CSV_TYPES or unit_of(part) == "sheet"


def _csv_beginning(name: str, text: str) -> str:
    import csv

    start, delimiter = find_first_row(text)
    sample = text[start : start + _SAMPLE_CHARS]
    csv.field_size_limit(max(csv.field_size_limit(), _SAMPLE_CHARS))
    lines = io.StringIO(sample, newline="")  # a backup may have text with carriage returns
    rows = list(islice(csv.reader(lines, delimiter=delimiter), FIRST_ROWS + 1))
    if len(text) - start > _SAMPLE_CHARS and 1 < len(rows) <= FIRST_ROWS:
        rows.pop()  # the last row may be cut
    # The number is too high if cells contain line breaks.
    count = text.count("\n", start) + (not text.endswith("\n"))
    return _describe_table(name, f"about {count - 1:,} rows", rows)


def _sheet_beginnings(text: str) -> Iterator[str]:
    sheets = list(_SHEET_HEADING.finditer(text))
    section_ends = [*(heading.start() for heading in sheets[1:]), len(text)]
    for heading, end in islice(zip(sheets, section_ends, strict=False), MAX_SHEETS):
        start = heading.end()
        rows = list(islice(sheet_rows(text, start, end), FIRST_ROWS + 1))
        count = max(0, text.count("\n|", start, end) - 2)  # without the header and its rule
        yield _describe_table(heading[1].strip(), f"{count:,} rows", rows)
    if len(sheets) > MAX_SHEETS:
        yield f"({len(sheets) - MAX_SHEETS} more sheets)"


def _describe_table(name: str, size: str, rows: Sequence[Sequence[str]]) -> str:
    """Return a table's name, size, columns with their types, and first rows."""
    if not rows:
        return f"Table “{name}”: empty"
    columns = []
    for index, title in enumerate(rows[0][:MAX_COLUMNS]):
        cells = [row[index] for row in rows[1:] if index < len(row) and row[index]]
        kind = "number" if cells and all(map(_NUMBER.fullmatch, cells)) else "text"
        columns.append(f"{_shorten(title) or f'column_{index + 1}'} ({kind})")
    left_out_count = len(rows[0]) - len(columns)
    intro = f"Table “{name}”: {size}. Columns: {'; '.join(columns)}"
    if left_out_count:
        intro += f"; and {left_out_count} more"
    first_rows = [" | ".join(_shorten(cell) for cell in row[:MAX_COLUMNS]) for row in rows[1:]]
    return "\n".join([intro, "First rows:", *first_rows])


def _shorten(cell: str) -> str:
    return shorten(" ".join(cell.split()), _MAX_CELL_CHARS)
