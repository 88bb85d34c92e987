"""Answers of several models side by side: chosen, streamed, stopped, retried, marked, kept."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCharFormat
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from shiboken6 import isValid

from desktop_app.backend.environment_profiles import OPENAI
from desktop_app.domain.answering.stream_events import Completed, ImageArrived, UsageReported
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.errors import NetworkError
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.spending.cost import Usage
from desktop_app.services.chat.chat_service import ChatService
from desktop_app.ui.comparison.compare_dialog import CompareDialog
from desktop_app.ui.comparison.comparison_window import ComparisonWindow
from desktop_app.ui.transcript.media.message_images import MessageImages
from desktop_app.ui.window.cards.temporary_bar import TemporaryBar
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.pictures import drawing, packed

if TYPE_CHECKING:
    import pytest

    from tests.gui.app.scripted_providers import Turn

_W = TypeVar("_W", bound=QWidget)

COMET = {"COMETAPI_KEY": "sk-comet"}


async def shown(kind: type[_W]) -> _W:
    """Return the visible window of a class."""
    found: list[_W] = []

    def is_there() -> bool:
        found[:] = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind)]
        return bool(found) and found[-1].isVisible()

    await until(is_there)
    return found[-1]


def windows() -> list[QWidget]:
    """Return the visible comparisons."""
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, ComparisonWindow)]
    return [window for window in found if window.isVisible()]


async def compare(app: AppHarness, count: int = 2, question: str = "Why?") -> list[Turn]:
    """Ask several models, and return the request to each."""
    await until(lambda: app.controllers.composer.choices.models)
    app.type(question)
    app.window.prompt.row.comparison_requested.emit()
    dialog = await shown(CompareDialog)
    for _ in range(count - 2):
        dialog.add_button.click()
    before = len(app.providers.turns)
    dialog.compare_button.click()
    await until(lambda: len(app.providers.turns) == before + count)
    await shown(ComparisonWindow)
    return app.providers.turns[before:]


async def test_models_answer_side_by_side_and_one_is_kept() -> None:
    async with AppHarness(environment=COMET) as app:
        first, second, third = await compare(app, 3)
        window = await shown(ComparisonWindow)
        assert len({turn.request.model for turn in (first, second, third)}) == 3
        assert [column.facts for column in window.columns] == ["Waiting"] * 3
        first.say("It is blue.")
        second.say("It was")
        texts = [column.transcript for column in window.columns]
        await until(lambda: "It is blue." in texts[0].toPlainText())
        await until(lambda: "It was" in texts[1].toPlainText())
        assert window.columns[0].facts.startswith("Responding · first token ")
        first.give(UsageReported(Usage(1000, 0, 400)), Completed())
        second.end(" blue.")
        third.end("Blue, it is.")
        await app.settled()
        assert window.columns[0].facts.startswith("Complete · first token ")
        assert "1,400 tokens · $" in window.columns[0].facts
        assert not window.columns[1].stop_button.isVisible()
        assert "It is blue." in app.transcript  # until another is kept
        before = app.stored("SELECT model FROM conversations")
        window.columns[1].keep_button.click()
        await until(lambda: "It was blue." in app.transcript)
        assert "2/3" in app.transcript
        await until(lambda: not windows())
        assert app.stored("SELECT model FROM conversations") == before
        assert app.state.current.conversation.choice.model == before[0][0]


async def test_closing_the_window_loses_nothing() -> None:
    async with AppHarness(environment=COMET) as app:
        first, second = await compare(app)
        first.say("Half")
        second.say("Whole")
        window = await shown(ComparisonWindow)
        await until(lambda: "Whole" in window.columns[1].transcript.toPlainText())
        QTest.keyClick(window, Qt.Key.Key_Escape)
        await until(lambda: not windows())
        first.end(" of it")
        second.end(" of it")
        await app.settled()
        assert app.messages()[1:] == [
            ("assistant", "complete", "Half of it"),
            ("assistant", "complete", "Whole of it"),
        ]
        app.controllers.conversation.comparison.show_versions()
        again = await shown(ComparisonWindow)
        await until(lambda: "Whole of it" in again.columns[1].transcript.toPlainText())
        await until(lambda: "first token" in again.columns[1].facts)


async def test_versions_of_the_focused_answer_are_shown() -> None:
    async with AppHarness() as app:
        for question, answers in (("One?", ("First", "Second")), ("Two?", ("Third", "Fourth"))):
            await app.ask_and_answer(question, answers[0])
            app.act("retry")
            (await app.turn(len(app.providers.turns))).end(answers[1])
            await app.settled()
        app.window.transcript.reading.read_at(app.state.current.path[1].id, -1)
        app.controllers.conversation.comparison.show_versions()
        window = await shown(ComparisonWindow)
        await until(lambda: "First" in window.columns[0].transcript.toPlainText())
        assert "Second" in window.columns[1].transcript.toPlainText()


async def test_a_column_is_stopped_alone_and_a_failed_one_is_retried() -> None:
    async with AppHarness(environment=COMET) as app:
        first, second, third = await compare(app, 3)
        window = await shown(ComparisonWindow)
        second.say("Half")
        await until(lambda: "Half" in window.columns[1].transcript.toPlainText())
        window.columns[1].stop_button.click()
        await until(lambda: second.closed)
        third.fail(NetworkError("No connection."))
        await until(lambda: window.columns[2].facts.startswith("Failed"))
        await until(lambda: window.columns[1].facts.startswith("Stopped"))
        assert not first.closed
        window.columns[2].retry_button.click()
        again = await app.turn(3)
        assert again.request.model == third.request.model
        again.end("At last.")
        await until(lambda: "At last." in window.columns[2].transcript.toPlainText())
        window.stop_all_button.click()
        await app.settled()
        statuses = [status for _, status, _ in app.messages()[1:]]
        assert statuses == ["cancelled", "cancelled", "failed", "complete"]
        assert "1/4" in app.transcript  # retrying does not change the version that is shown


async def test_differences_are_marked_in_words_and_underlined() -> None:
    async with AppHarness(environment=COMET) as app:
        first, second = await compare(app)
        window = await shown(ComparisonWindow)
        assert not window.marks_button.isEnabled()
        first.end("The sky **is** blue.\n\n- one\n- two\n")
        second.end("The sky **was** blue.\n\n- one\n- three four\n")
        await app.settled()
        window.marks_button.click()
        await until(lambda: "words differ" in window.columns[1].facts)
        assert window.columns[0].facts.endswith("2 words differ")
        assert window.columns[1].facts.endswith("3 words differ")
        marked = [
            [mark.cursor.selectedText() for mark in column.transcript.extraSelections()]
            for column in window.columns
        ]
        assert marked == [["is", "two"], ["was", "three four"]]
        marks = window.columns[0].transcript.extraSelections()
        styles = [mark.format.underlineStyle() for mark in marks]
        assert styles == [QTextCharFormat.UnderlineStyle.DashUnderline] * 2
        window.marks_button.click()
        assert not window.columns[0].transcript.extraSelections()
        assert "differ" not in window.columns[0].facts


async def test_an_answer_that_is_retried_is_marked_when_it_has_ended() -> None:
    async with AppHarness(environment=COMET) as app:
        first, second = await compare(app)
        window = await shown(ComparisonWindow)
        first.end("It is blue.")
        second.say("It was")
        await until(lambda: "It was" in window.columns[1].transcript.toPlainText())
        second.fail(NetworkError("No connection."))
        await app.settled()
        window.marks_button.click()
        await until(lambda: window.columns[1].facts.endswith("1 word differs"))
        window.columns[1].retry_button.click()
        again = await app.turn(2)
        await until(lambda: window.columns[1].is_streaming)
        for column in window.columns:
            assert "differ" not in column.facts
            assert not column.transcript.extraSelections()
        again.say("It is gray and")
        await until(lambda: "gray" in window.columns[1].transcript.toPlainText())
        assert "differ" not in window.columns[1].facts
        again.end(" blue.")
        await until(lambda: window.columns[1].facts.endswith("2 words differ"))
        assert window.columns[0].facts.endswith("0 words differ")


async def test_a_narrow_window_shows_tabs_and_keys_switch_between_them() -> None:
    async with AppHarness(environment=COMET) as app:
        turns = await compare(app, 3)
        window = await shown(ComparisonWindow)
        window.resize(1200, 600)
        assert all(column.isVisible() for column in window.columns)
        assert not window.tabs.isVisible()
        window.resize(800, 450)  # three columns would hold two or three words a line
        assert window.tabs.isVisible()
        window.resize(600, 450)
        assert window.tabs.isVisible()
        assert [column.isVisible() for column in window.columns] == [True, False, False]
        window.activateWindow()
        await until(window.isActiveWindow)
        QTest.keyClick(window, Qt.Key.Key_F6)
        await until(lambda: window.columns[1].isVisible())
        assert window.columns[1].transcript.hasFocus()
        window.tabs.button("2").click()
        await until(lambda: window.columns[2].isVisible())
        for number, turn in enumerate(turns):
            turn.end(f"Answer {number}")
        await app.settled()
        await until(window.isActiveWindow)
        QTest.keyClick(
            window,
            Qt.Key.Key_S,
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
        )
        await until(lambda: "Answer 2" in app.transcript)


async def test_a_comparison_needs_a_message() -> None:
    async with AppHarness(environment=COMET) as app:
        await until(lambda: app.controllers.composer.choices.models)
        app.controllers.conversation.compared_models.choose_models()
        assert "Type a message" in app.said


async def test_the_chosen_models_are_offered_again() -> None:
    async with AppHarness(environment=COMET) as app:
        await until(lambda: app.controllers.composer.choices.models)
        app.type("Why?")
        app.controllers.conversation.compared_models.choose_models()
        dialog = await shown(CompareDialog)
        dialog.add_button.click()
        rows = len(dialog.rows)
        dialog.reject()
        app.controllers.conversation.compared_models.choose_models()
        again = await shown(CompareDialog)
        assert rows == len(again.rows) == 3


async def test_costs_that_are_being_counted_are_not_called_unknown() -> None:
    async with AppHarness(environment=COMET) as app:
        await until(lambda: app.controllers.composer.choices.models)
        app.type("Why?")
        app.controllers.conversation.compared_models.choose_models()
        dialog = await shown(CompareDialog)
        total = dialog.findChild(QLabel, "compare-total")
        assert isinstance(total, QLabel)
        assert total.text() == "Counting…"
        await until(lambda: total.text().startswith("Total: up to $"))
        dialog.reject()


async def test_the_last_question_is_compared_again() -> None:
    async with AppHarness(environment=COMET) as app:
        await app.ask_and_answer("Why?", "Because.")
        turns = await compare(app, 2, question="")
        for turn in turns:
            assert turn.asked == "Why?"
            turn.end("So.")
        await app.settled()
        assert "2/3" in app.transcript


async def test_a_comparison_in_a_temporary_conversation_is_not_stored() -> None:
    async with AppHarness(environment=COMET) as app:
        app.controllers.conversation.temporary.open()
        first, second = await compare(app)
        first.say("Secret.")
        window = await shown(ComparisonWindow)
        await until(lambda: "Secret." in window.columns[0].transcript.toPlainText())
        app.window.findChildren(TemporaryBar)[0].close_button.click()
        app.window.findChildren(TemporaryBar)[0].forget_button.click()
        await until(lambda: not windows())
        await app.settled()
        assert first.closed
        assert second.closed
        assert app.messages() == []


async def test_a_refused_model_sends_nothing_and_says_why() -> None:
    async with AppHarness(environment=COMET) as app:
        await until(lambda: app.controllers.composer.choices.models)
        app.window.prompt.set_text("word " * 5000)
        await app.backend.settings.save_profile(replace(OPENAI, monthly_cap=Decimal("0.001")))
        await app.state.providers.reload()
        chosen = [ModelChoice(OPENAI.id, "", v) for v in (Variant.THINKING, Variant.PRO)]
        app.controllers.conversation.compared_models.compare_requested.emit(chosen)
        await until(lambda: app.said)
        assert "limit" in app.said
        assert (app.providers.turns, app.messages(), windows()) == ([], [], [])
        assert app.text.toPlainText().startswith("word")


async def test_an_image_is_shown_in_its_column() -> None:
    async with AppHarness(environment=COMET) as app:
        first, second = await compare(app)
        window = await shown(ComparisonWindow)
        first.end("None.")
        picture = packed(drawing(), "PNG")
        second.give(ImageArrived(picture))
        second.end()
        await app.settled()
        view = window.columns[1].transcript
        await until(lambda: "image.png" in view.toPlainText())
        view.viewport().grab()
        (images,) = view.findChildren(MessageImages)
        await until(lambda: images.has_image(hashlib.sha256(picture).hexdigest()))
        window.close()


def delay_retries(monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, asyncio.Event]:
    """Let retries wait until the second event; the first is set when one waits."""
    begin_again = ChatService.begin_another_answer
    has_begun, may_begin = asyncio.Event(), asyncio.Event()

    async def begin_late(*arguments: Any) -> Any:
        has_begun.set()
        await may_begin.wait()
        return await begin_again(*arguments)

    monkeypatch.setattr(ChatService, "begin_another_answer", begin_late)
    return has_begun, may_begin


async def retry_second(app: AppHarness) -> ComparisonWindow:
    """Compare two models, of which the second fails, and retry it."""
    first, second = await compare(app)
    first.end("Blue.")
    second.fail(NetworkError("No connection."))
    window = await shown(ComparisonWindow)
    await app.settled()
    window.columns[1].retry_button.click()
    return window


async def test_changes_of_the_conversation_while_a_retry_begins_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    has_begun, may_begin = delay_retries(monkeypatch)
    async with AppHarness(environment=COMET) as app:
        window = await retry_second(app)
        await has_begun.wait()
        app.controllers.sidebar.list_presenter.rename(app.open_id, "Mine")
        app.session.actions["conversation.pin"]()
        chosen = replace(app.state.current.conversation.choice, effort=Effort.LOW)
        app.state.setup.choose(chosen)
        may_begin.set()
        (await app.turn(2)).end("At last.")
        await app.settled()
        stored = app.stored("SELECT title, pinned, effort FROM conversations")
        assert stored == [("Mine", 1, "low")]
        assert app.state.current.conversation.choice == chosen
        assert "Blue." in app.transcript
        window.close()


async def test_a_window_that_is_closed_while_a_retry_begins_loses_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    has_begun, may_begin = delay_retries(monkeypatch)
    async with AppHarness(environment=COMET) as app:
        window = await retry_second(app)
        await has_begun.wait()
        window.close()
        await until(lambda: not isValid(window))
        may_begin.set()
        again = await app.turn(2)
        again.end("At last.")
        await app.settled()
        assert app.messages()[-1] == ("assistant", "complete", "At last.")
        assert not app.said
