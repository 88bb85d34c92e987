"""Facts about a model that the user has entered for one provider.

They override the facts in the server's listing and in the catalog.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.spending.cost import Price

MAX_PRICE: Final = Decimal(100_000)
"""Dollars per million tokens. The dearest model costs a few hundred."""
MAX_TOKENS: Final = 100_000_000
_MAX_PRICE_CHARS: Final = 40
"""Also the most digits after the decimal point: "1E-999999" is shown as a megabyte of zeros."""
_PRICE_FIELDS: Final = ("input_price", "cached_price", "output_price")
_JSON_TYPES: Final[Mapping[str, type[Any]]] = {
    **dict.fromkeys(("id", *_PRICE_FIELDS), str),
    **dict.fromkeys(("window", "max_output"), int),
    "efforts": list,
    **dict.fromkeys(("images", "tools", "schema"), bool),
}


@dataclass(frozen=True)
class OwnModel:
    """The facts about a model that the user entered; None for each that was not entered.

    Attributes:
        window, max_output: tokens.
        input_price, cached_price, output_price: US dollars per million tokens, as the provider
            charges them. Without both the input and the output price, there is no price.
        efforts: accepted values, least first; () if it takes no effort.
        images, tools, schema: True if the model supports them.
    """

    id: str
    window: int | None = None
    max_output: int | None = None
    input_price: Decimal | None = None
    cached_price: Decimal | None = None
    output_price: Decimal | None = None
    efforts: tuple[Effort, ...] | None = None
    images: bool | None = None
    tools: bool | None = None
    schema: bool | None = None

    @property
    def is_empty(self) -> bool:
        """Return True if nothing was entered."""
        return self == OwnModel(self.id)

    @property
    def price(self) -> Price | None:
        """Return the price; None without both prices of input and output."""
        if self.input_price is None or self.output_price is None:
            return None
        return Price(self.input_price, self.output_price, self.cached_price)

    def applied_to(self, info: ModelInfo) -> ModelInfo:
        """Return the model with the facts that were entered."""
        if self.window is not None:
            # The entered window replaces a listed limit of the input, too.
            info = replace(info, context_window=self.window, max_input=None)
        if self.max_output is not None:
            info = replace(info, max_output=self.max_output)
        if self.price is not None:
            info = replace(info, price=self.price, price_is_final=True)
        if self.efforts is not None:
            info = replace(info, efforts=self.efforts)
        return replace(
            info,
            sees_images=info.sees_images if self.images is None else self.images,
            takes_tools=info.takes_tools if self.tools is None else self.tools,
            takes_schema=info.takes_schema if self.schema is None else self.schema,
        )


def own_model_to_json(model: OwnModel) -> dict[str, Any]:
    """Return the entered facts as JSON-ready values."""
    row = {name: value for name, value in vars(model).items() if value is not None}
    for name in _PRICE_FIELDS:
        if name in row:
            row[name] = str(row[name])
    if model.efforts is not None:
        row["efforts"] = [effort.value for effort in model.efforts]
    return row


def own_model_from_json(row: Mapping[str, Any]) -> OwnModel:
    """Parse the output of `own_model_to_json`.

    Raises:
        LookupError, TypeError, ValueError, ArithmeticError: a value is wrong.
    """
    values = {name: value for name, value in row.items() if value is not None}
    for name, value in values.items():
        if type(value) is not _JSON_TYPES[name]:  # True is an instance of int
            raise TypeError(f"{name} is not of type {_JSON_TYPES[name].__name__}")
        if name in _PRICE_FIELDS:
            values[name] = _parse_price(value)
        if name in ("window", "max_output") and not 0 < value <= MAX_TOKENS:
            raise ValueError(f"{name} is out of bounds")
    if "efforts" in values:
        values["efforts"] = tuple(Effort(value) for value in values["efforts"])
    return OwnModel(**values)


def _parse_price(text: str) -> Decimal:
    if len(text) <= _MAX_PRICE_CHARS:
        price = Decimal(text)
        exponent = price.as_tuple().exponent
        is_short = isinstance(exponent, int) and exponent >= -_MAX_PRICE_CHARS
        if is_short and 0 <= price < MAX_PRICE:
            return price
    raise ValueError("a price is out of bounds")
