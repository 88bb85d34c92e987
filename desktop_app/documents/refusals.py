"""What the person is told about a document that gives no attachment.

One function a case, so that the sentences stand side by side. Each makes an error of
`desktop_app/domain/errors.py`; `name` is the file's name without its folder.
"""

from __future__ import annotations

from typing import Final

from desktop_app.documents.media_type import READ
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain import errors

SETTINGS: Final = "Settings › Library › Limits of documents"
NOTHING_MADE: Final = "No attachment was made; the file is as it was."


def encrypted(name: str) -> errors.DocumentEncryptedError:
    """It asks for a password."""
    return errors.DocumentEncryptedError(
        f"“{name}” is protected by a password.",
        what_was_kept=NOTHING_MADE,
        what_to_do="Open it in its own program, save a copy without the password, and attach that.",
    )


def locked(name: str, *, was_wrong: bool) -> errors.DocumentEncryptedError:
    """It is read once the person gives its password; `was_wrong` says that one was given."""
    error = encrypted(name)
    if was_wrong:
        error.what_happened = f"That is not the password of “{name}”."
    error.what_to_do = (
        "Attach it again with its password, or save a copy without one and attach that."
    )
    error.takes_password = True
    return error


def damaged(name: str, details: str = "") -> errors.DocumentDamagedError:
    """Its content is not what its format demands."""
    return errors.DocumentDamagedError(
        f"“{name}” is damaged or incomplete and could not be read.",
        what_was_kept=NOTHING_MADE,
        what_to_do="Fetch or export it once more, or open it in its own program and save it anew.",
        details=details,
    )


def not_what_it_says(name: str, ending: str) -> errors.DocumentDamagedError:
    """The name promises a format that the content is not."""
    return errors.DocumentDamagedError(
        f"“{name}” is called {ending} but its content is something else.",
        what_was_kept=NOTHING_MADE,
        what_to_do="Fetch or export it once more, or give it the ending that belongs to its content.",
    )


def empty(name: str, why: str = "") -> errors.DocumentEmptyError:
    """It holds no text; `why` is a sentence."""
    return errors.DocumentEmptyError(
        f"“{name}” holds no text.{f' {why}' if why else ''}",
        what_was_kept=NOTHING_MADE,
        what_to_do="Check that it is the right file.",
    )


def unsupported(
    name: str, what: str = "is not a document that can be read here"
) -> errors.DocumentUnsupportedError:
    """A format that is not read."""
    return errors.DocumentUnsupportedError(
        f"“{name}” {what}.",
        what_was_kept=NOTHING_MADE,
        what_to_do=f"What can be read: {READ}.",
    )


def too_large(name: str, what: str) -> errors.DocumentTooLargeError:
    """It passes a limit; `what` completes "“name” …"."""
    return errors.DocumentTooLargeError(
        f"“{name}” {what}.",
        what_was_kept=NOTHING_MADE,
        what_to_do="Attach the part that matters, saved as a file of its own; the limits are in "
        f"{SETTINGS}.",
    )


def file_too_large(name: str, limits: Limits) -> errors.DocumentTooLargeError:
    """Return the refusal of a file that is larger than the limit."""
    return too_large(name, f"is larger than {limits.file_bytes >> 20} MB")


def too_many(name: str, count: int, what: str, limit: int) -> errors.DocumentTooLargeError:
    """It has more pages, files … than the limit."""
    error = too_large(name, f"has {count:,} {what}, more than {limit:,}")
    error.what_to_do = f"Attach a part of it, or raise the limit in {SETTINGS}."
    return error


def unpacks_too_far(name: str, limits: Limits) -> errors.DocumentTooLargeError:
    """What is packed in it is too much."""
    return too_large(name, f"unpacks to more than {limits.unpacked_bytes >> 20} MB")


def unreadable(name: str, why: str) -> errors.DocumentError:
    """The file itself cannot be opened; `why` is a clause."""
    return errors.DocumentError(
        f"“{name}” could not be opened: {why}.",
        what_was_kept="No attachment was made.",
        what_to_do="Check that it is still there and that you may read it, and attach it again.",
    )


def needs_memory(name: str, limits: Limits) -> errors.DocumentTooLargeError:
    """It passes the limit of memory."""
    error = too_large(name, f"needs more memory than the {_megabytes(limits)} set aside for it")
    error.what_to_do = f"Attach a part of it, or raise the limit in {SETTINGS}."
    return error


def reader_stopped(name: str, details: str, limits: Limits) -> errors.DocumentDamagedError:
    """The child ended in the middle: a crash, or a library that ends with the memory."""
    return errors.DocumentDamagedError(
        f"“{name}” could not be read: it made the reader stop, so it is damaged or needs more memory "
        f"than the {_megabytes(limits)} set aside for it.",
        what_was_kept="No attachment was made; nothing else was touched.",
        what_to_do="Open it in its own program, save it anew or in parts, and attach that; the limit "
        f"is in {SETTINGS}.",
        details=details,
    )


def _megabytes(limits: Limits) -> str:
    return f"{limits.memory_bytes >> 20:,} MB"
