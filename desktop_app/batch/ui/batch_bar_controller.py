"""The bar above the prompt: offers a batch job for many files, and shows the state of the jobs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from desktop_app.app.session import Session
from desktop_app.app.window.main_window import MainWindow
from desktop_app.batch.batch_wording import job_progress_text
from desktop_app.batch.ui.batch_bar import BatchBar
from desktop_app.domain.batch_jobs import BatchJob
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.conversations.message_parts import part_id
from desktop_app.i18n.translation import tr, tr_plural

MANY_FILES: Final = 10
"""The number of files from which a batch job is offered; an arbitrary number."""


class BatchBarController(QObject):
    """Controller of the bar. It shows an offer, or else a job that ended, or else running jobs.

    Args:
        begin: begins a job with these files.
        show: shows all jobs.

    Signals:
        reading_stop_requested(list[Path]): stop reading these files for the prompt.
    """

    reading_stop_requested = Signal(list)

    def __init__(
        self,
        window: MainWindow,
        state: Session,
        *,
        begin: Callable[[Sequence[Path]], None],
        show: Callable[[], None],
    ) -> None:
        super().__init__(window)
        self._begin_job = begin
        self._show_jobs = show
        self._prompt = window.prompt
        self._state = state
        self._current = state.current
        self._offered_paths: list[Path] = []
        self._draft_at_offer = Draft()
        self._end_text = ""
        self._running: Sequence[BatchJob] = ()
        self._bar = BatchBar()
        window.pane.add_above_prompt(self._bar)
        self._bar.show_requested.connect(self._on_show_requested)
        self._bar.dismissed.connect(self._dismiss)
        self._current.opened.connect(self._forget_offer)

    # -------------------------------------------------------------- many files at once

    def offer(self, paths: Sequence[Path]) -> None:
        """Offer a batch job for many files: a request for each file, at half price."""
        if any(profile.has_batches for profile in self._state.providers.all):
            # The draft of now: the files themselves are read into it while the offer is prepared.
            draft = self._current.draft.value
            self._state.tasks.start(self._offer_many(list(paths), draft))

    async def _offer_many(self, paths: list[Path], draft: Draft) -> None:
        opened_id = self._current.id
        offer = await asyncio.to_thread(_offer_text, paths)
        if offer and self._current.id == opened_id:
            self._offered_paths = paths
            self._draft_at_offer = draft
            self._bar.offer(offer)

    def forget_offer_in(self, conversation_id: str) -> None:
        """Dismiss the offer if it is in this conversation, because its files were sent."""
        if conversation_id == self._current.id:
            self._forget_offer()

    def _forget_offer(self) -> None:
        if self._offered_paths:
            self._dismiss()

    def _on_show_requested(self) -> None:
        """Accept the offer, or show all jobs if there is none."""
        paths = self._offered_paths
        self._offered_paths = []
        if not paths:
            self._show_jobs()
            return
        self.reading_stop_requested.emit(paths)  # the files must not go into the prompt
        # Files that had been attached before the offer stay, even if they are offered again.
        ids_at_offer = set(map(part_id, self._draft_at_offer.attachments))
        origins = self._state.origins.paths
        self._current.draft.set_attachments(
            [
                part
                for part in self._current.draft.value.attachments
                if part_id(part) in ids_at_offer or origins.get(part_id(part)) not in set(paths)
            ]
        )
        self._begin_job(paths)
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
        self._running = running
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
        had_focus = self._bar.has_focus
        text = self._end_text
        if not text and len(self._running) == 1:
            (job,) = self._running
            progress = job_progress_text(job)
            text = tr("Batch job “{title}”: {progress}", title=job.title, progress=progress)
        elif not text and self._running:
            count = len(self._running)
            text = tr_plural("{count} batch job running", "{count} batch jobs running", count)
        self._bar.show_state(text, is_dismissable=bool(self._end_text))
        if had_focus and not self._bar.has_focus:
            self._prompt.focus_text()  # otherwise, Qt focuses the button that removes a file


def _offer_text(paths: Sequence[Path]) -> str:
    """Return the offer for these files and folders, "" for few files. Runs in a thread."""
    from desktop_app.backend.batch_wiring import has_at_least  # not needed at the start

    if not has_at_least(MANY_FILES, paths):
        return ""
    if any(os.path.isdir(path) for path in paths):  # noqa: PTH112 — Path.is_dir may raise
        return tr("Send these files as a batch job at half price?")
    return tr_plural(
        "Send {count} file as a batch job at half price?",
        "Send {count} files as a batch job at half price?",
        len(paths),
    )
