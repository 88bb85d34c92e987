"""Folds and unfolds the sections of messages: reasoning, sources, tools, errors and code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.transcript.media.code_folds import TOGGLE_CODE, fold_number, last_visible_line
from desktop_app.transcript.message_items import (
    TOGGLE_DETAILS,
    TOGGLE_PASSAGES,
    TOGGLE_REASONING,
    TOGGLE_TOOL,
    index_of_action,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.transcript.document.item_materializer import ItemMaterializer
    from desktop_app.transcript.document.message_writer import MessageWriter
    from desktop_app.transcript.keyboard.action_row import ActionRowPlacer
    from desktop_app.transcript.layout.message_layout import MessageLayout
    from desktop_app.transcript.message_state import MessageState
    from desktop_app.transcript.transcript_messages import TranscriptMessages
    from desktop_app.transcript.viewport.message_stream import MessageStream
    from desktop_app.transcript.viewport.scroll_anchor import ScrollAnchor
    from desktop_app.transcript.viewport.viewport_filler import ViewportFiller


class SectionFolding:
    """The folding of sections in one view, during which the text on screen stays in place."""

    def __init__(
        self,
        view: QTextBrowser,
        messages: TranscriptMessages,
        message_writer: MessageWriter,
        item_materializer: ItemMaterializer,
        anchor: ScrollAnchor,
        filler: ViewportFiller,
        stream: MessageStream,
        actions: ActionRowPlacer,
    ) -> None:
        self._view = view
        self._messages = messages
        self._anchor = anchor
        self._message_writer = message_writer
        self._item_materializer = item_materializer
        self._filler = filler
        self._stream = stream
        self._actions = actions

    def toggle(self, state: MessageState, action: str) -> bool:
        """Fold or unfold a section of a message. Return False if the action does neither."""
        if action not in (TOGGLE_REASONING, TOGGLE_DETAILS) and not action.startswith(
            (TOGGLE_TOOL, TOGGLE_PASSAGES, TOGGLE_CODE)
        ):
            return False
        with self._anchor.keep_item(state, self._item_to_keep(state, action)):
            if action.startswith(TOGGLE_CODE):
                self._message_writer.set_fold(state, int(action.removeprefix(TOGGLE_CODE)))
            else:
                state.toggle(action)
                self._message_writer.refresh(state)
        self._stream.write_unfolded_reasoning()
        self._filler.fill()
        self._actions.place_again()
        return True

    def _item_to_keep(self, state: MessageState, action: str) -> Callable[[], int]:
        """Return a function that finds the item to keep in place while a section folds.

        The item is the line with the action. If lines of code unfold above that line, the item is
        the last line that was visible above them.
        """
        if not action.startswith(TOGGLE_CODE) or state.unfolded.is_code_unfolded(action):
            return lambda: index_of_action(state.layout.items, action)
        return lambda: last_visible_line(
            state.layout.items, index_of_action(state.layout.items, action)
        )

    def unfold_reasoning(self, message_id: str) -> None:
        """Unfold the reasoning of a materialized message."""
        state = self._messages.get(message_id)
        if state is not None and state.reasoning.is_folded:
            self.toggle(state, TOGGLE_REASONING)

    def unfold_code(self, layout: MessageLayout, index: int) -> None:
        """Unfold the code block that contains item `index` of a message."""
        with self._anchor.keep_position():
            self._unfold_code(layout, index)
            self._item_materializer.write_item(layout, index, self._view.viewport().height())
        self._filler.fill()

    def _unfold_code(self, layout: MessageLayout, index: int) -> None:
        state = self._messages.get(layout.key)
        numbers = (fold_number(item) for item in layout.items[index:])
        number = next((number for number in numbers if number is not None), None)
        if state is not None and number is not None:
            self._message_writer.set_fold(state, number, unfold=True)
