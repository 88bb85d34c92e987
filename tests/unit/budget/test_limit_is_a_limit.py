"""A monthly limit against any mix of parallel commands, kills and odd replies.

Each command has a connection of its own to one store, as processes have. The scripted provider
bills what it really sent, whatever it reports.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from desktop_app.chat.answers import answer_run
from desktop_app.chat.send_context import AskSettings
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.stream_events import (
    Completed,
    Started,
    StreamEvent,
    TextDelta,
    UsageReported,
)
from desktop_app.domain.cost import CallUsage, Usage
from desktop_app.domain.errors import SpendingCapError, StorageError, UnpricedModelError
from desktop_app.providers.apis.event_reader import usage_of
from tests.helpers.scripted_provider import ScriptedProvider
from tests.helpers.waiting import cancel, until
from tests.unit.chat.test_chat_service import ChatSetup, open_chat
from tests.unit.providers.samples import CATALOG, COMPATIBLE

PRICE: Final = CATALOG.info("gpt-5.2").price
LONGEST: Final = 128_000
REPLIES: Final = ("usage", "none", "other model", "other tier", "stated")
KILLED: Final = "another boot:1"
ODD_COUNT: Final = st.sampled_from(
    (None, 0, 1, 2, -5, "many", "3", True, float("inf"), 10**400, [], {"tokens": 5})
)
ODD_USAGE: Final = st.dictionaries(
    st.sampled_from(("input_tokens", "output_tokens", "completion_tokens", "total_tokens")),
    ODD_COUNT,
)


def text_of(tokens: range) -> str:
    """Return a text of seven bytes for each token, which does not repeat itself."""
    return "".join(f" {number:06}" for number in tokens)


Step = tuple[str | dict[str, object], int, int, int | None, str]


@dataclass
class Billed:
    """What the provider bills for one call so far."""

    dollars: Decimal = Decimal(0)


@dataclass
class BillingProvider(ScriptedProvider):
    """A provider whose answers have a length and end as `reply` says, once they are released.

    Attributes:
        begun: the part of an answer that comes before, such as 2 for a half.
    """

    reply: str | dict[str, object]
    tokens: int
    bills: list[Billed]
    begun: int = 2

    def __post_init__(self) -> None:
        super().__init__()
        self.own_bills: list[Billed] = []

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        tokens = min(self.tokens, request.parameters.max_output_tokens or LONGEST)
        bill = Billed()
        self.bills.append(bill)
        self.own_bills.append(bill)
        names = {"other model": ("gpt-5-nano", ""), "other tier": ("gpt-5.2", "batch")}
        model, tier = names.get(str(self.reply), ("gpt-5.2", ""))
        yield Started("r", model, service_tier=tier)
        bill.dollars = PRICE.cost(Usage(10, 0, tokens // self.begun))
        yield TextDelta(text_of(range(tokens // self.begun)))
        self.holding.set()
        await self.release.wait()
        bill.dollars = PRICE.cost(Usage(10, 0, tokens))
        yield TextDelta(text_of(range(tokens // self.begun, tokens)))
        if self.reply == "stated":
            yield UsageReported(CallUsage(10, 0, 1, stated_cost=bill.dollars))
        elif isinstance(self.reply, dict):
            if (odd := usage_of({"input_tokens": 10, **self.reply})) is not None:
                yield UsageReported(odd)
        elif self.reply != "none":
            yield UsageReported(Usage(10, 0, tokens), tier)
        yield Completed()


class Command:
    """A process that asks once: a connection of its own to the store, and its answers."""

    def __init__(self, chat: ChatSetup, provider: BillingProvider) -> None:
        self._chat = chat
        self._provider = provider
        self._tasks: list[asyncio.Task[object]] = []
        self._holds: set[int] = set()

    async def begin(self, profile: ProviderProfile, answers: int, limit: int | None) -> bool:
        """Begin the answers. Return False if the limit refuses them."""
        parameters = GenerationParameters(candidates=answers, max_output_tokens=limit)
        before = await self._hold_ids()
        try:
            run = await self._chat.begin("?", profile, settings=AskSettings(parameters=parameters))
        except SpendingCapError as refusal:
            assert not isinstance(refusal, UnpricedModelError)
            return False
        self._holds = await self._hold_ids() - before
        runs = (run, *run.siblings)
        self._tasks = [asyncio.ensure_future(self._chat.run(each)) for each in runs]

        async def have_begun() -> bool:
            return len(self._provider.own_bills) == answers

        await until(have_begun)
        return True

    async def end(self, how: str) -> None:
        if how == "kill":
            await self._kill()
        elif how == "stop":
            for task in self._tasks:
                await cancel(task)
        else:
            self._provider.release.set()
            await asyncio.gather(*self._tasks)

    async def _hold_ids(self) -> set[int]:
        # The next call may have the id of a killed one, whose hold it replaces.
        sql = "SELECT id FROM spending_holds WHERE owner_started <> ?"
        rows = await self._chat.database.rows(sql, KILLED)
        return {row["id"] for row in rows}

    async def _kill(self) -> None:
        """End as a killed process does: nothing is written any more, and the holds stay."""
        least = min(bill.dollars for bill in self._provider.own_bills)
        database = self._chat.database

        async def are_raised() -> bool:  # by a checkpoint, to what the text so far costs
            rows = await database.rows("SELECT id, amount FROM spending_holds")
            held = [Decimal(row["amount"]) / 10**9 for row in rows if row["id"] in self._holds]
            return min(held) >= least

        await until(are_raised)
        for hold_id in self._holds:
            sql = "UPDATE spending_holds SET owner_started = ? WHERE id = ?"
            await database.execute(sql, KILLED, hold_id)

        async def refuse(_action: object) -> None:
            raise StorageError("The process was killed.")

        database.write = refuse
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


STEP = st.tuples(
    st.one_of(st.sampled_from(REPLIES), ODD_USAGE),
    st.sampled_from((10, 900, 30_000, LONGEST)),  # tokens of each answer
    st.sampled_from((1, 1, 1, 2, 4)),  # answers of the command
    st.sampled_from((None, None, 2_000)),  # the limit on their length
    st.sampled_from(("kill", "stop", "finish", "stay")),
)


@settings(max_examples=12)
@example(cap="2", steps=[("none", 30_000, 1, None, "kill"), ("none", 30_000, 1, None, "stop")] * 4)
@example(cap="2", steps=[({}, 30_000, 1, None, "finish")] * 7)
@example(cap="2", steps=[({"output_tokens": 1}, 30_000, 1, None, "finish")] * 7)
@example(cap="5", steps=[("usage", LONGEST, 1, None, "stay")] * 7)
@given(
    cap=st.sampled_from(("0.02", "0.3", "2", "5", "9")),
    steps=st.lists(STEP, min_size=1, max_size=7),
)
def test_spending_exceeds_a_limit_by_at_most_one_answer(cap: str, steps: list[Step]) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(answer_run, "CHECKPOINT_S", 0.01)
        asyncio.run(_check(Path(folder), Decimal(cap), steps))


async def _check(folder: Path, cap: Decimal, steps: list[Step]) -> None:
    # A server in the user's own network would have no price.
    profile = replace(COMPATIBLE, base_url="https://h.example/v1", monthly_cap=cap)
    bills: list[Billed] = []
    running: list[Command] = []
    async with AsyncExitStack() as stack:
        for reply, tokens, answers, limit, how in steps:
            provider = BillingProvider(reply, tokens, bills, 500 if how == "stay" else 2)
            chat = await stack.enter_async_context(open_chat(folder, provider))
            command = Command(chat, provider)
            if not await command.begin(profile, answers, limit):
                continue
            if how == "stay":
                running.append(command)
            else:
                await command.end(how)
        for command in running:
            await command.end("finish")
        largest = max((bill.dollars for bill in bills), default=Decimal(0))
        billed = sum((bill.dollars for bill in bills), Decimal(0))
        assert billed <= cap + largest
        # The next question is sent only if all that was billed leaves room for it.
        last = BillingProvider("usage", 10, bills)
        chat = await stack.enter_async_context(open_chat(folder, last))
        command = Command(chat, last)
        is_sent = await command.begin(profile, 1, None)
        month = await chat.service.calls.budget.month(profile)
        assert month.uncounted == 0
        assert month.spent >= billed
        assert is_sent == (month.spent + month.held <= cap and bool(month.held))
        await command.end("finish")
