"""The bar above the prompt: offers a batch job for many files, and shows the state of the jobs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame

from desktop_app.app.session import Controller, Session
from desktop_app.backend.batch_wiring import has_at_least
from desktop_app.batch.batch_wording import job_progress_text
from desktop_app.domain.batch_jobs import BatchJob
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.conversations.message_parts import part_id
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.widgets.boxes import SPRING, column_of, row_of
from desktop_app.widgets.look.theme import set_role
from desktop_app.widgets.text.foreign_text import PlainButton, PlainLabel, announce, spoken_text

if TYPE_CHECKING:
    from desktop_app.batch.ui.batch_controller import BatchController

MANY_FILES: Final = 10
"""The number of files from which a batch job is offered; an arbitrary number."""


class BatchBar(QFrame):
    """A bar with the state of the batch jobs, or the offer of a new job."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("batch-bar")
        set_role(self, "note-card")
        self.label = PlainLabel(name="batch-bar-words", wraps=True)
        self.show_button = PlainButton(name="show-batch-jobs", role="link")
        self.dismiss_button = PlainButton(tr("Dismiss"), name="dismiss-batch-bar", role="link")
        buttons = row_of(self.show_button, self.dismiss_button, SPRING, spacing=14)
        column_of(self.label, buttons, parent=self, margins=(14, 8, 14, 8), spacing=3)
        self.hide()

    def show_state(self, text: str, *, is_dismissable: bool = False) -> None:
        """Show the state of the jobs; "" hides the bar.

        Args:
            is_dismissable: announce the text, and show the button that dismisses it.
        """
        self.show_button.setText(tr("Show"))
        if is_dismissable and text != self.label.text():  # progress would be announced too often
            announce(self, text)
        self.label.setText(text)
        self.setAccessibleName(spoken_text(text))
        self.dismiss_button.setVisible(is_dismissable)
        self.setVisible(bool(text))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Dismiss the bar on Esc."""
        if event.key() == Qt.Key.Key_Escape and self.dismiss_button.isVisible():
            self.dismiss_button.click()
        else:
            super().keyPressEvent(event)


class BatchBarController(Controller):
    """Controller of the bar. It shows an offer, or else a job that ended, or else running jobs."""

    def __init__(self, session: Session, batches: BatchController) -> None:
        super().__init__(session)
        self._batches = batches
        self._offered_paths: list[Path] = []
        self._draft_at_offer = Draft()
        self._end_text = ""
        self._running_jobs: Sequence[BatchJob] = ()
        self._bar = BatchBar()
        self._pane.add_above_prompt(self._bar)
        self._bar.show_button.clicked.connect(self._accept)
        self._bar.dismiss_button.clicked.connect(self._dismiss)
        self._current.opened.connect(self._forget_offer)
        session.running.started.connect(self._forget_offer_in)

    # -------------------------------------------------------------- many files at once

    def offer(self, paths: Sequence[Path]) -> None:
        """Offer a batch job for many files: a request for each file, at half price."""
        if any(profile.has_batches for profile in self._providers.all):
            # The draft of now: the files themselves are read into it while the offer is prepared.
            self._tasks.start(self._offer_many(list(paths), self._draft.value))

    async def _offer_many(self, paths: list[Path], draft: Draft) -> None:
        opened_id = self._current.id
        offer = await asyncio.to_thread(_offer_text, paths)
        if offer and self._current.id == opened_id:
            self._offered_paths = paths
            self._draft_at_offer = draft
            self._bar.show_state(offer, is_dismissable=True)
            self._bar.show_button.setText(tr("New batch job…"))

    def _forget_offer_in(self, conversation_id: str) -> None:
        """Dismiss the offer if it is in this conversation, because its files were sent."""
        if conversation_id == self._current.id:
            self._forget_offer()

    def _forget_offer(self) -> None:
        if self._offered_paths:
            self._dismiss()

    def _accept(self) -> None:
        """Accept the offer, or show all jobs if there is none."""
        paths = self._offered_paths
        self._offered_paths = []
        if not paths:
            self._batches.show()
            return
        # The files must not go into the prompt.
        self._session.readings.cancel_paths(paths)
        self._session.chat.unqueue(self._current.id)
        # Files that had been attached before the offer stay, even if they are offered again.
        ids_at_offer = set(map(part_id, self._draft_at_offer.attachments))
        origins = self._session.origins.paths
        self._draft.set_attachments(
            [
                part
                for part in self._draft.value.attachments
                if part_id(part) in ids_at_offer or origins.get(part_id(part)) not in set(paths)
            ]
        )
        self._batches.begin(paths)
        self._show_state()

    def _dismiss(self) -> None:
        if self._offered_paths:  # the offer may hide the end of a job, which the user has not seen
            self._offered_paths = []
        else:
            self._end_text = ""
        self._show_state()

    # -------------------------------------------------------------- state of the jobs

    def show_running(self, running: Sequence[BatchJob]) -> None:
        """Show the progress of the running jobs."""
        self._running_jobs = running
        self._show_state()

    def show_end(self, job: BatchJob) -> None:
        """Show that a job has ended, until the user has seen it."""
        self._end_text = tr("Batch job “{title}” finished.", title=job.title)
        self._show_state()

    def forget_end(self) -> None:
        """Hide the end of a job, because the user has opened the list of jobs."""
        self._end_text = ""
        self._show_state()

    def _show_state(self) -> None:
        if self._offered_paths:  # the offer stays until the user has accepted or dismissed it
            return
        had_focus = self._has_focus()
        text = self._end_text
        if not text and len(self._running_jobs) == 1:
            (job,) = self._running_jobs
            progress = job_progress_text(job)
            text = tr("Batch job “{title}”: {progress}", title=job.title, progress=progress)
        elif not text and self._running_jobs:
            count = len(self._running_jobs)
            text = tr_plural("{count} batch job running", "{count} batch jobs running", count)
        self._bar.show_state(text, is_dismissable=bool(self._end_text))
        if had_focus and not self._has_focus():
            self._prompt.focus_text()  # otherwise, Qt focuses the button that removes a file

    def _has_focus(self) -> bool:
        return self._bar.show_button.hasFocus() or self._bar.dismiss_button.hasFocus()


def _offer_text(paths: Sequence[Path]) -> str:
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
