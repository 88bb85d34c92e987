"""Table models of the batch jobs and of a job's files.

A job may have tens of thousands of files. A worker thread finds the files whose state has changed,
and only their rows are updated here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from desktop_app.domain.batch.batch_jobs import BatchItemSummary, BatchJob, ItemStatus
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


class BatchItemModel(TableModel[BatchItemSummary]):
    """The files of a job, all or only those without an answer."""

    has_cell_tooltips = True

    def __init__(self) -> None:
        headings = (N_("File"), N_("Status"), N_("Notes"), N_("Tokens"), N_("Cost"))
        super().__init__(headings, number_columns=(3, 4))
        self._items: Sequence[BatchItemSummary] = ()
        self._shows_unanswered_only = False

    def set_items(
        self, items: Sequence[BatchItemSummary], changed: tuple[int, int] | None = None
    ) -> None:
        """Set the files.

        Args:
            items: all files of the job.
            changed: the first and last index that differ; (0, -1) if none does; None if anything
                may differ.
        """
        if changed is None or len(items) != len(self._items):
            self._reset(items)
            return
        first, last = changed
        if first > last:
            return
        if self._shows_unanswered_only:
            if self._filtered(items) != self.rows:
                self._reset(items)
            self._items = items
        else:
            self._items = self.rows = items
            self.emit_changed(first, last)

    def row_of(self, number: int) -> int:
        """Return the row of a file by its number; -1 if it is not shown."""
        return next((row for row, item in enumerate(self.rows) if item.number == number), -1)

    def show_unanswered_only(self, unanswered_only: bool) -> None:
        """Show only files without an answer, or all."""
        if unanswered_only != self._shows_unanswered_only:
            self._shows_unanswered_only = unanswered_only
            self._reset(self._items)

    def _reset(self, items: Sequence[BatchItemSummary]) -> None:
        self.beginResetModel()
        self._items, self.rows = items, self._filtered(items)
        self.endResetModel()

    def _filtered(self, items: Sequence[BatchItemSummary]) -> Sequence[BatchItemSummary]:
        if not self._shows_unanswered_only:
            return items
        return [item for item in items if item.status in _WITHOUT_ANSWER]

    def cell_text(self, row: BatchItemSummary, column: int) -> str:
        return (
            row.name,
            tr(row.status.text),
            item_error_text(row),
            formatting.number(row.tokens) if row.tokens else "",
            "" if row.cost is None else formatting.money(row.cost),
        )[column]
