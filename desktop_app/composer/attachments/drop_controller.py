"""Drops on the conversation list, pasted rich text, and drags of attachments.

A drop on a conversation opens it and goes into its prompt; a drop on a folder goes into a new
conversation there. A separate process converts rich text to Markdown, so that a paste never waits
for a document.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from PySide6.QtCore import QTimer

from desktop_app.app.session import Controller, Session
from desktop_app.composer.dropped_content import DroppedContent
from desktop_app.composer.text.rich_text_paste import RichTextPaste, is_richer, text_of_html
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.domain import hints
from desktop_app.domain.errors import DocumentError, IllegalChoiceError
from desktop_app.i18n.translation import N_, tr

CONVERSION_LIMIT_S = 15.0


class DropController(Controller):
    """Connection of the list's rows and the prompt with attachments and the rich text reader."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._reader: DocumentWorker | None = None
        self._window.conversations.view.content_dropped.connect(self.insert_drop)
        field = self._prompt.field
        field.rich_text_pasted.connect(self._tasks.slot(self._convert))
        field.large_rich_text_pasted.connect(
            lambda text, html: self._tasks.start(self._attach_rich(text, html, self._current.id))
        )
        self._prompt.field.notice_raised.connect(lambda note: self._notifications.notify(note))

    async def aclose(self) -> None:
        """End the reader's process."""
        if self._reader is not None:
            await self._reader.aclose()

    # -------------------------------------------------------------- drops on the list

    def insert_drop(self, dropped: DroppedContent, identifier: str, is_folder: bool) -> None:
        """Open a row's conversation, or a new one in the row's folder, and insert the content.

        If `identifier` is empty, the content goes into the open prompt.
        """
        if identifier and not is_folder:
            self._tasks.start(self._drop_on_conversation(dropped, identifier))
            return
        if identifier:
            self._session.navigator.open_new(identifier)
        self._put_into_prompt(dropped)

    async def _drop_on_conversation(self, dropped: DroppedContent, conversation_id: str) -> None:
        # Attachments go to that conversation even if another is opened meanwhile; text is inserted
        # only if it is open.
        self._attach(dropped, conversation_id)
        await self._session.navigator.open(conversation_id)
        text_content = replace(dropped, files=(), data=None)
        if self._current.id == conversation_id:
            self._prompt.insert_dropped(text_content)
            self._prompt.focus_text()
        elif dropped.is_text:
            self._notifications.notify(tr("Text not inserted because you switched conversations."))

    def _put_into_prompt(self, dropped: DroppedContent) -> None:
        self._attach(dropped, self._current.id)
        self._prompt.insert_dropped(replace(dropped, files=(), data=None))
        self._prompt.focus_text()

    def _attach(self, dropped: DroppedContent, conversation_id: str) -> None:
        if dropped.files:
            self._session.attachments.attach(dropped.files, conversation_id)
        if dropped.data is not None:
            self._session.attachments.attach_content(dropped.data, conversation_id)

    # -------------------------------------------------------------- rich text

    async def _convert(self, paste: RichTextPaste) -> None:
        with suppress(DocumentError):  # the plain text stays
            paste.replace_with(await self._markdown_of(paste.html))

    async def _attach_rich(self, text: str, html: str, conversation_id: str) -> None:
        markdown = await self.markdown_or_text(text, html)
        self._session.attachments.attach_text(markdown, conversation_id)

    async def markdown_or_text(self, text: str, html: str) -> str:
        """Return rich text as Markdown if that has more than the plain text, else plain text."""
        try:
            markdown = await self._markdown_of(html) if html else ""
        except DocumentError:
            markdown = ""
        if await asyncio.to_thread(is_richer, markdown, text):
            return markdown
        return text or text_of_html(html)

    async def _markdown_of(self, html: str) -> str:
        """Return rich text as Markdown, "" if it has no formatting.

        Raises:
            DocumentError: it cannot be read.
        """
        if self._reader is None:
            from desktop_app.documents.worker.document_worker import DocumentWorker, Limits

            self._reader = DocumentWorker(Limits(seconds=CONVERSION_LIMIT_S))
        return await self._reader.markdown_of(html)


_UNSAFE_CHARACTERS: Final = re.compile(r"[^\w .,()+&'’-]+")
_MAX_STEM_BYTES: Final = 180
_MAX_SUFFIX_BYTES: Final = 48


class AttachmentDrags(Controller):
    """Drags of attachments, as copies under the attachments' names."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._attachment_store = session.backend.attachments
        self._transcript.drags.file_requested.connect(self._tasks.slot(self._drag))

    async def _drag(self, sha256: str) -> None:
        parts = (part for message in self._current.path for part in message.attachments)
        part = next((part for part in parts if part.sha256 == sha256), None)
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
