"""Tables: what a page and a command do with them.

    create, add, add_rows             a table and its rows; files are read and checked first
    change                            columns, names, settings
    set_values, clear, remove_rows …  changes by hand, which `put_back` undoes
    plan                              reads the documents; what a run would cost. Nothing is sent
    run_now                           asks cells; ends when all are answered, or at Stop
    start_batch, advance              asks cells by tomorrow, at half price
    recover                           what a killed process has left: call it before showing a table

The store (`store`) gives rows, cells and totals to show; `listeners` hear what has changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop_app.chat.prompt_assembly import question_parts
from desktop_app.domain import errors
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
    new_id,
    now,
)
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.graphemes import shorten
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.jobs.batch_jobs import file_at
from desktop_app.tables.answer_fields import value_in
from desktop_app.tables.batch_run import BatchRuns
from desktop_app.tables.cell_request import CellRequest, cell_request
from desktop_app.tables.former_cells import FormerCells
from desktop_app.tables.judging import Judge
from desktop_app.tables.live_run import AT_ONCE, LiveRun
from desktop_app.tables.planning import Planner
from desktop_app.tables.row_files import OnProgress, RowFiles
from desktop_app.tables.stored_cells import WHOLE_VALUES, CellId, NewValue, cells_of
from desktop_app.tables.table import (
    Cells,
    Column,
    NewRow,
    Question,
    Run,
    RunMode,
    RunProgress,
    RunStatus,
    Table,
)
from desktop_app.tables.table_source import expand_paths, has_lines, read_lines, rows_of_files
from desktop_app.tables.table_store import TableStore
from desktop_app.tables.values import Value

if TYPE_CHECKING:
    from desktop_app.budget.budget import Budget
    from desktop_app.budget.ledger import Ledger
    from desktop_app.chat.attachments.image_scaling import ImageScaler
    from desktop_app.chat.chat_service import ChatService
    from desktop_app.chat.conversation_store import ConversationStore
    from desktop_app.chat.utility_model import UtilityModel
    from desktop_app.documents.store.attachment_store import AttachmentStore
    from desktop_app.documents.token_counting import ProviderTokenCounter
    from desktop_app.documents.worker.document_worker import DocumentWorker
    from desktop_app.domain.prompt_delimiter import DelimiterFactory
    from desktop_app.library.folder_store import FolderStore
    from desktop_app.providers.gateway.provider_gateway import ProviderGateway
    from desktop_app.providers.models.choice_resolution import ProviderModels, ResolvedChoice
    from desktop_app.providers.ports import ChatAttachments, MessageStore

Profiles = Callable[[], Awaitable[Sequence[ProviderProfile]]]
_NAMED_FILES: Final = 5
_SHOWN_CHARS: Final = 60


@dataclass
class TableParts:
    """What the service is made of; see `services`.

    Attributes:
        chat_with: returns a service that answers, and stores its messages in a store.
        resolve: returns the model and effort that serve a choice.
        scratch: the folder for files to upload, which have no name there.
    """

    store: TableStore
    documents: DocumentWorker
    attachments: AttachmentStore
    chat_with: Callable[[MessageStore, ChatAttachments], ChatService]
    resolve: Callable[[ProviderProfile, ModelChoice], ResolvedChoice]
    conversations: ConversationStore
    folders: FolderStore
    gateway: ProviderGateway
    profiles: Profiles
    models_of: Callable[[ProviderProfile], ProviderModels]
    counter: ProviderTokenCounter
    budget: Budget
    ledger: Ledger
    utility_model: UtilityModel
    delimiters: DelimiterFactory
    images: ImageScaler
    scratch: Path

    @property
    def judge(self) -> Judge:
        return Judge(self.ledger, self.utility_model, self.delimiters)


class TableService:
    """Tables, their runs and their batches.

    Attributes:
        store: their rows, cells and totals.
        listeners: called with the id of a table, and the cell that has changed; None for its rows,
            columns or runs.
        chosen, plan: what a run would ask and cost: see `Planner`.
    """

    def __init__(self, parts: TableParts) -> None:
        self.store = parts.store
        self.listeners: list[Callable[[str, CellId | None], object]] = []
        self._parts = parts
        self._live: dict[str, LiveRun] = {}
        self._batches = BatchRuns(parts, self._on_change)
        self._files = RowFiles(parts)
        self._planner = Planner(parts, self._files)
        self.chosen, self.plan = self._planner.chosen, self._planner.plan

    def _on_change(self, table_id: str, cell: CellId | None = None) -> None:
        for listener in self.listeners:
            listener(table_id, cell)

    # -- tables

    async def create(
        self, name: str, columns: Sequence[Column] = (), rows: Sequence[NewRow] = ()
    ) -> Table:
        """Store a table with rows; one that a kill leaves incomplete is in the trash."""
        moment = now()
        table = Table(new_id(), name.strip() or tr("New table"), moment, moment, tuple(columns))
        await self.store.save(replace(table, trashed_at=moment if rows else None))
        if rows:
            await self.store.add_rows(table.id, rows)
            await self.store.set_trashed(table.id, is_trashed=False)
        self._on_change(table.id)
        return await self.get(table.id)

    async def change(self, table_id: str, change: Callable[[Table], Table]) -> Table:
        """Save a table as `change` returns it, without losing another change; return it.

        Raises:
            IllegalChoiceError: the table was removed, or two columns have the same name.
        """
        table = await self.store.change(table_id, change)
        self._on_change(table_id)
        return _found(table)

    async def get(self, table_id: str) -> Table:
        """Return a table. Raises IllegalChoiceError if it was removed."""
        return _found(await self.store.get(table_id))

    async def set_trashed(self, table_id: str, *, is_trashed: bool) -> Table:
        """Move a table to the trash, or back; return it.

        Raises:
            IllegalChoiceError: it is being asked, or it was removed.
        """
        if is_trashed:
            await self._require_end(table_id)
        table = await self.get(table_id)
        await self.store.set_trashed(table_id, is_trashed=is_trashed)
        self._on_change(table_id)
        return table

    async def delete(self, table_id: str) -> None:
        """Delete a table permanently. Raises IllegalChoiceError: it is being asked."""
        await self._require_end(table_id)
        await self.store.delete(table_id)
        self._on_change(table_id)

    async def _require_end(self, table_id: str) -> None:
        if await self.store.runs(table_id, is_open=True):
            raise errors.IllegalChoiceError(
                N_("The table is still being asked."), hint=N_("Stop that first.")
            )

    async def delete_unasked(self, table_id: str) -> None:
        """Delete a table that a command has made, unless something of it was asked."""
        if not await self.store.runs(table_id):
            await self.delete(table_id)

    async def recover(self) -> int:
        """End what a killed process has left; return how many cells it was asking."""
        return await self.store.recover(self._live)

    # -- rows

    async def add(
        self,
        table_id: str,
        paths: Sequence[Path],
        *,
        by_page: bool = False,
        on_progress: OnProgress | None = None,
        sheet: str = "",
        on_note: Callable[[str], object] = lambda _note: None,
    ) -> list[int]:
        """Add a row for each line of a spreadsheet, CSV or JSON, and for each other file.

        All are read and checked before the first is stored. Folders stand for the files in them,
        which are documents. Return the ids of the rows.

        Args:
            by_page: a row for each page, slide, sheet or chapter of a document, which is read for
                that.
            sheet: of a workbook; "" for the first with cells.
            on_note: gets sentences on what was left out or changed.

        Raises:
            IllegalChoiceError: there is no file or no line, or a line is wrong.
            DocumentError: a workbook cannot be read.
        """
        rows = await self.read_rows(
            paths, by_page=by_page, on_progress=on_progress, sheet=sheet, on_note=on_note
        )
        return await self.add_rows(table_id, rows)

    async def read_rows(
        self,
        paths: Sequence[Path],
        *,
        by_page: bool = False,
        on_progress: OnProgress | None = None,
        sheet: str = "",
        on_note: Callable[[str], object] = lambda _note: None,
    ) -> list[NewRow]:
        """Return the rows of files, of which nothing is stored yet: see `add`."""
        rows: list[NewRow] = []
        documents: list[Path] = []
        for path in paths:
            if not await asyncio.to_thread(has_lines, path):
                documents.append(path)
                continue
            found = await read_lines(path, self._parts.documents, sheet)
            rows += found.rows
            for note in found.notes:
                on_note(note)
        if documents:
            files = rows_of_files(await expand_paths(documents))
            rows += await self._files.by_page(files, on_progress) if by_page else files
        if not rows:
            raise errors.IllegalChoiceError(N_("There are no files."), hint=N_("Add at least one."))
        return rows

    async def add_rows(self, table_id: str, rows: Sequence[NewRow]) -> list[int]:
        """Add rows, such as typed ones; return their ids."""
        ids = await self.store.add_rows(table_id, rows)
        self._on_change(table_id)
        return ids

    async def set_values(
        self, table: Table, values: Sequence[tuple[CellId, str, str]]
    ) -> FormerCells:
        """Set values by hand, each by its cell, part and text; return what the cells had.

        Data are edited, answers are corrected and marked so.

        Raises:
            IllegalChoiceError: one of the cells is being asked, or a value is not of the type of
                its field.
        """
        asked = {column.id: column.question for column in table.questions}
        new = []
        for cell, part, text in values:
            question = asked.get(cell.column_id)
            value = text if question is None else _corrected(question, part, text)
            new.append(NewValue(cell, part, value, question is not None))
        former = await self.store.set_values(new)
        self._on_change(table.id, new[0].cell if len(new) == 1 else None)
        return former

    async def clear(self, table_id: str, cells: Sequence[CellId]) -> FormerCells:
        """Empty cells that are not being asked; return what they had."""
        former = await self.store.clear(cells)
        self._on_change(table_id)
        return former

    async def remove_rows(self, table_id: str, row_ids: Sequence[int]) -> FormerCells:
        """Remove rows. Raises IllegalChoiceError: one of them is being asked."""
        former = await self.store.remove_rows(row_ids)
        self._on_change(table_id)
        return former

    async def remove_column(self, table_id: str, column_id: str) -> FormerCells:
        """Remove a column. Raises IllegalChoiceError: it is being asked."""
        former = await self.store.remove_column(column_id)
        self._on_change(table_id)
        return former

    async def put_back(self, table_id: str, former: FormerCells) -> None:
        """Undo a change by hand; answers that came since stay."""
        await self.store.put_back(former)
        self._on_change(table_id)

    # -- runs

    async def run_now(
        self,
        table: Table,
        cells: Cells,
        *,
        at_once: int = AT_ONCE,
        listen: Callable[[RunProgress], object] = lambda _progress: None,
        on_progress: OnProgress | None = None,
    ) -> Run:
        """Ask cells now; return the run at its end. Cancel the task, or call `stop`, to stop it.

        Cells that cannot be asked, such as those of an unreadable document, fail with the reason.

        Args:
            listen: called with the progress.
            on_progress: called while documents are read.

        Raises:
            SpendingCapError: the monthly limit has no room for all; nothing was sent.
            UserFacingError: as `plan`; nothing was sent.
        """
        measured = await self._planner.measure(table, cells, RunMode.NOW, on_progress)
        asked = await asyncio.to_thread(cells_of, measured.chosen)
        profiles = {profile.id: profile for profile in await self._parts.profiles()}
        async with AsyncExitStack() as holds:
            shares, estimate = await self._planner.hold(measured, holds)
            run = Run(
                new_id(),
                table.id,
                RunMode.NOW,
                RunStatus.RUNNING,
                now(),
                len(asked),
                estimate=estimate,
            )
            live = LiveRun(
                self._parts,
                profiles,
                table,
                run,
                shares,
                listen,
                lambda cell: self._on_change(table.id, cell),
                most_at_once=at_once,
                asks_equal=cells.asks_equal,
                notices=_notices_of(measured.gone),
            )
            self._live[run.id] = live  # at once: `recover` would end a run that is not there
            try:
                waiting = await self.store.begin_run(run, asked)
                self._on_change(table.id)
                return await live.ask(waiting)
            finally:
                del self._live[run.id]
                self._on_change(table.id)

    async def stop(self, run_id: str) -> None:
        """Stop a run: one of this process at once, one of another or a batch as soon as it looks.

        Answers that are complete are kept, and results of a batch that it has so far are fetched.
        """
        live = self._live.get(run_id)
        if live is not None:
            live.stop()
        else:
            await self.store.cancel_run(run_id)
            await self.resume(run_id)

    async def resume(self, run_id: str) -> None:
        """Let a run continue that a restore has paused."""
        run = await self.store.run(run_id)
        if run is not None and run.status is RunStatus.PAUSED:
            await self.store.save_run(replace(run, status=RunStatus.SENT))

    # -- by tomorrow

    async def start_batch(
        self, table: Table, cells: Cells, on_progress: OnProgress | None = None
    ) -> Run:
        """Store a run that is answered by tomorrow; `advance` sends it and gets its answers.

        Raises:
            SpendingCapError: the monthly limit has no room for all; nothing is sent.
            UserFacingError: as `plan`.
        """
        measured = await self._planner.measure(table, cells, RunMode.BATCH, on_progress)
        costs = [await self._planner.costs(asked, RunMode.BATCH) for asked in measured.asked]
        run = await self._batches.start(
            table,
            [
                (asked.column, asked.resolved, asked.cells, cost.answers)
                for asked, cost in zip(measured.asked, costs, strict=True)
            ],
            measured.refused,
        )
        self._on_change(table.id)
        return run

    async def advance(self, run_id: str) -> float | None:
        """Do the next step of a batch run. Return the seconds until the next call.

        Return None if it is over, or another process does it. Its errors are stored with it.

        Raises:
            StorageError: the store fails; the call can be repeated.
        """
        if not await self.store.claim(run_id):
            return None
        try:
            return await self._batches.advance(run_id)
        finally:
            await asyncio.shield(self.store.release(run_id))

    async def open_batches(self) -> list[Run]:
        """Return the batch runs that any process may advance."""
        runs = [run for run in await self.store.runs(is_open=True) if run.mode is RunMode.BATCH]
        return [run for run in reversed(runs) if run.status is not RunStatus.PAUSED]

    # -- a cell

    async def request(self, table: Table, cell: CellId) -> CellRequest:
        """Return what is asked of a cell. Raises IllegalChoiceError as a run would."""
        window = await self.store.window([cell.row_id], WHOLE_VALUES)
        column = table.column(cell.column_id)
        if column is None or not window.rows:
            raise errors.IllegalChoiceError(N_("The cell no longer exists."))
        return cell_request(table, column, window.rows[0], window.cells[cell.row_id])

    async def conversation_of(self, table: Table, place: CellId) -> str:
        """Store a cell's question and answer as a conversation, once; return its id.

        Raises:
            IllegalChoiceError: it has no answer.
            StorageError: the store cannot be read or written.
        """
        cell = await self.store.cell(*place)
        if not cell.answer:
            raise errors.IllegalChoiceError(N_("This cell has no response."))
        stored_id, conversations = cell.conversation_id, self._parts.conversations
        if stored_id and await conversations.get(stored_id) is not None:
            return stored_id
        request = await self.request(table, place)
        row = await self.store.row(place.row_id)
        moment = now()
        choice = request.question.choice
        folders = await self._parts.folders.all()
        has_folder = any(folder.id == request.question.folder_id for folder in folders)
        conversation = Conversation(
            id=new_id(),
            title=f"{row.name if row else ''}: {table.name}",
            created_at=moment,
            updated_at=moment,
            choice=choice,
            folder_id=request.question.folder_id if has_folder else None,
        )
        question = Message(
            id=new_id(),
            conversation_id=conversation.id,
            parent_id=None,
            role=Role.USER,
            status=MessageStatus.COMPLETE,
            parts=question_parts(request.draft, request.question.passages),
            created_at=moment,
            choice=choice,
        )
        answer = Message(
            id=new_id(),
            conversation_id=conversation.id,
            parent_id=question.id,
            role=Role.ASSISTANT,
            status=MessageStatus.COMPLETE,
            parts=(TextPart(cell.answer),),
            created_at=moment,
            choice=choice,
            usage=cell.usage,
            cost=cell.cost,
            answered_by=cell.answered_by,
        )
        # In this order: if the second step does not happen, because the program ends, the recorded
        # id leads nowhere, and the next call replaces it. In the other order, the next call would
        # store a second conversation.
        await self.store.record_conversation(place, conversation.id)
        await conversations.begin_turn(conversation, question, answer)
        return conversation.id


def _corrected(question: Question, part: str, text: str) -> Value | str:
    """Return a value that the user gives to an answer: one of the field's type, if it has one."""
    field = next((each for each in question.fields if each.name == part), None)
    if field is None:
        return text
    value = value_in(field, text)
    if value is None:
        raise errors.IllegalChoiceError(
            N_("“{text}” isn’t a value of “{name}” ({type})."),
            hint=N_("Choose one of: {known}.") if field.choices else "",
            text=shorten(text, _SHOWN_CHARS),
            name=field.name,
            type=tr(field.type.text),
            known=", ".join(field.choices),
        )
    return value


def _notices_of(gone: Sequence[str]) -> list[str]:
    """Return what is told of files that are gone."""
    if not gone:
        return []
    names = ", ".join(file_at(path).name for path in gone[:_NAMED_FILES])
    more = "…" if len(gone) > _NAMED_FILES else ""
    return [tr("Files that are gone are asked about as last read: {names}", names=names + more)]


def _found(table: Table | None) -> Table:
    if table is None:
        raise errors.IllegalChoiceError(N_("The table no longer exists."))
    return table
