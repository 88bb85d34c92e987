"""`repartee table run --batch` in a shell, against a scripted provider."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.batch_server import BatchServer, Outcome, lines
from tests.helpers.waiting import LONGEST_S
from tests.integration.cli.command import Ended, Shell, gateway

TASK = ("--ask", "Which is it?", "--column", "It", "--batch", "--yes")


def answered(custom_id: str, text: str) -> dict[str, Any]:
    """Return a result row with an answer of Chat Completions, which gateways use."""
    message = {"role": "assistant", "content": text}
    body = {
        "id": "c",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100},
    }
    response = {"status_code": 200, "request_id": "r", "body": body}
    return {"id": "b", "custom_id": custom_id, "response": response, "error": None}


def all_answered(requests: list[dict[str, Any]]) -> Outcome:
    rows = [answered(r["custom_id"], f"=Answer {r['custom_id'][-1]}") for r in requests]
    return Outcome(output=lines(*reversed(rows)))


class Run:
    """A shell whose provider is at an address."""

    def __init__(self, shell: Shell, base_url: str) -> None:
        self.shell, self._environment = shell, gateway(base_url)

    async def __call__(self, *arguments: str) -> Ended:
        return await self.shell.run("table", *arguments, env=self._environment)

    def files(self, *texts: str) -> list[str]:
        folder = self.shell.outside / "here"
        for number, text in enumerate(texts, start=1):
            (folder / f"note-{number}.md").write_text(text, "utf-8")
        return [f"note-{number}.md" for number in range(1, len(texts) + 1)]


@asynccontextmanager
async def batch_server(
    shell: Shell, outcome: Callable[[list[dict[str, Any]]], Outcome] = all_answered
) -> AsyncIterator[tuple[BatchServer, Run]]:
    provider = BatchServer(outcome)
    async with provider.http:
        yield provider, Run(shell, provider.base_url)


async def test_a_batch_is_asked_in_a_project_with_a_schema_of_its_own(shell: Shell) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}

    def outcome(requests: list[dict[str, Any]]) -> Outcome:
        ids = [request["custom_id"] for request in requests]
        return Outcome(output=lines(*map(answered, ids, ('{"name": "=Ann"}', '{"name": 5}'))))

    async with batch_server(shell, outcome) as (provider, run):
        file = shell.outside / "here" / "person.json"
        file.write_text(json.dumps(schema))
        wanted = (*TASK, "--schema", str(file), "--wait", "--json", "--effort", "low")
        begun = await run("run", *run.files("a", "b"), *wanted, "--check", "cost:0.001")
        assert begun.code == 1, begun.err
        body = provider.requests()[0]["body"]
        form = body["response_format"]["json_schema"]
        assert (form["name"], form["schema"], body["reasoning_effort"]) == ("person", schema, "low")
        (column,) = begun.json["columns"]
        assert (column["answered"], column["failed"], column["passed"]) == (1, 1, 0)
        assert Decimal(column["cost_usd"]) == 2 * Decimal("0.001575")
        assert "$.name: 5 is not of type" in begun.err
        rows = shell.rows("SELECT purpose, cost FROM ledger")
        assert rows == [("batch", 1_575_000)] * 2  # nano-dollars
        file.write_text('{"type": 3}')
        refused = await run("run", "note-1.md", *wanted)
        assert (refused.code, len(provider.batches)) == (2, 1)


async def test_a_file_that_is_not_written_yet_is_told(shell: Shell) -> None:
    async with batch_server(shell) as (provider, run):
        provider.polls, provider.cancel_polls = 100, 1
        begun = await run("run", *run.files("a"), *TASK, "-o", "it.csv")
        assert begun.code == 0, begun.err
        table = begun.out.strip()
        assert f"repartee table export {table} -o it.csv" in begun.err
        assert not (shell.outside / "here" / "it.csv").exists()
        assert (await run("remove", table, "--yes")).code == 2  # it is being asked
        assert (await run("stop", table)).code == 0
        await run("status")
        ended = (await run("status", table, "--json")).json_lines
        assert ended["runs"][0]["status"] == "stopped"
        assert (await run("stop", table)).code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("note-1.md", "--provider", "on-device"), "local model doesn’t support batches"),
        (("note-1.md", "--provider", "cometapi"), "doesn’t support batches"),
        (("note-1.md", "--variant", "pro", "--effort", "none"), "effort none"),
        (("note-1.md", "--template", "nonsense"), "no prompt “nonsense”"),
        (("note-1.md", "--project", "nowhere"), "no project “nowhere”"),
    ],
)
async def test_an_impossible_batch_is_refused_and_not_sent(
    shell: Shell, arguments: tuple[str, ...], words: str
) -> None:
    async with batch_server(shell) as (provider, run):
        run.files("a")
        ended = await run("run", *arguments, *TASK)
        assert ended.code == 2
        assert words in ended.err
        assert (ended.out, provider.seen) == ("", [])


async def test_a_folder_adds_its_files(shell: Shell) -> None:
    async with batch_server(shell) as (_provider, run):
        folder = shell.outside / "here" / "papers"
        for name in ("b.md", "A.md", ".hidden", "deep/c.txt"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"Words of {name}", "utf-8")
        (folder / "link.md").symlink_to(Path("/etc/hostname"))
        begun = await run("run", "papers", *TASK, "--wait", "-q", "-o", "-")
        assert begun.code == 0, begun.err
        names = [row["Document"] for row in csv.DictReader(begun.out.splitlines()[1:])]
        assert names == ["papers/A.md", "papers/b.md", "papers/deep/c.txt"]


async def test_a_killed_job_is_sent_once_and_completed(shell: Shell) -> None:
    """Check this for a kill at each request, before and after the provider handles it."""

    async with batch_server(shell) as (provider, run):
        steps = [("POST", "files"), ("POST", "batches"), ("GET", "batches"), ("GET", "files")]
        for method, path in steps:
            for how in ("before", "after"):
                await _killed_once(shell, provider, run, method, path, how)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_waiting_and_not_the_job(shell: Shell, number: int) -> None:
    async with batch_server(shell) as (provider, run):
        arguments = ("table", "run", *run.files("a"), *TASK, "--wait")
        provider.hold("GET", "batches", "before")
        command = await shell.fork(*arguments, env=gateway(provider.base_url))
        await asyncio.wait_for(provider.holding.wait(), LONGEST_S)
        os.kill(command.pid, number)
        assert await command.wait() == 130
        provider.close_held()
        await run("status")
        (job,) = (await run("list", "--json")).json_lines
        assert job["cells"] == {"done": 1}


async def _killed_once(
    shell: Shell, provider: BatchServer, run: Run, method: str, path: str, how: str
) -> None:
    known = len(provider.batches)
    environment = gateway(provider.base_url)
    arguments = ("table", "run", *run.files("a", "b"), *TASK, "--wait")
    provider.hold(method, path, how)
    command = await shell.fork(*arguments, env=environment)
    await asyncio.wait_for(provider.holding.wait(), LONGEST_S)
    command.kill()
    assert await command.wait() == -signal.SIGKILL
    provider.close_held()
    for _ in range(5):
        await run("status")
        jobs = json.loads((await run("list", "--json")).out)
        if jobs[0]["cells"] == {"done": 2}:
            break
    assert jobs[0]["cells"] == {"done": 2}, (method, path, how)
    assert len(provider.batches) == known + 1, (method, path, how)
    assert Decimal(jobs[0]["cost_usd"]) == 2 * Decimal("0.001575")
    (entries,) = shell.rows("SELECT count(*) FROM ledger")
    assert entries[0] == 2 * len(jobs)
