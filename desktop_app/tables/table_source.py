"""The rows of a table from files: documents, and lines of CSV, TSV, XLSX and JSON Lines.

Everything is read and checked before a row is stored. In a file of lines, the column `id` names the
rows. Of JSON Lines, `files` lists documents beside the file, and `checks` the checks of the row's
answers, as those of cases.
"""

from __future__ import annotations

import asyncio
import codecs
import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, TextIO

from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.domain import hints
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.domain.system_error import quoted_words
from desktop_app.foreign_file import RefusedFileError, open_file
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.jobs.batch_jobs import BatchFile
from desktop_app.tables.checks import check_of
from desktop_app.tables.table import NewRow, Row

LINE_ENDINGS: Final = (".csv", ".tsv", ".jsonl", ".ndjson", ".xlsx", ".xlsm")
"""The endings of files whose lines become rows; of all others, a file is a row."""
MAX_FILE_BYTES: Final = 200 << 20
MAX_COLUMNS: Final = 500
MAX_ROWS: Final = 100_000
"""Of a file: they take 200 MB while they are read."""
_MAX_LINE_CHARS: Final = 16 << 20
"""Of a line or a cell: more than any model reads. A cell of 160 MB took 1.9 GB."""
KEY: Final = "id"
MANY_FILES: Final = 3
"""The number of files from which a table of them is offered; an arbitrary number."""
_FILES: Final = "files"
_CHECKS: Final = "checks"


class Line(NamedTuple):
    """A line of a file: its number, from 1, and its values by column, or what else is there."""

    number: int
    values: Any


def has_lines(path: Path) -> bool:
    """Return True for a file whose lines become rows."""
    return path.suffix.lower() in LINE_ENDINGS


async def rows_of_lines(path: Path, documents: DocumentWorker) -> list[NewRow]:
    """Return the rows of a file of lines.

    Raises:
        IllegalChoiceError: it is empty or not of its format; a line or an id is wrong.
        DocumentError: a workbook cannot be read.
    """
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        cells = await documents.workbook_rows(path, MAX_ROWS + 2)  # the names, and one too many
        width = max(map(_filled_width, cells), default=0)
        return await asyncio.to_thread(
            _rows_of, path, lambda: _lines_of_cells(enumerate(cells, 1), width)
        )
    return await asyncio.to_thread(_read_rows, path)


def _read_rows(path: Path) -> list[NewRow]:
    is_json = path.suffix.lower() in (".jsonl", ".ndjson")
    separator = "\t" if path.suffix.lower() == ".tsv" else ""
    try:
        with open_file(path) as file:
            if os.fstat(file.fileno()).st_size > MAX_FILE_BYTES:
                raise _unreadable_error(path, ValueError(tr("more than 200 MB")))
            encoding = _encoding_of(file)
            text = io.TextIOWrapper(file, encoding, "replace", newline="\n" if is_json else "")
            return _rows_of(
                path, lambda: json_lines(text) if is_json else csv_lines(text, separator)
            )
    except RefusedFileError as error:
        params = {**error.params, "file": path.name}
        raise IllegalChoiceError(error.message, params=params) from error
    except OSError as error:
        raise _unreadable_error(path, error) from error


def _encoding_of(file: BinaryIO) -> str:
    """Return UTF-8 or UTF-16 by the mark of a file, or what Excel writes in the West."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    is_utf16 = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    file.seek(0)
    try:
        while not is_utf16 and (chunk := file.read(1 << 20)):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        file.seek(0)
    return "utf-16" if is_utf16 else "utf-8-sig"


def _lines_of(text: TextIO) -> Iterator[str]:
    """Yield the lines of a text. Raises ValueError for one that no honest file has."""
    for number in count(1):
        line = text.readline(_MAX_LINE_CHARS)
        if len(line) == _MAX_LINE_CHARS:
            raise located(number, ValueError(tr("it is too long")))
        if not line:
            return
        yield line


def _rows_of(path: Path, lines: Any) -> list[NewRow]:
    rows: list[NewRow] = []
    seen: dict[str, int] = {}
    try:
        for line in lines():
            try:
                row = _row_of(path, line)
                if row.row.key and seen.setdefault(row.row.key, line.number) != line.number:
                    first = seen[row.row.key]
                    words = tr("the id “{id}” is that of line {first}", id=row.row.key, first=first)
                    raise ValueError(words)
            except (ValueError, UserFacingError) as error:
                raise located(line.number, error) from error
            rows.append(row)
            if len(rows) > MAX_ROWS:
                raise ValueError(tr("more than {count} rows", count=formatting.number(MAX_ROWS)))
        if not rows:
            raise ValueError(tr("it is empty"))
    except ValueError as error:
        raise _unreadable_error(path, error) from error
    return rows


def _row_of(path: Path, line: Line) -> NewRow:
    if not isinstance(line.values, Mapping):
        raise ValueError(tr("it isn’t a JSON object"))
    values = dict(line.values)
    key = _text(values.get(next((n for n in values if n.casefold() == KEY), KEY)))
    names = values.get(_FILES)
    paths: tuple[str, ...] = ()
    if isinstance(names, list):
        if not all(isinstance(name, str) for name in names):
            raise ValueError(tr("“files” is not a list of paths"))
        found = (BatchFile.of(name, path_beside(path.parent, name)) for name in names)
        paths = tuple(file.path for file in found)
        del values[_FILES]
    checks = values.get(_CHECKS)
    if isinstance(checks, list):
        del values[_CHECKS]
    else:
        checks = []
    row = Row(0, key or str(line.number), key=key, paths=paths, checks=tuple(map(check_of, checks)))
    return NewRow(row, {name: _text(value) for name, value in values.items()})


def path_beside(folder: Path, name: str) -> Path:
    """Return the path of a document that a file in a folder names.

    The file's author could name any file of the user's, to have it sent.

    Raises:
        ValueError: it is outside the folder, a folder, or hidden.
    """
    folder = folder.resolve()
    found = (folder / name).resolve()
    if not found.is_relative_to(folder):
        raise ValueError(tr("“{name}” is outside the folder", name=name))
    if found.is_dir():
        raise ValueError(tr("“{name}” is a folder", name=name))
    if any(part.startswith(".") for part in (*Path(name).parts, *found.relative_to(folder).parts)):
        raise ValueError(tr("“{name}” is hidden", name=name))
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def json_lines(text: TextIO) -> Iterator[Line]:
    """Yield the values of a text of JSON Lines. Raises ValueError."""
    for number, line in enumerate(_lines_of(text), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            words = tr("it isn’t valid JSON at character {column}", column=error.pos + 1)
            raise located(number, ValueError(words)) from error
        except RecursionError as error:
            words = tr("too many brackets are inside each other")
            raise located(number, ValueError(words)) from error
        except ValueError as error:  # such as a number of 5,000 digits
            raise located(number, error) from error
        yield Line(number, value)


def csv_lines(text: TextIO, separator: str = "") -> Iterator[Line]:
    """Yield the lines of a text of CSV or TSV below its headings. Raises ValueError."""
    csv.field_size_limit(_MAX_LINE_CHARS)
    lines = _lines_of(text)
    first = next(lines, "")
    # Spreadsheets write ";" in countries whose decimal sign is the comma.
    delimiter = separator or max(",;\t", key=first.count)
    # Strict: an open quotation mark would hide the rows that follow it.
    reader = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)

    def cells() -> Iterator[tuple[int, list[str]]]:
        try:
            for row in reader:
                yield reader.line_num, row
        except csv.Error as error:
            is_long = "limit" in str(error)
            words = tr("it is too long") if is_long else tr("the quotation marks don’t match")
            raise located(reader.line_num, ValueError(words)) from error

    return _lines_of_cells(cells())


def _lines_of_cells(rows: Iterable[tuple[int, Sequence[str]]], width: int = 0) -> Iterator[Line]:
    """Yield the lines below the first filled one, which has the names of the columns.

    A workbook gives the width of its rows: they may have more cells than names. In a text, a line
    with more is wrong.
    """
    names: list[str] = []
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue  # spreadsheets write rows of empty cells
        if not names:
            width = max(width, _filled_width(cells))
            if width > MAX_COLUMNS:
                words = tr("it has more than {most} columns", most=MAX_COLUMNS)
                raise located(number, ValueError(words))
            names = _headings(cells[:width])
            continue
        if any(cell.strip() for cell in cells[len(names) :]):
            raise located(number, ValueError(tr("more cells than columns")))
        yield Line(number, dict(zip(names, cells, strict=False)))


def _filled_width(cells: Sequence[str]) -> int:
    return max((n for n, cell in enumerate(cells, 1) if cell.strip()), default=0)


def _headings(cells: Sequence[str]) -> list[str]:
    """Return unique names for columns: empty ones get their number, repeated ones a number."""
    names: list[str] = []
    seen: set[str] = set()
    for number, cell in enumerate(cells, 1):
        base = " ".join(cell.split()) or f"Column {number}"
        name, repeats = base, 1
        while name.casefold() in seen:
            repeats += 1
            name = f"{base} {repeats}"
        seen.add(name.casefold())
        names.append(name)
    return names


def located(line: int, error: Exception) -> ValueError:
    """Return an error that names its line."""
    words = quoted_words(error)
    return ValueError(tr("line {number}: {words}", number=line, words=words))


def _unreadable_error(path: Path, error: Exception) -> IllegalChoiceError:
    return IllegalChoiceError(
        N_("Can’t read the rows in {file}: {words}."),
        hint=hints.CHECK_FILE if isinstance(error, OSError) else "",
        file=path.name,
        words=quoted_words(error),
    )


# ------------------------------------------------------------------ documents


def rows_of_files(files: Sequence[BatchFile]) -> list[NewRow]:
    """Return a row for each file, whose document is read later."""
    return [NewRow(Row(0, file.name, paths=(file.path,))) for file in files]


async def expand_paths(paths: Iterable[Path]) -> list[BatchFile]:
    """Return the given files and those below the given folders, each once.

    Given links are followed. Below a folder, hidden files, hidden folders and links are left out.
    The names of files in a folder are relative to the folder's parent.
    """
    return await asyncio.to_thread(_expand_paths, list(paths))


def _expand_paths(paths: Iterable[Path]) -> list[BatchFile]:
    names_by_path: dict[str, str] = {}
    for path in paths:
        real_path = Path(os.path.realpath(path))
        if _is_folder(real_path):
            for file in _files_below(real_path):
                name = Path(path.name, file.relative_to(real_path))
                names_by_path.setdefault(str(file), name.as_posix())
        else:
            names_by_path.setdefault(str(real_path), path.name)
    return [BatchFile.of(name, Path(path)) for path, name in names_by_path.items()]


def has_at_least(count: int, paths: Iterable[Path]) -> bool:
    """Return True if the paths lead to `count` files or more, also below folders. Blocking.

    A file that is reached twice counts twice: this decides only if a batch is offered, and does not
    resolve links as `expand_paths` does.
    """
    files = (_files_below(path) if _is_folder(path) else (path,) for path in paths)
    first_files = islice(chain.from_iterable(files), count)  # a folder may have millions
    return sum(1 for _ in first_files) >= count


def is_table_like(paths: Sequence[Path]) -> bool:
    """Return True for a folder with files, many files, or a file of lines. Blocking."""
    if any(has_lines(path) for path in paths):
        return True
    return has_at_least(1 if any(map(_is_folder, paths)) else MANY_FILES, paths)


def _is_folder(path: Path) -> bool:
    """Return True for a folder, and False for a path that cannot be looked up. Blocking."""
    return os.path.isdir(path)  # noqa: PTH112 — Path.is_dir raises if the disk has gone


def _files_below(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, but no hidden ones and no links."""
    for parent, folders, files in os.walk(folder):
        folders[:] = _sort_visible(folders)
        for name in _sort_visible(files):
            path = os.path.join(parent, name)  # noqa: PTH118 — as below
            # Path.is_file and Path.is_symlink raise if the folder may be listed, but not entered.
            if os.path.isfile(path) and not os.path.islink(path):  # noqa: PTH113, PTH114
                yield Path(path)


def _sort_visible(names: Iterable[str]) -> list[str]:
    visible_names = (name for name in names if not name.startswith("."))
    return sorted(visible_names, key=lambda name: (name.casefold(), name))
