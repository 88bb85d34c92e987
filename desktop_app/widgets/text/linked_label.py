"""A label whose text may have links to places of the window.

Only segments with a place become links. All text, which may be foreign, is escaped.
"""

from __future__ import annotations

from html import escape
from typing import Final, Protocol, runtime_checkable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QLabel, QMessageBox

from desktop_app.domain.places import LinkedText, LinkSegment, Place, plain_text
from desktop_app.widgets.announcements import announce
from desktop_app.widgets.text.foreign_text import LONGEST_PARAGRAPH, PlainLabel, one_line

PLACE_SCHEME: Final = "place:"
_Reason = Qt.FocusReason
_LINK_INTERACTION: Final = (
    Qt.TextInteractionFlag.TextSelectableByMouse
    | Qt.TextInteractionFlag.LinksAccessibleByMouse
    | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
)


@runtime_checkable
class PlaceHost(Protocol):
    """A window that can show places."""

    def request_place(self, place: Place) -> None: ...


class LinkedLabel(PlainLabel):
    """A label whose links work with the mouse, and with Tab and Enter.

    Args:
        keeps_lines: as `PlainLabel`, for texts without links.

    Signals:
        place_requested(Place): a link was followed.
    """

    place_requested = Signal(object)

    def __init__(self, *, keeps_lines: bool = False) -> None:
        super().__init__(keeps_lines=keeps_lines)
        self.linkActivated.connect(self._follow)

    def set_linked_text(self, text: LinkedText) -> None:
        if not any(segment.place for segment in text):
            self.setText(plain_text(text))
            return
        self.setTextInteractionFlags(_LINK_INTERACTION)
        self.setTextFormat(Qt.TextFormat.RichText)
        super(PlainLabel, self).setText("".join(map(_html, text)))

    def setText(self, text: str) -> None:
        """Set a text without links."""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        super().setText(text)

    def changeEvent(self, event: QEvent) -> None:
        """Draw links in the new palette's color: Qt keeps the color from when the text was set."""
        super().changeEvent(event)
        if (
            event.type() == QEvent.Type.PaletteChange
            and self.textFormat() == Qt.TextFormat.RichText
        ):
            html = self.text()
            super(PlainLabel, self).setText("")
            super(PlainLabel, self).setText(html)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Focus the first link, or the last one after Shift+Tab."""
        super().focusInEvent(event)
        if event.reason() in (_Reason.TabFocusReason, _Reason.BacktabFocusReason):
            self.focusNextPrevChild(event.reason() == _Reason.TabFocusReason)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Announce the link that Tab focuses: Qt reports only the label to screen readers."""
        has_moved = super().focusNextPrevChild(forward)
        if self.hasFocus():
            announce(self, self.selectedText())
        return has_moved

    def _follow(self, link: str) -> None:
        place = Place(link.removeprefix(PLACE_SCHEME))
        self.place_requested.emit(place)
        _request_place(self, place)


def set_linked_informative_text(box: QMessageBox, text: LinkedText) -> None:
    """Show a message box's informative text with links; following a link closes the box."""

    label = box.findChild(QLabel, "qt_msgbox_informativelabel")
    assert isinstance(label, QLabel)
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setText("".join(map(_html, text)))
    label.setTextInteractionFlags(_LINK_INTERACTION)

    def follow(link: str) -> None:
        box.reject()
        _request_place(box, Place(link.removeprefix(PLACE_SCHEME)))

    label.linkActivated.connect(follow)


def _request_place(origin: QObject, place: Place) -> None:
    """Ask the nearest ancestor of `origin` that can show places, if there is one."""
    ancestor = origin.parent()
    while ancestor is not None and not isinstance(ancestor, PlaceHost):
        ancestor = ancestor.parent()
    if ancestor is not None:
        ancestor.request_place(place)


def _html(segment: LinkSegment) -> str:
    escaped = escape(one_line(segment.text, LONGEST_PARAGRAPH))
    return f'<a href="{PLACE_SCHEME}{segment.place}">{escaped}</a>' if segment.place else escaped
