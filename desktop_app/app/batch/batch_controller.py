"""Batch jobs in the window: created, watched and reported.

This module is loaded at the start; it imports most others once there is a job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.window_activation import bring_to_front

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.batch.batch_files import BatchFiles
    from desktop_app.app.batch.batch_runs import BatchRuns
    from desktop_app.app.state.answer_setup import AnswerSetup
    from desktop_app.app.state.prompt_list import PromptList
    from desktop_app.app.tasks import Tasks
    from desktop_app.domain.batch.batch_jobs import BatchJob, BatchLine
    from desktop_app.domain.models.model_catalog import ModelCatalog
    from desktop_app.services.batch.batch_service import BatchService
    from desktop_app.services.chat.chat_service import ChatService
    from desktop_app.storage.batch.batch_store import BatchStore
    from desktop_app.ui.batch.batch_dialog import BatchDialog
    from desktop_app.ui.batch.batch_new_page import NewBatchJob
    from desktop_app.ui.look.theme import ThemeWatcher
    from desktop_app.ui.window.cards.notifications import Notifications

REFRESH_MS: Final = 300
SLOW_REFRESH_MS: Final = 2000  # for a job with so many files that loading its lines takes a while
MANY_LINES: Final = 5000
TOPIC: Final = "batch"


class BatchController(QObject):
    """Connection of the batch service with its dialog.

    Args:
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
        prompts: PromptList,
        *,
        notifications: Notifications,
        setup: AnswerSetup,
        tasks: Tasks,
        chat_service: ChatService,
        catalog: ModelCatalog,
        batch_store: Callable[[], BatchStore],
        make_service: Callable[[Callable[[str], None]], BatchService],
    ) -> None:
        super().__init__(parent)
        self._parent, self._theme = parent, theme
        self._notifications, self._files, self._prompts = notifications, files, prompts
        self._values, self._providers = setup.values, setup.providers
        self._setup, self._tasks = setup, tasks
        self._start = tasks.start
        self._chat_service, self._catalog = chat_service, catalog
        self._batch_store, self._make_service = batch_store, make_service
        self._lines: Sequence[BatchLine] = ()
        self._lines_job_id = ""
        self._dialog: BatchDialog | None = None
        self._running_requests: set[tuple[Callable[..., object], tuple[Any, ...]]] = set()
        self._is_refreshing = False
        self._is_stale = False
        self._timer = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._timer.timeout.connect(lambda: self._start(self._refresh()))

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

    def _get_dialog(self) -> BatchDialog:
        if self._dialog is not None:
            return self._dialog
        from desktop_app.ui.batch.batch_dialog import BatchDialog

        self._dialog = dialog = BatchDialog(self._theme.current, self._parent)
        self._theme.changed.connect(dialog.set_theme)
        dialog.new_job_requested.connect(self._show_new)
        dialog.job_requested.connect(lambda job_id: self._start(self._show_job(job_id)))
        dialog.report_requested.connect(lambda *given: self._start(self._export_results(*given)))
        dialog.new_page.preparation_requested.connect(
            lambda new_job: self._run_from_dialog(self._create_job, new_job)
        )
        page = dialog.job_page
        page.start_requested.connect(lambda job_id: self._run_from_dialog(self._start_job, job_id))
        page.cancel_requested.connect(
            lambda job_id: self._run_from_dialog(self._offer_cancellation, job_id)
        )
        page.retry_requested.connect(lambda job_id: self._run_from_dialog(self._retry_job, job_id))
        page.remove_requested.connect(self._ask_removal)
        page.item_requested.connect(lambda *at: self._start(self._show_item(*at)))
        files = self._files
        page.open_requested.connect(
            lambda *at: self._run_from_dialog(self._show_in_window, files.open_as_conversation, *at)
        )
        page.chunked_reading_requested.connect(
            lambda *at: self._run_from_dialog(self._show_in_window, files.read_in_parts, *at)
        )
        return dialog

    # -------------------------------------------------------------- start and end

    async def resume_jobs(self) -> None:
        """Continue jobs that an earlier window or a command has begun."""
        if await self._batch_store().open_ids():
            await self.runs.resume_all()
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
        self._start(self.resume_jobs())

    # -------------------------------------------------------------- pages

    def show(self) -> None:
        """Show all jobs."""
        dialog = self._get_dialog()
        dialog.show_list()
        bring_to_front(dialog)
        self.jobs_shown.emit()
        self._start(self._refresh())

    def begin(self, paths: Sequence[Path] = ()) -> None:
        """Show the page that creates a job, and add these files to those chosen earlier."""
        dialog = self._get_dialog()
        self._show_new()
        dialog.new_page.add_files(paths)
        bring_to_front(dialog)

    def _show_new(self) -> None:
        from desktop_app.app.batch.batch_choices import prompt_options, provider_options
        from desktop_app.services.chat.prompt_library import SUMMARY

        page = self._get_dialog().new_page
        page.set_prompts(prompt_options(self._prompts), SUMMARY)
        choice = self._setup.choice
        providers = provider_options(providers=self._providers, chat_service=self._chat_service)
        usable = (p for p in providers if p.id == choice.provider_id and not p.refusal)
        chosen = next(usable, providers[0] if providers else None)
        model = choice.model
        if choice.variant is not None:
            model = self._catalog.for_variant(choice.variant).id
        page.set_providers(providers, chosen.id if chosen else "", model, choice.effort)
        self._get_dialog().show_new()

    async def _show_job(self, job_id: str) -> None:
        job = await self._batch_store().get(job_id)
        if job is None:
            return
        self._get_dialog().show_job(job)
        await self._show_lines(job_id)

    async def _show_lines(self, job_id: str) -> None:
        """Show the files of a job; a thread finds the lines that have changed."""
        store = self._batch_store()
        dialog = self._get_dialog()
        lines = await store.lines(job_id)
        before = self._lines if self._lines_job_id == job_id else None
        changed = None
        if before is not None and dialog.job_page.lines.rowCount():
            changed = await asyncio.to_thread(changed_range, before, lines)
        if dialog.job_page.job_id == job_id:
            self._lines, self._lines_job_id = lines, job_id
            dialog.job_page.set_lines(lines, changed)
        is_slow = len(lines) > MANY_LINES
        self._timer.setInterval(SLOW_REFRESH_MS if is_slow else REFRESH_MS)

    async def _show_item(self, job_id: str, number: int) -> None:
        item = await self._batch_store().item(job_id, number)
        dialog = self._get_dialog()
        chosen = dialog.job_page.chosen_number
        if item is not None and dialog.job_page.job_id == job_id and chosen == number:
            dialog.job_page.show_item(item)

    def _refresh_soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    async def _refresh(self) -> None:
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
                shown = next((job for job in jobs if job.id == dialog.job_page.job_id), None)
                if dialog.page == "job" and shown is not None:
                    dialog.job_page.show_job(shown)
                    await self._show_lines(shown.id)
        finally:
            self._is_refreshing = False
        if self._is_stale:
            self._is_stale = False
            self._refresh_soon()

    # -------------------------------------------------------------- requests from the dialog

    def _run_from_dialog(
        self, handler: Callable[..., Coroutine[Any, Any, None]], *arguments: Any
    ) -> None:
        """Run a request of the dialog once at a time, and show its errors there."""
        request = (handler, arguments)
        if request not in self._running_requests:  # a double click must not create two jobs
            self._running_requests.add(request)
            self._start(self._run_reporting(*request))

    async def _run_reporting(
        self, handler: Callable[..., Coroutine[Any, Any, None]], arguments: tuple[Any, ...]
    ) -> None:
        dialog = self._get_dialog()
        dialog.show_status("")
        try:
            await handler(*arguments)
        except UserFacingError as error:
            dialog.show_status(error)
        finally:
            self._running_requests.discard((handler, arguments))
        self._refresh_soon()

    async def _create_job(self, new_job: NewBatchJob) -> None:
        from desktop_app.app.batch.batch_choices import resolve_new_job
        from desktop_app.backend.answer_settings import ask_settings
        from desktop_app.backend.batch_wiring import expand_paths

        resolved = resolve_new_job(
            new_job, providers=self._providers, chat_service=self._chat_service
        )
        if resolved is None:
            raise IllegalChoiceError(Reason.PROVIDER_REMOVED)
        settings = ask_settings(self._values.all).for_one_answer()
        job = await self.runs.service.create(
            await expand_paths(new_job.paths),
            resolved,
            new_job.task,
            settings,
            title=new_job.title,
            template_id=new_job.template_id,
        )
        dialog = self._get_dialog()
        dialog.new_page.clear_job(new_job)
        await self._show_job(job.id)
        self.runs.resume(job.id)

    async def _start_job(self, job_id: str) -> None:
        await self.runs.service.start(job_id)
        self.runs.resume(job_id)

    async def _offer_cancellation(self, job_id: str) -> None:
        """Cancel a job; ask first if the provider has been working on it, perhaps for hours."""
        job = await self._batch_store().get(job_id)
        if job is None or not job.status.was_sent:
            await self._cancel(job_id)
            return
        from desktop_app.ui.widgets.forms.question import ask

        ask(
            self._get_dialog(),
            "confirm-batch-cancelling",
            tr("Cancel this batch job?"),
            tr("Responses that are complete are kept. You can request the others in a new job."),
            label=tr("Cancel job"),
            on_accepted=lambda: self._run_from_dialog(self._cancel, job_id),
            cancel_label=tr("Keep running"),
        )

    async def _cancel(self, job_id: str) -> None:
        await self.runs.stop_reading(job_id)
        job = await self.runs.service.cancel(job_id)
        if not job.status.is_over:
            self.runs.resume(job_id)

    async def _retry_job(self, job_id: str) -> None:
        job = await self.runs.service.create_retry(job_id)
        await self._show_job(job.id)
        self.runs.resume(job.id)

    def _ask_removal(self, job_id: str) -> None:
        from desktop_app.ui.widgets.forms.question import ask

        ask(
            self._get_dialog(),
            "confirm-batch-removal",
            tr("Remove this batch job?"),
            tr("Its responses are deleted, too. This can’t be undone."),
            label=tr("Remove"),
            on_accepted=lambda: self._run_from_dialog(self._remove, job_id),
        )

    async def _remove(self, job_id: str) -> None:
        await self.runs.service.remove(job_id)
        self._get_dialog().show_list()

    async def _export_results(self, job_id: str, format_: str, target: Path) -> None:
        from desktop_app.cli.batch.batch_output import write_report

        dialog, store = self._get_dialog(), self._batch_store()
        job = await store.get(job_id)
        if job is None:
            return
        try:
            await write_report(store, self._catalog, job, format_, target)
        except UserFacingError as error:
            dialog.show_status(error)
        else:
            dialog.show_status(tr("Results exported to {file}.", file=str(target)))

    async def _show_in_window(
        self, show: Callable[[str, int], Coroutine[Any, Any, bool]], job_id: str, number: int
    ) -> None:
        """Show a file in the window, and hide the dialog unless the file is gone."""
        if await show(job_id, number):
            self._get_dialog().hide()

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
            words = tr("Batch job “{title}” is ready to start.", title=job.title)
            show = [(tr("Show"), lambda: self._show_from_notification(job.id))]
            self._notifications.notify(words, show, topic=TOPIC)

    def _on_job_ended(self, job: BatchJob) -> None:
        from desktop_app.domain.batch.batch_wording import result_words

        show = [(tr("Show"), lambda: self._show_from_notification(job.id))]
        self._notifications.notify(result_words(job), show, topic=TOPIC)
        self._refresh_soon()

    def _show_from_notification(self, job_id: str) -> None:
        self.show()
        self._start(self._show_job(job_id))


def changed_range(before: Sequence[BatchLine], now: Sequence[BatchLine]) -> tuple[int, int] | None:
    """Return the first and last index of lines that differ, (0, -1) if all are equal.

    Return None if the numbers of lines differ.
    """
    if len(before) != len(now):
        return None
    changed = [n for n, (old, new) in enumerate(zip(before, now, strict=True)) if old != new]
    return (changed[0], changed[-1]) if changed else (0, -1)
