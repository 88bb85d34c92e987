"""Errors of the system and of libraries, as errors that another error quotes."""

from __future__ import annotations

import errno
import json
from typing import Final

from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import N_

_REASONS: Final = {
    errno.EACCES: N_("you have no permission"),
    errno.EEXIST: N_("a file with this name exists"),
    errno.EIO: N_("the disk reported an error"),
    errno.EISDIR: N_("it is a folder"),
    errno.ENAMETOOLONG: N_("the name is too long"),
    errno.ENOENT: N_("it doesn’t exist"),
    errno.ENOSPC: N_("the disk is full"),
    errno.ENOTDIR: N_("a part of the path is not a folder"),
    errno.EDQUOT: N_("your disk quota is used up"),
    errno.EPERM: N_("you have no permission"),
    errno.EROFS: N_("the disk is read-only"),
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
        return UserFacingError(
            N_("JSON error at line {line}, column {column}"),
            line=str(error.lineno),
            column=str(error.colno),
        )
    return UserFacingError(str(error) or type(error).__name__)
