"""Counts of tokens, and how exact they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import Final, NamedTuple

from desktop_app.i18n.translation import N_


class TokenCount(NamedTuple):
    """The tokens of a text, an image or a request; `is_exact` is False if they are estimated."""

    tokens: int
    is_exact: bool


class CountMethod(IntEnum):
    """The methods of counting tokens, the most exact first."""

    TOKENIZER = 0
    SERVER = 1
    GUESSED = 2


COUNT_DESCRIPTIONS: Final[Mapping[CountMethod, str]] = {
    CountMethod.TOKENIZER: N_("Counted with the model’s tokenizer."),
    CountMethod.SERVER: N_("Counted by the server."),
    CountMethod.GUESSED: N_("Estimated."),
}
"""The description of each method for users."""

OTHER_MODELS_RATE: Final = 1.2
"""Tokens of other models for a token of OpenAI's tokenizer: 1.1 in prose, 1.3 in code."""
MAX_GUESSED_CHARACTERS: Final = 2_000
"""The longest text whose tokens are guessed while it is typed: a third of them costs no cent."""
_LIKELY_TOKEN: Final = r"[A-Za-z]{1,7}|[\u2e80-\uffff]{1,2}|[^\W\d_]{1,4}|\d{1,3}|[^\w\s]{1,3}|_"
GUESSED_SHARE: Final = 0.7
"""The share of its limit that a text of estimated length may fill: figures have more tokens."""


def guessed_tokens(text: str) -> int:
    """Return the likely tokens of a text, without a tokenizer.

    It was off by a third at most of prose in the program's languages and in Chinese, Japanese,
    Korean and Russian, of code, JSON and numbers.
    """
    return len(re.findall(_LIKELY_TOKEN, text))
