"""Several answers to one question: `repartee ask --compare` and `--n`.

The requests run at the same time. The terminal shows the answers in order: each is shown as it
arrives, once all answers before it have ended. Standard error has the figures or the error of each.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from desktop_app.cli.answers.form_options import check_against_schema, write_problems
from desktop_app.cli.command_line import EFFORTS, VARIANTS
from desktop_app.cli.streams.console import terminal_error_text, to_json, write_diagnostic
from desktop_app.cli.streams.terminal import (
    AnswerStreams,
    answer_fields,
    answers_fields,
    call_text,
    calls_json,
    calls_not_run,
    has_only_calls,
)
from desktop_app.domain.answering.stream_events import (
    Notice,
    RefusalDelta,
    RoundEnded,
    TextDelta,
    ToolCallStep,
)
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.conversations.message_parts import tool_calls
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.statistics import rounded
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.services.structured.schema_check import CheckedAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from desktop_app.cli.command_line import Options
    from desktop_app.domain.answering.reply import Reply
    from desktop_app.domain.answering.stream_events import StreamEvent
    from desktop_app.domain.conversations.notices import NoticeText
    from desktop_app.services.answers.answer_run import AnswerRun

MIN_COMPARED: Final = 2
MAX_COMPARED: Final = 4


def options_for(options: Options, spec: str) -> Options:
    """Return the options of the answer that `spec` names: VARIANT[/EFFORT] or MODEL[/EFFORT]."""
    name, _, effort = spec.rpartition("/")
    if not name or effort not in EFFORTS:
        name, effort = spec, ""
    is_variant = name in VARIANTS
    fields = vars(options) | {
        "variant": name if is_variant else None,
        "model": None if is_variant else name,
        "effort": effort or options.effort,
        "has_preset_effort": options.has_preset_effort and not effort,
    }
    return type(options)(**fields)


def require_comparable(specs: Sequence[str], repeats: int | None) -> None:
    """Raise IllegalChoiceError unless two to four choices are compared, and --n is at most 1."""
    if (repeats or 1) > 1:
        raise IllegalChoiceError(
            N_("--compare asks each choice for one response."),
            hint=N_("Leave out --n or --compare."),
        )
    if not MIN_COMPARED <= len(specs) <= MAX_COMPARED:
        raise IllegalChoiceError(
            N_("--compare needs {fewest} to {most} choices."),
            hint=N_("Use --compare once for each choice."),
            fewest=MIN_COMPARED,
            most=MAX_COMPARED,
        )


@dataclass
class _AnswerState:
    """One of the answers, and how much of it is written.

    Attributes:
        started_at: the monotonic time of the request.
        first_token_s: seconds from the request to the first text; None before.
        unwritten: text that waits until the answers before it are written.
        is_at_line_start: True if the text that has arrived is empty or ends a line.
        checked: the value and the problems of an answer with a schema.
    """

    run: AnswerRun
    started_at: float
    first_token_s: float | None = None
    unwritten: str = ""
    is_at_line_start: bool = True
    has_ended: bool = False
    has_heading: bool = False
    checked: CheckedAnswer = field(default_factory=CheckedAnswer)


class SeveralAnswers(AnswerStreams):
    """Answers that run at the same time and are written one after the other.

    Args:
        from_environment: the provider's address and key come from the environment.
    """

    def __init__(self, runs: Sequence[AnswerRun], *, as_json: bool, from_environment: bool) -> None:
        super().__init__()
        self._from_environment = from_environment
        self._states = [_AnswerState(run, time.monotonic()) for run in runs]
        self._as_json = as_json
        self._written_count = 0
        self._reported_notices: set[tuple[str, NoticeText]] = set()

    @property
    def answers(self) -> list[Message]:
        """Return the answers, in order."""
        return [state.run.answer for state in self._states]

    @property
    def has_problems(self) -> bool:
        """Return True if an answer does not match its schema."""
        return any(state.checked.problems for state in self._states)

    @property
    def has_answer_of_calls(self) -> bool:
        """Return True if an answer has no text, only calls that were not run."""
        return any(map(has_only_calls, self.answers))

    async def run(self) -> bool:
        """Run all answers to their end; return False if they were stopped."""
        task = asyncio.current_task()
        assert task is not None
        self.set_stop(task.cancel)
        tasks = [asyncio.create_task(self._run_one(state)) for state in self._states]
        try:
            try:
                await asyncio.gather(*tasks)
            finally:  # also if one of them failed
                for each in tasks:
                    each.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self.set_stop(lambda: None)  # there is nothing left to cancel
        except asyncio.CancelledError:
            self._advance()
            return False
        return True

    def write_json(
        self, *, conversation_id: str | None, passages: Sequence[Mapping[str, Any]]
    ) -> None:
        """Write the JSON of all answers."""
        status = status_of(self.answers)
        fields = answers_fields(
            self._answers_json(), status, conversation_id=conversation_id, passages=passages
        )
        self.write(f"{to_json(fields)}\n")

    def _answers_json(self) -> list[dict[str, Any]]:
        return [
            answer_fields(state.run.answer)
            | {
                "first_token_s": rounded(state.first_token_s),
                "tool_calls": calls_json(tool_calls(state.run.answer.parts)),
                "parsed": state.checked.value,
                "schema_problems": [asdict(problem) for problem in state.checked.problems],
            }
            for state in self._states
        ]

    async def _run_one(self, state: _AnswerState) -> None:
        state.started_at = time.monotonic()

        def listen(event: StreamEvent, _reply: Reply) -> None:
            self._on_event(state, event)

        try:
            answer = await state.run.run(listen, self.on_store, retry_writes=False)
            checked = await check_against_schema(answer, state.run.schema)
            state.checked = checked or state.checked
        finally:
            state.has_ended = True
            self._advance()

    def _on_event(self, state: _AnswerState, event: StreamEvent) -> None:
        match event:
            case TextDelta(text) | RefusalDelta(text) if text:
                if state.first_token_s is None:
                    state.first_token_s = time.monotonic() - state.started_at
                state.unwritten += text
                state.is_at_line_start = text.endswith("\n")
                self._advance()
            case RoundEnded() if not state.is_at_line_start:
                state.unwritten += "\n\n"
                state.is_at_line_start = True
                self._advance()
            case ToolCallStep(call) if call.state.has_ended:
                write_diagnostic(f"{_name_of(state.run.answer)}: {call_text(call)}")
            case Notice(notice):
                name = _name_of(state.run.answer)
                # With --n, all answers have the same name, and may have the same notices.
                if (name, notice) not in self._reported_notices:
                    self._reported_notices.add((name, notice))
                    write_diagnostic(f"{name}: {notice}")

    def _advance(self) -> None:
        """Write all finished answers up to the first unfinished one, and its text so far.

        With JSON, write nothing: `write_json` writes all answers at the end.
        """
        if self._as_json:
            return
        for number, state in enumerate(self._states):
            if number < self._written_count:
                continue
            if not state.has_heading:
                state.has_heading = True
                gap = "\n" if number else ""
                self.write(f"{gap}== {_name_of(state.run.answer)} ==\n")
            text = state.unwritten
            state.unwritten = ""
            self.write(text)
            if not state.has_ended:
                return
            self._written_count = number + 1
            self.write("\n")
            self._write_figures(state)

    def _write_figures(self, state: _AnswerState) -> None:
        answer = state.run.answer
        if answer.error is not None:
            error_text = terminal_error_text(answer.error, from_environment=self._from_environment)
            write_diagnostic(f"{_name_of(answer)}: {error_text}")
            return
        write_diagnostic(f"{_name_of(answer)}: {_figures(answer, state.first_token_s)}")
        for call in calls_not_run(answer):
            write_diagnostic(f"{_name_of(answer)}: {call_text(call)}")
        write_problems(state.checked, _name_of(answer))


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
        figures.append(formatting.money(answer.cost))
    return ", ".join(figures)


def status_of(answers: Sequence[Message]) -> MessageStatus:
    """Return COMPLETE if all answers are complete, else the first other status."""
    others = (a.status for a in answers if a.status is not MessageStatus.COMPLETE)
    return next(others, MessageStatus.COMPLETE)
