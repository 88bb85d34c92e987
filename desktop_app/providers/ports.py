"""Protocols that the use cases depend on; adapters implement them. Wrappers of two of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.answering.stream_events import StreamEvent
from desktop_app.domain.conversations.compaction import ProviderState
from desktop_app.domain.conversations.conversation import Conversation, Message, RemoteRun
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.domain.cost import Usage
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.domain.prompt import PromptRequirements

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


class DownloadReply(NamedTuple):
    """The reply of a host.

    Attributes:
        offset: the position of its first byte in the file: the requested one, or 0.
        total: the bytes of the whole file; None if the host does not say.
        validator: identifies this version of the file; "" if the host gives none.
        chunks: the bytes; raises NetworkError if the connection is cut or stalls.
    """

    offset: int
    total: int | None
    validator: str
    chunks: AsyncIterator[bytes]


OpenDownload = Callable[[str, int, str], AbstractAsyncContextManager[DownloadReply]]
"""Requests an address from an offset, if it still is the version of the validator.

Raises NetworkError if another attempt may succeed, RangeRefusedError, or LocalModelError.
"""


class RangeRefusedError(Exception):
    """Raised if the host has no such part of the file."""


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


class AttachmentSource(Protocol):
    """Source of attachments' texts and bytes: see documents/store/attachment_store.py."""

    async def text(self, sha256: str) -> str: ...
    async def bytes(self, sha256: str) -> bytes: ...


class ChatAttachments(AttachmentSource, Protocol):
    """Attachments of questions and answers: see documents/store/attachment_store.py."""

    async def add_image(self, answer: Message, data: bytes) -> ImagePart | None:
        """Store a generated image; return None if it is not a PNG, JPEG or WebP."""

    async def add_file(
        self, answer: Message, name: str, data: bytes
    ) -> DocumentPart | ImagePart | None:
        """Store a file that the provider's code made; return None if files are not kept."""
