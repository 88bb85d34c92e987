"""How many tokens a model takes, as servers say it beside the models that they list.

OpenAI's API has no such field; others add one, each by a name of its own. A server that says it at
another path of its own is asked there once, where its list shows which server it is.

Sources: vLLM (`max_model_len`), llama.cpp's server (`meta.n_ctx`, `meta.n_ctx_train`, and
`default_generation_settings.n_ctx` of /props), LM Studio's REST API (/api/v0/models), Ollama's API
(/api/ps), LiteLLM's proxy (/model/info, and `max_input_tokens` in newer lists), OpenRouter
(`context_length`, `top_provider`), Together and Fireworks (`context_length`), Groq
(`context_window`), Mistral (`max_context_length`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from desktop_app.providers.http import json_fields

# What lies outside is no window: 0 for "not known", 10**30 for "no limit", a megabyte count.
SMALLEST: Final = 256
LARGEST: Final = 100_000_000

_LOADED: Final = ("loaded_context_length",)
_STATED: Final = (
    "max_model_len",
    "context_length",
    "context_window",
    "max_context_length",
    "max_input_tokens",
)
_CREATED_BY_LITELLM: Final = 1677610602  # of every model, whenever it was made

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Beside:
    """Where a server says more: a path beside its API's, and how a reply to it is read: tokens by
    model id, the listed ids given."""

    path: str
    read: Callable[[object, Sequence[str]], dict[str, int]]


def window_of(row: Row) -> int | None:
    """Tokens that a listed model takes; None where its row names no number that could be it.

    What it runs with outweighs what it could take, and that what it was trained on.

    >>> window_of({"id": "m", "max_model_len": 8192})
    8192
    >>> window_of({"id": "m", "meta": {"n_ctx": 4096, "n_ctx_train": 131072}})
    4096
    >>> window_of({"id": "m", "context_length": "8192", "max_model_len": 0})
    """
    meta, top = json_fields.mapping(row, "meta"), json_fields.mapping(row, "top_provider")
    running = (*_named(row, _LOADED), *_named(meta, ("n_ctx",)))
    stated = (*_named(row, _STATED), *_named(top, ("context_length",)))
    trained = _named(meta, ("n_ctx_train",))
    return next((min(found) for found in (running, stated, trained) if found), None)


def beside(rows: Sequence[Row]) -> Beside | None:
    """Where the server that sent these rows says more of their windows; None where nowhere."""
    owners = {json_fields.text(row, "owned_by") for row in rows}
    if owners == {"llamacpp"}:
        is_said = all(_named(json_fields.mapping(row, "meta"), ("n_ctx",)) for row in rows)
        return None if is_said or len(rows) > 1 else Beside("/props", _of_llama_cpp)
    if owners == {"organization_owner"}:
        return Beside("/api/v0/models", _of_lm_studio)
    if "library" in owners and not any(map(window_of, rows)):
        return Beside("/api/ps", _of_ollama)
    is_litellm = bool(rows) and all(row.get("created") == _CREATED_BY_LITELLM for row in rows)
    if is_litellm and not any(map(window_of, rows)):
        return Beside("/model/info", _of_litellm)
    return None


def _of_llama_cpp(reply: object, ids: Sequence[str]) -> dict[str, int]:
    settings = json_fields.mapping(reply, "default_generation_settings")
    found = _named(settings, ("n_ctx",))
    return dict.fromkeys(ids, found[0]) if found else {}


def _of_lm_studio(reply: object, _ids: Sequence[str]) -> dict[str, int]:
    rows = json_fields.rows(reply, "data")
    return _least((json_fields.text(row, "id"), window_of(row)) for row in rows)


def _of_ollama(reply: object, _ids: Sequence[str]) -> dict[str, int]:
    rows = json_fields.rows(reply, "models")
    return _least((json_fields.text(row, "name"), window_of(row)) for row in rows)


def _of_litellm(reply: object, _ids: Sequence[str]) -> dict[str, int]:
    rows = json_fields.rows(reply, "data")
    infos = ((row, json_fields.mapping(row, "model_info")) for row in rows)
    return _least((json_fields.text(row, "model_name"), window_of(info)) for row, info in infos)


def _least(found: Iterable[tuple[str, int | None]]) -> dict[str, int]:
    """By id: several deployments may answer to one name, and the smallest must hold it."""
    windows: dict[str, int] = {}
    for model_id, window in found:
        if window is not None:
            windows[model_id] = min(window, windows.get(model_id, window))
    return windows


def _named(row: Row, names: Iterable[str]) -> list[int]:
    """The numbers under `names` that could be windows."""
    found = (json_fields.count(row, name) for name in names)
    return [number for number in found if SMALLEST <= number <= LARGEST]
