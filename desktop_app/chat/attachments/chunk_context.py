"""The position of a chunk in its document, and the image pages that go with it.

Notes name the page, chapter and table of a chunk, even if it begins within them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from desktop_app.chat.attachments.image_attachments import page_tokens
from desktop_app.domain.conversations.message_parts import DocumentPart, PageImage
from desktop_app.domain.documents.document_sections import Headings
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.prompt_delimiter import attribute
from desktop_app.i18n.translation import N_

_PAGE_MARK: Final = re.compile(r"^\[(page|slide|chapter) (\d+)\][ \t]*$", re.M)
_TABLE: Final = re.compile(r"(?:^[ \t]*\|.*\|[ \t]*(?:\n|\Z))+", re.M)
_TABLE_RULE: Final = re.compile(r"[ \t]*\|[-| :\t]+\|[ \t]*")
# A longer table header is left out.
_MAX_HEADER_CHARS: Final = 400


class ChunkPositions:
    """The pages, headings and tables of a document's text, to locate chunks."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks = list(_PAGE_MARK.finditer(text))
        self._headings = Headings(text)
        self._tables = [match.span() for match in _TABLE.finditer(text)]

    def attributes(self, offset: int) -> str:
        """Return the attributes of a chunk that begins at `offset`, each with a leading space.

        These are the page and the headings above it, outermost first; "" if there are none. A mark
        or a heading at `offset` is in the chunk itself.
        """
        text = ""
        mark_count = bisect_right(self._marks, offset, key=re.Match.start)
        if mark_count and (mark := self._marks[mark_count - 1]).start() < offset:
            text = attribute(mark[1], mark[2])
        headings = [each.words for each in self._headings.above(offset) if each.start < offset]
        return text + attribute("under", " › ".join(headings)) if headings else text

    def table_head(self, offset: int) -> str:
        """Return the two header lines of the table that continues at `offset`.

        Return "" if no table continues there, or if its header is too long.
        """
        table_count = bisect_right(self._tables, (offset, 0))
        if not table_count or not self._text.endswith("\n", 0, offset):
            return ""
        start, end = self._tables[table_count - 1]
        head, *others = self._text[start:offset].split("\n", 2)
        if offset >= end or len(others) < 2 or len(head) > _MAX_HEADER_CHARS:
            return ""
        return f"{head}\n{others[0]}\n" if _TABLE_RULE.fullmatch(others[0]) else ""


# With more pages at once, a model sees less of each. The number is arbitrary.
MAX_PAGES_PER_CHUNK: Final = 20
# The largest share of a chunk's tokens for images; the text has the rest.
MAX_IMAGE_SHARE: Final = 0.5


@dataclass
class PageSpan:
    """A range of a document's text, in characters, whose images fit one chunk.

    Attributes:
        pages: the image pages, each with the offset of its mark.
        image_tokens: the tokens of the images.
    """

    start: int
    end: int
    pages: list[tuple[int, PageImage]] = field(default_factory=list)
    image_tokens: int = 0


def page_spans(
    document: DocumentPart, text: str, max_tokens: int, model: ModelInfo
) -> list[PageSpan]:
    """Split a text into as few spans as its images allow: a single span if none is sent.

    Raises:
        IllegalChoiceError: a single image is too large for a chunk of `max_tokens` tokens.
    """
    spans = [PageSpan(0, len(text))]
    max_image_tokens = max_tokens * MAX_IMAGE_SHARE
    for offset, page in placed_pages(document, text, model):
        tokens = page_tokens(only_images(document, [page]), model).tokens
        if tokens > max_image_tokens:
            raise IllegalChoiceError(
                N_("Page {page} of “{name}” is too large for {model}."),
                hint=N_("In the attachment’s menu, choose lower detail or text only."),
                page=page.number,
                name=document.name,
                model=model.name,
            )
        span = spans[-1]
        has_all_pages = len(span.pages) == MAX_PAGES_PER_CHUNK
        if has_all_pages or span.image_tokens + tokens > max_image_tokens:
            span.end = offset
            span = PageSpan(offset, len(text))
            spans.append(span)
        span.pages.append((offset, page))
        span.image_tokens += tokens
    return spans


def only_images(document: DocumentPart, pages: Sequence[PageImage]) -> DocumentPart:
    """Return the document reduced to these image pages."""
    return replace(document, pictured=tuple(pages), in_parts=False, chosen=None)


def placed_pages(
    document: DocumentPart, text: str, model: ModelInfo
) -> list[tuple[int, PageImage]]:
    """Return the pages sent as images, each with the offset of its mark in the text.

    The first mark may begin the text; every other mark follows a blank line. Return [] if the
    document has no such pages, or the model sees no images.
    """
    if model.sees_images is False:
        return []
    placed = []
    offset = 0
    for page in document.image_pages:
        mark = f"[page {page.number}]\n"
        if offset or not text.startswith(mark):
            offset = max(offset, text.find(f"\n\n{mark}", max(0, offset - 2)) + 2)
        placed.append((offset, page))
    return placed
