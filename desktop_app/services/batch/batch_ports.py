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


class BatchBook(Protocol):
    """Stores batch jobs; see storage/batch/batch_store.py. All methods raise StorageError."""

    async def get(self, job_id: str) -> BatchJob | None:
        """Return a job, or None if there is none."""

    async def rows(self, job_id: str) -> list[BatchItem]:
        """Return the job's files without their answers."""

    async def create(self, job: BatchJob, items: Iterable[BatchItem]) -> None:
        """Store a new job with its files."""

    async def save(self, job: BatchJob) -> None:
        """Store a job's changes, except for its cancellation."""

    async def mark_cancelled(self, job_id: str) -> None:
        """Record that the job is cancelled; the process that runs it then cancels it."""

    async def save_item(self, item: BatchItem) -> None:
        """Store a file's changes."""

    async def remove(self, job_id: str) -> None:
        """Delete a job."""

    async def claim(self, job_id: str) -> bool:
        """Claim the job for this process. Return False if another process has it."""

    async def release(self, job_id: str) -> None:
        """Release the job, so that any process can claim it."""

    async def plan(self, upload: BatchUpload, numbers: Sequence[int]) -> None:
        """Store an upload and the numbers of its files."""

    async def save_upload(self, upload: BatchUpload) -> None:
        """Store an upload's changes."""

    async def save_results(
        self,
        job: BatchJob,
        upload: BatchUpload,
        results: Sequence[BatchResult],
        repeated: frozenset[str],
        cost_of: CostOf,
    ) -> int:
        """Store results. Return the number of results that name no file of the upload."""

    async def finish(
        self,
        upload: BatchUpload,
        status: ItemStatus,
        why: ErrorNote,
        by_number: Mapping[int, ErrorNote],
    ) -> None:
        """Mark an upload whose results have all arrived as finished."""


class BatchProvider(Protocol):
    """Batches at a provider; see providers/jobs/batch_client.py.

    All methods raise ProviderError.
    """

    def line(self, custom_id: str, request: ChatRequest, api: Api) -> bytes:
        """Return a request as a line of the upload file."""

    async def upload(self, name: str, file: BinaryIO, size: int) -> str:
        """Upload a file. Return the provider's id of it."""

    async def find_file(self, name: str) -> str:
        """Return the id of the uploaded file of this name, or ""."""

    async def delete_file(self, file_id: str) -> None:
        """Delete an uploaded file."""

    async def create(self, name: str, input_file_id: str, api: Api) -> RemoteBatch:
        """Create a batch. A second call creates, and bills, a second batch."""

    async def find(self, name: str, input_file_id: str) -> RemoteBatch | None:
        """Return the batch that was created with this name and file, or None."""

    async def fetch(self, batch_id: str) -> RemoteBatch:
        """Return the state of a batch."""

    async def cancel(self, batch_id: str) -> RemoteBatch:
        """Cancel a batch. Return its state."""

    def results(self, file_id: str, api: Api) -> AsyncGenerator[BatchResult | None, None]:
        """Yield the results in a file; None for each line that cannot be read."""


class BatchGateway(Protocol):
    """Opens providers for batches."""

    async def batches(self, profile: ProviderProfile) -> BatchProvider:
        """Return the provider's batches. Raises UserFacingError."""

    async def learned_support(self, profile: ProviderProfile, model: str) -> LearnedSupport:
        """Return what earlier requests have shown about it. Raises StorageError."""
