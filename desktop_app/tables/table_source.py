"""The rows of a table from files: documents, and lines of spreadsheets, CSV and JSON.

Everything is read before a row is stored. In a file of lines, the column `id` names the rows if no
two are equal. Of JSON, `files` lists documents beside the file, and `checks` the checks of the
row's answers, unless they are data of other programs.
"""

from __future__ import annotations

import asyncio
import codecs
import csv
import io
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, TextIO

from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.documents.worker.protocol import YES_NO, SheetNumber
from desktop_app.domain import hints
from desktop_app.domain.csv_cell import unescape_cell
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.system_error import quoted_words
from desktop_app.foreign_file import RefusedFileError, open_file
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.providers.jobs.batch_jobs import BatchFile
from desktop_app.tables.checks import KINDS, check_of
from desktop_app.tables.table import NewRow, Row
from desktop_app.tables.values import Value, ValueType, number_value, value_of, yes_value

WORKBOOKS: Final = (".xlsx", ".xlsm", ".xls")
LINE_ENDINGS: Final = (".csv", ".tsv", ".jsonl", ".ndjson", *WORKBOOKS)
"""The endings of files whose lines become rows; of others, but lists of JSON, a file is a row."""
STANDARD_INPUT: Final = Path("-")
MAX_FILE_BYTES: Final = 200 << 20
MAX_COLUMNS: Final = 500
MAX_ROWS: Final = 100_000
"""Of a file: they take 200 MB while they are read."""
_MAX_LINE_CHARS: Final = 16 << 20
"""Of a line or a cell: more than any model reads. A cell of 160 MB took 1.9 GB."""
_MAX_NAME_CHARS: Final = 200
"""Of a column, which prompts must name."""
KEY: Final = "id"
_INPUT: Final = "input"
MANY_FILES: Final = 3
"""The number of files from which a table of them is offered; an arbitrary number."""
_FILES: Final = "files"
_CHECKS: Final = "checks"
_SEPARATORS: Final = ("\t", ";", "|", ",")
"""The last ones stand in texts, too."""
_NO_SEPARATOR: Final = "\x1f"
_SAMPLE_LINES: Final = 200
_SAMPLE_CHARS: Final = 1 << 20
_MAX_NAMED: Final = 5
_NOT_IN_NAMES: Final = str.maketrans("{}", "()")


class Line(NamedTuple):
    """A line of a file: its number, from 1, and its values by column, or what else is there."""

    number: int
    values: Any


class LinesRead(NamedTuple):
    """The rows of a file of lines, and sentences on what was left out or changed."""

    rows: list[NewRow]
    notes: Sequence[str]


class _QuoteError(ValueError):
    """Raised if quotation marks don't match."""


class _Float(float):
    """A number of JSON, with its text: 1.10 may be a version."""

    text = ""


def has_lines(path: Path) -> bool:
    """Return True for a file whose lines become rows. Blocking: JSON is looked into."""
    ending = path.suffix.lower()
    if path == STANDARD_INPUT or ending in LINE_ENDINGS:
        return True
    try:
        if ending != ".json":
            return False
        with open_file(path) as file:
            return file.read(1024).removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"[")
    except (OSError, RefusedFileError):
        return False


async def read_lines(path: Path, documents: DocumentWorker, sheet: str = "") -> LinesRead:
    """Return the rows of a file of lines, or of standard input.

    Args:
        sheet: the name of a workbook's sheet; "" for the first that is shown and has cells.

    Raises:
        IllegalChoiceError: it is empty or not of its format, or has no such sheet.
        DocumentError: a workbook cannot be read.
    """
    if path.suffix.lower() not in WORKBOOKS:
        return await asyncio.to_thread(_read_rows, path)
    found = await documents.workbook_rows(path, MAX_ROWS + 2, sheet)  # the names, and one too many
    if sheet and found.name != sheet:
        raise IllegalChoiceError(
            N_("“{file}” has no sheet “{name}”."),
            hint=N_("The sheets are: {known}."),
            file=path.name,
            name=sheet,
            known=", ".join(found.names),
        )
    width = max(map(_filled_width, found.rows), default=0)
    rows, notes = await asyncio.to_thread(
        _rows_of, path, lambda _: _lines_of_cells(enumerate(found.rows, 1), width)
    )
    left_out = [name for name in found.names if name != found.name]
    parts = [
        tr("sheets {names}", names=", ".join(left_out)) if left_out else "",
        tr_plural("{count} hidden row", "{count} hidden rows", n)
        if (n := found.hidden_rows)
        else "",
        tr_plural("{count} hidden column", "{count} hidden columns", n)
        if (n := found.hidden_columns)
        else "",
    ]
    if any(parts):
        words = ", ".join(filter(None, parts))
        notes = [
            tr("Of {file}, the sheet “{name}” was read.", file=path.name, name=found.name)
            + " "
            + tr("Left out: {parts}.", parts=words),
            *notes,
        ]
    return LinesRead(rows, notes)


def _read_rows(path: Path) -> LinesRead:
    try:
        if path == STANDARD_INPUT:
            return _rows_of_text(path, io.BytesIO(sys.stdin.buffer.read(MAX_FILE_BYTES + 1)))
        with open_file(path) as file:
            return _rows_of_text(path, file)
    except RefusedFileError as error:
        params = {**error.params, "file": path.name}
        raise IllegalChoiceError(error.message, params=params) from error
    except OSError as error:
        raise _unreadable_error(path, error) from error


def _rows_of_text(path: Path, file: BinaryIO) -> LinesRead:
    if file.seek(0, os.SEEK_END) > MAX_FILE_BYTES:
        raise _unreadable_error(path, ValueError(tr("more than 200 MB")))
    file.seek(0)
    ending = path.suffix.lower() or _ending_of(file)
    newline = "\n" if ending in (".jsonl", ".ndjson") else ""
    with io.TextIOWrapper(file, _encoding_of(file), "replace", newline=newline) as text:
        return _rows_of_format(path, text, ending)


def _rows_of_format(path: Path, text: TextIO, ending: str) -> LinesRead:
    if ending in (".jsonl", ".ndjson"):
        return _rows_of(path, lambda _: json_lines(text))
    if ending == ".json":
        return _rows_of(path, lambda _: _json_items(text))
    if ending == ".txt":
        return _rows_of(path, lambda _: _text_lines(text))
    separator = "\t" if ending == ".tsv" else ""
    try:
        return _rows_of(path, lambda notes: csv_lines(text, separator, notes))
    except IllegalChoiceError as error:
        if not isinstance(error.__cause__, _QuoteError):
            raise
        text.seek(0)
        try:
            return _rows_of(
                path, lambda notes: csv_lines(text, separator, notes, has_backslashes=True)
            )
        except IllegalChoiceError:
            raise error from error.__cause__


def _ending_of(file: BinaryIO) -> str:
    """Return the ending that a file with this content would have."""
    start = file.read(_SAMPLE_CHARS)
    file.seek(0)
    is_utf16 = start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text = start.decode("utf-16" if is_utf16 else "utf-8-sig", "replace").lstrip()
    if text[:1] in ("{", "["):
        return ".jsonl" if text[0] == "{" else ".json"
    separator, _ = _form_of(text.splitlines(keepends=True)[:_SAMPLE_LINES], "")
    return ".txt" if separator == _NO_SEPARATOR else ".csv"


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


class _Columns(dict[str, str]):
    """The names of columns by those in a file, some of which no prompt could name."""

    def __init__(self) -> None:
        super().__init__()
        self.renamed: list[str] = []
        self._taken: set[str] = set()

    def __missing__(self, name: str) -> str:
        if len(self) >= MAX_COLUMNS:
            raise ValueError(tr("it has more than {most} columns", most=MAX_COLUMNS))
        clean = " ".join(name.translate(_NOT_IN_NAMES).split()) or f"Column {len(self) + 1}"
        if len(clean) > _MAX_NAME_CHARS:
            clean = f"{clean[: _MAX_NAME_CHARS - 10]}…"
        found, repeats = clean, 1
        while found.casefold() in self._taken:
            repeats += 1
            found = f"{clean} {repeats}"
        self._taken.add(found.casefold())
        if any(brace in name for brace in "{}") or len(name) > _MAX_NAME_CHARS:
            self.renamed.append(found)
        self[name] = found
        return found


def _rows_of(path: Path, lines: Callable[[list[str]], Iterable[Line]]) -> LinesRead:
    """Return the rows of lines, which are given a list for notes."""
    rows: list[NewRow] = []
    numbers: list[int] = []
    notes: list[str] = []
    columns = _Columns()
    try:
        for line in lines(notes):
            try:
                rows.append(_row_of(path, line, columns))
            except (ValueError, UserFacingError) as error:
                raise located(line.number, error) from error
            numbers.append(line.number)
            if len(rows) > MAX_ROWS:
                raise ValueError(tr("more than {count} rows", count=formatting.number(MAX_ROWS)))
        if not rows:
            raise ValueError(tr("it is empty"))
    except ValueError as error:
        raise _unreadable_error(path, error) from error
    keys = Counter(new.row.key for new in rows if new.row.key)
    if any(times > 1 for times in keys.values()):  # ids of something else, such as orders
        rows = [
            NewRow(replace(row, name=str(number), key=""), data)
            for number, (row, data) in zip(numbers, rows, strict=True)
        ]
    if columns.renamed:
        names = ", ".join(columns.renamed[:_MAX_NAMED])
        notes.append(tr("Columns got a name that prompts can have: {names}.", names=names))
    return LinesRead(rows, notes)


def _row_of(path: Path, line: Line, columns: _Columns) -> NewRow:
    if not isinstance(line.values, Mapping):
        raise ValueError(tr("it isn’t a JSON object"))
    values = dict(line.values)
    key = _text(values.get(next((n for n in values if n.casefold() == KEY), KEY)))
    is_case = isinstance(values.get(_INPUT), str)
    paths: tuple[str, ...] = ()
    names = values.get(_FILES)
    if isinstance(names, list) and (is_case or _are_files(path.parent, names)):
        if not all(isinstance(name, str) for name in names):
            raise ValueError(tr("“files” is not a list of paths"))
        found = (BatchFile.of(name, path_beside(path.parent, name)) for name in names)
        paths = tuple(file.path for file in found)
        del values[_FILES]
    checks = values.get(_CHECKS)
    if isinstance(checks, list) and (is_case or any(map(_is_check, checks))):
        del values[_CHECKS]
    else:
        checks = []
    row = Row(0, key or str(line.number), key=key, paths=paths, checks=tuple(map(check_of, checks)))
    data = {columns[name]: _value(value) for name, value in values.items()}
    for name in [name for name, value in values.items() if isinstance(value, dict) and value]:
        data.update({columns[inner]: _value(v) for inner, v in _flat(name, values[name])})
    return NewRow(row, data)


def _are_files(folder: Path, names: Sequence[Any]) -> bool:
    """Return True unless a list is one of another program, whose files are not here."""
    return all(isinstance(name, str) and (folder / name).exists() for name in names)


def _is_check(value: Any) -> bool:
    return isinstance(value, Mapping) and any(kind in value for kind in KINDS)


def _flat(path: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the values inside a value of JSON by their dot paths."""
    left = [(path, values)]
    while left:
        path, values = left.pop()
        for name, value in values.items():
            if isinstance(value, dict) and value:
                left.append((f"{path}.{name}", value))
            else:
                yield f"{path}.{name}", value


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
    found = _value(value)
    return found if isinstance(found, str) else found.text


def _value(value: Any) -> str | Value:
    """Return a value of a workbook or of JSON with its type; the type of a text is found later."""
    if isinstance(value, SheetNumber):
        return _sheet_value(value)
    if isinstance(value, (str, Value)):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return yes_value(is_yes=value, text=json.dumps(value))
    if isinstance(value, _Float):
        return value.text
    return json.dumps(value, ensure_ascii=False)


def _sheet_value(cell: SheetNumber) -> Value:
    text, number, code = cell
    if code == YES_NO:
        return yes_value(is_yes=bool(number), text=text)
    found = value_of(text)
    if found.type is ValueType.DATE:
        return found._replace(format=code)
    return number_value(number, text, code, is_money=_MONEY.search(code) is not None)


_MONEY: Final = re.compile(r"\[\$[^\]-]|(?<!\[)[$€£¥₹]")


def _float(text: str) -> _Float:
    number = _Float(text)
    number.text = text
    return number


def _decoded(decode: Callable[[], Any], number: int) -> Any:
    try:
        return decode()
    except json.JSONDecodeError as error:
        words = tr("it isn’t valid JSON at character {column}", column=error.pos + 1)
        raise located(number, ValueError(words)) from error
    except RecursionError as error:
        words = tr("too many brackets are inside each other")
        raise located(number, ValueError(words)) from error
    except ValueError as error:  # such as a number of 5,000 digits
        raise located(number, error) from error


def json_lines(text: TextIO) -> Iterator[Line]:
    """Yield the values of a text of JSON Lines. Raises ValueError."""
    decoder = json.JSONDecoder(parse_float=_float)
    for number, line in enumerate(_lines_of(text), 1):
        if line.strip():
            yield Line(number, _decoded(lambda: decoder.decode(line), number))  # noqa: B023


def _json_items(text: TextIO) -> Iterator[Line]:
    """Yield the items of a list of JSON, with the lines where they begin. Raises ValueError."""
    content = text.read()
    decoder = json.JSONDecoder(parse_float=_float)
    position, number, separator = content.find("["), 1, "["
    while True:
        end = _JSON_SPACE.match(content, position + 1).end()  # type: ignore[union-attr]
        number += content.count("\n", position, end)
        if content[end : end + 1] == "]" and separator == "[":
            return
        value, position = _decoded(lambda: decoder.raw_decode(content, end), number)  # noqa: B023
        if isinstance(value, str):
            value = {tr("Text"): value}
        yield Line(number, value)
        number += content.count("\n", end, position)
        end = _JSON_SPACE.match(content, position).end()  # type: ignore[union-attr]
        number += content.count("\n", position, end)
        position, separator = end, content[end : end + 1]
        if separator == "]":
            return
        if separator != ",":
            words = tr("it isn’t valid JSON at character {column}", column=position + 1)
            raise located(number, ValueError(words))


_JSON_SPACE: Final = re.compile(r"[ \t\r\n]*")


def _text_lines(text: TextIO) -> Iterator[Line]:
    name = tr("Text")
    for number, line in enumerate(_lines_of(text), 1):
        if line.strip():
            yield Line(number, {name: line.rstrip("\r\n")})


def csv_lines(
    text: TextIO,
    separator: str = "",
    notes: list[str] | None = None,
    *,
    has_backslashes: bool = False,
) -> Iterator[Line]:
    """Yield the lines of a text of CSV or TSV below its headings. Raises ValueError.

    Args:
        separator: "" to find it in the first lines.
        notes: gets sentences on what was left out.
        has_backslashes: a backslash before a quotation mark is no text, as in exports of databases.
    """
    csv.field_size_limit(_MAX_LINE_CHARS)
    lines = _lines_of(text)
    if has_backslashes:
        lines = (_ESCAPED.sub(lambda m: m[0].replace('\\"', '""'), line) for line in lines)
    sample: list[str] = []
    while len(sample) < _SAMPLE_LINES and sum(map(len, sample[-1:])) < _SAMPLE_CHARS:
        if not (line := next(lines, "")):
            break
        sample.append(line)
    skipped = 0
    if sample and (stated := _STATED.fullmatch(sample[0])):
        separator, skipped = stated[1], 1
    delimiter, titles = _form_of(sample[skipped:], separator)
    # Strict: an open quotation mark would hide the rows that follow it.
    reader = csv.reader(chain(sample[skipped:], lines), delimiter=delimiter, strict=True)

    def cells() -> Iterator[tuple[int, list[str]]]:
        try:
            for row in reader:
                yield reader.line_num + skipped, [*map(unescape_cell, row)]
        except csv.Error as error:
            number = reader.line_num + skipped
            if "limit" in str(error):
                raise located(number, ValueError(tr("it is too long"))) from error
            words = quoted_words(ValueError(tr("the quotation marks don’t match")))
            raise _QuoteError(tr("line {number}: {words}", number=number, words=words)) from error

    found = _lines_of_cells(cells(), titles=titles, notes=notes)
    if delimiter != ";":
        return found
    # Spreadsheets write ";" in countries whose decimal sign is the comma.
    return (
        Line(number, {name: value_of(text, has_comma=True) for name, text in values.items()})
        if notes is not None
        else Line(number, values)
        for number, values in found
    )


_ESCAPED: Final = re.compile(r'\\\\|\\"')
_STATED: Final = re.compile(r'"?sep=([^\r\n"])"?[\r\n]*', re.IGNORECASE)


def _form_of(lines: Sequence[str], separator: str) -> tuple[str, int]:
    """Return the separator of the first lines of a text, and how many titles are above them.

    It divides most lines into equally many cells. Where it stands in prose, a space follows.
    """
    best: tuple[tuple[float, ...], str, int] = ((0.0,), separator or _NO_SEPARATOR, 0)
    for each in (separator,) if separator else _SEPARATORS:
        rows = []
        try:
            rows += [row for row in csv.reader(lines, delimiter=each) if any(map(str.strip, row))]
        except csv.Error:
            continue
        if len(lines) >= _SAMPLE_LINES:
            rows = rows[:-1]  # it may go on
        if not rows:
            continue
        width, times = Counter(map(len, rows)).most_common(1)[0]
        titles = 0
        while titles < len(rows) and _filled_width(rows[titles]) == 1 < width:
            titles += 1
        if titles and (times < 2 or titles + times < len(rows)):
            titles = 0
        spaces = sum(cell[:1] == " " for row in rows[titles:] for cell in row[1:])
        after = sum(len(row) - 1 for row in rows[titles:]) or 1
        has_heading = len(rows[0]) > 1
        is_prose = spaces > after / 2
        if len(rows[titles]) < 2 or (not has_heading and is_prose):
            continue
        score = (times / len(rows), float(not is_prose), width)
        if score > best[0]:
            best = score, each, titles
    return best[1:]


def _lines_of_cells(
    rows: Iterable[tuple[int, Sequence[Any]]],
    width: int = 0,
    *,
    titles: int = 0,
    notes: list[str] | None = None,
) -> Iterator[Line]:
    """Yield the lines below the first filled one, which has the names of the columns.

    A workbook gives the width of its rows: they may have more cells than names. In a text, a line
    with more is wrong: it is left out, or refused if there are no notes.
    """
    names: list[str] = []
    bad: list[int] = []
    is_empty = True
    for number, cells in rows:
        if not any(map(_is_filled, cells)):
            continue  # spreadsheets write rows of empty cells
        if titles:
            titles -= 1
            if notes is not None:
                words = shorten(" ".join(filter(None, cells)), _MAX_TITLE_CHARS)
                notes.append(tr("Left out above the headings: “{words}”.", words=words))
            continue
        if not names:
            width = max(width, _filled_width(cells))
            if width > MAX_COLUMNS:
                words = tr("it has more than {most} columns", most=MAX_COLUMNS)
                raise located(number, ValueError(words))
            names = _headings([_shown(cell) for cell in cells[:width]])
            continue
        if any(map(_is_filled, cells[len(names) :])):
            if notes is None:
                raise located(number, ValueError(tr("more cells than columns")))
            bad.append(number)
            continue
        is_empty = False
        cells = [*cells, *[""] * (len(names) - len(cells))]
        yield Line(number, dict(zip(names, cells, strict=False)))
    if bad and notes is not None:
        if is_empty:
            raise located(bad[0], ValueError(tr("more cells than columns")))
        numbers = ", ".join(map(str, bad[:_MAX_NAMED])) + (" …" if len(bad) > _MAX_NAMED else "")
        notes.append(
            tr_plural(
                "{count} line with more cells than columns was left out: {numbers}.",
                "{count} lines with more cells than columns were left out: {numbers}.",
                len(bad),
                numbers=numbers,
            )
        )


_MAX_TITLE_CHARS: Final = 80


def _shown(cell: Any) -> str:
    return cell if isinstance(cell, str) else str(cell.text)


def _is_filled(cell: Any) -> bool:
    return bool(_shown(cell).strip())


def _filled_width(cells: Sequence[Any]) -> int:
    return max((n for n, cell in enumerate(cells, 1) if _is_filled(cell)), default=0)


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
