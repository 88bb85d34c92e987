"""Jumps from a footnote reference to its definition in the same message, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from desktop_app.markdown.block_model import Block
from desktop_app.markdown.parsing.footnote_links import is_link_to_mark, link_to_mark, opposite_link
from desktop_app.transcript.keyboard.focus_targets import FocusTarget, focus_targets_of
from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock

    from desktop_app.transcript.document.item_materializer import ItemMaterializer
    from desktop_app.transcript.layout.message_layout import MessageLayout
    from desktop_app.transcript.layout.message_layouts import MessageLayouts
    from desktop_app.transcript.message_items import Item


class _Origin(NamedTuple):
    """The message, the link and the item from which the user jumped."""

    message_id: str
    link: str
    item: int


class FootnoteJumps:
    """A finder that materializes the other end of a footnote link."""

    def __init__(self, layouts: MessageLayouts, item_materializer: ItemMaterializer) -> None:
        self._layouts = layouts
        self._item_materializer = item_materializer
        self._origin: _Origin | None = None  # of the last jump

    def find(self, link: str, block: QTextBlock, height: int) -> FocusTarget | None:
        """Return the other end of a footnote link in a block, or None.

        Materialize that end with `height` pixels above and below, and record the link for the way
        back.
        """
        other_end = opposite_link(link)
        place = self._layouts.place_of(block.blockNumber())
        if place is None:
            return None
        layout, index, _ = place
        item = self._find_item(layout, index, link, other_end)
        if item is None:
            return None
        self._origin = _Origin(layout.key, link, index)
        unit = _link_unit(layout.items[item], other_end) if layout.gaps[item] else 0
        self._item_materializer.write_item(layout, item, height, unit)
        return self._target_in(layout, item, other_end)

    def _find_item(
        self, layout: MessageLayout, index: int, link: str, other_end: str
    ) -> int | None:
        """Return the index of the item that contains the other end of a link, or None.

        Prefer the reference from which the user jumped here. Otherwise search upwards first for a
        reference, and downwards first for a definition.
        """
        items = layout.items
        origin = self._origin
        if (
            origin is not None
            and (origin.message_id, origin.link) == (layout.key, other_end)
            and origin.item < len(items)
            and _has_link(items[origin.item], other_end)
        ):
            return origin.item
        below = range(index, len(items))
        above = range(index - 1, -1, -1)
        order = (*above, *below) if is_link_to_mark(link) else (*below, *above)
        return next((n for n in order if _has_link(items[n], other_end)), None)

    def _target_in(self, layout: MessageLayout, item: int, link: str) -> FocusTarget | None:
        block = self._layouts.block_of(layout, item)
        for _ in range(layout.counts[item]):
            for target in focus_targets_of(block):
                if target.link == link:
                    return target
            block = block.next()
        return None


def _has_link(item: Item, link: str) -> bool:
    if not isinstance(item, Block):
        return False
    cells = (cell for row in item.rows for cell in row)
    return (item.note and link_to_mark(item.marker) == link) or any(
        run.link == link for runs in (item.runs, *cells) for run in runs
    )


def _link_unit(item: Item, link: str) -> int:
    """Return the UTF-16 unit of a link in a long text."""
    unit = 0
    for run in item.runs:
        if run.link == link:
            break
        unit += utf16_length(run.text)
    return unit
