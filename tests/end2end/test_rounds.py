"""A whole round through the program: by the keyboard alone, and through AT-SPI alone.

Both compare what a screen reader would speak with the expected words.
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
        self.press("ctrl+k", "Search everything, text")
        type_in(command)
        self._program.wait_to_hear(f"{command}…")
        return self.press("Return", words)


def go_round_by_keyboard(program: Program, server: PreparedServer, folder: Path) -> None:
    keyboard = Keyboard(program)
    assert program.wait_to_hear("Message, text") == ["Message, text"]
    wait_for(lambda: "GPT" in program.do("name", "model"), "the window to answer")
    # Ask, stop, edit, retry with another effort.
    assert keyboard.type("first question", "Response complete.") == [
        "The first answer.",
        "Response complete.",
    ]
    keyboard.type("slow one", "Slowly said.…")
    keyboard.press("Escape", "Response stopped.")
    keyboard.press("Up", "Editing · The original message is kept · Esc to cancel")
    press("ctrl+a")
    assert keyboard.type("edited question", "Response complete.") == [
        "The edited answer.",
        "Response complete.",
    ]
    assert keyboard.press("shift+F6", "Transcript, list") == ["Transcript, list"]
    keyboard.press("alt+Prior", "Your message, …")
    keyboard.press("alt+Next", "Response by Thinking, …")
    keyboard.press("Tab", "Copy response, push button")
    keyboard.press("Right Right", "Regenerate with…, push button")
    efforts = [body["reasoning"]["effort"] for body in server.bodies]
    keyboard.press("Return Down", "None · …")
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
    keyboard.press("shift+Tab", "Preview report.pdf, 3 pages…")
    keyboard.press("Return", "Content to send, text")
    keyboard.press("Escape", "Preview report.pdf, 3 pages…")
    # Search, rename, pin, export, archive.
    keyboard.press("ctrl+n", "New conversation")
    keyboard.press("ctrl+shift+f", "Search conversations, text")
    type_in("first")
    wait_for(lambda: program.do("children", "search-hits"), "the hits")
    keyboard.press("Down", "Search results, list")
    keyboard.press("Return", "first question")
    keyboard.press("Escape", "Conversations, list")
    keyboard.press("F2", "Conversation title, text")
    keyboard.type("Renamed", "Conversations, list")
    keyboard.press("ctrl+shift+d", "Pinned")
    keyboard.press("ctrl+e", "File name:, text")
    press("ctrl+a")
    keyboard.type(str(folder / "round.md"), "Exported to round.md.")
    assert "The **edited** answer." in (folder / "round.md").read_text("utf-8")
    keyboard.run("Archive conversation", "“Renamed” archived")
    # Settings, quit.
    keyboard.press("ctrl+comma", "Provider, page tab")
    keyboard.press("Right Right", "Appearance, page tab")
    keyboard.press("Tab", "Theme: System, combo box")
    keyboard.press("Escape", "Message, text")
    press("ctrl+q")


RETURN, DOWN = 0xFF0D, 0xFF54
# What AT-SPI says about each widget of the round: its name, its role and some of its states.
SPOKEN = {
    "prompt": ("Message", "text", {"editable", "multi line"}),
    "send": ("Send", "push button", set()),
    "attach": ("Attach files", "push button", {"enabled"}),
    "thinking": ("Thinking", "radio button", {"checked"}),
    "instant": ("Instant", "radio button", set()),
    "effort": ("Effort: Medium", "push button", {"has popup"}),
    "search": ("Search conversations", "text", {"editable"}),
    "conversations": ("Conversations", "list", set()),
    "transcript": ("Transcript", "list", set()),
    "show-archive": ("Archive", "page tab", {"selectable"}),
}


class AssistiveUser:
    """A user of assistive technology: everything goes through AT-SPI."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.hear = program.wait_to_hear

    def press(self, identifier: str, words: str) -> list[str]:
        self._program.do("press", identifier)
        return self.hear(words)

    def run(self, command: str, words: str) -> list[str]:
        """Run a command of the palette."""
        self._program.key(ord("k"), control=True)
        self.hear("Search everything, text")
        self._program.do("set_text", "command", text=command)
        self.hear(f"{command}…")
        self._program.key(RETURN)
        return self.hear(words)

    def ask(self, question: str, words: str) -> list[str]:
        self._program.ask(question)
        return self.hear(words)


def go_round_by_assistive_technology(
    program: Program, server: PreparedServer, folder: Path
) -> None:
    user = AssistiveUser(program)
    wait_for(lambda: "GPT" in program.do("name", "model"), "the window to answer")
    for identifier, (name, role, states) in SPOKEN.items():
        assert program.do("name", identifier) == name
        assert program.do("role", identifier) == role
        assert states <= set(program.do("states", identifier)), identifier
    # Ask, stop, edit, retry with another effort.
    assert user.ask("first question", "Response complete.")[-2:] == [
        "The first answer.",
        "Response complete.",
    ]
    user.ask("slow one", "Slowly said.…")
    user.press("stop", "Response stopped.")
    user.run("Edit last message", "Editing · The original message is kept · Esc to cancel")
    assert program.do("text", "prompt") == "slow one"
    assert user.ask("edited question", "Response complete.")[-2:] == [
        "The edited answer.",
        "Response complete.",
    ]
    program.do("press", "effort")
    program.do_named("press", "Low · ", "menu item")
    user.hear("Thinking, effort Low")
    user.press("message-retry", "Response complete.")
    assert server.bodies[-1]["reasoning"]["effort"] == "low"
    # Attach and preview.
    user.press("attach", "File name:, text")
    program.do_named("set_text", "File name:", "text", text=str(REPORT))
    program.do_named("press", "Open", "push button")
    user.hear("report.pdf attached")
    program.do("focus", "preview-attachment")
    user.hear("Preview report.pdf, 3 pages…")
    user.press("preview-attachment", "Content to send, text")
    program.wait_for_text("preview-text", lambda text: len(text) > 100)
    user.press("close-preview", "Preview report.pdf, 3 pages…")
    # Search, rename, pin, export, archive.
    user.press("new-conversation", "New conversation")
    program.do("set_text", "search", text="first")
    wait_for(lambda: program.do("children", "search-hits"), "the hits")
    program.do("focus", "search-hits")
    user.hear("Search results, list")
    program.key(RETURN)
    user.hear("first question")
    program.do("set_text", "search", text="")
    program.do("focus", "conversations")
    user.run("Rename conversation", "Conversation title, text")
    program.type("Renamed")
    program.key(RETURN)
    user.hear("Conversations, list")
    assert "Renamed" in "".join(program.do("children", "conversations"))
    user.run("Pin or unpin conversation", "Pinned")
    user.run("Export conversation", "File name:, text")
    program.do_named("set_text", "File name:", "text", text=str(folder / "round.md"))
    program.do_named("press", "Save", "push button")
    user.hear("Exported to round.md.")
    user.run("Archive conversation", "“Renamed” archived")
    # Settings, quit.
    user.press("open-settings", "Provider, page tab")
    program.do("press", "look")
    wait_for(lambda: program.has("look", "checked"), "the page")
    program.do("focus", "theme")
    user.hear("Theme: System, combo box")
    program.key(DOWN)
    wait_for(lambda: program.do("name", "theme") == "Theme: Light", "the theme")
    user.press("close-settings", "Message, text")
    program.key(ord("q"), control=True)


async def test_a_round_through_at_spi(
    client: AssistiveClient, repartee_home: Path, tmp_path: Path, window_manager: None
) -> None:
    async with PreparedServer(ANSWERS) as server:

        def go_round() -> None:
            with Program(repartee_home, client, **gateway(server.base_url)) as program:
                go_round_by_assistive_technology(program, server, tmp_path)
                assert program.end() == 0

        await asyncio.to_thread(go_round)


async def test_a_round_by_keyboard(
    client: AssistiveClient, repartee_home: Path, tmp_path: Path, window_manager: None
) -> None:
    async with PreparedServer(ANSWERS) as server:

        def go_round() -> None:
            with Program(repartee_home, client, **gateway(server.base_url)) as program:
                go_round_by_keyboard(program, server, tmp_path)
                assert program.end() == 0

        await asyncio.to_thread(go_round)
