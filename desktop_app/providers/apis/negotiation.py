"""Learns which API and settings a server takes, from its refusals.

Each refusal makes a change to the
request that is never undone, so the retries come to an end.

Own fields, which the program adds, are dropped silently; the user's settings never are. A refusal
is stored as a string: the name of an own field (`include`), the name of a setting (`temperature`),
a setting with the refused value (`effort="xhigh"`), so that other values are tried again, or with
the setting that it can't stand beside (`top_p beside temperature`).
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, Final

from desktop_app.domain import errors, hints
from desktop_app.domain.answering.answer_form import SchemaFormat
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderKind, ProviderProfile
from desktop_app.domain.answering.earlier_answers import SIMPLER_ANSWERS, with_short_call_ids
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.stream_events import Notice, Started
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.domain.models.parameter_support import (
    NEW_LIMIT_NAME,
    OLD_LIMIT_NAME,
    api_notices,
    is_of_family,
)
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.tools.image_settings import IMAGE_TOOL
from desktop_app.domain.tools.tool import WEB_SEARCH
from desktop_app.i18n.translation import N_
from desktop_app.providers.apis import chat_completions, responses
from desktop_app.providers.apis.form_fields import schema_format
from desktop_app.providers.apis.hosted_items import SEARCH_SOURCES
from desktop_app.providers.apis.request_fields import TOOLS, sent_fields
from desktop_app.providers.errors.error_replies import CALL_IDS, ENCRYPTED_REASONING, REASONING_TEXT
from desktop_app.providers.server_memory import ServerMemory

MAX_REQUESTS: Final = 3
"""The most requests for one question, whatever the server says."""


class Negotiation:
    """One request, adapted step by step to the server's refusals.

    A field that a refusal names is left out, or takes its next weaker form. A request that is
    refused for an unknown reason is sent once more with no optional field, and so is the last one.

    Attributes:
        requests: the requests sent so far.
        api: the API to try now.
        request: the request without refused settings.
        omitted_fields: the refused ones among the fields that the program adds; the body omits or
            renames them (OWN_FIELDS).
    """

    def __init__(
        self, request: ChatRequest, info: ModelInfo, profile: ProviderProfile, memory: ServerMemory
    ) -> None:
        self._info = info
        self._profile = profile
        self._memory = memory
        known_refusals = memory.refused_for(request.model)
        self.api = (
            _api_for_grammar(request, profile)
            or _api_for_schema(request, info, profile)
            or memory.first_api(info)
        )
        self.omitted_fields = known_refusals & {*OWN_FIELDS, STORE}
        self.request, self._left_out = without_known_refusals(request, info, known_refusals)
        self._chosen_effort = request.effort
        self._new_refusals: frozenset[str] = frozenset()
        self._has_sent_notices = False
        self._has_fallen_back = False
        self._has_unlearned = False
        self._has_left_out_all = False
        self.requests = 0

    def body(self) -> dict[str, Any]:
        """Return the body of the request to send now."""
        build = responses.body if self.api is Api.RESPONSES else chat_completions.body
        return build(self.request, self.info, self._profile, self.omitted_fields)

    @property
    def info(self) -> ModelInfo:
        """Return the model, with the effort that the server names in place of a refused one."""
        effort, efforts = self.request.effort, self._info.efforts
        if effort is None or effort is self._chosen_effort:
            return self._info
        known = tuple(Effort) if efforts is None else efforts
        return replace(self._info, efforts=tuple(dict.fromkeys((*known, effort))))

    def begin(self) -> list[Notice | Started]:
        """Return the notices before the first attempt, and the tier that replaces a refused one."""
        notices = [
            each
            for name in self._left_out
            for each in _setting_notices(self._profile.name, name, NoticeCode.SETTING_LEFT_OUT)
        ]
        if self.request.effort is not self._chosen_effort and self.request.effort is not None:
            notices += self._effort_notices()
        if STORE in self.omitted_fields and self.api is Api.RESPONSES:
            notices.append(self._store_notice)
        return [*notices, *self._use_api(self.api)]

    def on_opened(self) -> list[Notice]:
        """Remember the refused settings of this request: without them a reply has opened.

        Return a notice for each parameter that this API does not take. This is called again if the
        request is repeated after its reply has opened; then it returns no notices.
        """
        if self._has_fallen_back:
            self._memory.record_responses_unavailable(self.request.model)
        self._remember()
        if self._has_sent_notices:
            return []
        self._has_sent_notices = True
        notices = api_notices(
            self.request.parameters,
            self.request.requested,
            self._profile,
            info=self._info,
            effort=self.request.effort,
            api=self.api,
        )
        return [Notice(each) for each in notices]

    def adapt(self, refusal: errors.ProviderError) -> list[Notice | Started]:
        """Adapt the next attempt to a refusal. Return notices and a tier, as `begin` does.

        Raises:
            ProviderError: the refusal, because no other attempt is possible.
        """
        if self.requests >= MAX_REQUESTS:
            self._remember()  # what has been learned, for the next question
            raise refusal
        if isinstance(refusal, errors.RequestRefusedError):
            return self._leave_out_all(refusal)
        if isinstance(refusal, errors.ResponsesNeededError) and self._may_use_responses:
            self._memory.record_responses_needed(self.request.model)
            return self._use_api(Api.RESPONSES)
        if isinstance(refusal, errors.EndpointMissingError):
            grammar = self.request.grammar
            # A more exact error: the provider lacks the only API that takes this grammar.
            if self.api is Api.RESPONSES and self._is_api_fixed and grammar is not None:
                raise errors.EndpointMissingError(
                    N_("{provider} doesn’t support grammars of the kind {syntax}."),
                    hint=hints.CHOOSE_PROVIDER,
                    provider=self._profile.name,
                    syntax=grammar.syntax.value,
                    details=refusal.details,
                    status=refusal.status,
                    api_code=refusal.api_code,
                    request_id=refusal.request_id,
                ) from refusal
            # One page, of a proxy or of a network that wants a login, says nothing of a route that
            # has answered before.
            is_page = isinstance(refusal, errors.WebPageError)
            if is_page and self._memory.had_content_of(self.api):
                raise refusal
            if self._may_use_responses and self._memory.api is self.api and not is_page:
                # The server was replaced, or has given up the API that it had.
                self._has_unlearned = True
                self._memory.record_responses_needed(self.request.model)
                return self._use_api(Api.RESPONSES)
            # Chat Completions can neither read a compacted state nor stream a custom tool's input.
            needs_this_api = bool(self.request.state) or self._is_api_fixed
            if needs_this_api or not self._may_fall_back:
                raise refusal
            return self._fall_back()
        if not isinstance(refusal, errors.RefusedParameterError) or refusal.status is None:
            raise refusal  # it came inside a stream, so something may have been billed
        self._remember()  # what was left out before is refused no more
        adapted = self._adapt_to_field(refusal)
        if self.requests == MAX_REQUESTS - 1:
            adapted += self._leave_out_settings(except_for=refusal.param)
        return adapted

    def _adapt_to_field(self, refusal: errors.RefusedParameterError) -> list[Notice | Started]:
        # Responses stores every conversation unless told otherwise; Chat Completions stores nothing
        # unless told to.
        is_store = refusal.param.split(".")[0] == STORE and not self.request.background
        if is_store and self.request.store:
            self.request = replace(self.request, store=False)  # the user allows it, no more
            return []
        if is_store and not self._is_api_fixed and self._may_fall_back:
            return self._fall_back()
        if is_store and self._never_heard_of_storing(refusal):
            self.omitted_fields |= {STORE}
            self._new_refusals |= {STORE}
            return [self._store_notice]
        if refusal.param == CALL_IDS and CALL_IDS not in self._new_refusals:
            messages = with_short_call_ids(self.request.messages)
            if messages != self.request.messages:
                self.request = replace(self.request, messages=messages)
                self._new_refusals |= {CALL_IDS}
                return []  # the user loses nothing
        if refusal.param in (CALL_IDS, ENCRYPTED_REASONING):
            return self._simplify_earlier_answers(refusal)
        return self._omit_refused(refusal)

    def _remember(self) -> None:
        if self._new_refusals:
            self._memory.add_refusals(self.request.model, self._new_refusals)
            self._new_refusals = frozenset()

    def _leave_out_all(self, refusal: errors.RequestRefusedError) -> list[Notice | Started]:
        """Leave out every optional field, because the server does not say what it refuses.

        Any of the settings may be the reason, so all are remembered with their values; without any,
        the program's own fields are.
        """
        is_unbilled = refusal.status in (200, 400, 422) and not refusal.part
        own = frozenset(sent_fields(self.body())) & _UNNEEDED_FIELDS
        before = self.request
        told = self._leave_out_settings()
        if self._has_left_out_all or not is_unbilled or not (own or self.request != before):
            raise refusal
        self._has_left_out_all = True
        self.omitted_fields |= own
        self._new_refusals |= own if self.request == before else _differences(before, self.request)
        return told

    def _leave_out_settings(self, except_for: str = "") -> list[Notice | Started]:
        """Leave out every setting that is sent, but for one. Return the notice that names them."""
        paths = sent_fields(self.body())
        before = self.request
        names = []
        for name in _DISPENSABLE:
            path = paths.get(name, "")
            reduced = (
                self.request.without_parameter(name)
                if path and not except_for.startswith(path)
                else None
            )
            if reduced is None or not _may_leave_out(self.request, reduced, self._info):
                continue
            if name == "schema" and reduced.schema is not None:  # the answer is checked anyway
                weakest = replace(reduced.schema, strictest=SchemaFormat.PROMPT)
                reduced = replace(reduced, schema=weakest)
            else:
                names.append(path)
            self.request = reduced
        if not names:
            return []
        told = notice(
            NoticeCode.SETTINGS_TRIED, provider=self._profile.name, settings=", ".join(names)
        )
        if before.parameters.service_tier == self.request.parameters.service_tier:
            return [Notice(told)]
        return [Notice(told), Started(service_tier="default")]

    def _simplify_earlier_answers(
        self, refusal: errors.RefusedParameterError
    ) -> list[Notice | Started]:
        """Leave out the reasoning of earlier answers, and then send their calls as texts.

        Neither is remembered for the server, because it refused this conversation's. The notices
        tell later requests of the conversation: see `domain/answering/earlier_answers.py`.
        """
        for code, simplify in SIMPLER_ANSWERS.items():
            messages = simplify(self.request.messages)
            if messages != self.request.messages:
                self.request = replace(self.request, messages=messages)
                return [Notice(notice(code, provider=self._profile.name))]
        raise refusal

    def _never_heard_of_storing(self, refusal: errors.RefusedParameterError) -> bool:
        """Return True if a compatible server does not know the field; False if it must store."""
        is_unknown = refusal.api_code in _SETTING_CODES and STORE not in self.omitted_fields
        return is_unknown and self._profile.kind is ProviderKind.COMPATIBLE

    @property
    def _store_notice(self) -> Notice:
        return Notice(notice(NoticeCode.MAY_BE_STORED, provider=self._profile.name))

    @property
    def _may_fall_back(self) -> bool:
        """Return True if this attempt used Responses, and Chat Completions may work instead."""
        is_possible = self.api is Api.RESPONSES and not self._has_unlearned
        return is_possible and self._memory.can_fall_back(self._info)

    @property
    def _asks_for_sources(self) -> bool:
        """Return True if the request asks for the pages that a search has read."""
        tools = self.request.tools
        searches = any(tool.hosted is not None and tool.name == WEB_SEARCH for tool in tools)
        return searches and SEARCH_SOURCES not in self.omitted_fields

    @property
    def _may_use_responses(self) -> bool:
        """Return True if this attempt used Chat Completions, and nothing demands that."""
        is_on_device = self._profile.kind is ProviderKind.ON_DEVICE
        is_free = self._profile.api is None and not self._is_api_fixed and not is_on_device
        return self.api is Api.CHAT_COMPLETIONS and is_free and not self._has_fallen_back

    @property
    def _is_api_fixed(self) -> bool:
        """Return True if the request has a grammar that only one API takes."""
        return _api_for_grammar(self.request, self._profile) is not None

    def _fall_back(self) -> list[Notice | Started]:
        self._has_fallen_back = True
        return self._use_api(Api.CHAT_COMPLETIONS)

    def _use_api(self, api: Api) -> list[Notice | Started]:
        self.api = api
        if api is Api.RESPONSES:
            return []
        notices: list[Notice | Started] = []
        if self.request.background:
            self.request = replace(self.request, background=False)
            notices += _setting_notices(
                self._profile.name, "background", NoticeCode.SETTING_REFUSED
            )
        if names := self._leave_out_hosted_tools():  # only Responses has them
            notices.append(Notice(notice(NoticeCode.TOOLS_MISSING, names=names)))
        return notices

    def _leave_out_hosted_tools(self) -> str:
        """Leave out the tools that the provider would run. Return their names; "" for none."""
        tools = self.request.tools
        self.request = replace(self.request, tools=tuple(t for t in tools if t.hosted is None))
        return ", ".join(tool.name for tool in tools if tool.hosted is not None)

    def _omit_refused(self, refusal: errors.RefusedParameterError) -> list[Notice | Started]:
        """Leave out the refused field or setting. Return the notices to show."""
        param = refusal.param
        provider = self._profile.name
        server_message = str(refusal.params.get("words", ""))
        field_name = own_field(param, self.omitted_fields)
        if field_name in _LIMIT_FIELDS and _TOO_MUCH.search(server_message):
            field_name = None  # its other name would be refused as well
        if field_name == "include" and self._asks_for_sources:
            field_name = SEARCH_SOURCES  # the newest value of the field, so it is left out first
        if field_name is not None:
            self.omitted_fields |= {field_name}
            self._new_refusals |= {field_name}
            setting = _IMAGE_SETTINGS.get(field_name.rpartition(".")[2], "")
            if setting and getattr(self.request.parameters, setting) is not None:
                return _setting_notices(provider, setting, NoticeCode.SETTING_REFUSED)
            return []  # the user loses nothing
        if self._replace_effort(refusal):
            return self._effort_notices()
        if _UNKNOWN_TOOL.fullmatch(param) and self._leave_out_hosted_tools():
            code = NoticeCode.TOOLS_REFUSED  # by a gateway that knows functions only
            return [Notice(notice(code, provider=provider, words=server_message))]
        before = self.request
        self.request, refused_setting = without_refused_setting(before, self._info, refusal)
        if before.tools and not self.request.tools:
            param = TOOLS
        if param != TOOLS:  # not remembered for tools: a restarted server may take them
            self._new_refusals |= {refused_setting}
        if self.request.schema != before.schema:
            form = before.schema and schema_format(before.schema, self._profile, self.api)
            weaker = self.request.schema
            if weaker and form == schema_format(weaker, self._profile, self.api):
                # Only OpenAI's models tell strict schemas from others.
                return self._omit_refused(refusal)
            return []  # the answer is checked anyway, so the user need not know
        if before.background and not self.request.background:
            param = "background"  # a refused `store` can mean background mode, which needs `store`
        if refused_setting.startswith("search_"):
            param = refused_setting.partition("=")[0]  # the server's name is that of a field
        if param == "tools" and server_message:  # the message may say what to do
            code = NoticeCode.TOOLS_REFUSED
            return [Notice(notice(code, provider=provider, words=server_message))]
        return _setting_notices(provider, param, NoticeCode.SETTING_REFUSED)

    def _replace_effort(self, refusal: errors.RefusedParameterError) -> bool:
        """Use the nearest effort that a refusal of the effort names. Return False if it can't."""
        effort = self.request.effort
        accepted = accepted_efforts(refusal) or self._usual_efforts(refusal)
        if effort is None or not accepted:
            return False
        refused = f"effort={json.dumps(effort)}"
        listed = _EFFORTS_PREFIX + json.dumps(accepted)
        self._new_refusals |= {refused, listed}
        tried = self._memory.refused_for(self.request.model) | self._new_refusals
        nearest = nearest_accepted(effort, self._info, tried)
        if nearest is None:
            return False
        self.request = replace(self.request, effort=nearest)
        return True

    def _usual_efforts(self, refusal: errors.RefusedParameterError) -> tuple[str, ...]:
        """Return the efforts that most models take if only the value of this one is refused."""
        effort = self.request.effort
        is_effort = refusal.param.split(".")[-1] in _EFFORT_NAMES
        if effort is None or effort in _USUAL_EFFORTS or not is_effort or refusal.is_any_value:
            return ()
        words = str(refusal.params.get("words", "")).lower()
        is_value = effort.value in words or (effort is Effort.NONE and _ONLY_THINKS.search(words))
        return _USUAL_EFFORTS if is_value else ()

    def _effort_notices(self) -> list[Notice | Started]:
        chosen, used = self._chosen_effort, self.request.effort
        names = {"effort": chosen.value if chosen else "", "used": used.value if used else ""}
        said = notice(NoticeCode.EFFORT_REPLACED, provider=self._profile.name, **names)
        return [Notice(said)]


def _api_for_grammar(request: ChatRequest, profile: ProviderProfile) -> Api | None:
    """Return the API that the grammar needs; None without one, or if the profile names an API."""
    if request.grammar is None or profile.api is not None:
        return None
    return Api.RESPONSES if request.grammar.is_tool_input else Api.CHAT_COMPLETIONS


def _api_for_schema(request: ChatRequest, info: ModelInfo, profile: ProviderProfile) -> Api | None:
    """Return Chat Completions for a schema at a server of other models, else None.

    llama.cpp's server obeys `response_format`, and ignores the format of the Responses API.
    """
    is_free = profile.kind is ProviderKind.COMPATIBLE and profile.api is None
    needs_responses = request.state or request.background or info.apis == (Api.RESPONSES,)
    if request.schema is None or not is_free or needs_responses:
        return None
    return None if is_of_family(profile, request.model) else Api.CHAT_COMPLETIONS


STORE: Final = "store"
_DISPENSABLE: Final = (
    *("effort", "reasoning_summary", "verbosity", "temperature", "top_p", "presence_penalty"),
    *("frequency_penalty", "stop", "seed", "service_tier", "schema"),
)
"""The settings without which an answer is better than none. The limit on its tokens bounds its
cost, and is kept unless a refusal names it."""
_UNNEEDED_FIELDS: Final = frozenset(
    {"include", "prompt_cache_key", "stream_options", "parallel_tool_calls", "modalities"}
)
_USUAL_EFFORTS: Final = ("low", "medium", "high")
_ONLY_THINKS: Final = re.compile(r"budget 0|only works in thinking|(can ?not|can['’]t) disable")
_IMAGE_SETTINGS: Final = {"quality": "image_quality", "size": "image_shape"}
"""The user's settings by the fields of the image tool that have them."""
_TOOL_FIELD: Final = re.compile(r"tools?(?:\[\d+\])?\.(\w+)")
_UNKNOWN_TOOL: Final = re.compile(r"tools(?:\[\d+\]|\.\d+)?(?:\.\w+)?\.(?:type|function)")
_LIMIT_FIELDS: Final = frozenset({OLD_LIMIT_NAME, NEW_LIMIT_NAME})
_TOO_MUCH: Final = re.compile(
    r"too (large|high|big|many)|must be|less than|at most|exceed|range|<="
)
OWN_FIELDS: Final = _LIMIT_FIELDS | {
    *(SEARCH_SOURCES, "include", "modalities", "phase", "prompt_cache_key", "stream_options"),
    "parallel_tool_calls",
    REASONING_TEXT,
    *(f"{IMAGE_TOOL}.{name}" for name in (*_IMAGE_SETTINGS, "action", "model", "partial_images")),
}
"""Fields that the program adds.

REASONING_TEXT is the opposite: a "refusal" of it means that the server wants it.

STORE is not among them: without it, the provider's default is to store the conversation, so the
user is told. The user chooses the limit on the answer's tokens, but the program chooses its name.
"""

# Codes that refuse the setting itself, whatever its value. Any other may refuse only the value.
_SETTING_CODES: Final = frozenset({"unsupported_parameter", "unknown_parameter", "extra_forbidden"})
_EFFORT_NAMES: Final = ("effort", "reasoning_effort", "reasoning")
_EFFORTS_PREFIX: Final = "effort in "
"""What precedes the list of accepted efforts in a refusal as a string."""
_BESIDE: Final = " beside "
_REQUEST_FIELDS: Final = ("effort", "background", "schema", "search_domains", "search_location")
_SETTINGS: Final = (*_REQUEST_FIELDS, *GenerationParameters.__struct_fields__)


def own_field(param: str, left_out: frozenset[str]) -> str | None:
    """Return the own field that `param` names; None for a setting or a field refused before.

    Args:
        left_out: the own fields that have been refused before.
    """
    of_tool = _TOOL_FIELD.fullmatch(param)
    name = f"{IMAGE_TOOL}.{of_tool[1]}" if of_tool else param.split(".")[0].split("[")[0]
    if name in _LIMIT_FIELDS:
        # Once one name is left out, `chat_completions.body` uses the other.
        return None if _LIMIT_FIELDS & left_out else name
    return name if name in OWN_FIELDS - left_out else None


def accepted_efforts(refusal: errors.RefusedParameterError) -> tuple[str, ...]:
    """Return the efforts that a refusal of the effort names; () if it names none."""
    is_effort = refusal.param.split(".")[-1] in _EFFORT_NAMES
    known_names = {effort.value for effort in Effort.__members__.values()}
    if not is_effort or known_names.isdisjoint(refusal.accepted):
        return ()
    return tuple(name for name in refusal.accepted if name.islower())


def nearest_accepted(effort: Effort, info: ModelInfo, refused: frozenset[str]) -> Effort | None:
    """Return the effort nearest to a refused one, as the newest refusal lists the accepted ones.

    Return None if no list is known. "none" stands for another effort only if there is no other.
    """
    lists = [
        each.removeprefix(_EFFORTS_PREFIX) for each in refused if each.startswith(_EFFORTS_PREFIX)
    ]
    accepted = [
        Effort(name)
        for each in lists
        for name in json.loads(each)
        if f"effort={json.dumps(name)}" not in refused
    ]
    same_kind = [each for each in accepted if (each is Effort.NONE) == (effort is Effort.NONE)]
    candidates = tuple(same_kind or accepted)
    return replace(info, efforts=candidates).nearest_effort(effort) if candidates else None


def without_refused_setting(
    request: ChatRequest, info: ModelInfo, refusal: errors.RefusedParameterError
) -> tuple[ChatRequest, str]:
    """Return `request` without the refused setting, and the refusal as a string.

    The string is the setting's name, or `name=value` if the server may take another value.

    Raises:
        RefusedParameterError: `refusal` itself, if the setting cannot be left out.
    """
    reduced = request.without_parameter(refusal.param)
    if reduced is None and refusal.param == "reasoning":
        reduced = request.without_parameter("reasoning.summary")
    if reduced is None and refusal.param == "text":
        reduced = request.without_parameter("schema")
    if reduced is None and refusal.param.startswith(TOOLS):  # a part of one
        reduced = request.without_parameter(TOOLS)
    if reduced is None or not _may_leave_out(request, reduced, info):
        raise refusal
    name = next(
        name for name in _SETTINGS if _setting_value(request, name) != _setting_value(reduced, name)
    )
    refuses_any_value = refusal.is_any_value or refusal.api_code in _SETTING_CODES
    if reduced.schema is not None and name == "schema" and refuses_any_value:
        reduced = replace(reduced, schema=replace(reduced.schema, strictest=SchemaFormat.PROMPT))
    if refusal.beside:
        return reduced, f"{name}{_BESIDE}{refusal.beside}"
    return reduced, name if refuses_any_value else _setting_with_value(request, name)


def without_known_refusals(
    request: ChatRequest, info: ModelInfo, refused: frozenset[str]
) -> tuple[ChatRequest, list[str]]:
    """Return `request` without the settings refused before, and their names."""
    names: list[str] = []
    if not refused:
        return request, names
    if CALL_IDS in refused:
        request = replace(request, messages=with_short_call_ids(request.messages))
    if request.effort and refused & {"effort", _setting_with_value(request, "effort")}:
        nearest = nearest_accepted(request.effort, info, refused)
        request = replace(request, effort=nearest or request.effort)
    for name in _SETTINGS:
        # A schema is kept in a weaker format, which may have been refused, too.
        while _is_refused(request, name, refused):
            reduced = request.without_parameter(name)
            if reduced is None or not _may_leave_out(request, reduced, info):
                break
            request = reduced
            if name != "schema":  # the answer is checked anyway
                names.append(name)
    return request, names


def _is_refused(request: ChatRequest, name: str, refused: frozenset[str]) -> bool:
    """Return True if a setting was refused, also if only beside another one that is set, too."""
    if refused & {name, _setting_with_value(request, name)}:
        return True
    prefix = name + _BESIDE
    others = (each.removeprefix(prefix) for each in refused if each.startswith(prefix))
    return any(request.without_parameter(other) is not None for other in others)


def _may_leave_out(request: ChatRequest, reduced: ChatRequest, info: ModelInfo) -> bool:
    """Return False for the effort of a known model: another effort has another price."""
    return reduced.effort == request.effort or info.efforts is None


def _differences(before: ChatRequest, after: ChatRequest) -> frozenset[str]:
    """Return the settings that differ, with the values that they had before."""
    names = (n for n in _SETTINGS if _setting_value(before, n) != _setting_value(after, n))
    return frozenset(_setting_with_value(before, name) for name in names)


def _setting_value(request: ChatRequest, name: str) -> Any:
    if name == "schema":
        return None if request.schema is None else request.schema.digest
    return getattr(request if name in _REQUEST_FIELDS else request.parameters, name)


def _setting_with_value(request: ChatRequest, name: str) -> str:
    return f"{name}={json.dumps(_setting_value(request, name))}"


# Features that OpenAI refuses to organizations that are not verified have their own notices.
_NOTICES: Final = {
    "stream": NoticeCode.STREAM_REFUSED,
    "reasoning.summary": NoticeCode.SUMMARY_REFUSED,
    "reasoning_summary": NoticeCode.SUMMARY_REFUSED,
    "background": NoticeCode.BACKGROUND_REFUSED,
    "search_domains": NoticeCode.SEARCH_DOMAINS_REFUSED,
    "search_location": NoticeCode.SEARCH_LOCATION_REFUSED,
}


def _setting_notices(provider: str, setting: str, usual: NoticeCode) -> list[Notice | Started]:
    """Return the notices that a setting was left out.

    If it was the service tier, an event with the default tier follows, so that the cost is right.
    """
    code = _NOTICES.get(setting)
    if code is not None:
        return [Notice(notice(code, provider=provider))]
    notices: list[Notice | Started] = [Notice(notice(usual, provider=provider, setting=setting))]
    if setting == "service_tier":
        notices.append(Started(service_tier="default"))
    return notices
