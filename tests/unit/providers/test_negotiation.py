"""A request is adapted to what its server takes, and what is learned is remembered."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterable
from dataclasses import replace
from typing import Any

import pytest

from desktop_app.domain import errors
from desktop_app.domain.answering.answer_form import (
    FORM_NOT_FOLLOWED,
    AnswerGrammar,
    AnswerSchema,
    FormKind,
    SchemaFormat,
)
from desktop_app.domain.answering.chat_request import (
    ChatRequest,
    ProviderKind,
    ProviderProfile,
    RequestMessage,
)
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    Incomplete,
    Notice,
    ReasoningItem,
    RefusalDelta,
    Started,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import (
    ReasoningPart,
    TextPart,
    ToolCallPart,
    text_of,
    tool_calls,
)
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.tools.tool import ToolDefinition
from desktop_app.providers.apis import responses
from desktop_app.providers.apis.form_fields import tool_fields, tool_input_as_text
from desktop_app.providers.apis.hosted_items import SEARCH_SOURCES
from desktop_app.providers.apis.negotiation import Negotiation
from desktop_app.providers.apis.request_fields import TOOLS
from tests.unit.providers.recording_memory import RecordingMemory
from tests.unit.providers.samples import CATALOG, COMETAPI, COMPATIBLE, OPENAI, ask

RESPONSES, CHAT = Api.RESPONSES, Api.CHAT_COMPLETIONS
DEVICE = ProviderProfile("device", "This computer", ProviderKind.ON_DEVICE, "http://127.0.0.1:1")
INFO = ModelInfo("a-model", "A model")
LARK = AnswerGrammar(FormKind.LARK, 'start: "a"')
GBNF = AnswerGrammar(FormKind.GBNF, 'root ::= "a"')
SCHEMA = AnswerSchema(
    "s", {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
)
HINT = replace(SCHEMA, strictest=SchemaFormat.JSON_SCHEMA)
ANY_JSON = replace(SCHEMA, strictest=SchemaFormat.JSON_OBJECT)
IN_PROMPT = replace(SCHEMA, strictest=SchemaFormat.PROMPT)
BACKGROUND_REFUSED = Notice(notice(NoticeCode.BACKGROUND_REFUSED, provider="My server"))


def negotiation(
    request: ChatRequest | None = None,
    profile: ProviderProfile = COMPATIBLE,
    info: ModelInfo = INFO,
    memory: RecordingMemory | None = None,
) -> Negotiation:
    asked = request or ask(model=INFO.id)
    return Negotiation(asked, info, profile, memory or RecordingMemory(profile))


def missing(status: int | None = 404) -> errors.EndpointMissingError:
    return errors.EndpointMissingError(
        "Couldn’t find a compatible API at {provider}.",
        hint="Check the base URL in {provider_page} (usually ending in /v1).",
        provider="P",
        details="there",
        status=status,
    )


def refused(param: str, *, status: int | None = 400, code: str = "", words: str = "") -> Any:
    return errors.RefusedParameterError(
        "{provider} rejected the setting “{setting}”.",
        hint="Change that setting, or choose another model.",
        param=param,
        status=status,
        api_code=code,
        words=words,
    )


def left_out(setting: str) -> Notice:
    return Notice(notice(NoticeCode.SETTING_REFUSED, provider="My server", setting=setting))


# -------------------------------------------------------------- which API


@pytest.mark.parametrize(
    ("profile", "info", "known", "first", "falls_back"),
    [
        (COMPATIBLE, INFO, None, RESPONSES, True),
        (COMPATIBLE, INFO, CHAT, CHAT, True),
        (COMPATIBLE, replace(INFO, apis=(RESPONSES,)), CHAT, RESPONSES, False),
        (COMPATIBLE, replace(INFO, apis=(CHAT,)), None, CHAT, True),
        (replace(COMPATIBLE, api=CHAT), INFO, None, CHAT, False),
        (replace(COMPATIBLE, api=RESPONSES), INFO, CHAT, RESPONSES, False),
        (COMETAPI, INFO, CHAT, RESPONSES, True),
        (OPENAI, INFO, None, RESPONSES, False),
        (DEVICE, INFO, None, CHAT, True),
    ],
)
def test_each_provider_has_a_first_api_and_a_possible_fallback(
    profile: ProviderProfile, info: ModelInfo, known: Api | None, first: Api, falls_back: bool
) -> None:
    facts = RecordingMemory(profile, known)
    assert (facts.first_api(info), facts.can_fall_back(info)) == (first, falls_back)
    assert facts.has_answered is (known is not None)
    facts.record_responses_unavailable(info.id)
    assert facts.first_api(info) is (profile.api or CHAT)
    assert facts.first_api(replace(info, id="another")) is first


@pytest.mark.parametrize(
    ("profile", "known", "noted"),
    [
        (COMPATIBLE, None, [CHAT]),
        (COMPATIBLE, RESPONSES, [CHAT]),
        (COMPATIBLE, CHAT, []),
        (replace(COMPATIBLE, api=CHAT), None, []),
        (COMETAPI, None, []),
    ],
)
def test_the_api_of_an_answer_is_remembered_once(
    profile: ProviderProfile, known: Api | None, noted: list[object]
) -> None:
    memory = RecordingMemory(profile, known)
    assert memory.is_learning_api is (profile is COMPATIBLE)
    memory.record_api(CHAT)
    memory.record_api(CHAT)
    assert memory.learned == noted
    assert memory.has_answered
    assert (memory.api is CHAT) is (bool(noted) or known is CHAT)


@pytest.mark.parametrize(
    ("request_", "profile", "api"),
    [
        (replace(ask(), grammar=LARK), COMPATIBLE, RESPONSES),
        (replace(ask(), grammar=GBNF), COMPATIBLE, CHAT),
        (replace(ask(), grammar=LARK), replace(COMPATIBLE, api=CHAT), CHAT),
        (replace(ask(), grammar=GBNF), replace(COMPATIBLE, api=RESPONSES), RESPONSES),
        (ask(), COMPATIBLE, RESPONSES),
    ],
)
def test_a_grammar_has_one_api(request_: ChatRequest, profile: ProviderProfile, api: Api) -> None:
    assert negotiation(request_, profile).api is api


@pytest.mark.parametrize(
    ("changes", "profile", "info", "reason"),
    [
        ({}, OPENAI, INFO, "Couldn’t find a compatible API at"),
        ({}, COMPATIBLE, replace(INFO, apis=(RESPONSES,)), "Couldn’t find a compatible API at"),
        ({}, replace(COMPATIBLE, api=RESPONSES), INFO, "Couldn’t find a compatible API at"),
        ({}, replace(COMPATIBLE, api=CHAT), INFO, "Couldn’t find a compatible API at"),
        ({}, COMPATIBLE, replace(INFO, apis=(CHAT,)), "Couldn’t find a compatible API at"),
        ({"state": "[]"}, COMPATIBLE, INFO, "Couldn’t find a compatible API at"),
        ({"grammar": LARK}, COMPATIBLE, INFO, "doesn’t support grammars of the"),
        ({"grammar": GBNF}, COMPATIBLE, INFO, "Couldn’t find a compatible API at"),
        (
            {"grammar": LARK},
            replace(COMPATIBLE, api=RESPONSES),
            INFO,
            "Couldn’t find a compatible API at",
        ),
    ],
)
def test_a_missing_api_without_an_alternative_is_an_error(
    changes: dict[str, Any], profile: ProviderProfile, info: ModelInfo, reason: str
) -> None:
    tried = negotiation(replace(ask(model=INFO.id), **changes), profile, info)
    refusal = missing()
    with pytest.raises(errors.EndpointMissingError) as caught:
        tried.adapt(refusal)
    assert reason in caught.value.message
    assert caught.value.status == 404
    assert caught.value.details == "there"
    assert (caught.value is refusal) is (reason == "Couldn’t find a compatible API at")


@pytest.mark.parametrize(
    ("background", "profile", "begun"),
    [
        (True, COMPATIBLE, []),
        (False, COMPATIBLE, []),
        (True, replace(COMPATIBLE, api=CHAT), [BACKGROUND_REFUSED]),
        (False, replace(COMPATIBLE, api=CHAT), []),
    ],
)
def test_background_mode_needs_the_responses_api(
    background: bool, profile: ProviderProfile, begun: list[Notice]
) -> None:
    tried = negotiation(replace(ask(model=INFO.id), background=background), profile)
    assert tried.begin() == begun
    assert tried.request.background is (background and not begun)
    if tried.request.background:
        assert tried.adapt(missing()) == [BACKGROUND_REFUSED]
        assert not tried.request.background


# -------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("changes", "param", "api", "is_left"),
    [
        ({}, "store", CHAT, True),
        ({}, "store.x", CHAT, True),
        ({}, "storage", RESPONSES, False),
        ({"grammar": LARK}, "store", RESPONSES, False),
        ({"background": True}, "store", RESPONSES, True),
    ],
)
def test_chat_completions_is_tried_if_store_is_refused(
    changes: dict[str, Any], param: str, api: Api, is_left: bool
) -> None:
    tried = negotiation(replace(ask(model=INFO.id), **changes))
    if is_left:
        events = tried.adapt(refused(param))
        assert events == ([BACKGROUND_REFUSED] if changes else [])
        assert not tried.request.background
    else:
        with pytest.raises(errors.RefusedParameterError):
            tried.adapt(refused(param))
    assert tried.api is api


@pytest.mark.parametrize("profile", [OPENAI, replace(COMPATIBLE, api=CHAT)])
def test_a_server_with_one_api_that_must_store_is_refused(profile: ProviderProfile) -> None:
    with pytest.raises(errors.RefusedParameterError):
        negotiation(profile=profile).adapt(refused("store"))


def test_no_request_is_repeated_after_a_refusal_inside_a_stream() -> None:
    with pytest.raises(errors.RefusedParameterError):
        negotiation(ask(temperature=0.5)).adapt(refused("temperature", status=None))


def adapt(
    request: ChatRequest, refusal: errors.RefusedParameterError, remembered: set[str]
) -> tuple[list[StreamEvent], ChatRequest]:
    """Return what a refusal reports, and the request without the refused setting.

    What is `remembered` is so once a reply has opened, and only then.
    """
    memory = RecordingMemory(COMPATIBLE)
    tried = negotiation(request, memory=memory)
    events = tried.adapt(refusal)
    assert memory.learned == []
    assert tried.on_opened() == []
    assert tried.on_opened() == []
    assert memory.learned == ([(request.model, remembered)] if remembered else [])
    return [*events], tried.request


@pytest.mark.parametrize(
    ("request_", "refusal", "events", "remembered"),
    [
        (
            replace(ask(temperature=0.5), schema=SCHEMA),
            refused("temperature", words="It is too hot."),
            [left_out("temperature")],
            {"temperature=0.5"},
        ),
        (
            ask(temperature=0.5),
            refused("temperature", code="unsupported_parameter"),
            [left_out("temperature")],
            {"temperature"},
        ),
        (
            ask(service_tier="flex"),
            refused("service_tier"),
            [left_out("service_tier"), Started(service_tier="default")],
            {'service_tier="flex"'},
        ),
        (ask(effort=Effort.HIGH), refused("reasoning"), [left_out("reasoning")], {'effort="high"'}),
        (ask(reasoning_summary="auto"), refused("reasoning"), [left_out("reasoning")],
         {'reasoning_summary="auto"'}),
        (ask(reasoning_summary="auto"), refused("reasoning.summary"),
         [Notice(notice(NoticeCode.SUMMARY_REFUSED, provider="My server"))],
         {'reasoning_summary="auto"'}),
        (ask(stream=True), refused("stream"),
         [Notice(notice(NoticeCode.STREAM_REFUSED, provider="My server"))], {"stream=true"}),
        (replace(ask(), background=True), refused("background"), [BACKGROUND_REFUSED],
         {"background=true"}),
    ],
)  # fmt: skip
def test_a_refused_setting_is_left_out_and_remembered(
    request_: ChatRequest,
    refusal: errors.RefusedParameterError,
    events: list[object],
    remembered: set[str],
) -> None:
    reported, adapted = adapt(request_, refusal, remembered)
    assert reported == events
    assert adapted != request_
    assert adapted.schema == request_.schema


@pytest.mark.parametrize(
    ("refusal", "sent", "remembered"),
    [
        # It has no other form for strict schemas, which only OpenAI's models know.
        (refused("response_format", words="Invalid schema"), ANY_JSON,
         {f'schema="{each.digest}"' for each in (SCHEMA, HINT)}),
        (refused("text", code="unknown_parameter"), IN_PROMPT, {"schema"}),
    ],
)  # fmt: skip
def test_a_refused_schema_is_sent_in_a_weaker_format(
    refusal: errors.RefusedParameterError, sent: AnswerSchema, remembered: set[str]
) -> None:
    reported, adapted = adapt(replace(ask(), schema=SCHEMA), refusal, remembered)
    assert reported == []
    assert adapted.schema == sent


def test_a_schema_in_the_prompt_cannot_be_refused() -> None:
    refusal = refused("response_format")
    with pytest.raises(errors.RefusedParameterError):
        adapt(replace(ask(), schema=IN_PROMPT), refusal, set())


@pytest.mark.parametrize(
    ("param", "events", "remembered"),
    [
        ("include[0]", [], {"include"}),
        ("stream_options.x", [], {"stream_options"}),
        ("max_completion_tokens", [], {"max_completion_tokens"}),
        ("phase", [], {"phase"}),
    ],
)
def test_a_refused_field_that_the_program_adds_is_left_out(
    param: str, events: list[object], remembered: set[str]
) -> None:
    assert adapt(ask(), refused(param), remembered)[0] == events


def test_the_pages_of_a_search_are_left_out_before_other_parts() -> None:
    hosted = ToolDefinition("web_search", "", hosted={"type": "web_search"})
    memory = RecordingMemory(OPENAI)
    asked = replace(ask(model=INFO.id), tools=(hosted,))
    tried = negotiation(asked, OPENAI, memory=memory)
    assert tried.adapt(refused("include[0]")) == []
    assert tried.omitted_fields == {SEARCH_SOURCES}
    assert "include" not in responses.body(asked, INFO, OPENAI, tried.omitted_fields)
    assert tried.adapt(refused("include")) == []
    tried.on_opened()
    assert negotiation(asked, OPENAI, memory=memory).omitted_fields == {SEARCH_SOURCES, "include"}


ISSUER = "https://a.example:443"
CALL = ToolCallPart("c1", "f", '{"a": 1}', result="one", extra_content="{}", issuer=ISSUER)
EARLIER = (
    RequestMessage(Role.USER, (TextPart("q"),)),
    RequestMessage(
        Role.ASSISTANT,
        (
            ReasoningPart("thought", "rs", "secret", issuer=ISSUER),
            ReasoningPart("", details="[1]", issuer=ISSUER),
            *(TextPart("Let me see."), CALL, TextPart("It is one.")),
        ),
    ),
    RequestMessage(Role.ASSISTANT, (CALL,)),
)


def test_refused_reasoning_is_left_out_and_then_calls_are_sent_as_texts() -> None:
    tried = negotiation(ChatRequest("m", EARLIER))
    refusal = refused("encrypted_content")
    code = NoticeCode.REASONING_LEFT_OUT
    assert tried.adapt(refusal) == [Notice(notice(code, provider="My server"))]
    bare_call = replace(CALL, extra_content="", issuer="")
    question, answer, open_call = tried.request.messages
    assert question == EARLIER[0]
    assert answer.parts == (
        *(ReasoningPart("thought"), TextPart("Let me see."), bare_call, TextPart("It is one.")),
    )
    assert open_call.parts == (bare_call,)
    code = NoticeCode.CALLS_AS_TEXT
    assert tried.adapt(refusal) == [Notice(notice(code, provider="My server"))]
    said = [(each.role, text_of(each.parts)) for each in tried.request.messages]
    called = '[Called f with {"a": 1}]\none'
    assert said == [
        (Role.USER, "q"),
        *((Role.ASSISTANT, "Let me see."), (Role.USER, called), (Role.ASSISTANT, "It is one.")),
        *((Role.ASSISTANT, "…"), (Role.USER, called)),
    ]
    with pytest.raises(errors.RefusedParameterError):
        tried.adapt(refusal)
    assert not tried.omitted_fields, "the server may take those of another conversation"


def test_calls_get_short_ids_and_are_then_sent_as_texts() -> None:
    memory = RecordingMemory(COMPATIBLE)
    own = replace(CALL, call_id="aB3xK9mP2", extra_content="")
    other = replace(own, call_id="call_x")
    said = replace(EARLIER[1], parts=(own, other, replace(other, call_id="call_y")))

    def ids(found: Negotiation) -> list[str]:
        return [part.call_id for each in found.request.messages for part in tool_calls(each.parts)]

    tried = negotiation(ChatRequest("m", (said,)), memory=memory)
    assert tried.adapt(refused("tool_call_id")) == []
    kept, *shortened = ids(tried)
    assert kept == own.call_id
    assert len(set(shortened)) == 2
    assert all(re.fullmatch("[a-zA-Z0-9]{9}", each) for each in shortened)
    tried.on_opened()
    later = negotiation(ChatRequest("m", (said,)), memory=memory)
    assert (ids(later), later.begin()) == ([kept, *shortened], [])
    told = Notice(notice(NoticeCode.CALLS_AS_TEXT, provider="My server"))
    assert (tried.adapt(refused("tool_call_id")), ids(tried)) == ([told], [])


def test_one_of_two_settings_that_exclude_each_other_is_left_out() -> None:
    memory = RecordingMemory(COMPATIBLE)
    both = ask(model=INFO.id, temperature=0.5, top_p=0.9)
    tried = negotiation(both, memory=memory)
    refusal = refused("top_p").copy_with(beside="temperature")
    assert tried.adapt(refusal) == [left_out("top_p")]
    assert (tried.request.parameters.temperature, tried.request.parameters.top_p) == (0.5, None)
    tried.on_opened()
    again = replace(both, parameters=replace(both.parameters, top_p=0.7))
    assert negotiation(again, memory=memory).request.parameters.top_p is None
    alone = ask(model=INFO.id, top_p=0.9)
    assert negotiation(alone, memory=memory).request == alone


def test_a_web_page_is_no_reason_for_another_api_if_this_one_has_answered() -> None:
    memory = RecordingMemory(COMPATIBLE)
    page = errors.WebPageError("x", status=200)
    memory.record_api(RESPONSES)
    with pytest.raises(errors.WebPageError):
        negotiation(memory=memory).adapt(page)
    assert negotiation(memory=memory).api is RESPONSES
    # A second one may mean that the route is gone. It is, if the other one answers.
    tried = negotiation(memory=memory)
    tried.adapt(page)
    assert tried.api is CHAT
    assert negotiation(memory=memory).api is RESPONSES
    tried.on_opened()
    assert negotiation(memory=memory).api is CHAT


def test_an_api_that_a_server_has_no_more_is_unlearned() -> None:
    memory = RecordingMemory(COMPATIBLE, CHAT)
    tried = negotiation(memory=memory)
    assert (tried.adapt(missing()), tried.api) == ([], RESPONSES)
    with pytest.raises(errors.EndpointMissingError):
        tried.adapt(missing())
    memory.record_api(RESPONSES)  # content came
    assert (negotiation(memory=memory).api, memory.learned) == (RESPONSES, [RESPONSES])
    for page in (errors.WebPageError("x", status=200), errors.WebPageError("x", status=404)):
        with pytest.raises(errors.WebPageError):
            negotiation(memory=RecordingMemory(COMPATIBLE, CHAT)).adapt(page)


@pytest.mark.parametrize("param", ["tools[0].type", "tools.0.web_search.type", "tools.function"])
def test_tools_that_a_gateway_does_not_know_are_left_out_and_named(param: str) -> None:
    hosted = ToolDefinition("web_search", "", hosted={"type": "web_search"})
    own = ToolDefinition("calculator", "")
    asked = replace(ask(model=INFO.id), tools=(hosted, own))
    tried = negotiation(asked)
    told = notice(NoticeCode.TOOLS_REFUSED, provider="My server", words="No.")
    assert tried.adapt(refused(param, words="No.")) == [Notice(told)]
    assert tried.request.tools == (own,)
    missing_tools = Notice(notice(NoticeCode.TOOLS_MISSING, names="web_search"))
    fallen = negotiation(asked)
    assert (fallen.adapt(missing()), fallen.request.tools) == ([missing_tools], (own,))


def test_a_server_that_cannot_be_told_not_to_store_is_named_each_time() -> None:
    told = Notice(notice(NoticeCode.MAY_BE_STORED, provider="My server"))
    fixed = replace(COMPATIBLE, api=RESPONSES)
    memory = RecordingMemory(fixed)
    tried = negotiation(profile=fixed, memory=memory)
    assert tried.begin() == []
    assert tried.adapt(refused("store", code="unknown_parameter")) == [told]
    assert tried.omitted_fields == {"store"}
    tried.on_opened()
    assert negotiation(profile=fixed, memory=memory).begin() == [told]
    with pytest.raises(errors.RefusedParameterError):
        tried.adapt(refused("store"))
    # OpenAI's own service is never asked without the field.
    with pytest.raises(errors.RefusedParameterError):
        negotiation(profile=OPENAI).adapt(refused("store"))


def test_a_server_that_stores_nothing_need_not_store() -> None:
    tried = negotiation(replace(ask(), store=True))
    assert tried.adapt(refused("store")) == []
    assert (tried.api, tried.request.store) == (RESPONSES, False)


@pytest.mark.parametrize(
    ("param", "kept", "code"),
    [
        ("tools[0].filters", "user_location", NoticeCode.SEARCH_DOMAINS_REFUSED),
        ("tools.0.web_search.filters.allowed_domains", "user_location",
         NoticeCode.SEARCH_DOMAINS_REFUSED),
        ("tools[0].user_location.country", "filters", NoticeCode.SEARCH_LOCATION_REFUSED),
    ],
)  # fmt: skip
def test_a_refused_limit_of_a_search_is_left_out_with_a_notice(
    param: str, kept: str, code: NoticeCode
) -> None:
    fields = {"filters": {"allowed_domains": ["a.example"]}, "user_location": {"country": "NO"}}
    hosted = ToolDefinition("web_search", "", hosted={"type": "web_search", **fields})
    memory = RecordingMemory(OPENAI)
    asked = replace(ask(model=INFO.id), tools=(hosted,))
    tried = negotiation(asked, OPENAI, memory=memory)
    assert tried.adapt(refused(param, code="unknown_parameter")) == [
        Notice(notice(code, provider="OpenAI"))
    ]
    assert tried.request.tools[0].hosted == {"type": "web_search", kept: fields[kept]}
    tried.on_opened()
    again = negotiation(asked, OPENAI, memory=memory)
    assert again.request == tried.request
    assert again.begin() == [Notice(notice(code, provider="OpenAI"))]
    with pytest.raises(errors.RefusedParameterError):
        tried.adapt(refused(param))


def effort_refused(*accepted: str) -> Any:
    return refused("reasoning.effort", code="unsupported_value").copy_with(accepted=accepted)


def replaced(effort: str, used: str) -> Notice:
    values = {"provider": "My server", "effort": effort, "used": used}
    return Notice(notice(NoticeCode.EFFORT_REPLACED, **values))


@pytest.mark.parametrize("info", [INFO, CATALOG.info("gpt-5.2")])
@pytest.mark.parametrize(
    ("effort", "accepted", "used"),
    [
        (Effort.XHIGH, ("low", "medium", "high"), "high"),
        (Effort.NONE, ("low", "medium", "max"), "low"),
        (Effort.HIGH, ("none", "default"), "default"),
        (Effort.NONE, ("low", "Bad Name"), "low"),
    ],
)
def test_the_nearest_accepted_effort_is_used_named_and_remembered(
    effort: Effort, accepted: tuple[str, ...], used: str, info: ModelInfo
) -> None:
    memory = RecordingMemory(COMPATIBLE)
    asked = ask(model=info.id, effort=effort)
    tried = negotiation(asked, info=info, memory=memory)
    assert tried.adapt(effort_refused(*accepted)) == [replaced(effort.value, used)]
    assert tried.request.effort == Effort(used)
    tried.on_opened()
    later = negotiation(asked, info=info, memory=memory)
    assert later.request.effort == Effort(used)
    assert later.begin() == [replaced(effort.value, used)]
    for each in (tried, later):
        body = responses.body(each.request, each.info, COMPATIBLE)
        assert body["reasoning"] == {"effort": used}
    # Another effort is sent as it is.
    other = negotiation(ask(model=info.id, effort=Effort.MEDIUM), info=info, memory=memory)
    assert (other.request.effort, other.begin()) == (Effort.MEDIUM, [])


def test_a_server_that_refuses_what_it_accepts_gets_no_effort() -> None:
    tried = negotiation(ask(model=INFO.id, effort=Effort.XHIGH))
    for used in (Effort.HIGH, Effort.LOW):
        tried.adapt(effort_refused("low", "high"))
        assert tried.request.effort is used
    tried.adapt(effort_refused("low", "high"))
    assert tried.request.effort is None


def test_a_model_that_has_responses_only_is_asked_there() -> None:
    needed = errors.ResponsesNeededError("x", status=404)
    memory = RecordingMemory(COMPATIBLE, CHAT)
    tried = negotiation(memory=memory)
    assert tried.api is CHAT
    assert tried.adapt(needed) == []
    assert tried.api is RESPONSES
    assert negotiation(memory=memory).api is RESPONSES
    for profile in (replace(COMPATIBLE, api=CHAT), DEVICE):
        with pytest.raises(errors.EndpointMissingError):
            negotiation(profile=profile).adapt(needed)


def test_a_parameter_that_cannot_be_left_out_is_an_error() -> None:
    for request, refusal in (
        (ask(), refused("temperature")),
        (ask(), refused("store.x", status=422)),
        (replace(ask(), schema=SCHEMA), refused("temperature")),
        (ask(effort=Effort.HIGH), refused("reasoning")),
    ):
        info = CATALOG.info("gpt-5.2")
        with pytest.raises(errors.RefusedParameterError):
            negotiation(request, OPENAI, info).adapt(refusal)


def test_a_limit_is_sent_by_its_other_name_once() -> None:
    tried = negotiation()
    assert tried.adapt(refused("max_tokens")) == []
    assert tried.omitted_fields == {"max_tokens"}
    with pytest.raises(errors.RefusedParameterError):
        tried.adapt(refused("max_completion_tokens"))


@pytest.mark.parametrize("param", [TOOLS, "tools[0].function.parameters"])
def test_refused_tools_are_not_remembered(param: str) -> None:
    memory = RecordingMemory(COMPATIBLE)
    asked = replace(ask(tools=("calculator",)), tools=(ToolDefinition("calculator", ""),))
    tried = negotiation(asked, memory=memory)
    events = tried.adapt(refused(param, words="Start it with --jinja."))
    assert events == [
        Notice(
            notice(NoticeCode.TOOLS_REFUSED, provider="My server", words="Start it with --jinja.")
        )
    ]
    tried.on_opened()
    assert memory.learned == []


def test_parameters_refused_before_are_left_out_at_once() -> None:
    refusals = frozenset({"include", "temperature=0.5", "service_tier", "background", "top_p=1.0"})
    memory = RecordingMemory(COMPATIBLE)
    memory.add_refusals("gpt-5.2", refusals)
    asked = ask(temperature=0.5, service_tier="flex", top_p=0.5)
    tried = negotiation(replace(asked, background=True), memory=memory)
    assert tried.omitted_fields == {"include"}
    assert tried.request == ask(top_p=0.5)
    assert tried.begin() == [
        BACKGROUND_REFUSED,
        Notice(
            notice(NoticeCode.SETTING_LEFT_OUT, provider="My server", setting="temperature")
        ),
        Notice(
            notice(NoticeCode.SETTING_LEFT_OUT, provider="My server", setting="service_tier")
        ),
        Started(service_tier="default"),
    ]  # fmt: skip
    tried.adapt(refused("top_p"))
    tried.on_opened()
    assert memory.learned == [("gpt-5.2", refusals), ("gpt-5.2", refusals | {"top_p=0.5"})]
    other = negotiation(replace(asked, model="another"), memory=memory)
    assert (other.request.parameters, other.omitted_fields) == (asked.parameters, frozenset())


def test_a_schema_that_was_refused_before_is_sent_in_a_weaker_format() -> None:
    for refusal, schema in ((f'schema="{SCHEMA.digest}"', HINT), ("schema", IN_PROMPT)):
        memory = RecordingMemory(COMPATIBLE)
        memory.add_refusals("gpt-5.2", frozenset({refusal}))
        tried = negotiation(replace(ask(), schema=SCHEMA), memory=memory)
        assert tried.request.schema == schema
        assert tried.begin() == []


@pytest.mark.parametrize(
    ("model", "changes", "api"),
    [
        ("m", {}, Api.CHAT_COMPLETIONS),
        ("gpt-5.2", {}, Api.RESPONSES),
        ("m", {"state": "[]"}, Api.RESPONSES),
        ("m", {"background": True}, Api.RESPONSES),
    ],
)
def test_a_schema_is_sent_where_other_models_obey_it(
    model: str, changes: dict[str, Any], api: Api
) -> None:
    request = replace(ask(model=model), schema=SCHEMA, **changes)
    assert negotiation(request).api is api
    assert negotiation(replace(request, schema=None)).api is Api.RESPONSES


def test_parameters_that_the_api_does_not_take_are_reported_once() -> None:
    asked = replace(ask(frequency_penalty=0.5), requested=frozenset({"frequency_penalty"}))
    tried = negotiation(asked)
    told = notice(NoticeCode.SETTING_NOT_IN_API, setting="frequency_penalty", api="Responses API")
    assert tried.on_opened() == [Notice(told)]
    assert tried.on_opened() == []


# -------------------------------------------------------------- an answer by a custom tool


def test_a_grammar_is_that_of_a_tool_which_must_be_called() -> None:
    fields = tool_fields(LARK)
    (tool,) = fields.pop("tools")
    assert tool.pop("description")
    syntax = {"type": "grammar", "syntax": "lark", "definition": LARK.definition}
    assert tool == {"type": "custom", "name": "answer", "format": syntax}
    choice = {"type": "custom", "name": "answer"}
    assert fields == {"tool_choice": choice, "parallel_tool_calls": False}


CUT = Failed(
    errors.StreamCutError(
        "{provider} ended the response early.",
        hint="Try again, but you may be charged twice.",
        provider="P",
    )
)


async def events_of(events: Iterable[StreamEvent]) -> AsyncGenerator[StreamEvent, None]:
    for event in events:
        yield event


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            [TextDelta("So: "), ToolCallDelta(1, ""), ToolCallDelta(1, "a"), ToolCallDelta(2, "x"),
             ToolCallDelta(1, "b"), Completed()],
            [TextDelta("a"), TextDelta("b"), Completed()],
        ),
        (
            [TextDelta("I "), TextDelta("can’t."), Completed()],
            [TextDelta("I "), TextDelta("can’t."), Incomplete(FORM_NOT_FOLLOWED)],
        ),
        ([TextDelta("I "), Incomplete("length")], [TextDelta("I "), Incomplete("length")]),
        ([TextDelta("I "), CUT], [TextDelta("I "), CUT]),
        ([TextDelta("I "), ToolCallDelta(0, "a"), CUT], [TextDelta("a"), CUT]),
        ([ToolCallDelta(0, "a"), Completed()], [TextDelta("a"), Completed()]),
        (
            [RefusalDelta("No."), ToolCallDelta(0, "a"), Completed()],
            [RefusalDelta("No."), Completed()],
        ),
        (
            [ToolCallDelta(0, "a"), RefusalDelta("No."), ToolCallDelta(0, "b"), Completed()],
            [TextDelta("a"), RefusalDelta("No."), TextDelta("b"), Completed()],
        ),
        (
            [ReasoningItem("r", "secret"), ToolCallDelta(0, "a")],
            [ReasoningItem("r", ""), TextDelta("a")],
        ),
    ],
)  # fmt: skip
async def test_the_input_of_the_first_call_is_the_answer(
    source: list[StreamEvent], expected: list[StreamEvent]
) -> None:
    assert [event async for event in tool_input_as_text(events_of(source))] == expected


IMAGES = ToolDefinition("image_generation", "", hosted={"type": "image_generation", "model": "m"})
IMAGE_FIELDS = {"type", "model", "quality", "size", "partial_images", "action"}


@pytest.mark.parametrize(
    ("param", "parameters", "is_told"),
    [
        ("tools[0].partial_images", {}, False),
        ("tools.action", {}, False),
        ("tool.model", {}, False),
        ("tools[0].size", {}, False),
        ("tools[0].size", {"image_shape": "wide"}, True),
        ("tools[0].quality", {"image_quality": "high"}, True),
    ],
)
def test_a_refused_field_of_the_image_tool_is_left_out_and_remembered(
    param: str, parameters: dict[str, str], is_told: bool
) -> None:
    request = ask(model=INFO.id, **parameters)
    request = replace(request, tools=(IMAGES,), edits_image=True)
    memory = RecordingMemory(OPENAI)
    negotiated = negotiation(request, OPENAI, memory=memory)
    refusal = errors.RefusedParameterError(
        "No.", param=param, status=400, api_code="unknown_parameter"
    )

    def fields_of(found: Negotiation) -> set[str]:
        body = responses.body(found.request, INFO, OPENAI, found.omitted_fields)
        return set(body["tools"][0])

    assert fields_of(negotiated) == IMAGE_FIELDS
    assert bool(negotiated.adapt(refusal)) is is_told
    left = IMAGE_FIELDS - {param.rpartition(".")[2]}
    assert fields_of(negotiated) == left
    negotiated.on_opened()
    assert fields_of(negotiation(request, OPENAI, memory=memory)) == left
    with pytest.raises(errors.RefusedParameterError):
        negotiated.adapt(refusal)
