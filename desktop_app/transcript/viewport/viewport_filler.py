"""Keeps the text around the screen materialized and fitted to the width of the view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QPoint, QTimer, Signal

from desktop_app.transcript.document.message_materializer import (
    MATERIALIZED_CHARACTERS,
    READER_CHARACTERS,
)
from desktop_app.transcript.layout.layout_cost import is_costly
from desktop_app.transcript.viewport.virtualizer import KEPT_SCREENS, Virtualizer

if TYPE_CHECKING:
    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.transcript.document.document_writer import DocumentWriter
    from desktop_app.transcript.document.message_materializer import MessageMaterializer
    from desktop_app.transcript.keyboard.action_row import ActionRowPlacer
    from desktop_app.transcript.speech import AnswerSpeech
    from desktop_app.transcript.viewport.scroll_anchor import ScrollAnchor

_REFLOW_SLICE_S: Final = 0.008
"""Seconds for which items are reflowed in one iteration of the event loop."""
_REFLOW_PAUSE_MS: Final = 15
"""Milliseconds between two slices of a reflow."""
_REMOVAL_DELAY_MS: Final = 50
"""Time in which changes are collected before distant text is removed."""
_MAX_RESIZE_COST: Final = 30_000
"""Layout cost that fits into one frame; see `layout_cost`."""

_FILLED_SCREENS: Final = (0.5, 1.0)
"""Distances above and below the screen to materialize, in screens; the nearer one is first."""

_RESIZE_SCREENS: Final = (KEPT_SCREENS, 1)
"""Screens to keep above and below at a resize; the second value if layout is still slow."""


class ViewportFiller(QObject):
    """The schedule by which one view materializes, removes and reflows text.

    Signals:
        reader_detected(): nothing was removed, because a screen reader reads all of the text.
    """

    reader_detected = Signal()

    def __init__(
        self,
        view: QTextBrowser,
        writer: DocumentWriter,
        materializer: MessageMaterializer,
        anchor: ScrollAnchor,
        virtualizer: Virtualizer,
        actions: ActionRowPlacer,
        speech: AnswerSpeech,
    ) -> None:
        super().__init__(view)
        self._view = view
        self._writer = writer
        self._anchor = anchor
        self._materializer = materializer
        self._virtualizer = virtualizer
        self._actions = actions
        self._speech = speech
        self._fill_timer = QTimer(self, singleShot=True, interval=0)
        self._fill_timer.timeout.connect(self.fill)
        self._removal_timer = QTimer(self, singleShot=True, interval=_REMOVAL_DELAY_MS)
        self._removal_timer.timeout.connect(self._remove_distant)
        self._reflow_timer = QTimer(self, singleShot=True, interval=_REFLOW_PAUSE_MS)
        self._reflow_timer.timeout.connect(self._continue_reflow)

    @property
    def is_waiting(self) -> bool:
        """Return True if a fill or a removal is scheduled."""
        return self._fill_timer.isActive() or self._removal_timer.isActive()

    def fill(self) -> None:
        """Materialize the screen now and its surroundings in slices, nearest first."""
        if not self._virtualizer.is_filled(_FILLED_SCREENS[-1]):
            self._virtualizer.fill(0)
            for screens in _FILLED_SCREENS:
                if self._virtualizer.fill(screens, max_fills=1):
                    self._fill_timer.start()
                    break
        self.remove_distant_soon()

    def fill_soon(self) -> None:
        """Schedule `fill`."""
        self._fill_timer.start()

    def fill_screen(self) -> None:
        """Materialize the screen now and its surroundings soon."""
        if self._virtualizer.is_filled(_FILLED_SCREENS[-1]):
            self.remove_distant_soon()  # the usual case: runs with each frame of a followed answer
        else:
            self._virtualizer.fill(0)
            self._fill_timer.start()

    def remove_distant_soon(self) -> None:
        """Schedule the removal of distant text if there is too much of it."""
        if self._speech.has_screen_reader():
            self.reader_detected.emit()
        elif self._materializer.is_document_over_limit and not self._removal_timer.isActive():
            self._removal_timer.start()

    def _remove_distant(self) -> None:
        self.update_limit()
        if self._materializer.is_document_over_limit:
            self._virtualizer.remove_distant()
            self._virtualizer.fill()
            self._actions.place_again()

    def update_limit(self) -> None:
        """Set the limit of characters, higher if a screen reader or a selection needs more text."""
        needs_more = self._speech.has_screen_reader() or self._view.textCursor().hasSelection()
        self._materializer.set_limit(READER_CHARACTERS if needs_more else MATERIALIZED_CHARACTERS)

    # ------------------------------------------------------------------ width

    def reduce_layout_cost(self) -> None:
        """Remove distant blocks before a full layout, so that the layout fits into a frame.

        With a screen reader, which needs all blocks, remove none.
        """
        layouts = self._writer.layouts
        for screens in _RESIZE_SCREENS:
            if self._speech.has_screen_reader() or not is_costly(layouts, _MAX_RESIZE_COST):
                return
            self._virtualizer.erase_distant(screens)

    def fit_to_width(self) -> None:
        """Reflow the items that depend on the width: those on screen now, the rest in slices."""
        top = self._view.cursorForPosition(QPoint(0, 0)).block().blockNumber()
        writer = self._writer
        writer.set_width(self._view.viewport().width(), top, _REFLOW_SLICE_S)
        if writer.has_outdated_items:
            self._reflow_timer.start()

    def _continue_reflow(self) -> None:
        with self._anchor.keep_position():
            self._writer.continue_reflow(_REFLOW_SLICE_S)
        self.fill()
        self._actions.place_again()
        if self._writer.has_outdated_items:
            self._reflow_timer.start()
