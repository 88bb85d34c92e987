"""The menu of the quick prompt: variant and effort."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from desktop_app.domain.models.variants import Variant
from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.program_menu import add_choice
from desktop_app.ui.widgets.text.foreign_text import menu_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMenu

    from desktop_app.ui.composer.choice_view import ChoiceView


def fill_menu(
    menu: QMenu, choice: ChoiceView, choose: Callable[[Variant], None], step: Callable[[int], None]
) -> None:
    """Fill the menu with variants and effort steps; if neither is offered, name the model."""
    if choice.offers_variants:
        for variant in Variant:
            add_choice(menu, variant.label, variant is choice.variant, partial(choose, variant))
        menu.addSeparator()
    if choice.shown_effort is not None:
        menu.addAction(tr("More effort")).triggered.connect(lambda: step(1))
        menu.addAction(tr("Less effort")).triggered.connect(lambda: step(-1))
    if menu.isEmpty():
        menu.addAction(menu_text(choice.model_name)).setEnabled(False)
