"""Standard output and standard error: all commands write to them only through this module.

A terminal executes control sequences: an answer, a title, a file name or an error could clear the
screen, set the clipboard or reverse the text direction. Such characters are escaped visibly, as
`\\x1b`. The requested output goes to a pipe byte for byte; names and errors are escaped there, too.
"""

from __future__ import annotations

import errno
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from desktop_app.child_processes import REPORTS_TO_WINDOW
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.i18n.translation import language, tr, tr_context

if TYPE_CHECKING:
    from desktop_app.domain.error_note import ErrorNote
    from desktop_app.domain.errors import UserFacingError

# Control characters except newline and tab, bidirectional controls, line separators, invisible
# characters (except joiners of letters and emoji), and surrogates.
_UNSAFE: Final = lazy_pattern(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_MARKS: Final = "\u200e\u200f"
"""In translations that are read from the right; terminals show them as nothing, or as a space."""
_BREAKS: Final = lazy_pattern("[\n\t]")


def clean(text: str) -> str:
    """Return `text` with every unsafe character made visible, keeping its lines.

    >>> clean("a\\x1b[2Jb\\r\\n")
    'a\\\\x1b[2Jb\\n'
    """
    return _UNSAFE.sub(_escape_visibly, text.replace("\r\n", "\n"))


def clean_line(text: str) -> str:
    """Return `text` as `clean` does, on a single line, so that a name cannot forge a line.

    >>> clean_line("a\\nb")
    'a\\\\x0ab'
    """
    return _BREAKS.sub(_escape_visibly, _UNSAFE.sub(_escape_visibly, text))


def _escape_visibly(character: re.Match[str]) -> str:
    if character[0] in _MARKS and language() == "he":
        return ""
    code = ord(character[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, from a file name
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def to_json(value: object, *, indent: int | None = None) -> str:
    """Return `value` as JSON with unsafe characters escaped.

    If standard output takes no Unicode, all but ASCII is escaped instead of lost.
    """
    import json

    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    needs_ascii = not encoding.lower().startswith("utf")
    text = json.dumps(value, ensure_ascii=needs_ascii, indent=indent)
    return _UNSAFE.sub(lambda character: json.dumps(character[0]).strip('"'), text)


# -- writing


class OutputError(OSError):
    """Raised if standard output cannot be written, unless only its reader is gone."""


def write_diagnostic(text: str) -> None:
    """Write a message to standard error, after the program's name; indent its further lines."""
    indented = text.replace("\r\n", "\n").replace("\n", "\n    ")
    write_stderr_line(f"repartee: {indented}")


def terminal_error_text(
    error: UserFacingError | ErrorNote, *, from_environment: bool = False
) -> str:
    """Return an error in the wording for a terminal, which has no buttons.

    Args:
        from_environment: the provider's address and key come from the environment.
    """
    from dataclasses import replace

    from desktop_app.domain.error_note import ErrorNote, note_from_error
    from desktop_app.domain.error_text import TERMINAL

    note = error if isinstance(error, ErrorNote) else note_from_error(error)
    note = replace(note, is_of_environment=from_environment)
    return f"{note.what_happened} {note.hint_on(TERMINAL)}".rstrip()


def error_fields(note: ErrorNote) -> dict[str, str]:
    """Return the facts about an error as JSON-ready values."""
    return {"kind": note.code, "message": note.what_happened, "details": note.details}


def reports_to_window() -> bool:
    """Return True if the window has started this command, and reads its errors as JSON."""
    return REPORTS_TO_WINDOW in os.environ


def write_stderr_line(text: str) -> None:
    """Write a line to standard error; do nothing if nobody reads it or the disk is full."""
    clear_progress()
    if sys.stderr is not None:
        try:
            print(clean(text), file=sys.stderr, flush=True)
        except OSError:  # standard output may still have a reader
            _discard(sys.stderr)


def write_question(question: str) -> None:
    """Write a question to standard error; the user types after it."""
    clear_progress()
    if sys.stderr is not None:
        print(f"repartee: {clean(question)} ", end="", file=sys.stderr, flush=True)


def is_yes(typed: str) -> bool:
    """Return True for "y" or "yes", in English or in the user's language."""
    answers = ("y", "yes", *tr_context("typed to agree", "y yes").casefold().split())
    return typed.strip().casefold() in answers


def write(text: str) -> None:
    """Write the requested output to standard output: byte for byte, except to a terminal.

    Raises:
        BrokenPipeError: nobody reads it any longer.
        OutputError: it is closed or full.
    """
    if sys.stdout is None:  # it was closed before the program started
        raise OutputError(errno.EBADF, os.strerror(errno.EBADF))
    clear_progress()
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(error.errno, error.strerror) from error


def write_line(text: str) -> None:
    """Write a line that contains names to standard output; raises as `write`."""
    write(f"{clean_line(text)}\n")


def write_lines(text: str) -> None:
    """Write lines that contain names to standard output; raises as `write`."""
    write(f"{clean(text)}\n")


def write_json(value: object, *, indent: int | None = None) -> None:
    """Write a value as JSON to standard output; raises as `write`."""
    write(f"{to_json(value, indent=indent)}\n")


def flush_output() -> None:
    """Flush the standard streams, before the process ends without Python's own shutdown."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # absent, full, closed
            stream.flush()


def drop_output() -> None:
    """Discard the output that Python would flush at exit, because it cannot be written."""
    if sys.stdout is not None:
        _discard(sys.stdout)


def _discard(stream: TextIO) -> None:
    """Redirect a stream to the null device, also the text that it has buffered."""
    null_device = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_device, stream.fileno())
    os.close(null_device)


def is_stderr_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def can_ask() -> bool:
    """Return True if a question can be asked and answered on a terminal."""
    return bool(sys.stdin and sys.stdin.isatty() and is_stderr_terminal())


async def confirm(question: str, *, default: bool) -> bool:
    """Return True if the user agrees; `default` if there is no terminal to ask on."""
    if not can_ask():
        return default
    import asyncio

    write_question(question)
    if sys.platform == "win32":  # its event loop watches no terminal
        return is_yes(await asyncio.to_thread(sys.stdin.readline))
    # The answer is not read in another thread, because Ctrl+C could not end the thread.
    loop = asyncio.get_running_loop()
    typed = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), typed.set)
    try:
        await typed.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    return is_yes(sys.stdin.readline())


class _Progress:
    """The line of progress on a terminal, which the next output replaces."""

    is_shown = False
    is_quiet = False  # with --quiet


def set_quiet(*, is_quiet: bool) -> None:
    """Show no progress and no notes from now on, or show them again."""
    _Progress.is_quiet = is_quiet


def write_note(text: str) -> None:
    """Write a message that --quiet leaves out."""
    if not _Progress.is_quiet:
        write_diagnostic(text)


def write_price(text: str, *, is_confirmed: bool) -> None:
    """Write what a command would cost: also with --quiet, if the user is asked for it next."""
    if is_confirmed or not can_ask():
        write_note(text)
    else:
        write_diagnostic(text)


def show_progress(text: str) -> None:
    """Replace the line of progress, if standard error is a terminal that can."""
    if _Progress.is_quiet or not is_stderr_terminal() or os.environ.get("TERM") in (None, "dumb"):
        return
    columns = os.get_terminal_size(sys.stderr.fileno()).columns or 80
    _write_control(f"\r\x1b[K{clean_line(text)[: columns - 1]}")
    _Progress.is_shown = True


def clear_progress() -> None:
    """Remove the line of progress, so that it neither stays nor mixes with other output."""
    if _Progress.is_shown:
        _Progress.is_shown = False
        _write_control("\r\x1b[K")


def _write_control(text: str) -> None:
    stream = sys.stderr.stream if isinstance(sys.stderr, _CleanStream) else sys.stderr
    with suppress(OSError):
        stream.write(text)
        stream.flush()


_FIRST_S: Final = 0.5
_INTERVAL_S: Final = 0.1


class ProgressReporter:
    """Reporter of progress on standard error, on a terminal in a line that is rewritten.

    Args:
        task: names the task.
        in_lines: report every step as "DONE TOTAL", or as "DONE" if the total is unknown, with or
            without a terminal.
    """

    def __init__(self, task: str, *, in_lines: bool = False) -> None:
        self._task = task
        self._in_lines = in_lines
        self._next_at = time.monotonic() + _FIRST_S

    def show(self, done: int, total: int | None) -> None:
        """Report that `done` of `total` are done; None if the total is unknown."""
        if self._in_lines:
            write_stderr_line(str(done) if total is None else f"{done} {total}")
        elif time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + _INTERVAL_S
            line = tr("{task}: {done}", task=self._task, done=done)
            if total is not None:
                line = tr("{task}: {done} of {total}", task=self._task, done=done, total=total)
            show_progress(line)


# -- output of others: tracebacks, warnings, libraries


class _CleanStream:
    """A stream that escapes all text written to it."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._held_cr = ""  # a CR at the end of a write, because an LF may follow in the next

    def write(self, text: str) -> int:
        """Write `text`, escaped."""
        pending = self._held_cr + text
        self._held_cr = "\r" if pending.endswith("\r") else ""
        self.stream.write(clean(pending.removesuffix("\r")))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write `lines`, escaped."""
        for line in lines:
            self.write(line)

    def end(self) -> None:
        """Write the held CR."""
        held_cr = self._held_cr
        self._held_cr = ""
        self.stream.write(clean(held_cr))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def escaped_output() -> Iterator[None]:
    """Escape everything that is written to a terminal or to standard error.

    An exception, except SystemExit, leaves the escaping streams in place: Python writes its
    traceback later.
    """
    original_streams = sys.stdout, sys.stderr
    for stream in original_streams:
        if isinstance(stream, TextIOWrapper):
            # Replace characters that the encoding lacks, instead of losing the whole text. On
            # Windows, a pipe would lack all but those of the system's language.
            encoding = "utf-8" if sys.platform == "win32" else None
            stream.reconfigure(encoding=encoding, errors="replace")
    if sys.stdout is not None and sys.stdout.isatty():
        sys.stdout = cast("TextIO", _CleanStream(sys.stdout))
    if sys.stderr is not None:
        sys.stderr = cast("TextIO", _CleanStream(sys.stderr))
    try:
        yield
    except SystemExit:
        _restore(*original_streams)
        raise
    _restore(*original_streams)


def _restore(out: TextIO, err: TextIO) -> None:
    clear_progress()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, _CleanStream):
            with suppress(OSError, ValueError):
                stream.end()
    sys.stdout = out
    sys.stderr = err
