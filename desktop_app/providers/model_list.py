"""The models that a provider lists (`GET /models`): kinds, windows, prices and abilities.

OpenAI's API has ids only; others add fields, each under its own names. Malformed and impossible
values are ignored. Some servers have a second list, which is requested too.

Sources: OpenAI's published OpenAPI document; OpenRouter (`architecture`, `pricing` per token,
`supported_parameters`, `top_provider`), LiteLLM's proxy (`mode`, and /model/info with costs per
token), LM Studio's REST API and Together (`type`; Together also `pricing` per million), Mistral
(`capabilities` as an object), Ollama and llama.cpp (`capabilities` as a list), Fireworks
(`supports_chat` and others), Groq (`max_completion_tokens`), CometAPI (`model_type`, `features`,
`pricing` per million).

Windows: vLLM (`max_model_len`), llama.cpp's server (`meta.n_ctx`, `meta.n_ctx_train`, and
`default_generation_settings.n_ctx` of /props), LM Studio's REST API (/api/v0/models), Ollama's API
(/api/ps), LiteLLM's proxy (/model/info, and `max_input_tokens` in newer lists), OpenRouter
(`context_length`, `top_provider`), Together and Fireworks (`context_length`), Groq
(`context_window`), Mistral (`max_context_length`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.cost import LongPrice
from desktop_app.domain.errors import ProviderError, UnexpectedReplyError
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.models.model_facts import (
    MAX_PRICE,
    MAX_TOKENS,
    ModelFacts,
    ModelKind,
    ServerKind,
)
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.network.network_address import split_url
from desktop_app.i18n.translation import N_
from desktop_app.providers.http import json_fields
from desktop_app.providers.http.retries import AttemptError
from desktop_app.providers.models.model_listing import ModelListing

if TYPE_CHECKING:
    from desktop_app.providers.http.transport import Transport

Row = Mapping[str, Any]

PATH: Final = "models"
MAX_MODELS: Final = 10_000
_MAX_PAGES: Final = 100
_NEXT_PAGE_TOKENS: Final = {
    "nextPageToken": "pageToken",
    "next_page_token": "page_token",
    "next_cursor": "cursor",
}
MAX_ID_CHARS: Final = 1_000
"""Local servers name models by the paths of their files."""
# Other numbers are not windows: 0 for "not known", 10**30 for "no limit", a count of megabytes.
MIN_WINDOW: Final = 256
MAX_WINDOW: Final = 100_000_000
CREATED_BY_LITELLM: Final = 1677610602  # LiteLLM sends this for every model
_OWNERS: Final[Mapping[str, ServerKind]] = {
    "llamacpp": ServerKind.LLAMA_CPP,
    "me": ServerKind.LLAMA_CPP_PYTHON,
    "vllm": ServerKind.VLLM,
    "sglang": ServerKind.SGLANG,
    "organization_owner": ServerKind.LM_STUDIO,
}
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
_SHUTDOWN_FIELDS: Final = ("shutdown_date", "expiration_date", "deprecation", "deprecation_date")
_CREATED_FIELDS: Final = ("created", "created_at")  # OpenAI's, in seconds; Anthropic's, a time
_OUTPUT_LIMITS: Final = ("max_output_tokens", "max_completion_tokens")
_STATED_WINDOWS: Final = (
    "max_model_len",
    "context_length",
    "context_window",
    "max_context_length",
    "max_input_tokens",
)
_PRICE_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "cached_price": ("cache_read_input_token_cost", "input_cache_read", "cached_input", "cached"),
    "write_price": ("cache_creation_input_token_cost", "input_cache_write", "cache_write"),
    "audio_price": ("input_cost_per_audio_token", "audio"),
}
_ABOVE: Final = lazy_pattern(r"input_cost_per_token_above_(\d{1,4})k_tokens")
"""LiteLLM's field with the price of long prompts; its other fields end in the same way."""


# The names of each ability: flags of a row, flags among its capabilities, words in its lists.
_IMAGES: Final = (
    *("supports_vision", "supports_image_input"),
    *("vision", "multimodal", "image", "vlm"),
)
_TOOLS: Final = (
    "supports_function_calling",
    "supports_tools",
    "function_calling",
    "tools",
    "tool_use",
)
_REASONING: Final = (
    *("supports_reasoning", "reasoning"),
    *("thinking", "reasoning_effort", "include_reasoning"),
)
_SCHEMA: Final = ("supports_response_schema", "structured_outputs", "json_schema")


async def fetch_listing(
    transport: Transport,
    profile: ProviderProfile,
    details_timeout_s: float,
    note_kind: Callable[[ServerKind | None], None],
) -> ModelListing:
    """Fetch the models that the provider lists now.

    Args:
        details_timeout_s: seconds that a further request about the models may take.
        note_kind: called with the kind of server that the list shows; None if it shows none.

    Raises:
        AttemptError, ProviderError
    """
    reply = await _fetch_pages(transport)
    rows = parse_rows(reply)
    listing = listing_from(reply, profile)
    note_kind(kind_of(rows))
    # OpenAI's list may look like another server's; its windows are known anyway.
    path = None if profile.kind is ProviderKind.OPENAI else _details_path(rows)
    if path is None:
        return listing
    with suppress(AttemptError, ProviderError, TimeoutError):  # the details stay unknown
        async with asyncio.timeout(details_timeout_s):
            more = await transport.get_json(path, lambda value: value)
        facts = _read_details(more, [model.id for model in listing.models])
        models = []
        for model in listing.models:
            found = facts.get(model.id, ModelFacts())
            window = found.window or model.window
            models.append(replace(model.filled_from(found), id=model.id, window=window))
        return replace(listing, models=tuple(models))
    return listing


async def _fetch_pages(transport: Transport) -> object:
    """Return the reply with the rows of all pages. Raises as `fetch_listing`.

    Anthropic's and OpenAI's lists say `has_more` and continue after an id; Google's and others name
    a token, or the address of the next page.
    """
    reply = page = await transport.get_json(PATH, lambda value: value)
    rows = parse_rows(reply)
    ids = {_id_of(row) for row in rows}
    for _ in range(_MAX_PAGES):
        query = _next_page(page)
        if not query or len(rows) >= MAX_MODELS:
            break
        try:
            page = await transport.get_json(f"{PATH}?{query}", lambda value: value)
        except AttemptError as failed:
            status = failed.error.status or 0
            if not 400 <= status < 429:
                raise
            break  # a gateway that copies the mark of another server, but has one page
        more = [row for row in parse_rows(page) if _id_of(row) not in ids]
        if not more:  # it does not know the parameter
            break
        rows += more
        ids |= {_id_of(row) for row in more}
    if page is reply or not isinstance(reply, dict):
        return reply
    return {**reply, "data": rows}


def _next_page(page: object) -> str:
    """Return the query of the page after this one; "" for none.

    >>> _next_page({"data": [{"id": "a"}, {"id": "b"}], "has_more": True})
    'after=b'
    >>> _next_page({"data": [{"id": "a"}], "has_more": True, "first_id": "a", "last_id": "a"})
    'after_id=a'
    >>> _next_page({"models": [], "nextPageToken": "x/1"})
    'pageToken=x%2F1'
    """
    for field, parameter in _NEXT_PAGE_TOKENS.items():
        if token := json_fields.text(page, field):
            return urlencode({parameter: token})
    address = json_fields.text(page, "next")
    if query := split_url(address).query:
        return query
    rows = parse_rows(page)
    if not (isinstance(page, dict) and page.get("has_more") is True and rows):
        return ""
    last_id = json_fields.text(page, "last_id") or _id_of(rows[-1])
    return urlencode({"after_id" if "first_id" in page else "after": last_id}) if last_id else ""


def listing_from(reply: object, profile: ProviderProfile) -> ModelListing:
    """Return the listing in a reply.

    Raises:
        UnexpectedReplyError: the reply is not a listing.
    """
    rows = parse_rows(reply)
    # Ollama sends null if it has no models.
    is_list = isinstance(reply, Mapping) and (
        isinstance(reply.get("data"), list) or reply.get("object") == "list"
    )
    has_names = any(map(_id_of, rows))
    if not has_names and (rows or not is_list) and reply != []:
        raise UnexpectedReplyError(
            N_("{provider} didn’t return a list of models."),
            hint=hints.TYPE_MODEL,
            provider=profile.name,
        )
    # llama.cpp has a list with details beside its "data".
    llama_cpp = {
        json_fields.text(row, "name"): details_of(row) for row in json_fields.rows(reply, "models")
    }
    is_litellm = kind_of(rows) is ServerKind.LITELLM
    models = tuple(
        replace(
            details_of(row).filled_from(llama_cpp.get(name, ModelFacts())),
            id=name,
            shutdown=_day_in(row, _SHUTDOWN_FIELDS),
            created=None if is_litellm else _day_in(row, _CREATED_FIELDS),
            window=window_of(row),
        )
        for row in rows
        if len(name := _id_of(row)) <= MAX_ID_CHARS and name.strip()
    )
    return ModelListing(profile.base_url, models, datetime.now(UTC))


def _id_of(row: Row) -> str:
    """Return the id of a listed model as requests name it.

    >>> _id_of({"id": "models/gemini-3.8-flash", "owned_by": "google"})
    'gemini-3.8-flash'
    """
    names = (json_fields.text(row, key) for key in ("id", "name", "model"))
    name = next(filter(None, names), "")
    is_gemini = json_fields.text(row, "owned_by") == "google" or "supportedGenerationMethods" in row
    return name.removeprefix("models/") if is_gemini else name


def parse_rows(reply: object) -> list[Row]:
    """Return the rows of a listing: Together sends a bare list, small servers a list of names."""
    entries = reply.get("data", reply.get("models")) if isinstance(reply, dict) else reply
    if not isinstance(entries, list):
        return []
    rows = ({"id": row} if isinstance(row, str) else row for row in entries[:MAX_MODELS])
    return [row for row in rows if isinstance(row, dict)]


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


def _details_path(rows: Sequence[Row]) -> str | None:
    """Return the path of a further list at the server of these rows, or None."""
    match kind_of(rows):
        case ServerKind.LLAMA_CPP:
            is_known = all(_windows(json_fields.mapping(row, "meta"), ("n_ctx",)) for row in rows)
            return None if is_known or len(rows) > 1 else "/props"
        case ServerKind.LM_STUDIO:
            return "/api/v0/models"
        case ServerKind.OLLAMA if not any(map(window_of, rows)):
            return "/api/ps"
        case ServerKind.LITELLM:  # its list has no prices
            return "/model/info"
    return None


def _read_details(reply: object, ids: Sequence[str]) -> dict[str, ModelFacts]:
    """Return the facts of models in a further list, by name; `ids` are the listed models.

    Several deployments may share one name: the smallest window counts, and the first with a value.
    """
    facts: dict[str, ModelFacts] = {}
    # The one model of llama.cpp has no name here.
    settings = json_fields.mapping(reply, "default_generation_settings")
    if found := _windows(settings, ("n_ctx",)):
        facts = dict.fromkeys(ids, ModelFacts(window=found[0]))
    for row in json_fields.rows(reply, "data") or json_fields.rows(reply, "models"):
        names = (json_fields.text(row, key) for key in ("model_name", "id", "name"))
        name = next(filter(None, names), "")
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
    running = (*_windows(row, ("loaded_context_length",)), *_windows(meta, ("n_ctx",)))
    stated = (*_windows(row, _STATED_WINDOWS), *_windows(top, ("context_length",)))
    trained = _windows(meta, ("n_ctx_train",))
    return next((min(windows) for windows in (running, stated, trained) if windows), None)


def _windows(row: Row, names: Iterable[str]) -> list[int]:
    """Return the numbers under `names` that could be windows."""
    numbers = (json_fields.count(row, name) for name in names)
    return [number for number in numbers if MIN_WINDOW <= number <= MAX_WINDOW]


def _day_in(row: Row, names: Sequence[str]) -> date | None:
    """Return the day under the first of these names that has one; None if the row has none.

    Servers have different names for the day of the shutdown. It is an ISO text, or seconds since
    1970.
    """
    for value in map(row.get, names):
        with suppress(ValueError, OverflowError, OSError):
            if isinstance(value, int | float) and value > 1:  # not 0 or a bool
                return datetime.fromtimestamp(value, UTC).date()
            if isinstance(value, str):
                return date.fromisoformat(value[:10])
    return None


def details_of(row: Row) -> ModelFacts:
    """Return the kind, prices and abilities in the row of a listed model.

    >>> details_of({"id": "m", "type": "embedding"}).kind
    <ModelKind.EMBEDDING: 'embedding'>
    """
    info = json_fields.mapping(row, "model_info") or row  # LiteLLM nests the details
    architecture = json_fields.mapping(info, "architecture")
    outputs = _words(architecture, "output_modalities")
    # The same field is a list at some servers, and an object with flags at others.
    capabilities = _words(info, "capabilities")
    stated = (json_fields.mapping(info, "capabilities"), info)
    flags = {n: flag for row in stated for n, flag in row.items() if isinstance(flag, bool)}
    parameters = _words(info, "supported_parameters")
    # Servers leave words out of these lists, so a missing one says nothing.
    words = capabilities | _words(info, "features")

    def has(
        names: tuple[str, ...], words: frozenset[str], whole_list: frozenset[str] = frozenset()
    ) -> bool | None:
        for name in names:
            if name in flags:
                return flags[name]
        if whole_list:
            return not whole_list.isdisjoint(names)
        return not words.isdisjoint(names) or None

    # A list with "completion" has the capabilities for images, too.
    inputs = _words(architecture, "input_modalities")
    images_list = inputs or (capabilities if "completion" in capabilities else frozenset())
    limits = [
        json_fields.count(each, name)
        for each in (info, json_fields.mapping(info, "top_provider"))
        for name in _OUTPUT_LIMITS
    ]
    facts: dict[str, Any] = {
        # Only a list with this parameter has all of them.
        "reasoning": has(
            _REASONING, words, parameters if "max_tokens" in parameters else frozenset()
        ),
        **_parse_prices(info),
        **_parse_efforts(info),
    }
    return ModelFacts(
        kind=_parse_kind(info, flags, capabilities, outputs),
        max_output=min((limit for limit in limits if 0 < limit <= MAX_TOKENS), default=None),
        images=has(_IMAGES, words | {json_fields.text(info, "type")}, images_list),
        tools=has(_TOOLS, words, parameters),
        # A server may list only some of the parameters that it takes.
        schema=has(_SCHEMA, words | parameters) or None,
        makes_images="image" in outputs or None,
        **facts,
    )


def _words(value: Row, key: str) -> frozenset[str]:
    """Return the texts of a list in lower case; none if the field is not a list."""
    return frozenset(text.casefold() for text in json_fields.texts(value, key))


def _parse_kind(
    info: Row, flags: Mapping[str, bool], capabilities: frozenset[str], outputs: frozenset[str]
) -> ModelKind | None:
    for name in ("mode", "type", "model_type", "model_mode", "task"):
        if kind := _KINDS.get(json_fields.text(info, name).casefold()):
            return kind
    if outputs:
        if "text" in outputs:
            return ModelKind.CHAT
        known_kinds = (_KINDS[modality] for modality in sorted(outputs) if modality in _KINDS)
        return next(known_kinds, ModelKind.OTHER)
    for name in ("completion_chat", "supports_chat"):
        if name in flags:
            return ModelKind.CHAT if flags[name] else ModelKind.OTHER
    if "completion" in capabilities:
        return ModelKind.CHAT
    if {"embedding", "embeddings"} & capabilities:
        return ModelKind.EMBEDDING
    return None


def _parse_prices(info: Row) -> dict[str, Any]:
    """Return the known prices, by the fields of ModelFacts, in dollars per million tokens.

    The first source with a price of input or output counts.
    """
    pricing = json_fields.mapping(info, "pricing")
    for source, input_name, output_name, factor in (
        (info, "input_cost_per_token", "output_cost_per_token", 1_000_000),
        (pricing, "prompt", "completion", 1_000_000),  # per token
        (pricing, "input", "output", 1),  # per million tokens
    ):
        names = {"input_price": (input_name,), "output_price": (output_name,), **_PRICE_PARTS}
        prices = _prices_in(source, names, factor)
        if {"input_price", "output_price"} & prices.keys():
            long = _long_prices(source, names, factor)
            if long is not None and {"input_price", "output_price"} <= prices.keys():
                above, others = long
                # A part whose price is not listed again costs as much as in a short prompt.
                facts: dict[str, Any] = {**prices, **others}
                price = ModelFacts(**facts).price
                assert price is not None
                return {**prices, "long_price": LongPrice(above, price)}
            return prices
    return {}


def _prices_in(
    source: Row, names: Mapping[str, Sequence[str]], factor: int, end: str = ""
) -> dict[str, Decimal]:
    """Return the first known price of each part, whose fields have these names and this end."""
    found = {
        part: next(
            (
                price
                for name in part_names
                if (price := _parse_price(source.get(name + end), factor)) is not None
            ),
            None,
        )
        for part, part_names in names.items()
    }
    return {part: price for part, price in found.items() if price is not None}


def _long_prices(
    source: Row, names: Mapping[str, Sequence[str]], factor: int
) -> tuple[int, dict[str, Decimal]] | None:
    """Return the tokens above which a prompt is long, and its prices; None if it has none.

    Of several sizes, the smallest counts. OpenRouter lists prices for times of the day, too.
    """
    sizes: list[tuple[int, dict[str, Decimal]]] = []
    for row in json_fields.rows(source, "overrides"):
        least = json_fields.count(row, "min_prompt_tokens")
        if 1 < least <= MAX_TOKENS and not {"utc_start", "utc_end"} & row.keys():
            sizes.append((least - 1, _prices_in(row, names, factor)))
    for match in filter(None, map(_ABOVE.fullmatch, source)):
        end = match[0].removeprefix("input_cost_per_token")
        sizes.append((int(match[1]) * 1_000, _prices_in(source, names, factor, end)))
    known_sizes = [(above, prices) for above, prices in sizes if prices]
    return min(known_sizes, key=lambda size: size[0], default=None)


def _parse_efforts(info: Row) -> dict[str, Any]:
    """Return the efforts that a row states, by the fields of ModelFacts.

    OpenRouter's `reasoning` has a list, or null for all; `mandatory` excludes "none".
    """
    reasoning = json_fields.mapping(info, "reasoning")
    if not reasoning:
        return {}
    facts: dict[str, Any] = {"reasoning": True}
    efforts = [each for text in json_fields.texts(reasoning, "supported_efforts")
               if (each := _effort(text)) is not None]  # fmt: skip
    is_mandatory = reasoning.get("mandatory") is True
    if not efforts and is_mandatory and reasoning.get("supported_efforts", ()) is None:
        efforts = list(Effort)
    if efforts:
        efforts = [each for each in efforts if each is not Effort.NONE or not is_mandatory]
        facts["efforts"] = tuple(sorted(set(efforts), key=lambda each: each.rank))
        default = _effort(json_fields.text(reasoning, "default_effort"))
        if default in efforts:
            facts["default_effort"] = default
    return facts


def _effort(text: str) -> Effort | None:
    with suppress(ValueError):
        return Effort(text.strip().casefold())
    return None


def _parse_price(value: object, factor: int) -> Decimal | None:
    """Return a price times `factor`; None if it is not a number, negative or too large."""
    if not isinstance(value, (int, float, str)) or isinstance(value, bool):
        return None
    try:
        price = Decimal(str(value))
    except (InvalidOperation, ValueError):  # ValueError: an integer of thousands of digits
        return None
    if not price.is_finite() or not 0 <= price < MAX_PRICE or price * factor >= MAX_PRICE:
        return None
    # `normalize` removes zeros at the end, also of 100, which becomes 1E+2: adding 0 restores it.
    return (price * factor).quantize(Decimal("0.000001")).normalize() + 0
