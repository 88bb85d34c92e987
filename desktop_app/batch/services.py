"""What batch jobs make of the backend: their reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.batch.batch_jobs import BatchJobs

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend


def batch_jobs(backend: Backend) -> BatchJobs:
    return BatchJobs(backend.database)
