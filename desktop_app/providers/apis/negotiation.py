"""Learns which API and settings a server takes, from its refusals.

Facts learned about a server apply to every later request to it. Each refusal makes a change to the
request that is never undone, so the retries come to an end.
"""

from __future__ import annotations

from dataclasses import replace

from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderKind, ProviderProfile
from desktop_app.domain.answering.stream_events import Notice, Started
from desktop_app.domain.errors import EndpointMissingError, RefusedParameterError
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.domain.models.parameter_notices import api_notices
from desktop_app.domain.models.parameter_support import first_api, is_of_family
from desktop_app.i18n.translation import N_
from desktop_app.providers.apis import unsupported_parameters
from desktop_app.providers.apis.server_memory import ServerMemory
from desktop_app.providers.errors.error_replies import NO_TOOLS


class LearnedFacts:
    """The facts learned about one server. New APIs and refusals are also passed on to `memory`.

    Attributes:
        refused: the refused parameters by model, spelled as in unsupported_parameters.py.
        is_learning_api: True if the API is learned from replies, not given by the profile.
        has_answered: True if the address is known to belong to an API.
    """

    def __init__(self, profile: ProviderProfile, memory: ServerMemory) -> None:
        self._profile = profile
        self._memory = memory
        self._known_api = memory.api
        self._without_responses: set[str] = set()
        self.refused: dict[str, frozenset[str]] = dict(memory.refusals)
        self.has_answered = memory.api is not None
        self.is_learning_api = profile.kind is ProviderKind.COMPATIBLE and profile.api is None

    def is_known(self, api: Api) -> bool:
        """Return True if `record_api` has remembered this API, perhaps in an earlier client."""
        return self._known_api is api

    def first_api(self, info: ModelInfo) -> Api:
        """Return the API to try first."""
        api = first_api(
            self._profile, info, self._known_api, lacks_responses=info.id in self._without_responses
        )
        # At an unknown server, Responses is tried first: its refusal leads to Chat Completions.
        return api or Api.RESPONSES

    def can_fall_back(self, info: ModelInfo) -> bool:
        """Return True if Chat Completions may work instead of Responses.

        OpenAI offers both, so its refusal of Responses has another cause.
        """
        return (
            self._profile.api is None
            and self._profile.kind is not ProviderKind.OPENAI
            and info.apis != (Api.RESPONSES,)
        )

    def record_responses_unavailable(self, model: str) -> None:
        """Remember that the model is not available through the Responses API."""
        self._without_responses.add(model)

    def confirm_address(self) -> None:
        """Remember that the address belongs to an API."""
        self.has_answered = True

    def record_api(self, api: Api) -> None:
        """Remember that content came through this API.

        The API itself is remembered only for compatible providers whose profile does not choose it.
        """
        self.confirm_address()
        if self.is_learning_api and api is not self._known_api:
            self._known_api = api
            self._memory.remember_api(api)

    def refused_for(self, model: str) -> frozenset[str]:
        """Return the refused parameters of a model."""
        return self.refused.get(model, frozenset())

    def add_refusals(self, model: str, refusals: frozenset[str]) -> None:
        """Remember the parameters that the server refuses for a model."""
        self.refused[model] = self.refused_for(model) | refusals
        self._memory.remember_refusals(model, self.refused[model])


class Negotiation:
    """One request, adapted step by step to the server's refusals.

    Attributes:
        api: the API to try now.
        request: the request without refused settings.
        omitted_fields: the refused ones among the fields that the program adds; the body omits or
            renames them (unsupported_parameters.OWN_FIELDS).
    """

    def __init__(
        self, request: ChatRequest, info: ModelInfo, profile: ProviderProfile, facts: LearnedFacts
    ) -> None:
        self._info = info
        self._profile = profile
        self._facts = facts
        known_refusals = facts.refused_for(request.model)
        self.api = (
            _api_for_grammar(request, profile)
            or _api_for_schema(request, info, profile)
            or facts.first_api(info)
        )
        self.omitted_fields = known_refusals & unsupported_parameters.OWN_FIELDS
        self.request, self._left_out = unsupported_parameters.without_known_refusals(
            request, info, known_refusals
        )
        self._new_refusals: frozenset[str] = frozenset()
        self._has_sent_notices = False

    def begin(self) -> list[Notice | Started]:
        """Return the notices before the first attempt, and the tier that replaces a refused one."""
        return [
            *unsupported_parameters.notices_for_known_refusals(self._profile.name, self._left_out),
            *self._use_api(self.api),
        ]

    def on_opened(self) -> list[Notice]:
        """Remember the refused settings of this request: without them a reply has opened.

        Return a notice for each parameter that this API does not take. This is called again if the
        request is repeated after its reply has opened; then it returns no notices.
        """
        if self._new_refusals:
            self._facts.add_refusals(self.request.model, self._new_refusals)
            self._new_refusals = frozenset()
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

    def adapt(
        self, refusal: EndpointMissingError | RefusedParameterError
    ) -> list[Notice | Started]:
        """Adapt the next attempt to a refusal. Return notices and a tier, as `begin` does.

        Raises:
            EndpointMissingError, RefusedParameterError: no other attempt is possible.
        """
        if isinstance(refusal, EndpointMissingError):
            grammar = self.request.grammar
            # A more exact error: the provider lacks the only API that takes this grammar.
            if self.api is Api.RESPONSES and self._is_api_fixed and grammar is not None:
                raise EndpointMissingError(
                    N_("{provider} doesn’t support grammars of the kind {syntax}."),
                    hint=hints.CHOOSE_PROVIDER,
                    provider=self._profile.name,
                    syntax=grammar.syntax.value,
                    details=refusal.details,
                    status=refusal.status,
                    api_code=refusal.api_code,
                    request_id=refusal.request_id,
                ) from refusal
            # Chat Completions can neither read a compacted state nor stream a custom tool's input.
            needs_this_api = bool(self.request.state) or self._is_api_fixed
            if needs_this_api or not self._may_fall_back:
                raise refusal
            return self._fall_back()
        if refusal.status is None:
            raise refusal  # it came inside a stream, so something may have been billed
        if not self.request.background and self._would_store_conversation(refusal):
            return self._fall_back()
        return self._omit_refused(refusal)

    @property
    def _may_fall_back(self) -> bool:
        """Return True if this attempt used Responses, and Chat Completions may work instead."""
        return self.api is Api.RESPONSES and self._facts.can_fall_back(self._info)

    @property
    def _is_api_fixed(self) -> bool:
        """Return True if the request has a grammar that only one API takes."""
        return _api_for_grammar(self.request, self._profile) is not None

    def _fall_back(self) -> list[Notice | Started]:
        self._facts.record_responses_unavailable(self.request.model)
        return self._use_api(Api.CHAT_COMPLETIONS)

    def _use_api(self, api: Api) -> list[Notice | Started]:
        self.api = api
        if not self.request.background or api is Api.RESPONSES:
            return []
        self.request = replace(self.request, background=False)
        return [unsupported_parameters.background_notice(self._profile.name)]

    def _would_store_conversation(self, refusal: RefusedParameterError) -> bool:
        """Return True if only Chat Completions is left because `store` is refused.

        Responses stores every conversation unless told otherwise; Chat Completions stores nothing
        unless told to.
        """
        is_store = refusal.param.split(".")[0] == "store"
        return is_store and not self._is_api_fixed and self._may_fall_back

    def _omit_refused(self, refusal: RefusedParameterError) -> list[Notice | Started]:
        """Leave out the refused field or setting. Return the notices to show."""
        param = refusal.param
        had_background = self.request.background
        schema_before = self.request.schema
        own_field = unsupported_parameters.own_field(param, self.omitted_fields)
        if own_field is not None:
            self.omitted_fields |= {own_field}
            # "encrypted_content" is not among them, and not remembered: the server refused the
            # reasoning of this conversation, not the field.
            if own_field in unsupported_parameters.OWN_FIELDS:
                self._new_refusals |= {own_field}
        else:
            self.request, refused_setting = unsupported_parameters.without_refused_setting(
                self.request, self._info, refusal
            )
            if param != NO_TOOLS:  # not remembered for tools: a restarted server may take them
                self._new_refusals |= {refused_setting}
            if self.request.schema != schema_before:
                return []  # the answer is checked anyway, so the user need not know
        if had_background and not self.request.background:
            param = "background"  # a refused `store` can mean background mode, which needs `store`
        server_message = str(refusal.params.get("words", ""))
        return unsupported_parameters.notices_for(
            self._profile.name, param, own_field, server_message
        )


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
