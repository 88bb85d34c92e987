"""`repartee spending` after real calls to a loopback server."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

from tests.integration.cli.command import Shell, against, gateway
from tests.integration.cli.replies import WHOLE
from tests.unit.providers.loopback import LoopbackServer

COST = Decimal("0.00315")  # 1000 input and 100 output tokens of GPT-5.2


def test_calls_are_counted_by_each_grouping(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        env = gateway(server.base_url)
        for effort in ("low", "high", "high"):
            await shell.run("ask", "Hi", "--variant", "thinking", "--effort", effort, env=env)
        report = (await shell.run("spending", "--json", "--by", "effort", env=env)).json
        rows = {row["effort"]: row for row in report["rows"]}
        assert {key: row["calls"] for key, row in rows.items()} == {"low": 1, "high": 2}
        assert Decimal(rows["high"]["cost_usd"]) == 2 * COST
        assert Decimal(report["total_usd"]) == 3 * COST
        assert 0 < rows["high"]["p50_first_token_s"] <= 1.04 * rows["high"]["p50_s"]
        assert report["months"][0]["provider"] == "env-openai"
        assert Decimal(report["months"][0]["forecast_usd"]) >= 3 * COST
        for by in ("day", "month", "model", "provider", "purpose", "tier", "outcome"):
            report = (await shell.run("spending", "--json", "--by", by, env=env)).json
            (row,) = report["rows"]
            assert (row["calls"], Decimal(row["cost_usd"])) == (3, 3 * COST)
        done = await shell.run("spending", "--csv", "--by", "model", env=env)
        (line,) = csv.DictReader(io.StringIO(done.out))
        assert (line["model"], line["calls"], line["input_tokens"]) == ("gpt-5.2", "3", "3000")
        assert "Total: $0.009" in (await shell.run("spending", env=env)).out

    against(WHOLE, test=test)


def test_calls_without_a_price_are_counted_beside_the_total(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        env = gateway(server.base_url)
        await shell.run("ask", "Hi", "--model", "gpt-5.2", env=env)
        await shell.run("ask", "Hi", "--model", "no-such-model", env=env)
        said = (await shell.run("spending", env=env)).out
        assert "Total: $0.003" in said
        assert "1 not counted" in said
        by_model = (await shell.run("spending", "--by", "model", env=env)).out.split("\n")
        assert by_model[2].split()[:3] == ["no-such-model", "≥", "$0"]  # not free: unknown

    against(WHOLE, test=test)
