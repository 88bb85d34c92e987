"""Batch jobs in the window: created, watched and reported in their dialog."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer

from desktop_app.app.session import Session
from desktop_app.app.window.main_window import MainWindow
from desktop_app.backend.answer_settings import ask_settings
from desktop_app.batch.batch_wording import job_result_text
from desktop_app.batch.ui.batch_bar_controller import BatchBarController
from desktop_app.domain import hints
from desktop_app.domain.batch_jobs import BatchJob, BatchStatus
from desktop_app.domain.error_note import error_from_note
from desktop_app.domain.errors import IllegalChoiceError, StorageError, UserFacingError
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.library.ui.navigator import Navigator
from desktop_app.prompts.prompt_library import SUMMARY
from desktop_app.widgets.forms.form_dialog import ask

if TYPE_CHECKING:
    from desktop_app.batch.batch_service import BatchService
    from desktop_app.batch.ui.batch_dialog import BatchPage
    from desktop_app.batch.ui.batch_new_page import NewBatchJob

REFRESH_MS: Final = 300  # between two refreshes, however many files of a job change
SLOW_REFRESH_MS: Final = 2000  # for a job with so many files that loading them takes a while
MANY_ITEMS: Final = 5000
BATCH_TOPIC: Final = "batch"

_Handler = Callable[..., Coroutine[Any, Any, None]]


CLAIM_RETRY_S: Final = 30.0
"""The time until the next step if another process runs the job, or the store fails."""


class BatchController(QObject):
    """The dialog of batch jobs: what the user requests there, and the state of the jobs.

    Attributes:
        bar: the bar above the prompt.
    """

    def __init__(
        self, window: MainWindow, state: Session, navigator: Navigator, presenter: ListPresenter
    ) -> None:
        super().__init__(window)
        self._window = window
        self._state = state
        self._tasks = state.tasks
        self._navigator = navigator
        self._presenter = presenter
        self._dialog: BatchPage | None = None
        self._running_requests: set[tuple[_Handler, tuple[Any, ...]]] = set()
        self._is_refreshing = False
        self.bar = BatchBarController(window, state, begin=self.begin, show=self.show)
        self._timer = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._timer.timeout.connect(self._tasks.slot(self._refresh))
        self._runs: dict[str, asyncio.Future[None]] = {}  # the running jobs, by id
        self._wake_events: dict[str, asyncio.Event] = {}

    @property
    def is_creating(self) -> bool:
        """Return True while the page that creates a job is open."""
        dialog = self._dialog
        return dialog is not None and dialog.isVisible() and dialog.page == "new"

    def _get_dialog(self) -> BatchPage:
        if self._dialog is not None:
            return self._dialog
        from desktop_app.batch.ui.batch_dialog import BatchPage  # not needed at the start

        self._dialog = dialog = BatchPage(self._window)
        page = dialog.job_page
        dialog.new_job_requested.connect(self._show_new)
        dialog.job_requested.connect(self._tasks.slot(self._show_job))
        page.item_requested.connect(self._tasks.slot(self._show_item))
        page.remove_requested.connect(self._confirm_removal)
        for signal, handler in (
            (dialog.report_requested, self._export_results),
            (dialog.new_page.preparation_requested, self._create_job),
            (page.start_requested, self._start_job),
            (page.cancel_requested, self._offer_cancellation),
            (page.retry_requested, self._retry_job),
            (page.open_requested, self._open_as_conversation),
        ):
            signal.connect(lambda *values, handler=handler: self._run(handler, *values))
        return dialog

    # -------------------------------------------------------------- start and end

    async def resume_jobs(self) -> None:
        """Continue jobs that an earlier window or a command has begun."""
        for job_id in await self._state.backend.batch_store.open_ids():
            self._resume(job_id)
        self._refresh_soon()

    def close(self) -> None:
        """Stop at the program's end; jobs continue at their provider."""
        self._timer.stop()
        for task in self._runs.values():
            task.cancel()

    # -------------------------------------------------------------- pages

    def show(self) -> None:
        """Show all jobs."""
        dialog = self._get_dialog()
        dialog.show_list()
        self._window.show_page(dialog)
        self.bar.forget_end()
        self._tasks.start(self._refresh())

    def begin(self, paths: Sequence[Path] = ()) -> None:
        """Show the page that creates a job, and add these files to those chosen earlier."""
        self._show_new()
        dialog = self._get_dialog()
        dialog.new_page.files.add_paths(paths)
        self._window.show_page(dialog)

    def _show_new(self) -> None:
        from desktop_app.batch.ui import batch_choices  # it needs the dialog's modules

        page = self._get_dialog().new_page
        page.set_prompts(batch_choices.prompt_options(self._state), SUMMARY)
        providers = batch_choices.provider_options(self._state)
        page.set_providers(providers, *batch_choices.preselection(self._state, providers))
        self._get_dialog().show_new()

    async def _show_job(self, job_id: str) -> None:
        job = await self._state.backend.batch_store.get(job_id)
        if job is not None:
            self._get_dialog().show_job(job)
            await self._show_items(job_id)

    async def _show_items(self, job_id: str) -> None:
        items = await self._state.backend.batch_store.item_summaries(job_id)
        page = self._get_dialog().job_page
        if page.job_id == job_id:
            page.set_items(items)
        self._timer.setInterval(SLOW_REFRESH_MS if len(items) > MANY_ITEMS else REFRESH_MS)

    async def _show_item(self, job_id: str, number: int) -> None:
        item = await self._state.backend.batch_store.item(job_id, number)
        page = self._get_dialog().job_page
        if item is not None and (page.job_id, page.selected_number) == (job_id, number):
            page.show_item(item)

    def _refresh_soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    async def _refresh(self) -> None:
        """Show the state of all jobs."""
        if self._is_refreshing:
            self._refresh_soon()
            return
        self._is_refreshing = True
        try:
            jobs = await self._state.backend.batch_store.all()
            running = [job for job in jobs if job.status.was_sent and not job.status.is_over]
            self.bar.show_running(running)
            total = sum(job.counts.total for job in running)
            if (notifier := self._state.notifier) is not None:
                notifier.show_progress(sum(job.done for job in running), total)
            dialog = self._dialog
            if dialog is not None and dialog.isVisible():
                dialog.set_jobs(jobs)
                shown_job = next((job for job in jobs if job.id == dialog.job_page.job_id), None)
                if dialog.page == "job" and shown_job is not None:
                    dialog.job_page.show_job(shown_job)
                    await self._show_items(shown_job.id)
        finally:
            self._is_refreshing = False

    # -------------------------------------------------------------- requests of the dialog

    def _run(self, handler: _Handler, *values: Any) -> None:
        """Run a request once at a time: a double click must not create two jobs."""
        request = (handler, values)
        if request not in self._running_requests:
            self._running_requests.add(request)
            self._tasks.start(self._run_reporting(*request))

    async def _run_reporting(self, handler: _Handler, values: tuple[Any, ...]) -> None:
        """Run a request, and show its errors in the dialog."""
        dialog = self._get_dialog()
        dialog.show_status("")
        try:
            await handler(*values)
        except UserFacingError as error:
            dialog.show_status(error)
        finally:
            self._running_requests.discard((handler, values))
        self._refresh_soon()

    async def _create_job(self, new_job: NewBatchJob) -> None:
        from desktop_app.backend.batch_wiring import expand_paths
        from desktop_app.batch.ui.batch_choices import resolve

        resolved = resolve(self._state, new_job)
        if resolved is None:
            raise IllegalChoiceError(N_("Provider removed."), hint=hints.CHOOSE_ANOTHER)
        settings = ask_settings(self._state.values.all).for_one_answer()  # those at the click
        job = await self._service.create(
            await expand_paths(new_job.paths),
            resolved,
            new_job.task,
            settings,
            title=new_job.title,
            template_id=new_job.template_id,
        )
        self._get_dialog().new_page.clear_job(new_job)
        await self._show_job(job.id)
        self._resume(job.id)

    async def _start_job(self, job_id: str) -> None:
        await self._service.start(job_id)
        self._resume(job_id)

    async def _offer_cancellation(self, job_id: str) -> None:
        """Cancel a job; ask first if the provider has been working on it, perhaps for hours."""
        job = await self._state.backend.batch_store.get(job_id)
        if job is None or not job.status.was_sent:
            await self._cancel(job_id)
            return
        ask(
            self._get_dialog(),
            "confirm-batch-cancelling",
            tr("Cancel this batch job?"),
            tr("Responses that are complete are kept. You can request the others in a new job."),
            label=tr("Cancel job"),
            on_accepted=lambda: self._run(self._cancel, job_id),
            cancel_label=tr("Keep running"),
        )

    async def _cancel(self, job_id: str) -> None:
        await self._stop_reading(job_id)
        job = await self._service.cancel(job_id)
        if not job.status.is_over:
            self._resume(job_id)

    async def _retry_job(self, job_id: str) -> None:
        job = await self._service.create_retry(job_id)
        await self._show_job(job.id)
        self._resume(job.id)

    def _confirm_removal(self, job_id: str) -> None:
        ask(
            self._get_dialog(),
            "confirm-batch-removal",
            tr("Remove this batch job?"),
            tr("Its responses are deleted, too. This can’t be undone."),
            label=tr("Remove"),
            on_accepted=lambda: self._run(self._remove, job_id),
        )

    async def _remove(self, job_id: str) -> None:
        await self._service.remove(job_id)
        self._get_dialog().show_list()

    async def _export_results(self, job_id: str, format_: str, target: Path) -> None:
        from desktop_app.batch.command.batch_output import write_report

        store = self._state.backend.batch_store
        job = await store.get(job_id)
        if job is not None:
            await write_report(store, self._state.backend.catalog, job, format_, target)
            text = tr("Results exported to {file}.", file=str(target))
            self._get_dialog().show_status(text)

    async def _open_as_conversation(self, job_id: str, number: int) -> None:
        """Store the question and answer of a file as a conversation, and open it."""
        from desktop_app.backend.batch_wiring import store_as_conversation

        backend = self._state.backend
        job = await backend.batch_store.get(job_id)
        item = await backend.batch_store.item(job_id, number)
        if job is None or item is None:
            return
        id_ = await store_as_conversation(backend.conversations, backend.batch_store, job, item)
        conversation = await backend.conversations.get(id_)
        if conversation is not None:
            self._presenter.upsert(conversation)
            await self._navigator.open(id_)

    # -------------------------------------------------------------- running jobs

    @cached_property
    def _service(self) -> BatchService:
        """Return the batch service."""
        from desktop_app.backend.batch_wiring import batch_service  # not needed at the start

        return batch_service(self._state.backend, lambda _job_id: self._refresh_soon())

    def _resume(self, job_id: str) -> None:
        """Start a job's task, or end the pause of its running task."""
        if job_id in self._runs:
            self._wake_events[job_id].set()
            return
        self._wake_events[job_id] = asyncio.Event()
        self._runs[job_id] = self._tasks.start(self._run_job(job_id))

    async def _stop_reading(self, job_id: str) -> None:
        """Stop reading a job's files, if it is being prepared."""
        job = await self._state.backend.batch_store.get(job_id)
        task = self._runs.get(job_id)
        if job is not None and job.status is BatchStatus.PREPARING and task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _run_job(self, job_id: str) -> None:
        try:
            wake_event = self._wake_events[job_id]
            while (pause_s := await self._run_step(job_id)) is not None:
                with suppress(TimeoutError):  # the pause is over
                    await asyncio.wait_for(wake_event.wait(), pause_s)
                wake_event.clear()
        finally:
            self._runs.pop(job_id, None)
            self._wake_events.pop(job_id, None)
            with suppress(StorageError):  # the claim also ends with this process
                await self._state.backend.batch_store.release(job_id)

    async def _run_step(self, job_id: str) -> float | None:
        """Run a job's next step.

        Return the seconds until the following step, None if there is none for now.
        """
        store = self._state.backend.batch_store
        try:
            is_owner = await store.claim(job_id)
            job = await store.get(job_id)
            if job is None:
                return None
            if not is_owner:
                self._refresh_soon()
                return None if job.status.is_over else CLAIM_RETRY_S
            if job.status is BatchStatus.PREPARING:
                job = await self._service.prepare(
                    job_id, lambda *counts: self._show_reading(job_id, *counts)
                )
                if job.status is BatchStatus.READY:
                    self._on_files_read(job)
                return None
            pause_s = await self._service.advance(job_id)
            job = await store.get(job_id)
            if pause_s is None and job is not None:
                self._on_stopped(job)
        except StorageError:
            return CLAIM_RETRY_S
        return pause_s

    # -------------------------------------------------------------- events of jobs

    def _show_reading(self, job_id: str, done: int, total: int) -> None:
        dialog = self._dialog
        if dialog is not None and dialog.job_page.job_id == job_id:
            dialog.job_page.show_reading(done, total)
        self._refresh_soon()

    def _on_files_read(self, job: BatchJob) -> None:
        """Notify that a job is ready to start, unless the dialog is visible."""
        self._refresh_soon()
        if self._dialog is None or not self._dialog.isVisible():
            self._notify(job, tr("Batch job “{title}” is ready to start.", title=job.title))

    def _on_stopped(self, job: BatchJob) -> None:
        self._refresh_soon()
        if job.status.is_over:
            self._notify(job, job_result_text(job))
            self.bar.show_end(job)
            if (notifier := self._state.notifier) is not None:
                notifier.notify_batch_end(job)
        elif job.error:
            self._window.notifications.notify(error_from_note(job.error))

    def _notify(self, job: BatchJob, message: str) -> None:
        def show_job() -> None:
            self.show()
            self._tasks.start(self._show_job(job.id))

        actions = [(tr("Show"), show_job)]
        self._window.notifications.notify(message, actions, topic=BATCH_TOPIC)
