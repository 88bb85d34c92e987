"""Tracks the code of a message that is still to be highlighted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.markdown.block_model import Block, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.transcript.layout.message_layout import MessageLayout
    from desktop_app.transcript.media.highlighter import CodeHighlighter
    from desktop_app.transcript.message_items import Item


class PendingHighlights:
    """The code blocks of a message, from its body on, that are not fully highlighted.

    In a growing block, the complete lines are highlighted as they arrive.
    """

    def __init__(self, items: Sequence[Item] = ()) -> None:
        """Collect the code blocks of a body and the items below, none of which is highlighted."""
        self._heads = [index for index, item in enumerate(items) if _is_head(item)]
        # The body index of the first line of the last code block that is not highlighted.
        self._highlighted_to = self._heads[-1] + 1 if self._heads else 0

    def __bool__(self) -> bool:
        return bool(self._heads)

    def record_change(self, index: int, removed: int, added: Sequence[Item]) -> None:
        """Record that items [index, index + removed) of the body were replaced.

        Forget code blocks that began there, because an apparent fence may turn out to be text.
        """
        last_head = self._heads[-1:]  # empty if there is none
        shift = len(added) - removed
        heads_above = [head for head in self._heads if head < index]
        heads_below = [head + shift for head in self._heads if head >= index + removed]
        new_heads = [each for each, item in enumerate(added, index) if _is_head(item)]
        self._heads = [*heads_above, *new_heads, *heads_below]
        if new_heads or self._heads[-1:] != last_head:  # nothing of the last block is highlighted
            self._highlighted_to = self._heads[-1] + 1 if self._heads else 0
        elif last_head and index > last_head[0]:  # lines of the last block were replaced
            self._highlighted_to = min(self._highlighted_to, index)

    def highlight(
        self,
        highlighter: CodeHighlighter,
        layout: MessageLayout,
        body: int,
        end: int,
        *,
        is_growing: bool,
    ) -> None:
        """Highlight complete code blocks, and the complete lines of a growing block.

        The body is items [body, end) of the message.
        """
        last = layout.items[end - 1] if end else None
        is_code = isinstance(last, Block) and last.kind in (Kind.CODE, Kind.CODE_HEAD)
        is_last_open = is_code and is_growing
        complete_heads = self._heads[:-1] if is_last_open else self._heads
        for head in complete_heads:
            highlighter.highlight_block(layout, body + head)
        self._heads = self._heads[-1:] if is_last_open else []
        if self._heads and body + self._highlighted_to < end - 1:  # the last line may still grow
            highlighter.highlight_lines(
                layout, head=body + self._heads[0], first=body + self._highlighted_to, end=end - 1
            )
            self._highlighted_to = end - 1 - body


def _is_head(item: Item) -> bool:
    """Return True if an item begins a code block that can be highlighted."""
    return isinstance(item, Block) and item.kind is Kind.CODE_HEAD and bool(item.language)
