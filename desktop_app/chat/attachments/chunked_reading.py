"""Reads documents in chunks if they are larger than the model's window.

Each document is split at its natural boundaries; its image pages go with their chunk. The model
takes notes on each chunk for the task, and answers from all the notes: see note_taking.py.

A chunk is a range of a document's text. A piece is what one call gets: the text of a chunk with
its label and image pages, a section of it if the server refused it as too long, or merged notes.

Every note is cached under a hash of its input, so an answer that was stopped, failed or ended by a
crash continues where it was, and nothing is billed twice. Every call has its own price and its own
line in the ledger.
"""

from __future__ import annotations

import asyncio
import re
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import ceil
from typing import Final
from weakref import WeakValueDictionary

from desktop_app.budget.budget import PaidCalls
from desktop_app.chat.attachments.image_attachments import ImageForm, page_name, page_tokens
from desktop_app.chat.attachments.image_scaling import ImageScaler
from desktop_app.chat.attachments.note_taking import (
    INSTRUCTIONS,
    MAX_CONCURRENT_CALLS,
    MERGING,
    USUAL_NOTE_TOKENS,
    DocumentPiece,
    ReadingProvider,
    ReadingTask,
    max_note_tokens,
    note_key,
    wrap_piece,
)
from desktop_app.chat.cost_estimate import (
    MESSAGE_OVERHEAD,
    USABLE_SHARE,
    Estimator,
    TypicalAnswers,
    typical_answer,
    usable_input,
)
from desktop_app.chat.send_context import AskSettings
from desktop_app.documents.store.note_store import NoteStore
from desktop_app.domain.answering.chat_request import (
    ChatRequest,
    ImageData,
    ProviderKind,
    RequestPart,
)
from desktop_app.domain.conversations.message_parts import DocumentPart, PageImage, text_of
from desktop_app.domain.cost import Usage, cost_of_calls, sum_costs
from desktop_app.domain.documents.document_sections import Headings, chosen_text
from desktop_app.domain.documents.extracted_document import TextChunk
from desktop_app.domain.errors import ContextTooLongError, IllegalChoiceError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.token_counts import (
    GUESSED_SHARE,
    LARGEST_SIDE,
    CountMethod,
    image_tokens,
)
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.prompt_delimiter import PromptDelimiter, attribute, one_line
from desktop_app.domain.remembered_note import notes_text
from desktop_app.i18n.formatting import money
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.providers.ports import AttachmentSource, Gateway, GatewayWrapper

# The limit applies to large windows, too: notes on a longer chunk say less, and several larger
# chunks at once would exceed the providers' limits per minute.
MAX_CHUNK_TOKENS: Final = 64_000
# The assumed input limit of a model whose limit is unknown, in tokens.
UNKNOWN_WINDOW: Final = 100_000
# A refused piece is split so that its sections fill this share of the window.
SPLIT_SHARE: Final = 0.6
MAX_SECTIONS: Final = 50
MIN_PART_TOKENS: Final = 300
# The end of a section moves back to one of these borders, strongest first, by at most this share of
# a section: an arbitrary number.
_BORDERS: Final = ("\n\n", "\n", ". ", "。", " ")
_MAX_MOVED_SHARE: Final = 0.3
# For a quick estimate of the tokens of short texts.
_CHARS_PER_TOKEN: Final = 3
# The tokens of a call's messages and tags apart from their texts, generously.
_FRAME_TOKENS: Final = 8 * MESSAGE_OVERHEAD
_PAGE_MARK: Final = re.compile(r"^\[(page|slide|chapter) (\d+)\][ \t]*$", re.M)
_TABLE: Final = re.compile(r"(?:^[ \t]*\|.*\|[ \t]*(?:\n|\Z))+", re.M)
_TABLE_RULE: Final = re.compile(r"[ \t]*\|[-| :\t]+\|[ \t]*")
# A longer table header is left out.
_MAX_HEADER_CHARS: Final = 400


# With more pages at once, a model sees less of each. The number is arbitrary.
MAX_PAGES_PER_CHUNK: Final = 20
# The largest share of a chunk's tokens for images; the text has the rest.
MAX_IMAGE_SHARE: Final = 0.5


class ChunkedReader:
    """Reader of documents in chunks.

    Args:
        split_text: returns chunks of a text that have at most so many OpenAI tokens.
        note_taker: returns the model that takes the notes, given the model that answers.
    """

    def __init__(
        self,
        *,
        calls: PaidCalls,
        attachments: AttachmentSource,
        images: ImageScaler,
        estimator: Estimator,
        split_text: Callable[[str, int], Awaitable[list[TextChunk]]],
        notes: NoteStore,
        note_taker: Callable[[ResolvedChoice], ResolvedChoice] = lambda answering: answering,
    ) -> None:
        self._note_taker = note_taker
        self.calls = calls
        self.notes = notes
        self._images = images
        self._attachments = attachments
        self._estimator = estimator  # asks no server; `for_sending()` returns one that may
        self._split_text = split_text
        # By the note's key, so that several answers do not pay for the same note.
        self.note_locks = WeakValueDictionary[str, asyncio.Lock]()

    async def plan(
        self,
        documents: Sequence[DocumentPart],
        prompt: str,
        answering: ResolvedChoice,
        settings: AskSettings,
    ) -> ChunkPlan:
        """Return the plan for reading documents in chunks. Raises UserFacingError.

        Args:
            answering: the model that answers from the notes.
        """
        taker = self.limited_note_taker(answering)
        task = ReadingTask(
            tuple(documents),
            prompt,
            taker,
            settings.sent_instructions,
            remembered=notes_text(settings.notes),
            answerer=answering,
        )
        pieces = await self.pieces(task, for_sending=False)
        return await self.plan_of(task, pieces, answers=settings.parameters.candidates)

    def limited_note_taker(self, answering: ResolvedChoice) -> ResolvedChoice:
        """Return the model that takes the notes, limited to the answering model's input.

        The notes are then short enough for both: merged again by the note taker, and sent together
        to the answering model.
        """
        taker = self._note_taker(answering)
        max_input = usable_input(answering.model)
        taker_max_input = usable_input(taker.model)
        if max_input is None or (taker_max_input is not None and taker_max_input <= max_input):
            return taker
        return replace(taker, model=replace(taker.model, max_input=max_input))

    async def plan_of(
        self, task: ReadingTask, pieces: Sequence[DocumentPiece], *, answers: int = 1
    ) -> ChunkPlan:
        """Return the plan for these pieces; cached notes cost nothing.

        Args:
            answers: the number of answers, which share the notes.
        """
        uncached_pieces = [p for p in pieces if await self.notes.get(note_key(task, p)) is None]
        overhead = ceil((len(task.note_instructions) + len(task.prompt)) / _CHARS_PER_TOKEN)
        # A small model's notes are limited; any other is expected to write notes of usual length.
        note_tokens = min(max_note_tokens(task) or USUAL_NOTE_TOKENS, USUAL_NOTE_TOKENS)
        notes = [Usage(each.tokens + overhead, 0, note_tokens) for each in uncached_pieces]
        ends = [Usage(len(pieces) * note_tokens, 0, USUAL_NOTE_TOKENS)] * answers
        taker = task.note_taker
        answering = task.answering
        price = answering.counted_price  # the ordinary price if the service tier's is unknown
        cost_if_answerer_reads = None
        if answering.model.id != taker.model.id:
            cost_if_answerer_reads = cost_of_calls(price, notes + ends)
        return ChunkPlan(
            calls=len(pieces),
            cached_calls=len(pieces) - len(uncached_pieces),
            input_tokens=sum(usage.input_tokens for usage in notes + ends),
            cost=sum_costs([cost_of_calls(taker.price, notes), cost_of_calls(price, ends)]),
            leaves_out_reasoning=taker.effort not in (None, Effort.NONE),
            method=await self._estimator.method_of(INSTRUCTIONS, taker),
            note_taker=taker.model.name,
            answerer=answering.model.name,
            cost_if_answerer_reads=cost_if_answerer_reads,
        )

    async def texts(
        self,
        document: DocumentPart,
        prompt: str,
        answering: ResolvedChoice,
        delimiter: PromptDelimiter,
        instructions: str,
    ) -> list[str]:
        """Return the chunks of a document as they would be sent. Raises UserFacingError."""
        task = ReadingTask((document,), prompt, self.limited_note_taker(answering), instructions)
        pieces = await self.pieces(task, for_sending=False)
        texts = []
        for piece in pieces:
            images = piece.image_document
            pages = images.pictured if images else ()
            names = [page_name(document, page.number) for page in pages]
            texts.append("\n\n".join([wrap_piece(piece, delimiter, are_notes=False), *names]))
        return texts

    def gateway_for(self, task: ReadingTask, gateway: Gateway | None = None) -> Gateway:
        """Return a gateway whose provider does `task`, by default through the reader's gateway."""
        return GatewayWrapper(
            gateway or self.calls.gateway,
            lambda _profile, provider: ReadingProvider(self, task, provider),
        )

    async def pieces(self, task: ReadingTask, *, for_sending: bool = True) -> list[DocumentPiece]:
        """Return a piece for each chunk of all documents, in order. Raises UserFacingError.

        The same task, model and text make the same pieces, so later readings find their notes.

        Args:
            for_sending: False makes the pieces for a plan: no server counts them.
        """
        estimator = self._estimator.for_sending() if for_sending else self._estimator
        max_tokens = min(await self.room_for_material(task, estimator), MAX_CHUNK_TOKENS)
        all_pieces = []
        for document in task.documents:
            text = await self._attachments.text(document.text_key)
            text = await asyncio.to_thread(chosen_text, document, text)
            pieces = await self._pieces_of(document, text, max_tokens, task, estimator)
            name = one_line(document.name)
            for number, piece in enumerate(pieces, 1):
                label = f'document="{name}" part="{number} of {len(pieces)}"{piece.label}'
                all_pieces.append(replace(piece, label=label))
        return all_pieces

    async def _pieces_of(
        self,
        document: DocumentPart,
        text: str,
        max_tokens: int,
        task: ReadingTask,
        estimator: Estimator,
    ) -> list[DocumentPiece]:
        """Return the pieces of a document's text that fit `max_tokens` with their image pages.

        Their labels give their position in the document.
        """
        pieces = []
        model = task.note_taker.model
        rate = estimator.tokenizer_rate(task.note_taker)
        positions = await asyncio.to_thread(ChunkPositions, text)
        for span in page_spans(document, text, max_tokens, model):
            text_tokens = max(MIN_PART_TOKENS, max_tokens - span.image_tokens)
            if rate is not None:  # an estimate; a part that the server refuses is split again
                text_tokens = ceil(max(MIN_PART_TOKENS, text_tokens * GUESSED_SHARE) / rate)
            span_text = text[span.start : span.end]
            for chunk in await self._split_text(span_text, text_tokens):
                start, end = span.start + chunk.start, span.start + chunk.end
                pages = [page for at, page in span.pages if start <= at < end]
                images = only_images(document, pages)
                pieces.append(
                    DocumentPiece(
                        positions.attributes(start),
                        positions.table_head(start) + text[start:end],
                        ceil(chunk.tokens * (rate or 1)) + page_tokens(images, model).tokens,
                        images if pages else None,
                    )
                )
        return pieces

    async def split(
        self, task: ReadingTask, piece: DocumentPiece, error: ContextTooLongError
    ) -> list[DocumentPiece]:
        """Return the sections of a piece that the server refused as too long.

        They depend only on the piece, the server's error and the model's window, so that another
        reading makes the same sections and finds their notes. A piece that cannot be split is
        returned alone.
        """
        count = 2
        window = error.window or task.note_taker.model.input_limit
        if error.tokens and window:
            count = min(max(2, ceil(error.tokens / (window * SPLIT_SHARE))), MAX_SECTIONS)
        size = ceil(len(piece.text) / count)
        ranges = await asyncio.to_thread(even_parts, piece.text, size)
        if len(ranges) < 2:
            return [piece]
        sections = []
        for number, (start, end) in enumerate(ranges, 1):
            label = f'{piece.label} section="{number} of {len(ranges)}"'
            tokens = piece.tokens * (end - start) // len(piece.text)
            image_document = piece.image_document if number == 1 else None
            sections.append(DocumentPiece(label, piece.text[start:end], tokens, image_document))
        return sections

    async def room_for_material(self, task: ReadingTask, estimator: Estimator) -> int:
        """Return the tokens that fit a call of the note taker beside prompt and instructions."""
        taker = task.note_taker
        overhead = _FRAME_TOKENS
        for text in (
            task.instructions + INSTRUCTIONS + MERGING,
            task.prompt,
            task.delimiter.wrap("notes", ""),
        ):
            overhead += await estimator.text_tokens(text, taker)
        window_tokens = usable_input(taker.model) or UNKNOWN_WINDOW
        return max(MIN_PART_TOKENS, int((window_tokens - overhead) * USABLE_SHARE))

    async def max_notes_tokens(self, task: ReadingTask, request: ChatRequest) -> int:
        """Return the tokens that all notes may have in the last call.

        The call also contains the earlier messages, and the documents and images that are sent in
        full. An image counts as a large one, because its size is not known here.
        """
        estimator = self._estimator.for_sending()
        taker = task.note_taker
        taken_tokens = 0
        for message in request.messages:
            text = text_of(message.parts)  # type: ignore[arg-type]
            taken_tokens += await estimator.text_tokens(text, taker) + MESSAGE_OVERHEAD
            for part in message.parts:
                if isinstance(part, ImageData):
                    rule = task.answering.model.image_tokens
                    taken_tokens += image_tokens((LARGEST_SIDE,) * 2, part.detail, rule).tokens
        room = await self.room_for_material(task, estimator)
        if not (await estimator.count(INSTRUCTIONS, taker)).is_exact:
            room = int(room / USABLE_SHARE * GUESSED_SHARE)
        return max(MIN_PART_TOKENS, room - taken_tokens)

    async def merge_notes(
        self, task: ReadingTask, notes: list[DocumentPiece], max_tokens: int
    ) -> list[DocumentPiece]:
        """Join adjacent notes until another would exceed `max_tokens`; return the pieces."""
        batches: list[list[DocumentPiece]] = [[]]
        for note in notes:
            if batches[-1] and sum(n.tokens for n in batches[-1]) + note.tokens > max_tokens:
                batches.append([])
            batches[-1].append(note)
        pieces = []
        for batch in batches:
            wrapped = (task.delimiter.wrap("notes", n.text, f" {n.label}") for n in batch)
            label = batch[0].label
            if len(batch) > 1:
                last_label = batch[-1].label.replace('"', "")  # becomes the value of an attribute
                label = f'{label} to="{last_label}"'
            pieces.append(await self.note_piece(task, label, "\n\n".join(wrapped)))
        return pieces

    async def image_pages(self, task: ReadingTask, piece: DocumentPiece) -> list[RequestPart]:
        """Return the image pages of a piece. Raises UserFacingError."""
        image_form = ImageForm(task.note_taker.model, self._images)
        return [] if piece.image_document is None else await image_form.pages(piece.image_document)

    async def note_piece(self, task: ReadingTask, label: str, text: str) -> DocumentPiece:
        """Return a piece of notes, with its counted tokens."""
        estimator = self._estimator.for_sending()
        return DocumentPiece(label, text, await estimator.text_tokens(text, task.note_taker))


# ---------------------------------------------------------------------- positions and pages


class ChunkPositions:
    """The pages, headings and tables of a document's text, to locate chunks."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks = list(_PAGE_MARK.finditer(text))
        self._headings = Headings(text)
        self._tables = [match.span() for match in _TABLE.finditer(text)]

    def attributes(self, offset: int) -> str:
        """Return the attributes of a chunk that begins at `offset`, each with a leading space.

        These are the page and the headings above it, outermost first; "" if there are none. A mark
        or a heading at `offset` is in the chunk itself.
        """
        text = ""
        mark_count = bisect_right(self._marks, offset, key=re.Match.start)
        if mark_count and (mark := self._marks[mark_count - 1]).start() < offset:
            text = attribute(mark[1], mark[2])
        headings = [each.words for each in self._headings.above(offset) if each.start < offset]
        return text + attribute("under", " › ".join(headings)) if headings else text

    def table_head(self, offset: int) -> str:
        """Return the two header lines of the table that continues at `offset`.

        Return "" if no table continues there, or if its header is too long.
        """
        table_count = bisect_right(self._tables, (offset, 0))
        if not table_count or not self._text.endswith("\n", 0, offset):
            return ""
        start, end = self._tables[table_count - 1]
        head, *others = self._text[start:offset].split("\n", 2)
        if offset >= end or len(others) < 2 or len(head) > _MAX_HEADER_CHARS:
            return ""
        return f"{head}\n{others[0]}\n" if _TABLE_RULE.fullmatch(others[0]) else ""


@dataclass
class PageSpan:
    """A range of a document's text, in characters, whose images fit one chunk.

    Attributes:
        pages: the image pages, each with the offset of its mark.
        image_tokens: the tokens of the images.
    """

    start: int
    end: int
    pages: list[tuple[int, PageImage]] = field(default_factory=list)
    image_tokens: int = 0


def page_spans(
    document: DocumentPart, text: str, max_tokens: int, model: ModelInfo
) -> list[PageSpan]:
    """Split a text into as few spans as its images allow: a single span if none is sent.

    Raises:
        IllegalChoiceError: a single image is too large for a chunk of `max_tokens` tokens.
    """
    spans = [PageSpan(0, len(text))]
    max_image_tokens = max_tokens * MAX_IMAGE_SHARE
    for offset, page in placed_pages(document, text, model):
        tokens = page_tokens(only_images(document, [page]), model).tokens
        if tokens > max_image_tokens:
            raise IllegalChoiceError(
                N_("Page {page} of “{name}” is too large for {model}."),
                hint=N_("In the attachment’s menu, choose lower detail or text only."),
                page=page.number,
                name=document.name,
                model=model.name,
            )
        span = spans[-1]
        has_all_pages = len(span.pages) == MAX_PAGES_PER_CHUNK
        if has_all_pages or span.image_tokens + tokens > max_image_tokens:
            span.end = offset
            span = PageSpan(offset, len(text))
            spans.append(span)
        span.pages.append((offset, page))
        span.image_tokens += tokens
    return spans


def only_images(document: DocumentPart, pages: Sequence[PageImage]) -> DocumentPart:
    """Return the document reduced to these image pages."""
    return replace(document, pictured=tuple(pages), in_parts=False, chosen=None)


def placed_pages(
    document: DocumentPart, text: str, model: ModelInfo
) -> list[tuple[int, PageImage]]:
    """Return the pages sent as images, each with the offset of its mark in the text.

    The first mark may begin the text; every other mark follows a blank line. Return [] if the
    document has no such pages, or the model sees no images.
    """
    if model.sees_images is False:
        return []
    placed = []
    offset = 0
    for page in document.image_pages:
        mark = f"[page {page.number}]\n"
        if offset or not text.startswith(mark):
            offset = max(offset, text.find(f"\n\n{mark}", max(0, offset - 2)) + 2)
        placed.append((offset, page))
    return placed


def even_parts(text: str, size: int) -> list[tuple[int, int]]:
    """Return the ranges of parts of at most `size` characters, ending at borders if possible."""
    parts = []
    start = 0
    while len(text) - start > size:
        end = start + size
        earliest = end - int(size * _MAX_MOVED_SHARE)
        for border in _BORDERS:
            border_start = text.rfind(border, earliest, end)
            if border_start > start:
                end = border_start + len(border)
                break
        parts.append((start, end))
        start = end
    if start < len(text):
        parts.append((start, len(text)))
    return parts


@dataclass(frozen=True)
class ChunkPlan:
    """The calls and cost of reading in chunks.

    Attributes:
        calls: the number of calls without the final answer.
        cached_calls: the calls among them whose notes are stored.
        cost: US dollars, approximate; None if the price is unknown.
        method: how the tokens were counted.
        leaves_out_reasoning: the model reasons before each note, at an unknown cost that is not
            included.
        note_taker, answerer: the names of the models that take the notes, and answer from them.
        cost_if_answerer_reads: US dollars if the answering model took the notes; None if no other
            model takes them, or if its price is unknown.
    """

    calls: int
    cached_calls: int
    input_tokens: int
    cost: Decimal | None
    leaves_out_reasoning: bool = False
    method: CountMethod = CountMethod.TOKENIZER
    note_taker: str = ""
    answerer: str = ""
    cost_if_answerer_reads: Decimal | None = None

    def seconds(self, resolved: ResolvedChoice, typical: TypicalAnswers) -> float | None:
        """Return the time that reading and answering take, from the user's own answers.

        Return None if the model has not answered yet, or if another one takes the notes.
        """
        is_same = self.note_taker in ("", self.answerer)
        each_s = typical_answer(resolved, typical).seconds if is_same else None
        is_on_device = resolved.profile.kind is ProviderKind.ON_DEVICE
        at_once = 1 if is_on_device else MAX_CONCURRENT_CALLS
        rounds = ceil((self.calls - self.cached_calls) / at_once) + 1
        return None if each_s is None else each_s * rounds

    @property
    def comparison(self) -> str:
        """Return a sentence on `cost_if_answerer_reads`; "" if that is None."""
        if self.cost_if_answerer_reads is None:
            return ""
        return tr(
            "{taker} reads the parts. Reading with {answerer} would cost about {cost}.",
            taker=self.note_taker,
            answerer=self.answerer,
            cost=money(self.cost_if_answerer_reads),
        )

    @property
    def cost_text(self) -> str:
        """Return the cost as text; "" if it is unknown or zero."""
        if not self.cost:
            return ""
        cost = money(self.cost)
        if self.leaves_out_reasoning:
            return tr("about {cost}, plus reasoning", cost=cost)
        return tr("about {cost}", cost=cost)
