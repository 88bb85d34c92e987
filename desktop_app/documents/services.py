"""What documents make of the backend: their reader, the store of attachments, the counter."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.documents.store.note_store import NoteStore
from desktop_app.documents.token_counting import ProviderTokenCounter
from desktop_app.documents.worker.document_worker import DocumentWorker

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend


def document_worker(backend: Backend) -> DocumentWorker:
    worker = DocumentWorker()
    worker.find_transcriber = partial(backend.part, "transcribe")
    backend.on_close.append(worker.aclose)
    return worker


def attachment_store(backend: Backend) -> AttachmentStore:
    async def fetch(sha256: str) -> bool:
        synchronizer = backend.part("synchronizer")
        return synchronizer is not None and bool(await synchronizer.fetch(sha256))

    folder = backend.folders.attachments
    store = AttachmentStore(backend.temporary, folder, backend.documents.extract_bytes, fetch)
    backend.on_close.append(store.close)
    return store


def note_store(backend: Backend) -> NoteStore:
    """Return the store of what was read in parts."""
    return NoteStore(backend.temporary)


def token_counter(backend: Backend) -> ProviderTokenCounter:
    return ProviderTokenCounter(backend.documents, backend.gateway, backend.catalog)
