"""The output of `repartee ask`: the answer on standard output, the rest on standard error.

A terminal has no buttons, so `domain/error_text` words its errors differently from the window's.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from desktop_app.cli.streams.console import (
    drop_output,
    error_fields,
    is_stderr_terminal,
    terminal_error_text,
    to_json,
    write,
    write_diagnostic,
)
from desktop_app.domain.answering.answer_status import Status, status_text
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.answering.reply import Reply
from desktop_app.domain.answering.stream_events import (
    Notice,
    RefusalDelta,
    RoundEnded,
    StatusChanged,
    StreamEvent,
    TextDelta,
    ToolCallStep,
)
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.conversations.message_facts import ending_text
from desktop_app.domain.conversations.message_parts import ToolCallPart, tool_calls
from desktop_app.domain.error_note import ErrorNote, note_from_error
from desktop_app.domain.errors import StorageError, UserFacingError
from desktop_app.domain.statistics import rounded
from desktop_app.domain.system_error import system_words
from desktop_app.domain.tools.tool import ToolCallState
from desktop_app.i18n.translation import tr
from desktop_app.services.structured.schema_check import CheckedAnswer, decode
from desktop_app.services.tools.consent import option_name


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


def calls_not_run(answer: Message) -> list[ToolCallPart]:
    """Return a complete answer's calls that nothing ran, because their tools were not offered."""
    if answer.status is not MessageStatus.COMPLETE:
        return []
    return [
        call for call in tool_calls(answer.parts) if not call.state.has_ended and not call.is_hosted
    ]


def has_only_calls(answer: Message) -> bool:
    """Return True for an answer without text, whose calls were not run."""
    return not answer.text.strip() and bool(calls_not_run(answer))


class AnswerStreams:
    """The standard streams of a command that answers.

    Attributes:
        write_error: why standard output could not be written; None if it can.
        has_store_failed: True if something could not be stored.
    """

    def __init__(self) -> None:
        self.write_error: OSError | None = None
        self.has_store_failed = False
        self._stop: Callable[[], object] = lambda: None

    def set_stop(self, stop: Callable[[], object]) -> None:
        """Set the function to call once standard output can no longer be written."""
        self._stop = stop

    def on_store(self, error: StorageError | None) -> None:
        """Report that something could not be stored; None for success."""
        if error is not None:
            self.has_store_failed = True
            write_diagnostic(terminal_error_text(error))

    def write(self, text: str) -> None:
        """Write to standard output. After an error, stop the answers and write nothing more."""
        if self.write_error is not None or not text:
            return
        try:
            write(text)
        except OSError as error:
            self.write_error = error
            drop_output()
            if not isinstance(error, BrokenPipeError):  # a reader that has gone is no failure
                reason = tr(system_words(error))
                write_diagnostic(tr("Can’t write the response: {reason}", reason=reason))
            self._stop()


class AnswerOutput(AnswerStreams):
    """Output of an answer on the standard streams.

    Args:
        shows_steps: show progress messages even without a terminal.
        is_several: `SeveralAnswers` writes the answers; this object only reports earlier errors.
    """

    def __init__(
        self, *, as_json: bool, shows_steps: bool = False, is_several: bool = False
    ) -> None:
        super().__init__()
        self._as_json = as_json
        self._is_several = is_several
        self._shows_steps = shows_steps
        self._is_at_line_start = True
        self._held: list[str] = []  # messages until the answer's line is complete
        self._has_started = False
        self._status: Status | None = None
        self._from_environment = False

    def use_provider(self, profile: ProviderProfile) -> None:
        """Set the provider, which decides how errors about its address and key are worded."""
        self._from_environment = profile.from_environment

    def listen(self, event: StreamEvent, _reply: Reply) -> None:
        """Show an event of the answer, as it arrives."""
        match event:
            case TextDelta(text) | RefusalDelta(text) if not self._as_json and text:
                self.write(text)
            case Notice(text):
                self._tell(str(text))
            case ToolCallStep(call) if call.state.has_ended:
                self._tell(call_text(call))
            case RoundEnded() if not self._is_at_line_start:
                self.write("\n\n")
            case StatusChanged(seconds, status) if seconds:
                self._tell(status_text(status, seconds))
            # The first event only states that the program waits for the answer.
            case StatusChanged(_, status) if self._has_started:
                self._write_status(status)
        self._has_started = True

    def _tell(self, text: str) -> None:
        """Write a message, which would else stick to the answer's unfinished line."""
        self._held.append(text)
        if self._is_at_line_start:
            self._release()

    def _release(self) -> None:
        for text in self._held:
            write_diagnostic(text)
        self._held.clear()

    def _write_status(self, status: Status | None) -> None:
        """Report once why nothing arrives.

        Without `shows_steps`, do so only on a terminal and between lines of the answer.
        """
        is_shown = self._shows_steps or (is_stderr_terminal() and self._is_at_line_start)
        if status is not None and status != self._status and is_shown:
            write_diagnostic(status_text(status))
        self._status = status

    def close(
        self,
        answer: Message,
        *,
        conversation_id: str | None,
        passages: Sequence[Mapping[str, Any]] = (),
        checked: CheckedAnswer | None = None,
        images: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Complete the output: a newline, the error, the calls that were not run, the JSON.

        Args:
            conversation_id: None if the conversation is not saved.
            passages: the passages that were sent with the question, for the JSON.
            checked: the value and the problems of an answer with a schema; None if unchecked.
            images: the media types and the bytes of generated images, for the JSON.
        """
        self.set_stop(lambda: None)  # there is nothing left to stop
        if not self._is_at_line_start:
            self.write("\n")
        self._release()
        error = answer.error
        is_saved = conversation_id is not None
        if error is not None:
            write_diagnostic(terminal_error_text(error, from_environment=self._from_environment))
            if is_saved:
                write_diagnostic(tr("The conversation is saved in your library."))
        elif answer.status is MessageStatus.REFUSED:
            write_diagnostic(tr("The model declined."))
        elif answer.status is MessageStatus.CANCELLED and self.write_error is None:
            write_diagnostic(
                tr("Stopped. The conversation is saved.") if is_saved else tr("Stopped.")
            )
        elif answer.status is MessageStatus.COMPLETE and (ending := ending_text(answer)):
            write_diagnostic(ending)
        for call in calls_not_run(answer):
            write_diagnostic(call_text(call))
        self._write_json(
            answer,
            error,
            conversation_id=conversation_id,
            passages=passages,
            checked=checked,
            images=images,
        )

    def end_interrupted(self) -> None:
        """Report that the request was stopped before an answer began, and write the JSON."""
        write_diagnostic(tr("Stopped."))
        self.end_without_answer()

    def end_without_answer(self) -> None:
        """Write the JSON of a command that stopped before an answer, unless it was written."""
        self._write_json()

    def refuse(self, error: UserFacingError) -> None:
        """Report why there is no answer, and write the JSON."""
        note = note_from_error(error)
        write_diagnostic(terminal_error_text(note, from_environment=self._from_environment))
        self._write_json(error=note)

    def _write_json(
        self,
        answer: Message | None = None,
        error: ErrorNote | None = None,
        *,
        conversation_id: str | None = None,
        passages: Sequence[Mapping[str, Any]] = (),
        checked: CheckedAnswer | None = None,
        images: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        if not self._as_json:
            return
        self._as_json = False  # a single object, even if an error follows
        if self._is_several:
            self.write(to_json(answers_fields([], _status_without_answer(error), error)) + "\n")
            return
        text = _answer_json(
            answer,
            error,
            conversation_id=conversation_id,
            passages=passages,
            checked=checked or CheckedAnswer(),
            images=images,
        )
        self.write(text)
        self.write("\n")  # separate, because appending it would copy megabytes

    def write(self, text: str) -> None:
        """Write to standard output, and note whether a line is complete."""
        super().write(text)
        self._is_at_line_start = text.endswith("\n")
        if self._is_at_line_start:
            self._release()


def answer_fields(answer: Message) -> dict[str, Any]:
    """Return the facts about an answer as JSON-ready values."""
    choice, error = answer.choice, answer.error
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
        "duration_s": round(answer.duration_s or 0.0, 3),
        "notices": [str(notice) for notice in answer.notices],
        "error": error_fields(error) if error else None,
    }


def answers_fields(
    answers: Sequence[Mapping[str, Any]],
    status: MessageStatus,
    error: ErrorNote | None = None,
    conversation_id: str | None = None,
    passages: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the facts about several answers as JSON-ready values.

    Args:
        error: why nothing was sent.
    """
    known_costs = [Decimal(each["cost_usd"]) for each in answers if each["cost_usd"] is not None]
    return {
        "answers": list(answers),
        "status": status.value,
        "cost_usd": f"{sum(known_costs, Decimal(0)):f}" if known_costs else None,
        "conversation_id": conversation_id,
        "passages": list(passages),
        "error": error_fields(error) if error else None,
    }


def _status_without_answer(error: ErrorNote | None) -> MessageStatus:
    """Return the status of a command without an answer."""
    return MessageStatus.FAILED if error else MessageStatus.CANCELLED


def _answer_json(
    answer: Message | None,
    error: ErrorNote | None,
    *,
    conversation_id: str | None,
    passages: Sequence[Mapping[str, Any]],
    checked: CheckedAnswer,
    images: Sequence[tuple[str, bytes]],
) -> str:
    nothing: dict[str, Any] = {
        "answer": "",
        "status": _status_without_answer(error).value,
        **dict.fromkeys(
            ("provider", "model", "answered_by", "variant", "effort", "usage", "cost_usd")
        ),
        "duration_s": 0.0,
        "notices": [],
    }
    value = {
        **(answer_fields(answer) if answer else nothing),
        "error": error_fields(error) if error else None,
        "conversation_id": conversation_id,
        "passages": list(passages),
        "tool_calls": calls_json(tool_calls(answer.parts)) if answer else [],
        "parsed": checked.value,
        "schema_problems": [asdict(problem) for problem in checked.problems],
        "images": [f"data:{kind};base64,{b64encode(data).decode()}" for kind, data in images],
    }
    return to_json(value)


def calls_json(calls: Sequence[ToolCallPart]) -> list[dict[str, Any]]:
    """Return tool calls as JSON-ready values, with the arguments that the tools got."""
    return [
        {
            "name": call.display_name,
            "arguments": _parse_json_or_text(call.run_arguments),
            "result": call.result,
            "status": call.state.value,
            "duration_s": rounded(call.seconds),
        }
        for call in calls
    ]


def _parse_json_or_text(text: str) -> Any:
    try:
        return decode(text)
    except (ValueError, RecursionError):
        return text
