"""How the GPT-5.2 family can be asked: the variant and the reasoning effort.

Part of what the catalogue says of models, and apart from it because the window's first paint waits
for this and not for prices and pictures.
"""

from __future__ import annotations

from enum import StrEnum


class Variant(StrEnum):
    """The three ways to ask the GPT-5.2 family."""

    INSTANT = "instant"
    THINKING = "thinking"
    PRO = "pro"


class Effort(StrEnum):
    """Reasoning effort, least to most. `none` is a value that is sent, not an absent field."""

    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"


EFFORTS_OF_THE_FAMILY = (Effort.NONE, Effort.LOW, Effort.MEDIUM, Effort.HIGH, Effort.XHIGH)
