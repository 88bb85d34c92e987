"""Assigns the image pages of a document to its chunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from desktop_app.domain.conversations.message_parts import DocumentPart, PageImage
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.services.documents.image_attachments import page_tokens

# With more pages at once, a model sees less of each.
MAX_PAGES_PER_CHUNK: Final = 20
# The share of a chunk's tokens for images; the text has the rest.
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
    for offset, page in placed_pages(document, text, model):
        tokens = page_tokens(only_images(document, [page]), model).tokens
        if tokens > max_tokens * MAX_IMAGE_SHARE:
            raise IllegalChoiceError(
                Reason.PAGE_IMAGE_TOO_LARGE, page=page.number, name=document.name, model=model.name
            )
        last_span = spans[-1]
        if (
            len(last_span.pages) == MAX_PAGES_PER_CHUNK
            or last_span.image_tokens + tokens > max_tokens * MAX_IMAGE_SHARE
        ):
            last_span.end = offset
            spans.append(PageSpan(offset, len(text)))
        spans[-1].pages.append((offset, page))
        spans[-1].image_tokens += tokens
    return spans


def only_images(document: DocumentPart, pages: Sequence[PageImage]) -> DocumentPart:
    """Return the document reduced to these image pages."""
    return replace(document, pictured=tuple(pages), in_parts=False, chosen=None)


def placed_pages(
    document: DocumentPart, text: str, model: ModelInfo
) -> list[tuple[int, PageImage]]:
    """Return the pages sent as images, each with the offset of its mark in the text.

    Pages without a mark are spread over the text before the next mark, so that the images of one
    chunk stay few. Return [] if the model sees no images.
    """
    if model.sees_images is False:
        return []
    placed: list[tuple[int, PageImage]] = []
    unmarked: list[PageImage] = []
    last_offset = 0
    for page in document.image_pages:
        mark = f"[page {page.number}]\n"
        offset = (
            0
            if last_offset == 0 and text.startswith(mark)
            else text.find(f"\n\n{mark}", last_offset)
        )
        if offset < 0:
            unmarked.append(page)
            continue
        offset += 2 if offset > 0 else 0
        placed += [*_spread(unmarked, text, last_offset, offset), (offset, page)]
        unmarked, last_offset = [], offset
    return [*placed, *_spread(unmarked, text, last_offset, len(text))]


def _spread(
    pages: Sequence[PageImage], text: str, start: int, end: int
) -> Iterator[tuple[int, PageImage]]:
    """Yield the pages with offsets from `start` to `end`, after white space if possible."""
    offset = start
    for number, page in enumerate(pages, 1):
        even_offset = start + (end - start) * number // (len(pages) + 1)
        offset = (
            max(text.rfind(" ", offset, even_offset), text.rfind("\n", offset, even_offset)) + 1
            or even_offset
        )
        yield offset, page
