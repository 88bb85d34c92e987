"""The page of a batch job: cost before sending, progress, and each file's answer.

The table has a row (`BatchItemSummary`) for each file. Only the selected file is loaded as an item
(`BatchItem`), with its answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QProgressBar, QPushButton, QSizePolicy, QSplitter, QWidget

from desktop_app.domain.batch.batch_jobs import BatchStatus, ItemStatus
from desktop_app.domain.batch.batch_wording import (
    estimate_text,
    item_error_text,
    item_scan_text,
    job_error_text,
    job_progress_text,
)
from desktop_app.domain.conversations.message_facts import other_model_fact
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.batch.batch_models import BatchItemModel
from desktop_app.ui.look.theme import Theme
from desktop_app.ui.widgets.boxes import column_of, row_of
from desktop_app.ui.widgets.buttons.dialog_button import dialog_button
from desktop_app.ui.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.ui.widgets.flow_layout import FlowLayout
from desktop_app.ui.widgets.forms.form_widgets import Note
from desktop_app.ui.widgets.forms.line_field import text_field
from desktop_app.ui.widgets.program_menu import ProgramMenu
from desktop_app.ui.widgets.rows.table_views import ProportionalTable
from desktop_app.ui.widgets.text.foreign_text import PlainLabel, menu_text, spoken_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import SignalInstance

    from desktop_app.domain.batch.batch_jobs import BatchItem, BatchItemSummary, BatchJob

FILTERS: Final = (("all", N_("All files")), ("problems", N_("No response")))
_COLUMN_SHARES: Final = (0.31, 0.15, 0.34, 0.10, 0.10)


class BatchJobPage(QWidget):
    """The page of a batch job.

    Signals:
        back_requested(): show the list of jobs.
        start_requested(str), cancel_requested(str): start or cancel the job with this id.
        retry_requested(str): retry the failed files of the job with this id.
        remove_requested(str): remove the job with this id.
        report_requested(str, str): export the results of a job, as "markdown" or "csv".
        item_requested(str, int): load the answer of a file, by job id and number.
        open_requested(str, int): open a file's answer as a conversation.
        chunked_reading_requested(str, int): ask about a file in a chat, reading it in parts.
    """

    back_requested = Signal()
    start_requested = Signal(str)
    cancel_requested = Signal(str)
    retry_requested = Signal(str)
    remove_requested = Signal(str)
    report_requested = Signal(str, str)
    item_requested = Signal(str, int)
    open_requested = Signal(str, int)
    chunked_reading_requested = Signal(str, int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("batch-job")
        self._job: BatchJob | None = None
        self._item: BatchItem | None = None
        self._reading_text = ""
        self.back_button = dialog_button(tr("‹ All jobs"), "batch-all-jobs", "link")
        self.title = PlainLabel(name="batch-title", role="strong", wraps=True)
        self.status = PlainLabel(name="batch-status", role="dim", wraps=True)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setObjectName("batch-progress")
        self.estimate = Note(theme, object_name="batch-estimate")
        self.error = Note(theme, object_name="batch-error")
        self.filter = SegmentedControl(
            [(key, tr(label)) for key, label in FILTERS], theme, name=tr("Files")
        )
        self.items = BatchItemModel()
        self.table = ProportionalTable(self.items, _COLUMN_SHARES)
        self.answer = text_field(tr("Response"), "batch-answer", read_only=True)
        self.start_button = dialog_button(tr("Start"), "batch-start", "primary")
        self.cancel_button = dialog_button(tr("Cancel job"), "batch-cancel")
        self.retry_button = dialog_button(tr("Retry failed files"), "batch-retry")
        self.report_button = dialog_button(tr("Export results"), "batch-report")
        self.open_button = dialog_button(tr("Open as conversation"), "batch-open")
        self.chunked_reading_button = dialog_button(tr("Read in parts…"), "batch-parts")
        self.remove_button = dialog_button(tr("Remove"), "batch-remove")
        self._build()
        self._connect()
        self.set_theme(theme)

    def _build(self) -> None:
        table = self.table
        table.setObjectName("batch-items")
        table.setAccessibleName(tr("Files of the job"))
        self.answer.setPlaceholderText(tr("Select a file to see its response."))
        menu = ProgramMenu(self.report_button)
        for label, format_ in ((tr("Markdown…"), "markdown"), (tr("CSV for spreadsheets…"), "csv")):
            action = menu.addAction(menu_text(label))
            action.triggered.connect(
                lambda _=False, f=format_: self._emit_with_job(self.report_requested, f)
            )
        self.report_button.setMenu(menu)
        split = self._split = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        for part, stretch in ((table, 3), (self.answer, 2)):
            split.addWidget(part)
            split.setStretchFactor(split.indexOf(part), stretch)
        # The splitter takes only the height that is left. Otherwise a long estimate would move the
        # Start button out of sight.
        split.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        column_of(
            (self.back_button, Qt.AlignmentFlag.AlignLeft),
            row_of((self.title, 1), self.filter, spacing=10),
            self.status,
            self.bar,
            self.estimate,
            self.error,
            (split, 1),
            FlowLayout(
                self.start_button,
                self.open_button,
                self.chunked_reading_button,
                self.report_button,
                self.retry_button,
                self.cancel_button,
                self.remove_button,
            ),
            parent=self,
            margins=0,
            spacing=8,
        )

    def _connect(self) -> None:
        self.back_button.clicked.connect(self.back_requested)
        self.filter.chosen.connect(self._set_filter)
        selection = self.table.selectionModel()
        selection.currentRowChanged.connect(lambda current, _previous: self._request_item(current))
        self.table.doubleClicked.connect(lambda _: self._open_answer())
        for button, signal in (
            (self.start_button, self.start_requested),
            (self.cancel_button, self.cancel_requested),
            (self.retry_button, self.retry_requested),
            (self.remove_button, self.remove_requested),
        ):
            button.clicked.connect(lambda _=False, s=signal: self._emit_with_job(s))
        self.open_button.clicked.connect(self._open_answer)
        self.chunked_reading_button.clicked.connect(
            lambda: self._emit_with_item(self.chunked_reading_requested)
        )

    # ------------------------------------------------------------------ state

    @property
    def job_id(self) -> str:
        """Return the id of the shown job; "" if there is none."""
        return "" if self._job is None else self._job.id

    @property
    def job_title(self) -> str:
        """Return the title of the shown job; "" if there is none."""
        return "" if self._job is None else self._job.title

    @property
    def selected_number(self) -> int:
        """Return the number of the selected file; 0 for none."""
        row = self.items.row_at(self.table.currentIndex())
        return 0 if row is None else row.number

    def show_job(self, job: BatchJob) -> None:
        """Show the state of a job; `set_items` sets its files."""
        if self._job is None or job.id != self._job.id:
            self._item = None
            self._reading_text = ""
            self.bar.setValue(0)
            self.answer.clear()
            self.filter.set_current("all")
            self.items.show_unanswered_only(False)
            self.items.set_items(())
        self._job = job
        counts, status = job.counts, job.status
        self.title.setText(job.title)
        self._show_status(job)
        is_ready = status is BatchStatus.READY
        self.estimate.set_text(estimate_text(job) if is_ready else "")
        self.error.set_text(job_error_text(job), "warning")
        self._show_progress(job)
        has_files = bool(job.estimate.files)
        self._set_usable(self.start_button, is_ready, is_enabled=has_files)
        self._set_usable(self.cancel_button, not status.is_over, is_enabled=not job.is_cancelled)
        self.cancel_button.setText(tr("Cancel job") if status.was_sent else tr("Discard"))
        self._set_usable(self.retry_button, status.is_over and bool(counts.unsuccessful))
        self.report_button.setVisible(status.was_sent)
        self.remove_button.setVisible(status.is_over)

    def _set_usable(self, button: QPushButton, is_shown: bool, *, is_enabled: bool = True) -> None:
        """Show and enable a button, or move its focus to the files.

        Qt would focus the next button: after Start, the one that cancels the job.
        """
        # After a question, the window is not yet active, and no widget has the focus.
        if self.window().focusWidget() is button and not (is_shown and is_enabled):
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)
        button.setVisible(is_shown)
        button.setEnabled(is_enabled)

    def show_reading(self, done: int, total: int) -> None:
        """Show how many files have been read."""
        self.bar.setMaximum(max(1, total))
        self.bar.setValue(done)
        self._reading_text = tr("Reading files · {done} of {total}", done=done, total=total)
        if self._job is not None:
            self._show_status(self._job)

    def _show_status(self, job: BatchJob) -> None:
        is_reading = job.status is BatchStatus.PREPARING and self._reading_text
        facts = [self._reading_text if is_reading else job_progress_text(job), job.choice.model]
        if job.choice.effort:
            facts.append(tr(job.choice.effort.label))
        if job.counts.cost:
            facts.append(formatting.money(job.counts.cost))
        self.status.setText(" · ".join(facts))
        self.status.setAccessibleName(spoken_text(self.status.text()))

    def _show_progress(self, job: BatchJob) -> None:
        counts = job.counts
        self.bar.setVisible(not job.status.is_over and job.status is not BatchStatus.READY)
        if job.status is BatchStatus.PREPARING:
            return
        self.bar.setMaximum(max(1, counts.total - counts.left_out))
        self.bar.setValue(job.done)
        self.bar.setAccessibleName(spoken_text(job_progress_text(job)))

    def set_items(
        self, items: Sequence[BatchItemSummary], changed: tuple[int, int] | None = None
    ) -> None:
        """Set the files of the job; see `BatchItemModel.set_items`."""
        selected_number = self.selected_number
        self.items.set_items(items, changed)
        self._restore_selection(selected_number)

    def show_item(self, item: BatchItem) -> None:
        """Show the answer of the selected file."""
        self._item = item
        error_text = item_error_text(item) if item.error else ""
        other_model = other_model_fact(self._job.choice, item.answered_by) if self._job else ""
        remarks = (error_text, other_model, item_scan_text(item))
        paragraphs = [f"[{remark}]" for remark in remarks if remark]
        if item.answer:
            paragraphs.append(item.answer)
        text = "\n\n".join(paragraphs)
        if text != self.answer.toPlainText():
            self.answer.setPlainText(text)
        self.open_button.setEnabled(item.status is ItemStatus.ANSWERED)
        is_large = item.status is ItemStatus.LEFT_OUT and item.part is not None
        self.chunked_reading_button.setVisible(is_large)
        self.open_button.setVisible(not is_large)

    # ------------------------------------------------------------------ actions of the user

    def _set_filter(self, name: str) -> None:
        selected_number = self.selected_number
        self.items.show_unanswered_only(name == "problems")
        self._restore_selection(selected_number)

    def _restore_selection(self, number: int) -> None:
        """Select file `number` if none is selected, and request the answer of the selected file."""
        index = self.table.currentIndex()
        former_index = self.items.index(self.items.row_of(number), 0)
        if not index.isValid() and former_index.isValid():
            self.table.setCurrentIndex(former_index)  # requests the answer
        else:
            self._request_item(index)

    def _request_item(self, index: QModelIndex) -> None:
        row = self.items.row_at(index)
        if row is not None and self._job is not None:
            if self._item is not None and self._item.number != row.number:
                self._item = None  # Open must not open the former file
            self.item_requested.emit(self._job.id, row.number)
            return
        self._item = None
        self.answer.clear()
        self.open_button.setEnabled(False)
        self.open_button.setVisible(True)
        self.chunked_reading_button.hide()

    def _open_answer(self) -> None:
        if self._item is not None and self._item.status is ItemStatus.ANSWERED:
            self._emit_with_item(self.open_requested)

    def _emit_with_job(self, signal: SignalInstance, *details: str) -> None:
        if self._job is not None:
            signal.emit(self._job.id, *details)

    def _emit_with_item(self, signal: SignalInstance) -> None:
        if self._job is not None and self._item is not None:
            signal.emit(self._job.id, self._item.number)

    def set_theme(self, theme: Theme) -> None:
        px = theme.px
        self.bar.setFixedHeight(px(6))
        self.table.verticalHeader().setDefaultSectionSize(px(30))
        self.table.setMinimumHeight(px(80))
        self.answer.setMinimumHeight(px(56))
        self._split.setMinimumHeight(self._split.minimumSizeHint().height())
