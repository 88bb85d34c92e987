"""The Tool servers page: each server with its state and its actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.boxes import STRETCH, column_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.flow_layout import FlowLayout
from desktop_app.widgets.forms.form_widgets import FormSection, Note, Tone
from desktop_app.widgets.forms.tab_order import order_tabs
from desktop_app.widgets.text.foreign_text import PlainLabel, spoken_text

INTRODUCTION: Final = N_(
    "Tool servers (MCP) offer tools to models. A server runs with your rights: add only servers "
    "that you trust."
)
NO_SERVERS: Final = N_("No tool servers.")
_ACTIONS: Final = {
    "sign-in": N_("Sign in…"),
    "sign-out": N_("Sign out"),
    "test": N_("Test"),
    "log": N_("Log"),
    "edit": N_("Edit…"),
    "remove": N_("Remove…"),
}


@dataclass(frozen=True)
class ServerRow:
    """A server as the page shows it.

    Attributes:
        about: the program, or the address.
        state: its state as a sentence.
        can_sign_in: whether it waits for a sign-in.
    """

    name: str
    about: str
    state: str
    tone: Tone = "note"
    can_sign_in: bool = False
    is_signed_in: bool = False


class ServersTab(QWidget):
    """The Tool servers page. See the module.

    Signals:
        requested(str, str): a key of `_ACTIONS` and the name of a server, or "add" or "import".
    """

    requested = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._sections: dict[str, ServerSection] = {}
        self._empty_label = PlainLabel(tr(NO_SERVERS), role="note")
        self._list = column_of(spacing=16)
        self._add_button = dialog_button(tr("Add…"), "add-server")
        self._add_button.clicked.connect(lambda: self.requested.emit("add", ""))
        self._import_button = dialog_button(tr("Import…"), "import-servers")
        self._import_button.clicked.connect(lambda: self.requested.emit("import", ""))
        buttons = FlowLayout(self._add_button, self._import_button)
        rows = (Note(tr(INTRODUCTION)), self._empty_label, self._list, buttons, STRETCH)
        column_of(*rows, parent=self, margins=0, spacing=12)

    def set_servers(self, rows: Sequence[ServerRow]) -> None:
        """Show these servers; while their names are the same, their widgets stay."""
        names = [row.name for row in rows]
        if names != list(self._sections):
            for section in self._sections.values():
                self._list.removeWidget(section)
                section.deleteLater()
            self._sections = {name: ServerSection(name, self.requested.emit) for name in names}
            for section in self._sections.values():
                self._list.addWidget(section)
            if names:
                last_button = self._sections[names[-1]].buttons["remove"]
                order_tabs(last_button, (self._add_button, self._import_button))
        for row in rows:
            self._sections[row.name].show_row(row)
        self._empty_label.setVisible(not rows)


class ServerSection(FormSection):
    """A tool server on the page: its state and its buttons, by the keys of `_ACTIONS`."""

    def __init__(self, name: str, request: Callable[[str, str], object]) -> None:
        super().__init__(name)
        self._about = PlainLabel(role="note", wraps=True)
        self._state = Note(object_name="server-state")
        self.buttons = {
            key: dialog_button(tr(label), f"{key}-server-{name}") for key, label in _ACTIONS.items()
        }
        for key, button in self.buttons.items():
            button.setAccessibleName(spoken_text(f"{name}: {button.text()}"))
            button.clicked.connect(lambda _=False, key=key: request(key, name))
        self.body.addWidget(self._about)
        self.body.addWidget(self._state)
        self.body.addLayout(FlowLayout(*self.buttons.values()))

    def show_row(self, row: ServerRow) -> None:
        """Show the server's state."""
        self._about.setText(row.about)
        self._state.set_text(row.state, row.tone)
        self.buttons["sign-in"].setVisible(row.can_sign_in)
        self.buttons["sign-out"].setVisible(row.is_signed_in)
