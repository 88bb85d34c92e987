"""Pictures on their way to a model: seen by it, named to it, or refused before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from desktop_app.domain.chat_request import RequestPart
from desktop_app.domain.conversation import Message
from desktop_app.domain.errors import NOTHING_SENT, IllegalChoiceError
from desktop_app.domain.image_tokens import LARGEST_SIDE, image_tokens
from desktop_app.domain.model_catalog import ModelInfo
from desktop_app.domain.parts import DocumentPart, ImagePart, Part, TextPart
from desktop_app.services.ports import PictureSource

# What a picture's name takes in its place.
NAMED_TOKENS = 30


@dataclass(frozen=True)
class Sight:
    """How one model is shown pictures. What is not known to be blind is taken to see."""

    model: ModelInfo
    pictures: PictureSource

    async def shown(self, part: ImagePart) -> RequestPart:
        """A picture as it is sent to the model.

        Raises:
            StorageError, DocumentError: the original is gone or cannot be read.
        """
        if self.model.sees_images is False:
            return TextPart(
                f"[picture {part.name}, not sent: {self.model.name} does not see pictures]"
            )
        return await self.pictures.scaled(part, self.model.image_tokens)


def named(part: ImagePart) -> TextPart:
    """A picture in a text about a conversation."""
    return TextPart(f"[picture {part.name}]")


def with_detail(part: DocumentPart | ImagePart, detail: str) -> DocumentPart | ImagePart:
    """An attachment as it is attached: pictures at the detail that the person has set."""
    return replace(part, detail=detail) if isinstance(part, ImagePart) else part


def picture_tokens(part: ImagePart, model: ModelInfo) -> tuple[int, bool]:
    """What a picture costs with a model, and whether that is exact."""
    if model.sees_images is False:
        return NAMED_TOKENS, False
    size = part.dimensions
    tokens, exact = image_tokens(
        size or (LARGEST_SIDE, LARGEST_SIDE), part.detail, model.image_tokens
    )
    return tokens, exact and size is not None


def demand_sight(parts: Iterable[Part], model: ModelInfo) -> None:
    """Refuse to ask a model with pictures that it is known not to see.

    Raises:
        IllegalChoiceError: with the reason, and what to do.
    """
    names = _names(parts)
    if names and model.sees_images is False:
        raise IllegalChoiceError(
            f"{model.name} does not see pictures.",
            what_was_kept=NOTHING_SENT,
            what_to_do=f"Choose another model or provider, or remove {names}.",
        )


def blind_notice(path: Sequence[Message], model: ModelInfo) -> str:
    """What is said under an answer of a model that was told the names of pictures only; "" where
    there were none."""
    names = _names(part for message in path for part in message.parts)
    if not names or model.sees_images is not False:
        return ""
    return f"{model.name} does not see pictures: it was told the name alone of {names}."


def _names(parts: Iterable[Part]) -> str:
    names = list(dict.fromkeys(part.name for part in parts if isinstance(part, ImagePart)))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
