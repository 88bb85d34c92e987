"""The parent's side of the process of a tool server, with a small process that plays a script."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from desktop_app.child_processes import ChildCommand
from desktop_app.tools.servers import server_connection
from desktop_app.tools.servers.server_connection import ServerConnection
from desktop_app.tools.servers.tool_server import ServerFailure
from tests.helpers.linux_only import linux_only
from tests.helpers.process_tree import is_running
from tests.helpers.waiting import until

PROGRAM = """
import json, sys, time
for lines in json.loads(sys.argv[1]):
    order = sys.stdin.readline()
    sys.stderr.write(order)
    sys.stderr.flush()
    for line in lines:
        print(line if isinstance(line, str) else json.dumps(line), flush=True)
while sys.stdin.readline():
    pass
"""
READY = {"event": "ready", "name": "n", "version": "1", "offers": ["tools", "prompts"]}
FAILED = {"event": "failed", "reason": "no", "has_closed": False, "needs_sign_in": False}


class Listener:
    """A listener that records its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    @property
    def orders(self) -> list[dict[str, Any]]:
        """Return the orders that the process has read, which it writes to its log."""
        return [json.loads(str(text)) for name, _, text in self._logged if text]

    @property
    def _logged(self) -> list[Any]:
        return [each for each in self.calls if each[:2] == ("log", "")]

    @property
    def events(self) -> list[tuple[object, ...]]:
        """Return the calls, except for the lines with orders."""
        return [each for each in self.calls if each not in self._logged]

    def on_log(self, level: str, text: str) -> None:
        self.calls.append(("log", level, text))

    def on_list_changed(self, what: str) -> None:
        self.calls.append(("changed", what))

    def on_sign_in(self, address: str) -> None:
        self.calls.append(("sign in", address))

    def on_sign_in_needed(self) -> None:
        self.calls.append(("sign-in needed",))

    def on_tokens(self, saved: Mapping[str, Any]) -> None:
        self.calls.append(("tokens", saved))

    def on_ended(self) -> None:
        self.calls.append(("ended",))


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that sets what the process writes after each order that it reads."""

    def play(*turns: Sequence[object], program: str = PROGRAM) -> None:
        argv = (sys.executable, "-I", "-S", "-c", program, json.dumps(turns))
        command = ChildCommand(argv, {})
        monkeypatch.setattr(server_connection, "child_command", lambda _kind: command)

    return play


@asynccontextmanager
async def open_connection(
    order: Mapping[str, Any],
) -> AsyncIterator[tuple[ServerConnection, Listener]]:
    """Yield a connection and its listener; close the connection at the end."""
    listener = Listener()
    connection = await ServerConnection.open(order, listener)
    try:
        yield connection, listener
    finally:
        await connection.aclose()


Play = Callable[..., None]


@pytest.mark.parametrize(
    ("line", "failure"),
    [
        (FAILED, ("no", True, False, False)),
        ({**FAILED, "has_closed": True}, ("no", True, True, False)),
        ({**FAILED, "needs_sign_in": True}, ("no", True, False, True)),
        ("[", ("it has ended", True, False, False)),
    ],
)
async def test_a_server_that_does_not_start_is_reported(
    play: Play, line: object, failure: tuple[object, ...]
) -> None:
    play([line, READY])
    listener = Listener()
    with pytest.raises(ServerFailure) as caught:
        await ServerConnection.open({}, listener)
    error = caught.value
    assert (str(error), error.has_ended, error.has_closed, error.needs_sign_in) == failure
    assert listener.events == [("ended",)]


async def test_each_result_is_that_of_its_request(play: Play) -> None:
    play(
        [READY],
        [],
        [
            {"id": 7, "result": "nobody asked"},
            {"id": 2, "error": "refused", "may_repeat": False, "has_closed": False},
            {"id": 1, "result": ["a"]},
            {"id": 1, "result": ["b"]},
        ],
    )
    async with open_connection({}) as (connection, listener):
        first = asyncio.ensure_future(connection.request("tools"))
        second = asyncio.ensure_future(connection.request("call", name="n", arguments={"x": "ä"}))
        with pytest.raises(ServerFailure, match=r"^refused$") as caught:
            await second
        assert not caught.value.has_ended
        assert await first == ["a"]
    assert listener.orders[1:] == [
        {"id": 1, "method": "tools"},
        {"id": 2, "method": "call", "name": "n", "arguments": {"x": "ä"}},
    ]


async def test_events_reach_the_listener(play: Play) -> None:
    play(
        [
            READY,
            {"event": "changed", "list": "tools"},
            {"event": "sign_in", "url": "https://a"},
            {"event": "tokens", "saved": {"a": 1}},
            {"event": "unknown"},
            FAILED,
            {**FAILED, "needs_sign_in": True},
        ],
        [{"id": 1, "result": None}],
    )
    async with open_connection({}) as (connection, listener):
        await connection.request("tools")
    assert listener.events == [
        ("changed", "tools"),
        ("sign in", "https://a"),
        ("tokens", {"a": 1}),
        ("log", "error", "no"),
        ("sign-in needed",),
        ("ended",),
    ]


async def is_so(fact: bool) -> bool:
    return fact


@pytest.mark.parametrize("line", ["no JSON", "[" * 20_000])
async def test_requests_fail_once_the_process_has_ended(play: Play, line: str) -> None:
    play([READY], [line])
    async with open_connection({}) as (connection, listener):
        calls = [asyncio.ensure_future(connection.request("call")) for _ in range(2)]
        for call in (*calls, connection.request("late")):
            with pytest.raises(ServerFailure, match=r"^it has ended$") as caught:
                await call
            assert caught.value.has_ended
        assert not connection.is_running
    assert listener.events == [("ended",)]


LEAVES_A_CHILD = """
import json, os, subprocess, sys, time
is_detached = bool(json.loads(sys.argv[1]))
program = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(1000)"]
child = subprocess.Popen(program, start_new_session=is_detached)
print(json.dumps({"event": "log", "level": "", "text": str(child.pid)}))
print(json.dumps({"event": "ready", "offers": []}), flush=True)
time.sleep(1000)
"""


@linux_only("groups of processes: a job ends them")
@pytest.mark.parametrize("is_detached", [False, True])
async def test_programs_left_by_a_process_that_does_not_end_are_killed(
    is_detached: bool, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(*([()] if is_detached else ()), program=LEAVES_A_CHILD)
    monkeypatch.setattr(server_connection, "CLOSE_S", 0.01)
    async with open_connection({}) as (_, listener):
        pass
    pid = int(str(listener.calls[0][2]))
    await until(lambda: is_so(not is_running(pid)))
