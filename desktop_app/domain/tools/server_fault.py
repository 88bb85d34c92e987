"""Faults that the program finds in tool servers and their replies."""

from __future__ import annotations

from enum import StrEnum

from desktop_app.i18n.translation import N_


class ServerFault(StrEnum):
    """A fault: a text that follows a colon in a sentence."""

    ENDED = N_("it has ended")
    ARGUMENTS_TOO_LONG = N_("the arguments are too long")
    NO_ANSWER_IN_TIME = N_("no answer came in time")
    TOO_LONG = N_("it is too long")
    TOO_DEEP = N_("it is nested too deeply")
    OLD_TRANSPORT = N_("it speaks the older transport HTTP+SSE, which Repartee doesn’t know")
    EMPTY = N_("it is empty")
