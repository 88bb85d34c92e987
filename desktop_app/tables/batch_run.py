"""Runs that are answered by tomorrow: files of requests, of which the provider makes batches.

Every step is stored before it is taken, so that any later process continues after a kill. A second
file costs nothing, but a second batch is billed again: once the id of a file is stored, its batch
may exist, so that the provider's list is searched before one is created. Results are matched by the
number of their cell, and each is stored with its entry in the ledger. A column has as many files as
its cells need; what does not fit into a file goes into the next.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO, Final

from desktop_app.budget.budget import HeldCall
from desktop_app.chat.attachments.image_attachments import ImageForm
from desktop_app.chat.prompt_assembly import example_turns, question_parts, request_messages
from desktop_app.domain import errors
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role, new_id, now
from desktop_app.domain.cost import CallCost, Received, Usage, counted_cost, sum_costs
from desktop_app.domain.error_note import ErrorNote, note_from_error
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.parameter_support import first_api
from desktop_app.domain.spending_report import Call, CallPerformance, Purpose
from desktop_app.i18n.translation import N_
from desktop_app.providers.jobs.batch_jobs import (
    BATCH_TIER,
    MAX_BYTES,
    MAX_REQUESTS,
    REFUSED_RETRY_S,
    RETRY_S,
    UNANSWERED,
    BatchResult,
    BatchStatus,
    ItemStatus,
    RemoteBatch,
    custom_id,
    is_final_refusal,
    item_number,
    missing_result_note,
    poll_delay_s,
)
from desktop_app.tables.batch_store import TableBatch
from desktop_app.tables.cell_request import (
    CellRequest,
    RowDocuments,
    cell_request,
    for_model,
    judged_checks,
    read_answer,
)
from desktop_app.tables.stored_cells import WHOLE_VALUES, CellId, StoredAnswer
from desktop_app.tables.table import (
    WHOLE,
    CellState,
    CellValue,
    Column,
    Run,
    RunMode,
    RunStatus,
    Table,
)

if TYPE_CHECKING:
    from desktop_app.providers.jobs.batch_client import BatchClient
    from desktop_app.providers.models.choice_resolution import ResolvedChoice
    from desktop_app.tables.table_service import TableParts

RESULTS_AT_ONCE: Final = 100
"""Results that are read and stored in one transaction."""
NOTHING_ASKED: Final = N_("None of the cells is to be asked.")
_CELLS_AT_ONCE: Final = 50
_STOPPED: Final = ErrorNote(
    N_("The run was stopped before this was sent. Not charged."), code=UNANSWERED
)
_MESSAGE_STATUS: Final = {
    ItemStatus.ANSWERED: MessageStatus.COMPLETE,
    ItemStatus.REFUSED: MessageStatus.REFUSED,
}

AskedColumn = tuple[Column, "ResolvedChoice", Sequence[CellId], Decimal | None]
"""A column, the model that answers it, its cells, and US dollars that they usually cost."""


class BatchRuns:
    """The batch runs of all tables.

    Args:
        on_change: called with the id of a table whose cells or runs have changed.
        max_requests, max_bytes: of a file; only tests change them.
    """

    def __init__(
        self,
        parts: TableParts,
        on_change: Callable[[str], object],
        max_requests: int = MAX_REQUESTS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._parts = parts
        self._store = parts.store
        self._on_change = on_change
        self.max_requests = max_requests
        self.max_bytes = max_bytes

    async def start(
        self,
        table: Table,
        asked: Sequence[AskedColumn],
        refused: Sequence[tuple[CellId, errors.UserFacingError]],
    ) -> Run:
        """Store a run. Nothing is sent. Raises SpendingCapError, UnpricedModelError."""
        cells = [cell for _, _, column_cells, _ in asked for cell in column_cells]
        if not cells:
            raise refused[0][1] if refused else errors.IllegalChoiceError(NOTHING_ASKED)
        calls = []
        for _, resolved, _, usual in asked:
            price = replace(resolved, service_tier=BATCH_TIER).counted_price
            await self._parts.budget.require_price(resolved.profile, resolved.model, price)
            cost = None if usual is None else CallCost.fixed(usual)
            calls.append(HeldCall(resolved.profile, cost))
        run = Run(
            new_id(),
            table.id,
            RunMode.BATCH,
            RunStatus.SENDING,
            now(),
            len(cells),
            sum_costs([usual for *_, usual in asked]),
        )
        batches = [
            await self._first_batch(run, number, column, resolved, usual)
            for number, (column, resolved, own, usual) in enumerate(asked, 1)
            if own
        ]
        async with AsyncExitStack() as holds:
            for hold in await self._parts.budget.hold_all(calls):
                await holds.enter_async_context(hold)
            chosen = [*cells, *(cell for cell, _ in refused)]
            await self._store.begin_run(run, chosen, batches)
        failed = [
            StoredAnswer(cell, CellState.FAILED, "", error=note_from_error(error))
            for cell, error in refused
        ]
        await self._store.save_answers(failed)
        await self._store.release(run.id)
        return await self._run(run)

    async def _first_batch(
        self, run: Run, number: int, column: Column, resolved: ResolvedChoice, usual: Decimal | None
    ) -> TableBatch:
        profile, model = resolved.profile, resolved.model
        learned = await self._parts.gateway.learned_support(profile, model.id)
        return TableBatch(
            run.id,
            number,
            column.id,
            BatchStatus.UPLOADING,
            profile.id,
            profile.base_url,
            model.id,
            resolved.effort,
            # While a server's API is unknown, its batches use the API that every server has.
            first_api(profile, model, learned.api) or Api.CHAT_COMPLETIONS,
            usual,
            now(),
        )

    async def advance(self, run_id: str) -> float | None:
        """Do the next step of a run that this process owns: see `TableService.advance`."""
        run = await self._store.run(run_id)
        if run is None or run.status.is_over or run.status is RunStatus.PAUSED:
            return None
        table = await self._store.get(run.table_id)
        if table is None:
            return None
        delays: list[float] = []
        number = 0
        # A step may add a batch behind the others.
        while batch := await self._next(run_id, number):
            number = batch.number
            if batch.status.is_over:
                continue
            try:
                batch = await self._step(run, table, batch)
            except errors.ProviderError as error:
                delay = await self._handle_failure(run, batch, error)
                delays += [] if delay is None else [delay]
            except (errors.IllegalChoiceError, errors.CredentialError) as error:
                await self._save_error(run, error)
                return None
            else:
                delays += [] if batch.status.is_over else [poll_delay_s(batch.started_at)]
        await self._finish(run_id)
        self._on_change(table.id)
        return min(delays, default=None)

    async def _next(self, run_id: str, number: int) -> TableBatch | None:
        batches = await self._store.batches(run_id)
        return next((batch for batch in batches if batch.number > number), None)

    async def _step(self, run: Run, table: Table, batch: TableBatch) -> TableBatch:
        profile = await self._profile_of(batch)
        provider = await self._parts.gateway.batches(profile)
        if not batch.batch_id:
            batch = await self._send(run, table, batch, profile, provider)
        if batch.batch_id:
            batch = await self._poll(table, batch, profile, provider)
        return batch

    async def _finish(self, run_id: str) -> None:
        """Save the run's status: its end, once all batches have ended."""
        run = await self._store.run(run_id)
        if run is None:
            return
        batches = await self._store.batches(run_id)
        if all(batch.status.is_over for batch in batches):
            status = RunStatus.STOPPED if run.is_cancelled or run.error else RunStatus.DONE
            await self._store.end_run(run_id, status, run.error)
        elif all(batch.batch_id for batch in batches) and run.status is RunStatus.SENDING:
            await self._store.save_run(replace(run, status=RunStatus.SENT))

    async def _run(self, run: Run) -> Run:
        return await self._store.run(run.id) or run

    async def _is_cancelled(self, run: Run) -> bool:
        return (await self._run(run)).is_cancelled

    # -- sending

    async def _send(
        self,
        run: Run,
        table: Table,
        batch: TableBatch,
        profile: ProviderProfile,
        provider: BatchClient,
    ) -> TableBatch:
        """Upload the requests and create the batch, unless it exists or the run was stopped."""
        remote = None
        if batch.input_file_id:
            remote = await provider.find(batch.name, batch.input_file_id)
        elif not await self._is_cancelled(run):
            batch = await self._upload(table, batch, profile, provider)
        if remote is None:
            if batch.status.is_over:
                return batch
            if await self._is_cancelled(run):
                batch = replace(batch, status=BatchStatus.CANCELLED, held=None)
                await self._store.end_batch(batch, _STOPPED, {})
                return batch
            remote = await self._create(batch, provider)
        status = remote.status or BatchStatus.VALIDATING
        batch = replace(batch, batch_id=remote.id, status=status)
        await self._store.save_batch(batch)
        await self._clear_error(run)
        return batch

    async def _upload(
        self, table: Table, batch: TableBatch, profile: ProviderProfile, provider: BatchClient
    ) -> TableBatch:
        with tempfile.TemporaryFile(dir=self._parts.scratch) as file:
            last = await self._write_requests(file, table, batch, profile, provider)
            if not last:  # every cell had an error, or was removed meanwhile
                batch = replace(batch, status=BatchStatus.COMPLETED, held=None)
                await self._store.save_batch(batch)
                return batch
            file_id = await provider.upload(batch.name, file)
        batch = replace(batch, input_file_id=file_id)
        await self._store.save_upload(batch, last)
        batches = await self._store.batches(batch.run_id)
        return next(each for each in batches if each.number == batch.number)

    async def _write_requests(
        self,
        file: BinaryIO,
        table: Table,
        batch: TableBatch,
        profile: ProviderProfile,
        provider: BatchClient,
    ) -> int:
        """Write the requests of cells, up to the limits of a batch.

        Return the number of the last cell written; 0 for none. Cells that cannot be sent fail.
        """
        column = table.column(batch.column_id)
        last = after = requests = size = 0
        sent: list[tuple[str, int]] = []
        while column is not None:
            answers = await self._store.asked_answers(
                batch.run_id, column.id, batch=0, after=after, limit=_CELLS_AT_ONCE
            )
            if not answers:
                break
            rows = [answer.cell.row_id for answer in answers]
            window = await self._store.window(rows, WHOLE_VALUES)
            by_id = {row.id: row for row in window.rows}
            for answer in answers:
                after = answer.id
                try:
                    row = by_id[answer.cell.row_id]
                    request = cell_request(table, column, row, window.cells[row.id])
                    line = await self._line(answer.id, request, batch, profile, provider)
                    if len(line) > self.max_bytes:
                        raise errors.IllegalChoiceError(N_("Too large for a batch."))
                except errors.UserFacingError as error:
                    is_of_row = isinstance(
                        error, errors.AttachmentMissingError | errors.StoreDamagedError
                    )
                    if isinstance(error, errors.StorageError) and not is_of_row:
                        raise
                    note = note_from_error(error)
                    failed = StoredAnswer(answer.cell, CellState.FAILED, "", error=note)
                    await self._store.save_answers([failed])
                    continue
                requests += 1
                size += len(line)
                if requests > self.max_requests or size > self.max_bytes:
                    await self._store.save_sent(sent)
                    return last
                await asyncio.to_thread(file.write, line)
                sent.append((request.asked, answer.id))
                last = answer.id
        await self._store.save_sent(sent)
        return last

    async def _line(
        self,
        number: int,
        request: CellRequest,
        batch: TableBatch,
        profile: ProviderProfile,
        provider: BatchClient,
    ) -> bytes:
        info = self._parts.models_of(profile).info(batch.model)
        request = for_model(request, info)
        question = Message(
            id=new_id(),
            conversation_id=request.conversation_id,
            parent_id=None,
            role=Role.USER,
            status=MessageStatus.COMPLETE,
            parts=question_parts(request.draft, request.question.passages),
            created_at=batch.started_at,
            choice=request.question.choice,
        )
        delimiter = await self._parts.delimiters.delimiter_for(request.conversation_id)
        image_form = ImageForm(info, self._parts.images)
        messages = await request_messages(
            [question], self._parts.attachments, delimiter, image_form
        )
        settings = request.settings
        sent = ChatRequest(
            model=info.id,
            messages=(*example_turns(settings.examples), *messages),
            instructions=settings.sent_instructions,
            effort=batch.effort,
            parameters=settings.parameters,
            schema=None if info.takes_schema is False else settings.schema,
        )
        name = custom_id(batch.run_id, number - (batch.number_offset or 0))
        return await asyncio.to_thread(provider.line, name, sent, batch.api)

    async def _create(self, batch: TableBatch, provider: BatchClient) -> RemoteBatch:
        try:
            return await provider.create(batch.name, batch.input_file_id, batch.api)
        except errors.ProviderError as error:
            if is_final_refusal(error):  # no batch was created
                await self._store.forget_upload(batch)
                with suppress(errors.ProviderError):
                    await provider.delete_file(batch.input_file_id)
            raise

    # -- results

    async def _poll(
        self, table: Table, batch: TableBatch, profile: ProviderProfile, provider: BatchClient
    ) -> TableBatch:
        """Poll a batch. Cancel it if the run was stopped, and fetch its results at its end."""
        remote = await provider.fetch(batch.batch_id)
        run = await self._store.run(batch.run_id)
        is_cancelled = run is not None and run.is_cancelled
        status = remote.status or batch.status
        if is_cancelled and not status.is_over and status is not BatchStatus.CANCELLING:
            try:
                remote = await provider.cancel(batch.batch_id)
            except errors.ProviderError as error:
                # Providers refuse to cancel a batch that has just ended, some with 409.
                if not is_final_refusal(error) and error.status != 409:
                    raise
                remote = await provider.fetch(batch.batch_id)
            status = remote.status or BatchStatus.CANCELLING
        # A batch is not over here before all its results are stored.
        shown = BatchStatus.FINALIZING if status.is_over else status
        batch = replace(batch, status=shown, remote_done=remote.done)
        await self._store.save_batch(batch)
        if run is not None:
            await self._clear_error(run)
        if not status.is_over:
            return batch
        await self._fetch_results(table, batch, profile, provider, remote)
        if batch.input_file_id and remote.input_file_id == batch.input_file_id:
            with suppress(errors.ProviderError):  # the provider deletes the file later
                await provider.delete_file(remote.input_file_id)
        ended = status
        if is_cancelled and status is not BatchStatus.COMPLETED:
            ended = BatchStatus.CANCELLED
        # An error at line 0 concerns the whole batch; lines count from 1.
        by_place = {
            error.line - 1: ErrorNote(
                N_("The provider rejected it: {words}"), params={"words": error.message}
            )
            for error in remote.errors
            if error.line > 0
        }
        batch = replace(batch, status=ended, held=None)
        await self._store.end_batch(batch, missing_result_note(status, remote), by_place)
        return batch

    async def _fetch_results(
        self,
        table: Table,
        batch: TableBatch,
        profile: ProviderProfile,
        provider: BatchClient,
        remote: RemoteBatch,
    ) -> None:
        """Store the results of a batch; a second call after an interruption starts over."""
        models = self._parts.models_of(profile)
        resolved = models.choice_of(models.info(batch.model), batch.effort, service_tier=BATCH_TIER)
        documents = RowDocuments(self._parts.attachments)
        for file_id in filter(None, (remote.output_file_id, remote.error_file_id)):
            unsaved: list[BatchResult] = []
            try:
                async with aclosing(provider.results(file_id, batch.api)) as results:
                    async for result in results:
                        if result is not None:
                            unsaved.append(result)
                        if len(unsaved) == RESULTS_AT_ONCE:
                            await self._save_results(table, batch, resolved, documents, unsaved)
                            unsaved = []
            except errors.ProviderError as error:
                if error.status != 404:  # else the result file is gone
                    raise  # the caller tries again later
            await self._save_results(table, batch, resolved, documents, unsaved)

    async def _save_results(
        self,
        table: Table,
        batch: TableBatch,
        resolved: ResolvedChoice,
        documents: RowDocuments,
        results: Sequence[BatchResult],
    ) -> None:
        judging = replace(resolved, service_tier=None)
        numbers = {
            number + (batch.number_offset or 0): result
            for result in results
            if (number := item_number(batch.run_id, result.custom_id)) is not None
        }
        cells = await self._store.cells_of(batch.run_id, list(numbers))
        column = table.column(batch.column_id)
        if not cells or column is None:
            return
        window = await self._store.window([c.row_id for c, _ in cells.values()], WHOLE_VALUES)
        rows = {row.id: row for row in window.rows}
        saved: list[tuple[StoredAnswer, Call | None]] = []
        judged: list[tuple[CellRequest, StoredAnswer]] = []
        # Without usage, a result counts as much as was held for each cell.
        share = None
        if batch.held is not None:
            size = await self._store.batch_size(batch)
            share = CallCost.fixed(batch.held / max(1, size))._replace(input=Decimal(0))
        for number, (cell, sent) in cells.items():
            result = numbers[number]
            request: CellRequest | None = None
            with suppress(errors.UserFacingError, KeyError):  # the row or column was changed
                row = rows[cell.row_id]
                request = cell_request(table, column, row, window.cells[cell.row_id])
            cost = counted_cost(
                resolved.counted_price,
                result.usage,
                share,
                is_certain=resolved.has_certain_price_for(result.answered_by),
                received=Received.of([result.answer]),
            )
            stored = await self._read(request, documents, cell, result, cost.amount)
            # It may have been another question or row when it was sent.
            stored = stored._replace(asked=sent or stored.asked)
            # A failure without usage was not billed. An answer was, even if its usage is unknown.
            is_billed = result.status is ItemStatus.ANSWERED or result.usage is not None
            call = None
            if is_billed:
                stored = stored._replace(
                    usage=result.usage or Usage(), cost=cost.amount, answered_by=result.answered_by
                )
                call = Call(
                    at=now(),
                    provider_id=batch.provider_id,
                    model=batch.model,
                    purpose=Purpose.BATCH.value,
                    usage=Usage() + (result.usage or Usage()),
                    cost=cost.amount,
                    is_estimated=cost.is_estimated,
                    performance=CallPerformance(
                        effort=batch.effort.value if batch.effort else "", tier=BATCH_TIER
                    ),
                )
            saved.append((stored, call))
            if request is not None and judged_checks(request):
                judged.append((request, stored))
        await self._store.save_results(saved)
        for request, stored in judged:
            verdict = await self._parts.judge.judged(request, judging, stored)
            await self._store.save_answers([verdict])
        self._parts.ledger.notify(batch.provider_id)
        self._on_change(table.id)

    async def _read(
        self,
        request: CellRequest | None,
        documents: RowDocuments,
        cell: CellId,
        result: BatchResult,
        cost: Decimal | None,
    ) -> StoredAnswer:
        if request is None:
            state = CellState.DONE if result.error is None else CellState.FAILED
            values = {WHOLE: CellValue(result.answer)} if result.answer else None
            return StoredAnswer(cell, state, result.answer, values, error=result.error)
        status = _MESSAGE_STATUS.get(result.status, MessageStatus.FAILED)
        if status is MessageStatus.COMPLETE and result.error is not None:
            status = MessageStatus.INCOMPLETE
        read = await documents.of(request)
        error = result.error
        if error is not None and result.status is ItemStatus.UNANSWERED:
            error = replace(error, code=UNANSWERED)
        return await asyncio.to_thread(
            read_answer, request, read, result.answer, status, error, cost
        )

    # -- errors

    async def _handle_failure(
        self, run: Run, batch: TableBatch, error: errors.ProviderError
    ) -> float | None:
        """Handle a failed step. Return the seconds until the next try; None for no retry."""
        stored = next(
            each for each in await self._store.batches(run.id) if each.number == batch.number
        )
        is_final = is_final_refusal(error)
        is_cancelled = await self._is_cancelled(run)
        is_gone = error.status == 404 or isinstance(error, errors.EndpointMissingError)
        if is_final and not stored.input_file_id and not stored.batch_id:
            # No batch was created, so nothing is billed: the cells are as before.
            await self._store.save_batch(replace(stored, status=BatchStatus.FAILED, held=None))
            await self._save_error(run, error)
            return None
        if is_cancelled and is_gone:
            ended = replace(stored, status=BatchStatus.CANCELLED, held=None)
            note = ErrorNote(N_("The provider no longer has this batch."), code=UNANSWERED)
            await self._store.end_batch(ended, note, {})
            return None
        await self._save_error(run, error.with_hint(N_("Repartee is trying again.")))
        return REFUSED_RETRY_S if is_final else RETRY_S

    async def _save_error(self, run: Run, error: errors.UserFacingError) -> None:
        stored = await self._run(run)
        await self._store.save_run(replace(stored, error=note_from_error(error)))

    async def _clear_error(self, run: Run) -> None:
        stored = await self._run(run)
        if stored.error is not None:
            await self._store.save_run(replace(stored, error=None))

    async def _profile_of(self, batch: TableBatch) -> ProviderProfile:
        """Return a provider with the batch's address: its own, or else another one.

        Raises:
            IllegalChoiceError: no such provider is configured.
        """
        profiles = [
            profile
            for profile in await self._parts.profiles()
            if profile.base_url == batch.base_url and profile.kind is not ProviderKind.ON_DEVICE
        ]
        if not profiles:
            raise errors.IllegalChoiceError(
                N_("The provider of this job isn’t set up, but the job continues there."),
                hint=N_("Set up {address} to get its results."),
                address=batch.base_url,
            )
        return next((p for p in profiles if p.id == batch.provider_id), profiles[0])
