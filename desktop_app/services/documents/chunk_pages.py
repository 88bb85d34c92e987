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
        tokens: the tokens of the images.
    """

    start: int
    end: int
    pages: list[tuple[int, PageImage]] = field(default_factory=list)
    tokens: int = 0


def page_spans(
    document: DocumentPart, text: str, max_tokens: int, model: ModelInfo
) -> list[PageSpan]:
    """Split a text into as few spans as its images allow: a single span if none is sent.

    Raises:
        IllegalChoiceError: a single image is too large for a chunk of `max_tokens` tokens.
    """
    made = [PageSpan(0, len(text))]
    for at, page in placed_pages(document, text, model):
        single_page = replace(document, pictured=(page,), in_parts=False, chosen=None)
        tokens, _ = page_tokens(single_page, model)
        if tokens > max_tokens * MAX_IMAGE_SHARE:
            raise IllegalChoiceError(
                Reason.PAGE_IMAGE_TOO_LARGE, page=page.number, name=document.name, model=model.name
            )
        last = made[-1]
        if (
            len(last.pages) == MAX_PAGES_PER_CHUNK
            or last.tokens + tokens > max_tokens * MAX_IMAGE_SHARE
        ):
            last.end = at
            made.append(PageSpan(at, len(text)))
        made[-1].pages.append((at, page))
        made[-1].tokens += tokens
    return made


def placed_pages(
    document: DocumentPart, text: str, model: ModelInfo
) -> list[tuple[int, PageImage]]:
    """Return the pages sent as images, each with the offset of its mark in the text.

    Pages without a mark are spread over the text before the next mark, so that the images of one
    chunk stay few. Return [] if the model sees no images.
    """
    if model.sees_images is False:
        return []
    found: list[tuple[int, PageImage]] = []
    unmarked: list[PageImage] = []
    at = 0
    for page in document.image_pages:
        mark = f"[page {page.number}]\n"
        place = 0 if at == 0 and text.startswith(mark) else text.find(f"\n\n{mark}", at)
        if place < 0:
            unmarked.append(page)
            continue
        place += 2 if place > 0 else 0
        found += [*_spread(unmarked, text, at, place), (place, page)]
        unmarked, at = [], place
    return [*found, *_spread(unmarked, text, at, len(text))]


def _spread(
    pages: Sequence[PageImage], text: str, start: int, end: int
) -> Iterator[tuple[int, PageImage]]:
    """Yield the pages with offsets from `start` to `end`, after white space if possible."""
    at = start
    for number, page in enumerate(pages, 1):
        even = start + (end - start) * number // (len(pages) + 1)
        at = max(text.rfind(" ", at, even), text.rfind("\n", at, even)) + 1 or even
        yield at, page
