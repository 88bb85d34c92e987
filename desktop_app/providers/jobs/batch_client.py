"""Batches at a provider: upload and download files, create and watch batches.

A batch that is created twice is paid for twice. Its creation is therefore repeated here only after
a failed connection or a rate limit. After any other error, the caller first looks for the batch
(`find`) before it asks again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractContextManager, aclosing
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar
from urllib.parse import quote

from desktop_app.domain import hints
from desktop_app.domain.batch.batch_jobs import BatchResult, RemoteBatch
from desktop_app.domain.errors import (
    EndpointMissingError,
    NetworkError,
    RateLimitedError,
    StreamCutError,
    UnexpectedReplyError,
)
from desktop_app.domain.models.model_listing import info_at
from desktop_app.i18n.translation import N_
from desktop_app.providers.http import json_fields
from desktop_app.providers.http.http_reply import MAX_JSON_BYTES
from desktop_app.providers.http.retries import AttemptError
from desktop_app.providers.jobs.batch_file_format import (
    NAME_KEY,
    URLS,
    batch_of,
    parse_result,
    request_line,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
    from desktop_app.domain.models.model_catalog import Api, ModelCatalog
    from desktop_app.providers.http.transport import Transport


T = TypeVar("T")

MAX_LINE_BYTES: Final = MAX_JSON_BYTES  # a line is JSON
MAX_RESULT_FILE_BYTES: Final = 8192 << 20
_PIECE_BYTES: Final = 256 * 1024  # of an upload that are in memory at once
_BOUNDARY: Final = "repartee-8f1c3b6d5a7e4920"
"""Separates the parts of an upload. No line of the file begins with it: they are JSON objects."""
_PAGE_ROWS: Final = 100
_MAX_PAGES: Final = 20
"""Pages of the list of batches that are searched: what is sought was made shortly before."""


class BatchClient:
    """A client for the batches of one provider. All asynchronous methods raise ProviderError.

    Args:
        refused_parameters: by model, the parameters that the server refused.
        in_use: returns a context manager that keeps the client's connections open.
    """

    def __init__(
        self,
        transport: Transport,
        profile: ProviderProfile,
        catalog: ModelCatalog,
        refused_parameters: Mapping[str, frozenset[str]],
        in_use: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._transport = transport
        self._profile = profile
        self._catalog = catalog
        self._refused_parameters = refused_parameters
        self._in_use = in_use

    def line(self, custom_id: str, request: ChatRequest, api: Api) -> bytes:
        """Return a request as a line of the file to upload."""
        info = info_at(self._profile, request.model, self._catalog)
        return request_line(
            custom_id,
            request,
            info,
            profile=self._profile,
            api=api,
            refused=self._refused_parameters.get(request.model, frozenset()),
        )

    # -- files

    async def upload(self, name: str, file: BinaryIO, size: int) -> str:
        """Upload `size` bytes as a file of requests. Return the provider's id of the file."""
        part_start = f"--{_BOUNDARY}\r\ncontent-disposition: form-data; "
        head = (
            f'{part_start}name="purpose"\r\n\r\nbatch\r\n'
            f'{part_start}name="file"; filename="{name}.jsonl"\r\n'
            "content-type: application/jsonl\r\n\r\n"
        ).encode()
        tail = f"\r\n--{_BOUNDARY}--\r\n".encode()
        headers = {
            "accept": "application/json",
            "content-type": f"multipart/form-data; boundary={_BOUNDARY}",
            "content-length": str(len(head) + size + len(tail)),
        }

        async def attempt() -> str:
            body = _multipart(head, file, tail)
            async with self._transport.send("POST", "files", headers, body) as reply:
                return await reply.json(lambda value: json_fields.name(value, "id"))

        try:
            file_id = await self._retry(attempt)
        except EndpointMissingError as error:
            raise self._no_batches_error() from error
        if not file_id:
            raise self._unexpected_reply_error(N_("{provider} didn’t confirm the upload."))
        return file_id

    async def delete_file(self, file_id: str) -> None:
        """Delete a file at the provider."""

        async def attempt() -> None:
            async with self._transport.send("DELETE", _resource_path("files", file_id)) as reply:
                await reply.drain()

        await self._retry(attempt)

    # -- batches

    async def create(self, name: str, input_file_id: str, api: Api) -> RemoteBatch:
        """Create a batch from an uploaded file, to be answered within a day.

        Creating it twice costs twice.
        """
        body = {
            "input_file_id": input_file_id,
            "endpoint": URLS[api],
            "completion_window": "24h",
            "metadata": {NAME_KEY: name},
        }
        try:
            return await self._retry(lambda: self._post("batches", body), may_cost=True)
        except EndpointMissingError as error:
            raise self._no_batches_error() from error

    async def find(self, name: str, input_file_id: str) -> RemoteBatch | None:
        """Return the batch created under `name` or from this file, or None if there is none.

        The file is compared as well, because a server may not keep the metadata with the name.
        """
        last_id = ""
        for _ in range(_MAX_PAGES):
            cursor = f"&after={quote(last_id, safe='')}" if last_id else ""
            path = f"batches?limit={_PAGE_ROWS}{cursor}"
            rows, has_more = await self._retry(partial(self._transport.get_json, path, _parse_page))
            for batch in filter(None, map(batch_of, rows)):
                if batch.name == name or batch.input_file_id == input_file_id:
                    return batch
            page_end = json_fields.name(rows[-1], "id") if rows else ""
            # A server that ignores `after` sends the same page again.
            if not has_more or not page_end or page_end == last_id:
                break
            last_id = page_end
        return None

    async def fetch(self, batch_id: str) -> RemoteBatch:
        """Return the current state of a batch."""
        path = _resource_path("batches", batch_id)
        return await self._retry(lambda: self._transport.get_json(path, self._parse_batch))

    async def cancel(self, batch_id: str) -> RemoteBatch:
        """Cancel a batch. Its results so far can still be fetched."""
        path = f"{_resource_path('batches', batch_id)}/cancel"
        return await self._retry(lambda: self._post(path, {}))

    async def results(self, file_id: str, api: Api) -> AsyncGenerator[BatchResult | None, None]:
        """Yield the results of a file as they arrive, None for a line that is not a result."""
        path = f"{_resource_path('files', file_id)}/content"
        failures = count()
        clean = self._transport.redactor.clean_bytes

        def read(line: bytes) -> BatchResult | None:
            return parse_result(bytes(clean(line)), self._profile.name, api)

        while True:
            try:
                async with aclosing(self._download_lines(path)) as lines:
                    async for line in lines:
                        yield read(line)
                return
            except AttemptError as failed:  # raised before the first line, so none is yielded twice
                await failed.pause(next(failures))
            except StreamCutError as error:
                raise self._broken_connection_error(error) from error

    async def _download_lines(self, path: str) -> AsyncGenerator[bytes, None]:
        with self._in_use():
            async with self._transport.send("GET", path) as reply:
                async for line in lines_of(reply.pieces(MAX_RESULT_FILE_BYTES)):
                    yield line

    # -- requests

    async def _post(self, path: str, body: dict[str, Any]) -> RemoteBatch:
        headers = {"accept": "application/json", "content-type": "application/json"}
        content = json.dumps(body).encode()
        async with self._transport.send("POST", path, headers, content) as reply:
            return await reply.json(self._parse_batch)

    def _parse_batch(self, value: object) -> RemoteBatch:
        batch = batch_of(value)
        if batch is None:
            raise self._unexpected_reply_error(N_("{provider} sent invalid batch data."))
        return batch

    async def _retry(self, attempt: Callable[[], Awaitable[T]], *, may_cost: bool = False) -> T:
        """Return the result of `attempt`, which is repeated after some failures.

        Args:
            may_cost: repeat it only if the failed request cannot have had an effect.
        """
        failures = count()
        with self._in_use():
            while True:
                try:
                    return await attempt()
                except AttemptError as failed:
                    error = failed.error
                    # Without a status there was no reply: `pause` repeats only a failed connection.
                    is_harmless = error.status is None or isinstance(error, RateLimitedError)
                    if may_cost and not is_harmless:
                        raise error from failed
                    await failed.pause(next(failures))
                except StreamCutError as cut:
                    raise self._broken_connection_error(cut) from cut

    # -- errors

    def _no_batches_error(self) -> EndpointMissingError:
        return EndpointMissingError(
            N_("{provider} doesn’t support batches, so nothing was charged."),
            hint=hints.CHOOSE_PROVIDER,
            provider=self._profile.name,
        )

    def _broken_connection_error(self, error: StreamCutError) -> NetworkError:
        return NetworkError(
            N_("The connection to {provider} was lost during a response."),
            hint=N_("Repartee is trying again."),
            details=error.details,
            request_id=error.request_id,
            provider=self._profile.name,
        )

    def _unexpected_reply_error(self, message: str) -> UnexpectedReplyError:
        return UnexpectedReplyError(
            message, hint=N_("Try again later."), provider=self._profile.name
        )


def _resource_path(kind: str, name: str) -> str:
    """Return the path of an item. Its name comes from the provider, so "/" is escaped."""
    return f"{kind}/{quote(name, safe='')}"


def _parse_page(value: object) -> tuple[list[Mapping[str, Any]], bool]:
    """Return the rows of a page, and True if another page follows."""
    has_more = isinstance(value, dict) and bool(value.get("has_more"))
    return json_fields.rows(value, "data"), has_more


async def _multipart(head: bytes, file: BinaryIO, tail: bytes) -> AsyncIterator[bytes]:
    yield head
    await asyncio.to_thread(file.seek, 0)
    while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
        yield piece
    yield tail


async def lines_of(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield the lines between line feeds, without blank lines.

    Other line breaks are part of a line. A line longer than MAX_LINE_BYTES is truncated: it does
    not parse then, and counts as a line that is not a result.
    """
    open_line = bytearray()  # the beginning of a line whose end has not come yet
    async with aclosing(pieces):
        async for piece in pieces:
            end_of_open_line, *later_lines = piece.split(b"\n")
            if len(open_line) <= MAX_LINE_BYTES:
                open_line += end_of_open_line
            if not later_lines:
                continue
            *whole_lines, next_open_line = later_lines
            for line in (bytes(open_line), *whole_lines):
                if line and not line.isspace():
                    yield line
                    await asyncio.sleep(0)  # a piece may have thousands of lines
            open_line = bytearray(next_open_line)
    if open_line and not open_line.isspace():
        yield bytes(open_line)
