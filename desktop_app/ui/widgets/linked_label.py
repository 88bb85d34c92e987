"""A label whose text may have links to places of the window.

Only segments with a place become links: other text, which may be foreign, is escaped.
"""

from __future__ import annotations

from typing import Final, Protocol, runtime_checkable

from PySide6.QtCore import Qt, Signal

from desktop_app.domain.places import LinkedText, LinkSegment, Place, plain_text
from desktop_app.ui.widgets.foreign_text import LONGEST_PARAGRAPH, PlainLabel, one_line

PLACE_SCHEME: Final = "place:"


@runtime_checkable
class PlaceHost(Protocol):
    """A window that can show places."""

    def request_place(self, place: Place) -> None: ...


class LinkedLabel(PlainLabel):
    """A label of one paragraph. Its links work with the mouse, and with Tab and Enter.

    Signals:
        place_requested(Place): a link was followed.
    """

    place_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.linkActivated.connect(self._follow)

    def set_linked(self, text: LinkedText) -> None:
        """Show a text with links."""
        has_links = any(segment.place for segment in text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if has_links else Qt.FocusPolicy.NoFocus)
        if not has_links:
            self.setText(plain_text(text))
            return
        flags = Qt.TextInteractionFlag
        self.setTextInteractionFlags(
            flags.TextSelectableByMouse
            | flags.LinksAccessibleByMouse
            | flags.LinksAccessibleByKeyboard
        )
        self.setTextFormat(Qt.TextFormat.RichText)
        super(PlainLabel, self).setText("".join(map(_html, text)))

    def setText(self, text: str) -> None:
        """Set a text without links."""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        super().setText(text)

    def _follow(self, link: str) -> None:
        place = Place(link.removeprefix(PLACE_SCHEME))
        self.place_requested.emit(place)
        above = self.parentWidget()
        while above is not None and not isinstance(above, PlaceHost):
            above = above.parentWidget()
        if above is not None:
            above.request_place(place)


def _html(segment: LinkSegment) -> str:
    from html import escape  # with the names of all characters, so not at the start

    shown = escape(one_line(segment.text, LONGEST_PARAGRAPH))
    return f'<a href="{PLACE_SCHEME}{segment.place}">{shown}</a>' if segment.place else shown
