"""`repartee table` in a shell, against a scripted provider."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.helpers.batch_server import BatchServer, Outcome, lines
from tests.helpers.waiting import LONGEST_S, until
from tests.integration.cli.command import Shell, gateway
from tests.integration.cli.replies import SILENT
from tests.integration.cli.test_table_batches import answered
from tests.unit.providers.loopback import LoopbackServer, Received
from tests.unit.tables.table_setup import Asked, as_json, refusing, sent_text

SAY = ("--ask", "Say {{word}}", "--column", "Said")
AT_ONCE = 2


def words(shell: Shell, count: int) -> str:
    file = shell.outside / "here" / "words.csv"
    rows = (f"{n},ROW{n}" for n in range(count))
    file.write_text("\n".join(["id,word", *rows]), "utf-8")
    return file.name


async def test_a_run_that_is_killed_twice_answers_and_pays_each_row_once(shell: Shell) -> None:
    count = 15
    asked = Asked(refuses_every=5)
    async with LoopbackServer(asked.serve, models=("gpt-5.2",)) as server:
        env = gateway(server.base_url)
        arguments = [words(shell, count), *SAY, "--seed", "7"]
        interrupted = 0
        for share in (1, 2):
            process = await shell.start(
                *("table", "run", *arguments, "--yes", "--concurrency", str(AT_ONCE)), env=env
            )

            async def is_under_way(least: int = share * count // 3) -> bool:
                return len(asked.answered) >= least

            await until(is_under_way)
            process.kill()
            await process.communicate()
            [listed] = (await shell.run("table", "list", "--json", env=env)).json_lines
            arguments = [listed["id"]]
            assert 0 < listed["cells"]["done"] < count
            interrupted += listed["cells"].get("failed", 0)
        assert interrupted <= 2 * AT_ONCE
        ended = await shell.run("table", "run", *arguments, "--yes", "-o", "said.xlsx", env=env)
        assert ended.code == 0, ended.err
        assert "“seed” wasn’t sent" in ended.err
        sheet = load_workbook(shell.outside / "here" / "said.xlsx").worksheets[0]
        heads, *rows = sheet.iter_rows(values_only=True)
        assert heads == ("id", "word", "Said")
        assert rows == [(n, f"ROW{n}", f"About ROW{n}") for n in range(count)]
        # Only what was under way at a kill was asked again, and the ledger knows it.
        assert sum(asked.answered.values()) <= count + interrupted
        spent = (await shell.run("spending", "--json", env=env)).json
        [listed] = (await shell.run("table", "list", "--json", env=env)).json_lines
        assert spent["total_usd"] == listed["cost_usd"] != "0"
        assert spent["rows"][0]["uncounted"] <= interrupted  # some were not sent yet


async def test_a_batch_is_picked_up_by_the_next_command(shell: Shell) -> None:
    def outcome(requests: list[dict[str, Any]]) -> Outcome:
        said = [as_json(word=sent_text(each["body"]).split()[-1], n=7) for each in requests]
        rows = [answered(r["custom_id"], text) for r, text in zip(requests, said, strict=True)]
        return Outcome(output=lines(*rows))

    provider = BatchServer(outcome)
    async with provider.http:
        provider.polls = 2
        env = gateway(provider.base_url)
        asked = [words(shell, 3), *SAY, "--field", "word:text", "--field", "n:integer"]
        sent = await shell.run("table", "run", *asked, "--batch", "--yes", env=env)
        assert sent.code == 0, sent.err
        assert "less than now" in sent.err
        table = sent.out.strip()
        waiting = (await shell.run("table", "status", "--json", env=env)).json_lines
        assert [(run["table"], run["cells"], run["answered"]) for run in waiting] == [(table, 3, 0)]
        ended = (await shell.run("table", "status", table[:8], "--json", env=env)).json_lines
        assert ended["runs"][0]["status"] == "done"
        assert ended["columns"][-1]["answered"] == 3
        exported = await shell.run("table", "export", "words.csv", env=env)
        assert exported.out.splitlines()[1:] == [f"{n},ROW{n},ROW{n},7" for n in range(3)]
        assert len(provider.batches) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words_of_error"),
    [
        (("words.csv", "--ask", "Say {{wrod}}"), 2, "“wrod”"),
        (("words.csv", "--ask", "{{wrod}}"), 2, "no such column"),
        (("words.csv", "--ask", "Say", "--field", "n:float"), 2, "n:float"),
        (("words.csv", "--ask", "Say", "--now", "--batch"), 2, "--batch"),
        (("words.csv", "--ask", "Say", "--field", "n:text", "--field", "N:date"), 2, "“n”"),
        (("words.csv", "--ask", "{{document}}"), 1, "no document"),
        (("words.csv",), 2, "--ask"),
        (("words.csv", "--ask", "Say", "--set", "a=b"), 2, "--template"),
        (("words.csv", "--ask", "Say", "--sheet", "S"), 2, "--sheet"),
        (("words.csv", "--ask", "Say", "--check", "contains"), 2, "“contains” is missing"),
        (("words.csv", "--ask", "Say", "--check", "json:gone.json"), 2, "gone.json"),
        (("words.csv", "--ask", "Say", "--field", "n:text", "--schema", "s.json"), 2, "--schema"),
        (("words.csv", "--ask", "Say", "--dry-run", "--project", "none"), 2, "“none”"),
        (("words.csv", "--ask", "Say {{word}}", "-o", "said.json"), 2, "said.json"),
        (("empty.csv", "--ask", "Say"), 2, "empty"),
        (("gone.csv", "--ask", "Say"), 1, "gone.csv"),
        (("no table",), 2, "no table"),
    ],
)
async def test_nothing_is_sent_or_kept_if_a_table_cannot_be_asked(
    shell: Shell, arguments: tuple[str, ...], code: int, words_of_error: str
) -> None:
    asked = Asked()
    words(shell, 2)
    (shell.outside / "here" / "empty.csv").write_text("")
    async with LoopbackServer(asked.serve, models=("gpt-5.2",)) as server:
        env = gateway(server.base_url)
        ended = await shell.run("table", "run", *arguments, "--yes", env=env)
        assert (ended.code, ended.out) == (code, ""), ended.err
        assert words_of_error in ended.err
        assert asked.requests == []
        assert json.loads((await shell.run("table", "list", "--json", env=env)).out) == []


async def test_what_is_declined_is_not_kept(shell: Shell) -> None:
    asked = Asked()
    async with LoopbackServer(asked.serve, models=("gpt-5.2",)) as server:
        env = gateway(server.base_url)
        arguments = ("table", "run", words(shell, 2), *SAY)
        declined = await shell.on_terminal(b"n\n", *arguments, env=env)
        assert declined.code == 1
        assert "Estimated cost" in declined.out
        assert asked.requests == []
        agreed = await shell.on_terminal(b"y\n", *arguments, "--rows", "1", env=env)
        assert agreed.code == 0
        assert asked.answered == {"ROW0": 1}
        [listed] = (await shell.run("table", "list", "--json", env=env)).json_lines
        assert listed["cells"] == {"done": 1}


async def test_a_table_is_continued_by_the_name_of_its_file_and_read_as_it_is(shell: Shell) -> None:
    asked = Asked(lambda text: f"Lines\nabout {text.split()[-1]}")
    async with LoopbackServer(asked.serve, models=("gpt-5.2",)) as server:
        env = gateway(server.base_url)
        file = words(shell, 2)
        first = await shell.run("table", "run", file, *SAY, "--rows", "1", "--yes", env=env)
        rest = await shell.run("table", "run", file, "--yes", env=env)
        assert (first.code, rest.code, rest.out) == (0, 0, first.out), rest.err
        again = await shell.run("table", "run", file, "--yes", "-q", "-o", "said.csv", env=env)
        assert (again.code, again.out, again.err) == (0, first.out, "")
        assert asked.answered == {"ROW0": 1, "ROW1": 1}
        shown = await shell.run("table", "export", file, env=env)
        saved = (shell.outside / "here" / "said.csv").read_bytes().decode("utf-8-sig")
        assert shown.out == saved
        assert '"Lines\nabout ROW1"' in saved


async def test_cases_are_asked_of_models_and_compared(shell: Shell) -> None:
    """One case is refused, which costs nothing; the schema is a check, too."""
    cases = [
        {"id": "a", "input": "Say ROW1", "checks": [{"contains": "About"}, {"cost": 1}]},
        {"id": "b", "input": "Say ROW2", "contains": "About", "not": True},
        {"id": "<c>", "input": "Say ROW3", "schema": True},
        {"id": "d", "input": "Refuse ROW4"},
    ]
    (shell.outside / "here" / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)))
    asked = Asked(lambda text: refusing(400) if "Refuse" in text else f"About {text.split()[-1]}")
    models = ("--model", "gpt-5.2", "--model", "gpt-5.2-pro/high", "--model", "gpt-5.2")
    async with LoopbackServer(asked.serve, models=("gpt-5.2", "gpt-5.2-pro")) as server:
        env = gateway(server.base_url)
        planned = await shell.run("table", "run", "cases.jsonl", *models, "--dry-run", env=env)
        assert (planned.code, asked.requests) == (0, [])
        assert planned.out.startswith("8 cells with ")
        assert json.loads((await shell.run("table", "list", "--json", env=env)).out) == []
        compared = ("cases.jsonl", *models, "--yes", "--json", "-o", "cases.html")
        ended = await shell.run("table", "run", *compared, "--min", "0.3", env=env)
        assert ended.code == 1  # one was refused
        first, second = ended.json["columns"][2:]
        assert (first["name"], second["name"]) == ("gpt-5.2/medium", "gpt-5.2-pro/high")
        for column in (first, second):
            figures = (column["asked"], column["passed"], column["failed"], column["uncounted"])
            assert figures == (4, 1, 1, 0)
            assert (column["share"], column["low"], column["high"]) == (0.25, 0.0456, 0.6994)
            assert column["p50_s"] > 0
        [listed] = (await shell.run("table", "list", "--json", env=env)).json_lines
        costs = [Decimal(column["cost_usd"]) for column in (first, second)]
        assert Decimal(listed["cost_usd"]) == sum(costs)
        assert "1 case has no check" in ended.err
        assert "<c>: schema: {} (not JSON)" in ended.err
        page = (shell.outside / "here" / "cases.html").read_text("utf-8")
        assert "<td>&lt;c&gt;</td>" in page
        assert "<td>not contains: About</td>" in page
        asked.answer = lambda _text: "Done."
        again = ("table", "run", listed["id"], "--failed", "--yes")
        for share, code in (("0.5", 0), ("0.6", 1), ("0.5", 0)):  # then nothing is left to ask
            assert (await shell.run(*again, "--min", share, env=env)).code == code


async def test_what_another_process_asks_is_not_asked_twice(shell: Shell) -> None:
    begun = asyncio.Event()

    async def silent(_request: Received, writer: asyncio.StreamWriter) -> None:
        begun.set()
        await SILENT(_request, writer)

    asked = Asked(lambda _text: silent)
    async with LoopbackServer(asked.serve, models=("gpt-5.2",)) as server:
        env = gateway(server.base_url)
        first = await shell.fork("table", "run", words(shell, 2), *SAY, "--yes", env=env)
        await asyncio.wait_for(begun.wait(), LONGEST_S)
        [listed] = (await shell.run("table", "list", "--json", env=env)).json_lines
        second = await shell.run("table", "run", listed["id"], "--yes", env=env)
        assert second.code == 1
        assert "Another process" in second.err
        os.kill(first.pid, signal.SIGINT)
        assert await first.wait() == 130
        assert len(asked.requests) == 2


async def test_a_configuration_of_promptfoo_is_asked(shell: Shell) -> None:
    config = """
prompts: ['Say {{word}}', 'Shout {{word}}']
providers: [openai:gpt-5.2, vertex:other]
evaluateOptions: {repeat: 2}
tests:
  - {vars: {word: [ROW1, ROW2]}, assert: [{type: icontains, value: 'about {{word}}'}]}
"""
    (shell.outside / "here" / "config.yaml").write_text(config)
    asked = Asked()
    async with LoopbackServer(asked.serve, models=("gpt-5.2",)) as server:
        env = gateway(server.base_url)
        ended = await shell.run("table", "run", "config.yaml", "--yes", "-q", "-o", "-", env=env)
        assert ended.code == 0, ended.err
        assert "vertex:other" in ended.err
        assert asked.answered == {"ROW1": 4, "ROW2": 4}
        heads, *rows = list(csv.reader(ended.out.splitlines()[1:]))
        assert heads[1::2] == ["Say word", "Say word 2", "Shout word", "Shout word 2"]
        assert rows[0] == ["ROW1", *["About ROW1", "yes"] * 4]


async def test_checks_fields_and_a_prompt_of_the_library_belong_to_a_question(shell: Shell) -> None:
    asked = Asked(lambda text: as_json(word=text.split()[-1]))
    schema = shell.outside / "here" / "row.json"
    schema.write_text('{"required": ["word"]}')
    question = ("--template", "translate", "--set", "language=Polish")
    field = ("--field", "word:text = The last word")
    checks = ("--check", f"json:{schema}", "--check", "not-contains:ROW1", "--check", "time:60")
    async with LoopbackServer(asked.serve, models=("gpt-5.2",)) as server:
        env = gateway(server.base_url)
        arguments = (words(shell, 2), *question, *field, *checks, "--yes", "-q", "-o", "-")
        ended = await shell.run("table", "run", *arguments, env=env)
        assert ended.code == 0, ended.err
        assert "Polish" in sent_text(asked.requests[0])
        assert "The last word" in json.dumps(asked.requests[0])
        [_, _, name, *_] = ended.out.splitlines()[1].split(",")
        assert name == "Translate: word"
        assert [row.rpartition(",")[2] for row in ended.out.splitlines()[2:]] == [
            *("", "not contains: ROW1")
        ]
