"""The errors for documents that cannot be read.

Each function returns an error of `domain/errors.py`; `name` is the file's name without its folder.
"""

from __future__ import annotations

from desktop_app.documents.worker.protocol import MAX_TEXT_BYTES, Limits
from desktop_app.domain import errors, hints
from desktop_app.domain.errors import Param
from desktop_app.domain.system_error import system_words
from desktop_app.i18n.translation import N_


def encrypted_error(name: str) -> errors.DocumentEncryptedError:
    """Return the error for a protected document that cannot be unlocked here."""
    return errors.DocumentEncryptedError(
        N_("“{name}” is password-protected."),
        hint=N_("Save a copy without a password and attach that."),
        name=name,
    )


def locked_error(name: str, *, was_wrong: bool) -> errors.DocumentEncryptedError:
    """Return the error for a document that can be read with its password.

    Args:
        was_wrong: a wrong password was given.
    """
    message = (
        N_("The password for “{name}” is wrong.")
        if was_wrong
        else N_("“{name}” is password-protected.")
    )
    return errors.DocumentEncryptedError(
        message,
        hint=N_("Attach it again and enter its password, or save a copy without one."),
        takes_password=True,
        name=name,
    )


def damaged_error(name: str, details: str = "") -> errors.DocumentDamagedError:
    """Return the error for content that violates its format."""
    return errors.DocumentDamagedError(
        N_("“{name}” is damaged or incomplete."),
        hint=N_("Download or export it again."),
        details=details,
        name=name,
    )


def unparsable_error(name: str, error: Exception) -> errors.DocumentDamagedError:
    """Return the error for content that a parser rejects with an exception."""
    return damaged_error(name, f"{type(error).__name__}: {error}"[:500])


def misnamed_error(name: str, ending: str) -> errors.DocumentDamagedError:
    """Return the error for content that is not in the format of the name's ending."""
    return errors.DocumentDamagedError(
        N_("“{name}” isn’t a valid {ending} file."),
        hint=N_("Download or export it again, or correct its extension."),
        name=name,
        ending=ending,
    )


def empty_error(name: str) -> errors.DocumentEmptyError:
    return errors.DocumentEmptyError(
        N_("“{name}” contains no text."), hint=N_("Check that it’s the right file."), name=name
    )


def too_large_error(
    name: str, message: str, hint: str = hints.ATTACH_PART, **params: Param
) -> errors.DocumentTooLargeError:
    """Return the error for exceeding a limit."""
    return errors.DocumentTooLargeError(message, hint, params=params, name=name)


def file_too_large_error(name: str, limits: Limits) -> errors.DocumentTooLargeError:
    limit = limits.file_bytes >> 20
    return too_large_error(name, N_("“{name}” is larger than {limit} MB."), limit=limit)


def too_many_files_error(name: str, limit: int) -> errors.DocumentTooLargeError:
    return too_large_error(name, N_("“{name}” has more than {limit} files."), limit=limit)


def too_many_pages_error(
    name: str, count: int, unit: str, limit: int
) -> errors.DocumentTooLargeError:
    """Return the error for more pages than the limit; `unit` is "page", "slide" …"""
    message = N_("“{name}” exceeds {limit} pages or sheets ({count}).")
    return too_large_error(name, message, count=count, unit=unit, limit=limit)


def unpacks_too_large_error(name: str, limits: Limits) -> errors.DocumentTooLargeError:
    limit = limits.unpacked_bytes >> 20
    return too_large_error(name, N_("“{name}” unpacks to more than {limit} MB."), limit=limit)


def too_much_text_error(name: str) -> errors.DocumentTooLargeError:
    message = N_("“{name}” contains more than {limit} MB of text.")
    return too_large_error(name, message, hints.ATTACH_PART, limit=MAX_TEXT_BYTES >> 20)


def unreadable_error(name: str, error: OSError) -> errors.DocumentError:
    """Return the error for a file that cannot be opened."""
    if isinstance(error, FileNotFoundError):
        return errors.DocumentError(N_("Couldn’t find “{name}”."), hint=hints.CHECK_FILE, name=name)
    return errors.DocumentError(
        N_("Couldn’t open “{name}”: {words}."),
        hint=hints.CHECK_FILE,
        name=name,
        words=system_words(error),
    )


def reader_stopped_error(name: str, details: str, limits: Limits) -> errors.DocumentDamagedError:
    """Return the error for a child process that ended, perhaps out of memory, or misbehaved."""
    return errors.DocumentDamagedError(
        N_("“{name}” is damaged or needs more than {limit} MB of memory."),
        hint=N_("Save it again."),
        details=details,
        name=name,
        limit=limits.memory_bytes >> 20,
    )
