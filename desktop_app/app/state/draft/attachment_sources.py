"""The sources of the content of attachments."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from desktop_app.backend.image_scaling import ImageScaler
    from desktop_app.documents.worker.document_worker import DocumentWorker
    from desktop_app.services.prompt_delimiter import DelimiterFactory
    from desktop_app.storage.documents.attachment_store import AttachmentStore


class AttachmentSources(NamedTuple):
    """The sources of an attachment's content, and the tags around it in a question."""

    attachment_store: AttachmentStore
    documents: DocumentWorker
    image_scaler: ImageScaler
    delimiters: DelimiterFactory
