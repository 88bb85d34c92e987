"""Text from other programs that is sent with a question of the quick prompt."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication

from desktop_app.backend.prompt_loader import today
from desktop_app.domain.prompts.prompts import CLIPBOARD, DATE, SELECTION

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
