"""Images: thumbnails in the transcript, and the originals; drags of attachments as copies.

Only the document worker decodes images, also those within the text of an answer. It returns small
thumbnails as pixels. They are made when they come into view, and a few dozen are cached.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QImage

from desktop_app.app.session import Controller, Session
from desktop_app.composer.prompt_list import PromptList
from desktop_app.documents.worker.protocol import Pixels
from desktop_app.domain import hints
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart, part_id
from desktop_app.domain.documents.document_types import IMAGE_SUFFIXES
from desktop_app.domain.documents.image_header import read_image_header
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.i18n.translation import N_, tr
from desktop_app.markdown.parsing.inline_images import image_bytes_of
from desktop_app.tools.ui.tools_controller import ToolsController
from desktop_app.transcript.media.drawings import device_ratio
from desktop_app.transcript.media.message_images import DIAGRAM_KEY, OPEN_IMAGE, THUMBNAIL_BOX
from desktop_app.transcript.message_items import CHANGE_IMAGE, COPY_DIAGRAM, SAVE_DIAGRAM, SAVE_FILE
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.external_open import open_path
from desktop_app.widgets.file_dialogs import choose_target, save_bytes
from desktop_app.widgets.look.theme import current_theme

MAX_CACHED_THUMBNAILS: Final = 48


def to_qimage(pixels: Pixels) -> QImage:
    """Return a decoded image for painting. Qt never decodes a foreign image in this process."""
    formats = QImage.Format
    stride = 4 * pixels.width  # bytes a row, in RGBA
    image = QImage(pixels.data, pixels.width, pixels.height, stride, formats.Format_RGBA8888)
    # Qt paints this format faster. The converted image owns its bytes, unlike the first one.
    return image.convertToFormat(formats.Format_ARGB32_Premultiplied)


class Thumbnails(QObject):
    """Thumbnails of stored images.

    Signals:
        made(str): the thumbnail of the image with this SHA-256.
    """

    made = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self._tasks = session.tasks
        self._scaler = session.backend.image_scaler
        self._cache: OrderedDict[str, QImage] = OrderedDict()
        self._requested_hashes: set[str] = set()

    def get(self, part: ImagePart) -> QImage | None:
        """Return the thumbnail; start making a missing one, and return None until it is made."""
        image = self._cache.get(part.sha256)
        if image is not None:
            self._cache.move_to_end(part.sha256)
        elif part.sha256 not in self._requested_hashes:
            self._requested_hashes.add(part.sha256)
            self._tasks.start(self._make(part))
        return image

    def cached(self, sha256: str) -> QImage | None:
        """Return a thumbnail, None if it is not in memory."""
        return self._cache.get(sha256)

    async def _make(self, part: ImagePart) -> None:
        try:
            pixels = await self._scaler.thumbnail(part, THUMBNAIL_BOX)
        except UserFacingError:
            return  # not tried again; opening the image reports the error
        self._requested_hashes.discard(part.sha256)
        self._cache[part.sha256] = to_qimage(pixels)
        while len(self._cache) > MAX_CACHED_THUMBNAILS:
            self._cache.popitem(last=False)
        self.made.emit(part.sha256)


_UNSAFE_CHARACTERS: Final = lazy_pattern(r"[^\w .,()+&'’-]+")
_MAX_DIAGRAM_WIDTH: Final = 1_400
"""Pixels at the default text size, an arbitrary number for lines that are as wide as the window."""
_MAX_DIAGRAM_HEIGHT: Final = 16_000
_MAX_STEM_BYTES: Final = 180
_MAX_SUFFIX_BYTES: Final = 48

MessageSource = Callable[[], Iterable[Message]]


class ImagesController(Controller):
    """Connection of stored images with transcripts."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._attachment_store = session.backend.attachments
        self._scaler = session.backend.image_scaler
        self._transcripts: list[TranscriptView] = []
        self.show_images_in(self._transcript, lambda: self._current.path)
        session.of(Thumbnails).made.connect(self._show_thumbnail)
        self._previews: dict[str, str] = {}  # the hash of the newest partial image, by message
        self._running.preview_arrived.connect(self._tasks.slot(self._show_preview))
        self._running.finished.connect(lambda _, answer: self._previews.pop(answer.id, None))
        self._transcript.drags.file_requested.connect(self._tasks.slot(self._drag))

    def show_images_in(self, transcript: TranscriptView, messages: MessageSource) -> None:
        self._transcripts.append(transcript)
        transcript.destroyed.connect(lambda: self._transcripts.remove(transcript))
        transcript.image_requested.connect(partial(self._request_image, messages))

        def run_action(_message_id: str, action: str) -> None:
            if action.startswith(OPEN_IMAGE):
                self._tasks.start(self._open(messages(), action.removeprefix(OPEN_IMAGE)))
            elif action.startswith(SAVE_FILE):
                self._save(_find(messages(), action.removeprefix(SAVE_FILE)))
            elif action.startswith(COPY_DIAGRAM):
                self._tasks.start(self._copy_diagram(action.removeprefix(COPY_DIAGRAM)))
            elif action.startswith(SAVE_DIAGRAM):
                self._save_diagram(action.removeprefix(SAVE_DIAGRAM))
            elif action.startswith(CHANGE_IMAGE):
                self._change(_find_image(messages(), action.removeprefix(CHANGE_IMAGE)))

        transcript.action_requested.connect(run_action)

    def brief_transcript(self, messages: MessageSource) -> TranscriptView:
        """Return a view for a single answer, which shows the images of `messages`."""
        transcript = TranscriptView(current_theme(), is_brief=True)
        prepare_transcript(self._session, transcript)
        self.show_images_in(transcript, messages)
        return transcript

    def _request_image(self, messages: MessageSource, key: str) -> None:
        diagram = self._session.drawer.diagram(key)
        if diagram is not None:
            self._tasks.start(self._show_embedded(key, diagram.png, _diagram_box()))
            return
        data = image_bytes_of(key)
        if data is not None:
            self._tasks.start(self._show_embedded(key, data))
            return
        part = _find_image(messages(), key)
        if part is not None and self._session.of(Thumbnails).get(part) is not None:
            self._show_thumbnail(key)

    async def _show_embedded(
        self, address: str, data: bytes, box: tuple[int, int] = THUMBNAIL_BOX
    ) -> None:
        header = read_image_header(data)
        if header is None:
            return
        try:
            pixels = await self._scaler.decode(data, header.media_type, box)
        except UserFacingError:
            return  # the placeholder stays
        self._show(address, to_qimage(pixels))

    async def _show_preview(self, _conversation_id: str, message_id: str, data: bytes) -> None:
        """Show a partial image below its answer, in the place of the last one."""
        header = read_image_header(data)
        if header is None:
            return
        key = hashlib.sha256(data).hexdigest()
        former = self._previews.get(message_id, "")
        self._previews[message_id] = key
        try:
            pixels = await self._scaler.decode(data, header.media_type, THUMBNAIL_BOX)
        except UserFacingError:
            return  # the next one, or the image itself, will come
        if self._previews.get(message_id) != key:
            return  # a newer one has come, or the answer has ended
        size = (header.width, header.height)
        part = ImagePart(key, "", header.media_type, len(data), *size)
        for transcript in self._transcripts:
            transcript.images.put(key, to_qimage(pixels), instead_of=former)
            transcript.stream.show_preview(message_id, part)

    def _show_thumbnail(self, sha256: str) -> None:
        if (image := self._session.of(Thumbnails).cached(sha256)) is not None:
            self._show(sha256, image)

    def _show(self, key: str, image: QImage) -> None:
        for transcript in self._transcripts:
            transcript.images.show(key, image)

    # -------------------------------------------------------------- originals

    async def _open(self, messages: Iterable[Message], key: str) -> None:
        """Open a read-only copy of an image or a diagram with the system's viewer."""
        part, diagram = _find_image(messages, key), self._session.drawer.diagram(key)
        if part is None and diagram is None:
            return
        if self._current.is_temporary:
            raise IllegalChoiceError(
                N_(
                    "Other apps can’t open images of temporary conversations, since "
                    "that saves them."
                ),
                hint=hints.USE_REGULAR,
            )
        sha256, suffix = key.removeprefix(DIAGRAM_KEY), ".png"
        if part is not None:
            suffix = IMAGE_SUFFIXES.get(part.media_type, suffix)
        data = await self._attachment_store.bytes(sha256) if diagram is None else diagram.png
        # Not the name of the attached file, which may contain anything. The suffix selects the
        # program.
        name = f"{sha256[:16]}{suffix}"
        open_path(await asyncio.to_thread(self._session.copies.make, data, sha256, name))

    def _save(self, part: DocumentPart | ImagePart | None) -> None:
        if part is None:
            return

        async def write(path: Path) -> None:
            data = await self._attachment_store.bytes(part.sha256)
            error = await asyncio.to_thread(save_bytes, path, data)
            self._notifications.notify(error or tr("Saved “{file}”.", file=path.name))

        choose_target(
            self._window,
            tr("Save file"),
            self._tasks.slot(write),
            start=Path.home() / file_name(part.name),
            filters="",
        )

    async def _copy_diagram(self, key: str) -> None:
        diagram = self._session.drawer.diagram(key)
        if diagram is not None:
            pixels = await self._scaler.decode(diagram.png, "image/png")
            QGuiApplication.clipboard().setImage(to_qimage(pixels))
            self._notifications.notify(tr("Picture copied"))

    def _save_diagram(self, key: str) -> None:
        """Ask for a file, and write the picture to it, as SVG if its name ends so."""
        diagram = self._session.drawer.diagram(key)
        if diagram is None:
            return

        async def write(path: Path) -> None:
            is_svg = path.suffix.lower() == ".svg"
            data = diagram.svg.encode() if is_svg else diagram.png
            error = await asyncio.to_thread(save_bytes, path, data)
            self._notifications.notify(error or tr("Saved “{file}”.", file=path.name))

        choose_target(
            self._window,
            tr("Save diagram"),
            self._tasks.slot(write),
            start=Path.home() / f"{file_name(diagram.kind)}.png",
            filters="PNG (*.png);;SVG (*.svg)",
            suffix="png",
        )

    def _change(self, part: ImagePart | None) -> None:
        """Attach a generated image to the prompt, so that the next question changes it."""
        if part is None:
            return
        attachments = self._draft.value.attachments
        if all(part_id(each) != part.sha256 for each in attachments):
            self._draft.set_attachments((*attachments, part))
        self._session.of(ToolsController).make_images(is_on=True)
        self._prompt.focus_text()

    async def _drag(self, sha256: str) -> None:
        part = _find(self._current.path, sha256)
        if part is None:
            return
        if self._current.is_temporary:
            raise IllegalChoiceError(
                N_(
                    "Other apps can’t open documents of temporary conversations, "
                    "since that saves them."
                ),
                hint=hints.USE_REGULAR,
            )
        data = await self._attachment_store.bytes(sha256)
        make = self._session.copies.make
        copy = await asyncio.to_thread(make, data, sha256, file_name(part.name))
        # Not in a task: a drag runs an event loop of its own, in which other tasks run.
        QTimer.singleShot(0, self, partial(self._transcript.drags.drag_file, copy))


def _diagram_box() -> tuple[int, int]:
    """Return the size in device pixels within which the picture of a diagram is shown."""
    theme = current_theme()
    width = round(theme.px(min(theme.max_line_width, _MAX_DIAGRAM_WIDTH)) * device_ratio())
    return width, _MAX_DIAGRAM_HEIGHT


def prepare_transcript(session: Session, transcript: TranscriptView) -> None:
    """Let a transcript show names of models, formulas, diagrams and pages, and colors of code."""
    transcript.set_model_names(session.name_of_model)
    show_titles = partial(transcript.set_question_titles, session.of(PromptList).title_of)
    session.of(PromptList).changed.connect(show_titles)
    show_titles()
    transcript.formula_display.set_typesetter(session.typesetter)
    transcript.highlighter.set_lexer(session.lexer)
    transcript.set_drawer(session.drawer)
    transcript.commands.code_requested.connect(session.events.code_requested)


def _find(messages: Iterable[Message], sha256: str) -> DocumentPart | ImagePart | None:
    parts = (part for message in messages for part in message.attachments)
    return next((part for part in parts if part.sha256 == sha256), None)


def _find_image(messages: Iterable[Message], sha256: str) -> ImagePart | None:
    part = _find(messages, sha256)
    return part if isinstance(part, ImagePart) else None


def file_name(name: str) -> str:
    """Return an attachment's name, which may contain anything, as the name of a file.

    The result has at most 180 + 1 + 48 bytes; file systems allow 255.
    """
    safe_name = _UNSAFE_CHARACTERS.sub("_", name).strip(" .")
    stem, dot, suffix = safe_name.rpartition(".")
    if not dot:
        return _shorten(safe_name, _MAX_STEM_BYTES) or "file"
    return f"{_shorten(stem, _MAX_STEM_BYTES)}.{_shorten(suffix, _MAX_SUFFIX_BYTES)}"


def _shorten(text: str, max_bytes: int) -> str:
    return text.encode("utf-8", "replace")[:max_bytes].decode("utf-8", "ignore")
