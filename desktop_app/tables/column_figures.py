"""The figures of a column that compare models: how many answers pass, at what cost and time."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from desktop_app.budget.ledger import from_nanos
from desktop_app.domain.conversations.conversation import REFUSED
from desktop_app.domain.statistics import percentile, rounded, wilson_interval
from desktop_app.tables.table import Column

_CODE: Final = "coalesce(json_extract(nullif(a.error, ''), '$.code'), '')"
_PASSES: Final = f"""iif(a.error = '' OR {_CODE} IN ('schema_problem', 'empty_response'),
    coalesce(a.has_passed, a.error = '' AND r.checks = '[]' AND NOT ?2), 0)"""


class ColumnFigures(NamedTuple):
    """The figures of a column.

    Attributes:
        asked: the cells with an answer or an error.
        passed: those with a whole answer that passes all checks, or has none.
        declined: those that the model declined.
        unchecked: those without any check.
        judge_cost: US dollars of judgments, as far as it is known.
        seconds, first_token_s: of the answers, until their end and their first text.
    """

    asked: int
    passed: int
    declined: int
    unchecked: int
    judge_cost: Decimal
    seconds: Sequence[float]
    first_token_s: Sequence[float]

    @property
    def share(self) -> float:
        return self.passed / self.asked if self.asked else 0.0

    def to_json(self) -> dict[str, Any]:
        low, high = wilson_interval(self.passed, self.asked)
        return {
            "asked": self.asked,
            "passed": self.passed,
            "declined": self.declined,
            "share": round(self.share, 4),
            "low": round(low, 4),
            "high": round(high, 4),
            "judge_cost_usd": f"{self.judge_cost:f}",
            "p50_s": rounded(percentile(self.seconds, 50)),
            "p95_s": rounded(percentile(self.seconds, 95)),
            "p50_first_token_s": rounded(percentile(self.first_token_s, 50)),
        }


def read_figures(connection: sqlite3.Connection, column: Column) -> ColumnFigures:
    """Read the figures of a column."""
    has_checks = bool(column.question and column.question.checks)
    of_column = """FROM table_answers AS a JOIN table_rows AS r ON r.id = a.row_id
        WHERE a.column_id = ?1 AND a.state IN ('done', 'failed', 'corrected')"""
    sql = f"""SELECT count(*), coalesce(sum({_PASSES}), 0),
        coalesce(sum({_CODE} = '{REFUSED}'), 0), coalesce(sum(r.checks = '[]' AND NOT ?2), 0),
        coalesce(sum(a.judge_cost), 0) {of_column}"""
    asked, passed, declined, unchecked, nanos = connection.execute(
        sql, (column.id, has_checks)
    ).fetchone()
    sql = f"SELECT a.seconds, a.first_token_s {of_column} AND a.seconds > 0"
    times = connection.execute(sql, (column.id,)).fetchall()
    first = [each[1] for each in times if each[1] is not None]
    seconds = [each[0] for each in times]
    cost = from_nanos(nanos)
    return ColumnFigures(asked, passed, declined, unchecked, cost, seconds, first)


def read_failures(
    connection: sqlite3.Connection, column: Column, most: int
) -> list[tuple[str, str]]:
    """Read the names of the first rows whose answers fail checks, and which."""
    sql = """SELECT r.name, (SELECT group_concat(value, '; ') FROM json_each(a.failures))
        FROM table_answers AS a JOIN table_rows AS r ON r.id = a.row_id
        WHERE a.column_id = ? AND a.failures <> '[]' AND a.state IN ('done', 'failed', 'corrected')
        ORDER BY r.position, r.id LIMIT ?"""
    return [tuple(row) for row in connection.execute(sql, (column.id, most))]
