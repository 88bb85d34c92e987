"""Errors of the system and of libraries, as errors that another error quotes."""

from __future__ import annotations

import errno
import json
from typing import Final

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import UserFacingError

_REASONS: Final = {
    errno.EACCES: Reason.SYSTEM_NO_PERMISSION,
    errno.EEXIST: Reason.SYSTEM_NAME_TAKEN,
    errno.EIO: Reason.SYSTEM_DISK_ERROR,
    errno.EISDIR: Reason.SYSTEM_IS_FOLDER,
    errno.ENAMETOOLONG: Reason.SYSTEM_NAME_TOO_LONG,
    errno.ENOENT: Reason.SYSTEM_NOT_FOUND,
    errno.ENOSPC: Reason.SYSTEM_DISK_FULL,
    errno.ENOTDIR: Reason.SYSTEM_NOT_A_FOLDER,
    errno.EDQUOT: Reason.SYSTEM_QUOTA_USED,
    errno.EPERM: Reason.SYSTEM_NO_PERMISSION,
    errno.EROFS: Reason.SYSTEM_READ_ONLY,
}


def system_error(error: OSError) -> UserFacingError:
    """Return why the system refused; unknown reasons in the system's words."""
    reason = _REASONS.get(error.errno or 0)
    return UserFacingError(reason or error.strerror or type(error).__name__)


def quoted_error(error: Exception) -> UserFacingError:
    """Return an error for another one to quote; unknown reasons in the words of the library."""
    if isinstance(error, UserFacingError):
        return error
    if isinstance(error, OSError):
        return system_error(error)
    if isinstance(error, json.JSONDecodeError):
        return UserFacingError(Reason.NOT_JSON_AT, line=str(error.lineno), column=str(error.colno))
    return UserFacingError(str(error) or type(error).__name__)
