"""What is written in another shape than it is to have, until it gets that one.

A table that grows has columns as its first rows asked for: it gets its final ones when something follows
it, or when nothing more comes. And where the document gets another width, whatever depends on that is
brought up to date: first what is on screen, and the rest in slices.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from desktop_app.rendering.block_model import Block, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QTextCursor

    from desktop_app.ui.transcript.document.item_writer import ItemWriter
    from desktop_app.ui.transcript.layout.message_layout import MessageLayout
    from desktop_app.ui.transcript.layout.message_layouts import MessageLayouts
    from desktop_app.ui.transcript.message_items import Item


class Reflow:
    """Knows which table still grows, and which items stand there as an earlier width asked for."""

    def __init__(self, sections: MessageLayouts, items: ItemWriter) -> None:
        self._sections, self._items = sections, items
        self._growing: tuple[MessageLayout, int] | None = None
        self._misfits: Iterator[tuple[MessageLayout, int]] | None = None

    def clear(self) -> None:
        """Forget everything: the document is emptied."""
        self._growing = self._misfits = None

    # ------------------------------------------------------------------ the table that grows

    @property
    def has_table(self) -> bool:
        """Whether there is a table that grows."""
        return self._growing is not None

    def forget(self, section: MessageLayout) -> None:
        """A section is taken out of the document."""
        if self._growing is not None and self._growing[0] is section:
            self._growing = None

    def grows(self, section: MessageLayout, at: int, cursor: QTextCursor) -> None:
        """The table that begins with this item has got more; no other one will."""
        if self._growing != (section, at):
            self.fit_table(cursor)
        self._growing = (section, at)

    def fit_above(self, section: MessageLayout, at: int, cursor: QTextCursor) -> None:
        """Something is to be written as item `at`: a table above it in its section is whole."""
        if self._growing is not None and self._growing[0] is section and self._growing[1] < at:
            self.fit_table(cursor)

    def fit_earlier(self, section: MessageLayout, cursor: QTextCursor) -> None:
        """A table behind which more has been written has all its rows."""
        if self._growing is not None:
            owner, at = self._growing
            if owner is not section or at + 2 < len(section.items):
                self.fit_table(cursor)

    def fit_table(self, cursor: QTextCursor) -> None:
        """The table that has grown, if there is one, gets its final columns."""
        if self._growing is not None:
            (section, at), self._growing = self._growing, None
            if at < len(section.items):
                self._fit(section, at, cursor)

    def _fit(self, section: MessageLayout, at: int, cursor: QTextCursor) -> None:
        """Give a whole table the columns that its first rows ask for."""
        head = section.items[at]
        if not isinstance(head, Block) or head.kind is not Kind.TABLE or not head.head:
            return
        widths = self._items.tables.columns.widths(head, whole=True)
        part: Item = head
        while (
            isinstance(part, Block) and part.kind is Kind.TABLE and (part is head or not part.head)
        ):
            if section.counts[at] and section.shapes[at] != widths:
                self._items.turn_table(section, at, part, widths, cursor)
            at += 1
            if at == len(section.items):
                return
            part = section.items[at]

    # ------------------------------------------------------------------ another width

    @property
    def has_misfits(self) -> bool:
        """Whether anything stands there as an earlier width asked for."""
        return self._misfits is not None

    def begin(self, top: int) -> None:
        """The document has another width: what depends on it is a misfit; what is at block number
        `top` and below it comes first."""
        self._misfits = self._shaped_from(top)

    def fit_until(self, until: float, cursor: QTextCursor) -> None:
        """Write misfits anew, until about this reading of `time.perf_counter`."""
        for section, at in self._misfits or ():
            item = section.items[at]
            if isinstance(item, Block) and item.kind is Kind.TABLE:
                widths = self._items.tables.fitted(section, at)
                if section.shapes[at] != widths:
                    self._items.turn_table(section, at, item, widths, cursor)
            else:
                self._items.write_again(section, at, cursor)
            if time.perf_counter() > until:
                break
        else:
            self._misfits = None

    def _shaped_from(self, top: int) -> Iterator[tuple[MessageLayout, int]]:
        """Every item whose shape depends on the width, from that of a block on, then from the first."""
        found = self._sections.section_at(top)
        first = self._sections.index(found[0]) if found else 0
        begin = found[0].item_at(found[1]) if found else 0
        order = [*self._sections[first:], *self._sections[: first + 1]]
        for number, section in enumerate(order):
            at, end = (begin if number == 0 else 0), sys.maxsize
            if number == len(self._sections):
                end = begin  # where this began
            while section in self._sections and at < min(end, len(section.items)):
                if section.shapes[at]:
                    yield section, at
                at = section.written(at + 1)
