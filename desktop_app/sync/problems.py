"""The errors of synchronizing, by what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.domain.errors import (
    SyncBeginError,
    SyncBusyError,
    SyncError,
    SyncRefusedError,
    SyncTargetError,
)
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    from desktop_app.domain.errors import Param

_REST_WENT_ON: Final = N_("The rest was synchronized. Its computer writes it again automatically.")
_STRIKE_OFF: Final = N_(
    "If that computer is lost, strike it off in {data_page}, or with “repartee sync devices”."
)
_JOIN_AGAIN: Final = N_(
    "Stop synchronizing in {data_page}, or with “repartee sync leave”. Then join again to send "
    "everything."
)
_ERRORS: Final[dict[str, tuple[type[SyncError], str, str]]] = {
    "damaged": (
        SyncRefusedError,
        N_("“{name}” in the storage is damaged, or belongs to another library."),
        _REST_WENT_ON,
    ),
    "late": (
        SyncRefusedError,
        N_("“{name}” has not arrived in the storage for a day."),
        _REST_WENT_ON,
    ),
    "library": (
        SyncRefusedError,
        N_("“{name}” in the storage is damaged, or belongs to another library."),
        N_("Restore this file there if you can."),
    ),
    "newer": (
        SyncRefusedError,
        N_("“{name}” has a newer version of Repartee."),
        N_("Install that version here, too. Its changes wait until then."),
    ),
    "newer_format": (
        SyncRefusedError,
        N_("A newer version of Repartee synchronizes this library."),
        N_("Install that version on this computer, too."),
    ),
    "hidden": (
        SyncRefusedError,
        N_("The storage lacks changes of “{name}” that another computer has seen."),
        _STRIKE_OFF,
    ),
    "unknown": (
        SyncRefusedError,
        N_("A change of another computer can’t be read by this version: {kind} {id}."),
        N_("It is kept, and read again by the next version."),
    ),
    "passphrase": (
        SyncRefusedError,
        N_("This passphrase is not that of the library."),
        N_("Enter it again."),
    ),
    "code": (
        SyncRefusedError,
        N_("This code is not that of the library."),
        N_("Compare it letter by letter with that on the other computer."),
    ),
    "emptied": (
        SyncTargetError,
        N_("The storage {place} was emptied or replaced. Nothing was changed here."),
        _JOIN_AGAIN,
    ),
    "no_library": (
        SyncBeginError,
        N_("There is no library in {place} yet."),
        N_(
            "If another computer began one there, wait until its files have arrived. To begin a "
            "new one, enter its passphrase again."
        ),
    ),
    "busy": (
        SyncBusyError,
        N_("Another Repartee window or command is synchronizing this library."),
        N_("It sends the changes of this one, too."),
    ),
    "alone": (
        SyncError,
        N_("This computer does not synchronize."),
        N_("Use “repartee sync join”."),
    ),
    "keyless": (
        SyncError,
        N_("The keyring does not have the key of the library."),
        N_("Join it again, or set {variable}."),
    ),
    "no_device": (
        SyncError,
        N_("No other computer is called “{name}”."),
        N_("“repartee sync devices” lists them."),
    ),
    "same_name": (
        SyncError,
        N_("Several computers are called “{name}”."),
        N_("Name it by its ID: {ids}."),
    ),
}


def sync_error(problem: str, **values: Param) -> SyncError:
    """Return the error of a problem, with the values of its sentences."""
    kind, message, hint = _ERRORS[problem]
    return kind(message, hint=hint, params=values)
