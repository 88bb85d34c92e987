"""Errors of the system and of libraries, as words that another error quotes."""

from __future__ import annotations

import errno
import json
from typing import Final

from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import N_, tr

_WORDS: Final = {
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


def system_words(error: OSError) -> str:
    """Return why the system refused, marked for translation; unknown reasons in its own words."""
    return _WORDS.get(error.errno or 0) or error.strerror or type(error).__name__


def quoted_words(error: Exception) -> str:
    """Return the words of an error for another one to quote."""
    if isinstance(error, UserFacingError):
        return error.what_happened
    if isinstance(error, OSError):
        return system_words(error)
    if isinstance(error, json.JSONDecodeError):
        return tr(
            "JSON error at line {line}, column {column}",
            line=str(error.lineno),
            column=str(error.colno),
        )
    return str(error) or type(error).__name__
