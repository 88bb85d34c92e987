"""The page of batch jobs, with subpages for the list, a new job and a single job."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from desktop_app.app.activity import ActivityRow, Phase
from desktop_app.app.session import DIALOG_OBSTACLE, Session
from desktop_app.backend.answer_settings import ask_settings
from desktop_app.batch.batch_wording import job_progress_text, job_result_text
from desktop_app.batch.command.batch_output import write_report
from desktop_app.batch.services import batch_service, batch_store, store_as_conversation
from desktop_app.batch.ui.batch_bar import BatchBar
from desktop_app.batch.ui.batch_job_page import BatchJobPage
from desktop_app.batch.ui.batch_new_page import BatchNewPage, NewBatchJob
from desktop_app.composer.dropped_content import FileDropFilter, accept_copy, files_in
from desktop_app.domain import hints
from desktop_app.domain.error_note import error_from_note
from desktop_app.domain.errors import IllegalChoiceError, StorageError, UserFacingError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.library.ui.navigator import Navigator
from desktop_app.providers.jobs.batch_jobs import BatchJob, BatchStatus
from desktop_app.tables.table_source import expand_paths
from desktop_app.widgets.boxes import DIALOG_MARGINS, SPRING, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.forms.form_dialog import ask
from desktop_app.widgets.forms.form_widgets import Note, Tone
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.rows.table_model import ProportionalTable, TableModel
from desktop_app.widgets.text.foreign_text import PlainLabel, announce, spoken_text
from desktop_app.widgets.windows import scroll_area_of

REFRESH_MS: Final = 300  # between two refreshes, however many files of a job change
SLOW_REFRESH_MS: Final = 2000  # for a job with so many files that loading them takes a while
MANY_ITEMS: Final = 5000
BATCH_TOPIC: Final = "batch"
CLAIM_RETRY_S: Final = 30.0
"""The time until the next step if another process runs the job, or the store fails."""
_INTRODUCTION: Final = N_(
    "A batch job sends the same message with each of many files, at half price. "
    "Responses arrive within 24 hours, even if Repartee is closed."
)
_PAGES: Final = ("list", "new", "job")
_COLUMN_SHARES: Final = (0.18, 0.26, 0.4, 0.16)


class BatchJobModel(TableModel[BatchJob]):
    """Every job, newest first."""

    has_cell_tooltips = True

    def __init__(self) -> None:
        super().__init__((N_("Job"), N_("Started"), N_("Status"), N_("Cost")), number_columns=(3,))

    def row_of(self, job_id: str) -> int:
        """Return the row of a job; -1 if it is not in the table."""
        return next((row for row, job in enumerate(self.rows) if job.id == job_id), -1)

    def cell_text(self, row: BatchJob, column: int) -> str:
        started = (row.started_at or row.created_at).astimezone()
        return (
            row.title,
            tr("{day}, {time}", day=formatting.short_date(started), time=formatting.time(started)),
            job_progress_text(row),
            formatting.money(row.counts.cost) if row.counts.cost else "",
        )[column]


class BatchPage(QWidget):
    """The page of batch jobs: what the user requests there, and the state of the jobs.

    Attributes:
        session: the session of the window.
        bar: the bar above the prompt.
        new_page: the page for a new job.
        job_page: the page of a single job.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self.session = session
        self._store = session.backend.of(batch_store)
        self._service = batch_service(session.backend, lambda _job_id: self._refresh_soon())
        self._running_requests: set[tuple[object, ...]] = set()
        self._is_refreshing = False
        self._timer = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._timer.timeout.connect(lambda: session.tasks.start(self._refresh()))
        self._runs: dict[str, asyncio.Future[None]] = {}  # the running jobs, by id
        self._wake_events: dict[str, asyncio.Event] = {}
        self.bar = BatchBar(session, self)
        self.setObjectName("batch-jobs")
        self.setWindowTitle(tr("Batch jobs"))
        self.setAcceptDrops(True)
        self.new_page = BatchNewPage(self)
        self.job_page = BatchJobPage(self)
        self.jobs = BatchJobModel()
        self.table = ProportionalTable(self.jobs, _COLUMN_SHARES)
        self.table.setObjectName("batch-list")
        self.table.setAccessibleName(tr("Batch jobs"))
        self.new_button = dialog_button(tr("New batch job…"), "batch-new-job", "primary")
        introduction = PlainLabel(tr(_INTRODUCTION), role="note", wraps=True)
        introduction.setObjectName("batch-introduction")
        self.status_note = Note(object_name="batch-words")
        top = Qt.AlignmentFlag.AlignTop
        head = row_of((introduction, 1), SPRING, (self.new_button, top), spacing=12)
        head.setAlignment(introduction, top)
        jobs_page = QWidget()
        column_of(head, (self.table, 1), parent=jobs_page, margins=0, spacing=12)
        self._stack = QStackedWidget()
        for page in (jobs_page, scroll_area_of(self.new_page), scroll_area_of(self.job_page)):
            self._stack.addWidget(page)  # in the order of _PAGES
        FileDropFilter(self._stack)
        rows = ((self._stack, 1), self.status_note)
        column_of(*rows, parent=self, margins=DIALOG_MARGINS, spacing=10)
        self.new_button.clicked.connect(lambda: self.show_new())
        self.table.activated.connect(self._open_job)
        self.table.clicked.connect(self._open_job)
        self.new_page.back_button.clicked.connect(self.show_list)
        self.job_page.back_button.clicked.connect(self.show_list)
        self.update_theme()
        self.hide()
        for signal in (session.events.store_changed, session.events.woke):
            signal.connect(self._refresh_soon)
        session.end_steps.append(self.end)
        session.rebuild_obstacles.append(self._rebuild_obstacle)

    def _rebuild_obstacle(self) -> str:
        return tr(DIALOG_OBSTACLE) if self.is_creating else ""

    @property
    def is_creating(self) -> bool:
        """Return True while the page that creates a job is open."""
        return self.isVisible() and self.page == "new"

    # -------------------------------------------------------------- start and end

    async def resume_jobs(self) -> None:
        """Continue jobs that an earlier window or a command has begun."""
        for job_id in await self._store.open_ids():
            self._resume(job_id)
        self._refresh_soon()

    def end(self) -> None:
        """Stop at the program's end; jobs continue at their provider."""
        self._timer.stop()
        for task in self._runs.values():
            task.cancel()

    # -------------------------------------------------------------- pages

    def show_jobs(self, job_id: str = "") -> None:
        self.session.window.show_page(self)  # first, because a hidden page gets no focus
        self.show_list()
        self.bar.show_end(None)
        if job_id:
            self.open_job(job_id)
        self.session.tasks.start(self._refresh())

    def begin(self, paths: Sequence[Path] = ()) -> None:
        """Show the page that creates a job, and add these files to those chosen earlier."""
        self.session.window.show_page(self)
        self.show_new()
        self.new_page.files.add_paths(paths)

    def show_new(self) -> None:
        """Show the page that creates a job."""
        self.new_page.refresh()
        self.show_status("")
        self._show_page("new")
        self.new_page.files.add_files_button.setFocus()

    @property
    def page(self) -> str:
        """Return the name of the shown page: "list", "new" or "job"."""
        return _PAGES[self._stack.currentIndex()]

    def _show_page(self, name: str) -> None:
        self._stack.setCurrentIndex(_PAGES.index(name))

    def show_list(self) -> None:
        self.show_status("")
        shown_row = self.jobs.row_of(self.job_page.job_id)
        self._show_page("list")
        if shown_row >= 0:  # -1: no job was shown, or it was deleted
            self.table.choose(self.jobs.index(shown_row, 0))
        (self.table if self.jobs.rowCount() else self.new_button).setFocus()

    def show_job(self, job: BatchJob) -> None:
        """Show a job, or update it if it is already shown."""
        is_other = self.page != "job" or self.job_page.job_id != job.id
        self.job_page.show_job(job)
        self._show_page("job")
        if is_other:
            self.show_status("")
            self.job_page.table.setFocus()

    def set_jobs(self, jobs: Sequence[BatchJob]) -> None:
        """Set all jobs, newest first; the current job stays current."""
        current = self.jobs.row_at(self.table.chosen_index)
        self.jobs.update_rows(jobs, lambda job: job.id)
        self.table.setVisible(bool(jobs))
        if jobs and self.page == "list" and not self.table.chosen_index.isValid():
            row = 0 if current is None else max(0, self.jobs.row_of(current.id))
            self.table.choose(self.jobs.index(row, 0))
            if self.new_button.hasFocus():
                self.table.setFocus()

    def show_status(self, message: UserFacingError | str) -> None:
        """Show a message at the bottom; "" hides it."""
        text = message if isinstance(message, str) else message.sentences
        tone: Tone = "note" if isinstance(message, str) else "error"
        self.status_note.setAccessibleName(spoken_text(text))
        self.status_note.set_text(text, tone, is_result=True)

    def open_job(self, job_id: str) -> None:
        """Show a job."""
        self.session.tasks.start(self._show_job(job_id))

    async def _show_job(self, job_id: str) -> None:
        job = await self._store.get(job_id)
        if job is not None:
            self.show_job(job)
            await self._show_items(job_id)

    async def _show_items(self, job_id: str) -> None:
        items = await self._store.item_summaries(job_id)
        page = self.job_page
        if page.job_id == job_id:
            page.set_items(items)
        self._timer.setInterval(SLOW_REFRESH_MS if len(items) > MANY_ITEMS else REFRESH_MS)

    def load_item(self, job_id: str, number: int) -> None:
        """Show the answer of the file with this number, unless another was selected meanwhile."""

        async def load() -> None:
            item = await self._store.item(job_id, number)
            page = self.job_page
            if item is not None and (page.job_id, page.selected_number) == (job_id, number):
                page.show_item(item)

        self.session.tasks.start(load())

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
            done = sum(job.done for job in running)
            self.session.events.progressed.emit(done / total if total else 1.0)
            self.session.events.activity_changed.emit("")
            if self.isVisible():
                self.set_jobs(jobs)
                shown_job = next((job for job in jobs if job.id == self.job_page.job_id), None)
                if self.page == "job" and shown_job is not None:
                    self.job_page.show_job(shown_job)
                    await self._show_items(shown_job.id)
        finally:
            self._is_refreshing = False

    async def activity(self) -> list[ActivityRow]:
        """Return a row for each job."""
        return [self._activity_of(job) for job in await self._store.all()]

    def _activity_of(self, job: BatchJob) -> ActivityRow:
        is_running = job.status.was_sent and not job.status.is_over
        return ActivityRow(
            f"batch:{job.id}",
            job.title,
            tr("Batch job"),
            job_progress_text(job),
            Phase.OVER if job.status.is_over else Phase.RUNNING,
            job.started_at or job.created_at,
            partial(self.show_jobs, job.id),
            progress=job.done / max(1, job.counts.total) if is_running else None,
            has_failed=bool(job.error) or (job.status.is_over and bool(job.counts.unsuccessful)),
        )

    # -------------------------------------------------------------- requests of the dialog

    def request(self, work: Callable[..., Awaitable[None]], *arguments: object) -> None:
        """Do one of the following once at a time: a double click must not create two jobs.

        Its errors are shown in the dialog.
        """
        request = (work, *arguments)

        async def run() -> None:
            self.show_status("")
            try:
                await work(*arguments)
            except UserFacingError as error:
                self.show_status(error)
            finally:
                self._running_requests.discard(request)
            self._refresh_soon()

        if request not in self._running_requests:
            self._running_requests.add(request)
            self.session.tasks.start(run())

    async def create_job(self, new_job: NewBatchJob) -> None:
        """Create a job, and read its files."""
        folder = self.session.folders.by_id.get(new_job.folder_id)
        # Those at the click.
        settings = ask_settings(self.session.values.all, folder=folder).for_one_answer()
        profile = self.session.providers.get(new_job.choice.provider_id)
        if profile is None:
            raise IllegalChoiceError(N_("Provider removed."), hint=hints.CHOOSE_ANOTHER)
        job = await self._service.create(
            await expand_paths(new_job.paths),
            self.session.backend.chat.resolve(profile, new_job.choice),
            new_job.task,
            settings,
            title=new_job.title,
            template_id=new_job.template_id,
            folder_id=new_job.folder_id,
        )
        self.new_page.clear_job(new_job)
        await self._show_and_run(job)

    async def start_job(self, job_id: str) -> None:
        """Send a job that is ready."""
        await self._service.start(job_id)
        self._resume(job_id)

    async def ask_to_cancel(self, job_id: str) -> None:
        """Cancel a job; ask first if the provider has been working on it, perhaps for hours."""
        job = await self._store.get(job_id)
        if job is None or not job.status.was_sent:
            await self._cancel(job_id)
            return
        ask(
            self,
            "confirm-batch-cancelling",
            tr("Cancel this batch job?"),
            tr("Responses that are complete are kept. You can request the others in a new job."),
            label=tr("Cancel job"),
            on_accepted=lambda: self.request(self._cancel, job_id),
            cancel_label=tr("Keep running"),
        )

    async def _cancel(self, job_id: str) -> None:
        job = await self._store.get(job_id)
        task = self._runs.get(job_id)
        if job is not None and job.status is BatchStatus.PREPARING and task is not None:
            task.cancel()  # it reads the files
            await asyncio.wait([task])
        job = await self._service.cancel(job_id)
        if not job.status.is_over:
            self._resume(job_id)

    async def retry_job(self, job_id: str) -> None:
        """Create a job of the files without an answer."""
        await self._show_and_run(await self._service.create_retry(job_id))

    def ask_to_remove(self, job_id: str) -> None:
        """Remove a job that has ended, once the user has confirmed it."""
        ask(
            self,
            "confirm-batch-removal",
            tr("Remove this batch job?"),
            tr("Its responses are deleted, too. This can’t be undone."),
            label=tr("Remove"),
            on_accepted=lambda: self.request(self._remove, job_id),
        )

    async def _remove(self, job_id: str) -> None:
        await self._service.remove(job_id)
        self.show_list()

    async def export_results(self, job_id: str, format_: str, target: Path) -> None:
        """Write a job's report, "markdown" or "csv", to a file."""
        job = await self._store.get(job_id)
        if job is not None:
            await write_report(self._store, self.session.backend.catalog, job, format_, target)
            self.show_status(tr("Results exported to {file}.", file=str(target)))

    async def open_as_conversation(self, job_id: str, number: int) -> None:
        """Store the question and answer of a file as a conversation, and open it."""
        job = await self._store.get(job_id)
        item = await self._store.item(job_id, number)
        if job is None or item is None:
            return
        conversations = self.session.backend.conversations
        if job.folder_id not in self.session.folders.by_id:
            job = replace(job, folder_id="")
        id_ = await store_as_conversation(conversations, self._store, job, item)
        conversation = await conversations.get(id_)
        if conversation is not None:
            self.session.of(ListPresenter).upsert(conversation)
            await self.session.of(Navigator).open(id_)

    async def _show_and_run(self, job: BatchJob) -> None:
        await self._show_job(job.id)
        self._resume(job.id)

    # -------------------------------------------------------------- running jobs

    def _resume(self, job_id: str) -> None:
        """Start a job's task, or end the pause of its running task."""
        if job_id in self._runs:
            self._wake_events[job_id].set()
            return
        self._wake_events[job_id] = asyncio.Event()
        self._runs[job_id] = self.session.tasks.start(self._run_job(job_id))

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

                def show_reading(done: int, total: int) -> None:
                    if self.job_page.job_id == job_id:
                        self.job_page.show_reading(done, total)
                    self._refresh_soon()

                job = await self._service.prepare(job_id, show_reading)
                self._refresh_soon()
                if job.status is BatchStatus.READY and not self.isVisible():
                    message = tr("Batch job “{title}” is ready to start.", title=job.title)
                    self._notify(job, message)
                return None
            pause_s = await self._service.advance(job_id)
            job = await self._store.get(job_id)
            if pause_s is None and job is not None:
                self._on_stopped(job)
        except StorageError:
            return CLAIM_RETRY_S
        return pause_s

    # -------------------------------------------------------------- events of jobs

    def _on_stopped(self, job: BatchJob) -> None:
        self._refresh_soon()
        if job.status.is_over:
            if self.isVisible() and self.page == "job" and self.job_page.job_id == job.id:
                announce(self, job_result_text(job))  # the page shows it already
            else:
                self._notify(job, job_result_text(job))
                self.bar.show_end(job)
            heading = tr("Batch job finished")
            self.session.events.notified.emit("batch.show", heading, job.title)
            self.session.events.activity_changed.emit(f"batch:{job.id}")
        elif job.error:
            self.session.window.notifications.notify(error_from_note(job.error))

    def _notify(self, job: BatchJob, message: str) -> None:
        actions = [(tr("Show"), lambda: self.show_jobs(job.id))]
        self.session.window.notifications.notify(message, actions, topic=BATCH_TOPIC)

    # -------------------------------------------------------------- keys, drops, appearance

    def _open_job(self, index: QModelIndex) -> None:
        job = self.jobs.row_at(index)
        if job is not None:
            self.open_job(job.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Show the list on Esc, or close the page from there; open a job on Enter."""
        if event.key() == Qt.Key.Key_Escape and self.page != "list":
            self.show_list()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.table.hasFocus():
            self._open_job(self.table.chosen_index)
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if files_in(event.mimeData()):
            accept_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        paths = files_in(event.mimeData())
        accept_copy(event)
        if self.page != "new":
            self.show_new()
        self.new_page.files.add_paths(paths)

    def update_theme(self) -> None:
        theme = current_theme()
        self.table.verticalHeader().setDefaultSectionSize(theme.px(34))
