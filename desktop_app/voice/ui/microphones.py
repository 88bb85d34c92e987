"""The microphone beside each field where users write, with its meter."""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QContextMenuEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QBoxLayout, QPlainTextEdit, QTextEdit, QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.icons import set_icon
from desktop_app.widgets.look.theme import ROW_HEIGHT, current_theme
from desktop_app.widgets.program_menu import ProgramMenu, add_commands
from desktop_app.widgets.text.foreign_text import PlainToolButton, set_tooltip, spoken_text

if TYPE_CHECKING:
    from desktop_app.app.session import Session
    from desktop_app.widgets.cards.notifications import Notifications

# In pixels at the default text size (see `Theme.px`).
_BAR_WIDTH: Final = 3
_BAR_STEP: Final = 5
_BAR_HEIGHT: Final = 16
_BARS: Final = 6


class Stage(Enum):
    """What the microphone does.

    STARTING: it is being opened. LISTENING: it hears. WRITING: the rest of the text is on its way.
    TALKING: it is closed, while an answer is awaited or read in a spoken conversation.
    """

    OFF = auto()
    STARTING = auto()
    LISTENING = auto()
    WRITING = auto()
    TALKING = auto()


class MicrophoneButton(PlainToolButton):
    """A microphone; while it is open, the last levels are bars beside it."""

    def __init__(self) -> None:
        super().__init__(name="microphone", label=tr("Dictate"), role="quiet")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.stage = Stage.OFF
        self.levels: deque[float] = deque([0.0] * _BARS, _BARS)
        self.update_theme()

    def set_stage(self, stage: Stage) -> None:
        self.stage = stage
        self.levels.extend([0.0] * _BARS)
        tips = {
            Stage.OFF: tr("Dictate"),
            Stage.STARTING: tr("Opening the microphone…"),
            Stage.LISTENING: tr("Listening. Esc drops the words."),
            Stage.WRITING: tr("Writing…"),
            Stage.TALKING: tr("Spoken conversation. Press to interrupt; Esc ends it."),
        }
        set_tooltip(self, tips[stage])
        self.setAccessibleDescription("" if stage is Stage.OFF else spoken_text(tips[stage]))
        self.update_theme()

    def add_level(self, level: float) -> None:
        """Show the loudness, from 0.0 to 1.0, as the newest bar."""
        level = round(level, 1)
        if level or any(self.levels):
            self.levels.append(level)
            self.update()

    def update_theme(self) -> None:
        theme = current_theme()
        color = theme.dim if self.stage is Stage.OFF else theme.accent
        name = "audio-lines" if self.stage is Stage.TALKING else "mic"
        set_icon(self, name, color, theme.px(18), disabled=theme.faint)
        self.setMinimumHeight(theme.px(ROW_HEIGHT))
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        size = super().sizeHint()
        if self.stage in (Stage.LISTENING, Stage.WRITING):
            size.setWidth(size.width() + current_theme().px(_BAR_STEP * _BARS))
        return size

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = ProgramMenu(self)
        add_commands(menu, "voice.dictate", "voice.converse")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.stage not in (Stage.LISTENING, Stage.WRITING):
            super().paintEvent(event)
            return
        theme = current_theme()
        painter = QPainter(self)
        painting.antialias(painter)
        size = theme.px(18)
        self.icon().paint(painter, 0, (self.height() - size) // 2, size, size)
        painter.setPen(theme.accent)
        painter.setBrush(theme.accent)
        width, step = theme.px(_BAR_WIDTH), theme.px(_BAR_STEP)
        for index, level in enumerate(self.levels):
            height = max(width, level * theme.px(_BAR_HEIGHT))
            left = size + step + index * step
            bar = QRectF(left, (self.height() - height) / 2, width, height)
            painter.drawRoundedRect(bar, width / 2, width / 2)


class DictationField(NamedTuple):
    """A field where users write, its microphone, and the place for what goes wrong."""

    editor: QPlainTextEdit | QTextEdit
    button: MicrophoneButton
    notices: Notifications


class Microphones:
    """The fields of a session that can be dictated into."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._fields: list[DictationField] = []

    def add(
        self,
        editor: QPlainTextEdit | QTextEdit,
        row: QBoxLayout,
        notices: Notifications,
        previous: QWidget,
    ) -> None:
        """Add a microphone for a field to a row of buttons, behind another in the tab order."""
        field = DictationField(editor, MicrophoneButton(), notices)
        self._fields.append(field)
        editor.destroyed.connect(lambda: self._fields.remove(field))
        row.addWidget(field.button)
        QWidget.setTabOrder(previous, field.button)
        field.button.pressed.connect(lambda: self._dictation().press(field))
        field.button.released.connect(lambda: self._dictation().release())

    @property
    def main(self) -> DictationField:
        """Return the prompt of the window."""
        return self._fields[0]

    @property
    def is_open(self) -> bool:
        """Return True while somebody dictates."""
        closed = (Stage.OFF, Stage.TALKING)
        return any(field.button.stage not in closed for field in self._fields)

    def focused(self) -> DictationField:
        """Return the field with the focus, else that of the active window, else the prompt."""
        focused, window = QApplication.focusWidget(), QApplication.activeWindow()
        for field in self._fields:
            if field.editor is focused:
                return field
        for field in self._fields:
            if field.editor.window() is window and field.editor.isVisible():
                return field
        return self.main

    def _dictation(self) -> Dictation:
        from desktop_app.voice.ui.dictation import Dictation

        return self._session.of(Dictation)


if TYPE_CHECKING:
    from desktop_app.voice.ui.dictation import Dictation
