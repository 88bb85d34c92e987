"""The dialog that lists the resources of tool servers, to attach one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QListView

from desktop_app.i18n.translation import tr
from desktop_app.ui.look.theme import Theme, set_role
from desktop_app.ui.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.ui.widgets.buttons.dialog_button import dialog_button
from desktop_app.ui.widgets.buttons.help_button import HelpButton
from desktop_app.ui.widgets.forms.fitting_dialog import fitting_size
from desktop_app.ui.widgets.forms.form_widgets import Note, retheme
from desktop_app.ui.widgets.rows.rows_model import ROW, RowsModel
from desktop_app.ui.widgets.text.foreign_text import spoken_text, window_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget


_SIZE: Final = (480, 360)


@dataclass(frozen=True)
class ResourceChoice:
    """A resource of a server."""

    server: str
    uri: str
    name: str


class ResourceDialog(QDialog):
    """The dialog with the list of resources.

    Signals:
        chosen(ResourceChoice): attach this resource.
    """

    chosen = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("resource-dialog")
        self.setWindowTitle(window_title(tr("Attach from a tool server")))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._note = Note(theme, tr("Loading…"))
        self._model: RowsModel[ResourceChoice] = RowsModel(_title, _title, self)
        self.list_view = QListView()
        self.list_view.setObjectName("resource-list")
        self.list_view.setUniformItemSizes(True)
        self.list_view.setModel(self._model)
        set_role(self.list_view, "ringed")
        self.list_view.setAccessibleName(spoken_text(tr("Resources")))
        self.list_view.activated.connect(self._choose)
        self.attach_button = dialog_button(tr("Attach"), "attach-resource")
        self.attach_button.setEnabled(False)
        self.attach_button.clicked.connect(self._choose)
        help_button = (HelpButton(), Qt.AlignmentFlag.AlignRight)  # also while the note is hidden
        head = row_of((self._note, 1), help_button)
        foot = row_of(STRETCH, self.attach_button)
        parts = (head, (self.list_view, 1), foot)
        column_of(*parts, parent=self, margins=DIALOG_MARGINS, spacing=12)
        retheme(self, theme)
        self.list_view.setFocus()  # not the help, which comes first
        self.resize(fitting_size(_SIZE, theme, parent))

    def set_resources(self, choices: Sequence[ResourceChoice], problems: Sequence[str]) -> None:
        """Show the resources, and the problems of servers that could not list theirs."""
        text = "\n".join(problems)
        if not choices and not problems:
            text = tr("No tool server offers a resource.")
        self._note.set_text(text, "error" if problems else "note")
        self._model.set_rows(choices)
        self.list_view.setCurrentIndex(self._model.index(0))
        self.attach_button.setEnabled(bool(choices))

    def _choose(self) -> None:
        choice = self.list_view.currentIndex().data(ROW)
        if choice is not None:
            self.chosen.emit(choice)
            self.accept()


def _title(choice: ResourceChoice) -> str:
    return f"{choice.server}: {choice.name}"
