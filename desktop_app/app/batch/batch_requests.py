"""Runs what the user requests in the dialog of batch jobs."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from desktop_app.domain import hints
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.widgets.forms.question import ask

if TYPE_CHECKING:
    from desktop_app.app.batch.batch_choices import BatchChoices
    from desktop_app.app.batch.batch_files import BatchFiles
    from desktop_app.app.batch.batch_runs import BatchRuns
    from desktop_app.app.tasks import Tasks
    from desktop_app.storage.batch.batch_store import BatchStore
    from desktop_app.ui.batch.batch_dialog import BatchDialog
    from desktop_app.ui.batch.batch_new_page import NewBatchJob


class BatchRequests(QObject):
    """The requests of the dialog; each runs once at a time and shows its errors there.

    Args:
        show_job: shows a job in the dialog.
        refresh_soon: shows the state of all jobs again.
    """

    def __init__(
        self,
        dialog: BatchDialog,
        runs: BatchRuns,
        files: BatchFiles,
        *,
        choices: BatchChoices,
        store: BatchStore,
        tasks: Tasks,
        show_job: Callable[[str], Coroutine[Any, Any, None]],
        refresh_soon: Callable[[], None],
    ) -> None:
        super().__init__(dialog)
        self._dialog = dialog
        self._runs = runs
        self._choices = choices
        self._store = store
        self._tasks = tasks
        self._show_job = show_job
        self._refresh_soon = refresh_soon
        self._running_requests: set[tuple[Callable[..., object], tuple[Any, ...]]] = set()
        dialog.report_requested.connect(tasks.slot(self._export_results))
        dialog.new_page.preparation_requested.connect(self._slot(self._create_job))
        page = dialog.job_page
        page.start_requested.connect(self._slot(self._start_job))
        page.cancel_requested.connect(self._slot(self._offer_cancellation))
        page.retry_requested.connect(self._slot(self._retry_job))
        page.remove_requested.connect(self._confirm_removal)
        page.open_requested.connect(
            self._slot(partial(self._show_in_window, files.open_as_conversation))
        )
        page.chunked_reading_requested.connect(
            self._slot(partial(self._show_in_window, files.read_in_parts))
        )

    def _slot(self, handler: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
        return lambda *arguments: self._run(handler, *arguments)

    def _run(self, handler: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> None:
        """Run a request of the dialog once at a time, and show its errors there."""
        request = (handler, arguments)
        if request not in self._running_requests:  # a double click must not create two jobs
            self._running_requests.add(request)
            self._tasks.start(self._run_reporting(*request))

    async def _run_reporting(
        self, handler: Callable[..., Coroutine[Any, Any, None]], arguments: tuple[Any, ...]
    ) -> None:
        self._dialog.show_status("")
        try:
            await handler(*arguments)
        except UserFacingError as error:
            self._dialog.show_status(error)
        finally:
            self._running_requests.discard((handler, arguments))
        self._refresh_soon()

    async def _create_job(self, new_job: NewBatchJob) -> None:
        from desktop_app.backend.batch_wiring import expand_paths

        resolved = self._choices.resolve(new_job)
        if resolved is None:
            raise IllegalChoiceError(N_("Provider removed."), hint=hints.CHOOSE_ANOTHER)
        settings = self._choices.settings  # those at the click
        job = await self._runs.service.create(
            await expand_paths(new_job.paths),
            resolved,
            new_job.task,
            settings,
            title=new_job.title,
            template_id=new_job.template_id,
        )
        self._dialog.new_page.clear_job(new_job)
        await self._show_job(job.id)
        self._runs.resume(job.id)

    async def _start_job(self, job_id: str) -> None:
        await self._runs.service.start(job_id)
        self._runs.resume(job_id)

    async def _offer_cancellation(self, job_id: str) -> None:
        """Cancel a job; ask first if the provider has been working on it, perhaps for hours."""
        job = await self._store.get(job_id)
        if job is None or not job.status.was_sent:
            await self._cancel(job_id)
            return
        ask(
            self._dialog,
            "confirm-batch-cancelling",
            tr("Cancel this batch job?"),
            tr("Responses that are complete are kept. You can request the others in a new job."),
            label=tr("Cancel job"),
            on_accepted=lambda: self._run(self._cancel, job_id),
            cancel_label=tr("Keep running"),
        )

    async def _cancel(self, job_id: str) -> None:
        await self._runs.stop_reading(job_id)
        job = await self._runs.service.cancel(job_id)
        if not job.status.is_over:
            self._runs.resume(job_id)

    async def _retry_job(self, job_id: str) -> None:
        job = await self._runs.service.create_retry(job_id)
        await self._show_job(job.id)
        self._runs.resume(job.id)

    def _confirm_removal(self, job_id: str) -> None:
        ask(
            self._dialog,
            "confirm-batch-removal",
            tr("Remove this batch job?"),
            tr("Its responses are deleted, too. This can’t be undone."),
            label=tr("Remove"),
            on_accepted=lambda: self._run(self._remove, job_id),
        )

    async def _remove(self, job_id: str) -> None:
        await self._runs.service.remove(job_id)
        self._dialog.show_list()

    async def _export_results(self, job_id: str, format_: str, target: Path) -> None:
        from desktop_app.cli.batch.batch_output import write_report

        dialog, store = self._dialog, self._store
        job = await store.get(job_id)
        if job is None:
            return
        try:
            await write_report(store, self._choices.catalog, job, format_, target)
        except UserFacingError as error:
            dialog.show_status(error)
        else:
            dialog.show_status(tr("Results exported to {file}.", file=str(target)))

    async def _show_in_window(
        self, show: Callable[[str, int], Coroutine[Any, Any, bool]], job_id: str, number: int
    ) -> None:
        """Show a file in the window, and hide the dialog unless the file is gone."""
        if await show(job_id, number):
            self._dialog.hide()
