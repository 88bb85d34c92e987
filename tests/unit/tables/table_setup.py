"""Tables in a real store, asked of a server on loopback."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from desktop_app.backend.backend import Backend
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.conversations.conversation import ModelChoice, new_id
from desktop_app.tables.services import table_service
from desktop_app.tables.stored_cells import CellId
from desktop_app.tables.table import (
    Cells,
    CellState,
    Column,
    Field,
    NewRow,
    Question,
    Row,
    Run,
    RunStatus,
    Table,
)
from desktop_app.tables.table_service import TableService
from tests.helpers.family import FAMILY_ENVIRONMENT
from tests.helpers.started_backend import started_backend
from tests.unit.providers.loopback import LoopbackServer, Received, Script, replies, streams
from tests.unit.providers.samples import sse

CHOICE = ModelChoice("env-openai", "gpt-5.2")
USAGE = {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}


def sent_text(request: dict[str, Any]) -> str:
    """Return all text that a request's messages have."""
    contents = [
        message.get("content") or "" for message in request.get("input") or request["messages"]
    ]
    return "\n".join(
        each if isinstance(each, str) else "\n".join(part.get("text", "") for part in each)
        for each in contents
    )


def answering(text: str, usage: Mapping[str, int] = USAGE) -> Script:
    created = {"type": "response.created", "response": {"id": "r", "model": "gpt-5.2"}}
    delta = {"type": "response.output_text.delta", "output_index": 0, "delta": text}
    completed = {"id": "r", "status": "completed", "usage": usage}
    return streams(
        sse(created), sse(delta), sse({"type": "response.completed", "response": completed})
    )


def cut_off(text: str) -> Script:
    """Return an answer that reached its greatest length."""
    delta = {"type": "response.output_text.delta", "output_index": 0, "delta": text}
    why = {"incomplete_details": {"reason": "max_output_tokens"}, "usage": USAGE}
    ended = {"id": "r", "status": "incomplete", **why}
    return streams(sse(delta), sse({"type": "response.incomplete", "response": ended}))


def refusing(status: int) -> Script:
    error = {"message": "Not now.", "type": "x", "code": None}
    return replies(status, {"error": error}, retry_after_ms="1")


@dataclass
class Asked:
    """A server that answers each row, and the requests that it got.

    Attributes:
        answer: returns the answer to a prompt, or a script.
        refuses_every: each so manieth request is refused, 429 and 500 by turns; 0 for none.
        refuses_first: the first requests that are refused: more than the client repeats.
        answered: how often it has answered each row.
        most_at_once: the most requests that it had at the same time.
    """

    answer: Callable[[str], str | Script] = lambda text: f"About {text.split()[-1]}"
    refuses_every: int = 0
    refuses_first: int = 0
    answered: dict[str, int] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0

    async def serve(self, request: Received, writer: asyncio.StreamWriter) -> None:
        self.requests.append(request.json)
        number = len(self.requests)
        is_turn = self.refuses_every and number % self.refuses_every == 0
        if is_turn or number <= self.refuses_first:
            status = 500 if number % (2 * self.refuses_every) else 429
            await refusing(status)(request, writer)
            return
        text = sent_text(request.json)
        row = re.search(r"ROW\d+", text)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            answer = self.answer(text)
            script = answering(answer) if isinstance(answer, str) else answer
            await asyncio.sleep(0)  # the requests of a round arrive together
            await script(request, writer)
            name = row[0] if row else ""
            self.answered[name] = self.answered.get(name, 0) + 1
        finally:
            self._at_once -= 1


@dataclass
class Tables:
    """The service of tables over a store, and its provider."""

    backend: Backend
    service: TableService
    asked: Asked

    async def table(self, *columns: Column, words: Sequence[str] = ("ROW1", "ROW2")) -> Table:
        """Store a table whose rows have a word each."""
        table = await self.service.create("Words", columns)
        rows = [NewRow(Row(0, str(n), key=str(n)), {"word": word}) for n, word in enumerate(words)]
        await self.service.add_rows(table.id, rows)
        return await self.service.get(table.id)

    async def values(self, table: Table, column: Column, part: str = "") -> list[str]:
        """Return the values of a column, in the order of the rows."""
        ids = await self.service.store.row_ids(table.id)
        cells = [await self.service.store.cell(row_id, column.id) for row_id in ids]
        return [cell.text(part) for cell in cells]

    async def states(self, table: Table, column: Column) -> list[CellState]:
        ids = await self.service.store.row_ids(table.id)
        return [(await self.service.store.cell(each, column.id)).state for each in ids]

    async def limit(self, amount: Decimal) -> None:
        """Set the provider's monthly limit."""
        profiles = await self.backend.providers.profiles()
        limited = [replace(profile, monthly_cap=amount) for profile in profiles]

        async def found() -> Sequence[ProviderProfile]:
            return limited

        self.service._parts.profiles = found

    async def kill(self, run: Run, *asked: CellId) -> None:
        """Leave a run in the store as a killed process does that was asking some cells."""
        database = self.backend.database
        sql = "UPDATE table_runs SET owner_pid = NULL, status = ? WHERE id = ?"
        await database.execute(sql, RunStatus.RUNNING.value, run.id)
        for cell in asked:
            sql = "UPDATE table_answers SET state = 'running' WHERE row_id = ? AND column_id = ?"
            await database.execute(sql, *cell)


@asynccontextmanager
async def opened_tables(asked: Asked | None = None) -> AsyncIterator[Tables]:
    """Yield the service of a backend whose default provider is a server on loopback."""
    asked = asked or Asked()
    async with LoopbackServer(asked.serve, models=("gpt-5.2",)) as server:
        named = {"OPENAI_API_KEY": "sk-loopback-0123456789", "OPENAI_BASE_URL": server.base_url}
        async with started_backend({**named, **FAMILY_ENVIRONMENT}) as backend:
            await backend.listings.load()
            yield Tables(backend, backend.of(table_service), asked)


def column(name: str, prompt: str, *fields: Field, **more: Any) -> Column:
    """Return a column with a question."""
    return Column(new_id(), name, Question(prompt, CHOICE, fields, **more))


def with_columns(table: Table, *columns: Column) -> Table:
    return replace(table, columns=(*table.columns, *columns))


def as_json(**values: Any) -> str:
    return json.dumps(values)


EMPTY = Cells()
