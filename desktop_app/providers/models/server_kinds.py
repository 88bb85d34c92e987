"""Recognizes the kind of server in its list of models.

Sources: the servers' code, as for model_windows.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from desktop_app.domain.models.server_kind import ServerKind
from desktop_app.providers.http.reply import json_fields

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
