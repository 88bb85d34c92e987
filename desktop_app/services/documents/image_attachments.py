"""Pictures on their way to a model: seen by it, named to it, or refused before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

from desktop_app.domain.conversations.chat_request import RequestPart
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart, Part, TextPart
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.errors import DocumentDoesNotFitError, IllegalChoiceError, Kept
from desktop_app.domain.models.image_tokens import LARGEST_SIDE, image_tokens
from desktop_app.domain.models.model_catalog import FileInputs, ModelInfo
from desktop_app.services.fence import one_line
from desktop_app.services.ports import PictureSource

# What a picture's name takes in its place.
NAMED_TOKENS = 30
# What stands before a page that is a picture, and says which it is.
PAGE_NAME_TOKENS = 20
# Pages as pictures in one request: what providers take, and what can be held in memory.
MOST_PAGES = 100


@dataclass(frozen=True)
class Sight:
    """How one model is shown pictures, and which documents are sent to it as files. What is not
    known to be blind is taken to see."""

    model: ModelInfo
    pictures: PictureSource
    files: FileInputs | None = None

    async def shown(self, part: ImagePart) -> RequestPart:
        """A picture as it is sent to the model.

        Raises:
            StorageError, DocumentError: the original is gone or cannot be read.
        """
        if self.model.sees_images is False:
            return TextPart(
                f"[picture {one_line(part.name)}, not sent: "
                f"{self.model.name} does not see pictures]"
            )
        return await self.pictures.scaled(part, self.model.image_tokens)

    async def pages(self, part: DocumentPart) -> list[RequestPart]:
        """The pages of a document that hold no text, as pictures, each behind its number; none of
        one that was read in parts, where they were seen.

        Raises:
            StorageError, DocumentError: the original is gone or cannot be read.
        """
        if self.model.sees_images is False or part.in_parts or not part.seen_pages:
            return []
        drawn = await self.pictures.pages(part, self.model.image_tokens)
        shown: list[RequestPart] = []
        for page, picture in zip(part.seen_pages, drawn, strict=True):
            shown += [TextPart(page_name(part, page.number)), picture]
        return shown


def page_name(part: DocumentPart, number: int) -> str:
    """What stands before a page that is sent as a picture."""
    return f"[page {number} of {one_line(part.name)}, as a picture]"


def named(part: ImagePart) -> TextPart:
    """A picture in a text about a conversation."""
    return TextPart(f"[picture {one_line(part.name)}]")


def with_detail(part: DocumentPart | ImagePart, detail: str) -> DocumentPart | ImagePart:
    """An attachment as it is attached: pictures at the detail that the person has set."""
    if isinstance(part, DocumentPart) and not part.pictured:
        return part
    return replace(part, detail=detail)


def page_tokens(part: DocumentPart, model: ModelInfo) -> tuple[int, bool]:
    """What a document's pages without text cost as pictures, and whether that is exact."""
    if model.sees_images is False or part.in_parts:
        return 0, True
    counts = [
        image_tokens((page.width, page.height), part.detail, model.image_tokens)
        for page in part.seen_pages
    ]
    return sum(tokens + PAGE_NAME_TOKENS for tokens, _ in counts), all(
        is_known for _, is_known in counts
    )


def picture_tokens(part: ImagePart, model: ModelInfo) -> tuple[int, bool]:
    """What a picture costs with a model, and whether that is exact."""
    if model.sees_images is False:
        return NAMED_TOKENS, False
    size = part.dimensions
    tokens, exact = image_tokens(
        size or (LARGEST_SIDE, LARGEST_SIDE), part.detail, model.image_tokens
    )
    return tokens, exact and size is not None


def require_image_input(parts: Iterable[Part], model: ModelInfo) -> None:
    """Refuse to ask a model with pictures that it is known not to see, and with too many pages.

    Raises:
        IllegalChoiceError: with the reason, and what to do.
        DocumentDoesNotFitError: too many pages, which can be read in parts.
    """
    parts = tuple(parts)
    names = _names(parts)
    if names and model.sees_images is False:
        alone = " Or send the text alone: the menu on its chip." if _has_text(parts) else ""
        raise IllegalChoiceError(
            f"{model.name} does not see pictures{_pages_named(parts)}.",
            what_was_kept=Kept.PROMPT,
            what_to_do=f"Choose another model or provider, or remove {names}.{alone}",
        )
    documents = [part for part in parts if isinstance(part, DocumentPart) and not part.in_parts]
    pages = sum(len(part.seen_pages) for part in documents)
    if pages > MOST_PAGES:
        raise DocumentDoesNotFitError(
            f"{pages} pages would be sent as pictures; {MOST_PAGES} can be sent at once.",
            what_was_kept=Kept.PROMPT,
            what_to_do="Have them read in parts, choose fewer pages in the preview, or run text "
            "recognition (OCR) over them first.",
        )


def blind_notice(path: Sequence[Message], model: ModelInfo) -> NoticeText:
    """Return the notice that the model was only told the names of images; "" if there were none."""
    names = _names(part for message in path for part in message.parts)
    if not names or model.sees_images is not False:
        return ""
    return notice(NoticeCode.IMAGES_NOT_SEEN, model=model.name, names=names)


def _is_seen(part: Part) -> TypeGuard[DocumentPart | ImagePart]:
    """Whether a part is looked at: a picture, or a document with pages that are."""
    return isinstance(part, ImagePart) or (isinstance(part, DocumentPart) and bool(part.seen_pages))


def _has_text(parts: Iterable[Part]) -> bool:
    """Whether all that is to be seen are documents that hold text, too."""
    seen = [part for part in parts if _is_seen(part)]
    return all(
        isinstance(part, DocumentPart) and len(part.seen_pages) < (part.sent_pages or 0)
        for part in seen
    )


def _pages_named(parts: Iterable[Part]) -> str:
    """Which documents' pages are pictures, as a clause; "" where there are none."""
    texts = [
        f"{len(part.seen_pages)} of the {part.sent_pages} pages of {part.name} are pictures"
        for part in parts
        if isinstance(part, DocumentPart) and part.seen_pages
    ]
    return f", and {' and '.join(texts[:2])}" if texts else ""


def _names(parts: Iterable[Part]) -> str:
    names = list(dict.fromkeys(part.name for part in parts if _is_seen(part)))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
