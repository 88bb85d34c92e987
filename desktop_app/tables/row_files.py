"""The documents of rows: read once, and again when their files have changed."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain import errors, hints
from desktop_app.domain.conversations.message_parts import ChosenPages, DocumentPart
from desktop_app.domain.documents.document_sections import unit_of
from desktop_app.domain.error_note import note_from_error
from desktop_app.i18n.translation import N_
from desktop_app.providers.jobs.batch_jobs import file_at
from desktop_app.tables.table import NewRow, Row

if TYPE_CHECKING:
    from desktop_app.tables.table_service import TableParts

OnProgress = Callable[[int, int], object]
"""Called with the number of documents read and the number of all."""
_GONE: Final = "gone"
"""The stamp of a file that is not there."""


class RowFiles:
    """Reads the documents of rows. All methods raise StorageError; calls can be repeated."""

    def __init__(self, parts: TableParts) -> None:
        self._parts, self._store = parts, parts.store

    async def read(
        self, table_id: str, row_ids: Sequence[int] = (), on_progress: OnProgress | None = None
    ) -> list[str]:
        """Read the documents of rows that were not read, or whose files have changed since.

        A row keeps why that failed. Return the paths of files that are gone; what was read of them
        stays. `row_ids` are () for all rows.
        """
        files = await self._store.files(table_id, row_ids)
        stamps = await asyncio.to_thread(_stamps_of, [paths for _, paths, *_ in files])
        unread = []
        gone: dict[str, None] = {}
        for row_id, paths, former, is_read in files:
            now = tuple(stamps[path] for path in paths)
            if is_read and _GONE in now:
                gone |= {path: None for path in paths if stamps[path] == _GONE}
            elif not is_read or now != former:
                unread.append((row_id, now))
        for number, (row_id, now) in enumerate(unread):
            if on_progress is not None:
                on_progress(number, len(unread))
            row = await self._store.row(row_id)
            is_read = row is not None and bool(row.parts) and row.error is None
            if row is not None and not (is_read and await self._is_same(row)):
                row = await self.with_documents(row)
            if row is not None:
                await self._store.save_row(replace(row, stamps=now))
        if on_progress is not None and unread:
            on_progress(len(unread), len(unread))
        return list(gone)

    async def _is_same(self, row: Row) -> bool:
        """Return True if the files have the bytes that were read, such as after a copy."""
        paths = [file_at(name) for name in row.paths]
        try:
            hashes = await asyncio.to_thread(lambda: [_hash_of(path) for path in paths])
        except OSError:
            return False
        return hashes == [part.sha256 for part in row.parts]

    async def with_documents(self, row: Row) -> Row:
        """Return a row with its documents, or why they cannot be read."""
        try:
            parts = [await self._read_document(file_at(name)) for name in row.paths]
        except errors.StorageError:
            raise  # the store fails, not the file
        except errors.UserFacingError as error:
            if isinstance(error, errors.DocumentEncryptedError):
                error = error.with_hint(N_("Save a copy without a password and add that."))
            return replace(row, error=note_from_error(error))
        if row.page is not None:
            parts = [_of_page(part, row.page) for part in parts]
        return replace(row, parts=tuple(parts), error=None)

    async def _read_document(self, path: Path) -> Any:
        # A stored path was free of links. If it is not any more, a link has replaced a file or
        # folder since, and would send another file than the user chose.
        if await asyncio.to_thread(os.path.realpath, path) != str(path):
            raise errors.DocumentError(
                N_("“{name}” isn’t a file."), hint=hints.CHECK_FILE, name=path.name
            )
        document = await self._parts.documents.extract(path, asks=True)
        return await self._parts.attachments.add_document(path, document)

    async def by_page(self, rows: Sequence[NewRow], on_progress: OnProgress | None) -> list[NewRow]:
        """Return a row for each page of the documents of rows, which are read for that."""
        found: list[NewRow] = []
        for number, new in enumerate(rows):
            if on_progress is not None:
                on_progress(number, len(rows))
            stamps = await asyncio.to_thread(_stamps_of, [new.row.paths])
            row = await self.with_documents(new.row)
            row = replace(row, stamps=tuple(stamps[path] for path in row.paths))
            part = row.parts[0] if row.parts else None
            unit = unit_of(part) if isinstance(part, DocumentPart) else ""
            if not unit or not isinstance(part, DocumentPart) or not part.pages:
                found.append(NewRow(row))
                continue
            for page in range(1, part.pages + 1):
                parts = (_of_page(part, page),)
                name = f"{row.name}, {unit} {page}"
                found.append(NewRow(replace(row, name=name, page=page, parts=parts)))
        return found


def _of_page(part: Any, page: int) -> Any:
    """Return a document of which one page is sent; as it is if it has no such page."""
    unit = unit_of(part) if isinstance(part, DocumentPart) else ""
    if not unit or page > (part.pages or 0):
        return part
    return replace(part, chosen=ChosenPages(unit, ((page, page),), of=part.pages))


def _stamps_of(rows: Sequence[Sequence[str]]) -> Mapping[str, str]:
    """Return the size and time of files, by their paths. Blocking."""
    stamps: dict[str, str] = {}
    for path in (path for paths in rows for path in paths):
        if path not in stamps:
            try:
                found = os.stat(file_at(path))  # noqa: PTH116 - 100,000 files in half the time
                stamps[path] = f"{found.st_size} {found.st_mtime_ns}"
            except (OSError, ValueError):
                stamps[path] = _GONE
    return stamps


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
