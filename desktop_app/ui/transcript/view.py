"""The transcript: the whole conversation in one text view, and what hands do in it.

Nothing in a message is ever loaded: pictures are names, links open on a click, through the system.
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
"""What Qt counts for a step of a wheel: eighths of a degree."""


class TranscriptView(MessageViewport):
    """Shows messages and says what the person wants done with them.

    A brief one shows a single answer in a place of its own: with less room above it, and without
    the facts in its footer, which that place shows.

    Signals:
        action_requested(str message_id, str action): "copy" has been done already.
        command_requested(str): a command of the window, by id, from the menu or the wheel.
        passage_requested(Passage): what was cited is to be shown.
        image_requested(str): a picture of this hash has come into view: see `set_picture`.
        notice_raised(str): a sentence for the person, who waits for something.
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
        """Draw in other colours and sizes; what is on screen stays there. Where letters of many
        scripts have come, it waits until their fonts are loaded in that size."""
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
        """Have long lines of code go on below, or be as long as they are, with a bar to scroll
        the text to the side."""
        if wraps != self._messages.wraps_code:
            self._messages.wraps_code = wraps
            self.set_theme(self._theme)

    def event(self, event: QEvent) -> bool:
        """Set the margins before the children are laid out; scroll from the margins, too."""
        if event.type() == QEvent.Type.Resize:
            with self._place.kept():
                if event.oldSize().width() != event.size().width():  # type: ignore[attr-defined]
                    self._lighten()
                self._set_margins()
                taken = super().event(event)
            self._fill_screen()
            return taken
        if event.type() == QEvent.Type.StyleChange:
            with self._place.kept():  # the scroll bar is wider, and each line may break elsewhere
                self._set_margins()
                return super().event(event)
        if event.type() == QEvent.Type.Wheel:
            self.wheelEvent(event)  # type: ignore[arg-type]
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what floats in its place."""
        super().resizeEvent(event)
        self._fit_to_width()
        self._latest.place(self._theme)
        self.find_in_it.place()
        self._place_actions_again()
        self._walk.moved()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """With Ctrl it makes the text larger and smaller, a notch a step: a touchpad sends less."""
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
        """Room above the text for the bar of find; what is on screen stays there."""
        self._room_above = self.find_in_it.room
        with self._place.kept():
            self._set_margins()

    # ------------------------------------------------------------------ another version

    def foot_on_screen(self, message_id: str) -> int | None:
        """How far below the upper edge a message's last line ends; None where it is not seen, or
        is the end of the conversation, which is followed."""
        entry = self._messages.get(message_id)
        if entry is None or (self.is_at_end and entry is self._messages.last()):
            return None
        foot = round(self._place.foot_of(entry)) - self.verticalScrollBar().value()
        return foot if 0 < foot <= self.viewport().height() else None

    def bring_foot(self, message_id: str, foot: int) -> None:
        """Put a message's last line where `foot_on_screen` was taken of the one in its place: what
        leads to further versions stays under the mouse."""
        again = partial(self.bring_foot, message_id, foot)
        if not self._bring_whole(message_id, again):
            return
        entry = self._messages.get(message_id)
        if entry is not None:
            self._load_more()  # what is above it, if it is short
            self.verticalScrollBar().setValue(round(self._place.foot_of(entry)) - foot)
            self._load_more()

    # ------------------------------------------------------------------ mouse, keys, links

    def _entry_at(self, position: QPoint) -> MessageState | None:
        return self._messages.at_block(self.cursorForPosition(position).block())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show the actions of the message under the mouse."""
        super().mouseMoveEvent(event)
        if event.buttons() and self.textCursor().hasSelection():
            self._stay()  # else what is being selected moves away under the mouse
        position = event.position().toPoint()
        if self._mark_at(position):
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
        entry = self._entry_at(position)
        if entry is not None and not event.buttons() and not self._actions.has_focus:
            self._place_actions(entry)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a Copy mark copies the code; links know where they were clicked."""
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
            self.setTextCursor(cursor)  # Qt has selected the link, and frames it
        self._follow_link(url, cursor.block())

    def _follow(self, target: str, position: int) -> None:
        """Do what a stop of the keyboard is for; it stands at this position of the document."""
        block = self.document().findBlock(position)
        if target == COPY_CODE:
            self._copies.copy_code(block.blockNumber())
            return
        self._follow_link(QUrl(target), block)
        self._walk.bring_focused()  # what it has unfolded may have pushed it off the screen

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
        """Give the keyboard to what the link of a footnote leads to."""
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
        """What a citation in a message leads to."""
        number = passage_number(target)
        if entry is None or number is None:
            return None
        return self._messages.sources.passage(entry.message.id, number)

    def _hint_at(self, target: str) -> None:
        """Say under the mouse where a citation leads."""
        position = self.viewport().mapFromGlobal(QCursor.pos())
        passage = self._passage(self._entry_at(position), target)
        if passage is not None:
            set_tooltip(self.viewport(), hint_of(passage))

    def _describe(self, stop: FocusTarget) -> tuple[str, str]:
        """The name of a stop of the keyboard, and where it leads."""
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
        """Put the newest answer on the clipboard, as its Copy does."""
        entry = self._messages.newest_answer()
        if entry is not None:
            self._copies.copy_message(entry)
            self.action_requested.emit(entry.message.id, "copy")

    def copy_code(self) -> None:
        """Put on the clipboard the block of code at the text cursor, else the last one on screen."""
        self._copies.copy_code_here()

    def set_picture(self, sha256: str, image: QImage) -> None:
        """Show a picture of a question, small."""
        self._pictures.show(sha256, image)
        self.viewport().update()

    def loadResource(self, kind: int, name: QUrl | str) -> QByteArray | QImage:
        """Draw the pictures that a question came with; load nothing else."""
        return self._pictures.resource(name) or empty_resource(kind)

    def createMimeDataFromSelection(self) -> QMimeData:
        """HTML, Markdown and plain text of what is selected."""
        return self._copies.selected()

    def _copy_selected(self) -> None:
        """Put on the clipboard what is selected. Where that is everything, it is the conversation,
        of which only a stretch is written."""
        if self._messages.is_whole or not self._reach.is_all:
            self._copies.copy_selected()
        else:
            self.command_requested.emit("conversation.copy")

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The caret is where one can listen from."""
        super().focusInEvent(event)
        last = self._messages.last()
        if last is not None:
            self._caret.settle(self._messages.first_block(last.message.id).position())

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes from stop to stop; behind the last one, on from the transcript."""
        if self._walk.go(forward=forward):
            return True
        if not self.hasFocus():
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        return super().focusNextPrevChild(forward)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Home and End go to the ends of the conversation; Enter follows the link at the caret."""
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
                self._stay()  # the caret is read from

    def _stay(self) -> None:
        """Follow no further what arrives."""
        last = self._messages.last()
        if last is not None and last.is_streaming:
            self._place.follow(False)

    def _selects_much(self, event: QKeyEvent) -> bool:
        """All of the conversation, or to one end of it, of which only a stretch is written."""
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
        """Home and End, and with Ctrl the text cursor, too."""
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
        """The actions of the newest answer stay in reach."""
        super().leaveEvent(event)
        if not self._actions.has_focus:
            self._place_actions_at_the_end()
