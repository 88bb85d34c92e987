"""A long conversation in the window: the offer, the work, the mark, Undo, and by itself."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from desktop_app.domain.conversations.compaction import ProviderState
from desktop_app.domain.errors import ContextTooLongError, ProviderFaultError
from desktop_app.domain.spending.cost import Usage
from desktop_app.services.chat.prompt_assembly import SUMMARY_READ
from desktop_app.ui.widgets.text.card_text import CardText
from desktop_app.ui.window.cards import compaction_card
from desktop_app.ui.window.cards.compaction_card import CompactionCard
from desktop_app.ui.window.sent_text_dialog import SentTextDialog
from tests.gui.app.desk import Desk, PausableStore, until
from tests.gui.app.stage import Turn
from tests.helpers.widgets import find, timer_of

if TYPE_CHECKING:
    import pytest

    from desktop_app.services.chat.compaction_service import CompactionPlan
    from desktop_app.services.chat.send_context import SendContext

OPENAI = {"OPENAI_API_KEY": "sk-test"}
ITEMS = json.dumps(
    [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "first"}]},
        {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAA"},
    ]
)
STATE = ProviderState(ITEMS, Usage(input_tokens=100_000, output_tokens=9_000))


def bar(desk: Desk) -> CompactionCard | None:
    """Return the card above the prompt if it is visible."""
    found = desk.window.findChild(CompactionCard)
    return found if found is not None and found.isVisible() else None


def words(desk: Desk) -> str:
    shown = bar(desk)
    return "" if shown is None else shown.words


async def until_offered(desk: Desk) -> None:
    await until(lambda: "Not now" in shown_buttons(desk))


def shown_buttons(desk: Desk) -> list[str]:
    shown = bar(desk)
    buttons = [] if shown is None else shown.findChildren(QPushButton)
    return [b.text() for b in buttons if b.isVisible()]


async def turn(desk: Desk, question: str, used: int, answer: str = "So it is.") -> Turn:
    asked = await desk.ask(question)
    asked.end(answer, used)
    await desk.settled()
    return asked


async def long_conversation(desk: Desk) -> None:
    await turn(desk, "first", 90_000)
    await turn(desk, "second", 182_000)
    await turn(desk, "third", 220_000)


def sent(turn: Turn) -> list[str]:
    return [getattr(p, "text", "") for m in turn.request.messages for p in m.parts]


async def check_now(desk: Desk) -> None:
    """Let the controller check now if a compaction is due."""
    timer = timer_of(desk.controllers.compaction)
    timer.stop()
    timer.timeout.emit()
    await desk.written()


async def test_no_compaction_is_offered_before_the_window_is_nearly_full() -> None:
    async with Desk(environment=OPENAI) as desk:
        await turn(desk, "first", 200_000)
        await turn(desk, "second", 210_000)
        await check_now(desk)
        assert bar(desk) is None


async def test_a_compaction_by_the_provider_is_offered_marked_sent_and_undone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(compaction_card, "announce", lambda _card, words: said.append(words))
    async with Desk(environment=OPENAI) as desk:
        desk.stage.compacts = True
        await long_conversation(desk)
        await until_offered(desk)
        assert words(desk) == (
            "This conversation uses 220k of the 272k tokens that GPT-5.2 Thinking accepts. "
            "OpenAI (environment) will compact the first 182k tokens into a form only it can read. "
            "Messages stay visible here, and you can undo it. It costs $0.32 for input, $2.11 at "
            "most."
        )
        desk.click("compact")
        await until(lambda: "Compacting with GPT-5.2 Thinking" in words(desk))
        assert shown_buttons(desk) == ["Cancel"]
        offer, work = said
        assert offer.startswith("This conversation uses 220k")
        assert work == "Compacting with GPT-5.2 Thinking…"
        desk.stage.states.put_nowait(STATE)
        await until(lambda: "Compacted: 182k → 9k tokens" in desk.transcript)
        await desk.settled()
        assert bar(desk) is None
        assert "Only OpenAI (environment) can read it" in desk.transcript
        assert "first" in desk.transcript
        # The mark stands where it is: behind the second answer, before the third question.
        text = desk.transcript
        assert text.index("second") < text.index("Compacted") < text.index("third")
        await until(lambda: desk.window.header.context.text().startswith("9k"))
        assert "for the title and compaction" in desk.window.header.cost.toolTip()

        asked = await turn(desk, "fourth", 10_000)
        assert asked.request.state == ITEMS
        assert sent(asked) == ["third", "So it is.", "fourth"]

        desk.act("show-sent", 3)
        shown = desk.window.findChild(SentTextDialog)
        assert shown is not None
        assert "only OpenAI (environment) can read " in shown.note.text()
        assert shown.text.toPlainText() == "first"
        shown.close()

        desk.act("undo-compaction", 3)
        await until(lambda: "Compacted" not in desk.transcript)
        asked = await turn(desk, "fifth", 230_000)
        assert asked.request.state == ""
        assert len(sent(asked)) == 9


async def test_a_small_model_writes_a_summary_if_the_provider_does_not_compact() -> None:
    async with Desk(environment=OPENAI) as desk:
        await long_conversation(desk)
        await until_offered(desk)
        before = len(desk.stage.turns)
        desk.click("compact")
        await until(lambda: len(desk.stage.turns) > before)
        summing = desk.stage.turns[-1]
        assert summing.request.model == "gpt-5-mini"
        assert "GPT-5.2 Thinking" in words(desk) or "part 1 of 1" in words(desk)
        summing.end("They spoke of **two** things.")
        await until(lambda: "Compacted: 182k → " in desk.transcript)
        await desk.settled()
        asked = await turn(desk, "fourth", 9_000)
        assert "They spoke of **two** things." in sent(asked)[0]
        assert sent(asked)[1:] == [SUMMARY_READ, "third", "So it is.", "fourth"]
        rows = desk.stored("SELECT purpose, model FROM ledger WHERE purpose != 'answer'")
        assert rows == [("compaction", "gpt-5-mini")]
        # Asking the second question anew goes before the point: the messages themselves go.
        desk.act("retry", 3)
        await until(lambda: desk.stage.turns[-1] is not asked)
        assert sent(desk.stage.turns[-1]) == ["first", "So it is.", "second"]
        desk.stage.turns[-1].end("Again.", 95_000)
        await desk.settled()
        assert "Compacted" not in desk.transcript


async def test_the_mark_of_a_compaction_is_shown_after_a_restart() -> None:
    async with Desk(environment=OPENAI) as desk:
        desk.stage.compacts = True
        await long_conversation(desk)
        await until_offered(desk)
        desk.stage.states.put_nowait(STATE)
        desk.click("compact")
        await until(lambda: "Compacted" in desk.transcript)
        await desk.settled()
    async with Desk(environment=OPENAI) as desk:
        await until(lambda: "Compacted: 182k → 9k tokens" in desk.transcript)
        asked = await turn(desk, "fourth", 10_000)
        assert asked.request.state == ITEMS


async def test_a_declined_compaction_is_not_offered_again() -> None:
    async with Desk(environment=OPENAI) as desk:
        await long_conversation(desk)
        await until_offered(desk)
        desk.click("compact-not-now")
        assert bar(desk) is None
        await check_now(desk)
        assert bar(desk) is None
        assert QApplication.focusWidget() is desk.text


async def test_a_canceled_or_failed_compaction_changes_nothing() -> None:
    async with Desk(environment=OPENAI) as desk:
        desk.stage.compacts = True
        await long_conversation(desk)
        await until_offered(desk)
        desk.click("compact")
        await until(lambda: desk.stage.compacted)
        desk.click("compact-cancel")
        await desk.written()
        await until(lambda: "Cancel" not in shown_buttons(desk))
        assert desk.stored("SELECT count(*) FROM compactions") == [(0,)]
        desk.stage.compacts = False
        before = len(desk.stage.turns)
        desk.controllers.compaction.offer()
        await until_offered(desk)
        desk.click("compact")
        await until(lambda: len(desk.stage.turns) > before)
        desk.stage.turns[-1].fail(ProviderFaultError("It has a fault of its own."))
        await until(lambda: desk.said)
        assert desk.said == "It has a fault of its own."
        await desk.written()
        assert desk.stored("SELECT count(*) FROM compactions") == [(0,)]
        assert "Compacted" not in desk.transcript


async def test_the_command_offers_a_compaction_or_reports_that_none_is_possible() -> None:
    async with Desk(environment=OPENAI) as desk:
        desk.session.actions["conversation.compact"]()
        await until(lambda: "too short to compact" in desk.said)
        desk.session.actions["conversation.uncompact"]()
        await until(lambda: "isn’t compacted" in desk.said)
        await turn(desk, "first", 5_000)
        await turn(desk, "second", 6_000)
        desk.session.actions["conversation.compact"]()
        await until_offered(desk)
        desk.press(Qt.Key.Key_Space)  # the keyboard is on Compact
        await until(lambda: "Compacting" in words(desk))
        await until(lambda: desk.stage.turns[-1].request.model == "gpt-5-mini")
        desk.stage.turns[-1].end("Two things.")
        await until(lambda: "Compacted: 5." in desk.transcript)
        desk.session.actions["conversation.uncompact"]()
        await until(lambda: "Compacted" not in desk.transcript)
        await desk.settled()


async def test_a_late_plan_is_not_offered_in_another_conversation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Desk(environment=OPENAI) as desk:
        await long_conversation(desk)
        await until_offered(desk)
        service = desk.backend.compaction
        plan, is_planning, may_end = service.plan, asyncio.Event(), asyncio.Event()

        async def plan_late(context: SendContext) -> CompactionPlan | None:
            is_planning.set()
            await may_end.wait()
            return await plan(context)

        monkeypatch.setattr(service, "plan", plan_late)
        timer = timer_of(desk.controllers.compaction)
        timer.stop()
        timer.timeout.emit()
        await is_planning.wait()
        desk.session.actions["conversation.new"]()
        timer.stop()
        may_end.set()
        await desk.written()
        assert bar(desk) is None


async def test_no_compaction_is_offered_while_an_answer_streams() -> None:
    async with Desk(environment=OPENAI) as desk:
        await long_conversation(desk)
        await until_offered(desk)
        asked = await desk.ask("fourth")
        await until(lambda: bar(desk) is None)
        desk.controllers.compaction.offer()
        await until(lambda: "Wait for the response" in desk.said)
        asked.end("Yes.", 230_000)
        await desk.settled()
        assert desk.stage.compacted == []


async def test_a_question_waits_for_the_compaction() -> None:
    async with Desk(environment=OPENAI) as desk:
        desk.stage.compacts = True
        await long_conversation(desk)
        await until_offered(desk)
        desk.click("compact")
        await until(lambda: desk.stage.compacted)
        before = len(desk.stage.turns)
        desk.type("fourth")
        desk.enter()
        await until(lambda: desk.controllers.turns.is_beginning(desk.open_id))
        assert len(desk.stage.turns) == before
        desk.stage.states.put_nowait(STATE)
        await until(lambda: len(desk.stage.turns) > before)
        assert desk.stage.turns[-1].request.state == ITEMS
        desk.stage.turns[-1].end("Yes.", 10_000)
        await desk.settled()


async def test_an_automatic_compaction_precedes_the_next_question() -> None:
    async with Desk(environment=OPENAI) as desk:
        desk.stage.compacts = True
        await desk.state.values.set("answer.auto_compact", True)
        await long_conversation(desk)
        assert desk.stage.compacted == []  # reading costs nothing
        desk.stage.states.put_nowait(STATE)
        asked = await desk.ask("fourth")
        assert len(desk.stage.compacted) == 1
        assert asked.request.state == ITEMS
        asked.end("Yes.", 10_000)
        await desk.settled()
        assert "Compacted" in desk.transcript


async def test_a_question_that_does_not_fit_offers_a_compaction() -> None:
    async with Desk(environment=OPENAI) as desk:
        await turn(desk, "first", 200_000)
        await turn(desk, "second", 271_900)
        desk.text.setPlainText("more " * 60_000)
        desk.enter()
        await until(lambda: "Compact it" in desk.said)
        desk.press_action("Compact")
        await until_offered(desk)
        assert "Compact" in shown_buttons(desk)
        await desk.settled()


async def test_a_refusal_by_the_provider_offers_a_compaction() -> None:
    async with Desk(environment=OPENAI) as desk:
        await turn(desk, "first", 5_000)
        asked = await desk.ask("second")
        asked.fail(ContextTooLongError("Too long."))
        await desk.settled()
        assert "Compact" in desk.transcript
        desk.act("compact")
        await until_offered(desk)


async def test_a_conversation_deleted_during_a_compaction_stays_deleted() -> None:
    async with Desk(environment=OPENAI, disk=PausableStore) as desk:
        desk.stage.compacts = True
        await long_conversation(desk)
        await until_offered(desk)
        desk.click("compact")
        await until(lambda: desk.stage.compacted)
        desk.type("fourth")
        desk.enter()
        conversation = desk.open_id
        await until(lambda: desk.controllers.turns.is_beginning(conversation))
        desk.controllers.trash.delete_chosen()
        desk.stage.states.put_nowait(STATE)
        await until(lambda: not desk.controllers.turns.is_beginning(conversation))
        await desk.settled()
        assert len(desk.stage.turns) == 3
        assert desk.rows == []


# ---------------------------------------------------------------- titles


async def test_a_model_titles_conversations_once_it_is_enabled() -> None:
    async with Desk(environment=OPENAI) as desk:
        await desk.ask_and_answer("Why is the sky blue?", "Rayleigh.")
        assert len(desk.stage.turns) == 1  # off by default
        await desk.state.values.set("library.model_titles", True)
        desk.window.conversations.new_requested.emit()
        asked = await desk.ask("Why is the sea salty?")
        asked.end("Rivers.")
        await until(lambda: len(desk.stage.turns) == 3)
        assert desk.rows[0] == "Why is the sea salty?"
        naming = desk.stage.turns[2]
        assert naming.request.model == "gpt-5-nano"
        naming.end('**"Salt in the sea"**\nand more')
        await until(lambda: desk.rows[0] == "Salt in the sea")
        assert desk.window.windowTitle().startswith("Salt in the sea")
        assert desk.rows[1] == "Why is the sky blue?"
        await desk.settled()
        await desk.ask_and_answer("And lakes?", "They drain.")
        assert len(desk.stage.turns) == 4  # no title of the second answer
        assert desk.stored("SELECT title FROM conversations ORDER BY created_at")[-1] == (
            "Salt in the sea",
        )
        assert desk.stored("SELECT purpose FROM ledger").count(("title",)) == 1


async def test_several_answers_get_one_title() -> None:
    async with Desk(environment=OPENAI) as desk:
        await desk.state.values.set("library.model_titles", True)
        await desk.state.values.set("answer.candidates", 3)
        await desk.ask("Why is the sea salty?")
        await until(lambda: len(desk.stage.turns) == 3)
        for turn in list(desk.stage.turns):
            turn.end("Rivers.")
        await until(lambda: len(desk.stage.turns) == 4)
        desk.stage.turns[3].end("Salt in the sea")
        await until(lambda: desk.rows[0] == "Salt in the sea")
        await desk.settled()
        assert desk.stored("SELECT purpose FROM ledger").count(("title",)) == 1


async def test_a_title_of_the_user_is_kept() -> None:
    async with Desk(environment=OPENAI) as desk:
        await desk.state.values.set("library.model_titles", True)
        asked = await desk.ask("Why is the sea salty?")
        await desk.written()
        # Typed by the user, even if the words are those that the program had chosen.
        desk.window.conversations.renamed.emit(desk.open_id, "Why is the sea salty?")
        asked.end("Rivers.")
        await desk.settled()
        assert len(desk.stage.turns) == 1
        # Renamed while the small model writes: the user's title is kept.
        desk.window.conversations.new_requested.emit()
        asked = await desk.ask("Why is the sky blue?")
        asked.end("Rayleigh.")
        await until(lambda: len(desk.stage.turns) == 3)
        desk.window.conversations.renamed.emit(desk.open_id, "Mine too")
        desk.stage.turns[2].end("Blue sky")
        await desk.settled()
        assert desk.rows == ["Mine too", "Why is the sea salty?"]
        assert desk.stored("SELECT sum(title_is_automatic) FROM conversations") == [(0,)]


async def test_a_draft_does_not_prevent_a_title() -> None:
    async with Desk(environment=OPENAI) as desk:
        await desk.state.values.set("library.model_titles", True)
        desk.type("Why is the")
        desk.controllers.library.open_fresh()
        await until(lambda: desk.rows == ["Why is the"])
        await desk.written()
        desk.window.conversations.open_requested.emit(
            desk.stored("SELECT id FROM conversations")[0][0]
        )
        await until(lambda: desk.window.prompt.text() == "Why is the")
        asked = await desk.ask("Why is the sea salty?")
        asked.end("Rivers.")
        await until(lambda: len(desk.stage.turns) == 2)
        desk.stage.turns[1].end("Salt in the sea")
        await until(lambda: desk.rows == ["Salt in the sea"])
        await desk.settled()


async def test_a_failed_title_is_not_reported() -> None:
    async with Desk(environment=OPENAI) as desk:
        await desk.state.values.set("library.model_titles", True)
        asked = await desk.ask("Why is the sea salty?")
        asked.end("Rivers.")
        await until(lambda: len(desk.stage.turns) == 2)
        desk.stage.turns[1].fail(ProviderFaultError("It failed."))
        await desk.settled()
        assert desk.said == ""
        assert desk.rows == ["Why is the sea salty?"]


async def compacted(desk: Desk) -> None:
    desk.stage.compacts = True
    await long_conversation(desk)
    await until_offered(desk)
    desk.stage.states.put_nowait(STATE)
    desk.click("compact")
    await until(lambda: "Compacted" in desk.transcript)
    await desk.settled()


async def test_escape_cancels_a_compaction() -> None:
    async with Desk(environment=OPENAI) as desk:
        desk.stage.compacts = True
        await long_conversation(desk)
        await until_offered(desk)
        desk.click("compact")
        await until(lambda: desk.stage.compacted)
        desk.press(Qt.Key.Key_Escape)
        await until(lambda: "Cancel" not in shown_buttons(desk))
        assert desk.stored("SELECT count(*) FROM compactions") == [(0,)]


async def test_the_marks_actions_are_reached_by_keyboard() -> None:
    async with Desk(environment=OPENAI) as desk:
        await compacted(desk)
        desk.session.actions["conversation.show-sent"]()
        shown = desk.window.findChild(SentTextDialog)
        assert shown is not None
        assert shown.text.toPlainText() == "first"
        shown.close()
        view = desk.window.transcript
        view.setFocus(Qt.FocusReason.TabFocusReason)
        for _ in range(40):
            stop = QApplication.focusWidget() or view
            assert stop is view or view.isAncestorOf(stop)
            if stop.objectName() == "message-undo-compaction":
                break
            QTest.keyClick(stop, Qt.Key.Key_Tab)
        QTest.keyClick(stop, Qt.Key.Key_Return)
        await until(lambda: "Compacted" not in desk.transcript)


async def test_return_presses_the_focused_button_of_the_card() -> None:
    async with Desk(environment=OPENAI) as desk:
        await long_conversation(desk)
        await until_offered(desk)
        shown = bar(desk)
        assert shown is not None
        shown.decline_button.setFocus()
        await until(shown.decline_button.hasFocus)
        QTest.keyClick(shown.decline_button, Qt.Key.Key_Return)
        await until(lambda: "Not now" not in shown_buttons(desk))


async def test_the_card_is_not_cut_off_in_a_small_window_with_large_text() -> None:
    async with Desk(environment=OPENAI) as desk:
        desk.theme.set_text_size(200)
        await until(desk.window.updatesEnabled)
        desk.window.setMinimumSize(0, 0)  # as on a screen of that size
        desk.window.resize(640, 480)
        await long_conversation(desk)
        await until_offered(desk)
        shown, prompt = bar(desk), desk.window.prompt
        assert shown is not None
        (text,) = shown.findChildren(CardText)
        await until(lambda: prompt.height() >= prompt.minimumSizeHint().height())
        assert text.height() < needed(text)  # the rest is scrolled to
        assert text.height() >= 2 * text.fontMetrics().lineSpacing()
        assert text.focusPolicy() == Qt.FocusPolicy.TabFocus
        assert text.geometry().bottom() < shown.compact_button.geometry().top()
        assert shown.compact_button.geometry().bottom() < shown.height()
        assert not find(prompt, QLabel, "hint").isVisible()
        desk.window.resize(1280, 1000)
        await until(lambda: text.height() == needed(text))
        assert find(prompt, QLabel, "hint").isVisible()


def needed(text: CardText) -> int:
    """Return the height that a card's words need."""
    return text.column.heightForWidth(text.viewport().width())


async def test_a_conversation_renamed_during_a_compaction_keeps_its_name() -> None:
    async with Desk(environment=OPENAI) as desk:
        desk.stage.compacts = True
        await long_conversation(desk)
        await until_offered(desk)
        desk.click("compact")
        await until(lambda: desk.stage.compacted)
        desk.type("fourth")
        desk.enter()
        conversation = desk.open_id
        await until(lambda: desk.controllers.turns.is_beginning(conversation))
        desk.controllers.conversation_titles.rename(conversation, "Mine")
        await until(lambda: desk.stored("SELECT title FROM conversations") == [("Mine",)])
        desk.stage.states.put_nowait(STATE)
        (await desk.turn(3)).end("Done")
        await desk.settled()
        assert desk.stored("SELECT title FROM conversations") == [("Mine",)]
        assert desk.rows == ["Mine"]
