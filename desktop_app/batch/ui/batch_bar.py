"""The bar above the prompt: offers a batch job for many files, and shows the state of the jobs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame

from desktop_app.batch.batch_wording import job_progress_text
from desktop_app.chat.ui.chat_controller import ChatController
from desktop_app.composer.attachments.file_readings import FileReadings
from desktop_app.composer.drafts import AttachmentOrigins
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.conversations.message_parts import part_id
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.providers.jobs.batch_jobs import BatchJob
from desktop_app.tables.table_source import has_at_least
from desktop_app.widgets.boxes import SPRING, column_of, row_of
from desktop_app.widgets.look.theme import set_role
from desktop_app.widgets.text.foreign_text import PlainButton, PlainLabel, announce, spoken_text

if TYPE_CHECKING:
    from desktop_app.app.session import Session
    from desktop_app.batch.ui.batch_page import BatchPage

MANY_FILES: Final = 10
"""The number of files from which a batch job is offered; an arbitrary number."""


class BatchBar(QFrame):
    """A bar that shows an offer of a new job, or else a job that ended, or else running jobs."""

    def __init__(self, session: Session, batches: BatchPage) -> None:
        super().__init__()
        self.setObjectName("batch-bar")
        set_role(self, "note-card")
        self._session = session
        self._batches = batches
        self._offered_paths: list[Path] = []
        self._draft_at_offer = Draft()
        self._ended_job: BatchJob | None = None
        self._running_jobs: Sequence[BatchJob] = ()
        self.label = PlainLabel(name="batch-bar-words", wraps=True)
        self.show_button = PlainButton(name="show-batch-jobs", role="link")
        self.show_button.clicked.connect(self._accept)
        self.dismiss_button = PlainButton(tr("Dismiss"), name="dismiss-batch-bar", role="link")
        self.dismiss_button.clicked.connect(self._dismiss)
        buttons = row_of(self.show_button, self.dismiss_button, SPRING, spacing=14)
        column_of(self.label, buttons, parent=self, margins=(14, 8, 14, 8), spacing=3)
        self.hide()
        session.window.pane.add_above_prompt(self)
        session.current.opened.connect(lambda: self._forget_offer(session.current.id))
        session.running.started.connect(self._forget_offer)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Dismiss the bar on Esc."""
        if event.key() == Qt.Key.Key_Escape and self.dismiss_button.isVisible():
            self._dismiss()
        else:
            super().keyPressEvent(event)

    # -------------------------------------------------------------- many files at once

    def offer(self, text: str, paths: Sequence[Path], draft: Draft) -> None:
        """Offer a batch job for files that are being attached to a draft."""
        self._offered_paths = list(paths)
        self._draft_at_offer = draft
        self._show(text, is_dismissable=True)

    def _forget_offer(self, conversation_id: str) -> None:
        """Dismiss the offer: another conversation was opened, or the files were sent in this."""
        if self._offered_paths and conversation_id == self._session.current.id:
            self._dismiss()

    def _accept(self) -> None:
        """Accept the offer, or show all jobs if there is none."""
        paths = self._offered_paths
        self._offered_paths = []
        if not paths:
            shown = [self._ended_job] if self._ended_job else self._running_jobs
            self._batches.show_jobs(shown[0].id if len(shown) == 1 else "")
            return
        # The files must not go into the prompt, nor into a question that waits for them.
        self._session.of(ChatController).unqueue(self._session.current.id)
        self._session.main.of(FileReadings).cancel_paths(paths)
        # Files that had been attached before the offer stay, even if they are offered again.
        ids_at_offer = set(map(part_id, self._draft_at_offer.attachments))
        origins = self._session.of(AttachmentOrigins).paths
        draft = self._session.current.draft
        draft.set_attachments(
            [
                part
                for part in draft.value.attachments
                if part_id(part) in ids_at_offer or origins.get(part_id(part)) not in set(paths)
            ]
        )
        self._batches.begin(paths)
        self._show_state()

    def _dismiss(self) -> None:
        if self._offered_paths:  # the offer may hide the end of a job, which the user has not seen
            self._offered_paths = []
        else:
            self._ended_job = None
        self._show_state()

    # -------------------------------------------------------------- state of the jobs

    def show_running(self, running: Sequence[BatchJob]) -> None:
        """Show the progress of the running jobs."""
        self._running_jobs = running
        self._show_state()

    def show_end(self, job: BatchJob | None) -> None:
        """Show that a job has ended, until the user has opened the list of jobs: then None."""
        self._ended_job = job
        self._show_state()

    def _show_state(self) -> None:
        if self._offered_paths:  # the offer stays until the user has accepted or dismissed it
            return
        ended, text = self._ended_job, ""
        if ended is not None:
            text = tr("Batch job “{title}” finished.", title=ended.title)
        elif len(self._running_jobs) == 1:
            (job,) = self._running_jobs
            progress = job_progress_text(job)
            text = tr("Batch job “{title}”: {progress}", title=job.title, progress=progress)
        elif self._running_jobs:
            count = len(self._running_jobs)
            text = tr_plural("{count} batch job running", "{count} batch jobs running", count)
        self._show(text, is_dismissable=ended is not None)

    def _show(self, text: str, *, is_dismissable: bool) -> None:
        buttons = (self.show_button, self.dismiss_button)
        had_focus = any(button.hasFocus() for button in buttons)
        self.show_button.setText(tr("New batch job…") if self._offered_paths else tr("Show"))
        if is_dismissable and text != self.label.text():  # progress would be announced too often
            announce(self, text)
        self.label.setText(text)
        self.setAccessibleName(spoken_text(text))
        self.dismiss_button.setVisible(is_dismissable)
        self.setVisible(bool(text))
        if had_focus and not any(button.hasFocus() for button in buttons):
            # Otherwise, Qt focuses the button that removes a file.
            self._session.window.prompt.focus_text()


def offer_text(paths: Sequence[Path]) -> str:
    """Return the offer for these files and folders, "" for few files. Runs in a thread."""
    if not has_at_least(MANY_FILES, paths):
        return ""
    if any(os.path.isdir(path) for path in paths):  # noqa: PTH112 — Path.is_dir may raise
        return tr("Send these files as a batch job at half price?")
    return tr_plural(
        "Send {count} file as a batch job at half price?",
        "Send {count} files as a batch job at half price?",
        len(paths),
    )
