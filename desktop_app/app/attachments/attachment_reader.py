"""Turns a file, a text or an image into an attachment, also for the quick prompt."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage

from desktop_app.app.state.window_state import WindowState
from desktop_app.documents.worker.document_worker import OnProgress
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.domain.documents.document_notes import DocumentNote
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from desktop_app.i18n.translation import N_, tr
from desktop_app.services.documents.file_attachments import apply_file_preference
from desktop_app.services.documents.image_attachments import with_detail
from desktop_app.services.models.choice_resolution import ResolvedChoice
from desktop_app.ui.composer.dropped_content import DroppedData

PASTED_NAME = N_("Pasted text.txt")
"""The name of pasted text that is attached, marked for translation."""

ATTACHED_TEXT = "the attached text"
"""The words in a prompt that tell the model that a value is attached, because it is long."""


class AttachmentReader:
    """Reader that stores dropped or pasted content as an attachment."""

    def __init__(self, state: WindowState) -> None:
        self._setup = state.setup
        self._attachment_store = state.sources.attachment_store
        self._documents = state.sources.documents

    async def read(
        self,
        content: Path | str | DroppedData,
        on_progress: OnProgress,
        conversation_id: str = "",
        password: str = "",
        *,
        resolved: ResolvedChoice | None = None,
    ) -> tuple[DocumentPart | ImagePart, DocumentNote | None]:
        """Store the content; return its message part, and a note on how it was read, if any.

        Args:
            conversation_id: if it is that of a temporary conversation, the attachment stays in
                memory.
            resolved: the model that would be asked; by default the open conversation's.

        Raises:
            DocumentError, StorageError: the content cannot be attached.
        """
        document: ExtractedDocument
        source: Path | bytes
        if isinstance(content, Path):
            source = content
            document = await self._documents.extract(content, on_progress, password=password)
        else:
            name = tr(PASTED_NAME) if isinstance(content, str) else content.name
            source = await _bytes_of(content)
            document = await self._documents.extract_bytes(
                name, source, on_progress, password=password
            )
        part = await self._attachment_store.add_document(source, document, conversation_id)
        part = with_detail(part, str(self._setup.values["answer.image_detail"]))
        as_files = bool(self._setup.values["answer.documents_as_files"])
        part = apply_file_preference(part, resolved or self._setup.resolved, as_files=as_files)
        return part, document.note


async def _bytes_of(content: str | DroppedData) -> bytes:
    if isinstance(content, str):
        return content.encode("utf-8", "surrogatepass")
    if isinstance(content.content, bytes):
        return content.content
    return await asyncio.to_thread(_png_of, content.content)


def _png_of(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())
