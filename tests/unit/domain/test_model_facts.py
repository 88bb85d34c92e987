"""Facts that servers list and users enter about a model."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from desktop_app.domain.cost import Price
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.model_facts import ModelFacts, ModelKind
from desktop_app.domain.models.variants import Effort


@pytest.mark.parametrize(
    ("given", "price"),
    [
        (ModelFacts("m"), None),
        (ModelFacts("m", input_price=Decimal(1), cached_price=Decimal(1)), None),
        (ModelFacts("m", output_price=Decimal(1)), None),
        (
            ModelFacts(
                "m", input_price=Decimal(3), cached_price=Decimal(2), output_price=Decimal(1)
            ),
            Price(Decimal(3), Decimal(1), Decimal(2)),
        ),
    ],
)
def test_a_price_needs_an_input_and_an_output_price(given: ModelFacts, price: Price | None) -> None:
    assert given.price == price
    info = given.applied_to(ModelInfo("m", "M"))
    assert (info.price, info.price_is_final) == (price, price is not None)


def test_facts_that_the_user_did_not_enter_stay() -> None:
    known = ModelInfo(
        "m", "M", context_window=9, max_output=3, efforts=(), sees_images=True, takes_tools=True,
        takes_schema=False, max_input=7,
    )  # fmt: skip
    assert ModelFacts("m").applied_to(known) == known
    assert ModelFacts("m").is_empty
    assert not ModelFacts("m", tools=False).is_empty


@pytest.mark.parametrize("kind", [None, *ModelKind])
def test_only_models_of_the_kind_can_chat(kind: ModelKind | None) -> None:
    assert ModelFacts("m", kind=kind).can_chat is (kind and kind is ModelKind.CHAT)


FACTS = ModelFacts(
    "m", date(2026, 8, 10), 8192, ModelKind.CHAT, Decimal("0.50"), Decimal(2), max_output=7,
    efforts=(Effort.LOW,), images=False, tools=True,
)  # fmt: skip


def test_the_layers_of_facts_fill_and_replace() -> None:
    info = ModelInfo("m", "M", sees_images=True, max_output=100)
    filled = FACTS.filled_in(info)
    assert (filled.sees_images, filled.takes_tools, filled.max_output) == (True, True, 100)
    assert (filled.price, filled.context_window) == (None, None)
    applied = FACTS.applied_to(info)
    assert (applied.sees_images, applied.takes_tools, applied.max_output) == (False, True, 7)
    assert (applied.price, applied.context_window) == (Price(Decimal("0.50"), Decimal(2)), 8192)
    other = ModelFacts(tools=False, schema=True)
    assert FACTS.filled_from(other) == replace(FACTS, schema=True)
