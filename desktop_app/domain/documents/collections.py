"""Collections: documents to ask questions about, and the passages found in them.

A collection names files. Their text is in the attachment store, by the SHA-256 of their bytes. A
question stores the text of the passages that were found for it, so later messages do not depend on
the collection. Passages are numbered across all questions of a conversation's path, so that `[9]`
in an answer is unambiguous.

The place of a passage is a code: `page 3`, `pages 3–5` (or slides, or chapters) or `sheet Costs`.
It is stored, sent to models and written to JSON; users see `place_text`.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple

from desktop_app.domain.bounds import Count, Hash, Name, Positive
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import tr

FileStatus = Literal["ready", "failed", "waiting", "removed"]

_LINK: Final = lazy_pattern(r"repartee:passage/([1-9][0-9]{0,8})")


class Collection(NamedTuple):
    """A named set of documents.

    Attributes:
        folder: the paths of its folders, one on each line, which are read again when the
            collection is refreshed; "" if all files were added one by one.
    """

    id: str
    name: str
    created_at: datetime
    folder: str = ""

    @property
    def folders(self) -> list[Path]:
        """Return the folders that are read again."""
        return [Path(line) for line in self.folder.split("\n") if line]


class CollectionFile(NamedTuple):
    """A file of a collection.

    Attributes:
        path: absolute.
        name: without its folder.
        sha256: of its bytes; "" until it has been read.
        size: in bytes.
        pages: None if the format has none.
        status: "ready" to be searched, "failed", "waiting" to be read, or "removed" by the user. A
            removed file is not added when its folder is read again.
        problem: why it failed, or a note on missing text of a ready file; None if neither.
    """

    collection_id: str
    path: str
    name: str
    sha256: str = ""
    media_type: str = ""
    size: int = 0
    pages: int | None = None
    status: FileStatus = "waiting"
    problem: ErrorNote | None = None


class FoundFile(Value, frozen=True):
    """A file found on disk: size in bytes, modification time in nanoseconds."""

    path: Path
    size: int
    modified: int


class PassageLocation(Value, frozen=True):
    """The location of a found passage, with the fields of a Passage, but without its text.

    Attributes:
        id: its number in the index.
        tokens: the number of tokens of its text.
    """

    id: int
    collection_id: str
    sha256: str
    name: str
    page: int | None
    place: str
    start: int
    end: int
    tokens: int


class Passage(Value, frozen=True):
    """A passage of a document that is sent with a question.

    Attributes:
        number: the number by which the answer cites the passage.
        sha256, name: of the document.
        page: the page, slide, sheet or chapter it begins on, from 1; None if the format has none.
        place: the code of this page, such as "page 3" or "sheet Costs" (see `place_code`); in a
            format without pages, the heading above; "" if there is neither.
        start, end: a range of characters in the document's extracted text.
    """

    number: Positive
    collection_id: str
    sha256: Hash
    name: Name
    page: Count | None
    place: str
    start: Count
    end: Count
    text: str

    @property
    def text_key(self) -> tuple[str, int, int]:
        """Return the identity of the text, without the number and the collection."""
        return self.sha256, self.start, self.end

    @property
    def localized_place(self) -> str:
        """Return the place in the user's language; "" if it is unknown."""
        return self.place if self.page is None else place_text(self.place)

    @property
    def source(self) -> str:
        """Return the citation as shown to the user: "lease.pdf, page 3"."""
        if not self.place:
            return self.name
        return tr("{document}, {place}", document=self.name, place=self.localized_place)


def passage_link(number: int) -> str:
    """Return the link target of a citation in an answer.

    >>> passage_link(3)
    'repartee:passage/3'
    """
    return f"repartee:passage/{number}"


def passage_number(link: str) -> int | None:
    """Return the number in a passage link; None for any other link.

    >>> passage_number("repartee:passage/3"), passage_number("https://example.org")
    (3, None)
    """
    match = _LINK.fullmatch(link)
    return int(match[1]) if match else None


_NUMBERED: Final = lazy_pattern(r"(?P<unit>page|slide|chapter)s? (?P<first>\d+)(?:–(?P<last>\d+))?")
_SHEET: Final = "sheet "


def place_code(unit: str, first: int, last: int, sheet: str = "") -> str:
    """Return the code of a passage's sections.

    >>> place_code("page", 3, 3), place_code("page", 3, 5), place_code("sheet", 1, 1, "Costs")
    ('page 3', 'pages 3–5', 'sheet Costs')
    """
    if sheet:
        return f"{unit} {sheet}"
    return f"{unit} {first}" if first == last else f"{unit}s {first}–{last}"


def place_text(code: str) -> str:
    """Return the text for the code of a place; any other text unchanged.

    >>> place_text("pages 3–5"), place_text("sheet Costs")
    ('pages 3–5', 'sheet Costs')
    """
    if code.startswith(_SHEET):
        return tr("sheet {name}", name=code.removeprefix(_SHEET))
    match = _NUMBERED.fullmatch(code)
    if match is None:
        return code
    first = match["first"]
    last = match["last"]
    if match["unit"] == "slide":
        if last:
            return tr("slides {first}–{last}", first=first, last=last)
        return tr("slide {number}", number=first)
    if match["unit"] == "chapter":
        if last:
            return tr("chapters {first}–{last}", first=first, last=last)
        return tr("chapter {number}", number=first)
    if last:
        return tr("pages {first}–{last}", first=first, last=last)
    return tr("page {number}", number=first)
