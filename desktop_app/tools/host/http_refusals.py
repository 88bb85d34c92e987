"""What servers at an address say when they refuse a request, which the SDK drops."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from mcp import types
from mcp.client.streamable_http import StreamableHTTPTransport
from mcp.shared.message import SessionMessage

if TYPE_CHECKING:
    import httpx2

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
