"""Protocols that collections depend on; adapters implement them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from desktop_app.domain.documents.collections import (
    Collection,
    CollectionFile,
    FoundFile,
    PassageLocation,
)
from desktop_app.domain.documents.extracted_document import ExtractedDocument, IndexedPassage
from desktop_app.domain.documents.vectors import UnembeddedPassage, Vector


class PassageReader(Protocol):
    """Reader of files that splits texts into passages: see documents/index/collection_reader.py."""

    # `skip_links_below` leaves out files that are links, or lie behind one, below that folder.
    async def files_in(
        self,
        paths: Sequence[Path],
        *,
        skip_links_below: str | None = None,
        skip_missing: bool = False,
    ) -> Sequence[FoundFile]: ...
    async def read(self, path: Path) -> ExtractedDocument: ...
    async def passages(self, text: str, name: str, media_type: str) -> Sequence[IndexedPassage]: ...


class CollectionStorage(Protocol):
    """Store of collections: see storage/documents/collection_store.py.

    All methods raise StorageError.
    """

    async def all(self) -> list[Collection]: ...
    async def put(self, collection: Collection) -> None: ...
    async def delete(self, collection_id: str) -> None: ...
    async def files(self, collection_id: str) -> list[CollectionFile]: ...
    async def file_counts(self, collection_id: str) -> dict[str, int]: ...
    # By path: the size in bytes and the modification time in nanoseconds when the file was read;
    # -1 and -1 for a file that waits or was removed.
    async def file_stats(self, collection_id: str) -> dict[str, tuple[int, int]]: ...
    async def removed_paths(self, collection_id: str) -> set[str]: ...
    async def mark_removed(self, collection_id: str, path: str) -> None: ...
    # Each file comes with its modification time, in nanoseconds.
    async def put_files(self, files: Sequence[tuple[CollectionFile, int]]) -> None: ...
    async def remove_files(self, collection_id: str, paths: Iterable[str]) -> None: ...
    async def is_indexed(self, sha256: str) -> bool: ...
    async def index_passages(self, sha256: str, passages: Sequence[IndexedPassage]) -> None: ...
    async def remove_unreferenced(self) -> None: ...
    async def find(
        self, collection_ids: Sequence[str], words: Sequence[str], limit: int
    ) -> Sequence[PassageLocation]: ...
    # None for a passage that has no text any more.
    async def texts(self, locations: Sequence[PassageLocation]) -> list[str | None]: ...


class VectorStorage(Protocol):
    """Store of vectors: see storage/documents/vector_store.py. Raises StorageError."""

    # The number of passages without a vector, and of their tokens.
    async def count_missing(self, collection_id: str, model: str) -> tuple[int, int]: ...
    async def has_any(self, collection_ids: Sequence[str], model: str) -> bool: ...
    async def next_missing(
        self, collection_id: str, model: str, limit: int
    ) -> Sequence[UnembeddedPassage]: ...
    async def put(self, model: str, vectors: Sequence[tuple[int, Vector]]) -> None: ...
    async def nearest(
        self, collection_ids: Sequence[str], model: str, vector: Vector, limit: int
    ) -> Sequence[PassageLocation]: ...


class Originals(Protocol):
    """Store of original files and their texts: see storage/documents/attachment_store.py."""

    async def add_document(
        self, source: Path, document: ExtractedDocument, *, is_searchable: bool
    ) -> object: ...
    async def text(self, sha256: str) -> str: ...
