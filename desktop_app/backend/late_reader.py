"""Creates the reader of documents in parts when it is first used, not at startup."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.conversations.chat_request import ChatRequest
    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.domain.conversations.message_parts import DocumentPart
    from desktop_app.services.chat.model_choice import ResolvedChoice
    from desktop_app.services.documents.chunk_plan import ChunkPlan
    from desktop_app.services.documents.chunked_reading import ChunkedReader
    from desktop_app.services.fence import Fence
    from desktop_app.services.ports import Gateway


class LateReader:
    """Implements services.ports.PartsSource.

    Args:
        made_of: the arguments of ChunkedReader.
    """

    def __init__(self, **made_of: Any) -> None:
        self._made_of = made_of

    def read(
        self,
        question: Message,
        answer: Message,
        request: ChatRequest,
        resolved: ResolvedChoice,
        fence: Fence,
    ) -> Gateway:
        """Return a gateway whose provider reads the documents in parts, then answers."""
        return self._reader.read(question, answer, request, resolved, fence)

    async def plan(
        self,
        documents: Sequence[DocumentPart],
        prompt: str,
        resolved: ResolvedChoice,
        instructions: str = "",
    ) -> ChunkPlan:
        """Return the calls and cost of reading in parts. Raises UserFacingError."""
        return await self._reader.plan(documents, prompt, resolved, instructions)

    async def texts(
        self,
        document: DocumentPart,
        prompt: str,
        resolved: ResolvedChoice,
        fence: Fence,
        instructions: str = "",
    ) -> list[str]:
        """Return the parts of a document as they would be sent. Raises UserFacingError."""
        return await self._reader.texts(document, prompt, resolved, fence, instructions)

    @cached_property
    def _reader(self) -> ChunkedReader:
        from desktop_app.services.documents.chunked_reading import ChunkedReader

        return ChunkedReader(**self._made_of)
