"""The button of the quick prompt that shows the model; its menu has the variants and the effort."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from desktop_app.composer.choice.choice_view import ChoiceView, no_choice
from desktop_app.domain.models.variants import Variant
from desktop_app.i18n.translation import tr
from desktop_app.widgets.accessibility.announcements import announce
from desktop_app.widgets.buttons.menu_button import MenuButton
from desktop_app.widgets.program_menu import add_choice
from desktop_app.widgets.text.foreign_text import menu_text, set_tooltip, spoken_text


class QuickModelButton(MenuButton):
    """The button with the model that answers.

    Args:
        speaker: the widget for which another model is announced.

    Attributes:
        choice: the choice that is shown.

    Signals:
        variant_requested(Variant): answer with this variant.
        effort_step_requested(int): answer with more (+1) or less (-1) effort.
    """

    variant_requested = Signal(object)
    effort_step_requested = Signal(int)

    def __init__(self, speaker: QWidget) -> None:
        super().__init__(self.fill_menu, object_name="variant")
        self._speaker = speaker
        self.choice = no_choice()

    def set_choice(self, choice: ChoiceView) -> None:
        """Show the model that answers."""
        self.choice = choice
        previous_name = self.accessibleName()
        label = choice.short_name
        accepted_efforts = [e for e in choice.listed_efforts if e not in choice.effort_refusals]
        if choice.display_effort is not None and len(accepted_efforts) > 1:
            label = f"{label} · {tr(choice.display_effort.label)}"
        self.setText(label)
        self.setAccessibleName(spoken_text(tr("Model: {name}", name=label)))
        set_tooltip(self, choice.notice)
        if self.isVisible() and self.accessibleName() != previous_name:
            announce(self._speaker, label)

    def fill_menu(self, menu: QMenu) -> None:
        """Add the variants and effort steps; if neither is offered, the name of the model."""
        choice = self.choice
        if choice.offers_variants:
            for variant in Variant:
                choose = partial(self.variant_requested.emit, variant)
                add_choice(menu, variant.label, variant is choice.variant, choose)
            menu.addSeparator()
        if choice.display_effort is not None:
            request_step = self.effort_step_requested.emit
            menu.addAction(tr("More effort")).triggered.connect(lambda: request_step(+1))
            menu.addAction(tr("Less effort")).triggered.connect(lambda: request_step(-1))
        if menu.isEmpty():
            menu.addAction(menu_text(choice.model_name)).setEnabled(False)
