"""Table models of the batch jobs and of a job's files.

A job may have tens of thousands of files. Rows arrive ready for display: the reading thread finds
what has changed, and the change of a file changes a single row here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from desktop_app.domain.batch.batch_jobs import BatchJob, BatchLine, ItemStatus
from desktop_app.domain.batch.batch_wording import ITEM_WORDS, item_error_text, progress_words
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.look import painting
from desktop_app.ui.widgets.text.foreign_text import one_line, tooltip_text

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT: Final = QModelIndex()
UNANSWERED: Final = frozenset(
    {ItemStatus.LEFT_OUT, ItemStatus.REFUSED, ItemStatus.FAILED, ItemStatus.UNANSWERED}
)


class BatchJobModel(QAbstractTableModel):
    """Every job, newest first."""

    HEADINGS: Final = (N_("Job"), N_("Started"), N_("Status"), N_("Cost"))

    def __init__(self) -> None:
        super().__init__()
        self._jobs: list[BatchJob] = []

    def set_jobs(self, jobs: Sequence[BatchJob]) -> None:
        """Set the jobs; the same jobs in the same order only update their rows."""
        if [job.id for job in jobs] == [job.id for job in self._jobs]:
            for row, job in enumerate(jobs):
                if job != self._jobs[row]:
                    self._jobs[row] = job
                    end = self.index(row, len(self.HEADINGS) - 1)
                    self.dataChanged.emit(self.index(row, 0), end)
            return
        self.beginResetModel()
        self._jobs = list(jobs)
        self.endResetModel()

    def job_at(self, index: Index) -> BatchJob | None:
        """Return the job of a row."""
        return self._jobs[index.row()] if index.isValid() else None

    def row_of(self, job_id: str) -> int:
        """Return the row of a job; -1 if it is not in the table."""
        return next((row for row, job in enumerate(self._jobs) if job.id == job_id), -1)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._jobs)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.HEADINGS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        return _heading(self.HEADINGS, section, role, numbers=(3,))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        job = self.job_at(index)
        if job is None:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return painting.RIGHT if index.column() == 3 else painting.LEFT
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        started = (job.started_at or job.created_at).astimezone()
        cells = (
            job.title,
            tr("{day}, {time}", day=formatting.short_date(started), time=formatting.time(started)),
            progress_words(job),
            formatting.money(job.counts.cost) if job.counts.cost else "",
        )
        return _shown(cells[index.column()], role)


class BatchLineModel(QAbstractTableModel):
    """The files of a job, all or only those without an answer."""

    HEADINGS: Final = (N_("File"), N_("Status"), N_("Notes"), N_("Tokens"), N_("Cost"))

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[BatchLine] = ()
        self._shown: Sequence[int] = ()  # indexes into `_lines`
        self._shows_unanswered_only = False

    def set_lines(self, lines: Sequence[BatchLine], changed: tuple[int, int] | None = None) -> None:
        """Set the files.

        Args:
            lines: all files of the job.
            changed: the first and last index that differ; None if anything may differ.
        """
        if changed is None or len(lines) != len(self._lines) or self._shows_unanswered_only:
            self.beginResetModel()
            self._lines = lines
            self._select_lines()
            self.endResetModel()
            return
        self._lines = lines
        first, last = changed
        if first <= last:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.HEADINGS) - 1))

    def show_unanswered_only(self, unanswered_only: bool) -> None:
        """Show only files without an answer, or all."""
        if unanswered_only != self._shows_unanswered_only:
            self.beginResetModel()
            self._shows_unanswered_only = unanswered_only
            self._select_lines()
            self.endResetModel()

    def _select_lines(self) -> None:
        lines = self._lines
        if self._shows_unanswered_only:
            self._shown = [n for n, line in enumerate(lines) if line.status in UNANSWERED]
        else:
            self._shown = range(len(lines))

    def line_at(self, index: Index) -> BatchLine | None:
        """Return the file of a row."""
        return self._lines[self._shown[index.row()]] if index.isValid() else None

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.HEADINGS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        return _heading(self.HEADINGS, section, role, numbers=(3, 4))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        line = self.line_at(index)
        if line is None:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return painting.RIGHT if index.column() in (3, 4) else painting.LEFT
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        cells = (
            line.name,
            tr(ITEM_WORDS[line.status]),
            item_error_text(line),
            formatting.number(line.tokens) if line.tokens else "",
            "" if line.cost is None else formatting.money(line.cost),
        )
        return _shown(cells[index.column()], role)


def _shown(words: str, role: int) -> str:
    return tooltip_text(words) if role == Qt.ItemDataRole.ToolTipRole else one_line(words)


def _heading(headings: Sequence[str], section: int, role: int, numbers: Sequence[int]) -> Any:
    if role == Qt.ItemDataRole.DisplayRole:
        return tr(headings[section])
    if role == Qt.ItemDataRole.TextAlignmentRole:
        return painting.RIGHT if section in numbers else painting.LEFT
    return None
