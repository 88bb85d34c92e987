"""Advice in the menus of variants and efforts: purpose, maximum cost, likely duration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_app.chat.ui.choice_controller import ChoiceController
from desktop_app.composer.model_button import EffortRow
from desktop_app.domain.models.variants import Effort, Variant
from tests.gui.app.app_harness import KEYED, AppHarness, until
from tests.helpers.menus import entry_text

if TYPE_CHECKING:
    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QMenu


def _efforts(app: AppHarness) -> list[QAction]:
    """Return the entries of the menu of efforts, as it opens."""
    menu = app.window.prompt.row.model_button.menu()
    menu.aboutToShow.emit()
    return menu.actions()


def _labels(app: AppHarness) -> list[str]:
    return [entry_text(action) for action in _efforts(app)]


async def test_efforts_variants_and_successors_show_their_cost() -> None:
    async with AppHarness(environment=KEYED) as app:
        # Efforts and variants show their purpose cost and duration.
        app.controllers.of(ChoiceController).choose_variant(Variant.THINKING)
        await until(lambda: any("about 25 s" in label for label in _labels(app)))
        assert not any("$" in label for label in _labels(app))
        app.type("Why is the sky blue?")
        await until(lambda: any("$" in label for label in _labels(app)))
        menu = app.window.prompt.row.model_button.menu()
        efforts = menu.findChildren(EffortRow)[-1]
        medium = efforts.words_of(Effort.MEDIUM)
        assert medium.startswith("Most work · ")
        assert "≈ $0.01" in medium  # 1,000 tokens at $14 a million
        assert "≈ $0.09" in efforts.words_of(Effort.XHIGH)
        pro = next(label for label in _labels(app) if label.startswith("Pro"))
        assert "The hardest questions" in pro
        assert "≈ $0.72" in pro
        instant = next(label for label in _labels(app) if label.startswith("Instant"))
        assert "about 6 s" in instant

        # A successor is offered with both prices for a message or permanently.
        await app.start_over()
        app.providers.models_of["env-openai"] = ("gpt-5.2", "gpt-6.1-sol", "gpt-6-sol")
        app.controllers.of(ChoiceController).choose_variant(Variant.THINKING)
        app.type("Why is the sky blue?")
        app.window.prompt.row.model_button.effort_requested.emit(Effort.HIGH)
        offer = "GPT-6.1 Sol for this message\t≈ $0.02 instead of ≈ $0.03"
        row = app.window.prompt.row
        await until(lambda: offer in _labels(app))
        _choose(app, "GPT-6.1 Sol for this message")
        row.model_button.effort_requested.emit(Effort.LOW)
        assert (row.choice.model, row.choice.effort) == ("gpt-6.1-sol", Effort.LOW)
        assert row.end_label.text() == "for this message"
        turn = await app.ask("")
        assert (turn.request.model, turn.request.effort) == ("gpt-6.1-sol", Effort.LOW)
        turn.end("Hello")
        await app.settled()
        assert (row.choice.variant, row.choice.effort) == (Variant.THINKING, Effort.HIGH)
        stored = await app.backend.conversations.get(app.session.current.id)
        assert stored is not None
        assert (stored.choice.variant, stored.choice.model) == (Variant.THINKING, "")
        app.type("Why?")
        _choose(app, "GPT-6.1 Sol for this conversation")
        assert (row.choice.model, row.choice.variant) == ("gpt-6.1-sol", None)
        assert not row.end_label.text()
        _choose(app, "Always use GPT-6.1 Sol for Thinking")
        await until(lambda: app.window.prompt.row.choice.variant is Variant.THINKING)
        turn = await app.ask("")
        assert turn.request.model == "gpt-6.1-sol"
        turn.end("Hello")
        await app.settled()
    async with AppHarness(environment=KEYED) as app:
        app.providers.models_of["env-openai"] = ("gpt-5.2", "gpt-6.1-sol", "gpt-6-sol")
        app.controllers.of(ChoiceController).choose_variant(Variant.THINKING)
        app.type("Why?")
        await until(lambda: app.window.prompt.row.choice.model == "gpt-6.1-sol")
        thinking = next(label for label in _labels(app) if label.startswith("Thinking"))
        assert thinking.startswith("Thinking · GPT-6.1 Sol")
        _choose(app, "Always use GPT-5.2 Thinking for Thinking")
        await until(lambda: app.window.prompt.row.choice.model == "gpt-5.2")


def _choose(app: AppHarness, start: str) -> None:
    next(action for action in _efforts(app) if entry_text(action).startswith(start)).trigger()


async def test_a_choice_has_one_price_and_the_menu_stays_open_for_the_effort() -> None:
    async with AppHarness(environment=KEYED) as app:
        app.controllers.of(ChoiceController).choose_variant(Variant.INSTANT)
        await app.ask_and_answer("Why is the sky blue?", "Light scatters.")
        app.type("And red?")
        row = app.window.prompt.row
        await until(lambda: row.estimate.text.startswith("≈"))
        menu = row.model_button.menu()
        row.model_button.click()
        await until(menu.isVisible)
        assert row.estimate.text in entry_text(_entry(menu, "Instant"))
        at = menu.actionGeometry(_entry(menu, "Thinking")).center()
        QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=at)
        assert row.choice.variant is Variant.THINKING
        latest = lambda: menu.findChildren(EffortRow)[-1]  # noqa: E731
        await until(lambda: row.estimate.text in latest().words_of(Effort.MEDIUM))
        assert menu.isVisible()
        QTest.mouseClick(latest().buttons[Effort.HIGH], Qt.MouseButton.LeftButton)
        assert row.choice.effort is Effort.HIGH
        await until(lambda: not menu.isVisible())


def _entry(menu: QMenu, name: str) -> QAction:
    return next(each for each in menu.actions() if entry_text(each).startswith(name))
