"""The unsent question of the quick prompt, stored so that it survives the program's end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer

from desktop_app.app.library.navigator import DRAFT_MS
from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.errors import StorageError

QUICK_DRAFT_KEY: Final = "window.quick_draft"


@dataclass(frozen=True)
class UnsentQuestion:
    """The question in the quick prompt.

    Attributes:
        accompanying: text from another program, which is sent with the question.
        clipboard: the text that replaces the clipboard's mark in the draft.
    """

    draft: Draft = field(default_factory=Draft)
    accompanying: str = ""
    clipboard: str = ""

    def __bool__(self) -> bool:
        """Return True if there is anything to send."""
        return bool(self.draft.has_question or self.accompanying.strip())

    def to_json(self) -> dict[str, Any]:
        """Return the stored form."""
        return {**self.draft.to_json(), "brought": self.accompanying, "clipboard": self.clipboard}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> UnsentQuestion:
        """Return the question that was stored as `row`, {} for none."""
        draft = Draft.from_json({"text": "", "attachments": (), **row})
        return cls(draft, row.get("brought", ""), row.get("clipboard", ""))


class QuickDraft(QObject):
    """Timer that stores the question a moment after a change, as `DraftSaver` does.

    Args:
        unsent: returns the question, an empty one if it must not be stored.
    """

    def __init__(
        self, parent: QObject, state: WindowState, unsent: Callable[[], UnsentQuestion]
    ) -> None:
        super().__init__(parent)
        self._unsent = unsent
        self._settings_store = state.backend.settings
        self._tasks = state.tasks
        self._stored_question: UnsentQuestion | None = UnsentQuestion()  # None after a failed write
        self._timer = QTimer(self, singleShot=True, interval=DRAFT_MS)
        self._timer.timeout.connect(self.save)

    def set_stored(self, stored: UnsentQuestion) -> None:
        """Record the stored question, so that `save` writes only a change."""
        self._stored_question = stored

    def save_soon(self) -> None:
        """Save after a pause without another change."""
        self._timer.start()

    def save(self) -> None:
        """Save now."""
        self._timer.stop()
        unsent = self._unsent() or UnsentQuestion()
        if unsent != self._stored_question:
            self._stored_question = unsent
            self._tasks.start(self._write(unsent))

    async def _write(self, unsent: UnsentQuestion) -> None:
        try:
            if unsent:
                await self._settings_store.set(QUICK_DRAFT_KEY, unsent.to_json())
            else:
                await self._settings_store.remove(QUICK_DRAFT_KEY)
        except StorageError:  # the next change, or the program's end, writes it
            self._stored_question = None
            raise
