"""How cells, totals and runs are told: in the grid, to screen readers, and beside a cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import Final, NamedTuple

from desktop_app.domain.error_text import CELL
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.tables.table import (
    WHOLE,
    Agreement,
    Cell,
    CellState,
    Citation,
    Column,
    ColumnTotals,
    FieldType,
    Row,
    Run,
    RunMode,
    RunProgress,
    RunStatus,
    TableSummary,
    is_unproven,
)

NAME_KEY: Final = ":name"
"""The key of the column of the rows' names, as `RowOrder.column_id` has it."""


class Tone(Enum):
    """How the text of a cell is painted."""

    VALUE = auto()
    FAINT = auto()
    ERROR = auto()
    WARNING = auto()


class ShownCell(NamedTuple):
    """A cell of the grid.

    Attributes:
        pages: the places of its citations, such as "p. 3"; "" for none. With "?", the words of one
            were not found there (`is_unproven`).
        spoken: for screen readers.
    """

    text: str
    tone: Tone = Tone.VALUE
    pages: str = ""
    is_corrected: bool = False
    spoken: str = ""
    is_unproven: bool = False


class GridColumn(NamedTuple):
    """A column of the grid: the rows' names (None), data, an answer or one of its fields."""

    column: Column | None
    part: str = WHOLE

    @property
    def key(self) -> str:
        """Return its stable name, for widths and the order of rows."""
        return NAME_KEY if self.column is None else f"{self.column.id}/{self.part}"

    @property
    def title(self) -> str:
        return tr("Row") if self.column is None else self.column.title(self.part)

    @property
    def heading(self) -> str:
        """Return its title, the field first: all columns of a question begin with its name."""
        if self.column is None or self.part == WHOLE:
            return self.title
        return f"{self.part} · {self.column.name}"

    @property
    def is_question(self) -> bool:
        return self.column is not None and self.column.question is not None

    @property
    def is_number(self) -> bool:
        question = self.column.question if self.column is not None else None
        types = (FieldType.NUMBER, FieldType.INTEGER)
        return question is not None and any(
            each.name == self.part and each.type in types for each in question.fields
        )


EMPTY: Final = ShownCell("")


def shown_name(row: Row) -> ShownCell:
    """Return the name of a row; that of an unreadable document with the reason."""
    error = "" if row.error is None else row.error.what_happened
    return ShownCell(row.name, spoken=", ".join(filter(None, (row.name, error))))


def shown_cell(grid_column: GridColumn, cell: Cell | None) -> ShownCell:
    """Return a cell of the grid."""
    if cell is None:
        return EMPTY
    column = grid_column.column
    value = None if column is None else cell.shown(column, grid_column.part)
    text = "" if value is None else value.text
    tone, pages, doubted = Tone.VALUE, "", False
    if cell.state is CellState.RUNNING:
        text, tone = text or tr("Asking…"), Tone.FAINT
    elif cell.state is CellState.WAITING:
        text, tone = text or tr("Waiting"), Tone.FAINT
    elif cell.state is CellState.FAILED and cell.error is not None:
        text, tone = cell.error.what_happened, Tone.ERROR
    elif cell.state is CellState.OUTDATED:
        tone = Tone.FAINT
    elif cell.has_passed is False:
        tone = Tone.WARNING
    if value is not None and tone is not Tone.ERROR:
        pages = pages_text(value.citations, grid_column.part)
        doubted = any(is_unproven(grid_column.part, each) for each in value.citations)
    is_corrected = value is not None and value.is_corrected
    spoken = [text, pages]
    if tone is Tone.ERROR:  # the reason once, not for each field
        is_first = column is None or grid_column.part == column.parts[0]
        spoken = [tr(cell.state.text), text if is_first else ""]
    if doubted:
        spoken.append(tr("the words were not found"))
    if is_corrected:
        spoken.append(tr("corrected"))
    if cell.has_passed is False:
        spoken.append(tr("fails its check"))
    if cell.state in (CellState.RUNNING, CellState.WAITING, CellState.OUTDATED):
        spoken.append(tr(cell.state.text))
    shown = ", ".join(filter(None, spoken))
    return ShownCell(text, tone, pages, is_corrected, shown, is_unproven=doubted)


def pages_text(citations: Iterable[Citation], part: str) -> str:
    """Return the pages that are cited, such as "p. 3, 5?"; "" for none."""
    pages: dict[int, str] = {}
    for each in citations:
        if each.page is not None:
            pages[each.page] = "?" if is_unproven(part, each) else ""
    numbers = ", ".join(f"{formatting.number(page)}{mark}" for page, mark in pages.items())
    return tr("p. {pages}", pages=numbers) if numbers else ""


def cell_facts(cell: Cell) -> str:
    """Return what an answer cost, how long it took, and what is to be known of it."""
    facts = [tr(cell.state.text)]
    if cell.cost is not None:
        facts.append(formatting.money(cell.cost + (cell.judge_cost or 0)))
    if cell.seconds is not None:
        facts.append(formatting.duration(cell.seconds))
    if cell.usage is not None:
        count = cell.usage.input_tokens + cell.usage.output_tokens
        facts.append(tr("{count} tokens", count=formatting.tokens(count)))
    if cell.has_passed:
        facts.append(tr("passes its check"))
    if cell.answered_by:
        facts.append(cell.answered_by)
    return " · ".join(facts)


def cell_problem(cell: Cell) -> str:
    """Return why a cell has no answer, or the checks that its answer fails; "" for neither."""
    if cell.error is not None:
        return f"{cell.error.what_happened} {cell.error.hint_on(CELL)}".strip()
    return "\n".join(cell.failures)


def answered_text(totals: ColumnTotals) -> str:
    """Return how many cells of a column are answered and failed."""
    states = totals.states
    answered = states.get(CellState.DONE, 0) + states.get(CellState.CORRECTED, 0)
    facts = [formatting.number(answered)]
    if failed := states.get(CellState.FAILED, 0):
        facts.append(tr_plural("{count} failed", "{count} failed", failed))
    if outdated := states.get(CellState.OUTDATED, 0):
        facts.append(tr_plural("{count} out of date", "{count} out of date", outdated))
    if totals.unproven:
        words = tr_plural("{count} without the words", "{count} without the words", totals.unproven)
        facts.append(words)
    return " · ".join(facts)


def cost_text(totals: ColumnTotals) -> str:
    """Return what a column has cost; "≥" if the cost of an answer is unknown."""
    if not totals.states:
        return ""
    return formatting.counted_money(totals.cost, has_unknown=bool(totals.uncounted))


def tokens_text(totals: ColumnTotals) -> str:
    count = totals.usage.input_tokens + totals.usage.output_tokens
    return formatting.tokens(count) if count else ""


def passed_text(totals: ColumnTotals) -> str:
    """Return the share of the checked answers that pass; "" if none was checked."""
    if totals.share is None:
        return ""
    return tr(
        "{share} of {count}",
        share=formatting.percent(round(100 * totals.share)),
        count=formatting.number(totals.checked),
    )


def agreement_text(agreement: Agreement) -> str:
    if not agreement.both:
        return ""
    return tr(
        "{share} of {count}",
        share=formatting.percent(round(100 * agreement.same / agreement.both)),
        count=formatting.number(agreement.both),
    )


def state_text(summary: TableSummary, runs: Sequence[Run]) -> str:
    """Return how far a table is."""
    if running := next((run for run in runs if not run.status.is_over), None):
        return run_text(running)
    states = summary.states
    answered = states.get(CellState.DONE, 0) + states.get(CellState.CORRECTED, 0)
    failed = states.get(CellState.FAILED, 0)
    facts = []
    if outdated := states.get(CellState.OUTDATED, 0):
        facts.append(tr_plural("{count} out of date", "{count} out of date", outdated))
    if answered:
        facts.append(tr_plural("{count} answer", "{count} answers", answered))
    if failed:
        facts.append(tr_plural("{count} failed", "{count} failed", failed))
    return " · ".join(facts) or tr("Nothing asked yet")


def run_text(run: Run) -> str:
    """Return the state of a run, such as of a batch that the provider answers by tomorrow."""
    facts = [tr("By tomorrow")] if run.mode is RunMode.BATCH else []
    if run.status is not RunStatus.RUNNING:
        facts.append(tr(run.status.text))
    facts.append(tr("{done} of {total} done", done=run.done, total=run.cells))
    if run.failed:
        facts.append(tr_plural("{count} failed", "{count} failed", run.failed))
    if run.cost:
        facts.append(formatting.money(run.cost))
    if run.is_cancelled and not run.status.is_over:
        facts.append(tr("Stopping…"))
    return " · ".join(facts)


def progress_text(progress: RunProgress) -> str:
    """Return the progress of a run of this process."""
    facts = [tr("{done} of {total} done", done=progress.done, total=progress.total)]
    if progress.failed:
        facts.append(tr_plural("{count} failed", "{count} failed", progress.failed))
    if progress.cost:
        facts.append(formatting.money(progress.cost))
    if progress.waits_s >= 1:
        wait = formatting.duration(progress.waits_s, digits=0)
        facts.append(tr("waiting {time} for the provider", time=wait))
    elif progress.seconds_left is not None:
        left = formatting.duration(progress.seconds_left, digits=0)
        facts.append(tr("about {time} left", time=left))
    return " · ".join(facts)


CHECK_KINDS: Final = (
    ("", N_("No check")),
    ("equals", N_("Equals")),
    ("contains", N_("Contains")),
    ("regex", N_("Matches a pattern")),
    ("schema", N_("Matches a JSON Schema")),
    ("judge", N_("Judged by a model")),
)
"""The kinds of checks that a form can make, with their names."""
