"""The keyboard in one view: the focus on links and actions, and reading by steps.

Tab goes to the first target of the next message, the arrow keys to every target. In each message,
the targets in the text come first, then the actions. After the last message, the focus leaves the
transcript. Before the first target, the text as a whole has the focus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from desktop_app.markdown.parsing.own_links import is_link_to_mark, opposite_link
from desktop_app.transcript.decorations import range_rects
from desktop_app.transcript.message_items import ACTION, SHOW_JSON, SHOW_VALUE, citation_name
from desktop_app.transcript.segment import PAST_END, Place
from desktop_app.transcript.targets import (
    CODE_MARKS,
    Target,
    TargetDescription,
    describe,
    targets_of,
)

if TYPE_CHECKING:
    from desktop_app.transcript.shown_message import ShownMessage
    from desktop_app.transcript.view import TranscriptView

_ALTERNATIVES: Final = {
    f"{ACTION}{SHOW_JSON}": f"{ACTION}{SHOW_VALUE}",
    f"{ACTION}{SHOW_VALUE}": f"{ACTION}{SHOW_JSON}",
}
"""Following one of these links may replace it by the other."""


class FocusNavigator:
    """The focus on the targets of one view.

    Attributes:
        focused: the focused target; None while another part of the view has the focus.
    """

    def __init__(self, view: TranscriptView) -> None:
        self._view = view
        self.focused: Target | None = None

    # ------------------------------------------------------------------ position

    def focused_message_id(self) -> str:
        """Return the message with the focused target or action, or with the caret.

        Return "" if the focus is elsewhere, or the caret is off screen.
        """
        view = self._view
        if view.action_row.has_focus:
            return view.action_row.message_id
        if not view.hasFocus():
            return ""
        if self.focused is not None:
            return self.focused.place.message_id
        caret = view.selection.caret
        rect = view.rect_of(caret) if caret is not None else None
        if caret is None or rect is None:
            return ""
        is_visible = view.viewport().rect().contains(rect.center().toPoint())
        return caret.message_id if is_visible else ""

    def focused_place(self) -> tuple[Place, str, QPoint] | None:
        """Return the place and the link of the focused target or action, and its lower corner."""
        view = self._view
        if view.action_row.has_focus:
            button = QApplication.focusWidget() or view.action_row
            corner = view.viewport().mapFromGlobal(button.mapToGlobal(button.rect().bottomLeft()))
            return Place(view.action_row.message_id, 0), "", corner
        if self.focused is None:
            return None
        rects = self.rects()
        corner = rects[0].bottomLeft().toPoint() if rects else QPoint(0, 0)
        return self.focused.place, self.focused.link, corner

    def rects(self, *, loads: bool = True) -> list[QRectF]:
        """Return the rectangles of the focused target in the viewport.

        Without `loads`, return [] if its text is not loaded: loading scrolls, which crashes Qt
        while it paints.
        """
        target = self.focused
        if target is None or (not loads and self._view.rect_of(target.place) is None):
            return []
        if target.link in CODE_MARKS:
            mark = self._view.code_mark(target.place, target.link)
            return [QRectF(mark)] if mark is not None else []
        shown = self._view.shown_segment(target.place)
        if shown is None:
            return []
        place = target.place
        text = target.text
        unit = place.unit
        end = target.end
        if text.strip():  # spaces at the ends are there for the mouse
            unit += len(text) - len(text.lstrip())
            end -= len(text) - len(text.rstrip())
        start = shown.document.position_of(place.item, place.cell, unit)
        stop = shown.document.position_of(place.item, place.cell, end)
        rects = range_rects(shown.document, start, stop)
        return [rect.translated(shown.origin) for rect in rects]

    # ------------------------------------------------------------------ navigation

    def focus_next_message(self, *, forward: bool) -> bool:
        """Focus the first target of the next or previous message. Return False if there is none.

        Backward from a target of the first message, focus the text, and return True.
        """
        view = self._view
        if view.action_row.has_focus:
            index = view.messages.index_of(view.action_row.message_id)
        elif self.focused is not None:
            index = view.messages.index_of(self.focused.place.message_id)
        elif view.hasFocus():
            return self.focus_next(forward=forward)
        else:
            start = self._start()
            index = -1 if start is None else view.messages.index_of(start.message_id)
        index += 1 if forward else -1
        if index >= 0:
            return self._focus_from(index, None, forward=True)
        self._focus_text()
        return True

    def focus_next(self, *, forward: bool) -> bool:
        """Focus the next or the previous target, including actions. Return False if there is none.

        Backward from the first target, focus the text, and return True.
        """
        view = self._view
        row = view.action_row
        start: Place | None
        if row.has_focus:
            if row.step(forward=forward):
                return True
            index = view.messages.index_of(row.message_id)
            if forward:
                return self._focus_from(index + 1, None, forward=True)
            start = Place(row.message_id, PAST_END)
        elif self.focused is not None:
            start = self.focused.place
            if forward:
                start = start._replace(unit=self.focused.end)
        elif view.hasFocus() and not forward:
            return False
        else:
            start = self._start()
        index = -1 if start is None else view.messages.index_of(start.message_id)
        return index >= 0 and self._focus_from(index, start, forward=forward)

    def _focus_from(self, index: int, place: Place | None, *, forward: bool) -> bool:
        """Focus the next or the previous target from a place of a message on; None is its edge."""
        messages = self._view.messages
        while 0 <= index < messages.count:
            shown = messages.open(index)
            if not forward and place is None and self._focus_actions(shown, forward=False):
                return True
            found = [
                target
                for target in targets_of(shown)
                if place is None or (target.place[1:] >= place[1:]) is forward
            ]
            if found:
                self.focus_target(found[0 if forward else -1])
                return True
            if forward and self._focus_actions(shown, forward=True):
                return True
            index += 1 if forward else -1
            place = None
        if not forward:
            self._focus_text()
        return not forward

    def _start(self) -> Place | None:
        """Return the caret if it is on screen, else the top of the viewport."""
        caret = self._view.selection.caret
        rect = self._view.rect_of(caret) if caret is not None else None
        if rect is not None and self._view.viewport().rect().contains(rect.center().toPoint()):
            return caret
        return self._view.place_near(QPoint(0, 0))

    # ------------------------------------------------------------------ focus

    def _focus_text(self) -> None:
        self.clear()
        self._view.setFocus(Qt.FocusReason.BacktabFocusReason)

    def clear(self) -> None:
        """Focus no target any more."""
        if self.focused is not None:
            self.focused = None
            self._view.link_target.show_target("")
            self._view.show_focus_frame()
            self._view.viewport().update()

    def _focus_actions(self, shown: ShownMessage, *, forward: bool) -> bool:
        if shown.is_streaming and not shown.has_versions:
            return False
        view = self._view
        self.clear()
        item = shown.action_item
        view.shown_segment(Place(shown.key, item))
        view.show_actions(shown)
        view.bring_on_screen(QRectF(view.action_row.geometry()))
        button = view.action_row.enabled_buttons()[0 if forward else -1]
        button.setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def focus_target(self, target: Target) -> None:
        """Focus a target, and scroll to it."""
        view = self._view
        self.focused = target
        view.setFocus(Qt.FocusReason.TabFocusReason)
        view.show_focus_frame()
        self.scroll_to_focused()
        shown = view.messages.opened(target.place.message_id)
        if shown is not None:
            view.show_actions(shown)
            self._view.link_target.show_target(self.describe(shown, target).address)
        view.viewport().update()
        if view.accessible is not None:
            view.accessible.report_target()

    def describe(self, shown: ShownMessage, target: Target) -> TargetDescription:
        """Return the name and the address of a target."""
        cited = self._view.messages.cited(shown.key, target.link)
        if cited is None:
            return describe(shown, target)
        named = describe(shown, target, citation_name(cited))
        return named._replace(address=cited.source)

    def scroll_to_focused(self) -> None:
        for _ in range(2):  # text above it may turn out higher
            rects = self.rects()
            if rects:
                box = rects[0]
                for rect in rects[1:]:
                    box = box.united(rect)
                self._view.bring_on_screen(box, margin=self._view.theme.px(8))

    def keep(self, message_id: str) -> None:
        """Find the focused target again, because its message has changed."""
        target = self.focused
        if target is None or target.place.message_id != message_id:
            return
        shown = self._view.messages.get(message_id)
        if shown is None:
            return
        links = (target.link, _ALTERNATIVES.get(target.link, target.link))
        found = [each for each in targets_of(shown) if each.link in links]
        if not found:
            self.clear()
            return
        nearest = min(
            found,
            key=lambda each: (each.link != target.link, abs(each.place.item - target.place.item)),
        )
        if nearest != target:
            self.focused = nearest
            if self._view.accessible is not None:
                self._view.accessible.report_target()

    def footnote_target(self, place: Place, link: str) -> Target | None:
        """Return the other end of a footnote's link: the nearest mark above, or the note."""
        shown = self._view.messages.opened(place.message_id)
        if shown is None:
            return None
        other = opposite_link(link)
        found = [target for target in targets_of(shown) if target.link == other]
        if is_link_to_mark(link):
            above = [target for target in found if target.place < place]
            return above[-1] if above else next(iter(found), None)
        below = [target for target in found if target.place >= place]
        return below[0] if below else next(iter(reversed(found)), None)

    def link_at_caret(self) -> tuple[Place, str] | None:
        """Return the place and the target of the link at the caret."""
        caret = self._view.selection.caret
        shown = self._view.messages.get(caret.message_id) if caret is not None else None
        if caret is None or shown is None or caret.item >= len(shown.items):
            return None
        for target in targets_of(shown, range(caret.item, caret.item + 1)):
            is_in_cell = target.place.cell == caret.cell
            if is_in_cell and target.place.unit <= max(caret.unit, 0) <= target.end:
                return target.place, target.link
        return None

    # ------------------------------------------------------------------ reading

    def step_message(self, step: int) -> None:
        """Move the caret to the beginning of the next (+1) or previous (-1) message.

        From below the last message, the previous message is the last.
        """
        messages = self._view.messages
        caret = self._view.selection.caret
        if caret is None:
            index = messages.count - (step < 0)
        else:
            index = messages.index_of(caret.message_id) + step
        if 0 <= index < messages.count:
            self.read_at(messages.key_at(index), -1)

    def step_block(self, step: int) -> None:
        """Move the caret to the next or previous paragraph, heading, list, table or code block.

        If the message has no more, move to the beginning of the next or previous message.
        """
        from desktop_app.transcript.reading_tree import reading_nodes

        messages = self._view.messages
        caret = self._view.selection.caret
        if caret is None:
            last = messages.last()
            if last is None:
                return
            caret = Place(last.key, len(last.items))
        shown = messages.opened(caret.message_id)
        if shown is None:
            return
        starts = [node.item for node in reading_nodes(shown.items)]
        item = caret.item
        ahead = [index for index in starts if (index > item if step > 0 else index < item)]
        if ahead:
            self.read_at(shown.key, ahead[0] if step > 0 else ahead[-1])
        else:
            self.step_message(step)

    def read_at(self, message_id: str, item: int) -> None:
        """Focus the transcript at an item of a message; -1 is its beginning."""
        view = self._view
        self.clear()
        view.setFocus(Qt.FocusReason.TabFocusReason)  # shows the caret
        if item < 0:
            view.scroll_to_message(message_id)
        shown = view.messages.opened(message_id)
        if shown is None or not shown.items:
            return
        place = Place(message_id, min(max(item, 0), len(shown.items) - 1), 0, -PAST_END)
        if shown.is_hidden(place.item):
            view.unfold_item(shown, place.item)
        view.place_caret(place)
        if view.accessible is not None:
            view.accessible.report_focus(message_id, item)


def is_typed_text(event: QKeyEvent) -> bool:
    """Return True if a key press types a character. Space scrolls, as in a web page."""
    has_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
    has_alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
    if has_control != has_alt:  # both together are AltGr
        return False
    return event.text().isprintable() and bool(event.text().strip())
