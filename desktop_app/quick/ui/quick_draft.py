"""The unsent question of the quick prompt, with texts that may be too long for its field."""

from __future__ import annotations

from typing import Any, Final

from msgspec import field

from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.value import Value
from desktop_app.prompts.prompt import CLIPBOARD, SELECTION

QUICK_DRAFT_KEY: Final = "window.quick_draft"
# In the field, these marks stand for the accompanying text and for the clipboard's.
MARKS: Final = {name: f"{{{{{name}}}}}" for name in (SELECTION, CLIPBOARD)}


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


def fill_marks(text: str, accompanying: str, clipboard: str) -> tuple[str, str]:
    """Return the typed text with its marks replaced, and the accompanying text.

    The accompanying text is "" if it has replaced a mark.
    """
    accompanying = accompanying.strip()
    # Split, because the accompanying text may contain the clipboard's mark.
    pieces = text.split(MARKS[SELECTION])
    if clipboard:
        pieces = [piece.replace(MARKS[CLIPBOARD], clipboard.strip()) for piece in pieces]
    if len(pieces) == 1 or not accompanying:
        return MARKS[SELECTION].join(pieces).strip(), accompanying
    return accompanying.join(pieces).strip(), ""
