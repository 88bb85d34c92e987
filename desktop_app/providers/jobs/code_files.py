"""Files for the provider's code interpreter: uploaded before an answer, and deleted after it.

They are deleted at once when the answer ends or is stopped. If that fails, they expire an hour
after the upload. Source: OpenAI's SDK for Python, August 2026 (`files.create`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ChatRequest, FileData
from desktop_app.domain.answering.stream_events import FileArrived, FileCited, Notice, StreamEvent
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.errors import (
    EndpointMissingError,
    ProviderError,
    ReplyTooLargeError,
    UnexpectedReplyError,
)
from desktop_app.domain.tools.tool import CODE_INTERPRETER
from desktop_app.i18n.translation import N_
from desktop_app.providers.http import json_fields
from desktop_app.providers.http.retries import repeat

if TYPE_CHECKING:
    from desktop_app.providers.http.transport import Transport

_EXPIRY: Final = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
"""An hour is the shortest time."""
_MAX_DELETION_S: Final = 10.0

Stream = Callable[[ChatRequest], AsyncGenerator[StreamEvent, None]]


async def with_uploads(
    transport: Transport, provider: str, request: ChatRequest, stream: Stream
) -> AsyncGenerator[StreamEvent, None]:
    """Yield the answer to a request whose code gets its files.

    Raises:
        ProviderError: a file could not be uploaded, or the answer failed.
    """
    ids: list[str] = []
    try:
        for file in request.code_files:
            file_id = await _upload(transport, provider, file)
            ids.append(file_id)  # at once, so that a failure of the next one deletes it
        async with aclosing(stream(_with_files(request, ids))) as events:
            async for event in events:
                yield event
    finally:
        if ids:
            await asyncio.shield(asyncio.ensure_future(_delete(transport, ids)))


def _with_files(request: ChatRequest, ids: list[str]) -> ChatRequest:
    container = {"type": "auto", "file_ids": ids}
    tools = tuple(
        replace(tool, hosted={**(tool.hosted or {}), "container": container})
        if tool.name == CODE_INTERPRETER and tool.hosted is not None
        else tool
        for tool in request.tools
    )
    return replace(request, tools=tools, code_files=())


async def _upload(transport: Transport, provider: str, file: FileData) -> str:
    """Upload a file. Return the provider's id of it. Raises ProviderError."""

    async def attempt() -> str:
        form = {"purpose": "user_data", **_EXPIRY}
        content = {"file": (file.name, file.data, file.media_type)}
        async with transport.send("POST", "files", data=form, files=content) as reply:
            return await reply.json(lambda value: json_fields.name(value, "id"))

    try:
        file_id = await repeat(attempt, lambda _: True)
    except EndpointMissingError as error:
        raise EndpointMissingError(
            N_("{provider} takes no files for its code interpreter."),
            hints.TURN_OFF_CODE,
            provider=provider,
        ) from error
    if not file_id:
        raise UnexpectedReplyError(
            N_("{provider} didn’t confirm the upload."), hints.TURN_OFF_CODE, provider=provider
        )
    return file_id


async def _delete(transport: Transport, ids: list[str]) -> None:
    """Delete the files, as far as the provider does that soon."""

    async def attempt(file_id: str) -> None:
        async with transport.send("DELETE", f"files/{quote(file_id, safe='')}") as reply:
            await reply.drain()

    with suppress(TimeoutError):
        async with asyncio.timeout(_MAX_DELETION_S):
            for file_id in ids:
                with suppress(ProviderError):
                    await repeat(lambda file_id=file_id: attempt(file_id), lambda _: True)  # type: ignore[misc]


MAX_FILE_BYTES: Final = 64 << 20
"""The bytes of a file, which is in memory until it is stored."""
MAX_FILES: Final = 20
"""The files of one answer that are fetched, an arbitrary number."""


async def fetch_file(transport: Transport, provider: str, cited: FileCited) -> FileArrived | Notice:
    """Return a file that an answer cites, or the notice that it cannot be had.

    A container ends some 20 minutes after its last use, so files are fetched with the answer.
    Source: OpenAI's SDK for Python, August 2026 (`containers.files.content`).
    """
    container, file = (quote(each, safe="") for each in (cited.container_id, cited.file_id))
    path = f"containers/{container}/files/{file}/content"
    is_page = cited.name.lower().endswith((".html", ".htm", ".xhtml"))

    async def attempt() -> bytes:
        async with transport.send("GET", path, is_page_expected=is_page) as reply:
            return b"".join([piece async for piece in reply.pieces(MAX_FILE_BYTES)])

    try:
        return FileArrived(cited.name, await repeat(attempt, lambda _: True))
    except ReplyTooLargeError:
        code = NoticeCode.FILE_TOO_LARGE
    except EndpointMissingError:
        code = NoticeCode.FILE_MISSING
    except ProviderError:
        code = NoticeCode.FILE_NOT_FETCHED
    limit = str(MAX_FILE_BYTES >> 20)
    return Notice(notice(code, name=cited.name, provider=provider, limit=limit))
