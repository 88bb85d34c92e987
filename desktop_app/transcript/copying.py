"""Copies and drags messages, code and the selection, and builds the context menu of one view."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QMimeData, QObject, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from desktop_app.domain.answering.shown_length import ShownMessage as JsonMessage
from desktop_app.domain.conversations.conversation import Role
from desktop_app.i18n.translation import N_, tr
from desktop_app.markdown.parsing.footnote_links import is_note_link
from desktop_app.transcript import copied_text
from desktop_app.transcript.keyboard.action_row import ACTIONS, has_arrows, is_beside
from desktop_app.transcript.keyboard.focus_navigator import is_code_head
from desktop_app.transcript.media.message_images import OPEN_IMAGE
from desktop_app.transcript.message_items import ACTION, COPY_LINK, OPEN_DOCUMENT
from desktop_app.transcript.transcript_styles import Background, background_of
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.clipboard import MAX_CONVERTED_CHARACTERS, copy_texts, mime_data
from desktop_app.widgets.text.foreign_text import menu_text, one_line

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QMenu

    from desktop_app.transcript.segment import Place
    from desktop_app.transcript.shown_message import ShownMessage
    from desktop_app.transcript.view import TranscriptView

_WINDOW_COMMANDS: Final = {
    "find.open": N_("Find in conversation"),
    "conversation.copy": N_("Copy conversation"),
    "conversation.export": N_("Export conversation…"),
    "conversation.print": N_("Print conversation…"),
}


class CopyActions(QObject):
    """The copy actions of one view.

    Signals:
        notice_raised(str): a notice for the user.
        code_copied(str message_id, int head): the code whose head is this item was copied.
    """

    notice_raised = Signal(str)
    code_copied = Signal(str, int)

    def __init__(self, view: TranscriptView) -> None:
        super().__init__(view)
        self._view = view

    def selection_data(self) -> QMimeData:
        """Return the selection as HTML, Markdown and plain text."""
        texts = self._view.selection.texts()
        return QMimeData() if texts is None else mime_data(texts)

    def copy_selected(self) -> bool:
        """Copy the selection to the clipboard. Return False if nothing is selected."""
        texts = self._view.selection.texts()
        if texts is None:
            return False
        copy_texts(texts)
        return True

    def copy_message(self, shown: ShownMessage) -> None:
        """Copy a message: an answer as its source (Markdown or JSON), a question as shown."""
        message = shown.message
        stored = message.stored if isinstance(message, JsonMessage) else None
        if stored is not None and not shown.is_streaming:
            copy_texts(copied_text.texts_of_source(stored.text))
            return
        source = shown.source if message.role is Role.ASSISTANT else None
        if source is not None and len(source) > MAX_CONVERTED_CHARACTERS:
            copy_texts(copied_text.texts_of_source(source))
        else:
            copy_texts(copied_text.clipboard_texts(shown.block_maker(), source))

    # ------------------------------------------------------------------ code

    def copy_code(self, place: Place) -> None:
        """Copy the code at a place, if there is any."""
        head = self.head_of_code(place)
        if head is not None:
            shown, item = head
            copy_texts(copied_text.texts_of_code(copied_text.code_below(shown.items, item)))
            self.code_copied.emit(shown.key, item)

    def code_data(self, place: Place) -> QMimeData | None:
        """Return the code at a place for a drag; None if there is none."""
        head = self.head_of_code(place)
        if head is None:
            return None
        shown, item = head
        return mime_data(copied_text.texts_of_code(copied_text.code_below(shown.items, item)))

    def copy_nearest_code(self) -> None:
        """Copy the code block at the caret, or the last one above the end of the screen."""
        caret = self._view.selection.caret
        head = self.head_of_code(caret) if caret is not None else None
        head = head or self._last_head()
        if head is None:
            self.notice_raised.emit(tr("There is no code block here or above."))
            return
        shown, item = head
        copy_texts(copied_text.texts_of_code(copied_text.code_below(shown.items, item)))
        self.code_copied.emit(shown.key, item)

    def head_of_code(self, place: Place) -> tuple[ShownMessage, int] | None:
        """Return the message and the head of the code at a place; None if there is none."""
        shown = self._view.messages.opened(place.message_id)
        if shown is None:
            return None
        index = min(place.item, len(shown.items) - 1)
        while index >= 0 and background_of(shown.items[index]) is Background.CODE:
            if is_code_head(shown.items[index]):
                return shown, index
            index -= 1
        return None

    def _last_head(self) -> tuple[ShownMessage, int] | None:
        view = self._view
        place = view.place_near(QPoint(0, view.viewport().height() - 1))
        if place is None:
            return None
        item = place.item
        for number in range(view.messages.index_of(place.message_id), -1, -1):
            shown = view.messages.get(view.messages.message_at(number).id)
            if shown is None:
                return None  # far above the screen
            for index in range(min(item, len(shown.items) - 1), -1, -1):
                if is_code_head(shown.items[index]):
                    return shown, index
            item = len(view.messages.message_at(number).text) + 1000
        return None


class DragOut(QObject):
    """The drags of attachments, code and selected text from one view.

    Signals:
        file_requested(str sha256): an attachment is dragged. Pass a copy of the file to
            `drag_file`.
    """

    file_requested = Signal(str)

    def __init__(self, view: TranscriptView) -> None:
        super().__init__(view)
        self._view = view
        self._pressed_at: QPoint | None = None
        self._hash = ""
        self._code: Place | None = None
        self._is_selection = False

    def press(self, position: QPoint) -> bool:
        """Record what is under the pressed button. Return True if it can be dragged."""
        self.release()
        link = self._view.anchor_at(position).partition("#")[0]
        for prefix in (ACTION + OPEN_IMAGE, ACTION + OPEN_DOCUMENT):
            if link.startswith(prefix):
                self._hash = link.removeprefix(prefix)
        place = self._view.place_near(position)
        if not self._hash and place is not None:
            shown = self._view.messages.get(place.message_id)
            if shown is not None and place.item < len(shown.items):
                is_head = is_code_head(shown.items[place.item])
                self._code = place if is_head else None
        self._is_selection = self._code is None and self._view.is_selected_at(position)
        if self._hash or self._code is not None or self._is_selection:
            self._pressed_at = position
        return self._pressed_at is not None

    @property
    def waits(self) -> bool:
        """Return True if the press was on something to drag, which did not move yet."""
        return self._pressed_at is not None

    @property
    def is_on_selection(self) -> bool:
        """Return True if the press was on selected text."""
        return self._is_selection

    def move(self, position: QPoint) -> bool:
        """Start the drag once the pointer is far enough from the press.

        Return True if the press was on something to drag, so that no text is selected.
        """
        if self._pressed_at is None:
            return False
        distance = (position - self._pressed_at).manhattanLength()
        if distance >= QApplication.startDragDistance():
            attachment_hash = self._hash
            code = self._code
            is_selection = self._is_selection
            self._hash = ""  # only the first move this far starts the drag
            self._code = None
            self._is_selection = False
            if attachment_hash:
                self.file_requested.emit(attachment_hash)
            elif code is not None:
                self._start(self._view.copies.code_data(code))
            elif is_selection:
                self._start(self._view.copies.selection_data())
        return True

    def release(self) -> None:
        """Forget the press."""
        self._pressed_at = None
        self._hash = ""
        self._code = None
        self._is_selection = False

    def drag_file(self, path: Path) -> None:
        """Drag a file, unless the button was released meanwhile."""
        if self._pressed_at is None:
            return
        if QGuiApplication.mouseButtons() & Qt.MouseButton.LeftButton:
            data = QMimeData()
            data.setUrls([QUrl.fromLocalFile(str(path))])
            self._start(data)

    def _start(self, data: QMimeData | None) -> None:
        from PySide6.QtGui import QDrag  # start-up needs no drags

        if data is not None:
            drag = QDrag(self._view)
            drag.setMimeData(data)
            drag.exec(Qt.DropAction.CopyAction)
        self.release()  # the view gets no release of the button after a drag


class ContextMenu(QObject):
    """The context menu for the selection, the link and the message at a place.

    Args:
        is_brief: True for a view of single answers, such as the quick prompt. Its menu has no link
            to the message and no commands of the window.

    Signals:
        command_requested(str): a command of the window, by id.
        passage_requested(Passage): show a cited passage.
    """

    command_requested = Signal(str)
    passage_requested = Signal(object)

    def __init__(self, view: TranscriptView, *, is_brief: bool) -> None:
        super().__init__(view)
        self._view = view
        self._is_brief = is_brief

    def menu_at(self, position: QPoint) -> QMenu:
        """Return the context menu for a position in the viewport."""
        return self.menu_for(self._view.place_near(position), self._view.anchor_at(position))

    def menu_for(self, place: Place | None, link: str) -> QMenu:
        """Return the context menu for a place and a link there; "" for no link."""
        view = self._view
        menu = ProgramMenu(view)
        if not view.selection.is_empty:
            menu.addAction(tr("Copy"), view.copy_selected)
        shown = view.messages.opened(place.message_id) if place is not None else None
        passage = view.messages.cited_passage(shown.key, link) if shown is not None else None
        if passage is not None:
            source = one_line(passage.source)
            label = tr("Open source {number}: {source}", number=passage.number, source=source)
            menu.addAction(menu_text(label), partial(self.passage_requested.emit, passage))
        elif link and not (link.startswith(ACTION) or is_note_link(link)):
            menu.addAction(tr("Copy link"), lambda: QGuiApplication.clipboard().setText(link))
        if place is not None and view.copies.head_of_code(place) is not None:
            menu.addAction(tr("Copy code block"), partial(view.copies.copy_code, place))
        if shown is not None:
            self._add_actions(menu, shown)
        menu.addAction(tr("Select all"), view.selection.select_all)
        if not self._is_brief:
            self._add_commands(menu)
        return menu

    def menu_of(self, shown: ShownMessage) -> QMenu:
        """Return the menu of what has no button beside a message."""
        menu = ProgramMenu(self._view)
        self._add_actions(menu, shown, with_buttons=False)
        if not self._is_brief:
            if has_arrows(shown.version):
                compare = partial(self.command_requested.emit, "answer.compare-versions")
                menu.addAction(tr("Compare versions"), compare)
            self._add_commands(menu)
        return menu

    def _add_actions(self, menu: QMenu, shown: ShownMessage, *, with_buttons: bool = True) -> None:
        role = shown.message.role
        for action, _, label in ACTIONS[role]:
            if with_buttons or not is_beside(role, action):
                run = partial(self._view.commands.run, shown.key, action)
                menu.addAction(menu_text(tr(label)), run)
        if not self._is_brief:
            run = partial(self._view.commands.run, shown.key, COPY_LINK)
            menu.addAction(tr("Copy link to message"), run)

    def _add_commands(self, menu: QMenu) -> None:
        menu.addSeparator()
        for command, label in _WINDOW_COMMANDS.items():
            run = partial(self.command_requested.emit, command)
            menu.addAction(menu_text(tr(label)), run)
