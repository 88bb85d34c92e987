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
from desktop_app.domain.documents.vectors import Unembedded, Vector


class PassageReader(Protocol):
    """Finds and reads files, and splits texts: see documents/index/collection_reader.py."""

    async def files_in(
        self, paths: Sequence[Path], *, skip_missing: bool = False
    ) -> Sequence[FoundFile]: ...
    async def read(self, path: Path) -> ExtractedDocument: ...
    async def passages(self, text: str, name: str, media_type: str) -> Sequence[IndexedPassage]: ...


class Store(Protocol):
    """Stores collections: see storage/documents/collection_store.py.

    All methods raise StorageError.
    """

    async def all(self) -> list[Collection]: ...
    async def put(self, collection: Collection) -> None: ...
    async def delete(self, collection_id: str) -> None: ...
    async def files(self, collection_id: str) -> list[CollectionFile]: ...
    async def file_stats(self, collection_id: str) -> dict[str, tuple[int, int]]: ...
    async def removed_paths(self, collection_id: str) -> set[str]: ...
    async def mark_removed(self, collection_id: str, path: str) -> None: ...
    async def put_files(self, files: Sequence[tuple[CollectionFile, int]]) -> None: ...
    async def remove_files(self, collection_id: str, paths: Iterable[str]) -> None: ...
    async def is_indexed(self, sha256: str) -> bool: ...
    async def index_passages(self, sha256: str, passages: Sequence[IndexedPassage]) -> None: ...
    async def remove_unreferenced(self) -> None: ...
    async def find(
        self, collection_ids: Sequence[str], words: Sequence[str], limit: int
    ) -> Sequence[PassageLocation]: ...
    async def texts(self, places: Sequence[PassageLocation]) -> list[str | None]: ...


class Vectors(Protocol):
    """Stores vectors: see storage/documents/vector_store.py. Raises StorageError."""

    async def count_missing(self, collection_id: str, model: str) -> tuple[int, int]: ...
    async def has_any(self, collection_ids: Sequence[str], model: str) -> bool: ...
    async def next_missing(
        self, collection_id: str, model: str, limit: int
    ) -> Sequence[Unembedded]: ...
    async def put(self, model: str, vectors: Sequence[tuple[int, Vector]]) -> None: ...
    async def nearest(
        self, collection_ids: Sequence[str], model: str, vector: Vector, limit: int
    ) -> Sequence[PassageLocation]: ...


class Originals(Protocol):
    """Stores original files and their texts: see storage/documents/attachment_store.py."""

    async def add(
        self,
        source: Path | bytes,
        *,
        sha256: str,
        name: str,
        media_type: str,
        text: str,
        pages: int | None,
        tokens: int | None,
        is_searchable: bool = True,
    ) -> None: ...
    async def text(self, sha256: str) -> str: ...
