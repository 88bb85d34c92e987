"""Ratios of tokenizers, learned from counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.models.token_rates import (
    MAX_RATE,
    MIN_LEARNED_TOKENS,
    MIN_RATE,
    USUAL_RATES,
    TextKind,
    TokenRates,
    is_cut,
)

FIGURES = {TextKind.DIGITS: 1000}


def test_one_count_of_a_kind_gives_its_ratio() -> None:
    learned = TokenRates().with_count(FIGURES, 2500)
    assert learned.rates[TextKind.DIGITS] == pytest.approx(2.5)
    assert learned.tokens({TextKind.DIGITS: 40}) == 100


def test_a_small_vocabulary_is_small_for_kinds_not_yet_seen() -> None:
    learned = TokenRates().with_count(FIGURES, 3600)
    assert learned.all_rates()[TextKind.CJK] == pytest.approx(USUAL_RATES[TextKind.CJK] * 2)


def test_counts_of_short_texts_change_no_ratio() -> None:
    assert TokenRates().with_count({TextKind.PROSE: MIN_LEARNED_TOKENS - 1}, 9_999) == TokenRates()


def test_counts_of_a_server_that_cuts_its_input_change_no_ratio() -> None:
    assert is_cut(FIGURES, 399)
    assert not is_cut(FIGURES, 400)
    assert not is_cut({TextKind.PROSE: MIN_LEARNED_TOKENS - 1}, 1)
    assert TokenRates().with_count(FIGURES, 399) == TokenRates()


@given(
    st.dictionaries(st.sampled_from(TextKind), st.integers(1, 10**7), min_size=1),
    st.lists(st.integers(0, 10**9), max_size=8),
)
def test_ratios_stay_within_their_bounds(mix: dict[TextKind, int], counts: list[int]) -> None:
    rates = TokenRates()
    for count in counts:
        rates = rates.with_count(mix, count)
    assert all(MIN_RATE <= rate <= MAX_RATE for rate in rates.rates.values())
    assert rates.tokens(mix) > 0


@given(st.lists(st.integers(400, 5000), min_size=2, max_size=6), st.floats(0.5, 6.0))
def test_counts_of_one_kind_converge(sizes: list[int], ratio: float) -> None:
    rates = TokenRates()
    for size in sizes:
        rates = rates.with_count({TextKind.CODE: size}, round(size * ratio))
    assert rates.tokens({TextKind.CODE: 2000}) == pytest.approx(2000 * ratio, rel=0.01, abs=2)
