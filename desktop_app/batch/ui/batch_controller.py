"""Batch jobs in the window: created, watched and reported in their dialog."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from PySide6.QtCore import QTimer

from desktop_app.app.session import Controller, Session
from desktop_app.backend.answer_settings import ask_settings
from desktop_app.backend.batch_wiring import batch_service, expand_paths, store_as_conversation
from desktop_app.batch.batch_wording import job_result_text
from desktop_app.batch.command.batch_output import write_report
from desktop_app.batch.ui.batch_bar import BatchBar
from desktop_app.batch.ui.batch_dialog import BatchPage
from desktop_app.batch.ui.batch_new_page import NewBatchJob
from desktop_app.domain import hints
from desktop_app.domain.batch_jobs import BatchJob, BatchStatus
from desktop_app.domain.error_note import error_from_note
from desktop_app.domain.errors import IllegalChoiceError, StorageError, UserFacingError
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.forms.form_dialog import ask

REFRESH_MS: Final = 300  # between two refreshes, however many files of a job change
SLOW_REFRESH_MS: Final = 2000  # for a job with so many files that loading them takes a while
MANY_ITEMS: Final = 5000
BATCH_TOPIC: Final = "batch"
CLAIM_RETRY_S: Final = 30.0
"""The time until the next step if another process runs the job, or the store fails."""


class BatchController(Controller):
    """The dialog of batch jobs: what the user requests there, and the state of the jobs.

    Attributes:
        bar: the bar above the prompt.
        session: the session of the window.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.session = session
        self._store = session.backend.batch_store
        self._service = batch_service(session.backend, lambda _job_id: self._refresh_soon())
        self._page = BatchPage(self._window, self)
        self._page.hide()
        self._running_requests: set[tuple[object, ...]] = set()
        self._is_refreshing = False
        self.bar = BatchBar(session, self)
        self._timer = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._timer.timeout.connect(self._tasks.slot(self._refresh))
        self._runs: dict[str, asyncio.Future[None]] = {}  # the running jobs, by id
        self._wake_events: dict[str, asyncio.Event] = {}

    @property
    def is_creating(self) -> bool:
        """Return True while the page that creates a job is open."""
        return self._page.isVisible() and self._page.page == "new"

    # -------------------------------------------------------------- start and end

    async def resume_jobs(self) -> None:
        """Continue jobs that an earlier window or a command has begun."""
        for job_id in await self._store.open_ids():
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
        self._page.show_list()
        self._window.show_page(self._page)
        self.bar.show_end(None)
        self._tasks.start(self._refresh())

    def begin(self, paths: Sequence[Path] = ()) -> None:
        """Show the page that creates a job, and add these files to those chosen earlier."""
        self.show_new()
        self._page.new_page.files.add_paths(paths)
        self._window.show_page(self._page)

    def show_new(self) -> None:
        """Show the page that creates a job."""
        self._page.new_page.refresh()
        self._page.show_new()

    def open_job(self, job_id: str) -> None:
        """Show a job."""
        self._tasks.start(self._show_job(job_id))

    async def _show_job(self, job_id: str) -> None:
        job = await self._store.get(job_id)
        if job is not None:
            self._page.show_job(job)
            await self._show_items(job_id)

    async def _show_items(self, job_id: str) -> None:
        items = await self._store.item_summaries(job_id)
        page = self._page.job_page
        if page.job_id == job_id:
            page.set_items(items)
        self._timer.setInterval(SLOW_REFRESH_MS if len(items) > MANY_ITEMS else REFRESH_MS)

    def load_item(self, job_id: str, number: int) -> None:
        """Show the answer of the file with this number, unless another was selected meanwhile."""

        async def load() -> None:
            item = await self._store.item(job_id, number)
            page = self._page.job_page
            if item is not None and (page.job_id, page.selected_number) == (job_id, number):
                page.show_item(item)

        self._tasks.start(load())

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
            jobs = await self._store.all()
            running = [job for job in jobs if job.status.was_sent and not job.status.is_over]
            self.bar.show_running(running)
            total = sum(job.counts.total for job in running)
            if (notifier := self.session.notifier) is not None:
                notifier.show_progress(sum(job.done for job in running), total)
            page = self._page
            if page.isVisible():
                page.set_jobs(jobs)
                shown_job = next((job for job in jobs if job.id == page.job_page.job_id), None)
                if page.page == "job" and shown_job is not None:
                    page.job_page.show_job(shown_job)
                    await self._show_items(shown_job.id)
        finally:
            self._is_refreshing = False

    # -------------------------------------------------------------- requests of the dialog

    def _run(self, work: Callable[[], Awaitable[None]], *request: object) -> None:
        """Run a request once at a time: a double click must not create two jobs.

        Its errors are shown in the dialog.
        """

        async def run() -> None:
            self._page.show_status("")
            try:
                await work()
            except UserFacingError as error:
                self._page.show_status(error)
            finally:
                self._running_requests.discard(request)
            self._refresh_soon()

        if request not in self._running_requests:
            self._running_requests.add(request)
            self._tasks.start(run())

    def create_job(self, new_job: NewBatchJob) -> None:
        """Create a job, and read its files."""

        async def create() -> None:
            profile = self._providers.get(new_job.choice.provider_id)
            if profile is None:
                raise IllegalChoiceError(N_("Provider removed."), hint=hints.CHOOSE_ANOTHER)
            job = await self._service.create(
                await expand_paths(new_job.paths),
                self._chat_service.resolve(profile, new_job.choice),
                new_job.task,
                settings,
                title=new_job.title,
                template_id=new_job.template_id,
            )
            self._page.new_page.clear_job(new_job)
            await self._show_job(job.id)
            self._resume(job.id)

        settings = ask_settings(self._values.all).for_one_answer()  # those at the click
        self._run(create, "create", new_job)

    def start_job(self, job_id: str) -> None:
        """Send a job that is ready."""

        async def start() -> None:
            await self._service.start(job_id)
            self._resume(job_id)

        self._run(start, "start", job_id)

    def ask_to_cancel(self, job_id: str) -> None:
        """Cancel a job; ask first if the provider has been working on it, perhaps for hours."""

        async def cancel() -> None:
            await self._stop_reading(job_id)
            job = await self._service.cancel(job_id)
            if not job.status.is_over:
                self._resume(job_id)

        async def ask_or_cancel() -> None:
            job = await self._store.get(job_id)
            if job is None or not job.status.was_sent:
                await cancel()
                return
            ask(
                self._page,
                "confirm-batch-cancelling",
                tr("Cancel this batch job?"),
                tr(
                    "Responses that are complete are kept. You can request the others in a new job."
                ),
                label=tr("Cancel job"),
                on_accepted=lambda: self._run(cancel, "cancel", job_id),
                cancel_label=tr("Keep running"),
            )

        self._run(ask_or_cancel, "ask", job_id)

    def retry_job(self, job_id: str) -> None:
        """Create a job of the files without an answer."""

        async def retry() -> None:
            job = await self._service.create_retry(job_id)
            await self._show_job(job.id)
            self._resume(job.id)

        self._run(retry, "retry", job_id)

    def ask_to_remove(self, job_id: str) -> None:
        """Remove a job that has ended, once the user has confirmed it."""

        async def remove() -> None:
            await self._service.remove(job_id)
            self._page.show_list()

        ask(
            self._page,
            "confirm-batch-removal",
            tr("Remove this batch job?"),
            tr("Its responses are deleted, too. This can’t be undone."),
            label=tr("Remove"),
            on_accepted=lambda: self._run(remove, "remove", job_id),
        )

    def export_results(self, job_id: str, format_: str, target: Path) -> None:
        """Write a job's report, "markdown" or "csv", to a file."""

        async def export() -> None:
            job = await self._store.get(job_id)
            if job is not None:
                await write_report(self._store, self.session.backend.catalog, job, format_, target)
                text = tr("Results exported to {file}.", file=str(target))
                self._page.show_status(text)

        self._run(export, "export", job_id, format_, target)

    def open_as_conversation(self, job_id: str, number: int) -> None:
        """Store the question and answer of a file as a conversation, and open it."""

        async def open_() -> None:
            job = await self._store.get(job_id)
            item = await self._store.item(job_id, number)
            if job is None or item is None:
                return
            id_ = await store_as_conversation(self._conversations, self._store, job, item)
            conversation = await self._conversations.get(id_)
            if conversation is not None:
                self.session.list_presenter.upsert(conversation)
                await self.session.navigator.open(id_)

        self._run(open_, "open", job_id, number)

    # -------------------------------------------------------------- running jobs

    def _resume(self, job_id: str) -> None:
        """Start a job's task, or end the pause of its running task."""
        if job_id in self._runs:
            self._wake_events[job_id].set()
            return
        self._wake_events[job_id] = asyncio.Event()
        self._runs[job_id] = self._tasks.start(self._run_job(job_id))

    async def _stop_reading(self, job_id: str) -> None:
        """Stop reading a job's files, if it is being prepared."""
        job = await self._store.get(job_id)
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
                await self._store.release(job_id)

    async def _run_step(self, job_id: str) -> float | None:
        """Run a job's next step.

        Return the seconds until the following step, None if there is none for now.
        """
        try:
            is_owner = await self._store.claim(job_id)
            job = await self._store.get(job_id)
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
            job = await self._store.get(job_id)
            if pause_s is None and job is not None:
                self._on_stopped(job)
        except StorageError:
            return CLAIM_RETRY_S
        return pause_s

    # -------------------------------------------------------------- events of jobs

    def _show_reading(self, job_id: str, done: int, total: int) -> None:
        if self._page.job_page.job_id == job_id:
            self._page.job_page.show_reading(done, total)
        self._refresh_soon()

    def _on_files_read(self, job: BatchJob) -> None:
        """Notify that a job is ready to start, unless the dialog is visible."""
        self._refresh_soon()
        if not self._page.isVisible():
            self._notify(job, tr("Batch job “{title}” is ready to start.", title=job.title))

    def _on_stopped(self, job: BatchJob) -> None:
        self._refresh_soon()
        if job.status.is_over:
            self._notify(job, job_result_text(job))
            self.bar.show_end(job)
            if (notifier := self.session.notifier) is not None:
                notifier.notify_batch_end(job)
        elif job.error:
            self._notifications.notify(error_from_note(job.error))

    def _notify(self, job: BatchJob, message: str) -> None:
        def show_job() -> None:
            self.show()
            self.open_job(job.id)

        actions = [(tr("Show"), show_job)]
        self._notifications.notify(message, actions, topic=BATCH_TOPIC)
