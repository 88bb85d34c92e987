"""The transcript: the whole conversation in one text view, growing as the answer arrives.

Pieces of an answer are collected for at most one frame, parsed from the last open block on, and
written as the difference. The view stays where the reader put it: it follows only while it is at the
bottom. Only the newest messages are written at first, older ones as one scrolls up to them.
Nothing in a message is ever loaded: pictures are names, links open on a click, through the system.
"""

from __future__ import annotations

import time
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QByteArray, QEvent, QMimeData, QPoint, QRect, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QAccessible,
    QContextMenuEvent,
    QDesktopServices,
    QGuiApplication,
    QKeySequence,
    QPainter,
)
from PySide6.QtWidgets import QFrame, QMenu, QScrollBar, QTextBrowser, QToolButton, QWidget

from desktop_app.domain.conversation import Message, Role
from desktop_app.ui import icons
from desktop_app.ui.theme import MARGIN, MEASURE, set_role
from desktop_app.ui.transcript import selection
from desktop_app.ui.transcript.actions import ACTIONS, ActionRow
from desktop_app.ui.transcript.items import ACTION
from desktop_app.ui.transcript.painting import Backdrop, CodeMark
from desktop_app.ui.transcript.pictures import Pictures
from desktop_app.ui.transcript.styles import LOOK, PAD, Look
from desktop_app.ui.transcript.written import WrittenMessages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PySide6.QtGui import (
        QFocusEvent,
        QImage,
        QKeyEvent,
        QMouseEvent,
        QPaintEvent,
        QResizeEvent,
        QTextBlock,
    )

    from desktop_app.ui.theme import Theme
    from desktop_app.ui.transcript.entry import Entry
    from desktop_app.ui.transcript.items import Mark

FRAME_S: Final = 1 / 60
FIRST_CHARACTERS: Final = 16_000
MORE_CHARACTERS: Final = 12_000
_AT_BOTTOM_PX: Final = 8
_OPENED_SCHEMES: Final = ("http", "https", "mailto")


class QuietScrollBar(QScrollBar):
    """Always there, but seen only where there is something to scroll.

    A bar that comes and goes changes the measure of the text, and does so from inside the
    document's edits, where Qt does not survive that the text is laid out again.
    """

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.maximum() > self.minimum():
            super().paintEvent(event)


class TranscriptView(QTextBrowser):
    """Shows messages and says what the person wants done with them.

    A brief one shows a single answer in a place of its own: with less room above it, and without
    the facts in its footer, which that place shows.

    Signals:
        action_requested(str message_id, str action): "copy" has been done already.
        older_wanted(): scrolled near the top while older messages exist that were not given.
        at_bottom_changed(bool): whether the view follows what arrives.
        picture_wanted(str): a picture of this hash has come into view: see `set_picture`.
    """

    action_requested = Signal(str, str)
    older_wanted = Signal()
    at_bottom_changed = Signal(bool)
    picture_wanted = Signal(str)

    def __init__(
        self, theme: Theme, parent: QWidget | None = None, *, is_brief: bool = False
    ) -> None:
        super().__init__(parent)
        self.setObjectName("transcript")
        self.setAccessibleName("Transcript")
        self._theme = theme
        self._messages = WrittenMessages(self.document(), theme, self, is_brief=is_brief)
        self._backdrop = Backdrop(theme)
        self._pictures = Pictures(self.document(), theme, self)
        self._pictures.wanted.connect(self.picture_wanted)
        self._has_older = False
        self._following = True
        self._keeping_place = False
        self._waiting_text: dict[str, list[str]] = {}
        self._next_flush = 0.0
        self._clicked_at: QPoint | None = None
        self._flush_timer = QTimer(self, singleShot=True)
        self._flush_timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._flush_timer.timeout.connect(self.flush)
        self._set_up_view()
        self._actions = ActionRow(theme, self.viewport())
        self._actions.chosen.connect(self._act)
        self._latest = QToolButton(self)
        self._set_up_latest()
        self.set_theme(theme)

    def _set_up_view(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setCursorWidth(0)
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBar(QuietScrollBar(Qt.Orientation.Vertical))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        flags = Qt.TextInteractionFlag.TextBrowserInteraction
        self.setTextInteractionFlags(flags | Qt.TextInteractionFlag.TextSelectableByKeyboard)
        self.viewport().setMouseTracking(True)
        self.anchorClicked.connect(self._on_link)
        self.highlighted.connect(self._on_link_hovered)
        bar = self.verticalScrollBar()
        bar.valueChanged.connect(self._on_scrolled)
        bar.rangeChanged.connect(self._on_range_changed)

    def _set_up_latest(self) -> None:
        self._latest.setObjectName("latest")
        self._latest.setText("Latest")
        self._latest.setAccessibleName("Go to the latest message")
        self._latest.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._latest.setCursor(Qt.CursorShape.ArrowCursor)
        set_role(self._latest, "plain")
        self._latest.clicked.connect(self.scroll_to_bottom)
        self._latest.hide()

    # ------------------------------------------------------------------ messages

    def set_messages(
        self,
        messages: Sequence[Message],
        *,
        has_older: bool = False,
        versions: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        """Show another path: the newest messages at once, the older ones as one scrolls to them.

        `versions` gives (number, count) for messages that have siblings.
        """
        self._flush_timer.stop()
        self._waiting_text.clear()
        self._actions.leave()
        self._pictures.clear()
        self._messages.begin(messages, dict(versions or {}))
        self._has_older = has_older
        self._following = True
        self._messages.write_older(FIRST_CHARACTERS)
        self.scroll_to_bottom()
        self._place_actions_at_the_end()

    def prepend_messages(self, messages: Sequence[Message], *, has_older: bool) -> None:
        """Older messages than all that were given before; what is on screen stays there."""
        self._messages.unwritten[:0] = messages
        self._has_older = has_older
        with _KeptPlace(self):
            self._messages.write_older(MORE_CHARACTERS)

    def append_message(self, message: Message) -> None:
        """A message after all others."""
        self.flush()
        self._place_actions(self._messages.append(message))

    def append_text(self, message_id: str, text: str) -> None:
        """The next piece of an answer that streams; shown with the next frame."""
        self._waiting_text.setdefault(message_id, []).append(text)
        if not self._flush_timer.isActive():
            wait = self._next_flush - time.monotonic()
            if wait <= 0:
                self.flush()
            else:
                self._flush_timer.start(round(wait * 1000))

    def append_reasoning(self, message_id: str, text: str) -> None:
        """The next piece of an answer's reasoning summary."""
        entry = self._messages.get(message_id)
        if entry is not None:
            self._messages.think(entry, text)

    def flush(self) -> None:
        """Show now what append_text has collected."""
        self._flush_timer.stop()
        began = time.monotonic()
        pending, self._waiting_text = self._waiting_text, {}
        for message_id, pieces in pending.items():
            entry = self._messages.get(message_id)
            if entry is not None:
                self._messages.grow(entry, "".join(pieces))
        ended = time.monotonic()
        # What is slow to parse leaves the window three quarters of the time all the same.
        self._next_flush = max(began + FRAME_S, ended + 3 * (ended - began))

    def update_message(self, message: Message, version: tuple[int, int] | None = None) -> None:
        """Status, footer, error and notices of a message; its text only where it differs."""
        self.flush()
        if version is not None:
            self._messages.versions[message.id] = version
        before = self._messages.get(message.id)
        was_streaming = before is not None and before.is_streaming
        entry = self._messages.update(message)
        if entry is not None:
            self._place_actions(entry)
            if was_streaming and not entry.is_streaming:
                self._announce(entry)

    def set_model_names(self, name_of: Callable[[str], str]) -> None:
        """Name models in the footers by what `name_of` makes of their ids; else it is the ids."""
        with _KeptPlace(self):
            self._messages.name_models(name_of)

    def set_marks(self, marks: Mapping[str, Mark]) -> None:
        """Show quiet lines below these messages, by id, and below no others."""
        with _KeptPlace(self):
            self._messages.mark(marks)
        self._place_actions_again()

    def set_waiting(self, message_id: str, sentence: str) -> None:
        """Say below an answer what it waits for; "" says nothing."""
        entry = self._messages.get(message_id)
        if entry is not None and entry.waiting != sentence:
            entry.waiting = sentence
            self._messages.refresh(entry)

    # ------------------------------------------------------------------ look

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours and sizes; what is on screen stays there."""
        with _KeptPlace(self):
            self._dress(theme)
            self._messages.write_again(theme)
            self._set_margins()
        self._place_latest()
        self._place_actions_again()

    def _dress(self, theme: Theme) -> None:
        self._theme = theme
        colours = self.palette()
        colours.setColor(colours.ColorRole.Base, theme.ground)
        colours.setColor(colours.ColorRole.Text, theme.text)
        self.setPalette(colours)
        # Where the application has a style sheet, the viewport keeps the palette it had once.
        self.viewport().setPalette(colours)
        self.document().setDefaultFont(theme.answer())
        self._backdrop = Backdrop(theme)
        self._pictures.set_theme(theme)
        self._pictures.ratio = self.devicePixelRatioF()
        self._actions.set_theme(theme)
        self._latest.setIcon(icons.icon("arrow-down", theme.text, theme.px(14)))

    def _set_margins(self) -> None:
        """A readable measure in the middle; done before the viewport is resized, so that a wide
        window need not lay out its text again."""
        least = self._theme.px(MARGIN)
        left = max(least, (self.width() - self._theme.px(MEASURE)) // 2)
        # The bar takes its room out of the margin: the text stands in the middle all the same.
        right = max(0, left - self.verticalScrollBar().sizeHint().width())
        margins = self.viewportMargins()
        if (margins.left(), margins.right()) != (left, right):
            self.setViewportMargins(left, 0, right, 0)

    def event(self, event: QEvent) -> bool:
        """Set the margins before the children are laid out; scroll from the margins, too."""
        if event.type() == QEvent.Type.Resize:
            with _KeptPlace(self):
                self._set_margins()
                return super().event(event)
        if event.type() == QEvent.Type.Wheel:
            self.wheelEvent(event)  # type: ignore[arg-type]
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what floats in its place."""
        super().resizeEvent(event)
        self._place_latest()
        self._place_actions_again()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Grounds first, then the text, then the Copy marks."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        offset = self.verticalScrollBar().value()
        area, width = event.rect(), self.viewport().width()
        first = self.cursorForPosition(area.topLeft()).block()
        self._backdrop.paint(painter, _above(first), offset, area, width)
        painter.end()
        super().paintEvent(event)
        if self._backdrop.marks:
            painter = QPainter(self.viewport())
            for mark in self._backdrop.marks:
                self._paint_mark(painter, mark)
            painter.end()

    def _paint_mark(self, painter: QPainter, mark: CodeMark) -> None:
        theme = self._theme
        size = theme.px(14)
        top = mark.area.top() + (mark.area.height() - size) // 2
        painter.drawPixmap(mark.area.left(), top, icons.pixmap("copy", theme.dim, size))
        painter.setFont(theme.note())
        painter.setPen(theme.dim)
        place = mark.area.adjusted(size + theme.px(5), 0, 0, 0)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, "Copy")

    # ------------------------------------------------------------------ place

    def scroll_state(self) -> tuple[str, int]:
        """The topmost message on screen and how many pixels of it are above the screen."""
        entry = self._entry_at(QPoint(0, 0))
        if entry is None:
            return "", 0
        top = self._top_of(entry.message.id)
        return entry.message.id, round(self.verticalScrollBar().value() - top)

    def restore_scroll(self, state: tuple[str, int]) -> None:
        """Go back to where `scroll_state` was taken; to the bottom if the message is gone."""
        message_id, offset = state
        if not self._messages.write_down_to(message_id, MORE_CHARACTERS):
            self.scroll_to_bottom()
            return
        self.verticalScrollBar().setValue(round(self._top_of(message_id) + offset))
        self._follow(self._is_at_bottom())

    def scroll_to_message(self, message_id: str) -> None:
        """Bring a message's beginning to the top."""
        if self._messages.write_down_to(message_id, MORE_CHARACTERS):
            self.restore_scroll((message_id, 0))

    def scroll_to_bottom(self) -> None:
        """Go to the end and follow what arrives."""
        self._follow(True)
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())

    def _top_of(self, message_id: str) -> float:
        """Where a message begins, in document coordinates."""
        block = self._messages.first_block(message_id)
        return float(self.document().documentLayout().blockBoundingRect(block).top())

    def _is_at_bottom(self) -> bool:
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - _AT_BOTTOM_PX

    def _follow(self, following: bool) -> None:
        if following != self._following:
            self._following = following
            self.at_bottom_changed.emit(following)
        self._latest.setVisible(not following)

    def _on_scrolled(self, value: int) -> None:
        if self._keeping_place:
            return
        self._follow(self._is_at_bottom())
        if value < self.viewport().height():
            QTimer.singleShot(0, self, self._load_older)
        self._place_actions_again()

    def _on_range_changed(self, _least: int, most: int) -> None:
        # Comes from inside the document's edits: nothing may be laid out anew here.
        if self._following and not self._keeping_place:
            self.verticalScrollBar().setValue(most)

    def _load_older(self) -> None:
        if self.verticalScrollBar().value() >= self.viewport().height():
            return
        if self._messages.unwritten:
            with _KeptPlace(self):
                self._messages.write_older(MORE_CHARACTERS)
        elif self._has_older:
            self._has_older = False
            self.older_wanted.emit()

    def _place_latest(self) -> None:
        self._latest.adjustSize()
        left = (self.width() - self._latest.width()) // 2
        self._latest.move(left, self.height() - self._latest.height() - self._theme.px(12))

    # ------------------------------------------------------------------ mouse, keys, links

    def _entry_at(self, position: QPoint) -> Entry | None:
        return self._messages.at_block(self.cursorForPosition(position).block())

    def _mark_at(self, position: QPoint) -> CodeMark | None:
        block = self.cursorForPosition(position).block()
        if not block.blockFormat().intProperty(LOOK) & Look.HEAD:
            return None
        offset, width = self.verticalScrollBar().value(), self.viewport().width()
        mark = self._backdrop.mark(block, offset, width)
        return mark if mark.area.contains(position) else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show the actions of the message under the mouse."""
        super().mouseMoveEvent(event)
        position = event.position().toPoint()
        if self._mark_at(position):
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
        entry = self._entry_at(position)
        if entry is not None and not event.buttons():
            self._place_actions(entry)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a Copy mark copies the code; links know where they were clicked."""
        position = event.position().toPoint()
        mark = self._mark_at(position)
        if mark is not None and event.button() == Qt.MouseButton.LeftButton:
            self._copy_code(mark)
            return
        self._clicked_at = position
        super().mouseReleaseEvent(event)
        self._clicked_at = None

    def _copy_code(self, mark: CodeMark) -> None:
        found = self._messages.writer.section_at(mark.head)
        entry = self._messages.get(found[0].key) if found is not None else None
        if found is not None and entry is not None:
            lines = entry.code_at(found[0].item_at(found[1]))
            QGuiApplication.clipboard().setMimeData(selection.code_mime_data(lines))

    def _on_link(self, url: QUrl) -> None:
        target = url.toString()
        if target.startswith(ACTION):
            cursor = self.textCursor()
            if self._clicked_at is not None:
                cursor = self.cursorForPosition(self._clicked_at)
            entry = self._messages.at_block(cursor.block())
            if entry is not None:
                self._act(entry.message.id, target.removeprefix(ACTION))
        elif url.scheme().lower() in _OPENED_SCHEMES:
            QDesktopServices.openUrl(url)

    def _on_link_hovered(self, url: QUrl) -> None:
        target = url.toString(QUrl.ComponentFormattingOption.FullyEncoded)
        self.viewport().setToolTip("" if target.startswith(ACTION) else target)

    def _act(self, message_id: str, action: str) -> None:
        entry = self._messages.get(message_id)
        if entry is None:
            return
        if action == "reasoning":
            entry.folded = not entry.folded
            with _KeptPlace(self):
                self._messages.refresh(entry)
            return
        if action == "copy":
            data = selection.mime_data(entry.blocks())
            QGuiApplication.clipboard().setMimeData(data)
        self.action_requested.emit(message_id, action)

    def copy_last_answer(self) -> None:
        """Put the newest answer on the clipboard, as its Copy does."""
        entry = self._messages.newest_answer()
        if entry is not None:
            self._act(entry.message.id, "copy")

    def set_picture(self, sha256: str, image: QImage) -> None:
        """Show a picture of a question, small."""
        self._pictures.show(sha256, image)
        self.viewport().update()

    def loadResource(self, kind: int, name: QUrl | str) -> QByteArray | QImage:
        """Nothing is loaded, whatever a message names, but pictures that a question came with are
        drawn. (None would make Qt read local files.)"""
        return self._pictures.resource(name) or QByteArray()

    def createMimeDataFromSelection(self) -> QMimeData:
        """HTML, Markdown and plain text of what is selected."""
        return selection.selected(self._messages.writer, self.textCursor())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Home and End go to the ends of the conversation."""
        if event.matches(QKeySequence.StandardKey.MoveToEndOfDocument) or (
            event.key() == Qt.Key.Key_End and not event.modifiers()
        ):
            self.scroll_to_bottom()
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with the selection and with the message."""
        position = event.pos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            position = self.cursorRect().center()
        menu = self.menu_at(position)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.viewport().mapToGlobal(position))

    def menu_at(self, position: QPoint) -> QMenu:
        """The context menu for a place on screen."""
        menu = QMenu(self)
        if self.textCursor().hasSelection():
            menu.addAction("Copy", self.copy)
        link = self.anchorAt(position)
        if link and not link.startswith(ACTION):
            menu.addAction("Copy link", lambda: QGuiApplication.clipboard().setText(link))
        entry = self._entry_at(position)
        if entry is not None:
            for action, _, words in ACTIONS[entry.message.role]:
                menu.addAction(words, partial(self._act, entry.message.id, action))
        menu.addAction("Select all", self.selectAll)
        return menu

    def leaveEvent(self, event: QEvent) -> None:
        """The actions of the newest answer stay in reach."""
        super().leaveEvent(event)
        self._place_actions_at_the_end()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The caret shows where the keyboard would select from, and blinks for nobody else."""
        reasons = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.setCursorWidth(1 if event.reason() in reasons else 0)
        super().focusInEvent(event)

    def _place_actions_at_the_end(self) -> None:
        last = self._messages.last()
        if last is not None:
            self._place_actions(last)

    def _place_actions(self, entry: Entry) -> None:
        if entry.is_streaming:
            if self._actions.message_id == entry.message.id:
                self._actions.leave()
            return
        self._actions.show_for(entry.message.id, entry.message.role)
        self._place_actions_again()

    def _place_actions_again(self) -> None:
        entry = self._messages.get(self._actions.message_id)
        if entry is None:
            return
        items = entry.section.items
        at = len(items) - 1 - (entry.mark is not None)
        if entry.message.role is Role.USER:
            at = len(items) - entry.foot - 1
        block = self._messages.writer.block_of(entry.section, at)
        box = self.document().documentLayout().blockBoundingRect(block)
        bottom = ceil(box.bottom()) - self.verticalScrollBar().value()
        left = self.viewport().width() - self._actions.width()
        if entry.message.role is Role.USER:
            bottom += self._theme.px(12 + 4) + self._actions.height()
        elif _right_end(block) + self._theme.px(PAD) > left:
            bottom += self._actions.height()  # below the footer, which needs the width
        else:
            bottom += (self._actions.height() - round(box.height())) // 2
        self._actions.setGeometry(
            QRect(QPoint(left, bottom - self._actions.height()), self._actions.size())
        )

    def _announce(self, entry: Entry) -> None:
        """Read a finished answer out, where a screen reader runs."""
        if QAccessible.isActive():
            from PySide6.QtGui import QAccessibleAnnouncementEvent

            text = self.accessibleName() + ": " + entry.text[:2000]
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))


class _KeptPlace:
    """What is on screen stays there while something above it changes its height."""

    def __init__(self, view: TranscriptView) -> None:
        self._view = view

    def __enter__(self) -> None:
        self._following = self._view._following
        self._state = self._view.scroll_state()
        self._view._keeping_place = True

    def __exit__(self, *_: object) -> None:
        self._view._keeping_place = False
        if self._following or not self._state[0]:
            self._view.scroll_to_bottom()
        else:
            self._view.restore_scroll(self._state)


def _right_end(block: QTextBlock) -> float:
    """How far to the right the text of a block reaches."""
    layout = block.layout()
    lines = (layout.lineAt(number) for number in range(layout.lineCount()))
    return max((line.naturalTextRect().right() for line in lines), default=0.0)


def _above(block: QTextBlock) -> QTextBlock:
    """The block above, whose ground may reach down to this one."""
    previous = block.previous()
    return previous if previous.isValid() else block
