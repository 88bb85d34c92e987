"""Advice in the menus of variants and efforts: purpose, maximum cost, likely duration."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.models.model_catalog import Variant
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import Call, CallPerformance
from tests.gui.app.desk import Desk, until
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


def _efforts(desk: Desk) -> list[QAction]:
    """Return the entries of the menu of efforts, as it opens."""
    menu = desk.window.prompt.row.effort.menu()
    menu.aboutToShow.emit()
    return menu.actions()


def _labels(desk: Desk) -> list[str]:
    return [entry_text(action) for action in _efforts(desk)]


async def test_each_effort_says_what_it_is_for_costs_and_takes() -> None:
    async with Desk(environment=KEYED) as desk:
        desk.controllers.choice.choose_variant(Variant.THINKING)
        await until(lambda: any("about 25 s" in label for label in _labels(desk)))
        assert not any("up to" in label for label in _labels(desk))
        desk.type("Why is the sky blue?")
        await until(lambda: any("up to" in label for label in _labels(desk)))
        medium = next(label for label in _labels(desk) if label.startswith("Medium"))
        assert medium.startswith("Medium · Most work\t")
        assert "up to $1.79" in medium  # 128,000 tokens at $14 a million
        pro = desk.window.prompt.row.models.variants.button("pro").toolTip()
        assert "The hardest questions" in pro
        assert "up to $21.5" in pro


async def test_another_variant_shows_its_own_figures_at_once() -> None:
    async with Desk(environment=KEYED) as desk:
        desk.controllers.choice.choose_variant(Variant.THINKING)
        desk.type("Why is the sky blue?")
        await until(lambda: any("up to $1.79" in label for label in _labels(desk)))
        desk.controllers.choice.choose_variant(Variant.PRO)
        assert any("up to $21.5" in label for label in _labels(desk))
        assert not any("up to $1.79" in label for label in _labels(desk))


async def test_the_duration_is_that_of_the_users_own_calls() -> None:
    async with Desk(environment=KEYED) as desk:
        desk.controllers.choice.choose_variant(Variant.THINKING)
        for seconds in (100.0, 130.0, 400.0):
            await desk.backend.ledger.add(_call(seconds))
        await desk.backend.ledger.add(_call(1.0, outcome="failed"))
        await desk.backend.ledger.add(_call(1.0, "low"))
        usual = await desk.backend.ledger.usual_seconds("env-openai")
        assert usual == {("gpt-5.2", "high"): 130.0}
        desk.type("Why?")
        await until(lambda: any("usually" in label for label in _labels(desk)))
        high = next(label for label in _labels(desk) if label.startswith("High"))
        assert "usually 2 min" in high
        low = next(label for label in _labels(desk) if label.startswith("Low"))
        assert "about 12 s" in low


async def test_routine_work_is_done_by_a_small_model_unless_the_user_wants_otherwise() -> None:
    async with Desk(environment=KEYED) as desk:
        desk.controllers.choice.choose_variant(Variant.PRO)
        own = desk.state.setup.resolved
        assert desk.backend._note_taker(own).model.id == "gpt-5-mini"
        unlisted = replace(own.profile, id="x", kind=type(own.profile.kind)("compatible"))
        assert desk.backend._note_taker(replace(own, profile=unlisted)).model.id == "gpt-5.2-pro"
        desk.window.settings.setting_changed.emit("answer.routine_model", "conversation")
        await desk.written()
        assert desk.backend._note_taker(own).model.id == "gpt-5.2-pro"


async def test_a_model_without_minimal_effort_does_not_offer_it() -> None:
    async with Desk(environment=KEYED) as desk:
        choice = replace(desk.state.setup.choice, variant=None, model="gpt-5.2-codex")
        desk.state.setup.choose(choice)
        offered = [entry_text(a).split(" ·")[0] for a in _efforts(desk) if a.isEnabled()]
        assert offered == ["Low", "Medium", "High", "Extra high"]
        assert not any(label.startswith("Minimal") for label in _labels(desk))
