"""The page of batch jobs, with subpages for the list, a new job and a single job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from desktop_app.batch.batch_wording import job_progress_text
from desktop_app.batch.ui.batch_job_page import BatchJobPage
from desktop_app.batch.ui.batch_new_page import BatchNewPage
from desktop_app.composer.dropped_content import FileDropFilter, accept_copy, files_in
from desktop_app.domain.batch_jobs import BatchJob
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.boxes import DIALOG_MARGINS, SPRING, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.forms.form_widgets import Note, Tone
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.rows.table_model import ProportionalTable, TableModel
from desktop_app.widgets.text.foreign_text import PlainLabel, spoken_text
from desktop_app.widgets.windows import scroll_area_of

if TYPE_CHECKING:
    from desktop_app.batch.ui.batch_controller import BatchController

_INTRODUCTION: Final = N_(
    "A batch job sends the same message with each of many files, at half price. "
    "Responses arrive within 24 hours, even if Repartee is closed."
)
_PAGES: Final = ("list", "new", "job")
_COLUMN_SHARES: Final = (0.24, 0.23, 0.39, 0.14)


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


class BatchPage(QWidget):
    """The page of batch jobs.

    Attributes:
        new_page: the page for a new job.
        job_page: the page of a single job.
    """

    def __init__(self, parent: QWidget, batches: BatchController) -> None:
        super().__init__(parent)
        self._batches = batches
        self.setObjectName("batch-jobs")
        self.setWindowTitle(tr("Batch jobs"))
        self.setAcceptDrops(True)
        self.new_page = BatchNewPage(batches)
        self.job_page = BatchJobPage(batches)
        self.jobs = BatchJobModel()
        self.table = ProportionalTable(self.jobs, _COLUMN_SHARES)
        self.table.setObjectName("batch-list")
        self.table.setAccessibleName(tr("Batch jobs"))
        self.new_button = dialog_button(tr("New batch job…"), "batch-new-job", "primary")
        introduction = PlainLabel(tr(_INTRODUCTION), role="note", wraps=True)
        introduction.setObjectName("batch-introduction")
        self.status_note = Note(object_name="batch-words")
        top = Qt.AlignmentFlag.AlignTop
        head = row_of((introduction, 1), SPRING, (self.new_button, top), spacing=12)
        head.setAlignment(introduction, top)
        jobs_page = QWidget()
        column_of(head, (self.table, 1), parent=jobs_page, margins=0, spacing=12)
        self._stack = QStackedWidget()
        for page in (jobs_page, scroll_area_of(self.new_page), scroll_area_of(self.job_page)):
            self._stack.addWidget(page)  # in the order of _PAGES
        FileDropFilter(self._stack)
        rows = ((self._stack, 1), self.status_note)
        column_of(*rows, parent=self, margins=DIALOG_MARGINS, spacing=10)
        self.new_button.clicked.connect(lambda: batches.show_new())
        self.table.activated.connect(self._open_job)
        self.table.clicked.connect(self._open_job)
        self.new_page.back_button.clicked.connect(self.show_list)
        self.job_page.back_button.clicked.connect(self.show_list)
        self.update_theme()

    # ------------------------------------------------------------------ pages

    @property
    def page(self) -> str:
        """Return the name of the shown page: "list", "new" or "job"."""
        return _PAGES[self._stack.currentIndex()]

    def _show_page(self, name: str) -> None:
        self._stack.setCurrentIndex(_PAGES.index(name))

    def show_list(self) -> None:
        """Show all jobs."""
        self.show_status("")
        shown_row = self.jobs.row_of(self.job_page.job_id)
        self._show_page("list")
        if shown_row >= 0:  # -1: no job was shown, or it was deleted
            self.table.setCurrentIndex(self.jobs.index(shown_row, 0))
        (self.table if self.jobs.rowCount() else self.new_button).setFocus()

    def show_new(self) -> None:
        """Show the page for a new job."""
        self.show_status("")
        self._show_page("new")
        self.new_page.files.add_files_button.setFocus()

    def show_job(self, job: BatchJob) -> None:
        """Show a job, or update it if it is already shown."""
        is_other = self.page != "job" or self.job_page.job_id != job.id
        self.job_page.show_job(job)
        self._show_page("job")
        if is_other:
            self.show_status("")
            self.job_page.table.setFocus()

    def set_jobs(self, jobs: Sequence[BatchJob]) -> None:
        """Set all jobs, newest first; the current job stays current."""
        current = self.jobs.row_at(self.table.currentIndex())
        self.jobs.update_rows(jobs, lambda job: job.id)
        self.table.setVisible(bool(jobs))
        if jobs and self.page == "list" and not self.table.currentIndex().isValid():
            row = 0 if current is None else max(0, self.jobs.row_of(current.id))
            self.table.setCurrentIndex(self.jobs.index(row, 0))
            if self.new_button.hasFocus():
                self.table.setFocus()

    def show_status(self, message: UserFacingError | str) -> None:
        """Show a message at the bottom; "" hides it."""
        text = message if isinstance(message, str) else message.sentences
        tone: Tone = "note" if isinstance(message, str) else "error"
        self.status_note.setAccessibleName(spoken_text(text))
        self.status_note.set_text(text, tone, is_result=True)

    # ------------------------------------------------------------------ actions of the user

    def _open_job(self, index: QModelIndex) -> None:
        job = self.jobs.row_at(index)
        if job is not None:
            self._batches.open_job(job.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Show the list on Esc, or close the page from there; open a job on Enter."""
        if event.key() == Qt.Key.Key_Escape and self.page != "list":
            self.show_list()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.table.hasFocus():
            self._open_job(self.table.currentIndex())
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if files_in(event.mimeData()):
            accept_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        paths = files_in(event.mimeData())
        accept_copy(event)
        if self.page != "new":
            self._batches.show_new()
        self.new_page.files.add_paths(paths)

    # ------------------------------------------------------------------ appearance

    def update_theme(self) -> None:
        theme = current_theme()
        self.table.verticalHeader().setDefaultSectionSize(theme.px(34))
