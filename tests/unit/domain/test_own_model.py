"""The user's entries about a model."""

from __future__ import annotations

from decimal import Decimal

import pytest

from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.own_model import OwnModel, own_model_from_json, own_model_to_json
from desktop_app.domain.spending.cost import Price


@pytest.mark.parametrize("price", ["0", "0.000001", "99999.99", f"0.{'1' * 38}"])
def test_prices_within_bounds_are_accepted(price: str) -> None:
    own = OwnModel("m", input_price=Decimal(price), output_price=Decimal(1))
    assert own_model_from_json(own_model_to_json(own)) == own


@pytest.mark.parametrize(
    "price", ["100000", "-0.01", "nan", "inf", "1E-999999", f"0.{'1' * 39}", "1" * 41]
)
def test_prices_out_of_bounds_are_refused(price: str) -> None:
    with pytest.raises(ValueError, match="a price"):
        own_model_from_json({"id": "m", "input_price": price})


@pytest.mark.parametrize("name", ["window", "max_output"])
def test_windows_have_bounds(name: str) -> None:
    for tokens in (1, 100_000_000):
        assert getattr(own_model_from_json({"id": "m", name: tokens}), name) == tokens
    for tokens in (0, 100_000_001):
        with pytest.raises(ValueError, match=f"{name} is out of bounds"):
            own_model_from_json({"id": "m", name: tokens})


@pytest.mark.parametrize(
    ("given", "price"),
    [
        (OwnModel("m"), None),
        (OwnModel("m", input_price=Decimal(1), cached_price=Decimal(1)), None),
        (OwnModel("m", output_price=Decimal(1)), None),
        (
            OwnModel("m", None, None, Decimal(3), Decimal(2), Decimal(1)),
            Price(Decimal(3), Decimal(1), Decimal(2)),
        ),
    ],
)
def test_a_price_needs_an_input_and_an_output_price(given: OwnModel, price: Price | None) -> None:
    assert given.price == price
    info = given.applied_to(ModelInfo("m", "M"))
    assert (info.price, info.price_is_final) == (price, price is not None)


def test_facts_that_the_user_did_not_enter_stay() -> None:
    known = ModelInfo(
        "m", "M", context_window=9, max_output=3, efforts=(), sees_images=True, takes_tools=True,
        takes_schema=False, max_input=7,
    )  # fmt: skip
    assert OwnModel("m").applied_to(known) == known
    assert OwnModel("m").is_empty
    assert not OwnModel("m", tools=False).is_empty
