"""A background answer survives a power failure and arrives once after the restart.

The provider is a stub in this process. The user's actions use AT-SPI and, in the menu, the
keyboard.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.end2end.program import AssistiveClient, Program, wait_for
from tests.end2end.test_hotkey import press
from tests.helpers.background_server import BackgroundServer, events_of, in_a_thread
from tests.helpers.family import FAMILY_ENVIRONMENT

PIECES = tuple(f"Word {number} " for number in range(200))
WHOLE = "".join(PIECES)


def stored(home: Path, sql: str) -> list[tuple[Any, ...]]:
    """Return rows from the store."""
    path = home / "data" / "repartee.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def answers_in(home: Path) -> list[tuple[str, str, str | None]]:
    """Return the (status, text, run) of every answer on disk."""
    rows = stored(home, "SELECT status, parts, remote_run FROM messages WHERE role = 'assistant'")
    return [
        (status, "".join(part.get("text", "") for part in json.loads(parts)), run)
        for status, parts, run in rows
    ]


def choose_background(program: Program) -> None:
    """Choose Pro, and the background in the menu “More” of that of files and tools."""
    # A choice that comes before the new conversation is replaced by the conversation's own.
    wait_for(lambda: "GPT" in program.do("name", "model"), "a conversation")
    press("alt+3")
    wait_for(lambda: "Pro" in program.do("name", "model"), "Pro")
    program.do("press", "attach")
    press("Up")  # to the last entry of the menu
    program.wait_to_hear("More, menu item")
    press("Right")
    program.wait_to_hear("Tools…")
    press("Up")  # to the last entry of that menu
    program.wait_to_hear("Run in background…")
    press("Return")
    wait_for(lambda: program.has("background", "showing"), "the choice")


@pytest.mark.slow
def test_killed_in_the_middle_the_answer_arrives_whole_and_once(
    client: AssistiveClient, repartee_home: Path
) -> None:
    held = BackgroundServer(events_of(PIECES), hold_at=len(PIECES) // 2, pause_s=0.02)
    with in_a_thread(held) as server:
        there = {
            "OPENAI_BASE_URL": server.base_url,
            "OPENAI_API_KEY": "not-a-key",
            **FAMILY_ENVIRONMENT,
        }
        with Program(repartee_home, client, **there) as program:
            choose_background(program)
            program.ask("A question for Pro")
            wait_for(lambda: "Word 20 " in answers_in(repartee_home)[0][1], "part of the answer")
            program.kill()
        status, kept, run = answers_in(repartee_home)[0]
        assert status == "streaming"
        assert kept != WHOLE
        assert run is not None
        assert json.loads(run)["response_id"] == "resp_1"
        server.release()
        with Program(repartee_home, client, **there) as program:
            text = program.wait_for_text("transcript", lambda text: "Pro · " in text)
            assert WHOLE.strip() in text
            assert text.count("Word 20 ") == 1
            wait_for(lambda: answers_in(repartee_home)[0][0] == "complete", "the end")
            assert answers_in(repartee_home) == [("complete", WHOLE, None)]
            assert program.quit() == 0
        bodies = [body for method, _, body in server.requests if method == "POST"]
        # The title is asked for, too, but not in the background.
        assert sum(bool(body.get("background")) for body in bodies) == 1, "asked, and billed, once"
        assert len(stored(repartee_home, "SELECT 1 FROM ledger WHERE purpose = 'answer'")) == 1
