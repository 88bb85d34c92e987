"""The unsent question of the quick prompt, which survives the program's end, and its text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec import field
from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication

from desktop_app.app.session import Session
from desktop_app.backend.prompt_loader import today
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.errors import StorageError
from desktop_app.domain.value import Value
from desktop_app.library.ui.navigator import DRAFT_MS
from desktop_app.prompts.prompt import CLIPBOARD, DATE, SELECTION

QUICK_DRAFT_KEY: Final = "window.quick_draft"


class UnsentQuestion(Value, frozen=True):
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

    def __init__(self, session: Session, unsent: Callable[[], UnsentQuestion]) -> None:
        super().__init__(session.window)
        self._unsent = unsent
        self._settings_store = session.backend.settings
        self._tasks = session.tasks
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


# In the field, these marks stand for texts that may be too long for it.
MARKS = {name: f"{{{{{name}}}}}" for name in (SELECTION, CLIPBOARD)}


class AccompanyingText:
    """The text of other programs.

    Attributes:
        text: sent with the question.
        clipboard: replaces the clipboard's mark in the question.
    """

    def __init__(self) -> None:
        self.text = self.clipboard = ""

    def set(self, text: str, clipboard: str) -> None:
        """Set both texts."""
        self.text = text
        self.clipboard = clipboard

    def add(self, text: str) -> None:
        """Add a text after the others."""
        self.text = "\n\n".join(part for part in (self.text, text) if part.strip())

    def remove_sent(self, sent_text: str) -> None:
        """Remove the text that was sent; text that was added meanwhile stays."""
        self.text = self.text.removeprefix(sent_text).lstrip("\n")

    def fill_in(self, names: frozenset[str]) -> dict[str, str]:
        """Return the values that the program fills in; remember the clipboard's text if needed.

        Selection and clipboard may be too long for the field, so marks stand for them until the
        question is sent.
        """
        values = {DATE: today(), SELECTION: "", CLIPBOARD: ""}
        if CLIPBOARD in names:
            self.clipboard = QGuiApplication.clipboard().text()
        for name, text in ((SELECTION, self.text), (CLIPBOARD, self.clipboard)):
            values[name] = MARKS[name] if text.strip() else ""
        return values

    def fill_marks(self, text: str, accompanying: str) -> tuple[str, str]:
        """Return the typed text with its marks replaced, and the accompanying text.

        The accompanying text is "" if it has replaced a mark.
        """
        accompanying = accompanying.strip()
        # Split, because the accompanying text may contain the clipboard's mark.
        pieces = text.split(MARKS[SELECTION])
        if self.clipboard:
            clipboard_text = self.clipboard.strip()
            pieces = [piece.replace(MARKS[CLIPBOARD], clipboard_text) for piece in pieces]
        if len(pieces) == 1 or not accompanying:
            return MARKS[SELECTION].join(pieces).strip(), accompanying
        return accompanying.join(pieces).strip(), ""
