"""Cells that are asked now: once each, slower after refusals, and safe from a kill."""

from __future__ import annotations

import asyncio
from array import array
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from desktop_app.chat.answers import answer_run
from desktop_app.domain.answering.generation import GenerationParameters, Overrides
from desktop_app.domain.conversations.conversation import Folder, now
from desktop_app.domain.conversations.message_parts import PassagesPart
from desktop_app.domain.documents.collections import Passage
from desktop_app.domain.errors import IllegalChoiceError, SpendingCapError
from desktop_app.tables import live_run
from desktop_app.tables.checks import MAX_JUDGE_TOKENS
from desktop_app.tables.stored_cells import CellId
from desktop_app.tables.table import (
    Cells,
    CellState,
    Check,
    Condition,
    Field,
    FieldType,
    RunMode,
    RunProgress,
    RunStatus,
    Selection,
)
from tests.helpers.full_disk import full_disk
from tests.helpers.linux_only import linux_only
from tests.helpers.office_files import pptx, slide_text
from tests.helpers.waiting import until
from tests.unit.providers.loopback import Script, replies, stalls
from tests.unit.tables.table_setup import (
    EMPTY,
    Asked,
    answering,
    as_json,
    column,
    cut_off,
    opened_tables,
    refusing,
    sent_text,
    with_columns,
)

pytestmark = pytest.mark.usefixtures("forked_children")
DONE, FAILED, EMPTY_CELL = CellState.DONE, CellState.FAILED, CellState.EMPTY


async def test_each_row_is_answered_once_in_spite_of_refusals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_run, "_FIRST_PAUSE_S", 0.01)
    words = [f"ROW{n}" for n in range(25)]
    reported: list[RunProgress] = []
    async with opened_tables(Asked(refuses_every=5, refuses_first=14)) as tables:
        ask = column("Ask", "Say {{word}}")
        table = await tables.table(ask, words=words)
        plan = await tables.service.plan(table, EMPTY)
        assert (plan.cells, plan.unreadable) == (25, 0)
        assert tables.asked.requests == []  # nothing is sent before
        run = await tables.service.run_now(table, EMPTY, listen=reported.append)
        assert (run.status, run.answered, run.failed) == (RunStatus.DONE, 25, 0)
        assert tables.asked.answered == dict.fromkeys(words, 1)
        assert await tables.values(table, ask) == [f"About {word}" for word in words]
        # The ledger, the run and the column count the same calls.
        spent = await tables.backend.ledger.spent_in_month(now())
        totals = await tables.service.store.totals(ask.id)
        assert spent.usage.input_tokens == 2500
        assert spent.cost == run.cost == totals.cost == reported[-1].cost > 0
        assert (totals.usage.input_tokens, totals.usage.output_tokens) == (2500, 250)
        assert reported[-1].done == reported[-1].total == 25
        # A 429 halves how many are asked at a time.
        assert min(each.at_once for each in reported) < reported[0].at_once
        assert tables.asked.most_at_once <= reported[0].at_once
        with pytest.raises(IllegalChoiceError):  # nothing is left to ask
            await tables.service.run_now(table, EMPTY)


async def test_a_column_of_answers_waits_for_them() -> None:
    fields = (Field("n", FieldType.NUMBER), Field("ok", FieldType.YES_NO))

    def answer(text: str) -> str:
        return as_json(n=4.5, ok="Fine" in text) if "Judge" in text else "Fine"

    async with opened_tables(Asked(answer)) as tables:
        judge = column("Judge", "Judge {{first}} of {{word}}", *fields)
        first = column("First", "Say {{word}}", checks=(Check("equals", "Fine"),))
        table = await tables.table(judge, first)
        reported: list[RunProgress] = []
        await tables.service.run_now(table, EMPTY, listen=reported.append)
        assert not reported[-1].notices  # the schema is that of the fields
        assert await tables.values(table, judge, "n") == ["4.5", "4.5"]
        assert await tables.values(table, judge, "ok") == ["yes", "yes"]
        assert (await tables.service.store.totals(first.id)).share == 1.0
        sent = [request.get("text") for request in tables.asked.requests]
        assert [each is not None for each in sent] == [False, False, True, True]
        schema = sent[-1]["format"]
        assert (schema["type"], schema["schema"]["required"]) == ("json_schema", ["n", "ok"])
        # A field is named by its heading.
        third = column("Third", "Double {{Judge: n}}")
        table = await tables.service.change(table.id, lambda t: with_columns(t, third))
        await tables.service.run_now(table, Cells(columns=(third.id,)))
        assert "Double 4.5" in str(tables.asked.requests[-1])


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("Say {{wrod}}", "wrod"),
        ("{{ask}} again", "names itself"),
        ("{{Other}} again", "circle"),
        ("  ", "is empty"),
    ],
)
async def test_a_wrong_prompt_is_told_before_anything_is_sent(prompt: str, named: str) -> None:
    async with opened_tables() as tables:
        other = column("Other", "From {{ask}}")
        table = await tables.table(column("Ask", prompt), other)
        with pytest.raises(IllegalChoiceError, match=named):
            await tables.service.plan(table, EMPTY)
        assert tables.asked.requests == []


async def test_a_question_that_names_no_column_is_asked_about_the_data_of_its_row() -> None:
    async with opened_tables() as tables:
        table = await tables.table(column("Ask", "Who is it?"), words=("ROW1 \0 end", "ROW2"))
        await tables.service.run_now(table, EMPTY)
        sent = sorted(sent_text(each) for each in tables.asked.requests)
        asked = [f"Who is it?\n\nword: {word}" for word in ("ROW1 \0 end", "ROW2")]
        assert sent == asked


async def test_a_cell_that_fails_keeps_no_other_from_its_answer(tmp_path: Path) -> None:
    def answer(text: str) -> str | Script:
        return refusing(400) if "Say ROW1" in text else "[page 1] fine"

    (tmp_path / "good.txt").write_text("Fine words.")
    (tmp_path / "damaged.txt").write_bytes(b"")
    async with opened_tables(Asked(answer)) as tables:
        ask = column("Ask", "Say {{word}}")
        table = await tables.table(ask)
        about = column("About", "What is it?")
        table = await tables.service.change(table.id, lambda t: with_columns(t, about))
        await tables.service.add(table.id, [tmp_path])
        plan = await tables.service.plan(table, EMPTY)
        assert (plan.cells, plan.unreadable) == (7, 1)
        run = await tables.service.run_now(table, EMPTY)
        assert (run.status, run.answered, run.failed) == (RunStatus.DONE, 6, 2)
        assert await tables.states(table, ask) == [FAILED, DONE, DONE, DONE]
        assert await tables.states(table, about) == [DONE, DONE, FAILED, DONE]
        ids = await tables.service.store.row_ids(table.id)
        damaged = await tables.service.store.cell(ids[2], about.id)
        assert damaged.error is not None
        assert "damaged.txt" in damaged.error.what_happened
        # The file was repaired meanwhile, and only what failed is asked again.
        (tmp_path / "damaged.txt").write_text("Now a text.")
        tables.asked.answer = lambda _: "Better"
        again = await tables.service.run_now(table, Cells(selection=Selection.FAILED))
        assert (again.cells, again.answered) == (2, 2)
        assert (await tables.values(table, ask))[0] == "Better"


async def test_rows_are_added_all_or_none(tmp_path: Path) -> None:
    first, second, text = (tmp_path / name for name in ("a.csv", "b.csv", "c.txt"))
    first.write_text("id,Ask\n7,x\n")
    second.write_text('id,Ask,empty\n8,y,\n7,"z\n')
    text.write_text("A text.")
    async with opened_tables() as tables:
        ask = column("Ask", "Say {{ask 2}}")
        table = await tables.service.create("T", (ask,))
        with pytest.raises(IllegalChoiceError, match="quotation"):
            await tables.service.add(table.id, [first, text, second])
        with pytest.raises(IllegalChoiceError):
            await tables.service.add(table.id, [])
        assert len(await tables.service.store.row_ids(table.id)) == 0
        ids = await tables.service.add(table.id, [first, text])
        assert await tables.service.store.row_ids(table.id) == array("q", ids)
        second.write_text("id,Ask,empty\n7,z,\n")  # the id of another row
        ids += await tables.service.add(table.id, [second])
        # Data do not take the place of answers.
        table = await tables.service.get(table.id)
        assert [each.name for each in table.columns] == ["Ask", "id", "Ask 2", "empty"]
        assert await tables.states(table, ask) == [EMPTY_CELL] * 3


async def test_pages_are_rows_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "a.pptx"
    path.write_bytes(pptx(slide_text("ROW1 of hills"), slide_text("ROW2 of lakes")))
    async with opened_tables() as tables:
        table = await tables.service.create("T", (column("Ask", "What is it?"),))
        await tables.service.add(table.id, [path], by_page=True)
        window = await tables.service.store.window(await tables.service.store.row_ids(table.id))
        assert [row.name for row in window.rows] == ["a.pptx, slide 1", "a.pptx, slide 2"]
        await tables.service.run_now(table, EMPTY)
        sent = [str(request) for request in tables.asked.requests]
        assert sorted(("hills" in each, "lakes" in each) for each in sent) == [
            (False, True),
            (True, False),
        ]


async def test_a_killed_run_loses_no_answer_and_asks_none_twice() -> None:
    async with opened_tables() as tables:
        ask = column("Ask", "Say {{word}}")
        table = await tables.table(ask, words=[f"ROW{n}" for n in range(4)])
        run = await tables.service.run_now(table, Cells(limit=2))
        ids = await tables.service.store.row_ids(table.id)
        killed = replace(run, id="killed", status=RunStatus.RUNNING)
        waiting = [CellId(row_id, ask.id) for row_id in ids[2:]]
        await tables.service.store.begin_run(killed, waiting)
        await tables.kill(killed, waiting[0])
        assert await tables.service.recover() == 1
        assert await tables.service.recover() == 0
        assert await tables.states(table, ask) == [DONE, DONE, FAILED, EMPTY_CELL]
        asking = await tables.service.store.cell(ids[2], ask.id)
        assert asking.error is not None
        assert asking.error.code == "interrupted"
        await tables.service.run_now(table, EMPTY)
        assert await tables.states(table, ask) == [DONE] * 4
        assert tables.asked.answered == {f"ROW{n}": 1 for n in range(4)}


async def test_stop_keeps_the_answers_and_frees_the_cells() -> None:
    def answer(text: str) -> str | Script:
        return "First" if "ROW0" in text else stalls()

    async with opened_tables(Asked(answer)) as tables:
        ask = column("Ask", "Say {{word}}")
        table = await tables.table(ask, words=[f"ROW{n}" for n in range(9)])
        seen: list[int] = []
        running = asyncio.create_task(
            tables.service.run_now(table, EMPTY, at_once=3, listen=lambda p: seen.append(p.done))
        )

        async def is_asking() -> bool:
            return 1 in seen and len(tables.asked.requests) == 4

        await until(is_asking)
        [run] = await tables.service.store.runs(table.id, is_open=True)
        with pytest.raises(IllegalChoiceError):
            await tables.service.delete(table.id)
        await tables.service.stop(run.id)
        ended = await running
        assert (ended.status, ended.answered) == (RunStatus.STOPPED, 1)
        assert await tables.states(table, ask) == [DONE, *[EMPTY_CELL] * 8]
        await tables.service.delete(table.id)
        assert await tables.service.store.summaries() == []


async def test_a_run_holds_the_price_of_all_and_stops_at_the_limit() -> None:
    async with opened_tables() as tables:
        await tables.limit(Decimal("0.02"))
        ask = column("Ask", "Say {{word}}")
        words = [f"ROW{n}" for n in range(6)]
        table = await tables.table(ask, words=words)
        plan = await tables.service.plan(table, EMPTY)
        assert plan.cost is not None
        assert plan.cost > Decimal("0.02")
        with pytest.raises(SpendingCapError):
            await tables.service.run_now(table, EMPTY)
        assert tables.asked.requests == []
        assert await tables.states(table, ask) == [EMPTY_CELL] * 6
        # With room for all at their usual price, but not for two of the longest answers at once.
        await tables.limit(plan.cost * Decimal("1.05"))
        run = await tables.service.run_now(table, EMPTY)
        assert (run.status, run.answered) == (RunStatus.DONE, 6)
        assert tables.asked.answered == dict.fromkeys(words, 1)
        [profile, *_] = await tables.service._parts.profiles()
        assert (await tables.backend.budget.month(profile)).held == 0


async def test_a_run_whose_answers_cost_more_than_usual_stops_at_the_limit() -> None:
    usage = {"input_tokens": 100, "output_tokens": 3000, "total_tokens": 3100}
    async with opened_tables(Asked(lambda _: answering("long", usage))) as tables:
        ask = column("Ask", "Say {{word}}")
        table = await tables.table(ask, words=[f"ROW{n}" for n in range(40)])
        plan = await tables.service.plan(table, EMPTY)
        assert plan.cost is not None
        limit = plan.cost * Decimal("1.05")
        await tables.limit(limit)
        run = await tables.service.run_now(table, EMPTY)
        assert run.status is RunStatus.STOPPED
        spent = (await tables.backend.ledger.spent_in_month(now())).cost
        assert limit - spent < spent / run.answered
        # What is left can be asked as soon as the limit has room.
        await tables.limit(Decimal(100))
        assert (await tables.service.run_now(table, EMPTY)).answered == 40 - run.answered


@pytest.mark.parametrize("mode", RunMode)
@pytest.mark.parametrize("prompt", ["Say {{word}}", "Say {{First}}"])
async def test_no_answer_costs_more_than_the_most(mode: RunMode, prompt: str) -> None:
    def answer(text: str) -> Script:
        """Write as much as is allowed; every byte of the request is a token."""
        most = MAX_JUDGE_TOKENS if "Rubric:" in text else 500
        said = as_json(**{"pass": False, "reason": "é" * 400})
        usage = {"input_tokens": len(text.encode()), "output_tokens": most}
        return answering(said, {**usage, "total_tokens": sum(usage.values())})

    async with opened_tables(Asked(answer)) as tables:
        limited = Overrides(parameters=GenerationParameters(max_output_tokens=500))
        judged = Check("judge", "Is it polite, and short? " * 20)
        first = column("First", "About {{word}}", overrides=limited)
        second = column("Second", prompt, overrides=limited, checks=(judged,))
        table = await tables.table(first, second, words=["ROW1 " + "ß" * 300, "ROW2"])
        if mode is RunMode.NOW:
            plan = await tables.service.plan(table, EMPTY)
        else:  # the columns cannot be asked together, so the first is asked before
            await tables.service.run_now(table, Cells(columns=(first.id,)))
            plan = (await tables.service.plan(table, EMPTY, mode)).now()
        before = (await tables.backend.ledger.spent_in_month(now())).cost
        run = await tables.service.run_now(table, EMPTY)
        spent = (await tables.backend.ledger.spent_in_month(now())).cost - before
        assert run.status is RunStatus.DONE
        assert plan.judgments == 2
        assert plan.most is not None
        assert spent <= plan.most


async def test_a_corrected_cell_is_asked_again_only_if_it_is_chosen() -> None:
    async with opened_tables() as tables:
        ask = column("Ask", "Say {{word}}")
        table = await tables.table(ask)
        await tables.service.run_now(table, EMPTY)
        ids = await tables.service.store.row_ids(table.id)
        cell = CellId(ids[0], ask.id)
        await tables.service.set_values(table, [(cell, "", "Mine")])
        await tables.service.run_now(table, Cells(selection=Selection.ALL))
        assert await tables.values(table, ask) == ["Mine", "About ROW2"]
        assert tables.asked.answered == {"ROW1": 1, "ROW2": 2}
        await tables.service.run_now(table, Cells(rows=(ids[0],), selection=None))
        assert await tables.values(table, ask) == ["About ROW1", "About ROW2"]


async def test_a_cell_opens_as_a_conversation_once() -> None:
    async with opened_tables() as tables:
        ask = column("Ask", "Say {{word}}")
        table = await tables.table(ask)
        await tables.service.run_now(table, Cells(limit=1))
        ids = await tables.service.store.row_ids(table.id)
        place = CellId(ids[0], ask.id)
        made = await tables.service.conversation_of(table, place)
        assert await tables.service.conversation_of(table, place) == made
        texts = [m.text for m in await tables.backend.conversations.messages(made)]
        assert texts == ["Say ROW1", "About ROW1"]
        with pytest.raises(IllegalChoiceError):
            await tables.service.conversation_of(table, CellId(ids[1], ask.id))


async def test_a_cell_is_asked_in_its_project_and_opens_there() -> None:
    async with opened_tables() as tables:
        found = Passage(1, "c", "1" * 64, "law.pdf", 3, "page 3", 0, 9, "The law is old.")
        ask = column(
            "Ask",
            "Say it",
            is_literal=True,
            folder_id="f",
            passages=(PassagesPart("c", "Law", (found,), is_of_folder=True),),
        )
        table = await tables.table(ask)
        folders = tables.backend.conversation_folders
        await folders.save(Folder("f", "Law", now()))
        await tables.service.run_now(table, Cells())
        assert all("The law is old." in sent_text(each) for each in tables.asked.requests)
        conversations = tables.backend.conversations
        ids = await tables.service.store.row_ids(table.id)
        for is_there, row_id in zip((True, False), ids, strict=True):
            if not is_there:
                await folders.delete("f")
            made = await tables.service.conversation_of(table, CellId(row_id, ask.id))
            conversation = await conversations.get(made)
            assert conversation is not None
            assert conversation.folder_id == ("f" if is_there else None)
            question, _ = await conversations.messages(made)
            assert [part.passages for part in question.passage_parts] == [(found,)]


@linux_only("a limit of the size of files")
async def test_answers_wait_for_room_on_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_run, "SAVE_RETRY_S", 0.01)
    reported: list[RunProgress] = []
    disk = ExitStack()

    def answer(text: str) -> str:
        if len(tables.asked.requests) == 1:
            disk.enter_context(full_disk())
        return f"About {text.split()[-1]}"

    async with opened_tables(Asked(answer)) as tables:
        ask = column("Ask", "Say {{word}}")
        words = [f"ROW{n}" for n in range(4)]
        table = await tables.table(ask, words=words)
        running = asyncio.create_task(
            tables.service.run_now(table, EMPTY, at_once=1, listen=reported.append)
        )

        async def is_told() -> bool:
            return any(each.error is not None for each in reported)

        with disk:
            await until(is_told)
        run = await running
        assert (run.status, run.answered) == (RunStatus.DONE, 4)
        assert tables.asked.answered == dict.fromkeys(words, 1)
        assert (await tables.backend.ledger.spent_in_month(now())).calls == 4


async def test_what_every_cell_would_meet_stops_the_column_only() -> None:
    error = {"message": "Who?", "type": "x", "code": "invalid_api_key"}
    reported: list[RunProgress] = []

    def answer(text: str) -> str | Script:
        return replies(401, {"error": error}) if "Refuse" in text else "Fine"

    async with opened_tables(Asked(answer)) as tables:
        refused, ask = column("Refused", "Refuse {{word}}"), column("Ask", "Say {{word}}")
        table = await tables.table(refused, ask, words=[f"ROW{n}" for n in range(30)])
        run = await tables.service.run_now(table, EMPTY, listen=reported.append)
        assert (run.status, run.answered, run.failed) == (RunStatus.STOPPED, 30, 0)
        assert run.error is not None
        assert run.error.code == "authentication"
        assert reported[-1].refusals == {refused.id: run.error}
        assert len(tables.asked.requests) <= 30 + 4
        assert set(await tables.states(table, refused)) == {EMPTY_CELL}
        assert set(await tables.states(table, ask)) == {DONE}


async def test_models_answer_row_by_row() -> None:
    """If the run is stopped, the columns have about the same rows."""
    async with opened_tables() as tables:
        columns = [column(name, f"{name} {{{{word}}}}") for name in ("First", "Second")]
        table = await tables.table(*columns, words=["ROW1", "ROW2", "ROW3"])
        await tables.service.run_now(table, Cells(limit=2), at_once=1)
        asked = [sent_text(request) for request in tables.asked.requests]
        assert asked == ["First ROW1", "Second ROW1", "First ROW2", "Second ROW2"]


async def test_a_model_judges_by_a_rubric() -> None:
    def answer(text: str) -> str:
        if "Rubric:" not in text:
            return f"About {text.split()[-1]}"
        return as_json(**{"pass": "ROW1" in text, "reason": "rude"})

    async with opened_tables(Asked(answer)) as tables:
        checks = (Check("judge", "Is it polite?"), Check("contains", "{{word}}"))
        ask = column("Ask", "Say {{word}}", checks=checks)
        table = await tables.table(ask)
        plan = await tables.service.plan(table, EMPTY)
        assert (plan.cells, plan.judgments) == (2, 2)
        await tables.service.run_now(table, EMPTY)
        totals = await tables.service.store.totals(ask.id)
        assert (totals.checked, totals.passed) == (2, 1)
        ids = await tables.service.store.row_ids(table.id)
        rude = await tables.service.store.cell(ids[1], ask.id)
        assert rude.failures == ("judge: Is it polite? (rude)",)
        assert 2 * (rude.cost + rude.judge_cost) == totals.cost
        assert rude.seconds >= rude.first_token_s > 0
        spent = await tables.backend.ledger.spent_in_month(now())
        assert (spent.calls, spent.cost) == (4, totals.cost)


async def test_only_an_answer_that_came_to_its_end_is_judged() -> None:
    def answer(text: str) -> str | Script:
        if "Rubric:" in text:
            return "" if "ROW3" in text else as_json(**{"pass": True})
        return {"ROW1": "", "ROW2": cut_off("Half")}.get(text.split()[-1], "Fine")

    async with opened_tables(Asked(answer)) as tables:
        ask = column("Ask", "Say {{word}}", checks=(Check("judge", "Nice?"), Check("regex", "Fi")))
        table = await tables.table(ask, words=["ROW1", "ROW2", "ROW3", "ROW4"])
        await tables.service.run_now(table, EMPTY)
        ids = await tables.service.store.row_ids(table.id)
        cells = [await tables.service.store.cell(row_id, ask.id) for row_id in ids]
        assert [cell.state for cell in cells] == [FAILED, FAILED, DONE, DONE]
        assert [cell.has_passed for cell in cells] == [False, None, False, True]
        assert [cell.failures for cell in cells] == [
            ("regex: Fi",),
            ("regex: Fi",),
            ("judge: Nice? (the judge gave no verdict)",),
            (),
        ]
        judged = [sent_text(each) for each in tables.asked.requests if "Rubric:" in str(each)]
        assert sorted("Half" in each for each in judged) == [False] * 3


async def test_a_cell_says_whether_anything_was_sent(tmp_path: Path) -> None:
    (tmp_path / "damaged.txt").write_bytes(b"")
    async with opened_tables(Asked(lambda _: refusing(400))) as tables:
        ask = column("Ask", "What is it?")
        table = await tables.service.create("T", (ask,))
        (tmp_path / "good.txt").write_text("Words.")
        ids = await tables.service.add(table.id, [tmp_path])
        await tables.service.run_now(await tables.service.get(table.id), EMPTY)
        unsent, sent = [await tables.service.store.cell(row_id, ask.id) for row_id in ids]
        assert (unsent.seconds, unsent.cost) == (None, None)
        assert sent.seconds is not None
        assert (await tables.service.store.totals(ask.id)).seconds is None  # of answers


async def test_an_answer_is_open_until_it_is_judged() -> None:
    def answer(text: str) -> str | Script:
        return stalls() if "Rubric:" in text else "Fine"

    async with opened_tables(Asked(answer)) as tables:
        ask = column("Ask", "Say {{word}}", checks=(Check("judge", "Nice?"), Check("regex", "Fi")))
        table = await tables.table(ask, words=["ROW1"])
        running = asyncio.create_task(tables.service.run_now(table, EMPTY))

        async def is_judging() -> bool:
            return len(tables.asked.requests) == 2

        await until(is_judging)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        [row_id] = await tables.service.store.row_ids(table.id)
        cell = await tables.service.store.cell(row_id, ask.id)
        assert (cell.state, cell.text(), cell.has_passed) == (DONE, "Fine", None)


async def test_a_question_is_asked_of_the_rows_that_meet_its_condition() -> None:
    asked = Asked(lambda text: "yes" if "ROW1" in text or "ROW3" in text else "no")
    async with opened_tables(asked) as tables:
        first = column("kind", "Is {{word}} one?")
        then = column("why", "Why {{word}}?", condition=Condition("equals", "kind", "Yes"))
        odd = column("odd", "Odd {{word}}?", condition=Condition("contains", "word", "row2"))
        words = ("ROW1", "ROW2", "ROW3", "ROW4")
        table = await tables.table(first, then, odd, words=words)
        plan = await tables.service.plan(table, Cells((odd.id,), limit=1))
        assert (plan.cells, plan.rows) == (1, 1)  # the first that meets it, not the first
        await tables.service.run_now(table, Cells())
        assert await tables.values(table, then) == ["yes", "", "yes", ""]
        assert await tables.values(table, odd) == ["", "no", "", ""]
        assert (await tables.states(table, then))[1] is CellState.EMPTY
        assert len(asked.requests) == 7
        # What follows knows the answers of the earlier run, and finds nothing more to ask.
        with pytest.raises(IllegalChoiceError):
            await tables.service.plan(table, Cells())
