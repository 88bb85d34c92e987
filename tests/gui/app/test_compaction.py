"""A long conversation in the window: the offer, the work, the mark, Undo, and automatically."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel, QPlainTextEdit, QPushButton

from desktop_app.chat import titles
from desktop_app.chat.prompt_assembly import SUMMARY_READ
from desktop_app.chat.ui.compaction_controller import CompactionController
from desktop_app.domain.conversations.compaction import ProviderState
from desktop_app.domain.cost import Usage
from desktop_app.domain.errors import ProviderFaultError
from desktop_app.widgets.cards import notifications
from tests.gui.app.app_harness import AppHarness, until

if TYPE_CHECKING:
    from tests.gui.app.scripted_providers import Turn

OPENAI = {"OPENAI_API_KEY": "sk-test"}
ITEMS = json.dumps(
    [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "first"}]},
        {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAA"},
    ]
)
STATE = ProviderState(ITEMS, Usage(input_tokens=100_000, output_tokens=9_000))


async def until_offered(app: AppHarness) -> None:
    await until(lambda: "Not now" in shown_buttons(app))


def shown_buttons(app: AppHarness) -> list[str]:
    buttons = app.window.notifications.findChildren(QPushButton)
    return [button.text() for button in buttons if button.isVisible()]


async def turn(app: AppHarness, question: str, used: int, answer: str = "So it is.") -> Turn:
    asked = await app.ask(question)
    asked.end(answer, used)
    await app.settled()
    return asked


async def long_conversation(app: AppHarness) -> None:
    await turn(app, "first", 90_000)
    await turn(app, "second", 182_000)
    await turn(app, "third", 220_000)


def sent(turn: Turn) -> list[str]:
    return [getattr(p, "text", "") for m in turn.request.messages for p in m.parts]


async def test_a_compaction_by_the_provider_is_offered_marked_sent_and_undone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(notifications, "announce", lambda _card, words: said.append(words))
    async with AppHarness(environment=OPENAI) as app:
        app.providers.compacts = True
        await long_conversation(app)
        await until_offered(app)
        assert app.said == (
            "This conversation uses 220k of the 272k tokens that GPT-5.2 Thinking accepts. "
            "OpenAI (environment) will compact the first 182k tokens into a form only it can read. "
            "Messages stay visible here, and you can undo it. It costs $0.32 for input, $2.11 at "
            "most."
        )
        app.press_action("Compact")
        await until(lambda: "Compacting with GPT-5.2 Thinking" in app.said)
        assert shown_buttons(app) == ["Cancel"]
        offer, work = said[-2:]
        assert offer.startswith("This conversation uses 220k")
        assert work == "Compacting with GPT-5.2 Thinking…"
        assert len([text for text in said if text.startswith("This conversation uses")]) == 1
        app.providers.states.put_nowait(STATE)
        await until(lambda: "Compacted: 182k → 9k tokens" in app.transcript)
        await app.settled()
        assert not app.said
        assert "Only OpenAI (environment) can read it" in app.transcript
        assert "first" in app.transcript
        # The mark stands where it is: behind the second answer, before the third question.
        text = app.transcript
        assert text.index("second") < text.index("Compacted") < text.index("third")
        await until(lambda: app.window.header.context.text().startswith("9k"))
        assert "for the title and compaction" in app.window.header.title.toolTip()

        asked = await turn(app, "fourth", 10_000)
        assert asked.request.state == ITEMS
        assert sent(asked) == ["third", "So it is.", "fourth"]

        app.act("show-sent", 3)
        shown = app.window.findChild(QDialog, "sent-text")
        note = shown.findChild(QLabel, "sent-text-note").text()
        assert "only OpenAI (environment) can read " in note
        assert shown.findChild(QPlainTextEdit).toPlainText() == "first"
        shown.close()

        app.act("undo-compaction", 3)
        await until(lambda: "Compacted" not in app.transcript)
        asked = await turn(app, "fifth", 230_000)
        assert asked.request.state == ""
        assert len(sent(asked)) == 9


@pytest.mark.slow
async def test_a_small_model_writes_a_summary_if_the_provider_does_not_compact() -> None:
    async with AppHarness(environment=OPENAI) as app:
        await long_conversation(app)
        await until_offered(app)
        before = len(app.providers.turns)
        app.press_action("Compact")
        await until(lambda: len(app.providers.turns) > before)
        summing = app.providers.turns[-1]
        assert summing.request.model == "gpt-6-luna"
        await until(lambda: "part 1 of 1" in app.said)
        summing.end("They spoke of **two** things.")
        await until(lambda: "Compacted: 182k → " in app.transcript)
        await app.settled()
        asked = await turn(app, "fourth", 9_000)
        assert "They spoke of **two** things." in sent(asked)[0]
        assert sent(asked)[1:] == [SUMMARY_READ, "third", "So it is.", "fourth"]
        rows = app.stored("SELECT purpose, model FROM ledger WHERE purpose != 'answer'")
        assert rows == [("compaction", "gpt-6-luna")]
        # Asking the second question again goes before the point: the messages themselves go.
        app.act("retry", 3)
        await until(lambda: app.providers.turns[-1] is not asked)
        assert sent(app.providers.turns[-1]) == ["first", "So it is.", "second"]
        app.providers.turns[-1].end("Again.", 95_000)
        await app.settled()
        assert "Compacted" not in app.transcript


async def test_a_compaction_is_offered_canceled_and_automatic() -> None:
    async with AppHarness(environment=OPENAI) as app:
        # The command offers a compaction or reports that none is possible.
        app.session.actions["conversation.compact"].trigger()
        await until(lambda: "too short to compact" in app.said)
        app.session.actions["conversation.uncompact"].trigger()
        await until(lambda: "isn’t compacted" in app.said)
        await turn(app, "first", 5_000)
        await turn(app, "second", 6_000)
        app.session.actions["conversation.compact"].trigger()
        await until_offered(app)
        app.press(Qt.Key.Key_Space)  # the keyboard is on Compact
        await until(lambda: "Compacting" in app.said)
        await until(lambda: app.providers.turns[-1].request.model == "gpt-6-luna")
        app.providers.turns[-1].end("Two things.")
        await until(lambda: "Compacted: 5." in app.transcript)
        app.session.actions["conversation.uncompact"].trigger()
        await until(lambda: "Compacted" not in app.transcript)
        await app.settled()

        # A canceled or failed compaction changes nothing.
        await app.start_over()
        app.providers.compacts = True
        await long_conversation(app)
        await until_offered(app)
        app.press_action("Compact")
        await until(lambda: app.providers.compacted)
        app.press_action("Cancel")
        await app.written()
        await until(lambda: "Cancel" not in shown_buttons(app))
        assert app.stored("SELECT count(*) FROM compactions") == [(0,)]
        app.providers.compacts = False
        before = len(app.providers.turns)
        app.controllers.of(CompactionController).offer()
        await until_offered(app)
        app.press_action("Compact")
        await until(lambda: len(app.providers.turns) > before)
        app.providers.turns[-1].fail(ProviderFaultError("It has a fault of its own."))
        await until(lambda: app.said == "It has a fault of its own.")
        await app.written()
        assert app.stored("SELECT count(*) FROM compactions") == [(0,)]
        assert "Compacted" not in app.transcript

        # An automatic compaction precedes the next question.
        await app.start_over()
        app.providers.compacts = True
        await app.state.values.set("answer.auto_compact", True)
        await long_conversation(app)
        assert app.providers.compacted == []  # only the next question needs it
        app.providers.states.put_nowait(STATE)
        asked = await app.ask("fourth")
        assert len(app.providers.compacted) == 1
        assert asked.request.state == ITEMS
        asked.end("Yes.", 10_000)
        await app.settled()
        assert "Compacted" in app.transcript


@pytest.mark.slow
async def test_a_question_waits_for_the_compaction() -> None:
    async with AppHarness(environment=OPENAI) as app:
        app.providers.compacts = True
        await long_conversation(app)
        await until_offered(app)
        app.press_action("Compact")
        await until(lambda: app.providers.compacted)
        before = len(app.providers.turns)
        app.type("fourth")
        app.enter()
        await until(lambda: app.open_id in app.controllers.running.beginning_ids)
        assert len(app.providers.turns) == before
        app.providers.states.put_nowait(STATE)
        await until(lambda: len(app.providers.turns) > before)
        assert app.providers.turns[-1].request.state == ITEMS
        app.providers.turns[-1].end("Yes.", 10_000)
        await app.settled()


@pytest.mark.slow
async def test_a_question_that_does_not_fit_offers_a_compaction() -> None:
    async with AppHarness(environment=OPENAI) as app:
        await turn(app, "first", 200_000)
        await turn(app, "second", 271_900)
        app.text.setPlainText("more " * 60_000)
        app.enter()
        await until(lambda: "Compact it" in app.said)
        app.press_action("Compact")
        await until_offered(app)
        assert "Compact" in shown_buttons(app)
        await app.settled()


# ---------------------------------------------------------------- titles


async def test_a_small_model_titles_conversations_unless_it_is_turned_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(titles, "MAX_COST", Decimal("0.01"))
    async with AppHarness(environment=OPENAI) as app:
        await app.state.values.set("library.model_titles", False)
        await app.ask_and_answer("Could you tell why the sky is blue? I wonder.", "Rayleigh.")
        assert len(app.providers.turns) == 1
        await until(lambda: app.rows == ["Tell why the sky is blue?"])
        await app.state.values.set("library.model_titles", True)
        app.new_conversation()
        asked = await app.ask("Why is the sea salty?")
        asked.end("Rivers.")
        await until(lambda: len(app.providers.turns) == 3)
        assert app.rows[0] == "Why is the sea salty?"
        naming = app.providers.turns[2]
        assert naming.request.model == "gpt-6-luna"
        naming.end('**"Salt in the sea"**\nand more')
        await until(lambda: app.rows[0] == "Salt in the sea")
        assert app.window.windowTitle().startswith("Salt in the sea")
        assert app.rows[1] == "Tell why the sky is blue?"
        await app.settled()
        await app.ask_and_answer("And lakes?", "They drain.")
        assert len(app.providers.turns) == 4  # no title of the second answer
        assert app.stored("SELECT title FROM conversations ORDER BY created_at")[-1] == (
            "Salt in the sea",
        )
        assert app.stored("SELECT purpose FROM ledger").count(("title",)) == 1
