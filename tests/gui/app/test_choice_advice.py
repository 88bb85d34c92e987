"""Advice in the menus of variants and efforts: purpose, maximum cost, likely duration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.models.variants import Variant
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.scenes import KEYED
from tests.helpers.menus import entry_text

if TYPE_CHECKING:
    from PySide6.QtGui import QAction


def _efforts(app: AppHarness) -> list[QAction]:
    """Return the entries of the menu of efforts, as it opens."""
    menu = app.window.prompt.row.model_button.menu()
    menu.aboutToShow.emit()
    return menu.actions()


def _labels(app: AppHarness) -> list[str]:
    return [entry_text(action) for action in _efforts(app)]


async def test_efforts_and_variants_show_their_purpose_cost_and_duration() -> None:
    async with AppHarness(environment=KEYED) as app:
        app.controllers.choice.choose_variant(Variant.THINKING)
        await until(lambda: any("about 25 s" in label for label in _labels(app)))
        assert not any("$" in label for label in _labels(app))
        app.type("Why is the sky blue?")
        await until(lambda: any("$" in label for label in _labels(app)))
        medium = next(label for label in _labels(app) if label.startswith("Medium"))
        assert medium.startswith("Medium · Most work\t")
        assert "≈ $0.01" in medium  # 1,000 tokens at $14 a million
        pro = next(label for label in _labels(app) if label.startswith("Pro"))
        assert "The hardest questions" in pro
        assert "≈ $0.72" in pro
        assert "< $0.01" in next(label for label in _labels(app) if label.startswith("Instant"))
        assert "≈ $0.09" in next(label for label in _labels(app) if label.startswith("Extra high"))
        instant = next(label for label in _labels(app) if label.startswith("Instant"))
        assert "about 6 s" in instant
