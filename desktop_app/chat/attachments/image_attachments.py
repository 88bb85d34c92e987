"""Images for a model: sent, reduced to their names, or refused before sending."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeGuard

from desktop_app.chat.attachments.image_scaling import ImageScaler
from desktop_app.domain.answering.chat_request import RequestPart
from desktop_app.domain.conversations.conversation import Message, Role
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart, Part, TextPart
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.errors import DocumentDoesNotFitError, IllegalChoiceError, Param
from desktop_app.domain.models.model_catalog import FileInputs, ModelInfo
from desktop_app.domain.models.token_counts import LARGEST_SIDE, TokenCount, image_tokens
from desktop_app.domain.prompt_delimiter import one_line
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import N_, tr_plural

# Approximate tokens of the text that replaces an image.
NAME_TOKENS = 30
# Approximate tokens of the text that stands before an image page and names it.
PAGE_NAME_TOKENS = 20
# Image pages per request, for the providers' limits and for memory.
MAX_PAGES = 100
# Generated images that the next question sends back.
MAX_RETURNED_IMAGES = 4
_MAX_NAMED_IMAGES = 3


class ImageForm(NamedTuple):
    """The form in which a model gets images and files.

    A model gets images unless it is known that it cannot see them.
    """

    model: ModelInfo
    images: ImageScaler
    files: FileInputs | None = None

    async def sendable(self, part: ImagePart) -> RequestPart:
        """Return an image as it is sent to the model: its name, if the model sees no images.

        Raises:
            StorageError, DocumentError: the original is missing or cannot be read.
        """
        if self.model.sees_images is False:
            return TextPart(
                f"[picture {one_line(part.name)}, not sent: "
                f"{self.model.name} does not see pictures]"
            )
        return await self.images.scaled_image(part, self.model.image_tokens)

    async def pages(self, part: DocumentPart) -> list[RequestPart]:
        """Return a document's image pages, each after its number.

        Return [] if the model sees no images, and for a document that was read in chunks, whose
        notes cover the pages.

        Raises:
            StorageError, DocumentError: the original is missing or cannot be read.
        """
        if self.model.sees_images is False or part.in_parts or not part.image_pages:
            return []
        page_images = await self.images.page_images(part, self.model.image_tokens)
        parts: list[RequestPart] = []
        for page, image in zip(part.image_pages, page_images, strict=True):
            parts += [TextPart(page_name(part, page.number)), image]
        return parts


def page_name(part: DocumentPart, number: int) -> str:
    """Return the text before a page that is sent as an image."""
    return f"[page {number} of {one_line(part.name)}, as a picture]"


def image_name(part: ImagePart) -> TextPart:
    """Return the text that replaces an image in requests without images."""
    return TextPart(f"[picture {one_line(part.name)}]")


def with_generated_images(messages: Sequence[Message], model: ModelInfo) -> list[Message]:
    """Return the messages, with the newest generated images in the question after them.

    Neither API takes an image of an answer back without storing it, so the question has it.
    """
    returned = list(messages)
    number, images = _newest_generated(returned, model)
    questions = range(number + 1, len(returned))
    question = next((n for n in questions if returned[n].role is Role.USER), None)
    if question is not None:
        parts = _with_returned(returned[question].parts, images)
        returned[question] = replace(returned[question], parts=parts)
    return returned


def edits_image(path: Sequence[Message]) -> bool:
    """Return True if the question, which ends the path, has an image of an earlier answer."""
    *earlier, question = path
    answers = (message for message in earlier if message.role is Role.ASSISTANT)
    made = {part.sha256 for m in answers for part in m.parts if isinstance(part, ImagePart)}
    return any(isinstance(p, ImagePart) and p.sha256 in made for p in question.parts)


def next_returned_images(
    messages: Sequence[Message], attached: Sequence[Part], model: ModelInfo
) -> tuple[Part, ...]:
    """Return what the next question, with `attached`, has in addition: see above."""
    number, images = _newest_generated(messages, model)
    if any(message.role is Role.USER for message in messages[number + 1 :]):
        return ()
    parts = _with_returned(attached, images)
    return parts[: len(parts) - len(attached)]


def _newest_generated(
    messages: Sequence[Message], model: ModelInfo
) -> tuple[int, tuple[ImagePart, ...]]:
    """Return the number of the newest answer with images, and these.

    A model of which nothing is known gets only its own images: it may not see any.
    """
    for number in range(len(messages) - 1, -1, -1):
        message = messages[number]
        images = tuple(part for part in message.parts if isinstance(part, ImagePart))
        if message.role is Role.ASSISTANT and images:
            is_own = message.choice is not None and message.choice.model == model.id
            sees = is_own if model.sees_images is None else model.sees_images
            return number, images[-MAX_RETURNED_IMAGES:] if sees else ()
    return len(messages), ()


def _with_returned(parts: Sequence[Part], images: Iterable[ImagePart]) -> tuple[Part, ...]:
    """Return the parts of a question after the generated images that it does not have already."""
    attached = {part.sha256 for part in parts if isinstance(part, ImagePart)}
    new_images = [image for image in images if image.sha256 not in attached]
    if not new_images:
        return tuple(parts)
    names = ", ".join(one_line(image.name) for image in new_images)
    note = TextPart(f"[pictures that you made in your newest answer with pictures: {names}]")
    return (note, *new_images, *parts)


def with_detail(part: DocumentPart | ImagePart, detail: str) -> DocumentPart | ImagePart:
    """Return an attachment with its images at the detail that the user has set."""
    if isinstance(part, DocumentPart) and not part.pictured:
        return part
    return replace(part, detail=detail)


def page_tokens(part: DocumentPart, model: ModelInfo) -> TokenCount:
    if model.sees_images is False or part.in_parts:
        return TokenCount(0, is_exact=True)
    counts = [
        image_tokens((page.width, page.height), part.detail, model.image_tokens)
        for page in part.image_pages
    ]
    total = sum(count.tokens + PAGE_NAME_TOKENS for count in counts)
    return TokenCount(total, all(count.is_exact for count in counts))


def attached_image_tokens(part: ImagePart, model: ModelInfo) -> TokenCount:
    if model.sees_images is False:
        return TokenCount(NAME_TOKENS, is_exact=False)
    # An image of unknown size counts as the largest.
    size = part.dimensions or (LARGEST_SIDE, LARGEST_SIDE)
    tokens, is_exact = image_tokens(size, part.detail, model.image_tokens)
    return TokenCount(tokens, is_exact and part.dimensions is not None)


def require_image_input(parts: Iterable[Part], model: ModelInfo) -> None:
    """Raise if the parts have images that the model cannot see, or too many image pages.

    Raises:
        IllegalChoiceError: the model does not see images.
        DocumentDoesNotFitError: there are too many image pages, which can be read in chunks.
    """
    parts = tuple(parts)
    if model.sees_images is False and (names := _image_names(parts)):
        documents_with_pages = [p for p in parts if isinstance(p, DocumentPart) and p.image_pages]
        message = N_("{model} doesn’t support images.")
        page_params: dict[str, Param] = {}
        if documents_with_pages:
            part = documents_with_pages[0]
            message = N_("{model} can’t read {count} of {total} pages of {file}, which are images.")
            page_params = {
                "count": len(part.image_pages),
                "total": part.sent_pages or 0,
                "file": part.name,
            }
        hint = N_("Choose another model, or remove {names}.")
        # Every part with images is a document that also has pages with text.
        if all(
            isinstance(part, DocumentPart) and len(part.image_pages) < (part.sent_pages or 0)
            for part in parts
            if has_images(part)
        ):
            hint = N_("Choose another model, or send text only.")
        raise IllegalChoiceError(message, hint, params=page_params, model=model.name, names=names)
    documents = [part for part in parts if isinstance(part, DocumentPart) and not part.in_parts]
    page_count = sum(len(part.image_pages) for part in documents)
    if page_count > MAX_PAGES:
        raise DocumentDoesNotFitError(
            N_("Only {limit} page images can be sent at once ({pages} selected)."),
            hint=N_("Read in parts, select fewer pages, or run OCR."),
            pages=page_count,
            limit=MAX_PAGES,
        )


def unseen_images_notice(path: Sequence[Message], model: ModelInfo) -> NoticeText:
    """Return the notice that the model only got the names of images.

    Return "" if there are no images, or if the model sees them.
    """
    if model.sees_images is not False:
        return ""
    names = _image_names(part for message in path for part in message.parts)
    if not names:
        return ""
    return notice(NoticeCode.IMAGES_NOT_SEEN, model=model.name, names=names)


def has_images(part: Part) -> TypeGuard[DocumentPart | ImagePart]:
    """Return True for an image, or a document with image pages."""
    return isinstance(part, ImagePart) or (
        isinstance(part, DocumentPart) and bool(part.image_pages)
    )


def _image_names(parts: Iterable[Part]) -> str:
    names = list(dict.fromkeys(part.name for part in parts if has_images(part)))
    shown_names = names[:_MAX_NAMED_IMAGES]
    extra_count = len(names) - len(shown_names)
    if extra_count > 0:
        shown_names.append(tr_plural("{count} more", "{count} more", extra_count))
    return joined(shown_names)
