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
from desktop_app.markdown.processes.diagram_drawing import is_svg
from desktop_app.shortcuts.command import all_commands
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
    can_open,
    diagram_key_of,
    open_action,
    prefix_of,
)
from desktop_app.transcript.segment import PAST_END, Place
from desktop_app.transcript.transcript_styles import Background, background_of
from desktop_app.widgets.program_menu import ProgramMenu, add_commands
from desktop_app.widgets.text.clipboard import (
    MAX_CONVERTED_CHARACTERS,
    PLAIN,
    ClipboardTexts,
    copy_texts,
    mime_data,
)
from desktop_app.widgets.text.foreign_text import menu_text, one_line

if TYPE_CHECKING:
    from desktop_app.transcript.conversation_messages import ConversationMessages
    from desktop_app.transcript.shown_message import ShownMessage
    from desktop_app.transcript.text_area import TextArea

_COMMANDS_OF_FEATURES: Final = {"read-aloud": "answer.read-aloud", "as-text": "text.open-answer"}
"""The command that does the same for the answer in view, by the action on a message."""
_WINDOW_COMMANDS: Final = (
    *("find.open", "conversation.copy", "conversation.export", "conversation.print"),
)


class MessageCommands(QObject):
    """The actions of one view's messages, from buttons, links, keys and the context menu.

    Attributes:
        area: the view.
        messages: its messages.
        offered: the actions on messages that the view offers; None for all.

    Signals:
        requested(str message_id, str action): any action except folding; "copy" has already run.
        copied(str message_id, int item): the code below this item was copied.
        code_requested(str action, str code): "open" this page, or edit it "as-text".
        notice_raised(str): a notice for the user.
    """

    requested = Signal(str, str)
    copied = Signal(str, int)
    code_requested = Signal(str, str)
    notice_raised = Signal(str)

    def __init__(
        self,
        area: TextArea,
        messages: ConversationMessages,
        toggle: Callable[[ShownMessage, str], bool],
    ) -> None:
        """Run actions; `toggle` folds or unfolds, and returns False for any other action."""
        super().__init__(area)
        self.area = area
        self.messages = messages
        self.offered: frozenset[str] | None = None
        self._toggle = toggle

    def is_offered(self, action: str) -> bool:
        """Return True if the view offers an action, and the program has its feature."""
        if self.offered is not None and action not in self.offered:
            return False
        command = _COMMANDS_OF_FEATURES.get(action)
        return command is None or any(each.id == command for each in all_commands())

    def run(self, message_id: str, action: str) -> None:
        shown = self.messages.opened(message_id)
        if shown is None or self._toggle(shown, action):
            return
        if action == COPY:
            self._copy_message(shown)
        self.requested.emit(message_id, action)

    def open_file(self, message_id: str, name: str) -> None:
        """Open the file of an answer to which its text has a link."""
        part = self.linked_part(message_id, name)
        if part is not None:
            self.run(message_id, open_action(part))

    def linked_part(self, message_id: str, name: str) -> DocumentPart | ImagePart | None:
        """Return the newest file of an answer with this name; None if it has none."""
        shown = self.messages.opened(message_id)
        parts = () if shown is None else reversed(shown.message.attachments)
        return next((part for part in parts if part.name == name), None)

    # ------------------------------------------------------------------ messages

    def copy_selection_or_answer(self) -> None:
        """Copy the selection, or the newest answer if nothing is selected. Emit no signal."""
        shown = self.messages.newest_answer()
        if not self.area.copy_selected() and shown is not None:
            self._copy_message(shown)

    def copy_last_answer(self) -> None:
        """Copy the newest answer as its Copy action does, and raise a notice."""
        shown = self.messages.newest_answer()
        if shown is not None:
            self.run(shown.key, COPY)
            self.notice_raised.emit(tr("Response copied"))

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
            self.copied.emit(head[0].key, head[1])

    def open_code(self, place: Place) -> None:
        """Request the page at a place, or draw the SVG there, or show its code again."""
        head = self.head_of_code(place)
        if head is not None and is_svg(prefix_of(head[0].items[head[1]])):
            self._toggle(head[0], head[0].svg_action(head[1]))
        elif head is not None:
            self.request_code("open", head)

    def request_code(self, action: str, head: tuple[ShownMessage, int]) -> None:
        """Request that an action runs on the code below a head."""
        [text] = _code_below(*head)[PLAIN]()
        self.code_requested.emit(action, text)

    def copy_nearest_code(self) -> None:
        """Copy the code block at the caret, or the last one above the end of the screen."""
        caret = self.area.selection.caret
        if caret is None or self.head_of_code(caret) is None:
            caret = self._last_head()
        if caret is None:
            self.notice_raised.emit(tr("There is no code block here or above."))
        else:
            self.copy_code(caret)

    def head_of_code(self, place: Place) -> tuple[ShownMessage, int] | None:
        shown = self.messages.opened(place.message_id)
        if shown is None:
            return None
        index = min(place.item, len(shown.items) - 1)
        while index >= 0 and background_of(shown.items[index]) is Background.CODE:
            if is_code_head(shown.items[index]):
                return shown, index
            index -= 1
        return None

    def _last_head(self) -> Place | None:
        messages = self.messages
        place = self.area.place_near(QPoint(0, self.area.viewport().height() - 1))
        if place is None:
            return None
        end = place.item + 1
        for number in range(messages.index_of(place.message_id), -1, -1):
            shown = messages.get(messages.key_at(number))
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

    def __init__(self, commands: MessageCommands) -> None:
        super().__init__(commands.area)
        self._commands = commands
        self._area = commands.area
        self._pressed_at: QPoint | None = None
        self._begin: Callable[[], None] | None = None  # starts the drag, once
        self.is_on_selection = False

    def press(self, position: QPoint) -> bool:
        """Record what is under the pressed button. Return True if it can be dragged."""
        self.release()
        link = self._area.anchor_at(position).partition("#")[0]
        for prefix in (ACTION + OPEN_IMAGE, ACTION + OPEN_DOCUMENT):
            if link.startswith(prefix):
                self._begin = partial(self.file_requested.emit, link.removeprefix(prefix))
        place = self._area.place_near(position)
        if place is not None and (name := linked_file(link)):
            part = self._commands.linked_part(place.message_id, name)
            if part is not None:
                self._begin = partial(self.file_requested.emit, part.sha256)
        shown = self._commands.messages.get(place.message_id) if place is not None else None
        if self._begin is None and place is not None and shown is not None:
            head = self._commands.head_of_code(place)
            if head == (shown, place.item):
                self._begin = lambda: self._drag(mime_data(_code_below(*head)))
        if self._begin is None and self._area.is_selected_at(position):
            self.is_on_selection = True
            self._begin = lambda: self._drag(self._area.createMimeDataFromSelection())
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
        from PySide6.QtGui import QDrag

        drag = QDrag(self._area)
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)
        self.release()  # the view gets no release of the button after a drag


def menu_for(
    commands: MessageCommands,
    place: Place | None,
    link: str,
    follow_link: Callable[[Place, str], None],
    *,
    is_brief: bool = False,
) -> QMenu:
    """Return the context menu for the selection, and a place and a link there; "" for none."""
    area, messages = commands.area, commands.messages
    menu = ProgramMenu(area)
    if not area.selection.is_empty:
        menu.addAction(tr("Copy"), area.copy_selected)
        if not is_brief:
            add_commands(menu, "memory.remember")
    shown = messages.opened(place.message_id) if place is not None else None
    cited = messages.cited(shown.key, link) if shown is not None else None
    if cited is not None and place is not None:
        source = one_line(cited.source)
        label = tr("Open source {number}: {source}", number=cited.number, source=source)
        menu.addAction(menu_text(label), partial(follow_link, place, link))
    elif link and not (link.startswith(ACTION) or is_note_link(link) or linked_file(link)):
        menu.addAction(tr("Copy link"), lambda: QGuiApplication.clipboard().setText(link))
    head = commands.head_of_code(place) if place is not None else None
    if place is not None and head is not None:
        menu.addAction(tr("Copy code block"), partial(commands.copy_code, place))
        if can_open(prefix_of(head[0].items[head[1]])):
            menu.addAction(tr("Open"), partial(commands.open_code, place))
            if not is_brief and commands.is_offered("as-text"):
                request = partial(commands.request_code, "as-text", head)
                menu.addAction(tr("Open code block as text"), request)
    if shown is not None and place is not None:
        _add_diagram_actions(commands, menu, shown, place)
    if shown is not None:
        _add_actions(commands, menu, shown, is_brief=is_brief)
    menu.addAction(tr("Select all"), area.selection.select_all)
    if not is_brief:
        menu.addSeparator()
        add_commands(menu, *_WINDOW_COMMANDS)
    return menu


def _add_diagram_actions(
    commands: MessageCommands, menu: QMenu, shown: ShownMessage, place: Place
) -> None:
    """Add the actions of the picture whose code, picture or actions are at a place."""
    below = takewhile(
        lambda item: background_of(item) is Background.CODE, shown.items[place.item :]
    )
    items = [*shown.items[max(0, place.item - 1) : place.item], *below]
    key = next(filter(None, map(diagram_key_of, items)), "")
    if key:
        run = commands.run
        copy, save = f"{COPY_DIAGRAM}{key}", f"{SAVE_DIAGRAM}{key}"
        menu.addAction(tr("Copy picture"), partial(run, shown.key, copy))
        menu.addAction(tr("Save picture as…"), partial(run, shown.key, save))


def menu_of(commands: MessageCommands, shown: ShownMessage, *, is_brief: bool) -> QMenu:
    """Return the menu of what people do with a message and has no button beside it."""
    menu = ProgramMenu(commands.area)
    role, run = shown.message.role, commands.run
    is_answer, branch = role is Role.ASSISTANT, ACTIONS[role]["branch"]
    actions = {
        "read-aloud": tr("Read aloud") if is_answer else "",
        "as-text": tr("Open as text") if is_answer and not is_brief else "",
        "branch": tr(branch),
        COPY_LINK: "" if is_brief else tr("Copy link to message"),
    }
    for action, label in actions.items():
        if label and commands.is_offered(action):
            menu.addAction(menu_text(label), partial(run, shown.key, action))
    if is_answer and not is_brief:
        add_commands(menu, "conversation.export")
    return menu


def _add_actions(
    commands: MessageCommands, menu: QMenu, shown: ShownMessage, *, is_brief: bool
) -> None:
    role = shown.message.role
    for action, label in ACTIONS[role].items():
        if commands.is_offered(action):
            menu.addAction(menu_text(tr(label)), partial(commands.run, shown.key, action))
    if not is_brief:
        if role is Role.ASSISTANT and commands.is_offered("as-text"):
            menu.addAction(tr("Open as text"), partial(commands.run, shown.key, "as-text"))
        run = partial(commands.run, shown.key, COPY_LINK)
        menu.addAction(tr("Copy link to message"), run)
