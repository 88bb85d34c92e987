"""A position in a conversation that survives the removal of its message from the document.

`ScrollAnchor` and `VirtualSelection` use it.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtGui import QTextCursor

from desktop_app.transcript.layout.item_prefix import prefix_length
from desktop_app.transcript.layout.message_layout import is_table

if TYPE_CHECKING:
    from desktop_app.transcript.document.item_materializer import ItemMaterializer
    from desktop_app.transcript.transcript_messages import TranscriptMessages


class TextAnchor(NamedTuple):
    """A position in an item of a message.

    Attributes:
        message_id: the message.
        item: the index of the item in its message.
        block: the number of the block in the item; 0 for a long text, which may be split elsewhere
            when it is written again.
        units: UTF-16 units within the block, or within the whole text if it is long.
    """

    message_id: str
    item: int
    block: int
    units: int


def anchor_at(messages: TranscriptMessages, cursor: QTextCursor) -> TextAnchor | None:
    """Return the anchor of a cursor, or None if the cursor is in no message."""
    place = messages.layouts.place_of(cursor.block().blockNumber())
    if place is None:
        return None
    layout, index, number = place
    units = cursor.positionInBlock()
    cuts = layout.shapes[index]
    if cuts and not is_table(layout.items[index]):  # a long text
        if number:
            units += cuts[number - 1]
        else:
            units -= prefix_length(layout.items[index])
        number = 0
    return TextAnchor(layout.key, index, number, units)


def cursor_at(
    messages: TranscriptMessages,
    item_materializer: ItemMaterializer,
    anchor: TextAnchor,
    height: float,
) -> QTextCursor:
    """Return a cursor at an anchor of a materialized message.

    Materializes missing text up to `height` pixels above and below the anchor.
    """
    layout = messages.layout_of(anchor.message_id)
    layouts = messages.layouts
    index = min(anchor.item, len(layout.items) - 1)
    number = anchor.block
    units = anchor.units
    item_materializer.write_item(layout, index, height, units)
    cuts = layout.shapes[index]
    if cuts and not is_table(layout.items[index]):  # a long text
        number = bisect_right(cuts, units)
        if number:
            units -= cuts[number - 1]
        else:
            units += prefix_length(layout.items[index])
    first = layouts.block_of(layout, index).blockNumber()
    block = layouts.document.findBlockByNumber(first + min(number, layout.counts[index] - 1))
    cursor = QTextCursor(block)
    cursor.setPosition(block.position() + max(0, min(units, block.length() - 1)))
    return cursor
