"""Batch jobs as they are stored, with their provider and model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.batch.batch_jobs import BatchJob, BatchStatus, ItemStatus, combined_status
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.spending.cost import Price
from desktop_app.i18n.translation import N_
from desktop_app.services.batch.batch_ports import BatchStorage, Profiles
from desktop_app.services.models.choice_resolution import ProviderModels


class JobRecords:
    """The stored jobs.

    Args:
        on_change: called with the id of a job whenever the job changes.
    """

    def __init__(
        self,
        store: BatchStorage,
        profiles: Profiles,
        models_of: Callable[[ProviderProfile], ProviderModels],
        on_change: Callable[[str], None],
    ) -> None:
        self.store = store
        self.models_of = models_of
        self.on_change = on_change
        self._profiles = profiles

    async def get(self, job_id: str) -> BatchJob:
        """Return a job. Raises IllegalChoiceError if it was removed."""
        job = await self.store.get(job_id)
        if job is None:
            raise IllegalChoiceError(N_("The batch job no longer exists."))
        return job

    async def save(self, job: BatchJob) -> BatchJob:
        """Save a job and return it as it is stored."""
        await self.store.save(job)
        self.on_change(job.id)
        return await self.get(job.id)

    async def profile_of(self, job: BatchJob) -> ProviderProfile:
        """Return a provider with the job's address: the job's own, or else another one.

        Raises:
            IllegalChoiceError: no such provider is configured.
        """
        profiles = [
            profile
            for profile in await self._profiles()
            if profile.base_url == job.base_url and profile.kind is not ProviderKind.ON_DEVICE
        ]
        if not profiles:
            raise IllegalChoiceError(
                N_("The provider of this job isn’t set up, but the job continues there."),
                hint=N_("Set up {address} to get its results."),
                address=job.base_url,
            )
        return next((p for p in profiles if p.id == job.choice.provider_id), profiles[0])

    def info(self, job: BatchJob, profile: ProviderProfile) -> ModelInfo:
        """Return the model of a job."""
        return self.models_of(profile).info(job.choice.model)

    def price(self, profile: ProviderProfile, info: ModelInfo, tier: str | None) -> Price | None:
        """Return the tier's price, else the ordinary one as an upper bound; None if unknown."""
        return self.models_of(profile).choice_of(info, service_tier=tier).counted_price

    async def end_cancelled(self, job: BatchJob, *, was_sent: bool) -> None:
        """Save the end of a canceled job."""
        await self.mark_never_sent(job)
        status = BatchStatus.CANCELLED
        if was_sent:
            sent_status = combined_status(u for u in job.uploads if u.batch_id)
            if sent_status is BatchStatus.COMPLETED:  # the cancellation came too late
                status = BatchStatus.COMPLETED
        await self.save(replace(job, status=status, ended_at=now(), held=None))

    async def mark_never_sent(self, job: BatchJob) -> None:
        """Mark the unsent files of a canceled job, so that a retry takes them over."""
        note = ErrorNote(N_("The job was canceled before it was sent. Not charged."))
        for item in await self.store.items(job.id):
            if item.status in (ItemStatus.READ, ItemStatus.UNREAD):
                await self.store.save_item(replace(item, status=ItemStatus.UNANSWERED, error=note))
