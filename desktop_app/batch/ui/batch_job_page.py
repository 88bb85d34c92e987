"""The page of a batch job: cost before sending, progress, and each file's answer.

The table has a row (`BatchItemSummary`) for each file. Only the selected file is loaded as an item
(`BatchItem`), with its answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QProgressBar, QPushButton, QSizePolicy, QSplitter, QWidget

from desktop_app.batch.batch_wording import (
    estimate_text,
    item_error_text,
    item_scan_text,
    job_progress_text,
)
from desktop_app.composer.attachments.images_controller import ImagesController
from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role, new_id, now
from desktop_app.domain.conversations.message_facts import other_model_fact
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.graphemes import cut
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.jobs import batch_jobs
from desktop_app.widgets.boxes import FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.widgets.file_dialogs import choose_target
from desktop_app.widgets.forms.form_widgets import Note
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.rows.table_model import ProportionalTable, TableModel
from desktop_app.widgets.text.foreign_text import PlainLabel, menu_text, spoken_text

if TYPE_CHECKING:
    from desktop_app.batch.ui.batch_page import BatchPage

_REPORT_FORMATS: Final = {
    "markdown": (N_("Markdown (*.md)"), ".md"),
    "csv": (N_("CSV (*.csv)"), ".csv"),
}
FILTERS: Final = (("all", N_("All files")), ("problems", N_("No response")))
_PROBLEMS: Final = (batch_jobs.ItemStatus.LEFT_OUT, *batch_jobs.RETRYABLE_STATUSES)
_COLUMN_SHARES: Final = (0.29, 0.23, 0.23, 0.11, 0.14)


class BatchItemModel(TableModel[batch_jobs.BatchItemSummary]):
    """The files of a job, all or only those without an answer."""

    has_cell_tooltips = True

    def __init__(self) -> None:
        headings = (N_("File"), N_("Status"), N_("Details"), N_("Tokens"), N_("Cost"))
        super().__init__(headings, number_columns=(3, 4))

    def cell_text(self, row: batch_jobs.BatchItemSummary, column: int) -> str:
        return (
            row.name,
            tr(row.status.text),
            item_error_text(row),
            formatting.number(row.tokens) if row.tokens else "",
            "" if row.cost is None else formatting.money(row.cost),
        )[column]


class BatchJobPage(QWidget):
    def __init__(self, batches: BatchPage) -> None:
        super().__init__()
        self.setObjectName("batch-job")
        self._batches = batches
        self._job: batch_jobs.BatchJob | None = None
        self._item: batch_jobs.BatchItem | None = None
        self._all_items: Sequence[batch_jobs.BatchItemSummary] = ()
        self._reading_text = ""
        self._shown_answer = ""
        self.back_button = dialog_button(tr("‹ All jobs"), "batch-all-jobs", "link")
        self.title = PlainLabel(name="batch-title", role="strong", wraps=True)
        self.status = PlainLabel(name="batch-status", role="dim", wraps=True)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setObjectName("batch-progress")
        self.estimate = Note(object_name="batch-estimate")
        self.error = Note(object_name="batch-error")
        self.filter = SegmentedControl(
            [(key, tr(label)) for key, label in FILTERS], name=tr("Files")
        )
        self.items = BatchItemModel()
        self.table = ProportionalTable(self.items, _COLUMN_SHARES)
        self.table.setObjectName("batch-items")
        self.table.setAccessibleName(tr("Files of the job"))
        self.remarks = Note(object_name="batch-remarks")
        self.answer = batches.session.of(ImagesController).brief_transcript(list)
        self.answer.setObjectName("batch-answer")
        self.answer.setAccessibleName(tr("Response"))
        self.start_button = dialog_button(tr("Start"), "batch-start", "primary")
        self.open_button = dialog_button(tr("Open as conversation"), "batch-open")
        self.report_button = dialog_button(tr("Export results"), "batch-report")
        self.retry_button = dialog_button(tr("Retry failed files"), "batch-retry")
        self.cancel_button = dialog_button(tr("Cancel job"), "batch-cancel")
        self.remove_button = dialog_button(tr("Remove"), "batch-remove")
        split = self._split = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        for part, stretch in ((self.table, 3), (self.answer, 2)):
            split.addWidget(part)
            split.setStretchFactor(split.indexOf(part), stretch)
        # The splitter takes only the height that is left. Otherwise a long estimate would move the
        # Start button out of sight.
        split.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        buttons = FlowLayout(
            self.start_button,
            self.open_button,
            self.report_button,
            self.retry_button,
            self.cancel_button,
            self.remove_button,
        )
        column_of(
            (self.back_button, Qt.AlignmentFlag.AlignLeft),
            row_of((self.title, 1), self.filter, spacing=10),
            self.status,
            self.bar,
            self.estimate,
            self.error,
            (split, 1),
            self.remarks,
            buttons,
            parent=self,
            margins=0,
            spacing=8,
        )
        menu = ProgramMenu(self.report_button)
        for label, format_ in ((tr("Markdown…"), "markdown"), (tr("CSV for spreadsheets…"), "csv")):
            menu.addAction(menu_text(label), partial(self._choose_report, format_))
        self.report_button.setMenu(menu)
        self.filter.chosen.connect(lambda _key: self.set_items(self._all_items))
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._request_item())
        self.table.doubleClicked.connect(lambda _: self._open_answer())
        self.open_button.clicked.connect(self._open_answer)
        request = batches.request
        self.start_button.clicked.connect(lambda: request(batches.start_job, self.job_id))
        self.cancel_button.clicked.connect(lambda: request(batches.ask_to_cancel, self.job_id))
        self.retry_button.clicked.connect(lambda: request(batches.retry_job, self.job_id))
        self.remove_button.clicked.connect(lambda: batches.ask_to_remove(self.job_id))
        self.update_theme()

    # ------------------------------------------------------------------ state

    @property
    def job_id(self) -> str:
        """Return the id of the shown job; "" if there is none."""
        return "" if self._job is None else self._job.id

    @property
    def selected_number(self) -> int:
        """Return the number of the selected file; 0 for none."""
        row = self.items.row_at(self.table.chosen_index)
        return 0 if row is None else row.number

    def show_job(self, job: batch_jobs.BatchJob) -> None:
        """Show the state of a job; `set_items` sets its files."""
        if job.id != self.job_id:
            self._reading_text = ""
            self.bar.setValue(0)
            self.filter.set_current("all")
            self.set_items(())
        self._job = job
        counts, status = job.counts, job.status
        is_ready = status is batch_jobs.BatchStatus.READY
        self.title.setText(job.title)
        self.estimate.set_text(estimate_text(job) if is_ready else "")
        self.error.set_text(job.error.sentences if job.error else "", "warning")
        self.bar.setVisible(not status.is_over and not is_ready)
        if status is not batch_jobs.BatchStatus.PREPARING:
            self.bar.setMaximum(max(1, counts.total - counts.left_out))
            self.bar.setValue(job.done)
        self._show_status(job)
        self._set_usable(self.start_button, is_ready, is_enabled=bool(job.estimate.files))
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

    def _show_status(self, job: batch_jobs.BatchJob) -> None:
        is_reading = job.status is batch_jobs.BatchStatus.PREPARING and self._reading_text
        progress = self._reading_text if is_reading else job_progress_text(job)
        variant = job.choice.variant
        facts = [progress, variant.label if variant else job.choice.model]
        if job.choice.effort:
            facts.append(tr(job.choice.effort.label))
        if job.counts.cost:
            facts.append(formatting.money(job.counts.cost))
        self.bar.setAccessibleName(spoken_text(progress))
        self.status.setText(" · ".join(facts))
        self.status.setAccessibleName(spoken_text(self.status.text()))

    def set_items(self, items: Sequence[batch_jobs.BatchItemSummary]) -> None:
        """Set the files, and list those that the filter shows; the selected one stays selected."""
        self._all_items = items
        selected_number = self.selected_number
        is_filtered = self.filter.current() == "problems"
        rows = [i for i in items if not is_filtered or i.status in _PROBLEMS]
        self.items.update_rows(rows, lambda item: item.number)
        row = next((n for n, item in enumerate(rows) if item.number == selected_number), -1)
        if row >= 0 and not self.table.chosen_index.isValid():
            self.table.choose(self.items.index(row, 0))  # requests the answer
        else:
            self._request_item()

    def show_item(self, item: batch_jobs.BatchItem) -> None:
        """Show the answer of the selected file."""
        self._item = item
        error_text = item_error_text(item) if item.error else ""
        other_model = other_model_fact(self._job.choice, item.answered_by) if self._job else ""
        remarks = (error_text, other_model, item_scan_text(item))
        self.remarks.set_text("\n".join(filter(None, remarks)))
        self._show_answer(item.answer)
        self.open_button.setEnabled(item.status is batch_jobs.ItemStatus.ANSWERED)

    def _show_answer(self, text: str) -> None:
        if text == self._shown_answer:
            return  # scrolled, perhaps
        self._shown_answer = text
        answer = Message(
            new_id(),
            self.job_id,
            None,
            Role.ASSISTANT,
            MessageStatus.COMPLETE,
            (TextPart(text),),
            now(),
        )
        self.answer.set_messages([answer] if text else [])
        self.answer.scroll_to_message(answer.id)

    # ------------------------------------------------------------------ actions of the user

    def _request_item(self) -> None:
        """Request the answer of the selected file; show none without a selection."""
        number = self.selected_number
        if self._item is not None and self._item.number != number:
            self._item = None  # Open must not open the former file
        if number:
            self._batches.load_item(self.job_id, number)
        else:
            self.remarks.set_text(tr("Select a file to see its response."))
            self._show_answer("")
            self.open_button.setEnabled(False)

    def _open_answer(self) -> None:
        if self._item is not None and self._item.status is batch_jobs.ItemStatus.ANSWERED:
            batches = self._batches
            batches.request(batches.open_as_conversation, self.job_id, self._item.number)

    def _choose_report(self, format_: str) -> None:
        if self._job is None:
            return
        filter_text, suffix = _REPORT_FORMATS[format_]
        title = re.sub(r'[<>:"/\\|?*\x00-\x1f]', " ", self._job.title)
        stem = cut(title.strip(" ."), 60) or tr("Batch job")
        choose_target(
            self,
            tr("Export results"),
            partial(self._batches.request, self._batches.export_results, self._job.id, format_),
            start=Path.home() / f"{stem}{suffix}",
            filters=tr(filter_text),
            suffix=suffix,
        )

    def update_theme(self) -> None:
        theme = current_theme()
        px = theme.px
        self.bar.setFixedHeight(px(6))
        self.table.verticalHeader().setDefaultSectionSize(px(30))
        self.table.setMinimumHeight(px(80))
        self.answer.setMinimumHeight(px(56))
        self._split.setMinimumHeight(px(80) + self._split.handleWidth() + px(56))
