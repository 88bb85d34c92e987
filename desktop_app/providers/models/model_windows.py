"""Context windows of models, as servers report them, and further requests for details.

OpenAI's API has no such field; other servers add one, each under its own name. A server with a
separate path for it gets one further request, if its list of models shows which server it is.

Sources: vLLM (`max_model_len`), llama.cpp's server (`meta.n_ctx`, `meta.n_ctx_train`, and
`default_generation_settings.n_ctx` of /props), LM Studio's REST API (/api/v0/models), Ollama's API
(/api/ps), LiteLLM's proxy (/model/info, and `max_input_tokens` in newer lists), OpenRouter
(`context_length`, `top_provider`), Together and Fireworks (`context_length`), Groq
(`context_window`), Mistral (`max_context_length`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from desktop_app.domain.models.model_listing import ModelDetails
from desktop_app.domain.models.server_kind import ServerKind
from desktop_app.providers.http.reply import json_fields
from desktop_app.providers.models.model_details import details_of
from desktop_app.providers.models.server_kinds import Row, kind_of

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
    """A further request to a server for context windows.

    Attributes:
        path: the path, relative to the base URL without its /v1.
        read: returns the windows in tokens by model id, from the reply and the listed ids.
        details: returns the other details in the reply, by model id.
    """

    path: str
    read: Callable[[object, Sequence[str]], dict[str, int]]
    details: Callable[[object], dict[str, ModelDetails]] = lambda _: {}


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
            return None if is_known or len(rows) > 1 else WindowSource("/props", _llama_cpp_windows)
        case ServerKind.LM_STUDIO:
            return WindowSource("/api/v0/models", _lm_studio_windows, _lm_studio_details)
        case ServerKind.OLLAMA if not any(map(window_of, rows)):
            return WindowSource("/api/ps", _ollama_windows)
        case ServerKind.LITELLM:  # its list has no prices
            return WindowSource("/model/info", _litellm_windows, _litellm_details)
    return None


def _llama_cpp_windows(reply: object, ids: Sequence[str]) -> dict[str, int]:
    settings = json_fields.mapping(reply, "default_generation_settings")
    windows = _numbers_at(settings, ("n_ctx",))
    return dict.fromkeys(ids, windows[0]) if windows else {}


def _lm_studio_windows(reply: object, _ids: Sequence[str]) -> dict[str, int]:
    rows = json_fields.rows(reply, "data")
    return _smallest_by_id((json_fields.text(row, "id"), window_of(row)) for row in rows)


def _ollama_windows(reply: object, _ids: Sequence[str]) -> dict[str, int]:
    rows = json_fields.rows(reply, "models")
    return _smallest_by_id((json_fields.text(row, "name"), window_of(row)) for row in rows)


def _litellm_windows(reply: object, _ids: Sequence[str]) -> dict[str, int]:
    rows = json_fields.rows(reply, "data")
    infos = ((row, json_fields.mapping(row, "model_info")) for row in rows)
    return _smallest_by_id(
        (json_fields.text(row, "model_name"), window_of(info)) for row, info in infos
    )


def _lm_studio_details(reply: object) -> dict[str, ModelDetails]:
    rows = json_fields.rows(reply, "data")
    return {json_fields.text(row, "id"): details_of(row) for row in rows}


def _litellm_details(reply: object) -> dict[str, ModelDetails]:
    """Return the details by name. Of several deployments, the first with a value counts."""
    details_by_name: dict[str, ModelDetails] = {}
    for row in json_fields.rows(reply, "data"):
        name = json_fields.text(row, "model_name")
        details_by_name[name] = details_by_name.get(name, ModelDetails()).filled_from(
            details_of(row)
        )
    return details_by_name


def _smallest_by_id(windows_by_id: Iterable[tuple[str, int | None]]) -> dict[str, int]:
    """Return the smallest window by id: several deployments may share one name."""
    windows: dict[str, int] = {}
    for model_id, window in windows_by_id:
        if window is not None:
            windows[model_id] = min(window, windows.get(model_id, window))
    return windows


def _numbers_at(row: Row, names: Iterable[str]) -> list[int]:
    """Return the numbers under `names` that could be windows."""
    numbers = (json_fields.count(row, name) for name in names)
    return [number for number in numbers if MIN_WINDOW <= number <= MAX_WINDOW]
