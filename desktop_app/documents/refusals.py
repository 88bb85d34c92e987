"""The errors for documents that cannot be read.

Each function returns an error of `domain/errors.py`; `name` is the file's name without its folder.
"""

from __future__ import annotations

from desktop_app.documents.worker.protocol import MAX_TEXT_BYTES, Limits
from desktop_app.domain import errors
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import Param
from desktop_app.domain.system_error import system_error


def encrypted_error(name: str) -> errors.DocumentEncryptedError:
    """Return the error for a protected document that cannot be unlocked here."""
    return errors.DocumentEncryptedError(Reason.PASSWORD_PROTECTED, name=name)


def locked_error(name: str, *, was_wrong: bool) -> errors.DocumentEncryptedError:
    """Return the error for a document that can be read with its password.

    Args:
        was_wrong: a wrong password was given.
    """
    reason = Reason.PASSWORD_WRONG if was_wrong else Reason.PASSWORD_MISSING
    return errors.DocumentEncryptedError(reason, takes_password=True, name=name)


def damaged_error(name: str, details: str = "") -> errors.DocumentDamagedError:
    """Return the error for content that violates its format."""
    return errors.DocumentDamagedError(Reason.DOCUMENT_DAMAGED, details=details, name=name)


def unparsable_error(name: str, error: Exception) -> errors.DocumentDamagedError:
    """Return the error for content that a parser rejects with an exception."""
    return damaged_error(name, f"{type(error).__name__}: {error}"[:500])


def misnamed_error(name: str, ending: str) -> errors.DocumentDamagedError:
    """Return the error for content that is not in the format of the name's ending."""
    return errors.DocumentDamagedError(Reason.DOCUMENT_MISNAMED, name=name, ending=ending)


def empty_error(name: str) -> errors.DocumentEmptyError:
    """Return the error for a document without text."""
    return errors.DocumentEmptyError(Reason.DOCUMENT_EMPTY, name=name)


def unsupported_error(name: str, reason: Reason) -> errors.DocumentUnsupportedError:
    return errors.DocumentUnsupportedError(reason, name=name)


def too_large_error(name: str, reason: Reason, **params: Param) -> errors.DocumentTooLargeError:
    """Return the error for exceeding a limit."""
    return errors.DocumentTooLargeError(reason, params, name=name)


def file_too_large_error(name: str, limits: Limits) -> errors.DocumentTooLargeError:
    return too_large_error(name, Reason.FILE_TOO_LARGE, limit=limits.file_bytes >> 20)


def too_many_files_error(name: str, limit: int) -> errors.DocumentTooLargeError:
    """Return the error for more files than the limit."""
    return too_large_error(name, Reason.TOO_MANY_FILES, limit=limit)


def too_many_pages_error(
    name: str, count: int, unit: str, limit: int
) -> errors.DocumentTooLargeError:
    """Return the error for more pages than the limit; `unit` is "page", "slide" …"""
    return too_large_error(name, Reason.TOO_MANY_PAGES, count=count, unit=unit, limit=limit)


def unpacks_too_large_error(name: str, limits: Limits) -> errors.DocumentTooLargeError:
    """Return the error for archives that unpack to more than the limit."""
    return too_large_error(name, Reason.UNPACKS_TOO_FAR, limit=limits.unpacked_bytes >> 20)


def too_much_text_error(name: str) -> errors.DocumentTooLargeError:
    """Return the error for a document with more text than the limit."""
    return too_large_error(name, Reason.TOO_MUCH_TEXT, limit=MAX_TEXT_BYTES >> 20)


def unreadable_error(name: str, error: OSError) -> errors.DocumentError:
    """Return the error for a file that cannot be opened."""
    if isinstance(error, FileNotFoundError):
        return errors.DocumentError(Reason.DOCUMENT_NOT_THERE, name=name)
    return errors.DocumentError(Reason.DOCUMENT_NOT_OPENED, name=name, because=system_error(error))


def needs_memory_error(name: str, limits: Limits) -> errors.DocumentTooLargeError:
    """Return the error for exceeding the memory limit."""
    return too_large_error(name, Reason.READING_NEEDS_MEMORY, limit=limits.memory_bytes >> 20)


def reader_stopped_error(name: str, details: str, limits: Limits) -> errors.DocumentDamagedError:
    """Return the error for a child process that ended, perhaps out of memory, or misbehaved."""
    return errors.DocumentDamagedError(
        Reason.READER_STOPPED, details=details, name=name, limit=limits.memory_bytes >> 20
    )
