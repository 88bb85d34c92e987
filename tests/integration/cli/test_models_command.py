"""`repartee models`, and models of unknown price under a monthly limit."""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta
from pathlib import Path

from tests.integration.cli.command import Shell, against, gateway
from tests.integration.cli.replies import WHOLE
from tests.integration.cli.test_ask_cap import allow
from tests.unit.providers.loopback import LoopbackServer, Received, replies

LISTS = json.loads((Path(__file__).parents[2] / "data/model_lists.json").read_text("utf-8"))


def _list_of(name: str) -> object:
    server = next(server for server in LISTS if server["server"] == name)
    return server["replies"]["/v1/models"]


async def _openrouter(request: Received, writer: asyncio.StreamWriter) -> None:
    if request.path.endswith("/models"):
        await replies(200, _list_of("OpenRouter"))(request, writer)
    else:
        await WHOLE(request, writer)


def test_facts_from_the_server_are_listed(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        env = gateway(server.base_url)
        found = (await shell.run("models", "--provider", "env-openai", "--json", env=env)).json
        by_id = {row["model"]: row for row in found["models"]}
        claude = by_id["anthropic/claude-sonnet-4.5"]
        assert (claude["input_usd"], claude["cached_input_usd"]) == ("3.00", "0.30")
        assert (claude["output_usd"], claude["window"]) == ("15.00", 1_000_000)
        assert (claude["tools"], claude["reasoning"], claude["efforts"]) == (True, True, None)
        assert by_id["openrouter/auto"]["input_usd"] is None
        assert "openai/gpt-image-1" not in by_id
        table = await shell.run("models", "claude", "--provider", "env-openai", env=env)
        assert "anthropic/claude-sonnet-4.5" in table.out
        assert "1M" in table.out
        assert "llama" not in table.out

    against(_openrouter, test=test, models=())


def test_older_models_are_listed_on_request(shell: Shell) -> None:
    models = ("gpt-5.2", "new", "new-2026-01-01")

    async def test(server: LoopbackServer) -> None:
        env = gateway(server.base_url)
        found = await shell.run("models", "--provider", "env-openai", env=env)
        assert "new-2026-01-01" not in found.out
        assert found.err == "repartee: 1 older model: repartee models --all\n"
        for arguments in (["--all"], ["2026"], ["--json"]):
            whole = await shell.run("models", *arguments, "--provider", "env-openai", env=env)
            assert "new-2026-01-01" in whole.out
            assert whole.err == ""

    against(WHOLE, test=test, models=models)


def test_a_model_that_ends_is_named(shell: Shell) -> None:
    soon = date.today() + timedelta(days=9)  # noqa: DTZ011 — the user's day
    rows = [{"id": "mystery", "shutdown_date": soon.isoformat()}]

    async def ending(request: Received, writer: asyncio.StreamWriter) -> None:
        answer = replies(200, {"data": rows}) if request.path.endswith("/models") else WHOLE
        await answer(request, writer)

    async def test(server: LoopbackServer) -> None:
        done = await shell.ask(server.base_url, "Which?", "--model", "mystery")
        assert "repartee: mystery ends on" in done.err

    against(ending, test=test, models=())


def test_a_listed_price_is_the_cost_of_an_answer(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        model = "meta-llama/llama-3-70b"
        done = await shell.ask(server.base_url, "Which?", "--model", model, "--json")
        assert done.json["cost_usd"] == "0.00034"  # whatever name the reply has

    against(_openrouter, test=test, models=())


def test_a_model_of_unknown_price_needs_permission_under_a_limit(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        await allow(shell, server.base_url, "5")
        refused = await shell.ask(server.base_url, "Which?", "--model", "mystery", "--json")
        assert refused.code == 1
        assert refused.json["error"]["kind"] == "unpriced_model"
        assert "--allow-unpriced" in refused.err
        assert server.requests == []
        agreed = await shell.ask(
            server.base_url, "Which?", "--model", "mystery", "--allow-unpriced"
        )
        assert agreed.code == 0

    against(WHOLE, test=test)
