"""The height of the prompt editor: its text grows up to a share of the window's height."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QLayout, QPlainTextEdit, QWidget

from desktop_app.composer.text.text_height import fit_height

_MAX_SHARE_OF_WINDOW: Final = 0.4
"""The share of the window's height that the editor may take."""


class EditorHeight(QObject):
    """The fit of the text's height to the window and to the rest of the editor.

    Args:
        editor: the prompt editor.
        field: its text.
        layout: the layout of the editor.
        card_layout: the layout of the card that contains the text.
    """

    def __init__(
        self, editor: QWidget, field: QPlainTextEdit, layout: QLayout, card_layout: QLayout
    ) -> None:
        super().__init__(editor)
        self._editor = editor
        self._field = field
        self._layout = layout
        self._card_layout = card_layout
        self._window = editor
        editor.installEventFilter(self)

    def fit(self) -> None:
        """Fit the height of the text to the room that the window and the other parts leave."""
        self._card_layout.activate()  # includes widgets shown or hidden since the last event
        needed_height = self._editor.sizeHint().height()
        if self._layout.hasHeightForWidth():  # suggestions may wrap
            needed_height = self._layout.totalHeightForWidth(self._editor.width())
        other_height = needed_height - self._field.height()
        limit = round(self._editor.window().height() * _MAX_SHARE_OF_WINDOW)
        fit_height(self._field, limit - other_height)
        # The card may have been laid out for the text's former height. Lay it out again, so that
        # its size hint includes the new height.
        self._card_layout.invalidate()
        self._card_layout.activate()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fit the height if the editor is shown, or if it or its window is resized."""
        if event.type() == QEvent.Type.Show and watched is self._editor:
            self._watch_window()
            self.fit()
        elif event.type() == QEvent.Type.Resize:
            self.fit()
        return False

    def _watch_window(self) -> None:
        window = self._editor.window()
        if window is self._window:
            return
        if self._window is not self._editor:
            self._window.removeEventFilter(self)
        self._window = window
        window.installEventFilter(self)
