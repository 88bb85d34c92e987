"""Facts about a model that a server lists, or that the user has entered for one provider.

The catalog (`ModelInfo`) is the first layer. The server's facts fill its gaps (`filled_in`), and
the user's facts replace its facts (`applied_to`).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from msgspec.structs import asdict, replace

from desktop_app.domain.cost import LongPrice, Price
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.value import Value

MAX_PRICE: Final = Decimal(100_000)
"""Dollars per million tokens. The dearest model costs a few hundred."""
MAX_TOKENS: Final = 100_000_000


class ServerKind(StrEnum):
    """The program that serves an API, as its list of models shows."""

    LITELLM = "litellm"
    LLAMA_CPP = "llama.cpp"
    LLAMA_CPP_PYTHON = "llama-cpp-python"
    LM_STUDIO = "lm-studio"
    OLLAMA = "ollama"
    SGLANG = "sglang"
    VLLM = "vllm"


class ModelKind(StrEnum):
    """The purpose of a model."""

    CHAT = "chat"
    EMBEDDING = "embedding"
    RERANK = "rerank"
    IMAGE = "image"
    AUDIO = "audio"
    MODERATION = "moderation"
    OTHER = "other"


class ModelFacts(Value, frozen=True):
    """The facts about a model; None for each that is unknown.

    Attributes:
        name: of a model on this computer, whose id is the path of its file.
        window: tokens: the context window or the input limit, see `with_listed_window`.
        input_price, output_price, cached_price, write_price, audio_price: US dollars per million
            tokens, as the provider charges them; of cached input, cache writes and audio input.
        long_price: of requests with a long prompt.
        default_effort: that of a request which names none.
        created: the day since which the server has it.
        max_output: tokens.
        efforts: accepted values, least first; () if it takes no effort.
        images, tools: True if the model supports them.
        schema: True if it can answer in JSON that follows a schema.
    """

    id: str = ""
    shutdown: date | None = None
    window: int | None = None
    kind: ModelKind | None = None
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    cached_price: Decimal | None = None
    write_price: Decimal | None = None
    audio_price: Decimal | None = None
    long_price: LongPrice | None = None
    max_output: int | None = None
    efforts: tuple[Effort, ...] | None = None
    default_effort: Effort | None = None
    images: bool | None = None
    tools: bool | None = None
    schema: bool | None = None
    reasoning: bool | None = None
    makes_images: bool | None = None
    name: str | None = None
    created: date | None = None

    @property
    def is_empty(self) -> bool:
        return self == ModelFacts(self.id)

    @property
    def can_chat(self) -> bool | None:
        """Return False for a model of another kind; None if the kind is unknown."""
        return None if self.kind is None else self.kind is ModelKind.CHAT

    @property
    def price(self) -> Price | None:
        """Return the price; None without both prices of input and output."""
        if self.input_price is None or self.output_price is None:
            return None
        parts = (self.cached_price, self.write_price, self.audio_price)
        return Price(self.input_price, self.output_price, *parts, long=self.long_price)

    @property
    def known(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}

    def filled_from(self, other: ModelFacts) -> ModelFacts:
        """Return these facts, with those of `other` in place of unknown ones."""
        return replace(self, **{**other.known, **self.known})

    def filled_in(self, info: ModelInfo) -> ModelInfo:
        """Return the model with these facts in place of unknown ones, but for price and window."""
        unknown = {
            name: getattr(self, own)
            for own, name in _INFO_FIELDS.items()
            if getattr(info, name) is None
        }
        return replace(info, **unknown)

    def applied_to(self, info: ModelInfo) -> ModelInfo:
        """Return the model with these facts in place of its own."""
        known = self.known
        changes = {name: known[own] for own, name in _INFO_FIELDS.items() if own in known}
        if self.window is not None:
            # The entered window replaces a listed limit of the input, too.
            changes |= {"context_window": self.window, "max_input": None}
        if self.price is not None:
            changes |= {"price": self.price, "price_is_final": True}
        return replace(info, **changes)


_INFO_FIELDS: Final = {
    "max_output": "max_output",
    "efforts": "efforts",
    "images": "sees_images",
    "tools": "takes_tools",
    "schema": "takes_schema",
    "reasoning": "reasons",
    "makes_images": "makes_images",
}
"""The fields of `ModelInfo` by those of `ModelFacts`."""
