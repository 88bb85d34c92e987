"""Rows, cells and totals of a store, a window at a time."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook

from desktop_app.domain.conversations.conversation import ModelChoice, now
from desktop_app.domain.cost import Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.providers.jobs.batch_jobs import BatchStatus
from desktop_app.storage.database import Database
from desktop_app.tables.answer_fields import value_in
from desktop_app.tables.batch_store import TableBatch
from desktop_app.tables.former_cells import FormerCells
from desktop_app.tables.run_store import begin_cell
from desktop_app.tables.stored_cells import CellId, NewValue, StoredAnswer
from desktop_app.tables.table import (
    Cells,
    CellState,
    CellValue,
    Citation,
    Column,
    Field,
    FieldType,
    Filter,
    NewRow,
    Question,
    Row,
    RowOrder,
    Run,
    RunMode,
    RunStatus,
    Selection,
    Table,
)
from desktop_app.tables.table_export import ExportedTable, TableFormat
from desktop_app.tables.table_store import TableStore

CHOICE = ModelChoice("openai", "gpt-5.2")
FIELDS = (
    Field("n", FieldType.INTEGER),
    Field("when", FieldType.DATE),
    Field("ok", FieldType.YES_NO),
    Field("of", FieldType.LIST),
)
ASK = Column("ask", "Ask", Question("Read", CHOICE, FIELDS))
SAY = Column("say", "Say", Question("Say {{word}}", CHOICE))
SHA = "a" * 64
WORDS = ["pear", "Äpfel", "12", "9", "", "=1+1"]


@asynccontextmanager
async def filled(folder: Path) -> AsyncIterator[tuple[TableStore, Table, list[CellId]]]:
    """Yield a store with a table; its cells of the column Say are answered, except the last two."""
    database = Database(folder / "store.sqlite3")
    await database.open()
    store = TableStore(database)
    table = Table("t", "Words", now(), now(), (SAY, ASK))
    await store.save(table)
    rows = [
        NewRow(Row(0, f"row {n}", key=str(n), paths=(f"/{n}.pdf",)), {"word": word})
        for n, word in enumerate(WORDS)
    ]
    ids = await store.add_rows("t", rows)
    cells = [CellId(row_id, "say") for row_id in ids]
    run = Run("r", "t", RunMode.NOW, RunStatus.RUNNING, now(), 6)
    assert await store.begin_run(run, cells) == cells
    usage = Usage(10, 0, 2, 0)
    answers = [
        StoredAnswer(
            cell,
            CellState.DONE,
            f"Said {n}",
            {"": CellValue(f"Said {n % 2}", (Citation(SHA, n + 1, "said"),))},
            usage=usage,
            cost=Decimal("0.001"),
            seconds=2.0,
            has_passed=n != 1,
        )
        for n, cell in enumerate(cells[:4])
    ]
    failed = StoredAnswer(cells[4], CellState.FAILED, "", error=ErrorNote("No."))
    await store.save_answers([*answers, failed])
    found = await store.get("t")
    assert found is not None
    yield store, found, cells
    await database.close()


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (RowOrder(), [0, 1, 2, 3, 4, 5]),
        (RowOrder(is_descending=True), [5, 4, 3, 2, 1, 0]),
        (RowOrder("word"), [5, 0, 1, 3, 2, 4]),  # texts, numbers by their value, empty last
        (RowOrder("word", is_descending=True), [2, 3, 1, 0, 5, 4]),
        (RowOrder(":name", is_descending=True), [5, 4, 3, 2, 1, 0]),
        (RowOrder(search="said 1"), [1, 3]),
        (RowOrder(search="äPF"), [1]),
        (RowOrder(search="row 4"), [4]),
        (RowOrder(search="%"), []),
        (RowOrder(filters=(Filter("say", states=(CellState.WAITING,)),)), [5]),
        (RowOrder(filters=(Filter("ask", states=(CellState.EMPTY,)),)), [0, 1, 2, 3, 4, 5]),
        (RowOrder(filters=(Filter("say", passed=True), Filter("word", text="E"))), [0]),
    ],
)
async def test_rows_are_ordered_and_found(
    tmp_path: Path, order: RowOrder, expected: list[int]
) -> None:
    async with filled(tmp_path) as (store, table, cells):
        named = table.column("word")
        assert named is not None
        filters = tuple(
            replace(each, column_id=named.id) if each.column_id == "word" else each
            for each in order.filters
        )
        order = replace(order, filters=filters)
        if order.column_id == "word":
            order = replace(order, column_id=named.id)
        ids = await store.order("t", order)
        assert [[cell.row_id for cell in cells].index(row_id) for row_id in ids] == expected


async def test_a_window_has_the_beginnings_of_its_cells(tmp_path: Path) -> None:
    async with filled(tmp_path) as (store, table, cells):
        ids = [cells[3].row_id, cells[0].row_id, 999]
        window = await store.window(ids, max_chars=4)
        assert [row.name for row in window.rows] == ["row 3", "row 0"]
        cell = window.cells[cells[3].row_id]["say"]
        assert (cell.text(), cell.answer, cell.cost) == ("Said", "", Decimal("0.001"))
        whole = await store.cell(*cells[3])
        assert (whole.text(), whole.answer) == ("Said 1", "Said 3")
        totals = await store.totals("say")
        assert totals.states == {CellState.DONE: 4, CellState.FAILED: 1, CellState.WAITING: 1}
        assert (totals.usage, totals.cost) == (Usage(40, 0, 8, 0), Decimal("0.004"))
        assert (totals.checked, totals.share, totals.seconds) == (4, 0.75, 2.0)
        assert await store.agreement(("say", ""), ("say", "")) == (4, 4)
        named = table.column("WORD")
        assert named is not None
        assert await store.agreement(("say", ""), (named.id, "")) == (4, 0)


async def test_a_run_asks_only_what_was_chosen(tmp_path: Path) -> None:
    async with filled(tmp_path) as (store, table, cells):

        async def chosen(**more: object) -> list[CellId]:
            return await store.chosen(table, Cells(columns=("say",), **more))

        assert await chosen() == []  # the last waits for its run
        await store.end_run("r", RunStatus.STOPPED, None)
        assert await chosen() == [cells[5]]
        assert await chosen(selection=Selection.FAILED) == [cells[4]]
        assert await chosen(selection=Selection.ALL) == cells
        await store.set_values([NewValue(cells[0], "", "Mine", is_corrected=True)])
        assert await chosen(selection=Selection.ALL) == cells[1:]
        assert await chosen(selection=None, rows=(cells[0].row_id,)) == [cells[0]]
        assert len(await store.chosen(table, Cells(limit=2))) == 2
        first, second = (cell.row_id for cell in cells[:2])
        some = Cells(("say", "ask"), (first, second), None, columns_of_rows={first: ("ask",)})
        asked = await store.chosen(table, some)
        assert set(asked) == {CellId(first, "ask"), CellId(second, "ask"), CellId(second, "say")}
        # An answer that failed the second time keeps the first, with its cost.
        again = Run("s", "t", RunMode.NOW, RunStatus.RUNNING, now(), 1)
        await store.begin_run(again, [cells[1]])
        failed = StoredAnswer(cells[1], CellState.FAILED, "", error=ErrorNote("No."))
        await store.save_answers([failed])
        kept = await store.cell(*cells[1])
        assert (kept.state, kept.text(), kept.answer) == (CellState.FAILED, "Said 1", "Said 1")
        assert kept.cost == Decimal("0.001")
        await store.clear([cells[1]])
        assert (await store.cell(*cells[1])).state is CellState.EMPTY


async def _remove_column(store: TableStore, column: Column) -> FormerCells:
    former = await store.remove_column(column.id)

    def with_column(table: Table) -> Table:
        return replace(table, columns=(column, *table.columns))

    await store.change("t", with_column)
    return former


@pytest.mark.parametrize("change", ["set", "set data", "clear", "remove rows", "remove column"])
async def test_changes_by_hand_are_undone(tmp_path: Path, change: str) -> None:
    async with filled(tmp_path) as (store, table, cells):
        await store.end_run("r", RunStatus.STOPPED, None)
        data = [CellId(cell.row_id, table.columns[-1].id) for cell in cells]
        row_ids = [cell.row_id for cell in cells]
        before = await store.window(row_ids, 1000)
        answers = [await store.cell(*cell) for cell in cells]
        match change:
            case "set":
                new = [NewValue(cell, "", "Mine", is_corrected=True) for cell in cells]
                former = await store.set_values(new)
            case "set data":
                former = await store.set_values([NewValue(cell, "", "new") for cell in data])
            case "clear":
                former = await store.clear([*cells, *data])
            case "remove rows":
                former = await store.remove_rows(row_ids[2:])
                # A row that is added takes neither the place nor the cells of a removed one.
                await store.add_rows("t", [NewRow(Row(0, "later"), {"word": "x"})])
            case _:
                former = await _remove_column(store, SAY)
        assert await store.window(row_ids, 1000) != before
        await store.put_back(former)
        await store.put_back(former)  # a second time changes nothing
        assert await store.window(row_ids, 1000) == before
        assert [await store.cell(*cell) for cell in cells] == answers
        order = await store.order("t", RowOrder(table.columns[-1].id))
        assert set(row_ids) <= set(order)


async def test_undo_keeps_answers_that_came_since(tmp_path: Path) -> None:
    async with filled(tmp_path) as (store, _, cells):
        for refused in (store.remove_rows([cells[5].row_id]), store.remove_column("say")):
            with pytest.raises(IllegalChoiceError):  # the last cell is being asked
                await refused
        with pytest.raises(IllegalChoiceError):
            await store.set_values([NewValue(cells[5], "", "Mine", is_corrected=True)])
        former = await store.clear(cells)
        assert (await store.cell(*cells[5])).state is CellState.WAITING
        again = Run("s", "t", RunMode.NOW, RunStatus.RUNNING, now(), 2)
        await store.begin_run(again, cells[:2])
        new = StoredAnswer(cells[0], CellState.DONE, "Newer", {"": CellValue("Newer")})
        await store.save_answers([new])
        await store.put_back(former)
        texts = [(await store.cell(*cell)).text() for cell in cells[:3]]
        assert texts == ["Newer", "", "Said 0"]  # the second is still being asked
        await store.delete("t")
        await store.put_back(former)
        assert await store.get("t") is None


async def test_names_of_columns_are_unique(tmp_path: Path) -> None:
    async with filled(tmp_path) as (store, table, _):
        doubled = replace(table, columns=(*table.columns, replace(SAY, id="x", name=" SAY")))
        with pytest.raises(IllegalChoiceError):
            await store.save(doubled)
        await store.save(replace(table, columns=(ASK,)))
        assert await store.totals("say") == await store.totals("nothing")


async def test_exports_have_types_sources_and_totals(tmp_path: Path) -> None:
    async with filled(tmp_path) as (store, table, cells):
        await store.begin_run(
            Run("s", "t", RunMode.NOW, RunStatus.RUNNING, now(), 1),
            [CellId(cells[0].row_id, "ask")],
        )
        values = {"n": "3", "when": "2026-11-30", "ok": "yes", "of": "a\n=b"}
        cited = {
            field.name: CellValue.of(
                value_in(field, values[field.name]) or "", (Citation(SHA, 2, "three", 4, 9),)
            )
            for field in FIELDS
        }
        place = CellId(cells[0].row_id, "ask")
        await store.save_answers([StoredAnswer(place, CellState.DONE, "{}", cited)])
        exported = await ExportedTable.of(store, table)
        file = tmp_path / "table.xlsx"
        await exported.write(TableFormat.XLSX, file)
        book = load_workbook(file)
        heads, first, *rest = book["Words"].iter_rows(values_only=True)
        row = dict(zip(heads, first, strict=True))
        assert row["Document"] == "row 0"
        assert (row["Ask: n"], row["Ask: ok"]) == (3, True)
        assert row["Ask: when"].date().isoformat() == "2026-11-30"
        assert row["Ask: sources"].startswith("n: page 2; when: page 2")
        assert [each[heads.index("word")] for each in rest] == ["Äpfel", 12, 9, None, "=1+1"]
        assert [each[heads.index("Say: error")] for each in rest][3] == "No."
        formulas = [c for r in book["Words"].iter_rows() for c in r if c.data_type == "f"]
        assert formulas == []
        totals = list(book["Totals"].iter_rows(values_only=True))
        assert totals[1][:7] == ("Say", 4, 1, 40, 8, 0.004, 4)
        for format_ in (TableFormat.CSV, TableFormat.JSONL, TableFormat.MARKDOWN):
            text = "".join([piece async for piece in exported.pieces(format_)])
            assert text.count("row 5") == 1, format_
            assert "=1+1" in text
            assert format_ is not TableFormat.CSV or ",'=1+1" in text


async def test_only_a_running_cell_of_its_run_waits_again(tmp_path: Path) -> None:
    async with filled(tmp_path) as (store, _table, cells):

        async def states() -> list[CellState]:
            return [(await store.cell(*cell)).state for cell in cells]

        answered = [CellState.DONE] * 4 + [CellState.FAILED]
        assert await store._database.write(lambda c: begin_cell(c, cells[5], "r"))
        for cell, run_id in ((cells[0], "r"), (cells[4], "r"), (cells[5], "of another")):
            await store.wait_again(cell, run_id)  # else it would be asked and paid again
        assert await states() == [*answered, CellState.RUNNING]
        await store.wait_again(cells[5], "r")
        assert await states() == [*answered, CellState.WAITING]


@pytest.mark.parametrize(
    ("cost", "judge_cost", "expected"),
    [
        (Decimal("0.001"), None, "0.001"),
        (Decimal("0.001"), Decimal("0.0002"), "0.0012"),
        (None, Decimal("0.0002"), None),
    ],
)
async def test_an_exported_cell_costs_its_answer_and_its_judgments(
    tmp_path: Path, cost: Decimal | None, judge_cost: Decimal | None, expected: str | None
) -> None:
    async with filled(tmp_path) as (store, table, cells):
        answer = StoredAnswer(cells[0], CellState.DONE, "Said", usage=Usage(1), cost=cost)
        await store.save_answers([answer._replace(judge_cost=judge_cost)])
        exported = await ExportedTable.of(store, table)
        text = "".join([piece async for piece in exported.pieces(TableFormat.JSONL)])
        first, *_ = map(json.loads, text.splitlines())
        assert first["cost_usd"] == {"Say": expected}


DATA = ["1.10", "12.50", "-0", "007", "$1,250.00", "1850-05-01", "2026-11-30", "25%", "3", "nan"]


async def test_values_leave_as_they_came(tmp_path: Path) -> None:
    async with filled(tmp_path) as (store, _table, _cells):
        table = Table("u", "Data", now(), now())
        await store.save(table)
        await store.add_rows("u", [NewRow(Row(0, text), {"v": text}) for text in DATA])
        found = await store.get("u")
        assert found is not None
        exported = await ExportedTable.of(store, found)
        texts = {
            format_: "".join([piece async for piece in exported.pieces(format_)]).splitlines()
            for format_ in (TableFormat.CSV, TableFormat.MARKDOWN, TableFormat.JSONL)
        }
        assert [
            next(iter(csv.reader([line])))[0].lstrip("'") for line in texts[TableFormat.CSV]
        ] == ["v", *DATA]
        assert [line.strip("| ") for line in texts[TableFormat.MARKDOWN][-len(DATA) :]] == DATA
        values = [json.loads(line)["values"]["v"] for line in texts[TableFormat.JSONL]]
        assert values == [3 if text == "3" else text for text in DATA]
        file = tmp_path / "data.xlsx"
        await exported.write(TableFormat.XLSX, file)
        sheet = load_workbook(file)["Data"]
        written = {text: sheet.cell(n, 1) for n, text in enumerate(DATA, 2)}
        assert (written["1.10"].value, written["1.10"].number_format) == (1.1, "0.00")
        assert written["$1,250.00"].number_format == '"$"#,##0.00'
        assert (written["25%"].value, written["25%"].number_format) == (0.25, "0%")
        assert written["2026-11-30"].value.date().isoformat() == "2026-11-30"
        assert [written[text].value for text in ("007", "-0", "1850-05-01", "nan")] == [
            *("007", "-0", "1850-05-01", "nan")
        ]


@pytest.mark.parametrize(("offset", "name"), [(None, "repartee-r-2"), (7, "repartee-r")])
def test_a_batch_has_the_name_that_its_version_gave_it(offset: int | None, name: str) -> None:
    batch = TableBatch(
        *("r", 2, "say", BatchStatus.UPLOADING, "openai", "", "m", None),
        *(Api.RESPONSES, None, now()),
        number_offset=offset,
    )
    assert batch.name == name
