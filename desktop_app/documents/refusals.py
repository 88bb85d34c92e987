"""The errors for documents that cannot be attached.

One function per case, so that the sentences are side by side. Each makes an error of
`desktop_app/domain/errors.py`; `name` is the file's name without its folder.
"""

from __future__ import annotations

from typing import Final

from desktop_app.documents.media_type import SUPPORTED_FORMATS
from desktop_app.documents.worker.protocol import MOST_TEXT, Limits
from desktop_app.domain import errors

SETTINGS: Final = "Settings › Library › Limits of documents"
NOTHING_MADE: Final = "No attachment was made; the file is as it was."


def encrypted(name: str) -> errors.DocumentEncryptedError:
    """Return the error for a document that asks for a password."""
    return errors.DocumentEncryptedError(
        f"“{name}” is protected by a password.",
        what_was_kept=NOTHING_MADE,
        what_to_do="Open it in its own program, save a copy without the password, and attach that.",
    )


def locked(name: str, *, was_wrong: bool) -> errors.DocumentEncryptedError:
    """Return the error for a document that can be read with its password.

    Args:
        was_wrong: a wrong password was given.
    """
    error = encrypted(name)
    if was_wrong:
        error.what_happened = f"That is not the password of “{name}”."
    error.remedy = "Attach it again with its password, or save a copy without one and attach that."
    error.takes_password = True
    return error


def damaged(name: str, details: str = "") -> errors.DocumentDamagedError:
    """Return the error for content that violates its format."""
    return errors.DocumentDamagedError(
        f"“{name}” is damaged or incomplete and could not be read.",
        what_was_kept=NOTHING_MADE,
        what_to_do="Fetch or export it once more, or open it in its own program and save it anew.",
        details=details,
    )


def not_what_it_says(name: str, ending: str) -> errors.DocumentDamagedError:
    """Return the error for content that is not the format the name stands for."""
    return errors.DocumentDamagedError(
        f"“{name}” is called {ending} but its content is something else.",
        what_was_kept=NOTHING_MADE,
        what_to_do=(
            "Fetch or export it once more, or give it the ending that belongs to its content."
        ),
    )


def empty(name: str, why: str = "") -> errors.DocumentEmptyError:
    """Return the error for a document without text; `why` is a sentence."""
    return errors.DocumentEmptyError(
        f"“{name}” holds no text.{f' {why}' if why else ''}",
        what_was_kept=NOTHING_MADE,
        what_to_do="Check that it is the right file.",
    )


def unsupported(
    name: str, what: str = "is not a document that can be read here"
) -> errors.DocumentUnsupportedError:
    """Return the error for an unsupported format."""
    return errors.DocumentUnsupportedError(
        f"“{name}” {what}.",
        what_was_kept=NOTHING_MADE,
        what_to_do=f"What can be read: {SUPPORTED_FORMATS}.",
    )


def too_large(name: str, what: str) -> errors.DocumentTooLargeError:
    """Return the error for exceeding a limit; `what` completes "“name” …"."""
    return errors.DocumentTooLargeError(
        f"“{name}” {what}.",
        what_was_kept=NOTHING_MADE,
        what_to_do="Attach the part that matters, saved as a file of its own; the limits are in "
        f"{SETTINGS}.",
    )


def file_too_large(name: str, limits: Limits) -> errors.DocumentTooLargeError:
    """Return the error for a file larger than the limit."""
    return too_large(name, f"is larger than {limits.file_bytes >> 20} MB")


def too_many(name: str, count: int, what: str, limit: int) -> errors.DocumentTooLargeError:
    """Return the error for more pages, files … than the limit."""
    error = too_large(name, f"has {count:,} {what}, more than {limit:,}")
    error.remedy = f"Attach a part of it, or raise the limit in {SETTINGS}."
    return error


def unpacks_too_far(name: str, limits: Limits) -> errors.DocumentTooLargeError:
    """Return the error for archives that unpack to more than the limit."""
    return too_large(name, f"unpacks to more than {limits.unpacked_bytes >> 20} MB")


def too_much_text(name: str) -> errors.DocumentTooLargeError:
    """Return the refusal of a document whose text is longer than anything can read."""
    error = too_large(name, f"holds more than {MOST_TEXT >> 20} MB of text")
    error.remedy = "Attach the part that matters, saved as a file of its own."
    return error


def unreadable(name: str, why: str) -> errors.DocumentError:
    """Return the error for a file that cannot be opened; `why` is a clause."""
    return errors.DocumentError(
        f"“{name}” could not be opened: {why}.",
        what_was_kept="No attachment was made.",
        what_to_do="Check that it is still there and that you may read it, and attach it again.",
    )


def needs_memory(name: str, limits: Limits) -> errors.DocumentTooLargeError:
    """Return the error for exceeding the memory limit."""
    error = too_large(name, f"needs more memory than the {_megabytes(limits)} set aside for it")
    error.remedy = f"Attach a part of it, or raise the limit in {SETTINGS}."
    return error


def reader_stopped(name: str, details: str, limits: Limits) -> errors.DocumentDamagedError:
    """Return the error for a child process that crashed, or ran out of memory."""
    return errors.DocumentDamagedError(
        f"“{name}” could not be read: it made the reader stop, so it is damaged or needs more "
        f"memory than the {_megabytes(limits)} set aside for it.",
        what_was_kept="No attachment was made; nothing else was touched.",
        what_to_do="Open it in its own program, save it anew or in parts, and attach that; the "
        f"limit is in {SETTINGS}.",
        details=details,
    )


def _megabytes(limits: Limits) -> str:
    return f"{limits.memory_bytes >> 20:,} MB"
