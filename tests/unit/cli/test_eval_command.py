"""`repartee eval`, in this process."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from desktop_app.cli.arguments import create_parser
from desktop_app.cli.evaluation.eval_command import run_eval
from tests.unit.providers.loopback import LoopbackServer, Received, Script, streams
from tests.unit.providers.samples import sse

Run = Callable[..., tuple[int, str, str]]
COMPLETED = {
    "type": "response.completed",
    "response": {
        "id": "r",
        "status": "completed",
        "usage": {"input_tokens": 1000, "output_tokens": 100},
    },
}
POLITE = {"rubric": "polite"}
MODELS = ("gpt-5.2", "gpt-5-mini", "m")


def replying(reply: Callable[[str], str]) -> Script:
    """Return a script that answers with `reply(question)`, under the requested model's name."""

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        response = {"id": "r", "model": request.json["model"]}
        text = reply(request.json["input"][-1]["content"])
        delta = {"type": "response.output_text.delta", "output_index": 0, "delta": text}
        created = sse({"type": "response.created", "response": response})
        await streams(created, sse(delta), sse(COMPLETED))(request, writer)

    return answer


def saying(text: str) -> Script:
    return replying(lambda _question: text)


@contextmanager
def serving(*scripts: Script) -> Iterator[LoopbackServer]:
    """Run a server in a thread: a command has its own loop."""
    started: SimpleQueue[tuple[LoopbackServer, asyncio.AbstractEventLoop, asyncio.Event]]
    started = SimpleQueue()

    async def serve() -> None:
        stopped = asyncio.Event()
        async with LoopbackServer(*scripts, models=MODELS) as server:
            started.put((server, asyncio.get_running_loop(), stopped))
            await stopped.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    server, loop, stopped = started.get()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()


@pytest.fixture
def evaluate(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Return a function that evaluates cases; it returns the exit code and both outputs."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    file = tmp_path / "cases.jsonl"

    def run(
        cases: list[dict[str, Any]] | bytes,
        *words: str,
        scripts: tuple[Script, ...] = (),
        name: str = "cases.jsonl",
    ) -> tuple[int, str, str]:
        rows = cases if isinstance(cases, bytes) else "\n".join(map(json.dumps, cases)).encode()
        file.with_name(name).write_bytes(rows)
        typed = ["eval", str(file), "--concurrency", "1", *words]
        with serving(*scripts) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
            code = run_eval(create_parser(typed).parse_args(typed))
        written = capsys.readouterr()
        assert len(server.requests) == len(scripts)
        return code, written.out, written.err

    return run


def test_answers_are_checked_and_judged(evaluate: Run) -> None:
    checks = [{"contains": "Red"}, {"contains": "green"}, POLITE, {"rubric": "short"}]
    verdicts = (saying('Well: {"pass": true, "reason": "Yes."} Done.'), saying('{"pass": false}'))
    code, out, _ = evaluate(
        [{"id": "a", "input": "Which?", "checks": checks}],
        *("--variant", "thinking/high", "--json", "--min", "1"),
        scripts=(saying("Red"), *verdicts),
    )
    told = json.loads(out)
    (run,) = told["runs"]
    (result,) = run["results"]
    assert (code, told["notices"], told["error"]) == (1, [], None)
    assert (run["passed"], run["cases"], run["variant"], run["effort"]) == (
        0,
        1,
        "thinking",
        "high",
    )
    assert (result["answer"], result["failed"]) == ("Red", ["contains: green", "rubric: short"])
    assert float(result["cost_usd"]) == pytest.approx(0.00315)
    assert float(run["judge_cost_usd"]) == pytest.approx(2 * 0.00045)
    assert 0 <= run["p50_first_token_s"] <= run["p50_s"] == result["duration_s"]


def test_a_plan_names_calls_tokens_and_costs(evaluate: Run) -> None:
    cases = [{"input": "Hi", "checks": [POLITE]}, {"input": "Hi", "contains": "Hello"}]
    options = ("--variant", "thinking/high", "--max-tokens", "100", "--dry-run")
    code, out, err = evaluate(cases, *options)
    answers, judging, total = out.splitlines()
    assert (code, err) == (0, "")
    assert answers.startswith("thinking/high: 2 calls, ")
    assert judging.startswith("  Judging 1 rubric by gpt-5-mini: ")
    assert total.startswith("Total: $")
    assert "unknown" not in out
    *_, unpriced_answers, _, total = evaluate(cases, *options, "--model", "m")[1].splitlines()
    assert unpriced_answers.endswith(" input tokens, unknown cost")
    assert unpriced_answers.count("unknown cost") == 1
    assert total == "Total: unknown cost"
    code, out, _ = evaluate(cases, *options, "--model", "m", "--json")
    told = json.loads(out)
    assert (code, told["dry_run"], told["calls"], told["judge_calls"]) == (0, True, 4, 2)
    priced, unpriced = told["runs"]
    assert (priced["variant"], priced["effort"], priced["model"]) == ("thinking", "high", "gpt-5.2")
    assert (priced["calls"], priced["max_output_tokens"]) == (2, 100)
    cost = priced["input_tokens"] * Decimal("0.00000175")
    assert Decimal(priced["input_cost_usd"]) == cost
    assert Decimal(priced["max_cost_usd"]) == cost + 2 * 100 * Decimal("0.000014")
    reading = priced["judge_input_tokens"] * Decimal("0.00000025")
    assert Decimal(priced["judge_input_cost_usd"]) == reading
    verdict = 100 * Decimal("0.00000025") + 2048 * Decimal("0.000002")
    assert Decimal(priced["judge_max_cost_usd"]) == reading + verdict
    assert (unpriced["variant"], unpriced["effort"], unpriced["model"]) == (None, None, "m")
    assert (unpriced["input_cost_usd"], unpriced["max_cost_usd"]) == (None, None)
    assert (told["input_cost_usd"], told["max_cost_usd"]) == (None, None)


@pytest.mark.attack("imports")
@pytest.mark.parametrize(
    ("name", "exit_code", "words"),
    [
        *((name, 2, "is outside the folder") for name in ("{outside}/key.txt", "../key.txt")),
        ("link.txt", 2, "is outside the folder"),
        ("~/key.txt", 1, "Couldn’t find “key.txt”"),
    ],
)
def test_cases_send_no_file_outside_their_folder(
    evaluate: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    exit_code: int,
    words: str,
) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-home"
    outside.mkdir()
    monkeypatch.setenv("HOME", str(outside))
    for key in (outside / "key.txt", tmp_path.parent / "key.txt"):
        key.write_text("private")
    (tmp_path / "link.txt").symlink_to(outside / "key.txt")
    case = {"input": "Hi", "files": [name.format(outside=outside)]}
    code, _, err = evaluate([case], "--variant", "thinking", "--dry-run")
    assert code == exit_code
    assert words in err
