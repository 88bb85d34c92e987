"""Runs the actions of messages, drags out of them, and builds the context menu of one view."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QMimeData, QObject, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu

from desktop_app.domain.answering.shown_length import ShownMessage as JsonMessage
from desktop_app.domain.conversations.answer_sources import sources_below
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.i18n.translation import tr
from desktop_app.markdown.block_model import Block, Kind
from desktop_app.markdown.incremental.block_stream import render
from desktop_app.markdown.parsing.own_links import is_note_link, linked_file
from desktop_app.transcript import copied_text
from desktop_app.transcript.action_row import ACTIONS
from desktop_app.transcript.media.message_images import OPEN_IMAGE
from desktop_app.transcript.message_items import (
    ACTION,
    COPY,
    COPY_DIAGRAM,
    COPY_LINK,
    OPEN_DOCUMENT,
    SAVE_DIAGRAM,
    diagram_key_of,
    open_action,
)
from desktop_app.transcript.segment import PAST_END, Place
from desktop_app.transcript.transcript_styles import Background, background_of
from desktop_app.widgets.program_menu import ProgramMenu, add_commands
from desktop_app.widgets.text.clipboard import (
    MAX_CONVERTED_CHARACTERS,
    ClipboardTexts,
    copy_texts,
    mime_data,
)
from desktop_app.widgets.text.foreign_text import menu_text, one_line

if TYPE_CHECKING:
    from desktop_app.transcript.shown_message import ShownMessage
    from desktop_app.transcript.view import TranscriptView

_WINDOW_COMMANDS: Final = (
    *("find.open", "conversation.copy", "conversation.export", "conversation.print"),
)


class MessageCommands:
    """The actions of one view's messages, from buttons, links, keys and the context menu."""

    def __init__(self, view: TranscriptView) -> None:
        self._view = view

    def run(self, message_id: str, action: str) -> None:
        shown = self._view.messages.opened(message_id)
        if shown is None or self._view.toggle(shown, action):
            return
        if action == COPY:
            self._copy_message(shown)
        self._view.action_requested.emit(message_id, action)

    def open_file(self, message_id: str, name: str) -> None:
        """Open the file of an answer to which its text has a link."""
        part = self.linked_part(message_id, name)
        if part is not None:
            self.run(message_id, open_action(part))

    def linked_part(self, message_id: str, name: str) -> DocumentPart | ImagePart | None:
        """Return the newest file of an answer with this name; None if it has none."""
        shown = self._view.messages.opened(message_id)
        parts = () if shown is None else reversed(shown.message.attachments)
        return next((part for part in parts if part.name == name), None)

    # ------------------------------------------------------------------ messages

    def copy_selection_or_answer(self) -> None:
        """Copy the selection, or the newest answer if nothing is selected. Emit no signal."""
        shown = self._view.messages.newest_answer()
        if not self._view.copy_selected() and shown is not None:
            self._copy_message(shown)

    def copy_last_answer(self) -> None:
        """Copy the newest answer as its Copy action does, and raise a notice."""
        shown = self._view.messages.newest_answer()
        if shown is not None:
            self.run(shown.key, COPY)
            self._view.notice_raised.emit(tr("Response copied"))

    def _copy_message(self, shown: ShownMessage) -> None:
        """Copy a message: an answer as its source (Markdown or JSON), a question as shown."""
        message = shown.message
        stored = message.stored if isinstance(message, JsonMessage) else None
        if stored is not None and not shown.is_streaming:
            copy_texts(copied_text.texts_of_source(stored.text))
            return
        if message.role is not Role.ASSISTANT:
            copy_texts(copied_text.clipboard_texts(shown.block_maker()))
            return
        sources = "" if shown.is_streaming else sources_below(message)
        source = shown.source + sources
        if len(source) > MAX_CONVERTED_CHARACTERS:
            copy_texts(copied_text.texts_of_source(source))
            return
        blocks = shown.block_maker()
        copy_texts(copied_text.clipboard_texts(lambda: [*blocks(), *render(sources)], source))

    # ------------------------------------------------------------------ code

    def copy_code(self, place: Place) -> None:
        """Copy the code at a place, if there is any."""
        head = self.head_of_code(place)
        if head is not None:
            copy_texts(_code_below(*head))
            self._view.show_copied((head[0].key, head[1]))

    def copy_nearest_code(self) -> None:
        """Copy the code block at the caret, or the last one above the end of the screen."""
        caret = self._view.selection.caret
        if caret is None or self.head_of_code(caret) is None:
            caret = self._last_head()
        if caret is None:
            self._view.notice_raised.emit(tr("There is no code block here or above."))
        else:
            self.copy_code(caret)

    def head_of_code(self, place: Place) -> tuple[ShownMessage, int] | None:
        shown = self._view.messages.opened(place.message_id)
        if shown is None:
            return None
        index = min(place.item, len(shown.items) - 1)
        while index >= 0 and background_of(shown.items[index]) is Background.CODE:
            if is_code_head(shown.items[index]):
                return shown, index
            index -= 1
        return None

    def _last_head(self) -> Place | None:
        view = self._view
        place = view.place_near(QPoint(0, view.viewport().height() - 1))
        if place is None:
            return None
        end = place.item + 1
        for number in range(view.messages.index_of(place.message_id), -1, -1):
            shown = view.messages.get(view.messages.key_at(number))
            if shown is None:
                return None  # far above the screen
            for index in reversed(range(len(shown.items[:end]))):
                if is_code_head(shown.items[index]):
                    return Place(shown.key, index)
            end = PAST_END
        return None


def is_code_head(item: object) -> bool:
    return isinstance(item, Block) and item.kind is Kind.CODE_HEAD


def _code_below(shown: ShownMessage, head: int) -> ClipboardTexts:
    lines = takewhile(lambda item: item.kind is Kind.CODE, shown.items[head + 1 :])
    return copied_text.texts_of_code([line for line in lines if isinstance(line, Block)])


class DragOut(QObject):
    """The drags of attachments, code and selected text from one view.

    Attributes:
        is_on_selection: whether the press was on selected text.

    Signals:
        file_requested(str sha256): an attachment is dragged. Pass a copy of the file to
            `drag_file`.
    """

    file_requested = Signal(str)

    def __init__(self, view: TranscriptView) -> None:
        super().__init__(view)
        self._view = view
        self._pressed_at: QPoint | None = None
        self._begin: Callable[[], None] | None = None  # starts the drag, once
        self.is_on_selection = False

    def press(self, position: QPoint) -> bool:
        """Record what is under the pressed button. Return True if it can be dragged."""
        self.release()
        link = self._view.anchor_at(position).partition("#")[0]
        for prefix in (ACTION + OPEN_IMAGE, ACTION + OPEN_DOCUMENT):
            if link.startswith(prefix):
                self._begin = partial(self.file_requested.emit, link.removeprefix(prefix))
        place = self._view.place_near(position)
        if place is not None and (name := linked_file(link)):
            part = self._view.commands.linked_part(place.message_id, name)
            if part is not None:
                self._begin = partial(self.file_requested.emit, part.sha256)
        shown = self._view.messages.get(place.message_id) if place is not None else None
        if self._begin is None and place is not None and shown is not None:
            head = self._view.commands.head_of_code(place)
            if head == (shown, place.item):
                self._begin = lambda: self._drag(mime_data(_code_below(*head)))
        if self._begin is None and self._view.is_selected_at(position):
            self.is_on_selection = True
            self._begin = lambda: self._drag(self._view.createMimeDataFromSelection())
        if self._begin is not None:
            self._pressed_at = position
        return self._pressed_at is not None

    def move(self, position: QPoint) -> bool:
        """Start the drag once the pointer is far enough from the press.

        Return True if the press was on something to drag, so that no text is selected.
        """
        if self._pressed_at is None:
            return False
        distance = (position - self._pressed_at).manhattanLength()
        if self._begin is not None and distance >= QApplication.startDragDistance():
            begin = self._begin
            self._begin = None
            begin()
        return True

    def release(self) -> None:
        """Forget the press."""
        self._pressed_at = self._begin = None
        self.is_on_selection = False

    def drag_file(self, path: Path) -> None:
        """Drag a file, unless the button was released meanwhile."""
        if self._pressed_at is None:
            return
        if QGuiApplication.mouseButtons() & Qt.MouseButton.LeftButton:
            data = QMimeData()
            data.setUrls([QUrl.fromLocalFile(str(path))])
            self._drag(data)

    def _drag(self, data: QMimeData) -> None:
        from PySide6.QtGui import QDrag  # start-up needs no drags

        drag = QDrag(self._view)
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)
        self.release()  # the view gets no release of the button after a drag


def menu_for(view: TranscriptView, place: Place | None, link: str) -> QMenu:
    """Return the context menu for the selection, and a place and a link there; "" for none."""
    menu = ProgramMenu(view)
    if not view.selection.is_empty:
        menu.addAction(tr("Copy"), view.copy_selected)
        if not view.is_brief:
            add_commands(menu, "memory.remember")
    shown = view.messages.opened(place.message_id) if place is not None else None
    cited = view.messages.cited(shown.key, link) if shown is not None else None
    if cited is not None and place is not None:
        source = one_line(cited.source)
        label = tr("Open source {number}: {source}", number=cited.number, source=source)
        menu.addAction(menu_text(label), partial(view.follow_link, place, link))
    elif link and not (link.startswith(ACTION) or is_note_link(link) or linked_file(link)):
        menu.addAction(tr("Copy link"), lambda: QGuiApplication.clipboard().setText(link))
    if place is not None and view.commands.head_of_code(place) is not None:
        menu.addAction(tr("Copy code block"), partial(view.commands.copy_code, place))
    if shown is not None and place is not None:
        _add_diagram_actions(view, menu, shown, place)
    if shown is not None:
        _add_actions(view, menu, shown)
    menu.addAction(tr("Select all"), view.selection.select_all)
    if not view.is_brief:
        menu.addSeparator()
        add_commands(menu, *_WINDOW_COMMANDS)
    return menu


def _add_diagram_actions(
    view: TranscriptView, menu: QMenu, shown: ShownMessage, place: Place
) -> None:
    """Add the actions of the picture whose code, picture or actions are at a place."""
    below = takewhile(
        lambda item: background_of(item) is Background.CODE, shown.items[place.item :]
    )
    items = [*shown.items[max(0, place.item - 1) : place.item], *below]
    key = next(filter(None, map(diagram_key_of, items)), "")
    if key:
        run = view.commands.run
        copy, save = f"{COPY_DIAGRAM}{key}", f"{SAVE_DIAGRAM}{key}"
        menu.addAction(tr("Copy picture"), partial(run, shown.key, copy))
        menu.addAction(tr("Save picture as…"), partial(run, shown.key, save))


def menu_of(view: TranscriptView, shown: ShownMessage) -> QMenu:
    """Return the menu of what people do with a message and has no button beside it."""
    menu = ProgramMenu(view)
    role, run = shown.message.role, view.commands.run
    is_answer = role is Role.ASSISTANT
    actions = {
        "read-aloud": tr("Read aloud") if is_answer else "",
        "as-text": tr("Open as text") if is_answer and not view.is_brief else "",
        "branch": tr(ACTIONS[role]["branch"]),
        COPY_LINK: "" if view.is_brief else tr("Copy link to message"),
    }
    for action, label in actions.items():
        if label:
            menu.addAction(menu_text(label), partial(run, shown.key, action))
    if is_answer and not view.is_brief:
        add_commands(menu, "conversation.export")
    return menu


def _add_actions(view: TranscriptView, menu: QMenu, shown: ShownMessage) -> None:
    role = shown.message.role
    for action, label in ACTIONS[role].items():
        menu.addAction(menu_text(tr(label)), partial(view.commands.run, shown.key, action))
    if not view.is_brief:
        if role is Role.ASSISTANT:
            menu.addAction(tr("Open as text"), partial(view.commands.run, shown.key, "as-text"))
        run = partial(view.commands.run, shown.key, COPY_LINK)
        menu.addAction(tr("Copy link to message"), run)
