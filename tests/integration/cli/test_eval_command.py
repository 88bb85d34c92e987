"""`repartee eval` against a loopback server, killed and resumed."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.waiting import until
from tests.integration.cli.command import Shell, against, answer_to, gateway
from tests.integration.cli.replies import SILENT, WHOLE
from tests.unit.providers.loopback import LoopbackServer, Received

CASES = 30
COST = Decimal("0.00315")


def write_cases(folder: Path, *rows: dict[str, Any]) -> str:
    file = folder / "cases.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    return str(file)


def numbered(folder: Path) -> str:
    rows = [{"id": f"c{n}", "input": f"Case {n}", "regex": ""} for n in range(CASES)]
    return write_cases(folder, *rows)


def asked(server: LoopbackServer) -> Counter[str]:
    return Counter(request.json["input"][-1]["content"] for request in server.requests)


@pytest.fixture
def evaluated(shell: Shell, tmp_path: Path) -> Any:
    cases = write_cases(
        tmp_path,
        {"id": "a", "input": "Which?", "checks": [{"contains": "Red"}, {"regex": "bl.e"}]},
        {"id": "b", "input": "Which?", "checks": [{"contains": "green"}, {"number": 3}]},
    )
    return shell, cases, tmp_path


def test_runs_have_their_figures(evaluated: Any) -> None:
    shell, cases, folder = evaluated

    async def test(server: LoopbackServer) -> None:
        arguments = ("eval", cases, "--variant", "thinking/high", "--variant", "pro")
        options = ("--model", "m/low", "--json", "--to", str(folder / "out"), "--seed", "7")
        done = await shell.run(*arguments, *options, "--min", "0.5", env=gateway(server.base_url))
        assert done.code == 0
        (told,) = done.json["notices"]
        assert "“seed” wasn’t sent" in told
        assert told in done.err
        runs = done.json["runs"]
        named = [(run["variant"], run["effort"], run["model"]) for run in runs]
        assert named == [
            ("thinking", "high", "gpt-5.2"),
            ("pro", "medium", "gpt-5.2-pro"),
            (None, "low", "m"),
        ]
        first = runs[0]
        assert (first["passed"], first["cases"]) == (1, 2)
        assert Decimal(first["cost_usd"]) == 2 * COST
        assert runs[2]["cost_usd"] is None
        assert first["p50_s"] > 0
        failed = [(r["id"], r["passed"], r["failed"]) for r in first["results"]]
        assert failed == [("a", True, []), ("b", False, ["contains: green", "number: 3"])]
        written = json.loads((folder / "out" / "results.json").read_text())
        assert written == done.json
        assert "contains: green" in (folder / "out" / "results.html").read_text()
        assert (folder / "out" / "results.csv").read_text().count("\n") == 1 + 3 * 2
        done = await shell.run(*arguments, "--min", "0.6", env=gateway(server.base_url))
        assert done.code == 1
        assert "1/2" in done.out
        names = shell.rows("SELECT name FROM evaluations")
        assert names == [("cases.jsonl",)] * 2

    against(WHOLE, test=test)


def test_a_dry_run_sends_nothing(evaluated: Any) -> None:
    shell, cases, _ = evaluated

    async def test(server: LoopbackServer) -> None:
        options = ("--variant", "thinking/high", "--max-tokens", "100", "--dry-run", "--json")
        done = await shell.run("eval", cases, *options, env=gateway(server.base_url))
        (run,) = done.json["runs"]
        tokens = run["input_tokens"]
        assert (run["calls"], done.json["calls"]) == (2, 2)
        assert 2 <= tokens <= 30
        assert Decimal(run["input_cost_usd"]) == tokens * Decimal("0.00000175")
        most = Decimal(run["input_cost_usd"]) + 200 * Decimal("0.000014")
        assert Decimal(run["max_cost_usd"]) == most
        assert server.requests == []

    against(WHOLE, test=test)


def test_a_resumed_evaluation_asks_no_answered_case_again(shell: Shell, tmp_path: Path) -> None:
    """Twelve of thirty cases are answered before the kill; four are under way."""
    cases, is_killed = numbered(tmp_path), asyncio.Event()

    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        number = len(server_of[0].requests)
        await (WHOLE if number <= 12 or is_killed.is_set() else SILENT)(request, writer)

    server_of: list[LoopbackServer] = []

    async def test(server: LoopbackServer) -> None:
        server_of.append(server)
        env = gateway(server.base_url)
        arguments = ("eval", cases, "--variant", "thinking/high", "--json")
        command = await shell.fork(*arguments, env=env)

        async def is_under_way() -> bool:
            if len(server.requests) < 16:
                return False
            sql = "SELECT count(*) FROM part_notes WHERE text LIKE '%failed%'"
            return shell.rows(sql) == [(12,)]

        await until(is_under_way)
        before = asked(server)
        command.kill()
        await command.wait()
        is_killed.set()
        done = await shell.run(*arguments, env=env)
        assert done.json["runs"][0]["passed"] == CASES
        after = asked(server)
        repeated = {case for case, count in after.items() if count > 1}
        assert set(after.values()) <= {1, 2}
        assert len(repeated) == 4
        assert len(after) == CASES
        assert repeated < set(before)
        assert len(done.json["notices"]) == 2
        spent = await shell.run("spending", "--json", "--by", "purpose", env=env)
        (row,) = spent.json["rows"]  # what became of the calls under way, nobody knows
        assert (row["purpose"], row["calls"], row["uncounted"]) == ("evaluation", CASES + 4, 4)
        assert Decimal(spent.json["total_usd"]) == CASES * COST
        await shell.run(*arguments, env=env)  # a finished one asks afresh
        assert sum(asked(server).values()) == 2 * CASES + 4

    against(script, test=test)


def test_a_wrong_file_sends_nothing(shell: Shell, tmp_path: Path) -> None:
    async def test(server: LoopbackServer) -> None:
        cases = write_cases(tmp_path, {"input": "Hi", "checks": [{"likes": 1}]})
        done = await shell.run("eval", cases, "--variant", "pro", env=gateway(server.base_url))
        assert (done.code, server.requests) == (2, [])
        assert "line 1: there is no check “likes”" in done.err

    against(WHOLE, test=test)
    assert answer_to(shell, WHOLE)[0].code == 0
