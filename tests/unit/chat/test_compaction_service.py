"""Compaction over a real store: planning, creating, storing, sending and undoing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from desktop_app.budget.budget import Budget, PaidCalls, SpendingHolds
from desktop_app.budget.ledger import Ledger
from desktop_app.chat.attachments.image_scaling import ImageScaler
from desktop_app.chat.chat_service import ChatService, RequestSources
from desktop_app.chat.compaction_service import CompactionPlan, CompactionService, readable_content
from desktop_app.chat.conversation_store import CompactionStore, ConversationStore
from desktop_app.chat.cost_estimate import Estimator
from desktop_app.chat.prompt_assembly import SUMMARY_READ
from desktop_app.chat.send_context import AskSettings, SendContext
from desktop_app.chat.utility_model import UtilityModel
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.domain import errors
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile, RequestMessage
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    StreamEvent,
    TextDelta,
    UsageReported,
)
from desktop_app.domain.conversations.compaction import Compaction, CompactionKind, ProviderState
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
    new_id,
    now,
)
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.cost import Price, Usage
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.spending_report import Grouping
from desktop_app.prompts.prompt_library import built_in_requirements
from desktop_app.providers.gateway.environment_profiles import COMETAPI, ON_DEVICE, OPENAI
from desktop_app.providers.models.choice_resolution import (
    ModelChoices,
    ProviderModels,
    ResolvedChoice,
)
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database
from tests.helpers.parts import unused_parts
from tests.helpers.prompt_delimiters import delimiters
from tests.helpers.scripted_provider import OneProvider, ScriptedProvider, WordCounter
from tests.helpers.tools import broker, no_tools
from tests.unit.providers.samples import CATALOG
from tests.unit.storage.samples import NOON

ITEMS = json.dumps(
    [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "one"}]},
        {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAAxyz"},
    ],
    separators=(",", ":"),
)
STATE = ProviderState(ITEMS, Usage(input_tokens=100_000, output_tokens=500))
FAMILY = ModelChoice(OPENAI.id, "", Variant.THINKING, Effort.HIGH)
LOCAL = ModelChoice(ON_DEVICE.id, "smollm2-135m-instruct")


def said(text: str, used: int) -> list[StreamEvent | str]:
    usage = Usage(input_tokens=used, output_tokens=10)
    return [TextDelta(text), UsageReported(usage), Completed()]


@dataclass
class CompactionSetup:
    """A conversation with its provider and the services over a store."""

    chat: ChatService
    service: CompactionService
    store: ConversationStore
    compaction_store: CompactionStore
    ledger: Ledger
    provider: ScriptedProvider
    profile: ProviderProfile
    conversation: Conversation
    settings: AskSettings = AskSettings(instructions="Be brief.")  # noqa: RUF009 — never changed

    @property
    def own(self) -> ResolvedChoice:
        return self.chat.resolve(self.profile, self.conversation.choice)

    async def path(self) -> list[Message]:
        return await self.store.path(self.conversation.id)

    async def ask(self, text: str, reply: str, used: int, behind: int | None = None) -> Message:
        """Ask behind the path, or behind its first `behind` messages."""
        self.provider.add(*said(reply, used))
        path = (await self.path())[:behind]
        began = await self.chat.begin(
            self.conversation, path, Draft(text), self.profile, self.settings
        )
        self.conversation = began.conversation
        return await began.run(lambda *_: None, lambda _: None)

    async def compactions(self) -> tuple[Compaction, ...]:
        return await self.compaction_store.load(self.conversation.id)

    async def plan(self) -> CompactionPlan:
        planned = await self.service.plan(
            SendContext(await self.path(), self.own, await self.compactions(), self.settings)
        )
        assert planned is not None
        return planned

    async def compact(self) -> Compaction:
        return await self.service.compact(await self.plan(), self.settings.instructions)

    async def used(self) -> int:
        context = SendContext(await self.path(), self.own, await self.compactions())
        return (await self.chat.estimator.context_tokens(context)).tokens

    @property
    def sent(self) -> list[str]:
        """The words of the messages of the last request."""
        return words(self.provider.requests[-1].messages)


def words(messages: tuple[RequestMessage, ...]) -> list[str]:
    return [getattr(part, "text", "") for message in messages for part in message.parts]


@asynccontextmanager
async def open_setup(
    tmp_path: Path, *, profile: ProviderProfile = OPENAI, choice: ModelChoice = FAMILY
) -> AsyncIterator[CompactionSetup]:
    database = Database(tmp_path / "store.sqlite3")
    await database.open()
    provider, ledger = ScriptedProvider(), Ledger(database)
    attachments = AttachmentStore(database, tmp_path / "files")
    compactions, store = CompactionStore(database), ConversationStore(database)
    estimator, gateway = Estimator(WordCounter(), attachments), OneProvider(provider)
    budget = Budget(SpendingHolds(database), SettingsStore(database))
    image_scaler = ImageScaler(attachments, DocumentWorker())
    chat = ChatService(
        calls=PaidCalls(gateway, budget, ledger),
        sources=RequestSources(
            store,
            attachments,
            image_scaler,
            compactions,
            built_in_requirements,
            delimiters(),
            unused_parts,
        ),
        estimator=estimator,
        models=ModelChoices(partial(ProviderModels, catalog=CATALOG)),
        tools=no_tools,
        consent=broker(),
    )
    service = CompactionService(
        store=compactions,
        attachments=attachments,
        images=image_scaler,
        estimator=estimator,
        utility_model=UtilityModel(
            PaidCalls(gateway, budget, ledger), partial(ProviderModels, catalog=CATALOG)
        ),
        delimiters=delimiters(),
    )
    conversation = Conversation(new_id(), "", now(), now(), replace(choice, provider_id=profile.id))
    try:
        yield CompactionSetup(
            chat, service, store, compactions, ledger, provider, profile, conversation
        )
    finally:
        await database.close()


async def three_turns(setup: CompactionSetup) -> None:
    """Run three exchanges that the provider counts as 90, 180 and 220 thousand tokens."""
    for number, used in ((1, 90_000), (2, 180_000), (3, 220_000)):
        await setup.ask(f"question {number}", f"answer {number}", used)


# ---------------------------------------------------------------- limits


# ---------------------------------------------------------------- by the provider


async def test_items_of_a_provider_compaction_precede_new_messages(tmp_path: Path) -> None:
    async with open_setup(tmp_path) as setup:
        await three_turns(setup)
        path = await setup.path()
        plan = await setup.plan()
        assert plan.kind is CompactionKind.PROVIDER
        assert plan.point == path[3]  # the last exchange stays as it is
        assert plan.tokens == 180_010
        assert plan.cost_of_input == Decimal("1.75") * 180_010 / 1_000_000
        assert plan.cost_at_most == plan.cost_of_input + Decimal(14) * 128_000 / 1_000_000
        setup.provider.states.append(STATE)
        made = await setup.compact()
        asked = setup.provider.compacted[0]
        assert asked.model == "gpt-5.2"
        assert asked.instructions == "Be brief."
        assert words(asked.messages) == ["question 1", "answer 1", "question 2", "answer 2"]
        assert (made.body, made.tokens_before, made.tokens_after) == (ITEMS, 180_010, 501)
        assert await setup.ledger.utility_cost(setup.conversation.id) == Decimal("0.182")
        assert [m.text for m in await setup.path()] == [m.text for m in path]

        cache_key = setup.provider.requests[-1].cache_key
        await setup.ask("question 4", "answer 4", 1_000)
        request = setup.provider.requests[-1]
        assert request.state == ITEMS
        assert setup.sent == ["question 3", "answer 3", "question 4"]
        assert request.cache_key == cache_key
        assert await setup.used() == 1_010


async def test_without_compaction_by_the_provider_a_small_model_summarizes(tmp_path: Path) -> None:
    async with open_setup(tmp_path) as setup:
        await three_turns(setup)
        setup.provider.add(*said("They asked two questions.", 50))
        made = await setup.compact()
        assert made.kind is CompactionKind.SUMMARY
        assert made.model == "gpt-6-luna"
        assert setup.provider.requests[-1].effort is Effort.NONE
        assert "Person:\nquestion 1\n\nAssistant:\nanswer 1" in setup.sent[0]
        assert "question 3" not in setup.sent[0]
        await setup.ask("question 4", "answer 4", 700)
        assert "They asked two questions." in setup.sent[0]
        assert setup.sent[1:] == [SUMMARY_READ, "question 3", "answer 3", "question 4"]
        assert setup.provider.requests[-1].state == ""


# ---------------------------------------------------------------- branches, other providers, undo


async def test_a_branch_that_begins_before_a_compaction_is_sent_in_full(tmp_path: Path) -> None:
    async with open_setup(tmp_path) as setup:
        await three_turns(setup)
        setup.provider.states.append(STATE)
        await setup.compact()
        await setup.ask("question 2, edited", "another answer", 95_000, behind=2)
        assert setup.provider.requests[-1].state == ""
        assert setup.sent == ["question 1", "answer 1", "question 2, edited"]
        assert await setup.used() == 95_010


async def test_an_undone_compaction_has_no_effect(tmp_path: Path) -> None:
    async with open_setup(tmp_path) as setup:
        await three_turns(setup)
        assert await setup.used() == 220_010
        setup.provider.states.append(STATE)
        made = await setup.compact()
        assert await setup.used() < 1_000
        await setup.ask("question 4", "answer 4", 1_000)
        await setup.compaction_store.undo(made.id, now())
        # The count of question 4 included the compaction, so it says nothing now.
        assert await setup.used() < 1_000, "counted here"
        await setup.ask("question 5", "answer 5", 221_000)
        assert len(setup.sent) == 9
        assert await setup.used() == 221_010


async def test_a_question_too_long_after_a_compaction_is_refused(tmp_path: Path) -> None:
    async with open_setup(tmp_path) as setup:
        await three_turns(setup)
        setup.provider.states.append(STATE)
        await setup.compact()
        with pytest.raises(errors.DocumentDoesNotFitError) as refused:
            await setup.ask("word " * 272_000, "", 0)
        assert refused.value.what_to_do.startswith("Compact it")


# ---------------------------------------------------------------- summaries in parts


async def test_a_text_larger_than_the_window_is_summarized_in_parts(tmp_path: Path) -> None:
    async with open_setup(tmp_path, profile=ON_DEVICE, choice=LOCAL) as setup:
        # The provider counts less than the words here, so that the questions themselves fit.
        for number in range(4):
            await setup.ask(f"q{number} " + "w " * 3_000, f"a{number}", 1_000 * (number + 1))
        for text in ("first part", "second part", "third part", "all parts"):
            setup.provider.add(*said(text, 5_200))
        parts: list[tuple[int, int]] = []
        plan = await setup.plan()
        made = await setup.service.compact(plan, "", lambda done, of: parts.append((done, of)))
        assert parts == [(0, 3), (1, 3), (2, 3), (0, 1)]
        assert "first part\n\nsecond part\n\nthird part" in setup.sent[0]
        assert "successive parts" in setup.provider.requests[-1].instructions
        assert made.body == "all parts"
        for request in setup.provider.requests[-4:]:
            assert request.parameters.max_output_tokens == 512
            assert len(words(request.messages)[0].split()) < 8_192 - 1_024


@pytest.mark.parametrize(
    ("counts", "size", "packed"),
    [
        ((2, 3), 5, [5]),  # exactly
        ((2, 2, 1), 6, [4, 1]),  # the blank line counts as two
        ((2, 2, 1), 7, [5]),
        ((5, 1, 1), 5, [5, 2]),
    ],
)
async def test_texts_are_packed_up_to_the_size(
    counts: tuple[int, ...], size: int, packed: list[int], tmp_path: Path
) -> None:
    async with open_setup(tmp_path) as setup:
        pieces = [
            " ".join(f"{piece}.{word}" for word in range(n)) for piece, n in enumerate(counts)
        ]
        found = await setup.service.pack(pieces, setup.own, size)
        assert [len(text.split()) for text in found] == packed
        assert " ".join(found).split() == " ".join(pieces).split()


@pytest.mark.parametrize(
    ("text", "size", "cut"),
    [
        ("a b c", 4, ["a b c"]),
        ("a b\nc d e f", 4, ["a b", "\nc d e f"]),
        ("a b c d e f", 4, ["a b c", " d e f"]),
        ("a\nb c d e f", 4, ["a\nb c", " d e f"]),
    ],
)
async def test_long_texts_are_cut_at_lines(
    text: str, size: int, cut: list[str], tmp_path: Path
) -> None:
    async with open_setup(tmp_path) as setup:
        assert await setup.service.pack([text], setup.own, size) == cut


# ---------------------------------------------------------------- failures


async def test_a_failed_compaction_raises_and_stores_nothing(tmp_path: Path) -> None:
    async with open_setup(tmp_path) as setup:
        await three_turns(setup)
        setup.provider.states.append(errors.ProviderFaultError("It failed."))
        with pytest.raises(errors.ProviderFaultError):
            await setup.compact()
        setup.provider.add(Failed(errors.ProviderFaultError("So did this.")))
        setup.provider.states.append(errors.EndpointMissingError("None here."))
        with pytest.raises(errors.ProviderFaultError):
            await setup.compact()
        assert await setup.compactions() == ()
        calls = {row.key: row.spent for row in await setup.ledger.group_spending(Grouping.OUTCOME)}
        assert (calls["failed"].calls, calls["failed"].uncounted) == (2, 0)
        assert calls["failed"].cost == 0
        setup.provider.states.append(errors.UnexpectedReplyError("Not readable."))
        with pytest.raises(errors.UnexpectedReplyError):
            await setup.compact()
        calls = {row.key: row.spent for row in await setup.ledger.group_spending(Grouping.OUTCOME)}
        assert (calls["failed"].calls, calls["failed"].estimated) == (3, 1)


async def test_a_canceled_summary_stores_nothing_and_has_an_estimated_cost(tmp_path: Path) -> None:
    async with open_setup(tmp_path) as setup:
        await three_turns(setup)
        setup.provider.add(TextDelta("They asked"), ScriptedProvider.HOLD)
        work = asyncio.ensure_future(setup.compact())
        await setup.provider.holding.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert await setup.compactions() == ()
        assert setup.provider.closed == len(setup.provider.requests)
        calls = {row.key: row.spent for row in await setup.ledger.group_spending(Grouping.OUTCOME)}
        assert (calls["cancelled"].calls, calls["cancelled"].estimated) == (1, 1)


@pytest.mark.parametrize("text", ["", "word " * 200_000])
async def test_a_compaction_that_is_no_shorter_is_not_stored(tmp_path: Path, text: str) -> None:
    async with open_setup(tmp_path) as setup:
        await three_turns(setup)
        setup.provider.add(*said(text, 50))
        with pytest.raises(errors.CompactionError):
            await setup.compact()
        assert await setup.compactions() == ()


async def test_compacting_a_deleted_conversation_fails(tmp_path: Path) -> None:
    async with open_setup(tmp_path) as setup:
        await three_turns(setup)
        plan = await setup.plan()
        await setup.store.erase([setup.conversation.id])
        setup.provider.states.append(STATE)
        with pytest.raises(errors.CompactionError):
            await setup.service.compact(plan)


# ---------------------------------------------------------------- plans

SERVER = ProviderProfile("own", "Own", ProviderKind.COMPATIBLE, "http://127.0.0.1:1/v1")
PRICE = Price(Decimal(1_000_000), Decimal(2_000_000))  # a dollar a token, and two
SMALL = ModelInfo("m", "M", max_input=1000, price=PRICE)
FRAME = 4  # tokens around each message


def service(counter: WordCounter | None = None) -> CompactionService:
    """Return a service that only plans: its store is never opened."""
    database = Database(Path("never-opened"))
    attachments = AttachmentStore(database, Path("never-made"))
    budget = Budget(SpendingHolds(database), SettingsStore(database))
    return CompactionService(
        store=CompactionStore(database),
        attachments=attachments,
        images=ImageScaler(attachments, None),  # type: ignore[arg-type]
        estimator=Estimator(counter or WordCounter(), attachments),
        utility_model=UtilityModel(
            PaidCalls(OneProvider(ScriptedProvider()), budget, Ledger(database)),
            partial(ProviderModels, catalog=CATALOG),
        ),
        delimiters=delimiters(),
    )


def choice(model: ModelInfo = SMALL, profile: ProviderProfile = SERVER) -> ResolvedChoice:
    return ResolvedChoice(profile, model, model.variant, None)


def message_of(
    role: Role, text: str, usage: Usage | None = None, resolved: ResolvedChoice | None = None
) -> Message:
    by = resolved or choice()
    return Message(
        new_id(), "c", None, role, MessageStatus.COMPLETE, (TextPart(text),), NOON,
        ModelChoice(by.profile.id, by.model.id, by.variant), usage=usage,
    )  # fmt: skip


def turns(*tokens: int) -> list[Message]:
    """Return questions and answers of so many tokens, in turn."""
    roles = (Role.USER, Role.ASSISTANT)
    return [message_of(roles[n % 2], "word " * (count - FRAME)) for n, count in enumerate(tokens)]


# -------------------------------------------------------------- nearly full


@pytest.mark.parametrize(
    ("path", "more", "expected"),
    [
        (turns(800), 0, True),
        (turns(799), 0, False),
        ([message_of(Role.USER, "a"), message_of(Role.ASSISTANT, "b", Usage(790, 0, 10))], 0, True),
        (
            [message_of(Role.USER, "a"), message_of(Role.ASSISTANT, "b", Usage(789, 0, 10))],
            0,
            False,
        ),
        ([], 1000, False),
    ],
)
async def test_a_window_is_nearly_full_from_four_fifths(
    path: list[Message], more: int, expected: bool
) -> None:
    context = SendContext(path, choice())
    assert await service().is_nearly_full(context, more_tokens=more) is expected
    unknown = SendContext(path, choice(replace(SMALL, max_input=None)))
    assert not await service().is_nearly_full(unknown, more_tokens=more)


# -------------------------------------------------------------- what is replaced


@pytest.mark.parametrize(
    ("tokens", "last", "replaced"),
    [
        ((750, 750, 250, 250), 1, 1500),  # a quarter stays
        ((750, 750, 250, 251), 3, 2001),
        ((500, 300, 100, 100), 3, 1000),
        ((500, 300, 100, 99), None, 0),
        ((500, 500, 2000), 1, 1000),  # the question of now cannot be replaced
        ((2000,), None, 0),
    ],
)
async def test_the_last_turn_stays_if_it_is_small(
    tokens: Sequence[int], last: int | None, replaced: int
) -> None:
    path = turns(*tokens)
    planned = await service().plan(SendContext(path, choice()))
    if last is None:
        assert planned is None
        return
    assert (planned.kind, planned.point) == (CompactionKind.SUMMARY, path[last])
    assert list(planned.sent.messages) == path[: last + 1]
    assert (planned.request_tokens, planned.tokens) == (sum(tokens), replaced)
    assert not planned.is_exact
    assert planned.maker == planned.answering == choice()


async def test_compacted_messages_are_not_compacted_again() -> None:
    path = turns(2000, 2000, 500, 510, 10, 10)
    made = Compaction("k", "c", path[1].id, CompactionKind.SUMMARY, "own", "m", "w " * 30, NOON,
                      4000, 30)  # fmt: skip
    planned = await service().plan(SendContext(path, choice(), [made]))
    assert (planned.sent.compaction, list(planned.sent.messages)) == (made, path[2:4])
    assert planned.request_tokens - planned.tokens == 20
    unreadable = replace(made, kind=CompactionKind.PROVIDER, body="[]", provider_id="another")
    planned = await service().plan(SendContext(path, choice(), [unreadable]))
    assert (planned.sent.compaction, list(planned.sent.messages)) == (None, path[:4])


# -------------------------------------------------------------- what it costs


@pytest.mark.parametrize(
    ("model", "tokens", "reads", "writes"),
    [
        (SMALL, 1000, 1000 + 600, 62),
        (SMALL, 1001, 1001 + 2 * 600 + 2 * 62 + 600, 3 * 62),
        (replace(SMALL, context_window=32_000), 1000, 1000 + 600, 2000),
        (replace(SMALL, max_input=None), 4000, 4000 + 600, 4000),
        (replace(SMALL, max_input=None), 15_000, 15_000 + 3 * 600 + 3 * 4000 + 600, 4 * 4000),
    ],
)
async def test_the_cost_of_a_summary_counts_each_part_and_merging_them(
    model: ModelInfo, tokens: int, reads: int, writes: int
) -> None:
    """Each part is read with the instructions, and of several parts the summaries again."""
    planned = await service().plan(SendContext(turns(500, tokens - 500), choice(model)))
    assert planned.cost_of_input == reads
    assert planned.cost_at_most == reads + 2 * writes
    free = replace(model, price=None)
    planned = await service().plan(SendContext(turns(500, tokens - 500), choice(free)))
    assert (planned.cost_of_input, planned.cost_at_most) == (None, None)


def test_the_texts_of_a_provider_s_items_are_readable() -> None:
    parts = [{"text": "a"}, "x", {"text": "b"}]
    items = [{"content": "plain"}, {"encrypted_content": "gAAAA"}, {"content": parts}]
    made = Compaction("k", "c", "m", CompactionKind.PROVIDER, "own", "m", json.dumps(items), NOON,
                      9, 3)  # fmt: skip
    assert readable_content(made) == (5, "plain\n\na\nb")
    assert readable_content(replace(made, kind=CompactionKind.SUMMARY, body="Few.")) == (0, "Few.")


# -------------------------------------------------------------- who makes it

PRO, THINKING, INSTANT = (
    CATALOG.for_variant(each) for each in (Variant.PRO, Variant.THINKING, Variant.INSTANT)
)


@pytest.mark.parametrize(
    ("profile", "model", "question", "kind", "maker"),
    [
        (OPENAI, THINKING, 750, CompactionKind.PROVIDER, THINKING.id),
        (OPENAI, THINKING, 751, CompactionKind.SUMMARY, "gpt-6-luna"),  # half would be kept
        (OPENAI, PRO, 750, CompactionKind.PROVIDER, THINKING.id),
        (OPENAI, replace(THINKING, price=PRICE), 750, CompactionKind.PROVIDER, THINKING.id),
        (OPENAI, replace(THINKING, id="gpt-5.2-x", price=None), 750, CompactionKind.PROVIDER,
         THINKING.id),
        (replace(OPENAI, api=Api.CHAT_COMPLETIONS), THINKING, 750, CompactionKind.SUMMARY,
         "gpt-6-luna"),
        (COMETAPI, THINKING, 750, CompactionKind.SUMMARY, "gpt-6-luna"),
        (SERVER, THINKING, 750, CompactionKind.SUMMARY, THINKING.id),
    ],
)  # fmt: skip
async def test_the_provider_or_a_small_model_compacts(
    profile: ProviderProfile, model: ModelInfo, question: int, kind: CompactionKind, maker: str
) -> None:
    context = SendContext(turns(question, 1500 - question), choice(model, profile))
    planned = await service().plan(context)
    assert (planned.kind, planned.maker.model.id) == (kind, maker)
    assert planned.tokens == 1500
    if kind is CompactionKind.PROVIDER:
        price = planned.maker.price
        assert planned.cost_of_input == price.cost(Usage(1500, 0, 0))
        assert planned.cost_at_most == price.cost(
            Usage(1500, 0, planned.maker.model.max_output or 0)
        )
