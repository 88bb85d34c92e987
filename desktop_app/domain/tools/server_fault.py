"""Faults that the program finds in tool servers and their replies, as codes."""

from __future__ import annotations

from typing import Final

from desktop_app.domain.text_enum import TextEnum
from desktop_app.i18n.translation import N_, tr


class ServerFault(TextEnum):
    """A fault; its text follows a colon in a sentence.

    The codes are stored. Their prefix distinguishes them from a server's own words.
    """

    ENDED = "repartee:ended", N_("it has ended")
    ARGUMENTS_TOO_LONG = "repartee:arguments_too_long", N_("the arguments are too long")
    NO_ANSWER_IN_TIME = "repartee:no_answer_in_time", N_("no answer came in time")
    TOO_LONG = "repartee:too_long", N_("it is too long")
    TOO_DEEP = "repartee:too_deep", N_("it is nested too deeply")
    OLD_TRANSPORT = (
        "repartee:old_transport",
        N_("it speaks the older transport HTTP+SSE, which Repartee doesn’t know"),
    )
    EMPTY = "repartee:empty", N_("it is empty")


_CODES: Final = frozenset(ServerFault)


def fault_text(fault: str) -> str:
    """Return the text of a fault; words of a server or a library stay as they are."""
    return tr(ServerFault(fault).text) if fault in _CODES else fault
