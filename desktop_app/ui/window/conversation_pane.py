"""The middle pane: header, transcript and prompt.

On a first start the prompt is vertically centered, with examples above it. The prompt and
the cards around it keep a readable width. The first paint shows only the header and the
prompt; `complete` adds the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app.ui.look import theme as themes

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from desktop_app.ui.composer.prompt_editor import PromptEditor
    from desktop_app.ui.look.theme import Theme
    from desktop_app.ui.transcript.view import TranscriptView
    from desktop_app.ui.window.first_start import FirstStart
    from desktop_app.ui.window.header import Header
    from desktop_app.ui.window.notifications import Notifications

# Below this height, in theme pixels, optional parts are hidden.
_TIGHT: Final = 320
# From this height on, attachments and examples fit together.
_ROOM_FOR_BOTH: Final = 560


class ConversationPane(QWidget):
    """The middle pane of the main window.

    Attributes:
        header, prompt
        transcript, notifications: available after `complete`.

    Signals:
        titled(str): another title is shown.
    """

    transcript: TranscriptView
    notifications: Notifications

    titled = Signal(str)

    def __init__(self, window: QWidget, header: Header, prompt: PromptEditor, theme: Theme) -> None:
        super().__init__(window)
        self._first_start: FirstStart | None = None
        self.header, self.prompt = header, prompt
        self._transcript = QWidget()  # placeholder until the transcript is created
        self._over, self._under = QWidget(), QWidget()
        # Widgets of limited, readable width.
        self._measured = QVBoxLayout()
        self._measured.setSpacing(0)
        self._measured.addWidget(prompt)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(header)
        self._column.addWidget(self._over, 10)
        self._column.addWidget(self._transcript, 10)
        self._column.addLayout(self._measured)
        self._column.addWidget(self._under, 14)
        self._is_first = False
        self.set_theme(theme)

    def complete(
        self, transcript: TranscriptView, first_start: FirstStart, notifications: Notifications
    ) -> None:
        """Take what the first paint does not show; see `MainWindow.set_transcript`."""
        self._first_start = first_start
        self.transcript, self.notifications = transcript, notifications
        self._measured.insertWidget(0, first_start)
        self._measured.insertWidget(1, notifications)
        self._measured.addWidget(first_start.key_line)
        self._column.replaceWidget(self._transcript, transcript)
        self._transcript.deleteLater()
        self._transcript = transcript
        transcript.setMinimumHeight(1)  # in a small window cards and the prompt come first
        self._arrange(first=self._is_first)
        self._leave_out()

    def add_above_prompt(self, widget: QWidget) -> None:
        """Insert a widget between the notifications and the prompt."""
        self._measured.insertWidget(2, widget)

    def set_theme(self, theme: Theme) -> None:
        """Apply a theme."""
        self._theme = theme
        self._arrange(first=self._is_first)
        self._leave_out()

    def set_title(self, title: str) -> None:
        """Show the conversation's title, "" for none."""
        self.header.set_title(title)
        self.titled.emit(title)

    def show_first_start(self, shown: bool) -> None:
        """Center the prompt with things to try above it, for an empty conversation."""
        self.prompt.show_hint(not shown)
        self._arrange(first=shown)

    def _arrange(self, *, first: bool) -> None:
        self._is_first = first
        self._transcript.setVisible(not first)
        for widget in (self._first_start, self._over, self._under):
            if widget is not None:
                widget.setVisible(first)
        self._set_margins()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Adjust the margins, and hide optional parts if the height is small."""
        super().resizeEvent(event)
        self._fit_words()
        self._set_margins()
        self._leave_out()

    def event(self, event: QEvent) -> bool:
        """Hide optional parts again after any part changed its height."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._leave_out()
        return super().event(event)

    def _fit_words(self) -> None:
        """Limit the text of each card to a share of the window's height."""
        if self._first_start is None:  # no card exists yet
            return
        from desktop_app.ui.widgets.card_text import CardText

        for text in self.findChildren(CardText):
            text.fit()

    def _leave_out(self) -> None:
        """Hide optional parts if the height is small."""
        px, height = self._theme.px, self.height()
        self.prompt.set_tight(height < px(_TIGHT))
        if self._first_start is None:
            return
        is_bare = not self.prompt.has_chips
        self._first_start.leave_room(
            examples=is_bare or height >= px(_ROOM_FOR_BOTH),
            question=is_bare or height >= px(_TIGHT),
        )

    def _set_margins(self) -> None:
        px = self._theme.px
        side = max(px(themes.MARGIN), (self.width() - px(themes.MEASURE)) // 2)
        self._measured.setContentsMargins(side, 0, side, px(6))
        self._measured.setSpacing(px(20 if self._is_first else 8))
        self._column.activate()  # now, because the new width has already been applied
