"""Reads the kind, the prices, the capabilities and the context window of a listed model.

OpenAI's API has no such fields; others add some, each under its own names. Malformed and impossible
values are ignored.

Sources: OpenRouter (`architecture`, `pricing` per token, `supported_parameters`, `top_provider`),
LiteLLM's proxy (`mode`, and /model/info with costs per token), LM Studio's REST API and Together
(`type`; Together also `pricing` per million), Mistral (`capabilities` as an object), Ollama and
llama.cpp (`capabilities` as a list), Fireworks (`supports_chat` and others), Groq
(`max_completion_tokens`), CometAPI (`model_type`, `features`, `pricing` per million).

Windows: vLLM (`max_model_len`), llama.cpp's server (`meta.n_ctx`, `meta.n_ctx_train`, and
`default_generation_settings.n_ctx` of /props), LM Studio's REST API (/api/v0/models), Ollama's API
(/api/ps), LiteLLM's proxy (/model/info, and `max_input_tokens` in newer lists), OpenRouter
(`context_length`, `top_provider`), Together and Fireworks (`context_length`), Groq
(`context_window`), Mistral (`max_context_length`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from desktop_app.domain.models.model_facts import MAX_PRICE, MAX_TOKENS, ModelFacts, ModelKind
from desktop_app.domain.models.server_kind import ServerKind
from desktop_app.providers.http import json_fields

_MILLION: Final = 1_000_000

_KINDS: Final[Mapping[str, ModelKind]] = {
    **dict.fromkeys(("chat", "completion", "responses", "language", "code"), ModelKind.CHAT),
    **dict.fromkeys(("llm", "vlm", "text", "text-generation", "multimodal"), ModelKind.CHAT),
    **dict.fromkeys(("embedding", "embeddings"), ModelKind.EMBEDDING),
    **dict.fromkeys(("rerank", "reranker"), ModelKind.RERANK),
    **dict.fromkeys(("moderation", "moderations"), ModelKind.MODERATION),
    **dict.fromkeys(("image", "images", "image_generation", "image_edit"), ModelKind.IMAGE),
    # There is no kind for video: like images, it is not chatted with.
    **dict.fromkeys(("video", "video_generation"), ModelKind.IMAGE),
    **dict.fromkeys(("audio", "audio_transcription", "audio_speech"), ModelKind.AUDIO),
    **dict.fromkeys(("transcribe", "speech", "realtime"), ModelKind.AUDIO),
}
_TOOL_NAMES: Final = ("tools", "tool_use", "function_calling")
_REASONING_NAMES: Final = ("reasoning", "reasoning_effort", "include_reasoning")
_SCHEMA_NAMES: Final = ("structured_outputs", "json_schema")
_OUTPUT_LIMITS: Final = ("max_output_tokens", "max_completion_tokens")
_CACHED_PRICES: Final = (
    "cache_read_input_token_cost",
    "input_cache_read",
    "cached_input",
    "cached",
)


def details_of(row: Row) -> ModelFacts:
    """Return the details in the row of a listed model.

    >>> details_of({"id": "m", "type": "embedding"}).kind
    <ModelKind.EMBEDDING: 'embedding'>
    """
    info = json_fields.mapping(row, "model_info") or row  # LiteLLM nests the details
    architecture = json_fields.mapping(info, "architecture")
    inputs = _strings_at(architecture, "input_modalities")
    outputs = _strings_at(architecture, "output_modalities")
    # The same field is a list at some servers, and an object with flags at others.
    capabilities = _strings_at(info, "capabilities")
    flags = json_fields.mapping(info, "capabilities")
    parameters = _strings_at(info, "supported_parameters")
    features = _strings_at(info, "features")
    images_by_capabilities = None
    if "completion" in capabilities:  # such a list has the capabilities for images, too
        images_by_capabilities = _has_any(capabilities, ("vision", "multimodal"))
    reasoning_by_parameters = None
    if "max_tokens" in parameters:  # other lists do not have all parameters
        reasoning_by_parameters = _has_any(parameters, _REASONING_NAMES)
    # `… or None` below turns False into "unknown", because servers leave names out of their lists.
    input_price, output_price, cached_price = _parse_prices(info)
    return ModelFacts(
        kind=_parse_kind(info, flags, capabilities),
        input_price=input_price,
        output_price=output_price,
        cached_price=cached_price,
        max_output=_max_output(info),
        images=_first_flag(
            _flag_at(info, "supports_vision", "supports_image_input"),
            _flag_at(flags, "vision"),
            _has_any(inputs, ("image",)),
            "vision" in features or None,
            json_fields.text(info, "type") == "vlm" or None,
            images_by_capabilities,
        ),
        tools=_first_flag(
            _flag_at(info, "supports_function_calling", "supports_tools"),
            _flag_at(flags, "function_calling"),
            _has_any(parameters, _TOOL_NAMES),
            bool(features & set(_TOOL_NAMES)) or None,
            not capabilities.isdisjoint(_TOOL_NAMES) or None,  # llama.cpp never lists tools
        ),
        reasoning=_first_flag(
            _flag_at(info, "supports_reasoning"),
            _flag_at(flags, "reasoning"),
            reasoning_by_parameters,
            bool({"thinking", "reasoning"} & (capabilities | features)) or None,
        ),
        # A server may list only some of the parameters that it takes.
        schema=_first_flag(
            _flag_at(info, "supports_response_schema") or None,
            not parameters.isdisjoint(_SCHEMA_NAMES) or None,
            not features.isdisjoint(_SCHEMA_NAMES) or None,
        ),
        makes_images="image" in outputs or None,
    )


def llama_cpp_details(reply: object) -> dict[str, ModelFacts]:
    """Return the details in llama.cpp's "models", the list beside its "data", by model name."""
    rows = json_fields.rows(reply, "models")
    return {json_fields.text(row, "name"): details_of(row) for row in rows}


def _parse_kind(info: Row, flags: Row, capabilities: frozenset[str]) -> ModelKind | None:
    for name in ("mode", "type", "model_type", "model_mode", "task"):
        if kind := _KINDS.get(json_fields.text(info, name).casefold()):
            return kind
    outputs = _strings_at(json_fields.mapping(info, "architecture"), "output_modalities")
    if outputs:
        if "text" in outputs:
            return ModelKind.CHAT
        known_kinds = (_KINDS[modality] for modality in sorted(outputs) if modality in _KINDS)
        return next(known_kinds, ModelKind.OTHER)
    can_chat = _first_flag(_flag_at(flags, "completion_chat"), _flag_at(info, "supports_chat"))
    if can_chat is not None:
        return ModelKind.CHAT if can_chat else ModelKind.OTHER
    if "completion" in capabilities:
        return ModelKind.CHAT
    if {"embedding", "embeddings"} & capabilities:
        return ModelKind.EMBEDDING
    return None


def _max_output(info: Row) -> int | None:
    """Return the maximum tokens of an answer: the smallest stated; None if none is stated."""
    top_provider = json_fields.mapping(info, "top_provider")
    limits = [
        json_fields.count(fields, name)
        for fields in (info, top_provider)
        for name in _OUTPUT_LIMITS
    ]
    stated_limits = [limit for limit in limits if 0 < limit <= MAX_TOKENS]
    return min(stated_limits, default=None)


def _parse_prices(info: Row) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Return the prices of input, output and cached input; None for unknown ones.

    They are in dollars per million tokens. The first source with a price of input or output counts.
    """
    pricing = json_fields.mapping(info, "pricing")
    for source, input_name, output_name, factor in (
        (info, "input_cost_per_token", "output_cost_per_token", _MILLION),
        (pricing, "prompt", "completion", _MILLION),  # per token
        (pricing, "input", "output", 1),  # per million tokens
    ):
        input_price = _parse_price(source.get(input_name), factor)
        output_price = _parse_price(source.get(output_name), factor)
        if input_price is not None or output_price is not None:
            cached_prices = (_parse_price(source.get(name), factor) for name in _CACHED_PRICES)
            known_prices = (price for price in cached_prices if price is not None)
            return input_price, output_price, next(known_prices, None)
    return None, None, None


def _parse_price(value: object, factor: int) -> Decimal | None:
    """Return a price times `factor`; None if it is not a number, negative or too large."""
    if not isinstance(value, (int, float, str)) or isinstance(value, bool):
        return None
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        return None
    if not price.is_finite() or not 0 <= price < MAX_PRICE or price * factor >= MAX_PRICE:
        return None
    # `normalize` removes zeros at the end, also of 100, which becomes 1E+2: adding 0 restores it.
    return (price * factor).quantize(Decimal("0.000001")).normalize() + 0


def _strings_at(value: Row, key: str) -> frozenset[str]:
    """Return the texts of a list in lower case; none if the field is not a list."""
    return frozenset(text.casefold() for text in json_fields.texts(value, key))


def _flag_at(value: Row, *names: str) -> bool | None:
    """Return the first of these fields that is a flag; None if none is."""
    return next((flag for n in names if isinstance(flag := value.get(n), bool)), None)


def _has_any(values: frozenset[str], names: Iterable[str]) -> bool | None:
    """Return True if `values` has one of the names; None if `values` is empty."""
    return not values.isdisjoint(names) if values else None


def _first_flag(*flags: bool | None) -> bool | None:
    """Return the first flag that is known."""
    return next((flag for flag in flags if flag is not None), None)


Row = Mapping[str, Any]

CREATED_BY_LITELLM: Final = 1677610602  # LiteLLM sends this for every model
_OWNERS: Final[Mapping[str, ServerKind]] = {
    "llamacpp": ServerKind.LLAMA_CPP,
    "me": ServerKind.LLAMA_CPP_PYTHON,
    "vllm": ServerKind.VLLM,
    "sglang": ServerKind.SGLANG,
    "organization_owner": ServerKind.LM_STUDIO,
}


def kind_of(rows: Sequence[Row]) -> ServerKind | None:
    """Return the kind of the server with this list of models; None if it is unknown.

    >>> kind_of([{"id": "m", "owned_by": "llamacpp"}])
    <ServerKind.LLAMA_CPP: 'llama.cpp'>
    """
    owners = {json_fields.text(row, "owned_by") for row in rows}
    for owner, kind in _OWNERS.items():
        if owners == {owner}:
            return kind
    if "library" in owners:  # other owners are users of Ollama's registry
        return ServerKind.OLLAMA
    if rows and all(row.get("created") == CREATED_BY_LITELLM for row in rows):
        return ServerKind.LITELLM
    return None


# Other numbers are not windows: 0 for "not known", 10**30 for "no limit", a count of megabytes.
MIN_WINDOW: Final = 256
MAX_WINDOW: Final = 100_000_000

_LOADED_WINDOW_FIELDS: Final = ("loaded_context_length",)
_STATED_WINDOW_FIELDS: Final = (
    "max_model_len",
    "context_length",
    "context_window",
    "max_context_length",
    "max_input_tokens",
)


@dataclass(frozen=True)
class WindowSource:
    """A further request to a server for context windows and other details.

    Attributes:
        path: the path, relative to the base URL without its /v1.
        rows, name: the fields of the list in the reply, and of a model's name in its rows.
    """

    path: str
    rows: str = "data"
    name: str = "id"

    def read(self, reply: object, ids: Sequence[str]) -> dict[str, ModelFacts]:
        """Return the facts of models, by name; `ids` are the listed models.

        Several deployments may share one name: the smallest window counts, and the first with a
        value.
        """
        facts: dict[str, ModelFacts] = {}
        # The one model of llama.cpp has no name here.
        settings = json_fields.mapping(reply, "default_generation_settings")
        if found := _numbers_at(settings, ("n_ctx",)):
            facts = dict.fromkeys(ids, ModelFacts(window=found[0]))
        for row in json_fields.rows(reply, self.rows):
            name = json_fields.text(row, self.name)
            known = facts.get(name, ModelFacts())
            window = window_of(json_fields.mapping(row, "model_info") or row)
            windows = [each for each in (known.window, window) if each is not None]
            known = known.filled_from(details_of(row))
            facts[name] = replace(known, window=min(windows, default=None))
        return facts


def window_of(row: Row) -> int | None:
    """Return the context window of a listed model, or None if its row does not say.

    The window in use outweighs the stated maximum, which outweighs the window of the training.

    >>> window_of({"id": "m", "max_model_len": 8192})
    8192
    >>> window_of({"id": "m", "meta": {"n_ctx": 4096, "n_ctx_train": 131072}})
    4096
    >>> window_of({"id": "m", "context_length": "8192", "max_model_len": 0})
    """
    meta = json_fields.mapping(row, "meta")
    top = json_fields.mapping(row, "top_provider")
    running = (*_numbers_at(row, _LOADED_WINDOW_FIELDS), *_numbers_at(meta, ("n_ctx",)))
    stated = (*_numbers_at(row, _STATED_WINDOW_FIELDS), *_numbers_at(top, ("context_length",)))
    trained = _numbers_at(meta, ("n_ctx_train",))
    return next((min(windows) for windows in (running, stated, trained) if windows), None)


def window_source(rows: Sequence[Row]) -> WindowSource | None:
    """Return the further request for windows to the server of these rows, or None."""
    match kind_of(rows):
        case ServerKind.LLAMA_CPP:
            is_known = all(
                _numbers_at(json_fields.mapping(row, "meta"), ("n_ctx",)) for row in rows
            )
            return None if is_known or len(rows) > 1 else WindowSource("/props")
        case ServerKind.LM_STUDIO:
            return WindowSource("/api/v0/models")
        case ServerKind.OLLAMA if not any(map(window_of, rows)):
            return WindowSource("/api/ps", rows="models", name="name")
        case ServerKind.LITELLM:  # its list has no prices
            return WindowSource("/model/info", name="model_name")
    return None


def _numbers_at(row: Row, names: Iterable[str]) -> list[int]:
    """Return the numbers under `names` that could be windows."""
    numbers = (json_fields.count(row, name) for name in names)
    return [number for number in numbers if MIN_WINDOW <= number <= MAX_WINDOW]
