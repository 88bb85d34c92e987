"""Lists the files of collections, and reads them in a worker process.

Attached files and token counts have another worker, so a folder of a thousand files does not delay
them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from desktop_app.documents import refusals
from desktop_app.documents.worker import source_files
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.domain.documents.collections import FoundFile
from desktop_app.domain.documents.document_notes import SkipReason
from desktop_app.domain.documents.extracted_document import ExtractedDocument, IndexedPassage
from desktop_app.domain.errors import DocumentEmptyError
from desktop_app.i18n.translation import N_


class CollectionReader:
    """Reader of the files of collections."""

    def __init__(self, worker: DocumentWorker) -> None:
        self._worker = worker

    async def files_in(
        self, paths: Sequence[Path], *, skip_missing: bool = False
    ) -> list[FoundFile]:
        """Return the files among `paths`, and those in the folders among `paths`.

        Subfolders are included to a depth of 16. Hidden files and symbolic links in folders are
        left out. A subfolder that cannot be listed is returned like a file, so that the attempt
        to read it says why.

        Raises:
            DocumentError: a path cannot be read, or it does not exist and `skip_missing` is False.
        """
        return await asyncio.to_thread(lambda: list(_files_in(paths, skip_missing)))

    async def read(self, path: Path) -> ExtractedDocument:
        """Return the document in a file.

        Raises:
            DocumentEmptyError: it has no text: it is an image or a scan.
            DocumentError: it cannot be read.
        """
        document = await self._worker.extract(path)
        # Only an image has a width. In a scan, every page is an image.
        if document.width or len(document.pictured) == document.pages:
            raise DocumentEmptyError(
                N_("“{name}” contains only images."), hint=N_("Run OCR first."), name=document.name
            )
        return document

    async def passages(self, text: str, name: str, media_type: str) -> list[IndexedPassage]:
        return await self._worker.passages(text, name, media_type)


def _files_in(paths: Sequence[Path], skip_missing: bool) -> Iterator[FoundFile]:
    for path in dict.fromkeys(paths):
        try:
            if not path.is_dir():
                yield _to_found_file(path)
                continue
            for file, reason in source_files.files_below(path):
                if reason in (None, SkipReason.UNREADABLE):
                    with suppress(FileNotFoundError):  # deleted since the folder was listed
                        yield _to_found_file(file)
        except FileNotFoundError as error:
            if not skip_missing:
                raise refusals.unreadable_error(path.name, error) from error
        except OSError as error:
            raise refusals.unreadable_error(path.name or str(path), error) from error


def _to_found_file(path: Path) -> FoundFile:
    status = path.stat()
    return FoundFile(path, status.st_size, status.st_mtime_ns)
