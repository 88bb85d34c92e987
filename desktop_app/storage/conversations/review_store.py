"""The user's verdicts on answers: counts by model, and pairs of answers and their corrections."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from typing import TYPE_CHECKING, Final

from desktop_app.domain.conversations.message_parts import parts_from_json, text_of
from desktop_app.domain.conversations.review import ReviewKind
from desktop_app.domain.errors import StoreDamagedError
from desktop_app.storage.conversations.row_conversion import read_row, to_micros

if TYPE_CHECKING:
    from desktop_app.storage.database.database import Database

_SELECT_COUNTS: Final = """
    SELECT coalesce(m.model, '') AS model, m.variant,
        sum(instr(m.notices, '"code":"review_reviewed"') > 0) AS reviewed,
        sum(instr(m.notices, '"code":"review_corrected"') > 0) AS corrected,
        sum(instr(m.notices, '"code":"review_rejected"') > 0) AS rejected
    FROM messages AS m
    WHERE instr(m.notices, '"code":"review_') > 0 AND m.created_at >= ? GROUP BY 1, 2
"""
# A notice may be a text instead of an object: json_extract would fail on it, but not on a path into
# the array of all notices. json_each fails on text that is not JSON.
_SELECT_PAIRS: Final = """
    SELECT m.id, m.conversation_id, m.parts, m.notices, m.model, m.variant, m.effort,
        o.parts AS original, q.parts AS question
    FROM messages AS m
    JOIN json_each(iif(json_valid(m.notices), m.notices, '[]')) AS n
        ON json_extract(m.notices, n.fullkey || '.code') = 'review_corrected'
    JOIN messages AS o ON o.id = json_extract(m.notices, n.fullkey || '.params.original')
    LEFT JOIN messages AS q ON q.id = m.parent_id
    WHERE instr(m.notices, '"code":"review_') > 0 ORDER BY m.created_at, m.id
"""


@dataclass(frozen=True)
class ReviewCount:
    """The number of each verdict on a model's answers; only GPT-5.2 has a `variant`."""

    model: str
    variant: str | None
    counts: Mapping[ReviewKind, int]


@dataclass(frozen=True)
class CorrectedPair:
    """A question, the model's answer, and the user's correction of the answer.

    Attributes:
        note: the user's comment; "" for none.
        model: the id of the model, or its variant if it is GPT-5.2; "" if unknown.
        effort: the reasoning effort; "" for the model's default.
    """

    conversation_id: str
    question: str
    answer: str
    corrected: str
    note: str
    model: str
    effort: str


class ReviewStore:
    """The verdicts. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counts(self, since: date | None = None) -> list[ReviewCount]:
        """Return the number of each verdict by model, the model with the most verdicts first.

        Args:
            since: the first local day of the answers; None for all answers.
        """
        start_micros = (
            0 if since is None else to_micros(datetime.combine(since, time()).astimezone())
        )
        return await self._database.read(lambda connection: _read_counts(connection, start_micros))

    async def pairs(
        self, conversation_ids: Collection[str]
    ) -> tuple[list[CorrectedPair], list[StoreDamagedError]]:
        """Return the corrections in the given conversations, oldest first.

        Those with damaged rows are left out; the errors name them.
        """
        return await self._database.read(partial(_read_pairs, conversation_ids))


def _read_counts(connection: sqlite3.Connection, start_micros: int) -> list[ReviewCount]:
    rows = connection.execute(_SELECT_COUNTS, (start_micros,)).fetchall()
    review_counts = [
        ReviewCount(row["model"], row["variant"], {kind: row[kind.value] for kind in ReviewKind})
        for row in rows
    ]
    return sorted(review_counts, key=lambda count: -sum(count.counts.values()))


def _read_pairs(
    conversation_ids: Collection[str], connection: sqlite3.Connection
) -> tuple[list[CorrectedPair], list[StoreDamagedError]]:
    pairs: list[CorrectedPair] = []
    errors: list[StoreDamagedError] = []
    for row in connection.execute(_SELECT_PAIRS):
        if row["conversation_id"] in conversation_ids:
            try:
                pairs.append(read_row(_pair_from_row, row))
            except StoreDamagedError as error:
                errors.append(error)
    return pairs, errors


def _pair_from_row(row: sqlite3.Row) -> CorrectedPair:
    notes = (
        entry["params"].get("note", "")
        for entry in json.loads(row["notices"])
        if isinstance(entry, dict) and entry.get("code") == "review_corrected"
    )
    return CorrectedPair(
        conversation_id=row["conversation_id"],
        question=_text_of_parts(row["question"]),
        answer=_text_of_parts(row["original"]),
        corrected=_text_of_parts(row["parts"]),
        note=str(next(notes, "")),
        model=row["variant"] or row["model"] or "",
        effort=row["effort"] or "",
    )


def _text_of_parts(parts: str | None) -> str:
    return "" if parts is None else text_of(parts_from_json(json.loads(parts)))
