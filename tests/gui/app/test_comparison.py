"""Answers of several models side by side: chosen, streamed, stopped, retried, marked, kept."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from desktop_app.chat.ui.chat_controller import ChatController
from desktop_app.chat.ui.comparison_page import ComparisonPage
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

COMET = {"COMETAPI_KEY": "sk-comet"}


def page_of(app: AppHarness) -> ComparisonPage:
    return app.controllers.of(ComparisonPage)


def is_shown(app: AppHarness) -> bool:
    return app.window.pane.page is page_of(app)


async def compare(app: AppHarness, question: str = "Why?") -> list[Turn]:
    """Ask two models, and return the request to each."""
    await until(lambda: app.controllers.of(AvailableModels).models)
    app.type(question)
    app.window.prompt.row.model_button.comparison_requested.emit()
    await until(lambda: is_shown(app))
    before = len(app.providers.turns)
    page_of(app).compare_button.click()
    await until(lambda: len(app.providers.turns) == before + 2)
    await until(lambda: is_shown(app) and page_of(app).columns[1].answer is not None)
    return app.providers.turns[before:]


async def test_models_answer_side_by_side_and_lose_nothing() -> None:
    async with AppHarness(environment=COMET) as app:
        # The second model is Instant; the price is there before anything is sent.
        await until(lambda: app.controllers.of(AvailableModels).models)
        app.type("Why?")
        app.session.run("answer.compare")
        page = page_of(app)
        await until(lambda: page.columns[1].facts.startswith("≈ $"))
        assert [c.model_button.text() for c in page.columns] == ["Thinking", "Instant"]
        assert app.providers.turns == []
        app.press(Qt.Key.Key_Escape)
        assert not is_shown(app)

        # Closing the page loses nothing.
        first, second = await compare(app)
        first.say("Half")
        second.say("Whole")
        await until(lambda: "Whole" in shown_text(page.columns[1].transcript))
        app.press(Qt.Key.Key_Escape)
        await until(lambda: not is_shown(app))
        first.end(" of it")
        second.end(" of it")
        await app.settled()
        assert app.messages()[1:] == [
            ("assistant", "complete", "Half of it"),
            ("assistant", "complete", "Whole of it"),
        ]
        app.session.run("answer.compare-versions")
        await until(lambda: is_shown(app))
        await until(lambda: "Whole of it" in shown_text(page.columns[1].transcript))
        await until(lambda: "first token" in page.columns[1].facts)
        page.marks_button.click()
        await until(lambda: "1 word differs" in page.columns[0].facts)

        # Both answer side by side, and one is kept.
        await app.start_over()
        first, second = await compare(app)
        assert first.request.model != second.request.model
        page = page_of(app)
        assert [column.facts for column in page.columns] == ["Waiting"] * 2
        first.say("It is blue.")
        second.say("It was")
        await until(lambda: "It is blue." in shown_text(page.columns[0].transcript))
        await until(lambda: "It was" in shown_text(page.columns[1].transcript))
        assert page.columns[0].facts.startswith("Responding · first token ")
        first.give(UsageReported(Usage(1000, 0, 400)), Completed())
        second.end(" blue.")
        await app.settled()
        assert page.columns[0].facts.startswith("Complete · first token ")
        assert "1,400 tokens · $" in page.columns[0].facts
        assert not page.columns[1].stop_button.isVisible()
        assert "It is blue." in app.transcript  # until another is kept
        before = app.stored("SELECT model FROM conversations")
        page.columns[1].transcript.setFocus()
        app.session.run("answer.keep")
        await until(lambda: "It was blue." in app.transcript)
        assert app.version == "2/2"
        await until(lambda: not is_shown(app))
        assert app.stored("SELECT model FROM conversations") == before
        assert app.state.current.conversation.choice.model == before[0][0]


async def test_a_column_is_stopped_failed_or_refused_alone() -> None:
    async with AppHarness(environment=COMET) as app:
        # A column is stopped alone, and a failed one is asked again.
        first, second = await compare(app)
        page = page_of(app)
        first.say("Half")
        await until(lambda: "Half" in shown_text(page.columns[0].transcript))
        page.columns[0].stop_button.click()
        await until(lambda: first.closed)
        second.fail(NetworkError("No connection."))
        await until(lambda: page.columns[1].facts.startswith("Failed"))
        await until(lambda: page.columns[0].facts.startswith("Stopped"))
        page.columns[1].retry_button.click()
        again = await app.turn(2)
        assert again.request.model == second.request.model
        again.say("At last.")
        await until(lambda: "At last." in shown_text(page.columns[1].transcript))
        await until(lambda: is_shown(app))
        page.stop_all_button.click()
        await app.settled()
        statuses = [status for _, status, _ in app.messages()[1:]]
        assert statuses == ["cancelled", "failed", "cancelled"]
        app.press(Qt.Key.Key_Escape)
        assert app.version == "1/3"  # retrying does not change the version that is shown

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
        assert (app.providers.turns, app.messages(), is_shown(app)) == ([], [], False)
        assert app.text.toPlainText().startswith("word")
