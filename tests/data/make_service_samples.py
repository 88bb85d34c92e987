"""Writes what services calculate for random conversations, documents and models.

    python -m tests.data.make_service_samples

After a change of a rule, read the difference.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, cast
from zlib import crc32

from desktop_app.backend.environment_profiles import COMETAPI, OPENAI
from desktop_app.documents.index.chunks import chunks
from desktop_app.domain.answering.answer_form import GRAMMAR_SYNTAXES, AnswerGrammar
from desktop_app.domain.answering.chat_request import (
    ChatRequest,
    ProviderKind,
    ProviderProfile,
    RequestMessage,
)
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    StatusChanged,
    StreamEvent,
    TextDelta,
    UsageReported,
)
from desktop_app.domain.conversations.compaction import Compaction, CompactionKind
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
)
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    ImagePart,
    PageImage,
    PassagesPart,
    TextPart,
    ToolCallPart,
    chunked_documents,
    text_of,
)
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.documents.collections import Passage
from desktop_app.domain.documents.extracted_document import TextChunk
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import ContextTooLongError, UserFacingError
from desktop_app.domain.models.image_tokens import TileTokens
from desktop_app.domain.models.model_catalog import Api, ModelCatalog, ModelInfo
from desktop_app.domain.models.token_rates import SplitRates, TextKind, TokenCount
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.spending.cost import Price, Usage, UsageScope
from desktop_app.domain.tools.call_state import ToolCallState
from desktop_app.domain.tools.tool import ListedTool, ToolDefinition
from desktop_app.paths import resource_path
from desktop_app.rendering.structured_answer import has_json_value, with_rendered_form
from desktop_app.services.answers.inline_pictures import PictureParser
from desktop_app.services.chat.background_offer import offers_background
from desktop_app.services.chat.compaction_service import CompactionPlan, CompactionService
from desktop_app.services.chat.send_context import SendContext
from desktop_app.services.chat.small_tasks.titles import wants_title
from desktop_app.services.collections.passage_context import passage_budget, retrieval_text
from desktop_app.services.collections.passage_dedup import KnownPassages
from desktop_app.services.documents.chunk_boundaries import chunks_from_json, even_parts
from desktop_app.services.documents.chunk_pages import page_spans
from desktop_app.services.documents.chunk_positions import ChunkPositions
from desktop_app.services.documents.chunked_reading import ChunkedReader
from desktop_app.services.documents.document_beginnings import beginning
from desktop_app.services.documents.note_taking import (
    DocumentPiece,
    ReadingTask,
    max_note_tokens,
    note_key,
)
from desktop_app.services.models.choice_resolution import ProviderModels, ResolvedChoice
from desktop_app.services.spending.budget import Hold, PaidCalls
from desktop_app.services.spending.cost_estimate import (
    Estimator,
    needs_counting,
    usable_input,
    used_tokens,
)
from desktop_app.services.structured.form_notices import can_be_repaired, repair_turn
from desktop_app.services.structured.form_support import require_grammar_support
from desktop_app.services.tools.hosted_tools import (
    CODE_INTERPRETER,
    hosted_cost,
    hosted_refusal,
    price_text,
)
from tests.data.samples import write_samples
from tests.helpers.scripted_provider import OneProvider, ScriptedProvider, WordCounter

EXPECTED: Final = Path(__file__).with_name("services")
_AT: Final = datetime(2026, 1, 2, tzinfo=UTC)
_CATALOG: Final = ModelCatalog.from_toml(resource_path("models.toml").read_text("utf-8"))
_MODELS: Final = ("gpt-5.2", "gpt-5.2-pro", "gpt-5.2-chat-latest", "other")
_WORDS: Final = "ask the goose what winter says of bays and tides in the far north".split()
_LINES: Final = (
    *("# Head\n", "## Next #\n", "### Deep\n", "[page 2]\n", "[slide 3]\n", "[chapter 4]\n"),
    *("| a | b |\n", "| --- | --- |\n", "| 1 | two |\n", "| 3 | 4.5 |\n", "words\n", "\n", "x\n\n"),
    *(
        "## Sheet 1\n\n",
        "[page 3]\n",
        "\n\n[page 5]\n",
        "a;b;c\n",
        "1;2;3\n",
        "a,b\n",
        '"x\ny",2\n',
    ),
    "| " + "long " * 90 + " |\n",
)


class _NumberedTexts:
    async def text(self, sha256: str) -> str:
        return "words of it " * int(sha256[0])

    async def bytes(self, sha256: str) -> bytes:
        return (await self.text(sha256)).encode()


class _Texts(_NumberedTexts):
    """Documents of random lines."""

    def __init__(self, chance: random.Random, lengths: Sequence[int] = (5, 60, 300)) -> None:
        self._lines = [*_LINES, "words of a paragraph that goes on for a while\n"]
        self._texts = [
            "".join(chance.choices(self._lines, k=chance.choice(lengths))) for _ in range(2)
        ]

    async def text(self, sha256: str) -> str:
        return self._texts[int(sha256[0]) % 2]


class _Splitter:
    async def chunks(
        self, text: str, tokens: int, _rates: Mapping[TextKind, float] | None = None
    ) -> list[TextChunk]:
        return chunks(text, tokens, lambda part: len(part.split()))


class _Notes:
    def __init__(self) -> None:
        self._notes: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        return self._notes.get(key)

    async def put(self, key: str, text: str, _conversation_id: str) -> None:
        self._notes[key] = text


class _Rates(WordCounter):
    """Counts words, some of them only as an estimate."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._is_exact = chance.random() < 0.5
        self._ratio = chance.choice((1, 1, 2))
        self._rates = chance.choice((None, SplitRates({TextKind.PROSE: 1.0}, 0.8)))

    async def count(
        self, text: str, _profile: ProviderProfile, _model: str = "", *, may_ask: bool = False
    ) -> TokenCount:
        return TokenCount(self._ratio * len(text.split()), self._is_exact)

    async def split_rates(
        self, _text: str, _profile: ProviderProfile, _model: str
    ) -> SplitRates | None:
        return self._rates


class _UtilityModel:
    """The utility model of compactions: the model itself, or a cheaper one."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def model_for(self, _purpose: object, own: ResolvedChoice) -> ResolvedChoice:
        return replace(own, model=replace(own.model, context_window=3_000, max_input=None))

    def choice_of_variant(self, _profile: object, variant: Variant) -> ResolvedChoice:
        return replace(_resolved(self._chance), model=_CATALOG.for_variant(variant))

    async def ask(self, *asked: object, **_more: object) -> str:
        return f"summary of {len(str(asked[2]).split())} words"


class _Store:
    async def add(self, _made: object) -> bool:
        return True


class _Unlimited:
    """A budget without a limit."""

    async def hold(self, *_call: object) -> Hold:
        return Hold()


class _FixedDelimiters:
    async def delimiter_for(self, *_of: str) -> Any:
        from desktop_app.services.prompt_delimiter import SAMPLE_DELIMITER

        return SAMPLE_DELIMITER


def estimates() -> Iterator[str]:
    """Yield the figures of questions in a conversation."""
    chance = random.Random("estimates")
    for _ in range(800):
        context = _context(chance)
        draft = Draft(_phrase(chance), tuple(_attached(chance)))
        estimator = Estimator(WordCounter(), _NumberedTexts())
        yield _line(
            *asyncio.run(estimator.estimate(context, draft, passages=())),
            asyncio.run(estimator.context_tokens(context)),
            estimator.is_sure_to_fit(context, draft),
            used_tokens(context),
            asyncio.run(needs_counting(context)),
            usable_input(context.resolved.model),
            _refusal(estimator, context, draft),
        )


def compactions() -> Iterator[str]:
    """Yield the plans of compactions and their results."""
    chance = random.Random("compactions")
    for _ in range(600):
        context = _context(chance, longest=500)
        service = CompactionService(
            store=cast("Any", _Store()),
            attachments=_NumberedTexts(),
            images=cast("Any", None),
            estimator=Estimator(WordCounter(), _NumberedTexts()),
            utility_model=cast("Any", _UtilityModel(chance)),
            delimiters=cast("Any", _FixedDelimiters()),
        )
        more = chance.choice((0, 0, 300, 3_000))
        plan = asyncio.run(service.plan(context))
        yield _line(
            asyncio.run(service.is_nearly_full(context, more_tokens=more)),
            plan and _planned(plan),
            plan and plan.kind is CompactionKind.SUMMARY and _compacted(service, plan),
        )


def pieces() -> Iterator[str]:
    """Yield how texts are divided, and the positions and pages of the pieces."""
    chance = random.Random("pieces")
    for _ in range(2_400):
        text = "".join(chance.choices(_LINES, k=chance.randint(1, 14)))
        size = chance.choice((7, 20, 60))
        positions = ChunkPositions(text)
        places = sorted(chance.choices(range(len(text) + 1), k=2))
        spans = [[0, size, 2], [size, len(text), chance.choice((1, 9_999, -1))]]
        stored = json.dumps(chance.choice((spans, spans[:1], [[0, len(text), 1]], [], None, [[1]])))
        document = _document(chance, by_tools=True)
        yield _line(
            [start for start, _ in even_parts(text, size)],
            [[positions.attributes(at), positions.table_head(at)] for at in places],
            chunks_from_json(stored, len(text)),
            _spans(chance, text),
            beginning(document, text).partition(")")[2],
        )


def readings() -> Iterator[str]:
    """Yield how documents are read in chunks: plans, pieces, smaller pieces and merged notes."""
    chance = random.Random("readings")
    for _ in range(90):
        yield _line(*asyncio.run(_reading(chance)))


async def _reading(chance: random.Random) -> list[object]:
    own, taker = _resolved(chance), _resolved(chance)
    attachments, notes = _Texts(chance), _Notes()
    estimator = Estimator(_Rates(chance), attachments)
    reader = ChunkedReader(
        calls=PaidCalls(cast("Any", None), cast("Any", None), cast("Any", None)),
        attachments=attachments,
        images=cast("Any", None),
        estimator=estimator,
        splitter=_Splitter(),
        notes=notes,
        note_taker=lambda own: chance.choice((own, taker)),
    )
    documents = [
        replace(_document(chance), in_parts=True, sha256=str(number) * 64)
        for number in range(chance.choice((1, 1, 2)))
    ]
    task = ReadingTask(tuple(documents), _phrase(chance), taker, chance.choice(("", "Be short.")))
    try:
        plan = await reader.plan(documents, task.prompt, own, task.instructions)
        pieces = await reader.pieces(task)
        stored = chance.sample(pieces, len(pieces) // 2)
        for piece in stored:
            await notes.put(note_key(task, piece), "noted", "c")
        again = await reader.plan_of(replace(task, answerer=own), await reader.pieces(task))
    except UserFacingError as error:
        return [str(error)]
    too_long = ContextTooLongError(Reason.CONVERSATION_TOO_LONG)
    too_long.tokens, too_long.window = chance.choice((0, 900, 9_000)), chance.choice((0, 400))
    smaller = await reader.split(task, pieces[0], too_long)
    taken = [await reader.with_note(task, piece, piece.text[:40]) for piece in pieces]
    request = ChatRequest("m", (RequestMessage(Role.USER, (TextPart(_phrase(chance)),)),), "")
    merged = await reader.merge_notes(task, taken, chance.choice((9, 30, 400)))
    return [
        [str(value) for value in vars(plan).values()],
        [str(value) for value in vars(again).values()],
        [_piece(piece) for piece in pieces],
        [_piece(piece) for piece in smaller],
        [_piece(piece) for piece in merged],
        [
            await reader.room_for_material(task, estimator),
            await reader.max_notes_tokens(task, request),
            max_note_tokens(task),
        ],
        [[len(found.sha256), found.in_parts] for found in chunked_documents(documents)],
    ]


def _piece(piece: DocumentPiece) -> list[object]:
    document = piece.image_document
    pages = [page.number for page in document.pictured] if document else None
    return [piece.label.partition(" ")[2], len(piece.text), piece.tokens, pages]


def notes() -> Iterator[str]:
    """Yield the requests and events of documents that are read in chunks."""
    chance = random.Random("notes")
    for _ in range(70):
        yield _line(*asyncio.run(_noted(chance)))


async def _noted(chance: random.Random) -> list[object]:
    model = ModelInfo(
        "m",
        "M",
        context_window=chance.choice((None, 1_500, 1_700, 2_400, 6_000)),
        max_output=chance.choice((None, 100, 200)),
        price=chance.choice((None, Price(Decimal(1), Decimal(1), Decimal(4)))),
    )
    kind = chance.choice((ProviderKind.OPENAI, ProviderKind.ON_DEVICE))
    effort = chance.choice((None, Effort.LOW))
    own = ResolvedChoice(replace(OPENAI, kind=kind), model, None, effort)
    attachments = _Texts(chance, (60, 300, 900))
    provider = _NoteTaker(chance)
    gateway = OneProvider(provider)
    reader = ChunkedReader(
        calls=PaidCalls(gateway, cast("Any", _Unlimited()), cast("Any", _Store())),
        attachments=attachments,
        images=cast("Any", None),
        estimator=Estimator(WordCounter(), attachments),
        splitter=_Splitter(),
        notes=_Notes(),
    )
    documents = [
        DocumentPart(str(number) * 64, f"{number}.txt", "text/plain", 9, in_parts=True)
        for number in range(chance.choice((1, 1, 2)))
    ]
    prompt = _phrase(chance, 200)
    task = ReadingTask(tuple(documents), prompt, own, chance.choice(("", "Be short. " * 30)))
    said = [_phrase(chance, 300) for _ in range(chance.choice((0, 2)))]
    messages = [RequestMessage(Role.USER, (TextPart(text),)) for text in (*said, prompt)]
    request = ChatRequest("m", tuple(messages), task.instructions)
    events: list[StreamEvent] = []
    found = await reader.gateway_for(task).provider(own.profile)
    async with aclosing(found.stream(request)) as stream:
        events += [event async for event in stream]
    asked = [
        [
            [crc32(text_of(message.parts).encode()) for message in request.messages],  # type: ignore[arg-type]
            len(request.instructions),
            request.parameters.max_output_tokens,
            request.effort,
        ]
        for request in provider.requests
    ]
    shown = [
        event for at, event in enumerate(events) if not at or not isinstance(event, StatusChanged)
    ]
    return [  # the order of concurrent calls changes from run to run
        sorted(asked, key=str),
        [f"{str(event)[:90]} {crc32(str(event).encode())}" for event in shown],
    ]


class _NoteTaker(ScriptedProvider):
    """Answers with the first words of what it is sent, and refuses what is too long for it."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._words = chance.choice((5, 60, 300, 700))
        self._window = chance.choice((None, None, 500, 900))
        self._names_sizes = chance.random() < 0.5

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        self.requests.append(request)
        words = " ".join(text_of(m.parts) for m in request.messages).split()  # type: ignore[arg-type]
        if self._window is not None and len(words) > self._window:
            error = ContextTooLongError(Reason.CONVERSATION_TOO_LONG)
            if self._names_sizes:
                error.tokens, error.window = len(words), self._window
            yield Failed(error)
            return
        yield TextDelta(" ".join(words[20 : 20 + self._words]))
        yield UsageReported(Usage(len(words), 0, min(len(words), self._words), 0))
        yield Completed()


def passages() -> Iterator[str]:
    """Yield which of similar passages are new, and what is searched for."""
    chance = random.Random("similar passages")
    for _ in range(900):
        known = KnownPassages()
        words = chance.choices(_WORDS, k=chance.choice((3, 4, 5, 20, 40)))
        found = []
        for _ in range(4):
            start, end = chance.choice((0, 0, 1, 2, 3)), len(words) - chance.choice((0, 0, 1, 2, 5))
            said = [*chance.choices(_WORDS, k=chance.choice((0, 0, 1, 4))), *words[start:end]]
            if chance.random() < 0.2 and said:
                said[chance.randrange(len(said))] = "not"
            found.append(known.add_if_new(" ".join(said)))
        context = _context(chance)
        question = retrieval_text(context.path, _phrase(chance))
        yield _line(found, "\n" in question, passage_budget(context.resolved))


def models() -> Iterator[str]:
    """Yield what is known of models, and whether their price counts."""
    chance = random.Random("models")
    for _ in range(4_800):
        profile = _resolved(chance).profile
        name = chance.choice((*_MODELS, "openai/gpt-5.2", "gpt-5.2-2025-12-11", "llama"))
        learned = chance.choice((None, None, 1_000, 500_000))
        info = ProviderModels(profile, _CATALOG).info(name, learned)
        yield _line(
            profile.id,
            name,
            learned,
            ProviderModels(profile, _CATALOG).price_claim(name).name,
            info.context_window,
            info.max_input,
            info.price is None,
        )


def forms() -> Iterator[str]:
    """Yield answers with a form as they are shown, and what models take grammars and tools."""
    chance = random.Random("forms")
    values: tuple[Any, ...] = ("a*b", "", 5, None, True, [], {}, "line\none", [1, "x"], {"k": [1]})

    def value(depth: int) -> Any:
        kind = chance.random()
        if not depth or kind < 0.3:
            return chance.choice(values)
        if kind < 0.6:
            return {chance.choice("abc(|"): value(depth - 1) for _ in range(chance.randint(0, 3))}
        if kind < 0.8:
            return [{"a": value(0), chance.choice("bc"): value(0)} for _ in range(2)]
        return [value(depth - 1) for _ in range(chance.randint(0, 3))]

    for _ in range(6_000):
        used = NoticeCode.SCHEMA_USED
        code = chance.choice((used, used, NoticeCode.GRAMMAR_USED))
        problem = notice(NoticeCode.SCHEMA_PROBLEM, path="a", reason="no")
        language = chance.choice(("", "python", "no language"))
        more = chance.choice(((), (problem,), (notice(NoticeCode.REPAIRED), problem)))
        text = chance.choice((json.dumps(value(3)), json.dumps(value(3)), "no JSON", ""))
        parts: list[Any] = [TextPart(text)]
        if chance.random() < 0.3:
            parts = [TextPart("before"), ToolCallPart("1", "clock", "{}"), *parts]
        made = Message(
            "m",
            "c",
            None,
            Role.ASSISTANT,
            chance.choice(
                (MessageStatus.COMPLETE,) * 3 + (MessageStatus.STREAMING, MessageStatus.FAILED)
            ),
            tuple(parts),
            _AT,
            notices=(notice(code, name="x", syntax="lark", language=language), *more),
        )
        as_text = chance.random() < 0.3
        shown = with_rendered_form(made, as_text=as_text)
        repaired = [part.text for turn in repair_turn(made) for part in turn.parts]  # type: ignore[union-attr]
        yield _line(
            text,
            made.status.value,
            [getattr(part, "text", "…") for part in shown.parts],
            getattr(shown, "is_tree", None),
            has_json_value(made),
            can_be_repaired(made),
            repaired if can_be_repaired(made) else None,
        )


def tools() -> Iterator[str]:
    """Yield which models take grammars and hosted tools, and what these cost."""
    chance = random.Random("tools")
    names = (CODE_INTERPRETER, "web_search", "other")
    prices = {CODE_INTERPRETER: Decimal("0.03"), "web_search": Decimal("0.01")}
    for _ in range(4_500):
        resolved = _resolved(chance)
        kind = chance.choice(list(ProviderKind))
        resolved = replace(resolved, profile=replace(resolved.profile, kind=kind))
        name = chance.choice(names)
        hosted: Any = chance.choice((None, {"type": name}))
        listed = ListedTool(ToolDefinition(name, "", hosted=hosted))
        calls = [
            ToolCallPart(
                str(number),
                chance.choice(names),
                chance.choice(('{"container": "a"}', '{"container": "b"}', "{}", "[", "[1]")),
                state=chance.choice((ToolCallState.DONE, ToolCallState.FAILED)),
                is_hosted=chance.random() < 0.8,
            )
            for number in range(chance.randint(0, 4))
        ]
        refusal = hosted_refusal(name, resolved)
        grammar = AnswerGrammar(chance.choice(GRAMMAR_SYNTAXES), "x")
        try:
            require_grammar_support(grammar, resolved)
            refused = ""
        except UserFacingError as error:
            refused = str(error)
        yield _line(
            kind.value,
            grammar.syntax.value,
            refused,
            refusal.sentences if refusal else "",
            price_text(listed, prices, resolved.profile),
            hosted_cost(calls, prices),
            offers_background(resolved),
        )


def titles() -> Iterator[str]:
    """Yield whether conversations want a title."""
    chance = random.Random("titles")
    for _ in range(3_600):
        path = _path(chance)[: chance.randint(0, 3)]
        conversation = replace(_conversation(), title_is_automatic=chance.random() < 0.7)
        automatic = conversation.title_is_automatic
        yield _line([len(path), automatic, wants_title(conversation, path)])


def pictures() -> Iterator[str]:
    """Yield what is left of an answer whose images arrive in pieces."""
    chance = random.Random("inline pictures")
    for _ in range(4_800):
        source = "".join(
            chance.choice(
                (
                    "words ",
                    "![a](data:image/png;base64,aGVsbG8=)",
                    "![a](data:image/png;base64,iVBORw0KGgo",
                    "![b](u)",
                    "](data:",
                    "![c](data:",
                    ") ",
                )
            )
            for _ in range(chance.randint(1, 5))
        )
        found, taken, at = PictureParser(), [], 0
        while at < len(source):
            size = chance.randint(1, 30)
            taken.append(repr(list(found.feed(source[at : at + size]))))
            at += size
        yield _line(source, taken, found.end())


def _planned(plan: CompactionPlan) -> list[object]:
    point = next(n for n, m in enumerate(plan.sent.messages) if m.id == plan.point.id)
    costs = [
        None if cost is None else str(cost) for cost in (plan.cost_of_input, plan.cost_at_most)
    ]
    return [
        plan.kind.value,
        point,
        plan.maker.model.id,
        plan.request_tokens,
        plan.tokens,
        plan.is_exact,
        *costs,
    ]


def _compacted(service: CompactionService, plan: CompactionPlan) -> list[object]:
    parts: list[tuple[int, int]] = []
    try:
        made = asyncio.run(service.compact(plan, on_part=lambda *done: parts.append(done)))
    except UserFacingError as error:
        return [parts, str(error)]
    return [parts, made.tokens_before, made.tokens_after, made.body]


def _refusal(estimator: Estimator, context: SendContext, draft: Draft) -> str:
    found = asyncio.run(estimator.estimate(context, draft, passages=()))
    try:
        estimator.require_fit(draft, found, context.resolved, may_compact=len(context.path) > 4)
    except UserFacingError as error:
        return f"{error} {error.what_to_do}"
    return ""


def _spans(chance: random.Random, text: str) -> object:
    model = _resolved(chance).model
    try:
        return [
            [span.start, span.end, [at for at, _ in span.pages], span.image_tokens]
            for span in page_spans(_document(chance), text, chance.choice((300, 2_000)), model)
        ]
    except UserFacingError as error:
        return str(error)


def _resolved(chance: random.Random) -> ResolvedChoice:
    profile = replace(
        chance.choice((OPENAI, COMETAPI)),
        api=chance.choice((Api.RESPONSES, Api.CHAT_COMPLETIONS)),
        kind=chance.choice((ProviderKind.OPENAI, ProviderKind.COMPATIBLE)),
        price_multiplier=Decimal(chance.choice(("1", "0.8"))),
    )
    window = chance.choice((None, 800, 1_600, 4_000, 60_000, 400_000))
    info = replace(
        _CATALOG.info(chance.choice(_MODELS)),
        context_window=window,
        max_input=chance.choice((None, None, 300, 2_000)),
        max_output=chance.choice((None, 100, 2_000)),
        sees_images=chance.choice((None, True, False)),
        image_tokens=chance.choice((None, TileTokens(85, 170))),
    )
    if chance.random() < 0.3:
        price = Price(Decimal(1), Decimal("0.1"), Decimal(chance.choice((4, 40))))
        info = replace(info, price=chance.choice((None, price)))
    return ResolvedChoice(profile, info, None, chance.choice((None, Effort.LOW)))


def _context(chance: random.Random, longest: int = 60) -> SendContext:
    path = _path(chance, longest)
    resolved = _resolved(chance)
    made = []
    if path and chance.random() < 0.4:
        kind = chance.choice((CompactionKind.SUMMARY, CompactionKind.PROVIDER))
        body = "a summary " * 9 if kind is CompactionKind.SUMMARY else "[]"
        point = chance.choice(path)
        maker = chance.choice((resolved.profile.id, "other"))
        made.append(
            Compaction("k", "c", point.id, kind, maker, resolved.model.id, body, _AT, 500, 90)
        )
    said = chance.choice(("", "Be short."))
    return SendContext(path, resolved, made, said)


def _path(chance: random.Random, longest: int = 60) -> list[Message]:
    path: list[Message] = []
    for number in range(chance.choice((4, 6, 8) if longest > 100 else (0, 1, 2, 3, 4, 6, 8))):
        role = Role.ASSISTANT if number % 2 else Role.USER
        parts: list[Any] = [TextPart(_phrase(chance, longest))]
        if role is Role.USER:
            parts += _attached(chance)
            if chance.random() < 0.15:
                found = Passage(1, "k", "3" * 64, "a.pdf", 2, "page 2", 0, 9, _phrase(chance))
                parts.append(PassagesPart("k", "Papers", (found,)))
        elif chance.random() < 0.15:
            parts.insert(0, ToolCallPart("1", "calculate", '{"x": 1}', result="2 and 3"))
        usage = Usage(chance.randint(1, 900), 0, chance.randint(1, 90), chance.choice((0, 7)))
        provider = chance.choice((OPENAI, COMETAPI)).id
        path.append(
            Message(
                f"m{number}",
                "c",
                path[-1].id if path else None,
                role,
                chance.choice((MessageStatus.COMPLETE,) * 4 + (MessageStatus.FAILED,)),
                tuple(parts),
                _AT,
                ModelChoice(provider, chance.choice(_MODELS), None, None),
                usage if role is Role.ASSISTANT and chance.random() < 0.5 else None,
                usage_scope=chance.choice(
                    (*[UsageScope.OWN] * 5, UsageScope.ALL, UsageScope.FIRST)
                ),
            )
        )
    return path


def _attached(chance: random.Random) -> list[DocumentPart | ImagePart]:
    found: list[DocumentPart | ImagePart] = []
    if chance.random() < 0.2:
        found.append(_document(chance))
    if chance.random() < 0.1:
        width, height = chance.choice(((0, 0), (500, 400), (3_000, 2_000)))
        detail = chance.choice(("auto", "low", "high"))
        found.append(ImagePart("5" * 64, "gull.png", "image/png", 99, width, height, detail))
    return found


def _document(chance: random.Random, *, by_tools: bool = False) -> DocumentPart:
    kinds = ("application/pdf", "text/csv", "text/plain")
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return DocumentPart(
        chance.choice("379") * 64,
        chance.choice(("report.pdf", "data.csv")),
        chance.choice((*kinds, sheet)),
        chance.choice((9, 9_000)),
        pages=chance.choice((None, 2, 9)),
        pictured=chance.choice(((), (PageImage(2, 800, 900), PageImage(5, 1_600, 1_900)))),
        detail=chance.choice(("auto", "low", "text")),
        as_file=chance.random() < 0.1,
        by_tools=by_tools or chance.random() < 0.1,
    )


def _conversation() -> Conversation:
    return Conversation("c", "", _AT, _AT, ModelChoice(OPENAI.id, "gpt-5.2", None, None))


def _phrase(chance: random.Random, longest: int = 60) -> str:
    return " ".join(chance.choices(_WORDS, k=chance.choice((1, 7, 8, 20, longest))))


def _line(*values: object) -> str:
    return json.dumps(values, ensure_ascii=False, default=str)


SAMPLES: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "estimates": estimates,
    "compactions": compactions,
    "pieces": pieces,
    "readings": readings,
    "notes": notes,
    "passages": passages,
    "models": models,
    "forms": forms,
    "tools": tools,
    "titles": titles,
    "pictures": pictures,
}

if __name__ == "__main__":
    write_samples(EXPECTED, SAMPLES)
