"""The buttons over focus targets: the focused one, and for a screen reader all visible ones."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible

from desktop_app.transcript.citation_sources import citation_name
from desktop_app.transcript.keyboard.focus_targets import (
    COPY_CODE,
    FocusTarget,
    FocusTargetButton,
    TargetDescription,
    describe_target,
    focus_targets_of,
    text_rects,
)
from desktop_app.transcript.viewport.visible_blocks import visible_blocks

if TYPE_CHECKING:
    from desktop_app.transcript.transcript_messages import TranscriptMessages
    from desktop_app.transcript.viewport.transcript_surface import TranscriptSurface

_PLACE_DELAY_MS: Final = 300
"""Time in which changes are collected before buttons are placed for a screen reader."""
_MAX_BUTTONS: Final = 60
"""Maximum number of buttons that are placed for a screen reader."""


class FocusButtons(QObject):
    """The buttons over the focus targets of a view.

    Attributes:
        focused: the focused button, even while another window is active; None if no button is
            focused.

    Signals:
        activated(FocusTargetButton): the user activated the target of a button.
        focus_left(): the focused button has lost the focus.
        stepped(bool forward): an arrow key asks for the next or the previous target.
    """

    activated = Signal(object)
    focus_left = Signal()
    stepped = Signal(bool)

    def __init__(
        self, view: TranscriptSurface, messages: TranscriptMessages, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._view = view
        self._messages = messages
        self.focused: FocusTargetButton | None = None
        self._buttons: dict[FocusTarget, FocusTargetButton] = {}
        self._place_timer = QTimer(self, singleShot=True, interval=_PLACE_DELAY_MS)
        self._place_timer.timeout.connect(self._place_visible)

    def focus(self, target: FocusTarget) -> None:
        """Focus a target, and scroll to it."""
        button = self.focused = self._button_for(target)
        scroll_to_rects(self._view, self._rects(target))
        button.set_target_rects(self._rects(target))
        button.setFocus(Qt.FocusReason.TabFocusReason)

    def scroll_to_focused(self) -> None:
        """Scroll to the focused target."""
        if self.focused is not None:
            scroll_to_rects(self._view, self._rects(self.focused.focus_target))

    def place_focused(self) -> bool:
        """Keep the focused button over its text. Return False if the text was rewritten."""
        button = self.focused
        if button is None:
            return True
        target = button.focus_target
        block = self._view.document().findBlock(target.start)
        if target.start >= target.end or target not in focus_targets_of(block):
            return False
        self._assign_button(target, button)
        button.set_target(target, self.describe(target).name)
        button.set_target_rects(self._rects(target))
        return True

    def place_visible_soon(self) -> None:
        """Schedule the placing of buttons over the visible targets, for a screen reader."""
        if QAccessible.isActive() and not self._place_timer.isActive():
            self._place_timer.start()

    def _place_visible(self) -> None:
        """Place buttons over the visible targets. Keep the focused button."""
        targets = chain.from_iterable(map(focus_targets_of, visible_blocks(self._view)))
        visible = list(islice(targets, _MAX_BUTTONS))
        for target, button in list(self._buttons.items()):
            if button is not self.focused and target not in visible:
                self._remove_button(button)
        for target in visible:
            self._button_for(target).set_target_rects(self._rects(target))

    def describe(self, target: FocusTarget) -> TargetDescription:
        """Return the description of a focus target."""
        block = self._view.document().findBlock(target.start)
        state = self._messages.state_at_block(block)
        passage = self._messages.cited_passage(state, target.link)
        if passage is not None:
            return TargetDescription(citation_name(passage), passage.source)
        return describe_target(self._view.document(), target)

    def distance(self, target: FocusTarget, button: FocusTargetButton) -> int:
        """Return the vertical distance of a target from a button, in steps of 16 pixels."""
        top = min((rect.top() for rect in self._rects(target)), default=0)
        return abs(top - button.y()) // 16

    def _rects(self, target: FocusTarget) -> list[QRect]:
        """Return the rectangles of a target in the viewport."""
        view = self._view
        if target.link == COPY_CODE:
            return [view.copy_mark(view.document().findBlock(target.start)).area]
        x = view.horizontalScrollBar().value()
        y = view.verticalScrollBar().value()
        rects = text_rects(view.document(), target)
        return [rect.translated(-x, -y).toAlignedRect() for rect in rects]

    def _button_for(self, target: FocusTarget) -> FocusTargetButton:
        button = self._buttons.get(target)
        name = self.describe(target).name
        if button is not None:
            # The text may have been rewritten. Hiding the button would move the focus.
            button.set_target(target, name)
        else:
            button = FocusTargetButton(self._view.document(), target, name, self._view.viewport())
            self._buttons[target] = button
            button.clicked.connect(lambda: self.activated.emit(button))
            button.focus_left.connect(lambda: self._on_focus_left(button))
            button.stepped.connect(self.stepped)
            button.show()
        return button

    def _assign_button(self, target: FocusTarget, button: FocusTargetButton) -> None:
        """Assign `button` to this target, and remove any other button for it."""
        assigned_button = self._buttons.get(target)
        if assigned_button is button:
            return
        if assigned_button is not None:
            self._remove_button(assigned_button)
        self._unassign(button)
        self._buttons[target] = button

    def _on_focus_left(self, button: FocusTargetButton) -> None:
        if self.focused is button:
            self.focused = None
            self.focus_left.emit()
        if not QAccessible.isActive():
            self._remove_button(button)

    def _unassign(self, button: FocusTargetButton) -> None:
        self._buttons = {
            target: other for target, other in self._buttons.items() if other is not button
        }

    def _remove_button(self, button: FocusTargetButton) -> None:
        self._unassign(button)
        button.hide()
        button.deleteLater()


def scroll_to_rects(view: TranscriptSurface, rects: list[QRect]) -> None:
    """Scroll so that rectangles of the viewport are on screen."""
    if not rects:
        return
    top = min(rect.top() for rect in rects)
    bottom = max(rect.bottom() for rect in rects)
    height = view.viewport().height()
    if top < 0 or bottom > height:
        bar = view.verticalScrollBar()
        bar.setValue(bar.value() + top - height // 3)
