"""Assigns the image pages of a document to its chunks."""

from __future__ import annotations

from collections.abc import Sequence
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
