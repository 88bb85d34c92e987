"""The transcript as a screen reader sees it: every word, including folds and tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.backend.backend import Backend
from desktop_app.domain.conversations.conversation import Conversation, MessageStatus, new_id, now
from desktop_app.domain.conversations.message_parts import ToolCallPart
from tests.end2end.program import AssistiveClient, Program, wait_for
from tests.end2end.test_hotkey import press
from tests.helpers.blocking import blocking
from tests.helpers.messages import CHOICE, answer, question

LINES = "".join(f"line_{number} = {number}\n" for number in range(60))
SAID = (
    f"Before.\n\n```py\n{LINES}```\n\n| Head | Other |\n|---|---|\n| one | two |\n\nThe $x^2$ end."
)


@blocking
async def keep_a_conversation() -> None:
    backend = Backend(environment={})
    await backend.database.open()
    try:
        conversation = Conversation(new_id(), "Kept", now(), now(), CHOICE)
        asked = replace(question("The question"), conversation_id=conversation.id)
        said = replace(answer(SAID), conversation_id=conversation.id, parent_id=asked.id)
        said = replace(said, parts=(*said.parts, ToolCallPart("1", "weather", "{}")))
        streaming = replace(said, status=MessageStatus.STREAMING)
        await backend.conversations.begin_turn(conversation, asked, streaming)
        await backend.conversations.save_answer(said)
        await backend.settings.set("window.conversation", conversation.id)
    finally:
        await backend.aclose()


def test_every_word_is_there(
    client: AssistiveClient, repartee_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPARTEE_HOME", str(repartee_home))
    keep_a_conversation()
    with Program(repartee_home, client) as program:
        text = program.wait_for_text("transcript", lambda text: "end." in text)
        for words in (
            "The question",
            "Before.",
            "line_0 = 0",
            "line_59 = 59",
            "Head",
            "two",
            "x^2",
        ):
            assert words in text, words
        assert not {"\ufdd0", "\ufdd1"} & set(text)
        assert "Show 42 more lines" in text
        text = program.wait_for_text("transcript", lambda text: " x^2" in text)
        assert "Use “weather” · Not run" in text
        name = "Show 42 more lines"
        wait_for(lambda: name in [shown for _, shown, _ in program.names()], name)
        assert not set("\u2061\u2062\u2063\ufffc") & set(text), "braille spells them out"
        heard = {(role, name) for _, name, role in program.names()}
        assert ("list", "Transcript") in heard
        for expected in (
            ("table", "Table with 2 rows and 2 columns"),
            ("table column header", "Head"),
            ("table cell", "two"),
            ("section", "py code, 60 lines"),
            ("push button", "New conversation"),
            ("list", "Conversations"),
            ("text", "Message"),
        ):
            assert expected in heard, expected
        assert any(
            role == "list item" and name.startswith("Your message, ") for role, name in heard
        )
        program.do("press", "open-settings")
        program.do_named("press", "Advanced", "push button")
        section = "Models on this computer"
        program.do_named("toggle", section, "push button")
        state = f"{section}, expanded"
        wait_for(lambda: state in [shown for _, shown, _ in program.names()], state)
        assert program.quit() == 0


@pytest.mark.usefixtures("window_manager")
def test_a_list_that_gets_the_focus_says_its_row_last(
    client: AssistiveClient, repartee_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPARTEE_HOME", str(repartee_home))
    keep_a_conversation()
    with Program(repartee_home, client) as program:
        wait_for(lambda: program.has("prompt", "focused"), "the focus")
        press("F6")
        heard = program.wait_to_hear("Conversations, list")
        if heard[-1] != "Kept, Today, list item":
            program.wait_to_hear("Kept, Today, list item")
