"""The variants of the GPT-5.2 family, and the reasoning efforts of all models.

They are not in model_catalog.py, because the first paint needs them, but no prices.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from desktop_app.i18n.translation import N_


class _AdvisedChoice(StrEnum):
    """A choice with advice for users.

    Attributes:
        advice: its purpose in one line, marked for translation.
        label: of an effort, marked for translation; of a variant, the same in every language.
    """

    advice: str
    label: str

    def __new__(cls, code: str, advice: str = "", label: str = "") -> Self:
        self = str.__new__(cls, code)
        self._value_ = code
        self.advice = advice
        self.label = label or code.capitalize()
        return self


class Variant(_AdvisedChoice):
    """One of the three variants of the GPT-5.2 family."""

    INSTANT = "instant", N_("Quick responses and short texts")
    THINKING = "thinking", N_("Analysis, code, and long documents")
    PRO = "pro", N_("The hardest questions")


class Effort(_AdvisedChoice):
    """Reasoning effort, least to most. `none` is a value that is sent, not an absent field."""

    NONE = "none", N_("Simple questions, without reasoning"), N_("None")
    MINIMAL = "minimal", N_("Short, clear tasks"), N_("Minimal")
    LOW = "low", N_("Everyday questions"), N_("Low")
    MEDIUM = "medium", N_("Most work"), N_("Medium")
    HIGH = "high", N_("Hard analysis and code"), N_("High")
    XHIGH = "xhigh", N_("The hardest problems"), N_("Extra high")


FAMILY_EFFORTS = (Effort.NONE, Effort.LOW, Effort.MEDIUM, Effort.HIGH, Effort.XHIGH)
