"""Protected documents on the command line: a terminal is asked for the password, nobody else is."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop_app.cli.console import note
from desktop_app.domain.errors import DocumentEncryptedError

if TYPE_CHECKING:
    from desktop_app.documents.worker.document_worker import (
        DocumentWorker,
        ExtractedDocument,
        Progress,
    )

TO_DO: Final = (
    "In a terminal its password is asked for; or save a copy without the password, and name that."
)


async def extract(
    worker: DocumentWorker, path: Path, on_progress: Callable[[Progress], None]
) -> ExtractedDocument:
    """The text of a file, with its password where it asks for one and a person is there.

    Raises:
        DocumentEncryptedError: nobody is there to be asked, or gives none.
        DocumentError: one of its subclasses.
    """
    password = ""
    while True:
        try:
            return await worker.extract(path, on_progress, password=password)
        except DocumentEncryptedError as error:
            if not error.takes_password:
                raise
            error.remedy = TO_DO
            if not _has_terminal():
                raise
            note(error.what_happened)
            password = _asked()
            if not password:
                raise


def _has_terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stderr__))


def _asked() -> str:
    """What is typed, unseen. The loop's own handler of Ctrl+C could not end a read that blocks.

    Raises:
        KeyboardInterrupt
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return getpass("Password (nothing gives up): ")
    except EOFError:
        return ""
    finally:
        signal.signal(signal.SIGINT, before)
