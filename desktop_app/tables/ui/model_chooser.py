"""The choice of the model that a column asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from desktop_app.app.session import Session
from desktop_app.composer.available_models import AvailableModels, view_of
from desktop_app.composer.choice import ChoiceView
from desktop_app.composer.model_button import fill_efforts, fill_models
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.domain.models.variants import Effort
from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import STRETCH, row_of
from desktop_app.widgets.buttons.dialog_button import MenuButton
from desktop_app.widgets.text.foreign_text import set_tooltip, spoken_text


class ModelChooser(QWidget):
    """The model and effort of a column, chosen as below the prompt.

    Attributes:
        choice: the chosen model.

    Signals:
        changed(): the user has chosen another.
    """

    changed = Signal()

    def __init__(self, session: Session, choice: ModelChoice) -> None:
        super().__init__()
        self._session = session
        self.choice = choice
        self.model_button = MenuButton(
            self._fill_models, object_name="table-model", has_background=False
        )
        self.effort_button = MenuButton(
            self._fill_efforts, object_name="table-effort", has_background=False
        )
        row_of(self.model_button, self.effort_button, STRETCH, parent=self, margins=0, spacing=8)
        self._show()

    @property
    def _view(self) -> ChoiceView:
        session = self._session
        profile = session.providers.get(self.choice.provider_id) or session.providers.default
        resolved = session.backend.chat.resolve(profile, self.choice)
        models = session.providers.models_of(profile)
        return view_of(resolved, session.of(AvailableModels).models, models)

    def _fill_models(self, menu: QMenu) -> None:
        view = self._view
        fill_models(menu, view.models, view, self._choose_model)

    def _fill_efforts(self, menu: QMenu) -> None:
        fill_efforts(menu, self._view, self._choose_effort)

    def _choose_model(self, entry: ModelEntry) -> None:
        choice = self._session.of(AvailableModels).choice_with(entry)
        if choice.effort is not None and self.choice.effort is not None:
            choice = replace(choice, effort=self.choice.effort)
        self.set_choice(choice)
        self.changed.emit()

    def _choose_effort(self, effort: Effort) -> None:
        self.set_choice(replace(self.choice, effort=effort))
        self.changed.emit()

    def set_choice(self, choice: ModelChoice) -> None:
        """Show a model."""
        self.choice = choice
        self._show()

    def _show(self) -> None:
        view = self._view
        self.model_button.setText(view.short_name)
        name = tr("Model: {name}", name=view.short_name)
        self.model_button.setAccessibleName(spoken_text(name))
        set_tooltip(self.model_button, view.notice or view.provider_name)
        effort = view.display_effort
        self.effort_button.setVisible(effort is not None)
        if effort is not None:
            self.effort_button.setText(tr(effort.label))
            name = tr("Reasoning effort: {effort}", effort=tr(effort.label))
            self.effort_button.setAccessibleName(spoken_text(name))


def _menu_button(fill: Callable[[QMenu], None], name: str) -> MenuButton:
    return MenuButton(fill, object_name=name, has_background=False)
