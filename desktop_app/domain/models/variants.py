"""The variants of the GPT-5.2 family, and the reasoning efforts of all models.

They are not in model_catalog.py, because the first paint needs them, but no prices.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Self

from desktop_app.domain.lazy_pattern import lazy_pattern
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


_EFFORT_NAME: Final = lazy_pattern(r"[a-z0-9][a-z0-9_.-]{0,31}")


class Effort(_AdvisedChoice):
    """Reasoning effort, least to most. `none` is a value that is sent, not an absent field.

    The members are the known efforts. Another one, such as Groq's `Effort("default")`, is in no
    list but a server's or the user's file: it is sent as it is, and has no place in the order.
    """

    NONE = "none", N_("Simple questions, without reasoning"), N_("None")
    MINIMAL = "minimal", N_("Short, clear tasks"), N_("Minimal")
    LOW = "low", N_("Everyday questions"), N_("Low")
    MEDIUM = "medium", N_("Most work"), N_("Medium")
    HIGH = "high", N_("Hard analysis and code"), N_("High")
    XHIGH = "xhigh", N_("The hardest problems"), N_("Extra high")
    MAX = "max", N_("Whatever it costs"), N_("Maximum")

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str) or not _EFFORT_NAME.fullmatch(value):
            return None
        effort = str.__new__(cls, value)
        effort._name_ = effort._value_ = effort.label = value
        effort.advice = ""
        # The same object each time, so that efforts can be compared by identity.
        cls._value2member_map_[value] = effort
        return effort

    @property
    def is_known(self) -> bool:
        """Return True if the effort has a place in the order."""
        return self._name_ in Effort.__members__

    @property
    def rank(self) -> int:
        """Return the place in the order, from 0; that of `medium` for an unknown effort."""
        return _RANKS.get(self, _RANKS[Effort.MEDIUM])


_RANKS: Final = {effort: rank for rank, effort in enumerate(Effort)}
OFFERED_EFFORTS: Final = tuple(effort for effort in Effort if effort is not Effort.MINIMAL)
"""The efforts of settings and presets, which are not for one model; `minimal` is an older one's."""
