"""Batch jobs with a real store and a real client, over plain text files."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from desktop_app.backend.prompt_loader import built_in_requirements
from desktop_app.batch.batch_files import BatchFiles
from desktop_app.batch.batch_service import BatchService
from desktop_app.batch.batch_store import BatchStore
from desktop_app.chat.attachments.image_scaling import ImageScaler
from desktop_app.documents.refusals import locked_error
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.message_parts import Attachment, DocumentPart
from desktop_app.domain.errors import DocumentEmptyError
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.jobs.batch_client import BatchClient
from desktop_app.providers.jobs.batch_jobs import BatchFile, BatchItem, BatchJob
from desktop_app.providers.models.choice_resolution import ProviderModels, ResolvedChoice
from desktop_app.providers.models.model_listing import ModelListing
from desktop_app.providers.provider_client import ProviderClient
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.spending.budget import Budget, SpendingHolds
from desktop_app.spending.ledger import Ledger
from desktop_app.storage.database import Database
from tests.helpers.prompt_delimiters import delimiters
from tests.helpers.scripted_provider import WordCounter
from tests.helpers.secrets import key_for
from tests.unit.providers.samples import CATALOG

TASK = "What is it about?"
LOCKED = "locked"  # a file with this text asks for a password


class OneGateway:
    """A gateway with a single provider."""

    def __init__(self, client: ProviderClient) -> None:
        self.client = client

    async def batches(self, profile: ProviderProfile) -> BatchClient:
        return self.client.batches()

    async def learned_support(self, profile: ProviderProfile, model: str) -> LearnedSupport:
        return LearnedSupport()


class BatchSetup:
    """A store with a batch service and a client.

    Attributes:
        gateway: replaces the gateway to the client in the services that are made next.
        others: the configured providers, if they are others than `profile`.
    """

    def __init__(self, folder: Path, base_url: str, **profile: Any) -> None:
        self.folder = folder
        fields = {"kind": ProviderKind.OPENAI, "name": "OpenAI", **profile}
        self.profile = ProviderProfile("openai", base_url=base_url, **fields)
        self.database = Database(folder / "repartee.sqlite3")
        self.ledger = Ledger(self.database)
        self.store = BatchStore(self.database, self.ledger)
        self.attachments = AttachmentStore(self.database, folder / "attachments")
        self.settings = SettingsStore(self.database)
        self.client = ProviderClient(
            ProviderAccess(self.profile, key_for(self.profile.base_url)), CATALOG
        )
        self.changes: list[str] = []
        self.listing: ModelListing | None = None
        self.gateway: Any = None
        self.others: list[ProviderProfile] | None = None
        self.service = self.make_service()

    def make_service(self, **limits: int) -> BatchService:
        """Return another service with the same store, and other limits of a batch."""
        pictures = ImageScaler(self.attachments, None)  # type: ignore[arg-type]

        async def profiles() -> list[ProviderProfile]:
            return [self.profile] if self.others is None else self.others

        def models_of(profile: ProviderProfile) -> ProviderModels:
            return ProviderModels(profile, CATALOG, self.listing)

        return BatchService(
            BatchFiles(
                self.store,
                self.read,
                WordCounter(),
                attachments=self.attachments,
                images=pictures,
                delimiters=delimiters(),
                scratch=self.folder,
                **limits,
            ),
            gateway=self.gateway or OneGateway(self.client),
            profiles=profiles,
            models_of=models_of,
            on_change=self.changes.append,
            budget=Budget(SpendingHolds(self.database), self.settings),
            load_requirements=built_in_requirements,
        )

    async def read(self, path: Path) -> DocumentPart:
        """Store a text file as an attachment and return its part."""
        text = path.read_text("utf-8")
        if not text:
            raise DocumentEmptyError(f"“{path.name}” contains no text.", "Choose another.")
        if text == LOCKED:
            raise locked_error(path.name, was_wrong=False)
        data = text.encode()
        sha256, tokens = hashlib.sha256(data).hexdigest(), len(text.split())
        await self.attachments.add(
            data, Attachment(sha256, path.name, "text/plain", text, tokens=tokens)
        )
        return DocumentPart(sha256, path.name, "text/plain", len(data), None, tokens)

    def files(self, *texts: str) -> list[BatchFile]:
        """Write files with these texts and return them."""
        written = []
        for number, text in enumerate(texts, start=1):
            path = self.folder / f"file-{number}.txt"
            path.write_text(text, "utf-8")
            written.append(BatchFile(path.name, str(path)))
        return written

    def resolved(self, variant: Variant = Variant.THINKING) -> ResolvedChoice:
        """Return the choice of provider and model."""
        info = CATALOG.for_variant(variant)
        return ResolvedChoice(self.profile, info, variant, Effort.MEDIUM)

    async def ready(self, *texts: str, task: str = TASK) -> BatchJob:
        """Return a new job whose files have been read."""
        job = await self.service.create(self.files(*texts), self.resolved(), task)
        return await self.service.prepare(job.id)

    async def started(self, *texts: str) -> BatchJob:
        """Return a new job that the user has confirmed."""
        return await self.service.start((await self.ready(*texts)).id)

    async def run(self, job_id: str, service: BatchService | None = None) -> BatchJob:
        """Advance a job without waiting until nothing more happens."""
        for _ in range(50):
            if await (service or self.service).advance(job_id) is None:
                break
        return await self.job(job_id)

    async def job(self, job_id: str) -> BatchJob:
        """Return the stored state of a job."""
        found = await self.store.get(job_id)
        assert found is not None
        return found

    async def items(self, job_id: str) -> list[BatchItem]:
        """Return the job's files with their answers."""
        return await self.store.page(job_id, 0, 100_000)

    async def close(self) -> None:
        await self.client.aclose()
        await self.database.close()


@asynccontextmanager
async def open_setup(folder: Path, base_url: str, **profile: Any) -> AsyncIterator[BatchSetup]:
    """Yield a setup whose store is open inside the block."""
    setup = BatchSetup(folder, base_url, **profile)
    await setup.database.open()
    try:
        yield setup
    finally:
        await setup.close()


def change_profile(setup: BatchSetup, **changes: Any) -> None:
    """Change the profile."""
    setup.profile = replace(setup.profile, **changes)
