"""What collections need of the world, as Protocols that the adapters satisfy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from desktop_app.domain.documents.collections import Collection, CollectionFile
from desktop_app.domain.documents.vectors import Vector


class Found(Protocol):
    """A file as it lies in its folder: size in bytes, time of last change in nanoseconds."""

    @property
    def path(self) -> Path: ...

    @property
    def size(self) -> int: ...

    @property
    def modified(self) -> int: ...


class Document(Protocol):
    """What was read from a file: see documents/protocol.ExtractedDocument."""

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
    def note(self) -> str: ...


class PassageReader(Protocol):
    """Finds files, reads them, makes words of texts. Raises DocumentError."""

    async def files_in(
        self, paths: Sequence[Path], *, skip_missing: bool = False
    ) -> Sequence[Found]:
        """The files among `paths` and in the folders among them, those below too."""

    async def read(self, path: Path) -> Document:
        """A file's text; pictures are refused."""

    async def passages(self, text: str, name: str, media_type: str) -> Sequence[Any]:
        """The passages of a document's text, as the index takes them."""


class PassageLocation(Protocol):
    """A passage that was found, less its text: see storage/collections.Place."""

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
    """Where collections are kept: see storage/documents/collection_store.py. Raises StorageError."""

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
    """Where vectors are kept: see storage/documents/vector_store.py. Raises StorageError."""

    async def missing(self, collection_id: str, model: str) -> tuple[int, int]: ...
    async def has_any(self, collection_ids: Sequence[str], model: str) -> bool: ...
    async def next_missing(self, collection_id: str, model: str, limit: int) -> Sequence[Any]: ...
    async def put(self, model: str, vectors: Sequence[tuple[int, Vector]]) -> None: ...
    async def nearest(
        self, collection_ids: Sequence[str], model: str, vector: Vector, limit: int
    ) -> Sequence[Any]: ...


class Originals(Protocol):
    """Where originals and texts are kept."""

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
        """Keep one; `is_found`: a search through the library finds it. Raises StorageError."""

    async def text(self, sha256: str) -> str:
        """The text as it is kept. Raises StorageError."""
