"""Finds the model servers that run on this computer, at their usual ports.

Only 127.0.0.1 is asked, and only for the list of models.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from contextlib import suppress
from dataclasses import replace
from typing import Final, NamedTuple

from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.errors import ProviderError
from desktop_app.domain.lazy_pattern import lazy_pattern
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
_SUFFIXES: Final = lazy_pattern(r"(?:\.gguf|:latest)$", re.IGNORECASE)


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
    found = await asyncio.gather(
        *(_look_at(profile_from(presets[key]), catalog, timeout_s) for key in SEARCHED)
    )
    return [server for server in found if server is not None]


async def _look_at(
    profile: ProviderProfile, catalog: ModelCatalog, timeout_s: float
) -> FoundServer | None:
    connecting = _Connecting(timeout_s)
    try:
        async with asyncio.timeout(timeout_s):
            reply = await asyncio.to_thread(_request_models, profile.base_url, connecting)
        models = chat_models(catalog, listing_from(reply, profile))
    except (TimeoutError, ProviderError):
        return None
    finally:
        connecting.end()
    return FoundServer(replace(profile, models=tuple(models))) if models else None


class _Connecting:
    """The connection of a thread, which the event loop can end.

    A time limit of the socket is one for each read. A server that sends a byte each 0.1 s kept a
    thread, and with it the process, for minutes after the window was closed.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._opened: socket.socket | None = None
        self._is_over = False

    def open(self, port: int) -> socket.socket:
        """Connect, on the thread. Raises OSError."""
        self._opened = socket.create_connection((_HOST, port), self._timeout_s)
        if self._is_over:
            self._opened.close()
            raise TimeoutError
        return self._opened

    def end(self) -> None:
        """End the connection: the thread reads nothing more from it."""
        self._is_over = True
        if self._opened is not None:
            with suppress(OSError):  # the thread has closed it
                self._opened.shutdown(socket.SHUT_RDWR)


def _request_models(base_url: str, connecting: _Connecting) -> object:
    """Return the reply of a server at this address's port, None for none."""
    address = split_url(base_url)
    if not is_loopback(address.hostname or ""):
        return None
    try:
        connected = connecting.open(address.port or 80)
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
