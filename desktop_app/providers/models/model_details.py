"""Reads the kind, the prices and the capabilities of a listed model.

OpenAI's API has no such fields; others add some, each under its own names. Malformed and impossible
values are ignored.

Sources: OpenRouter (`architecture`, `pricing` per token, `supported_parameters`, `top_provider`),
LiteLLM's proxy (`mode`, and /model/info with costs per token), LM Studio's REST API and Together
(`type`; Together also `pricing` per million), Mistral (`capabilities` as an object), Ollama and
llama.cpp (`capabilities` as a list), Fireworks (`supports_chat` and others), Groq
(`max_completion_tokens`), CometAPI (`model_type`, `features`, `pricing` per million).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from desktop_app.domain.models.model_listing import ModelDetails, ModelKind
from desktop_app.domain.models.own_model import MAX_PRICE, MAX_TOKENS
from desktop_app.providers.http.reply import json_fields
from desktop_app.providers.models.server_kinds import Row

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


def details_of(row: Row) -> ModelDetails:
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
    return ModelDetails(
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


def llama_cpp_details(reply: object) -> dict[str, ModelDetails]:
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
