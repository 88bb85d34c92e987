"""Embedding vectors from a provider, if the user has enabled them.

The texts of a collection's passages, and each question to the collection, leave this computer once.
They go only to the provider that `chosen` returns. Every call is held against the monthly cap and
recorded in the ledger.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from desktop_app.budget.budget import Budget
from desktop_app.budget.ledger import Ledger
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import MessageStatus, now
from desktop_app.domain.cost import CallCost, Price, Usage, cost_of, counted_cost
from desktop_app.domain.errors import BILLABLE_ERRORS, ProviderError
from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.domain.spending_report import Call, CallPerformance, Purpose
from desktop_app.providers.gateway.provider_gateway import ProviderGateway
from desktop_app.providers.jobs.embeddings import is_offered
from desktop_app.providers.jobs.vectors import Vector
from desktop_app.providers.models.model_listing import ModelListing

# Texts per call: far fewer than OpenAI's API accepts, so that parsing the reply does not delay
# typing.
MAX_TEXTS_PER_CALL: Final = 48


@dataclass(frozen=True)
class EmbeddingChoice:
    """The embedding model that the user chose.

    Attributes:
        price: per million tokens; None if unknown.
    """

    profile: ProviderProfile
    model: str
    price: Price | None

    @property
    def key(self) -> str:
        """Return the key of the model's vectors in the store.

        Vectors of different models have separate keys, because they cannot be compared.
        """
        return f"{self.profile.id} {self.model}"

    def cost(self, tokens: int | None) -> Decimal | None:
        """Return the cost of the tokens in US dollars; None if they or the price are unknown."""
        if tokens is None:
            return None
        return cost_of(self.price, Usage(input_tokens=tokens))


@dataclass(frozen=True)
class EmbeddingPlan:
    """The work and cost of embedding a collection.

    Attributes:
        passages: the number of passages without a vector.
        tokens: the approximate number of tokens in these passages.
    """

    choice: EmbeddingChoice
    passages: int
    tokens: int

    @property
    def cost(self) -> Decimal | None:
        """Return the approximate cost in US dollars; None if the price is unknown."""
        return self.choice.cost(self.tokens)


class Embeddings:
    """Requests for vectors, within the monthly cap.

    Args:
        chosen: returns the user's embedding model; None if embeddings are off, or if no provider
            has them.
    """

    def __init__(
        self,
        gateway: ProviderGateway,
        spending: Ledger,
        budget: Budget,
        chosen: Callable[[], Awaitable[EmbeddingChoice | None]],
    ) -> None:
        self._gateway = gateway
        self._spending = spending
        self._budget = budget
        self.chosen = chosen

    async def vectors(
        self, choice: EmbeddingChoice, texts: Sequence[str], tokens: int
    ) -> list[Vector]:
        """Return the vectors of the texts.

        Args:
            tokens: the approximate number of tokens in all texts, for the check of the cap.

        Raises:
            SpendingCapError: the provider's monthly cap would be exceeded; nothing was sent.
            UserFacingError: there is no key, or the provider failed.
        """
        expected = choice.cost(tokens)
        held = None if expected is None else CallCost.fixed(expected)
        hold = await self._budget.hold(choice.profile, held, choice.model, Purpose.EMBEDDING.value)
        async with hold:
            provider = await self._gateway.provider(choice.profile)
            started_at = time.monotonic()
            outcome = MessageStatus.CANCELLED  # the request may be billed
            billed_tokens: int | None = None
            counted_tokens = 0
            try:
                vectors, billed_tokens = await provider.embed(choice.model, texts)
                outcome, counted_tokens = MessageStatus.COMPLETE, billed_tokens or 0
            except ProviderError as error:
                outcome, counted_tokens = MessageStatus.FAILED, error.billed_tokens or 0
                # After a billable error, the tokens of the failed request may be billed as well,
                # and their number is unknown.
                billed_tokens = None if isinstance(error, BILLABLE_ERRORS) else error.billed_tokens
                raise
            finally:
                usage = Usage(input_tokens=counted_tokens)
                cost = counted_cost(
                    choice.price,
                    None if billed_tokens is None else usage,
                    held,
                    # No tokens of a failed call cost nothing, even if the price is unknown.
                    is_billed=outcome is not MessageStatus.FAILED or billed_tokens != 0,
                )
                call = Call(
                    provider_id=choice.profile.id,
                    model=choice.model,
                    usage=usage,
                    cost=cost.amount,
                    is_estimated=cost.is_estimated,
                    purpose=Purpose.EMBEDDING.value,
                    at=now(),
                    performance=CallPerformance(
                        outcome=outcome.value, duration_s=time.monotonic() - started_at
                    ),
                )
                await asyncio.shield(self._spending.add(call, hold))
        return vectors


OPENAI_MODEL: Final = "text-embedding-3-small"


def embedding_model(listing: ModelListing | None) -> str:
    """Return OpenAI's small embedding model, or the first that a server lists instead of it."""
    ids = [model.id for model in listing.models] if listing else []
    return next((id_ for id_ in ids if OPENAI_MODEL not in ids and "embed" in id_), OPENAI_MODEL)


def choose_embedding(
    chosen: str, profile: ProviderProfile, catalog: ModelCatalog, listing: ModelListing | None
) -> EmbeddingChoice | None:
    """Return the embedding model at `profile`; None if the provider offers none.

    The price is that in a compatible server's list, else the catalog's if the provider serves
    OpenAI's models, else unknown.

    Args:
        chosen: the model that an earlier version stored, for which vectors exist; "" for none.
    """
    if not is_offered(profile):
        return None
    model = chosen or embedding_model(listing)
    listed_price = listing.listed_model(model).input_price if listing else None
    if profile.kind is ProviderKind.COMPATIBLE and listed_price is not None:
        return EmbeddingChoice(profile, model, Price(input=listed_price, output=Decimal(0)))
    price = catalog.embedding_price(model)
    if price is not None and profile.serves_gpt_family:
        return EmbeddingChoice(profile, model, price.times(profile.price_multiplier))
    return EmbeddingChoice(profile, model, None)
