"""Answers of several models side by side: chosen, streamed, stopped, retried, marked, kept."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from desktop_app.chat.ui.chat_controller import ChatController
from desktop_app.chat.ui.comparison.compare_dialog import CompareDialog
from desktop_app.chat.ui.comparison.comparison_controller import ComparisonController
from desktop_app.chat.ui.comparison.comparison_window import ComparisonWindow
from desktop_app.composer.available_models import AvailableModels
from desktop_app.domain.answering.stream_events import Completed, UsageReported
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.cost import Usage
from desktop_app.domain.errors import NetworkError
from desktop_app.domain.models.variants import Variant
from desktop_app.providers.gateway.environment_profiles import OPENAI
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.transcript_views import shown_text

if TYPE_CHECKING:
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
    await until(lambda: app.controllers.of(AvailableModels).models)
    app.type(question)
    app.window.prompt.row.model_button.comparison_requested.emit()
    dialog = await shown(CompareDialog)
    for _ in range(count - 2):
        dialog.add_button.click()
    before = len(app.providers.turns)
    dialog.compare_button.click()
    await until(lambda: len(app.providers.turns) == before + count)
    await shown(ComparisonWindow)
    return app.providers.turns[before:]


async def test_models_answer_side_by_side_and_lose_nothing() -> None:
    async with AppHarness(environment=COMET) as app:
        # Closing the window loses nothing.
        first, second = await compare(app)
        first.say("Half")
        second.say("Whole")
        window = await shown(ComparisonWindow)
        await until(lambda: "Whole" in shown_text(window.columns[1].transcript))
        QTest.keyClick(window, Qt.Key.Key_Escape)
        await until(lambda: not windows())
        first.end(" of it")
        second.end(" of it")
        await app.settled()
        assert app.messages()[1:] == [
            ("assistant", "complete", "Half of it"),
            ("assistant", "complete", "Whole of it"),
        ]
        app.controllers.of(ComparisonController).show_versions()
        again = await shown(ComparisonWindow)
        await until(lambda: "Whole of it" in shown_text(again.columns[1].transcript))
        await until(lambda: "first token" in again.columns[1].facts)
        again.close()

        # Models answer side by side and one is kept.
        await app.start_over()
        first, second, third = await compare(app, 3)
        window = await shown(ComparisonWindow)
        assert len({turn.request.model for turn in (first, second, third)}) == 3
        assert [column.facts for column in window.columns] == ["Waiting"] * 3
        first.say("It is blue.")
        second.say("It was")
        texts = [column.transcript for column in window.columns]
        await until(lambda: "It is blue." in shown_text(texts[0]))
        await until(lambda: "It was" in shown_text(texts[1]))
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
        assert app.version == "2/3"
        await until(lambda: not windows())
        assert app.stored("SELECT model FROM conversations") == before
        assert app.state.current.conversation.choice.model == before[0][0]


async def test_a_column_is_stopped_failed_or_refused_alone() -> None:
    async with AppHarness(environment=COMET) as app:
        # A column is stopped alone and a failed one is retried.
        first, second, third = await compare(app, 3)
        window = await shown(ComparisonWindow)
        second.say("Half")
        await until(lambda: "Half" in shown_text(window.columns[1].transcript))
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
        await until(lambda: "At last." in shown_text(window.columns[2].transcript))
        window.stop_all_button.click()
        await app.settled()
        statuses = [status for _, status, _ in app.messages()[1:]]
        assert statuses == ["cancelled", "cancelled", "failed", "complete"]
        assert app.version == "1/4"  # retrying does not change the version that is shown
        window.close()

        # A refused model sends nothing and says why.
        await app.start_over()
        await until(lambda: app.controllers.of(AvailableModels).models)
        app.window.prompt.set_text("word " * 5000)
        await app.backend.settings.save_profile(replace(OPENAI, monthly_cap=Decimal("0.001")))
        await app.state.providers.reload()
        chosen = [ModelChoice(OPENAI.id, "", v) for v in (Variant.THINKING, Variant.PRO)]
        await app.controllers.of(ChatController).compare(chosen)
        await until(lambda: app.said)
        assert "limit" in app.said
        assert (app.providers.turns, app.messages(), windows()) == ([], [], [])
        assert app.text.toPlainText().startswith("word")
