"""`repartee repeat`: prompts that are asked at their times, once, without a user to ask."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.helpers.closed_port import closed_port
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
        assert added.code == 0
        assert len(added.out.splitlines()) == 1  # the ID alone, for scripts
        assert "News of {{date}}?" in added.err
        assert "8:00" in added.err
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


def test_without_a_network_it_is_asked_at_the_next_run(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        env = gateway(server.base_url)
        await shell.run(*ADD, env=env)
        let_times_pass(shell)
        with closed_port() as port:
            away = gateway(f"http://127.0.0.1:{port}/v1")
            for _ in range(2):
                failed = await shell.run("repeat", "run", env=away)
                assert failed.code == 75  # systemd runs it again
                assert "Nothing is listening" in failed.err
                assert shell.rows("SELECT * FROM conversations") == []
        listed = await shell.run("repeat", "list", env=env)
        assert listed.out.count("Nothing is listening") == 1
        assert (await shell.run("repeat", "run", env=env)).code == 0
        assert len(server.requests) == 1
        assert "Answered" in (await shell.run("repeat", "list", env=env)).out
        assert (await shell.run("repeat", "run", env=env)).out == ""

    against(WHOLE, test=test)


def test_a_prompt_is_edited_paused_resumed_and_run(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        env = gateway(server.base_url)
        added = await shell.run(*ADD, env=env)
        short_id = added.out.strip()[:8]
        other = ("--prompt", "News?", "--every", "week", "--at", "2026-11-30T9:15")
        edited = await shell.run("repeat", "edit", short_id, *other, env=env)
        assert (edited.code, edited.out) == (2, "")  # a wrong time changes nothing
        edited = await shell.run("repeat", "edit", short_id, *other[:-1], "9:15", env=env)
        assert edited.code == 0
        listed = (await shell.run("repeat", "list", env=env)).out
        assert "Every week" in listed
        assert "9:15" in listed
        assert "News?" in listed
        assert (await shell.run("repeat", "edit", short_id, env=env)).code == 2
        await shell.run("repeat", "pause", short_id, env=env)
        let_times_pass(shell)
        assert (await shell.run("repeat", "run", env=env)).out == ""
        assert "paused" in (await shell.run("repeat", "list", env=env)).out
        assert (await shell.run("repeat", "run", short_id, env=env)).code == 0
        assert len(server.requests) == 1
        assert "Answered" in (await shell.run("repeat", "list", short_id, env=env)).out
        assert (await shell.run("repeat", "resume", short_id, env=env)).code == 0
        assert (await shell.run("repeat", "run", env=env)).out == ""
        assert (await shell.run("repeat", "edit", "x", "--at", "8:00", env=env)).code == 2

    against(WHOLE, test=test)


def test_a_damaged_row_is_named_and_costs_itself(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        env = gateway(server.base_url)
        odd = (await shell.run(*ADD, env=env)).out.strip()
        await shell.run(*ADD, env=env)
        let_times_pass(shell)
        with closing(sqlite3.connect(shell.home / "data" / "repartee.sqlite3")) as connection:
            connection.execute("UPDATE repeats SET every = 'hourly' WHERE id = ?", (odd,))
            connection.commit()
        done = await shell.run("repeat", "run", env=env)
        assert done.code == 1
        assert odd[:8] in done.err
        assert len(server.requests) == 1
        assert odd[:8] in (await shell.run("repeat", "list", env=env)).err
        assert (await shell.run("repeat", "remove", odd[:8], env=env)).code == 0
        assert (await shell.run("repeat", "list", env=env)).err == ""

    against(WHOLE, test=test)


def test_a_timer_that_systemd_refuses_is_off_and_spoils_no_change(
    shell: Shell, tmp_path: Path
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "systemctl").write_text("#!/bin/sh\necho No bus. >&2\nexit 1\n")
    (tools / "systemctl").chmod(0o755)

    async def test(server: LoopbackServer) -> None:
        path = f"{tools}:{os.environ['PATH']}"
        env = {**gateway(server.base_url), "PATH": path, "XDG_CONFIG_HOME": str(tmp_path)}
        refused = await shell.run("repeat", "timer", "on", env=env)
        assert refused.code == 1
        assert "Off" in (await shell.run("repeat", "timer", env=env)).out
        folder = tmp_path / "systemd" / "user"
        folder.mkdir(parents=True, exist_ok=True)
        assert list(folder.iterdir()) == []
        (tools / "systemctl").write_text("#!/bin/sh\n")
        await shell.run(*ADD, env=env)
        on = await shell.run("repeat", "timer", "on", env=env)
        assert str(folder) in on.out
        (tools / "systemctl").write_text("#!/bin/sh\necho No bus. >&2\nexit 1\n")
        told = await shell.run("repeat", "timer", env=env)
        assert "Off" in told.out
        assert "No bus." in told.err
        added = await shell.run(*ADD, env=env)
        assert added.code == 0
        assert len(added.out.strip()) == 32
        assert "No bus." in added.err

    against(WHOLE, test=test)


def test_an_empty_prompt_is_refused(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        wrong = await shell.run("repeat", "add", "   ", *ADD[3:], env=gateway(server.base_url))
        assert wrong.code == 2

    against(WHOLE, test=test)


def test_a_wrong_time_is_refused(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        wrong = await shell.run(*ADD[:-1], "25:00", env=gateway(server.base_url))
        assert wrong.code == 2
        assert "25:00" in wrong.err

    against(WHOLE, test=test)
