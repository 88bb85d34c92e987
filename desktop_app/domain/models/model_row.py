"""Models as rows of the table of models. None means unknown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.spending.cost import Price


@dataclass(frozen=True)
class ModelRow:
    """A model of a provider.

    Attributes:
        window, max_output: tokens.
        price: US dollars per million tokens, as the provider charges them.
        end_date: the day from which the provider no longer serves it.
        user_entries: the user's entries; None if there can be none.
        is_from_environment: environment variables define the provider.
    """

    provider_id: str
    provider_name: str
    model: str
    name: str
    variant: Variant | None = None
    window: int | None = None
    max_output: int | None = None
    price: Price | None = None
    efforts: tuple[Effort, ...] | None = None
    images: bool | None = None
    tools: bool | None = None
    reasoning: bool | None = None
    schema: bool | None = None
    end_date: date | None = None
    is_favorite: bool = False
    user_entries: ModelFacts | None = None
    is_from_environment: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Return the ids of the provider and the model."""
        return self.provider_id, self.model

    def matches(self, text: str) -> bool:
        """Return True if every word of `text` is in the names."""
        names = f"{self.name} {self.model} {self.provider_name}".casefold()
        return all(word in names for word in text.casefold().split())
