"""Renders a question by the chat template of a model file, before the question itself is sent.

A template is a program (Jinja) that comes with the file. llama.cpp runs it in the thread of the
request, which nothing interrupts, and an answer waits for it in silence. Its endpoint
/apply-template does nothing else, so a template that runs without end, or fills the memory, is
told from a model that reads a long prompt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from desktop_app.domain import hints
from desktop_app.domain.errors import LocalModelError, to_provider_error
from desktop_app.i18n.translation import N_
from desktop_app.providers.gateway.on_device import memory_error
from desktop_app.providers.http.retries import AttemptError
from desktop_app.providers.http.transport import Transport

_PATH: Final = "/apply-template"
LONGEST_S: Final = 20.0
"""A usual template renders 900,000 words in 0.1 s."""
_STOPPED_S: Final = 1.0


class ModelFile(NamedTuple):
    """A model file that answers.

    Attributes:
        name: of the file.
        end_server: ends the process in which its template runs.
    """

    name: str
    end_server: Callable[[], Awaitable[None]]


class TemplateCheck:
    """The check of one model file."""

    def __init__(self, transport: Transport, file: ModelFile) -> None:
        self._transport = transport
        self._file = file

    async def require_rendering(self, body: Mapping[str, Any]) -> None:
        """Return once the template has rendered the messages of a request.

        Other refusals are left to the request itself. If the caller is canceled, the server ends
        unless the template does within a second.

        Raises:
            ProviderError: the template takes too long, or too much memory.
        """
        rendering = asyncio.ensure_future(self._render(body))
        try:
            async with asyncio.timeout(LONGEST_S):
                await asyncio.shield(rendering)
        except TimeoutError as exc:
            await self._file.end_server()
            error = LocalModelError(
                N_("The chat template of {file} didn’t finish within {limit} seconds."),
                hint=hints.CHOOSE_OTHER_MODEL,
                file=self._file.name,
                limit=f"{LONGEST_S:.0f}",
            )
            raise to_provider_error(error) from exc
        except asyncio.CancelledError:
            if not (await asyncio.wait({rendering}, timeout=_STOPPED_S))[0]:
                await self._file.end_server()
            raise
        finally:
            rendering.cancel()
            await asyncio.gather(rendering, return_exceptions=True)

    async def _render(self, body: Mapping[str, Any]) -> None:
        try:
            async with self._transport.post(_PATH, body):
                pass
        except AttemptError as failed:
            error = memory_error(self._file.name, failed.error.all_details)
            if error is not None:
                raise to_provider_error(error) from failed
