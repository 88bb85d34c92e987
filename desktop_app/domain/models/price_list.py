"""The prices and windows of the models of many providers (`resources/model_prices.json`).

`packaging/model_prices.py` writes the file. It is read when the first price is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

import msgspec

from desktop_app.domain.cost import LongPrice, Price

PriceTiers = tuple[tuple[str, "Decimal | Price"], ...]


class ListedPrice(NamedTuple):
    """The price and the window of a model at a provider.

    Attributes:
        window: tokens; None if unknown.
        tiers: of each service tier, a multiple of the price or a price of its own.
    """

    price: Price
    tiers: PriceTiers
    window: int | None


class _Amounts(msgspec.Struct):
    input: Decimal = Decimal(0)
    output: Decimal = Decimal(0)
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    audio_input: Decimal | None = None
    audio_output: Decimal | None = None
    audio_seconds: Decimal | None = None
    characters: Decimal | None = None
    long: _Long | None = None

    def price(self) -> Price:
        long = None
        if self.long is not None:
            long = LongPrice(self.long.above, self.long.price())
        parts = (self.cached_input, self.cache_write, self.audio_input, self.audio_output)
        return Price(self.input, self.output, *parts, long, self.audio_seconds, self.characters)


class _Long(_Amounts, kw_only=True):
    above: int


class _DatedPrice(msgspec.Struct):
    price: _Amounts
    tiers: dict[str, Decimal | _Amounts] = {}
    start: date = msgspec.field(default=date.min, name="from")


class _Model(msgspec.Struct):
    prices: list[_DatedPrice]
    ids: list[str] = []
    pattern: str = ""
    window: int | None = None

    def listed(self, today: date) -> ListedPrice:
        *_, newest = (each for each in self.prices if each.start <= today)
        tiers = tuple(
            (name, value.price() if isinstance(value, _Amounts) else value)
            for name, value in newest.tiers.items()
        )
        return ListedPrice(newest.price.price(), tiers, self.window)


class _Provider(msgspec.Struct):
    id: str
    address: str
    models: msgspec.Raw  # decoded only for the provider that is asked about
    fallback: list[str] = []


class _File(msgspec.Struct):
    source: str
    date: date
    providers: list[_Provider]


class _ProviderPrices:
    """The models of one provider, by name."""

    def __init__(self, provider: _Provider) -> None:
        models = msgspec.json.decode(provider.models, type=list[_Model])
        self.fallback = provider.fallback
        self._by_id = {name: model for model in models for name in model.ids}
        self._patterns = [(model.pattern, model) for model in models if model.pattern]
        self._found: dict[str, _Model | None] = {}

    def find(self, model: str) -> _Model | None:
        if model not in self._found:
            others = (each for pattern, each in self._patterns if re.search(pattern, model))
            self._found[model] = self._by_id.get(model) or next(others, None)
        return self._found[model]


class PriceList:
    """The prices of the models of many providers.

    Args:
        read: returns the file; called when the first price is asked for. It may block.
    """

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._prices: dict[str, _ProviderPrices] = {}
        self._ids_by_address: dict[str, str] = {}

    @classmethod
    def checked(cls, data: bytes) -> PriceList:
        """Return the list in `data`. Raises ValueError if it is no such list."""
        prices = cls(lambda: data)
        try:
            for provider in prices._providers.values():
                re.compile(provider.address)
                for fallback in provider.fallback:
                    prices._providers[fallback]
                for model in msgspec.json.decode(provider.models, type=list[_Model]):
                    re.compile(model.pattern)
                    model.listed(prices.day)
        except (msgspec.DecodeError, re.error, LookupError, ValueError) as error:
            raise ValueError(str(error)) from error
        return prices

    @cached_property
    def _file(self) -> _File:
        return msgspec.json.decode(self._read(), type=_File)

    @cached_property
    def _providers(self) -> Mapping[str, _Provider]:
        return {provider.id: provider for provider in self._file.providers}

    @property
    def source(self) -> str:
        """Return the package that the prices come from, and its version."""
        return self._file.source

    @property
    def day(self) -> date:
        return self._file.date

    def provider_at(self, address: str) -> str:
        """Return the id of the provider at an API's address; "" if the list has none."""
        if address not in self._ids_by_address:
            ids = (each.id for each in self._file.providers if re.match(each.address, address))
            self._ids_by_address[address] = next(ids, "")
        return self._ids_by_address[address]

    def find(self, provider: str, model: str, today: date) -> ListedPrice | None:
        """Return the price of a model at a provider; None if it is not listed."""
        prices = self._prices_of(provider)
        for each in (prices, *map(self._prices_of, prices.fallback)):
            if found := each.find(model.casefold()):
                return found.listed(today)
        return None

    def _prices_of(self, provider: str) -> _ProviderPrices:
        if provider not in self._prices:
            self._prices[provider] = _ProviderPrices(self._providers[provider])
        return self._prices[provider]
