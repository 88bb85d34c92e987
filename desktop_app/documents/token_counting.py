"""The counting of tokens: by OpenAI's tokenizer, or by a server with a counter."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from math import ceil

from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.domain.models.token_counts import OTHER_MODELS_RATE, CountMethod, TokenCount
from desktop_app.providers.gateway.provider_gateway import ProviderGateway


class ProviderTokenCounter:
    """Counter of tokens.

    OpenAI's tokenizer counts for OpenAI's models. llama.cpp counts for the on-device model, and at
    its server text that is about to be sent; all other counts are estimates.
    """

    def __init__(
        self, worker: DocumentWorker, gateway: ProviderGateway, catalog: ModelCatalog
    ) -> None:
        self._worker = worker
        self._gateway = gateway
        self._catalog = catalog

    async def count(
        self, text: str, profile: ProviderProfile, model: str = "", *, may_ask: bool = False
    ) -> TokenCount:
        """Count the tokens of a text.

        Args:
            may_ask: the text is about to be sent, so the server may be asked to count it.
        """
        if not text:
            return TokenCount(0, is_exact=True)
        is_on_device = profile.kind is ProviderKind.ON_DEVICE
        is_other_model = profile.kind is ProviderKind.COMPATIBLE and not self._catalog.knows(model)
        if is_on_device and model:
            profile = replace(profile, models=(model,))
        # The count of a model that is not loaded would take its memory while the user types.
        asks_device = is_on_device and (may_ask or self._gateway.is_ready(profile))
        if asks_device or (is_other_model and may_ask):
            with suppress(UserFacingError):  # sending the text reports what is missing
                provider = await self._gateway.provider(profile)
                counted = await provider.count_tokens(model, text)
                if counted is not None:
                    return TokenCount(counted, is_exact=True)
        tokens = await self._worker.count_tokens(text)
        rate = OTHER_MODELS_RATE if is_on_device else self.tokenizer_rate(profile, model)
        if rate is None:
            return TokenCount(tokens, is_exact=True)
        return TokenCount(ceil(tokens * rate), is_exact=False)

    def method(self, profile: ProviderProfile, model: str, *, is_exact: bool) -> CountMethod:
        """Return the method by which tokens of this model were counted."""
        if not is_exact:
            return CountMethod.GUESSED
        is_own = self.tokenizer_rate(profile, model) is None
        return CountMethod.TOKENIZER if is_own else CountMethod.SERVER

    def tokenizer_rate(self, profile: ProviderProfile, model: str) -> float | None:
        """Return the expected tokens for one of OpenAI's; None if they are counted exactly."""
        if profile.kind is not ProviderKind.COMPATIBLE:
            return None
        if not self._catalog.knows(model):
            return OTHER_MODELS_RATE
        # At any other server, only the model's name is known to be one of OpenAI's.
        return None if profile.serves_gpt_family else 1.0
