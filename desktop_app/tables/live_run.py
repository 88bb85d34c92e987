"""A run that is answered now: some cells at a time, fewer while the provider refuses.

Each answer is in the store before the next cell is asked in its place. A cell that is being asked
is marked before anything is sent: if the process is killed, it is known, and its cost is counted as
that of every lost call. The cost of all cells is held before the first is sent; each cell takes its
share of it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from desktop_app.domain import errors
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.stream_events import Failed, StatusChanged
from desktop_app.domain.conversations.conversation import Conversation, Message, MessageStatus, now
from desktop_app.domain.conversations.message_parts import last_text
from desktop_app.domain.conversations.notices import NoticeText, is_detail, is_of_schema
from desktop_app.domain.cost import Usage
from desktop_app.domain.error_note import ErrorNote, note_from_error
from desktop_app.domain.spending_report import Purpose
from desktop_app.i18n.translation import N_
from desktop_app.tables.cell_request import (
    CellRequest,
    RowDocuments,
    cell_request,
    for_model,
    read_answer,
)
from desktop_app.tables.conditions import is_met
from desktop_app.tables.run_store import begin_cell, save_answer
from desktop_app.tables.stored_cells import WHOLE_VALUES, CellId, StoredAnswer
from desktop_app.tables.table import CellState, Column, Run, RunProgress, RunStatus, Table
from desktop_app.tables.template import levels

if TYPE_CHECKING:
    from desktop_app.budget.budget import Hold
    from desktop_app.chat.answers.answer_measures import AnswerTiming
    from desktop_app.domain.answering.reply import Reply
    from desktop_app.domain.answering.stream_events import StreamEvent
    from desktop_app.providers.models.choice_resolution import ResolvedChoice
    from desktop_app.tables.table_service import TableParts

AT_ONCE: Final = 4
"""The cells that are asked at a time, unless the caller chooses."""
MAX_AT_ONCE: Final = 64
_MAX_TRIES: Final = 6
"""How often a cell is sent that the provider refuses without answering; the client tries each three
times."""
_MAX_NETWORK_FAILURES: Final = 3
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0
_CANCEL_POLL_S: Final = 1.0
# With one of these, every other cell of the column would fail, too.
_FATAL: Final = (
    errors.AuthenticationError,
    errors.QuotaExhaustedError,
    errors.ModelNotFoundError,
    errors.EndpointMissingError,
    errors.CredentialError,
    errors.UnpricedModelError,
)
_REPEATABLE_STATUSES: Final = frozenset({500, 502, 503, 529})
"""Those after which nothing can have been billed: see providers/http/retries.py."""
_NO_PROVIDER: Final = N_("The provider of column “{name}” isn’t set up.")


class _TakenError(Exception):
    """A cell is not to be asked any more."""


class _Outcome(Enum):
    """What became of a cell: stored, to be sent again, or no room under the limit for now."""

    ENDED = auto()
    AGAIN = auto()
    NO_ROOM = auto()


class Share:
    """The amounts that are held for the cells of a run at one provider.

    Attributes:
        each: US dollars of one cell.
    """

    def __init__(self, hold: Hold, each: Decimal) -> None:
        self._hold = hold
        self.each = each

    def giving(self) -> Callable[[sqlite3.Connection], object]:
        """Return what gives the amount of one cell to the hold of its own call; then `given`."""
        return self._hold.lowering(self.each)

    def given(self) -> None:
        self._hold.lowered(self.each)

    async def give_more(self) -> bool:
        """Give up half of the rest, because answers cost more than expected; False if none is left.

        Raises:
            StorageError: the store fails.
        """
        rest = self._hold.cost.usual if self._hold.cost else Decimal(0)
        await self._hold.lower_by(max(self.each, rest / 2))
        return rest > 0


class LiveRun:
    """A run of this process.

    Args:
        profiles: the providers by their ids.
        shares: by provider.
        listen: called with the progress after each cell.
        on_cell: called with each cell that has changed.
        most_at_once: cells that are asked at a time.
        asks_equal: also a request that is equal to another of the run is sent.
        notices: what is told of the run from its beginning.
    """

    def __init__(
        self,
        parts: TableParts,
        profiles: Mapping[str, ProviderProfile],
        table: Table,
        run: Run,
        shares: Mapping[str, Share],
        listen: Callable[[RunProgress], object],
        on_cell: Callable[[CellId], object],
        *,
        most_at_once: int = AT_ONCE,
        asks_equal: bool = False,
        notices: Sequence[NoticeText] = (),
    ) -> None:
        self.parts, self.profiles = parts, profiles
        self.table, self.run, self.shares = table, run, shares
        self.listen, self.on_cell = listen, on_cell
        self.most_at_once, self._asks_equal = most_at_once, asks_equal
        self._notices: dict[NoticeText, None] = dict.fromkeys(notices)
        self._done = self._failed = self._total = 0
        self._cost = Decimal(0)
        self._started_at = 0.0
        # How fast it asks.
        self._at_once = self._successes = self._network_failures = 0
        self._paused_until = 0.0
        self._woken = asyncio.Event()
        # The cells.
        self._tries: dict[CellId, int] = {}
        self._shared: set[CellId] = set()
        self._under_way: set[CellId] = set()
        self._equal: dict[tuple[str, str], asyncio.Future[Message | None]] = {}
        self._documents = RowDocuments(parts.attachments)
        # Why it stops.
        self._error: errors.UserFacingError | None = None
        self._refusals: dict[str, ErrorNote] = {}
        self._unstored: errors.StorageError | None = None
        self._is_stopped = False

    def stop(self) -> None:
        """Stop: nothing more is sent, and the answers under way are stopped."""
        self._is_stopped = True
        self._woken.set()

    async def ask(self, cells: Sequence[CellId]) -> Run:
        """Ask waiting cells; return the run at its end.

        Raises:
            asyncio.CancelledError: the task was canceled; the run is stopped then.
        """
        kinds = {profile.kind for profile in self._profiles_of(cells)}
        if ProviderKind.ON_DEVICE in kinds:
            self.most_at_once = 1
            # Column by column: another local model is loaded only once.
            places = {column.id: place for place, column in enumerate(self.table.columns)}
            cells = sorted(cells, key=lambda cell: places[cell.column_id])
        self._at_once = self.most_at_once
        self._total, self._started_at = len(cells), time.monotonic()
        self._report()
        watch = asyncio.create_task(self._watch_cancellation())
        try:
            columns = list(dict.fromkeys(cell.column_id for cell in cells))
            asked = [c for c in self.table.questions if c.id in columns]
            for level in levels(self.table, asked):
                ids = {column.id for column in level}
                await self._ask_level(deque(cell for cell in cells if cell.column_id in ids))
        finally:
            watch.cancel()
            await asyncio.shield(self._end())
        run = await self.parts.store.run(self.run.id) or self.run
        if not run.status.is_over:  # its end could not be stored
            run = replace(run, status=RunStatus.STOPPED, error=self._note)
        return run

    def _profiles_of(self, cells: Sequence[CellId]) -> list[ProviderProfile]:
        columns = {cell.column_id for cell in cells}
        ids = {
            c.question.choice.provider_id
            for c in self.table.columns
            if c.question and c.id in columns
        }
        return [self.profiles[each] for each in ids if each in self.profiles]

    async def _end(self) -> None:
        note = self._note
        is_whole = not self._is_stopped and note is None and self._done >= self._total
        status = RunStatus.DONE if is_whole else RunStatus.STOPPED
        try:
            await self.parts.store.end_run(self.run.id, status, note)
        except errors.StorageError as error:  # the next process recovers it
            self._error = self._error or error

    @property
    def _note(self) -> ErrorNote | None:
        """Return why the run stopped; None if nothing kept it from its end."""
        if self._error is not None:
            return note_from_error(self._error)
        return next(iter(self._refusals.values()), None)

    async def _watch_cancellation(self) -> None:
        """Stop if another process asks for it, or the run was deleted."""
        while True:
            await asyncio.sleep(_CANCEL_POLL_S)
            with suppress(errors.StorageError):
                run = await self.parts.store.run(self.run.id)
                if run is None or run.is_cancelled:
                    self.stop()

    async def _ask_level(self, queue: deque[CellId]) -> None:
        active: dict[asyncio.Task[_Outcome], CellId] = {}
        try:
            while (queue or active) and not self._is_stopped:
                if self._error is not None:
                    queue.clear()  # what is under way is still answered
                    if not active:
                        return
                wait_s = self._paused_until - time.monotonic()
                has_room = len(active) < self._at_once and self._unstored is None
                if queue and wait_s <= 0 and has_room:
                    cell = queue.popleft()
                    if cell.column_id in self._refusals:
                        continue
                    active[asyncio.create_task(self._ask(cell))] = cell
                    continue
                ended = await self._wait(active, wait_s if queue and wait_s > 0 else None)
                for task in ended:
                    cell = active.pop(task)
                    outcome = task.result()
                    if outcome is _Outcome.ENDED:
                        self._report()
                    else:
                        queue.appendleft(cell)
                    if outcome is _Outcome.NO_ROOM:
                        self._at_once = max(1, len(active))
        finally:
            for task in active:
                task.cancel()
            await asyncio.gather(*active, return_exceptions=True)

    async def _wait(
        self, active: Mapping[asyncio.Task[_Outcome], CellId], seconds: float | None
    ) -> set[asyncio.Task[_Outcome]]:
        """Wait for an answer, the end of the pause, or a stop; return the tasks that ended."""
        self._woken.clear()
        woken = asyncio.create_task(self._woken.wait())
        try:
            ended, _ = await asyncio.wait(
                [*active, woken], timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            woken.cancel()
        return {task for task in active if task in ended}

    # -- one cell

    async def _ask(self, cell: CellId) -> _Outcome:
        store = self.parts.store
        try:
            try:
                return await self._answer(cell)
            except _TakenError:
                self._done += 1  # it was removed, or a run of another process has it
            except errors.RoomHeldError as error:
                others = self._under_way - {cell}  # now: they may end while this cell is stored
                await store.wait_again(cell, self.run.id)
                if others:
                    return _Outcome.NO_ROOM
                if await self._give_more(cell):
                    return _Outcome.AGAIN
                self._error = error  # another process holds the room
            except (errors.SpendingCapError, errors.StorageError) as error:
                await store.wait_again(cell, self.run.id)
                self._error = error
            except _FATAL as error:
                await self._refuse(cell, error)
            except errors.UserFacingError as error:  # nothing was sent
                await self._fail(cell, error)
            finally:
                self._under_way.discard(cell)
        except errors.StorageError as error:
            self._error = error
        return _Outcome.ENDED

    async def _give_more(self, cell: CellId) -> bool:
        """Take the room of a cell from what is held for those after it; False if none is."""
        question = next(c.question for c in self.table.columns if c.id == cell.column_id)
        share = self.shares.get(question.choice.provider_id) if question else None
        return share is not None and await share.give_more()

    async def _refuse(self, cell: CellId, error: errors.UserFacingError) -> None:
        """Ask no more cells of a column; what of it is under way is still answered."""
        await self.parts.store.wait_again(cell, self.run.id)
        self._refusals.setdefault(cell.column_id, note_from_error(error))

    async def _fail(
        self, cell: CellId, error: errors.UserFacingError, seconds: float | None = None
    ) -> None:
        stored = StoredAnswer(
            cell, CellState.FAILED, "", error=note_from_error(error), seconds=seconds
        )
        await self.parts.store.save_answers([stored])
        self._count(stored)

    async def _answer(self, cell: CellId) -> _Outcome:
        request, column = await self._request(cell)
        if request is None:  # it waits for nothing more, and is empty at the run's end
            await self.parts.store.wait_again(cell, self.run.id)
            self._done += 1
            return _Outcome.ENDED
        if self._asks_equal:
            return (await self._send(request, column))[0]
        key = (column.id, request.asked)
        while (first := self._equal.get(key)) is not None:
            answer = await first
            if answer is not None:
                return await self._repeat(request, answer)
        mine = self._equal[key] = asyncio.get_running_loop().create_future()
        answer = None
        try:
            outcome, answer = await self._send(request, column)
        finally:
            if answer is None:
                del self._equal[key]
            mine.set_result(answer)
        return outcome

    async def _send(self, request: CellRequest, column: Column) -> tuple[_Outcome, Message | None]:
        """Send a request; return also its answer, if that is one for equal requests too."""
        cell = request.cell
        profile = self.profiles.get(request.question.choice.provider_id)
        if profile is None:
            raise errors.IllegalChoiceError(_NO_PROVIDER, name=column.name)
        share = self.shares.get(profile.id) if cell not in self._shared else None
        give = None if share is None else share.giving()

        def begin(connection: sqlite3.Connection) -> None:
            if not begin_cell(connection, cell, self.run.id):
                raise _TakenError
            if give is not None:
                give(connection)

        answer_store = AnswerStore(self, request)
        chat = self.parts.chat_with(answer_store, self.parts.attachments)
        # The mark of the cell and the hold of its call are one transaction. So are its answer, the
        # entry in the ledger and the end of the hold.
        chat.calls = chat.calls._replace(
            budget=chat.calls.budget.alongside(begin),
            spending=chat.calls.spending.alongside(answer_store.write),
        )
        request = for_model(request, chat.resolve(profile, request.question.choice).model)
        moment = now()
        conversation = Conversation(
            request.conversation_id,
            title=column.name,
            created_at=moment,
            updated_at=moment,
            choice=request.question.choice,
        )
        self._under_way.add(cell)
        run = await chat.begin(
            conversation,
            [],
            request.draft,
            profile,
            request.settings,
            Purpose.TABLE,
            passages=request.question.passages,
        )
        if share is not None:
            self._shared.add(cell)
            share.given()
        self.on_cell(cell)
        answer_store.timing = run.timing
        await run.run(answer_store.listen, self._on_store)
        stored = answer_store.stored
        if stored is None:
            return await self._refused(cell, answer_store.error, run.timing.elapsed_s), None
        if not answer_store.is_written:  # nothing was sent, so the ledger has no entry
            await self.parts.store.save_answers([stored])
        self._network_failures = 0
        self._successes += 1
        if self._successes >= 2 * self._at_once and self._at_once < self.most_at_once:
            self._at_once, self._successes = self._at_once + 1, 0
        await self._end_cell(request, run.prepared.resolved, stored)
        return _Outcome.ENDED, answer_store.answer if stored.error is None else None

    async def _repeat(self, request: CellRequest, answer: Message) -> _Outcome:
        """Store the answer to an equal request, which costs nothing."""
        profile = self.profiles[request.question.choice.provider_id]
        stored = await self.read(request, answer, None)
        stored = stored._replace(usage=Usage(), cost=Decimal(0), seconds=None)
        await self.parts.store.save_answers([stored])
        resolved = self.parts.resolve(profile, request.question.choice)
        await self._end_cell(request, resolved, stored)
        return _Outcome.ENDED

    async def _end_cell(
        self, request: CellRequest, resolved: ResolvedChoice, stored: StoredAnswer
    ) -> None:
        """Count a stored answer, and have it judged."""
        self._count(stored)
        judged = await self.parts.judge.judged(request, resolved, stored)
        if judged is not stored:
            await self.parts.store.save_answers([judged])
            self._cost += judged.judge_cost or Decimal(0)
            self.on_cell(stored.cell)

    async def _request(self, cell: CellId) -> tuple[CellRequest | None, Column]:
        """Return what is asked of a cell, None if its condition is not met, and its column."""
        window = await self.parts.store.window([cell.row_id], WHOLE_VALUES)
        column = next(c for c in self.table.columns if c.id == cell.column_id)
        if not window.rows:
            raise _TakenError
        row, cells = window.rows[0], window.cells[cell.row_id]
        if not is_met(self.table, column, row, cells):
            return None, column
        return cell_request(self.table, column, row, cells), column

    async def _refused(
        self, cell: CellId, error: errors.ProviderError | None, seconds: float
    ) -> _Outcome:
        """Let a cell that was refused unbilled wait for its next try, or fail, or stop the run."""
        store = self.parts.store
        if isinstance(error, _FATAL):
            await self._refuse(cell, error)
            return _Outcome.ENDED
        assert error is not None
        if isinstance(error, errors.UnreachableError):
            self._network_failures += 1
            if self._network_failures >= _MAX_NETWORK_FAILURES:
                await store.wait_again(cell, self.run.id)
                self._error = error
                return _Outcome.ENDED
        tries = self._tries[cell] = self._tries.get(cell, 0) + 1
        if tries >= _MAX_TRIES:
            await self._fail(cell, error, seconds)
            return _Outcome.ENDED
        await store.wait_again(cell, self.run.id)
        self.slow_down(min(_FIRST_PAUSE_S * 2 ** (tries - 1), _LONGEST_PAUSE_S))
        return _Outcome.AGAIN

    def _on_store(self, error: errors.StorageError | None) -> None:
        """Ask nothing more while answers cannot be stored, as on a full disk."""
        if self._unstored != error:
            self._unstored = error
            self._woken.set()
            self._report()

    def slow_down(self, seconds: float) -> None:
        """Ask half as many cells at a time, after a pause of all; once for a pause."""
        until = time.monotonic() + seconds
        if time.monotonic() >= self._paused_until:
            self._at_once, self._successes = max(1, self._at_once // 2), 0
        self._paused_until = max(self._paused_until, until)
        self._woken.set()
        self._report()

    async def read(
        self, request: CellRequest, answer: Message, timing: AnswerTiming | None
    ) -> StoredAnswer:
        """Return an answer as it is stored. Raises StorageError."""
        documents = await self._documents.of(request)
        # The schema is that of the column's fields, which the user knows.
        self._notices |= dict.fromkeys(
            each for each in answer.notices if not (is_detail(each) or is_of_schema(each))
        )
        text, measured = last_text(answer.parts), (answer.cost, answer.duration_s)
        stored = await asyncio.to_thread(
            read_answer, request, documents, text, answer.status, answer.error, *measured
        )
        return stored._replace(
            usage=answer.usage,
            cost=answer.cost,
            seconds=answer.duration_s,
            first_token_s=timing.first_token_s if timing else None,
            answered_by=answer.answered_by,
        )

    def _count(self, stored: StoredAnswer) -> None:
        self._done += 1
        self._failed += stored.state is CellState.FAILED
        self._cost += stored.cost or Decimal(0)
        self.on_cell(stored.cell)

    def _report(self) -> None:
        elapsed = time.monotonic() - self._started_at
        left = self._total - self._done
        seconds_left = elapsed / self._done * left if self._done >= 3 and left else None
        waits_s = max(0.0, self._paused_until - time.monotonic())
        self.listen(
            RunProgress(
                self._done,
                self._failed,
                self._total,
                self._cost,
                seconds_left,
                self._at_once,
                waits_s,
                None if self._unstored is None else note_from_error(self._unstored),
                tuple(self._notices),
                dict(self._refusals),
            )
        )


class AnswerStore:
    """The store of one cell's answer, in the place of a conversation's.

    Attributes:
        stored: the answer; None if the provider refused it unbilled, so that it can be sent again.
        answer: the same as a message, once it is stored.
        error: why it failed; None if it did not.
        timing: the times of the answer; None until it is asked for.
        is_written: the answer is in the store.
    """

    def __init__(self, run: LiveRun, request: CellRequest) -> None:
        self._run = run
        self._request = request
        self.stored: StoredAnswer | None = None
        self.answer: Message | None = None
        self.error: errors.ProviderError | None = None
        self.timing: AnswerTiming | None = None
        self.is_written = False
        self._may_be_billed = False

    def listen(self, event: StreamEvent, reply: Reply) -> None:
        """Slow the run down if the provider wants that, and remember an error."""
        if isinstance(event, Failed):
            self.error, self._may_be_billed = event.error, reply.may_be_billed
        elif isinstance(event, StatusChanged) and event.seconds:
            is_limit = isinstance(event.status, ErrorNote) and (
                event.status.code == errors.RateLimitedError.code
            )
            if is_limit:
                self._run.slow_down(event.seconds)

    async def begin_turn(
        self, _conversation: Conversation, _question: Message | None, *_answers: Message
    ) -> None:
        """Do nothing: the cell is marked already."""

    async def save_answer(self, answer: Message) -> None:
        """Read an answer that has ended; `write` stores it. Raises StorageError."""
        if answer.status in (MessageStatus.STREAMING, MessageStatus.CANCELLED):
            return  # a cell that is stopped has its earlier state at the run's end
        if self.stored is None and not self._can_be_sent_again:
            self.stored = await self._run.read(self._request, answer, self.timing)
            self.answer = answer
            if self.error is not None and self.stored.cost is None and not self._may_be_billed:
                self.stored = self.stored._replace(cost=Decimal(0))

    def write(self, connection: sqlite3.Connection) -> None:
        """Store the answer in the transaction of its entry in the ledger."""
        if self.stored is not None:
            save_answer(connection, self.stored)
            self.is_written = True

    @property
    def _can_be_sent_again(self) -> bool:
        """Return True if the provider refused the request, and nothing can have been billed."""
        error = self.error
        if error is None or self._may_be_billed:
            return False
        if isinstance(error, errors.ServerTroubleError):
            return error.status in _REPEATABLE_STATUSES
        return isinstance(error, (errors.RateLimitedError, errors.UnreachableError, *_FATAL))
