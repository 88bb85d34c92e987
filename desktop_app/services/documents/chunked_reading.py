"""Reads documents that are larger than the model's window in chunks.

Each document is split at its natural boundaries; pages without text go with their chunk as images.
The model takes notes on each chunk for the task, and answers from all the notes: see
note_taking.py.

Every note is cached under a hash of its input. An answer that was stopped, failed or ended by a
crash therefore continues where it was, and nothing is billed twice. Every call has its own price
and its own line in the ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import ceil
from typing import Final, Protocol

from desktop_app.domain.conversations.chat_request import ChatRequest, RequestPart
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import DocumentPart, Part, text_of
from desktop_app.domain.documents.document_sections import chosen_text
from desktop_app.domain.models.model_catalog import Effort, ModelInfo
from desktop_app.domain.spending.cost import Usage
from desktop_app.services.chat.model_choice import ResolvedChoice
from desktop_app.services.documents.chunk_pages import page_spans
from desktop_app.services.documents.chunk_plan import ChunkPlan
from desktop_app.services.documents.chunk_positions import ChunkPositions
from desktop_app.services.documents.image_attachments import Sight, page_tokens
from desktop_app.services.documents.note_taking import (
    INSTRUCTIONS,
    MERGING,
    DocumentPiece,
    NoteCache,
    ReadingGateway,
    Task,
    key_of,
    longest,
    names_of,
    tagged,
)
from desktop_app.services.documents.summary_grammar import is_built_in
from desktop_app.services.fence import Fence, one_line
from desktop_app.services.ports import AttachmentSource, Gateway, PictureSource, SpendingBook
from desktop_app.services.spending.budget import Budget
from desktop_app.services.spending.cost_estimate import FRAME, Estimator, usable_input

# The usable share of a chunk's room: tokens are counted as OpenAI's models do, others count more.
SHARE: Final = 0.95
SHARE_ELSEWHERE: Final = 0.7
LEAST_PART: Final = 300
# An upper limit even for large windows: notes on a longer chunk say less, and several chunks are
# read at once within the providers' limits per minute.
LARGEST_PART: Final = 64_000
# The built-in model reads a prompt of 5,000 tokens at half the speed of a prompt of 1,500.
LARGEST_PART_BUILT_IN: Final = 2_000
UNKNOWN_WINDOW: Final = 100_000
# The planned tokens of a note; the model decides its length.
USUAL_NOTE: Final = 1500


class ChunkedDocument(Protocol):
    """A chunk of a text: its range in characters, and its tokens."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...

    @property
    def tokens(self) -> int: ...


class Splitter(Protocol):
    """Splits long texts."""

    async def chunks(self, text: str, tokens: int) -> Sequence[ChunkedDocument]:
        """Return chunks of at most `tokens` tokens. Raises UserFacingError."""


class ChunkedReader:
    """Reads documents in chunks."""

    def __init__(
        self,
        *,
        gateway: Gateway,
        attachments: AttachmentSource,
        pictures: PictureSource,
        estimator: Estimator,
        splitter: Splitter,
        notes: NoteCache,
        spending: SpendingBook,
        budget: Budget,
    ) -> None:
        self.gateway = gateway
        self.notes = notes
        self.spending = spending
        self.budget = budget
        self.pictures = pictures
        self._attachments = attachments
        self._estimator = estimator
        self._splitter = splitter

    async def plan(
        self,
        documents: Sequence[DocumentPart],
        prompt: str,
        resolved: ResolvedChoice,
        instructions: str = "",
    ) -> ChunkPlan:
        """Return the plan for reading documents in chunks. Raises UserFacingError."""
        task = Task(tuple(documents), prompt, resolved, instructions)
        return await self.plan_of(task, await self.pieces(task))

    async def plan_of(self, task: Task, pieces: Sequence[DocumentPiece]) -> ChunkPlan:
        """Return the plan for these pieces, without the notes that are cached."""
        price = task.resolved.price
        left = [p for p in pieces if await self.notes.get(key_of(task, p)) is None]
        around = ceil((len(INSTRUCTIONS) + len(task.prompt)) / 3)
        note = min(longest(task) or USUAL_NOTE, USUAL_NOTE)
        tokens = sum(piece.tokens + around for piece in left) + len(pieces) * note
        usage = Usage(input_tokens=tokens, output_tokens=len(left) * note + USUAL_NOTE)
        cost = None if price is None else price.of(usage)
        thinks = task.resolved.effort not in (None, Effort.NONE)
        return ChunkPlan(len(pieces), len(pieces) - len(left), tokens, cost, thinks)

    async def texts(
        self,
        document: DocumentPart,
        prompt: str,
        resolved: ResolvedChoice,
        fence: Fence,
        instructions: str = "",
    ) -> list[str]:
        """Return the chunks of a document as they would be sent. Raises UserFacingError."""
        pieces = await self.pieces(Task((document,), prompt, resolved, instructions))
        return [
            "\n\n".join([tagged(piece, fence, is_merging=False), *names_of(piece)])
            for piece in pieces
        ]

    def read(
        self,
        question: Message,
        answer: Message,
        request: ChatRequest,
        resolved: ResolvedChoice,
        fence: Fence,
    ) -> Gateway:
        """Return a gateway whose provider reads the documents in chunks, then answers."""
        task = Task(
            in_parts(question.parts),
            question.text,
            resolved,
            request.instructions,
            request.parameters,
            question.conversation_id,
            answer.id,
            fence,
        )
        return self.reading(task)

    def reading(self, task: Task) -> Gateway:
        """Return such a gateway for an existing task."""
        return ReadingGateway(self, task)

    async def pieces(self, task: Task) -> list[DocumentPiece]:
        """Return all chunks of all documents, in order. Raises UserFacingError."""
        largest = LARGEST_PART_BUILT_IN if is_built_in(task.resolved) else LARGEST_PART
        room = min(await self.room(task), largest)
        made = []
        for document in task.documents:
            text = await self._attachments.text(document.sha256)
            text = await asyncio.to_thread(chosen_text, document, text)
            cut = await self._cut(document, text, room, task.resolved.model)
            name = one_line(document.name)
            for number, piece in enumerate(cut, 1):
                label = f'document="{name}" part="{number} of {len(cut)}"{piece.label}'
                made.append(replace(piece, label=label))
        return made

    async def _cut(
        self, document: DocumentPart, text: str, room: int, model: ModelInfo
    ) -> list[DocumentPiece]:
        """Return the chunks of a document, each with its image pages.

        Their labels give their position in the document.
        """
        made = []
        places = await asyncio.to_thread(ChunkPositions, text)
        for stretch in page_spans(document, text, room, model):
            words = text[stretch.start : stretch.end]
            for cut in await self._splitter.chunks(words, max(LEAST_PART, room - stretch.tokens)):
                begins, ends = stretch.start + cut.start, stretch.start + cut.end
                pages = tuple(page for at, page in stretch.pages if begins <= at < ends)
                seen = replace(document, pictured=pages, in_parts=False, chosen=None)
                tokens = cut.tokens + page_tokens(seen, model)[0]
                words_of_it = places.table_head(begins) + text[begins:ends]
                label = places.attributes(begins)
                made.append(DocumentPiece(label, words_of_it, tokens, seen if pages else None))
        return made

    async def room(self, task: Task) -> int:
        """Return the tokens of a chunk that leave the model room for its prompt and its note."""
        usable = usable_input(task.resolved.model) or UNKNOWN_WINDOW
        around = FRAME * 8 + await self._tokens(task, task.instructions + INSTRUCTIONS + MERGING)
        around += await self._tokens(task, task.prompt)
        around += await self._tokens(task, task.fence.around("notes", ""))
        share = SHARE if task.resolved.profile.serves_the_family else SHARE_ELSEWHERE
        return max(LEAST_PART, int((usable - around) * share))

    async def room_for_notes(self, task: Task, request: ChatRequest) -> int:
        """Return the tokens that all notes may have in the last call.

        The call also contains the earlier messages and the documents that are sent whole.
        """
        texts = [text_of(message.parts) for message in request.messages]  # type: ignore[arg-type]
        beside = [await self._tokens(task, text) + FRAME for text in texts]
        return max(LEAST_PART, await self.room(task) - sum(beside))

    async def batches(
        self, task: Task, notes: list[DocumentPiece], room: int
    ) -> list[DocumentPiece]:
        """Merge adjacent notes into as few pieces as fit a call each."""
        batches: list[list[DocumentPiece]] = [[]]
        for note in notes:
            if batches[-1] and sum(n.tokens for n in batches[-1]) + note.tokens > room:
                batches.append([])
            batches[-1].append(note)
        return [await self._together(task, batch) for batch in batches]

    async def shown(self, task: Task, piece: DocumentPiece) -> list[RequestPart]:
        """Return the image pages of a piece. Raises UserFacingError."""
        sight = Sight(task.resolved.model, self.pictures)
        return [] if piece.seen is None else await sight.pages(piece.seen)

    async def note(self, task: Task, piece: DocumentPiece, text: str) -> DocumentPiece:
        """Return a piece with the note in place of its source."""
        return DocumentPiece(piece.label, text, await self._tokens(task, text))

    async def _together(self, task: Task, notes: Sequence[DocumentPiece]) -> DocumentPiece:
        text = "\n\n".join(
            task.fence.around("notes", note.text, f" {note.label}") for note in notes
        )
        first, last = notes[0].label, notes[-1].label.replace('"', "")
        label = first if len(notes) == 1 else f'{first} to="{last}"'
        return DocumentPiece(label, text, await self._tokens(task, text))

    async def _tokens(self, task: Task, text: str) -> int:
        return await self._estimator.text_tokens(text, task.resolved)


def in_parts(parts: Iterable[Part]) -> tuple[DocumentPart, ...]:
    """Return the documents that are read in chunks."""
    return tuple(part for part in parts if isinstance(part, DocumentPart) and part.in_parts)
