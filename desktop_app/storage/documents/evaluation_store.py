"""Finished evaluations with all their answers."""

from __future__ import annotations

import json
import sqlite3
from functools import partial
from typing import Any

from desktop_app.domain.evaluation.evaluation_result import (
    Evaluation,
    EvaluationRun,
    result_from_json,
    result_to_json,
)
from desktop_app.storage.conversations.row_conversion import (
    Cells,
    from_micros,
    read_rows,
    to_json,
    to_micros,
    to_text,
)
from desktop_app.storage.database.database import Database
from desktop_app.storage.database.deletion_wipe import mark_for_wipe, wipe_deleted


class EvaluationStore:
    """The evaluations. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, evaluation: Evaluation) -> None:
        """Save an evaluation."""
        row = (
            evaluation.id,
            to_micros(evaluation.created_at),
            to_text(evaluation.name),
            to_json(_body_of(evaluation)),
        )
        await self._database.execute("INSERT INTO evaluations VALUES (?, ?, ?, ?)", *row)

    async def summaries(self) -> list[Evaluation]:
        """Return all evaluations, newest first, without reading their runs and inputs."""
        sql = """SELECT id, created_at, name, '{"runs": [], "inputs": {}}' AS body
            FROM evaluations ORDER BY created_at DESC, rowid DESC"""
        return await read_rows(self._database, evaluation_from_row, sql)

    async def get(self, evaluation_id: str) -> Evaluation | None:
        """Return an evaluation, or None if there is none with this id."""
        sql = "SELECT * FROM evaluations WHERE id = ?"
        evaluations = await read_rows(self._database, evaluation_from_row, sql, evaluation_id)
        return evaluations[0] if evaluations else None

    async def remove(self, evaluation_id: str) -> None:
        """Delete an evaluation: afterwards its answers are nowhere on disk."""
        await self._database.write(partial(_delete, evaluation_id))
        await wipe_deleted(self._database)


def _delete(evaluation_id: str, connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM evaluations WHERE id = ?", (evaluation_id,))
    mark_for_wipe(connection)


def _body_of(evaluation: Evaluation) -> dict[str, Any]:
    runs = [
        {**vars(run), "results": [result_to_json(result) for result in run.results]}
        for run in evaluation.runs
    ]
    return {"runs": runs, "inputs": dict(evaluation.inputs)}


def evaluation_from_row(row: Cells) -> Evaluation:
    """Return the evaluation in a row. Raises the errors of `bounds.BAD_VALUE`."""
    body = json.loads(row["body"])
    runs = [
        EvaluationRun(**{**run, "results": [result_from_json(result) for result in run["results"]]})
        for run in body["runs"]
    ]
    return Evaluation(
        row["id"],
        created_at=from_micros(row["created_at"]),
        name=row["name"],
        runs=runs,
        inputs=body["inputs"],
    )
