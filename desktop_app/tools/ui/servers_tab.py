"""The Tool servers page: each server with its state and its actions."""

from __future__ import annotations

from collections.abc import Sequence
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
        add_requested(): add a server.
        import_requested(): import servers from a file.
        edit_requested(str), removal_requested(str): edit or remove the server of this name.
        test_requested(str), log_requested(str): test the server, or show its log.
        sign_in_requested(str), sign_out_requested(str): sign in to the server, or out of it.
    """

    add_requested = Signal()
    import_requested = Signal()
    edit_requested = Signal(str)
    removal_requested = Signal(str)
    test_requested = Signal(str)
    log_requested = Signal(str)
    sign_in_requested = Signal(str)
    sign_out_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[ServerRow] = []
        self._sections: dict[str, ServerSection] = {}
        self._intro = Note(tr(INTRODUCTION))
        self._empty_label = PlainLabel(tr(NO_SERVERS), role="note")
        self._list = column_of(spacing=16)
        self._add_button = dialog_button(tr("Add…"), "add-server")
        self._add_button.clicked.connect(self.add_requested)
        self._import_button = dialog_button(tr("Import…"), "import-servers")
        self._import_button.clicked.connect(self.import_requested)
        rows = (
            self._intro,
            self._empty_label,
            self._list,
            FlowLayout(self._add_button, self._import_button),
            STRETCH,
        )
        column_of(*rows, parent=self, margins=0, spacing=12)

    def set_servers(self, rows: Sequence[ServerRow]) -> None:
        """Show these servers; while their names are the same, their widgets stay."""
        names = [row.name for row in rows]
        if names != [row.name for row in self._rows]:
            for section in self._sections.values():
                self._list.removeWidget(section)
                section.deleteLater()
            self._sections = {name: self._create_section(name) for name in names}
            if names:
                order_tabs(
                    self._sections[names[-1]].remove_button, (self._add_button, self._import_button)
                )
        self._rows = list(rows)
        for row in rows:
            self._sections[row.name].show_row(row)
        self._empty_label.setVisible(not rows)

    def _create_section(self, name: str) -> ServerSection:
        section = ServerSection(name)
        section.test_button.clicked.connect(lambda: self.test_requested.emit(name))
        section.log_button.clicked.connect(lambda: self.log_requested.emit(name))
        section.sign_in_button.clicked.connect(lambda: self.sign_in_requested.emit(name))
        section.sign_out_button.clicked.connect(lambda: self.sign_out_requested.emit(name))
        section.edit_button.clicked.connect(lambda: self.edit_requested.emit(name))
        section.remove_button.clicked.connect(lambda: self.removal_requested.emit(name))
        self._list.addWidget(section)
        return section


class ServerSection(FormSection):
    """A tool server on the page: its state and its buttons."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._about = PlainLabel(role="note", wraps=True)
        self._state = Note(object_name="server-state")
        self.sign_in_button = dialog_button(tr("Sign in…"), f"sign-in-server-{name}")
        self.sign_out_button = dialog_button(tr("Sign out"), f"sign-out-server-{name}")
        self.test_button = dialog_button(tr("Test"), f"test-server-{name}")
        self.log_button = dialog_button(tr("Log"), f"log-server-{name}")
        self.edit_button = dialog_button(tr("Edit…"), f"edit-server-{name}")
        self.remove_button = dialog_button(tr("Remove…"), f"remove-server-{name}")
        buttons = (
            self.sign_in_button,
            self.sign_out_button,
            self.test_button,
            self.log_button,
            self.edit_button,
            self.remove_button,
        )
        for button in buttons:
            button.setAccessibleName(spoken_text(f"{name}: {button.text()}"))
        self.body.addWidget(self._about)
        self.body.addWidget(self._state)
        self.body.addLayout(FlowLayout(*buttons))

    def show_row(self, row: ServerRow) -> None:
        """Show the server's state."""
        self._about.setText(row.about)
        self._state.set_text(row.state, row.tone)
        self.sign_in_button.setVisible(row.can_sign_in)
        self.sign_out_button.setVisible(row.is_signed_in)
