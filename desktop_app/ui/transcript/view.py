"""The transcript: the whole conversation in one text view, growing as the answer arrives.

Pieces of an answer are collected for at most one frame, parsed from the last open block on, and
written as the difference. The view stays where the reader put it: it follows only while it is at the
bottom. Only the newest messages are written at first, older ones as one scrolls up to them.
Nothing in a message is ever loaded: pictures are names, links open on a click, through the system.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QByteArray, QEvent, QMimeData, QPoint, QRect, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDesktopServices,
    QGuiApplication,
    QKeySequence,
)
from PySide6.QtWidgets import QMenu, QWidget

from desktop_app.domain.conversation import Message
from desktop_app.rendering import links
from desktop_app.ui.transcript import selection
from desktop_app.ui.transcript.actions import ACTIONS, ActionRow
from desktop_app.ui.transcript.arrivals import Arrivals
from desktop_app.ui.transcript.code_folds import FOLD
from desktop_app.ui.transcript.find import Find
from desktop_app.ui.transcript.formulas import Formulas
from desktop_app.ui.transcript.items import ACTION, TOOL
from desktop_app.ui.transcript.painting import CodeMark
from desktop_app.ui.transcript.pictures import Pictures
from desktop_app.ui.transcript.place import LatestButton, ReadingPlace
from desktop_app.ui.transcript.speaker import Speaker
from desktop_app.ui.transcript.styles import LOOK, Ground, Look
from desktop_app.ui.transcript.surface import TranscriptSurface
from desktop_app.ui.transcript.written import WrittenMessages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from PySide6.QtGui import (
        QImage,
        QKeyEvent,
        QMouseEvent,
        QResizeEvent,
        QTextBlock,
    )

    from desktop_app.ui.theme import Theme
    from desktop_app.ui.transcript.entry import Entry
    from desktop_app.ui.transcript.items import Mark
    from desktop_app.ui.transcript.typesetter import Typesetter

FIRST_CHARACTERS: Final = 16_000
MORE_CHARACTERS: Final = 12_000
_COMMANDS: Final = {
    "find.open": "Find in the conversation",
    "conversation.copy": "Copy the conversation",
    "conversation.export": "Export the conversation…",
    "conversation.print": "Print the conversation…",
}


class TranscriptView(TranscriptSurface):
    """Shows messages and says what the person wants done with them.

    A brief one shows a single answer in a place of its own: with less room above it, and without
    the facts in its footer, which that place shows.

    Signals:
        action_requested(str message_id, str action): "copy" has been done already.
        at_bottom_changed(bool): whether the view follows what arrives.
        command_requested(str): a command of the window, by id, from the menu.
        picture_wanted(str): a picture of this hash has come into view: see `set_picture`.
    """

    action_requested = Signal(str, str)
    at_bottom_changed = Signal(bool)
    picture_wanted = Signal(str)
    command_requested = Signal(str)

    def __init__(
        self, theme: Theme, parent: QWidget | None = None, *, is_brief: bool = False
    ) -> None:
        super().__init__(theme, parent)
        self._formulas = Formulas(self.document())
        self._messages = WrittenMessages(self.document(), theme, self, is_brief=is_brief)
        self._pictures = Pictures(self.document(), theme, self)
        self._pictures.wanted.connect(self.picture_wanted)
        self._clicked_at: QPoint | None = None
        self._arrivals = Arrivals(self._write, self)
        self.anchorClicked.connect(self._on_link)
        self.highlighted.connect(self._on_link_hovered)
        self._place = ReadingPlace(self, self._messages)
        self._place.followed.connect(self._on_followed)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.horizontalScrollBar().valueChanged.connect(self._on_scrolled_aside)
        self._actions = ActionRow(theme, self.viewport())
        self._actions.chosen.connect(self._act)
        self._latest = LatestButton(self)
        self._latest.clicked.connect(self.scroll_to_bottom)
        self.find_in_it = Find(
            self, theme, self._messages, self._bring_whole, self._unfold, self._unfold_code
        )
        self.find_in_it.room_changed.connect(self._make_room)
        self._finder = self.find_in_it.finder
        self._speaker = Speaker(self)
        self.set_theme(theme)

    # ------------------------------------------------------------------ messages

    def set_messages(
        self,
        messages: Sequence[Message],
        *,
        versions: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        """Show another path: the newest messages at once, the older ones as one scrolls to them.

        `versions` gives (number, count) for messages that have siblings.
        """
        self._arrivals.clear()
        self._actions.leave()
        self._pictures.clear()
        self._formulas.forget()
        self._messages.begin(messages, dict(versions or {}))
        self._place.is_following = True
        self._messages.write_older(FIRST_CHARACTERS)
        self.scroll_to_bottom()
        self._write_rests()
        self._place_actions_at_the_end()
        self._finder.restart()

    def append_message(self, message: Message) -> None:
        """A message after all others."""
        self._arrivals.flush(shortly=True)
        entry = self._messages.append(message)
        self._write_rests()
        self._finder.touched(message.id)
        if entry is not None:
            self._place_actions(entry)

    def append_text(self, message_id: str, text: str) -> None:
        """The next piece of an answer that streams; shown with the next frame."""
        self._arrivals.add(message_id, text)

    def append_reasoning(self, message_id: str, text: str) -> None:
        """The next piece of an answer's reasoning summary."""
        entry = self._messages.growing(message_id)
        if entry is not None:
            self._messages.think(entry, text)

    @property
    def is_writing(self) -> bool:
        """Whether text that has arrived is still to be written."""
        return self._arrivals.are_there

    def flush(self) -> None:
        """Show now what append_text has collected."""
        self._arrivals.flush()

    def _write(self, message_id: str, text: str) -> None:
        entry = self._messages.growing(message_id)
        if entry is None:
            return
        if entry.is_streaming:
            self._messages.grow(entry, text)
            self._speaker.hear(message_id, text)
        elif self._place.is_following:
            self._messages.grow(entry, text)
        else:
            with self._place.kept():  # it may grow above what is on screen
                self._messages.grow(entry, text)
        self._finder.touched(message_id)

    def _write_rests(self) -> None:
        """Long answers that are stored are written as if they arrived: in slices of frames."""
        for message, rest in self._messages.take_rests():
            self._arrivals.afterwards(message.id, partial(self._end, message.id))
            self._arrivals.add(message.id, rest)

    def _end(self, message_id: str) -> None:
        entry = self._messages.growing(message_id)
        if entry is not None:
            with self._place.kept():
                self._messages.update(entry.message)

    def update_message(self, message: Message, version: tuple[int, int] | None = None) -> None:
        """Status, footer, error and notices of a message; its text only where it differs. Where
        much of it is still being written, all this comes behind it."""
        if self._arrivals.is_behind(message.id):
            self._arrivals.afterwards(message.id, partial(self._update, message, version))
        else:
            self._arrivals.flush(shortly=True)
            self._update(message, version)

    def _update(self, message: Message, version: tuple[int, int] | None) -> None:
        if version is not None:
            self._messages.versions[message.id] = version
        before = self._messages.get(message.id)
        was_streaming = before is not None and before.is_streaming
        entry = self._messages.update(message)
        self._finder.touched(message.id)
        if entry is not None:
            self._place_actions(entry)
            if was_streaming and not entry.is_streaming:
                self._speaker.finish(message.id, entry.text)

    def set_model_names(self, name_of: Callable[[str], str]) -> None:
        """Name models in the footers by what `name_of` makes of their ids; else it is the ids."""
        with self._place.kept():
            self._messages.name_models(name_of)

    def set_marks(self, marks: Mapping[str, Mark]) -> None:
        """Show quiet lines below these messages, by id, and below no others."""
        with self._place.kept():
            self._messages.mark(marks)
        self._place_actions_again()

    def typeset_with(self, typesetter: Typesetter) -> None:
        """Draw formulas as this one typesets them; until then their source stands."""
        self._formulas.typeset_with(typesetter)
        typesetter.arrived.connect(self._show_formulas)
        self._show_formulas()

    def _show_formulas(self) -> None:
        with self._place.kept():
            self._formulas.show()
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
        with self._place.kept():
            self._dress(theme)
            self._pictures.set_theme(theme)
            self._pictures.ratio = self.devicePixelRatioF()
            self._actions.set_theme(theme)
            self.find_in_it.set_theme(theme)
            self._messages.write_again(theme)
            self._set_margins()
        self._latest.place(self._theme)
        self._place_actions_again()

    def wrap_code(self, wraps: bool) -> None:
        """Have long lines of code go on below, or be as long as they are, with a bar to scroll
        the text to the side."""
        if wraps != self._messages.wraps_code:
            self._messages.wraps_code = wraps
            policy = Qt.ScrollBarPolicy
            bar = policy.ScrollBarAlwaysOff if wraps else policy.ScrollBarAlwaysOn
            self.setHorizontalScrollBarPolicy(bar)
            self.set_theme(self._theme)

    def event(self, event: QEvent) -> bool:
        """Set the margins before the children are laid out; scroll from the margins, too."""
        if event.type() == QEvent.Type.Resize:
            with self._place.kept():
                self._set_margins()
                return super().event(event)
        if event.type() == QEvent.Type.Wheel:
            self.wheelEvent(event)  # type: ignore[arg-type]
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what floats in its place."""
        super().resizeEvent(event)
        self._messages.writer.set_width(self.viewport().width())
        self._latest.place(self._theme)
        self.find_in_it.place()
        self._place_actions_again()

    def _make_room(self) -> None:
        """Room above the text for the bar of find; what is on screen stays there."""
        self._room_above = self.find_in_it.room
        with self._place.kept():
            self._set_margins()

    # ------------------------------------------------------------------ place

    def scroll_state(self) -> tuple[str, int]:
        """The topmost message on screen and how many pixels of it are above the screen."""
        return self._place.state()

    def restore_scroll(self, state: tuple[str, int]) -> None:
        """Go back to where `scroll_state` was taken; to the bottom if the message is gone."""
        if self._messages.get(state[0]) is None and not self._show_around(state[0]):
            self.scroll_to_bottom()
            return
        self._bring_whole(state[0])
        self._place.go_to(state)
        self._load_more()

    @property
    def is_at_end(self) -> bool:
        """Whether the end of the conversation is on screen."""
        return self._place.is_at_end

    def scroll_to_message(self, message_id: str) -> None:
        """Bring a message's beginning to the top. One that is far away takes the place of what is
        written; nothing in between is."""
        if self._bring(message_id):
            self._place.go_to((message_id, 0))
            self._load_more()

    def _bring(self, message_id: str) -> bool:
        """Have a message written; whether it is."""
        return self._messages.get(message_id) is not None or self._show_around(message_id)

    def _bring_whole(self, message_id: str) -> bool:
        """Have all of a message written: what is sought in it may stand at its end."""
        brought = self._bring(message_id)
        entry = self._messages.get(message_id)
        if entry is not None and entry.grows:
            self.flush()
        return brought

    def _unfold(self, message_id: str) -> None:
        entry = self._messages.get(message_id)
        if entry is not None and entry.folded:
            self._act(message_id, "reasoning")

    def _unfold_code(self, block: QTextBlock) -> None:
        with self._place.kept():
            self._messages.unfold_code_at(block)

    def scroll_to_bottom(self) -> None:
        """Go to the end and follow what arrives."""
        if self._messages.newer:
            with self._replaced():
                self._messages.write_end(FIRST_CHARACTERS)
        self._place.go_to_end()

    def _show_around(self, message_id: str) -> bool:
        """Write a message and those around it in place of what is written; whether it is there."""
        if not self._messages.has(message_id):
            return False
        with self._replaced():
            self._messages.write_around(message_id, FIRST_CHARACTERS)
        return True

    @contextmanager
    def _replaced(self) -> Iterator[None]:
        """Other messages take the place of those that are written."""
        self._arrivals.flush(shortly=True)
        self._actions.leave()
        self._place.is_kept = True
        try:
            yield
        finally:
            self._place.is_kept = False
            self._write_rests()

    def _on_followed(self, following: bool) -> None:
        self._latest.setVisible(not following)
        self.at_bottom_changed.emit(following)

    def _on_scrolled(self, value: int) -> None:
        if self._place.is_kept:
            return
        self._place.follow(self._place.is_at_end)
        near = self.viewport().height()
        if value < near or value > self.verticalScrollBar().maximum() - near:
            QTimer.singleShot(0, self, self._load_more)
        self._place_actions_again()

    def _on_scrolled_aside(self) -> None:
        if not self._place.is_kept:
            self._place_actions_again()

    def _load_more(self) -> None:
        """Write more of the conversation where the reader comes near the end of what is written."""
        bar, near = self.verticalScrollBar(), self.viewport().height()
        if self._messages.newer and bar.value() > bar.maximum() - near:
            with self._place.kept():
                self._messages.write_newer(MORE_CHARACTERS)
        if bar.value() < near and self._messages.older:
            with self._place.kept():
                self._messages.write_older(MORE_CHARACTERS)
        self._write_rests()

    # ------------------------------------------------------------------ mouse, keys, links

    def _entry_at(self, position: QPoint) -> Entry | None:
        return self._messages.at_block(self.cursorForPosition(position).block())

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
        elif links.is_opened(url.toString(QUrl.ComponentFormattingOption.FullyEncoded)):
            QDesktopServices.openUrl(url)

    def _on_link_hovered(self, url: QUrl) -> None:
        target = url.toString(QUrl.ComponentFormattingOption.FullyEncoded)
        # Plain text to QToolTip, whatever is in it.
        plain = "" if target.startswith(ACTION) else target.replace("<", "%3C")
        self.viewport().setToolTip(plain)

    def _act(self, message_id: str, action: str) -> None:
        entry = self._messages.get(message_id)
        if entry is None:
            return
        if action == "reasoning":
            entry.folded = not entry.folded
            with self._place.kept():
                self._messages.refresh(entry)
            return
        if action.startswith(TOOL):
            entry.open_tools ^= {int(action.removeprefix(TOOL))}
            with self._place.kept():
                self._messages.refresh(entry)
            return
        if action.startswith(FOLD):
            with self._place.kept():
                self._messages.turn_fold(entry, int(action.removeprefix(FOLD)))
            return
        if action == "copy":
            self._copy_message(entry)
        self.action_requested.emit(message_id, action)

    def _copy_message(self, entry: Entry) -> None:
        QGuiApplication.clipboard().setMimeData(selection.mime_data(entry.blocks()))

    def copy_last_answer(self) -> None:
        """Put the newest answer on the clipboard, as its Copy does."""
        entry = self._messages.newest_answer()
        if entry is not None:
            self._copy_message(entry)
            self.action_requested.emit(entry.message.id, "copy")

    def copy_code(self) -> None:
        """Put on the clipboard the block of code at the text cursor, else the last one on screen."""
        head = self._code_head(self.textCursor().block())
        if head is None:
            corner = QPoint(self.viewport().width(), self.viewport().height())
            block = self.cursorForPosition(corner).block()
            while block.isValid() and head is None:
                head, block = self._code_head(block), block.previous()
        if head is not None:
            self._copy_code(CodeMark(QRect(), head.blockNumber()))

    def _code_head(self, block: QTextBlock) -> QTextBlock | None:
        """The head of the block of code that a block of the document is part of."""
        ground = Look.GROUND & block.blockFormat().intProperty(LOOK)
        while block.isValid() and Ground(ground) is Ground.CODE:
            look = block.blockFormat().intProperty(LOOK)
            if look & Look.HEAD:
                return block
            ground, block = look & Look.GROUND, block.previous()
        return None

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
        head = self._code_head(self.cursorForPosition(position).block())
        if head is not None:
            mark = CodeMark(QRect(), head.blockNumber())
            menu.addAction("Copy the block of code", partial(self._copy_code, mark))
        entry = self._entry_at(position)
        if entry is not None:
            for action, _, words in ACTIONS[entry.message.role]:
                menu.addAction(words, partial(self._act, entry.message.id, action))
        menu.addAction("Select all", self.selectAll)
        if not self._messages.is_brief:
            menu.addSeparator()
            for command, words in _COMMANDS.items():
                menu.addAction(words, partial(self.command_requested.emit, command))
        return menu

    def leaveEvent(self, event: QEvent) -> None:
        """The actions of the newest answer stay in reach."""
        super().leaveEvent(event)
        self._place_actions_at_the_end()

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
        if entry is not None:
            block = self._messages.writer.block_of(entry.section, entry.action_item)
            self._actions.place_beside(block, self.verticalScrollBar().value())
