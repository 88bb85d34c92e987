"""`repartee repeat`: prompts that are asked at their times, once, without a user to ask."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

from tests.integration.cli.command import Shell, against, gateway
from tests.integration.cli.replies import ANSWER, COMPLETED, CREATED, WHOLE
from tests.integration.cli.test_ask_cap import allow
from tests.unit.providers.loopback import LoopbackServer, streams
from tests.unit.providers.samples import sse

ADD = ("repeat", "add", "News of {{date}}?", "--every", "day", "--at", "8:00")
CALL = {
    "type": "function_call",
    "id": "f",
    "call_id": "c",
    "name": "fetch_page",
    "arguments": '{"url": "https://a.example/"}',
}
CALLS = streams(
    sse(CREATED),
    sse({"type": "response.output_item.added", "output_index": 0, "item": CALL}),
    sse({"type": "response.output_item.done", "output_index": 0, "item": CALL}),
    sse(COMPLETED),
)


def let_times_pass(shell: Shell) -> None:
    """Let all repeats have been asked long ago."""
    with closing(sqlite3.connect(shell.home / "data" / "repartee.sqlite3")) as connection:
        connection.execute("UPDATE repeats SET since = 1, start = '2026-01-01T08:00'")
        connection.commit()


def test_a_due_prompt_is_asked_once_in_a_conversation_of_its_own(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        env = gateway(server.base_url)
        added = await shell.run(*ADD, env=env)
        assert (added.code, added.err) == (0, "")
        listed = await shell.run("repeat", "list", env=env)
        assert "Every day" in listed.out
        assert "8:00" in listed.out
        assert (await shell.run("repeat", "run", env=env)).out == ""
        let_times_pass(shell)
        done = await asyncio.gather(*(shell.run("repeat", "run", env=env) for _ in range(3)))
        assert [one.code for one in done] == [0, 0, 0]
        assert sorted(bool(one.out) for one in done) == [False, False, True]
        assert len(server.requests) == 1
        assert "{{date}}" not in str(server.requests[0].json)
        ((title, text),) = shell.rows(
            "SELECT title, parts FROM conversations JOIN messages ON messages.id = leaf_id"
        )
        assert title.startswith("News of 20")
        assert ANSWER in text
        removed = await shell.run("repeat", "remove", added.out.strip()[:8], env=env)
        assert removed.code == 0
        assert (await shell.run("repeat", "list", env=env)).out == ""

    against(WHOLE, test=test)


def test_a_tool_that_asks_is_refused_and_the_model_is_told(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        env = gateway(server.base_url)
        await shell.run(*ADD, env=env)
        with closing(sqlite3.connect(shell.home / "data" / "repartee.sqlite3")) as connection:
            sql = "INSERT INTO settings (key, value) VALUES ('answer.tools', ?)"
            connection.execute(sql, ('"fetch_page"',))
            connection.commit()
        let_times_pass(shell)
        assert (await shell.run("repeat", "run", env=env)).code == 0
        _, answered = (request.json for request in server.requests)
        assert "which nobody can give now" in str(answered["input"])
        ((parts,),) = shell.rows("SELECT parts FROM messages WHERE role = 'assistant'")
        assert '"denied"' in parts

    against(CALLS, WHOLE, test=test)


def test_the_limit_refuses_and_the_list_says_why(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        env = gateway(server.base_url)
        await allow(shell, server.base_url, "0.01")
        await shell.run(*ADD, env=env)
        let_times_pass(shell)
        refused = await shell.run("repeat", "run", env=env)
        assert refused.code == 1
        assert "limit" in refused.err
        assert "limit" in (await shell.run("repeat", "list", env=env)).out
        assert not server.requests
        assert shell.rows("SELECT * FROM conversations") == []

    against(WHOLE, test=test)


def test_a_wrong_time_is_refused(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        wrong = await shell.run(*ADD[:-1], "25:00", env=gateway(server.base_url))
        assert wrong.code == 2
        assert "25:00" in wrong.err

    against(WHOLE, test=test)
