"""Copies attachments of the open conversation for drags to other programs."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, QTimer

from desktop_app.app.state.window_state import WindowState
from desktop_app.domain import hints
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.i18n.translation import N_
from desktop_app.storage.database.temporary_files import TemporaryCopies
from desktop_app.ui.window.main_window import MainWindow

_UNSAFE_CHARACTERS: Final = re.compile(r"[^\w .,()+&'’-]+")
_MAX_STEM_BYTES: Final = 180
_MAX_SUFFIX_BYTES: Final = 48


class AttachmentDrags(QObject):
    """Drags of attachments, as copies under the attachments' names."""

    def __init__(self, window: MainWindow, state: WindowState, copies: TemporaryCopies) -> None:
        super().__init__(window.transcript)
        self._transcript = window.transcript
        self._current = state.current
        self._attachment_store = state.backend.attachments
        self._copies = copies
        window.transcript.drags.file_requested.connect(state.tasks.slot(self._drag))

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
        copy = await asyncio.to_thread(self._copies.make, data, sha256, file_name(part.name))
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
