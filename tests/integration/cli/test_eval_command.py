"""`repartee eval` against a loopback server, interrupted, and with several contestants."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.waiting import until
from tests.integration.cli.command import Shell, against, gateway
from tests.integration.cli.replies import SILENT, WHOLE
from tests.unit.providers.loopback import LoopbackServer, Received

COST = Decimal("0.00315")


def write_cases(folder: Path, *rows: dict[str, Any]) -> str:
    file = folder / "cases.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    return str(file)


def test_runs_have_their_figures(shell: Shell, tmp_path: Path) -> None:
    cases = write_cases(
        tmp_path,
        {"id": "a", "input": "Which?", "checks": [{"contains": "Red"}, {"regex": "bl.e"}]},
        {"id": "b", "input": "Which?", "checks": [{"contains": "green"}, {"regex": "3"}]},
    )

    async def test(server: LoopbackServer) -> None:
        arguments = ("eval", cases, "--variant", "thinking/high", "--variant", "pro")
        options = ("--model", "m/low", "--json", "--seed", "7", "--min", "0.5")
        done = await shell.run(*arguments, *options, env=gateway(server.base_url))
        assert done.code == 0
        (told,) = done.json["notices"]
        assert "“seed” wasn’t sent" in told
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
        assert failed == [("a", True, []), ("b", False, ["contains: green", "regex: 3"])]
        done = await shell.run(*arguments, "--min", "0.6", env=gateway(server.base_url))
        assert done.code == 1
        assert "1/2" in done.out
        assert "Total: $" in done.err

    against(WHOLE, test=test)


@pytest.mark.parametrize("by", ["Ctrl+C", "another command"])
def test_an_interruption_keeps_the_results(shell: Shell, tmp_path: Path, by: str) -> None:
    """Three of ten cases are answered before the interruption; four are under way.

    The others are asked by the command for tables, because an evaluation is one.
    """
    cases = write_cases(tmp_path, *({"input": f"Case {n}", "regex": ""} for n in range(10)))
    server_of: list[LoopbackServer] = []

    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        number = len(server_of[0].requests)
        await (WHOLE if number <= 3 or number > 7 else SILENT)(request, writer)

    async def test(server: LoopbackServer) -> None:
        server_of.append(server)
        folder = tmp_path / "out"
        arguments = ("eval", cases, "--variant", "thinking/high", "--to", str(folder))
        command = await shell.fork(*arguments, env=gateway(server.base_url))

        async def is_under_way() -> bool:
            return len(server.requests) == 7

        await until(is_under_way)
        env = gateway(server.base_url)
        if by == "Ctrl+C":
            os.kill(command.pid, signal.SIGINT)
        else:
            await shell.run("table", "stop", "Evaluation of cases.jsonl", env=env)
        assert await command.wait() == 130
        (run,) = json.loads((folder / "results.json").read_text())["runs"]
        assert (run["passed"], run["cases"]) == (3, 3)
        assert len(server.requests) == 7
        (table,) = (await shell.run("table", "list", "--json", env=env)).json_lines
        assert (table["name"], table["cells"]) == ("Evaluation of cases.jsonl", {"done": 3})
        done = await shell.run("table", "run", table["id"], "--yes", "--json", env=env)
        assert (done.code, len(server.requests)) == (0, 14)
        asked = done.json["columns"][-1]
        assert (asked["name"], asked["answered"]) == ("thinking/high", 10)
        assert asked["share_passed"] == 1.0
        spent = (await shell.run("spending", "--by", "purpose", "--json", env=env)).json
        calls = {row["purpose"]: row["calls"] for row in spent["rows"]}
        # Of the four, those count whose first event the command had read.
        assert calls.keys() == {"evaluation", "table"}
        assert (calls["evaluation"] in range(3, 8), calls["table"]) == (True, 7)

    against(script, test=test)
