"""The results of reading a document: its text, chunks of it, and passages for the index."""

from __future__ import annotations

from typing import NamedTuple

from desktop_app.domain.conversations.message_parts import (
    Attachment,
    DocumentPart,
    ImagePart,
    PageImage,
)
from desktop_app.domain.documents.document_notes import DocumentNote
from desktop_app.domain.value import PrivateValue


class ExtractedDocument(PrivateValue, frozen=True):
    """A document as text, or an image with its facts.

    Attributes:
        name: the file's name, without its folder.
        media_type: by content, else by name.
        sha256: of the file's bytes, in hexadecimal; for a folder, of the bytes of its text.
        size: the number of these bytes.
        text: Markdown for formats with structure; each page of a PDF begins with a line "[page 3]".
        pages: None if the format has none.
        tokens: of `text`, by o200k_base.
        note: a remark for the user on how the document was read; None if there is none.
        width, height: of an image, in pixels as displayed; 0 for everything else.
        animated: True for an image with several frames.
        pictured: the pages of a PDF to send as images, usually scans, with their sizes.
        is_protected: it needed a password.
        full_text: of a folder, with the hidden parts of its files, which are not stored and could
            not be read later; "" if there are none.
    """

    name: str
    media_type: str
    sha256: str
    size: int
    text: str
    pages: int | None
    tokens: int
    note: DocumentNote | None = None
    width: int = 0
    height: int = 0
    animated: bool = False
    pictured: tuple[PageImage, ...] = ()
    is_protected: bool = False
    full_text: str = ""

    @property
    def attachment(self) -> Attachment:
        """Return the facts and the text that are stored with the original file."""
        return Attachment(
            self.sha256,
            self.name,
            self.media_type,
            text=self.text,
            pages=self.pages,
            tokens=self.tokens,
        )

    @property
    def part(self) -> DocumentPart | ImagePart:
        """Return the document as a part of a message, without its text."""
        if self.width:
            return ImagePart(
                self.sha256,
                self.name,
                self.media_type,
                self.size,
                width=self.width,
                height=self.height,
                animated=self.animated,
            )
        return DocumentPart(
            self.sha256,
            self.name,
            self.media_type,
            self.size,
            pages=self.pages,
            tokens=self.tokens,
            pictured=self.pictured,
            is_protected=self.is_protected,
            hidden=self.note.hidden if self.note else 0,
        )


class TextChunk(NamedTuple):
    """A part of a text: from `start` to `end`, in characters, and its tokens."""

    start: int
    end: int
    tokens: int


class IndexedPassage(NamedTuple):
    """A passage of a document for the index: see documents/index/chunks.py.

    Attributes:
        start, end: in characters of the document's text.
        page: the number of the page, slide, sheet or chapter where it begins; None if the format
            has none.
        place: the code of its place (collections.place_code), or the heading above; "" if unknown.
        title: the file's name and the headings above, as text.
        terms: the search terms for the index: see passage_words.py.
    """

    start: int
    end: int
    tokens: int
    page: int | None
    place: str
    title: str
    terms: str
