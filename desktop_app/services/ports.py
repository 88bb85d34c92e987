"""Protocols that the use cases depend on; adapters implement them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from desktop_app.domain.answering.chat_request import ChatRequest, ImageData, ProviderProfile
from desktop_app.domain.answering.stream_events import StreamEvent
from desktop_app.domain.conversations.compaction import Compaction, ProviderState
from desktop_app.domain.conversations.conversation import Conversation, Message, RemoteRun
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.domain.models.image_tokens import ImageTokens
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.domain.models.token_rates import CountMethod, TextKind
from desktop_app.domain.prompts.prompts import NO_NEEDS, TemplateNeeds
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import Call
from desktop_app.services.chat.choice_resolution import ResolvedChoice

if TYPE_CHECKING:
    from desktop_app.services.documents.chunk_plan import ChunkPlan
    from desktop_app.services.fence import Fence


NeedsOf = Callable[[str], Awaitable[TemplateNeeds]]
"""Looks up a template's needs by its id; an unknown id has none."""


async def no_template_needs(_template_id: str) -> TemplateNeeds:
    """Return no needs, for services without templates."""
    return NO_NEEDS


class Provider(Protocol):
    """A provider that answers requests."""

    def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Yield the answer as events, the last of which is the only terminal event."""

    def resume(self, run: RemoteRun) -> AsyncGenerator[StreamEvent, None]:
        """Yield the answer of a background run from its start; ends as `stream` does."""

    async def cancel(self, run: RemoteRun) -> Usage | None:
        """Cancel a background run. Return its usage if known. Raises ProviderError."""

    async def compact(self, request: ChatRequest) -> ProviderState:
        """Return the conversation as the provider's compacted state. Raises ProviderError."""


class Gateway(Protocol):
    """Opens providers: finds the key, starts the on-device model."""

    async def provider(self, profile: ProviderProfile) -> Provider:
        """Return a provider that is ready for a request. Raises UserFacingError."""

    async def learned_support(self, profile: ProviderProfile, model: str) -> LearnedSupport:
        """Return what earlier requests have shown about it. Raises StorageError."""


class MessageStore(Protocol):
    """Stores questions and answers."""

    async def begin_turn(
        self, conversation: Conversation, question: Message | None, *answers: Message
    ) -> None:
        """Store a question and its empty answers in a single transaction."""

    async def save_answer(self, answer: Message) -> None:
        """Store the current state of an answer."""


class RunStore(MessageStore, Protocol):
    """Finds stored background runs."""

    async def take_over_runs(self) -> list[Message]:
        """Claim, and return, the unfinished background answers that no live process writes."""

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation, or None."""

    async def messages(self, conversation_id: str) -> list[Message]:
        """Return all messages of the conversation tree."""


class CompactionSource(Protocol):
    """Stores conversation compactions."""

    async def load(self, conversation_id: str) -> tuple[Compaction, ...]:
        """Return all compactions of a conversation, including undone ones, oldest first."""

    async def add(self, compaction: Compaction) -> bool:
        """Store a compaction. Return False if its message no longer exists."""

    async def undo(self, compaction_id: str, at: datetime) -> None:
        """Undo a compaction: its messages are sent again from `at` on."""


class AttachmentSource(Protocol):
    """Reads the text and the bytes of attachments."""

    async def text(self, sha256: str) -> str:
        """Return the extracted text."""

    async def bytes(self, sha256: str) -> bytes:
        """Return the original bytes."""


class AnswerFile(Protocol):
    """The growing file of an answer that is too long for its message."""

    async def append(self, text: str) -> None:
        """Write more of the answer. Raises StorageError, ReplyTooLargeError."""


class AnswerFiles(Protocol):
    """Files of answers that are too long for their message; see chat/long_answer.py."""

    def open(self, answer: Message) -> AnswerFile:
        """Return a new file for an answer. The first `append` creates it."""

    async def attach(self, answer: Message) -> DocumentPart | None:
        """Store the longest file of an answer as an attachment. Raises StorageError.

        Return None if there is no file, or no answer any more.
        """

    async def add_picture(self, answer: Message, data: bytes) -> ImagePart | None:
        """Store a generated image as an attachment. Raises StorageError.

        Return None if it is no image that can be kept.
        """

    async def discard(self, answer_id: str) -> None:
        """Remove all files of an answer."""

    async def unattached(self) -> list[str]:
        """Return the ids of the answers that have files. Raises StorageError."""


class ChatAttachments(AttachmentSource, Protocol):
    """Attachments of questions and answers."""

    @property
    def answers(self) -> AnswerFiles:
        """The files of long answers."""


class AnswerStore(Protocol):
    """Reads and stores single answers."""

    async def message(self, message_id: str) -> Message | None:
        """Return a message, or None."""

    async def save_answer(self, answer: Message) -> None:
        """Store the current state of an answer."""


class PictureSource(Protocol):
    """Prepares images for sending."""

    async def scaled(self, part: ImagePart, rule: ImageTokens | None) -> ImageData:
        """Return an image at the size that `rule` charges for, without metadata.

        The bytes are the same on every call. Raises UserFacingError.
        """

    async def pages(self, part: DocumentPart, rule: ImageTokens | None) -> list[ImageData]:
        """Return images of the document's `seen_pages`, in order; otherwise like `scaled`."""


class SpendingBook(Protocol):
    """Records the tokens and cost of every call."""

    async def add(self, call: Call) -> None:
        """Record a call."""


class PartsSource(Protocol):
    """Reads documents that are too large for a model; see documents/chunked_reading.py."""

    def read(
        self,
        question: Message,
        answer: Message,
        request: ChatRequest,
        resolved: ResolvedChoice,
        fence: Fence,
    ) -> Gateway:
        """Return a gateway whose provider reads the documents in chunks, then answers."""

    async def plan(
        self,
        documents: Sequence[DocumentPart],
        prompt: str,
        resolved: ResolvedChoice,
        instructions: str = "",
    ) -> ChunkPlan:
        """Return the plan for reading the documents in chunks. Raises UserFacingError."""

    async def texts(
        self,
        document: DocumentPart,
        prompt: str,
        resolved: ResolvedChoice,
        fence: Fence,
        instructions: str = "",
    ) -> list[str]:
        """Return the chunks of a document as they would be sent. Raises UserFacingError."""


class TokenCounter(Protocol):
    """Counts the tokens of a text for a provider's model."""

    @property
    def revision(self) -> int:
        """A number that grows when counts may have changed."""

    async def count(
        self, text: str, profile: ProviderProfile, model: str = "", *, may_ask: bool = False
    ) -> tuple[int, bool]:
        """Return the number of tokens, and True if it is exact for this provider.

        Args:
            may_ask: the text is about to be sent, so the server may be asked to count it.
        """

    def method(self, profile: ProviderProfile, model: str, *, exact: bool) -> CountMethod:
        """Return how a text is counted whose count is `exact` or not."""

    async def rates(
        self, text: str, profile: ProviderProfile, model: str
    ) -> tuple[Mapping[TextKind, float], float] | None:
        """Return the rates to split a text by, and the share of the room that its parts may fill.

        Return None for a model that is counted exactly.
        """
