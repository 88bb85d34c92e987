"""The models to choose from: the entries of the menu, and the rows of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.value import Value

if TYPE_CHECKING:
    from datetime import date

    from desktop_app.domain.cost import Price
    from desktop_app.domain.models.model_facts import ModelFacts
    from desktop_app.domain.models.variants import Effort, Variant


class ModelEntry(Value, frozen=True):
    """A model of a provider, as an entry of the menu.

    Attributes:
        variant: that of the GPT-5.2 family; None if the entry stands for the model itself.
        note: the facts to know before choosing the entry, besides `window`.
        window: tokens of the context window; None if it is unknown or the variant's.
        is_older: True for a dated snapshot of a listed model, for one that ends within a year, and
            for one that a long list has had for more than a year.
    """

    provider_id: str
    provider_name: str
    model: str
    name: str
    variant: Variant | None = None
    note: str = ""
    window: int | None = None
    is_older: bool = False


class ModelRow(ModelEntry, frozen=True):
    """A model of a provider, as a row of the table of models; None means unknown.

    Attributes:
        max_output: tokens.
        price: US dollars per million tokens, as the provider charges them.
        end_date: the day from which the provider no longer serves it.
        user_entries: the user's entries; None if there can be none.
        is_from_environment: environment variables define the provider.
    """

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
