"""Asking, over a real store on disk and a scripted provider."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from desktop_app.budget.budget import Budget, Hold, PaidCalls, SpendingHolds
from desktop_app.budget.ledger import Ledger
from desktop_app.chat.answers.answer_run import AnswerRun
from desktop_app.chat.attachments.chunked_reading import ChunkedReader
from desktop_app.chat.attachments.image_scaling import ImageScaler
from desktop_app.chat.chat_service import ChatService, RequestSources
from desktop_app.chat.conversation_store import CompactionStore, ConversationStore
from desktop_app.chat.cost_estimate import MESSAGE_OVERHEAD, Estimator
from desktop_app.chat.passage_context import PassageSource
from desktop_app.chat.send_context import AskSettings
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.documents.store.note_store import NoteStore
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.domain import errors
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.reply import Reply
from desktop_app.domain.answering.stream_events import (
    Completed,
    HostedCall,
    ReasoningDelta,
    ReasoningItem,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
    new_id,
    now,
)
from desktop_app.domain.conversations.message_parts import (
    Attachment,
    DocumentPart,
    DraftPart,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    text_of,
    tool_calls,
)
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.cost import Usage
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.remembered_note import RememberedNote
from desktop_app.domain.spending_report import Call
from desktop_app.domain.tools.tool import ToolCallState
from desktop_app.prompts.prompt_library import built_in_requirements
from desktop_app.providers.gateway.environment_profiles import COMETAPI, ON_DEVICE, OPENAI
from desktop_app.providers.models.choice_resolution import ModelChoices, ProviderModels
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database
from desktop_app.tools.calls.consent import ConsentBroker
from desktop_app.tools.calls.hosted_tools import HostedTools
from desktop_app.tools.calls.tool_set import ToolCatalog
from tests.helpers.parts import unused_parts
from tests.helpers.prompt_delimiters import delimiters
from tests.helpers.scripted_provider import OneProvider, ScriptedProvider, WordCounter
from tests.helpers.tools import Source, broker, no_tools
from tests.helpers.waiting import cancel, until
from tests.unit.chat.test_chunked_reading import WordSplitter
from tests.unit.providers.samples import CATALOG, COMPATIBLE

HELD = ScriptedProvider.HOLD


class FullDisk(ConversationStore):
    """A store on a disk that is full for a while, at the seam of the message store."""

    full = False

    async def begin_turn(
        self, conversation: Conversation, question: Message | None, *answers: Message
    ) -> None:
        if self.full:
            raise errors.StoreFullError("The disk is full.", details=errno.errorcode[errno.ENOSPC])
        await super().begin_turn(conversation, question, *answers)


@dataclass
class ChatSetup:
    """A chat service over a store on disk."""

    database: Database
    service: ChatService
    store: FullDisk
    ledger: Ledger
    attachments: AttachmentStore
    counter: WordCounter
    heard: list[StreamEvent] = field(default_factory=list)
    store_said: list[errors.StorageError | None] = field(default_factory=list)

    async def begin(
        self,
        text: str,
        profile: ProviderProfile = OPENAI,
        variant: Variant | None = Variant.THINKING,
        path: list[Message] | None = None,
        attachments: tuple[DraftPart, ...] = (),
        settings: AskSettings | None = None,
        conversation: Conversation | None = None,
        template_id: str = "",
    ) -> AnswerRun:
        model = "" if variant else "smollm2-135m-instruct"
        choice = ModelChoice(profile.id, model, variant, Effort.HIGH if variant else None)
        conversation = conversation or Conversation(new_id(), "", now(), now(), choice)
        draft = Draft(text, attachments, template_id)
        return await self.service.begin(
            conversation, path or [], draft, profile, settings or AskSettings()
        )

    async def run(self, answering: AnswerRun) -> Message:
        return await answering.run(self.listen, self.store_said.append)

    def listen(self, event: StreamEvent, _reply: Reply) -> None:
        self.heard.append(event)

    async def attach(self, name: str, text: str, *, in_parts: bool = False) -> DocumentPart:
        data = text.encode()
        digest = sha256(data).hexdigest()
        await self.attachments.add(data, Attachment(digest, name, "text/plain", text))
        return DocumentPart(digest, name, "text/plain", len(data), in_parts=in_parts)


@asynccontextmanager
async def open_chat(
    tmp_path: Path,
    provider: ScriptedProvider | errors.UserFacingError,
    passages: PassageSource | None = None,
    tools: ToolCatalog | None = None,
    consent: ConsentBroker | None = None,
    parts: WordSplitter | None = None,
) -> AsyncIterator[ChatSetup]:
    database = Database(tmp_path / "store.sqlite3")
    await database.open()
    store, ledger = FullDisk(database), Ledger(database)
    attachments = AttachmentStore(database, tmp_path / "attachments")
    counter = WordCounter()
    documents = DocumentWorker()
    calls = PaidCalls(
        OneProvider(provider), Budget(SpendingHolds(database), SettingsStore(database)), ledger
    )
    image_scaler = ImageScaler(attachments, documents)
    estimator = Estimator(counter, attachments, passages and (lambda: passages))

    def reader() -> ChunkedReader:
        return ChunkedReader(
            calls=calls,
            attachments=attachments,
            images=image_scaler,
            estimator=estimator,
            split_text=(parts or unused_parts()).chunks,
            notes=NoteStore(database),
        )

    service = ChatService(
        calls=calls,
        sources=RequestSources(
            store,
            attachments,
            image_scaler,
            CompactionStore(database),
            built_in_requirements,
            delimiters(),
            reader,
            passages and (lambda: passages),
        ),
        estimator=estimator,
        models=ModelChoices(partial(ProviderModels, catalog=CATALOG)),
        tools=lambda: tools or no_tools(),
        consent=consent or broker(),
    )
    try:
        yield ChatSetup(database, service, store, ledger, attachments, counter)
    finally:
        await documents.aclose()
        await database.close()


USAGE = Usage(input_tokens=1000, cached_tokens=400, output_tokens=200, reasoning_tokens=50)


async def test_the_question_is_on_disk_before_anything_is_sent(tmp_path: Path) -> None:
    provider = ScriptedProvider([TextDelta("Four."), UsageReported(USAGE), Completed()])

    async with open_chat(tmp_path, provider) as chat:
        began = await chat.begin("Two and two?")
        assert provider.requests == []
        kept = await chat.store.path(began.conversation.id)
        assert [m.text for m in kept] == ["Two and two?", ""]
        assert kept[1].status is MessageStatus.STREAMING
        answer = await chat.run(began)
        assert (answer.text, answer.status) == ("Four.", MessageStatus.COMPLETE)
        assert (await chat.store.path(began.conversation.id))[1] == answer
        assert began.conversation.title == "Two and two?"
        (request,) = provider.requests
        assert (request.model, request.effort) == ("gpt-5.2", Effort.HIGH)
        assert request.cache_key == began.conversation.id


@pytest.mark.parametrize(("share", "cost"), [("1", "0.01392"), ("0.5", "0.00696")])
async def test_a_tool_that_the_provider_ran_is_paid_at_its_prices(
    tmp_path: Path, share: str, cost: str
) -> None:
    """The cost is that of the tokens and $0.01 for the search, times the provider's share."""
    call = ToolCallPart("c", "web_search", "{}", state=ToolCallState.DONE, is_hosted=True)
    failed = replace(call, call_id="d", state=ToolCallState.FAILED)
    provider = ScriptedProvider(
        [HostedCall(call), HostedCall(failed), TextDelta("."), UsageReported(USAGE), Completed()]
    )

    async with open_chat(tmp_path, provider) as chat:
        profile = replace(OPENAI, price_multiplier=Decimal(share))
        answer = await chat.run(await chat.begin("?", profile))
        assert answer.cost == Decimal(cost)
        spent = await chat.ledger.conversation_spending(answer.conversation_id)
        assert spent.cost == Decimal(cost)


async def test_a_request_is_held_until_it_is_recorded_and_tools_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed program counts each hold as a call, besides those that were recorded."""
    held: list[int] = []

    def count_holds() -> int:
        with closing(sqlite3.connect(tmp_path / "store.sqlite3")) as connection:
            (row,) = connection.execute("SELECT count(*) FROM spending_holds").fetchall()
        return int(row[0])

    async def look(_: object) -> str:
        held.append(count_holds())
        return "seen"

    async def record(ledger: Ledger, call: Call, hold: Hold | None = None) -> None:
        held.append(count_holds())
        await add(ledger, call, hold)
        held.append(count_holds())  # a kill here must not count the call twice

    class Twice(ScriptedProvider):
        async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
            held.append(count_holds())
            if tool_calls(request.messages[-1].parts):
                yield TextDelta("Done.")
            else:
                yield ToolCallDelta(0, "{}", "c", "look")
            yield UsageReported(USAGE)
            yield Completed()

    add = Ledger.add
    monkeypatch.setattr(Ledger, "add", record)
    async with open_chat(tmp_path, Twice(), tools=ToolCatalog([Source(look=look)])) as chat:
        settings = AskSettings(parameters=GenerationParameters(tools=("look",)))
        answer = await chat.run(await chat.begin("?", settings=settings))
        assert held == [1, 1, 0, 0, 1, 1, 0]
        assert count_holds() == 0
        spent = await chat.ledger.answer_spending(answer.conversation_id, answer.id)
        assert (spent.calls, spent.uncounted) == (2, 0)


async def test_fees_of_hosted_tools_are_recorded_before_the_answer_ends(tmp_path: Path) -> None:
    """Nothing runs after a SIGKILL, so a checkpoint puts the fee into the ledger."""
    done = ToolCallPart("c", "web_search", "{}", state=ToolCallState.DONE, is_hosted=True)
    failed = replace(done, call_id="d", state=ToolCallState.FAILED)
    provider = ScriptedProvider([HostedCall(done), HostedCall(failed), TextDelta("."), HELD])

    async with open_chat(tmp_path, provider) as chat:
        began = await chat.begin("?")
        task = asyncio.create_task(chat.run(began))
        await provider.holding.wait()

        async def is_recorded() -> bool:
            spent = await chat.ledger.answer_spending(began.conversation.id, began.answer.id)
            return (spent.cost, spent.uncounted) == (Decimal("0.01"), 0)

        await until(is_recorded)
        await cancel(task)
        spent = await chat.ledger.answer_spending(began.conversation.id, began.answer.id)
        assert (spent.cost, spent.uncounted) == (Decimal("0.01"), 1)


@pytest.mark.parametrize(
    ("asked", "answered", "cost"),
    [
        ("priority", "default", "0.00392"),  # the provider had no capacity at that tier
        ("priority", "", "0.00784"),
    ],
)
async def test_the_tier_that_answered_decides_the_price(
    tmp_path: Path, asked: str | None, answered: str, cost: str
) -> None:
    provider = ScriptedProvider([TextDelta("."), UsageReported(USAGE, answered), Completed()])

    async with open_chat(tmp_path, provider) as chat:
        settings = AskSettings(parameters=GenerationParameters(service_tier=asked))
        answer = await chat.run(await chat.begin("?", settings=settings))
        assert provider.requests[0].parameters.service_tier == asked
        assert (answer.cost, answer.cost_is_estimated) == (Decimal(cost), False)


@pytest.mark.parametrize(("next_provider", "is_sent"), [(OPENAI, True), (COMETAPI, False)])
async def test_reasoning_is_sent_to_its_own_provider_only(
    tmp_path: Path, next_provider: ProviderProfile, is_sent: bool
) -> None:
    item = ReasoningItem("rs", "sealed")
    answer: list[StreamEvent] = [ReasoningDelta("Hm"), item, TextDelta("A"), Completed()]
    provider = ScriptedProvider(answer, [Completed()])

    async with open_chat(tmp_path, provider) as chat:
        began = await chat.begin("?")
        await chat.run(began)
        path = await chat.store.path(began.conversation.id)
        await chat.run(
            await chat.begin("And?", next_provider, path=path, conversation=began.conversation)
        )
        sent = [part for message in provider.requests[1].messages for part in message.parts]
        assert any(isinstance(part, ReasoningPart) for part in sent) is is_sent


async def test_sampling_is_sent_only_to_models_that_accept_it(tmp_path: Path) -> None:
    provider = ScriptedProvider([Completed()], [Completed()])

    async with open_chat(tmp_path, provider) as chat:
        settings = AskSettings()
        settings = replace(settings, parameters=replace(settings.parameters, temperature=0.2))
        await chat.run(await chat.begin("?", settings=settings))
        assert provider.requests[0].parameters.temperature is None
        quiet = ModelChoice("openai", "", Variant.THINKING, Effort.NONE)
        conversation = Conversation(new_id(), "", now(), now(), quiet)
        await chat.run(await chat.begin("?", settings=settings, conversation=conversation))
        assert provider.requests[1].parameters.temperature == 0.2
        assert provider.requests[1].effort is Effort.NONE


async def test_a_cap_refuses_the_next_message_but_does_not_stop_a_running_answer(
    tmp_path: Path,
) -> None:
    provider = ScriptedProvider(
        [TextDelta("a"), HELD, UsageReported(Usage(1000, 0, 3000, 0)), Completed()]
    )
    info = CATALOG.info("gpt-5.2")
    usual = info.price.cost(Usage(1 + MESSAGE_OVERHEAD, 0, info.usual_tokens(Effort.HIGH)))
    capped = replace(OPENAI, monthly_cap=usual)

    async with open_chat(tmp_path, provider) as chat:
        first = await chat.begin("one", capped)
        running = asyncio.create_task(chat.run(first))
        await provider.holding.wait()
        with pytest.raises(errors.SpendingCapError, match="under way may cost"):
            await chat.begin("two", capped)
        provider.release.set()
        answer = await running
        assert answer.status is MessageStatus.COMPLETE  # though it passed the cap by far
        with pytest.raises(errors.SpendingCapError, match=r"\$0\.00 of your"):
            await chat.begin("two", capped)
        path = await chat.store.path(first.conversation.id)
        assert [message.role.value for message in path] == ["user", "assistant"]
        with pytest.raises(errors.SpendingCapError):
            await chat.service.begin(first.conversation, path[:1], None, capped, AskSettings())


async def test_compared_answers_are_stored_together_or_not_at_all(tmp_path: Path) -> None:
    capped = replace(OPENAI, monthly_cap=Decimal("0.1"))
    chosen = [ModelChoice(OPENAI.id, "", variant) for variant in (Variant.THINKING, Variant.PRO)]
    asked = [(capped, choice) for choice in chosen]
    words = Draft(" ".join(200 * ["word"]))

    async with open_chat(tmp_path, ScriptedProvider()) as chat:
        blank = Conversation(new_id(), "", now(), now(), chosen[0])
        with pytest.raises(errors.SpendingCapError):  # the second is too expensive beside the first
            await chat.service.begin(blank, [], words, OPENAI, AskSettings(), compared=asked)
        assert (await chat.service.calls.budget.month(capped)).held == 0
        assert await chat.store.get(blank.id) is None
        compared = [(OPENAI, choice) for choice in chosen]
        began = await chat.service.begin(blank, [], words, OPENAI, AskSettings(), compared=compared)
        runs = [began, *began.siblings]
        assert [run.answer.choice.model for run in runs if run.answer.choice] == [
            "gpt-5.2",
            "gpt-5.2-pro",
        ]
        assert {run.answer.parent_id for run in runs} == {began.question and began.question.id}
        (question, first) = await chat.store.path(blank.id)
        assert (question.text, first.id) == (words.text, began.answer.id)


async def test_a_question_that_cannot_be_stored_holds_nothing(tmp_path: Path) -> None:
    capped = replace(OPENAI, monthly_cap=Decimal(1))

    async with open_chat(tmp_path, ScriptedProvider([Completed()])) as chat:
        asked = await chat.begin("one", capped)
        assert (await chat.service.calls.budget.month(capped)).held > 0
        await chat.run(asked)
        chat.store.full = True
        with pytest.raises(errors.StoreFullError):
            await chat.begin("two", capped)
        assert (await chat.service.calls.budget.month(capped)).held == 0


async def _look(_: object) -> str:
    return "seen"


@pytest.mark.parametrize(
    ("profile", "variant", "wanted", "tools", "sent"),
    [
        (OPENAI, Variant.PRO, True, (), True),
        (OPENAI, Variant.PRO, False, (), False),
        (OPENAI, Variant.PRO, True, ("look",), False),  # nobody could allow the calls
        (OPENAI, Variant.THINKING, True, (), True),
        (COMETAPI, Variant.PRO, True, (), False),
    ],
)
async def test_a_long_answer_without_tools_may_run_in_the_background(
    tmp_path: Path,
    profile: ProviderProfile,
    variant: Variant,
    wanted: bool,
    tools: tuple[str, ...],
    sent: bool,
) -> None:
    provider = ScriptedProvider([Completed()])
    parameters = GenerationParameters(tools=tools)
    async with open_chat(tmp_path, provider, tools=ToolCatalog([Source(look=_look)])) as chat:
        settings = AskSettings(background=wanted, parameters=parameters)
        await chat.run(await chat.begin("?", profile, variant, settings=settings))
    (request,) = provider.requests
    assert request.background is sent


CHAT_ONLY = replace(OPENAI, api=Api.CHAT_COMPLETIONS)


@pytest.mark.parametrize(
    ("own", "profile", "offered", "missing"),
    [
        (("search_web", "fetch_page"), OPENAI, ["web_search"], ""),
        (("search_web", "fetch_page"), CHAT_ONLY, ["fetch_page", "search_web"], ""),
        (("fetch_page",), CHAT_ONLY, [], "web_search"),
        ((), CHAT_ONLY, [], "web_search"),
    ],
)
async def test_a_search_of_the_users_replaces_that_of_the_provider(
    tmp_path: Path, own: tuple[str, ...], profile: ProviderProfile, offered: list[str], missing: str
) -> None:
    async def nothing() -> Any:
        return ()

    async def no_fields() -> dict[str, Any]:
        return {}

    provider = ScriptedProvider([Completed()])
    sources = [Source(**dict.fromkeys(own, _look)), HostedTools(nothing, no_fields)]
    async with open_chat(tmp_path, provider, tools=ToolCatalog(sources)) as chat:
        settings = AskSettings(parameters=GenerationParameters(tools=("web_search",)))
        answer = await chat.run(await chat.begin("?", profile, settings=settings))
    (request,) = provider.requests
    assert [tool.name for tool in request.tools] == offered
    wanted = [notice(NoticeCode.TOOLS_MISSING, names=missing)] if missing else []
    assert [each for each in answer.notices if "tools" in str(each)] == wanted


@pytest.mark.parametrize(
    ("names", "offered", "choice"),
    [((), [], ""), (("look",), ["look"], "auto"), (("look", "gone"), ["look"], "auto")],
)
async def test_tools_are_offered_with_the_explanation_of_their_results(
    tmp_path: Path, names: tuple[str, ...], offered: list[str], choice: str
) -> None:
    provider = ScriptedProvider([Completed()])
    async with open_chat(tmp_path, provider, tools=ToolCatalog([Source(look=_look)])) as chat:
        settings = AskSettings("Be brief.", GenerationParameters(tools=names))
        answer = await chat.run(await chat.begin("?", settings=settings))
        delimiter = await delimiters().delimiter_for(answer.conversation_id)
    (request,) = provider.requests
    explained = f"Be brief.\n\n{delimiter.explanation}" if names else "Be brief."
    assert request.instructions == explained
    assert [tool.name for tool in request.tools] == offered
    assert request.tool_choice == choice
    missing = [str(each) for each in answer.notices]
    assert missing == (["These tools weren’t available: gone."] if "gone" in names else [])


CALL = (ToolCallDelta(0, "{}", "c", "look"), UsageReported(USAGE), Completed())
NOTE = (TextDelta("noted"), Completed())


async def test_the_answer_from_a_document_in_parts_may_use_tools(tmp_path: Path) -> None:
    provider = ScriptedProvider(NOTE, CALL, [TextDelta("seen"), Completed()])
    catalog = ToolCatalog([Source(look=_look)])
    settings = AskSettings(parameters=GenerationParameters(tools=("look",)))
    async with open_chat(tmp_path, provider, tools=catalog, parts=WordSplitter()) as chat:
        document = await chat.attach("a.txt", "words", in_parts=True)
        began = await chat.begin("?", COMPATIBLE, attachments=(document,), settings=settings)
        done = await chat.run(began)
    assert done.text == "seen"
    assert [call.result for call in tool_calls(done.parts)] == ["seen"]
    *noting, first, last = provider.requests
    assert [request.tools for request in noting] == [()]
    assert [[tool.name for tool in request.tools] for request in (first, last)] == [["look"]] * 2
    assert "noted" in text_of(first.messages[0].parts)  # type: ignore[arg-type]
    assert last.messages[:-1] == first.messages


async def test_parts_of_a_document_are_read_with_what_was_remembered(tmp_path: Path) -> None:
    provider = ScriptedProvider(NOTE, [TextDelta("done"), Completed()])
    notes = (RememberedNote("n", "I rent the flat.", now()),)
    settings = AskSettings(instructions="Be brief.", notes=notes)
    async with open_chat(tmp_path, provider, parts=WordSplitter()) as chat:
        document = await chat.attach("a.txt", "words", in_parts=True)
        began = await chat.begin("?", COMPATIBLE, attachments=(document,), settings=settings)
        await chat.run(began)
        resolved = chat.service.resolve(COMPATIBLE, began.conversation.choice)
        reader = chat.service.chunked_reader
        planned = [
            await reader.plan([document], "?", resolved, each)
            for each in (settings, replace(settings, notes=()))
        ]
    assert all("I rent the flat." in request.instructions for request in provider.requests)
    assert [(plan.calls, plan.cached_calls) for plan in planned] == [(1, 1), (1, 0)]


@pytest.mark.parametrize(("words", "is_sent"), [(2000, True), (3500, False)])
async def test_the_cap_counts_the_notes_of_an_answer_from_parts(
    tmp_path: Path, words: int, is_sent: bool
) -> None:
    used = UsageReported(Usage(100, 0, words))
    note: list[StreamEvent] = [TextDelta("word " * words), used, Completed()]
    used = UsageReported(Usage(100, 0, 10))
    provider = ScriptedProvider(note, [TextDelta("done"), used, Completed()])
    # A server in the user's own network would not have OpenAI's price.
    capped = replace(COMPATIBLE, base_url="https://h.example/v1", monthly_cap=Decimal("0.04"))
    settings = AskSettings(parameters=GenerationParameters(max_output_tokens=100))
    async with open_chat(tmp_path, provider, parts=WordSplitter()) as chat:
        document = await chat.attach("a.txt", "word " * 2000, in_parts=True)
        answer = await chat.run(
            await chat.begin("Why so?", capped, attachments=(document,), settings=settings)
        )
        assert (await chat.service.calls.budget.month(capped)).held == 0
    assert len(provider.requests) == 1 + is_sent
    assert answer.text == "done" * is_sent
    assert (answer.error and answer.error.code) == (
        None if is_sent else errors.SpendingCapError.code
    )


async def test_a_model_without_tools_gets_none_and_the_user_is_told(tmp_path: Path) -> None:
    provider = ScriptedProvider([Completed()])
    async with open_chat(tmp_path, provider, tools=ToolCatalog([Source(look=_look)])) as chat:
        settings = AskSettings(parameters=GenerationParameters(tools=("look",)))
        answer = await chat.run(await chat.begin("?", ON_DEVICE, None, settings=settings))
    (request,) = provider.requests
    assert (request.tools, request.instructions) == ((), "")
    (told,) = answer.notices
    assert str(told) == "“tools” wasn’t sent. SmolLM2 135M doesn’t support it."


@pytest.mark.parametrize(
    ("profile", "variant", "chosen", "sent"),
    [
        (ON_DEVICE, None, None, 250),
        (OPENAI, Variant.THINKING, 10**9, 128_000),
        (OPENAI, Variant.THINKING, None, None),
    ],
)
async def test_the_limit_on_the_answer_is_at_most_that_of_the_model(
    tmp_path: Path,
    profile: ProviderProfile,
    variant: Variant | None,
    chosen: int | None,
    sent: int | None,
) -> None:
    provider = ScriptedProvider([Completed()])
    async with open_chat(tmp_path, provider) as chat:
        settings = AskSettings(parameters=GenerationParameters(max_output_tokens=chosen))
        await chat.run(await chat.begin("?", profile, variant, settings=settings))
    assert provider.requests[0].parameters.max_output_tokens == sent


async def test_a_request_has_the_examples_before_the_conversation(tmp_path: Path) -> None:
    provider = ScriptedProvider([TextDelta("Two"), Completed()], [Completed()])
    async with open_chat(tmp_path, provider) as chat:
        settings = AskSettings("Count.", examples=(("1+0?", "One"),))
        began = await chat.begin("1+1?", settings=settings)
        await chat.run(began)
        path = await chat.store.path(began.conversation.id)
        again = await chat.begin(
            "2+1?", settings=settings, path=path, conversation=began.conversation
        )
        await chat.run(again)
    sent = [
        [part for message in request.messages for part in message.parts]
        for request in provider.requests
    ]
    words = ("1+0?", "One", "1+1?", "Two", "2+1?")
    assert sent == [[TextPart(text) for text in words[:3]], [TextPart(text) for text in words]]
    request = provider.requests[1]
    assert (request.instructions, request.cache_key) == ("Count.", began.conversation.id)
