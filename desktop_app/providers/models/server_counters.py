"""Token counters that servers offer beside the API, each at a path of its own.

The list of models shows the kind of server. Sources: llama.cpp's server (/tokenize),
llama-cpp-python (/extras/tokenize/count), vLLM and SGLang (/tokenize), LiteLLM's proxy
(/utils/token_counter, which reports that it uses OpenAI's tokenizer for an unknown model).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from desktop_app.domain.models.server_kind import ServerKind
from desktop_app.providers.http.reply import json_fields

MAX_TEXT_CHARS: Final = 100_000
"""Characters of a request; a longer text is counted in slices."""


@dataclass(frozen=True)
class ServerCounter:
    """A counter of tokens.

    Attributes:
        path: the path, relative to the base URL without its /v1.
        body: returns the request for a model and a text.
        read: returns the number of tokens in a reply; None if the reply has no usable count.
    """

    path: str
    body: Callable[[str, str], Mapping[str, Any]]
    read: Callable[[object], int | None]


def counter_of(kind: ServerKind | None) -> ServerCounter | None:
    """Return the counter of a kind of server; None if it has none."""
    match kind:
        case ServerKind.LLAMA_CPP:
            return ServerCounter("/tokenize", _make_body_builder("content"), _count_token_list)
        case ServerKind.LLAMA_CPP_PYTHON:
            return ServerCounter(
                "/extras/tokenize/count", _make_body_builder("input"), _parse_count
            )
        case ServerKind.VLLM | ServerKind.SGLANG:
            return ServerCounter(
                "/tokenize", _make_body_builder("prompt", add_special_tokens=False), _parse_count
            )
        case ServerKind.LITELLM:
            return ServerCounter(
                "/utils/token_counter", _make_body_builder("prompt"), _litellm_count
            )
    return None


def _make_body_builder(field: str, **more: Any) -> Callable[[str, str], Mapping[str, Any]]:
    return lambda model, text: {field: text, "model": model, **more}


def _count_token_list(reply: object) -> int | None:
    tokens = reply.get("tokens") if isinstance(reply, Mapping) else None
    return len(tokens) if isinstance(tokens, list) else None


def _parse_count(reply: object) -> int | None:
    return json_fields.count(reply, "count") or None


def _litellm_count(reply: object) -> int | None:
    is_guess = json_fields.text(reply, "tokenizer_type") == "openai_tokenizer"
    return None if is_guess else json_fields.count(reply, "total_tokens") or None
