"""Reasons why a file can't be read or written, in the user's language."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from desktop_app.i18n.translation import N_, tr

if TYPE_CHECKING:
    import json

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


def system_words(error: OSError) -> str:
    """Return why the system refused, to follow a colon; unknown reasons in the system's words."""
    reason = _REASONS.get(error.errno or 0)
    return tr(reason) if reason else error.strerror or type(error).__name__


def json_words(error: json.JSONDecodeError) -> str:
    """Return the position at which a text is not valid JSON, to follow a colon."""
    where = {"line": str(error.lineno), "column": str(error.colno)}
    return tr("it isn’t valid JSON at line {line}, column {column}", **where)
