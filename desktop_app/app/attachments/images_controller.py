"""Pictures on the screen: small ones on chips and in the transcript, and the kept original on a click.

A picture is unpacked in the documents process only; what arrives here was packed there, small and
plain. They are made when they come into view, and a few dozen are held.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from desktop_app.app.attachments.attachment_facts import PREVIEW, price_note, shares
from desktop_app.domain.conversations.message_parts import ImagePart
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.domain.models.image_tokens import DETAILS, sent_size
from desktop_app.services.documents.image_attachments import picture_tokens
from desktop_app.storage.database.temporary_files import TemporaryFolder
from desktop_app.ui.composer.attachment_chips import Chip
from desktop_app.ui.transcript.media.message_images import OPEN, THUMBNAIL_BOX
from desktop_app.ui.widgets.external_open import open_path

if TYPE_CHECKING:
    from desktop_app.app.state.open_conversation import OpenConversation
    from desktop_app.app.tasks import Tasks
    from desktop_app.backend.backend import Backend
    from desktop_app.domain.models.model_catalog import ModelInfo
    from desktop_app.services.chat.model_choice import ResolvedChoice
    from desktop_app.ui.transcript.view import TranscriptView

MOST_HELD: Final = 48
_ENDINGS: Final = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tiff",
}


class ImagesController(QObject):
    """Between the kept pictures and what shows them.

    Signals:
        thumbnail_ready(str): the picture of this hash can be shown small now.
    """

    thumbnail_ready = Signal(str)

    def __init__(
        self,
        transcript: TranscriptView,
        *,
        current: OpenConversation,
        tasks: Tasks,
        backend: Backend,
    ) -> None:
        super().__init__(transcript)
        self._current, self._tasks, self._backend = current, tasks, backend
        self._transcript = transcript
        self._held: OrderedDict[str, QImage] = OrderedDict()
        self._making: set[str] = set()
        self._copies: TemporaryFolder | None = None
        transcript.image_requested.connect(self._show_in_transcript)
        transcript.action_requested.connect(self._act)
        self.thumbnail_ready.connect(self._hand_over)

    # -------------------------------------------------------------- small

    def thumbnail(self, part: ImagePart) -> QImage | None:
        """The picture, small; None until `thumbnail_made` tells of it."""
        found = self._held.get(part.sha256)
        if found is not None:
            self._held.move_to_end(part.sha256)
        elif part.sha256 not in self._making:
            self._making.add(part.sha256)
            self._tasks.start(self._make(part))
        return found

    async def _make(self, part: ImagePart) -> None:
        try:
            made = await self._backend.pictures.within(part, THUMBNAIL_BOX)
        except UserFacingError:
            return  # the name stands where the picture would; opening it says what is wrong
        image = await asyncio.to_thread(QImage.fromData, made.data)
        self._making.discard(part.sha256)
        self._held[part.sha256] = image
        while len(self._held) > MOST_HELD:
            self._held.popitem(last=False)
        self.thumbnail_ready.emit(part.sha256)

    def _show_in_transcript(self, sha256: str) -> None:
        part = self._part(sha256)
        if part is not None and self.thumbnail(part) is not None:
            self._hand_over(sha256)

    def _hand_over(self, sha256: str) -> None:
        self._transcript.set_picture(sha256, self._held[sha256])

    def _part(self, sha256: str) -> ImagePart | None:
        """A picture of the open conversation."""
        parts = (part for message in self._current.path for part in message.attachments)
        return next((p for p in parts if isinstance(p, ImagePart) and p.sha256 == sha256), None)

    # -------------------------------------------------------------- on a chip

    def chip(self, part: ImagePart, resolved: ResolvedChoice) -> Chip:
        """A picture in a prompt, as the model would be shown it."""
        model = resolved.model
        is_blind = model.sees_images is False
        size = part.dimensions
        facts = [f"{part.width} × {part.height}"] if size else []
        facts.append(f"{model.name} does not see pictures" if is_blind else _price(part, model))
        facts += [] if is_blind else shares(picture_tokens(part, model)[0], resolved)
        return Chip(
            part.sha256,
            part.name,
            " · ".join(facts),
            "failed" if is_blind else "ready",
            None,
            "image",
            about="\n".join(filter(None, (_about(part, model), price_note(resolved)))),
            picture=self.thumbnail(part),
            details=tuple((value, _label(part, value, model)) for value in DETAILS),
            chosen=part.detail,
            actions=((PREVIEW, "Preview…", None),),
            has_preview=True,
        )

    # -------------------------------------------------------------- large

    def _act(self, _message_id: str, action: str) -> None:
        part = self._part(action.removeprefix(OPEN)) if action.startswith(OPEN) else None
        if part is not None:
            self._tasks.start(self._open(part))

    async def _open(self, part: ImagePart) -> None:
        """Show the kept original with the system's viewer: a copy that cannot be written to."""
        if self._current.is_private:
            raise IllegalChoiceError(
                "A picture of a private conversation is not handed to another program.",
                what_was_kept="For that it would have to be written to the disk.",
            )
        data = await self._backend.attachments.bytes(part.sha256)
        copy = await asyncio.to_thread(self._copy, part, data)
        open_path(copy)

    def _copy(self, part: ImagePart, data: bytes) -> Path:
        if self._copies is None:
            self._copies = TemporaryFolder(self._backend.folders.temporary)
        # The name is the file's own words: it may hold anything, the ending decides who opens it.
        copy = self._copies.path / f"{part.sha256[:16]}{_ENDINGS.get(part.media_type, '.png')}"
        if not copy.exists():
            copy.write_bytes(data)
            copy.chmod(0o400)
        return copy

    def close(self) -> None:
        """Take away the copies that were opened."""
        if self._copies is not None:
            self._copies.close()


def _price(part: ImagePart, model: ModelInfo) -> str:
    tokens, is_known = picture_tokens(part, model)
    return f"{'' if is_known else '≈ '}{tokens:,} tokens"


def _label(part: ImagePart, detail: str, model: ModelInfo) -> str:
    return f"{detail.capitalize()} · {_price(replace(part, detail=detail), model)}"


def _about(part: ImagePart, model: ModelInfo) -> str:
    """What becomes of a picture when it is sent."""
    lines = []
    if part.animated:
        lines.append("An animation: its first frame is sent.")
    if part.dimensions and model.sees_images is not False:
        width, height = sent_size(part.dimensions, part.detail, model.image_tokens)
        scaled = "" if (width, height) == part.dimensions else f" scaled to {width}×{height},"
        lines.append(f"Sent{scaled} without metadata.")
    return "\n".join(lines)
