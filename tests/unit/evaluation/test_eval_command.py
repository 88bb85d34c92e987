"""`repartee eval`, in this process."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from desktop_app.chat.answers import answer_run
from desktop_app.cli import console
from desktop_app.cli.arguments import program
from desktop_app.cli.command_line import parse
from desktop_app.evaluation import command as eval_command
from desktop_app.evaluation.command import run_eval
from desktop_app.providers.gateway.environment_profiles import OPENAI
from desktop_app.tables.table import Row, Table
from desktop_app.tables.table_store import TableStore
from tests.helpers.full_disk import full_disk
from tests.helpers.linux_only import linux_only
from tests.helpers.started_backend import started_backend
from tests.unit.providers.loopback import LoopbackServer, Received, Script, replies, streams
from tests.unit.providers.samples import sse

pytestmark = pytest.mark.usefixtures("forked_children")

Run = Callable[..., tuple[int, str, str]]
COMPLETED = {
    "type": "response.completed",
    "response": {
        "id": "r",
        "status": "completed",
        "usage": {"input_tokens": 1000, "output_tokens": 100},
    },
}
POLITE = {"judge": "polite"}
MODELS = ("gpt-5.2", "gpt-5-mini", "m")
UNCHECKED = "1 case has no check, so any response passes."


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


async def set_cap(base_url: str, cap: str) -> None:
    async with started_backend() as backend:
        profile = replace(OPENAI, base_url=base_url, monthly_cap=Decimal(cap))
        await backend.settings.save_profile(profile)


@pytest.fixture
def evaluate(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Return a function that evaluates cases; it returns the exit code and both outputs."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    default = tmp_path / "cases.jsonl"

    def run(
        cases: list[dict[str, Any]] | bytes,
        *words: str,
        scripts: tuple[Script, ...] = (),
        name: str = "cases.jsonl",
        file: str = "",
        cap: str = "",
    ) -> tuple[int, str, str]:
        rows = cases if isinstance(cases, bytes) else "\n".join(map(json.dumps, cases)).encode()
        default.with_name(name).write_bytes(rows)
        typed = ["eval", file or str(default), "--concurrency", "1", *words]
        with serving(*scripts) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
            if cap:
                asyncio.run(set_cap(server.base_url, cap))
            code = run_eval(parse(program(), typed))
        written = capsys.readouterr()
        assert len(server.requests) == len(scripts)
        return code, written.out, written.err

    return run


def test_answers_are_checked_and_judged(evaluate: Run) -> None:
    checks = [{"contains": "Red"}, {"contains": "green"}, POLITE, {"judge": "short"}]
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
    assert (result["answer"], result["failed"]) == ("Red", ["contains: green", "judge: short"])
    assert float(result["cost_usd"]) == pytest.approx(0.00315)
    assert float(run["judge_cost_usd"]) == pytest.approx(2 * 0.00015)
    assert 0 <= run["p50_first_token_s"] <= run["p50_s"] == result["duration_s"]


def test_an_evaluation_is_a_table_if_anything_was_asked(evaluate: Run, tmp_path: Path) -> None:
    (tmp_path / "hills.txt").write_text("Words of hills.")
    cases = [{"id": "a", "input": "Which?", "files": ["hills.txt"], "checks": [{"contains": "R"}]}]
    options = ("--variant", "thinking/high", "--variant", "pro")
    evaluate(cases, *options, "--dry-run")
    assert asyncio.run(tables()) == []
    code, _, err = evaluate(cases, *options, cap="0.01")
    assert (code, "limit" in err, asyncio.run(tables())) == (1, True, [])
    evaluate(cases, *options, scripts=(saying("Red"), saying("Blue")), cap="50")
    ((table, rows),) = asyncio.run(tables())
    names = [column.name for column in table.columns]
    assert names == ["id", "input", "thinking/high", "pro/medium"]
    ((row, answers),) = rows
    assert (row.name, row.checks[0].kind, row.parts[0].name) == ("a", "contains", "hills.txt")
    assert answers == [("Red", True), ("Blue", False)]


@linux_only("a limit of the size of files")
def test_a_full_disk_is_told_and_waited_for(evaluate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_run, "SAVE_RETRY_S", 0.01)
    told: list[str] = []
    disk = ExitStack()

    def make_room(text: str) -> None:
        told.append(text)
        disk.close()

    def fill(_question: str) -> str:
        disk.enter_context(full_disk())
        return "Red"

    monkeypatch.setattr(console, "write_diagnostic", make_room)
    cases = [{"id": str(number), "input": "?", "checks": [{"contains": "R"}]} for number in "12"]
    options = ("--variant", "thinking/high", "--json")
    with disk:
        code, out, _ = evaluate(cases, *options, scripts=(replying(fill), saying("Red")))
    (run,) = json.loads(out)["runs"]
    assert (code, run["passed"]) == (0, 2)
    assert ["free space" in text for text in told] == [True]


async def tables() -> list[tuple[Table, list[tuple[Row, list[tuple[str, bool | None]]]]]]:
    """Return the tables of the library with their rows, answers and whether they pass."""
    found = []
    async with started_backend() as backend:
        store = TableStore(backend.database)
        for summary in await store.summaries():
            window = await store.window(await store.row_ids(summary.table.id))
            columns = [column.id for column in summary.table.questions]
            rows = [
                (row, [(c.text(), c.has_passed) for c in map(window.cells[row.id].get, columns)])
                for row in window.rows
            ]
            found.append((summary.table, rows))
    return found


def test_cases_wait_for_room_under_a_monthly_limit(evaluate: Run) -> None:
    """Each may cost $1.79, so that the limit has room for one at a time."""
    code, out, _ = evaluate(
        [{"id": str(number), "input": "Which?", "checks": [{"contains": "R"}]} for number in "123"],
        *("--variant", "thinking", "--json", "--concurrency", "3"),
        scripts=(saying("Red"),) * 3,
        cap="0.5",
    )
    (run,) = json.loads(out)["runs"]
    assert (code, run["passed"], run["cases"]) == (0, 3, 3)


def test_cases_without_checks_are_told_before_anything_is_paid(evaluate: Run) -> None:
    rows = [{"input": "Which?"}]
    options = ("--variant", "thinking", "--json")
    code, _, err = evaluate(rows, *options, "--dry-run")
    assert (code, err) == (0, f"repartee: {UNCHECKED}\n")
    code, out, err = evaluate(rows, *options, scripts=(saying("Blue"),))
    assert (code, json.loads(out)["notices"], err) == (0, [UNCHECKED], f"repartee: {UNCHECKED}\n")


def test_a_verdict_is_read_strictly(evaluate: Run) -> None:
    verdicts = {
        '{"pass": true}': [],
        '{"pass": "true", "reason": "Odd."}': ["judge: polite (Odd.)"],
        "Yes.": ["judge: polite (the judge gave no verdict)"],
        '{"pass": false, "reason": null}': ["judge: polite"],
        '{"reason": "?"}': ["judge: polite (the judge gave no verdict)"],
        "{[]}": ["judge: polite (the judge gave no verdict)"],
        '{"pass": ' + "[" * 100_000 + "}": ["judge: polite (the judge gave no verdict)"],
    }

    def reply(question: str) -> str:
        number = int(question.partition("Case ")[2][0])
        return [*verdicts][number] if "Rubric:" in question else "Hello."

    code, out, _ = evaluate(
        [{"input": f"Case {number}", "checks": [POLITE]} for number in range(len(verdicts))],
        *("--variant", "thinking", "--json"),
        scripts=(replying(reply),) * 2 * len(verdicts),
    )
    assert code == 0
    results = json.loads(out)["runs"][0]["results"]
    assert [result["failed"] for result in results] == list(verdicts.values())


@pytest.mark.slow
def test_a_judge_that_fails_leaves_the_other_results(evaluate: Run) -> None:
    error = {"error": {"message": "No.", "type": "x", "code": "x", "param": "input"}}
    code, out, _ = evaluate(
        [{"id": "a", "input": "Hi", "checks": [{"contains": "x"}, POLITE]}],
        *("--variant", "thinking", "--json"),
        scripts=(saying("Hello."), replies(400, error)),
    )
    (run,) = json.loads(out)["runs"]
    (result,) = run["results"]
    assert (code, result["failed"][0], run["judge_cost_usd"]) == (1, "contains: x", None)
    assert result["failed"][1].startswith("judge: polite (not judged: ")


def test_results_are_a_table(evaluate: Run) -> None:
    cases = [
        {"id": "a", "input": "Which?", "checks": [{"contains": "Red"}]},
        {"id": "b", "input": "What?", "checks": [{"contains": "blue"}, {"contains": "green"}]},
    ]
    code, out, err = evaluate(
        cases, "--variant", "thinking/high", "--min", "0.5", scripts=(saying("Red"), saying("Red"))
    )
    head, *failed = out.splitlines()
    assert (code, err.count("Total: $")) == (0, 1)
    assert head.startswith(
        f"{'thinking/high':<24} {1:>4}/{2:<4} {'50%':>5} (9%–91%)  {'$0.006':>10}  "
    )
    assert head.endswith(" s")
    assert failed == ["    b: contains: blue; contains: green"]


@pytest.mark.slow
def test_repeated_cases_are_numbered(evaluate: Run) -> None:
    _, out, _ = evaluate(
        [{"id": "a", "input": "Hi"}],
        *("--variant", "thinking", "--variant", "thinking", "--n", "2", "--json"),
        scripts=(saying("x"), saying("y")),
    )
    (run,) = json.loads(out)["runs"]
    assert [result["id"] for result in run["results"]] == ["a#1", "a#2"]
    assert {result["answer"] for result in run["results"]} == {"x", "y"}


@pytest.mark.slow
def test_a_model_named_twice_answers_once(evaluate: Run) -> None:
    code, out, err = evaluate(
        [{"id": "a", "input": "Hi", "contains": "Hello"}],
        *("--variant", "thinking/high", "--model", "gpt-5.2/high", "--json"),
        scripts=(saying("Hello."),),
    )
    (run,) = json.loads(out)["runs"]
    assert (code, run["variant"], json.loads(out)["notices"], err) == (0, "thinking", [], "")


def test_an_unknown_price_is_reported(evaluate: Run) -> None:
    code, out, _ = evaluate(
        [{"id": "a", "input": "Hi"}], "--model", "m", "--allow-unpriced", scripts=(saying("x"),)
    )
    assert code == 0
    assert out.startswith(f"{'m':<24}")
    assert "unknown cost" in out


@pytest.mark.parametrize(
    ("cases", "why"),
    [
        (b"\xff\xfe", "it isn’t UTF-8 text"),
        (b"[{", "it isn’t valid JSON"),
        (b"[[]]", "a case is not an object"),
    ],
)
def test_cases_that_cannot_be_read_are_a_mistake_in_the_command(
    evaluate: Run, cases: bytes, why: str
) -> None:
    code, out, err = evaluate(cases, "--variant", "thinking", "--json")
    assert code == 2
    assert "cases.jsonl" in err
    assert why in err
    assert json.loads(out)["error"]["message"] in err


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


def test_a_file_that_is_not_there_is_a_mistake_in_the_command(evaluate: Run) -> None:
    code, out, err = evaluate([], "--variant", "thinking", name="other.jsonl")
    assert (code, out) == (2, "")
    assert "cases.jsonl: it doesn’t exist" in err


def test_a_plan_names_calls_tokens_and_costs(evaluate: Run) -> None:
    cases = [{"input": "Hi", "checks": [POLITE]}, {"input": "Hi", "contains": "Hello"}]
    options = ("--variant", "thinking/high", "--max-tokens", "100", "--dry-run")
    code, out, err = evaluate(cases, *options)
    answers, total = out.splitlines()
    assert (code, err) == (0, "")
    assert answers.startswith("thinking/high: 3 calls, ")
    assert total.startswith("Total: $")
    *_, unpriced, total = evaluate(cases, *options, "--model", "m")[1].splitlines()
    assert unpriced.endswith(" input tokens, unknown cost")
    assert total == "Total: unknown cost"
    code, out, _ = evaluate(cases, *options, "--model", "m", "--json")
    told = json.loads(out)
    assert (code, told["dry_run"], told["max_cost_usd"]) == (0, True, None)
    priced, unpriced_run = told["runs"]
    assert (priced["name"], priced["calls"], priced["judge_calls"]) == ("thinking/high", 2, 1)
    answer_cost = 2 * 100 * Decimal("0.000014")
    verdict_cost = 100 * Decimal("0.00000025") + 2048 * Decimal("0.000002")
    most = Decimal(priced["input_cost_usd"]) + answer_cost + verdict_cost
    assert Decimal(priced["max_cost_usd"]) == most
    assert (unpriced_run["name"], unpriced_run["input_cost_usd"]) == ("m", None)


def test_cases_come_from_standard_input(evaluate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eval_command, "read_all", lambda: '{"input": "Hi", "contains": "Hello"}\n')
    code, out, _ = evaluate(
        [], "--variant", "thinking", "--json", file="-", scripts=(saying("Hello."),)
    )
    assert (code, json.loads(out)["runs"][0]["passed"]) == (0, 1)


def test_an_unknown_check_is_refused_in_one_sentence(evaluate: Run) -> None:
    code, _, err = evaluate(b"input,latency\nHi,3\n", "--variant", "thinking", name="cases.jsonl")
    assert (code, err.count("\n")) == (2, 1)
    cases = [{"input": "Hi", "checks": [{"latency": 3}]}]
    code, _, err = evaluate(cases, "--variant", "thinking")
    assert code == 2
    assert "line 1: there is no check “latency”" in err


def test_reports_escape_the_answers(evaluate: Run, tmp_path: Path) -> None:
    case = {"id": "a", "input": "<b>?", "contains": "<x>"}
    code, out, _ = evaluate(
        [case],
        *("--variant", "thinking", "--json", "--to", str(tmp_path / "out")),
        scripts=(saying("<script>"),),
    )
    assert code == 0
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == json.loads(out)
    page = (tmp_path / "out" / "results.html").read_text()
    assert "&lt;script&gt;" in page
    assert "contains: &lt;x&gt;" in page
    assert "<script>" not in page
