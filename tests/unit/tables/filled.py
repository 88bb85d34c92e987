"""A table in a store with a sample of every kind of data."""

from __future__ import annotations

from desktop_app.domain.conversations.conversation import Folder
from desktop_app.storage.database import Database
from desktop_app.tables.stored_cells import CellId, StoredAnswer
from desktop_app.tables.table import (
    CellState,
    CellValue,
    Column,
    NewRow,
    Question,
    Row,
    Run,
    RunMode,
    RunStatus,
    Table,
)
from desktop_app.tables.table_store import TableStore
from tests.unit.storage.samples import CHOICE, NOON


async def fill(database: Database, _folder: Folder) -> None:
    tables = TableStore(database)
    column = Column("q" * 32, "Say", Question("Say {{word}}", CHOICE))
    table = Table("a" * 32, "Words", NOON, NOON, (column,))
    await tables.save(table)
    ids = await tables.add_rows(table.id, [NewRow(Row(0, "1", "a"), {"word": "quince"})])
    run = Run("b" * 32, table.id, RunMode.BATCH, RunStatus.SENT, NOON, 1)
    cell = CellId(ids[0], column.id)
    await tables.begin_run(run, [cell])
    values = {"": CellValue("Quince!")}
    await tables.save_answers([StoredAnswer(cell, CellState.DONE, "Quince!", values)])
    await tables.release(run.id)
    row = (
        run.id,
        1,
        column.id,
        "in_progress",
        "openai",
        "",
        "m",
        None,
        "responses",
        None,
        "f",
        "b",
    )
    await database.execute(
        f"INSERT INTO table_batches VALUES (NULL{', ?' * len(row)}, 0, 0, NULL)", *row
    )
