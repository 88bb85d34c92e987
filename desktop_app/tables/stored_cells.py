"""The cells of tables as they are stored: rows of the database and what is made of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from desktop_app.budget.ledger import from_nanos, to_nanos
from desktop_app.domain.bounds import converted
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    ImagePart,
    PassagesPart,
    parts_from_json,
    parts_to_json,
)
from desktop_app.domain.cost import Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.i18n.translation import N_
from desktop_app.storage.row_conversion import Cells as RowCells
from desktop_app.storage.row_conversion import (
    error_from_text,
    from_row,
    read_row,
    to_json,
    to_row,
    to_text,
)
from desktop_app.storage.row_writing import Row as StoredRow
from desktop_app.tables.table import (
    Cell,
    CellState,
    CellValue,
    Check,
    Citation,
    Column,
    Question,
    Row,
    Table,
    Window,
)
from desktop_app.tables.values import Value as TypedText
from desktop_app.tables.values import ValueType

SHOWN_CHARS: Final = 2_000
"""The characters of a value that a window reads: more than a cell shows."""
WHOLE_VALUES: Final = 1 << 30
"""More characters than a value has."""
BEING_ASKED: Final = N_("This is being asked.")
"""The message of a change by hand to a cell that waits for its answer."""
ASKED_STATES: Final = (CellState.WAITING.value, CellState.RUNNING.value)
SORTED_CHARS: Final = 80


class CellId(NamedTuple):
    """The place of a cell."""

    row_id: int
    column_id: str


class NewValue(NamedTuple):
    """A value that the user gives to a cell; "" removes one of data.

    Attributes:
        value: a text is one of data.
        is_corrected: the cell is an answer, which is marked as corrected.
    """

    cell: CellId
    part: str
    value: TypedText | str
    is_corrected: bool = False


class StoredAnswer(NamedTuple):
    """An answer as it is stored in its cell.

    Attributes:
        values: those of the answer; None keeps the values that the cell has.
        asked: the hash of what was asked; "" if nothing was.
    """

    cell: CellId
    state: CellState
    answer: str
    values: Mapping[str, CellValue] | None = None
    error: ErrorNote | None = None
    usage: Usage | None = None
    cost: Decimal | None = None
    judge_cost: Decimal | None = None
    seconds: float | None = None
    first_token_s: float | None = None
    has_passed: bool | None = None
    failures: tuple[str, ...] = ()
    answered_by: str = ""
    asked: str = ""


def cells_of(columns: Mapping[int, Sequence[str]]) -> list[CellId]:
    """Return cells by the columns of each row."""
    return [CellId(row_id, column_id) for row_id, each in columns.items() for column_id in each]


def sort_key(text: str) -> str:
    """Return what a text is sorted and compared by."""
    return " ".join(text[: 4 * SORTED_CHARS].split()).casefold()[:SORTED_CHARS]


def question_to_text(question: Question | None) -> str:
    """Return a question as the column's text; "" for none."""
    if question is None:
        return ""
    values = msgspec.to_builtins(replace(question, passages=()))
    passages = parts_to_json(question.passages)
    return to_json({**values, "overrides": question.overrides.to_json(), "passages": passages})


@lru_cache(maxsize=32)
def question_from_text(text: str) -> Question | None:
    """Return the question in a column's text. Raises ValueError."""
    if not text:
        return None
    from desktop_app.domain.answering.generation import Overrides

    values = json.loads(text)
    overrides = Overrides.from_json(values.pop("overrides", {}))
    parts = parts_from_json(values.pop("passages", []))
    passages = tuple(part for part in parts if isinstance(part, PassagesPart))
    return replace(converted(values, Question), overrides=overrides, passages=passages)


def require_unique_names(table: Table) -> None:
    """Raise IllegalChoiceError if two columns have the same name."""
    names = [column.name.strip() for column in table.columns]
    folded = [name.casefold() for name in names]
    doubled = next((name for name in names if folded.count(name.casefold()) > 1), None)
    if doubled is not None:
        raise IllegalChoiceError(
            N_("Two columns have the name “{name}”."), hint=N_("Rename one of them."), name=doubled
        )


def column_from_row(row: RowCells) -> Column:
    return Column(row["id"], row["name"], question_from_text(row["question"]))


def row_from_row(row: RowCells) -> Row:
    parts = parts_from_json(json.loads(row["parts"]))
    return from_row(
        Row,
        row,
        stamps=tuple(json.loads(row["stamps"] or "[]")),
        parts=tuple(part for part in parts if isinstance(part, DocumentPart | ImagePart)),
        checks=converted(json.loads(row["checks"]), tuple[Check, ...]),
    )


def row_to_row(row: Row) -> StoredRow:
    """Return the columns of `table_rows` except the id, the table and the position."""
    return {
        **to_row(row, "id", "parts", "checks"),
        "parts": to_json(parts_to_json(row.parts)),
        "checks": to_json(msgspec.to_builtins(row.checks)),
    }


def _table_from_rows(row: RowCells, columns: Iterable[RowCells]) -> Table:
    settings = json.loads(row["settings"])
    return from_row(
        Table,
        row,
        columns=tuple(map(column_from_row, columns)),
        settings=settings if isinstance(settings, dict) else {},
    )


def value_row(cell: CellId, part: str, value: CellValue) -> StoredRow:
    text = to_text(value.text)
    return {
        "row_id": cell.row_id,
        "column_id": cell.column_id,
        "part": part,
        "text": text,
        "number": value.number,
        "sort_key": sort_key(text),
        "citations": to_json(msgspec.to_builtins(value.citations)) if value.citations else "",
        "is_corrected": int(value.is_corrected),
        "type": value.type.value,
        "format": to_text(value.format),
    }


_TYPES: Final = {each.value: each for each in ValueType}


def _value_from_row(row: RowCells) -> CellValue:
    citations = converted(json.loads(row["citations"] or "[]"), tuple[Citation, ...])
    return CellValue(
        row["text"],
        citations,
        bool(row["is_corrected"]),
        _TYPES[row["type"]],
        row["format"],
        row["number"],
    )


def _amount(nanos: int | None) -> Decimal | None:
    return None if nanos is None else from_nanos(nanos)


def nanos_of(amount: Decimal | None) -> int | None:
    return None if amount is None else to_nanos(amount)


def _cell_from_row(row: RowCells, values: Mapping[str, CellValue]) -> Cell:
    return Cell(
        row["row_id"],
        row["column_id"],
        CellState(row["state"]),
        values,
        answer=row["answer"],
        error=error_from_text(row["error"]),
        usage=None if row["input_tokens"] is None else from_row(Usage, row),
        cost=_amount(row["cost"]),
        judge_cost=_amount(row["judge_cost"]),
        seconds=row["seconds"],
        first_token_s=row["first_token_s"],
        has_passed=None if row["has_passed"] is None else bool(row["has_passed"]),
        failures=tuple(json.loads(row["failures"])),
        run_id=row["run_id"],
        conversation_id=row["conversation_id"],
        answered_by=row["answered_by"],
    )


def read_table(connection: sqlite3.Connection, table_id: str) -> Table | None:
    row = connection.execute("SELECT * FROM tables WHERE id = ?", (table_id,)).fetchone()
    if row is None:
        return None
    sql = "SELECT * FROM table_columns WHERE table_id = ? ORDER BY position"
    columns = connection.execute(sql, (table_id,)).fetchall()
    return read_row(lambda cells: _table_from_rows(cells, columns), row)


COSTS: Final = "coalesce(sum(cost), 0) + coalesce(sum(judge_cost), 0)"
STATE: Final = "iif(state = 'done' AND is_outdated <> 0, 'outdated', state)"
"""The state of a cell, by its row of `table_answers`."""
_ANSWER_COLUMNS: Final = f"""row_id, column_id, {STATE} AS state, run_id, error, input_tokens,
    cached_tokens, output_tokens, reasoning_tokens, cost, judge_cost, seconds, first_token_s,
    has_passed, failures, conversation_id, answered_by"""


def _cell(row: sqlite3.Row, values: Mapping[str, CellValue]) -> Cell:
    return read_row(lambda cells: _cell_from_row(cells, values), row)


def read_cell(connection: sqlite3.Connection, place: CellId) -> Cell:
    where = "WHERE row_id = ? AND column_id = ?"
    sql = f"SELECT * FROM table_values {where}"  # noqa: S608
    rows = connection.execute(sql, place).fetchall()
    values = {row["part"]: read_row(_value_from_row, row) for row in rows}
    sql = f"SELECT id, answer, {_ANSWER_COLUMNS} FROM table_answers {where}"  # noqa: S608
    row = connection.execute(sql, place).fetchone()
    if row is not None:
        return _cell(row, values)
    return Cell(*place, CellState.DONE if values else CellState.EMPTY, values)


def read_window(
    connection: sqlite3.Connection, row_ids: Sequence[int], max_chars: int = WHOLE_VALUES
) -> Window:
    """Return rows with the beginnings of their values, as `TableStore.window` does."""
    row_ids = list(row_ids)
    ids = json.dumps(row_ids)
    these = "IN (SELECT value FROM json_each(?))"
    sql = f"SELECT * FROM table_rows WHERE id {these}"  # noqa: S608
    rows = {row["id"]: read_row(row_from_row, row) for row in connection.execute(sql, (ids,))}
    values: dict[CellId, dict[str, CellValue]] = {}
    # `substr` would end at a NUL.
    text, given = (
        ("text", ()) if max_chars >= WHOLE_VALUES else ("substr(text, 1, ?)", (max_chars,))
    )
    sql = f"""SELECT id, row_id, column_id, part, {text} AS text, citations, is_corrected,
        type, format, number FROM table_values WHERE row_id {these}"""  # noqa: S608
    for row in connection.execute(sql, (*given, ids)):
        place = CellId(row["row_id"], row["column_id"])
        values.setdefault(place, {})[row["part"]] = read_row(_value_from_row, row)
    cells: dict[int, dict[str, Cell]] = {row_id: {} for row_id in rows}
    for place, parts in values.items():
        cells[place.row_id][place.column_id] = Cell(*place, CellState.DONE, parts)
    sql = f"""SELECT id, '' AS answer, {_ANSWER_COLUMNS} FROM table_answers
        WHERE row_id {these}"""  # noqa: S608
    for row in connection.execute(sql, (ids,)):
        place = CellId(row["row_id"], row["column_id"])
        cells[place.row_id][place.column_id] = _cell(row, values.get(place, {}))
    return Window([rows[row_id] for row_id in row_ids if row_id in rows], cells)
