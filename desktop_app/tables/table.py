"""The values of tables: columns of data and of questions, rows, and the cells where they meet.

A row is a document, a page of one, or a line of a file. A column holds data that came with the
rows, or a question that is asked about each row. A question may have fields: the answer is then a
value for each of them, and the column is shown as one column for each field.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from msgspec import field

from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart, PassagesPart
from desktop_app.domain.conversations.notices import NoticeText
from desktop_app.domain.cost import Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.text_enum import TextEnum
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_
from desktop_app.tables import values
from desktop_app.tables.values import ValueType

WHOLE: Final = ""
"""The name of the value of data, and of an answer without fields."""
Scalar = str | int | float | bool | None


class FieldType(TextEnum):
    """The type of a field."""

    TEXT = "text", N_("Text")
    NUMBER = "number", N_("Number")
    INTEGER = "integer", N_("Whole number")
    YES_NO = "yes/no", N_("Yes or no")
    DATE = "date", N_("Date")
    LIST = "list", N_("List")
    CHOICE = "choice", N_("Choice")


class Field(Value, frozen=True):
    """A field of an answer.

    Attributes:
        name: unique in its column.
        description: what the model is told about it; "" for nothing.
        choices: the values that a CHOICE may have; () for other types.
    """

    name: str
    type: FieldType = FieldType.TEXT
    description: str = ""
    choices: tuple[str, ...] = ()


class Check(Value, frozen=True):
    """A check of an answer.

    Attributes:
        kind: one of `checks.KINDS`.
        value: a text, pattern or rubric; a JSON Schema; the most US dollars or seconds. Texts and
            rubrics may contain `{{column}}`.
        is_negated: True if an answer passes when it does not match; never for `judge`.
        field: the field that is checked; WHOLE for the whole answer.
    """

    kind: str
    value: Any
    ignores_case: bool = False
    is_negated: bool = False
    field: str = WHOLE


class Condition(Value, frozen=True):
    """The rows that a question is asked of: those whose value of a column meets it.

    Attributes:
        kind: "filled", "empty", "equals" or "contains"; "" for every row.
        word: the column or its field, as `{{word}}` names it.
        text: what the value equals or contains, without regard to case.
    """

    kind: str = ""
    word: str = ""
    text: str = ""

    def is_met(self, value: str) -> bool:
        """Return True if a row with this value is asked."""
        value, text = value.strip().casefold(), self.text.strip().casefold()
        match self.kind:
            case "filled":
                return bool(value)
            case "empty":
                return not value
            case "equals":
                return value == text
            case "contains":
                return text in value
        return True


class Question(Value, frozen=True):
    """The question of a column.

    Attributes:
        prompt: the text that is asked, with `{{column}}` and `{{document}}`. A prompt that names no
            column at all is asked about the row's document.
        choice: the model that answers.
        fields: () for an answer in one piece.
        checks: what an answer is checked by, beside the checks of its row.
        overrides: the instructions, parameters and examples, complete: later changes of the user's
            settings do not change what a column asks. Without fields, a JSON Schema in them is
            that of the answer.
        is_literal: the prompt is sent as it is, with the row's documents: words in braces are
            ordinary words, and no pages are asked for. So are the messages of batch jobs.
        passages: those of a project's files, which are sent with each request.
        folder_id: the project that it is asked in, and that conversations made of its answers
            belong to; "" for none.
        sends_documents: a row's documents, if it has any, are sent whatever the prompt names, and
            no pages are asked for. So are the cases of an evaluation.
        condition: the rows that are asked; None for all.
    """

    prompt: str
    choice: ModelChoice
    fields: tuple[Field, ...] = ()
    checks: tuple[Check, ...] = ()
    overrides: Overrides = field(default_factory=Overrides)
    is_literal: bool = False
    passages: tuple[PassagesPart, ...] = ()
    folder_id: str = ""
    sends_documents: bool = False
    condition: Condition | None = None


class Column(Value, frozen=True):
    """A column.

    Attributes:
        name: unique in its table, without regard to case.
        question: None for a column of data.
    """

    id: str
    name: str
    question: Question | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the names of its values: of the fields, or WHOLE."""
        fields = self.question.fields if self.question else ()
        return tuple(each.name for each in fields) or (WHOLE,)

    def title(self, part: str = WHOLE) -> str:
        return self.name if part == WHOLE else f"{self.name}: {part}"


def free_name(name: str, taken: Collection[str]) -> str:
    """Return a name for a column that no other has: the given one, or that with a number."""
    folded = {each.casefold() for each in taken}
    found, number = name, 1
    while found.casefold() in folded:
        number += 1
        found = f"{name} {number}"
    return found


class Table(Value, frozen=True):
    """A table without its rows.

    Attributes:
        columns: in their order.
        settings: of its page, such as widths and the order of rows; this package does not read
            them.
        trashed_at: when it was moved to the trash; None if it is elsewhere.
    """

    id: str
    name: str
    created_at: datetime
    updated_at: datetime
    columns: tuple[Column, ...] = ()
    settings: Mapping[str, Any] = {}
    trashed_at: datetime | None = None

    @property
    def questions(self) -> tuple[Column, ...]:
        return tuple(each for each in self.columns if each.question is not None)

    def column(self, name: str) -> Column | None:
        """Return the column of this id or name, without regard to case; None if there is none."""
        by_id = (each for each in self.columns if each.id == name)
        folded = name.strip().casefold()
        named = (each for each in self.columns if each.name.casefold() == folded)
        return next(by_id, None) or next(named, None)


class Row(Value, frozen=True):
    """A row with its documents, without its cells.

    Attributes:
        id: 0 before it is stored.
        key: its id in the file that it came from; "" if that has none.
        name: as shown: "lease.pdf", "lease.pdf, page 3", "cases.csv, line 7".
        paths: the files of its documents, absolute; file URIs if they are no UTF-8.
        page: the only page, slide, sheet or chapter that is asked about; None for all.
        parts: the documents; () until they are read.
        checks: those that came with the row, for all answers of it.
        error: why its document cannot be read; None if it can, or if it was not read yet.
        stamps: the size and the time of each file when it was read; () if that is unknown.
    """

    id: int
    name: str
    key: str = ""
    paths: tuple[str, ...] = ()
    page: int | None = None
    parts: tuple[DocumentPart | ImagePart, ...] = ()
    checks: tuple[Check, ...] = ()
    error: ErrorNote | None = None
    stamps: tuple[str, ...] = ()


class NewRow(NamedTuple):
    """A row to add, and its data by the names of their columns; a text gets its type."""

    row: Row
    data: Mapping[str, str | values.Value] = {}


class Citation(Value, frozen=True):
    """The place of a document that a value was taken from.

    Attributes:
        sha256: of the document.
        page: the page, slide, sheet or chapter, from 1; None if the format has none.
        quote: the words that the model names; "" for none.
        start, end: where they are in the document's extracted text; 0 and 0 if they are not there
            (then the page is what the model says, and exists).
    """

    sha256: str
    page: int | None = None
    quote: str = ""
    start: int = 0
    end: int = 0

    @property
    def is_found(self) -> bool:
        """Return True if the quoted words are in the document."""
        return self.end > self.start


def is_unproven(part: str, citation: Citation) -> bool:
    """Return True if a value names a page on which its words were not found."""
    return part != WHOLE and not citation.is_found


class CellState(TextEnum):
    """The state of a cell.

    WAITING: it is to be asked by a run, or its answer comes by tomorrow. RUNNING: it is being
    asked. Both may have the values of an earlier answer. FAILED: see its error. CORRECTED: the user
    has changed a value of it. OUTDATED: answered, but its question, data or document was another
    one. It is derived, not stored.
    """

    EMPTY = "empty", N_("Empty")
    WAITING = "waiting", N_("Waiting")
    RUNNING = "running", N_("Running")
    DONE = "done", N_("Answered")
    OUTDATED = "outdated", N_("Out of date")
    FAILED = "failed", N_("Failed")
    CORRECTED = "corrected", N_("Corrected")


class CellValue(Value, frozen=True):
    """One value of a cell.

    Attributes:
        text: as shown and exported; of a list, its items on lines; of a date, 2026-11-30.
        citations: where it stands in the row's documents.
        is_corrected: the user has changed it.
        type, format, number: see `values.Value`.
    """

    text: str = ""
    citations: tuple[Citation, ...] = ()
    is_corrected: bool = False
    type: ValueType = ValueType.TEXT
    format: str = ""
    number: float | None = None

    @classmethod
    def of(
        cls,
        value: values.Value | str,
        citations: tuple[Citation, ...] = (),
        *,
        is_corrected: bool = False,
    ) -> CellValue:
        """Return a value with its type; a text is one of data."""
        text, kind, format_, number = values.value_of(value) if isinstance(value, str) else value
        return cls(text, citations, is_corrected, kind, format_, number)

    @property
    def value(self) -> values.Value:
        return values.Value(self.text, self.type, self.format, self.number)


class Cell(Value, frozen=True):
    """A cell.

    Attributes:
        values: by the names of `Column.parts`; a missing value is empty.
        answer: the whole answer as the model wrote it; "" for data.
        error: why there is no answer, or what is wrong with it; None if nothing is.
        cost: US dollars of the last answer; None if unknown.
        judge_cost: US dollars of its judgments; None if unknown, or if it has none.
        seconds, first_token_s: until its end and its first text; None if they were not measured, as
            of a batch, or if nothing was sent.
        has_passed: whether the answer passes all its checks; None without checks, and until it is
            judged.
        failures: the checks that it fails, and why.
        run_id: the run that last asked it; "" for none.
        conversation_id: of the conversation that was made of it; "" for none.
        answered_by: the model that the reply names; "" if it names none.
    """

    row_id: int
    column_id: str
    state: CellState = CellState.EMPTY
    values: Mapping[str, CellValue] = {}
    answer: str = ""
    error: ErrorNote | None = None
    usage: Usage | None = None
    cost: Decimal | None = None
    judge_cost: Decimal | None = None
    seconds: float | None = None
    first_token_s: float | None = None
    has_passed: bool | None = None
    failures: tuple[str, ...] = ()
    run_id: str = ""
    conversation_id: str = ""
    answered_by: str = ""

    def text(self, part: str = WHOLE) -> str:
        value = self.values.get(part)
        return "" if value is None else value.text

    def shown(self, column: Column, part: str = WHOLE) -> CellValue | None:
        """Return a value; all of an answer to other fields stand in the place of the first."""
        others = self.values
        if part in others or part != column.parts[0] or any(p in others for p in column.parts):
            return others.get(part)
        lines = [f"{name}: {each.text}" if name else each.text for name, each in others.items()]
        return CellValue("\n".join(lines)) if lines else None


class Selection(TextEnum):
    """The cells of question columns that a run asks.

    EMPTY: those without an answer to what they would be asked now: interrupted and outdated ones
    too. FAILED: those with an error.
    ALL: every cell but corrected ones, which are only asked again if they are chosen.
    """

    EMPTY = "empty", N_("Empty and out of date")
    FAILED = "failed", N_("Failed cells")
    ALL = "all", N_("All cells")


class Cells(Value, frozen=True):
    """A choice of cells to ask.

    Attributes:
        columns: the ids of question columns; () for all of the table.
        rows: the ids of rows; () for all of the table.
        selection: of these, which; None for each of them, corrected ones too.
        limit: the most rows, the first in their order that have such a cell; 0 for no limit.
        columns_of_rows: the columns of single rows, where these are fewer than `columns`.
        asks_equal: also requests that are equal to another are sent, such as to see how answers
            vary; else each is sent once in a run.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    selection: Selection | None = Selection.EMPTY
    limit: int = 0
    columns_of_rows: Mapping[int, Sequence[str]] = {}
    asks_equal: bool = False


class Filter(Value, frozen=True):
    """A condition on one column; of several, all must be met.

    Attributes:
        text: part of the value, without regard to case; "" for any.
        states: the states of the cell; () for any.
        passed: only cells that pass (True) or fail (False) their checks; None for any.
        least, most: bounds of its number, or of its date (see `values.Value`); None for none.
        is_unproven: only values with a claimed page that does not have the words.
        bounds: `least` and `most` as the user typed them, on two lines.
    """

    column_id: str
    part: str = WHOLE
    text: str = ""
    states: tuple[CellState, ...] = ()
    passed: bool | None = None
    least: float | None = None
    most: float | None = None
    is_unproven: bool = False
    bounds: str = ""


class SortKey(NamedTuple):
    """A further column that rows are sorted by."""

    column_id: str
    part: str = WHOLE
    is_descending: bool = False


class RowOrder(Value, frozen=True):
    """Which rows are shown, and in which order.

    Attributes:
        column_id: the column to sort by; "" for the table's order, and ":name" for the rows' names.
        search: a text that the row's name or one of its values contains; "" for any.
        then: what rows with the same value in that column are sorted by.
    """

    column_id: str = ""
    part: str = WHOLE
    is_descending: bool = False
    search: str = ""
    filters: tuple[Filter, ...] = ()
    then: tuple[SortKey, ...] = ()


class Window(NamedTuple):
    """Consecutive rows with their cells, by column id; a cell that is missing is empty."""

    rows: Sequence[Row]
    cells: Mapping[int, Mapping[str, Cell]]


class ColumnTotals(Value, frozen=True):
    """The totals of a column.

    Attributes:
        states: the number of cells in each state but EMPTY.
        usage: of the answers in the cells.
        cost: US dollars of the answers and judgments whose cost is known.
        uncounted: answers of unknown cost.
        checked, passed: answers with checks, and those that pass.
        unproven: answers with a page that was claimed, but does not have the words.
        seconds: the mean time of an answer; None if none was measured.
    """

    states: Mapping[CellState, int] = {}
    usage: Usage = field(default_factory=Usage)
    cost: Decimal = Decimal(0)
    uncounted: int = 0
    checked: int = 0
    passed: int = 0
    seconds: float | None = None
    unproven: int = 0

    @property
    def share(self) -> float | None:
        """Return the share of checked answers that pass, from 0 to 1; None without any."""
        return self.passed / self.checked if self.checked else None


class Agreement(NamedTuple):
    """How many rows have a value in both of two columns, and in how many these are the same."""

    both: int
    same: int


class TableSummary(NamedTuple):
    """A table as listed.

    Attributes:
        cost: US dollars, of all answers in its cells.
        states: the number of cells of question columns in each state but EMPTY.
    """

    table: Table
    rows: int
    states: Mapping[CellState, int]
    cost: Decimal


class RunMode(TextEnum):
    """When a run is answered."""

    NOW = "now", N_("Now")
    BATCH = "batch", N_("By tomorrow, at half price")


class RunStatus(TextEnum):
    """The state of a run.

    SENDING: of a batch, not all of its files were sent yet. SENT: its batches are at the provider.
    PAUSED: they are, but a restore brought them: nothing is asked there until the user resumes it.
    """

    RUNNING = "running", N_("Running")
    SENDING = "sending", N_("Sending")
    SENT = "sent", N_("Waiting for the provider")
    PAUSED = "paused", N_("Paused")
    DONE = "done", N_("Done")
    STOPPED = "stopped", N_("Stopped")

    @property
    def is_over(self) -> bool:
        return self in (RunStatus.DONE, RunStatus.STOPPED)


class Run(Value, frozen=True):
    """A run: cells that were asked together.

    Attributes:
        cells: how many it is to ask.
        estimate: US dollars that all of them usually cost; None if unknown.
        error: why it stopped, or cannot continue at the moment; None if neither.
        answered, failed: cells that have an answer, or an error.
        cost: US dollars so far, of answers whose cost is known.
        remote_done: of a batch, the requests that the provider has finished by its own count.
    """

    id: str
    table_id: str
    mode: RunMode
    status: RunStatus
    created_at: datetime
    cells: int
    estimate: Decimal | None = None
    ended_at: datetime | None = None
    error: ErrorNote | None = None
    is_cancelled: bool = False
    answered: int = 0
    failed: int = 0
    cost: Decimal = Decimal(0)
    remote_done: int = 0

    @property
    def done(self) -> int:
        """Return how many cells have ended, as stored or by the provider's count: the larger."""
        return max(self.answered + self.failed, self.remote_done)


class Plan(NamedTuple):
    """What a run would ask, before anything is sent.

    Attributes:
        cells: the number of calls; those that cannot be asked are left out.
        rows: the number of rows with such cells.
        gone: the paths of files that are not there any more; what was read of them is asked about.
        refused: the cells that cannot be asked, because their document cannot be read or is too
            large for the model, with the reason.
        input_tokens: of all calls, estimated.
        cost: US dollars that all calls usually cost; None if a price is unknown.
        most: US dollars if every answer is the longest; None if that is unknown.
        ordinary, ordinary_most: of a batch, `cost` and `most` of the same cells now; else the same.
        judgments: calls of the judge that follow.
    """

    cells: int
    refused: Sequence[tuple[tuple[int, str], UserFacingError]]
    input_tokens: int
    cost: Decimal | None
    most: Decimal | None
    ordinary: Decimal | None
    ordinary_most: Decimal | None
    judgments: int = 0
    rows: int = 0
    gone: Sequence[str] = ()

    @property
    def unreadable(self) -> int:
        """Return how many cells cannot be asked."""
        return len(self.refused)

    def now(self) -> Plan:
        """Return the plan of asking the cells of a batch now."""
        return self._replace(cost=self.ordinary, most=self.ordinary_most)


class RunProgress(NamedTuple):
    """The progress of a run in this process.

    Attributes:
        cost: US dollars so far.
        seconds_left: estimated; None if too little was answered yet.
        at_once: how many cells are asked at a time; fewer after the provider's 429.
        waits_s: seconds until the provider takes requests again; 0 if it does.
        error: why answers wait in memory to be stored, such as a full disk; nothing more is asked
            until they are. None if they are stored.
        notices: what was left out or changed in requests and answers, each once.
        refusals: by the ids of columns that are asked no more, why.
    """

    done: int
    failed: int
    total: int
    cost: Decimal
    seconds_left: float | None
    at_once: int
    waits_s: float = 0.0
    error: ErrorNote | None = None
    notices: Sequence[NoticeText] = ()
    refusals: Mapping[str, ErrorNote] = {}
