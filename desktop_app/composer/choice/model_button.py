"""The button with the model and the effort; its menu has the variants, efforts and models."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu

from desktop_app.composer.choice import choice_menus
from desktop_app.composer.choice.choice_view import ChoiceFigures, ChoiceView, no_choice
from desktop_app.i18n.translation import tr
from desktop_app.widgets.buttons.menu_button import MenuButton
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import set_tooltip, spoken_text


class ModelButton(MenuButton):
    """The button "Thinking · Medium ▾".

    Attributes:
        choice: the choice that is shown.
        figures: the cost and duration of the message with each variant and effort.

    Signals:
        variant_requested(Variant), effort_requested(Effort), model_requested(ModelEntry): chosen
            by the user.
        listing_requested(): the menu is about to open; list the models again.
        table_requested(): show the table of all models.
        comparison_requested(): ask several models at once.
    """

    variant_requested = Signal(object)
    effort_requested = Signal(object)
    model_requested = Signal(object)
    listing_requested = Signal()
    table_requested = Signal()
    comparison_requested = Signal()

    def __init__(self) -> None:
        super().__init__(self._fill_menu, object_name="model")
        self.choice = no_choice()
        self.figures = ChoiceFigures()
        self.set_choice(self.choice)

    def set_choice(self, choice: ChoiceView) -> None:
        """Show the model that will answer."""
        self.choice = choice
        name = " · ".join(filter(None, (choice.model_name, self._effort)))
        self.setAccessibleName(spoken_text(tr("Model: {name}", name=name)))
        set_tooltip(self, choice.notice or tr("Model and reasoning effort"))

    def label(self, *, with_effort: bool) -> str:
        """Return the text of the button."""
        effort = self._effort if with_effort else ""
        return " · ".join(filter(None, (self.choice.short_name, effort)))

    @property
    def _effort(self) -> str:
        effort = self.choice.display_effort
        return "" if effort is None else tr(effort.label)

    def _fill_menu(self, menu: QMenu) -> None:
        """Add the variants and efforts, or else the models, and the ways to all others."""
        self.listing_requested.emit()
        choice = self.choice
        choose_model = self.model_requested.emit
        if choice.offers_variants:
            choice_menus.fill_variants(menu, choice, self.variant_requested.emit, self.figures)
        else:
            choice_menus.fill_models(menu, choice.models, choice, choose_model)
        if choice.display_effort is not None:
            choice_menus.add_note(menu, tr("Reasoning effort"))
            choice_menus.fill_efforts(menu, choice, self.effort_requested.emit, self.figures)
        menu.addSeparator()
        others = [e for e in choice.models if not choice_menus.is_own_variant(e, choice)]
        if choice.offers_variants and others:
            submenu = ProgramMenu(tr("Other models"), menu)
            choice_menus.fill_models(submenu, others, choice, choose_model)
            menu.addMenu(submenu)
        menu.addAction(tr("All models…")).triggered.connect(lambda: self.table_requested.emit())
        menu.addAction(tr("Compare models…")).triggered.connect(
            lambda: self.comparison_requested.emit()
        )
