"""The transcript for assistive technology: messages, widgets inside the view, the focused target.

The tree of a message is built from its items when it is asked for, loaded or not.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget

from desktop_app.markdown.block_model import LINE_BREAK, Runs
from desktop_app.transcript.accessibility.accessible_node import (
    NO_INTERFACE,
    AccessibleNode,
    NodeActions,
    PlainTextInterface,
)
from desktop_app.transcript.accessibility.reading_tree import (
    ReadingNode,
    message_description,
    message_name,
    reading_nodes,
)
from desktop_app.transcript.message_items import prefix_length, prefix_of
from desktop_app.transcript.segment import Place, is_table
from desktop_app.transcript.text_marks import texts_of
from desktop_app.widgets.text.foreign_text import spoken_text
from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.transcript.message_items import Item
    from desktop_app.transcript.segment import Article
    from desktop_app.transcript.targets import Target
    from desktop_app.transcript.text_area import TextArea
    from desktop_app.transcript.view import TranscriptView

# Line breaks, drawings and invisible characters, as whitespace of the same length.
_AS_WHITESPACE: Final = {
    0x2028: "\n", 0xFFFC: " ", 0x2061: " ", 0x2062: " ", 0x2063: " ", 0xA0: " ",
}  # fmt: skip

_READ_CHARACTERS: Final = 50_000
"""Characters above and below the message at the caret that are read as one text."""


class _Line(NamedTuple):
    """A line of the text: the place and the position in the text at which it begins."""

    place: Place
    start: int


class AccessibleText(QAccessibleWidget):
    """The interface of an area whose text is that of the articles around the caret."""

    def __init__(self, view: TextArea, role: QAccessible.Role) -> None:
        super().__init__(view, role, view.accessibleName())
        self._area = view
        self._cached: tuple[object, list[_Line], str] = (None, [], "")
        self._text_interface = PlainTextInterface(self._text, self.caret, self._set_caret)
        self._actions = NodeActions(view.setFocus, None)

    def interface_cast(self, kind: QAccessible.InterfaceType) -> Any:
        if kind is QAccessible.InterfaceType.TextInterface:
            return self._text_interface
        if kind is QAccessible.InterfaceType.ActionInterface:
            return self._actions
        return NO_INTERFACE

    def _read_articles(self) -> list[Article]:
        """Return the article at the caret, or at the top of the screen, and those around it."""
        articles = self._area.articles
        caret = self._area.selection.caret
        index = articles.index_of(caret.message_id) if caret is not None else -1
        if index < 0:
            index = articles.index_at(self._area.scroll_y)
        first = index
        end = min(index + 1, articles.count)
        room = _READ_CHARACTERS
        while first and (room := room - len(articles.source_of(first - 1))) > 0:
            first -= 1
        room = _READ_CHARACTERS
        while end < articles.count and (room := room - len(articles.source_of(end))) > 0:
            end += 1
        return [articles.open(number) for number in range(first, end)]

    def _lines(self) -> tuple[list[_Line], str]:
        """Return the lines of the articles around the caret, and their text."""
        shown = self._read_articles()
        version = [(message.key, message.revision) for message in shown]
        if self._cached[0] != version:
            lines = []
            texts = []
            start = 0
            for message in shown:
                for index, item in enumerate(message.items):
                    for cell, text in _texts(item):
                        prefix = 0 if is_table(item) else prefix_length(item)
                        lines.append(_Line(Place(message.key, index, cell, -prefix), start))
                        texts.append(text.translate(_AS_WHITESPACE))
                        start += utf16_length(texts[-1]) + 1
            self._cached = version, lines, "\n".join(texts)
        return self._cached[1], self._cached[2]

    def _text(self) -> str:
        return self._lines()[1]

    def caret(self) -> int:
        """Return the position of the caret in the text."""
        place = self._area.selection.caret
        if place is None:
            return 0
        lines, text = self._lines()
        last = None
        for line in lines:
            if line.place[:3] == place[:3]:
                return line.start + max(0, place.unit - line.place.unit)
            if line.place.message_id == place.message_id:
                last = line
        following = lines.index(last) + 1 if last is not None else len(lines)
        return lines[following].start - 1 if following < len(lines) else utf16_length(text)

    def _set_caret(self, position: int) -> None:
        lines, _text = self._lines()
        for line in reversed(lines):
            if line.start <= position:
                unit = line.place.unit + position - line.start
                self._area.place_caret(line.place._replace(unit=unit))
                return


class AccessibleTranscript(AccessibleText):
    """The interface of one view: all its messages, its widgets, and the focused link or button.

    Its text is that of the messages around the caret, which a screen reader reads line by line.
    """

    def __init__(self, view: TranscriptView) -> None:
        super().__init__(view, QAccessible.Role.List)
        self._view = view
        self._nodes: dict[str, MessageNode] = {}
        self._target_node: TargetNode | None = None

    def release_nodes(self) -> None:
        """Release the nodes of all messages."""
        for node in self._nodes.values():
            node.release()
        self._nodes.clear()
        self._release_target()

    def report_target(self) -> None:
        """Tell screen readers which link or button in the text has the focus."""
        node = self._focused_target()
        if node is not None:
            QAccessible.updateAccessibility(QAccessibleEvent(node, QAccessible.Event.Focus))

    def _focused_target(self) -> TargetNode | None:
        """Return the node of the focused target; None if there is none."""
        target = self._view.focus_navigator.focused
        node = self._target_node
        if node is not None and node.target != target:
            self._release_target()
        if target is not None and self._target_node is None:
            self._target_node = TargetNode(self, self._view, target)
        return self._target_node

    def _release_target(self) -> None:
        if self._target_node is not None:
            self._target_node.release()
            self._target_node = None

    def report_focus(self, message_id: str, item: int) -> None:
        """Tell screen readers that an item of a message has the focus; -1 is the message."""
        index = self._view.messages.index_of(message_id)
        if index < 0:
            return
        node: AccessibleNode = self._node_at(index)
        if item >= 0:
            node = next((child for child in node.child_nodes() if child.content.item >= item), node)
        QAccessible.updateAccessibility(QAccessibleEvent(node, QAccessible.Event.Focus))

    # ------------------------------------------------------------------ QAccessibleInterface

    def childCount(self) -> int:
        has_target = self._focused_target() is not None
        return self._view.messages.count + super().childCount() + has_target

    def child(self, index: int) -> Any:
        count = self._view.messages.count
        if 0 <= index < count:
            return self._node_at(index)
        if index == count + super().childCount():
            return self._focused_target()
        return super().child(index - count) if index >= count else None

    def focusChild(self) -> Any:
        return self._focused_target() or super().focusChild()

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        if isinstance(child, MessageNode):
            return self._view.messages.index_of(child.message_id)
        if isinstance(child, TargetNode):
            return self.childCount() - 1 if child.is_alive else -1
        index = super().indexOfChild(child)
        return index if index < 0 else index + self._view.messages.count

    def text(self, kind: QAccessible.Text) -> str:
        return self._view.accessibleName() if kind is QAccessible.Text.Name else ""

    def _node_at(self, index: int) -> MessageNode:
        message = self._view.messages.message_at(index)
        node = self._nodes.get(message.id)
        if node is None:
            node = self._nodes[message.id] = MessageNode(self, self._view, message)
        return node


def _texts(item: Item) -> list[tuple[int, str]]:
    """Return the text of an item with its prefix, or those of a table's cells."""
    if is_table(item):
        return [(cell, _read_text(runs)) for cell, runs in texts_of(item)]
    return [(0, prefix_of(item) + _read_text(item.runs))]


def _read_text(runs: Runs) -> str:
    """Return the words of runs; a formula is on one line."""
    return "".join(run.text.replace(LINE_BREAK, " ") if run.math else run.text for run in runs)


class TargetNode(AccessibleNode):
    """The link or button in the text that has the keyboard focus.

    Its name tells where a link leads, which the node of the link in its message does not.

    Attributes:
        target: the link or button.
    """

    def __init__(
        self, transcript: AccessibleTranscript, view: TranscriptView, target: Target
    ) -> None:
        self.target = target
        self._view = view
        shown = view.messages.opened(target.place.message_id)
        name = "" if shown is None else view.focus_navigator.describe(shown, target).name
        item = target.place.item
        super().__init__(
            transcript,
            ReadingNode(QAccessible.Role.Button, spoken_text(name), link=target.link, item=item),
            rect_of=self._rect_of_target,
            focus=lambda _item: None,
            press=lambda _item, _link: view.activate(target),
        )

    def _rect_of_target(self, _item: int) -> QRect:
        bounds = QRect()
        for rect in self._view.focus_navigator.rects(loads=False):
            bounds = bounds.united(rect.toRect())
        return QRect(self._view.viewport().mapToGlobal(bounds.topLeft()), bounds.size())

    def state(self) -> QAccessible.State:
        state = super().state()
        state.focused = self._view.hasFocus()
        return state


class MessageNode(AccessibleNode):
    """The node of a message.

    Its children are created on first use, and again after the message has changed.
    """

    def __init__(
        self, transcript: AccessibleTranscript, view: TranscriptView, message: Message
    ) -> None:
        self.message_id = message.id
        self._view = view
        self._children_version: object = None
        content = ReadingNode(QAccessible.Role.ListItem, "")
        super().__init__(
            transcript,
            content,
            rect_of=self._rect_of_item,
            focus=partial(view.reading.read_at, message.id),
            press=partial(view.reading.follow_link, message.id),
        )

    def child_nodes(self) -> list[AccessibleNode]:
        messages = self._view.messages
        shown = messages.get(self.message_id)
        message = self._current_message()
        version = (shown.revision if shown is not None else -1, message)
        if self._children_version != version:
            self._children_version = version
            for node in self._nodes or ():
                node.release()
            self._nodes = None
            items = shown.items if shown is not None else list(messages.block_maker(message)())
            self.content = replace(self.content, children=reading_nodes(items))
        return super().child_nodes()

    def _current_message(self) -> Message:
        messages = self._view.messages
        return messages.message_at(messages.index_of(self.message_id))

    def isValid(self) -> bool:
        return self.is_alive and self._view.messages.index_of(self.message_id) >= 0

    def text(self, kind: QAccessible.Text) -> str:
        message = self._current_message()
        name_of_model = self._view.messages.facts.name_of
        if kind is QAccessible.Text.Name:
            return message_name(message, name_of_model)
        if kind is QAccessible.Text.Description:
            return message_description(message, name_of_model)
        return ""

    def _rect_of_item(self, item: int) -> QRect:
        """Return the visible rectangle of an item, or of the message, in screen coordinates."""
        view = self._view
        rect = view.item_rect(self.message_id, item)
        corner = QPoint(0, rect.top())
        visible = QRect(corner, rect.size()) & view.viewport().rect()
        return QRect(view.viewport().mapToGlobal(visible.topLeft()), visible.size())
