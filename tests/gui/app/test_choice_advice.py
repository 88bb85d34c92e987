"""Advice in the menus of variants and efforts: purpose, maximum cost, likely duration."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.models.variants import Variant
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import Call, CallPerformance
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.scenes import KEYED
from tests.helpers.menus import entry_text

if TYPE_CHECKING:
    from PySide6.QtGui import QAction


def _call(seconds: float, effort: str = "high", outcome: str = "complete") -> Call:
    return Call(
        provider_id="env-openai",
        model="gpt-5.2",
        usage=Usage(10, 0, 10),
        cost=Decimal("0.01"),
        purpose="answer",
        at=now(),
        performance=CallPerformance(effort, outcome=outcome, duration_s=seconds),
    )


def _efforts(app: AppHarness) -> list[QAction]:
    """Return the entries of the menu of efforts, as it opens."""
    menu = app.window.prompt.row.effort.menu()
    menu.aboutToShow.emit()
    return menu.actions()


def _labels(app: AppHarness) -> list[str]:
    return [entry_text(action) for action in _efforts(app)]


async def test_efforts_and_variants_show_their_purpose_cost_and_duration() -> None:
    async with AppHarness(environment=KEYED) as app:
        app.controllers.composer.choice.choose_variant(Variant.THINKING)
        await until(lambda: any("about 25 s" in label for label in _labels(app)))
        assert not any("up to" in label for label in _labels(app))
        app.type("Why is the sky blue?")
        await until(lambda: any("up to" in label for label in _labels(app)))
        medium = next(label for label in _labels(app) if label.startswith("Medium"))
        assert medium.startswith("Medium · Most work\t")
        assert "up to $1.79" in medium  # 128,000 tokens at $14 a million
        pro = app.window.prompt.row.models.variants.button("pro").toolTip()
        assert "The hardest questions" in pro
        assert "up to $21.5" in pro
        instant = app.window.prompt.row.models.variants.button("instant").toolTip()
        assert "about 6 s" in instant


async def test_another_variant_shows_its_own_figures_at_once() -> None:
    async with AppHarness(environment=KEYED) as app:
        app.controllers.composer.choice.choose_variant(Variant.THINKING)
        app.type("Why is the sky blue?")
        await until(lambda: any("up to $1.79" in label for label in _labels(app)))
        app.controllers.composer.choice.choose_variant(Variant.PRO)
        assert any("up to $21.5" in label for label in _labels(app))
        assert not any("up to $1.79" in label for label in _labels(app))


async def test_the_duration_is_that_of_the_users_own_calls() -> None:
    async with AppHarness(environment=KEYED) as app:
        app.controllers.composer.choice.choose_variant(Variant.THINKING)
        for seconds in (100.0, 130.0, 400.0):
            await app.backend.ledger.add(_call(seconds))
        await app.backend.ledger.add(_call(1.0, outcome="failed"))
        await app.backend.ledger.add(_call(1.0, "low"))
        usual = await app.backend.ledger.median_seconds("env-openai")
        assert usual == {("gpt-5.2", "high"): 130.0}
        app.type("Why?")
        await until(lambda: any("usually" in label for label in _labels(app)))
        high = next(label for label in _labels(app) if label.startswith("High"))
        assert "usually 2 min" in high
        low = next(label for label in _labels(app) if label.startswith("Low"))
        assert "about 12 s" in low


async def test_a_small_model_takes_notes_if_the_provider_has_one_and_the_user_agrees() -> None:
    async with AppHarness(environment=KEYED) as app:
        app.controllers.composer.choice.choose_variant(Variant.PRO)
        resolved = app.state.setup.resolved
        assert app.backend._note_taker(resolved).model.id == "gpt-5-mini"
        unlisted = replace(resolved.profile, id="x", kind=ProviderKind.COMPATIBLE)
        assert (
            app.backend._note_taker(replace(resolved, profile=unlisted)).model.id == "gpt-5.2-pro"
        )
        app.window.settings.pages.setting_changed.emit("answer.routine_model", "conversation")
        await app.written()
        assert app.backend._note_taker(resolved).model.id == "gpt-5.2-pro"


async def test_a_model_without_minimal_effort_does_not_offer_it() -> None:
    async with AppHarness(environment=KEYED) as app:
        choice = replace(app.state.setup.choice, variant=None, model="gpt-5.2-codex")
        app.state.setup.choose(choice)
        offered = [entry_text(a).split(" ·")[0] for a in _efforts(app) if a.isEnabled()]
        assert offered == ["Low", "Medium", "High", "Extra high"]
        assert not any(label.startswith("Minimal") for label in _labels(app))
