"""A tool server at an address, which can forget its sessions as a restart does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

SESSION = "Mcp-Session-Id"


class SessionServer:
    """The server.

    Attributes:
        description: the description of its only tool.
        refusal: the status and body for a message of an unknown session.
        calls: the sessions of the calls that ran.
        breaks_calls: close the connection instead of replying to a call.
        result: the JSON of the result of a call; b"" for a greeting.
        sends_events: reply with a stream of events.
        call_reply: the status, the media type and the body of the reply to a call, as they are.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/mcp"
        self.description = "Greets."
        self.refusal = (404, b"")
        self.calls: list[str] = []
        self.breaks_calls = False
        self.result = b""
        self.sends_events = False
        self.call_reply: tuple[int, str, bytes] | None = None
        self._sessions: set[str] = set()
        self._numbers = count()

    def forget_sessions(self) -> None:
        """Forget the sessions so far."""
        self._sessions.clear()

    def reply(self, session: str, message: dict[str, Any]) -> tuple[int, str, bytes]:
        """Return the status, session and body of the reply to a message."""
        method = message["method"]
        if method == "initialize":
            session = f"session-{next(self._numbers)}"
            self._sessions.add(session)
        elif session not in self._sessions:
            status, body = self.refusal
            return status, session, body
        if "id" not in message:
            return 202, session, b""
        result = self._result(session, method, message.get("params", {}))
        reply = {"jsonrpc": "2.0", "id": message["id"], "result": result}
        body = json.dumps(reply).encode()
        if method == "tools/call" and self.result:
            body = json.dumps({**reply, "result": 0}).encode().replace(b"0}", self.result + b"}")
        return 200, session, b"data: " + body + b"\n\n" if self.sends_events else body

    def _result(self, session: str, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if method == "initialize":
            return {
                "protocolVersion": params["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "sessions", "version": "1"},
            }
        if method == "tools/list":
            schema = {"type": "object"}
            tool = {"name": "greet", "description": self.description, "inputSchema": schema}
            return {"tools": [tool]}
        self.calls.append(session)
        return {"content": [{"type": "text", "text": "Hello"}]}


@contextmanager
def session_server() -> Iterator[SessionServer]:
    """Yield a running server."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if found.breaks_calls and message["method"] == "tools/call":
                return
            status, session, body = found.reply(self.headers.get(SESSION, ""), message)
            kind = "text/event-stream" if found.sends_events else "application/json"
            if found.call_reply is not None and message["method"] == "tools/call":
                status, kind, body = found.call_reply
            self.send_response(status)
            self.send_header(SESSION, session)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.send_error(405)

        do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        found = SessionServer(listener.server_port)
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        try:
            yield found
        finally:
            listener.shutdown()
            thread.join()
