"""The reasoning of an answer: its text, its duration, and the part that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.markdown.block_model import Block, Patch, quote_block
from desktop_app.markdown.incremental.block_stream import BlockStream
from desktop_app.transcript.immediate_length import immediate_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.transcript.message_items import ItemChange
    from desktop_app.transcript.unfolded_sections import UnfoldedSections

_FIRST_BLOCK_ITEM = 1
"""The index of the first block's item in the message; item 0 is the line that folds the section."""


class ReasoningSection:
    """The reasoning of an answer, which the user can fold and unfold.

    A long text is shown in pieces: its beginning when the section is unfolded, the rest by
    `show_more`.

    Attributes:
        text: the reasoning received so far.
        is_complete: whether no more reasoning follows. Until then, the shown text can lack its end,
            whose Markdown is undecided.
        seconds: the measured duration; None until text follows, or if nothing was streamed.
    """

    def __init__(self, text: str, unfolded: UnfoldedSections, *, is_complete: bool) -> None:
        """Show the beginning of a text, if `unfolded` records that the section is unfolded."""
        self.text = text
        self.is_complete = is_complete
        self._unfolded = unfolded
        self._stream = BlockStream()
        self._shown_length = 0
        self._is_finished = False
        self._began_at: float | None = None
        self.seconds: float | None = None
        self.set_folded(folded=self.is_folded)

    def append_text(self, text: str, now: float) -> None:
        """Append reasoning that arrived at the monotonic time `now`, in seconds."""
        if text:
            if self._began_at is None:
                self._began_at = now
            self.text += text
            self.is_complete = self._is_finished = False

    def record_end(self, now: float) -> None:
        """Record that the answer's text began at the monotonic time `now`, in seconds."""
        if self._began_at is not None and self.seconds is None:
            self.seconds = now - self._began_at

    def complete(self) -> None:
        """Record that no more reasoning follows, and show its end. The caller updates the items."""
        self.is_complete = True
        self._finish()

    @property
    def is_folded(self) -> bool:
        """Return True if the reasoning is hidden."""
        return not self._unfolded.reasoning

    def set_folded(self, *, folded: bool) -> None:
        """Hide the reasoning, or show its beginning; `unshown_text` is the rest."""
        self._unfolded.set_reasoning_folded(folded=folded)
        self._stream = BlockStream()
        self._shown_length = 0
        self._is_finished = False
        if not folded:
            self.show_more(immediate_length(self.text))

    @property
    def unshown_text(self) -> str:
        """Return the part of unfolded reasoning that is not shown yet; "" if it is folded."""
        return "" if self.is_folded else self.text[self._shown_length :]

    def blocks(self) -> list[Block]:
        """Return the blocks of the shown reasoning, in a quote."""
        return [quote_block(block) for block in self._stream.blocks]

    def show_more(self, characters: int) -> list[ItemChange]:
        """Show more of the reasoning. Return the changes of the message's items."""
        text = self.text[self._shown_length : self._shown_length + characters]
        self._shown_length += len(text)
        return _quoted_changes([*self._stream.feed(text), *self._finish()])

    def _finish(self) -> Sequence[Patch]:
        """Finish the blocks once the whole of the complete reasoning is shown."""
        is_whole = self.is_complete and not self.is_folded and not self.unshown_text
        if not is_whole or self._is_finished:
            return ()
        self._is_finished = True
        return self._stream.finish(defer_updates=True)

    @property
    def piece_bounds(self) -> tuple[int, int]:
        """Return the best minimum and maximum length of the next piece, in characters."""
        return self._stream.piece_bounds

    @property
    def has_pending_updates(self) -> bool:
        """Return True if late link definitions or loose lists still change earlier blocks."""
        return self._stream.has_pending_updates

    def run_updates(self) -> list[ItemChange]:
        """Update some earlier blocks. Return the changes of the message's items."""
        return _quoted_changes(self._stream.run_updates())


def _quoted_changes(patches: Sequence[Patch]) -> list[ItemChange]:
    """Return patches of the reasoning's blocks as changes of the message's items."""
    return [
        (_FIRST_BLOCK_ITEM + patch.at, patch.removed, tuple(map(quote_block, patch.added)))
        for patch in patches
    ]
