"""Where the pages of a document that are pictures go when it is read in parts: with their part."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from desktop_app.domain.conversations.message_parts import DocumentPart, PageImage
from desktop_app.domain.errors import IllegalChoiceError, Kept
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.services.documents.image_attachments import page_tokens

# So many go with one part: a model that looks at more of them at once sees less of each.
MOST_SEEN: Final = 20
# Of the room for a part, so much is for pictures; the rest is the text's.
PICTURES_SHARE: Final = 0.5


@dataclass
class PageSpan:
    """A stretch of a document's text, in characters, whose pictures fit one part together.

    Attributes:
        pages: those that are pictures, each with where its mark stands.
        tokens: of the pictures.
    """

    start: int
    end: int = 0
    pages: list[tuple[int, PageImage]] = field(default_factory=list)
    tokens: int = 0


def page_spans(document: DocumentPart, text: str, room: int, model: ModelInfo) -> list[PageSpan]:
    """All of a text, as few stretches as its pictures allow; one where none is sent.

    Raises:
        IllegalChoiceError: one picture alone is too large for a part of `room` tokens.
    """
    made = [PageSpan(0)]
    for at, page in _placed(document, text) if model.sees_images is not False else ():
        alone = replace(document, pictured=(page,), in_parts=False, chosen=None)
        tokens, _ = page_tokens(alone, model)
        if tokens > room * PICTURES_SHARE:
            raise _too_small(document, page, model)
        last = made[-1]
        if len(last.pages) == MOST_SEEN or last.tokens + tokens > room * PICTURES_SHARE:
            last.end = at
            made.append(PageSpan(at))
        made[-1].pages.append((at, page))
        made[-1].tokens += tokens
    made[-1].end = len(text)
    return made


def _placed(document: DocumentPart, text: str) -> list[tuple[int, PageImage]]:
    """The pages that are sent as pictures, each with where its mark stands in what is sent."""
    found, at = [], 0
    for page in document.seen_pages:
        mark = f"[page {page.number}]\n"
        place = 0 if at == 0 and text.startswith(mark) else text.find(f"\n\n{mark}", at)
        at = max(at, place + 2 if place > 0 else place)
        found.append((at, page))
    return found


def _too_small(document: DocumentPart, page: PageImage, model: ModelInfo) -> IllegalChoiceError:
    return IllegalChoiceError(
        f"Page {page.number} of “{document.name}” is a picture that is too large for {model.name}.",
        what_was_kept=Kept.PROMPT,
        what_to_do="Choose a lower detail or the text alone in the menu on its chip, or a model with "
        "a larger window.",
    )
