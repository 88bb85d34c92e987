"""Ratios of the tokens of a server's model to those of OpenAI's tokenizer.

Each tokenizer has a ratio for each kind of text. Many models use a token for each digit, and
several tokens for a letter that is not in their vocabulary. The ratios are learned from the counts
that a server reports: with answers, with refusals, or from its token counter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from math import ceil
from typing import Final, NamedTuple

from desktop_app.i18n.translation import N_


class TextKind(StrEnum):
    """A kind of text for which tokenizers have different ratios."""

    PROSE = "prose"
    DIGITS = "digits"
    CODE = "code"
    CJK = "cjk"
    OTHER = "other"


TokenMix = Mapping[TextKind, int]
"""The tokens of a text by OpenAI's tokenizer, for each kind of text in it."""


class TokenCount(NamedTuple):
    """The tokens of a text, an image or a request; `is_exact` is False if they are estimated."""

    tokens: int
    is_exact: bool


class SplitRates(NamedTuple):
    """The rates by which a text is split into parts.

    Attributes:
        rates: tokens per token of OpenAI's tokenizer, for each kind of text.
        usable_share: the share of its limit that a part may fill, because the rates are estimates.
    """

    rates: Mapping[TextKind, float]
    usable_share: float


class CountMethod(IntEnum):
    """The methods of counting tokens, the most exact first."""

    TOKENIZER = 0
    SERVER = 1
    LEARNED = 2
    GUESSED = 3


COUNT_DESCRIPTIONS: Final[Mapping[CountMethod, str]] = {
    CountMethod.TOKENIZER: N_("Counted with the model’s tokenizer."),
    CountMethod.SERVER: N_("Counted by the server."),
    CountMethod.LEARNED: N_("Estimated from earlier counts of this server."),
    CountMethod.GUESSED: N_("Estimated with OpenAI’s tokenizer."),
}
"""The description of each method for users."""

# Ratios of models with vocabularies of 32,000 to 150,000 entries, before any is learned.
USUAL_RATES: Final[Mapping[TextKind, float]] = {
    TextKind.PROSE: 1.1,
    TextKind.DIGITS: 1.8,
    TextKind.CODE: 1.3,
    TextKind.CJK: 1.8,
    TextKind.OTHER: 2.0,
}
OPENAI_RATES: Final[Mapping[TextKind, float]] = dict.fromkeys(TextKind, 1.0)
MIN_RATE: Final = 0.2
# Every tokenizer needs a larger share of OpenAI's count: a server that counts fewer tokens has cut
# the text.
CUT_RATE: Final = 0.4
MAX_RATE: Final = 20.0
# In smaller counts, the tokens of the chat template have too large a share.
MIN_LEARNED_TOKENS: Final = 300
# A kind is learned once it has made up this share of a counted text.
MIN_KIND_SHARE: Final = 0.2
# The share of its limit that a part of a text may fill: it may have more tokens than expected.
LEARNED_SHARE: Final = 0.88
GUESSED_SHARE: Final = 0.7


def is_cut(mix: TokenMix, tokens: int) -> bool:
    """Return True if a server that counted `tokens` cannot have read the whole text."""
    total = sum(mix.values())
    return total >= MIN_LEARNED_TOKENS and 0 < tokens < CUT_RATE * total


@dataclass(frozen=True)
class TokenRates:
    """The learned ratios of one model at one server.

    Attributes:
        rates: the learned ratios; unknown kinds are missing.
        window: the window that a refusal named, in tokens; None if none did.
    """

    rates: Mapping[TextKind, float] = field(default_factory=dict)
    window: int | None = None

    def tokens(self, mix: TokenMix, usual: Mapping[TextKind, float] = USUAL_RATES) -> int:
        """Return the expected tokens of a text.

        Args:
            usual: the ratios of kinds that are not learned.
        """
        rates = self.all_rates(usual)
        return ceil(sum(count * rates[kind] for kind, count in mix.items()))

    def all_rates(self, usual: Mapping[TextKind, float] = USUAL_RATES) -> dict[TextKind, float]:
        """Return a ratio for every kind.

        If the known ratios are above the usual ones on average, an unknown kind gets a higher
        ratio, too, because a small vocabulary is small for every kind.
        """
        ratios = [self.rates[kind] / usual[kind] for kind in self.rates]
        scale = max(1.0, sum(ratios) / len(ratios)) if ratios else 1.0
        return {kind: self.rates.get(kind, usual[kind] * scale) for kind in TextKind}

    def covers(self, mix: TokenMix) -> bool:
        """Return True if each kind with more than MIN_KIND_SHARE of a text is learned."""
        total = sum(mix.values())
        return all(
            kind in self.rates for kind, count in mix.items() if count > total * MIN_KIND_SHARE
        )

    def usable_share(self, mix: TokenMix) -> float:
        """Return the share of its limit that a part of a text may fill: see LEARNED_SHARE."""
        return LEARNED_SHARE if self.covers(mix) else GUESSED_SHARE

    def with_count(self, mix: TokenMix, tokens: int) -> TokenRates:
        """Return the rates after a server has counted `tokens` for a text.

        Each ratio is corrected according to its kind's share of the text, so that a mixed text
        changes mostly the ratio of its main kind. The count of a short text, or of a text that was
        cut, changes nothing.
        """
        total = sum(mix.values())
        if total < MIN_LEARNED_TOKENS or tokens <= 0 or is_cut(mix, tokens):
            return self
        old_rates = self.all_rates()
        expected = {kind: count * old_rates[kind] for kind, count in mix.items()}
        expected_total = sum(expected.values())
        factor = tokens / expected_total
        new_rates = dict(self.rates)
        for kind, part in expected.items():
            share = part / expected_total
            if share >= MIN_KIND_SHARE or kind in new_rates:
                rate = old_rates[kind] * factor**share
                new_rates[kind] = min(max(rate, MIN_RATE), MAX_RATE)
        return replace(self, rates=new_rates)
