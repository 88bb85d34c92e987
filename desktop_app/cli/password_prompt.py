"""Reads passwords on the command line, as for protected documents: on a terminal only."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.cli.console import write_stderr_line
from desktop_app.domain.errors import DocumentEncryptedError
from desktop_app.i18n.translation import N_, tr

if TYPE_CHECKING:
    from desktop_app.documents.worker.document_worker import DocumentWorker, Progress
    from desktop_app.domain.documents.extracted_document import ExtractedDocument


async def extract(
    worker: DocumentWorker, path: Path, on_progress: Callable[[Progress], None]
) -> ExtractedDocument:
    """Return the document in a file, asking for its password if needed and possible.

    Raises:
        DocumentEncryptedError: no password helps, there is no terminal, or the user enters none.
        DocumentError: the file cannot be read.
    """
    password = ""
    while True:
        try:
            return await worker.extract(path, on_progress, password=password)
        except DocumentEncryptedError as error:
            if not error.takes_password:
                raise
            refusal = error.with_hint(
                N_("Enter the password in a terminal, or save a copy without one.")
            )
            if not has_terminal():
                raise refusal from error
            write_stderr_line(error.what_happened)
            password = read_password(tr("Password (empty to cancel): "))
            if not password:
                raise refusal from error


def has_terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stderr__))


def read_password(prompt: str) -> str:
    """Read a password without echo.

    Uses Python's own handler of Ctrl+C meanwhile, because the loop's cannot end a blocking read.

    Raises:
        KeyboardInterrupt: the user pressed Ctrl+C.
    """
    previous_handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return getpass(prompt)
    except EOFError:
        return ""
    finally:
        signal.signal(signal.SIGINT, previous_handler)
