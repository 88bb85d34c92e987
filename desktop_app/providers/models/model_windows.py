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

from collections.abc import Iterable, Sequence
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
    """A further request to a server for context windows and other details.

    Attributes:
        path: the path, relative to the base URL without its /v1.
        rows, name: the fields of the list in the reply, and of a model's name in its rows.
    """

    path: str
    rows: str = "data"
    name: str = "id"

    def read(
        self, reply: object, ids: Sequence[str]
    ) -> tuple[dict[str, int], dict[str, ModelDetails]]:
        """Return the windows in tokens and the details, by model, of the listed models `ids`.

        Several deployments may share one name: the smallest window counts, and the first with a
        value.
        """
        windows: dict[str, int] = {}
        details: dict[str, ModelDetails] = {}
        # The one model of llama.cpp has no name here.
        settings = json_fields.mapping(reply, "default_generation_settings")
        if found := _numbers_at(settings, ("n_ctx",)):
            windows = dict.fromkeys(ids, found[0])
        for row in json_fields.rows(reply, self.rows):
            name = json_fields.text(row, self.name)
            window = window_of(json_fields.mapping(row, "model_info") or row)
            if window is not None:
                windows[name] = min(window, windows.get(name, window))
            details[name] = details.get(name, ModelDetails()).filled_from(details_of(row))
        return windows, details


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
