"""Checks and runs the tool calls of a round in parallel, and announces each step beforehand.

Every failure is a result for the model: an unknown tool, invalid arguments, a denial, a crash, a
time limit.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from desktop_app.domain.answering.answer_status import StatusCode, answer_status
from desktop_app.domain.answering.stream_events import StatusChanged, StreamEvent, ToolCallStep
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.errors import StorageError
from desktop_app.domain.tools.tool import (
    BAD_ARGUMENTS,
    Report,
    ToolCallState,
    ToolContext,
    ToolDefinition,
    ToolError,
    UserReply,
)
from desktop_app.i18n import formatting
from desktop_app.tools.calls.call_results import DENIED, limit_result, valid_text
from desktop_app.tools.calls.consent import ConsentBroker, ConsentQuestion, ServerQuestion
from desktop_app.tools.calls.tool_set import SourcedTool, ToolSet
from desktop_app.tools.schema_check import (
    UnusablePatternError,
    UnusableSchemaError,
    decode,
    schema_problems,
)

CLEANUP_S: Final = 2.0
"""Seconds that an abandoned call may take to end. The answer does not wait longer for it."""
REPORT_S: Final = 0.5
"""Seconds between two reports of a running call."""
MAX_REPORT_CHARS: Final = 100
"""Characters of a report's words that are shown, an arbitrary number."""
MAX_PARALLEL: Final = 16
"""Calls of a round that run, of tools that are limited; the model gets an error for each other."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _ReadyCall:
    """A call whose tool is available and whose arguments are valid."""

    call: ToolCallPart
    tool: SourcedTool
    arguments: Any


class CallRun:
    """The runs of an answer's tool calls.

    Args:
        provider: the name of the provider that gets the results; "" if they stay on this computer.

    Attributes:
        tools: those that may be called.
        waited_s: the seconds that the user has taken to decide.
    """

    def __init__(
        self, tools: ToolSet, consent: ConsentBroker, context: ToolContext, provider: str = ""
    ) -> None:
        self.tools = tools
        self._provider = provider
        self._consent = consent
        self._context = context
        self.waited_s = 0.0

    async def run(
        self, calls: Sequence[ToolCallPart], remaining_s: float
    ) -> AsyncGenerator[StreamEvent, None]:
        """Yield the steps of the calls until all have ended.

        The caller stores what `is_awaited` before it takes the next step, so nothing runs
        unrecorded: once before the calls run, and once before their results are used. Closing the
        generator cancels the running calls.

        Args:
            remaining_s: the seconds that are left for the answer.
        """
        ready: list[_ReadyCall] = []
        limited_count = 0
        for number, call in enumerate(calls):
            tool = self.tools.tools.get(call.name)
            if tool is not None and tool.definition.full_name != call.display_name:
                call = replace(call, full_name=tool.definition.full_name)
            result: _ReadyCall | ToolCallPart
            is_limited = tool is None or tool.definition.is_limited
            limited_count += is_limited
            if is_limited and limited_count > MAX_PARALLEL:
                await asyncio.sleep(0)  # the window goes on
                words = f"Too many calls at once. At most {MAX_PARALLEL} run."  # for the model
                result = _refused(call, ToolCallState.FAILED, words)
            else:
                result = await self._check(call, call.arguments)
            if isinstance(result, _ReadyCall):
                yield StatusChanged(0, answer_status(StatusCode.WAITING_FOR_PERMISSION))
                result = await self._ask_user(result)
                yield StatusChanged()  # ends the status
            if isinstance(result, _ReadyCall):
                yield ToolCallStep(result.call, is_awaited=False)
                ready.append(result)
            else:
                is_end = number == len(calls) - 1 and not ready
                yield ToolCallStep(result, is_awaited=is_end)
        for ready_call in ready:
            running = replace(ready_call.call, state=ToolCallState.RUNNING)
            yield ToolCallStep(running, is_awaited=ready_call is ready[-1])
        if not ready:
            return
        reports: asyncio.Queue[ToolCallStep] = asyncio.Queue()
        tasks = {
            asyncio.ensure_future(self._run_one(ready_call, remaining_s, reports))
            for ready_call in ready
        }
        report = asyncio.ensure_future(reports.get())
        running_ids = {ready_call.call.call_id for ready_call in ready}
        try:
            while tasks:
                done, _ = await asyncio.wait({*tasks, report}, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks & done:
                    tasks.discard(task)
                    running_ids.discard(task.result().call_id)
                    yield ToolCallStep(task.result(), is_awaited=not tasks)
                if report in done:
                    # A report of a call that has ended would replace its result.
                    if report.result().call.call_id in running_ids:
                        yield report.result()
                    report = asyncio.ensure_future(reports.get())
        finally:
            report.cancel()
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=CLEANUP_S)

    async def _check(self, call: ToolCallPart, text: str) -> _ReadyCall | ToolCallPart:
        """Return the call ready to run, or its failure."""
        tool = self.tools.tools.get(call.name)
        if tool is None:
            tool_names = ", ".join(sorted(self.tools.tools))
            return _refused(
                call, ToolCallState.FAILED, f"There is no such tool. Tools: {tool_names}"
            )
        try:
            arguments = await asyncio.to_thread(parse_arguments, tool.definition, text)
        except ToolError as error:
            return _refused(call, ToolCallState.FAILED, str(error))
        return _ReadyCall(call, tool, arguments)

    async def _ask_user(self, ready: _ReadyCall) -> _ReadyCall | ToolCallPart:
        """Ask the user, who may edit the arguments; return the allowed call, or its denial.

        Edited arguments are checked again.
        """
        call = ready.call
        started_at = time.monotonic()
        question = ConsentQuestion(
            self._context.conversation_id, ready.tool.definition, call, self._provider
        )
        try:
            decision = await self._consent.decide(question)
        except StorageError:  # without the stored consents, nothing is allowed
            return _refused(call, ToolCallState.DENIED, DENIED)
        finally:
            self.waited_s += time.monotonic() - started_at
        if not decision.is_allowed:
            return _refused(call, ToolCallState.DENIED, decision.reason or DENIED)
        if decision.arguments and decision.arguments != call.arguments:
            call = replace(call, edited=decision.arguments)
            result = await self._check(call, decision.arguments)
            if isinstance(result, ToolCallPart):
                return result
            ready = result
        return replace(ready, call=replace(call, state=ToolCallState.ALLOWED))

    async def _run_one(
        self, ready: _ReadyCall, remaining_s: float, reports: asyncio.Queue[ToolCallStep]
    ) -> ToolCallPart:
        definition = ready.tool.definition
        clock = _CallClock(definition.timeout_s, remaining_s)
        texts_for_user: list[str] = []

        async def ask_user(text: str, schema: Mapping[str, Any]) -> UserReply:
            question = ServerQuestion(
                self._context.conversation_id, definition.source, text, schema
            )
            clock.pause()
            try:
                return await self._consent.ask_user(question)
            finally:
                self.waited_s += clock.resume()

        context = self._context._replace(
            report=_make_reporter(ready.call, reports, clock),
            show_user=texts_for_user.append,
            ask_user=ask_user,
        )
        call_task = asyncio.ensure_future(
            ready.tool.source.call(definition, ready.arguments, context)
        )
        try:
            while not call_task.done() and (left_s := clock.left_s()) > 0:
                await asyncio.wait({call_task}, timeout=left_s)
        finally:
            if not call_task.done():
                call_task.cancel()
                await asyncio.wait({call_task}, timeout=CLEANUP_S)
        duration_s = clock.duration_s
        state, text = _outcome_of(call_task, definition.full_name, clock)
        return replace(
            ready.call,
            state=state,
            result=await asyncio.to_thread(limit_result, text),  # it may have megabytes of data
            seconds=duration_s,
            for_user=valid_text("\n\n".join(texts_for_user)),
        )


class _CallClock:
    """The time of a running call.

    It begins again whenever the call reports progress, up to a total, and does not count the time
    in which the user answers a question.

    Args:
        limit_s: seconds without progress.
        total_s: seconds for the whole call.
    """

    def __init__(self, limit_s: float, total_s: float) -> None:
        self._limit_s = limit_s
        self._total_s = max(0.0, total_s)
        self._started_at = self._last_sign = time.monotonic()
        self._has_progress = False
        self._question_count = 0
        self._asked_at = 0.0
        self._waited_s = 0.0

    @property
    def duration_s(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._started_at

    def left_s(self) -> float:
        """Return the seconds until the call is stopped, if nothing happens."""
        if self._question_count:
            return self._limit_s
        now = time.monotonic()
        total_end = self._started_at + self._waited_s + self._total_s
        return min(self._last_sign + self._limit_s, total_end) - now

    def on_progress(self) -> None:
        """Begin the time without progress again."""
        self._last_sign = time.monotonic()
        self._has_progress = True

    def pause(self) -> None:
        """Stop counting while the user is asked."""
        if not self._question_count:
            self._asked_at = time.monotonic()
        self._question_count += 1

    def resume(self) -> float:
        """Go on counting, unless another question waits; return the seconds of the pause."""
        self._question_count -= 1
        if self._question_count:
            return 0.0
        self._last_sign = time.monotonic()
        waited_s = self._last_sign - self._asked_at
        self._waited_s += waited_s
        return waited_s

    @property
    def reason(self) -> str:
        """Return in English why the call was stopped."""
        if self._has_progress and self.duration_s - self._waited_s < self._total_s:
            return f"The call reported no progress for {self._limit_s:.0f} s and was stopped."
        limit_s = self._total_s if self._has_progress else min(self._limit_s, self._total_s)
        return f"The call took longer than {limit_s:.0f} s and was stopped."


def _make_reporter(
    call: ToolCallPart, reports: asyncio.Queue[ToolCallStep], clock: _CallClock
) -> Report:
    """Return a function that reports the progress of a call, at most once per REPORT_S.

    Until a call has ended, its result is its progress, which the model never gets.
    """
    last_report = -REPORT_S

    def report(done: float, total: float | None, words: str) -> None:
        nonlocal last_report
        clock.on_progress()
        now = time.monotonic()
        if now - last_report < REPORT_S:
            return
        last_report = now
        facts: list[str] = []
        # A foreign server may report any numbers.
        if total and 0 <= done / total <= 1:
            facts.append(formatting.percent(round(100 * done / total)))
        elif not words and math.isfinite(done):
            facts.append(formatting.number(round(done)))
        if words:
            facts.append(words[:MAX_REPORT_CHARS])
        text = " · ".join(facts)
        running = replace(call, state=ToolCallState.RUNNING, result=text)
        reports.put_nowait(ToolCallStep(running, is_awaited=False))

    return report


def _outcome_of(
    call_task: asyncio.Future[str], name: str, clock: _CallClock
) -> tuple[ToolCallState, str]:
    """Return the state and result of a call. Any exception of a tool is a result."""
    if not call_task.done() or call_task.cancelled():
        return ToolCallState.FAILED, clock.reason
    error = call_task.exception()
    if error is None:
        return ToolCallState.DONE, call_task.result()
    if isinstance(error, ToolError):
        return ToolCallState.FAILED, str(error)
    # Its message may contain a key or a document, so only its type is logged.
    _log.warning("tool %s failed: %s", name, type(error).__name__)
    return ToolCallState.FAILED, f"The tool crashed ({type(error).__name__})."


def _refused(call: ToolCallPart, state: ToolCallState, result: str) -> ToolCallPart:
    return replace(call, state=state, result=limit_result(result))


MAX_ARGUMENTS_CHARS: Final = 1 << 20


def parse_arguments(tool: ToolDefinition, text: str) -> dict[str, Any]:
    """Return the arguments of a call, an object.

    Takes a while for long arguments: call it in a thread.

    Raises:
        ToolError: the tool does not take these arguments, or its schema cannot be used. The text
            of the error is for the model.
    """
    if len(text) > MAX_ARGUMENTS_CHARS:
        raise ToolError(f"{BAD_ARGUMENTS} are longer than {MAX_ARGUMENTS_CHARS} characters.")
    try:
        arguments = decode(text or "{}")
    except (ValueError, RecursionError) as exc:
        raise ToolError(f"{BAD_ARGUMENTS} are not valid JSON: {exc}") from exc
    if not isinstance(arguments, dict):
        raise ToolError(f"{BAD_ARGUMENTS} are not a JSON object.")
    try:
        problems = schema_problems(tool.parameters, arguments)
    except UnusableSchemaError as exc:
        if tool.source and isinstance(exc, UnusablePatternError):
            return arguments  # the server checks its arguments itself
        raise ToolError(f"The tool’s schema cannot be used: {exc}") from exc
    if problems:
        lines = (f"{problem.path}: {problem.reason}" for problem in problems)
        raise ToolError(f"{BAD_ARGUMENTS} do not match the schema:\n" + "\n".join(lines))
    return arguments
