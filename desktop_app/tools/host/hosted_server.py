"""Connects to one server and carries out the parent's orders."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import anyio
import httpx2
from mcp import types
from mcp.client import streamable_http
from mcp.client.client import Client
from mcp.client.streamable_http import MCP_SESSION_ID, streamable_http_client
from mcp.shared.exceptions import MCPError

from desktop_app import __version__
from desktop_app.child_processes import ChildCommand
from desktop_app.domain.network.network_address import is_loopback
from desktop_app.tools.host import content
from desktop_app.tools.host.failure_text import (
    EventTransport,
    HostError,
    has_closed,
    is_sign_in_failure,
    reason_of,
    refuses_handshake,
    state_refusal,
)
from desktop_app.tools.host.line_output import LineOutput
from desktop_app.tools.host.sign_in import SIGN_IN_NEEDED, SignIn
from desktop_app.tools.host.stdio import MAX_MESSAGE_BYTES, bounded_stdio
from desktop_app.tools.servers.tool_server import ServerFault

if TYPE_CHECKING:
    from mcp.client.client import ConnectMode
    from mcp.shared.dispatcher import CallOptions

MAX_PAGES: Final = 50
STREAM_S: Final = 300.0
"""Seconds that a stream of events may be silent."""
CONNECT_S: Final = 30.0
"""Seconds to connect, to send a request, or to wait for a free connection."""
PROBE_S: Final = 5.0
CLOSED_S: Final = 1.0
"""Seconds to wait before reporting that the connection has closed.

If this process ends meanwhile, because the server has ended, its end is the more exact answer.
"""

MAX_LINKS: Final = 8
"""The links of a result that are read at once."""
LINK_S: Final = 20.0
"""Seconds in which all links of a result are read; those that came until then are used."""

_CHANGES: Final[dict[type[object], str]] = {
    types.ToolListChangedNotification: "tools",
    types.ResourceListChangedNotification: "resources",
    types.PromptListChangedNotification: "prompts",
}


class _SessionLostError(Exception):
    """The server refused a call because it had forgotten the session, as after a restart."""


class HostedServer:
    """An executor of the parent's orders, over a connection to one server.

    Args:
        launch_message: the parent's first line, which says how to reach or start the server.
        orders: the parent's further lines; see host_process.py.
        end_soon: called when the parent is gone or the server has ended.
    """

    def __init__(
        self,
        launch_message: dict[str, Any],
        orders: asyncio.StreamReader,
        output: LineOutput,
        end_soon: Callable[[], None],
    ) -> None:
        self._launch_message = launch_message
        self._orders = orders
        self._output = output
        self._end_soon = end_soon
        self._request_scopes: dict[int, anyio.CancelScope] = {}
        self._questions: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._question_count = 0
        self._client: Client | None = None
        self._http_client: httpx2.AsyncClient | None = None
        self._sign_in: SignIn | None = None
        self._has_ended = False
        self._mode: ConnectMode = "legacy"
        self._session_id = ""  # of `_client`
        self._last_session_id = ""  # of the newest response: that of a client being created
        self._lost_sessions: set[str] = set()
        # Set once `_client` has lost its session, or is no longer needed.
        self._is_client_unusable = anyio.Event()
        # Set, and then replaced, when `_client` has been replaced.
        self._has_new_client = anyio.Event()

    async def run(self) -> None:
        """Connect and carry out orders until the parent is gone or the server has ended."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._carry_out_orders, tasks.cancel_scope)
            try:
                async with AsyncExitStack() as stack:
                    http_client = None
                    if "url" in self._launch_message:
                        for name, value in self._launch_message["proxies"].items():
                            # GNOME writes "socks" for version 5, which httpx2 would refuse.
                            os.environ[name] = re.sub("^socks:", "socks5:", value)
                        http_client = await self._create_http_client(
                            self._launch_message["headers"]
                        )
                        await stack.enter_async_context(http_client)
                        self._http_client = http_client
                    try:
                        await self._stay_connected(stack, http_client)
                    except Exception as error:
                        if is_sign_in_failure(error) or not await self._has_old_transport(
                            http_client
                        ):
                            raise
                        raise HostError(ServerFault.OLD_TRANSPORT) from error
                self._end_soon()
            except Exception as error:  # noqa: BLE001 — any exception of the SDK is reported
                self._send_failed(error)
            tasks.cancel_scope.cancel()

    async def _stay_connected(
        self, stack: AsyncExitStack, http_client: httpx2.AsyncClient | None
    ) -> None:
        """Connect, and reconnect whenever the server forgets the session, until `_end`.

        Earlier clients stay open: their other requests may still get replies.
        """
        while not self._has_ended:
            client = await self._connected(stack, http_client)
            capabilities = client.server_capabilities
            lists = ("tools", "resources", "prompts")
            offers = [name for name in lists if getattr(capabilities, name) is not None]
            if self._client is None:
                self._output.send(event="ready", offers=offers)
            else:
                for changed_list in offers:
                    self._output.send(event="changed", list=changed_list)
            self._client = client
            self._session_id = self._last_session_id
            self._is_client_unusable = anyio.Event()
            self._has_new_client.set()
            self._has_new_client = anyio.Event()
            if not self._has_ended:
                await self._is_client_unusable.wait()

    async def _connected(
        self, stack: AsyncExitStack, http_client: httpx2.AsyncClient | None
    ) -> Client:
        """Return a client after the handshake; without it if the server refuses it.

        Servers of MCP 2026-07-28 know no handshake. It comes first, because older ones may end at
        the new request, or never answer it.
        """
        try:
            return await stack.enter_async_context(self._new_client(http_client))
        except Exception as error:
            if self._mode != "legacy" or not refuses_handshake(error):
                raise
        self._mode = "auto"
        self._has_ended = False  # the process that refused has
        return await stack.enter_async_context(self._new_client(http_client))

    async def _has_old_transport(self, http_client: httpx2.AsyncClient | None) -> bool:
        """Return True if the server speaks HTTP+SSE, the transport of 2024."""
        headers = {"accept": "text/event-stream"}
        if http_client is None or self._client is not None:
            return False
        try:
            async with (
                asyncio.timeout(PROBE_S),
                http_client.stream("GET", self._launch_message["url"], headers=headers) as response,
            ):
                async for piece in response.aiter_bytes():
                    return b"event: endpoint" in piece
        except (httpx2.HTTPError, TimeoutError):
            pass
        return False

    def _end(self) -> None:
        """Let `_stay_connected` return."""
        self._has_ended = True
        self._is_client_unusable.set()

    def _new_client(self, http_client: httpx2.AsyncClient | None) -> Client:
        launch_message = self._launch_message
        if http_client is not None:
            streamable_http.StreamableHTTPTransport = EventTransport  # type: ignore[misc]
            transport = streamable_http_client(
                launch_message["url"], http_client=http_client, max_sse_event_size=MAX_MESSAGE_BYTES
            )
        else:
            environment = {**os.environ, **launch_message["environment"]}
            program, *arguments = launch_message["command"]
            if sys.platform == "win32":  # which finds no npx.cmd otherwise
                program = shutil.which(program, path=environment.get("PATH")) or program
            command = ChildCommand((program, *arguments), environment, launch_message["folder"])
            transport = bounded_stdio(command, self._output.log, self._end)
        return Client(
            transport,
            mode=self._mode,
            cache=None,
            client_info=types.Implementation(name="repartee", version=__version__),
            logging_callback=self._on_log,
            elicitation_callback=self._on_question,
            message_handler=self._on_message,
        )

    async def _create_http_client(self, headers: dict[str, str]) -> httpx2.AsyncClient:
        # Compressed, a few kilobytes could expand to gigabytes at once.
        headers = {"accept-encoding": "identity", **headers}
        timeout = httpx2.Timeout(CONNECT_S, read=STREAM_S)
        auth = None
        request_hooks: list[Any] = []
        response_hooks: list[Any] = [_bound_body, self._watch_session, self._state_refusal]
        if "authorization" not in map(str.lower, headers):  # otherwise the user has a token already
            sign_in = self._sign_in = SignIn(self._launch_message, self._output)
            auth = await sign_in.create_provider()
            request_hooks.append(sign_in.check_request)
            response_hooks.append(sign_in.check_response)
        # This computer is reached without a proxy: that of the environment would get the user's
        # keys, and look for the server on its own computer.
        host = urlsplit(self._launch_message["url"]).hostname or ""
        hosts = {"localhost", "127.0.0.1", "::1", *([host] if is_loopback(host) else [])}
        mounts = {f"all://[{name}]" if ":" in name else f"all://{name}": None for name in hosts}
        return httpx2.AsyncClient(
            headers=headers,
            # No cookie is kept: it would connect conversations with each other.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            timeout=timeout,
            mounts=mounts,
            auth=auth,
            event_hooks={"request": request_hooks, "response": response_hooks},
        )

    async def _watch_session(self, response: httpx2.Response) -> None:
        """Note the session that a response begins, or that the server does not know any more."""
        session_id = response.request.headers.get(MCP_SESSION_ID, "")
        if not session_id:
            self._last_session_id = response.headers.get(MCP_SESSION_ID, self._last_session_id)
        elif response.request.method == "POST" and (
            response.status_code == 404
            # Many servers send 400 in place of the specified 404.
            or (response.status_code == 400 and b"session" in (await response.aread()).lower())
        ):
            self._lost_sessions.add(session_id)

    async def _state_refusal(self, response: httpx2.Response) -> None:
        if str(response.url) == str(httpx2.URL(self._launch_message["url"])):
            await state_refusal(response)

    def _send_failed(self, error: BaseException) -> None:
        self._output.send(
            event="failed",
            reason=self._reason_of(error),
            has_closed=has_closed(error),
            needs_sign_in=self._needs_sign_in,
        )

    def _reason_of(self, error: BaseException) -> str:
        reason = reason_of(error)
        return reason if self._sign_in is None else self._sign_in.redact(reason)

    @property
    def _needs_sign_in(self) -> bool:
        return self._sign_in is not None and self._sign_in.is_needed

    async def _on_log(self, params: types.LoggingMessageNotificationParams) -> None:
        data = params.data
        self._output.log(
            params.level, data if isinstance(data, str) else json.dumps(data, default=str)
        )

    async def _on_message(self, message: Any) -> None:
        if isinstance(message, Exception):
            self._output.log("warning", reason_of(message))
            return
        changed_list = _CHANGES.get(type(message))
        if changed_list:
            self._output.send(event="changed", list=changed_list)

    async def _on_question(self, context: Any, params: Any) -> types.ElicitResult:
        """Ask the user for the server, by the parent."""
        message = str(params.message)[: content.MAX_DESCRIPTION_CHARS]
        schema = getattr(params, "requested_schema", None)
        if schema is not None and len(json.dumps(schema)) <= content.MAX_SCHEMA_CHARS:
            self._question_count += 1
            number = self._question_count
            answer = self._questions[number] = asyncio.get_running_loop().create_future()
            try:
                self._output.send(event="question", id=number, message=message, schema=schema)
                return types.ElicitResult.model_validate(await answer)
            finally:
                del self._questions[number]
                self._output.send(event="withdrawn", id=number)
        # The server wants the user to open an address, which may be any.
        text = f"{message} {content.short_text(getattr(params, 'url', ''))}".strip()
        self._output.send(event="question", id=0, message=text, schema={})
        return types.ElicitResult(action="cancel")

    # -- the parent's orders

    async def _carry_out_orders(self, connection_scope: anyio.CancelScope) -> None:
        """Carry out the parent's orders until they end; then cancel the connection."""
        async with anyio.create_task_group() as tasks:
            while True:
                line = await self._orders.readline()
                if not line:
                    break
                order = json.loads(line)
                if order["method"] == "answer":
                    question = self._questions.get(order["id"])
                    if question is not None and not question.done():
                        question.set_result(order["answer"])
                elif order["method"] == "cancel":
                    if order["id"] in self._request_scopes:
                        self._request_scopes[order["id"]].cancel()
                else:
                    # Made before the task starts, because the next line may already cancel it.
                    self._request_scopes[order["id"]] = scope = anyio.CancelScope()
                    tasks.start_soon(self._answer_request, order, scope)
            self._end_soon()
            tasks.cancel_scope.cancel()
        connection_scope.cancel()

    async def _answer_request(self, order: dict[str, Any], scope: anyio.CancelScope) -> None:
        """Carry out a request, and send its result or why it failed."""
        request_id = order["id"]
        with scope:
            try:
                result = await self._fetch_result(order)
            except Exception as error:  # noqa: BLE001 — any exception of the SDK is reported
                if has_closed(error):
                    await anyio.sleep(CLOSED_S)
                has_ended = self._has_ended  # then the end of this process is the answer
                if self._needs_sign_in:
                    self._send_failed(error)  # first, so that the parent sends no more orders
                    self._end()
                if not has_ended:
                    reason = SIGN_IN_NEEDED if self._needs_sign_in else self._reason_of(error)
                    was_refused = isinstance(error, _SessionLostError)
                    self._output.send(
                        id=request_id,
                        error=reason,
                        may_repeat=was_refused,
                        has_closed=has_closed(error),
                    )
            else:
                self._output.send(id=request_id, result=result)
            finally:
                del self._request_scopes[request_id]

    async def _fetch_result(self, order: dict[str, Any]) -> Any:
        """Return the result of a request, which is sent again if the session was lost.

        Raises:
            _SessionLostError: the server refused a call without running it. Before the call is sent
                again, the parent compares the tool, which may have changed.
        """
        client, session_id = self._client, self._session_id
        try:
            return await self._request(order)
        except MCPError as error:
            if session_id not in self._lost_sessions:
                raise
            session_error = error
        if client is self._client:
            self._is_client_unusable.set()
            await self._has_new_client.wait()
        if order["method"] == "call":
            raise _SessionLostError(reason_of(session_error))
        return await self._request(order)

    async def _request(self, order: dict[str, Any]) -> Any:
        method = order["method"]
        if method == "revoke":
            if self._sign_in is not None and self._http_client is not None:
                await self._sign_in.revoke(self._http_client)
            return None
        lists = {
            "tools": content.tools_to_json,
            "resources": content.resources_to_json,
            "prompts": content.prompts_to_json,
        }
        if method in lists:
            return lists[method](await self._fetch_rows(method))
        if method == "read":
            return content.resource_to_json(await self._send("resources/read", uri=order["uri"]))
        values = {"name": order["name"], "arguments": order["arguments"]}
        if method == "prompt":
            return content.prompt_to_json(await self._send("prompts/get", **values))

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            self._output.progress(order["id"], progress, total, message or "")

        options: CallOptions = {"on_progress": on_progress}
        result = await self._send("tools/call", options, **values)
        return content.call_result_to_json(result, await self._read_links(result))

    async def _read_links(self, result: content.Row) -> dict[str, list[content.Row]]:
        """Return the contents of the resources to which a result links, as far as the server tells.

        No other server is asked, whatever the address.
        """
        contents: dict[str, list[content.Row]] = {}
        uris = content.linked_uris(result)[:MAX_LINKS]
        if not uris or self._client is None or self._client.server_capabilities.resources is None:
            return contents
        with anyio.move_on_after(LINK_S):
            for uri in uris:
                try:
                    resource = await self._send("resources/read", uri=uri)
                except MCPError as error:
                    self._output.log("warning", f"{uri}: {reason_of(error)}")
                else:
                    contents[uri] = content.objects(resource, "contents")
        return contents

    async def _fetch_rows(self, list_name: str) -> list[content.Row]:
        """Return the rows of a list, at most MAX_PAGES of them: a server may send them forever."""
        rows: list[content.Row] = []
        cursor: Any = None
        left_out = False
        for _ in range(MAX_PAGES):
            page = await self._send(f"{list_name}/list", **({"cursor": cursor} if cursor else {}))
            if not isinstance(page.get(list_name), list):
                raise HostError(f"its reply is not valid: {list_name}")
            rows += content.objects(page, list_name)
            left_out = len(page[list_name]) > content.MAX_LISTED or len(rows) > content.MAX_LISTED
            if page.get("nextCursor") in (None, "", cursor) or left_out:
                break
            cursor = page["nextCursor"]
        if left_out:
            self._output.log("warning", f"Only {content.MAX_LISTED} {list_name} are used.")
        return rows[: content.MAX_LISTED]

    async def _send(
        self, method: str, options: CallOptions | None = None, **params: Any
    ) -> dict[str, Any]:
        """Return the result of a request as JSON; `content` says why not as a model of the SDK."""
        if self._client is None:
            raise ConnectionError("not connected")
        session = self._client.session
        options = options or {}
        session._stamp({"method": method, "params": params}, options)
        return await session._dispatcher.send_raw_request(method, params, options)


class _BoundedBody(httpx2.AsyncByteStream):
    """A body of at most MAX_MESSAGE_BYTES."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > MAX_MESSAGE_BYTES:
                raise httpx2.StreamError("The response is larger than 32 MB.")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound_body(response: httpx2.Response) -> None:
    """Limit a body; of a stream of events, the SDK limits each event."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise httpx2.StreamError("The response is compressed, which was not asked for.")
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _BoundedBody(response.stream)
