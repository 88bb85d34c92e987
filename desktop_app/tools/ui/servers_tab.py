"""The Tool servers page: each server with its state and its actions, the form for one, its log."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QLineEdit, QWidget

from desktop_app.app.session import Session
from desktop_app.i18n.translation import N_, tr
from desktop_app.tools.servers.tool_server import EXAMPLE_REFERENCE, REDIRECT_ADDRESS, ToolServer
from desktop_app.tools.ui.servers_controller import ServersController
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import HelpButton, dialog_button
from desktop_app.widgets.forms.form_dialog import FormDialog
from desktop_app.widgets.forms.form_widgets import FieldLabel, FormSection, Note, Tone, text_field
from desktop_app.widgets.forms.tab_order import order_tabs
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.sheet import Sheet
from desktop_app.widgets.text.foreign_text import (
    PlainLabel,
    PlainTextField,
    one_line,
    spoken_text,
    window_title,
)
from desktop_app.widgets.windows import fitting_size, scroll_area_of

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
STORED: Final = "•••"
"""Shown in place of a value that the keyring has, and kept if it is not changed."""
# With a word joiner, because a line could otherwise end between "$" and "{".
_EXAMPLE: Final = EXAMPLE_REFERENCE.replace("{", "\u2060{")
_FORM_SIZE: Final = (480, 560)
_LOG_SIZE: Final = (620, 380)


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
    """The Tool servers page. See the module."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._servers = session.of(ServersController)
        self._sections: dict[str, ServerSection] = {}
        self._empty_label = PlainLabel(tr(NO_SERVERS), role="note")
        self._list = column_of(spacing=16)
        self._add_button = dialog_button(tr("Add…"), "add-server")
        self._add_button.clicked.connect(lambda: self._servers.run("add", ""))
        self._import_button = dialog_button(tr("Import…"), "import-servers")
        self._import_button.clicked.connect(lambda: self._servers.run("import", ""))
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
            self._sections = {name: ServerSection(name, self._servers.run) for name in names}
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
        self._about.setText(row.about)
        self._state.set_text(row.state, row.tone)
        self.buttons["sign-in"].setVisible(row.can_sign_in)
        self.buttons["sign-out"].setVisible(row.is_signed_in)


@dataclass(frozen=True)
class EnteredServer:
    """A server as it was entered; a value of STORED keeps the stored value."""

    name: str
    command: tuple[str, ...]
    folder: str
    url: str
    environment: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)


class ServerForm(FormDialog):
    """The form for a tool server.

    Args:
        server: the server to edit; None for a new server.

    Signals:
        saved(EnteredServer): Save was pressed; the form stays open until `accept`.
    """

    saved = Signal(object)

    def __init__(self, server: ToolServer | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("server-form")
        self.setWindowTitle(window_title(tr("Tool server")))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.name = QLineEdit()
        self.command = QLineEdit()
        self.folder = QLineEdit()
        self.url = QLineEdit()
        self.environment = PlainTextField()
        self.headers = PlainTextField()
        self.client_id = QLineEdit()
        self.client_secret = QLineEdit(echoMode=QLineEdit.EchoMode.Password)
        self._problem = Note(object_name="server-problem")
        self._save_button = dialog_button(tr("Save"), "save-server")
        self._save_button.clicked.connect(self._emit_saved)
        self._build()
        if server is not None:
            self._show_server(server)
        self.update_theme()
        first = self.name if server is None else self.command
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_problem(self, problem: str) -> None:
        """Show why the server cannot be saved; "" removes the message. Enable the Save button."""
        self._save_button.setEnabled(True)
        self._problem.set_text(problem, "error")

    def update_theme(self) -> None:
        theme = current_theme()
        for text in (self.environment, self.headers):
            text.setFixedHeight(theme.px(64))
            text.document().setDocumentMargin(theme.px(6))
        self.resize(fitting_size(_FORM_SIZE, self.parentWidget()))

    def _build(self) -> None:
        inner = QWidget()
        form = QFormLayout(inner)
        form.setContentsMargins(0, 0, 0, 0)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows: tuple[tuple[str, str, QLineEdit | PlainTextField, str], ...] = (
            ("server-name", tr("Name"), self.name, tr("lowercase letters, digits, and hyphens")),
            ("server-command", tr("Command"), self.command, "npx -y …"),
            ("server-folder", tr("Folder"), self.folder, tr("your home folder")),
            ("server-environment", tr("Variables"), self.environment, "NAME=VALUE"),
            ("server-url", tr("Or address"), self.url, "https://"),
            ("server-headers", tr("Headers"), self.headers, "NAME: VALUE"),
            ("server-client-id", tr("Client ID"), self.client_id, tr("only if the server asks")),
            ("server-client-secret", tr("Client secret"), self.client_secret, ""),
        )
        for name, label, widget, hint in rows:
            widget.setObjectName(name)
            widget.setAccessibleName(spoken_text(label))
            widget.setPlaceholderText(hint)
            if isinstance(widget, PlainTextField):
                set_role(widget, "field")
                widget.setTabChangesFocus(True)
            title = FieldLabel(label)
            title.setBuddy(widget)
            form.addRow(title, widget)
        note = PlainLabel(
            tr(
                "Secret values are stored in the keyring. {example} takes an environment variable. "
                "If a server doesn’t let programs register themselves, register an app at its "
                "service with the redirect address {redirect}, and enter its client ID.",
                example=_EXAMPLE,
                redirect=REDIRECT_ADDRESS,
            ),
            role="note",
            wraps=True,
        )
        head = row_of((note, 1), HelpButton())
        foot = row_of(STRETCH, self._save_button)
        parts = (head, (scroll_area_of(inner), 1), self._problem, foot)
        column_of(*parts, parent=self, margins=DIALOG_MARGINS, spacing=10)

    def _show_server(self, server: ToolServer) -> None:
        """Show a server, with STORED in place of each value that the keyring has."""
        self.name.setText(server.name)
        self.name.setReadOnly(True)
        self.command.setText(shlex.join(server.command))
        self.folder.setText(server.folder)
        self.url.setText(f"{server.url}?{STORED}" if server.has_query else server.url)
        for field_, values, separator in (
            (self.environment, server.environment, "="),
            (self.headers, server.headers, ": "),
        ):
            lines = (f"{name}{separator}{value or STORED}" for name, value in values.items())
            field_.setPlainText("\n".join(lines))
        self.client_id.setText(server.client_id)
        self.client_secret.setText(STORED if server.has_client_secret else "")

    def _emit_saved(self) -> None:
        try:
            command = tuple(shlex.split(self.command.text()))
        except ValueError:
            self.show_problem(tr("A quotation mark in the command isn’t closed."))
            return
        environment = _pairs(self.environment.toPlainText(), "=")
        headers = _pairs(self.headers.toPlainText(), ":")
        if environment is None:
            self.show_problem(tr("Enter each variable as {example}.", example="NAME=VALUE"))
            return
        if headers is None:
            self.show_problem(tr("Enter each header as {example}.", example="NAME: VALUE"))
            return
        self.show_problem("")
        self._save_button.setEnabled(False)  # a second click would add the server again
        self.saved.emit(
            EnteredServer(
                name=self.name.text().strip(),
                command=command,
                folder=self.folder.text().strip(),
                url=self.url.text().strip(),
                environment=environment,
                headers=headers,
                client_id=self.client_id.text().strip(),
                client_secret=self.client_secret.text().strip(),
            )
        )


def _pairs(text: str, separator: str) -> dict[str, str] | None:
    """Return the values by name; None if a line has no separator."""
    rows = [line.partition(separator) for line in text.splitlines() if line.strip()]
    if not all(has_separator for _name, has_separator, _value in rows):
        return None
    return {name.strip(): value.strip() for name, _, value in rows}


class ServerLog(Sheet):
    """The dialog with the log of a tool server."""

    def __init__(self, name: str, lines: Sequence[str], parent: QWidget) -> None:
        theme = current_theme()
        super().__init__(parent)
        self.setObjectName("server-log")
        self.setWindowTitle(window_title(tr("Log of {server}", server=name)))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        text = text_field(tr("Log of {server}", server=name), "server-log-text", read_only=True)
        text.document().setDocumentMargin(theme.px(6))
        log_text = "\n".join(map(one_line, lines))
        text.setPlainText(log_text or tr("The log is empty."))
        column_of(text, parent=self)
        self.resize(fitting_size(_LOG_SIZE, parent))
