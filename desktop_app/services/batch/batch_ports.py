"""Protocols that batch jobs depend on; adapters implement them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Protocol

from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.batch.batch_jobs import (
    BatchItem,
    BatchJob,
    BatchResult,
    BatchUpload,
    ItemStatus,
    RemoteBatch,
)
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.parameter_support import LearnedSupport

ReadFile = Callable[[Path], Awaitable[DocumentPart | ImagePart]]
"""Reads a file and stores it in the attachment store. Raises UserFacingError."""
Profiles = Callable[[], Awaitable[Sequence[ProviderProfile]]]
"""Returns all configured providers."""
CostOf = Callable[[BatchResult], Decimal | None]
"""Returns the cost of a result in US dollars; None if it is unknown."""


class BatchStorage(Protocol):
    """Store of batch jobs; see storage/batch/batch_store.py. All methods raise StorageError.

    `get` returns None for an unknown job, `save_results` the number of results that match no file
    of the upload.
    """

    async def get(self, job_id: str) -> BatchJob | None: ...
    async def items(self, job_id: str) -> list[BatchItem]: ...
    async def has_unsent_files(self, job_id: str) -> bool: ...
    async def create(self, job: BatchJob, items: Iterable[BatchItem]) -> None: ...
    async def save(self, job: BatchJob) -> None: ...
    async def mark_cancelled(self, job_id: str) -> None: ...
    async def save_item(self, item: BatchItem) -> None: ...
    async def remove(self, job_id: str) -> None: ...
    async def add_upload(self, upload: BatchUpload, numbers: Sequence[int]) -> None: ...
    async def save_upload(self, upload: BatchUpload) -> None: ...
    async def save_results(
        self,
        job: BatchJob,
        upload: BatchUpload,
        results: Sequence[BatchResult],
        repeated_ids: frozenset[str],
        cost_of: CostOf,
    ) -> int: ...
    async def end_upload(
        self,
        upload: BatchUpload,
        status: ItemStatus,
        error: ErrorNote,
        errors_by_number: Mapping[int, ErrorNote],
    ) -> None: ...


class BatchProvider(Protocol):
    """Batches at a provider; see providers/jobs/batch_client.py.

    `find_file` returns "", and `find` None, if the provider has nothing of that name. `results`
    yields None for an invalid line. All methods raise ProviderError.
    """

    def line(self, custom_id: str, request: ChatRequest, api: Api) -> bytes: ...
    async def upload(self, name: str, file: BinaryIO, size: int) -> str: ...
    async def find_file(self, name: str) -> str: ...
    async def delete_file(self, file_id: str) -> None: ...
    async def create(self, name: str, input_file_id: str, api: Api) -> RemoteBatch: ...
    async def find(self, name: str, input_file_id: str) -> RemoteBatch | None: ...
    async def fetch(self, batch_id: str) -> RemoteBatch: ...
    async def cancel(self, batch_id: str) -> RemoteBatch: ...
    def results(self, file_id: str, api: Api) -> AsyncGenerator[BatchResult | None, None]: ...


class BatchGateway(Protocol):
    """Source of providers for batches."""

    async def batches(self, profile: ProviderProfile) -> BatchProvider:
        """Return the client for a provider's batches. Raises UserFacingError."""

    async def learned_support(self, profile: ProviderProfile, model: str) -> LearnedSupport:
        """Return the API, and the settings refused for a model, if known. Raises StorageError."""
