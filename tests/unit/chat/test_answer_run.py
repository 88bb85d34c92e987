"""Runs of answers in simulated time, with a store, files and a ledger in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_app.budget.budget import Hold, SpendingHolds
from desktop_app.chat.answers import answer_measures
from desktop_app.chat.answers.answer_ledger import NO_PRICES, AnswerLedger
from desktop_app.chat.answers.answer_run import AnswerRun, PreparedAnswer, answering_choice
from desktop_app.domain import errors
from desktop_app.domain.answering.answer_form import AnswerSchema
from desktop_app.domain.answering.answer_status import StatusCode, answer_status
from desktop_app.domain.answering.chat_request import ChatRequest
from desktop_app.domain.answering.reply import Reply
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    FileArrived,
    HostedCall,
    ImageArrived,
    Incomplete,
    Notice,
    ReasoningDelta,
    RefusalDelta,
    RoundEnded,
    RunAdvanced,
    Started,
    StatusChanged,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStep,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Message,
    MessageStatus,
    RemoteRun,
    Role,
    now,
)
from desktop_app.domain.conversations.message_facts import is_least_cost, measured_facts
from desktop_app.domain.conversations.message_parts import (
    ImagePart,
    Part,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.cost import CallCost, CallUsage, CountedCost, LongPrice, Price, Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.models.variants import Variant
from desktop_app.domain.spending_report import Call, CallPerformance
from desktop_app.domain.tools.tool import TOO_EXPENSIVE, TOO_LONG, TOO_MANY_ROUNDS, ToolCallState
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE, OPENAI
from desktop_app.providers.models.choice_resolution import PriceClaim, ResolvedChoice
from desktop_app.storage.database import Database
from tests.helpers.fragment import Fragment
from tests.helpers.messages import answer
from tests.helpers.scripted_provider import OneProvider, ScriptedProvider
from tests.helpers.simulated_time import in_simulated_time, run_in_simulated_time
from tests.helpers.waiting import cancel
from tests.unit.providers.samples import CATALOG

THINKING = ResolvedChoice(OPENAI, CATALOG.for_variant(Variant.THINKING), Variant.THINKING, None)
INSTANT = ResolvedChoice(OPENAI, CATALOG.for_variant(Variant.INSTANT), Variant.INSTANT, None)
LOCAL = ResolvedChoice(ON_DEVICE, CATALOG.info("smollm2-135m-instruct"), None, None)
USAGE = Usage(1_000, 0, 200, 0)
COST = Decimal("0.00455")  # 1,000 × 1.75 + 200 × 14, a million tokens each
ENDED: list[StreamEvent | float] = [UsageReported(USAGE), Completed()]
DONE, RUNNING, FAILED = ToolCallState.DONE, ToolCallState.RUNNING, ToolCallState.FAILED
SEARCH = ToolCallPart("s", "web_search", "{}", state=DONE, is_hosted=True)
CALL = ToolCallPart("c", "look", "")
PICTURE = ImagePart("b" * 64, "b.png", "image/png", 3)
STATUS = MessageStatus
NAMED: list[StreamEvent] = [Started("r"), RunAdvanced(RemoteRun("r")), TextDelta("a")]


class TimedProvider(ScriptedProvider):
    """Plays scripts in which a number is a pause in seconds."""

    def __init__(self, *scripts: Sequence[StreamEvent | float]) -> None:
        super().__init__()
        self._timed = list(scripts)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        self.requests.append(request)
        for step in self._timed.pop(0):
            if isinstance(step, int | float):
                await asyncio.sleep(step)
            else:
                yield step


@dataclass
class Memory:
    """The store, the files, the ledger and the listener of a run.

    Attributes:
        saved: when an answer was stored, its status and its text.
        fails: the numbers of the writes that fail, from 1.
        takes_s: the time that a write takes.
        picture: what storing a picture returns or raises.
        failing_calls: the numbers of the calls whose line in the ledger fails, from 1.
        tried: when a write began.
        told: the classes of the store's errors; None each time the store works again.
    """

    saved: list[tuple[float, str, str]] = field(default_factory=list)
    fails: Sequence[int] = ()
    takes_s: float = 0.0
    last: Message | None = None
    calls: list[Call] = field(default_factory=list)
    heard: list[StreamEvent] = field(default_factory=list)
    told: list[type[errors.StorageError] | None] = field(default_factory=list)
    picture: ImagePart | errors.StorageError | None = PICTURE
    tried: list[float] = field(default_factory=list)
    failing_calls: Sequence[int] = ()
    calls_tried: int = 0

    async def save_answer(self, answer: Message) -> None:
        self.tried.append(round(asyncio.get_running_loop().time(), 3))
        await asyncio.sleep(self.takes_s)
        if len(self.tried) in self.fails:
            raise errors.StorageError("Full.")
        at = round(asyncio.get_running_loop().time(), 3)
        self.saved.append((at, answer.status.value, answer.text))
        self.last = answer

    async def begin_turn(self, *_: Any) -> None:
        raise NotImplementedError

    async def add(self, call: Call, _hold: object = None) -> None:
        self.calls_tried += 1
        if self.calls_tried in self.failing_calls:
            raise errors.StorageError("Full.")
        self.calls.append(call)

    async def add_file(self, answer: Message, _name: str, data: bytes) -> ImagePart | None:
        return await self.add_image(answer, data)

    async def add_image(self, _answer: Message, _data: bytes) -> ImagePart | None:
        await asyncio.sleep(self.takes_s)
        if isinstance(self.picture, errors.StorageError):
            raise self.picture
        return self.picture

    def listen(self, event: StreamEvent, _reply: object) -> None:
        self.heard.append(event)

    def note(self, error: errors.StorageError | None) -> None:
        self.told.append(None if error is None else type(error))


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the clock of the runs follow that of the loop."""
    monkeypatch.setattr("time.monotonic", lambda: asyncio.get_running_loop().time())


@pytest.fixture(name="run")
def simulated_run() -> Callable[[Coroutine[Any, Any, object]], object]:
    """Return the function that runs the coroutine tests of this module."""
    return run_in_simulated_time


def prepared(
    provider: ScriptedProvider | errors.UserFacingError,
    resolved: ResolvedChoice = THINKING,
    *,
    request: ChatRequest | None = None,
    **more: Any,
) -> PreparedAnswer:
    choice = answering_choice(resolved)
    answer = Message("a", "c", "q", Role.ASSISTANT, STATUS.STREAMING, (), now(), choice)
    return PreparedAnswer(
        Conversation("c", "", now(), now(), choice),
        None,
        answer,
        resolved,
        request or ChatRequest(resolved.model.id, ()),
        OneProvider(provider),
        Hold(),
        stand_in=lambda: THINKING,
        **more,
    )


def a_run(
    memory: Memory,
    provider: ScriptedProvider | errors.UserFacingError,
    resolved: ResolvedChoice = THINKING,
    *,
    tool_prices: Mapping[str, Decimal] = NO_PRICES,
    **more: Any,
) -> AnswerRun:
    ledger = AnswerLedger(memory, resolved, tool_prices=tool_prices)
    return AnswerRun(prepared(provider, resolved, **more), memory, memory, ledger)


@in_simulated_time
async def run(
    *scripts: Sequence[StreamEvent | float],
    memory: Memory | None = None,
    resolved: ResolvedChoice = THINKING,
    retry_writes: bool = True,
    change: Callable[[AnswerRun], None] = lambda _run: None,
    **more: Any,
) -> tuple[Message, Memory]:
    """Return the answer, which is as stored, and what was kept and heard."""
    memory = memory or Memory()
    made = a_run(memory, TimedProvider(*scripts), resolved, **more)
    change(made)
    answer = await made.run(memory.listen, memory.note, retry_writes=retry_writes)
    assert made.answer == answer
    return answer, memory


def texts(memory: Memory) -> list[StreamEvent]:
    return [event for event in memory.heard if isinstance(event, TextDelta)]


# ---------------------------------------------------------------- whole answers


def test_a_complete_answer_is_stored_with_its_call() -> None:
    script = [
        Started("r", "gpt-5.2", service_tier="batch"),
        StatusChanged(2, ErrorNote("Busy.")), StatusChanged(),
        1.0, ReasoningDelta("Hm."), 2.0, TextDelta("One"), 1.5, *ENDED,
    ]  # fmt: skip
    answer, memory = run(script, resolved=replace(THINKING, service_tier="batch"))
    half = COST / 2
    assert answer == replace(
        answer,
        status=STATUS.COMPLETE,
        parts=(ReasoningPart("Hm.", "", "", seconds=2.0), TextPart("One")),
        usage=USAGE,
        cost=half,
        duration_s=4.5,
        error=None,
        remote_run=None,
        answered_by="gpt-5.2",
    )
    opening = StatusChanged(0, answer_status(StatusCode.WAITING, model="GPT-5.2 Thinking"))
    assert memory.heard == [opening, *(event for event in script if not isinstance(event, float))]
    (call,) = memory.calls
    assert call == Call(
        call.at,
        *("openai", "gpt-5.2", "answer", USAGE, half, "c", "a"),
        CallPerformance("", "batch", "complete", 1, 1.0, 4.5),
    )
    assert memory.told == [None]


@pytest.mark.parametrize(
    ("first", "first_token_s"),
    [
        (TextDelta("a"), 2.0),
        (ReasoningDelta("a"), 2.0),
        (RefusalDelta("a"), 2.0),
        (Started("r"), 3.0),
    ],
)
def test_the_first_token_is_of_text_or_reasoning(first: StreamEvent, first_token_s: float) -> None:
    _, memory = run([2.0, first, 1.0, TextDelta("b"), *ENDED])
    (call,) = memory.calls
    assert call.performance.first_token_s == first_token_s


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        ([TextDelta("a"), *ENDED], [("answer", USAGE, COST)]),
        ([TextDelta("a"), Completed()], [("answer", Usage(), None)]),
        # Refused before anything was billed.
        (
            [
                Failed(
                    errors.NetworkError(
                        "Couldn’t connect to {provider} at {host}.",
                        hint="Check the network connection, then try again.",
                    )
                )
            ],
            [("answer", Usage(), Decimal(0))],
        ),
        (
            [
                Failed(
                    errors.to_provider_error(
                        errors.SpendingCapError(
                            "This usually costs {cost}, but {room} of your {cap} limit is left.",
                            hint="Raise the limit in {provider_page}, or wait until {day}.",
                        )
                    )
                )
            ],
            [],
        ),
        (
            [
                TextDelta("a"),
                Failed(
                    errors.NetworkError(
                        "The connection to {provider} was lost before the response finished.",
                        hint="Try again, but you may be charged twice.",
                    )
                ),
            ],
            [("answer", Usage(), None)],
        ),
        # Each round is a call, with the tools of the provider.
        (
            [TextDelta("a"), UsageReported(USAGE), RoundEnded(), TextDelta("b"), *ENDED],
            [("answer", USAGE, COST), ("answer", USAGE, COST)],
        ),
        (
            [
                HostedCall(replace(SEARCH, state=RUNNING)),
                HostedCall(SEARCH),
                HostedCall(replace(SEARCH, call_id="t", state=FAILED)),
                *ENDED,
            ],
            [("tools", Usage(), Decimal("0.01")), ("answer", USAGE, COST)],
        ),
    ],
)
def test_each_call_is_recorded_once(
    script: list[StreamEvent | float], lines: list[tuple[str, Usage, Decimal | None]]
) -> None:
    prices = {"web_search": Decimal("0.01")}
    answer, memory = run(script, tool_prices=prices)
    assert [(call.purpose, call.usage, call.cost) for call in memory.calls] == lines
    known = [line[2] for line in lines]
    if script[-1] == Completed() and None not in known and lines:
        assert answer.cost == sum(filter(None, known))


@pytest.mark.parametrize("failing", [1, 2])
def test_a_call_and_its_fees_are_recorded_once_if_one_of_them_fails_at_first(failing: int) -> None:
    prices = {"web_search": Decimal("0.01")}
    script = [HostedCall(replace(SEARCH, state=RUNNING)), *ENDED]
    _, memory = run(script, tool_prices=prices, memory=Memory(failing_calls=(failing,)))
    assert sorted(call.purpose for call in memory.calls) == ["answer", "tools"]


def test_a_local_model_costs_nothing() -> None:
    for end in (ENDED, [Completed()]):
        _, memory = run([TextDelta("a"), *end], resolved=LOCAL)
        (call,) = memory.calls
        assert call.cost == 0


@pytest.mark.parametrize(
    ("named", "asked", "tier", "cost"),
    [
        ("", None, "", CountedCost(COST)),
        ("auto", "batch", "batch", CountedCost(COST / 2)),
        ("batch", "batch", "batch", CountedCost(COST / 2)),
        ("default", "batch", "default", CountedCost(COST)),
        # A cheaper tier counts only if it was requested.
        ("batch", None, "batch", CountedCost(COST, is_estimated=True)),
        ("flex", None, "flex", CountedCost(COST, is_estimated=True)),
        # Of unknown price: the ordinary one counts.
        ("ultrafast", None, "ultrafast", CountedCost(COST, is_estimated=True)),
    ],
)
def test_an_answer_is_billed_at_the_tier_that_answered(
    named: str, asked: str | None, tier: str, cost: CountedCost
) -> None:
    resolved = replace(THINKING, service_tier=asked)
    answer, memory = run([Started("r", "", service_tier=named), *ENDED], resolved=resolved)
    (call,) = memory.calls
    assert (answer.cost, answer.cost_is_estimated) == cost
    assert (call.cost, call.is_estimated, call.performance.tier) == (*cost, tier)


def test_each_round_is_billed_at_the_price_of_its_size() -> None:
    long = LongPrice(15, Price(Decimal(4), Decimal(4)))
    price = Price(Decimal(1), Decimal(1), long=long)
    resolved = replace(THINKING, model=replace(THINKING.model, price=price))
    rounds = [UsageReported(Usage(10, 0, 1)), RoundEnded(), UsageReported(Usage(20)), Completed()]
    answer, memory = run([TextDelta("a"), *rounds], resolved=resolved)
    assert [call.cost for call in memory.calls] == [Decimal("0.000011"), Decimal("0.00008")]
    assert answer.cost == Decimal("0.000091")
    assert not is_least_cost(answer)


@pytest.mark.parametrize(
    "script",
    [
        [TextDelta("a"), RoundEnded(), TextDelta("b"), UsageReported(USAGE), Completed()],
        [TextDelta("a"), UsageReported(CallUsage(10, audio_input_tokens=5)), Completed()],
    ],
)
def test_a_cost_with_an_unknown_part_is_said_to_be_more(script: list[StreamEvent]) -> None:
    answer, memory = run(script)
    assert is_least_cost(answer)
    assert measured_facts(answer)[1].startswith("≥ $")
    assert sorted(call.cost is None for call in memory.calls) == [False, True]


def test_a_sum_that_the_server_states_is_the_cost() -> None:
    usage = CallUsage(10, 0, 5, stated_cost=Decimal("1.25"))
    unpriced = replace(THINKING, claim=PriceClaim.NONE)
    for resolved in (THINKING, unpriced):
        answer, memory = run([TextDelta("a"), UsageReported(usage), Completed()], resolved=resolved)
        (call,) = memory.calls
        assert (answer.cost, call.cost) == (Decimal("1.25"), Decimal("1.25"))
        assert not is_least_cost(answer)


# ---------------------------------------------------------------- ends


@pytest.mark.parametrize(
    ("end", "status", "code", "reason"),
    [
        (
            Incomplete("max_output_tokens"),
            STATUS.INCOMPLETE,
            "incomplete",
            "The response reached its maximum",
        ),
        (Incomplete("why not"), STATUS.INCOMPLETE, "incomplete", "reason: why not."),
        (
            Incomplete(TOO_MANY_ROUNDS),
            STATUS.INCOMPLETE,
            "incomplete",
            "and reached the limit of rounds",
        ),
        (
            Incomplete(TOO_LONG),
            STATUS.INCOMPLETE,
            "incomplete",
            "The tools reached their time limit",
        ),
        (
            Incomplete(TOO_EXPENSIVE),
            STATUS.INCOMPLETE,
            "incomplete",
            "The tools reached their cost limit",
        ),
        (
            Incomplete("content_filter"),
            STATUS.REFUSED,
            "refused",
            "provider’s content filter stopped",
        ),
        (
            Failed(
                errors.RunLostError(
                    "{provider} ended the response early.",
                    hint="Try again, but you may be charged twice.",
                )
            ),
            STATUS.INTERRUPTED,
            "run_lost",
            "ended the response early",
        ),
    ],
)
def test_an_incomplete_answer_has_an_error_with_the_reason(
    end: StreamEvent, status: MessageStatus, code: str, reason: str
) -> None:
    answer, _ = run([TextDelta("a"), end])
    assert (answer.status, answer.text) == (status, "a")
    assert (answer.error.code, answer.error.sentences) == (code, Fragment(reason))
    assert not isinstance(end, Incomplete) or answer.error.details == end.reason


def test_a_local_model_that_repeats_itself_is_stopped() -> None:
    script = [TextDelta("The key is again in the cellar.\n")] * 500
    answer, memory = run([*script, *ENDED], resolved=LOCAL)
    assert (answer.status, answer.error.code) == (STATUS.INCOMPLETE, "repetition")
    assert answer.error.message == Fragment("repeated itself")
    assert 1_000 < len(answer.text) < 2_000
    assert memory.last == answer
    answer, _ = run([*script, *ENDED], resolved=THINKING)
    assert (answer.status, len(answer.text)) == (STATUS.COMPLETE, 16_000)


def test_a_refusal_by_the_model_is_not_an_error() -> None:
    answer, _ = run([RefusalDelta("No."), *ENDED])
    assert (answer.status, answer.error) == (STATUS.REFUSED, None)
    assert answer.parts == (RefusalPart("No."),)


async def test_an_error_before_the_request_fails_the_answer_without_a_call() -> None:
    memory = Memory()
    error = errors.CredentialError(
        "The API key contains invalid characters.",
        hint="Enter it again in {provider_page}.",
        details="d",
    )
    answer = await a_run(memory, error).run(memory.listen, memory.note)
    assert answer.status is STATUS.FAILED
    assert (answer.error.message, answer.error.code, answer.error.details) == (
        Fragment("The API key contains invalid"),
        errors.CredentialError.code,
        "d",
    )
    assert memory.calls == []
    made = errors.to_provider_error(error)
    assert (made.__cause__, made.code) == (error, error.code)
    assert errors.to_provider_error(made) is made


# ---------------------------------------------------------------- storing


def test_a_growing_answer_is_stored_twice_a_second() -> None:
    script = [0.1, TextDelta("a"), 0.2, TextDelta("b"), 0.4, TextDelta("c"), 2.0, *ENDED]
    _, memory = run(script)
    assert memory.saved == [
        (0.5, "streaming", "ab"),
        (1.0, "streaming", "abc"),
        (2.7, "complete", "abc"),
    ]


def test_a_failing_store_is_reported_once_and_so_is_its_recovery() -> None:
    script: list[StreamEvent | float] = [0.1, TextDelta("a")] * 20
    _, memory = run([*script, *ENDED], memory=Memory(fails=(2, 3)))
    assert [at for at, *_ in memory.saved] == [0.5, 2.0]
    assert memory.told == [errors.StorageError, None]


@pytest.mark.parametrize(
    ("retry_writes", "saved", "told"),
    [
        (True, [(4.0, "complete", "a")], [errors.StorageError, errors.StorageError, None]),
        (False, [], [errors.StorageError]),
    ],
)
def test_storing_the_end_is_retried_unless_a_command_waits(
    retry_writes: bool, saved: list[tuple[float, str, str]], told: list[object]
) -> None:
    _, memory = run(
        [TextDelta("a"), *ENDED], memory=Memory(fails=(1, 2)), retry_writes=retry_writes
    )
    assert (memory.saved, memory.told) == (saved, told)
    assert len(memory.calls) == len(saved)


def test_the_name_of_a_background_run_is_stored_at_once() -> None:
    _, memory = run([0.1, *NAMED, 0.2, TextDelta("b"), 0.6, *ENDED])
    assert memory.saved == [
        (0.1, "streaming", "a"),
        (0.6, "streaming", "ab"),
        (0.9, "complete", "ab"),
    ]
    assert memory.last.remote_run is None


@pytest.mark.parametrize(
    "step", [ToolCallStep(ToolCallPart("1", "look", "{}", state=RUNNING)), RoundEnded()]
)
def test_a_step_is_stored_before_the_next(step: StreamEvent) -> None:
    _, memory = run([0.1, TextDelta("a"), step, 0.1, *ENDED])
    assert [at for at, *_ in memory.saved] == [0.1, 0.2]
    _, memory = run([step, *ENDED], memory=Memory(fails=(1,)))
    assert [at for at, *_ in memory.saved][-2:] == [2.0, 2.0]
    answer, memory = run(
        [step, TextDelta("b"), *ENDED], memory=Memory(fails=(1,)), retry_writes=False
    )
    assert (answer.status, texts(memory)) == (STATUS.FAILED, [])
    assert answer.error is not None
    assert memory.told == [errors.StorageError, None]


def test_what_the_provider_has_run_is_stored_with_the_next_checkpoint() -> None:
    calls = [HostedCall(replace(SEARCH, call_id=str(n))) for n in range(1000)]
    script = [0.1, *calls, *calls, ImageArrived(b"png"), 0.6, TextDelta("a"), *ENDED]
    answer, memory = run(script, tool_prices={"web_search": Decimal("0.01")})
    assert [at for at, *_ in memory.saved] == [0.5, 0.7]
    assert answer.parts == (
        *(replace(SEARCH, call_id=str(n)) for n in range(200)),
        PICTURE,
        TextPart("a"),
    )
    left_out = notice(NoticeCode.CALLS_LEFT_OUT, count="800", limit="200")
    assert answer.notices == (left_out,)
    assert (memory.calls[0].purpose, memory.calls[0].cost) == ("tools", 10)
    assert [call.purpose for call in memory.calls] == ["tools", "answer"]


def test_the_images_of_an_answer_are_bounded() -> None:
    answer, _ = run([*[ImageArrived(b"png")] * 250, TextDelta("a"), *ENDED])
    assert (len(answer.parts), answer.text) == (201, "a")
    assert answer.notices == (notice(NoticeCode.IMAGE_NOT_KEPT),)


def test_a_round_is_billed_once_if_its_answer_is_stored_at_the_second_attempt() -> None:
    script = [TextDelta("a"), UsageReported(USAGE), RoundEnded(), TextDelta("b"), *ENDED]
    _, memory = run(script, memory=Memory(fails=(1,)))
    assert errors.StorageError in memory.told
    assert len(memory.calls) == len(run(script)[1].calls) == 2


# ---------------------------------------------------------------- the limit


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize(
    ("event", "kept"),
    [
        (TextDelta("é"), (TextPart("é"),)),
        (ReasoningDelta("ab"), (ReasoningPart("ab", seconds=0.0),)),
        (RefusalDelta("ab"), (RefusalPart("ab"),)),
        (ToolCallDelta(0, "{}", "c", "look"), (replace(CALL, arguments="{}"),)),
        (HostedCall(SEARCH), (SEARCH,)),
    ],
)
def test_an_answer_beyond_the_limit_ends_with_what_fits(
    event: StreamEvent, kept: tuple[Part, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit, is_kept in ((2, True), (1, False)):
        monkeypatch.setattr(answer_measures, "MAX_ANSWER_BYTES", limit)
        answer, memory = run([event, TextDelta("z"), *ENDED])
        assert answer.status is STATUS.FAILED
        assert "The response from" in answer.error.message
        assert answer.error.code == errors.ReplyTooLargeError.code
        assert answer.parts == (kept if is_kept else ())
        assert memory.last == answer
        assert Completed() not in memory.heard


@pytest.mark.parametrize(("limit", "result"), [(3, "abc"), (2, "")])
def test_the_results_of_tools_count(
    limit: int, result: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_measures, "MAX_ANSWER_BYTES", limit)
    step = ToolCallStep(replace(CALL, state=DONE, result="abc"))
    answer, _ = run([ToolCallDelta(0, "", "c", "look"), step, TextDelta("z"), *ENDED])
    assert answer.status is STATUS.FAILED
    assert [part.result for part in answer.parts] == [result]


def test_an_answer_of_the_largest_size_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_measures, "MAX_ANSWER_BYTES", 4)
    answer, _ = run([TextDelta("ab"), TextDelta("cd"), *ENDED])
    assert (answer.status, answer.text) == (STATUS.COMPLETE, "abcd")


# ---------------------------------------------------------------- pictures


@pytest.mark.parametrize(
    ("picture", "notices", "told"),
    [
        (PICTURE, (), [None]),
        (None, (notice(NoticeCode.IMAGE_NOT_KEPT),), [None]),
        (errors.StorageError("Full."), (), [errors.StorageError, None]),
    ],
)
@pytest.mark.parametrize("event", [HostedCall(SEARCH, b"png"), ImageArrived(b"png")])
def test_a_generated_image_is_kept(
    event: StreamEvent,
    picture: ImagePart | errors.StorageError | None,
    notices: object,
    told: object,
) -> None:
    answer, memory = run([event, *ENDED], memory=Memory(picture=picture))
    found = [part for part in answer.parts if isinstance(part, ImagePart)]
    assert found == ([PICTURE] if picture is PICTURE else [])
    assert (answer.notices, memory.told) == (notices, told)
    (seen,) = (e for e in memory.heard if isinstance(e, HostedCall | ImageArrived))
    kept = PICTURE if picture is PICTURE else None
    assert (seen.image, seen.image_part) == (b"", kept)


@pytest.mark.parametrize(
    ("file", "notices"),
    [
        (PICTURE, ()),
        (None, (notice(NoticeCode.FILE_NOT_KEPT, name="a.csv"),)),
        (errors.StorageError("Full."), ()),
    ],
)
def test_a_file_of_the_answer_is_kept(
    file: ImagePart | errors.StorageError | None, notices: tuple[NoticeText, ...]
) -> None:
    answer, memory = run([FileArrived("a.csv", b""), *ENDED], memory=Memory(picture=file))
    assert (answer.attachments, answer.notices) == ((file,) if file is PICTURE else (), notices)
    (seen,) = (event for event in memory.heard if isinstance(event, FileArrived))
    assert seen == FileArrived("a.csv", b"", PICTURE if file is PICTURE else None)


# ---------------------------------------------------------------- stand-ins

GONE = Failed(errors.ModelNotFoundError("No such model.", status=404))


def test_a_retired_instant_model_is_replaced_with_a_notice() -> None:
    resolved = replace(INSTANT, service_tier="batch")
    answer, memory = run([GONE], [TextDelta("a"), *ENDED], resolved=resolved)
    assert (answer.status, answer.text) == (STATUS.COMPLETE, "a")
    assert answer.choice == answering_choice(THINKING)
    assert answer.notices == (notice(NoticeCode.INSTANT_RETIRED),)
    assert Notice(notice(NoticeCode.INSTANT_RETIRED)) in memory.heard
    (call,) = memory.calls
    assert (call.model, call.cost) == ("gpt-5.2", COST / 2)


@pytest.mark.parametrize(
    ("resolved", "script"),
    [
        (THINKING, [GONE]),
        (replace(INSTANT, notice="Instead."), [GONE]),
        (INSTANT, [TextDelta("a"), GONE]),
    ],
)
def test_only_the_instant_model_is_replaced(
    resolved: ResolvedChoice, script: list[StreamEvent]
) -> None:
    answer, _ = run(script, resolved=resolved)
    assert answer.status is STATUS.FAILED


# ---------------------------------------------------------------- forms


@pytest.mark.parametrize(
    ("script", "count"),
    [
        ([TextDelta('{"a": "x"}'), Completed()], 1),
        ([TextDelta('{"a": 1}'), Completed()], 0),
        ([TextDelta('{"a": "x"}'), Incomplete("length")], 0),
    ],
)
def test_an_answer_is_checked_against_its_schema(script: list[StreamEvent], count: int) -> None:
    schema = AnswerSchema("f", {"properties": {"a": {"type": "integer"}}})
    answer, _ = run(script, schema=schema)
    assert len(answer.notices) == count
    answer, _ = run(script)
    assert answer.notices == ()


# ---------------------------------------------------------------- stopping


@in_simulated_time
async def stop_answer(
    script: Sequence[StreamEvent | float],
    *,
    leaves: bool = False,
    memory: Memory | None = None,
    cancel_result: Usage | errors.ProviderError | None = None,
    background: bool = False,
    goes_on_s: float = 100.0,
    schema: AnswerSchema | None = None,
) -> tuple[AnswerRun, Memory, TimedProvider, list[bool]]:
    """Stop an answer after 1.25 seconds; return also two results of canceling its remote run."""
    memory = memory or Memory()
    provider = TimedProvider([*script, goes_on_s])
    provider.cancel_result = cancel_result
    request = ChatRequest("gpt-5.2", (), background=background)
    made = a_run(memory, provider, request=request, schema=schema)
    task = asyncio.ensure_future(made.run(memory.listen, memory.note))
    await asyncio.sleep(1.25)
    if leaves:
        made.leave_running()
    await cancel(task)
    return made, memory, provider, [await made.cancel_remote() for _ in range(2)]


def test_a_stopped_answer_keeps_its_text() -> None:
    made, memory, provider, canceled = stop_answer([TextDelta("a")])
    assert (made.answer.status, made.answer.text) == (STATUS.CANCELLED, "a")
    assert (made.answer.duration_s, made.answer.notices) == (1.25, ())
    assert canceled == [False, False]
    assert provider.cancelled == []
    assert [(call.cost, call.usage) for call in memory.calls] == [(None, Usage())]
    assert memory.saved[-1] == (1.25, "cancelled", "a")


def test_an_image_that_is_being_stored_is_kept() -> None:
    made, *_ = stop_answer([1.0, ImageArrived(b"png")], memory=Memory(takes_s=0.4))
    assert (made.answer.status, made.answer.parts) == (STATUS.CANCELLED, (PICTURE,))


@pytest.mark.parametrize(("fails", "told"), [((), [None]), ((1, 2), [errors.StorageError])])
def test_stopping_an_answer_while_its_end_is_stored_loses_no_call(
    fails: Sequence[int], told: list[type[errors.StorageError] | None]
) -> None:
    script = [1.0, TextDelta("a"), *ENDED]
    made, memory, *_ = stop_answer(script, memory=Memory(takes_s=0.4, fails=fails), goes_on_s=0)
    assert (made.answer.status, made.answer.text) == (STATUS.COMPLETE, "a")
    assert memory.saved == ([] if fails else [(1.4, "complete", "a")])
    assert [call.cost for call in memory.calls] == ([] if fails else [COST])
    assert memory.told == told


@pytest.mark.parametrize("leaves", [False, True])
@in_simulated_time
async def test_an_answer_canceled_twice_is_stored_before_its_task_ends(leaves: bool) -> None:
    memory = Memory(takes_s=3.0)
    made = a_run(memory, TimedProvider([*NAMED, 100.0]))
    task = asyncio.ensure_future(made.run(memory.listen, memory.note))
    await asyncio.sleep(0.25)
    if leaves:
        made.leave_running()
    task.cancel()
    await asyncio.sleep(2.0)
    await cancel(task)
    assert memory.saved[-1:] == [(3.25, "streaming" if leaves else "cancelled", "a")]


def test_a_stopped_answer_that_was_not_stored_is_stored_later_with_its_call() -> None:
    made, memory, *_ = stop_answer([1.1, TextDelta("a")], memory=Memory(fails=(1,)))
    assert (memory.saved, memory.told) == ([], [errors.StorageError])
    for _ in range(2):
        run_in_simulated_time(made.store_end())
        assert memory.last == made.answer
        assert [call.cost for call in memory.calls] == [None]


@pytest.mark.parametrize(
    ("cancel_result", "notices", "cost"),
    [
        (USAGE, (), COST),
        (None, (), None),
        (
            errors.NetworkError(
                "Couldn’t connect to {provider} at {host}.",
                hint="Check the network connection, then try again.",
            ),
            (notice(NoticeCode.MAY_GO_ON, provider="OpenAI"),),
            None,
        ),
    ],
)
def test_a_stopped_background_run_is_canceled_once(
    cancel_result: Usage | errors.ProviderError | None, notices: object, cost: Decimal | None
) -> None:
    made, memory, provider, canceled = stop_answer(
        NAMED, cancel_result=cancel_result, background=True
    )
    assert provider.cancelled == [RemoteRun("r")]
    assert canceled == [cancel_result is not None, False]
    assert (made.answer.status, made.answer.duration_s) == (STATUS.CANCELLED, 1.25)
    assert (made.answer.notices, made.answer.cost) == (notices, cost)
    assert [call.cost for call in memory.calls] == [cost]
    assert memory.last == made.answer


def test_a_background_run_that_is_left_continues() -> None:
    made, memory, provider, canceled = stop_answer(NAMED, leaves=True, background=True)
    assert (made.answer.status, made.answer.remote_run) == (STATUS.STREAMING, RemoteRun("r"))
    assert (canceled, provider.cancelled, memory.calls) == ([False, False], [], [])
    assert memory.last == made.answer
    _, memory, *_ = stop_answer(
        [1.1, *NAMED], leaves=True, background=True, memory=Memory(fails=(1, 2))
    )
    assert memory.told == [errors.StorageError, errors.StorageError]


@pytest.mark.parametrize(
    ("script", "background", "is_told"),
    [([TextDelta("a")], True, True), ([Started("r")], True, False), ([], False, False)],
)
def test_a_run_without_an_id_cannot_be_canceled(
    script: list[StreamEvent], background: bool, is_told: bool
) -> None:
    for leaves in (False, True):
        made, _, provider, canceled = stop_answer(script, background=background, leaves=leaves)
        told = (notice(NoticeCode.STOPPED_UNNAMED, provider="OpenAI"),) if is_told else ()
        assert (made.answer.notices, made.answer.status) == (told, STATUS.CANCELLED)
        assert (canceled, provider.cancelled) == ([False, False], [])


@pytest.mark.parametrize(
    ("status", "error", "is_sent", "costs"),
    [
        (STATUS.CANCELLED, None, True, [COST]),
        (STATUS.CANCELLED, None, False, []),
        (STATUS.FAILED, errors.StreamCutError("Cut."), True, [COST]),
        (STATUS.FAILED, errors.NetworkError("Not reached."), True, [Decimal(0)]),
    ],
)
@in_simulated_time
async def test_under_a_limit_a_request_without_an_answer_costs_what_was_held_if_it_may_be_billed(
    status: MessageStatus, error: errors.ProviderError | None, is_sent: bool, costs: list[Decimal]
) -> None:
    hold = Hold(SpendingHolds(Database(Path("unused"))), 1, CallCost.fixed(COST))
    memory = Memory()
    ledger = AnswerLedger(memory, THINKING, hold=hold)
    stored = replace(answer("x"), status=status)
    await ledger.record_call(Reply(error=error), stored, is_sent=is_sent)
    assert [call.cost for call in memory.calls] == costs
