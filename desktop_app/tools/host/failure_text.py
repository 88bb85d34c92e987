"""Reasons for failures, in English or in the words of the server."""

from __future__ import annotations

import json
import re
import socket
from http import HTTPStatus
from typing import Any, Final

import httpx2
from mcp import types
from mcp.client.auth import OAuthFlowError
from mcp.client.streamable_http import StreamableHTTPTransport
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage
from mcp.types import CONNECTION_CLOSED

from desktop_app.tools.servers.tool_server import ServerFault

MAX_REASON_CHARS: Final = 2000
_UNREACHABLE: Final = "All connection attempts failed"
"""The words of anyio if no address of a host accepts a connection."""

# A message of the SDK's validator, perhaps within another: the first place, if it names one, the
# reason, and details that are cut off. The details quote the reply, which may contain tokens.
_VALIDATION_ERROR: Final = re.compile(
    r"\d+ validation errors? for \w+\n(?:(\S.*)\n)? +(.+?)(?: \[type=|$)", re.M
)

# A message of the validator within a message of the SDK about JSON that it cannot parse.
_INVALID_JSON_ERROR: Final = re.compile(
    r"\d+ validation errors? for \S+\s+(Invalid JSON: .+?) \[type=.*", re.S
)


_UNPARSED: Final = re.compile(r"Failed to parse .*?: \d+ validation errors? for ")
_CLOSED: Final = ("Connection closed", "SSE stream ")
"""The beginnings of the SDK's messages. Servers use the code of these errors for any reason."""


class HostError(Exception):
    """A failure that this process found itself. The message says why, in English."""


def reason_of(error: BaseException) -> str:
    """Return why something failed, in English or in the words of the server."""
    error = _first_error(error)
    if isinstance(error, MCPError):
        message = str(error.error.message)[:MAX_REASON_CHARS]
        message = _INVALID_JSON_ERROR.sub(r"\1", message)
        # The SDK lists what each kind of message lacks, with a link to Pydantic's pages.
        return "its reply is not valid" if _UNPARSED.match(message) else message or "error"
    if isinstance(error, MemoryError):
        return "its reply takes too much memory"
    if isinstance(error, httpx2.TransportError):
        return _connection_fault(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    message = str(error)[:MAX_REASON_CHARS]
    if isinstance(error, HostError):
        return message
    if invalid := invalid_place(error):
        return f"its reply is not valid: {invalid}"
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _connection_fault(error: httpx2.TransportError) -> str:
    """Return why a request failed without a response."""
    message = str(error)[:MAX_REASON_CHARS]
    if isinstance(error, httpx2.ConnectTimeout):
        return ServerFault.UNREACHABLE
    if isinstance(error, httpx2.TimeoutException):
        return ServerFault.NO_ANSWER_IN_TIME
    if isinstance(error, httpx2.ConnectError):
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, socket.gaierror):
                return ServerFault.UNKNOWN_HOST
            cause = cause.__cause__ or cause.__context__
        return ServerFault.UNREACHABLE if message in ("", _UNREACHABLE) else message
    if isinstance(error, httpx2.NetworkError | httpx2.RemoteProtocolError):
        return ServerFault.CONNECTION_LOST
    return message or ServerFault.CONNECTION_LOST


def has_closed(error: BaseException) -> bool:
    """Return True if the server ended or closed the connection without a reason."""
    error = _first_error(error)
    if not isinstance(error, MCPError) or error.error.code != CONNECTION_CLOSED:
        return False
    return str(error.error.message).startswith(_CLOSED)


def refuses_handshake(error: BaseException) -> bool:
    """Return True if the server answered the handshake by an error that is no fault of its own."""
    error = _first_error(error)
    if not isinstance(error, MCPError) or has_closed(error):
        return False
    return error.error.code != types.INTERNAL_ERROR


def is_sign_in_failure(error: BaseException) -> bool:
    """Return True if a sign-in failed, for whatever reason."""
    return isinstance(_first_error(error), OAuthFlowError | HostError)


def _first_error(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error


def invalid_place(error: BaseException) -> str:
    """Return the first place that the SDK's validator refuses, and why; "" for other errors."""
    match = _VALIDATION_ERROR.search(str(error)[:MAX_REASON_CHARS])
    return ": ".join(filter(None, match.groups())) if match else ""


_JSON_TYPE: Final = "application/json"
_MAX_WORDS_CHARS: Final = 500
_LEFT_TO_THE_SDK: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND)
"""A sign-in answers the first; the second means that the session is gone, or no such method."""


class EventTransport(StreamableHTTPTransport):
    """The SDK's transport, which also reads events of the type `error`.

    Gateways report so that a request failed. The SDK skips them, and knows no reason then.
    """

    async def _handle_sse_event(
        self,
        sse: Any,
        read_stream_writer: Any,
        original_request_id: types.RequestId | None = None,
        resumption_callback: Any = None,
    ) -> bool:
        if sse.event != "error" or original_request_id is None:
            return await super()._handle_sse_event(
                sse, read_stream_writer, original_request_id, resumption_callback
            )
        words = _words_of(sse.data) or "error"
        data = types.ErrorData(code=types.INTERNAL_ERROR, message=words)
        error = types.JSONRPCError(jsonrpc="2.0", id=original_request_id, error=data)
        await read_stream_writer.send(SessionMessage(error))
        return True


async def state_refusal(response: httpx2.Response) -> None:
    """Replace the body of a refusal by a message that says why, unless it is one already."""
    status = response.status_code
    if response.request.method != "POST" or status < 400 or status in _LEFT_TO_THE_SDK:
        return
    body = (await response.aread()).decode("utf-8", "replace")
    if _is_message(body):
        return
    reason = "it refuses access" if status == HTTPStatus.FORBIDDEN else "it refuses the request"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        reason = "it has a fault"
    words = "" if "html" in response.headers.get("content-type", "") else _words_of(body)
    text = f"{reason} (HTTP {status})" + (f": {words}" if words else "")
    error = {"code": types.INTERNAL_ERROR, "message": text}
    response.headers["content-type"] = _JSON_TYPE
    response._content = json.dumps({"jsonrpc": "2.0", "id": None, "error": error}).encode()


def _is_message(body: str) -> bool:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "jsonrpc" in value and isinstance(value.get("error"), dict)


def _words_of(text: str) -> str:
    """Return the words in the body of a refusal: those of JSON, or all of a short text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return " ".join(text[:_MAX_WORDS_CHARS].split())
    while isinstance(value, dict):
        names = ("error_description", "message", "detail", "error", "title")
        value = next((value[name] for name in names if value.get(name)), "")
    return " ".join(value[:_MAX_WORDS_CHARS].split()) if isinstance(value, str) else ""
