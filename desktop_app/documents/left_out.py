"""Counts and names what a reader leaves out of a document's text."""

from __future__ import annotations

from dataclasses import dataclass, field

from desktop_app.domain.documents.document_notes import SkipReason


@dataclass
class LeftOut:
    """What is left out of a document's text.

    Attributes:
        takes_hidden: True to leave hidden parts and deletions in the text.
        hidden: how many hidden parts and deletions are left out.
        unread: the parts that cannot be read, such as a chapter, with the reasons.
    """

    takes_hidden: bool = False
    hidden: int = 0
    unread: list[tuple[str, SkipReason]] = field(default_factory=list)

    def leaves_out(self, is_hidden: bool, *, counts: bool = True) -> bool:
        """Return True if a part that is hidden or not must be left out, and count it.

        Args:
            counts: False for a part without text, or one that continues the last part.
        """
        if not is_hidden or self.takes_hidden:
            return False
        self.hidden += counts
        return True
