"""A whole round through the program by the keyboard alone.

What a screen reader would speak is compared with the expected words.
"""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

from tests.end2end.prepared_server import Prepared, PreparedServer
from tests.end2end.program import AssistiveClient, Program, wait_for
from tests.integration.cli.command import gateway

REPORT = Path(__file__).parents[1] / "data" / "report.pdf"
# The server takes the first answer whose key is in the question or an earlier message.
ANSWERS = {
    "edited": Prepared("The **edited** answer."),
    "slow": Prepared("Slowly said. " * 30, stops_after=60),
    "first": Prepared("The first answer."),
}


def press(*keys: str) -> None:
    for key in keys:
        subprocess.run(["xdotool", "key", key], check=True)


def type_in(words: str) -> None:
    subprocess.run(["xdotool", "type", "--delay", "25", words], check=True)


class Keyboard:
    """A user without a mouse who listens: each action waits for the words that it causes."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def press(self, keys: str, words: str) -> list[str]:
        press(*keys.split())
        return self._program.wait_to_hear(words)

    def type(self, text: str, words: str, keys: str = "Return") -> list[str]:
        type_in(text)
        return self.press(keys, words)

    def run(self, command: str, words: str) -> list[str]:
        """Run a command of the palette."""
        self.press("ctrl+k", "Search conversations, messages, and commands, text")
        type_in(command)
        self._program.wait_to_hear(f"{command}…")
        return self.press("Return", words)


def go_round_by_keyboard(program: Program, server: PreparedServer, folder: Path) -> None:
    keyboard = Keyboard(program)
    assert program.wait_to_hear("Message, text") == ["Message, text"]
    wait_for(lambda: "GPT" in program.do("name", "model"), "the window to answer")
    # Ask, stop, edit, retry with another effort.
    assert keyboard.type("first question", "Response complete.") == [
        "Asking…",
        "The first answer.",
        "Response complete.",
    ]
    keyboard.type("slow one", "Slowly said.…")
    keyboard.press("Escape", "Response stopped.")
    keyboard.press("Up", "Editing · The original message is kept · Esc to cancel")
    press("ctrl+a")
    heard = keyboard.type("edited question", "Response complete.")
    assert list(dict.fromkeys(heard)) == [
        "Asking…",
        "Message, text",  # the prompt is back at the foot, which Qt may tell twice
        "The edited answer.",
        "Response complete.",
    ]
    assert keyboard.press("shift+F6", "Transcript, list") == ["Transcript, list"]
    keyboard.press("alt+Prior", "Your message, …")
    keyboard.press("alt+Next", "Response by Thinking, …")
    keyboard.press("Tab", "Copy response, push button")
    keyboard.press("Right", "Regenerate response, push button")
    efforts = [body["reasoning"]["effort"] for body in server.bodies]
    keyboard.press("Return Down Down Right", "None · …")
    keyboard.press("Down", "Low · …")
    keyboard.press("Return", "Response complete.")
    assert server.bodies[-1]["reasoning"]["effort"] == "low"
    assert "low" not in efforts
    # Attach and preview.
    keyboard.press("ctrl+l", "Message, text")
    keyboard.press("ctrl+o", "File name:, text")
    keyboard.type(str(REPORT), "report.pdf attached")
    keyboard.press("shift+Tab shift+Tab", "Summarize, push button")
    keyboard.press("shift+Tab", "Remove report.pdf, push button")
    keyboard.press("shift+Tab", "Options for report.pdf, push button")
    keyboard.press("shift+Tab", "report.pdf, 3 pages…")
    keyboard.press("Return", "Content to send, text")
    keyboard.press("Escape", "report.pdf, 3 pages…")
    # Search, rename, pin, export, archive.
    keyboard.press("ctrl+n", "New conversation")
    keyboard.press("ctrl+shift+f", "Search conversations, messages, and commands, text")
    type_in("first")
    wait_for(lambda: program.do("children", "commands"), "the hits")
    keyboard.press("Return", "The first answer")
    keyboard.press("F2", "Conversation title, text")
    keyboard.type("Renamed", "Message, text")
    keyboard.press("ctrl+shift+d", "Pinned")
    keyboard.press("ctrl+e", "Word…, menu item")
    keyboard.press("Down", "PDF…, menu item")
    keyboard.press("Down", "Markdown…, menu item")
    keyboard.press("Return", "File name:, text")
    press("ctrl+a")
    keyboard.type(str(folder / "round.md"), "Exported to round.md.")
    assert "The **edited** answer." in (folder / "round.md").read_text("utf-8")
    keyboard.run("Archive conversation", "“Renamed” archived")
    # Settings, quit.
    keyboard.press("ctrl+comma", "Settings, list")
    keyboard.press("Down Down Down Down", "Look, list item")
    keyboard.press("Tab", "Search settings, text")
    keyboard.press("Tab", "Theme: System, combo box")
    keyboard.press("Escape", "Message, text")
    press("ctrl+q")


async def test_a_round_by_keyboard(
    client: AssistiveClient, repartee_home: Path, tmp_path: Path, window_manager: None
) -> None:
    async with PreparedServer(ANSWERS) as server:

        def go_round() -> None:
            with Program(repartee_home, client, **gateway(server.base_url)) as program:
                go_round_by_keyboard(program, server, tmp_path)
                assert program.end() == 0

        await asyncio.to_thread(go_round)
