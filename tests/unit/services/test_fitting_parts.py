"""Parts of a text fit a window, as the model that reads them counts tokens."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.documents.extracted_document import TextChunk
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.token_rates import SplitRates, TextKind, TokenCount
from desktop_app.services.documents.fitting_parts import fitting_parts
from desktop_app.services.models.choice_resolution import ResolvedChoice
from desktop_app.services.spending.cost_estimate import Estimator
from tests.helpers.scripted_provider import WordCounter
from tests.unit.services.test_document_beginnings import Texts

PROFILE = ProviderProfile("own", "Own", ProviderKind.COMPATIBLE, "http://127.0.0.1:1/v1")
RESOLVED = ResolvedChoice(PROFILE, ModelInfo("m", "M"), None, None)
RATES = {TextKind.PROSE: 1.5}


class Counter(WordCounter):
    """A server that counts a token a letter, and three for each digit."""

    def __init__(self, *, is_exact: bool = True, has_rates: bool = True) -> None:
        super().__init__()
        self._is_exact, self._has_rates = is_exact, has_rates

    async def count(
        self, text: str, _profile: ProviderProfile, _model: str = "", *, may_ask: bool = False
    ) -> TokenCount:
        tokens = sum(3 if letter.isdigit() else 1 for letter in text)
        return TokenCount(tokens, self._is_exact)

    async def split_rates(
        self, _text: str, _profile: ProviderProfile, _model: str
    ) -> SplitRates | None:
        return SplitRates(RATES, 0.5) if self._has_rates else None


class Letters:
    """A splitter into pieces of so many letters, which records the requests."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, Mapping[TextKind, float] | None]] = []

    async def chunks(
        self, text: str, tokens: int, rates: Mapping[TextKind, float] | None = None
    ) -> list[TextChunk]:
        self.asked.append((tokens, rates))
        ends = [min(at + tokens, len(text)) for at in range(0, len(text), tokens)]
        return [
            TextChunk(end - (end - 1) % tokens - 1, end, (end - 1) % tokens + 1) for end in ends
        ]


@pytest.mark.parametrize(
    ("text", "counter", "asked", "parts"),
    [
        (
            "a" * 25,
            Counter(has_rates=False),
            [(10, None)],
            [(0, 10, 10), (10, 20, 10), (20, 25, 5)],
        ),
        ("a" * 12, Counter(), [(10, RATES)], [(0, 10, 10), (10, 12, 2)]),
        (
            "a" * 10 + "9" * 10 + "a",
            Counter(),
            [(10, RATES), (3, RATES)],  # 10 letters for 30 tokens, less a margin
            [(0, 10, 10), (10, 13, 9), (13, 16, 9), (16, 19, 9), (19, 20, 3), (20, 21, 1)],
        ),
        (
            "9" * 9 + "a" * 11,
            Counter(),
            [(10, RATES), (3, RATES)],
            [(0, 3, 9), (3, 6, 9), (6, 9, 9), (9, 10, 1), (10, 20, 10)],
        ),
    ],
)
async def test_every_part_is_counted_and_split_again_if_it_is_too_large(
    text: str, counter: Counter, asked: list[object], parts: list[tuple[int, int, int]]
) -> None:
    splitter = Letters()
    found = await fitting_parts(text, 10, RESOLVED, splitter, Estimator(counter, Texts()))
    assert splitter.asked == asked
    assert found == [TextChunk(*part) for part in parts]


async def test_a_part_that_cannot_be_split_further_is_kept() -> None:
    splitter = Letters()
    found = await fitting_parts("9" * 5, 2, RESOLVED, splitter, Estimator(Counter(), Texts()))
    assert found == [TextChunk(at, at + 1, 3) for at in range(5)]
    assert splitter.asked == [(2, RATES), *[(1, RATES)] * 7]


@pytest.mark.parametrize(("room", "limit"), [(1000, 500), (602, 301), (601, 300), (100, 300)])
async def test_without_an_exact_count_the_parts_are_smaller(room: int, limit: int) -> None:
    splitter, counter = Letters(), Counter(is_exact=False)
    found = await fitting_parts("9" * 900, room, RESOLVED, splitter, Estimator(counter, Texts()))
    assert splitter.asked == [(limit, RATES)]
    assert found[0] == TextChunk(0, limit, limit)
