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
OnProgress = Callable[[int, int], None]
"""Called with the number of files read and the number of all files."""


class BatchStorage(Protocol):
    """Store of batch jobs; see storage/batch/batch_store.py. All methods raise StorageError.

    `get` returns None for an unknown job, `save_results` the number of results without a file.
    """

    async def get(self, job_id: str) -> BatchJob | None: ...
    async def items(self, job_id: str) -> list[BatchItem]: ...
    async def create(self, job: BatchJob, items: Iterable[BatchItem]) -> None: ...
    async def save(self, job: BatchJob) -> None: ...
    async def mark_cancelled(self, job_id: str) -> None: ...
    async def save_item(self, item: BatchItem) -> None: ...
    async def remove(self, job_id: str) -> None: ...
    async def save_upload(self, job_id: str, file_id: str, last_number: int) -> None: ...
    async def forget_upload(self, job_id: str) -> None: ...
    async def save_results(
        self, job: BatchJob, results: Sequence[BatchResult], cost_of: CostOf
    ) -> int: ...
    async def end(
        self,
        job: BatchJob,
        status: ItemStatus,
        error: ErrorNote,
        errors_by_number: Mapping[int, ErrorNote],
    ) -> None: ...


class BatchProvider(Protocol):
    """Batches at a provider; see providers/jobs/batch_client.py.

    `find` returns None if the provider has no such batch. `results` yields None for an invalid
    line. All methods raise ProviderError.
    """

    def line(self, custom_id: str, request: ChatRequest, api: Api) -> bytes: ...
    async def upload(self, name: str, file: BinaryIO) -> str: ...
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
