"""The variants and reasoning efforts of the GPT-5.2 family.

Apart from the catalog because the first paint waits for this module, but not for prices and images.
"""

from __future__ import annotations

from enum import StrEnum


class Variant(StrEnum):
    """One of the three variants of the GPT-5.2 family."""

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


FAMILY_EFFORTS = (Effort.NONE, Effort.LOW, Effort.MEDIUM, Effort.HIGH, Effort.XHIGH)
