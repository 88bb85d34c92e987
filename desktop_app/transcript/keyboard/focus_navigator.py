"""Moves the focus through the transcript: by Tab to the next message, by arrows to the next target.

In each message, the targets in the text come first, then the actions. Tab stops at the first
target of each message, the arrow keys at every target. After the last message, the focus
leaves the transcript. Before the first target, the text as a whole has the focus.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QTextBlock, QTextCursor
from PySide6.QtWidgets import QApplication

from desktop_app.transcript.keyboard.action_row import has_arrows
from desktop_app.transcript.keyboard.focus_buttons import FocusButtons, scroll_to_rects
from desktop_app.transcript.keyboard.focus_targets import (
    FocusTarget,
    FocusTargetButton,
    focus_targets_of,
    has_focus_target,
    next_focus_target,
)
from desktop_app.transcript.layout.long_text_splitter import RunIndex
from desktop_app.transcript.message_items import ACTION, SHOW_JSON, SHOW_VALUE, Line, LineKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop_app.transcript.document.item_materializer import ItemMaterializer
    from desktop_app.transcript.keyboard.action_row import ActionRowPlacer
    from desktop_app.transcript.layout.message_layout import MessageLayout
    from desktop_app.transcript.layout.message_layouts import MessageLayouts
    from desktop_app.transcript.transcript_messages import TranscriptMessages
    from desktop_app.transcript.viewport.transcript_surface import TranscriptSurface

_VERSION_ARROWS: Final = (f"{ACTION}older-version", f"{ACTION}newer-version")
# Following one of these links replaces it by the other.
_ALTERNATIVES: Final = {
    f"{ACTION}{SHOW_JSON}": f"{ACTION}{SHOW_VALUE}",
    f"{ACTION}{SHOW_VALUE}": f"{ACTION}{SHOW_JSON}",
}


class FocusedPlace(NamedTuple):
    """The block and link of the focused button, and the button's rectangle in the viewport.

    For a button of the action row, `link` is "", and `block` is the first of the message.
    """

    block: QTextBlock
    link: str
    rect: QRect


class _FocusPosition(NamedTuple):
    """A position from which the next or the previous target is searched.

    Attributes:
        message_index: the index of the message in the document; -1 for none.
        position: the document position.
        is_on_actions: True if an action of the message has the focus.
    """

    message_index: int
    position: int
    is_on_actions: bool = False


class FocusNavigator(QObject):
    """The keyboard navigation of a view.

    Signals:
        target_activated(str link, int position): the user activated the target with this address or
            action, at this document position.
        link_focused(str address): the address or source of the focused target, or "" for none.
    """

    target_activated = Signal(str, int)
    link_focused = Signal(str)

    def __init__(
        self,
        view: TranscriptSurface,
        messages: TranscriptMessages,
        item_materializer: ItemMaterializer,
        placer: ActionRowPlacer,
    ) -> None:
        """Follow the view's scroll bars and document.

        Args:
            view: the view to navigate.
            messages: the messages of the view.
            item_materializer: materializes the items with the next target.
            placer: shows the action row of the view beside a message.
        """
        super().__init__(view)
        self._view = view
        self._messages = messages
        self._item_materializer = item_materializer
        self._placer = placer
        self._action_row = placer.row
        self._message_id = ""  # the message with the focused target
        self._buttons = FocusButtons(view, messages, self)
        self._buttons.activated.connect(self._on_activated)
        self._buttons.focus_left.connect(lambda: self.link_focused.emit(""))
        self._buttons.stepped.connect(self._step)
        self._place_timer = QTimer(self, singleShot=True, interval=0)
        self._place_timer.timeout.connect(self._place_focused)
        self._action_row.stepped.connect(self._step)
        view.verticalScrollBar().valueChanged.connect(self.schedule_update)
        view.horizontalScrollBar().valueChanged.connect(self.schedule_update)
        view.document().contentsChanged.connect(self.schedule_update)

    def schedule_update(self) -> None:
        """Schedule updates of the focus buttons, because the text has moved on screen."""
        if self._buttons.focused is not None:
            self._place_timer.start()
        self._buttons.place_visible_soon()

    def focused_place(self) -> FocusedPlace | None:
        """Return the place of the focused button, or None if no button has the focus."""
        widget = QApplication.focusWidget()
        document = self._view.document()
        viewport = self._view.viewport()
        button = self._buttons.focused
        if button is not None and widget is button:
            target = button.focus_target
            return FocusedPlace(document.findBlock(target.start), target.link, button.geometry())
        if widget is None or not self._action_row.isAncestorOf(widget):
            return None
        index = self._messages.layouts.index_of(self._action_row.message_id)
        if index < 0:
            return None
        corner = viewport.mapFromGlobal(widget.mapToGlobal(QPoint(0, 0)))
        block = document.findBlock(self._messages.layouts.range_of(index)[0])
        return FocusedPlace(block, "", QRect(corner, widget.size()))

    def focused_message_id(self) -> str:
        """Return the message with the focused button, or with the caret if the text has the focus.

        Return "" if the focus is elsewhere, or the caret is off screen or below all messages.
        """
        place = self.focused_place()
        if place is not None:
            block = place.block
        elif self._view.hasFocus() and self._is_caret_visible():
            block = self._view.textCursor().block()
        else:
            return ""
        state = self._messages.state_at_block(block)
        return "" if state is None else state.message.id

    def scroll_to_focused(self) -> None:
        """Scroll to the focused target."""
        self._buttons.scroll_to_focused()

    # ------------------------------------------------------------------ navigation

    def focus_next_message(self, *, forward: bool) -> bool:
        """Focus the first target of the next or previous message. Return False if there is none.

        Backward from a target of the first message, focus the text, and return True.
        """
        if self._view.hasFocus():
            return self.focus_next(forward=forward)
        step = 1 if forward else -1
        index = self._current_position(forward=forward).message_index + step
        if index >= 0:
            return self._focus_next_from(index, 0, forward=True)
        self._view.setFocus(Qt.FocusReason.BacktabFocusReason)
        return True

    def focus_next(self, *, forward: bool) -> bool:
        """Focus the next or the previous target, including actions. Return False if there is none.

        Backward from the first target, focus the text, and return True.
        """
        current = self._current_position(forward=forward)
        if current.is_on_actions and self._action_row.step(forward=forward):
            return True
        if current.message_index < 0 or (self._view.hasFocus() and not forward):
            return False
        if current.is_on_actions and forward:
            return self._focus_next_from(current.message_index + 1, 0, forward=True)
        return self._focus_next_from(current.message_index, current.position, forward=forward)

    def _focus_next_from(self, index: int, position: int, *, forward: bool) -> bool:
        """Focus the next or the previous target, starting at a position of a message.

        Return False if there is no next target. If there is no previous target, focus the text.
        """
        layouts = self._messages.layouts
        skips_actions = not forward  # in the first message, the actions are below the position
        while 0 <= index < len(layouts):
            position = self._materialize_next(layouts[index], position, forward=forward)
            begin, end = layouts.range_of(index)
            if not forward and not skips_actions and self._focus_actions(index, forward=False):
                return True
            search_begin = begin
            search_end = end
            if forward:
                search_begin = max(begin, position)
            else:
                search_end = min(end, position)
            target = next_focus_target(
                self._view.document(), search_begin, search_end, forward=forward
            )
            if target is not None:
                self.focus_target(target)
                return True
            if forward and self._focus_actions(index, forward=True):
                return True
            skips_actions = False
            if forward:
                index += 1
                position = 0
            else:
                index -= 1
                position = end
        if not forward:
            self._view.setFocus(Qt.FocusReason.BacktabFocusReason)
        return not forward

    def _materialize_next(self, layout: MessageLayout, position: int, *, forward: bool) -> int:
        """Materialize the next target of a message from a document position on.

        Return the position, which the edit may have moved.
        """
        if layout.is_fully_materialized:
            return position
        document = self._view.document()
        layouts = self._messages.layouts
        cursor = QTextCursor(document)
        cursor.setPosition(min(position, document.characterCount() - 1))
        place = layouts.place_of(cursor.blockNumber())
        height = self._view.viewport().height()
        start = -1 if forward else len(layout.items)  # the position is outside the message
        if place is not None and place.layout is layout:
            start = place.item
            unit = _missing_link_unit(layouts, layout, start, cursor.position(), forward=forward)
            if unit is not None:
                self._item_materializer.write_item(layout, start, height, unit)
                return cursor.position()
        if forward:
            order = range(start + 1, len(layout.items))
        else:
            order = range(start - 1, -1, -1)
        item = next((item for item in order if has_focus_target(layout.items[item])), None)
        if item is not None:
            self._item_materializer.write_item(layout, item, height)
            item_end = -1 if forward else sys.maxsize  # before or after all of the item's text
            unit = _missing_link_unit(layouts, layout, item, item_end, forward=forward)
            if unit is not None:
                self._item_materializer.write_item(layout, item, height, unit)
        return cursor.position()

    def _current_position(self, *, forward: bool) -> _FocusPosition:
        """Return the position of the focus, past the focused target if `forward`."""
        widget = QApplication.focusWidget()
        layouts = self._messages.layouts
        if widget is not None and self._action_row.isAncestorOf(widget):
            index = layouts.index_of(self._action_row.message_id)
            end = layouts.range_of(index)[1] if index >= 0 else -1
            return _FocusPosition(index, end, is_on_actions=True)
        button = self._buttons.focused
        if button is not None and widget is button:
            target = button.focus_target
            position = target.end if forward else target.start
            return _FocusPosition(layouts.index_at(target.start), position)
        return self._start_position()

    def _start_position(self) -> _FocusPosition:
        """Return the position of the text cursor if it is on screen, else of the viewport's top.

        Ignore a cursor at the end, because inserted text moves an unplaced cursor there.
        """
        view = self._view
        cursor = self._view.textCursor()
        if cursor.atEnd() or not self._is_caret_visible():
            cursor = view.cursorForPosition(QPoint(0, 0))
        index = self._messages.layouts.index_at(cursor.position())
        return _FocusPosition(index, cursor.position())

    def _is_caret_visible(self) -> bool:
        # The center, because the rectangle is empty while the caret is not painted.
        return self._view.viewport().rect().contains(self._view.cursorRect().center())

    # ------------------------------------------------------------------ focus

    def _focus_actions(self, index: int, *, forward: bool) -> bool:
        state = self._messages.get(self._messages.layouts[index].key)
        if state is None or (state.is_streaming and not has_arrows(state.version)):
            return False
        self._placer.show_for(state)
        scroll_to_rects(self._view, [self._action_row.geometry()])
        self._action_row.take_focus(last=not forward)
        return True

    def focus_target(self, target: FocusTarget) -> None:
        """Focus a target, and scroll to it."""
        self._buttons.focus(target)
        state = self._messages.state_at_block(self._view.document().findBlock(target.start))
        if state is not None:
            self._message_id = state.message.id
            self._placer.show_for(state)
        self.link_focused.emit(self._buttons.describe(target).address)

    def _step(self, forward: bool) -> None:
        self.focus_next(forward=forward)

    def _on_activated(self, button: FocusTargetButton) -> None:
        target = button.focus_target
        self.target_activated.emit(target.link, target.start)
        if button is self._buttons.focused:
            self._place_timer.start()

    # ------------------------------------------------------------------ rewritten text

    def _place_focused(self) -> None:
        """Keep the focused button over its text.

        If the text was rewritten, focus the target that replaces it.
        """
        button = self._buttons.focused
        if button is None or self._buttons.place_focused():
            return
        target = button.focus_target
        index = self._messages.layouts.index_of(self._message_id)
        replacement = None
        if index >= 0:
            replacement = self._nearest_with_same_link(index, target)
        if replacement is None:
            replacement = self._nearest_version_arrow(button)
        if replacement is not None:
            self.focus_target(replacement)
        else:
            self._view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _nearest_with_same_link(self, index: int, target: FocusTarget) -> FocusTarget | None:
        """Return the nearest target in a message with the same address or action, if any.

        "Show JSON" and "Show as table" count as the same action, because they replace each other.
        """
        begin, end = self._messages.layouts.range_of(index)
        links = (target.link, _ALTERNATIVES.get(target.link))
        candidates = [
            candidate for candidate in self._targets_between(begin, end) if candidate.link in links
        ]
        return min(
            candidates, key=lambda candidate: abs(candidate.start - target.start), default=None
        )

    def _nearest_version_arrow(self, button: FocusTargetButton) -> FocusTarget | None:
        """Return the nearest version arrow if `button` was over such an arrow, else None.

        Another version of the message has replaced the text below `button`. Of two arrows that are
        equally near, prefer the arrow in the same direction.
        """
        if button.link not in _VERSION_ARROWS:
            return None
        arrows = [
            target
            for layout in self._messages.layouts
            for target in self._footer_targets(layout)
            if target.link in _VERSION_ARROWS
        ]
        return min(arrows, key=lambda target: self._distance(target, button), default=None)

    def _footer_targets(self, layout: MessageLayout) -> Iterator[FocusTarget]:
        for index in reversed(range(len(layout.items))):
            item = layout.items[index]
            if not isinstance(item, Line) or item.kind is LineKind.QUESTION:
                return
            if layout.counts[index]:
                yield from focus_targets_of(self._messages.layouts.block_of(layout, index))

    def _distance(self, target: FocusTarget, button: FocusTargetButton) -> tuple[int, bool]:
        """Return the distance of a target from a button, and True if their links differ."""
        return self._buttons.distance(target, button), target.link != button.link

    def _targets_between(self, begin: int, end: int) -> Iterator[FocusTarget]:
        block = self._view.document().findBlock(begin)
        while block.isValid() and block.position() <= end:
            yield from focus_targets_of(block)
            block = block.next()


def _missing_link_unit(
    layouts: MessageLayouts, layout: MessageLayout, item: int, position: int, *, forward: bool
) -> int | None:
    """Return the UTF-16 unit of the next or previous missing link of a long text, or None.

    Search the text gaps below, or above, a document position.
    """
    run_index = RunIndex(layout.items[item].runs)
    gaps = layout.gaps[item] if forward else layout.gaps[item][::-1]
    first = layouts.block_of(layout, item).blockNumber()
    for gap in gaps:
        below_gap = layouts.document.findBlockByNumber(first + gap.block).position()
        is_below_position = below_gap > position
        if is_below_position is forward:
            links = run_index.link_positions(gap.start, layout.shapes[item][gap.block - 1])
            if links:
                return links[0 if forward else -1]
    return None
