"""A crash between any two steps of a job loses nothing and pays nothing twice.

Each call of the store and of the provider is a step. The job runs again and again, and each run
ends a step later, before or after the step is done. The next process continues from the store
alone.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.conversations.conversation import now
from desktop_app.providers.jobs.batch_client import BatchClient
from desktop_app.providers.jobs.batch_jobs import BatchStatus
from tests.helpers.batch_server import BatchServer
from tests.helpers.crash_traps import EndedError, Trap, Trapped
from tests.unit.batch.batch_setup import BatchSetup, OneGateway, open_setup

FILES = ("one", "two", "three")
MOST_STEPS = 200


class TrappedGateway(OneGateway):
    """A gateway to a provider of which every call is a step of the trap."""

    def __init__(self, setup: BatchSetup, trap: Trap) -> None:
        super().__init__(setup.client)
        self._trap = trap

    async def batches(self, profile: ProviderProfile) -> BatchClient:
        provider: Any = Trapped(self.client.batches(), self._trap)
        return provider  # type: ignore[no-any-return]


def trapped_service(setup: BatchSetup, trap: Trap) -> Any:
    """Return a service that the trap can end at any step."""
    real, setup.store = setup.store, Trapped(setup.store, trap)  # type: ignore[assignment]
    setup.gateway = TrappedGateway(setup, trap)
    try:
        return setup.make_service()
    finally:
        setup.store, setup.gateway = real, None


@pytest.mark.slow
@pytest.mark.parametrize("behind", [False, True], ids=["before", "behind"])
async def test_a_job_continues_after_a_crash_at_any_step(tmp_path: Path, behind: bool) -> None:
    async def once(folder: Path, at: int) -> list[str]:
        server = BatchServer()
        async with server.http, open_setup(folder, server.base_url) as setup:
            job = await setup.service.create(setup.files(*FILES), setup.resolved(), "?")
            trap = Trap(at, behind=behind)
            service = trapped_service(setup, trap)
            try:
                await service.prepare(job.id)
                await service.start(job.id)
                await setup.run(job.id, service)
            except EndedError:
                pass
            later = setup.make_service()  # of another process, which has only the store
            await later.prepare(job.id)
            if (await setup.job(job.id)).status is BatchStatus.READY:
                await later.start(job.id)
            job = await setup.run(job.id, later)
            await _judge(server, setup, job.id, trap.steps[-1])
            return trap.steps

    for at in range(1, MOST_STEPS):
        folder = tmp_path / str(at)
        folder.mkdir()
        if len(await once(folder, at)) < at:
            assert at > 20  # the job ended before this step, so every step was tried
            return
    pytest.fail("the job never ends")


async def _judge(server: BatchServer, setup: BatchSetup, job_id: str, where: str) -> None:
    job = await setup.job(job_id)
    assert job.status is BatchStatus.COMPLETED, where
    assert job.counts.answered == len(FILES), where
    names = [b["metadata"]["repartee"] for b in server.batches.values()]
    assert names == [f"repartee-{job_id}"], where
    spent = await setup.ledger.spent_in_month(now())
    assert job.counts.cost == spent.cost == 3 * Decimal("0.001575"), where
    assert job.held is None
    answers = {item.custom_id: item.answer for item in await setup.items(job_id)}
    assert answers == {name: f"Answer to {name}" for name in answers}, where
