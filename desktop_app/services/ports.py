"""What the use cases need of the world, as Protocols that the adapters satisfy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from desktop_app.domain.conversations.chat_request import ChatRequest, ImageData, ProviderProfile
from desktop_app.domain.conversations.compaction import Compaction, ProviderState
from desktop_app.domain.conversations.conversation import Conversation, Message, RemoteRun
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.domain.conversations.prompts import NO_NEEDS, TemplateNeeds
from desktop_app.domain.conversations.stream_events import StreamEvent
from desktop_app.domain.models.image_tokens import ImageTokens
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import Call
from desktop_app.services.chat.model_choice import ResolvedChoice

if TYPE_CHECKING:
    from desktop_app.services.documents.chunk_plan import ChunkPlan
    from desktop_app.services.fence import Fence


NeedsOf = Callable[[str], Awaitable[TemplateNeeds]]
"""Looks up what a template needs, by its id; an unknown id needs nothing."""


async def no_template_needs(_template_id: str) -> TemplateNeeds:
    """Return no needs: for services that know no templates."""
    return NO_NEEDS


class Provider(Protocol):
    """A place that answers."""

    def stream(self, request: ChatRequest) -> AsyncIterator[StreamEvent]:
        """The answer as events; exactly one terminal ends it."""

    def resume(self, run: RemoteRun) -> AsyncIterator[StreamEvent]:
        """The answer of a run in the background, from its beginning; ends as `stream` does."""

    async def cancel(self, run: RemoteRun) -> Usage | None:
        """Have such a run stop; what it took until then, where that is known. Raises
        ProviderError."""

    async def compact(self, request: ChatRequest) -> ProviderState:
        """The conversation as the provider's own shorter state. Raises ProviderError."""


class Gateway(Protocol):
    """Opens providers: finds the key, starts the on-device model."""

    async def provider(self, profile: ProviderProfile) -> Provider:
        """A provider that is ready for a request. Raises UserFacingError."""

    async def learnt(self, profile: ProviderProfile, model: str) -> LearnedSupport:
        """What it has shown of itself before. Raises StorageError."""


class MessageStore(Protocol):
    """Where questions and answers are kept."""

    async def begin_turn(
        self, conversation: Conversation, question: Message | None, *answers: Message
    ) -> None:
        """Keep a question and its empty answers, in one transaction."""

    async def save_answer(self, answer: Message) -> None:
        """Keep an answer as it stands."""


class RunStore(MessageStore, Protocol):
    """Where the runs in the background are found again."""

    async def take_over_runs(self) -> list[Message]:
        """Answers of such runs that no living process writes; this one does from now on."""

    async def get(self, conversation_id: str) -> Conversation | None:
        """One conversation."""

    async def messages(self, conversation_id: str) -> list[Message]:
        """Every message of the tree."""


class CompactionSource(Protocol):
    """Where it is kept what stands for the beginnings of long conversations."""

    async def of(self, conversation_id: str) -> tuple[Compaction, ...]:
        """All of a conversation, undone ones too, oldest first."""

    async def add(self, compaction: Compaction) -> bool:
        """Keep one; whether its message was still there."""

    async def undo(self, compaction_id: str, at: datetime) -> None:
        """Have the messages sent again from `at` on."""


class AttachmentSource(Protocol):
    """Where the text and the bytes of attachments lie."""

    async def text(self, sha256: str) -> str:
        """The extracted text."""

    async def bytes(self, sha256: str) -> bytes:
        """The original."""


class PictureSource(Protocol):
    """Makes pictures ready to be sent."""

    async def scaled(self, part: ImagePart, rule: ImageTokens | None) -> ImageData:
        """A picture at the size that `rule` charges for, without metadata; the same bytes each
        time. Raises UserFacingError."""

    async def pages(self, part: DocumentPart, rule: ImageTokens | None) -> list[ImageData]:
        """A document's `seen_pages`, in order; as `scaled` otherwise."""


class SpendingBook(Protocol):
    """Where every call's tokens and money are written down."""

    async def add(self, call: Call) -> None:
        """Write down one call."""


class PartsSource(Protocol):
    """Reads documents that are too large for a model: see in_parts.py."""

    def read(
        self,
        question: Message,
        answer: Message,
        request: ChatRequest,
        resolved: ResolvedChoice,
        fence: Fence,
    ) -> Gateway:
        """A gateway whose provider reads the question's documents in parts, and then answers."""

    async def plan(
        self,
        documents: Sequence[DocumentPart],
        prompt: str,
        resolved: ResolvedChoice,
        instructions: str = "",
    ) -> ChunkPlan:
        """What that would take. Raises UserFacingError."""

    async def texts(
        self,
        document: DocumentPart,
        prompt: str,
        resolved: ResolvedChoice,
        fence: Fence,
        instructions: str = "",
    ) -> list[str]:
        """The parts of a document as they would be sent. Raises UserFacingError."""


class TokenCounter(Protocol):
    """Counts the tokens of a text for a provider's model."""

    async def count(self, text: str, profile: ProviderProfile) -> tuple[int, bool]:
        """The number of tokens and whether it is exact for this provider."""
