"""Table models of the batch jobs and of a job's files.

A job may have tens of thousands of files. A worker thread finds the files whose state has changed,
and only their rows are updated here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from desktop_app.domain.batch.batch_jobs import BatchJob, BatchLine, ItemStatus
from desktop_app.domain.batch.batch_wording import item_error_text, job_progress_text
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.widgets.rows.table_model import TableModel

# The final states of files without an answer.
_WITHOUT_ANSWER: Final = frozenset(
    {ItemStatus.LEFT_OUT, ItemStatus.REFUSED, ItemStatus.FAILED, ItemStatus.UNANSWERED}
)


class BatchJobModel(TableModel[BatchJob]):
    """Every job, newest first."""

    has_cell_tooltips = True

    def __init__(self) -> None:
        super().__init__((N_("Job"), N_("Started"), N_("Status"), N_("Cost")), number_columns=(3,))

    def row_of(self, job_id: str) -> int:
        """Return the row of a job; -1 if it is not in the table."""
        return next((row for row, job in enumerate(self.rows) if job.id == job_id), -1)

    def cell_text(self, row: BatchJob, column: int) -> str:
        started = (row.started_at or row.created_at).astimezone()
        return (
            row.title,
            tr("{day}, {time}", day=formatting.short_date(started), time=formatting.time(started)),
            job_progress_text(row),
            formatting.money(row.counts.cost) if row.counts.cost else "",
        )[column]


class BatchLineModel(TableModel[BatchLine]):
    """The files of a job, all or only those without an answer.

    A line is the listed state of one file.
    """

    has_cell_tooltips = True

    def __init__(self) -> None:
        headings = (N_("File"), N_("Status"), N_("Notes"), N_("Tokens"), N_("Cost"))
        super().__init__(headings, number_columns=(3, 4))
        self._lines: Sequence[BatchLine] = ()
        self._shows_unanswered_only = False

    def set_lines(self, lines: Sequence[BatchLine], changed: tuple[int, int] | None = None) -> None:
        """Set the files.

        Args:
            lines: all files of the job.
            changed: the first and last index that differ; (0, -1) if none does; None if anything
                may differ.
        """
        if changed is None or len(lines) != len(self._lines):
            self._reset(lines)
            return
        first, last = changed
        if first > last:
            return
        if self._shows_unanswered_only:
            if self._filtered(lines) != self.rows:
                self._reset(lines)
            self._lines = lines
        else:
            self._lines = self.rows = lines
            self.emit_changed(first, last)

    def row_of(self, number: int) -> int:
        """Return the row of a file by its number; -1 if it is not shown."""
        return next((row for row, line in enumerate(self.rows) if line.number == number), -1)

    def show_unanswered_only(self, unanswered_only: bool) -> None:
        """Show only files without an answer, or all."""
        if unanswered_only != self._shows_unanswered_only:
            self._shows_unanswered_only = unanswered_only
            self._reset(self._lines)

    def _reset(self, lines: Sequence[BatchLine]) -> None:
        self.beginResetModel()
        self._lines, self.rows = lines, self._filtered(lines)
        self.endResetModel()

    def _filtered(self, lines: Sequence[BatchLine]) -> Sequence[BatchLine]:
        if not self._shows_unanswered_only:
            return lines
        return [line for line in lines if line.status in _WITHOUT_ANSWER]

    def cell_text(self, row: BatchLine, column: int) -> str:
        return (
            row.name,
            tr(row.status.text),
            item_error_text(row),
            formatting.number(row.tokens) if row.tokens else "",
            "" if row.cost is None else formatting.money(row.cost),
        )[column]
