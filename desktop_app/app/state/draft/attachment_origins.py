"""The files that attachments were read from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.storage.documents.attachment_store import AttachmentStore


class AttachmentOrigins:
    """Paths of attached files by SHA-256, as far as known."""

    def __init__(self, store: AttachmentStore) -> None:
        self._store = store
        self._paths: dict[str, Path] = {}

    @property
    def paths(self) -> Mapping[str, Path]:
        """Return all known paths by SHA-256."""
        return self._paths

    def add(self, sha256: str, path: Path) -> None:
        """Record the path of an attached file in memory."""
        self._paths[sha256] = path

    async def load(self, hashes: Iterable[str]) -> None:
        """Load the paths of attachments from the store."""
        unknown = [sha256 for sha256 in hashes if sha256 not in self._paths]
        if unknown:
            self._paths |= await self._store.origins(unknown)
