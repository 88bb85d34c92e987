"""Answers know what they were asked: what has changed since is out of date and asked again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.tables.answer_fields import value_in
from desktop_app.tables.stored_cells import CellId
from desktop_app.tables.table import (
    Cells,
    CellState,
    Check,
    Column,
    Field,
    FieldType,
    Filter,
    NewRow,
    Question,
    Row,
    RowOrder,
    RunProgress,
    Selection,
    SortKey,
    Table,
)
from desktop_app.tables.table_export import ExportedTable, TableFormat
from tests.helpers.office_files import pptx, slide_text
from tests.unit.tables.table_setup import (
    EMPTY,
    Asked,
    Tables,
    as_json,
    column,
    opened_tables,
    refusing,
)

DONE, OUTDATED = CellState.DONE, CellState.OUTDATED


async def asks(tables: Tables, table: Table, column_: Column, **changes: object) -> Table:
    """Change the question of a column."""
    assert column_.question is not None
    changed = replace(column_, question=replace(column_.question, **changes))

    def change(table: Table) -> Table:
        columns = (changed if each.id == column_.id else each for each in table.columns)
        return replace(table, columns=tuple(columns))

    return await tables.service.change(table.id, change)


async def exported(tables: Tables, table: Table, format_: TableFormat) -> str:
    made = await ExportedTable.of(tables.service.store, table)
    return "".join([piece async for piece in made.pieces(format_)])


@pytest.mark.parametrize(
    "changes", [{"prompt": "Name {{word}}"}, {"fields": (Field("a"),)}, {"sends_documents": True}]
)
async def test_a_changed_question_is_asked_of_all_rows(changes: dict[str, object]) -> None:
    async with opened_tables(Asked(lambda _text: as_json(a="new"))) as tables:
        say = column("Say", "Say {{word}}", checks=(Check("schema", {"type": "object"}),))
        table = await tables.table(say)
        await tables.service.run_now(table, Cells(limit=1))
        table = await asks(tables, table, say, **changes)
        assert await tables.states(table, say) == [OUTDATED, CellState.EMPTY]
        (again,) = [await tables.service.store.chosen(table, EMPTY)]
        assert len(again) == 2
        # It keeps its value, in sight and in exports, with a mark.
        assert as_json(a="new") in (await exported(tables, table, TableFormat.CSV)).replace(
            '""', '"'
        )
        first = json.loads((await exported(tables, table, TableFormat.JSONL)).split("\n")[0])
        assert first["out_of_date"] == ["Say"]
        table = await asks(tables, table, say)
        assert await tables.states(table, say) == [DONE, CellState.EMPTY]
        table = await asks(tables, table, say, **changes)
        await tables.service.run_now(table, EMPTY)
        assert await tables.states(table, say) == [DONE, DONE]
        assert len(tables.asked.requests) == 3


async def test_changed_data_make_their_answers_and_what_follows_out_of_date() -> None:
    async with opened_tables() as tables:
        say, then = column("Say", "Say {{word}}"), column("Then", "Then {{say}}")
        other = column("Other", "Only this")
        table = await tables.table(say, then)
        await tables.service.run_now(table, EMPTY)
        first, second = await tables.service.store.row_ids(table.id)
        word = next(each for each in table.columns if each.question is None)
        cell = CellId(first, word.id)
        former = await tables.service.set_values(table, [(cell, "", "ROW9")])
        assert await tables.states(table, say) == [OUTDATED, DONE]
        assert await tables.states(table, then) == [OUTDATED, DONE]
        order = RowOrder(filters=(Filter(then.id, states=(OUTDATED,)),))
        assert list(await tables.service.store.order(table.id, order)) == [first]
        assert (await tables.service.store.totals(say.id)).states == {OUTDATED: 1, DONE: 1}
        await tables.service.put_back(table.id, former)
        assert await tables.states(table, then) == [DONE, DONE]
        # A new name of the column is no change.
        table = await tables.service.change(
            table.id,
            lambda t: replace(
                t,
                columns=tuple(
                    replace(each, name="Noun")
                    if each.id == word.id
                    else replace(say, question=Question("Say {{noun}}", say.question.choice))
                    if each.id == say.id and say.question
                    else each
                    for each in t.columns
                ),
            ),
        )
        assert await tables.states(table, say) == [DONE, DONE]
        # The user's own answer is not out of date, nor what was asked about it.
        await tables.service.set_values(table, [(CellId(second, say.id), "", "Mine")])
        table = await asks(tables, table, say, prompt="Name {{noun}}")
        assert await tables.states(table, say) == [OUTDATED, CellState.CORRECTED]
        assert await tables.states(table, then) == [OUTDATED, OUTDATED]
        await tables.service.run_now(table, EMPTY)
        assert await tables.states(table, then) == [DONE, DONE]
        assert other.name not in str(table.columns)


async def test_answers_of_a_former_version_are_not_out_of_date_until_something_changes() -> None:
    async with opened_tables() as tables:
        say = column("Say", "Say {{word}}")
        table = await tables.table(say)
        await tables.service.run_now(table, EMPTY)
        await tables.backend.database.execute("UPDATE table_answers SET asked = ''")
        word = next(each for each in table.columns if each.question is None)
        ids = await tables.service.store.row_ids(table.id)
        await tables.service.set_values(table, [(CellId(ids[0], word.id), "", "ROW9")])
        assert await tables.states(table, say) == [OUTDATED, DONE]
        table = await asks(tables, table, say, prompt="Name {{word}}")
        assert await tables.states(table, say) == [OUTDATED, OUTDATED]


async def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file, gone = tmp_path / "a.txt", tmp_path / "b.txt"
    file.write_text("ROW1 first")
    gone.write_text("ROW2")
    async with opened_tables() as tables:
        ask = column("Ask", "What?")
        table = await tables.service.create("T", (ask,))
        await tables.service.add(table.id, [file, gone])
        await tables.service.run_now(table, EMPTY)
        file.touch()
        with pytest.raises(IllegalChoiceError):  # the same text: every cell has its answer
            await tables.service.plan(table, EMPTY)
        file.write_text("ROW1 second")
        gone.unlink()
        plan = await tables.service.plan(table, EMPTY)
        assert (plan.cells, list(plan.gone)) == (1, [str(gone)])
        told: list[str] = []
        await tables.service.run_now(
            table, EMPTY, listen=lambda p: told.extend(map(str, p.notices))
        )
        assert "b.txt" in told[0]
        assert "second" in json.dumps(tables.asked.requests[-1])
        assert await tables.states(table, ask) == [DONE, DONE]


@pytest.mark.parametrize(("asks_equal", "requests"), [(False, 2), (True, 5)])
async def test_equal_requests_are_sent_once(asks_equal: bool, requests: int) -> None:
    async with opened_tables() as tables:
        say = column("Say", "Say {{word}}")
        table = await tables.table(say, words=("ROW1", "ROW2", "ROW1", "ROW1", "ROW2"))
        cells = Cells(asks_equal=asks_equal)
        plan = await tables.service.plan(table, cells)
        run = await tables.service.run_now(table, cells)
        assert len(tables.asked.requests) == requests
        assert await tables.values(table, say) == [f"About ROW{n}" for n in (1, 2, 1, 1, 2)]
        totals = await tables.service.store.totals(say.id)
        assert totals.usage.input_tokens == 100 * requests
        assert run.answered == 5
        single = await tables.service.plan(table, Cells(selection=Selection.ALL, limit=1))
        assert plan.cost is not None
        assert single.cost is not None
        assert plan.cost == pytest.approx(single.cost * requests)


async def test_a_run_takes_the_plan_that_was_shown_until_something_changes() -> None:
    async with opened_tables() as tables:
        say = column("Say", "Say {{word}}")
        table = await tables.table(say)
        planner = tables.service._planner
        measured = []
        measure = planner._measured

        async def counted(*args: object) -> object:
            measured.append(args)
            return await measure(*args)  # type: ignore[arg-type]

        planner._measured = counted  # type: ignore[assignment,method-assign]
        await tables.service.plan(table, EMPTY)
        word = next(each for each in table.columns if each.question is None)
        ids = await tables.service.store.row_ids(table.id)
        await tables.service.set_values(table, [(CellId(ids[0], word.id), "", "ROW7")])
        await tables.service.plan(table, EMPTY)
        await tables.service.run_now(table, EMPTY)
        assert len(measured) == 2
        assert await tables.values(table, say) == ["About ROW7", "About ROW2"]


async def test_a_correction_is_of_the_type_of_its_field() -> None:
    fields = (
        Field("n", FieldType.NUMBER),
        Field("mood", FieldType.CHOICE, choices=("Yes, so", "No")),
    )
    async with opened_tables(Asked(lambda _text: as_json(n=1, mood="No"))) as tables:
        ask = column("Ask", "Read {{word}}", *fields)
        table = await tables.table(ask)
        await tables.service.run_now(table, EMPTY)
        ids = await tables.service.store.row_ids(table.id)
        cell = CellId(ids[0], ask.id)
        for part, text in (("n", "nan"), ("n", "many"), ("mood", "Yes")):
            with pytest.raises(IllegalChoiceError, match=text):
                await tables.service.set_values(table, [(cell, part, text)])
        await tables.service.set_values(table, [(cell, "n", "1,234.50"), (cell, "mood", "yes, so")])
        stored = await tables.service.store.cell(*cell)
        assert stored.values["n"].number == 1234.5
        assert stored.text("mood") == "Yes, so"
        assert value_in(fields[0], "1,234.50") == stored.values["n"].value


async def test_a_column_that_is_empty_in_every_row_exists() -> None:
    async with opened_tables() as tables:
        rows = [NewRow(Row(0, "1"), {"name": "A", "notes": ""})]
        table = await tables.service.create("T", (column("Ask", "Say {{notes}}{{name}}"),), rows)
        assert [each.name for each in table.columns] == ["Ask", "name", "notes"]
        assert table.trashed_at is None
        assert "notes" in await exported(tables, table, TableFormat.CSV)


async def test_who_listens_hears_of_each_change_of_a_table() -> None:
    async with opened_tables(
        Asked(lambda text: refusing(400) if "ROW2" in text else "Yes")
    ) as tables:
        told: list[str] = []
        tables.service.listeners.append(lambda table_id, _cell: told.append(table_id))
        say = column("Say", "Say {{word}}")
        table = await tables.table(say)
        progress: list[RunProgress] = []
        await tables.service.run_now(table, EMPTY, listen=progress.append)
        assert (progress[0].done, progress[0].failed) == (0, 0)
        assert (progress[-1].done, progress[-1].failed) == (2, 1)
        for change in (
            tables.service.set_trashed(table.id, is_trashed=True),
            tables.service.delete(table.id),
        ):
            told.clear()
            await change
            assert told == [table.id]


async def test_claimed_pages_without_their_words_are_counted_and_found(tmp_path: Path) -> None:
    (tmp_path / "a.pptx").write_bytes(pptx(slide_text("The tenant pays."), slide_text("On time.")))
    cited = {"value": "x", "quote": "The landlord pays.", "page": 1}
    proven = {"value": "y", "quote": "The tenant pays.", "page": 1}
    async with opened_tables(Asked(lambda _text: as_json(a=cited, b=proven))) as tables:
        ask = column("Ask", "Who?", Field("a"), Field("b"))
        table = await tables.service.create("T", (ask,))
        (row,) = await tables.service.add(table.id, [tmp_path / "a.pptx"])
        await tables.service.run_now(table, EMPTY)
        store = tables.service.store
        assert (await store.totals(ask.id)).unproven == 1
        for part, expected in (("a", [row]), ("b", [])):
            order = RowOrder(filters=(Filter(ask.id, part, is_unproven=True),))
            assert list(await store.order(table.id, order)) == expected
        text = await exported(tables, table, TableFormat.MARKDOWN)
        assert "a: page 1 (words not found); b: page 1 |" in text


async def test_rows_are_sorted_by_several_columns_and_found_by_bounds() -> None:
    async with opened_tables() as tables:
        table = await tables.service.create("T")
        data = [("b", "$5"), ("a", "1,000"), ("b", "10"), ("a", ""), ("a", "9")]
        rows = [NewRow(Row(0, str(n)), {"k": k, "v": v}) for n, (k, v) in enumerate(data)]
        ids = await tables.service.add_rows(table.id, rows)
        k, v = (await tables.service.get(table.id)).columns
        store = tables.service.store
        found = await store.order(
            table.id, RowOrder(k.id, then=(SortKey(v.id, is_descending=True),))
        )
        assert [ids.index(row) for row in found] == [1, 4, 3, 2, 0]
        order = RowOrder(filters=(Filter(v.id, least=6, most=10),))
        assert [ids.index(row) for row in await store.order(table.id, order)] == [2, 4]
