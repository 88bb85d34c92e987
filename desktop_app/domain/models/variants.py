"""The variants and reasoning efforts of the GPT-5.2 family.

They are not in model_catalog.py, because the first paint needs them, but no prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from desktop_app.i18n.translation import N_


class Variant(StrEnum):
    """One of the three variants of the GPT-5.2 family."""

    INSTANT = "instant"
    THINKING = "thinking"
    PRO = "pro"

    @property
    def label(self) -> str:
        """Return the name of the variant, which is the same in every language."""
        return self.value.capitalize()

    @property
    def advice(self) -> str:
        """Return its purpose in one line, marked for translation."""
        return _VARIANT_ADVICE[self]


class Effort(StrEnum):
    """Reasoning effort, least to most. `none` is a value that is sent, not an absent field."""

    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"

    @property
    def label(self) -> str:
        """Return its label, marked for translation."""
        return _EFFORT_LABELS[self]

    @property
    def advice(self) -> str:
        """Return its purpose in one line, marked for translation."""
        return _EFFORT_ADVICE[self]


_EFFORT_LABELS: Final[Mapping[Effort, str]] = {
    Effort.NONE: N_("None"),
    Effort.MINIMAL: N_("Minimal"),
    Effort.LOW: N_("Low"),
    Effort.MEDIUM: N_("Medium"),
    Effort.HIGH: N_("High"),
    Effort.XHIGH: N_("Extra high"),
}

_VARIANT_ADVICE: Final[Mapping[Variant, str]] = {
    Variant.INSTANT: N_("Quick responses and short texts"),
    Variant.THINKING: N_("Analysis, code, and long documents"),
    Variant.PRO: N_("The hardest questions"),
}
_EFFORT_ADVICE: Final[Mapping[Effort, str]] = {
    Effort.NONE: N_("Simple questions, without reasoning"),
    Effort.MINIMAL: N_("Short, clear tasks"),
    Effort.LOW: N_("Everyday questions"),
    Effort.MEDIUM: N_("Most work"),
    Effort.HIGH: N_("Hard analysis and code"),
    Effort.XHIGH: N_("The hardest problems"),
}

FAMILY_EFFORTS = (Effort.NONE, Effort.LOW, Effort.MEDIUM, Effort.HIGH, Effort.XHIGH)
