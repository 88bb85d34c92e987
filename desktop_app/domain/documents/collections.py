"""Collections: documents that questions are asked of, and the passages that go in with a question.

A collection names files; what was read from them lies with the attachments, by the SHA-256 of their
bytes. A question takes the passages along that were found for it, word for word: what is asked
later, or elsewhere, does not depend on the collection any more. Passages are numbered through all
questions of a path, so that `[9]` in an answer means one of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

FileStatus = Literal["ready", "failed", "waiting", "removed"]

_LINK: Final = re.compile(r"repartee:passage/([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents under a name.

    Attributes:
        folder: the path of the folder that it was made from, which `refresh` reads again; "" where
            it was put together by hand.
    """

    id: str
    name: str
    created_at: datetime
    folder: str = ""


@dataclass(frozen=True, slots=True)
class CollectionFile:
    """A file of a collection.

    Attributes:
        path: where it lay when it was read, absolute.
        name: without its folder.
        sha256: of its bytes; "" until it has been read.
        size: in bytes.
        pages: None where the format has none.
        status: "ready" to be asked, "failed", "waiting" to be read, or "removed": taken out by hand,
            and out it stays when its folder is looked at again.
        problem: why it failed, in sentences; what was left out of one that is ready; else "".
    """

    collection_id: str
    path: str
    name: str
    sha256: str = ""
    media_type: str = ""
    size: int = 0
    pages: int | None = None
    status: FileStatus = "waiting"
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document as it goes in with a question.

    Attributes:
        number: what the answer cites it by.
        sha256, name: the document.
        page: the page, slide, sheet or chapter that it begins on, from 1; None where the format has none.
        place: for people: "page 3", "slide 2", "sheet Costs", else the heading above; or "".
        start, end: the characters of the document's extracted text.
    """

    number: int
    collection_id: str
    sha256: str
    name: str
    page: int | None
    place: str
    start: int
    end: int
    text: str

    @property
    def words(self) -> tuple[str, int, int]:
        """What stands there, whatever number it bears and whichever collection it was found in."""
        return self.sha256, self.start, self.end

    @property
    def source(self) -> str:
        """Where it stands, for people: "lease.pdf, page 3"."""
        return f"{self.name}, {self.place}" if self.place else self.name


def passage_link(number: int) -> str:
    """The target of a citation in an answer.

    >>> passage_link(3)
    'repartee:passage/3'
    """
    return f"repartee:passage/{number}"


def passage_number(link: str) -> int | None:
    """The reverse of `passage_link`; None for any other link.

    >>> passage_number("repartee:passage/3"), passage_number("https://example.org")
    (3, None)
    """
    found = _LINK.fullmatch(link)
    return int(found[1]) if found else None
