"""`repartee eval` against a loopback server, killed and resumed."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.batch_server import BatchServer, Outcome, answered, lines, not_executed, refused
from tests.helpers.family import FAMILY
from tests.helpers.waiting import until
from tests.integration.cli.command import Shell, against, answer_to, ended, gateway
from tests.integration.cli.replies import COMPLETED, CREATED, SILENT, WHOLE, delta, refusal
from tests.integration.cli.test_ask_cap import allow
from tests.unit.providers.loopback import LoopbackServer, Received, streams
from tests.unit.providers.samples import sse

CASES = 30
COST = Decimal("0.00315")
VERDICT = streams(
    sse({**CREATED, "response": {"id": "r", "model": "gpt-5-mini"}}),
    delta('{"pass": false, "reason": "It is rude."}'),
    sse(
        {
            "type": "response.completed",
            "response": {
                "id": "r",
                "status": "completed",
                "usage": {"input_tokens": 1000, "output_tokens": 100},
            },
        }
    ),
)
JUDGMENT_COST = Decimal("0.00045")


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


def test_a_dry_run_says_what_judging_costs(shell: Shell, tmp_path: Path) -> None:
    rubrics = [{"rubric": "polite"}, {"rubric": "short"}]
    cases = write_cases(tmp_path, {"input": "Hi", "checks": [*rubrics, {"contains": "x"}]})

    async def test(server: LoopbackServer) -> None:
        env = gateway(server.base_url)
        options = ("--variant", "thinking/high", "--max-tokens", "100", "--dry-run")
        done = await shell.run("eval", cases, *options, "--json", env=env)
        (run,) = done.json["runs"]
        assert (run["judge_model"], run["judge_calls"]) == ("gpt-5-mini", 2)
        tokens, price = run["judge_input_tokens"], Decimal("0.00000025")
        assert 100 <= tokens <= 300
        assert Decimal(run["judge_input_cost_usd"]) == tokens * price
        most = (tokens + 2 * 100) * price + 2 * 2048 * 8 * price
        assert Decimal(run["judge_max_cost_usd"]) == most
        assert Decimal(done.json["max_cost_usd"]) == Decimal(run["max_cost_usd"]) + most
        assert (done.json["judge_calls"], done.json["judge_input_tokens"]) == (2, tokens)
        said = (await shell.run("eval", cases, *options, env=env)).out
        assert f"Judging 2 rubrics by gpt-5-mini: {tokens} input tokens and the responses" in said
        assert server.requests == []

    against(WHOLE, test=test)


def test_a_folder_that_cannot_be_written_costs_nothing(evaluated: Any) -> None:
    shell, cases, _ = evaluated

    async def test(server: LoopbackServer) -> None:
        options = ("--variant", "pro", "--to", "/proc/none")
        done = await shell.run("eval", cases, *options, env=gateway(server.base_url))
        assert (done.code, server.requests) == (1, [])
        assert "/proc/none" in done.err

    against(WHOLE, test=test)


def test_results_that_cannot_be_written_are_shown(evaluated: Any) -> None:
    shell, cases, folder = evaluated

    async def test(server: LoopbackServer) -> None:
        (folder / "out" / "results.json").mkdir(parents=True)
        options = ("--variant", "pro", "--n", "2", "--to", str(folder / "out"), "--json")
        done = await shell.run("eval", cases, *options, env=gateway(server.base_url))
        assert done.code == 1
        assert str(folder / "out" / "results.json") in done.err
        (run,) = done.json["runs"]
        assert [each["id"] for each in run["results"]] == ["a#1", "a#2", "b#1", "b#2"]
        assert done.json["error"] is None

    against(WHOLE, test=test)


def test_a_preset_that_ships_has_cases(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        env = gateway(server.base_url)
        done = await shell.run("eval", "--preset", "translator", "--dry-run", "--json", env=env)
        (run,) = done.json["runs"]
        assert (run["variant"], run["effort"], run["calls"]) == ("thinking", "low", 3)
        preset = ("eval", "--preset", "translator", "--dry-run", "--json")
        variants = ("--variant", "instant", "--variant", "pro", "--variant", "thinking")
        done = await shell.run(*preset, *variants, env=env)
        efforts = [run["effort"] for run in done.json["runs"]]
        assert efforts == ["medium", "medium", "low"], "the nearest of each variant"
        done = await shell.run(*preset, "--variant", "pro/low", env=env)
        assert (done.code, "low" in done.err) == (2, True), "it was given"
        done = await shell.run("eval", "--variant", "pro", env=env)
        assert (done.code, server.requests) == (2, [])
        assert "no cases" in done.err

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


def test_an_answer_whose_judgment_the_spending_cap_stops_is_not_asked_again(
    shell: Shell, tmp_path: Path
) -> None:
    cases = write_cases(tmp_path, {"id": "a", "input": "Which?", "checks": [{"rubric": "Polite?"}]})

    async def test(server: LoopbackServer) -> None:
        arguments = ("eval", cases, "--variant", "thinking/high", "--json")
        env = gateway(server.base_url)
        await allow(shell, server.base_url, str(COST))  # what the answer costs
        stopped = await shell.run(*arguments, env=env)
        assert stopped.code == 1
        assert len(server.requests) == 1
        await allow(shell, server.base_url, "1")
        done = await shell.run(*arguments, env=env)
        assert [request.json["model"] for request in server.requests] == ["gpt-5.2", "gpt-5-mini"]
        assert Decimal(done.json["runs"][0]["cost_usd"]) == COST

    against(WHOLE, test=test)


def test_a_judgment_is_not_asked_again_after_the_spending_cap_stopped_the_next(
    shell: Shell, tmp_path: Path
) -> None:
    checks = [{"rubric": "Polite?"}, {"rubric": "Short?"}]
    cases = write_cases(tmp_path, {"id": "a", "input": "Which?", "checks": checks})

    async def test(server: LoopbackServer) -> None:
        arguments = ("eval", cases, "--variant", "thinking/high", "--json")
        env = gateway(server.base_url)
        await allow(shell, server.base_url, str(COST + JUDGMENT_COST))
        stopped = await shell.run(*arguments, env=env)
        assert stopped.code == 1
        assert len(server.requests) == 2
        await allow(shell, server.base_url, "1")
        (run,) = (await shell.run(*arguments, env=env)).json["runs"]
        assert len(server.requests) == 3  # the answer and one judgment of each rubric
        assert Decimal(run["judge_cost_usd"]) == 2 * JUDGMENT_COST
        reasons = [f"rubric: {rubric} (It is rude.)" for rubric in ("Polite?", "Short?")]
        assert run["results"][0]["failed"] == reasons

    against(WHOLE, VERDICT, test=test)


def test_a_rubric_is_judged_by_a_small_model(shell: Shell, tmp_path: Path) -> None:
    cases = write_cases(tmp_path, {"input": "Hi", "checks": [{"rubric": "polite"}]})

    async def test(server: LoopbackServer) -> None:
        arguments = ("eval", cases, "--variant", "thinking/high", "--json")
        done = await shell.run(*arguments, env=gateway(server.base_url))
        (run,) = done.json["runs"]
        assert run["results"][0]["failed"] == ["rubric: polite (It is rude.)"]
        assert Decimal(run["judge_cost_usd"]) == JUDGMENT_COST
        answered, judged = server.requests
        assert (answered.json["model"], judged.json["model"]) == ("gpt-5.2", "gpt-5-mini")

    against(WHOLE, VERDICT, test=test)


def test_failing_calls_fail_their_cases(shell: Shell, tmp_path: Path) -> None:
    cases = write_cases(tmp_path, {"id": "a", "input": "1"}, {"id": "b", "input": "2"})

    async def test(server: LoopbackServer) -> None:
        arguments = ("eval", cases, "--variant", "thinking", "--json", "--concurrency", "1")
        done = await shell.run(*arguments, env=gateway(server.base_url))
        assert done.code == 1
        results = done.json["runs"][0]["results"]
        assert sorted(result["passed"] for result in results) == [False, True]
        (why,) = (words for result in results for words in result["failed"])
        assert why == "error: 127.0.0.1 (environment) rejected the request: No."
        ((body,),) = shell.rows("SELECT body FROM evaluations")
        stored = [each["error"] for each in json.loads(body)["runs"][0]["results"]]
        (error,) = filter(None, stored)
        assert (error["reason"], error["params"]["words"]) == ("request_refused", "No.")
        assert why.removeprefix("error: ") not in body

    against(refusal(400, "invalid_request"), WHOLE, test=test)


async def disconnected(_request: Received, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def test_the_same_command_asks_only_the_cases_that_the_server_did_not_answer(
    shell: Shell, tmp_path: Path
) -> None:
    rows = [{"id": name, "input": name, "regex": ""} for name in "abc"]
    cases = write_cases(tmp_path, *rows)

    async def test(server: LoopbackServer) -> None:
        arguments = ("eval", cases, "--variant", "thinking", "--json", "--concurrency", "1")
        done = await shell.run(*arguments, env=gateway(server.base_url))
        assert (done.code, done.json["runs"][0]["passed"]) == (1, 1)
        notice = "2 cases couldn’t be evaluated. Continue with the same command."
        assert done.json["notices"] == [notice]
        done = await shell.run(*arguments, env=gateway(server.base_url))
        assert (done.code, done.json["runs"][0]["passed"]) == (0, 3)
        assert done.json["notices"] == ["1 response came from the interrupted evaluation."]
        assert sorted(asked(server).values()) == [1, 2, 2]

    against(WHOLE, disconnected, disconnected, WHOLE, test=test)


def test_a_case_that_no_model_answered_is_counted_once(shell: Shell, tmp_path: Path) -> None:
    cases = write_cases(tmp_path, {"id": "a", "input": "a", "regex": ""})

    async def test(server: LoopbackServer) -> None:
        models = ("--variant", "thinking/low", "--variant", "thinking/high")
        done = await shell.run("eval", cases, *models, "--json", env=gateway(server.base_url))
        notice = "1 case couldn’t be evaluated. Continue with the same command."
        assert (done.code, done.json["notices"]) == (1, [notice])

    against(disconnected, disconnected, test=test)


def test_an_answer_is_not_asked_again_after_its_judge_failed(shell: Shell, tmp_path: Path) -> None:
    checks = [{"rubric": "polite"}, {"rubric": "short"}]
    cases = write_cases(tmp_path, {"id": "a", "input": "Hi", "checks": checks})

    async def test(server: LoopbackServer) -> None:
        arguments = ("eval", cases, "--variant", "thinking/high", "--json")
        done = await shell.run(*arguments, env=gateway(server.base_url))
        (failed,) = done.json["runs"][0]["results"][0]["failed"]
        assert (done.code, failed.startswith("rubric: polite (not judged:")) == (1, True)
        done = await shell.run(*arguments, env=gateway(server.base_url))
        assert done.json["runs"][0]["results"][0]["failed"] == [
            "rubric: polite (It is rude.)",
            "rubric: short (It is rude.)",
        ]
        models = [request.json["model"] for request in server.requests]
        assert models == ["gpt-5.2", "gpt-5-mini", "gpt-5-mini", "gpt-5-mini"]

    against(WHOLE, disconnected, VERDICT, test=test)


def test_a_file_that_does_not_fit_is_reported_and_not_sent(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "big.txt").write_text("word " * 400_000)
    case = {"id": "a", "input": "1", "files": ["big.txt"], "checks": [{"rubric": "polite"}]}
    cases = write_cases(tmp_path, case)

    async def test(server: LoopbackServer) -> None:
        arguments = ("eval", cases, "--variant", "thinking", "--json")
        dry = await shell.run(*arguments, "--dry-run", env=gateway(server.base_url))
        assert (dry.json["judge_calls"], dry.json["judge_input_tokens"]) == (0, 0)
        (told,) = dry.json["runs"][0]["not_sent"]
        assert told.startswith("a: With big.txt, this needs")
        assert (dry.json["calls"], dry.json["max_cost_usd"]) == (0, "0")
        done = await shell.run(*arguments, env=gateway(server.base_url))
        assert done.json["notices"] == [told]
        (run,) = done.json["runs"]
        assert (run["results"][0]["status"], run["cost_usd"]) == ("failed", "0")
        assert not server.requests

    against(test=test)


def test_refusals_are_named_as_such(shell: Shell, tmp_path: Path) -> None:
    cases = write_cases(tmp_path, {"id": "a", "input": "1", "checks": [{"contains": "x"}]})

    async def test(server: LoopbackServer) -> None:
        out = tmp_path / "out"
        arguments = ("eval", cases, "--variant", "thinking", "--to", str(out))
        done = await shell.run(*arguments, env=gateway(server.base_url))
        assert done.code == 0
        assert "1 declined" in done.out
        assert "a: refused" in done.out
        (result,) = json.loads((out / "results.json").read_text())["runs"][0]["results"]
        assert (result["status"], result["failed"]) == ("refused", ["refused"])
        (row,) = csv.DictReader((out / "results.csv").read_text().splitlines())
        assert row["status"] == "refused"

    said = sse({"type": "response.refusal.delta", "output_index": 0, "delta": "I can’t."})
    against(streams(sse(CREATED), said, sse(COMPLETED)), test=test)


async def test_a_killed_batch_is_collected_by_the_same_command(
    shell: Shell, tmp_path: Path
) -> None:
    """The second command finds the jobs of the first, and creates no batch again."""
    system = {"role": "system", "content": "Be short."}
    asked = [
        {"id": "a", "input": "Which?", "checks": [{"contains": "red"}]},
        {"id": "b", "input": "What?", "files": ["note.md"], "checks": [{"contains": "blue"}]},
        {"id": "c", "input": [system, {"role": "user", "content": "Who?"}], "ideal": "red"},
    ]
    cases = write_cases(tmp_path, *asked)
    (tmp_path / "note.md").write_text("Attached words.")

    def outcome(requests: list[dict[str, Any]]) -> Outcome:
        return Outcome(output=lines(*(answered(r["custom_id"], "red") for r in requests)))

    provider = BatchServer(outcome)
    provider.polls = 1
    async with provider.http:
        env = gateway(provider.base_url)
        arguments = ("eval", cases, "--variant", "thinking/high", "--batch", "--json")
        planned = await shell.run(*arguments, "--dry-run", env=env)
        tokens = planned.json["input_tokens"]
        assert Decimal(planned.json["input_cost_usd"]) == tokens * Decimal("0.000000875")
        assert provider.seen == []
        command = await shell.fork(*arguments, env=env)

        async def is_sent() -> bool:
            return len(provider.batches) == 2

        await until(is_sent)
        command.kill()
        await command.wait()
        done = await shell.run(*arguments, env=env)
        assert len(provider.batches) == 2
        (run,) = done.json["runs"]
        results = [(each["id"], each["passed"]) for each in run["results"]]
        assert results == [("a", True), ("b", False), ("c", True)]
        assert run["p50_s"] is None
        # 1,000 input and 100 output tokens each, at half price
        assert Decimal(run["cost_usd"]) == 3 * Decimal("0.001575")
        spent = await shell.run("spending", "--json", "--by", "purpose", env=env)
        (row,) = spent.json["rows"]
        assert (row["purpose"], row["calls"], row["uncounted"]) == ("evaluation", 3, 0)
        first, second = provider.requests(0), provider.requests(1)
        assert [len(first), len(second)] == [2, 1]
        assert "Attached words." in json.dumps(first[1])
        assert "Be short." in json.dumps(second)
        paths = shell.rows("SELECT path FROM batch_items ORDER BY job_id, number")
        assert sorted(path for (path,) in paths) == ["", "", str(tmp_path / "note.md")]


async def test_requests_of_a_batch_that_fail_fail_their_cases(shell: Shell, tmp_path: Path) -> None:
    rows = ("a", "b", "c")
    cases = write_cases(tmp_path, *({"id": name, "input": "Which?"} for name in rows))

    def outcome(requests: list[dict[str, Any]]) -> Outcome:
        first, second, third = (request["custom_id"] for request in requests)
        failed = (refused(second, message="Not that."), not_executed(third))
        return Outcome(output=lines(answered(first, "red")), errors=lines(*failed))

    provider = BatchServer(outcome)
    async with provider.http:
        arguments = ("eval", cases, "--variant", "thinking", "--batch", "--json", "--progress")
        done = await shell.run(*arguments, env=gateway(provider.base_url))
        counts = [int(line[0]) for line in done.err.splitlines() if line.endswith(" 3")]
        assert counts.count(3) == 1
        assert counts == sorted(counts)
        (run,) = done.json["runs"]
        assert [(each["id"], each["status"], each["failed"]) for each in run["results"]] == [
            ("a", "complete", []),
            ("b", "failed", ["error: 127.0.0.1 (environment) rejected the request: Not that."]),
            ("c", "failed", ["error: Not processed within 24 hours. Not charged."]),
        ]


@pytest.mark.parametrize(
    ("cases", "variant", "words"),
    [
        ({"input": "Hi", "checks": [{"schema": {"type": "nope"}}]}, "pro", "the schema can’t be"),
        ({"input": "Hi"}, "thinkin/high", "“thinkin” isn’t one of"),
        ({"input": "Hi"}, "thinking/ultra", "“ultra” isn’t one of"),
    ],
)
def test_wrong_schemas_and_variants_send_nothing(
    shell: Shell, tmp_path: Path, cases: dict[str, Any], variant: str, words: str
) -> None:
    async def test(server: LoopbackServer) -> None:
        file = write_cases(tmp_path, cases)
        done = await shell.run("eval", file, "--variant", variant, env=gateway(server.base_url))
        assert (done.code, server.requests) == (2, [])
        assert words in done.err

    against(WHOLE, test=test)


def test_a_pipe_instead_of_a_file_is_refused_in_the_users_language(
    shell: Shell, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "cases.json").write_text('{"tests": "pipe.csv"}')
    os.mkfifo(tmp_path / "pipe.csv")

    async def test(server: LoopbackServer) -> None:
        env = {**gateway(server.base_url), "REPARTEE_LANGUAGE": "de"}
        for name, named in (("pipe", "pipe"), ("cases.json", "pipe.csv")):
            done = await shell.run("eval", str(tmp_path / name), "--variant", "pro", env=env)
            assert (done.code, server.requests) == (2, [])
            assert done.err == f"repartee: {tmp_path / named} ist keine gewöhnliche Datei.\n"

    against(WHOLE, test=test)


def test_a_file_that_would_take_gigabytes_of_memory_is_refused(
    shell: Shell, tmp_path: Path
) -> None:
    cases = tmp_path / "cases.json"
    cases.write_text(f"[{'[],' * 6_000_000}[]]")

    async def test(server: LoopbackServer) -> None:
        env = gateway(server.base_url)
        done = await shell.run("eval", str(cases), "--variant", "pro", env=env)
        assert (done.code, server.requests) == (2, [])
        assert "more than 16 MB" in done.err

    against(test=test)


def test_a_wrong_file_sends_nothing(shell: Shell, tmp_path: Path) -> None:
    async def test(server: LoopbackServer) -> None:
        cases = write_cases(tmp_path, {"input": "Hi", "checks": [{"likes": 1}]})
        done = await shell.run("eval", cases, "--variant", "pro", env=gateway(server.base_url))
        assert (done.code, server.requests) == (2, [])
        assert "line 1: there is no check “likes”" in done.err

    against(WHOLE, test=test)
    assert answer_to(shell, WHOLE)[0].code == 0


async def test_answers_of_another_server_are_not_reused(shell: Shell, tmp_path: Path) -> None:
    cases = write_cases(tmp_path, *({"input": text, "regex": ""} for text in ("One", "Two")))
    command = ("eval", cases, "--variant", "pro", "--concurrency", "1", "--json")
    async with (
        LoopbackServer(WHOLE, SILENT, models=FAMILY) as first,
        LoopbackServer(WHOLE, models=FAMILY) as second,
    ):

        async def is_silent() -> bool:
            return len(first.requests) == 2

        process = await shell.start(*command, env=gateway(first.base_url))
        await until(is_silent)
        process.send_signal(signal.SIGINT)
        assert (await ended(process)).code == 130
        done = await shell.run(*command, env=gateway(second.base_url))
        assert (done.code, done.json["notices"]) == (0, [])
        assert asked(second) == {"One": 1, "Two": 1}


def test_ctrl_c_says_how_to_continue(shell: Shell, tmp_path: Path) -> None:
    async def test(server: LoopbackServer) -> None:
        async def requested() -> bool:
            return bool(server.requests)

        process = await shell.start(
            "eval", numbered(tmp_path), "--variant", "pro", env=gateway(server.base_url)
        )
        await until(requested)
        process.send_signal(signal.SIGINT)
        done = await ended(process)
        assert (done.code, done.out) == (130, "")
        assert done.err.endswith("repartee: Interrupted. Continue with the same command.\n")

    against(SILENT, test=test)
