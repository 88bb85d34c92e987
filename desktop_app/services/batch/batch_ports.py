"""What batch jobs need of the world, as Protocols that the adapters satisfy."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Protocol

from desktop_app.domain.batch.batch_jobs import (
    BatchItem,
    BatchJob,
    BatchResult,
    BatchUpload,
    ItemStatus,
    RemoteBatch,
)
from desktop_app.domain.conversations.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.domain.spending.cost import Usage

ReadFile = Callable[[Path], Awaitable[DocumentPart | ImagePart]]
"""Reads a file and keeps it in the attachment store. Raises UserFacingError."""
Profiles = Callable[[], Awaitable[Sequence[ProviderProfile]]]
"""Every provider there is now."""


class BatchBook(Protocol):
    """Where jobs are kept; see storage/batch/batch_store.py. All methods raise StorageError."""

    async def get(self, job_id: str) -> BatchJob | None:
        """One job."""

    async def rows(self, job_id: str) -> list[BatchItem]:
        """Its files without their answers."""

    async def create(self, job: BatchJob, items: Iterable[BatchItem]) -> None:
        """Keep a new job with its files."""

    async def save(self, job: BatchJob) -> None:
        """Keep what has changed of it, but that it was cancelled."""

    async def mark_cancelled(self, job_id: str) -> None:
        """Have whoever goes on with it cancel it."""

    async def save_item(self, item: BatchItem) -> None:
        """Keep what has changed of a file."""

    async def remove(self, job_id: str) -> None:
        """Forget a job."""

    async def claim(self, job_id: str) -> bool:
        """Have this process go on with it, unless another does."""

    async def release(self, job_id: str) -> None:
        """Leave it to whoever wants."""

    async def plan(self, upload: BatchUpload, numbers: Sequence[int]) -> None:
        """Keep an upload and which files go with it."""

    async def save_upload(self, upload: BatchUpload) -> None:
        """Keep what has changed of it."""

    async def take(
        self,
        job: BatchJob,
        upload: BatchUpload,
        results: Sequence[BatchResult],
        repeated: frozenset[str],
        price_of: Callable[[Usage], Decimal | None],
    ) -> int:
        """Put results in; returns how many name no file of the upload."""

    async def finish(
        self, upload: BatchUpload, status: ItemStatus, reason: str, by_number: Mapping[int, str]
    ) -> None:
        """Its results are all in."""


class BatchProvider(Protocol):
    """Batches at a provider; see providers/jobs/batch_client.py. All methods raise ProviderError."""

    def line(self, custom_id: str, request: ChatRequest, api: Api) -> bytes:
        """A request as a line of the upload."""

    async def upload(self, name: str, file: BinaryIO, size: int) -> str:
        """Upload a file; returns its id there."""

    async def find_file(self, name: str) -> str:
        """The id of what was uploaded under a name, or ""."""

    async def delete_file(self, file_id: str) -> None:
        """Have it forgotten."""

    async def create(self, name: str, input_file_id: str, api: Api) -> RemoteBatch:
        """Have it answered; asked twice, it is paid twice."""

    async def find(self, name: str, input_file_id: str) -> RemoteBatch | None:
        """What was created so."""

    async def look(self, batch_id: str) -> RemoteBatch:
        """How it stands."""

    async def cancel(self, batch_id: str) -> RemoteBatch:
        """Have it stop."""

    def results(self, file_id: str, api: Api) -> AsyncGenerator[BatchResult | None, None]:
        """The lines of a file of results; None for one that is none."""


class BatchGateway(Protocol):
    """Opens providers."""

    async def batches(self, profile: ProviderProfile) -> BatchProvider:
        """Its batches. Raises UserFacingError."""

    async def learnt(self, profile: ProviderProfile, model: str) -> LearnedSupport:
        """What it has shown of itself before. Raises StorageError."""
