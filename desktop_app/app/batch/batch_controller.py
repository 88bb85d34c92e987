"""Batch jobs in the window: created, watched and reported.

This module is loaded at the start; it imports most others once there is a job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.window_activation import bring_to_front

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.batch.batch_choices import BatchChoices
    from desktop_app.app.batch.batch_files import BatchFiles
    from desktop_app.app.batch.batch_runs import BatchRuns
    from desktop_app.app.tasks import Tasks
    from desktop_app.domain.batch.batch_jobs import BatchItemSummary, BatchJob
    from desktop_app.services.batch.batch_service import BatchService
    from desktop_app.storage.batch.batch_store import BatchStore
    from desktop_app.ui.batch.batch_dialog import BatchDialog
    from desktop_app.ui.look.theme import ThemeWatcher
    from desktop_app.ui.window.cards.notifications import Notifications

REFRESH_MS: Final = 300  # between two refreshes, however many files of a job change
SLOW_REFRESH_MS: Final = 2000  # for a job with so many files that loading them takes a while
MANY_ITEMS: Final = 5000
BATCH_TOPIC: Final = "batch"


class BatchController(QObject):
    """Connection of the batch service with its dialog.

    Args:
        make_choices: returns the options of a new job.
        make_service: see `BatchRuns`.

    Signals:
        job_ended(BatchJob): a job has ended.
        jobs_shown(): the dialog shows all jobs.
        running_changed(list[BatchJob]): the jobs that were sent and have not ended.
        progressed(int, int): the number of finished files in running jobs, and of all their files.
    """

    job_ended = Signal(object)
    jobs_shown = Signal()
    running_changed = Signal(list)
    progressed = Signal(int, int)

    def __init__(
        self,
        parent: QWidget,
        theme: ThemeWatcher,
        files: BatchFiles,
        *,
        notifications: Notifications,
        tasks: Tasks,
        make_choices: Callable[[], BatchChoices],
        batch_store: Callable[[], BatchStore],
        make_service: Callable[[Callable[[str], None]], BatchService],
    ) -> None:
        super().__init__(parent)
        self._parent = parent
        self._theme = theme
        self._notifications = notifications
        self._files = files
        self._tasks = tasks
        self._make_choices = make_choices
        self._make_service = make_service
        self._batch_store = batch_store
        self._items: Sequence[BatchItemSummary] = ()
        self._items_job_id = ""
        self._dialog: BatchDialog | None = None
        self._is_refreshing = False
        self._is_stale = False
        self._timer = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._timer.timeout.connect(tasks.slot(self._refresh))

    @property
    def is_creating(self) -> bool:
        """Return True while the page that creates a job is open."""
        dialog = self._dialog
        return dialog is not None and dialog.isVisible() and dialog.page == "new"

    # -------------------------------------------------------------- made on first use

    @cached_property
    def runs(self) -> BatchRuns:
        """Return the tasks of running jobs."""
        from desktop_app.app.batch.batch_runs import BatchRuns

        runs = BatchRuns(self, self._make_service, tasks=self._tasks, store=self._batch_store())
        runs.job_changed.connect(lambda _: self._refresh_soon())
        runs.reading_progressed.connect(self._show_reading)
        runs.files_read.connect(self._on_files_read)
        runs.job_ended.connect(self._on_job_ended)
        runs.job_ended.connect(self.job_ended)
        return runs

    @cached_property
    def _choices(self) -> BatchChoices:
        return self._make_choices()

    def _get_dialog(self) -> BatchDialog:
        if self._dialog is not None:
            return self._dialog
        from desktop_app.app.batch.batch_requests import BatchRequests
        from desktop_app.ui.batch.batch_dialog import BatchDialog

        self._dialog = dialog = BatchDialog(self._theme.current, self._parent)
        self._theme.changed.connect(dialog.set_theme)
        dialog.new_job_requested.connect(self._show_new)
        dialog.job_requested.connect(self._tasks.slot(self._show_job))
        dialog.job_page.item_requested.connect(self._tasks.slot(self._show_item))
        BatchRequests(
            dialog,
            self.runs,
            self._files,
            choices=self._choices,
            store=self._batch_store(),
            tasks=self._tasks,
            show_job=self._show_job,
            refresh_soon=self._refresh_soon,
        )
        return dialog

    # -------------------------------------------------------------- start and end

    async def resume_jobs(self) -> None:
        """Continue jobs that an earlier window or a command has begun."""
        job_ids = await self._batch_store().open_ids()
        for job_id in job_ids:
            self.runs.resume(job_id)
        if job_ids:
            self._refresh_soon()

    def close(self) -> None:
        """Stop at the program's end."""
        self._timer.stop()
        if "runs" in self.__dict__:
            self.runs.close()

    def check_store(self) -> None:
        """Show jobs that another process has written, and continue the unfinished ones."""
        if self._dialog is not None or "runs" in self.__dict__:
            self._refresh_soon()
        self._tasks.start(self.resume_jobs())

    # -------------------------------------------------------------- pages

    def show(self) -> None:
        """Show all jobs."""
        dialog = self._get_dialog()
        dialog.show_list()
        bring_to_front(dialog)
        self.jobs_shown.emit()
        self._tasks.start(self._refresh())

    def begin(self, paths: Sequence[Path] = ()) -> None:
        """Show the page that creates a job, and add these files to those chosen earlier."""
        dialog = self._get_dialog()
        self._show_new()
        dialog.new_page.files.add_paths(paths)
        bring_to_front(dialog)

    def _show_new(self) -> None:
        from desktop_app.services.chat.prompt_library import SUMMARY

        page = self._get_dialog().new_page
        page.set_prompts(self._choices.prompt_options(), SUMMARY)
        providers = self._choices.provider_options()
        page.set_providers(providers, *self._choices.preselection(providers))
        self._get_dialog().show_new()

    async def _show_job(self, job_id: str) -> None:
        job = await self._batch_store().get(job_id)
        if job is None:
            return
        self._get_dialog().show_job(job)
        await self._show_items(job_id)

    async def _show_items(self, job_id: str) -> None:
        """Show the files of a job; a thread finds the items that have changed."""
        store = self._batch_store()
        dialog = self._get_dialog()
        items = await store.item_summaries(job_id)
        previous_items = self._items if self._items_job_id == job_id else None
        changed_rows = None
        if previous_items is not None and dialog.job_page.items.rowCount():
            changed_rows = await asyncio.to_thread(changed_range, previous_items, items)
        if dialog.job_page.job_id == job_id:
            self._items = items
            self._items_job_id = job_id
            dialog.job_page.set_items(items, changed_rows)
        is_slow = len(items) > MANY_ITEMS
        self._timer.setInterval(SLOW_REFRESH_MS if is_slow else REFRESH_MS)

    async def _show_item(self, job_id: str, number: int) -> None:
        item = await self._batch_store().item(job_id, number)
        dialog = self._get_dialog()
        selected_number = dialog.job_page.selected_number
        if item is not None and dialog.job_page.job_id == job_id and selected_number == number:
            dialog.job_page.show_item(item)

    def _refresh_soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    async def _refresh(self) -> None:
        """Show the state of all jobs; a call during another one has it repeated."""
        if self._is_refreshing:
            self._is_stale = True
            return
        self._is_refreshing = True
        try:
            jobs = await self._batch_store().all()
            running = [job for job in jobs if job.status.was_sent and not job.status.is_over]
            self.running_changed.emit(running)
            total = sum(job.counts.total for job in running)
            self.progressed.emit(sum(job.done for job in running), total)
            dialog = self._dialog
            if dialog is not None and dialog.isVisible():
                dialog.set_jobs(jobs)
                shown_job = next((job for job in jobs if job.id == dialog.job_page.job_id), None)
                if dialog.page == "job" and shown_job is not None:
                    dialog.job_page.show_job(shown_job)
                    await self._show_items(shown_job.id)
        finally:
            self._is_refreshing = False
        if self._is_stale:
            self._is_stale = False
            self._refresh_soon()

    # -------------------------------------------------------------- events of jobs

    def _show_reading(self, job_id: str, done: int, total: int) -> None:
        dialog = self._dialog
        if dialog is not None and dialog.job_page.job_id == job_id:
            dialog.job_page.show_reading(done, total)
        self._refresh_soon()

    def _on_files_read(self, job: BatchJob) -> None:
        """Notify that a job is ready to start, unless the dialog is visible."""
        self._refresh_soon()
        dialog = self._dialog
        if dialog is None or not dialog.isVisible():
            message = tr("Batch job “{title}” is ready to start.", title=job.title)
            actions = [(tr("Show"), lambda: self._show_from_notification(job.id))]
            self._notifications.notify(message, actions, topic=BATCH_TOPIC)

    def _on_job_ended(self, job: BatchJob) -> None:
        from desktop_app.domain.batch.batch_wording import job_result_text

        actions = [(tr("Show"), lambda: self._show_from_notification(job.id))]
        self._notifications.notify(job_result_text(job), actions, topic=BATCH_TOPIC)
        self._refresh_soon()

    def _show_from_notification(self, job_id: str) -> None:
        self.show()
        self._tasks.start(self._show_job(job_id))


def changed_range(
    old_items: Sequence[BatchItemSummary], new_items: Sequence[BatchItemSummary]
) -> tuple[int, int] | None:
    """Return the first and last index of items that differ, (0, -1) if all are equal.

    Return None if the numbers of items differ.
    """
    if len(old_items) != len(new_items):
        return None
    changed_indexes = [
        index
        for index, (old, new) in enumerate(zip(old_items, new_items, strict=True))
        if old != new
    ]
    return (changed_indexes[0], changed_indexes[-1]) if changed_indexes else (0, -1)
