"""The main workflow without an account: ask, drop a document, lose power, return.

The program is driven from outside through AT-SPI. The answers come from the on-device model.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from desktop_app.settings.settings_store import SettingsStore
from desktop_app.settings.startup_settings import read_startup_settings
from tests.end2end.kills import Kills, Server
from tests.end2end.program import LONGEST_S, AssistiveClient, Program, wait_for
from tests.helpers.blocking import blocking
from tests.unit.storage.samples import opened

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "tests" / "data" / "report.pdf"
TOKENS_OF_THE_REPORT = 600
pytestmark = pytest.mark.usefixtures("one_processor")
LONG_TASK = "Write a long story about a lighthouse keeper, in at least twenty paragraphs."


def answers_in(home: Path) -> list[tuple[str, str]]:
    """Return the (status, parts as JSON) of every answer on disk, oldest first."""
    path = home / "data" / "repartee.sqlite3"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "SELECT status, parts FROM messages WHERE role = 'assistant' ORDER BY created_at"
        ).fetchall()
    connection.close()
    return rows


def input_tokens_in(home: Path) -> int:
    """Return the input tokens of the first call, as counted by the server; 0 before it ends."""
    path = home / "data" / "repartee.sqlite3"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        row = connection.execute("SELECT input_tokens FROM ledger").fetchone()
    connection.close()
    return int(row[0]) if row else 0


@blocking
async def keep_answers_short(home: Path) -> None:
    async with opened(home / "data" / "repartee.sqlite3") as database:
        await SettingsStore(database).set("answer.max_output_tokens", 64)


@pytest.mark.slow
def test_a_document_named_on_the_command_line_is_asked_about(
    client: AssistiveClient, repartee_home: Path
) -> None:
    keep_answers_short(repartee_home)
    with Program(repartee_home, client) as program:
        program.do("states", "prompt")
        called = subprocess.run(
            [sys.executable, "-m", "desktop_app", str(REPORT)],
            cwd=ROOT,
            check=False,
            timeout=LONGEST_S,
        )
        assert called.returncode == 0
        wait_for(
            lambda: any("report.pdf" in name for _, name, _ in program.names()),
            "the chip of the document",
        )
        # The built-in model summarizes nothing; a better one is suggested instead.
        wait_for(lambda: program.has("suggest-get-model", "showing"), "the suggestion")
        program.ask("What is the report about?")
        program.wait_for_text("transcript", lambda text: "report.pdf" in text)
        wait_for(lambda: answers_in(repartee_home), "the answer to begin")
        wait_for(lambda: answers_in(repartee_home)[0][0] != "streaming", "the answer to end")
        status, parts = answers_in(repartee_home)[0]
        assert status in ("complete", "incomplete")
        assert '"text"' in parts  # what so small a model writes of it is no matter of ours
        tokens = wait_for(lambda: input_tokens_in(repartee_home), "the call in the ledger")
        assert tokens > TOKENS_OF_THE_REPORT


def test_an_answer_streams_is_there_after_a_kill_and_another_stops(
    client: AssistiveClient, repartee_home: Path
) -> None:
    with Program(repartee_home, client) as program:
        program.ask(LONG_TASK)

        def has_begun(text: str) -> bool:
            is_answered = "Waiting" not in text and "Loading" not in text
            return len(text) > len(LONG_TASK) + 10 and is_answered

        first = program.wait_for_text("transcript", has_begun)
        assert first.startswith(LONG_TASK)
        longer = program.wait_for_text("transcript", lambda text: len(text) > len(first) + 20)
        assert longer.startswith(first.strip()[: len(LONG_TASK) + 5])
        wait_for(lambda: len(answers_in(repartee_home)[0][1]) > 100, "part of the answer on disk")
        program.kill()
    kept = answers_in(repartee_home)[0]
    assert kept[0] == "streaming"

    with Program(repartee_home, client) as program:
        program.wait_for_text(
            "transcript", lambda text: LONG_TASK in text and len(text) > len(LONG_TASK) + 40
        )
        wait_for(
            lambda: answers_in(repartee_home)[0][0] == "interrupted", "the answer to be marked"
        )
        assert answers_in(repartee_home)[0][1] == kept[1]
        program.ask("Write a longer one.")
        wait_for(lambda: len(answers_in(repartee_home)) > 1, "the other answer")
        program.do("press", "stop")
        wait_for(lambda: answers_in(repartee_home)[1][0] == "cancelled", "the answer to stop")
        wait_for(lambda: program.has("send", "showing"), "Send to come back")
        assert program.do("text", "prompt") == ""
        assert program.quit() == 0


@pytest.mark.slow
def test_kills_at_random_moments_lose_nothing(client: AssistiveClient, tmp_path: Path) -> None:
    # The whole campaign is a command, and stricter: see the module.
    with Server() as server:
        kills = Kills(tmp_path / "home", server, client, seed=7, on_screen_s=3.0)
        for _ in range(4):
            kills.run_round()


@pytest.mark.slow
def test_a_draft_survives_a_kill(client: AssistiveClient, repartee_home: Path) -> None:
    path = repartee_home / "data" / "repartee.sqlite3"
    with Program(repartee_home, client) as program:
        program.do("set_text", "prompt", text="Half a thought")

        def is_kept() -> bool:
            return "Half a thought" in str(read_startup_settings(path))

        wait_for(is_kept, "the draft on disk")
        program.kill()
    with Program(repartee_home, client) as program:
        program.wait_for_text("prompt", lambda text: text == "Half a thought")
