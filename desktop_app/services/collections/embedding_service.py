"""Vectors of meaning from a provider, where the person has switched that on.

What leaves this computer is the text of a collection's passages, once, and each question that is put
to it, to the provider that `chosen` names and to nobody else. Every call is held against the month's
cap and entered in the ledger.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

from desktop_app.domain.conversations.chat_request import ProviderProfile
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.documents.vectors import Vector
from desktop_app.domain.spending.cost import Price, Usage
from desktop_app.domain.spending.spending_report import Call, Purpose
from desktop_app.services.ports import SpendingBook
from desktop_app.services.spending.budget import Budget

# Texts of one call: far fewer than any API takes, so that its reply is read without holding up
# whoever types.
AT_ONCE: Final = 48


@dataclass(frozen=True)
class EmbeddingChoice:
    """Who makes vectors, and what a million tokens cost there; None where that is not known."""

    profile: ProviderProfile
    model: str
    price: Price | None

    @property
    def key(self) -> str:
        """Names its vectors in the store: others cannot be compared with them."""
        return f"{self.profile.id} {self.model}"

    def cost(self, tokens: int) -> Decimal | None:
        """US dollars for so many tokens."""
        return None if self.price is None else self.price.of(Usage(input_tokens=tokens))


@dataclass(frozen=True)
class EmbeddingPlan:
    """What it takes to find a collection's passages by their meaning.

    Attributes:
        passages, tokens: those without a vector yet, all of which are sent.
        cost: US dollars, about; None where the price is not known.
    """

    choice: EmbeddingChoice
    passages: int
    tokens: int

    @property
    def cost(self) -> Decimal | None:
        return self.choice.cost(self.tokens)


class EmbeddingProvider(Protocol):
    """A place that makes vectors."""

    async def embed(self, model: str, texts: Sequence[str]) -> tuple[list[Vector], int]:
        """Vectors of at most AT_ONCE texts, and the tokens billed. Raises ProviderError."""


class EmbeddingGateway(Protocol):
    """Opens such places."""

    async def provider(self, profile: ProviderProfile) -> EmbeddingProvider:
        """One that is ready. Raises UserFacingError."""


class Embeddings:
    """See the module's paragraph."""

    def __init__(
        self,
        gateway: EmbeddingGateway,
        spending: SpendingBook,
        budget: Budget,
        chosen: Callable[[], Awaitable[EmbeddingChoice | None]],
    ) -> None:
        self._gateway, self._spending, self._budget = gateway, spending, budget
        self.chosen = chosen

    async def vectors(
        self, choice: EmbeddingChoice, texts: Sequence[str], tokens: int
    ) -> list[Vector]:
        """Vectors of texts that come to about so many tokens.

        Raises:
            SpendingCapError: they would pass the provider's monthly cap; nothing was sent.
            UserFacingError: there is no key, or the provider failed.
        """
        async with await self._budget.hold(choice.profile, choice.cost(tokens)):
            provider = await self._gateway.provider(choice.profile)
            vectors, billed = await provider.embed(choice.model, texts)
            await self._spending.add(
                Call(
                    provider_id=choice.profile.id,
                    model=choice.model,
                    usage=Usage(input_tokens=billed),
                    cost=choice.cost(billed) if billed else None,
                    purpose=Purpose.EMBEDDING.value,
                    at=now(),
                )
            )
        return vectors
