"""Protocols that the use cases depend on; adapters implement them. Wrappers of two of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Protocol

from desktop_app.domain.answering.chat_request import ChatRequest, ImageData, ProviderProfile
from desktop_app.domain.answering.stream_events import StreamEvent
from desktop_app.domain.conversations.compaction import Compaction, ProviderState
from desktop_app.domain.conversations.conversation import Conversation, Message, RemoteRun
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.domain.cost import Usage
from desktop_app.domain.models.image_tokens import ImageTokens
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.domain.models.token_counts import CountMethod, TokenCount
from desktop_app.domain.spending_report import Call
from desktop_app.prompts.prompt import PromptRequirements

RequirementsLoader = Callable[[str], Awaitable[PromptRequirements]]
"""Returns the requirements of the prompt with this id; NO_REQUIREMENTS if it is unknown."""


class Provider(Protocol):
    """A provider that answers requests."""

    def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Yield the answer as events; the last event, and no other, is terminal."""

    def resume(self, run: RemoteRun) -> AsyncGenerator[StreamEvent, None]:
        """Yield the answer of a background run from its start; end as `stream` does."""

    async def cancel(self, run: RemoteRun) -> Usage | None:
        """Cancel a background run. Return its usage; None if unknown. Raises ProviderError."""

    async def compact(self, request: ChatRequest) -> ProviderState:
        """Return the conversation as the provider's compacted state. Raises ProviderError."""


class Gateway(Protocol):
    """Source of providers: finds the key, starts the on-device model."""

    async def provider(self, profile: ProviderProfile) -> Provider:
        """Return a provider that is ready for a request. Raises UserFacingError."""

    async def learned_support(self, profile: ProviderProfile, model: str) -> LearnedSupport:
        """Return what earlier requests to a model have shown. Raises StorageError."""


class GatewayWrapper:
    """A gateway that wraps the providers of another gateway."""

    def __init__(
        self, gateway: Gateway, wrap: Callable[[ProviderProfile, Provider], Provider]
    ) -> None:
        self._gateway = gateway
        self._wrap = wrap

    async def provider(self, profile: ProviderProfile) -> Provider:
        """Return a wrapped provider. Raises UserFacingError."""
        return self._wrap(profile, await self._gateway.provider(profile))

    async def learned_support(self, profile: ProviderProfile, model: str) -> LearnedSupport:
        """Return what earlier requests to a model have shown. Raises StorageError."""
        return await self._gateway.learned_support(profile, model)


class ProviderWrapper:
    """A provider that forwards all calls except `stream`, which subclasses define."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def resume(self, run: RemoteRun) -> AsyncGenerator[StreamEvent, None]:
        """Yield the answer of a background run from its start."""
        return self._provider.resume(run)

    async def cancel(self, run: RemoteRun) -> Usage | None:
        """Cancel a background run. Return its usage; None if unknown. Raises ProviderError."""
        return await self._provider.cancel(run)

    async def compact(self, request: ChatRequest) -> ProviderState:
        """Return the conversation as the provider's compacted state. Raises ProviderError."""
        return await self._provider.compact(request)


class MessageStore(Protocol):
    """Store of questions and answers: see chat/conversation_store.py."""

    async def begin_turn(
        self, conversation: Conversation, question: Message | None, *answers: Message
    ) -> None: ...
    async def save_answer(self, answer: Message) -> None: ...


class RunStore(MessageStore, Protocol):
    """Store of background runs: see chat/conversation_store.py.

    `claim_runs` returns the answers of the runs, and `get` None for an unknown conversation.
    """

    async def claim_runs(self) -> list[Message]: ...
    async def get(self, conversation_id: str) -> Conversation | None: ...


class CompactionStorage(Protocol):
    """Store of conversation compactions: see chat/conversation_store.py.

    `add` returns False if the compaction is stored already, or its message was deleted.
    """

    async def load(self, conversation_id: str) -> tuple[Compaction, ...]: ...
    async def add(self, compaction: Compaction) -> bool: ...


class AttachmentSource(Protocol):
    """Source of attachments' texts and bytes: see documents/store/attachment_store.py."""

    async def text(self, sha256: str) -> str: ...
    async def bytes(self, sha256: str) -> bytes: ...


class ChatAttachments(AttachmentSource, Protocol):
    """Attachments of questions and answers: see documents/store/attachment_store.py."""

    async def add_image(self, answer: Message, data: bytes) -> ImagePart | None:
        """Store a generated image; return None if it is not a PNG, JPEG or WebP."""


class ImageSource(Protocol):
    """Source of images prepared for sending: see backend/image_scaling.py."""

    async def scaled_image(self, part: ImagePart, rule: ImageTokens | None) -> ImageData: ...
    async def page_images(
        self, part: DocumentPart, rule: ImageTokens | None
    ) -> list[ImageData]: ...


class SpendingStorage(Protocol):
    """Record of the tokens and cost of every call."""

    async def add(self, call: Call) -> None:
        """Record a call."""


class TokenCounter(Protocol):
    """Counter of tokens for a provider's model: see documents/token_counting.py.

    `tokenizer_rate` returns the expected tokens for one of OpenAI's; None for its own tokenizer.
    """

    async def count(
        self, text: str, profile: ProviderProfile, model: str = "", *, may_ask: bool = False
    ) -> TokenCount: ...
    def method(self, profile: ProviderProfile, model: str, *, is_exact: bool) -> CountMethod: ...
    def tokenizer_rate(self, profile: ProviderProfile, model: str) -> float | None: ...
