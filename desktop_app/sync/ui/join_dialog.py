"""The dialog that begins a library, joins one, or changes where it is stored."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path
from typing import Final

from PySide6.QtWidgets import QCheckBox, QLayout, QLineEdit, QWidget
from shiboken6 import isValid

from desktop_app.app.session import Session
from desktop_app.domain.errors import SyncBeginError, UserFacingError
from desktop_app.i18n.translation import N_, paragraph, tr
from desktop_app.providers.ui.network_section import certificate_section
from desktop_app.sync.format import SHORTEST_PASSPHRASE
from desktop_app.sync.target import Target, cleaned, read_joining_line
from desktop_app.sync.ui.sync_controller import SyncController
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button, dialog_button
from desktop_app.widgets.file_dialogs import choose_folder
from desktop_app.widgets.forms.form_dialog import FormDialog, ask
from desktop_app.widgets.forms.form_widgets import (
    FormSection,
    LineSection,
    Note,
    check_box,
    line_field,
)
from desktop_app.widgets.text.foreign_text import window_title
from desktop_app.widgets.windows import fitting_size, scroll_area_of

_PLACES: Final = N_(
    "A folder that another program copies, a WebDAV server such as Nextcloud or a NAS (https://…), "
    "or S3 (s3://…)."
)
_SERVER_PASSWORD: Final = N_("Those of the storage, such as an app password of Nextcloud.")
_HINT: Final = N_(
    "The first computer chooses the passphrase; the others enter it, or the line that the first "
    "one shows. Without it, nobody can read the library, and nobody can restore it."
)
_MOVE_HINT: Final = N_(
    "For another address or password of the same library. To move it, copy its files first."
)
_UNENCRYPTED: Final = N_(
    "Others in this network can see when and how much is synchronized. They can’t read it, because "
    "the library is encrypted before it leaves this computer."
)
_PASSWORD: Final = N_("They can see your password unless the server uses digest authentication.")
_SIZE: Final = (560, 480)


class JoinDialog(FormDialog):
    """The dialog; see the module.

    Args:
        joined: the present storage, to be changed; None to begin or join a library.
    """

    def __init__(self, session: Session, parent: QWidget, joined: Target | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("join-sync")
        title = tr("Synchronize") if joined is None else tr("Change storage")
        self.setWindowTitle(window_title(title))
        self.finished.connect(self.deleteLater)
        self._session = session
        self._joined = joined
        self._address = line_field(tr("Folder, https://… or s3://…"), "sync-address")
        self._choose = dialog_button(tr("Choose folder…"), "sync-folder")
        self._user = line_field(tr("User name (if needed)"), "sync-user")
        self._password = _secret_field(tr("Password (if needed)"), "sync-password")
        fields = row_of((self._user, 1), (self._password, 1), spacing=8)
        self._sign_in = _section(tr("User name and password"), fields, tr(_SERVER_PASSWORD))
        self._endpoint = line_field(tr("S3 server (if not Amazon’s)"), "sync-endpoint")
        self._certificates = certificate_section("sync-ca-file", self._show_certificates)
        self._secret = _secret_field(tr("Passphrase, code or line"), "sync-passphrase")
        self._again = _secret_field(tr("Passphrase, again"), "sync-passphrase-again")
        self._shows = _check_box(tr("Show passphrase"), "sync-show")
        self._name = LineSection(tr("Name of this computer"), "sync-name")
        self._fetches_all = _check_box(tr("Fetch all attachments at once"), "sync-all")
        self._problem = Note(object_name="sync-problem")
        self._button = dialog_button(title, "sync-start", "primary")
        self._lay_out(parent)
        self._again.hide()
        self._name.field.setText(socket.gethostname())
        self._show_target(joined or Target(""))
        self._show_fields()
        self._connect()

    def _lay_out(self, parent: QWidget) -> None:
        address = row_of((self._address, 1), self._choose, spacing=8)
        about = _PLACES if self._joined is None else _MOVE_HINT
        secrets = column_of(self._secret, self._again, self._shows, spacing=6)
        when_joining = (
            _section(tr("Passphrase of the library"), secrets, tr(_HINT)),
            *(self._name, self._fetches_all),
        )
        inner = QWidget()
        column_of(
            _section(tr("Where the library is"), address, tr(about)),
            *(self._sign_in, self._endpoint, self._certificates),
            *(() if self._joined else when_joining),
            *(self._problem, STRETCH),
            parent=inner,
            margins=0,
            spacing=12,
        )
        for each in when_joining if self._joined else ():
            each.setParent(self)
            each.hide()
        cancel = cancel_button("sync-cancel")
        cancel.clicked.connect(self.reject)
        self._button.setDefault(True)
        buttons = row_of(STRETCH, cancel, self._button, spacing=8)
        column_of((scroll_area_of(inner), 1), buttons, parent=self, spacing=10)
        self.resize(fitting_size(_SIZE, parent))

    def _connect(self) -> None:
        self._choose.clicked.connect(
            lambda: choose_folder(
                self, tr("Folder of the library"), lambda path: self._address.setText(str(path))
            )
        )
        for field in (self._address, self._secret):
            field.textChanged.connect(self._take_line)
        for field in (self._address, self._endpoint):
            field.textChanged.connect(self._show_fields)
        self._shows.toggled.connect(self._show_secrets)
        self._button.clicked.connect(self._start)

    def _take_line(self, text: str) -> None:
        """Fill the fields if the line of another computer was pasted into one of them."""
        found = read_joining_line(text)
        if found is not None:
            target, code = found
            self._show_target(target)
            self._secret.setText(code)

    def _show_target(self, target: Target) -> None:
        self._address.setText(target.address)
        self._user.setText(target.user)
        self._password.setText(target.password)
        self._endpoint.setText(target.endpoint)
        self._show_certificates(Path(target.ca_file) if target.ca_file else None)

    def _show_certificates(self, path: Path | None) -> None:
        self._ca_file = str(path or "")
        self._certificates.show_file(self._ca_file, tr("System certificates"))

    def _show_fields(self) -> None:
        target = self._target
        self._sign_in.setVisible(not target.is_local)
        self._endpoint.setVisible(target.is_s3)
        self._certificates.setVisible(target.server.startswith("https:"))

    def _show_secrets(self, is_shown: bool) -> None:
        mode = QLineEdit.EchoMode.Normal if is_shown else QLineEdit.EchoMode.Password
        for field in (self._secret, self._again):
            field.setEchoMode(mode)

    @property
    def _target(self) -> Target:
        return Target(
            self._address.text().strip(),
            self._user.text().strip(),
            self._password.text(),
            self._endpoint.text().strip(),
            self._ca_file,
        )

    def _start(self) -> None:
        secret = self._secret.text()
        problem = ""
        if self._joined is None and len(secret) < SHORTEST_PASSPHRASE:
            problem = tr(
                "Use at least {count} characters: whoever guesses it reads everything.",
                count=SHORTEST_PASSPHRASE,
            )
        elif self._begins and self._again.text() != secret:
            problem = tr("The two passphrases differ.")
        self._problem.set_text(problem, "error")
        if not problem:
            self._ask_about_http(cleaned(self._target))

    @property
    def _begins(self) -> bool:
        return self._again.isVisibleTo(self)

    def _ask_about_http(self, target: Target) -> None:
        """Join, if need be after a question about a connection that others can watch."""
        host = target.unencrypted_host
        if not host or (self._joined is not None and self._joined.allows_http):
            self._begin(replace(target, allows_http=bool(host)))
            return
        ask(
            self,
            "sync-http",
            tr("The connection to {host} isn’t encrypted. Use it anyway?", host=host),
            paragraph(tr(_UNENCRYPTED), tr(_PASSWORD) if target.user else ""),
            label=tr("Use it"),
            on_accepted=lambda: self._begin(replace(target, allows_http=True)),
        )

    def _begin(self, target: Target) -> None:
        self._button.setEnabled(False)
        self._problem.set_text(tr("Connecting…"))
        self._session.tasks.start(self._join(target, self._secret.text(), begins=self._begins))

    async def _join(self, target: Target, secret: str, *, begins: bool) -> None:
        controller = self._session.of(SyncController)
        name, all_ = self._name.field.text().strip(), self._fetches_all.isChecked()
        try:
            if self._joined is None:
                await controller.join(target, secret, begins=begins, name=name, fetches_all=all_)
            else:
                await controller.move(target)
        except UserFacingError as error:
            if isValid(self):
                self._button.setEnabled(True)
                self._show_problem(error)
        else:
            if isValid(self):
                self.accept()

    def _show_problem(self, error: UserFacingError) -> None:
        if not isinstance(error, SyncBeginError):
            self._problem.set_text(error.sentences, "error")
        elif self._joined is not None:
            self._problem.set_text(error.what_happened, "error")
        else:
            self._problem.set_text(error.sentences, is_result=True)
            self._again.show()
            self._again.setFocus()


def _section(title: str, fields: QLayout, about: str) -> FormSection:
    section = FormSection(title)
    section.body.addLayout(fields)
    section.note.set_text(about)
    return section


def _secret_field(label: str, name: str) -> QLineEdit:
    field = line_field(label, name)
    field.setEchoMode(QLineEdit.EchoMode.Password)
    return field


def _check_box(label: str, name: str) -> QCheckBox:
    box = check_box(label, object_name=name)
    box.setText(label)
    return box
