"""The transcript for assistive technology: a list of messages, then the widgets inside the view."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleInterface, QTextCursor
from PySide6.QtWidgets import QAccessibleWidget

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

if TYPE_CHECKING:
    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.transcript.transcript_messages import TranscriptMessages
    from desktop_app.transcript.view import TranscriptView

# Line and cell breaks, drawings (U+FFFC) and invisible characters, as whitespace. Each stays a
# single character, so that a position in the text is a position in the document.
_AS_WHITESPACE: Final = {
    0x2029: "\n", 0x2028: "\n", 0xFDD0: "\n", 0xFDD1: "\n", 0xFFFC: " ",
    0x2061: " ", 0x2062: " ", 0x2063: " ", 0xA0: " ",
}  # fmt: skip


class AccessibleTranscript(QAccessibleWidget):
    """The interface of one view: all its messages, materialized or not, then its widgets.

    The node of a message is created on first use.
    """

    def __init__(self, view: TranscriptView, messages: TranscriptMessages) -> None:
        super().__init__(view, QAccessible.Role.List, view.accessibleName())
        self._view = view
        self._messages = messages
        self._nodes: dict[str, MessageNode] = {}
        self._cached_revision = -1  # of the document when `_cached_text` was its text
        self._cached_text = ""
        # The length and the ends of the conversation when `_indices` held its messages.
        self._indexed_ends: tuple[int, str, str] | None = None
        self._indices: dict[str, int] = {}  # by message id
        self._text_interface = PlainTextInterface(self._text, self._caret, self._set_caret)
        self._actions = NodeActions(view.setFocus, None)

    def release_nodes(self) -> None:
        """Release the nodes of all messages."""
        for node in self._nodes.values():
            node.release()
        self._nodes.clear()

    def report_focus(self, message_id: str, item: int) -> None:
        """Tell screen readers that an item of a message has the focus.

        Item -1 stands for the message itself.
        """
        index = self.index_of(message_id)
        if index < 0:
            return
        node: AccessibleNode = self._node_at(index)
        if item >= 0:
            node = next((child for child in node.child_nodes() if child.content.item >= item), node)
        QAccessible.updateAccessibility(QAccessibleEvent(node, QAccessible.Event.Focus))

    def index_of(self, message_id: str) -> int:
        """Return the index of a message in the conversation, materialized or not; -1 if none."""
        messages = self._messages
        count = messages.count
        ends = (count, messages.first_id(), messages.message_at(count - 1).id if count else "")
        if self._indexed_ends != ends:
            self._indexed_ends = ends
            self._indices = {message.id: index for index, message in enumerate(messages.all())}
        return self._indices.get(message_id, -1)

    # ------------------------------------------------------------------ QAccessibleInterface

    def interface_cast(self, kind: QAccessible.InterfaceType) -> Any:
        if kind is QAccessible.InterfaceType.TextInterface:
            # With this interface, Qt reports each insertion: some 50 events a second while an
            # answer streams, although `AnswerSpeech` announces its sentences.
            return NO_INTERFACE if self._view.stream.is_inserting else self._text_interface
        if kind is QAccessible.InterfaceType.ActionInterface:
            return self._actions
        return NO_INTERFACE

    def childCount(self) -> int:
        return self._messages.count + super().childCount()

    def child(self, index: int) -> Any:
        count = self._messages.count
        if 0 <= index < count:
            return self._node_at(index)
        return super().child(index - count) if index >= count else None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        if isinstance(child, MessageNode):
            return self.index_of(child.message_id)
        index = super().indexOfChild(child)
        return index if index < 0 else index + self._messages.count

    def text(self, kind: QAccessible.Text) -> str:
        return self._view.accessibleName() if kind is QAccessible.Text.Name else ""

    def _node_at(self, index: int) -> MessageNode:
        message = self._messages.message_at(index)
        node = self._nodes.get(message.id)
        if node is None:
            node = self._nodes[message.id] = MessageNode(self, self._view, self._messages, message)
        return node

    # ------------------------------------------------------------------ the text as a whole

    def _text(self) -> str:
        document = self._view.document()
        if self._cached_revision != document.revision():
            self._cached_revision = document.revision()
            self._cached_text = document.toRawText().translate(_AS_WHITESPACE)
        return self._cached_text

    def _caret(self) -> int:
        return self._view.textCursor().position()

    def _set_caret(self, position: int) -> None:
        cursor = QTextCursor(self._view.document())
        cursor.setPosition(min(position, self._view.document().characterCount() - 1))
        self._view.setTextCursor(cursor)


class MessageNode(AccessibleNode):
    """The node of a message.

    Its children are created on first use, and again after the message has changed.
    """

    def __init__(
        self,
        transcript: AccessibleTranscript,
        view: TranscriptView,
        messages: TranscriptMessages,
        message: Message,
    ) -> None:
        self.message_id = message.id
        self._transcript = transcript
        self._view = view
        self._messages = messages
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
        state = self._messages.get(self.message_id)
        message = self._current_message()
        version = (state.layout.revision, message) if state else (None, message)
        if self._children_version != version:
            self._children_version = version
            for node in self._nodes or ():
                node.release()
            self._nodes = None
            items = state.layout.items if state else list(self._messages.block_maker(message)())
            self.content = replace(self.content, children=reading_nodes(items))
        return super().child_nodes()

    def _current_message(self) -> Message:
        return self._messages.message_at(self._transcript.index_of(self.message_id))

    def isValid(self) -> bool:
        return self.is_alive and self._transcript.index_of(self.message_id) >= 0

    def text(self, kind: QAccessible.Text) -> str:
        message = self._current_message()
        name_of_model = self._messages.facts.name_of
        if kind is QAccessible.Text.Name:
            return message_name(message, name_of_model)
        if kind is QAccessible.Text.Description:
            return message_description(message, name_of_model)
        return ""

    def _rect_of_item(self, item: int) -> QRect:
        """Return the visible rectangle of an item in screen coordinates.

        For -1, and for an item that is not materialized, return that of the whole message. If the
        message is not in the document, return an empty rectangle.
        """
        state = self._messages.get(self.message_id)
        if state is None or not state.layout.total:
            return QRect()
        layouts, view = self._messages.layouts, self._view
        if 0 <= item < len(state.layout.items) and state.layout.counts[item]:
            first = layouts.block_of(state.layout, item).blockNumber()
            count = state.layout.counts[item]
        else:
            first = layouts.first_block(state.layout)
            count = state.layout.total
        document = view.document()
        layout = document.documentLayout()
        top_box = layout.blockBoundingRect(document.findBlockByNumber(first))
        box = top_box.united(
            layout.blockBoundingRect(document.findBlockByNumber(first + count - 1))
        )
        corner = QPoint(0, round(box.top()) - view.verticalScrollBar().value())
        rect = QRect(corner, QPoint(view.viewport().width(), corner.y() + round(box.height())))
        rect &= view.viewport().rect()
        return QRect(view.viewport().mapToGlobal(rect.topLeft()), rect.size())
