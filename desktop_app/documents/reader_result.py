"""The result of reading a document of any kind."""

from __future__ import annotations

from dataclasses import dataclass

from desktop_app.domain.conversations.message_parts import PageImage
from desktop_app.domain.documents.document_notes import DocumentNote, SkipReason


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
