"""`repartee batch` in a shell, against a scripted provider."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.batch_server import BatchServer, Outcome, lines, not_executed, refused
from tests.helpers.waiting import LONGEST_S
from tests.integration.cli.command import Ended, Shell, gateway

TASK = ("--task", "Which is {{it}}?")


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
        return await self.shell.run("batch", *arguments, env=self._environment)

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


async def test_a_job_goes_on_from_command_to_command(shell: Shell) -> None:
    async with batch_server(shell) as (provider, run):
        provider.polls = 2
        begun = await run("start", *run.files("a", "b"), *TASK, "--effort", "low")
        assert begun.code == 0, begun.err
        job_id = begun.out.strip()
        assert len(job_id) == 32
        first = (await run("status", job_id[:8], "--json")).json_lines
        assert (first["status"], first["waiting"]) == ("in_progress", 2)
        listed = await run("status")
        assert job_id in listed.out
        ended = (await run("status", job_id, "--json")).json_lines
        assert ended["status"] == "completed"
        assert [i["answer"] for i in ended["items"]] == ["=Answer 1", "=Answer 2"]
        assert Decimal(ended["cost_usd"]) == 2 * Decimal("0.001575")
        assert len(provider.batches) == 1
        (line, _) = provider.requests()
        assert line["body"]["reasoning_effort"] == "low"
        assert line["body"]["messages"][0]["content"].endswith("Which is {{it}}?")
        again = await run("again", job_id, "--yes")
        assert again.code == 2
        assert "nothing to retry" in again.err
        rows = shell.rows("SELECT purpose, cost FROM ledger")
        assert rows == [("batch", 1_575_000)] * 2  # nano-dollars
        assert (await run("remove", job_id)).code == 0
        assert json.loads((await run("status", "--json")).out) == []
        assert await run("status") == Ended(0, "", "repartee: No batch jobs\n")


async def test_answers_with_a_schema_have_a_column_for_each_field(shell: Shell) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "age": {}}}

    def outcome(requests: list[dict[str, Any]]) -> Outcome:
        ids = [request["custom_id"] for request in requests]
        texts = ('{"name": "=Ann", "age": [3]}', '{"name": 5}', "no JSON")
        return Outcome(output=lines(*map(answered, ids, texts)))

    async with batch_server(shell, outcome) as (provider, run):
        file = shell.outside / "here" / "person.json"
        file.write_text(json.dumps(schema))
        arguments = (*run.files("a", "b", "c"), *TASK, "--schema", str(file), "--wait", "--json")
        begun = await run("start", *arguments)
        assert begun.code == 4, begun.err
        form = provider.requests()[0]["body"]["response_format"]["json_schema"]
        assert (form["name"], form["schema"]) == ("person", schema)
        items = begun.json["items"]
        assert items[0]["parsed"] == {"name": "=Ann", "age": [3]}
        assert items[1]["parsed"] is None
        assert "$.name: 5 is not of type" in items[1]["error"]
        out = await run("report", begun.json["id"], "--format", "csv")
        rows = list(csv.reader(io.StringIO(out.out.removeprefix("\ufeff"))))
        assert rows[0][-2:] == ["answer.name", "answer.age"]
        assert [row[-2:] for row in rows[1:]] == [["'=Ann", "[3]"], ["5", ""], ["", ""]]
        file.write_text('{"type": 3}')
        refused = await run("start", *arguments)
        assert (refused.code, len(provider.batches)) == (2, 1)


async def test_a_report_as_csv_has_no_formulas(shell: Shell) -> None:
    def outcome(requests: list[dict[str, Any]]) -> Outcome:
        ids = [request["custom_id"] for request in requests]
        rows = lines(answered(ids[0], '=HYPERLINK("http://x")\n"two", lines'))
        return Outcome("expired", rows, lines(refused(ids[1]), not_executed(ids[2])))

    async with batch_server(shell, outcome) as (_provider, run):
        begun = await run("start", *run.files("a", "b", "c"), *TASK, "--wait", "--json")
        assert begun.code == 1
        job = begun.json
        assert (job["status"], job["failed"], job["unanswered"]) == ("expired", 1, 1)
        out = await run("report", job["id"], "--format", "csv", "--to", "-")
        assert out.code == 0
        rows = list(csv.DictReader(io.StringIO(out.out, newline="")))
        assert [row["status"] for row in rows] == ["answered", "failed", "unanswered"]
        assert rows[0]["answer"] == '\'=HYPERLINK("http://x")\n"two", lines'
        assert rows[0]["cost_usd"] == "0.001575"
        assert "Not charged" in rows[2]["error"]
        again = await run("again", job["id"], "--yes", "--json")
        assert again.code == 0
        assert [item["name"] for item in again.json["items"]] == ["note-2.md", "note-3.md"]
        shown = await run("report", job["id"])  # as Markdown
        assert shown.out.startswith("# ")
        assert "note-1.md" in shown.out
        named = shell.outside / "here" / "named.CSV"
        assert (await run("report", job["id"], "--to", str(named))).code == 0
        assert named.read_text("utf-8-sig").startswith("name,status,")
        to = shell.outside / "here" / "report.csv"
        assert (await run("report", job["id"], "--format", "csv", "--to", str(to))).code == 0
        assert to.read_bytes().startswith(b"\xef\xbb\xbf")  # the mark for spreadsheets
        nowhere = shell.outside / "here" / "note-1.md" / "report.csv"
        bad = await run("report", job["id"], "--format", "csv", "--to", str(nowhere))
        assert bad.code == 1
        assert "Couldn’t save" in bad.err


async def test_a_running_job_can_be_canceled_once_and_not_removed(shell: Shell) -> None:
    async with batch_server(shell) as (provider, run):
        provider.polls, provider.cancel_polls = 100, 1
        begun = await run("start", *run.files("a"), *TASK)
        job_id = begun.out.strip()
        assert (await run("remove", job_id)).code == 2  # it is under way
        cancelled = await run("cancel", job_id, "--json")
        assert cancelled.code == 0, cancelled.err
        assert cancelled.json["status"] == "cancelling"
        assert [item["name"] for item in cancelled.json["items"]] == ["note-1.md"]
        await run("status")
        found = (await run("status", job_id, "--json")).json_lines
        assert found["status"] == "cancelled"
        assert (await run("cancel", job_id)).code == 2


async def test_a_job_is_confirmed_on_a_terminal(shell: Shell) -> None:
    async with batch_server(shell) as (provider, run):
        run.files("a")
        for typed, code, sent in ((b"n\n", 1, 0), (b"y\n", 0, 1)):
            said = await on_terminal(shell, provider, typed, code)
            assert "Start this batch job? [y/N]" in said
            assert "less than without batch" in said
            assert len(provider.batches) == sent


async def on_terminal(
    shell: Shell, provider: BatchServer, typed: bytes, code: int, *arguments: str
) -> str:
    """Run a command of `batch` (by default, start a job) on a terminal, and type there."""
    arguments = arguments or ("start", "note-1.md", *TASK)
    done = await shell.on_terminal(typed, "batch", *arguments, env=gateway(provider.base_url))
    assert done.code == code, done.out
    return done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("start", "note-1.md", "--provider", "on-device"), "local model doesn’t support batches"),
        (("start", "note-1.md", "--provider", "cometapi"), "doesn’t support batches"),
        (("start", "note-1.md", "--variant", "instant", "--model", "x"), "not both"),
        (("start", "note-1.md", "--template", "nonsense"), "no prompt “nonsense”"),
        (("start", "note-1.md", "--task", ""), "--task"),
        (("start", "note-1.md", "--variant", "pro", "--effort", "none"), "effort none"),
        (("status", "0123"), "no batch job 0123"),
        (("report", "0123", "--format", "csv", "--to", "x.csv"), "no batch job"),
        (("resume", "0123"), "no batch job"),
    ],
)
async def test_an_impossible_job_is_refused_and_not_sent(
    shell: Shell, arguments: tuple[str, ...], words: str
) -> None:
    async with batch_server(shell) as (provider, run):
        run.files("a")
        ended = await run(*arguments)
        assert ended.code == 2
        assert words in ended.err
        assert ended.out == ""
        assert provider.seen == []


async def test_a_folder_adds_its_files(shell: Shell) -> None:
    async with batch_server(shell) as (_provider, run):
        folder = shell.outside / "here" / "papers"
        for name in ("b.md", "A.md", ".hidden", "deep/c.txt"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"Words of {name}", "utf-8")
        (folder / "link.md").symlink_to(Path("/etc/hostname"))
        begun = await run("start", "papers", *TASK, "--wait", "--json")
        assert begun.code == 0, begun.err
        names = [item["name"] for item in begun.json["items"]]
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
        arguments = ("batch", "start", *run.files("a"), *TASK, "--wait")
        provider.hold("GET", "batches", "before")
        command = await shell.fork(*arguments, env=gateway(provider.base_url))
        await asyncio.wait_for(provider.holding.wait(), LONGEST_S)
        os.kill(command.pid, number)
        assert await command.wait() == 130
        provider.close_held()
        (job,) = json.loads((await run("status", "--json")).out)
        assert (job["status"], job["answered"]) == ("completed", 1)


async def _killed_once(
    shell: Shell, provider: BatchServer, run: Run, method: str, path: str, how: str
) -> None:
    known = len(provider.batches)
    environment = gateway(provider.base_url)
    arguments = ("batch", "start", *run.files("a", "b"), *TASK, "--wait")
    provider.hold(method, path, how)
    command = await shell.fork(*arguments, env=environment)
    await asyncio.wait_for(provider.holding.wait(), LONGEST_S)
    command.kill()
    assert await command.wait() == -signal.SIGKILL
    provider.close_held()
    jobs = json.loads((await run("status", "--json")).out)
    for _ in range(4):
        if jobs[0]["status"] == "completed":
            break
        jobs = json.loads((await run("status", "--json")).out)
    assert (jobs[0]["status"], jobs[0]["answered"]) == ("completed", 2), (method, path, how)
    assert len(provider.batches) == known + 1, (method, path, how)
    assert Decimal(jobs[0]["cost_usd"]) == 2 * Decimal("0.001575")
    (entries,) = shell.rows("SELECT count(*) FROM ledger")
    assert entries[0] == 2 * len(jobs)
