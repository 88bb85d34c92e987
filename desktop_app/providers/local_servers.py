"""Finds the model servers that run on this computer, at their usual ports.

Only 127.0.0.1 is asked, and only for the list of models.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from dataclasses import replace
from typing import Final, NamedTuple

from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.errors import ProviderError
from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.domain.network.network_address import is_loopback, split_url
from desktop_app.providers.model_list import PATH, listing_from
from desktop_app.providers.models.model_menu import chat_models
from desktop_app.settings.server_presets import SERVER_PRESETS, profile_from

TIMEOUT_S: Final = 0.2
_HOST: Final = "127.0.0.1"
_MAX_REPLY_BYTES: Final = 1 << 20
SEARCHED: Final = ("ollama", "lm-studio", "llama-cpp", "vllm", "jan")
"""The keys of the presets whose addresses are searched, the most wanted first."""
_SUFFIXES: Final = re.compile(r"(?:\.gguf|:latest)$", re.IGNORECASE)


class FoundServer(NamedTuple):
    """A server on this computer, as a new provider with the models that it lists."""

    profile: ProviderProfile

    @property
    def model_name(self) -> str:
        """Return a short name of the first model: "qwen3" for "Qwen/qwen3:latest"."""
        return _SUFFIXES.sub("", re.split(r"[/\\]", self.profile.models[0])[-1])


async def find_local_servers(
    catalog: ModelCatalog, *, timeout_s: float = TIMEOUT_S
) -> list[FoundServer]:
    """Return the servers that list a model for chats within a time, in the order of `SEARCHED`."""
    presets = {preset.key: preset for preset in SERVER_PRESETS}
    tasks = [
        asyncio.ensure_future(_look_at(profile_from(presets[key]), catalog, timeout_s))
        for key in SEARCHED
    ]
    _, pending = await asyncio.wait(tasks, timeout=timeout_s)
    for task in pending:
        task.cancel()
    found = (task.result() for task in tasks if task not in pending)
    return [server for server in found if server is not None]


async def _look_at(
    profile: ProviderProfile, catalog: ModelCatalog, timeout_s: float
) -> FoundServer | None:
    reply = await asyncio.to_thread(_request_models, profile.base_url, timeout_s)
    try:
        models = chat_models(catalog, listing_from(reply, profile))
    except ProviderError:
        return None
    return FoundServer(replace(profile, models=tuple(models))) if models else None


def _request_models(base_url: str, timeout_s: float) -> object:
    """Return the reply of a server at this address's port, None for none."""
    address = split_url(base_url)
    if not is_loopback(address.hostname or ""):
        return None
    try:
        connected = socket.create_connection((_HOST, address.port or 80), timeout_s)
    except OSError:
        return None
    # It imports email, 30 ms that a start without a server avoids.
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(_HOST, address.port)
    connection.sock = connected
    try:
        connection.request("GET", f"{address.path}/{PATH}", headers={"User-Agent": "Repartee"})
        reply = connection.getresponse()
        return json.loads(reply.read(_MAX_REPLY_BYTES)) if reply.status == 200 else None
    except (OSError, HTTPException, ValueError, RecursionError):
        return None
    finally:
        connection.close()
