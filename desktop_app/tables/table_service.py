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
import os
from array import array
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from desktop_app.budget.budget import HeldCall
from desktop_app.chat.attachments.image_attachments import require_image_input
from desktop_app.chat.cost_estimate import TypicalAnswers, typical_tokens
from desktop_app.chat.prompt_assembly import question_parts
from desktop_app.chat.send_context import accepted_parameters
from desktop_app.domain import errors, hints
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
from desktop_app.domain.conversations.message_parts import ChosenPages, DocumentPart, TextPart
from desktop_app.domain.cost import USUAL_ANSWER_TOKENS, CallCost
from desktop_app.domain.documents.document_sections import unit_of
from desktop_app.domain.error_note import note_from_error
from desktop_app.domain.spending_report import Purpose
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.jobs.batch_jobs import BATCH_TIER, batch_refusal, file_at
from desktop_app.tables.batch_run import BatchRuns
from desktop_app.tables.cell_request import (
    CellRequest,
    cell_request,
    judged_checks,
    likely_tokens,
    require_fit,
)
from desktop_app.tables.checks import MAX_JUDGE_TOKENS
from desktop_app.tables.former_cells import FormerCells
from desktop_app.tables.judging import Judge
from desktop_app.tables.live_run import AT_ONCE, LiveRun, Share
from desktop_app.tables.stored_cells import WHOLE_VALUES, CellId, NewValue, cells_of
from desktop_app.tables.table import (
    WHOLE,
    Cell,
    Cells,
    CellValue,
    Column,
    NewRow,
    Plan,
    Question,
    Row,
    Run,
    RunMode,
    RunProgress,
    RunStatus,
    Table,
)
from desktop_app.tables.table_source import expand_paths, has_lines, read_lines, rows_of_files
from desktop_app.tables.table_store import TableStore
from desktop_app.tables.template import asks_about_document, references, require_answerable

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
OnProgress = Callable[[int, int], object]
"""Called with the number of documents read and the number of all."""
_ROWS_AT_ONCE: Final = 50
_JUDGE_TOKENS: Final = 200
"""More than the instructions of a judge and the marks around its material have."""
_PLACEHOLDER: Final = {WHOLE: CellValue("?")}
"""In the place of an answer that comes in the same run."""


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


@dataclass
class _Asked:
    """The cells of a column that can be asked, and their tokens: as is likely, and the most."""

    column: Column
    resolved: ResolvedChoice
    rows: array[int] = field(default_factory=lambda: array("q"))
    tokens: array[int] = field(default_factory=lambda: array("q"))
    most_tokens: array[int] = field(default_factory=lambda: array("q"))
    judged: array[int] = field(default_factory=lambda: array("q"))
    """The most tokens of each judgment, without those of the answer."""

    @property
    def cells(self) -> list[CellId]:
        return [CellId(row_id, self.column.id) for row_id in self.rows]

    @property
    def max_output_tokens(self) -> int | None:
        assert self.column.question is not None
        parameters = self.column.question.overrides.parameters
        return accepted_parameters(parameters, self.resolved).max_output_tokens


class _Costs(NamedTuple):
    """The US dollars of cells; None if a price is unknown.

    Attributes:
        answers: without the judgments, which are asked now in any mode.
        usual, most: of all.
        now, now_most: of the same cells if they are asked now.
    """

    answers: Decimal | None
    usual: Decimal | None
    most: Decimal | None
    now: Decimal | None
    now_most: Decimal | None


@dataclass
class _Priced:
    """The cells that a run would ask, by column, and those that it cannot."""

    asked: list[_Asked]
    refused: list[tuple[CellId, errors.UserFacingError]]


class TableService:
    """Tables, their runs and their batches.

    Attributes:
        store: their rows, cells and totals.
        listeners: called with the id of a table, and the cell that has changed; None for its rows,
            columns or runs.
    """

    def __init__(self, parts: TableParts) -> None:
        self.store = parts.store
        self.listeners: list[Callable[[str, CellId | None], object]] = []
        self._parts = parts
        self._live: dict[str, LiveRun] = {}
        self._batches = BatchRuns(parts, self._on_change)

    def _on_change(self, table_id: str, cell: CellId | None = None) -> None:
        for listener in self.listeners:
            listener(table_id, cell)

    # -- tables

    async def create(self, name: str, columns: Sequence[Column] = ()) -> Table:
        moment = now()
        table = Table(new_id(), name.strip() or tr("New table"), moment, moment, tuple(columns))
        await self.store.save(table)
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
            rows += await self._rows_by_page(files, on_progress) if by_page else files
        if not rows:
            raise errors.IllegalChoiceError(N_("There are no files."), hint=N_("Add at least one."))
        return await self.add_rows(table_id, rows)

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
            IllegalChoiceError: one of the cells is being asked.
        """
        asked = {column.id for column in table.questions}
        new = [NewValue(*value, value[0].column_id in asked) for value in values]
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

    async def _rows_by_page(
        self, rows: Sequence[NewRow], on_progress: OnProgress | None
    ) -> list[NewRow]:
        found: list[NewRow] = []
        for number, new in enumerate(rows):
            if on_progress is not None:
                on_progress(number, len(rows))
            row = await self._read_documents(new.row)
            part = row.parts[0] if row.parts else None
            unit = unit_of(part) if isinstance(part, DocumentPart) else ""
            if not unit or not isinstance(part, DocumentPart) or not part.pages:
                found.append(NewRow(row))
                continue
            for page in range(1, part.pages + 1):
                chosen = ChosenPages(unit, ((page, page),), of=part.pages)
                found.append(
                    NewRow(
                        replace(
                            row,
                            name=f"{row.name}, {unit} {page}",
                            page=page,
                            parts=(replace(part, chosen=chosen),),
                        )
                    )
                )
        return found

    # -- documents

    async def read_documents(
        self, table_id: str, row_ids: Sequence[int] = (), on_progress: OnProgress | None = None
    ) -> None:
        """Read the documents of rows that were not read, or could not be read the last time.

        A row keeps why that failed. `row_ids` are () for all rows.

        Raises:
            StorageError: the store fails; the call can be repeated.
        """
        rows = await self.store.unread_rows(table_id, row_ids)
        for number, row in enumerate(rows):
            if on_progress is not None:
                on_progress(number, len(rows))
            await self.store.save_row(await self._read_documents(row))
        if on_progress is not None and rows:
            on_progress(len(rows), len(rows))
            self._on_change(table_id)

    async def _read_documents(self, row: Row) -> Row:
        try:
            parts = [await self._read_document(file_at(name)) for name in row.paths]
        except errors.StorageError:
            raise  # the store fails, not the file
        except errors.UserFacingError as error:
            if isinstance(error, errors.DocumentEncryptedError):
                error = error.with_hint(N_("Save a copy without a password and add that."))
            return replace(row, error=note_from_error(error))
        return replace(row, parts=tuple(parts), error=None)

    async def _read_document(self, path: Path) -> Any:
        # A stored path was free of links. If it is not any more, a link has replaced a file or
        # folder since, and would send another file than the user chose.
        if await asyncio.to_thread(os.path.realpath, path) != str(path):
            raise errors.DocumentError(
                N_("“{name}” isn’t a file."), hint=hints.CHECK_FILE, name=path.name
            )
        document = await self._parts.documents.extract(path, asks=True)
        return await self._parts.attachments.add_document(path, document)

    # -- before a run

    async def plan(
        self,
        table: Table,
        cells: Cells,
        mode: RunMode = RunMode.NOW,
        on_progress: OnProgress | None = None,
    ) -> Plan:
        """Return what a run would ask and cost, after reading the documents that it needs.

        Raises:
            IllegalChoiceError: a prompt names an unknown column or itself, nothing is to be asked,
                the provider is not set up, or has no batches.
            ProviderError, CredentialError: there is no key.
        """
        chosen = await self._chosen(table, cells, mode)
        priced = await self._priced(table, chosen, mode, on_progress)
        costs = [await self._costs(each, mode) for each in priced.asked]
        rows = await asyncio.to_thread(
            lambda: set[int]().union(*(each.rows for each in priced.asked))
        )
        return Plan(
            cells=sum(len(each.rows) for each in priced.asked),
            refused=priced.refused,
            input_tokens=sum(sum(each.tokens) for each in priced.asked),
            cost=_sum(each.usual for each in costs),
            most=_sum(each.most for each in costs),
            ordinary=_sum(each.now for each in costs),
            ordinary_most=_sum(each.now_most for each in costs),
            judgments=sum(len(each.judged) for each in priced.asked),
            rows=len(rows),
        )

    async def _chosen(
        self, table: Table, cells: Cells, mode: RunMode
    ) -> dict[int, tuple[str, ...]]:
        """Return the columns that are to be asked, by the ids of the rows in their order."""
        columns = [c for c in table.questions if not cells.columns or c.id in cells.columns]
        if not columns:
            raise errors.IllegalChoiceError(
                N_("The table has no question."), hint=N_("Add a column with a question.")
            )
        require_answerable(table, columns)
        chosen = await self.store.chosen_columns(table, cells)
        if not chosen:
            raise errors.IllegalChoiceError(N_("None of the cells is to be asked."))
        if mode is RunMode.BATCH:
            asked = {column_id for each in set(chosen.values()) for column_id in each}
            for column in columns:
                named = references(table, column.question) if column.question else []
                before = next((r.column for r in named if r.column.id in asked), None)
                if column.id in asked and before is not None:
                    raise errors.IllegalChoiceError(
                        N_("Column “{name}” needs the answers of “{before}”."),
                        hint=N_("Ask that column first."),
                        name=column.name,
                        before=before.name,
                    )
        return chosen

    async def _priced(
        self,
        table: Table,
        chosen: Mapping[int, tuple[str, ...]],
        mode: RunMode,
        on_progress: OnProgress | None = None,
    ) -> _Priced:
        wanted = {column_id for each in set(chosen.values()) for column_id in each}
        columns = [c for c in table.questions if c.id in wanted]
        row_ids = list(chosen)
        if any(c.question and asks_about_document(table, c.question) for c in columns):
            await self.read_documents(table.id, row_ids, on_progress)
        profiles = {profile.id: profile for profile in await self._parts.profiles()}
        asked: list[_Asked] = []
        for column in columns:
            assert column.question is not None
            resolved = await self._resolved(column, column.question, profiles, mode)
            asked.append(_Asked(column, resolved))
        pending = {}
        if mode is RunMode.NOW:
            pending = {a.column.id: a.resolved.longest_answer(a.max_output_tokens) for a in asked}
        refused: list[tuple[CellId, errors.UserFacingError]] = []
        for start in range(0, len(row_ids), _ROWS_AT_ONCE):
            window = await self.store.window(row_ids[start : start + _ROWS_AT_ONCE], WHOLE_VALUES)
            for each in asked:
                rows = [row for row in window.rows if each.column.id in chosen[row.id]]
                refused += await asyncio.to_thread(
                    self._measure, table, each, rows, window.cells, pending
                )
        return _Priced(asked, refused)

    def _measure(
        self,
        table: Table,
        asked: _Asked,
        rows: Sequence[Row],
        cells: Mapping[int, Mapping[str, Cell]],
        pending: Mapping[str, int],
    ) -> list[tuple[CellId, errors.UserFacingError]]:
        """Add the tokens of cells; return those that cannot be asked, with the reason.

        Args:
            pending: the columns that the run asks before, whose answers are not there yet, with
                the tokens of the longest.
        """
        refused: list[tuple[CellId, errors.UserFacingError]] = []
        column, question = asked.column, asked.column.question
        assert question is not None
        named = [r.column.id for r in references(table, question) if r.column.id in pending]
        for row in rows:
            place = CellId(row.id, column.id)
            own = dict(cells[row.id])
            for column_id in named:
                if column_id not in own or not own[column_id].values:
                    own[column_id] = Cell(row.id, column_id, values=_PLACEHOLDER)
            try:
                request = cell_request(table, column, row, own)
                require_image_input(request.draft.question_attachments, asked.resolved.model)
                tokens, most = likely_tokens(request, asked.resolved, self._parts.counter)
                tokens += len(named) * USUAL_ANSWER_TOKENS
                require_fit(tokens, asked.resolved)
            except errors.UserFacingError as error:
                refused.append((place, error))
                continue
            asked.rows.append(row.id)
            asked.tokens.append(tokens)
            asked.most_tokens.append(most + sum(pending[column_id] for column_id in named))
            for check in judged_checks(request):
                rubric = len(str(check.value).encode("utf-8", "surrogatepass"))
                asked.judged.append(asked.most_tokens[-1] + rubric + _JUDGE_TOKENS)
        return refused

    async def _resolved(
        self,
        column: Column,
        question: Question,
        profiles: Mapping[str, ProviderProfile],
        mode: RunMode,
    ) -> ResolvedChoice:
        profile = profiles.get(question.choice.provider_id)
        if profile is None:
            raise errors.IllegalChoiceError(
                N_("The provider of column “{name}” isn’t set up."),
                hint=N_("Choose another model for it."),
                name=column.name,
            )
        resolved = self._parts.resolve(profile, question.choice)
        if mode is RunMode.BATCH:
            if refusal := batch_refusal(profile, resolved.model):
                raise refusal
            await self._parts.gateway.batches(profile)  # only to fail without a key
            return resolved
        tier = accepted_parameters(question.overrides.parameters, resolved).service_tier
        await self._parts.gateway.provider(profile)  # only to fail without a key
        return replace(resolved, service_tier=tier)

    async def _costs(self, asked: _Asked, mode: RunMode) -> _Costs:
        """Return what a column's cells cost, with the judgments that follow.

        No answer costs more than `most`, if the provider counts no more tokens than its model
        allows.
        """
        resolved, limit = asked.resolved, asked.max_output_tokens
        typical: TypicalAnswers = await self._parts.ledger.typical_answers(resolved.profile.id)
        usual_tokens = typical_tokens(resolved, typical, limit)
        batch = replace(resolved, service_tier=BATCH_TIER)
        judge = self._parts.utility_model.model_for(Purpose.JUDGMENT, resolved)
        longest = resolved.longest_answer(limit)

        def sums(priced: ResolvedChoice) -> tuple[Decimal | None, Decimal | None]:
            usual = (priced.expected_cost(n, limit, usual_tokens) for n in asked.tokens)
            most = (priced.expected_cost(n, limit, usual_tokens) for n in asked.most_tokens)
            return _sum(cost and cost.usual for cost in usual), _sum(c and c.most for c in most)

        def judged() -> tuple[Decimal | None, Decimal | None]:
            mean = sum(asked.tokens) // max(1, len(asked.tokens)) + USUAL_ANSWER_TOKENS
            usual = judge.expected_cost(mean, MAX_JUDGE_TOKENS)
            most = (judge.expected_cost(n + longest, MAX_JUDGE_TOKENS) for n in asked.judged)
            return usual and usual.input * len(asked.judged), _sum(c and c.most for c in most)

        now = await asyncio.to_thread(sums, resolved)
        answers = await asyncio.to_thread(sums, batch) if mode is RunMode.BATCH else now
        verdicts = await asyncio.to_thread(judged) if asked.judged else (Decimal(0), Decimal(0))
        return _Costs(
            answers[0],
            *(_sum(pair) for pair in zip(answers, verdicts, strict=True)),
            *(_sum(pair) for pair in zip(now, verdicts, strict=True)),
        )

    # -- runs

    async def run_now(
        self,
        table: Table,
        cells: Cells,
        *,
        at_once: int = AT_ONCE,
        listen: Callable[[RunProgress], object] = lambda _progress: None,
        on_progress: OnProgress | None = None,
        purpose: Purpose = Purpose.TABLE,
    ) -> Run:
        """Ask cells now; return the run at its end. Cancel the task, or call `stop`, to stop it.

        Cells that cannot be asked, such as those of an unreadable document, fail with the reason.

        Args:
            listen: called with the progress.
            on_progress: called while documents are read.
            purpose: of the calls in the ledger.

        Raises:
            SpendingCapError: the monthly limit has no room for all; nothing was sent.
            UserFacingError: as `plan`; nothing was sent.
        """
        chosen = await self._chosen(table, cells, RunMode.NOW)
        priced = await self._priced(table, chosen, RunMode.NOW, on_progress)
        asked = await asyncio.to_thread(cells_of, chosen)
        profiles = {profile.id: profile for profile in await self._parts.profiles()}
        async with AsyncExitStack() as holds:
            shares, estimate = await self._hold(priced, holds)
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
                purpose=purpose,
            )
            self._live[run.id] = live  # at once: `recover` would end a run that is not there
            try:
                waiting = await self.store.begin_run(run, asked)
                self._on_change(table.id)
                return await live.ask(waiting)
            finally:
                del self._live[run.id]
                self._on_change(table.id)

    async def _hold(
        self, priced: _Priced, holds: AsyncExitStack
    ) -> tuple[dict[str, Share], Decimal | None]:
        """Hold the cost of all cells; return the shares by provider, and the cost of all."""
        by_provider: dict[str, list[tuple[_Asked, Decimal | None]]] = {}
        for asked in priced.asked:
            usual = (await self._costs(asked, RunMode.NOW)).usual
            resolved = asked.resolved
            await self._parts.budget.require_price(
                resolved.profile, resolved.model, resolved.counted_price
            )
            by_provider.setdefault(resolved.profile.id, []).append((asked, usual))
        calls, counts = [], []
        for each in by_provider.values():
            total = _sum(usual for _, usual in each)
            cost = None if total is None else CallCost.fixed(total)
            calls.append(HeldCall(each[0][0].resolved.profile, cost))
            counts.append(max(1, sum(len(asked.rows) for asked, _ in each)))
        shares: dict[str, Share] = {}
        for call, hold, count in zip(
            calls, await self._parts.budget.hold_all(calls), counts, strict=True
        ):
            await holds.enter_async_context(hold)
            if call.cost is not None:
                shares[call.profile.id] = Share(hold, call.cost.usual / count)
        return shares, _sum(None if call.cost is None else call.cost.usual for call in calls)

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
        chosen = await self._chosen(table, cells, RunMode.BATCH)
        priced = await self._priced(table, chosen, RunMode.BATCH, on_progress)
        costs = [await self._costs(asked, RunMode.BATCH) for asked in priced.asked]
        run = await self._batches.start(
            table,
            [
                (asked.column, asked.resolved, asked.cells, cost.answers)
                for asked, cost in zip(priced.asked, costs, strict=True)
            ],
            priced.refused,
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


def _found(table: Table | None) -> Table:
    if table is None:
        raise errors.IllegalChoiceError(N_("The table no longer exists."))
    return table


def _sum(costs: Any) -> Decimal | None:
    """Return the sum of costs; None if one of them is unknown."""
    total = Decimal(0)
    for cost in costs:
        if cost is None:
            return None
        total += cost
    return total
