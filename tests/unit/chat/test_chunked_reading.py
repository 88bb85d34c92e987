"""Documents larger than the window: every chunk is read once, and every fact arrives."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from desktop_app.budget.budget import Budget, PaidCalls, SpendingHolds
from desktop_app.budget.ledger import Ledger
from desktop_app.chat.attachments.chunked_reading import ChunkedReader, ChunkPlan
from desktop_app.chat.attachments.note_taking import (
    MAX_CONCURRENT_CALLS,
    MAX_NOTE_TOKENS_ON_DEVICE,
    MERGING,
    ReadingTask,
)
from desktop_app.chat.cost_estimate import Estimator
from desktop_app.chat.send_context import AskSettings
from desktop_app.documents.index.chunks import chunks
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.documents.store.note_store import NoteStore
from desktop_app.domain import errors
from desktop_app.domain.answering.answer_status import status_text
from desktop_app.domain.answering.chat_request import (
    ChatRequest,
    FileData,
    ImageData,
    ProviderProfile,
    RequestMessage,
)
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    Notice,
    StatusChanged,
    StreamEvent,
    TextDelta,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import Role, now
from desktop_app.domain.conversations.message_parts import (
    Attachment,
    ChosenPages,
    DocumentPart,
    ImagePart,
    PageImage,
    TextPart,
    text_of,
)
from desktop_app.domain.cost import Price, Usage
from desktop_app.domain.documents.extracted_document import TextChunk
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.token_counts import ImageTokens, TileTokens
from desktop_app.i18n.formatting import money
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE, OPENAI
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database
from tests.helpers.scripted_provider import OneProvider, ScriptedProvider, WordCounter
from tests.helpers.waiting import until

FACT = re.compile(r"FACT-\d+")
PRICE = Price(Decimal(1), Decimal(1), Decimal(1))
MODEL = ModelInfo("small", "Small", context_window=1_600, max_output=200, price=PRICE)
NO_TEXT = "[no text on this page]"
PROMPT = "Summarise the document."


class NoteTaker(ScriptedProvider):
    """Notes every fact that it is shown, and answers with all of them.

    Attributes:
        most_at_once: the largest number of calls that ran at once.
        has_room_for: the number of concurrent calls that succeed.
        too_many: the error of the others.
        speaks_first: True if each call begins to answer before it waits at the gate.
        fails_on: a fact at which a call fails.
        gate: no call ends until it is set.
        window: its window in tokens, of which a word has `ratio`; None for no limit.
        says_sizes: True if a refusal of a long request names its tokens and the window.
        refused: how many requests were too long.
    """

    def __init__(self) -> None:
        super().__init__()
        self.running = self.most_at_once = 0
        self.fails_on = ""
        self.has_room_for = MAX_CONCURRENT_CALLS
        self.too_many: errors.ProviderError = errors.RateLimitedError(
            "{provider} is limiting requests.",
            hint="Wait a moment, then try again.",
            provider="OpenAI",
        )
        self.speaks_first = False
        self.window: int | None = None
        self.ratio, self.says_sizes, self.refused = 1.0, True, 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        self.requests.append(request)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        is_too_many = self.running > self.has_room_for
        if self.speaks_first:
            yield TextDelta("Well: ")
        await self.gate.wait()
        self.running -= 1
        if is_too_many:
            yield StatusChanged(7, ErrorNote("There are too many requests."))
            yield Failed(self.too_many)
            return
        text = text_of(request.messages[-1].parts)  # type: ignore[arg-type]
        tokens = int(len(text.split()) * self.ratio)
        if self.window is not None and tokens > self.window:
            self.refused += 1
            error = errors.ContextTooLongError(
                "The conversation exceeds the model’s context window.",
                hint="Remove an attachment, start a new conversation, or choose another model.",
            )
            if self.says_sizes:
                error.tokens, error.window = tokens, self.window
            yield Failed(error)
            return
        if self.fails_on and self.fails_on in text:
            yield Failed(
                errors.RateLimitedError(
                    "{provider} is limiting requests.",
                    hint="Wait a moment, then try again.",
                    provider="OpenAI",
                )
            )
            return
        yield TextDelta(" ".join(FACT.findall(text)) or "nothing")
        yield UsageReported(Usage(input_tokens=len(text.split()), output_tokens=3))
        yield Completed()


class DrawnPages:
    """Images of pages that contain their page numbers."""

    async def scaled_image(self, part: ImagePart, rule: ImageTokens | None) -> ImageData:
        raise AssertionError("no picture is attached")

    async def page_images(self, part: DocumentPart, rule: ImageTokens | None) -> list[ImageData]:
        return [ImageData("image/png", f"picture {p.number}".encode()) for p in part.image_pages]


class WordSplitter:
    """A splitter that counts each word as a token."""

    async def chunks(self, text: str, tokens: int) -> list[TextChunk]:
        return chunks(text, tokens, lambda part: len(part.split()))


def book(facts: int, words_between: int = 90) -> str:
    """Return a long text with a fact in every paragraph."""
    filler = "word " * words_between
    return "\n\n".join(f"{filler}. It is so that FACT-{n} holds." for n in range(facts))


class Reading:
    """A reader over a real store."""

    def __init__(
        self, reader: ChunkedReader, provider: NoteTaker, ledger: Ledger, estimator: Estimator
    ) -> None:
        self.reader, self.provider, self.ledger = reader, provider, ledger
        self.estimator = estimator

    def task(self, *names: str, profile: ProviderProfile = OPENAI) -> ReadingTask:
        parts = tuple(
            DocumentPart(sha256(name.encode()).hexdigest(), name, "text/plain", 9, in_parts=True)
            for name in names
        )
        return ReadingTask(parts, PROMPT, ResolvedChoice(profile, MODEL, None, None))

    async def plan(self, task: ReadingTask) -> ChunkPlan:
        return await self.reader.plan(task.documents, task.prompt, task.note_taker, AskSettings())

    async def run(self, task: ReadingTask, *before: RequestMessage) -> list[StreamEvent]:
        message = RequestMessage(Role.USER, (TextPart(PROMPT),))
        request = ChatRequest(model=MODEL.id, messages=(*before, message))
        provider = await self.reader.gateway_for(task).provider(task.note_taker.profile)
        return [event async for event in provider.stream(request)]

    async def facts(self, task: ReadingTask) -> list[str]:
        return facts_in(await self.run(task))

    def merging_requests(self) -> list[ChatRequest]:
        """Return the requests that merged notes."""
        return [r for r in self.provider.requests if r.instructions.endswith(MERGING)]

    async def until_all_calls_run(self) -> None:
        """Wait until as many calls as are allowed wait at the gate."""

        async def all_run() -> bool:
            return self.provider.running == MAX_CONCURRENT_CALLS

        await until(all_run)


def facts_in(events: Iterable[StreamEvent]) -> list[str]:
    return FACT.findall("".join(e.text for e in events if isinstance(e, TextDelta)))


@asynccontextmanager
async def open_reading(
    tmp_path: Path,
    note_taker: Callable[[ResolvedChoice], ResolvedChoice] = lambda own: own,
    **texts: str,
) -> AsyncIterator[Reading]:
    database = Database(tmp_path / "store.sqlite3")
    await database.open()
    attachments = AttachmentStore(database, tmp_path / "files")
    for name, text in texts.items():
        data = name.encode()
        await attachments.add(data, Attachment(sha256(data).hexdigest(), name, "text/plain", text))
    provider, ledger = NoteTaker(), Ledger(database)
    estimator = Estimator(WordCounter(), attachments)
    reader = ChunkedReader(
        calls=PaidCalls(
            OneProvider(provider), Budget(SpendingHolds(database), SettingsStore(database)), ledger
        ),
        attachments=attachments,
        images=DrawnPages(),
        estimator=estimator,
        split_text=WordSplitter().chunks,
        notes=NoteStore(database),
        note_taker=note_taker,
    )
    try:
        yield Reading(reader, provider, ledger, estimator)
    finally:
        await database.close()


async def test_notes_are_requested_without_a_service_tier_as_they_are_priced(
    tmp_path: Path,
) -> None:
    async with open_reading(tmp_path, a=book(12)) as reading:
        parameters = GenerationParameters(service_tier="priority", temperature=0.5)
        await reading.run(replace(reading.task("a"), parameters=parameters))
        *notes, _answer = (request.parameters for request in reading.provider.requests)
        assert {(each.service_tier, each.temperature) for each in notes} == {(None, 0.5)}


@pytest.mark.parametrize("facts", [12, 200])
async def test_every_fact_at_every_depth_reaches_the_last_call(tmp_path: Path, facts: int) -> None:
    async with open_reading(tmp_path, a=book(facts)) as reading:
        found = await reading.facts(reading.task("a"))
        assert found == [f"FACT-{n}" for n in range(facts)]


async def test_only_the_chosen_pages_are_read(tmp_path: Path) -> None:
    pages = [f"[page {n}]\n{book(3, words_between=n)}" for n in (1, 2, 3)]

    async with open_reading(tmp_path, a="\n\n".join(pages)) as reading:
        whole = reading.task("a")
        chosen = ChosenPages("page", ((1, 1), (3, 3)), 3)
        part = replace(whole.documents[0], chosen=chosen)
        pieces = await reading.reader.pieces(replace(whole, documents=(part,)))
        assert "\n\n".join(piece.text.strip() for piece in pieces) == f"{pages[0]}\n\n{pages[2]}"
        await reading.run(whole)
        again = await reading.plan(replace(whole, documents=(part,)))
        assert again.cached_calls == 0  # no note was taken on these words


def scanned(reading: Reading, count: int, *, every: int = 1, **given: object) -> ReadingTask:
    """Return a task with a document whose every n-th page is an image of 85 + 20 tokens."""
    pictured = tuple(PageImage(n, 400, 400) for n in range(every, count + 1, every))
    task = reading.task("a")
    part = replace(
        task.documents[0],
        media_type="application/pdf",
        pages=count,
        pictured=pictured,
        detail="low",
        **given,  # type: ignore[arg-type]
    )
    model = replace(MODEL, sees_images=True, image_tokens=TileTokens(85, 170))
    return replace(task, documents=(part,), note_taker=replace(task.note_taker, model=model))


def shown_pages(request: ChatRequest) -> list[int]:
    parts = request.messages[0].parts
    pictures = [part.data for part in parts if isinstance(part, ImageData)]
    names = [p.text for p in parts if isinstance(p, TextPart) and p.text.startswith("[page")]
    numbers = [int(bytes(picture).split()[1]) for picture in pictures]
    assert names == [f"[page {number} of a, as a picture]" for number in numbers]
    return numbers


@pytest.mark.parametrize(("count", "every"), [(60, 3)])
async def test_images_of_pages_are_sent_with_their_part(
    tmp_path: Path, count: int, every: int
) -> None:
    pages = [
        f"[page {n}]\n" + (NO_TEXT if n % every == 0 else book(1, words_between=60))
        for n in range(1, count + 1)
    ]

    async with open_reading(tmp_path, a="\n\n".join(pages)) as reading:
        task = scanned(reading, count, every=every)
        max_tokens = await reading.reader.room_for_material(task, reading.estimator)
        for piece in await reading.reader.pieces(task):
            assert piece.tokens <= max_tokens
        await reading.run(task)
        *notes, last = reading.provider.requests
        seen: list[int] = []
        for request in notes:
            text = text_of(request.messages[0].parts)  # type: ignore[arg-type]
            for number in shown_pages(request):
                assert f"[page {number}]\n{NO_TEXT}" in text
                seen.append(number)
        assert sorted(seen) == [page.number for page in task.documents[0].pictured]
        assert shown_pages(last) == []
        assert (await reading.plan(task)).cached_calls == len(notes) - len(
            reading.merging_requests()
        )


@pytest.mark.parametrize(("ratio", "says_sizes"), [(2.0, True), (2.5, False)])
async def test_parts_that_the_server_refuses_are_split_and_sent_again(
    tmp_path: Path, ratio: float, says_sizes: bool
) -> None:
    async with open_reading(tmp_path, a=book(60)) as reading:
        provider = reading.provider
        provider.window, provider.ratio, provider.says_sizes = 1_600, ratio, says_sizes
        found = await reading.facts(reading.task("a"))
        assert found == [f"FACT-{n}" for n in range(60)]
        assert provider.refused > 0


async def test_a_part_is_split_three_times_at_most(tmp_path: Path) -> None:
    async with open_reading(tmp_path, a=book(60)) as reading:
        reading.provider.window, reading.provider.ratio = 1_600, 1_000.0
        reading.provider.says_sizes = False
        events = await reading.run(reading.task("a"))
        assert isinstance(events[-1], Failed)
        assert isinstance(events[-1].error, errors.ContextTooLongError)
        assert 1 <= reading.provider.refused <= 4 * MAX_CONCURRENT_CALLS


async def test_too_many_notes_are_merged(tmp_path: Path) -> None:
    async with open_reading(tmp_path, a=book(1500, words_between=5)) as reading:
        found = await reading.facts(reading.task("a"))
        assert found == [f"FACT-{n}" for n in range(1500)]
        assert reading.merging_requests()
        for request in reading.provider.requests[:-1]:
            words = text_of(request.messages[0].parts).split()  # type: ignore[arg-type]
            assert len(words) < 1_600


async def test_the_answer_is_given_the_images_and_files_of_the_question(tmp_path: Path) -> None:
    attached = (ImageData("image/png", b"image"), FileData("b.pdf", "application/pdf", b"file"))
    question = RequestMessage(Role.USER, (TextPart(PROMPT), *attached))

    async with open_reading(tmp_path, a=book(3)) as reading:
        provider = await reading.reader.gateway_for(reading.task("a")).provider(OPENAI)
        events = [event async for event in provider.stream(ChatRequest(MODEL.id, (question,)))]
        assert facts_in(events) == ["FACT-0", "FACT-1", "FACT-2"]
        *noting, answering = reading.provider.requests
        assert answering.messages[-1].parts[1:] == attached
        assert not any(part in attached for r in noting for part in r.messages[0].parts)


async def test_a_second_reading_makes_only_the_last_call(tmp_path: Path) -> None:
    async with open_reading(tmp_path, a=book(20)) as reading:
        task = reading.task("a")
        first = await reading.facts(task)
        plan = await reading.plan(task)
        calls = len(reading.provider.requests)
        assert (plan.calls, plan.cached_calls) == (calls - 1, calls - 1)
        assert await reading.facts(task) == first
        assert len(reading.provider.requests) == calls + 1


async def test_a_failed_reading_continues_with_the_missing_notes(tmp_path: Path) -> None:
    async with open_reading(tmp_path, a=book(20)) as reading:
        task = reading.task("a")
        reading.provider.fails_on = "FACT-19 "  # in the last part
        *before_it, last = await reading.run(task)
        assert isinstance(last, Failed)
        assert isinstance(last.error, errors.RateLimitedError)
        count = (await reading.plan(task)).calls
        said = [
            status_text(event.status) for event in before_it if isinstance(event, StatusChanged)
        ]
        assert not [words for words in said if f": {count} of {count}" in words]
        spent = await reading.ledger.spent_in_month(now())
        assert spent.uncounted == 0
        (notice,) = (str(event.text) for event in before_it if isinstance(event, Notice))
        assert notice == f"Read in parts for {money(spent.cost)}."
        assert "from the saved notes" in last.error.what_to_do
        cached_calls = (await reading.plan(task)).cached_calls
        assert cached_calls > 0
        before = len(reading.provider.requests)
        reading.provider.fails_on = ""
        assert len(await reading.facts(task)) == 20
        plan = await reading.plan(task)
        assert len(reading.provider.requests) - before == plan.calls - cached_calls + 1


async def test_chunks_are_read_concurrently_except_on_device(tmp_path: Path) -> None:
    async with open_reading(tmp_path, a=book(60), b=book(60)) as reading:
        reading.provider.gate.clear()
        run = asyncio.create_task(reading.run(reading.task("a")))
        await reading.until_all_calls_run()
        reading.provider.gate.set()
        await run
        assert reading.provider.most_at_once == MAX_CONCURRENT_CALLS
        reading.provider.most_at_once = 0
        local = reading.task("b", profile=ON_DEVICE)
        await reading.run(local)
        assert reading.provider.most_at_once == 1


@pytest.mark.parametrize("has_room_for", [2])
@pytest.mark.parametrize(
    "too_many",
    [
        errors.RateLimitedError(
            "{provider} is limiting requests.",
            hint="Wait a moment, then try again.",
            provider="OpenAI",
        ),
        errors.StreamCutError(
            "{provider} ended the response early.",
            hint="Try again, but you may be charged twice.",
            provider="llama-cpp-python",
        ),
    ],
)
async def test_refused_concurrent_calls_are_repeated_one_at_a_time(
    tmp_path: Path, has_room_for: int, too_many: errors.ProviderError
) -> None:
    async with open_reading(tmp_path, a=book(60)) as reading:
        provider = reading.provider
        provider.has_room_for, provider.too_many = has_room_for, too_many
        provider.gate.clear()
        run = asyncio.create_task(reading.run(reading.task("a")))
        await reading.until_all_calls_run()
        provider.gate.set()
        events = await run
        assert StatusChanged(7, ErrorNote("There are too many requests.")) in events
        assert isinstance(events[-1], Completed)
        assert facts_in(events) == [f"FACT-{n}" for n in range(60)]
        plan = await reading.plan(reading.task("a"))
        refused = MAX_CONCURRENT_CALLS - has_room_for
        assert len(provider.requests) == plan.calls + 1 + refused, "nothing is read twice"


async def test_chunks_and_notes_of_a_local_model_are_short(tmp_path: Path) -> None:
    model, largest = "some-8b", 8_192
    async with open_reading(tmp_path, a=book(150)) as reading:
        task = reading.task("a", profile=ON_DEVICE)
        info = ModelInfo(model, model, context_window=largest, max_output=200)
        task = replace(task, note_taker=replace(task.note_taker, model=info))
        sizes = [piece.tokens for piece in await reading.reader.pieces(task)]
        assert largest / 2 < max(sizes) <= largest
        message = RequestMessage(Role.USER, (TextPart(PROMPT),))
        provider = await reading.reader.gateway_for(task).provider(ON_DEVICE)
        request = ChatRequest(model=model, messages=(message,))
        assert [event async for event in provider.stream(request)]
        first = reading.provider.requests[0]
        assert first.parameters.max_output_tokens == MAX_NOTE_TOKENS_ON_DEVICE


@pytest.mark.parametrize("speaks_first", [True, False])
async def test_stopped_calls_that_have_begun_count_what_was_held(
    tmp_path: Path, speaks_first: bool
) -> None:
    async with open_reading(tmp_path, a=book(60)) as reading:
        reading.provider.speaks_first = speaks_first
        reading.provider.gate.clear()
        run = asyncio.create_task(reading.run(reading.task("a")))
        await reading.until_all_calls_run()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        spent = await reading.ledger.spent_in_month(now())
        assert (spent.estimated, spent.uncounted) == (
            MAX_CONCURRENT_CALLS if speaks_first else 0,
            0,
        )


async def test_a_stand_in_model_is_not_sent_chunks_of_another(tmp_path: Path) -> None:
    async with open_reading(tmp_path, a=book(2)) as reading:
        provider = await reading.reader.gateway_for(reading.task("a")).provider(OPENAI)
        request = ChatRequest(model="other", messages=())
        (event,) = [event async for event in provider.stream(request)]
        assert isinstance(event, Failed)
