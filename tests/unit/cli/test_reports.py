"""`repartee models`, `spending` and `tools`, in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from desktop_app.backend.backend import Backend
from desktop_app.budget import budget
from desktop_app.cli.arguments import program
from desktop_app.cli.command_line import parse
from desktop_app.domain.cost import Usage
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.spending_report import Call, CallPerformance
from desktop_app.providers.command import run_models
from desktop_app.providers.models.model_listing import ModelListing
from desktop_app.providers.models.model_menu import FAVORITES
from desktop_app.spending import command as spending_command
from desktop_app.spending.command import run_spending
from desktop_app.tools.command.tool_commands import run_tools
from tests.helpers.started_backend import started_backend
from tests.unit.providers.samples import COMPATIBLE

Run = Callable[..., tuple[int, str, str]]
RUNNERS = {"models": run_models, "spending": run_spending, "tools": run_tools}
MIDDLE_OF_MARCH = datetime(2026, 3, 16, 12).astimezone()  # months are those of the user's time zone


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command; it returns the exit code and both outputs."""

    def run(*words: str) -> tuple[int, str, str]:
        code = RUNNERS[words[0]](parse(program(), words))
        written = capsys.readouterr()
        return code, written.out, written.err

    return run


def with_store(action: Callable[[Backend], Coroutine[Any, Any, object]]) -> None:
    """Run a function with the opened backend."""

    async def run() -> None:
        async with started_backend() as backend:
            await action(backend)

    asyncio.run(run())


LISTED = (
    ModelFacts("mistral", window=32_000),
    ModelFacts(
        "llama",
        shutdown=date(2999, 1, 2),
        window=128_000,
        input_price=Decimal("0.5"),
        output_price=Decimal("1.50"),
        cached_price=Decimal("0.05"),
        images=True,
        tools=True,
        reasoning=False,
        schema=True,
        max_output=4096,
    ),
)


async def store_models(backend: Backend) -> None:
    profile = replace(COMPATIBLE, own_models=(ModelFacts("mistral", images=True),))
    await backend.settings.save_profile(profile)
    await backend.settings.set(FAVORITES, [["home", "llama"]])
    listing = ModelListing(profile.base_url, LISTED, datetime.now(UTC))
    await backend.listings.save(profile.id, listing)


TABLE = """\
On this computer    Window     Input    Cached    Output
  SmolLM2 135M        8.2k        $0        $0        $0
My server           Window     Input    Cached    Output
* llama               128k     $0.50     $0.05     $1.50  images, tools, structured output, ends on January 2, 2999
  mistral              32k   unknown   unknown   unknown  images
"""  # noqa: E501 — a line for each model


def test_models_are_listed_with_their_known_facts(command: Run) -> None:
    with_store(store_models)
    assert command("models") == (0, TABLE, "")
    assert command("models", "MIST", "server") == (
        0,
        "My server    Window     Input    Cached    Output\n"
        "  mistral       32k   unknown   unknown   unknown  images\n",
        "",
    )
    code, out, err = command("models", "--provider", "home", "--json")
    llama, mistral = json.loads(out)["models"]
    assert (code, json.loads(out)["notices"], err) == (0, [], "")
    assert llama == {
        "provider": "home",
        "model": "llama",
        "name": "llama",
        "variant": None,
        "window": 128_000,
        "max_output": 4096,
        "input_usd": "0.50",
        "cached_input_usd": "0.05",
        "output_usd": "1.50",
        "images": True,
        "tools": True,
        "reasoning": False,
        "efforts": None,
        "structured_output": True,
        "ends": "2999-01-02",
        "favorite": True,
        "older": False,
        "edited": False,
    }
    assert (mistral["edited"], mistral["favorite"], mistral["input_usd"]) == (True, False, None)


async def store_calls(backend: Backend) -> None:
    await backend.settings.save_profile(replace(COMPATIBLE, monthly_cap=Decimal(5)))
    for provider, cost, outcome in (
        ("openai", "0.25", "complete"),
        ("openai", "0.50", "failed"),
        ("home", None, "complete"),
    ):
        call = Call(
            at=MIDDLE_OF_MARCH,
            provider_id=provider,
            model="gpt-5.2" if cost else "=1+1",
            purpose="answer",
            usage=Usage(1000, 400, 200, 50),
            cost=Decimal(cost) if cost else None,
            performance=CallPerformance(
                outcome=outcome, retries=1, first_token_s=0.5, duration_s=2.5
            ),
            is_estimated=outcome == "failed",
        )
        await backend.ledger.add(call)


def test_spending_is_summed_up(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (spending_command, budget):
        monkeypatch.setattr(module, "now", lambda: MIDDLE_OF_MARCH)
    with_store(store_calls)
    code, out, err = command("spending", "--by", "model", "--json")
    found = json.loads(out)
    family, other = sorted(found.pop("rows"), key=lambda row: -row["calls"])
    assert (code, err) == (0, "")
    assert found == {
        "by": "model",
        "total_usd": "0.75",
        "months": [
            {
                "provider": "openai",
                "spent_usd": "0.75",
                "held_usd": "0.00",
                "uncounted": 0,
                "estimated": 1,
                "forecast_usd": "1.50",
                "limit_usd": None,
            },
            {
                "provider": "home",
                "spent_usd": "0.00",
                "held_usd": "0.00",
                "uncounted": 1,
                "estimated": 0,
                "forecast_usd": "0.00",
                "limit_usd": "5.00",
            },
        ],
    }
    assert family == {
        "model": "gpt-5.2",
        "calls": 2,
        "uncounted": 0,
        "estimated": 1,
        "failed": 1,
        "retries": 2,
        "input_tokens": 2000,
        "cached_tokens": 800,
        "output_tokens": 400,
        "reasoning_tokens": 100,
        "p50_first_token_s": 0.5,
        "p95_first_token_s": 0.5,
        "p50_s": 2.5,
        "tokens_per_s": 100.0,
        "p50_tokens_per_s": 100.0,
        "p95_tokens_per_s": 100.0,
        "cost_usd": "0.75",
    }
    assert (other["model"], other["uncounted"], other["cost_usd"]) == ("=1+1", 1, "0.00")
    assert command("spending", "--by", "model")[1].splitlines() == [
        "Model          Cost    Calls        Tokens",
        "gpt-5.2     ≈ $0.75        2         2,400",
        "=1+1           ≥ $0        1         1,200",
        "Total: $0.75 · 1 estimated · 1 not counted",
        "OpenAI: ≈ $0.75 this month, $1.50 expected · The cost of 1 request is estimated.",
        "My server: ≥ $0 of $5.00 this month, $0 expected"
        " · 1 request with an unknown cost isn’t included.",
    ]
    head, first, second = command("spending", "--by", "model", "--csv")[1].splitlines()
    assert head.split(",") == list(family)
    assert first.split(",") == [str(value) for value in family.values()]
    times = ("0.5", "0.5", "2.5", "100.0", "100.0", "100.0")
    assert second.split(",") == [
        "'=1+1",
        "1",
        "1",
        "0",
        "0",
        "1",
        "1000",
        "400",
        "200",
        "50",
        *times,
        "0.00",
    ]


def test_tools_are_listed_with_their_descriptions(command: Run) -> None:
    code, out, err = command("tools")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == "calculator        Calculates with exact decimal numbers."
    assert lines[-1] == "image_generation  Unavailable: Local models don’t run tools themselves."
    code, out, err = command("tools", "--json")
    first, *_, last = json.loads(out)
    assert (code, err, len(json.loads(out))) == (0, "", len(lines))
    assert (first["name"], first["available"], first["reason"]) == ("calculator", True, "")
    assert first["kind"] == "reads"
    reason = "Local models don’t run tools themselves."
    assert (last["name"], last["available"], last["reason"]) == ("image_generation", False, reason)
