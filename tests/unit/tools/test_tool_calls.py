"""The steps of calls, their results as the model gets them, and the loop with its rounds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_app.budget.budget import Budget, Hold
from desktop_app.chat.answers import answer_measures
from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.chat.send_context import AskSettings
from desktop_app.domain.answering.answer_status import status_text
from desktop_app.domain.answering.chat_request import ChatRequest, ImageData, ProviderProfile
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.stream_events import (
    Completed,
    Incomplete,
    ReasoningDelta,
    RoundEnded,
    StatusChanged,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStep,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.domain.conversations.message_parts import (
    ReasoningPart,
    TextPart,
    ToolCallPart,
    tool_calls,
)
from desktop_app.domain.cost import CallCost, Usage
from desktop_app.domain.errors import SpendingCapError, StorageError
from desktop_app.domain.models.variants import Variant
from desktop_app.domain.prompt_delimiter import SAMPLE_DELIMITER
from desktop_app.domain.tools.tool import (
    MAX_RESULT_CHARS,
    PAGE_TOOL,
    TOO_EXPENSIVE,
    TOO_LONG,
    TOO_MANY_ROUNDS,
    ListedTool,
    Permission,
    ToolCallState,
    ToolContext,
    ToolDefinition,
    ToolError,
    ToolLimits,
)
from desktop_app.providers.gateway.environment_profiles import OPENAI
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.tools.calls import call_run, tool_loop
from desktop_app.tools.calls.call_results import (
    DENIED,
    EMPTY,
    INTERRUPTED,
    limit_result,
    sent_parts,
)
from desktop_app.tools.calls.call_run import CallRun
from desktop_app.tools.calls.consent import (
    AllowedTools,
    ConsentBroker,
    ConsentQuestion,
    Decision,
    fingerprint,
    may_run_without_asking,
)
from desktop_app.tools.calls.tool_loop import LoopTask, tool_gateway
from desktop_app.tools.calls.tool_set import ToolCatalog
from tests.helpers.fragment import Fragment
from tests.helpers.scripted_provider import OneProvider, ScriptedProvider
from tests.helpers.tools import Answers, Permissions, Source, broker
from tests.helpers.waiting import cancel
from tests.unit.chat.test_chat_service import ChatSetup, open_chat
from tests.unit.providers.samples import CATALOG
from tests.unit.storage.samples import opened

S = ToolCallState
TOOL = ToolDefinition("look", "Looks.", {"type": "object"})


async def done(_arguments: Any) -> str:
    return "done"


async def refused(_arguments: Any) -> str:
    raise ToolError("Not today.")


async def crashed(_arguments: Any) -> str:
    raise ZeroDivisionError


async def endless(_arguments: Any) -> str:
    await asyncio.Event().wait()
    return ""


def source() -> Source:
    made = Source(look=done, refuse=refused, crash=crashed, hang=endless)
    made.parameters = {"type": "object", "properties": {"n": {"type": "integer"}}}
    return made


async def steps_of(
    calls: Sequence[ToolCallPart], consent: ConsentBroker | None = None, seconds: float = 60
) -> list[tuple[object, ...]]:
    """Return the steps of calls as their ids, states and results; a wait as its words."""
    tools = await ToolCatalog([source()]).choose(["look", "refuse", "crash", "hang"])
    found: list[tuple[object, ...]] = []
    async for event in CallRun(tools, consent or broker(), ToolContext("c")).run(calls, seconds):
        if isinstance(event, ToolCallStep):
            call = event.call
            has_run = call.seconds is not None
            found.append((call.call_id, call.state, call.result, has_run))
        else:
            assert isinstance(event, StatusChanged)
            found.append((event.seconds, status_text(event.status)))
    return found


MISMATCH = 'The arguments do not match the schema:\n$.n: "x" is not of type "integer"'
ASKED = [(0, "Waiting for your permission…"), (0, "")]


@pytest.mark.parametrize(
    ("name", "arguments", "state", "result"),
    [
        ("look", "{}", S.DONE, "done"),
        ("refuse", "", S.FAILED, "Not today."),
        ("crash", "{}", S.FAILED, "The tool crashed (ZeroDivisionError)."),
    ],
)
async def test_a_call_goes_through_its_steps_in_order(
    name: str, arguments: str, state: ToolCallState, result: str
) -> None:
    begun = [*ASKED, ("1", S.ALLOWED, "", False), ("1", S.RUNNING, "", False)]
    steps = await steps_of([ToolCallPart("1", name, arguments)])
    assert steps == [*begun, ("1", state, result, True)]


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("fly", "{}", "There is no such tool. Tools: crash, hang, look, refuse"),
        ("look", "[]", "The arguments are not a JSON object."),
    ],
)
async def test_an_unusable_call_fails_without_a_question(
    name: str, arguments: str, result: str
) -> None:
    steps = await steps_of([ToolCallPart("1", name, arguments)])
    assert steps == [("1", S.FAILED, result, False)]


@pytest.mark.parametrize(
    ("decision", "steps"),
    [
        (Decision(is_allowed=False), [("1", S.DENIED, DENIED, False)]),
        (Decision(is_allowed=False, reason="Never."), [("1", S.DENIED, "Never.", False)]),
        (Decision(is_allowed=True, arguments='{"n": "x"}'), [("1", S.FAILED, MISMATCH, False)]),
    ],
)
async def test_a_denied_call_or_one_with_invalid_changed_arguments_does_not_run(
    decision: Decision, steps: list[tuple[object, ...]]
) -> None:
    found = await steps_of([ToolCallPart("1", "look", '{"n": 1}')], broker(decision))
    assert found == [*ASKED, *steps]


@pytest.mark.parametrize(
    ("arguments", "edited"), [('{"n": 2}', '{"n": 2}'), ('{"n": 1}', ""), ("", "")]
)
async def test_changed_arguments_are_noted(arguments: str, edited: str) -> None:
    own = source()
    tools = await ToolCatalog([own]).choose(["look"])
    run = CallRun(tools, broker(Decision(is_allowed=True, arguments=arguments)), ToolContext("c"))
    calls = [ToolCallPart("1", "look", '{"n": 1}')]
    steps = [step.call async for step in run.run(calls, 60) if isinstance(step, ToolCallStep)]
    assert [call.edited for call in steps] == [edited] * 3
    assert own.calls == [("look", {"n": 2 if edited else 1})]
    assert 0 <= run.waited_s < 60


@pytest.mark.parametrize(
    ("name", "count", "writes"), [("look", 200, 2), ("fly", 200, 1), ("look", 1, 2), ("fly", 1, 1)]
)
async def test_calls_wait_for_two_writes_and_refused_ones_for_one(
    name: str, count: int, writes: int
) -> None:
    tools = await ToolCatalog([source()]).choose(["look"])
    calls = [ToolCallPart(str(number), name, "{}") for number in range(count)]
    run = CallRun(tools, broker(), ToolContext("c"))
    steps = [step async for step in run.run(calls, 60) if isinstance(step, ToolCallStep)]
    assert sum(step.is_awaited for step in steps) == writes
    assert steps[-1].is_awaited
    running = [step.is_awaited for step in steps if step.call.state is S.RUNNING]
    assert running[-1:] == [True] * (name == "look")


async def test_no_more_than_sixteen_calls_run_at_once() -> None:
    calls = [ToolCallPart(str(number), "look", "{}") for number in range(18)]
    steps = await steps_of(calls)
    failed = [step[:3] for step in steps if step[1] is S.FAILED]
    words = "Too many calls at once. At most 16 run."
    assert failed == [("16", S.FAILED, words), ("17", S.FAILED, words)]
    assert {step[0] for step in steps if step[1] is S.DONE} == {str(n) for n in range(16)}


async def test_a_tool_that_is_never_allowed_is_denied_without_a_question() -> None:
    class Broken(Permissions):
        async def permission(self, *_: str) -> Permission:
            raise StorageError("Full.")

    kept, user = Permissions(), Answers(Decision(True, Permission.ALWAYS), Decision(True))
    consent = ConsentBroker(kept)
    question = ConsentQuestion("c", TOOL, ToolCallPart("1", "look", "{}"))
    assert await consent.decide(question) == Decision(is_allowed=False)  # nobody is there
    consent.set_source(user)
    assert (await consent.decide(question)).is_allowed
    assert kept.kept == {("", "look", fingerprint(TOOL)): Permission.ALWAYS}
    await consent.decide(question)
    assert len(kept.kept) == 1
    await kept.save("c", "look", fingerprint(TOOL), Permission.NEVER)
    assert await consent.decide(question) == Decision(is_allowed=False)
    assert len(user.questions) == 2
    broken = ConsentBroker(Broken())
    broken.set_source(user)
    steps = await steps_of([ToolCallPart("1", "look", "{}")], broken)
    assert steps == [*ASKED, ("1", S.DENIED, DENIED, False)]


@pytest.mark.parametrize(
    ("names", "tool", "is_allowed"),
    [
        (("look",), TOOL, True),
        (("other", "/*"), TOOL, False),
        (("s/*",), replace(TOOL, source="s"), True),
        (("look", "t/*"), replace(TOOL, source="s"), False),
        (("look",), replace(TOOL, asks_each_time=True), False),
    ],
)
async def test_a_command_allows_only_the_tools_it_names(
    names: tuple[str, ...], tool: ToolDefinition, is_allowed: bool
) -> None:
    question = ConsentQuestion("c", tool, ToolCallPart("1", "look", "{}"))
    decision = await AllowedTools(names).decide(question, Permission.ASK)
    assert decision == Decision(is_allowed=is_allowed)


@pytest.mark.attack("tools")
@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://example.org/a?b=c", True),
        ("https://EXAMPLE.org", True),
        ("https://example.org.attacker.example/", False),
        ("https://example.org@attacker.example/", False),
        ("no address", False),
    ],
)
async def test_a_command_allows_the_pages_of_the_hosts_it_names(url: str, is_allowed: bool) -> None:
    tool = ToolDefinition(PAGE_TOOL, "")
    call = ToolCallPart("1", PAGE_TOOL, json.dumps({"url": url}))
    names = (f"{PAGE_TOOL}:example.org", PAGE_TOOL)
    decision = await AllowedTools(names).decide(ConsentQuestion("c", tool, call), Permission.ASK)
    assert decision == Decision(is_allowed=is_allowed)


def test_tools_without_consent_or_with_permission_run_without_a_question() -> None:
    asks = replace(TOOL, needs_consent=True)
    allowed = [stored for stored in Permission if may_run_without_asking(asks, stored)]
    assert allowed == [Permission.CONVERSATION, Permission.ALWAYS]
    assert all(
        may_run_without_asking(replace(TOOL, needs_consent=False), stored) for stored in Permission
    )


# ---------------------------------------------------------------- reports


class Reporting(Source):
    """A source whose tool reports at given times."""

    def __init__(self, reports: Sequence[tuple[float, tuple[float, float | None, str]]]) -> None:
        super().__init__(slow=done)
        self._reports = reports
        self.now = 1_000.0

    async def call(self, tool: ToolDefinition, arguments: Any, context: ToolContext) -> str:
        for at, report in self._reports:
            self.now = 1_000 + at
            context.report(*report)
            for _ in range(5):
                await asyncio.sleep(0)
        return "done"


@pytest.mark.parametrize(
    ("reports", "results"),
    [
        ([(0, (0, 4, ""))], ["0%"]),
        ([(0, (5, 4, "more"))], ["more"]),
        ([(0, (1, None, "x" * 101))], ["x" * 100]),
        (
            [(0, (1, 10, "")), (0.25, (2, 10, "")), (0.5, (3, 10, "")), (0.75, (4, 10, ""))],
            ["10%", "30%"],
        ),
    ],
)
async def test_the_progress_of_a_call_is_reported(
    reports: list[tuple[float, tuple[float, float | None, str]]],
    results: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = Reporting(reports)
    monkeypatch.setattr("desktop_app.tools.calls.call_run.time.monotonic", lambda: own.now)
    tools = await ToolCatalog([own]).choose(["slow"])
    run = CallRun(tools, broker(), ToolContext("c"))
    events = [event async for event in run.run([ToolCallPart("1", "slow", "{}")], 60)]
    steps = [event.call for event in events if isinstance(event, ToolCallStep)]
    assert [call.result for call in steps] == ["", "", *results, "done"]
    assert [call.state for call in steps[1:-1]] == [S.RUNNING] * (len(results) + 1)
    assert steps[-1].seconds == reports[-1][0]


# ---------------------------------------------------------------- results


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (" \n", EMPTY),
        ("\ud800", "?"),
        ("a" * MAX_RESULT_CHARS, "a" * MAX_RESULT_CHARS),
        (
            "a" * (MAX_RESULT_CHARS + 1),
            "a" * MAX_RESULT_CHARS
            + f"\n[Cut here: the result has {MAX_RESULT_CHARS + 1} characters.]",
        ),
    ],
    ids=["blank", "surrogate", "longest", "longer"],
)
def test_a_result_is_valid_text_of_limited_length(text: str, kept: str) -> None:
    assert limit_result(text) == kept


def test_only_ended_calls_of_an_answer_are_sent_again() -> None:
    call = ToolCallPart("1", "look", "{}", result="seen")
    delimited = SAMPLE_DELIMITER.wrap("result", "seen")
    parts = [
        TextPart("a"),
        replace(call, state=S.DONE),
        replace(call, state=S.FAILED, edited='{"n": 2}'),
        replace(call, state=S.DENIED, result=""),
        replace(call, state=S.DENIED, result="Never."),
        replace(call, state=S.INTERRUPTED),
        replace(call, state=S.RUNNING),
        replace(call, state=S.REQUESTED),
        replace(call, state=S.DONE, call_id=""),
        replace(call, state=S.DONE, is_hosted=True),
    ]
    assert [getattr(part, "result", part) for part in sent_parts(parts, SAMPLE_DELIMITER)] == [
        TextPart("a"),
        delimited,
        f'The user changed the arguments to: {{"n": 2}}\n{delimited}',
        DENIED,
        "Never.",
        INTERRUPTED,
    ]


# ---------------------------------------------------------------- rounds


class Holds(Budget):
    """A budget that notes what is held."""

    def __init__(self) -> None:
        self.costs: list[CallCost | None] = []

    async def hold(self, _profile: object, cost: CallCost | None, *_about: str) -> Hold:
        self.costs.append(cost)
        return Hold()


USAGE = Usage(1_000, 0, 100, 0)
LOOK = ToolCallDelta(0, "{}", "c1", "look")
ROUND: list[StreamEvent | str] = [TextDelta("a"), LOOK, UsageReported(USAGE), Completed()]
LAST: list[StreamEvent | str] = [TextDelta("b"), UsageReported(USAGE), Completed()]
INFO = CATALOG.for_variant(Variant.THINKING)


async def looped(
    *scripts: list[StreamEvent | str],
    limits: ToolLimits | None = None,
    own: Source | None = None,
    resolved: ResolvedChoice | None = None,
) -> tuple[list[StreamEvent], ScriptedProvider, list[CallCost | None]]:
    provider, budget = ScriptedProvider(*scripts), Holds()
    tools = await ToolCatalog([own or source()]).choose(["look"])
    choice = resolved or ResolvedChoice(OPENAI, INFO, None, None)
    task = LoopTask(
        tools,
        ToolContext("c"),
        choice,
        SAMPLE_DELIMITER,
        limits or ToolLimits(),
        Hold(),
        broker(),
        budget,
    )
    client = await tool_gateway(OneProvider(provider), task).provider(OPENAI)
    events = [event async for event in client.stream(ChatRequest("gpt-5.2", ()))]
    return events, provider, budget.costs


@pytest.mark.parametrize(
    ("rounds", "requests", "end"),
    [(0, 1, TOO_MANY_ROUNDS), (1, 2, TOO_MANY_ROUNDS), (2, 3, None), (3, 3, None)],
)
async def test_the_number_of_rounds_is_limited(rounds: int, requests: int, end: str | None) -> None:
    events, provider, _ = await looped(ROUND, ROUND, LAST, limits=ToolLimits(rounds=rounds))
    assert len(provider.requests) == requests
    assert events[-1] == (Completed() if end is None else Incomplete(end))
    assert events.count(RoundEnded()) == requests - 1
    choices = ["auto"] * requests
    if requests - 1 == rounds and requests > 1:
        choices[-1] = "none"
    assert [request.tool_choice for request in provider.requests[1:]] == choices[1:]


class Proposing(Source):
    """A source whose calls have no effect until the user accepts it."""

    async def tools(self) -> Sequence[ListedTool]:
        return [
            each._replace(definition=replace(each.definition, is_limited=False))
            for each in await super().tools()
        ]


async def test_rounds_of_calls_without_an_effect_are_not_counted() -> None:
    free = Proposing(look=done)
    events, provider, _ = await looped(*[ROUND] * 5, LAST, limits=ToolLimits(rounds=1), own=free)
    assert (len(provider.requests), events[-1]) == (6, Completed())
    assert {request.tool_choice for request in provider.requests[1:]} == {"auto"}
    calls = [ToolCallDelta(number, "{}", f"c{number}", "look") for number in range(40)]
    await looped([*calls, Completed()], LAST, own=free)
    assert len(free.calls) == 5 + 40
    # Rounds that fail are, and so a model that repeats its mistake comes to an end.
    failing = Proposing(look=refused)
    events, provider, _ = await looped(*[ROUND] * 5, limits=ToolLimits(rounds=2), own=failing)
    assert (len(provider.requests), events[-1]) == (3, Incomplete(TOO_MANY_ROUNDS))


class Picturing(Source):
    """A source whose calls return an image."""

    async def call(self, tool: ToolDefinition, arguments: Any, context: ToolContext) -> str:
        context.show_image("image/png", b"png")
        return "[image/png]"


async def test_images_of_a_result_reach_the_model() -> None:
    _, provider, _ = await looped(ROUND, ROUND, LAST, own=Picturing(look=done))
    for number, request in enumerate(provider.requests):
        images = [p for m in request.messages for p in m.parts if isinstance(p, ImageData)]
        assert images == [ImageData("image/png", b"png")] * number
    blind = ResolvedChoice(OPENAI, replace(INFO, sees_images=False), None, None)
    _, provider, _ = await looped(ROUND, LAST, own=Picturing(look=done), resolved=blind)
    assert [m.role for m in provider.requests[-1].messages] == [Role.ASSISTANT]


@pytest.mark.attack("tools")
async def test_a_permission_to_fetch_pages_is_for_one_host() -> None:
    store, tool = Permissions(), ToolDefinition(PAGE_TOOL, "")
    asked = Answers(Decision(is_allowed=True, permission=Permission.ALWAYS))
    consent = ConsentBroker(store)
    consent.set_source(asked)
    for url in ("https://a.example/1", "https://a.example/2", "https://b.example/?words"):
        call = ToolCallPart("1", PAGE_TOOL, json.dumps({"url": url}))
        await consent.decide(ConsentQuestion("c", tool, call))
    assert asked.stored == [Permission.ASK, Permission.ALWAYS, Permission.ASK]


async def test_a_round_ends_with_its_stream() -> None:
    for script, end in (
        ([TextDelta("a")], Completed()),
        ([LOOK, Incomplete("length")], Incomplete("length")),
        ([LOOK, Completed(), TextDelta("never read")], None),
    ):
        events, provider, _ = await looped(script, LAST)  # type: ignore[arg-type]
        assert (end is None) is (len(provider.requests) == 2)
        assert events[-1] == (end or Completed())
        assert TextDelta("never read") not in events


@pytest.mark.parametrize(
    ("cost", "is_refused"), [(0.00316, False), (0.00315, True), (0.001, True), (None, False)]
)
async def test_the_cost_of_the_rounds_is_limited(cost: float | None, is_refused: bool) -> None:
    """A round costs 1,000 × $1.75 and 100 × $14 a million tokens."""
    events, provider, _ = await looped(ROUND, LAST, limits=ToolLimits(cost=cost))
    assert len(provider.requests) == (1 if is_refused else 2)
    assert events[-1] == (Incomplete(TOO_EXPENSIVE) if is_refused else Completed())


async def test_the_time_of_the_rounds_is_limited() -> None:
    events, provider, _ = await looped(ROUND, LAST, limits=ToolLimits(seconds=0))
    assert len(provider.requests) == 1
    assert events[-1] == Incomplete(TOO_LONG)


async def test_the_cost_of_the_next_request_is_held() -> None:
    """The input is the last one, its output, and a token for each three characters of results."""

    async def seven(_arguments: Any) -> str:
        return "1234567"

    _, _, costs = await looped(ROUND, ROUND, LAST, own=Source(look=seven))
    choice = ResolvedChoice(OPENAI, INFO, None, None)
    assert costs == [choice.expected_cost(1_103)] * 2
    assert costs[0] is not None
    assert costs[0].input == Decimal(1_103) * Decimal("1.75") / 10**6
    assert costs[0].usual == costs[0].input + Decimal("0.007"), "500 tokens, without reasoning"
    unknown = ROUND[:2] + [Completed()]
    _, _, costs = await looped(unknown, LAST, own=Source(look=seven))
    assert costs == [choice.expected_cost(4)], "ten characters in all"
    unpriced = ResolvedChoice(OPENAI, CATALOG.info("unheard-of"), None, None)
    _, _, costs = await looped(ROUND, LAST, resolved=unpriced)
    assert costs == [None]


# ---------------------------------------------------------------- the loop

ANSWER_USAGE = Usage(1000, 0, 100, 0)
ANSWER: list[StreamEvent | str] = [TextDelta("Done."), UsageReported(ANSWER_USAGE), Completed()]


def settings(*names: str, **limits: Any) -> AskSettings:
    return AskSettings(parameters=GenerationParameters(tools=names), limits=ToolLimits(**limits))


def asks(*calls: tuple[str, str, str]) -> list[StreamEvent | str]:
    deltas = [ToolCallDelta(n, text, i, name) for n, (i, name, text) in enumerate(calls)]
    return [*deltas, UsageReported(ANSWER_USAGE), Completed()]


async def doubled(arguments: Any) -> str:
    return str(arguments.get("n", 0) * 2)


async def run(
    tmp_path: Path,
    source: Source,
    *scripts: list[Any],
    consent: ConsentBroker | None = None,
    profile: ProviderProfile = OPENAI,
    **limits: Any,
) -> tuple[Message, ScriptedProvider, ChatSetup]:
    """Ask once with all tools of a source. Return the answer as stored."""
    provider = ScriptedProvider(*scripts)
    async with open_chat(tmp_path, provider, tools=ToolCatalog([source]), consent=consent) as chat:
        names = [tool.definition.full_name for tool in await source.tools()]
        began = await chat.begin("Two?", profile, settings=settings(*names, **limits))
        answer = await chat.run(began)
        stored = await chat.store.path(began.conversation.id)
        assert stored[-1] == answer
        spent = await chat.ledger.answer_spending(began.conversation.id, answer.id)
    assert spent.calls == len(provider.requests)
    assert spent.cost == answer.cost
    return answer, provider, chat


def call_of(answer: Message) -> ToolCallPart:
    (call,) = tool_calls(answer.parts)
    return call


def sent_results(provider: ScriptedProvider, number: int = -1) -> list[str]:
    calls = tool_calls(p for m in provider.requests[number].messages for p in m.parts)
    return [call.result for call in calls]


async def test_a_call_runs_and_its_result_goes_back(tmp_path: Path) -> None:
    source = Source(double=doubled)
    answer, provider, _ = await run(tmp_path, source, asks(("c1", "double", '{"n": 2}')), ANSWER)
    assert source.calls == [("double", {"n": 2})]
    call = call_of(answer)
    assert (call.state, call.result, call.round) == (ToolCallState.DONE, "4", 0)
    assert call.seconds is not None
    assert (answer.status, answer.text) == (MessageStatus.COMPLETE, "Done.")
    first, second = provider.requests
    assert [tool.name for tool in first.tools] == ["double"]
    assert first.messages == second.messages[:-1]
    (result,) = sent_results(provider)
    assert result.startswith("<result-")
    assert "\n4\n" in result
    assert answer.usage == ANSWER_USAGE + ANSWER_USAGE
    assert answer.cost is not None
    assert answer.cost > Decimal(0)


async def test_parallel_calls_run_at_the_same_time(tmp_path: Path) -> None:
    both = asyncio.Barrier(2)

    async def wait(_arguments: Any) -> str:
        await both.wait()
        return "met"

    answer, _, _ = await run(
        tmp_path, Source(wait=wait), asks(("a", "wait", "{}"), ("b", "wait", "{}")), ANSWER
    )
    assert [call.result for call in tool_calls(answer.parts)] == ["met", "met"]


class Clock:
    """The module `time`, whose clock a test sets."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("asked_s", "ran_s", "reason"),
    [(60.0, 1.0, None), (0.0, 60.0, "The tools reached their time limit"), (60.0, 50.0, None)],
)
async def test_the_time_of_a_decision_does_not_count(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked_s: float,
    ran_s: float,
    reason: str | None,
) -> None:
    clock = Clock()
    monkeypatch.setattr(tool_loop, "time", clock)
    monkeypatch.setattr(call_run, "time", clock)
    monkeypatch.setattr(answer_measures, "time", clock)

    class Slow(Answers):
        async def decide(self, question: ConsentQuestion, stored: Permission) -> Decision:
            clock.now += asked_s
            return await super().decide(question, stored)

    async def work(_arguments: Any) -> str:
        clock.now += ran_s
        return "done"

    consent = ConsentBroker(Permissions())
    consent.set_source(Slow())
    script = [ReasoningDelta("Hm."), *asks(("1", "work", "{}"))]
    answer, *_ = await run(
        tmp_path, Source(work=work), script, ANSWER, consent=consent, seconds=55.0
    )
    assert answer.duration_s == ran_s
    thought = answer.parts[0]
    assert isinstance(thought, ReasoningPart)
    assert thought.seconds == ran_s
    assert call_of(answer).state is ToolCallState.DONE
    assert (answer.error and answer.error.message) == (reason and Fragment(reason))


async def test_the_monthly_cap_between_rounds_is_named_as_before_the_first(tmp_path: Path) -> None:
    profile = replace(OPENAI, monthly_cap=Decimal("0.0325"))  # a round costs $0.00315
    source = Source(double=doubled)
    answer, provider, _ = await run(
        tmp_path, source, asks(("c1", "double", "{}")), ANSWER, profile=profile
    )
    assert (answer.error.message, answer.error.code) == (
        Fragment("limit is left"),
        SpendingCapError.code,
    )
    assert len(provider.requests) == 1


async def test_ids_that_are_missing_or_repeated_are_replaced(tmp_path: Path) -> None:
    source = Source(double=doubled)
    answer, _, _ = await run(
        tmp_path,
        source,
        asks(("", "double", '{"n": 1}'), ("x", "double", '{"n": 2}'), ("x", "double", '{"n": 3}')),
        asks(("x", "double", '{"n": 4}')),
        ANSWER,
    )
    calls = tool_calls(answer.parts)
    assert len({call.call_id for call in calls}) == 4
    assert [call.result for call in calls] == ["2", "4", "6", "8"]
    assert [call.round for call in calls] == [0, 0, 0, 1]


async def test_a_permission_is_kept_for_this_definition_alone(tmp_path: Path) -> None:
    source, permissions = Source(double=doubled), Permissions()
    consent, user = ConsentBroker(permissions), Answers(Decision(True, Permission.ALWAYS))
    consent.set_source(user)
    await run(tmp_path, source, asks(("1", "double", "{}")), ANSWER, consent=consent)
    (kept,) = permissions.kept.values()
    assert kept is Permission.ALWAYS
    source.parameters = {"type": "object", "title": "changed"}
    await run(tmp_path / "again", source, asks(("1", "double", "{}")), ANSWER, consent=consent)
    assert len(user.questions) == 2
    assert len(permissions.kept) == 1


async def test_a_step_is_on_disk_before_the_call_runs(tmp_path: Path) -> None:
    seen: list[Message] = []
    ids: list[str] = []

    async def look(_arguments: Any) -> str:
        async with opened(tmp_path / "store.sqlite3") as database:
            (message,) = (await ConversationStore(database).path(ids[0]))[1:]
            seen.append(message)
        return "seen"

    source = Source(look=look)
    provider = ScriptedProvider(asks(("1", "look", "{}")), ANSWER)

    async with open_chat(tmp_path, provider, tools=ToolCatalog([source])) as chat:
        began = await chat.begin("Two?", settings=settings("look"))
        ids.append(began.conversation.id)
        answer = await chat.run(began)
    (message,) = seen
    assert (message.status, call_of(message).state) == (
        MessageStatus.STREAMING,
        ToolCallState.RUNNING,
    )
    assert message.usage == ANSWER_USAGE
    assert message.cost == (answer.cost or 0) / 2, "of the first of two requests"


async def test_stopping_cancels_what_runs_and_the_next_question_says_so(tmp_path: Path) -> None:
    running = asyncio.Event()

    async def hang(_arguments: Any) -> str:
        running.set()
        await asyncio.Event().wait()
        return ""

    provider = ScriptedProvider(asks(("1", "hang", "{}")), ANSWER)

    async with open_chat(tmp_path, provider, tools=ToolCatalog([Source(hang=hang)])) as chat:
        began = await chat.begin("Two?", settings=settings("hang"))
        task = asyncio.create_task(chat.run(began))
        await running.wait()
        await cancel(task)
        path = await chat.store.path(began.conversation.id)
        assert path[-1].status is MessageStatus.CANCELLED
        assert call_of(path[-1]).state is ToolCallState.INTERRUPTED
        again = await chat.begin("Go on", path=path, conversation=began.conversation)
        await chat.run(again)
        assert sent_results(provider) == [INTERRUPTED]
        assert not provider.requests[-1].tools
        assert "material" in provider.requests[-1].instructions
