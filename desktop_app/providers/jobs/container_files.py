"""Files that the provider's code interpreter made, fetched from its container.

A container ends some 20 minutes after its last use, so files are fetched with the answer. Source:
OpenAI's SDK for Python, August 2026 (`containers.files.content`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from desktop_app.domain.answering.stream_events import FileArrived, FileCited, Notice
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.errors import EndpointMissingError, ProviderError, ReplyTooLargeError
from desktop_app.providers.http.retries import repeat

if TYPE_CHECKING:
    from desktop_app.providers.http.transport import Transport

MAX_FILE_BYTES: Final = 64 << 20
"""The bytes of a file, which is in memory until it is stored."""
MAX_FILES: Final = 20
"""The files of one answer that are fetched, an arbitrary number."""


async def fetch_file(transport: Transport, provider: str, cited: FileCited) -> FileArrived | Notice:
    """Return a file that an answer cites, or the notice that it cannot be had."""
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
