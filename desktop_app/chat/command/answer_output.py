"""The answers of `ask` and `summarize`: text on standard output, the rest on standard error.

Several answers, of --compare and --n, run at the same time. They are written in order: each as it
arrives, once all answers before it have ended. Standard error has the figures or error of each.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Final

from desktop_app.chat.answers.answer_run import AnswerRun
from desktop_app.cli import console
from desktop_app.cli.exit_code import ExitCode
from desktop_app.domain.answering.answer_status import Status, status_text
from desktop_app.domain.answering.reply import Reply
from desktop_app.domain.answering.stream_events import (
    Completed,
    MessageBegan,
    Notice,
    RefusalDelta,
    RoundEnded,
    SourcesCited,
    StatusChanged,
    StreamEvent,
    TextDelta,
    ToolCallStep,
)
from desktop_app.domain.conversations.answer_sources import answer_sources, citation, sources_below
from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role, now
from desktop_app.domain.conversations.message_facts import cost_text, ending_text, is_least_cost
from desktop_app.domain.conversations.message_parts import ToolCallPart, last_text, tool_calls
from desktop_app.domain.conversations.notices import is_detail
from desktop_app.domain.error_note import ErrorNote, note_from_error
from desktop_app.domain.errors import StorageError, UserFacingError
from desktop_app.domain.statistics import rounded
from desktop_app.domain.system_error import system_words
from desktop_app.domain.tools.tool import ToolCallState
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr
from desktop_app.tools.calls.consent import option_name
from desktop_app.tools.schema_check import CheckedAnswer, check_answer, decode

_LINE_WAIT_S: Final = 0.1
_NOTHING_MADE: Final[dict[str, Any]] = {"images": [], "files": []}


@dataclass
class _AnswerState:
    """One of the answers, and how much of it is written.

    Attributes:
        first_token_s: seconds from the request to the first text; None before.
        unwritten: text that waits until the answers before it are written.
        is_at_line_start: True if the text that has arrived is empty or ends a line.
        wait: the sentence on the newest wait before the request is sent again.
        has_gap: True if an empty line belongs before the next text, which begins a message.
        checked: the value and the problems of an answer with a schema; None if unchecked.
    """

    run: AnswerRun
    started_at: float = field(default_factory=time.monotonic)
    first_token_s: float | None = None
    unwritten: str = ""
    is_at_line_start: bool = True
    has_gap: bool = False
    wait: str = ""
    has_ended: bool = False
    has_heading: bool = False
    checked: CheckedAnswer | None = None

    def cite(self, numbers: str, before_end: int) -> None:
        """Insert the numbers of sources, unless the text there is written."""
        at = len(self.unwritten) - before_end
        if at >= 0:
            self.unwritten = self.unwritten[:at] + numbers + self.unwritten[at:]


class AnswerOutput:
    """Output of one or several answers on the standard streams.

    Args:
        shows_steps: show progress messages even without a terminal.
        is_several: give each answer a heading and figures; without JSON, only for several.

    Attributes:
        write_error: why standard output could not be written; None if it can.
        is_from_environment: whether the provider is, which decides how its errors are worded.
        stop: called once standard output can no longer be written.
    """

    def __init__(
        self, *, as_json: bool, shows_steps: bool = False, is_several: bool = False
    ) -> None:
        self.write_error: OSError | None = None
        self._as_json = as_json
        self._is_several = is_several
        self._shows_steps = shows_steps
        self.is_from_environment = False
        self._has_store_failed = False
        self._was_stopped = False
        self.stop: Callable[[], object] = lambda: None
        self._states: list[_AnswerState] = []
        self._written_count = 0
        self._has_started = False
        self._is_at_line_start = True
        self._held: list[str] = []  # messages until the answer's line is complete
        self._reported_notices: set[str] = set()
        self._writes_pieces = sys.stdout is not None and sys.stdout.isatty()
        self._pieces_timer: asyncio.TimerHandle | None = None
        self._status: Status | None = None

    # ------------------------------------------------------------------ the answers

    async def run(self, runs: Sequence[AnswerRun]) -> None:
        """Run all answers to their end, or until they are stopped, and write them."""
        self._states = [_AnswerState(run) for run in runs]
        self._is_several = len(runs) > 1
        tasks = [asyncio.create_task(self._run_one(state)) for state in self._states]
        try:
            try:
                await asyncio.gather(*tasks)
            finally:  # also if one of them failed
                for each in tasks:
                    each.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self.stop = lambda: None  # there is nothing left to stop
        except asyncio.CancelledError:
            self._was_stopped = True
            self._advance()

    async def _run_one(self, state: _AnswerState) -> None:
        def listen(event: StreamEvent, reply: Reply) -> None:
            if isinstance(event, SourcesCited):
                state.cite(citation(reply.parts, event.names) + event.space, event.before_end)
            self._on_event(state, event)

        try:
            answer = await state.run.run(listen, self._on_store, retry_writes=False)
            schema = state.run.schema
            if schema is not None and answer.status is MessageStatus.COMPLETE:
                text = last_text(answer.parts)
                state.checked = await asyncio.to_thread(check_answer, schema.schema, text)
        finally:
            state.has_ended = True
            self._advance()

    def _on_store(self, error: StorageError | None) -> None:
        """Report that something could not be stored; None for success."""
        if error is not None:
            self._has_store_failed = True
            console.write_diagnostic(console.terminal_error_text(error))

    def _on_event(self, state: _AnswerState, event: StreamEvent) -> None:
        match event:
            case TextDelta(text) | RefusalDelta(text) if text:
                if state.first_token_s is None:
                    state.first_token_s = time.monotonic() - state.started_at
                state.unwritten += ("\n\n" if state.has_gap else "") + text
                state.has_gap = False
                state.is_at_line_start = text.endswith("\n")
                self._advance()
            case Completed() if state.run.schema is None:
                below = sources_below(state.run.answer_so_far)
                state.unwritten += below
                state.is_at_line_start = state.is_at_line_start and not below
                self._advance()
            case MessageBegan() | RoundEnded() if state.run.schema is not None:
                self._set_aside(state)
            case MessageBegan():
                state.has_gap = state.first_token_s is not None
            case RoundEnded() if not state.is_at_line_start:
                state.unwritten += "\n\n"
                state.is_at_line_start = True
                self._advance()
            case ToolCallStep(call) if call.state.has_ended:
                self._tell(state, call_text(call))
                if call.for_user:
                    self._tell(state, call.for_user)
            case ToolCallStep(call) if call.result and self._is_at_line_start:
                console.show_progress(f"{self._prefix(state)}{call.display_name}: {call.result}")
            case Notice(text) if not is_detail(text):
                notice = self._prefix(state) + str(text)
                # With --n, all answers have the same name, and may have the same notices.
                if not self._is_several or notice not in self._reported_notices:
                    self._reported_notices.add(notice)
                    self._tell(state, str(text))
            case StatusChanged(seconds, status) if seconds:
                if (text := status_text(status, seconds)) != state.wait:  # a model loads for long
                    self._tell(state, text)
                state.wait = text
            # The first event only states that the program waits for the answer.
            case StatusChanged(_, status) if self._has_started and not self._is_several:
                self._write_status(status)
        self._has_started = True

    def _set_aside(self, state: _AnswerState) -> None:
        """Report the text so far: with a schema, only the last message is the answer."""
        if text := state.unwritten.strip():
            self._tell(state, text)
        state.unwritten = ""
        state.is_at_line_start = True

    def _tell(self, state: _AnswerState, text: str) -> None:
        """Write a message, which would else stick to the answer's unfinished line."""
        self._held.append(self._prefix(state) + text)
        if self._is_at_line_start:
            self._release()

    def _release(self) -> None:
        for text in self._held:
            console.write_note(text)
        self._held.clear()

    def _prefix(self, state: _AnswerState) -> str:
        return f"{_name_of(state.run.answer)}: " if self._is_several else ""

    def _write_status(self, status: Status | None) -> None:
        """Report once why nothing arrives: on a terminal between lines of the answer, elsewhere
        only with `shows_steps`.
        """
        if status is None:
            console.clear_progress()
        elif console.is_stderr_terminal():
            if self._is_at_line_start:
                console.show_progress(status_text(status))
        elif status != self._status and self._shows_steps:
            console.write_note(status_text(status))
        self._status = status

    def _advance(self) -> None:
        """Write all finished answers up to the first unfinished one, and its text so far.

        With JSON, write nothing: `close` writes all answers.
        """
        if self._as_json:
            return
        for number, state in enumerate(self._states):
            if number < self._written_count:
                continue
            if self._is_several and not state.has_heading:
                state.has_heading = True
                gap = "\n" if number else ""
                self._write(f"{gap}== {_name_of(state.run.answer)} ==\n")
            self._write(self._take_text(state))
            if not state.has_ended:
                return
            self._written_count = number + 1
            answer = state.run.answer
            if self._is_several and answer.error is not None:
                self._report(answer.error, f"{_name_of(answer)}: ")
            elif self._is_several:
                self._tell(state, _figures(answer, state.first_token_s))
                for call in calls_not_run(answer):
                    self._tell(state, call_text(call))
                _write_problems(state.checked, _name_of(answer))

    def _take_text(self, state: _AnswerState) -> str:
        """Return the text to write now. To a pipe, an unfinished line waits for _LINE_WAIT_S.

        Commands that run side by side into one file would mix the pieces of their lines.
        """
        if state.run.schema is not None and not state.has_ended:
            return ""  # it may not be the last message
        text = state.unwritten
        state.unwritten = ""
        if state.has_ended:
            is_complete = state.is_at_line_start and not self._is_several
            return text if is_complete else f"{text}\n"
        if self._writes_pieces:
            return text
        end = text.rfind("\n") + 1
        state.unwritten = text[end:]
        if state.unwritten and self._pieces_timer is None:
            loop = asyncio.get_running_loop()
            self._pieces_timer = loop.call_later(_LINE_WAIT_S, self._write_pieces)
        return text[:end]

    def _write_pieces(self) -> None:
        """Write the unfinished line that has waited."""
        self._pieces_timer = None
        self._writes_pieces = True
        self._advance()
        self._writes_pieces = False

    def _write(self, text: str) -> None:
        """Write to standard output. After an error, stop the answers and write nothing more."""
        if not text:
            return
        try:
            if self.write_error is None:
                console.write(text)
        except OSError as error:
            self.write_error = error
            console.drop_output()
            if not isinstance(error, BrokenPipeError):  # a reader that has gone is no failure
                reason = tr(system_words(error))
                console.write_diagnostic(tr("Can’t write the response: {reason}", reason=reason))
            self.stop()
        self._is_at_line_start = text.endswith("\n")
        if self._is_at_line_start:
            self._release()

    # ------------------------------------------------------------------ the end

    def close(
        self,
        answer: Message,
        *,
        conversation_id: str | None,
        passages: Sequence[Mapping[str, Any]] = (),
        made: Sequence[dict[str, Any]] = (),
    ) -> None:
        """Complete the output: the error, the calls that were not run, the JSON.

        Args:
            answer: the first answer, with the usage of all its calls.
            conversation_id: None if the conversation is not saved.
            passages: the passages that were sent with the question, for the JSON.
            made: the images and files that each answer has made, for the JSON.
        """
        self._release()
        common = {"conversation_id": conversation_id, "passages": list(passages)}
        made = made or [_NOTHING_MADE] * len(self._states)
        if self._is_several:
            answers = [
                _answer_fields(state.run.answer, state.checked)
                | {"first_token_s": rounded(state.first_token_s)}
                | own
                for state, own in zip(self._states, made, strict=True)
            ]
            status = _status_of([state.run.answer for state in self._states])
            self._write_json(_answers_fields(answers, status) | common)
            return
        self._write_ending(answer, is_saved=conversation_id is not None)
        checked = self._states[0].checked
        self._write_json(_answer_fields(answer, checked) | common | made[0])
        _write_problems(checked)

    def _write_ending(self, answer: Message, *, is_saved: bool) -> None:
        if answer.error is not None:
            self._report(answer.error)
            if is_saved:
                console.write_note(tr("The conversation is saved in your library."))
        elif answer.status is MessageStatus.REFUSED:
            console.write_diagnostic(tr("The model declined."))
        elif answer.status is MessageStatus.CANCELLED and self.write_error is None:
            console.write_diagnostic(
                tr("Stopped. The conversation is saved.") if is_saved else tr("Stopped.")
            )
        elif answer.status is MessageStatus.COMPLETE and (ending := ending_text(answer)):
            console.write_diagnostic(ending)
        for call in calls_not_run(answer):
            console.write_diagnostic(call_text(call))

    @property
    def exit_code(self) -> int:
        """Return the exit code for the worst outcome among the answers."""
        answers = [state.run.answer for state in self._states]
        if self.write_error is not None:
            is_reader_gone = isinstance(self.write_error, BrokenPipeError)
            return ExitCode.READER_GONE if is_reader_gone else ExitCode.FAILED
        if self._was_stopped:
            return ExitCode.INTERRUPTED
        # An answer of calls that were not run has no text.
        is_empty = any(not a.text.strip() and calls_not_run(a) for a in answers)
        status = _status_of(answers)
        if self._has_store_failed or is_empty:
            return ExitCode.FAILED
        if status is not MessageStatus.COMPLETE:
            return ExitCode.REFUSED if status is MessageStatus.REFUSED else ExitCode.FAILED
        if any(state.checked and state.checked.problems for state in self._states):
            return ExitCode.MISMATCH
        return ExitCode.NOT_ALLOWED if any(map(_denied_calls, answers)) else 0

    def refuse(self, error: UserFacingError) -> None:
        """Report why there is no answer, and write the JSON."""
        note = note_from_error(error)
        self._report(note)
        self.end_without_answer(note)

    def _report(self, note: ErrorNote, prefix: str = "") -> None:
        text = console.terminal_error_text(note, from_environment=self.is_from_environment)
        console.write_diagnostic(prefix + text)

    def end_without_answer(self, error: ErrorNote | None = None) -> None:
        """Write the JSON of a command that stopped before an answer, unless it was written."""
        status = MessageStatus.FAILED if error else MessageStatus.CANCELLED
        no_answer = Message("", "", None, Role.ASSISTANT, status, (), now())
        fields = (
            _answers_fields([], status)
            if self._is_several
            else _answer_fields(no_answer, None) | _NOTHING_MADE
        )
        common: dict[str, Any] = {"conversation_id": None, "passages": []}
        self._write_json(
            fields | common | {"error": console.error_fields(error) if error else None}
        )

    def _write_json(self, fields: Mapping[str, Any]) -> None:
        if self._as_json:
            self._as_json = False  # a single object, even if an error follows
            self._write(console.to_json(fields))
            self._write("\n")  # separate, because appending it would copy megabytes


# ---------------------------------------------------------------------- calls of tools


def call_text(call: ToolCallPart) -> str:
    """Return a sentence on a tool call that has ended, or that was not run."""
    name = call.display_name
    if not call.state.has_ended:
        return tr("Not run: {name}", name=name)
    if call.state is ToolCallState.DENIED:
        return tr("Not allowed: {name}. Allow it with --allow-tool {name}", name=option_name(call))
    if call.state is ToolCallState.FAILED:
        return tr("Tool {name} failed: {reason}", name=name, reason=call.result)
    return tr("Used {name}", name=name)


def _denied_calls(answer: Message) -> list[ToolCallPart]:
    return [call for call in tool_calls(answer.parts) if call.state is ToolCallState.DENIED]


def _denial_fields(answer: Message) -> dict[str, str] | None:
    """Return the error of an answer whose calls were not allowed; None if all were."""
    denied = _denied_calls(answer)
    if answer.status is not MessageStatus.COMPLETE or not denied:
        return None
    return {"kind": "not_allowed", "message": call_text(denied[0]), "details": ""}


def calls_not_run(answer: Message) -> list[ToolCallPart]:
    """Return a complete answer's calls that nothing ran, because their tools were not offered."""
    if answer.status is not MessageStatus.COMPLETE:
        return []
    return [
        call for call in tool_calls(answer.parts) if not call.state.has_ended and not call.is_hosted
    ]


# ---------------------------------------------------------------------- facts about answers


def _write_problems(checked: CheckedAnswer | None, name: str = "") -> None:
    """Write the places at which an answer violates its schema to standard error.

    Args:
        name: the name of the answer if there are several; "" for a single answer.
    """
    if checked is None or not checked.problems:
        return
    lines = [tr("The response doesn’t match the schema.")]
    if name:
        lines = [tr("{name}: The response doesn’t match the schema.", name=name)]
    lines += [f"{problem.path}: {problem.reason}" for problem in checked.problems]
    console.write_diagnostic("\n".join(lines))


def _name_of(answer: Message) -> str:
    choice = answer.choice
    if choice is None:
        return ""
    name = choice.variant.label if choice.variant else choice.model
    return f"{name}/{choice.effort.value}" if choice.effort else name


def _figures(answer: Message, first_token_s: float | None) -> str:
    figures = [tr("{seconds} s", seconds=formatting.decimal(answer.duration_s or 0, 1))]
    if first_token_s is not None:
        seconds = formatting.decimal(first_token_s, 1)
        figures.append(tr("first token after {seconds} s", seconds=seconds))
    if answer.usage is not None:
        count = formatting.number(answer.usage.input_tokens + answer.usage.output_tokens)
        figures.append(tr("{count} tokens", count=count))
    if answer.cost is not None:
        figures.append(cost_text(answer, answer.cost))
    return ", ".join(figures)


def _status_of(answers: Sequence[Message]) -> MessageStatus:
    """Return COMPLETE if all answers are complete, else the first other status."""
    others = (a.status for a in answers if a.status is not MessageStatus.COMPLETE)
    return next(others, MessageStatus.COMPLETE)


def _answer_fields(answer: Message, checked: CheckedAnswer | None) -> dict[str, Any]:
    choice, error = answer.choice, answer.error
    checked = checked or CheckedAnswer()
    return {
        "answer": answer.text,
        "status": answer.status.value,
        "provider": choice.provider_id if choice else None,
        "model": choice.model if choice else None,
        "answered_by": answer.answered_by or None,
        "variant": choice.variant.value if choice and choice.variant else None,
        "effort": choice.effort.value if choice and choice.effort else None,
        "usage": asdict(answer.usage) if answer.usage else None,
        "cost_usd": f"{answer.cost:f}" if answer.cost is not None else None,
        "cost_is_least": is_least_cost(answer),
        "cost_is_estimated": answer.cost_is_estimated,
        "duration_s": round(answer.duration_s or 0.0, 3),
        "notices": [str(notice) for notice in answer.notices],
        "error": console.error_fields(error) if error else _denial_fields(answer),
        "tool_calls": [
            {
                "name": call.display_name,
                "arguments": _parse_json_or_text(call.run_arguments),  # as the tool got them
                "result": call.result,
                "for_user": call.for_user,
                "status": call.state.value,
                "duration_s": rounded(call.seconds),
            }
            for call in tool_calls(answer.parts)
        ],
        "sources": [
            {
                "number": source.number or None,
                "url": source.address or None,
                "title": source.title,
                "cited": is_cited,
            }
            for is_cited, sources in zip((True, False), answer_sources(answer), strict=True)
            for source in sources
        ],
        "parsed": checked.value,
        "schema_problems": [asdict(problem) for problem in checked.problems],
    }


def _answers_fields(answers: Sequence[Mapping[str, Any]], status: MessageStatus) -> dict[str, Any]:
    known_costs = [Decimal(each["cost_usd"]) for each in answers if each["cost_usd"] is not None]
    return {
        "answers": list(answers),
        "status": status.value,
        "cost_usd": f"{sum(known_costs, Decimal(0)):f}" if known_costs else None,
        "error": None,
    }


def _parse_json_or_text(text: str) -> Any:
    try:
        return decode(text)
    except (ValueError, RecursionError):
        return text
