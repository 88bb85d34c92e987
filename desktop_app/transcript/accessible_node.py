"""A node of the transcript for assistive technology, and the interfaces that Qt asks it for.

PySide converts the result of `interface_cast` to a C++ pointer. The result must be an object that
implements the interface, or NO_INTERFACE: None and integers crash PySide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import (
    QAccessible,
    QAccessibleActionInterface,
    QAccessibleAttributesInterface,
    QAccessibleInterface,
    QAccessibleTableCellInterface,
    QAccessibleTextInterface,
    QWindow,
)
from shiboken6 import VoidPtr

from desktop_app.domain.conversations.conversation import Message
from desktop_app.transcript.reading_tree import (
    ReadingNode,
    message_description,
    message_name,
    reading_nodes,
)
from desktop_app.transcript.segment import Place
from desktop_app.transcript.targets import Target
from desktop_app.widgets.text.foreign_text import spoken_text
from desktop_app.widgets.text.utf16 import utf16_length, utf16_slice

if TYPE_CHECKING:
    from desktop_app.transcript.view import TranscriptView

NO_INTERFACE: Final = VoidPtr(0)
_Type = QAccessible.InterfaceType


class PlainTextInterface(QAccessibleTextInterface):
    """The text that a function returns, read-only.

    Args:
        read: returns the text.
        caret: returns the caret's position in UTF-16 units.
        set_caret: moves the caret to a position in UTF-16 units.
    """

    def __init__(
        self,
        read: Callable[[], str],
        caret: Callable[[], int] = lambda: 0,
        set_caret: Callable[[int], object] = lambda _position: None,
    ) -> None:
        super().__init__()
        self._read = read
        self._caret = caret
        self._set_caret = set_caret

    def characterCount(self) -> int:
        return utf16_length(self._read())

    def text(self, start: int, end: int) -> str:
        return utf16_slice(self._read(), start, None if end < 0 else end)

    def cursorPosition(self) -> int:
        return self._caret()

    def setCursorPosition(self, position: int) -> None:
        self._set_caret(position)

    def selectionCount(self) -> int:
        return 0

    def selection(self, _index: int) -> tuple[int, int]:
        return 0, 0

    def addSelection(self, _start: int, _end: int) -> None:
        """Select nothing: the selection belongs to the document."""

    def removeSelection(self, _index: int) -> None:
        """Remove nothing: see `addSelection`."""

    def setSelection(self, _index: int, _start: int, _end: int) -> None:
        """Select nothing: see `addSelection`."""

    def characterRect(self, _offset: int) -> QRect:
        return QRect()

    def offsetAtPoint(self, _point: QPoint) -> int:
        return -1

    def scrollToSubstring(self, start: int, _end: int) -> None:
        self._set_caret(start)

    def attributes(self, _offset: int) -> tuple[str, int, int]:
        return "", 0, self.characterCount()


class HeadingLevel(QAccessibleAttributesInterface):
    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = level

    def attributeKeys(self) -> list[QAccessible.Attribute]:
        return [QAccessible.Attribute.Level]

    def attributeValue(self, _key: QAccessible.Attribute) -> int:
        return self._level


class CellPosition(QAccessibleTableCellInterface):
    """The place of a cell in its table."""

    def __init__(self, node: AccessibleNode, row: int, column: int) -> None:
        super().__init__()
        self._node = node
        self._row = row
        self._column = column

    def rowIndex(self) -> int:
        return self._row

    def columnIndex(self) -> int:
        return self._column

    def rowExtent(self) -> int:
        return 1

    def columnExtent(self) -> int:
        return 1

    def isSelected(self) -> bool:
        return False

    def table(self) -> QAccessibleInterface:
        return self._node.parent().parent()

    def rowHeaderCells(self) -> list[QAccessibleInterface]:
        return []

    def columnHeaderCells(self) -> list[QAccessibleInterface]:
        header = self.table().child(0).child(self._column)
        return [header] if header.role() == QAccessible.Role.ColumnHeader else []


class NodeActions(QAccessibleActionInterface):
    """The actions of a node: to focus it, and to press it if it is a link.

    Args:
        focus: moves the reading position to the node.
        press: follows the link; None if the node is not a link.
    """

    def __init__(self, focus: Callable[[], object], press: Callable[[], object] | None) -> None:
        super().__init__()
        self._actions = {self.setFocusAction(): focus}
        if press is not None:
            self._actions[self.pressAction()] = press

    def actionNames(self) -> list[str]:
        return list(reversed(self._actions))

    def doAction(self, name: str) -> None:
        if name in self._actions:
            self._actions[name]()

    def keyBindingsForAction(self, _name: str) -> list[str]:
        return []


class AccessibleNode(QAccessibleInterface):
    """A node: a message, or a part of one.

    Attributes:
        message_id: the message.
        content: the node's role, name and text. The content of a message is replaced as the message
            grows.
        is_alive: False once the node is released.
    """

    def __init__(
        self,
        parent: QAccessibleInterface,
        view: TranscriptView,
        message_id: str,
        content: ReadingNode,
    ) -> None:
        super().__init__()
        self._parent = parent
        self._view = view
        self.message_id = message_id
        self.content = content
        self._nodes: list[AccessibleNode] | None = None
        self._interfaces: dict[QAccessible.InterfaceType, Any] = {}
        self.is_alive = True

    def release(self) -> None:
        """Remove the node and its descendants from Qt's cache, which would keep them."""
        for node in self._nodes or ():
            node.release()
        self._nodes = None
        self.is_alive = False
        QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(self))

    def child_nodes(self) -> list[AccessibleNode]:
        """Return the children, which are created on first use."""
        if self._nodes is None:
            self._nodes = [
                AccessibleNode(self, self._view, self.message_id, child)
                for child in self.content.children
            ]
        return self._nodes

    def interface_cast(self, kind: QAccessible.InterfaceType) -> Any:
        """Return the object that implements an interface for this node, or NO_INTERFACE."""
        if kind not in self._interfaces:
            self._interfaces[kind] = self._make_interface(kind)
        return self._interfaces[kind]

    def _make_interface(self, kind: QAccessible.InterfaceType) -> Any:
        content = self.content
        if kind is _Type.TextInterface and content.text:
            return PlainTextInterface(lambda: self.content.text)
        if kind is _Type.AttributesInterface and content.level:
            return HeadingLevel(content.level)
        if kind is _Type.TableCellInterface and content.cell is not None:
            return CellPosition(self, *content.cell)
        if kind is _Type.ActionInterface:
            return NodeActions(self.focus, self.press if content.link else None)
        return NO_INTERFACE

    def focus(self) -> None:
        """Move the caret to the node."""
        self._view.focus_navigator.read_at(self.message_id, self.content.item)

    def press(self) -> None:
        """Follow the link."""
        self._view.follow_link(Place(self.message_id, self.content.item), self.content.link)

    def isValid(self) -> bool:
        return self.is_alive

    def object(self) -> Any:
        return None

    def window(self) -> QWindow:
        return self._parent.window()

    def relations(self, *_match: Any) -> list[Any]:
        return []

    def parent(self) -> QAccessibleInterface:
        return self._parent

    def focusChild(self) -> Any:
        return None

    def childAt(self, x: int, y: int) -> Any:
        nodes = (node for node in self.child_nodes() if node.rect().contains(x, y))
        return next(nodes, None)

    def child(self, index: int) -> Any:
        nodes = self.child_nodes()
        return nodes[index] if 0 <= index < len(nodes) else None

    def childCount(self) -> int:
        return len(self.child_nodes())

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return next((index for index, node in enumerate(self.child_nodes()) if node is child), -1)

    def text(self, kind: QAccessible.Text) -> str:
        return self.content.name if kind is QAccessible.Text.Name else ""

    def setText(self, _kind: QAccessible.Text, _text: str) -> None:
        """Change nothing: messages are read-only."""

    def rect(self) -> QRect:
        """Return the visible rectangle of the node's item, in screen coordinates."""
        viewport = self._view.viewport()
        rect = self._view.item_rect(self.message_id, self.content.item)
        visible = QRect(QPoint(0, rect.top()), rect.size()) & viewport.rect()
        return QRect(viewport.mapToGlobal(visible.topLeft()), visible.size())

    def role(self) -> QAccessible.Role:
        return self.content.role

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        state.readOnly = state.selectableText = True
        state.focusable = True
        if self.content.link:
            state.linked = True
        if self.rect().isEmpty():
            state.offscreen = True
        if not self._view.isVisible():  # a page or a text covers the conversation
            state.invisible = True
        return state


class TargetNode(AccessibleNode):
    """The link or button in the text that has the keyboard focus.

    Its name tells where a link leads, which the node of the link in its message does not.

    Attributes:
        target: the link or button.
    """

    def __init__(self, parent: QAccessibleInterface, view: TranscriptView, target: Target) -> None:
        self.target = target
        key, item = target.place[:2]
        shown = view.messages.opened(key)
        name = "" if shown is None else view.focus_navigator.describe(shown, target).name
        role = QAccessible.Role.Button
        content = ReadingNode(role, spoken_text(name), link=target.link, item=item)
        super().__init__(parent, view, key, content)

    def focus(self) -> None:
        """Do nothing: the target has the focus."""

    def press(self) -> None:
        """Follow the link, or press the button."""
        self._view.activate(self.target)

    def rect(self) -> QRect:
        """Return the rectangle of the target, in screen coordinates."""
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

    def __init__(self, parent: QAccessibleInterface, view: TranscriptView, key: str) -> None:
        super().__init__(parent, view, key, ReadingNode(QAccessible.Role.ListItem, ""))
        self._children_version: object = None

    def child_nodes(self) -> list[AccessibleNode]:
        messages = self._view.messages
        shown = messages.get(self.message_id)
        message = self._message()
        version = (shown.revision if shown is not None else -1, message)
        if self._children_version != version:
            self._children_version = version
            for node in self._nodes or ():
                node.release()
            self._nodes = None
            items = shown.items if shown is not None else list(messages.block_maker(message)())
            self.content = replace(self.content, children=reading_nodes(items))
        return super().child_nodes()

    def _message(self) -> Message:
        messages = self._view.messages
        return messages.messages[messages.index_of(self.message_id)]

    def isValid(self) -> bool:
        return self.is_alive and self._view.messages.index_of(self.message_id) >= 0

    def text(self, kind: QAccessible.Text) -> str:
        name_of_model = self._view.messages.facts.name_of
        if kind is QAccessible.Text.Name:
            return message_name(self._message(), name_of_model)
        if kind is QAccessible.Text.Description:
            return message_description(self._message(), name_of_model)
        return ""
