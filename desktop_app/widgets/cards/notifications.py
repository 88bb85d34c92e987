"""Messages that concern no single item of the transcript, on a card above the prompt.

A message is an error or a note, and has a card of its own. One card is visible at a time, with the
number of cards. An error, or a note with `stays`, remains until the user dismisses it or
`dismiss_topic` withdraws it; then the previous card returns. A card of one place waits while
another is shown. Other notes close after 6 seconds, or
when the next card appears. Each card is also announced to screen readers; `announce` does only
that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QWidget

from desktop_app.domain.error_text import WINDOW, hint_segments
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.places import LinkedText, plain_text
from desktop_app.i18n.translation import paragraph, tr
from desktop_app.widgets.announcements import announce
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.forms.tab_order import TabAnchor, order_tabs
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.theme import current_theme, limit_size, set_style_property
from desktop_app.widgets.text.foreign_text import (
    LONGEST_PARAGRAPH,
    PlainButton,
    PlainLabel,
    PlainToolButton,
    one_line,
    spoken_text,
)
from desktop_app.widgets.text.linked_label import LinkedLabel
from desktop_app.widgets.windows import has_focus_within

Actions = Sequence[tuple[str, Callable[[], object]]]
"""The buttons of a card: the label and the callback of each."""

NOTE_DURATION_MS: Final = 6000
UNDO: Final = "undo"  # the topic of notes with an Undo button
NOT_SENT: Final = "not sent"  # the topic of notes on a question that is not sent


class _Card(NamedTuple):
    """A message. `title` is its sentence, `details` the remedy, `place` "" for everywhere."""

    title: str
    details: LinkedText
    is_error: bool
    actions: Actions
    topic: str
    stays: bool
    place: str

    @property
    def words(self) -> str:
        return paragraph(self.title, plain_text(self.details))

    def is_replaced_by(self, later: _Card) -> bool:
        """Return True if a later card says and offers all that this one does."""
        return self == later or (
            (self.title, self.details, self.is_error)
            == (later.title, later.details, later.is_error)
            and not self.actions
        )


class Notifications(QFrame):
    """The card that shows errors and notes. See the module.

    Attributes:
        status: the line that screen readers read; it keeps the last announcement.
        details: the remedy of an error; empty for a note.
        anchor: marks the card's position in the tab order.
        last_undo: the action that `undo_last` runs; None for none.

    Signals:
        closed(str): the user, or time, closed the card of a topic; an action does, before it runs.
        focus_lost(): the widget with the focus was removed; Qt would focus any other widget.
    """

    closed = Signal(str)
    focus_lost = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("notifications")
        self._cards: list[_Card] = []
        self._place = ""
        self._waiting: list[_Card] = []  # of other places
        self.last_undo: Callable[[], object] | None = None
        self._icon = PlainLabel()
        self.status = PlainLabel(name="status", wraps=True)
        self.details = LinkedLabel()
        self.details.setWordWrap(True)
        self._count = PlainLabel(name="count", role="note")
        self.anchor = TabAnchor(self)
        self._actions: list[QWidget] = []
        self.close_button = PlainToolButton(name="dismiss", role="quiet")
        self.close_button.setAccessibleName(tr("Dismiss"))
        self.close_button.clicked.connect(self.dismiss)
        self.note_timer = QTimer(self, singleShot=True, interval=NOTE_DURATION_MS)
        # Not while it has the focus: Enter, meant for its button, would send the message.
        self.note_timer.timeout.connect(
            lambda: self.note_timer.start() if has_focus_within(self) else self.dismiss()
        )
        top = Qt.AlignmentFlag.AlignTop
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        text = column_of(self.status, self.details, spacing=3)
        self._buttons = row_of(spacing=12)
        self._body = column_of((text, 1), self._buttons, spacing=3)
        parts = ((self._icon, top), (self._body, 1), (self._count, top), (self.close_button, top))
        row_of(*parts, parent=self, margins=(14, 8, 8, 8), spacing=10)
        self.update_theme()
        self.hide()

    @property
    def tab_stops(self) -> list[QWidget]:
        """Return the widgets that Tab stops at, in order."""
        stops = [*self._actions, self.close_button]
        if self.details.focusPolicy() & Qt.FocusPolicy.TabFocus:  # it contains links
            stops.insert(0, self.details)
        return stops

    def notify(
        self,
        message: UserFacingError | str,
        actions: Actions = (),
        *,
        topic: str = "",
        stays: bool = False,
        is_here_only: bool = False,
    ) -> None:
        """Show an error or a note.

        Args:
            actions: pairs of a label and a callback; the card closes before the callback runs.
            topic: the name for `dismiss_topic`, "" if the message never becomes obsolete.
            stays: whether a note stays until dismissed.
            is_here_only: whether it belongs to what `show_place` was last called for.
        """
        is_error = isinstance(message, UserFacingError)
        title = message.what_happened if isinstance(message, UserFacingError) else message
        card = _Card(
            title=one_line(title, LONGEST_PARAGRAPH),
            details=hint_segments(message, WINDOW) if isinstance(message, UserFacingError) else (),
            is_error=is_error,
            actions=tuple(actions),
            topic=topic,
            stays=stays or is_error,
            place=self._place if is_here_only else "",
        )
        # A note that does not stay gives way to the next card. Equal words are not shown twice,
        # even if two things failed for the same reason.
        self._cards = [c for c in self._cards if c.stays and not c.is_replaced_by(card)]
        self._cards.append(card)
        self._show_top_card()
        self._send_announcement(card.words)

    def show_place(self, place: str) -> None:
        """Show the cards of a place, such as the id of a conversation, and those of no place."""
        self._place, cards = place, [*self._waiting, *self._cards]
        shown = [card for card in cards if card.place in ("", place)]
        self._waiting = [card for card in cards if card.place not in ("", place)]
        if shown != self._cards:
            self._cards = shown
            self._show_top_card()

    def notify_undo(self, message: str, undo: Callable[[], object]) -> None:
        """Show a note with an Undo button; until the next such note, `undo_last` does the same."""
        self.last_undo = undo
        self.notify(message, [(tr("Undo"), self.undo_last)], topic=UNDO)

    @property
    def offers_undo(self) -> bool:
        """Return True while a note with Undo is there."""
        return any(card.topic == UNDO for card in self._cards)

    def undo_last(self) -> None:
        """Undo the last action that can be undone, even if its note is gone."""
        undo = self.last_undo
        self.last_undo = None
        if undo is not None:
            self.dismiss_topic(UNDO)
            self.announce(tr("Undone"))
            undo()
        else:
            self.notify(tr("Nothing to undo"))

    def dismiss_topic(self, topic: str) -> None:
        """Close the cards of a topic, because they are no longer true."""
        remaining = [card for card in self._cards if card.topic != topic]
        if len(remaining) != len(self._cards):
            is_top_closed = self._cards[-1].topic == topic
            self._cards = remaining
            if is_top_closed:
                self._show_top_card()
            else:
                self._show_count()

    def announce(self, text: str) -> None:
        """Announce a text to screen readers only."""
        text = one_line(text, LONGEST_PARAGRAPH)
        if not self._cards:  # otherwise it shows and names the visible card
            self.status.setText(text)
            self.status.setAccessibleName(spoken_text(text))
        announce(self.status, text)

    def dismiss(self) -> None:
        """Close the visible card and show the previous card."""
        closed = [self._cards.pop()] if self._cards else []
        self._show_top_card()
        for card in closed:
            self.closed.emit(card.topic)

    def update_theme(self) -> None:
        theme = current_theme()
        px = theme.px
        self._icon.setContentsMargins(0, px(3), 0, 0)
        self._count.setContentsMargins(0, px(3), 0, 0)
        icons.set_icon(self.close_button, "x", theme.dim, px(14))
        limit_size(self.close_button, px(24), px(24))
        self._show_icon()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def _show_top_card(self) -> None:
        had_focus = has_focus_within(self)
        self._fill_card()
        if had_focus and not has_focus_within(self):
            self.focus_lost.emit()

    def _fill_card(self) -> None:
        self.note_timer.stop()
        self._show_count()
        if not self._cards:
            self.hide()
            self._set_actions(())  # Undo may refer to a removed key, which must not stay in memory
            return
        card = self._cards[-1]
        self.status.setAccessibleName(spoken_text(card.words))
        set_style_property(self, "role", "error-card" if card.is_error else "note-card")
        set_style_property(self.status, "role", "error-title" if card.is_error else "")
        set_style_property(self.details, "role", "error-note" if card.is_error else "note")
        self.status.setText(card.title)
        self.details.set_linked_text(card.details)
        self.details.setVisible(bool(card.details))
        self._set_actions(card.actions)
        self._place_actions()
        self._show_icon()
        self.show()
        if not card.stays:
            self.note_timer.start()

    def _show_icon(self) -> None:
        is_error = bool(self._cards) and self._cards[-1].is_error
        color = current_theme().error if is_error else current_theme().dim
        name = "circle-alert" if is_error else "info"
        self._icon.setPixmap(icons.pixmap(name, color, current_theme().px(18)))

    def _place_actions(self) -> None:
        """Place the actions beside the line of a note if they fit; else, and for errors, below."""
        if not self._cards:
            return
        card = self._cards[-1]
        is_below = card.is_error
        if card.actions and not card.is_error:
            text_width = self.status.fontMetrics().horizontalAdvance(card.title)
            # With the icon, the count, the cross and the gaps.
            needed_width = text_width + self._buttons.sizeHint().width() + current_theme().px(100)
            is_below = needed_width > self.width()
        directions = QBoxLayout.Direction
        if is_below:
            margin = current_theme().px(3)
            self._body.setDirection(directions.TopToBottom)
            self._body.setAlignment(self._buttons, Qt.AlignmentFlag.AlignLeft)
        else:
            margin = 0
            self._body.setDirection(directions.LeftToRight)
            self._body.setAlignment(self._buttons, Qt.AlignmentFlag(0))
        self._body.setContentsMargins(0, margin, 0, margin)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_actions()

    def _show_count(self) -> None:
        count = len(self._cards)  # the visible card is always the first of them
        self._count.setText(tr("{number} of {total}", number=1, total=count))
        self._count.setVisible(count > 1)

    def _set_actions(self, actions: Actions) -> None:
        while item := self._buttons.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        self._actions = []
        for label, action in actions:
            button = PlainButton(label, role="link")
            button.clicked.connect(self.dismiss)  # first, because the action may show another card
            button.clicked.connect(lambda *_, action=action: action())
            self._buttons.addWidget(button)
            button.show()  # now, so that it can get the focus
            self._actions.append(button)
        order_tabs(self.anchor, self.tab_stops[:-1])

    def _send_announcement(self, text: str) -> None:
        self.status.setAccessibleName(spoken_text(text))
        announce(self.status, text)
