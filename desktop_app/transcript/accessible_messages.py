"""The transcript for assistive technology: messages, widgets inside the view, the focused target.

The tree of a message is built from its items when it is asked for, loaded or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget

from desktop_app.markdown.block_model import LINE_BREAK, Run
from desktop_app.transcript.accessible_node import (
    NO_INTERFACE,
    AccessibleNode,
    MessageNode,
    NodeActions,
    PlainTextInterface,
    TargetNode,
)
from desktop_app.transcript.message_items import prefix_of
from desktop_app.transcript.segment import Article, Place, texts_of
from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
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

    def state(self) -> QAccessible.State:
        state = super().state()
        state.readOnly = state.selectableText = state.multiLine = True
        return state

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
                    prefix = prefix_of(item)  # "" for a table
                    for cell, runs in texts_of(item):
                        unit = -utf16_length(prefix)
                        lines.append(_Line(Place(message.key, index, cell, unit), start))
                        text = prefix + "".join(map(_read_text, runs))
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

    def state(self) -> QAccessible.State:
        state = super().state()
        if self._view.focus_navigator.focused is not None:  # its node has the focus
            state.focused = False
        return state

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
        key = self._view.messages.key_at(index)
        if key not in self._nodes:
            self._nodes[key] = MessageNode(self, self._view, key)
        return self._nodes[key]


def _read_text(run: Run) -> str:
    """Return the words of a run; a formula is on one line."""
    return run.text.replace(LINE_BREAK, " ") if run.math else run.text
