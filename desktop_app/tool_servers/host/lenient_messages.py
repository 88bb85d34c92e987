"""Lets the SDK's HTTP transport read messages that its own parser refuses.

A refused message loses the whole result of a call, because of one odd character or value in it.
"""

from __future__ import annotations

import json
from typing import Any

import httpx2
from mcp import types
from mcp.client import streamable_http

from desktop_app.tool_servers.host.value_count import TOO_MANY_VALUES, has_too_many_values


class LenientMessageAdapter:
    """A stand-in for the SDK's adapter of messages.

    It also reads half a surrogate pair, bytes that are not UTF-8, and deeply nested values.
    """

    def validate_json(self, data: str | bytes, **options: Any) -> types.JSONRPCMessage:
        """Parse a message.

        Raises:
            ValueError: the message is not valid, even if read leniently.
            httpx2.StreamError: the message has too many values. The SDK converts this to an error
                of the request.
        """
        adapter = types.jsonrpc_message_adapter
        if has_too_many_values(data if isinstance(data, bytes) else data.encode(errors="replace")):
            raise httpx2.StreamError(TOO_MANY_VALUES)
        try:
            return adapter.validate_json(data, **options)
        except ValueError:
            text = data if isinstance(data, str) else data.decode("utf-8", "replace")
            try:
                return adapter.validate_python(json.loads(text), **options)
            except (ValueError, RecursionError):
                pass
            raise


def use_lenient_messages() -> None:
    """Let the SDK's HTTP transport parse messages leniently."""
    # The transport has no option for this; it takes the adapter from its module.
    vars(streamable_http)["jsonrpc_message_adapter"] = LenientMessageAdapter()
