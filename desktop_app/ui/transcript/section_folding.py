"""Folds and unfolds the sections of messages: reasoning, sources, tools, errors and code."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from desktop_app.ui.transcript.media.code_folds import TOGGLE_CODE, last_visible_line
from desktop_app.ui.transcript.message_items import (
    TOGGLE_DETAILS,
    TOGGLE_REASONING,
    TOGGLE_SOURCES,
    TOGGLE_TOOL,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.ui.transcript.document.materialized_messages import MaterializedMessages
    from desktop_app.ui.transcript.keyboard.message_actions import ActionRowPlacer
    from desktop_app.ui.transcript.layout.message_layout import MessageLayout
    from desktop_app.ui.transcript.message_state import MessageState
    from desktop_app.ui.transcript.viewport.message_navigator import MessageNavigator
    from desktop_app.ui.transcript.viewport.message_stream import MessageStream
    from desktop_app.ui.transcript.viewport.scroll_anchor import ScrollAnchor
    from desktop_app.ui.transcript.viewport.viewport_filler import ViewportFiller


class SectionFolding:
    """The folding of sections in one view, during which the text on screen stays in place."""

    def __init__(
        self,
        view: QTextBrowser,
        messages: MaterializedMessages,
        anchor: ScrollAnchor,
        filler: ViewportFiller,
        stream: MessageStream,
        navigator: MessageNavigator,
        actions: ActionRowPlacer,
    ) -> None:
        self._view, self._messages, self._anchor = view, messages, anchor
        self._filler, self._stream, self._navigator = filler, stream, navigator
        self._actions = actions

    def toggle(self, state: MessageState, action: str) -> bool:
        """Fold or unfold a section of a message. Return False for any other action."""
        if action not in (TOGGLE_REASONING, TOGGLE_DETAILS) and not action.startswith(
            (TOGGLE_TOOL, TOGGLE_SOURCES, TOGGLE_CODE)
        ):
            return False
        with self._anchor.item_kept(state, self._item_to_keep(state, action)):
            if action.startswith(TOGGLE_CODE):
                self._messages.message_writer.set_fold(state, int(action.removeprefix(TOGGLE_CODE)))
            else:
                state.toggle(action)
                self._messages.message_writer.refresh(state)
        self._stream.write_unfolded_reasoning()
        self._filler.fill()
        self._actions.place_again()
        return True

    def _item_to_keep(self, state: MessageState, action: str) -> Callable[[], int]:
        """Return a function that finds the item to keep in place while a section folds.

        It is the line with the action. If lines of code unfold above that line, it is the last
        item shown above them.
        """
        if not action.startswith(TOGGLE_CODE) or state.is_unfolded(action):
            return partial(state.item_of_action, action)
        return lambda: last_visible_line(state.layout.items, state.item_of_action(action))

    def unfold_reasoning(self, message_id: str, then: Callable[[], None]) -> bool:
        """Unfold the reasoning of a materialized message, and materialize all of it.

        Return True if all of it is materialized; otherwise `then` runs once it is.
        """
        state = self._messages.get(message_id)
        if state is not None and state.is_reasoning_folded:
            self.toggle(state, TOGGLE_REASONING)
        return self._navigator.materialize_whole(message_id, then)

    def unfold_code(self, layout: MessageLayout, at: int) -> None:
        """Unfold the code block that contains item `at` of a message."""
        with self._anchor.kept():
            self._messages.unfold_code_at(layout, at)
            self._messages.write_item(layout, at, self._view.viewport().height())
        self._filler.fill()
