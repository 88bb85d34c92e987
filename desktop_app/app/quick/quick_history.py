"""Earlier questions, recalled in the quick prompt."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject

from desktop_app.app.state.window_state import WindowState
from desktop_app.ui.quick.quick_prompt import QuickPrompt

MAX_RECALLED: Final = 50


class QuickHistory(QObject):
    """Earlier questions of all conversations, the newest first."""

    def __init__(self, quick: QuickPrompt, state: WindowState) -> None:
        super().__init__(quick)
        self._quick = quick
        self._values = state.values
        self._conversations = state.backend.conversations
        self._questions: list[str] = []
        self._index = -1  # -1: the text that the user types
        self._typed_text = ""
        quick.field.history_requested.connect(self._recall)

    async def load(self) -> None:
        """Load the questions, except very long ones, which may contain other programs' texts."""
        questions = await self._conversations.recent_questions(MAX_RECALLED)
        limit = self._values.large_paste
        texts = (text for text in questions if text.strip() and len(text) <= limit)
        recalled_text = self._questions[self._index] if self._index >= 0 else ""
        self._questions = list(dict.fromkeys(texts))
        self._index = (
            self._questions.index(recalled_text) if recalled_text in self._questions else -1
        )

    def reset(self) -> None:
        """Begin again with the typed text, because no recalled question is shown."""
        self._index = -1

    def text_before_recall(self, text: str) -> str | None:
        """Return the text typed before `text` was recalled, None if it was not recalled."""
        if self._index >= 0 and text == self._questions[self._index].strip():
            return self._typed_text.strip()
        return None

    def _recall(self, step: int) -> None:
        """Show an older (+1) or newer (-1) question; after the newest, the typed text."""
        index = self._index + step
        if self._index < 0:
            self._typed_text = self._quick.field.toPlainText()
            # After an answer, the newest question is already shown.
            if index == 0 and self._questions[:1] == [self._typed_text]:
                index = 1
        if -1 <= index < len(self._questions):
            self._index = index
            self._quick.field.set_text(self._typed_text if index < 0 else self._questions[index])
