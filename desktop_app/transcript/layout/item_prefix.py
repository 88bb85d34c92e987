"""The text before the runs of an item: a marker and a tab, the language of code, or a space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.i18n.translation import tr
from desktop_app.markdown.block_model import Block, Kind
from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from desktop_app.transcript.message_items import Item


def prefix_of(item: Item) -> str:
    """Return the prefix of an item, or "" if it has none."""
    if not isinstance(item, Block):
        return ""
    if item.marker:
        return f"{item.marker}\t"
    if item.kind is Kind.CODE_HEAD and item.language.lower() == "mermaid":
        return tr("{language} · diagram, shown as code", language=item.language)
    if item.kind in (Kind.CODE_HEAD, Kind.RULE):
        return item.language or " "  # Qt lays out an empty block below a table beside the table
    return ""


def prefix_length(item: Item) -> int:
    """Return the length of an item's prefix in UTF-16 units."""
    return utf16_length(prefix_of(item))
