"""Dictation into the window of another program, while the global shortcut is held."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor, QGuiApplication
from PySide6.QtWidgets import QApplication, QFrame

from desktop_app.app.pasting import FOCUS_CHANGE_S, can_type, granted_keyboard, paste_on_x11
from desktop_app.app.session import Controller, Session
from desktop_app.desktop_session.hotkey.x11_keys import focused_window
from desktop_app.desktop_session.session_bus import BusError
from desktop_app.i18n.translation import tr
from desktop_app.voice.ui.dictation import Dictation
from desktop_app.voice.ui.microphones import DictationField, MicrophoneButton, Microphones, Stage
from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.cards.notifications import Notifications
from desktop_app.widgets.text.foreign_text import PlainTextField

_WIDTH, _HEIGHT = 420, 110
_ABOVE_EDGE = 80


class DictationWindow(QFrame):
    """What is heard, at the bottom of the screen. It never takes the focus."""

    def __init__(self) -> None:
        kinds = Qt.WindowType
        on_top = kinds.FramelessWindowHint | kinds.WindowStaysOnTopHint
        super().__init__(None, kinds.ToolTip | on_top | kinds.WindowDoesNotAcceptFocus)
        self.setObjectName("dictation-anywhere")
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        editor = PlainTextField()
        editor.setAccessibleName(tr("Dictated words"))
        self.field = DictationField(editor, MicrophoneButton(), Notifications())
        column_of(editor, self.field.button, self.field.notices, parent=self)

    def show_on_screen(self) -> None:
        """Show it on the screen of the pointer."""
        screen = QGuiApplication.screenAt(QCursor.pos()) or QGuiApplication.primaryScreen()
        room = screen.availableGeometry()
        left = room.center().x() - _WIDTH // 2
        self.setGeometry(left, room.bottom() - _HEIGHT - _ABOVE_EDGE, _WIDTH, _HEIGHT)
        self.show()


class DictationAnywhere(Controller):
    """Dictates while the shortcut is held; into a field of this program if one has the focus."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.window = DictationWindow()
        self._field = self.window.field
        self._target = 0
        self._dictation = session.of(Dictation)
        self._dictation.written.connect(self._on_written)
        self._dictation.failed.connect(self._on_failed)
        self._field.editor.textChanged.connect(self._keep_late_words)
        self._field.notices.closed.connect(lambda _topic: self.window.hide())
        session.end_steps.append(self._close)

    def hold(self, is_held: bool) -> None:
        """Begin, or end and paste the words."""
        if not is_held:
            self._dictation.finish()
        elif QApplication.activeWindow() is not None:
            self._dictation.begin(self._session.of(Microphones).focused())
        else:
            self._tasks.start(self._begin())

    async def _begin(self) -> None:
        self._dictation.drop()
        self._field.editor.clear()
        self.window.show_on_screen()
        self._dictation.begin(self._field)
        self._target = await asyncio.to_thread(focused_window) if can_type() else 0

    def _on_written(self, field: DictationField) -> None:
        if field is self._field:
            words = field.editor.toPlainText()
            # Nobody sees what is before the cursor there, so the gap to the next words is behind.
            self._tasks.start(self._paste(f"{words} " if words else ""))

    def _on_failed(self) -> None:
        if self._field.notices.isHidden():  # else it tells what is wrong
            self.window.hide()

    async def _paste(self, words: str) -> None:
        if words:
            self._copy(words)
        if words and not await self._type_paste():
            self._tell_of_clipboard()
        else:
            self.window.hide()

    async def _type_paste(self) -> bool:
        """Paste into the window that has, or gets back, the focus. Return False if that failed."""
        if can_type():
            return await paste_on_x11(int(self.window.winId()), self._target)
        try:
            async with granted_keyboard(self._session) as keyboard:
                if keyboard is not None:
                    self.window.hide()  # it may have got the focus
                    await asyncio.sleep(FOCUS_CHANGE_S)
                    await keyboard.type_paste()
                return keyboard is not None
        except BusError:
            return False

    def _keep_late_words(self) -> None:
        """Copy words that were transcribed by another try, when the focus has moved on."""
        words = self._field.editor.toPlainText()
        if words and self._field.button.stage is Stage.OFF:
            self._copy(words)
            self._tell_of_clipboard()

    def _copy(self, words: str) -> None:
        QGuiApplication.clipboard().setText(words)

    def _tell_of_clipboard(self) -> None:
        self.window.show_on_screen()
        self._field.notices.notify(tr("The words are on the clipboard."), stays=True)

    async def _close(self) -> None:
        self.window.deleteLater()
