"""Functions for all commands: running, reporting errors, signals, paths, opening the library."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.cli.console import (
    confirm,
    error_fields,
    reports_to_window,
    terminal_error_text,
    write_diagnostic,
    write_json,
    write_stderr_line,
)
from desktop_app.cli.exit_code import ExitCode
from desktop_app.domain.errors import (
    DocumentDoesNotFitError,
    IllegalChoiceError,
    NoRoomForCopyError,
    UserFacingError,
)
from desktop_app.i18n.translation import N_, paragraph, tr
from desktop_app.paths import folders
from desktop_app.system import END_SIGNALS

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.cli.command_line import Options
    from desktop_app.domain.conversations.conversation import Conversation
    from desktop_app.storage.database import Database


def run_command(command: Coroutine[Any, Any, int], options: Options) -> int:
    """Run a command, report the error that ends it, if any, and return the exit code."""
    try:
        return asyncio.run(command)
    except asyncio.CancelledError:
        return ExitCode.INTERRUPTED
    except UserFacingError as error:
        return report_error(error, options)


def report_error(error: UserFacingError, options: Options) -> ExitCode:
    """Report an error that ends a command; return the exit code.

    The sentence goes to standard error. With --json, an object goes to standard output, too.
    """
    from desktop_app.domain.error_note import note_from_error

    note = note_from_error(error)
    write_diagnostic(terminal_error_text(note, from_environment=is_from_environment(options)))
    if getattr(options, "json", False):
        write_json({"error": error_fields(note)})
    return error_exit_code(error)


def run_library_command(run: Callable[[Options], int], options: Options) -> int:
    """Run a command that the window runs, too; return the exit code."""
    if reports_to_window():
        # The window cancels commands by SIGINT. If a script started the window with "&", both would
        # ignore the signal.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if sys.platform == "win32":
            interrupt_at_input()
    interrupt_at_signals()  # `import` and `export` cancel their task instead
    try:
        return run(options)
    except UserFacingError as error:
        return report_library_error(error, options)
    except asyncio.CancelledError:
        return ExitCode.INTERRUPTED


def report_library_error(error: UserFacingError, options: Options) -> ExitCode:
    """Report an error of such a command, to the window as JSON; return the exit code."""
    if not reports_to_window():
        return report_error(error, options)
    from desktop_app.domain.error_note import error_to_json, note_from_error

    write_stderr_line(json.dumps(error_to_json(note_from_error(error))))
    return error_exit_code(error)


def error_exit_code(error: UserFacingError) -> ExitCode:
    """Return the exit code of a command that an error has ended."""
    is_usage = isinstance(error, IllegalChoiceError | DocumentDoesNotFitError)
    return ExitCode.USAGE if is_usage else ExitCode.FAILED


def is_from_environment(options: Options) -> bool:
    """Return True if the provider is known and comes from the environment."""
    return getattr(options, "from_environment", False)


def cancel_at_signals() -> None:
    """Cancel the current task at END_SIGNALS, unless they are ignored, as with nohup."""
    task = asyncio.current_task()
    assert task is not None
    for number in END_SIGNALS:
        if signal.getsignal(number) is signal.SIG_IGN:
            continue
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def interrupt_at_signals() -> None:
    """Raise KeyboardInterrupt at END_SIGNALS, unless they are ignored, as with nohup."""
    for number in END_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def interrupt_at_input() -> None:
    """Interrupt this process, as Ctrl+C does, when a byte arrives at standard input."""

    def wait() -> None:
        if os.read(0, 1):
            signal.raise_signal(signal.SIGINT)

    threading.Thread(target=wait, daemon=True).start()


def expand_path(name: str) -> Path:
    """Return a path of the command line, with "~" expanded."""
    path = Path(name)
    with suppress(RuntimeError):  # "~name" without such a user
        path = path.expanduser()
    return path if path.name not in ("", "..") else path.resolve()  # "." has no name to show


async def open_or_ask(library: Backend | Database, **options: bool) -> None:
    """Open the library; ask on a terminal to upgrade it without a copy if there is no room."""
    try:
        await library.open(**options)
    except NoRoomForCopyError as error:
        question = paragraph(error.what_happened, tr("Upgrade it without a copy? [y/N]"))
        if not await confirm(question, default=False):
            raise
        await library.open(**options, keeps_copy=False)


@asynccontextmanager
async def open_backend(*, allows_unpriced: bool = False) -> AsyncIterator[Backend]:
    """Open the library, and log what is done with it; close it on exit."""
    from desktop_app.backend.backend import Backend
    from desktop_app.backend.log_file import start_log

    start_log(folders().logs)
    backend = Backend(allows_unpriced=allows_unpriced)
    try:
        await open_or_ask(backend, reads_if_full=True)
        yield backend
    finally:
        await backend.aclose()


@asynccontextmanager
async def open_store() -> AsyncIterator[Database]:
    """Open only the database, for a command that reads a table; close it on exit.

    Building the whole backend takes twice as long.
    """
    from desktop_app.storage.database import Database

    database = Database(folders().database)
    try:
        await open_or_ask(database, reads_if_full=True)
        yield database
    finally:
        await database.close()


async def find_conversation(backend: Backend, given: str) -> Conversation:
    """Return the conversation with an ID, or the only one whose ID begins so.

    Raises:
        IllegalChoiceError: there is none, or several IDs begin so.
    """
    conversation = await backend.conversations.get(given)  # also finds one in the trash
    if conversation is None and given:
        matching = [id_ for id_ in await backend.conversations.ids() if id_.startswith(given)]
        if len(matching) == 1:
            conversation = await backend.conversations.get(matching[0])
    if conversation is None:
        raise IllegalChoiceError(
            N_("There is no conversation {given}."),
            hint=N_("“repartee search TEXT --json” lists the IDs."),
            given=given,
        )
    return conversation
