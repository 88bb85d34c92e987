"""Assigns the image pages of a document to its chunks."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from desktop_app.domain.conversations.message_parts import DocumentPart, PageImage
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.i18n.translation import N_
from desktop_app.services.documents.image_attachments import page_tokens

# With more pages at once, a model sees less of each. The number is arbitrary.
MAX_PAGES_PER_CHUNK: Final = 20
# The largest share of a chunk's tokens for images; the text has the rest.
MAX_IMAGE_SHARE: Final = 0.5
_PAGE_MARK: Final = re.compile(r"\[page (\d+)\]\n")


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

    Pages without a mark are spread over the text before the next mark, so that the images of one
    chunk stay few. Return [] if the document has no such pages, or the model sees no images.
    """
    if model.sees_images is False or not document.image_pages:
        return []
    placed: list[tuple[int, PageImage]] = []
    unmarked: list[PageImage] = []
    last_offset = 0
    mark_offsets = _mark_offsets(text)
    for page in document.image_pages:
        offsets = mark_offsets.get(str(page.number), [])
        index = bisect_left(offsets, last_offset)
        if index == len(offsets):
            unmarked.append(page)
            continue
        offset = offsets[index]
        placed += _spread(unmarked, text, last_offset, offset)
        placed.append((offset, page))
        unmarked = []
        last_offset = offset
    return [*placed, *_spread(unmarked, text, last_offset, len(text))]


def _mark_offsets(text: str) -> dict[str, list[int]]:
    """Return the offsets of the marks of each page, by page number, in ascending order.

    The first mark may begin the text; every other mark follows a blank line.
    """
    offsets: dict[str, list[int]] = {}
    for mark in _PAGE_MARK.finditer(text):
        start = mark.start()
        if start == 0 or text.endswith("\n\n", 0, start):
            offsets.setdefault(mark[1], []).append(start)
    return offsets


def _spread(
    pages: Sequence[PageImage], text: str, start: int, end: int
) -> Iterator[tuple[int, PageImage]]:
    """Yield the pages with offsets from `start` to `end`, after white space if possible."""
    offset = start
    for number, page in enumerate(pages, 1):
        even_offset = start + (end - start) * number // (len(pages) + 1)
        last_space = text.rfind(" ", offset, even_offset)
        last_line_end = text.rfind("\n", offset, even_offset)
        gap = max(last_space, last_line_end)
        offset = even_offset if gap < 0 else gap + 1
        yield offset, page
