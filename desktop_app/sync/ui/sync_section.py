"""The section of the Data page that joins, shows and leaves a library of several computers."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QPixmap
from PySide6.QtWidgets import QDialog, QLineEdit, QWidget
from shiboken6 import isValid

from desktop_app.app.session import Session
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import N_, tr
from desktop_app.sync.format import SHORTEST_PASSPHRASE
from desktop_app.sync.target import Target
from desktop_app.sync.ui.sync_controller import SyncController
from desktop_app.widgets.boxes import STRETCH, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button, compact_button, dialog_button
from desktop_app.widgets.file_dialogs import choose_folder
from desktop_app.widgets.forms.form_dialog import FormDialog, ask
from desktop_app.widgets.forms.form_widgets import FormSection, Note, check_box, line_field
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainLabel
from desktop_app.widgets.windows import fitting_size, scroll_area_of

_ABOUT: Final = N_(
    "Your library on all your computers, encrypted, in a folder that another program copies, on a "
    "WebDAV server, or on S3. API keys stay on each computer."
)
_HINT: Final = N_(
    "The first computer chooses the passphrase; the others enter it, or the code that the first "
    "one shows. Without it, nobody can read the library, and nobody can restore it."
)

_SIZE: Final = (560, 400)
_CODE_SIZE: Final = (420, 360)
_MODULE_PX: Final = 5


class SyncSection(FormSection):
    """The section; see the module."""

    def __init__(self, session: Session) -> None:
        super().__init__(tr("Synchronize"))
        self._session = session
        self._controller = session.of(SyncController)
        self.note.set_text(tr(_ABOUT))
        self._state = Note(object_name="sync-state")
        self._join = compact_button(tr("Synchronize…"), "sync-join", "plain")
        self._join.clicked.connect(lambda: JoinDialog(session, self.window()).open())
        self._now = compact_button(tr("Synchronize now"), "sync-now", "plain")
        self._now.clicked.connect(self._controller.synchronize_now)
        self._code = compact_button(tr("Show code…"), "sync-code", "plain")
        self._code.clicked.connect(lambda: session.tasks.start(self._show_code()))
        self._leave = compact_button(tr("Stop…"), "sync-leave", "plain")
        self._leave.clicked.connect(self._ask_to_leave)
        buttons = QWidget()
        FlowLayout(self._join, self._now, self._code, self._leave, parent=buttons)
        self.add(self._state)
        self.add(buttons)
        self._show("", False)
        self._controller.state_changed.connect(self._show)
        self._controller.report_state()

    def _show(self, text: str, is_error: bool) -> None:
        self._state.set_text(text, "error" if is_error else "note")
        self._join.setVisible(not text)
        for button in (self._now, self._code, self._leave):
            button.setVisible(bool(text))

    async def _show_code(self) -> None:
        try:
            code = (await self._session.backend.synchronizer.key()).code()
        except UserFacingError as error:
            self._session.window.notifications.notify(error)
        else:
            CodeDialog(code, self.window()).open()

    def _ask_to_leave(self) -> None:
        ask(
            self.window(),
            "leave-sync",
            tr("Stop synchronizing this computer?"),
            tr("Everything stays on this computer, and in the storage."),
            label=tr("Stop"),
            on_accepted=lambda: self._session.tasks.start(self._controller.leave()),
        )


class CodeDialog(QDialog):
    """The code that joins another computer, as text and as a QR code for a camera."""

    def __init__(self, code: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("sync-code-dialog")
        self.setWindowTitle(tr("Code of the library"))
        self.finished.connect(self.deleteLater)
        picture = PlainLabel()
        picture.setPixmap(qr_code(code))
        picture.setAccessibleName(tr("QR code"))
        text = PlainLabel(code.replace("-", " "), wraps=True)
        text.setFont(current_theme().code())
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        copy = dialog_button(tr("Copy"), "sync-code-copy")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(code))
        close = dialog_button(tr("Close"), "sync-code-close", "primary")
        close.clicked.connect(self.accept)
        column_of(
            row_of(STRETCH, picture, STRETCH),
            text,
            Note(tr("Enter it on your other computer. Whoever has it reads and changes all.")),
            row_of(STRETCH, copy, close, spacing=8),
            parent=self,
            spacing=10,
        )
        self.resize(fitting_size(_CODE_SIZE, parent))


def qr_code(text: str) -> QPixmap:
    """Return a text as a QR code, with the white border that cameras need (ISO/IEC 18004)."""
    import segno

    matrix = list(segno.make(text, micro=False).matrix_iter(border=4))
    image = QImage(len(matrix), len(matrix), QImage.Format.Format_RGB32)
    for y, row in enumerate(matrix):
        for x, is_dark in enumerate(row):
            image.setPixelColor(x, y, Qt.GlobalColor.black if is_dark else Qt.GlobalColor.white)
    return QPixmap.fromImage(image.scaledToWidth(_MODULE_PX * len(matrix)))


class JoinDialog(FormDialog):
    """The dialog that joins or begins a library."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("join-sync")
        self.setWindowTitle(tr("Synchronize"))
        self.finished.connect(self.deleteLater)
        self._session = session
        self._address = line_field(tr("Folder, https://… or s3://…"), "sync-address")
        self._user = line_field(tr("User name (if needed)"), "sync-user")
        self._password = _secret_field(tr("Password (if needed)"), "sync-password")
        self._endpoint = line_field(tr("S3 server (if not Amazon’s)"), "sync-endpoint")
        self._secret = _secret_field(tr("Passphrase or code"), "sync-passphrase")
        self._fetches_all = check_box(tr("Fetch all attachments at once"), object_name="sync-all")
        self._fetches_all.setText(tr("Fetch all attachments at once"))
        self._problem = Note(object_name="sync-problem")
        choose = dialog_button(tr("Choose folder…"), "sync-folder")
        choose.clicked.connect(self._choose_folder)
        cancel = cancel_button("sync-cancel")
        cancel.clicked.connect(self.reject)
        self._button = dialog_button(tr("Synchronize"), "sync-start", "primary")
        self._button.setDefault(True)
        self._button.clicked.connect(self._start)
        inner = QWidget()
        column_of(
            row_of((self._address, 1), choose, spacing=8),
            self._user,
            self._password,
            self._endpoint,
            self._secret,
            Note(tr(_HINT)),
            self._fetches_all,
            self._problem,
            STRETCH,
            parent=inner,
            margins=0,
            spacing=10,
        )
        buttons = row_of(STRETCH, cancel, self._button, spacing=8)
        column_of((scroll_area_of(inner), 1), buttons, parent=self, spacing=10)
        self.resize(fitting_size(_SIZE, parent))
        self._address.textChanged.connect(self._show_fields)
        self._show_fields()

    def _show_fields(self) -> None:
        address = self._address.text()
        for field in (self._user, self._password):
            field.setVisible("://" in address)
        self._endpoint.setVisible(address.startswith("s3://"))

    def _choose_folder(self) -> None:
        choose_folder(
            self, tr("Folder of the library"), lambda folder: self._address.setText(str(folder))
        )

    def _start(self) -> None:
        secret = self._secret.text()
        if len(secret) < SHORTEST_PASSPHRASE:
            hint = tr(
                "Use at least {count} characters: whoever guesses it reads everything.",
                count=SHORTEST_PASSPHRASE,
            )
            self._problem.set_text(hint, "error")
            return
        target = Target(
            self._address.text().strip(),
            self._user.text().strip(),
            self._password.text(),
            self._endpoint.text().strip(),
        )
        self._button.setEnabled(False)
        self._problem.set_text(tr("Connecting…"))
        self._session.tasks.start(self._join(target, secret))

    async def _join(self, target: Target, secret: str) -> None:
        all_ = self._fetches_all.isChecked()
        try:
            await self._session.of(SyncController).join(target, secret, fetches_all=all_)
        except UserFacingError as error:
            if isValid(self):
                self._problem.set_text(error.sentences, "error")
                self._button.setEnabled(True)
        else:
            if isValid(self):
                self.accept()


def _secret_field(label: str, name: str) -> QLineEdit:
    field = line_field(label, name)
    field.setEchoMode(QLineEdit.EchoMode.Password)
    return field
