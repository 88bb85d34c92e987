"""Single values of rows from untrusted files; test_store_samples checks whole rows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_app.storage.batch.batch_row_conversion import ESTIMATE_AMOUNTS, job_to_row
from desktop_app.storage.database.migration_runner import migrate
from desktop_app.storage.database.migrations import MIGRATIONS
from desktop_app.storage.database.sqlite_connection import connect_in_memory
from desktop_app.storage.recovery.row_checks import TableSchema, tables_of
from tests.unit.storage.test_batch_store import a_job


@pytest.fixture(scope="module")
def jobs() -> TableSchema:
    connection = connect_in_memory()
    migrate(connection, Path("memory"), MIGRATIONS)
    table = tables_of(connection)["batch_jobs"]
    connection.close()
    return table


@pytest.mark.parametrize("name", ESTIMATE_AMOUNTS)
@pytest.mark.parametrize(
    ("amount", "is_valid"), [("0.05", True), ("1E+999999", False), ("-1", False), ("NaN", False)]
)
def test_an_estimate_has_amounts_that_can_be_shown(
    jobs: TableSchema, name: str, amount: str, is_valid: bool
) -> None:
    job = a_job()
    changes: dict[str, Any] = {name: Decimal(amount)}
    estimate = replace(job.estimate, **changes)
    row = {**dict.fromkeys(jobs.names), **job_to_row(replace(job, estimate=estimate))}
    row |= {name: 0 for name in jobs.names if name.endswith("_tokens")}
    row |= {"cost": "0", "uncounted": 0}
    assert (jobs.checked(tuple(row.values())) is not None) == is_valid
