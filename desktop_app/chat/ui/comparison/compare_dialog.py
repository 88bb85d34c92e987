"""The dialog in which the user chooses the models and efforts to compare."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QMenu, QWidget

from desktop_app.composer.choice.choice_menus import fill_efforts, fill_models
from desktop_app.composer.choice.choice_view import ChoiceView
from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import HelpButton, dialog_button
from desktop_app.widgets.buttons.menu_button import MenuButton
from desktop_app.widgets.look.icons import icon
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.elided_label import ElidedLabel
from desktop_app.widgets.text.foreign_text import (
    PlainLabel,
    PlainToolButton,
    set_tooltip,
    spoken_text,
)

_MIN_ANSWERS: Final = 2
_MAX_ANSWERS: Final = 4

_WIDTH: Final = 560
"""The least width of the dialog, in pixels at the default text size."""


class ComparedChoice(NamedTuple):
    """The choice for an answer, and the typical cost of that answer in words."""

    view: ChoiceView
    cost: str


class CompareDialog(QDialog):
    """A row for each answer, with its model, effort and typical cost.

    Signals:
        model_requested(int, ModelEntry), effort_requested(int, Effort): change the row at an index.
        row_requested(): add a row.
        row_removal_requested(int): remove the row at an index.
        compare_requested(): ask the chosen models.
    """

    model_requested = Signal(int, object)
    effort_requested = Signal(int, object)
    row_requested = Signal()
    row_removal_requested = Signal(int)
    compare_requested = Signal()

    def __init__(self, question: str, note: str, parent: QWidget) -> None:
        """Create a dialog without rows; `note` is shown below them, "" for none."""
        super().__init__(parent)
        self.setObjectName("compare-dialog")
        self.setWindowTitle(tr("Compare models"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._question = ElidedLabel(question, role="strong")
        self._note = PlainLabel(note, role="note", wraps=True)
        self._note.setVisible(bool(note))
        self._total = PlainLabel(name="compare-total", role="note")
        self.rows: list[CompareRow] = []
        self.add_button = dialog_button(tr("Add model"), "compare-add")
        self.compare_button = dialog_button(tr("Compare"), "compare-send", "primary")
        self._lay_out()
        self.add_button.clicked.connect(self.row_requested)
        self.compare_button.clicked.connect(self.compare_requested)
        self.compare_button.setDefault(True)
        self.update_theme()
        self.compare_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _lay_out(self) -> None:
        self._row_layout = column_of(spacing=8)
        column_of(
            row_of((self._question, 1), HelpButton()),
            self._row_layout,
            (self._total, Qt.AlignmentFlag.AlignTrailing),
            self._note,
            STRETCH,
            row_of(self.add_button, STRETCH, self.compare_button, spacing=8),
            parent=self,
            margins=DIALOG_MARGINS,
            spacing=12,
        )

    def set_choices(self, choices: Sequence[ComparedChoice], total: str) -> None:
        """Show these rows, and the typical cost of all of them in words."""
        while len(self.rows) > len(choices):
            row = self.rows.pop()
            self._row_layout.removeWidget(row)
            row.hide()
            row.deleteLater()
        while len(self.rows) < len(choices):
            self._add_row()
        for row, choice in zip(self.rows, choices, strict=True):
            row.show_choice(choice, is_removable=len(choices) > _MIN_ANSWERS)
        self.add_button.setEnabled(len(choices) < _MAX_ANSWERS)
        self._total.setText(total)

    def _add_row(self) -> None:
        index = len(self.rows)
        row = CompareRow(index)
        row.model_chosen.connect(partial(self.model_requested.emit, index))
        row.effort_chosen.connect(partial(self.effort_requested.emit, index))
        row.remove_button.clicked.connect(lambda: self.row_removal_requested.emit(index))
        self.rows.append(row)
        self._row_layout.addWidget(row)

    def update_theme(self) -> None:
        theme = current_theme()
        px = theme.px
        parent = self.parentWidget()
        available_width = px(_WIDTH) if parent is None else parent.window().width() - px(24)
        self.setMinimumWidth(min(px(_WIDTH), available_width))


class CompareRow(QWidget):
    """The model, effort and typical cost of an answer.

    Signals:
        model_chosen(ModelEntry), effort_chosen(Effort): the choice of the user.
    """

    model_chosen = Signal(object)
    effort_chosen = Signal(object)

    def __init__(self, index: int) -> None:
        super().__init__()
        self._index = index
        self._view: ChoiceView | None = None
        self.model_button = MenuButton(self._fill_models, object_name=f"compare-model-{index}")
        self.effort_button = MenuButton(self._fill_efforts, object_name=f"compare-effort-{index}")
        self._cost = PlainLabel(role="note")
        self.remove_button = PlainToolButton(role="quiet", name=f"compare-remove-{index}")
        row_of(
            self.model_button,
            self.effort_button,
            STRETCH,
            self._cost,
            self.remove_button,
            parent=self,
            margins=0,
            spacing=8,
        )
        self.update_theme()

    def show_choice(self, choice: ComparedChoice, *, is_removable: bool) -> None:
        """Show a choice; `is_removable` enables the button that removes the row."""
        view = self._view = choice.view
        name = view.short_name
        effort = view.display_effort
        self.model_button.setText(name)
        number = self._index + 1
        accessible_name = tr("Model {number}: {name}", number=number, name=name)
        self.model_button.setAccessibleName(spoken_text(accessible_name))
        set_tooltip(self.model_button, view.notice or view.provider_name)
        self.effort_button.setVisible(effort is not None)
        if effort is not None:
            self.effort_button.setText(tr(effort.label))
            accessible_name = tr(
                "Effort {number}: {effort}", number=number, effort=tr(effort.label)
            )
            self.effort_button.setAccessibleName(spoken_text(accessible_name))
        self._cost.setText(choice.cost)
        self.remove_button.setEnabled(is_removable)
        remove_text = tr("Remove {name}", name=name)
        self.remove_button.setAccessibleName(spoken_text(remove_text))
        set_tooltip(self.remove_button, remove_text)

    def update_theme(self) -> None:
        theme = current_theme()
        px = theme.px
        self.remove_button.setIcon(icon("x", theme.dim, px(14), disabled=theme.faint))

    def _fill_models(self, menu: QMenu) -> None:
        if self._view is not None:
            fill_models(menu, self._view, self.model_chosen.emit)

    def _fill_efforts(self, menu: QMenu) -> None:
        if self._view is not None:
            fill_efforts(menu, self._view, self.effort_chosen.emit)
