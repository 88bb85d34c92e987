"""A configured server in simulated time, with a connection that a test scripts."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest

from desktop_app.domain.error_note import ErrorNote, note_from_error
from desktop_app.domain.errors import StorageError, ToolServerError, UserFacingError
from desktop_app.domain.tools.tool import MAX_RESULT_CHARS, ToolContext, ToolDefinition, ToolError
from desktop_app.tools.calls.call_results import limit_result
from desktop_app.tools.servers import server_source
from desktop_app.tools.servers.remote_tool import unavailable_entry
from desktop_app.tools.servers.server_run import IDLE_S, Launch, LogLine, ServerRun, ServerState
from desktop_app.tools.servers.server_source import ONLY_FOR_USER, ServerSource, tools_of
from desktop_app.tools.servers.tool_server import ServerFailure, ServerFault, ToolServer, server_of
from tests.helpers.fragment import Fragment
from tests.helpers.server_runs import OneServerStorage, read_text
from tests.helpers.simulated_time import run_in_simulated_time

SERVER, _ = server_of("demo", command=("serve",))
SECRET = "s3cret-value-of-it"
KEPT = {"tokens": {"access_token": "t0ken-that-is-kept"}, "client": {}}
STOPPED, STARTING, SIGNING_IN = ServerState.STOPPED, ServerState.STARTING, ServerState.SIGNING_IN
RUNNING, FAILED = ServerState.RUNNING, ServerState.FAILED
SIGN_IN_FAILED, NOT_STARTED = "signed in to the tool server", "The tool server"
CLOSED = ServerFailure("No.", has_closed=True)
CUT = f"\n[Cut here: the result has {MAX_RESULT_CHARS + 1} characters.]"


class Connection:
    """A running server that answers each request with the next of its replies."""

    offers: tuple[str, ...] = ("tools", "prompts")

    def __init__(self) -> None:
        self.is_running = True
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.replies: list[Any] = []

    async def request(
        self, method: str, on_progress: object = None, ask_user: object = None, **fields: Any
    ) -> Any:
        self.asked.append((method, fields))
        reply = self.replies.pop(0) if self.replies else [method]
        if isinstance(reply, int | float):
            await asyncio.sleep(reply)
            return await self.request(method, **fields)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def aclose(self) -> None:
        self.is_running = False


class ScriptedServer:
    """A server whose starts a test scripts, with its run; it records launch messages and states."""

    def __init__(self, server: ToolServer = SERVER) -> None:
        self.launches: list[Mapping[str, Any]] = []
        self.made: list[Connection] = []
        self.before: Callable[[Any], Awaitable[None]] | None = None
        self.error: Exception | None = None
        self.launch_error: Exception | None = None
        self.keep_error: UserFacingError | None = None
        self.kept: list[Mapping[str, Any]] = []
        self.states: list[ServerState] = []
        self.run = ServerRun(server, self.connect, self.make_launch, self.keep)
        self.run.watch(lambda: self.states.append(self.run.state))

    async def make_launch(self, is_sign_in: bool) -> Launch:
        if self.launch_error is not None:
            raise self.launch_error
        return Launch({"sign_in": is_sign_in}, (SECRET,))

    async def connect(self, launch: Mapping[str, Any], listener: Any) -> Connection:
        self.launches.append(launch)
        if self.before is not None:
            await self.before(listener)
        if self.error is not None:
            raise self.error
        self.made.append(Connection())
        return self.made[-1]

    async def keep(self, kept: Mapping[str, Any]) -> None:
        if self.keep_error is not None:
            raise self.keep_error
        self.kept.append(kept)

    def crash(self) -> None:
        """End the last server from outside."""
        self.made[-1].is_running = False
        self.run.on_ended()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the clock follow the loop's, and run the work of threads in the loop."""

    async def at_once(do: Callable[..., Any], *arguments: Any) -> Any:
        return do(*arguments)

    monkeypatch.setattr("time.monotonic", lambda: asyncio.get_running_loop().time())
    monkeypatch.setattr("asyncio.to_thread", at_once)


@pytest.fixture
def server() -> ScriptedServer:
    return ScriptedServer()


@pytest.fixture
def run(server: ScriptedServer) -> Callable[[Awaitable[object]], None]:
    """Return the function that runs a test in simulated time, and then stops its server."""

    async def run_and_stop(test: Awaitable[object]) -> None:
        await test
        await server.run.stop()

    return lambda test: run_in_simulated_time(run_and_stop(test))


async def error_of(made: Awaitable[object]) -> tuple[object, dict[str, object]]:
    """Return the reason and the values of the error that is raised."""
    try:
        await made
    except ToolServerError as error:
        assert error.params.pop("server") == "demo"
        return error.message, dict(error.params)
    raise AssertionError("nothing was raised")


# ---------------------------------------------------------------- life


async def test_a_server_starts_with_its_first_use_and_is_asked_once(server: ScriptedServer) -> None:
    run = server.run
    assert (run.state, run.offers) == (STOPPED, ())
    tools: list[Any] = await run.fetch_list("tools")
    assert tools == ["tools"]
    assert (run.state, run.offers) == (RUNNING, ("tools", "prompts"))
    assert server.states == [STARTING, RUNNING]
    assert await run.fetch_list("tools") == tools
    assert await run.fetch_list("resources") == []
    (connection,) = server.made
    assert [method for method, _ in connection.asked] == ["tools"]
    run.on_list_changed("prompts")
    await run.fetch_list("tools")
    run.on_list_changed("tools")
    connection.replies = [[{"other": 1}]]
    assert await run.fetch_list("tools") == [{"other": 1}]
    assert await run.request("call", name="x") == ["call"]
    assert connection.asked[-1] == ("call", {"name": "x"})
    await run.stop()
    assert (run.state, connection.is_running) == (STOPPED, False)
    assert await run.fetch_list("tools") == tools, "the other list is forgotten"
    await run.restart()
    assert len(server.made) == 3
    assert server.launches == [{"sign_in": False}] * 3


async def test_an_idle_server_is_stopped(server: ScriptedServer) -> None:
    await server.run.fetch_list("tools")
    await asyncio.sleep(IDLE_S - 1)
    await server.run.request("call")
    await asyncio.sleep(IDLE_S - 1)
    assert server.run.state is RUNNING
    await asyncio.sleep(2)
    assert (server.run.state, server.made[0].is_running) == (STOPPED, False)
    await server.run.fetch_list("tools")
    server.made[-1].replies = [2 * IDLE_S]
    await server.run.request("call")
    assert server.run.state is RUNNING, "it was at work"
    await asyncio.sleep(IDLE_S + 1)
    assert server.run.state is STOPPED


async def test_a_server_that_crashed_is_started_again_when_it_is_needed(
    server: ScriptedServer,
) -> None:
    run = server.run
    for number in range(1, 3):
        await run.fetch_list("tools")
        assert len(server.made) == number
        server.crash()
        assert (run.state, server.states[-1]) == (FAILED, FAILED)
        assert "stopped unexpectedly" in run.failure.message
    await run.restart()
    assert run.state is RUNNING
    await run.stop()
    run.on_ended()
    assert run.state is FAILED, "the program did not end it"


# ---------------------------------------------------------------- failures


@pytest.mark.parametrize(
    ("error", "words", "address", "reason", "params"),
    [
        (ServerFailure(f"It has {SECRET}."), "", "", NOT_STARTED, {"why": "It has [key removed]"}),
        (ServerFailure("No."), "", "https://a", SIGN_IN_FAILED, {"why": "No"}),
        (ServerFailure("No.", needs_sign_in=True), "", "", "needs you to sign in", {}),
        (CLOSED, "Cannot find it.", "", NOT_STARTED, {"why": "Cannot find it"}),
        (ServerFailure("No."), "Cannot find it.", "", NOT_STARTED, {"why": "No"}),
    ],
)
async def test_a_server_that_does_not_start_gives_an_error_without_its_secrets(
    server: ScriptedServer,
    error: Exception,
    words: str,
    address: str,
    reason: str,
    params: dict[str, object],
) -> None:
    async def before(listener: Any) -> None:
        listener.on_log("", f" {words} ")
        listener.on_log("info", "Hello.")
        listener.on_log("", " ")
        if address:
            listener.on_sign_in(address)
            assert server.run.state is SIGNING_IN

    server.error, server.before = error, before
    assert await error_of(server.run.fetch_list("tools")) == (Fragment(reason), params)
    assert server.run.state is FAILED
    server.error = server.before = None
    await server.run.fetch_list("tools")
    assert (server.run.state, server.run.failure) == (RUNNING, None)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (61, ("didn’t respond within", {"seconds": 60})),
        (ServerFailure("x", has_ended=True), ("stopped unexpectedly", {})),
        (ServerFailure("Not now."), ("The tool server", {"why": "Not now"})),
    ],
)
async def test_a_list_that_cannot_be_fetched_is_an_error(
    server: ScriptedServer, reply: Any, expected: object
) -> None:
    await server.run.request("call")
    server.made[0].replies = [reply]
    assert await error_of(server.run.fetch_list("tools")) == (Fragment(expected[0]), expected[1])
    assert server.run.failure is not None


@pytest.mark.parametrize("has_ended", [False, True])
async def test_a_refused_request_tells_no_secret(server: ScriptedServer, has_ended: bool) -> None:
    await server.run.fetch_list("tools")
    server.made[0].replies = [ServerFailure(f"No {SECRET}.", has_ended=has_ended)]
    with pytest.raises(ServerFailure) as caught:
        await server.run.request("call")
    assert caught.value.has_ended is has_ended
    assert str(caught.value) == "No [key removed]."
    server.run.on_log("error", f"{SECRET}\u200bx")
    assert server.run.log[-1] == LogLine("error", "[key removed]x")


# ---------------------------------------------------------------- sign-in


@pytest.mark.parametrize("error", [None, StorageError("Full.")])
async def test_a_user_signs_in_and_the_tokens_are_kept(
    server: ScriptedServer, error: UserFacingError | None
) -> None:
    addresses: list[str] = []

    async def before(listener: Any) -> None:
        listener.on_sign_in("https://a")
        listener.on_tokens(KEPT)

    server.before, server.keep_error = before, error
    if error is None:
        assert await server.run.sign_in(addresses.append)
    else:
        with pytest.raises(StorageError):
            await server.run.sign_in(addresses.append)
        assert server.run.log[-1] == LogLine("warning", error.sentences)
    assert addresses == ["https://a"]
    assert server.kept == ([KEPT] if error is None else [])
    assert server.launches == [{"sign_in": True}]
    assert LogLine("info", "Sign in: https://a") in server.run.log
    assert SIGNING_IN in server.states
    assert "t0ken" not in server.run.redact("a t0ken-that-is-kept b")
    await server.run.restart()
    assert server.launches[-1] == {"sign_in": False}
    assert addresses == ["https://a"], "a restart asks nobody to sign in"


# ---------------------------------------------------------------- tools and prompts


def row(name: str, **more: Any) -> dict[str, Any]:
    parameters = more.pop("parameters", {})
    kind = dict.fromkeys(("reads_only", "reaches_out"), False)
    return {"name": name, "description": "", "parameters": parameters, "fault": "", **kind, **more}


def document(text: str) -> dict[str, str]:
    data = b64encode(text.encode()).decode()
    return {"name": "Store.cs", "media_type": "text/plain", "data": data}


class Book(OneServerStorage):
    """The lists of a server, with its prompts."""

    prompts: Sequence[Any] = ()

    async def save_prompts(self, name: str, prompts: Any) -> None:
        assert name == "demo"
        self.prompts = prompts


async def test_the_tools_of_a_stopped_server_are_listed(server: ScriptedServer) -> None:
    book = Book()
    source = ServerSource(server.run, book, read_text)
    assert source.name == "demo"
    assert await source.tools() == [
        unavailable_entry("demo", ErrorNote("Its tools are listed once it has been started."))
    ]
    broken = row("broken", parameters={"properties": {"a": {"type": "?"}}})
    rows = [row("look"), broken]
    await server.run.request("call")
    assert await source.tools() == [], "it runs and has none"
    server.made[0].replies = [rows, []]
    await source.prepare()
    assert book.rows == rows
    look, unusable = await source.tools()
    assert look.is_available
    assert "description of its arguments isn’t" in unusable.refusal.message
    server.made[0].replies = [ServerFailure("never asked")]
    await source.prepare()  # only the tools, which are known
    server.crash()
    assert server.run.failure is not None
    failure = note_from_error(server.run.failure)
    assert [tool.refusal for tool in await source.tools()] == [failure] * 2
    book.rows = []
    assert await source.tools() == [unavailable_entry("demo", failure)]


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        ({"parts": ["seen"]}, "seen"),
        ({"parts": [f"a {SECRET}"]}, "a [key removed]"),
        (
            {"parts": ["x" * MAX_RESULT_CHARS], "length": MAX_RESULT_CHARS + 1},
            "x" * (MAX_RESULT_CHARS - len(CUT)) + CUT,
        ),
        ({"parts": ["No."], "failed": True}, ToolError("No.")),
        ({"parts": ["seen", document("Größe")]}, "seen\n\n[Store.cs]\nGröße"),
        ({"parts": [document(f"a {SECRET}")]}, "[Store.cs]\na [key removed]"),
        ({"parts": [document("%PDF")]}, "[text/plain, 4 bytes: Store.cs] “Store.cs” is damaged."),
        ({"for_user": "Paid by card."}, ONLY_FOR_USER),
        ({"parts": ["Done."], "for_user": "Paid by card."}, "Done."),
        (ServerFailure("Odd."), ToolError("Odd.")),
        (
            ServerFailure("SSE stream ended", has_closed=True),
            ToolError("The connection to the server was lost. The call may have taken effect."),
        ),
        (
            ServerFailure(ServerFault.CONNECTION_LOST, has_ended=True),
            ToolError("The connection to the server was lost. The call may have taken effect."),
        ),
        (
            ServerFailure("No disk.", has_ended=True),
            ToolError(
                "The connection to the server ended: No disk. The call may have taken effect."
            ),
        ),
    ],
)
async def test_the_result_of_a_call_is_text_or_an_error(
    server: ScriptedServer, reply: Any, result: str | ToolError
) -> None:
    source = ServerSource(server.run, Book(), read_text)
    await server.run.request("call")
    empty = {"parts": [], "length": 0, "images": [], "for_user": "", "failed": False}
    answer = {**empty, **reply} if isinstance(reply, dict) else reply
    server.made[0].replies = [[row("look")], answer]
    (tool,) = await tools_of(SERVER, await server.run.fetch_list("tools"))
    try:
        text = await source.call(tool.definition, {"n": 1}, ToolContext("c"))
    except ToolError as error:
        assert isinstance(result, ToolError)
        assert str(error) == str(result)
    else:
        assert text == result
        assert limit_result(text) == text
    assert server.made[0].asked[-1] == ("call", {"name": "look", "arguments": {"n": 1}})


async def test_a_call_fails_if_its_server_does_not_start(server: ScriptedServer) -> None:
    source = ServerSource(server.run, Book(), read_text)
    server.error = ServerFailure("No.")
    with pytest.raises(ToolError, match="No"):
        await source.call(ToolDefinition("look", "", source="demo"), {}, ToolContext("c"))


def prompt(name: str, *arguments: str) -> dict[str, Any]:
    return {"name": name, "title": f"T {name}", "arguments": [{"name": a} for a in arguments]}


async def test_prompts_are_offered_as_texts_with_variables(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_source, "MAX_TEXT_CHARS", 20)
    book = Book()
    await server.run.request("call")
    rows = [prompt("a", "x"), prompt("b", "x"), prompt("c"), prompt("d"), prompt("e")]
    server.made[0].replies = [
        *([row("look")], rows),
        *({"text": "With {{x}}."}, {"text": "Without."}, ServerFailure("No.")),
        *({"text": "t" * 20}, {"text": "t" * 21}),
    ]
    found = await server_source.store_lists(server.run, book)
    assert (found, book.rows) == ([row("look")], [row("look")])
    assert book.prompts == [
        {"name": "T a", "text": "With {{x}}."},
        {"name": "T d", "text": "t" * 20},
    ]
    assert server.made[0].asked[3] == ("prompt", {"name": "a", "arguments": {"x": "{{x}}"}})
    # At most fifty are requested, for at most 20 s.
    server.run.on_list_changed("prompts")
    server.made[0].replies = [[prompt("a")] * 51, *[{"text": "t"}] * 51]
    await server_source.store_lists(server.run, book)
    assert len(book.prompts) == 50
    server.run.on_list_changed("prompts")
    server.made[0].replies = [[prompt("a")] * 3, {"text": "t"}, 19.5, {"text": "t"}, 1]
    await server_source.store_lists(server.run, book)
    assert len(book.prompts) == 2


@pytest.mark.attack("tools")
@pytest.mark.parametrize(
    ("text", "is_offered"),
    [
        ("Copy {{clipboard}}.", False),
        ("Copy {{ selection }}.", False),
        (r"Copy \{{clipboard}} on {{date}}.", True),
    ],
)
async def test_no_prompt_of_a_server_takes_what_the_user_has_copied_or_selected(
    server: ScriptedServer, text: str, is_offered: bool
) -> None:
    book = Book()
    await server.run.request("call")
    server.made[0].replies = [[row("look")], [prompt("a")], {"text": text}]
    await server_source.store_lists(server.run, book)
    assert bool(book.prompts) is is_offered
