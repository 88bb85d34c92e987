"""The result of reading a document of any kind, and what a reader leaves out of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from desktop_app.domain.conversations.message_parts import PageImage
from desktop_app.domain.documents.document_notes import DocumentNote, SkipReason


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

    def add(self, other: LeftOut) -> None:
        """Count also what was left out of another part of the document."""
        self.hidden += other.hidden
        self.unread += other.unread


@dataclass(frozen=True)
class ReaderResult:
    """The text of a document, and facts about it.

    Attributes:
        kind: the media type.
        pages: the number of pages, slides or chapters; None if the format has none.
        note: tells the user how it was read: with a guessed encoding, without some members, or with
            pages to be sent as images.
        pictured: the pages to send as images, usually scans.
        hidden: how many hidden parts and deletions are left out.
        unread: the parts that cannot be read, such as a chapter, with the reasons.
    """

    kind: str
    text: str
    pages: int | None = None
    note: DocumentNote | None = None
    pictured: tuple[PageImage, ...] = ()
    hidden: int = 0
    unread: tuple[tuple[str, SkipReason], ...] = ()
