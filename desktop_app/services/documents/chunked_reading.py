"""Documents that are larger than the model's window, read in parts.

Each document is cut where it is parted already; pages that hold no text go with their part as pictures.
The model takes notes on each part for the task that it is for, and answers from all the notes: see
note_taking.py.

Every note is kept by what it was made of, so an answer that was stopped, failed or was cut off by a
crash goes on where it was when it is asked again, and nothing is paid twice. Every call is priced and
stands in the ledger by itself.
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
    NotesStore,
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

# Of the room for a part: tokens are counted as OpenAI's models do, others count more.
SHARE: Final = 0.95
SHARE_ELSEWHERE: Final = 0.7
LEAST_PART: Final = 300
# However large the window: of a longer part a note says less, and several are read at once, within
# what providers let through in a minute.
LARGEST_PART: Final = 64_000
# The built-in model reads the tokens of a prompt of 5,000 at half the speed of one of 1,500.
LARGEST_PART_BUILT_IN: Final = 2_000
UNKNOWN_WINDOW: Final = 100_000
# What a note is planned to take; the model decides how long it is.
USUAL_NOTE: Final = 1500


class ChunkedDocument(Protocol):
    """A part of a text: from `start` to `end`, in characters, and its tokens."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...

    @property
    def tokens(self) -> int: ...


class Splitter(Protocol):
    """Cuts long texts."""

    async def chunks(self, text: str, tokens: int) -> Sequence[ChunkedDocument]:
        """Parts of at most so many tokens. Raises UserFacingError."""


class NoNotes:
    """Keeps none: for conversations that are stored nowhere."""

    async def get(self, _key: str) -> str | None:
        return None

    async def put(self, _key: str, _text: str) -> None:
        return


class ChunkedReader:
    """Reads in parts; see the module's paragraph."""

    def __init__(
        self,
        *,
        gateway: Gateway,
        attachments: AttachmentSource,
        pictures: PictureSource,
        estimator: Estimator,
        splitter: Splitter,
        notes: NotesStore,
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
        """What reading documents in parts would take. Raises UserFacingError."""
        task = Task(tuple(documents), prompt, resolved, instructions)
        return await self.plan_of(task, await self.pieces(task))

    async def plan_of(self, task: Task, pieces: Sequence[DocumentPiece]) -> ChunkPlan:
        """What is left to do where these are the parts."""
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
        """The parts of a document as they would be sent. Raises UserFacingError."""
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
        """A gateway whose provider reads the question's documents in parts, and then answers."""
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
        """The same for a task that was made already."""
        return ReadingGateway(self, task)

    async def pieces(self, task: Task) -> list[DocumentPiece]:
        """Every part of every document, in order. Raises UserFacingError."""
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
        """The parts of one document, each with the pages in it that are pictures; their labels say
        where they stand in it."""
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
        """Tokens that one call may be about, so that the model can read them and write its note."""
        usable = usable_input(task.resolved.model) or UNKNOWN_WINDOW
        around = FRAME * 8 + await self._tokens(task, task.instructions + INSTRUCTIONS + MERGING)
        around += await self._tokens(task, task.prompt)
        around += await self._tokens(task, task.fence.around("notes", ""))
        share = SHARE if task.resolved.profile.serves_the_family else SHARE_ELSEWHERE
        return max(LEAST_PART, int((usable - around) * share))

    async def room_for_notes(self, task: Task, request: ChatRequest) -> int:
        """Tokens that notes may have together in the last call, beside the earlier messages and the
        documents that go whole."""
        texts = [text_of(message.parts) for message in request.messages]  # type: ignore[arg-type]
        beside = [await self._tokens(task, text) + FRAME for text in texts]
        return max(LEAST_PART, await self.room(task) - sum(beside))

    async def batches(
        self, task: Task, notes: list[DocumentPiece], room: int
    ) -> list[DocumentPiece]:
        """Neighbouring notes together, as many as have room in a call; one where all fit the last."""
        batches: list[list[DocumentPiece]] = [[]]
        for note in notes:
            if batches[-1] and sum(n.tokens for n in batches[-1]) + note.tokens > room:
                batches.append([])
            batches[-1].append(note)
        return [await self._together(task, batch) for batch in batches]

    async def shown(self, task: Task, piece: DocumentPiece) -> list[RequestPart]:
        """The pages of a piece that are pictures. Raises UserFacingError."""
        sight = Sight(task.resolved.model, self.pictures)
        return [] if piece.seen is None else await sight.pages(piece.seen)

    async def note(self, task: Task, piece: DocumentPiece, text: str) -> DocumentPiece:
        """A note in the place of what it was made of."""
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
    """The documents that are to be read so."""
    return tuple(part for part in parts if isinstance(part, DocumentPart) and part.in_parts)
