"""A table made, asked, corrected and read by keys and as a screen reader sees it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.end2end.other_program import pointer
from tests.end2end.prepared_server import Prepared, PreparedServer
from tests.end2end.program import AssistiveClient, Program, wait_for
from tests.helpers.family import FAMILY_ENVIRONMENT

ANSWERS = {f"About ROW{n}": Prepared(f"It is {n}.") for n in range(1, 5)}


def press(*keys: str) -> None:
    pointer("key", "--delay", 40, *keys)


def cells(program: Program) -> list[str]:
    """Return what a screen reader says of the cells."""
    ended = ".table-grid"
    return [name for path, name, role in program.names() if path.endswith(ended) and "cell" in role]


def walk(program: Program, file: Path) -> None:
    wait_for(lambda: program.has("prompt", "focused"), "the prompt")
    wait_for(lambda: "GPT" in program.do("name", "model"), "the window to answer")
    press("ctrl+g", "ctrl+b")
    wait_for(lambda: program.has("new-table", "focused"), "the page")
    press("space")
    for entry in ("From files…", "From a folder…", "From a spreadsheet…"):
        press("Down")
        program.wait_to_hear(f"{entry}, menu item")
    press("Return")
    program.wait_to_hear("File name:, text")
    pointer("type", "--delay", 10, file)
    press("Return")
    wait_for(lambda: program.has("table-prompt", "focused"), "the form")
    program.do("set_text", "table-prompt", text="About {{word}}?")
    wait_for(lambda: program.has("table-question-save", "enabled"), "the question")
    program.do("press", "table-question-save")
    wait_for(lambda: "$" in program.do("name", "table-try"), "the price")
    program.do("press", "table-try")
    wait_for(lambda: "It is 3." in cells(program), "three answers")
    assert cells(program).count("Empty") == 1
    roles = {(name, role) for _, name, role in program.names()}
    assert {("words, 4 rows", "table"), ("word", "table column header")} <= roles
    wait_for(lambda: program.has("table-grid", "focused"), "the grid")
    press("Right", "F2")
    program.wait_to_hear("About word?, text")  # the editor
    press("9", "Return")
    wait_for(lambda: "9, corrected" in cells(program), "the correction")
    assert program.has("table-grid", "focused")
    press("ctrl+z")
    wait_for(lambda: "It is 1." in cells(program), "the answer")
    press("Return")
    wait_for(lambda: "It is 1." in program.do("text", "table-cell-answer"), "the open cell")
    press("Escape")
    wait_for(lambda: program.has("table-grid", "focused"), "the grid")


@pytest.mark.usefixtures("window_manager")
async def test_a_table_is_made_and_asked_by_keys(
    client: AssistiveClient, repartee_home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "words.csv"
    file.write_text("word\n" + "".join(f"ROW{n}\n" for n in range(1, 5)), "utf-8")

    def go(base_url: str) -> None:
        named = {"OPENAI_API_KEY": "sk-loopback-0123456789", "OPENAI_BASE_URL": base_url}
        with Program(repartee_home, client, **named, **FAMILY_ENVIRONMENT) as program:
            walk(program, file)
            assert program.quit() == 0

    async with PreparedServer(ANSWERS) as server:
        await asyncio.to_thread(go, server.base_url)
        assert len(server.bodies) == 3
