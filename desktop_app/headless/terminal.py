"""What `repartee ask` writes: the answer on standard output, everything else on standard error.

Errors are worded for the window, with its buttons; here they lose what a terminal does not have.
"""

from __future__ import annotations

import asyncio
import errno
import json
import math
import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from io import TextIOWrapper
from typing import Any

from desktop_app.domain.conversation import ErrorNote, Message, MessageStatus
from desktop_app.domain.cost import Usage
from desktop_app.domain.errors import (
    NOTES_KEPT,
    NOTHING_SENT,
    TEXT_KEPT,
    StorageError,
    UserFacingError,
)
from desktop_app.domain.events import Notice, RefusalDelta, StreamEvent, TextDelta, Waiting
from desktop_app.domain.reply import Reply

_CLEARED = "\r\x1b[K"  # the line, as every terminal of today understands it
QUESTION_KEPT = "Your question is kept."
_KEPT_HERE = {
    NOTHING_SENT: "Nothing was sent.",
    "The choice is as it was.": "Nothing was sent.",
    TEXT_KEPT: "What had arrived stands in the output.",
    QUESTION_KEPT: "",
    NOTES_KEPT: "The notes that were taken are kept: the same command goes on from there.",
}
_ADD_A_KEY = "Add one in Settings › Provider."
_ADD_A_KEY_HERE = (
    "Add one in the window, Settings › Provider, or set OPENAI_API_KEY or COMETAPI_KEY."
)
_RETRY = re.compile(r"\b([Pp])ress Retry(?: to ask (?:again|once more))?")
# What a provider of the environment's has other places for.
_BY_ENVIRONMENT = {
    ", or set one in Settings › Provider › Network": "",
    "choose its certificate file in Settings › Provider › Network": (
        "name its certificate file in SSL_CERT_FILE"
    ),
}
_SETTINGS = re.compile(r"\b(in )?Settings › Provider")


def say(text: str) -> None:
    """One message on standard error."""
    if sys.stderr is not None:
        print(f"repartee: {text}", file=sys.stderr, flush=True)


def worded(note: ErrorNote, *, saved: bool, from_environment: bool) -> str:
    """An error in words that hold in a terminal.

    Args:
        saved: the conversation is in the library.
        from_environment: the provider's address and key are in the environment.
    """
    kept = _KEPT_HERE.get(note.what_was_kept, note.what_was_kept)
    if saved and note.what_was_kept in (TEXT_KEPT, QUESTION_KEPT):
        kept = "The conversation is kept in the library."
    if note.what_to_do == _ADD_A_KEY:
        return f"{note.what_happened} {_ADD_A_KEY_HERE}"
    if from_environment:
        for of_window, of_environment in _BY_ENVIRONMENT.items():
            note = replace(note, what_to_do=note.what_to_do.replace(of_window, of_environment))
    to_do = _RETRY.sub(
        lambda found: "Ask again" if found[1] == "P" else "ask again", note.what_to_do
    )
    where = "in the environment" if from_environment else "in the window, Settings › Provider"
    to_do = _SETTINGS.sub(where, to_do)
    if note.kind == "Incomplete":
        to_do = ""  # a terminal has no Continue
    return " ".join(sentence for sentence in (note.what_happened, kept, to_do) if sentence)


def note_of(error: UserFacingError) -> ErrorNote:
    """An error as it would be kept with a message."""
    return ErrorNote(
        error.what_happened,
        error.what_was_kept,
        error.what_to_do,
        error.details,
        type(error).__name__,
    )


class Countdown:
    """Says on standard error when the next try comes: in a terminal with a figure that falls each
    second, elsewhere once. In a terminal, and there alone, it also says why nothing comes. To be
    used where a loop runs."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None
        self._has_said = False  # a line that the next event takes back

    def start(self, seconds: float, reason: str) -> None:
        """Begin at `seconds`."""
        if sys.stderr is None or not sys.stderr.isatty():
            say(_trying_again(seconds, reason))
            return
        self._show(time.monotonic() + seconds, reason)

    def _show(self, until: float, reason: str) -> None:
        left = until - time.monotonic()
        if left <= 0:
            return
        line = _fitting(f"repartee: {_trying_again(left, reason)}")
        print(f"{_CLEARED}{line}", end="", file=sys.stderr, flush=True)
        pause = left - max(math.ceil(left) - 1, 0)  # until the figure changes
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(pause, 0.05), self._show, until, reason)

    def say_why(self, reason: str) -> None:
        """Show why nothing comes, until `stop`."""
        if reason and sys.stderr is not None and sys.stderr.isatty():
            line = _fitting(f"repartee: {reason}")
            print(f"{_CLEARED}{line}", end="", file=sys.stderr, flush=True)
            self._has_said = True

    def stop(self) -> None:
        """Leave the line of a countdown as it is, if there is one; take back any other."""
        if self._has_said:
            self._has_said = False
            print(_CLEARED, end="", file=sys.stderr, flush=True)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            print(file=sys.stderr, flush=True)


def _trying_again(seconds: float, reason: str) -> str:
    return f"{reason} Trying again in {math.ceil(seconds)} s."


def _fitting(line: str) -> str:
    """`line` without its beginning, where it would break: only one that does not can be cleared."""
    columns = os.get_terminal_size(sys.stderr.fileno()).columns
    return line if not 0 < columns <= len(line) else "…" + line[len(line) - columns + 2 :]


class Output:
    """Writes one answer.

    Args:
        shows_steps: why nothing comes is said off a terminal, too, a line for each reason.

    Attributes:
        write_error: why standard output could not be written to; None as long as it can.
        store_failed: something could not be kept.
    """

    def __init__(self, *, as_json: bool, shows_steps: bool = False) -> None:
        self._as_json = as_json
        self._shows_steps = shows_steps and not (sys.stderr and sys.stderr.isatty())
        self._at_line_start = True
        self._is_asked = False
        self._stop: Callable[[], object] = lambda: None
        self._countdown = Countdown()
        self._passages: list[Mapping[str, Any]] = []
        self.write_error: OSError | None = None
        self.store_failed = False
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                # What the terminal's encoding lacks is no reason to lose the rest.
                stream.reconfigure(errors="replace")

    def stop_with(self, stop: Callable[[], object]) -> None:
        """Call `stop` as soon as nobody reads the answer any more."""
        self._stop = stop

    def listen(self, event: StreamEvent, _reply: Reply) -> None:
        """Show one event."""
        self._countdown.stop()
        match event:
            case TextDelta(text) | RefusalDelta(text) if not self._as_json and text:
                self._write(text)
            case Notice(text):
                say(text)
            case Waiting(seconds, reason) if seconds:
                self._countdown.start(seconds, reason)
            # The first says no more than that the answer is waited for.
            case Waiting(_, reason) if self._is_asked and self._shows_steps:
                say(reason)
            case Waiting(_, reason) if self._is_asked and self._at_line_start:
                self._countdown.say_why(reason)
        self._is_asked = True

    def on_store(self, error: StorageError | None) -> None:
        """Say that something could not be kept."""
        if error is not None:
            self.store_failed = True
            say(error.sentences)

    def close(
        self,
        answer: Message,
        *,
        conversation_id: str | None,
        from_environment: bool,
        passages: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """End the answer: its last line, the error if there is one, the JSON with the passages that
        went in."""
        self._passages = list(passages)
        self._stop = lambda: None  # there is nothing left to stop
        self._countdown.stop()
        if not self._at_line_start:
            self._write("\n")
        error = answer.error
        saved = conversation_id is not None
        if error is not None:
            say(worded(error, saved=saved, from_environment=from_environment))
        elif answer.status is MessageStatus.CANCELLED and self.write_error is None:
            say("Stopped. The conversation is kept in the library." if saved else "Stopped.")
        self._write_json(answer, error, conversation_id)

    def interrupted(self) -> None:
        """Say that it was stopped before there was an answer."""
        say("Stopped.")
        self.never_began()

    def never_began(self) -> None:
        """Write the JSON, if it is wanted and was not written yet."""
        self._write_json(None, None, None)

    def refuse(self, error: UserFacingError) -> None:
        """Say why there is no answer at all."""
        note = note_of(error)
        say(worded(note, saved=False, from_environment=False))
        self._write_json(None, note, None)

    def _write_json(
        self, answer: Message | None, error: ErrorNote | None, conversation_id: str | None
    ) -> None:
        if self._as_json:
            self._as_json = False  # one object, whatever still goes wrong
            self._write(_as_json(answer, error, conversation_id, self._passages))

    def _write(self, text: str) -> None:
        if self.write_error is not None:
            return
        if sys.stdout is None:  # it was closed before the program began
            self._give_up(OSError(errno.EBADF, os.strerror(errno.EBADF)))
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            # What Python would flush at exit must not complain once more.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._give_up(error)
        self._at_line_start = text.endswith("\n")

    def _give_up(self, error: OSError) -> None:
        self.write_error = error
        if not isinstance(error, BrokenPipeError):
            say(f"The answer could not be written: {error.strerror}.")
        self._stop()


def _as_json(
    answer: Message | None,
    error: ErrorNote | None,
    conversation_id: str | None,
    passages: Sequence[Mapping[str, Any]],
) -> str:
    choice = answer.choice if answer else None
    without = MessageStatus.FAILED if error else MessageStatus.CANCELLED
    status = answer.status if answer else without
    value: dict[str, Any] = {
        "answer": answer.text if answer else "",
        "status": status.value,
        "provider": choice.provider_id if choice else None,
        "model": choice.model if choice else None,
        "variant": choice.variant.value if choice and choice.variant else None,
        "effort": choice.effort.value if choice and choice.effort else None,
        "usage": _usage(answer.usage) if answer and answer.usage else None,
        "cost_usd": str(answer.cost) if answer and answer.cost is not None else None,
        "duration_s": round(answer.duration_s or 0.0, 3) if answer else 0.0,
        "notices": list(answer.notices) if answer else [],
        "error": _error(error) if error else None,
        "conversation_id": conversation_id,
        "passages": list(passages),
    }
    return json.dumps(value, ensure_ascii=False) + "\n"


def _usage(usage: Usage) -> dict[str, int]:
    return {
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }


def _error(note: ErrorNote) -> dict[str, str]:
    return {"kind": note.kind, "message": note.what_happened, "details": note.details}
