"""What a run would ask and cost: measured once, for the plan that is shown and for the run."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import compress
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.budget.budget import HeldCall
from desktop_app.chat.attachments.image_attachments import require_image_input
from desktop_app.chat.cost_estimate import TypicalAnswers, typical_tokens
from desktop_app.chat.send_context import accepted_parameters
from desktop_app.domain import errors
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.cost import USUAL_ANSWER_TOKENS, CallCost, sum_costs
from desktop_app.domain.spending_report import Purpose
from desktop_app.i18n.translation import N_
from desktop_app.providers.jobs.batch_jobs import BATCH_TIER, batch_refusal
from desktop_app.tables.batch_run import NOTHING_ASKED
from desktop_app.tables.cell_request import cell_request, judged_checks, likely_tokens, require_fit
from desktop_app.tables.checks import MAX_JUDGE_TOKENS
from desktop_app.tables.live_run import Share
from desktop_app.tables.row_files import OnProgress, RowFiles
from desktop_app.tables.stored_cells import WHOLE_VALUES, CellId
from desktop_app.tables.table import (
    WHOLE,
    Cell,
    Cells,
    CellValue,
    Column,
    Plan,
    Question,
    Row,
    RunMode,
    Table,
)
from desktop_app.tables.template import asks_about_document, references, require_answerable

if TYPE_CHECKING:
    from desktop_app.providers.models.choice_resolution import ResolvedChoice
    from desktop_app.tables.table_service import TableParts

_ROWS_AT_ONCE: Final = 50
_KEPT_PLANS: Final = 3
"""Those of the buttons of a table."""
_JUDGE_TOKENS: Final = 200
"""More than the instructions of a judge and the marks around its material have."""
_PLACEHOLDER: Final = {WHOLE: CellValue("?")}
"""In the place of an answer that comes in the same run."""


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
    repeats: array[int] = field(default_factory=lambda: array("b"))
    """1 for each cell that gets the answer to an equal request in a run now."""
    seen: set[str] = field(default_factory=set)
    asks_equal: bool = False

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
class Measured:
    """The cells that a run would ask, by column, and those that it cannot.

    Attributes:
        chosen: the columns that are to be asked, by the ids of rows in their order.
        gone: the paths of files that are not there; what was read of them is asked about.
    """

    chosen: Mapping[int, tuple[str, ...]]
    asked: list[_Asked]
    refused: list[tuple[CellId, errors.UserFacingError]]
    gone: Sequence[str]


class _Key(NamedTuple):
    """What a measurement depends on: if it is the same, so is the result."""

    table_id: str
    columns: tuple[Column, ...]
    cells: Cells
    updated_at: datetime
    profiles: tuple[ProviderProfile, ...]


class Planner:
    """The plans of runs."""

    def __init__(self, parts: TableParts, files: RowFiles) -> None:
        self._parts, self._store, self._files = parts, parts.store, files
        self._last: list[tuple[_Key, Measured]] = []

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
        measured = await self.measure(table, cells, mode, on_progress)
        costs = [await self.costs(each, mode) for each in measured.asked]
        rows = await asyncio.to_thread(
            lambda: set[int]().union(*(each.rows for each in measured.asked))
        )
        return Plan(
            cells=sum(len(each.rows) for each in measured.asked),
            refused=measured.refused,
            input_tokens=sum(sum(each.tokens) for each in measured.asked),
            cost=sum_costs([each.usual for each in costs]),
            most=sum_costs([each.most for each in costs]),
            ordinary=sum_costs([each.now for each in costs]),
            ordinary_most=sum_costs([each.now_most for each in costs]),
            judgments=sum(len(each.judged) for each in measured.asked),
            rows=len(rows),
            gone=measured.gone,
        )

    async def chosen(self, table: Table, cells: Cells) -> list[CellId]:
        """Return the cells that a run would ask, whose files were compared before."""
        await self.read_files(table, cells)
        return await self._store.chosen(table, cells)

    async def measure(
        self, table: Table, cells: Cells, mode: RunMode, on_progress: OnProgress | None = None
    ) -> Measured:
        """Return what a run would ask; a run takes that of the plan which was shown before it.

        Raises: as `plan`.
        """
        columns = [c for c in table.questions if not cells.columns or c.id in cells.columns]
        if not columns:
            raise errors.IllegalChoiceError(
                N_("The table has no question."), hint=N_("Add a column with a question.")
            )
        require_answerable(table, columns)
        gone = await self.read_files(table, cells, on_progress)
        profiles = await self._parts.profiles()
        key = _Key(
            table.id, table.columns, cells, await self._store.updated_at(table.id), tuple(profiles)
        )
        found = next((measured for each, measured in self._last if each == key), None)
        if found is None:
            chosen = await self._store.chosen_columns(table, cells)
            if not chosen:
                raise errors.IllegalChoiceError(NOTHING_ASKED)
            found = await self._measured(table, chosen, cells, key)
            self._last = [*self._last[1 - _KEPT_PLANS :], (key, found)]
        if mode is RunMode.BATCH:
            await self._require_batch(table, found)
        return replace(found, gone=gone)

    async def read_files(
        self, table: Table, cells: Cells, on_progress: OnProgress | None = None
    ) -> Sequence[str]:
        """Read the files that cells are about and that have changed; return those that are gone."""
        columns = [c for c in table.questions if not cells.columns or c.id in cells.columns]
        if not any(c.question and asks_about_document(table, c.question) for c in columns):
            return ()
        return await self._files.read(table.id, cells.rows, on_progress)

    async def _require_batch(self, table: Table, measured: Measured) -> None:
        """Raise unless the columns can be asked by tomorrow: no provider refuses, none waits."""
        chosen = {column_id for each in set(measured.chosen.values()) for column_id in each}
        for column in (each.column for each in measured.asked):
            named = references(table, column.question) if column.question else []
            before = next((r.column for r in named if r.column.id in chosen), None)
            if before is not None:
                raise errors.IllegalChoiceError(
                    N_("Column “{name}” needs the answers of “{before}”."),
                    hint=N_("Ask that column first."),
                    name=column.name,
                    before=before.name,
                )
        for resolved in (each.resolved for each in measured.asked):
            if refusal := batch_refusal(resolved.profile, resolved.model):
                raise refusal
            await self._parts.gateway.batches(resolved.profile)  # only to fail without a key

    async def _measured(
        self, table: Table, chosen: Mapping[int, tuple[str, ...]], cells: Cells, key: _Key
    ) -> Measured:
        wanted = {column_id for each in set(chosen.values()) for column_id in each}
        profiles = {profile.id: profile for profile in key.profiles}
        asked: list[_Asked] = []
        for column in (each for each in table.questions if each.id in wanted):
            assert column.question is not None
            resolved = await self._resolved(column, column.question, profiles)
            asked.append(_Asked(column, resolved, asks_equal=cells.asks_equal))
        # The columns that the run asks before, whose answers are not there yet, with the tokens of
        # the longest.
        pending = {a.column.id: a.resolved.longest_answer(a.max_output_tokens) for a in asked}
        refused: list[tuple[CellId, errors.UserFacingError]] = []
        row_ids = list(chosen)
        for start in range(0, len(row_ids), _ROWS_AT_ONCE):
            window = await self._store.window(row_ids[start : start + _ROWS_AT_ONCE], WHOLE_VALUES)
            for each in asked:
                rows = [row for row in window.rows if each.column.id in chosen[row.id]]
                refused += await asyncio.to_thread(
                    self._measure, table, each, rows, window.cells, pending
                )
        return Measured(chosen, asked, refused, ())

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
            is_equal = request.asked in asked.seen and not (named or asked.asks_equal)
            asked.seen.add(request.asked)
            asked.rows.append(row.id)
            asked.repeats.append(is_equal)
            asked.tokens.append(tokens)
            asked.most_tokens.append(most + sum(pending[column_id] for column_id in named))
            for check in judged_checks(request):
                rubric = len(str(check.value).encode("utf-8", "surrogatepass"))
                asked.judged.append(asked.most_tokens[-1] + rubric + _JUDGE_TOKENS)
        return refused

    async def _resolved(
        self, column: Column, question: Question, profiles: Mapping[str, ProviderProfile]
    ) -> ResolvedChoice:
        profile = profiles.get(question.choice.provider_id)
        if profile is None:
            raise errors.IllegalChoiceError(
                N_("The provider of column “{name}” isn’t set up."),
                hint=N_("Choose another model for it."),
                name=column.name,
            )
        resolved = self._parts.resolve(profile, question.choice)
        tier = accepted_parameters(question.overrides.parameters, resolved).service_tier
        await self._parts.gateway.provider(profile)  # only to fail without a key
        return replace(resolved, service_tier=tier)

    async def costs(self, asked: _Asked, mode: RunMode) -> _Costs:
        """Return what a column's cells cost, with the judgments that follow.

        No answer costs more than `most`, if the provider counts no more tokens than its model
        allows.
        """
        resolved, limit = asked.resolved, asked.max_output_tokens
        typical: TypicalAnswers = await self._parts.ledger.typical_answers(resolved.profile.id)
        tokens = typical_tokens(resolved, typical, limit)
        batch = replace(resolved, service_tier=BATCH_TIER)
        judge = self._parts.utility_model.model_for(Purpose.JUDGMENT, resolved)
        longest = resolved.longest_answer(limit)

        def sums(
            priced: ResolvedChoice, *, is_batch: bool = False
        ) -> tuple[Decimal | None, Decimal | None]:
            sent = [is_batch or not repeats for repeats in asked.repeats]
            costs = [
                (priced.expected_cost(n, limit, tokens), priced.expected_cost(most, limit, tokens))
                for n, most in compress(zip(asked.tokens, asked.most_tokens, strict=True), sent)
            ]
            usual = sum_costs([each and each.usual for each, _ in costs])
            return usual, sum_costs([each and each.most for _, each in costs])

        def judged() -> tuple[Decimal | None, Decimal | None]:
            mean = sum(asked.tokens) // max(1, len(asked.tokens)) + USUAL_ANSWER_TOKENS
            usual = judge.expected_cost(mean, MAX_JUDGE_TOKENS)
            costs = [judge.expected_cost(n + longest, MAX_JUDGE_TOKENS) for n in asked.judged]
            most = sum_costs([cost and cost.most for cost in costs])
            return usual and usual.input * len(asked.judged), most

        now = await asyncio.to_thread(sums, resolved)
        answers = now
        if mode is RunMode.BATCH:
            answers = await asyncio.to_thread(sums, batch, is_batch=True)
        verdicts = await asyncio.to_thread(judged) if asked.judged else (Decimal(0), Decimal(0))
        return _Costs(
            answers[0],
            *(sum_costs(pair) for pair in zip(answers, verdicts, strict=True)),
            *(sum_costs(pair) for pair in zip(now, verdicts, strict=True)),
        )

    async def hold(
        self, measured: Measured, holds: AsyncExitStack
    ) -> tuple[dict[str, Share], Decimal | None]:
        """Hold the cost of all cells; return the shares by provider, and the cost of all."""
        by_provider: dict[str, list[tuple[_Asked, Decimal | None]]] = {}
        for asked in measured.asked:
            usual = (await self.costs(asked, RunMode.NOW)).usual
            resolved = asked.resolved
            await self._parts.budget.require_price(
                resolved.profile, resolved.model, resolved.counted_price
            )
            by_provider.setdefault(resolved.profile.id, []).append((asked, usual))
        calls, counts = [], []
        for each in by_provider.values():
            total = sum_costs([usual for _, usual in each])
            cost = None if total is None else CallCost.fixed(total)
            calls.append(HeldCall(each[0][0].resolved.profile, cost))
            sent = sum(len(asked.rows) - sum(asked.repeats) for asked, _ in each)
            counts.append(max(1, sent))
        shares: dict[str, Share] = {}
        for call, hold, count in zip(
            calls, await self._parts.budget.hold_all(calls), counts, strict=True
        ):
            await holds.enter_async_context(hold)
            if call.cost is not None:
                shares[call.profile.id] = Share(hold, call.cost.usual / count)
        return shares, sum_costs([call.cost and call.cost.usual for call in calls])
