"""Faults that make a schema or grammar unusable, as codes."""

from __future__ import annotations

from desktop_app.domain.text_enum import TextEnum, coded
from desktop_app.i18n.translation import N_


class FormFault(TextEnum):
    """A fault; its text follows a colon in a sentence. Faults are never stored."""

    TOO_LONG = coded(N_("it is too long"))
    TOO_DEEP = coded(N_("it is nested too deeply"))
    ENDLESS = coded(N_("it is nested too deeply, or refers to itself without an end"))
    TOO_SLOW = coded(N_("it takes too long to check"))
    NOT_AN_OBJECT = coded(N_("it is not a JSON object"))
    LEADS_NOWHERE = coded(N_("the reference {reference} leads nowhere"))
    NOT_A_LINE = coded(N_("it is not a single line"))
    NO_START = coded(N_("there is no rule named start"))
    NOT_COMMON = coded(N_("%import {found}: only common can be imported"))
    UNDEFINED = coded(N_("these rules are not defined: {names}"))
    NO_LOOKAROUND = coded(N_("{found}: lookaround is not supported"))
    NO_BACKREFERENCE = coded(N_("{found}: references to groups are not supported"))
    NO_LAZY_REPETITION = coded(N_("{found}: lazy repetition is not supported"))
    NO_SUCH_GROUP = coded(N_("{found}: such groups are not supported"))
    NO_PRIORITIES = coded(N_("{found}: priorities are not supported"))
    NO_TEMPLATES = coded(N_("{found}: templates are not supported"))
    NO_DECLARATIONS = coded(N_("{found}: declarations are not supported"))
