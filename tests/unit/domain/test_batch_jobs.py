"""The progress of batch jobs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from desktop_app.domain.batch.batch_jobs import BatchCounts, BatchJob, BatchUpload
from desktop_app.domain.conversations.conversation import ModelChoice


@pytest.mark.parametrize(("answered", "done"), [(0, 5), (4, 5), (8, 8)])
def test_files_count_as_done_before_their_results_are_fetched(answered: int, done: int) -> None:
    job = BatchJob(
        "job",
        ModelChoice("openai", "gpt-5.2"),
        "Summarize",
        "Summarize.",
        datetime(2026, 1, 1, tzinfo=UTC),
        uploads=(BatchUpload("job", 0, completed=2, failed=1), BatchUpload("job", 1, completed=2)),
        counts=BatchCounts(total=9, answered=answered),
    )
    assert job.done == done
