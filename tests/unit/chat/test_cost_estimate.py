"""Cost estimates of questions, checked against independently calculated figures."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

import pytest

from desktop_app.chat.attachments.image_attachments import attached_image_tokens
from desktop_app.chat.cost_estimate import (
    MESSAGE_OVERHEAD,
    Estimate,
    Estimator,
    typical_tokens,
    usable_input,
)
from desktop_app.chat.prompt_assembly import document_block
from desktop_app.chat.send_context import AskSettings, OpenText, SendContext
from desktop_app.domain.answering.answer_form import AnswerGrammar, AnswerSchema, FormKind
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.conversations.conversation import (
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
    now,
)
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    ImagePart,
    PageImage,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.cost import TypicalAnswer, Usage
from desktop_app.domain.errors import DocumentDoesNotFitError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.token_counts import MAX_GUESSED_CHARACTERS, CountMethod
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.prompt_delimiter import SAMPLE_DELIMITER
from desktop_app.domain.tools.tool import ToolDefinition
from desktop_app.providers.gateway.environment_profiles import COMETAPI, OPENAI
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.tools.calls.tool_set import SourcedTool, ToolSet, ToolSource
from tests.helpers.blocking import blocking
from tests.helpers.catalogs import shipped_catalog
from tests.helpers.fragment import Fragment
from tests.helpers.messages import answer as answered
from tests.helpers.messages import question as said
from tests.helpers.scripted_provider import WordCounter
from tests.unit.chat.one_text import OneText

CATALOG = shipped_catalog()
PRICED = [i for i in CATALOG if i.price and not i.price.is_free and i.chats is not False]
DOCUMENT = DocumentPart("0" * 64, "report.pdf", "application/pdf", 9, pages=2, tokens=300)
WORDS = "one two three " * 100


def resolved(model: str, **changes: Any) -> ResolvedChoice:
    profile = replace(COMETAPI, price_multiplier=Decimal("0.8"))
    return replace(ResolvedChoice(profile, CATALOG.info(model), None, None), **changes)


@blocking
async def estimate(
    choice: ResolvedChoice, path: list[Message] | None = None, limit: int | None = None
) -> Estimate:
    estimator = Estimator(WordCounter(), OneText(WORDS))
    draft = Draft("What does it say?", (DOCUMENT,))
    return await estimator.estimate(SendContext(path or [], choice), draft, max_output_tokens=limit)


@pytest.mark.parametrize("info", PRICED, ids=lambda info: info.id)
def test_prices_are_multiplied_and_no_cache_discount_is_assumed(info: ModelInfo) -> None:
    delimited = (
        f"{SAMPLE_DELIMITER.explanation} {document_block(DOCUMENT, WORDS, SAMPLE_DELIMITER)}"
    )
    tokens = 4 + MESSAGE_OVERHEAD + len(delimited.split())
    made = estimate(resolved(info.id))
    assert made.input_tokens == tokens
    million = Decimal(1_000_000)
    assert made.input_cost == info.price.input * tokens * Decimal("0.8") / million
    assert made.longest_answer_cost == (
        info.price.output * info.max_output * Decimal("0.8") / million
    )


def test_the_users_limit_counts_if_it_is_lower() -> None:
    assert estimate(resolved("gpt-5.2"), limit=1_000).longest_answer_cost == Decimal("0.0112")
    above = estimate(resolved("gpt-5.2"), limit=1_000_000).longest_answer_cost
    assert above == Decimal("1.4336")


@pytest.mark.parametrize(
    ("own", "tokens"),
    [
        ({}, [500, 660, 1000, 2180, 6660]),
        ({"medium": 300}, [150, 198, 300, 1480, 5960]),
        ({"none": 2000}, [2000, 2160, 2500, 3680, 8160]),
        ({"low": 400, "high": 5000}, [303, 400, 740, 5000, 9480]),
    ],
)
def test_efforts_that_the_user_has_not_used_follow_those_used(
    own: dict[str, int], tokens: list[int]
) -> None:
    typical = {("gpt-5.2", name): TypicalAnswer(None, count) for name, count in own.items()}
    efforts = CATALOG.info("gpt-5.2").efforts
    choices = [replace(resolved("gpt-5.2"), effort=effort) for effort in efforts]
    assert [typical_tokens(choice, typical) for choice in choices] == tokens


def test_a_model_that_the_user_has_not_used_follows_those_used() -> None:
    typical = {("gpt-5.2", "medium"): TypicalAnswer(None, 80)}
    pro = replace(resolved("gpt-5.2-pro"), effort=Effort.MEDIUM)
    instant = replace(resolved("gpt-5.2-chat-latest"), effort=None)
    assert typical_tokens(instant, typical) < 80 < typical_tokens(pro, typical)
    typical["gpt-5.2-pro", "medium"] = TypicalAnswer(None, 900)
    assert typical_tokens(pro, typical) == 900


def test_earlier_messages_are_estimated_without_a_cache_discount() -> None:
    """Check the full price, because the provider may no longer have the messages in its cache."""
    choice = resolved("gpt-5.2", profile=OPENAI)
    asked = ModelChoice(OPENAI.id, "gpt-5.2")
    usage = Usage(input_tokens=5_000, cached_tokens=4_000, output_tokens=700, reasoning_tokens=200)
    question = Message(
        "q", "c", None, Role.USER, MessageStatus.COMPLETE, (TextPart("Why?"),), now(), asked
    )
    answer = replace(question, id="a", parent_id="q", role=Role.ASSISTANT, usage=usage)
    more = estimate(choice).input_tokens
    made = estimate(choice, [question, answer])
    assert made.input_tokens == 5_000 + 700 - 200 + more
    assert made.input_cost == Decimal("1.75") * made.input_tokens / 1_000_000


def tool_set(*definitions: ToolDefinition) -> ToolSet:
    source = cast(ToolSource, None)  # never asked
    return ToolSet({each.name: SourcedTool(each, source) for each in definitions})


async def test_the_definitions_of_tools_are_counted_unless_the_provider_counted_them() -> None:
    estimator, choice = Estimator(WordCounter(), OneText(WORDS)), resolved("gpt-5.2")
    look = ToolDefinition("look", "Look around.", {"type": "object"})
    search = ToolDefinition("web_search", "Search the web.", hosted={"type": "web_search"})
    context, draft = SendContext([], choice, tools=tool_set(look, search)), Draft("What is here?")
    with_tools = await estimator.estimate(context, draft)
    alone = await estimator.estimate(replace(context, tools=ToolSet()), draft)
    assert alone.is_exact
    assert not with_tools.is_exact
    words = len(look.sent_text.split())
    assert with_tools.input_tokens == alone.input_tokens + words
    assert "Look around." in look.sent_text
    assert '{"type": "object"}' in look.sent_text
    surely = (
        estimator.token_upper_bound(context),
        estimator.token_upper_bound(replace(context, tools=ToolSet())),
    )
    assert surely[0] is not None
    assert surely[1] is not None
    assert surely[0] >= surely[1] + words

    asked = ModelChoice(choice.profile.id, choice.model.id)
    answer = answered("Nothing.", usage=Usage(500, 0, 20), choice=asked)
    counted = replace(context, path=[said("What?"), answer])
    for tools in (ToolSet(), tool_set(look, search)):
        assert await estimator.context_tokens(replace(counted, tools=tools)) == (520, True)


@pytest.mark.parametrize(("text", "expected"), [("", 0), ("word " * 900, 900)])
async def test_an_open_text_is_counted_as_it_is_now(text: str, expected: int) -> None:
    estimator, choice = Estimator(WordCounter(), OneText(WORDS)), resolved("gpt-5.2")
    # The provider counted the answer with a text that the user has left out or changed since.
    asked = ModelChoice(choice.profile.id, choice.model.id)
    path = [said("What?"), answered("Nothing.", usage=Usage(500, 0, 20), choice=asked)]
    settings = AskSettings(open_text=OpenText("T", "", text) if text else None, has_text=True)
    counted = await estimator.context_tokens(SendContext(path, choice, settings=settings))
    assert expected <= counted.tokens < expected + 50


@pytest.mark.parametrize(
    ("kind", "changes", "is_counted"),
    [
        (ProviderKind.OPENAI, {}, True),
        (ProviderKind.OPENAI, {"takes_schema": False}, False),
        # llama.cpp compiles a schema into a grammar, which takes no room of the window.
        (ProviderKind.COMPATIBLE, {}, False),
    ],
)
async def test_the_schema_of_the_answer_is_counted_if_it_is_in_the_prompt(
    kind: ProviderKind, changes: dict[str, Any], is_counted: bool
) -> None:
    estimator, choice = Estimator(WordCounter(), OneText(WORDS)), resolved("gpt-5.2")
    profile, model = replace(choice.profile, kind=kind), replace(choice.model, **changes)
    schema = AnswerSchema("people", {"title": "one two three"})
    context = SendContext([], replace(choice, profile=profile, model=model))
    alone = await estimator.estimate(context, Draft("Who?"))
    with_schema = await estimator.estimate(
        replace(context, settings=AskSettings(schema=schema)), Draft("Who?")
    )
    words = len(schema.sent_text.split()) if is_counted else 0
    assert with_schema.input_tokens == alone.input_tokens + words
    assert with_schema.is_exact is not is_counted
    assert "people" in schema.sent_text
    assert '{"title": "one two three"}' in schema.sent_text


async def test_the_grammar_of_the_answer_is_counted() -> None:
    estimator = Estimator(WordCounter(), OneText(WORDS))
    context = SendContext([], resolved("gpt-5.2"))
    grammar = AnswerGrammar(FormKind.REGEX, "one two three")
    counts = [
        (await estimator.context_tokens(replace(context, settings=AskSettings(grammar=form))))[0]
        for form in (None, grammar)
    ]
    assert counts == [0, 3]


def limited(window: int | None, max_input: int | None = None, **more: Any) -> ResolvedChoice:
    """Return a choice of a model with these limits."""
    choice = resolved("gpt-5.2")
    model = replace(choice.model, context_window=window, max_input=max_input, **more)
    return replace(choice, model=model)


@pytest.mark.parametrize(
    ("path", "draft", "most"),
    [
        # At most a token per byte of the texts. MESSAGE_OVERHEAD is added for the instructions, the
        # draft and each message, and 512 tokens for an answer.
        ([], "abc", 2 * MESSAGE_OVERHEAD + 3 + 512),
        ([said("é"), said("")], "a", 4 * MESSAGE_OVERHEAD + 3 + 512),
        ([said("\ud800")], "", 3 * MESSAGE_OVERHEAD + 3 + 512),
    ],
)
def test_a_draft_of_few_bytes_is_not_counted(path: list[Message], draft: str, most: int) -> None:
    counter = WordCounter()
    estimator = Estimator(counter, OneText(WORDS))
    fits = [
        estimator.is_sure_to_fit(SendContext(path, limited(limit)), Draft(draft))
        for limit in (most, most - 1, None)
    ]
    assert (fits, counter.asked) == ([True, False, True], 0)
    attached = Draft(draft, (DOCUMENT,))
    assert not estimator.is_sure_to_fit(SendContext(path, limited(10**9)), attached)
    context = SendContext([*path, replace(said("a"), parts=(DOCUMENT,))], limited(10**9))
    assert not estimator.is_sure_to_fit(context, Draft(draft))
    called = replace(said("a"), parts=(ToolCallPart("1", "look", "{}"),))
    assert not estimator.is_sure_to_fit(SendContext([*path, called], limited(10**9)), Draft(draft))


@pytest.mark.parametrize(
    ("choice", "largest", "limit"),
    [(limited(8_000, 5_000), 5_000, 5_000), (limited(8_000), 8_000 - 512, 8_000 - 512)],
)
def test_the_length_of_a_question_is_limited(
    choice: ResolvedChoice, largest: int, limit: int
) -> None:
    estimator = Estimator(WordCounter(), OneText(WORDS))
    window = choice.model.input_limit
    fits = Estimate(largest, CountMethod.TOKENIZER, None, None, window)
    estimator.require_fit(Draft("?"), fits, choice)
    for method, reason in (
        (CountMethod.TOKENIZER, "this needs {tokens}"),
        (CountMethod.GUESSED, "this needs about"),
    ):
        longer = fits._replace(input_tokens=largest + 1, method=method)
        with pytest.raises(DocumentDoesNotFitError) as caught:
            estimator.require_fit(Draft("?", (DOCUMENT,)), longer, choice)
        assert (caught.value.message, caught.value.params) == (
            Fragment(reason),
            {
                "names": "report.pdf",
                "tokens": largest + 1,
                "model": choice.model.name,
                "limit": limit,
            },
        )


@pytest.mark.parametrize(
    ("limit", "attached", "may_compact", "remedy"),
    [
        (99_999, True, True, "shorter document, or choose"),
        (100_000, True, True, "Attach fewer or shorter documents"),
        (99_999, False, True, "it, or start a new conversation"),
        (99_999, False, False, "new conversation, or choose"),
    ],
)
def test_a_question_that_is_too_long_has_a_fitting_remedy(
    limit: int, attached: bool, may_compact: bool, remedy: str
) -> None:
    estimate = Estimate(10**9, CountMethod.TOKENIZER, None, None, limit)
    draft = Draft("?", (DOCUMENT,) if attached else ())
    with pytest.raises(DocumentDoesNotFitError) as caught:
        Estimator(WordCounter(), OneText(WORDS)).require_fit(
            draft, estimate, limited(limit), may_compact=may_compact
        )
    assert remedy in caught.value.hint


@pytest.mark.parametrize(
    ("choice", "usable"),
    [
        (limited(8_000, 5_000), 5_000),
        (limited(None), None),
        (limited(8_000, None, max_output=1_500), 6_500),
        (limited(8_000, None, max_output=None), 7_000),
    ],
)
def test_the_usable_input_leaves_room_for_an_answer(
    choice: ResolvedChoice, usable: int | None
) -> None:
    assert usable_input(choice.model) == usable


@pytest.mark.parametrize("change", [{"pictured": (PageImage(1, 100, 100),)}, {"as_file": True}])
async def test_counts_of_another_model_do_not_cover_image_pages_or_files(
    change: dict[str, Any],
) -> None:
    question = said("Why?", replace(DOCUMENT, **change))
    by_other = ModelChoice(COMETAPI.id, "another")
    answer = answered("So.", choice=by_other, usage=Usage(40, 0, 10, 0))
    context = SendContext([question, answer], resolved("gpt-5.2"))
    tokens, _ = await Estimator(WordCounter(), OneText(WORDS)).context_tokens(context)
    assert tokens > 300


@blocking
async def test_the_newest_generated_pictures_count_once() -> None:
    estimator = Estimator(WordCounter(), OneText(WORDS))
    choice = resolved("gpt-5.2")
    picture = ImagePart("1" * 64, "image.png", "image/png", 9, 1024, 1024)
    older = replace(picture, sha256="2" * 64)
    drawn = replace(answered("Here."), parts=(TextPart("Here."), picture))
    earlier = replace(drawn, parts=(TextPart("Here."), older))

    async def tokens(*path: Message, attached: tuple[ImagePart, ...] = ()) -> int:
        draft = Draft("Brighter.", attached)
        return (await estimator.estimate(SendContext(list(path), choice), draft)).input_tokens

    image = attached_image_tokens(picture, choice.model).tokens
    plain = await tokens(said("Draw."), answered("Here."))
    assert await tokens(said("Draw."), drawn) == plain + image
    assert await tokens(said("Draw."), drawn, attached=(picture,)) == plain + image
    asked = (said("Draw."), drawn, said("Is it?"), answered("Yes."))
    without = (said("Draw."), answered("Here."), said("Is it?"), answered("Yes."))
    more = await tokens(*asked) - await tokens(*without)
    assert image <= more < image + 30  # with the words that name it
    twice = (said("Draw."), earlier, said("Is it?"), drawn)
    assert await tokens(*twice) == await tokens(*without[:3], answered("Here.")) + image


@pytest.mark.parametrize("text", ["Why?", "Why? " * 300, "Why? " * 500], ids=len)
@blocking
async def test_short_texts_are_guessed_while_they_are_typed(text: str) -> None:
    counter = WordCounter()
    typing = Estimator(counter, OneText(WORDS)).for_typing()
    made = await typing.estimate(SendContext([], resolved("gpt-5.2")), Draft(text))
    is_short = len(text) <= MAX_GUESSED_CHARACTERS
    assert (made.is_exact, counter.asked) == ((False, 0) if is_short else (True, 1))
    sent = await typing.for_sending().estimate(SendContext([], resolved("gpt-5.2")), Draft(text))
    assert sent.is_exact
