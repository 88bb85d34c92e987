"""`repartee table` in a shell, against a scripted provider."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.helpers.batch_server import BatchServer, Outcome, lines
from tests.helpers.waiting import until
from tests.integration.cli.command import Shell, gateway
from tests.integration.cli.test_batch_command import answered
from tests.unit.providers.loopback import LoopbackServer
from tests.unit.tables.table_setup import Asked, as_json, sent_text

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
