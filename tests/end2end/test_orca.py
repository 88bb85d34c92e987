"""What Orca says: an answer, a change of a text, the palette, a table, the settings, an error.

Orca 43, of Debian 12, knows no announcements; later versions do.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end2end.other_program import pointer
from tests.end2end.prepared_server import Prepared, PreparedServer
from tests.end2end.program import AssistiveClient, Program, wait_for
from tests.helpers.family import FAMILY_ENVIRONMENT

ANSWERS = {
    "Correct spelling": Prepared("The slow fox jumps over the lazy dog."),
    "About ROW": Prepared("It is one."),
    "cut": Prepared("It begins. And then it is cut.", cut_after=12),
    "first": Prepared("The first answer. It has two sentences."),
}
SPEECH = Path(__file__).parent / "written_speech"


class Listener:
    """Orca, whose words are in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._heard = 0

    def hear(self, words: str) -> None:
        """Wait until Orca says these words, after those that were waited for last."""

        def look() -> bool:
            lines = self._file.read_text("utf-8").splitlines() if self._file.exists() else []
            for number, line in enumerate(lines[self._heard :], self._heard):
                if words in line:
                    self._heard = number + 1
                    return True
            return False

        try:
            wait_for(look, f"Orca to say {words!r}")
        except TimeoutError as error:
            raise TimeoutError(f"{error} It said {self._file.read_text('utf-8')}") from None


@pytest.fixture
def orca(tmp_path: Path) -> Iterator[Listener]:
    if shutil.which("orca") is None:
        pytest.skip("Orca is not installed")
    spoken = tmp_path / "spoken.txt"
    environment = {**os.environ, "PYTHONPATH": str(SPEECH), "SPOKEN": str(spoken)}
    with (
        (tmp_path / "orca.log").open("wb") as log,
        subprocess.Popen(["orca", "--replace"], env=environment, stdout=log, stderr=log) as orca,
    ):
        try:
            listener = Listener(spoken)
            listener.hear("Screen reader on")
            yield listener
        finally:
            orca.kill()


def press(*keys: str) -> None:
    pointer("key", "--delay", 40, *keys)


def type_in(words: str) -> None:
    pointer("type", "--delay", 40, words)


def listen(program: Program, orca: Listener, table: Path) -> None:
    orca.hear("Message text")
    wait_for(lambda: "GPT" in program.do("name", "model"), "the window to answer")
    type_in("first")
    press("Return")
    orca.hear("The first answer. It has two sentences.")
    orca.hear("Response complete.")
    press("ctrl+k")
    orca.hear("Search conversations, messages, and commands text")
    type_in("dark")
    orca.hear("Theme: Dark")
    press("Down")
    orca.hear("Theme, Settings")
    press("Escape")
    press("ctrl+comma")
    orca.hear("Accounts")
    press("Right")
    orca.hear("Models")
    press("Escape")
    orca.hear("Message text")
    program.ask("This one is cut")
    orca.hear("It begins.")
    orca.hear("Response failed.")
    program.do("press", "attach")
    program.do_named("press", "Text", "menu item")
    program.do("set_text", "text-editor", text="The quick fox jumps over a lazy dog.")
    wait_for(lambda: program.has("text-editor", "focused"), "the text")
    press("ctrl+a")
    program.do_named("press", "Fix", "push button")
    orca.hear("2 changes proposed")
    press("F8")
    orca.hear("2 of 2: “a” becomes “the”.")
    press("F9")
    orca.hear("Accepted, 1 left. 1 of 1: “quick” becomes “slow”.")
    press("shift+F9")
    orca.hear("Rejected, 0 left.")
    press("ctrl+g", "ctrl+b")
    orca.hear("New table…")
    press("space", "Down", "Down", "Down", "Return")
    orca.hear("File name:")
    type_in(str(table))
    press("Return")
    wait_for(lambda: program.has("table-prompt", "focused"), "the form")
    program.do("set_text", "table-prompt", text="About {{word}}?")
    wait_for(lambda: program.has("table-question-save", "enabled"), "the question")
    program.do("press", "table-question-save")
    wait_for(lambda: "$" in program.do("name", "table-try"), "the price")
    program.do("press", "table-try")
    wait_for(lambda: program.has("table-grid", "focused"), "the grid")
    press("Home")
    orca.hear("ROW1")
    press("Right")
    orca.hear("It is one.")


@pytest.mark.slow
@pytest.mark.usefixtures("window_manager")
async def test_what_happens_is_said(
    orca: Listener, client: AssistiveClient, repartee_home: Path, tmp_path: Path
) -> None:
    table = tmp_path / "words.csv"
    table.write_text("word\nROW1\nROW2\n", "utf-8")

    def go(base_url: str) -> None:
        named = {"OPENAI_API_KEY": "sk-loopback-0123456789", "OPENAI_BASE_URL": base_url}
        with Program(repartee_home, client, **named, **FAMILY_ENVIRONMENT) as program:
            listen(program, orca, table)

    async with PreparedServer(ANSWERS) as server:
        await asyncio.to_thread(go, server.base_url)
