"""A text beside the conversation outlives the process that is killed while one types."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.end2end.program import AssistiveClient, Program, wait_for

if TYPE_CHECKING:
    from pathlib import Path

TYPED = "# Tides\n\nThe sea rises twice a day."


@pytest.mark.usefixtures("window_manager")
def test_a_killed_process_loses_no_stored_typing(tmp_path: Path, client: AssistiveClient) -> None:
    home = tmp_path / "home"

    def stored() -> list[tuple[str]]:
        (store,) = home.rglob("*.sqlite3")
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT body FROM texts").fetchall()

    with Program(home, client) as program:
        program.do("press", "attach")
        program.do_named("press", "Text", "menu item")
        program.do("set_text", "text-editor", text=TYPED)
        wait_for(lambda: stored() == [(TYPED,)], "the text on disk")
        program.kill()
    with Program(home, client) as program:
        assert program.wait_for_text("text-editor", lambda text: text == TYPED)
        assert program.quit() == 0
