"""Batches at a provider: files of requests and results, and the batches made from them.

A batch that is created twice is paid for twice. Its creation is therefore repeated here only after
a failed connection or a rate limit. After any other error, the caller first looks for the batch
(`find`) before it asks again.

A result line is untrusted: it may not be JSON, may lack an id, or may have both an answer and an
error. Source: OpenAI's published OpenAPI document (BatchRequestInput, BatchRequestOutput).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractContextManager, aclosing
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar
from urllib.parse import quote

from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.message_parts import text_of
from desktop_app.domain.error_note import ErrorNote, note_from_error
from desktop_app.domain.errors import (
    ContentFilteredError,
    EndpointMissingError,
    NetworkError,
    ProviderError,
    RateLimitedError,
    StreamCutError,
    UnexpectedReplyError,
)
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.i18n.translation import N_
from desktop_app.providers.apis import chat_completions, negotiation, responses
from desktop_app.providers.apis.chat_completions import ChatCompletionsReader
from desktop_app.providers.apis.responses_stream import ResponsesReader
from desktop_app.providers.apis.text_marks import AnswerCleaner
from desktop_app.providers.errors import error_body, error_replies
from desktop_app.providers.errors.error_body import MAX_QUOTE_CHARS
from desktop_app.providers.http import json_fields
from desktop_app.providers.http.http_reply import MAX_JSON_BYTES
from desktop_app.providers.http.retries import AttemptError, repeat
from desktop_app.providers.http.transport import data_url
from desktop_app.providers.jobs.batch_jobs import (
    BatchResult,
    BatchStatus,
    ItemStatus,
    LineError,
    RemoteBatch,
)
from desktop_app.providers.models.model_listing import info_at

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from desktop_app.domain.models.model_catalog import ModelCatalog
    from desktop_app.providers.http.transport import Transport


T = TypeVar("T")

MAX_LINE_BYTES: Final = MAX_JSON_BYTES  # a line is JSON
MAX_RESULT_FILE_BYTES: Final = 8192 << 20
_PAGE_ROWS: Final = 100
"""Batches that are searched, the newest first: what is sought was made shortly before."""
URLS: Final = {
    Api.RESPONSES: f"/v1/{responses.PATH}",
    Api.CHAT_COMPLETIONS: f"/v1/{chat_completions.PATH}",
}
NAME_KEY: Final = "repartee"
"""The metadata key under which a batch created here stores its name."""

# Fields that requests of a batch never have. A batch cannot stream or run in the background.
# "include" asks for encrypted reasoning, which only a later question would need.
_OMITTED_FIELDS: Final = frozenset({"stream", "stream_options", "include", "background"})
# Escapes of characters that are line breaks for some readers, such as Python's splitlines(). A
# server with such a reader would split the request there.
_LINE_BREAKS: Final = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}
# The reasons of requests that the provider never answered, by the code of their error.
_UNSTARTED_REASONS: Final = {
    "batch_expired": N_("Not processed within 24 hours. Not charged."),
    "batch_cancelled": N_("The job was canceled first. Not charged."),
}
_API_OF_OBJECT_FIELD: Final = {"chat.completion": Api.CHAT_COMPLETIONS, "response": Api.RESPONSES}
"""The API of a body by its `object` field, which outweighs the API of the request."""
_REMOTE_STATUSES: Final = frozenset(BatchStatus) - {BatchStatus.UPLOADING}


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
        in_use: Callable[[], AbstractContextManager[object]],
    ) -> None:
        self._transport = transport
        self._profile = profile
        self._catalog = catalog
        self._refused_parameters = refused_parameters
        self._in_use = in_use

    def line(self, custom_id: str, request: ChatRequest, api: Api) -> bytes:
        """Return a request as a line of the file to upload."""
        info = info_at(self._profile, request.model, self._catalog)
        refused = self._refused_parameters.get(request.model, frozenset())
        return request_line(custom_id, request, info, self._profile, api, refused)

    # -- files

    async def upload(self, name: str, file: BinaryIO) -> str:
        """Upload a file of requests. Return the provider's id of the file."""
        form: dict[str, Any] = {
            "data": {"purpose": "batch"},
            "files": {"file": (f"{name}.jsonl", file, "application/jsonl")},
        }

        async def attempt() -> str:
            file.seek(0)
            async with self._transport.send("POST", "files", **form) as reply:
                return await reply.json(lambda value: json_fields.name(value, "id"))

        try:
            file_id = await self._retry(attempt)
        except EndpointMissingError as error:
            raise self._no_batches_error() from error
        if not file_id:
            raise self._unexpected_reply_error(N_("{provider} didn’t confirm the upload."))
        return file_id

    async def delete_file(self, file_id: str) -> None:
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
        path = f"batches?limit={_PAGE_ROWS}"
        rows = await self._retry(
            lambda: self._transport.get_json(path, lambda value: json_fields.rows(value, "data"))
        )
        for batch in filter(None, map(batch_of, rows)):
            if batch.name == name or batch.input_file_id == input_file_id:
                return batch
        return None

    async def fetch(self, batch_id: str) -> RemoteBatch:
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
        clean = self._transport.redactor.clean_json

        def read(line: bytes) -> BatchResult | None:
            return parse_result(bytes(clean(line)), self._profile.name, api)

        while True:
            try:
                with self._in_use():
                    async with self._transport.send("GET", path) as reply:
                        async for line in lines_of(reply.pieces(MAX_RESULT_FILE_BYTES)):
                            yield read(line)
                return
            except AttemptError as failed:  # raised before the first line, so none is yielded twice
                await failed.pause(next(failures))
            except StreamCutError as error:
                raise self._broken_connection_error(error) from error

    # -- requests

    async def _post(self, path: str, body: dict[str, Any]) -> RemoteBatch:
        async with self._transport.send("POST", path, json=body) as reply:
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
        with self._in_use():
            try:
                # Without a status there was no reply: `repeat` repeats only a failed connection.
                return await repeat(
                    attempt,
                    lambda error: (
                        not may_cost or error.status is None or isinstance(error, RateLimitedError)
                    ),
                )
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


async def lines_of(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield the lines between line feeds, without blank lines.

    Other line breaks are part of a line. A line longer than MAX_LINE_BYTES loses a part: it does
    not parse then, and counts as a line that is not a result.
    """
    open_line = b""  # the beginning of a line whose end has not come yet
    async with aclosing(pieces):
        async for piece in pieces:
            *lines, open_line = (open_line[:MAX_LINE_BYTES] + piece).split(b"\n")
            for line in filter(bytes.strip, lines):
                yield line
                await asyncio.sleep(0)  # a piece may have thousands of lines
    if open_line.strip():
        yield open_line


def request_line(
    custom_id: str,
    request: ChatRequest,
    info: ModelInfo,
    profile: ProviderProfile,
    api: Api,
    refused: frozenset[str] = frozenset(),
) -> bytes:
    """Return a request as a line of the upload, with its line feed.

    Args:
        refused: the refused parameters of this model, spelled as in negotiation.py.
    """
    # A batch has a price of its own instead of a service tier. Its results keep one candidate of
    # each answer, without the reasoning.
    parameters = replace(
        request.parameters, service_tier=None, candidates=1, reasoning_summary=None
    )
    request = replace(request, parameters=parameters, store=False, background=False, cache_key="")
    request, _ = negotiation.without_known_refusals(request, info, refused)
    builder = responses.body if api is Api.RESPONSES else chat_completions.body
    # Refused fields that only the program adds are not in the request yet: the builder omits them.
    omit = _OMITTED_FIELDS | (refused & negotiation.OWN_FIELDS)
    row = {
        "custom_id": custom_id,
        "method": "POST",
        "url": URLS[api],
        "body": builder(request, info, profile, omit),
    }
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=data_url)
    text = text.translate(_LINE_BREAKS)
    return text.encode("utf-8", "replace") + b"\n"


def parse_result(line: bytes, provider: str, api: Api) -> BatchResult | None:
    """Parse a line of results. Return None if the line is not a result."""
    try:
        row = json_fields.parse(line)
    except ValueError:
        return None
    custom_id = json_fields.name(row, "custom_id")
    if not custom_id:
        return None
    response = json_fields.mapping(row, "response")
    result = _parse_response(custom_id, response, provider, api) if response else None
    error = row.get("error")
    if not error:
        nothing = ErrorNote(N_("The provider sent neither a response nor an error."))
        return result or BatchResult(custom_id, ItemStatus.FAILED, error=nothing)
    if not result and (reason := _UNSTARTED_REASONS.get(json_fields.text(error, "code"))):
        return BatchResult(custom_id, ItemStatus.UNANSWERED, error=ErrorNote(reason))
    failure = error_replies.error_from(provider, error_body.parse_error({"error": error}))
    failed = _failed(custom_id, failure)
    if result is None:
        return failed
    if result.status is ItemStatus.ANSWERED and failed.error is not None:
        words = failed.error.what_happened
        note = ErrorNote(N_("The response came with an error: {words}"), params={"words": words})
        return replace(result, error=note)
    return replace(result, error=failed.error)


def _failed(custom_id: str, failure: ProviderError) -> BatchResult:
    is_filtered = isinstance(failure, ContentFilteredError)
    status = ItemStatus.REFUSED if is_filtered else ItemStatus.FAILED
    return BatchResult(custom_id, status, error=note_from_error(failure))


def _parse_response(
    custom_id: str, response: Mapping[str, Any], provider: str, api: Api
) -> BatchResult:
    status = json_fields.count(response, "status_code")
    body = response.get("body")
    if status >= 300 or not isinstance(body, dict):  # without a status it is 0: the body decides
        error = error_body.parse_error(body) if isinstance(body, dict) else error_body.ErrorBody()
        request_id = json_fields.text(response, "request_id")
        failure = error_replies.error_from(
            provider, error, status=status or None, request_id=request_id
        )
        return _failed(custom_id, failure)
    reply = _parse_reply(body, provider, api)
    answer = text_of(reply.parts).strip()
    item_status = ItemStatus.ANSWERED if answer else ItemStatus.FAILED
    note = note_from_error(reply.error) if reply.error else None
    if reply.status is MessageStatus.REFUSED:
        item_status = ItemStatus.REFUSED
        # A refused answer with an incomplete reason was cut off by a content filter.
        note = note or ErrorNote(
            N_("The response is incomplete: a content filter stopped it.")
            if reply.incomplete_reason
            else N_("The model declined.")
        )
    elif reply.status is MessageStatus.INCOMPLETE:
        stopped = N_("The response is incomplete: the model stopped early ({words}).")
        note = ErrorNote(stopped, params={"words": reply.incomplete_reason})
        if reply.incomplete_reason == "max_output_tokens":
            note = ErrorNote(N_("The response is incomplete: it reached the token limit."))
    elif reply.status is not MessageStatus.COMPLETE or not answer:
        item_status = ItemStatus.FAILED
        note = note or ErrorNote(N_("The response is empty."))
    return BatchResult(
        custom_id,
        item_status,
        answer=answer,
        error=note,
        usage=reply.round_usage,
        answered_by=reply.model,
    )


def _parse_reply(body: Mapping[str, Any], provider: str, api: Api) -> Reply:
    api = _API_OF_OBJECT_FIELD.get(json_fields.text(body, "object"), api)
    reader = ResponsesReader(provider) if api is Api.RESPONSES else ChatCompletionsReader(provider)
    reply = Reply()
    cleaner = AnswerCleaner()  # keys are removed by the caller
    for event in reader.read_whole(body):
        for cleaned in cleaner.feed(event):
            reply = accumulate(reply, cleaned)
    return reply


def batch_of(value: object) -> RemoteBatch | None:
    """Parse the provider's description of a batch. Return None if `value` does not name one."""
    batch_id = json_fields.name(value, "id")
    if not batch_id:
        return None
    status = json_fields.name(value, "status")
    counts = json_fields.mapping(value, "request_counts")
    errors = json_fields.rows(json_fields.mapping(value, "errors"), "data")
    return RemoteBatch(
        batch_id,
        status=BatchStatus(status) if status in _REMOTE_STATUSES else None,
        input_file_id=json_fields.name(value, "input_file_id"),
        output_file_id=json_fields.name(value, "output_file_id"),
        error_file_id=json_fields.name(value, "error_file_id"),
        name=json_fields.name(json_fields.mapping(value, "metadata"), NAME_KEY),
        done=json_fields.count(counts, "completed") + json_fields.count(counts, "failed"),
        errors=tuple(
            LineError(
                json_fields.count(row, "line"), json_fields.text(row, "message")[:MAX_QUOTE_CHARS]
            )
            for row in errors
        ),
    )
