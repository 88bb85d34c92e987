"""Requests to a provider, independent of the two APIs."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from msgspec import field

from desktop_app.domain.answering.answer_form import AnswerGrammar, AnswerSchema
from desktop_app.domain.answering.generation import PARAMETER_NAMES, GenerationParameters
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import (
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.domain.tools.tool import WEB_SEARCH, ToolDefinition
from desktop_app.domain.value import PrivateValue, Value

FAMILY_MODEL = "gpt-5.2"  # a server that lists it serves the GPT-5.2 family
API_KEY_HEADER = "api-key"  # Azure's
SECOND_KEY_HEADER = "x-api-key"
"""Anthropic's: its list of models takes no other, its chat completions "Authorization: Bearer"."""
MODEL_PLACEHOLDER = "{model}"  # in the path of an Azure deployment's address
DIRECT = "none"  # the proxy setting for no proxy, even if environment variables name one


class ProviderKind(StrEnum):
    """The kinds of providers whose behavior differs."""

    OPENAI = "openai"
    COMETAPI = "cometapi"
    COMPATIBLE = "compatible"
    ON_DEVICE = "on_device"

    @property
    def takes_openai_fields(self) -> bool:
        """Return True if every field of OpenAI's API can be sent. CometAPI forwards them."""
        return self in (ProviderKind.OPENAI, ProviderKind.COMETAPI)


_MAX_SHORT_NAME_CHARS: Final = 60
_MAX_READ_NAME_CHARS: Final = 1_000  # more than are shown, because white space is shortened
# The beginnings of the names by which the APIs refuse a schema.
_SCHEMA_FIELDS: Final = ("text.format", "response_format", "json_schema")
# The fields of a web search that a server may refuse: the names of the request's attributes, and
# names in the API.
_SEARCH_FIELDS: Final = {
    "filters": ("search_domains", {"filters", "allowed_domains"}),
    "user_location": ("search_location", {"user_location"}),
}
# The attributes of GenerationParameters, by their different names in the APIs.
_ATTRIBUTE_NAMES: Final = {
    "summary": "reasoning_summary",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
}


class ProviderProfile(Value, frozen=True):
    """A provider to send requests to. The key is not part of it: see credentials/.

    Attributes:
        id: never changes; names the key in the keyring.
        base_url: usually ends in /v1, without a trailing slash; "" for the on-device model, whose
            address is unknown until its server runs.
        api: the only API to use; None if the model and the server decide.
        models: ids that the user or the server named, for the model menu.
        price_multiplier: the share of the list price that the provider charges.
        from_environment: made from environment variables for this run; never stored.
        max_tokens_field: the name of the token limit in Chat Completions; "" if the kind decides.
        proxy: "" uses the proxy in environment variables, DIRECT uses none; else a URL (http,
            https, socks5, socks5h), which may have a user name. The password is in the keyring,
            under `proxy_password_id`.
        ca_file: certificates (PEM or DER) to trust in addition to the system's; "" for none.
        keeps_at_provider: the provider may keep the conversation (`store: true`).
        plain_http_hosts: hosts in the user's network that the user allows without encryption.
        monthly_cap: US dollars per calendar month; None for no cap.
        shares_cap_with: the ids of other profiles whose spending counts against the cap; never
            stored.
        offers_batches: whether the provider has batches, as the user stated, or as is assumed of a
            gateway of the environment; None if the kind decides.
        takes_files: True if a compatible server takes documents as files, as OpenAI does.
        custom_fields: headers and query parameters of every request; the values of secret ones are
            in the keyring, under `custom_field_id`.
        key_header: the header that takes the bare key, instead of "Authorization: Bearer", or
            beside it if it is SECOND_KEY_HEADER; "" for none.
        own_models: the user's entries about models of this provider.
        unusable_variable: an environment variable with an unusable value; every request is then
            refused. "" for none; never stored.
    """

    id: str
    name: str
    kind: ProviderKind
    base_url: str = ""
    api: Api | None = None
    models: tuple[str, ...] = ()
    price_multiplier: Decimal = Decimal(1)
    needs_key: bool = True
    from_environment: bool = False
    max_tokens_field: str = ""
    proxy: str = ""
    ca_file: str = ""
    keeps_at_provider: bool = False
    plain_http_hosts: tuple[str, ...] = ()
    monthly_cap: Decimal | None = None
    shares_cap_with: tuple[str, ...] = ()
    offers_batches: bool | None = None
    takes_files: bool = False
    custom_fields: tuple[CustomField, ...] = ()
    key_header: str = ""
    own_models: tuple[ModelFacts, ...] = ()
    unusable_variable: str = ""

    def own_model(self, model_id: str) -> ModelFacts:
        """Return the user's entries about a model; empty if there are none."""
        matches = (model for model in self.own_models if model.id == model_id)
        return next(matches, ModelFacts(model_id))

    def with_own_model(self, model: ModelFacts) -> ProviderProfile:
        """Return the profile with the user's entries about a model."""
        other_models = tuple(each for each in self.own_models if each.id != model.id)
        # Empty entries say nothing, so they are not kept.
        own_models = other_models if model.is_empty else (*other_models, model)
        return replace(self, own_models=own_models)

    @property
    def short_name(self) -> str:
        """Return the name on one short line, for errors: a backup may contain any name."""
        name = " ".join(self.name[:_MAX_READ_NAME_CHARS].split())
        return shorten(name, _MAX_SHORT_NAME_CHARS)

    @property
    def ids_under_cap(self) -> tuple[str, ...]:
        """Return the ids of the profiles whose spending counts against the cap, this one first."""
        return (self.id, *self.shares_cap_with)

    @property
    def has_batches(self) -> bool:
        """Return True if the provider has batches.

        `offers_batches` decides; if it is None, only OpenAI has them. The on-device model never has
        batches.
        """
        if self.offers_batches is None:
            return self.kind is ProviderKind.OPENAI
        return self.offers_batches and self.kind is not ProviderKind.ON_DEVICE

    @property
    def proxy_password_id(self) -> str:
        """Return the name of the proxy's password in the keyring."""
        return f"{self.id}.proxy"

    def custom_field_id(self, custom: CustomField) -> str:
        """Return the name of a secret header or parameter in the keyring."""
        return f"{self.id}.{custom.key}"

    @property
    def secret_field_ids(self) -> frozenset[str]:
        """Return the names of all secret headers and parameters in the keyring."""
        return frozenset(
            self.custom_field_id(custom) for custom in self.custom_fields if custom.is_secret
        )

    @property
    def serves_gpt_family(self) -> bool:
        """Return True if the provider has the GPT family, and so offers the variants."""
        return self.kind.takes_openai_fields or FAMILY_MODEL in self.models


ON_DEVICE_ID: Final = "on-device"
"""The provider of models on this computer."""
NO_PROVIDER: Final = ProviderProfile("", "", ProviderKind.COMPATIBLE)
"""The value of a provider while none is chosen."""


class ImageData(PrivateValue, frozen=True):
    """An image with its bytes, ready to send."""

    media_type: str
    data: bytes
    detail: str = "auto"


class FileData(PrivateValue, frozen=True):
    """A document with its bytes, sent as it is."""

    name: str
    media_type: str
    data: bytes


RequestPart = TextPart | ReasoningPart | RefusalPart | ToolCallPart | ImageData | FileData


class RequestMessage(Value, frozen=True):
    """A message as it is sent: documents as text, images and files with their bytes."""

    role: Role
    parts: tuple[RequestPart, ...]


class ChatRequest(PrivateValue, frozen=True):
    """The content and the settings of a request.

    Attributes:
        cache_key: names the conversation for the provider's prompt cache; at most 64 characters.
        effort: None leaves the field out.
        background: the provider makes the answer even without a connection; it then keeps request
            and reply, even if `store` is False.
        state: a JSON list of the provider's own items before the messages, sent unchanged, for the
            Responses API only; "" for none.
        schema: of the answer, which is then JSON.
        wants_images: the model may answer with images.
        code_files: uploaded for the provider's code interpreter, and deleted after the answer.
        edits_image: the question has an image of an earlier answer, which the model is to change.
        grammar: of the answer; a request with a grammar other than GBNF has no `tools`.
        requested: the parameters that the user set for this request. A notice names each that is
            left out.
        tools: the tools that the model may call.
        tool_choice: "auto", "none", "required", or the wire name of the tool to call; "" leaves it
            to the server.
    """

    model: str
    messages: tuple[RequestMessage, ...]
    instructions: str = ""
    effort: Effort | None = None
    parameters: GenerationParameters = field(default_factory=GenerationParameters)
    cache_key: str = ""
    store: bool = False
    background: bool = False
    state: str = ""
    schema: AnswerSchema | None = None
    grammar: AnswerGrammar | None = None
    wants_images: bool = False
    edits_image: bool = False
    code_files: tuple[FileData, ...] = ()
    requested: frozenset[str] = frozenset()
    tools: tuple[ToolDefinition, ...] = ()
    tool_choice: str = ""

    def without_parameter(self, param: str) -> ChatRequest | None:
        """Return the request without a refused parameter; None if the request does not set it.

        A refused schema is kept in a weaker format.

        Args:
            param: the name in the API, which may have a path, as in "reasoning.effort".
        """
        for setting, (own_name, field_names) in _SEARCH_FIELDS.items():
            if param == own_name or field_names & set(re.split(r"[.\[\]]+", param)):
                return self._without_search_field(setting)
        name = param.split(".")[-1]
        if name in ("effort", "reasoning_effort", "reasoning"):
            return None if self.effort is None else replace(self, effort=None)
        # A background run is always stored, so a refusal of `store` also refuses the background.
        if name == "background" or (name == "store" and self.background):
            return replace(self, background=False) if self.background else None
        if param == "schema" or param.startswith(_SCHEMA_FIELDS):
            weaker = self.schema and self.schema.weaker()
            return replace(self, schema=weaker) if weaker else None
        attribute = _ATTRIBUTE_NAMES.get(name, name)
        if attribute not in PARAMETER_NAMES:  # any name may come from a server, also "__eq__"
            return None
        unset_value = getattr(GenerationParameters(), attribute)
        if attribute == "stream":  # it is on by default, so a refusal turns it off
            unset_value = False
        if getattr(self.parameters, attribute) == unset_value:
            return None
        reduced = replace(self, parameters=replace(self.parameters, **{attribute: unset_value}))
        if attribute == "tools":  # the parameter has their names, the request their definitions
            return replace(reduced, tools=(), tool_choice="")
        return reduced

    @property
    def search_domains(self) -> object:
        """Return the domains that a hosted web search is limited to; None for no limit."""
        return self._search_field("filters")

    @property
    def search_location(self) -> object:
        """Return the place that a hosted web search is made for; None for none."""
        return self._search_field("user_location")

    def _search_field(self, field_name: str) -> object:
        hosted = (tool.hosted for tool in self.tools if tool.name == WEB_SEARCH and tool.hosted)
        return next((fields.get(field_name) for fields in hosted), None)

    def _without_search_field(self, field_name: str) -> ChatRequest | None:
        if self._search_field(field_name) is None:
            return None
        tools = (
            replace(tool, hosted={k: v for k, v in tool.hosted.items() if k != field_name})
            if tool.name == WEB_SEARCH and tool.hosted
            else tool
            for tool in self.tools
        )
        return replace(self, tools=tuple(tools))

    @property
    def sent_instructions(self) -> str:
        """Return the instructions, with the schema if its format does not demand it."""
        prompt = self.schema.prompt if self.schema else ""
        return "\n\n".join(filter(None, (self.instructions, prompt)))
