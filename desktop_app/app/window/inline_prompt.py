"""The prompt in the place of the question that is edited, within the transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import IconButton, dialog_button
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainLabel, spoken_text

if TYPE_CHECKING:
    from desktop_app.composer.prompt_editor import PromptEditor
    from desktop_app.transcript.view import TranscriptView

_PALE_ALPHA: Final = 150


class _Pale(QWidget):
    """Pales the answer that the edited question will replace."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        color = current_theme().ground
        color.setAlpha(_PALE_ALPHA)
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), color)


class InlinePrompt(QWidget):
    """Shows the prompt at a question of the transcript, which keeps room for it.

    It is a child of the pane, so that assistive technology finds the prompt where it was.

    Signals:
        version_requested(str message_id, str action): show another version of the question.
        canceled(): the user pressed Cancel.
    """

    version_requested = Signal(str, str)
    canceled = Signal()

    def __init__(self, pane: QWidget, prompt: PromptEditor, transcript: TranscriptView) -> None:
        super().__init__(pane)
        self.setObjectName("edited-question")
        self._prompt = prompt
        self._transcript = transcript
        self._pane = pane
        self._message_id = ""
        self._is_placing = False
        self._top = 0  # of the question, in the transcript's viewport
        self._pale = _Pale(transcript.viewport())
        self._pale.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._pale.hide()
        self._content = QWidget(self)
        self._older = IconButton(
            "edit-older", "chevron-left", tr("Previous version"), lambda: self._step("older")
        )
        self._version = PlainLabel(name="edit-version", role="note")
        self._newer = IconButton(
            "edit-newer", "chevron-right", tr("Next version"), lambda: self._step("newer")
        )
        self._cancel = dialog_button(tr("Cancel"), "edit-cancel")
        self._cancel.clicked.connect(self.canceled)
        foot = row_of(
            self._older, self._version, self._newer, STRETCH, self._cancel, margins=0, spacing=4
        )
        self._column = column_of(foot, parent=self._content, margins=(0, 8, 0, 12), spacing=6)
        self._content.installEventFilter(self)
        transcript.scrolled.connect(self._place)
        transcript.viewport().installEventFilter(self)
        prompt.text_changed.connect(self._bring_on_screen)
        self.hide()

    @property
    def message_id(self) -> str:
        """Return the question at which the prompt is; "" while it is at the foot."""
        return self._message_id

    def begin(self, message_id: str) -> None:
        """Take the prompt to a question."""
        shown = self._transcript.messages.get(message_id)
        number, count = (shown and shown.version) or (1, 1)
        for button, is_usable in ((self._older, number > 1), (self._newer, number < count)):
            button.setEnabled(is_usable)
            button.setVisible(count > 1)
        self._version.setText(f"{number}/{count}")
        name = tr("Version {number} of {count}", number=number, count=count)
        self._version.setAccessibleName(spoken_text(name))
        self._version.setVisible(count > 1)
        self._message_id = message_id
        self._column.insertWidget(0, self._prompt)
        self.setTabOrder(self._prompt.row.send_button, self._older)
        self.setTabOrder(self._older, self._newer)
        self.setTabOrder(self._newer, self._cancel)
        self.show()
        self.raise_()
        self._place()
        self._bring_on_screen()

    def end(self) -> None:
        """Give the question its place back; the caller takes the prompt."""
        message_id, self._message_id = self._message_id, ""
        self.hide()
        self._pale.hide()
        self._reserve(message_id, 0)

    def _step(self, direction: str) -> None:
        self.version_requested.emit(self._message_id, f"{direction}-version")

    def _reserve(self, message_id: str, height: int) -> int:
        """Have the transcript keep a height for a question; return where it begins on screen."""
        area = self._transcript
        index = area.articles.index_of(message_id)
        if index < 0:
            return area.viewport().height()
        article = area.articles.open(index)
        top = area.top_space + area.articles.top_of(index) - area.scroll_y
        if article.reserved != height:
            with area.keeping_position():
                article.reserve(height)
                area.article_changed(message_id)
            # The line that kept its place may be one of the answer.
            bar = area.verticalScrollBar()
            bar.setValue(area.top_space + area.articles.top_of(index) - top)
            top = area.top_space + area.articles.top_of(index) - area.scroll_y
        return top

    def _place(self) -> None:
        """Follow the scrolling text, and fit the room to the height of the prompt."""
        if not self._message_id or self._is_placing:
            return
        self._is_placing = True
        viewport = self._transcript.viewport()
        width = viewport.width()
        self._content.resize(width, self._content.height())
        height = max(self._content.heightForWidth(width), self._content.sizeHint().height())
        self._top = top = self._reserve(self._message_id, height)
        visible = QRect(0, top, width, height) & viewport.rect()
        origin = viewport.mapTo(self._pane, visible.topLeft())
        self.setGeometry(QRect(origin, visible.size()))
        self._content.setGeometry(0, top - visible.top(), width, height)
        self._pale.setGeometry(0, top + height, width, max(0, viewport.height() - top - height))
        self._pale.show()
        self._is_placing = False

    def _bring_on_screen(self) -> None:
        """Show what is typed, also after the text was scrolled away."""
        if self._message_id:
            bar, room = self._transcript.verticalScrollBar(), self._transcript.viewport().height()
            below = self._top + self._content.height() - room
            bar.setValue(bar.value() + min(self._top, max(below, min(self._top, 0))))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_content = watched is self._content and event.type() == QEvent.Type.LayoutRequest
        if is_content or (watched is not self._content and event.type() == QEvent.Type.Resize):
            self._place()
        return super().eventFilter(watched, event)
