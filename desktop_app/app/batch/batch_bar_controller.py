"""The bar above the prompt: offers a batch job for many files, and shows the state of the jobs.

This module is loaded at the start; it imports most others once there is something to show.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.conversations.message_parts import part_id
from desktop_app.i18n.translation import tr, tr_plural

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.state.conversation.open_conversation import OpenConversation
    from desktop_app.app.state.draft.attachment_origins import AttachmentOrigins
    from desktop_app.app.state.providers import Providers
    from desktop_app.app.tasks import Tasks
    from desktop_app.domain.batch.batch_jobs import BatchJob
    from desktop_app.ui.batch.batch_bar import BatchBar
    from desktop_app.ui.composer.prompt_editor import PromptEditor
    from desktop_app.ui.look.theme import ThemeWatcher

MANY_FILES: Final = 10
"""The number of files from which a batch job is offered; an arbitrary number."""


class BatchBarController(QObject):
    """Controller of the bar. It shows an offer, or else a job that ended, or else running jobs.

    Args:
        add_above_prompt: shows a widget between the notifications and the prompt.

    Signals:
        reading_stop_requested(list[Path]): stop reading these files for the prompt.
        new_job_requested(list[Path]): create a job from these files.
        jobs_requested(): show all jobs.
    """

    reading_stop_requested = Signal(list)
    new_job_requested = Signal(list)
    jobs_requested = Signal()

    def __init__(
        self,
        parent: QObject,
        theme: ThemeWatcher,
        prompt: PromptEditor,
        *,
        add_above_prompt: Callable[[QWidget], None],
        current: OpenConversation,
        providers: Providers,
        origins: AttachmentOrigins,
        tasks: Tasks,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._prompt = prompt
        self._add_above_prompt = add_above_prompt
        self._current = current
        self._draft = current.draft
        self._providers = providers
        self._origins = origins
        self._tasks = tasks
        self._offered_paths: list[Path] = []
        self._draft_at_offer = Draft()
        self._end_text = ""
        self._running: Sequence[BatchJob] = ()
        self._ended_ids: set[str] = set()
        prompt.attach_requested.connect(self.offer)
        self._current.opened.connect(self._forget_offer)

    @cached_property
    def _bar(self) -> BatchBar:
        from desktop_app.ui.batch.batch_bar import BatchBar

        bar = BatchBar(self._theme.current)
        self._theme.changed.connect(bar.set_theme)
        bar.show_requested.connect(self._on_show_requested)
        bar.dismissed.connect(self._dismiss)
        self._add_above_prompt(bar)
        return bar

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
            self.jobs_requested.emit()
            return
        self.reading_stop_requested.emit(paths)  # the files must not go into the prompt
        # Files that had been attached before the offer stay, even if they are offered again.
        ids_at_offer = set(map(part_id, self._draft_at_offer.attachments))
        origins = self._origins.paths
        offered_paths = set(paths)
        remaining_parts = []
        for part in self._draft.value.attachments:
            id_ = part_id(part)
            if id_ in ids_at_offer or origins.get(id_) not in offered_paths:
                remaining_parts.append(part)
        self._draft.set_attachments(remaining_parts)
        self.new_job_requested.emit(paths)
        self._show_state()

    def _dismiss(self) -> None:
        if self._offered_paths:  # the offer may hide the end of a job, which the user has not seen
            self._offered_paths = []
        else:
            self._end_text = ""
        self._show_state()

    # -------------------------------------------------------------- state of the jobs

    def show_running(self, running: Sequence[BatchJob]) -> None:
        """Show the progress of these jobs, which were read from the store as running.

        A job whose end was shown since then is no longer running.
        """
        self._running = [job for job in running if job.id not in self._ended_ids]
        self._show_state()

    def show_end(self, job: BatchJob) -> None:
        """Show that a job has ended, until the user has seen it."""
        self._end_text = tr("Batch job “{title}” finished.", title=job.title)
        self._ended_ids.add(job.id)
        self.show_running(self._running)

    def forget_end(self) -> None:
        """Hide the end of a job, because the user has opened the list of jobs."""
        self._end_text = ""
        self._show_state()

    def _show_state(self) -> None:
        if self._offered_paths:  # the offer stays until the user has accepted or dismissed it
            return
        is_empty = not self._running and not self._end_text
        has_bar = "_bar" in self.__dict__  # reading the cached property would make the bar
        if is_empty and not has_bar:
            return
        had_focus = self._bar.has_focus
        if self._end_text:
            self._bar.show_state(self._end_text, is_dismissable=True)
        elif len(self._running) == 1:
            from desktop_app.domain.batch.batch_wording import job_progress_text

            (job,) = self._running
            progress = job_progress_text(job)
            self._bar.show_state(
                tr("Batch job “{title}”: {progress}", title=job.title, progress=progress)
            )
        else:
            count = len(self._running)
            running_text = tr_plural(
                "{count} batch job running", "{count} batch jobs running", count
            )
            self._bar.show_state(running_text if count else "")
        if had_focus and not self._bar.has_focus:
            self._prompt.focus_text()  # otherwise, Qt focuses the button that removes a file


def _offer_text(paths: Sequence[Path]) -> str:
    """Return the offer for these files and folders, "" for few files. Runs in a thread."""
    if not any(os.path.isdir(path) for path in paths):  # noqa: PTH112 — Path.is_dir may raise
        count = len(paths)
        offer = tr_plural(
            "Send {count} file as a batch job at half price?",
            "Send {count} files as a batch job at half price?",
            count,
        )
        return offer if count >= MANY_FILES else ""
    from desktop_app.backend.batch_wiring import has_at_least

    offer = tr("Send these files as a batch job at half price?")
    return offer if has_at_least(MANY_FILES, paths) else ""
