"""Protocols that collections depend on; adapters implement them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from desktop_app.domain.documents.collections import Collection, CollectionFile
from desktop_app.domain.documents.document_notes import DocumentNote
from desktop_app.domain.documents.vectors import Vector


class Found(Protocol):
    """A file on disk, with its size in bytes and its modification time in nanoseconds."""

    @property
    def path(self) -> Path: ...

    @property
    def size(self) -> int: ...

    @property
    def modified(self) -> int: ...


class Document(Protocol):
    """The content of a file: see documents/worker/protocol.ExtractedDocument."""

    @property
    def name(self) -> str: ...

    @property
    def media_type(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def text(self) -> str: ...

    @property
    def pages(self) -> int | None: ...

    @property
    def tokens(self) -> int: ...

    @property
    def note(self) -> DocumentNote | None: ...


class PassageReader(Protocol):
    """Finds files, reads them and splits texts into passages. Raises DocumentError."""

    async def files_in(
        self, paths: Sequence[Path], *, skip_missing: bool = False
    ) -> Sequence[Found]:
        """Return the files among `paths`, and those in the folders among them, recursively."""

    async def read(self, path: Path) -> Document:
        """Return a file's text; images are refused."""

    async def passages(self, text: str, name: str, media_type: str) -> Sequence[Any]:
        """Return the passages of a document's text, in the form that the index takes."""


class PassageLocation(Protocol):
    """A search result without its text: see StoredPassageLocation in the storage."""

    @property
    def collection_id(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def page(self) -> int | None: ...

    @property
    def place(self) -> str: ...

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...

    @property
    def tokens(self) -> int: ...


class Store(Protocol):
    """Stores collections: see storage/documents/collection_store.py.

    All methods raise StorageError.
    """

    async def all(self) -> list[Collection]: ...
    async def put(self, collection: Collection) -> None: ...
    async def delete(self, collection_id: str) -> None: ...
    async def files(self, collection_id: str) -> list[CollectionFile]: ...
    async def modified(self, collection_id: str) -> dict[str, tuple[int, int]]: ...
    async def removed(self, collection_id: str) -> set[str]: ...
    async def take_out(self, collection_id: str, path: str) -> None: ...
    async def put_files(self, files: Sequence[tuple[CollectionFile, int]]) -> None: ...
    async def remove_files(self, collection_id: str, paths: Iterable[str]) -> None: ...
    async def is_indexed(self, sha256: str) -> bool: ...
    async def enter(self, sha256: str, passages: Sequence[Any]) -> None: ...
    async def tidy(self) -> None: ...
    async def find(
        self, collection_ids: Sequence[str], words: Sequence[str], limit: int
    ) -> Sequence[Any]: ...
    async def texts(self, places: Sequence[Any]) -> list[str | None]: ...


class Vectors(Protocol):
    """Stores vectors: see storage/documents/vector_store.py. Raises StorageError."""

    async def missing(self, collection_id: str, model: str) -> tuple[int, int]: ...
    async def has_any(self, collection_ids: Sequence[str], model: str) -> bool: ...
    async def next_missing(self, collection_id: str, model: str, limit: int) -> Sequence[Any]: ...
    async def put(self, model: str, vectors: Sequence[tuple[int, Vector]]) -> None: ...
    async def nearest(
        self, collection_ids: Sequence[str], model: str, vector: Vector, limit: int
    ) -> Sequence[Any]: ...


class Originals(Protocol):
    """Stores original files and their texts."""

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
        is_found: bool = True,
    ) -> None:
        """Store a document; `is_found` includes it in library searches. Raises StorageError."""

    async def text(self, sha256: str) -> str:
        """Return the stored text. Raises StorageError."""
