"""The transcript view: a conversation in one text view, with mouse, keyboard and links.

Nothing that a message refers to is loaded. External images are shown as names; links open on
click, through the system.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QMimeData, QPoint, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QCursor,
    QGuiApplication,
    QKeySequence,
    QTextCursor,
)
from PySide6.QtWidgets import QMenu, QWidget

from desktop_app.domain.documents.collections import passage_number
from desktop_app.rendering.markdown.citations import is_citation
from desktop_app.rendering.markdown.footnote_links import is_note_link
from desktop_app.ui.transcript.citation_sources import hint_of, name_of
from desktop_app.ui.transcript.keyboard.caret import Caret
from desktop_app.ui.transcript.keyboard.focus_navigator import FocusNavigator
from desktop_app.ui.transcript.keyboard.focus_targets import COPY_CODE, FocusTarget, described
from desktop_app.ui.transcript.keyboard.footnote_jumps import FootnoteJumps
from desktop_app.ui.transcript.keyboard.link_target_label import LinkTargetLabel
from desktop_app.ui.transcript.keyboard.message_actions import ACTIONS
from desktop_app.ui.transcript.message_items import ACTION
from desktop_app.ui.transcript.selection.copy_actions import CopyActions
from desktop_app.ui.transcript.transcript_styles import Styles
from desktop_app.ui.transcript.viewport.message_viewport import MessageViewport
from desktop_app.ui.widgets.external_open import open_link
from desktop_app.ui.widgets.foreign_text import menu_text, set_tooltip
from desktop_app.ui.widgets.sealed_document import empty_resource

if TYPE_CHECKING:
    from PySide6.QtCore import QByteArray
    from PySide6.QtGui import (
        QFocusEvent,
        QImage,
        QKeyEvent,
        QMouseEvent,
        QResizeEvent,
        QTextBlock,
        QWheelEvent,
    )

    from desktop_app.domain.documents.collections import Passage
    from desktop_app.ui.look.theme import Theme
    from desktop_app.ui.transcript.message_state import MessageState

_COMMANDS: Final = {
    "find.open": "Find in the conversation",
    "conversation.copy": "Copy the conversation",
    "conversation.export": "Export the conversation…",
    "conversation.print": "Print the conversation…",
}


_LOADED_AT_ONCE_S: Final = 0.008

_NOTCH: Final = 120
"""One step of a mouse wheel in Qt's unit, eighths of a degree."""


class TranscriptView(MessageViewport):
    """A view that shows messages and emits what the user wants done with them.

    A brief view shows a single answer: with less room above it, and without the facts in its
    footer, which the surrounding widget shows.

    Signals:
        action_requested(str message_id, str action): "copy" has already been done.
        command_requested(str): a command of the window, by id, from the menu or the wheel.
        passage_requested(Passage): show a cited passage.
        image_requested(str): an image with this hash came into view; see `set_picture`.
        notice_raised(str): a notice for the user, who is waiting.
    """

    action_requested = Signal(str, str)
    image_requested = Signal(str)
    passage_requested = Signal(object)
    command_requested = Signal(str)
    notice_raised = Signal(str)

    def __init__(
        self, theme: Theme, parent: QWidget | None = None, *, is_brief: bool = False
    ) -> None:
        super().__init__(theme, parent, is_brief=is_brief)
        self._copies = CopyActions(self, self._messages, self._reach)
        self._copies.notice_raised.connect(self.notice_raised)
        self._copies.code_copied.connect(self.say_copied)
        self._caret = Caret(self)
        self._pictures.image_requested.connect(self.image_requested)
        self._clicked_at: QPoint | None = None
        self._turned = 0
        self.anchorClicked.connect(self._on_link)
        self.highlighted.connect(self._on_link_hovered)
        self._actions.chosen.connect(self._act)
        self._walk = FocusNavigator(
            self, self._messages, self._actions, self._place_actions, self._describe
        )
        self._walk.target_activated.connect(self._follow)
        self._notes = FootnoteJumps(self._messages)
        self._target = LinkTargetLabel(self)
        self._walk.link_focused.connect(self._target.point)
        self.find_in_it.height_changed.connect(self._make_room)
        self._finder.match_shown.connect(self._stay)
        self._loading = QTimer(self, singleShot=True, interval=0)
        self._loading.timeout.connect(self._draw_when_loaded)
        self.set_theme(theme)

    # ------------------------------------------------------------------ look

    def set_theme(self, theme: Theme) -> None:
        """Apply a theme, keeping the scroll position.

        If fallback fonts are in use, the theme is applied once they are loaded in its size.
        """
        self._coming = theme
        self._fallbacks.take(Styles(theme).running_fonts())
        self._draw_when_loaded()

    def _draw_when_loaded(self) -> None:
        self._loading.stop()
        if self._fallbacks.load_for(_LOADED_AT_ONCE_S):
            self._draw_in(self._coming)
        else:
            self._loading.start()

    def _draw_in(self, theme: Theme) -> None:
        around = self._place.item_on_top()
        with self._place.kept():
            self._dress(theme)
            self._pictures.set_theme(theme)
            self._pictures.ratio = self.devicePixelRatioF()
            self._actions.set_theme(theme)
            self.find_in_it.set_theme(theme)
            self._write_again(*around)
            self._set_margins()
        self._fill_screen()
        self._latest.place(self._theme)
        self._target.set_theme(theme)
        self._place_actions_again()

    def wrap_code(self, wraps: bool) -> None:
        """Wrap long lines of code, or show them unwrapped with a horizontal scroll bar."""
        if wraps != self._messages.wraps_code:
            self._messages.wraps_code = wraps
            self.set_theme(self._theme)

    def event(self, event: QEvent) -> bool:
        """Set the margins before the children are laid out, and scroll from the margins, too."""
        if event.type() == QEvent.Type.Resize:
            with self._place.kept():
                if event.oldSize().width() != event.size().width():  # type: ignore[attr-defined]
                    self._lighten()
                self._set_margins()
                taken = super().event(event)
            self._fill_screen()
            return taken
        if event.type() == QEvent.Type.StyleChange:
            with self._place.kept():  # a new scroll bar width may reflow all lines
                self._set_margins()
                return super().event(event)
        if event.type() == QEvent.Type.Wheel:
            self.wheelEvent(event)  # type: ignore[arg-type]
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Reflow the text and move the floating widgets."""
        super().resizeEvent(event)
        self._fit_to_width()
        self._latest.place(self._theme)
        self.find_in_it.place()
        self._place_actions_again()
        self._walk.moved()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll, or with Ctrl change the text size by one step per notch.

        Touchpads send fractions of a notch, which are added up.
        """
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._turned = 0
            super().wheelEvent(event)
            return
        self._turned += event.angleDelta().y()
        while abs(self._turned) >= _NOTCH:
            is_up = self._turned > 0
            self._turned -= _NOTCH if is_up else -_NOTCH
            self.command_requested.emit("view.larger" if is_up else "view.smaller")
        event.accept()

    def _make_room(self) -> None:
        """Make room above the text for the find bar, keeping the scroll position."""
        self._room_above = self.find_in_it.room
        with self._place.kept():
            self._set_margins()

    # ------------------------------------------------------------------ another version

    def foot_on_screen(self, message_id: str) -> int | None:
        """Return the y position of a message's last line in the viewport.

        None if it is not on screen, or if it is the end of the conversation and followed.
        """
        entry = self._messages.get(message_id)
        if entry is None or (self.is_at_end and entry is self._messages.last()):
            return None
        foot = round(self._place.foot_of(entry)) - self.verticalScrollBar().value()
        return foot if 0 < foot <= self.viewport().height() else None

    def bring_foot(self, message_id: str, foot: int) -> None:
        """Scroll a message's last line to a position of `foot_on_screen`.

        After a change of version, the arrows to other versions thus stay under the mouse.
        """
        again = partial(self.bring_foot, message_id, foot)
        if not self._bring_whole(message_id, again):
            return
        entry = self._messages.get(message_id)
        if entry is not None:
            self._load_more()  # short messages need more above them
            self.verticalScrollBar().setValue(round(self._place.foot_of(entry)) - foot)
            self._load_more()

    # ------------------------------------------------------------------ mouse, keys, links

    def _entry_at(self, position: QPoint) -> MessageState | None:
        return self._messages.at_block(self.cursorForPosition(position).block())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show the actions of the message under the mouse."""
        super().mouseMoveEvent(event)
        if event.buttons() and self.textCursor().hasSelection():
            self._stay()  # otherwise the text would move while it is being selected
        position = event.position().toPoint()
        if self._mark_at(position):
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
        entry = self._entry_at(position)
        if entry is not None and not event.buttons() and not self._actions.has_focus:
            self._place_actions(entry)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Copy the code if its Copy mark is clicked; record the position of a click on a link."""
        position = event.position().toPoint()
        self._place.follow(self._place.is_at_end)
        mark = self._mark_at(position)
        if mark is not None and event.button() == Qt.MouseButton.LeftButton:
            self._copies.copy_code(mark.head)
            return
        self._clicked_at = position
        super().mouseReleaseEvent(event)
        self._clicked_at = None

    def _on_link(self, url: QUrl) -> None:
        cursor = self.textCursor()
        if self._clicked_at is not None:
            cursor = self.cursorForPosition(self._clicked_at)
            self.setTextCursor(cursor)  # clears Qt's selection and frame
        self._follow_link(url, cursor.block())

    def _follow(self, target: str, position: int) -> None:
        """Do what a focus target at a position of the document is for."""
        block = self.document().findBlock(position)
        if target == COPY_CODE:
            self._copies.copy_code(block.blockNumber())
            return
        self._follow_link(QUrl(target), block)
        self._walk.bring_focused()  # unfolding may have moved it off screen

    def _follow_link(self, url: QUrl, block: QTextBlock) -> None:
        target, entry = url.toString(), self._messages.at_block(block)
        if target.startswith(ACTION):
            if entry is not None:
                self._act(entry.message.id, target.removeprefix(ACTION))
        elif is_citation(target):
            passage = self._passage(entry, target)
            if passage is not None:
                self.passage_requested.emit(passage)
        elif is_note_link(target):
            self._go_to_note(target, block)
        else:
            open_link(url)

    def _go_to_note(self, target: str, block: QTextBlock) -> None:
        """Focus the target of a footnote link."""
        stop = self._notes.find(target, block, self.viewport().height())
        if stop is not None:
            self._stay()
            self._walk.land(stop)

    def _on_link_hovered(self, url: QUrl) -> None:
        target = url.toString(QUrl.ComponentFormattingOption.FullyEncoded)
        if is_citation(target):
            self._hint_at(target)
            return
        is_within = target.startswith(ACTION) or is_note_link(target)
        plain = "" if is_within else target.replace("<", "%3C")
        set_tooltip(self.viewport(), plain)

    def _passage(self, entry: MessageState | None, target: str) -> Passage | None:
        """Return the passage that a citation in a message refers to; None if there is none."""
        number = passage_number(target)
        if entry is None or number is None:
            return None
        return self._messages.sources.passage(entry.message.id, number)

    def _hint_at(self, target: str) -> None:
        """Show the tooltip of a citation under the mouse."""
        position = self.viewport().mapFromGlobal(QCursor.pos())
        passage = self._passage(self._entry_at(position), target)
        if passage is not None:
            set_tooltip(self.viewport(), hint_of(passage))

    def _describe(self, stop: FocusTarget) -> tuple[str, str]:
        """Return the name of a focus target, and its address or source."""
        block = self.document().findBlock(stop.start)
        passage = self._passage(self._messages.at_block(block), stop.target)
        if passage is not None:
            return name_of(passage), passage.source
        return described(self.document(), stop)

    def _act(self, message_id: str, action: str) -> None:
        entry = self._messages.get(message_id)
        if entry is None or self._turn(entry, action):
            return
        if action == "copy":
            self._copies.copy_message(entry)
        self.action_requested.emit(message_id, action)

    def copy_last_answer(self) -> None:
        """Copy the newest answer, like its Copy action."""
        entry = self._messages.newest_answer()
        if entry is not None:
            self._copies.copy_message(entry)
            self.action_requested.emit(entry.message.id, "copy")

    def copy_code(self) -> None:
        """Copy the block of code at the text cursor, or else the last one on screen."""
        self._copies.copy_code_here()

    def set_picture(self, sha256: str, image: QImage) -> None:
        """Show the thumbnail of an attached image."""
        self._pictures.show(sha256, image)
        self.viewport().update()

    def loadResource(self, kind: int, name: QUrl | str) -> QByteArray | QImage:
        """Return an image attached to a question, or an empty resource: nothing else is loaded."""
        return self._pictures.resource(name) or empty_resource(kind)

    def createMimeDataFromSelection(self) -> QMimeData:
        """Return the selection as HTML, Markdown and plain text."""
        return self._copies.selected()

    def _copy_selected(self) -> None:
        """Copy the selection, or the whole conversation if all of it is selected.

        The latter is a command of the window, since only part of the conversation is
        materialized.
        """
        if self._messages.is_whole or not self._reach.is_all:
            self._copies.copy_selected()
        else:
            self.command_requested.emit("conversation.copy")

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Place the caret at the newest message, so that a screen reader can start there."""
        super().focusInEvent(event)
        last = self._messages.last()
        if last is not None:
            self._caret.settle(self._messages.first_block(last.message.id).position())

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Move the focus to the next focus target, or out of the transcript after the last one."""
        if self._walk.go(forward=forward):
            return True
        if not self.hasFocus():
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        return super().focusNextPrevChild(forward)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle Home, End, Enter on a link, Select all and Copy; the rest moves the caret."""
        target = self.textCursor().charFormat().anchorHref()
        if target and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._follow(target, self.textCursor().position())
            return
        if self._goes_to_an_end(event) or self._selects_much(event):
            return
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy_selected()
            return
        if not self._caret.before(event):
            before = self.textCursor().position()
            super().keyPressEvent(event)
            if self.textCursor().position() != before and not self.textCursor().atEnd():
                self._stay()  # a screen reader reads at the caret

    def _stay(self) -> None:
        """Stop following a streaming answer."""
        last = self._messages.last()
        if last is not None and last.is_streaming:
            self._place.follow(False)

    def _selects_much(self, event: QKeyEvent) -> bool:
        """Handle the keys that select to an end of the conversation, or all of it.

        Return True if the key was handled.
        """
        keys, move = QKeySequence.StandardKey, QTextCursor.MoveOperation
        if event.matches(keys.SelectAll):
            self.selectAll()
        elif event.matches(keys.SelectStartOfDocument):
            self.scroll_to_top()
            self._reach.extend(move.Start)
        elif event.matches(keys.SelectEndOfDocument):
            self.scroll_to_bottom()
            self._reach.extend(move.End)
        else:
            return False
        return True

    def selectAll(self) -> None:
        """Select the whole conversation."""
        self._reach.select_all()

    def _goes_to_an_end(self, event: QKeyEvent) -> bool:
        """Handle Home and End; with Ctrl, move the text cursor, too. Return True if handled."""
        keys, plain = QKeySequence.StandardKey, not event.modifiers()
        to_top = event.matches(keys.MoveToStartOfDocument)
        to_end = event.matches(keys.MoveToEndOfDocument)
        if to_top or (plain and event.key() == Qt.Key.Key_Home):
            self.scroll_to_top()
        elif to_end or (plain and event.key() == Qt.Key.Key_End):
            self.scroll_to_bottom()
        else:
            return False
        if to_top or to_end:
            move = QTextCursor.MoveOperation
            self.moveCursor(move.Start if to_top else move.End)
        return True

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show the context menu for the selection and the message."""
        position = event.pos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            position = self.cursorRect().center()
        menu = self.menu_at(position)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.viewport().mapToGlobal(position))

    def menu_at(self, position: QPoint) -> QMenu:
        """Return the context menu for a position in the viewport."""
        menu = QMenu(self)
        if not self._reach.is_empty:
            menu.addAction("Copy", self._copy_selected)
        link = self.anchorAt(position)
        passage = self._passage(self._entry_at(position), link)
        if passage is not None:
            words = f"Open {name_of(passage)}"
            menu.addAction(menu_text(words), partial(self.passage_requested.emit, passage))
        elif link and not (link.startswith(ACTION) or is_note_link(link)):
            menu.addAction("Copy link", lambda: QGuiApplication.clipboard().setText(link))
        head = self._copies.code_head(self.cursorForPosition(position).block())
        if head is not None:
            copy = partial(self._copies.copy_code, head.blockNumber())
            menu.addAction("Copy the block of code", copy)
        entry = self._entry_at(position)
        if entry is not None:
            for action, _, words in ACTIONS[entry.message.role]:
                menu.addAction(menu_text(words), partial(self._act, entry.message.id, action))
        menu.addAction("Select all", self.selectAll)
        if not self._messages.is_brief:
            menu.addSeparator()
            for command, words in _COMMANDS.items():
                menu.addAction(menu_text(words), partial(self.command_requested.emit, command))
        return menu

    def leaveEvent(self, event: QEvent) -> None:
        """Show the actions of the newest answer again."""
        super().leaveEvent(event)
        if not self._actions.has_focus:
            self._place_actions_at_the_end()
