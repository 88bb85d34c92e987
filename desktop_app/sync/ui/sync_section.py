"""The section of the Data page that shows and leaves a library of several computers."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QPixmap
from PySide6.QtWidgets import QWidget

from desktop_app.app.session import Session
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.storage.row_conversion import from_micros
from desktop_app.sync.device_state import Device
from desktop_app.sync.services import synchronizer
from desktop_app.sync.target import joining_line
from desktop_app.sync.ui.join_dialog import JoinDialog
from desktop_app.sync.ui.sync_controller import SyncController
from desktop_app.widgets.boxes import STRETCH, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import compact_button, dialog_button
from desktop_app.widgets.forms.form_dialog import ask
from desktop_app.widgets.forms.form_widgets import FormSection, Note, ReadOnlyLine
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.sheet import Sheet
from desktop_app.widgets.text.foreign_text import PlainLabel, spoken_text
from desktop_app.widgets.windows import fitting_size

_ABOUT: Final = N_(
    "Your library on all your computers, encrypted, in a folder that another program copies, on a "
    "WebDAV server, or on S3. API keys stay on each computer."
)
_LINE_HINT: Final = N_(
    "On the other computer, press “Synchronize…” and paste this line. It has the address and the "
    "code, but not the storage’s password. Whoever has it reads and changes everything."
)
_DIRECT: Final = Qt.FindChildOption.FindDirectChildrenOnly
_CODE_SIZE: Final = (460, 520)
_MODULE_PX: Final = 4


class SyncSection(FormSection):
    """The section; see the module."""

    def __init__(self, session: Session) -> None:
        super().__init__(tr("Synchronize"))
        self.setObjectName("synchronize")
        self._session = session
        self._controller = session.of(SyncController)
        self.note.set_text(tr(_ABOUT))
        self._state = Note(object_name="sync-state")
        self._join = compact_button(tr("Synchronize…"), "sync-join", "plain")
        self._join.clicked.connect(lambda: JoinDialog(session, self.window()).open())
        self._now = compact_button(tr("Synchronize now"), "sync-now", "plain")
        self._now.clicked.connect(self._controller.synchronize_now)
        self._code = compact_button(tr("Add computer…"), "sync-code", "plain")
        self._code.clicked.connect(lambda: session.tasks.start(self._show_code()))
        self._move = compact_button(tr("Change storage…"), "sync-move", "plain")
        self._move.clicked.connect(lambda: session.tasks.start(self._show_storage()))
        self._leave = compact_button(tr("Stop…"), "sync-leave", "plain")
        self._leave.clicked.connect(self._ask_to_leave)
        self._when_joined = (self._now, self._code, self._move, self._leave)
        self._devices: object = None
        self._computers = QWidget()
        self._rows = column_of(parent=self._computers, margins=0, spacing=2)
        buttons = QWidget()
        FlowLayout(self._join, *self._when_joined, parent=buttons)
        for part in (self._state, self._computers, buttons):
            self.add(part)
        self._show("", False, [])
        self._controller.state_changed.connect(self._show)
        self._controller.report_state()

    def _show(self, text: str, is_error: bool, devices: list[Device]) -> None:
        self._state.set_text(text, "error" if is_error else "note")
        self._join.setVisible(not text)
        for button in self._when_joined:
            button.setVisible(bool(text))
        if devices != self._devices:  # a button that is pressed meanwhile stays
            self._devices = devices
            for row in self._computers.findChildren(QWidget, options=_DIRECT):
                row.hide()
                row.deleteLater()
            for device in devices:
                self._rows.addWidget(self._computer(device))
        self._computers.setVisible(bool(devices))

    def _computer(self, device: Device) -> QWidget:
        """Return the row of a computer: its name, when it was last there, what is wrong."""
        row = QWidget()
        when = formatting.moment(from_micros(device.at)) if device.at else ""
        problem = device.problem.what_happened if device.problem is not None else ""
        facts = [device.name, tr("this computer") if device.is_own else when, problem]
        label = PlainLabel(" · ".join(filter(None, facts)), wraps=True)
        if device.is_own:
            row_of((label, 1), parent=row, margins=0)
            return row
        button = compact_button(tr("Strike off…"), f"sync-strike-{device.id}")
        button.setAccessibleName(spoken_text(tr("Strike off “{name}”…", name=device.name)))
        button.clicked.connect(lambda: self._ask_to_strike_off(device))
        row_of((label, 1), button, parent=row, margins=0, spacing=8)
        return row

    def _ask_to_strike_off(self, device: Device) -> None:
        ask(
            self.window(),
            "strike-off",
            tr("Strike off “{name}”?", name=device.name),
            tr(
                "For a computer that is lost or sold: its files are removed from the storage. What "
                "it has sent stays in the library. It keeps what it has; change the storage’s "
                "password if somebody else may use it."
            ),
            label=tr("Strike off"),
            on_accepted=lambda: self._session.tasks.start(self._controller.strike_off(device.id)),
        )

    async def _show_code(self) -> None:
        service = self._session.backend.of(synchronizer)
        try:
            code, target = (await service.key()).code(), await service.target()
        except UserFacingError as error:
            self._session.window.notifications.notify(error)
        else:
            CodeDialog(code, joining_line(target, code), self.window()).open()

    async def _show_storage(self) -> None:
        try:
            target = await self._session.backend.of(synchronizer).target()
        except UserFacingError as error:
            self._session.window.notifications.notify(error)
        else:
            JoinDialog(self._session, self.window(), target).open()

    def _ask_to_leave(self) -> None:
        ask(
            self.window(),
            "leave-sync",
            tr("Stop synchronizing this computer?"),
            tr("Everything stays on this computer, and in the storage."),
            label=tr("Stop"),
            on_accepted=lambda: self._session.tasks.start(self._controller.leave()),
        )


class CodeDialog(Sheet):
    """What joins another computer: a line with the address and the code, as a QR code and text."""

    def __init__(self, code: str, line: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("sync-code-dialog")
        self.setWindowTitle(tr("Add computer"))
        self.finished.connect(self.deleteLater)
        picture = PlainLabel()
        picture.setPixmap(qr_code(line))
        picture.setAccessibleName(tr("QR code"))
        field = ReadOnlyLine(tr("Line for the other computer"), "sync-line")
        field.show_text(line, "")
        text = PlainLabel(code.replace("-", " "), wraps=True)
        text.setFont(current_theme().code())
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        copy = dialog_button(tr("Copy line"), "sync-line-copy")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(line))
        copy_code = dialog_button(tr("Copy code"), "sync-code-copy")
        copy_code.clicked.connect(lambda: QGuiApplication.clipboard().setText(code))
        close = dialog_button(tr("Close"), "sync-code-close", "primary")
        close.clicked.connect(self.accept)
        column_of(
            row_of(STRETCH, picture, STRETCH),
            Note(tr(_LINE_HINT)),
            row_of((field, 1), copy, spacing=8),
            Note(tr("Or type the address there, and this code:")),
            text,
            row_of(STRETCH, copy_code, close, spacing=8),
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
