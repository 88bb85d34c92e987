"""The counting of tokens: by OpenAI's tokenizer, a server's counter, or learned rates."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from desktop_app.domain.answering.chat_request import ChatRequest, ProviderKind
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.models.token_rates import (
    MIN_LEARNED_TOKENS,
    OPENAI_RATES,
    USUAL_RATES,
    CountMethod,
    SplitRates,
    TextKind,
    TokenCount,
    TokenMix,
    TokenRates,
    is_cut,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from desktop_app.backend.gateway.provider_gateway import ProviderGateway
    from desktop_app.documents.worker.document_worker import DocumentWorker
    from desktop_app.domain.answering.chat_request import ProviderProfile
    from desktop_app.domain.models.model_catalog import ModelCatalog
    from desktop_app.local_model.server import LocalModel
    from desktop_app.storage.settings.token_rate_store import RateKey, TokenRateStore

T = TypeVar("T")

_MAX_CACHED_COUNTS: Final = 2_000  # an arbitrary number
# An arbitrary number. Each task may count a whole request in the worker.
_MAX_LEARNING_TASKS: Final = 20
MIN_CUT_CHARS_PER_TOKEN: Final = 5
"""A request with fewer characters for each counted token was not cut."""


class TokenLearning:
    """Token rates of the models of compatible servers, learned from the servers' counts.

    Attributes:
        revision: grows when counts may have changed.
    """

    def __init__(
        self, store: TokenRateStore, worker: DocumentWorker, catalog: ModelCatalog
    ) -> None:
        self._store = store
        self._worker = worker
        self._catalog = catalog
        self._rates: dict[RateKey, TokenRates] = {}
        self._mixes: OrderedDict[bytes, TokenMix] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self.revision = 0

    async def load(self) -> None:
        """Load the stored rates; those learned meanwhile are newer. Raises StorageError."""
        self._rates = {**await self._store.all(), **self._rates}

    def rates_of(self, profile: ProviderProfile, model: str) -> TokenRates:
        """Return the rates learned for a model at a server."""
        return self._rates.get(_rate_key(profile, model), TokenRates())

    def window_of(self, profile: ProviderProfile, model: str) -> int | None:
        """Return the context window that the server named in a refusal; None if it named none."""
        return self.rates_of(profile, model).window

    def usual_rates(self, model: str) -> Mapping[TextKind, float]:
        """Return the rates to use for kinds of text without a learned rate."""
        return OPENAI_RATES if self._catalog.knows(model) else USUAL_RATES

    async def count_by_kind(self, text: str) -> TokenMix:
        """Return the tokens of each kind in a text. Raises DocumentError."""
        key = _text_digest(text)
        if key not in self._mixes:
            _cache_value(self._mixes, key, await self._worker.token_mix(text))
        return self._mixes[key]

    def learn_in_background(
        self, profile: ProviderProfile, request: ChatRequest, tokens: int, window: int
    ) -> None:
        """Learn a rate from a server's count of a request's tokens, and the model's window.

        Args:
            window: the context window that the server named, in tokens; 0 if it named none.
        """
        model = request.model
        text = _text_of(request)
        if window:
            self._set_rates(profile, model, replace(self.rates_of(profile, model), window=window))
        # Skipping a count loses little: the next answer brings another.
        if not text or tokens < MIN_LEARNED_TOKENS or len(self._tasks) >= _MAX_LEARNING_TASKS:
            return
        self._run_in_background(self.learn(profile, model, text, tokens))

    async def is_cut(self, request: ChatRequest, tokens: int) -> bool:
        """Return True if the `tokens` that a server counted show that it cut the request."""
        text = _text_of(request)
        # Most texts have 3 to 5 characters a token and need no closer look.
        if len(text) < MIN_CUT_CHARS_PER_TOKEN * tokens:
            return False
        with suppress(UserFacingError):  # not counted: nothing shows that it was cut
            return is_cut(await self.count_by_kind(text), tokens)
        return False

    async def learn(self, profile: ProviderProfile, model: str, text: str, tokens: int) -> None:
        """Learn from the number of tokens in a text. Raises DocumentError."""
        mix = await self.count_by_kind(text)
        self._set_rates(profile, model, self.rates_of(profile, model).with_count(mix, tokens))

    def _set_rates(self, profile: ProviderProfile, model: str, rates: TokenRates) -> None:
        key = _rate_key(profile, model)
        # Only models of compatible servers are counted by learned rates.
        if profile.kind is not ProviderKind.COMPATIBLE or rates == self._rates.get(key):
            return
        self._rates[key] = rates
        self.revision += 1
        self._run_in_background(self._store.save(key, rates))

    def _run_in_background(self, job: Coroutine[Any, Any, None]) -> None:
        """Run a job as a task, and ignore its errors.

        A count is learned again from the next answer, and other writes report a full store.
        """
        task = asyncio.ensure_future(_ignore_errors(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish_learning(self) -> None:
        """Wait until the background jobs have learned and stored their rates."""
        while self._tasks:
            await asyncio.gather(*self._tasks)


class ProviderTokenCounter:
    """Counter of tokens. Implements services.ports.TokenCounter.

    OpenAI's tokenizer counts for OpenAI's models, and the on-device model counts by itself. Other
    models' servers count text that is about to be sent; learned rates estimate any other text.
    Learned rates also replace the tokenizer for OpenAI's models at a compatible server.
    """

    def __init__(
        self,
        worker: DocumentWorker,
        local_model: LocalModel,
        gateway: ProviderGateway,
        learning: TokenLearning,
    ) -> None:
        self._worker = worker
        self._local_model = local_model
        self._gateway = gateway
        self._learning = learning
        self._server_counts: OrderedDict[bytes, int] = OrderedDict()

    @property
    def revision(self) -> int:
        """Return a number that grows when counts may have changed."""
        return self._learning.revision

    async def count(
        self, text: str, profile: ProviderProfile, model: str = "", *, may_ask: bool = False
    ) -> TokenCount:
        """Count the tokens of a text.

        Args:
            may_ask: the text is about to be sent, so the server may be asked to count it.
        """
        if not text:
            return TokenCount(0, is_exact=True)
        if profile.kind is ProviderKind.ON_DEVICE:
            return TokenCount(await self._local_model.count_tokens(text), is_exact=True)
        if profile.kind is not ProviderKind.COMPATIBLE:
            return TokenCount(await self._worker.count_tokens(text), is_exact=True)
        usual_rates = self._learning.usual_rates(model)
        learned_rates = self._learning.rates_of(profile, model)
        is_openai_model = usual_rates is OPENAI_RATES
        if is_openai_model and not learned_rates.rates:
            tokens = await self._worker.count_tokens(text)
            # At any other server, only the model's name is known to be one of OpenAI's.
            return TokenCount(tokens, is_exact=profile.serves_gpt_family)
        key = _text_digest(f"{profile.id}\n{profile.base_url}\n{model}\n{text}")
        if key not in self._server_counts and may_ask and not is_openai_model:
            await self._count_at_server(key, text, profile, model)
        if key in self._server_counts:
            return TokenCount(self._server_counts[key], is_exact=True)
        mix = await self._learning.count_by_kind(text)
        return TokenCount(learned_rates.tokens(mix, usual_rates), is_exact=False)

    async def _count_at_server(
        self, key: bytes, text: str, profile: ProviderProfile, model: str
    ) -> None:
        with suppress(UserFacingError):  # sending the text reports a missing key
            provider = await self._gateway.provider(profile)
            tokens = await provider.count_tokens(model, text)
            if tokens is not None:
                _cache_value(self._server_counts, key, tokens)
                await self._learning.learn(profile, model, text, tokens)

    def method(self, profile: ProviderProfile, model: str, *, is_exact: bool) -> CountMethod:
        """Return the method by which tokens of this model were counted."""
        if is_exact:
            # Of compatible servers, only those with OpenAI's models are counted by a tokenizer.
            is_foreign = profile.kind is ProviderKind.COMPATIBLE and not profile.serves_gpt_family
            return CountMethod.SERVER if is_foreign else CountMethod.TOKENIZER
        is_learned = bool(self._learning.rates_of(profile, model).rates)
        return CountMethod.LEARNED if is_learned else CountMethod.GUESSED

    async def split_rates(
        self, text: str, profile: ProviderProfile, model: str
    ) -> SplitRates | None:
        """Return the rates to split a text by; None for a model with OpenAI's tokenizer.

        Raises:
            DocumentError: the text could not be counted.
        """
        if profile.kind is not ProviderKind.COMPATIBLE:
            return None
        usual_rates = self._learning.usual_rates(model)
        learned_rates = self._learning.rates_of(profile, model)
        if usual_rates is OPENAI_RATES and not learned_rates.rates and profile.serves_gpt_family:
            return None
        mix = await self._learning.count_by_kind(text)
        return SplitRates(learned_rates.all_rates(usual_rates), learned_rates.usable_share(mix))


async def _ignore_errors(job: Coroutine[Any, Any, None]) -> None:
    with suppress(UserFacingError):
        await job


def _rate_key(profile: ProviderProfile, model: str) -> RateKey:
    return profile.id, profile.base_url, model


def _text_digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _cache_value(cache: OrderedDict[bytes, T], key: bytes, value: T) -> None:
    cache[key] = value
    if len(cache) > _MAX_CACHED_COUNTS:
        cache.popitem(last=False)


def _text_of(request: ChatRequest) -> str:
    """Return the whole text of a request; "" if it has more than text.

    A server also counts files, images and a compacted state, so its count says nothing about text.
    """
    parts = [part for message in request.messages for part in message.parts]
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    if request.state or len(texts) < len(parts):
        return ""
    return "\n".join([request.instructions, *texts])
