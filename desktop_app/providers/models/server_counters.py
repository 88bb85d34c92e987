"""Token counters that servers offer beside the API, each at a path of its own.

The list of models shows which server it is. Sources: llama.cpp's server (/tokenize),
llama-cpp-python (/extras/tokenize/count), vLLM and SGLang (/tokenize), LiteLLM's proxy
(/utils/token_counter, which counts unknown models by OpenAI's tokenizer, and says so).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from desktop_app.providers.http import json_fields
from desktop_app.providers.models.model_windows import CREATED_BY_LITELLM, Row

LONGEST_TEXT: Final = 100_000
"""Characters of a request; a longer text is counted in slices."""


@dataclass(frozen=True)
class ServerCounter:
    """A counter of tokens.

    Attributes:
        path: relative to the host.
        body: returns the request for a model and a text.
        read: returns the tokens in the reply; None if it has no usable count.
    """

    path: str
    body: Callable[[str, str], Mapping[str, Any]]
    read: Callable[[object], int | None]


def counter_of(rows: Sequence[Row]) -> ServerCounter | None:
    """Return the counter of the server with this list of models; None if it has none."""
    if not rows:
        return None
    owners = {json_fields.text(row, "owned_by") for row in rows}
    if owners == {"llamacpp"}:
        return ServerCounter("/tokenize", _llama_cpp_body, _token_list)
    if owners == {"me"}:  # llama-cpp-python
        return ServerCounter("/extras/tokenize/count", _llama_cpp_python_body, _named("count"))
    if owners <= {"vllm", "sglang"}:
        return ServerCounter("/tokenize", _vllm_body, _named("count"))
    if all(row.get("created") == CREATED_BY_LITELLM for row in rows):
        return ServerCounter("/utils/token_counter", _litellm_body, _litellm_count)
    return None


def _llama_cpp_body(model: str, text: str) -> Mapping[str, Any]:
    return {"content": text, "model": model}


def _llama_cpp_python_body(model: str, text: str) -> Mapping[str, Any]:
    return {"input": text, "model": model}


def _vllm_body(model: str, text: str) -> Mapping[str, Any]:
    return {"prompt": text, "model": model, "add_special_tokens": False}


def _litellm_body(model: str, text: str) -> Mapping[str, Any]:
    return {"prompt": text, "model": model}


def _token_list(reply: object) -> int | None:
    tokens = reply.get("tokens") if isinstance(reply, Mapping) else None
    return len(tokens) if isinstance(tokens, list) else None


def _named(name: str) -> Callable[[object], int | None]:
    def read(reply: object) -> int | None:
        return json_fields.count(reply, name) or None

    return read


def _litellm_count(reply: object) -> int | None:
    is_guess = json_fields.text(reply, "tokenizer_type") == "openai_tokenizer"
    return None if is_guess else json_fields.count(reply, "total_tokens") or None
