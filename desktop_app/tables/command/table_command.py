"""`repartee table`: makes, asks, shows and exports tables without a window."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from desktop_app.backend.backend import Backend
from desktop_app.cli import console
from desktop_app.cli.command_line import Options
from desktop_app.cli.command_setup import cancel_at_signals, expand_path, open_backend, run_command
from desktop_app.cli.console import (
    ProgressReporter,
    terminal_error_text,
    write_diagnostic,
    write_note,
)
from desktop_app.cli.exit_code import ExitCode
from desktop_app.cli.output_file import partial_file, unwritable_error
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, paragraph, tr, tr_plural
from desktop_app.tables.command.questions import Ask, asks_of, checks_of, columns_of, fields_of
from desktop_app.tables.command.row_source import source_of
from desktop_app.tables.services import table_service
from desktop_app.tables.table import (
    Cells,
    CellState,
    Column,
    ColumnTotals,
    Plan,
    Run,
    RunMode,
    RunProgress,
    RunStatus,
    Selection,
    Table,
)
from desktop_app.tables.table_export import ExportedTable, TableFormat
from desktop_app.tables.table_service import TableService

_Action = Callable[[Backend, TableService, Options], Awaitable[int]]
MIN_ID_CHARS: Final = 4
_MAX_NAMED: Final = 20
_UNANSWERED: Final = (CellState.FAILED, CellState.WAITING, CellState.RUNNING)


def run_table(options: Options) -> int:
    actions: dict[str, _Action] = {
        "run": _run,
        "list": _list,
        "status": _status,
        "export": _export,
        "resume": _resume,
        "stop": _stop,
        "remove": _remove,
    }

    async def run() -> int:
        cancel_at_signals()
        allows_unpriced = getattr(options, "allow_unpriced", False)
        async with open_backend(allows_unpriced=allows_unpriced) as backend:
            backend.local_models.use(await backend.settings.all())
            await backend.listings.load()
            service = backend.of(table_service)
            if interrupted := await service.recover():
                write_diagnostic(
                    tr_plural(
                        "{count} cell was being asked when Repartee ended. It may have been "
                        "charged.",
                        "{count} cells were being asked when Repartee ended. They may have been "
                        "charged.",
                        interrupted,
                    )
                )
            return await actions[options.action](backend, service, options)

    return run_command(run(), options)


# -------------------------------------------------------------- run


async def _run(backend: Backend, service: TableService, options: Options) -> int:
    fields, checks = fields_of(options.field), await checks_of(options.check)
    if options.to is not None:
        _format_of(options.to)  # before anything is paid
    asks: Sequence[Ask] = await asks_of(backend, options)
    if (fields or checks or options.column) and len(asks) > 1:
        raise IllegalChoiceError(
            N_("--column, --field, and --check belong to one question."),
            hint=N_("Give --ask once."),
        )
    table = await _existing_table(service, options, has_question=bool(asks))
    is_new = table is None
    source = None if table else await source_of(backend, options, asks)
    if source is not None:
        table = await service.create(options.name or source.name)
    assert table is not None
    is_sent, asked = False, list[str]()
    try:
        is_evaluation = source is not None and not asks
        if source is not None:
            reporter = ProgressReporter(tr("Reading files"), in_lines=options.progress)
            await source.add_to(service, table.id, reporter.show)
            table, asks = await service.get(table.id), source.asks
            if not asks:
                no_question = N_("There is no question.")
                raise IllegalChoiceError(no_question, hint=N_("Give one with --ask."))
        if asks:
            columns = await columns_of(backend, options, table, asks, fields, checks)
            asked = [column.id for column in columns]
            table = await service.change(table.id, lambda each: _with_columns(each, columns))
        cells = Cells(
            columns=tuple(asked),
            selection=_selection(options),
            limit=options.rows or 0,
            # Equal cases, too, may be answered otherwise each time.
            asks_equal=options.ask_equal or (options.n or 1) > 1 or is_evaluation,
        )
        if table.questions and not is_new and not await service.chosen(table, cells):
            return await _write_nothing_left(service, table, options)
        plan = await _plan(service, table, cells, options)
        if options.dry_run:
            _write_dry_run(plan, options)
            return 0
        _write_plan(plan, options)
        is_agreed = plan.cells > 0 and (
            options.yes or await console.confirm(tr("Ask these cells? [y/N]"), default=True)
        )
        if not is_agreed:
            write_diagnostic(
                tr("Nothing was sent.") if plan.cells else tr("None of the rows can be sent.")
            )
            if not plan.cells:
                await _write_refused(service, table, plan)
            return ExitCode.FAILED
        is_sent = True
        return await _ask(service, table, cells, options)
    except UserFacingError:
        is_sent = False
        raise
    finally:
        if is_new and not is_sent:
            await asyncio.shield(service.delete_unasked(table.id))
        elif asked and not is_sent:
            await asyncio.shield(_remove_columns(service, table, asked))


async def _remove_columns(service: TableService, table: Table, added: Sequence[str]) -> None:
    """Remove the columns that this command has added, unless something of them was asked."""
    for column_id in added:
        if not (await service.store.totals(column_id)).states:
            await service.remove_column(table.id, column_id)


async def _plan(service: TableService, table: Table, cells: Cells, options: Options) -> Plan:
    reporter = ProgressReporter(tr("Reading files"), in_lines=options.progress)
    mode = RunMode.BATCH if options.batch else RunMode.NOW
    return await service.plan(table, cells, mode, reporter.show)


async def _ask(service: TableService, table: Table, cells: Cells, options: Options) -> int:
    run: Run | None = None
    try:
        if options.batch:
            run = await service.start_batch(table, cells)
            await _advance(service, run.id, options)
            run = await service.store.run(run.id) or run
        else:
            show = _progress_of(options)
            run = await service.run_now(table, cells, at_once=options.concurrency, listen=show)
    except asyncio.CancelledError:
        command = f"repartee table run {table.id}"
        if run is not None:
            command = "repartee table status"
        write_diagnostic(tr("Interrupted. To continue, run “{command}”.", command=command))
        raise
    console.clear_progress()
    await _write_outcome(service, table, run, cells, options)
    if options.to is not None and run.status.is_over:
        await _write_file(service, table, options.to, None)
    if run.status is RunStatus.DONE:
        if not run.answered and not run.failed:
            return _write_asked_elsewhere()
        is_enough = await _has_share(service, table, cells, options)
        return 0 if is_enough and not run.failed else ExitCode.FAILED
    is_sent = run.mode is RunMode.BATCH and run.status is RunStatus.SENT
    return 0 if is_sent else ExitCode.FAILED


def _asked(table: Table, cells: Cells) -> list[Column]:
    return [each for each in table.questions if not cells.columns or each.id in cells.columns]


async def _has_share(service: TableService, table: Table, cells: Cells, options: Options) -> bool:
    """Return True if a share of --min of the answers in each asked column passes its checks."""
    if options.min is None:
        return True
    figures = [await service.store.figures(column) for column in _asked(table, cells)]
    if unchecked := max(each.unchecked for each in figures):
        write_diagnostic(
            tr_plural(
                "{count} case has no check, so any response passes.",
                "{count} cases have no checks, so any response passes.",
                unchecked,
            )
        )
    return all(each.share >= options.min for each in figures)


def _write_asked_elsewhere() -> int:
    """Say that another process asks the cells; return the exit code."""
    write_diagnostic(tr("Another process is asking this table."))
    return ExitCode.FAILED


async def _write_figures(service: TableService, columns: Sequence[Column]) -> None:
    """Write a line for each column with checks, and some of the rows that fail them."""
    for column in columns:
        totals = await service.store.totals(column.id)
        if not totals.checked:
            continue
        write_note(console.clean_line(await _figures_text(service, column, totals)))
        for row, failures in await service.store.failures(column, _MAX_NAMED):
            write_note(console.clean_line(f"    {row}: {failures}"))


async def _figures_text(service: TableService, column: Column, totals: ColumnTotals) -> str:
    figures = (await service.store.figures(column)).to_json()
    share, low, high = (
        formatting.percent(round(100 * figures[name])) for name in ("share", "low", "high")
    )
    pieces = [
        f"{figures['passed']}/{figures['asked']}",
        f"{share} ({low}–{high})",
        tr("unknown cost") if totals.uncounted else formatting.money(totals.cost),
    ]
    if (seconds := figures["p50_s"]) is not None:
        pieces.append(tr("{seconds} s", seconds=formatting.decimal(seconds, 1)))
    if count := figures["declined"]:
        pieces.append(tr_plural("{count} declined", "{count} declined", count))
    return f"{column.name}: {' · '.join(pieces)}"


async def _advance(service: TableService, run_id: str, options: Options) -> None:
    pause = await service.advance(run_id)
    while options.wait and pause is not None:
        run = await service.store.run(run_id)
        if run is not None and (options.progress or console.is_stderr_terminal()):
            write_diagnostic(_run_text(run))
        await asyncio.sleep(pause)
        pause = await service.advance(run_id)


def _progress_of(options: Options) -> Callable[[RunProgress], None]:
    reporter = ProgressReporter(tr("Asking"), in_lines=options.progress)

    told: list[str] = []

    def show(progress: RunProgress) -> None:
        texts = [str(each) for each in progress.notices]
        texts += [] if progress.error is None else [terminal_error_text(progress.error)]
        for text in texts:
            if text not in told:
                told.append(text)
                write_diagnostic(text)
        if options.progress:
            reporter.show(progress.done, progress.total)
            return
        pieces = [tr("{done} of {total} done", done=progress.done, total=progress.total)]
        if progress.failed:
            pieces.append(tr_plural("{count} failed", "{count} failed", progress.failed))
        if progress.cost:
            pieces.append(formatting.money(progress.cost))
        if progress.waits_s >= 1:
            pieces.append(
                tr("waiting {time} for the provider", time=formatting.duration(progress.waits_s))
            )
        elif progress.seconds_left is not None:
            left = formatting.duration(progress.seconds_left, digits=0)
            pieces.append(tr("about {time} left", time=left))
        console.show_progress(" · ".join(pieces))

    return show


async def _write_outcome(
    service: TableService, table: Table, run: Run, cells: Cells, options: Options
) -> None:
    if options.json:
        console.write_json(await _table_json(service, table))
    else:
        console.write_line(table.id)
    if run.status.is_over:
        await _write_figures(service, _asked(table, cells))
    has_all = run.status is not RunStatus.STOPPED and not run.failed
    (write_note if has_all else write_diagnostic)(_run_text(run))
    if run.error is not None:
        write_diagnostic(terminal_error_text(run.error))
    if run.mode is RunMode.BATCH and not run.status.is_over:
        command = f"repartee table status {table.id}"
        write_note(tr("To get the responses, run “{command}”.", command=command))
        if options.to is not None:
            command = shlex.join(["repartee", "table", "export", table.id, "-o", options.to])
            note = tr("Nothing was exported yet. Then run “{command}”.", command=command)
            write_diagnostic(note)
    if run.mode is RunMode.NOW and run.status is RunStatus.STOPPED:
        command = f"repartee table run {table.id}"
        write_diagnostic(tr("To continue, run “{command}”.", command=command))
    if run.failed:
        await _write_failures(service, table, run)


async def _write_nothing_left(service: TableService, table: Table, options: Options) -> int:
    """Say that nothing is to be asked, and export the table; return the exit code."""
    if options.json:
        console.write_json(await _table_json(service, table))
    else:
        console.write_line(table.id)
    runs = await service.store.runs(table.id, is_open=True)
    if any(run.mode is RunMode.NOW for run in runs):
        return _write_asked_elsewhere()
    write_note(tr("None of the cells is to be asked."))
    if options.to is not None:
        await _write_file(service, table, options.to, None)
    states = Counter[CellState]()
    for column in table.questions:
        states.update((await service.store.totals(column.id)).states)
    if states[CellState.FAILED]:
        count = states[CellState.FAILED]
        write_diagnostic(tr_plural("{count} failed", "{count} failed", count))
        _write_failed_hint(table)
    is_enough = await _has_share(service, table, Cells(), options)
    has_all = not any(states[each] for each in _UNANSWERED)
    return 0 if has_all and is_enough else ExitCode.FAILED


def _write_failed_hint(table: Table) -> None:
    command = f"repartee table run {table.id} --failed"
    write_diagnostic(tr("To ask them again, run “{command}”.", command=command))


async def _write_failures(service: TableService, table: Table, run: Run) -> None:
    """Name the first cells of a run that failed, with the reason."""
    named = 0
    for row_id, column_id in await service.store.failed_cells(run.id, _MAX_NAMED):
        row, column = await service.store.row(row_id), table.column(column_id)
        cell = await service.store.cell(row_id, column_id)
        if row is not None and column is not None and cell.error is not None:
            named += 1
            write_diagnostic(f"{row.name}, {column.name}: {terminal_error_text(cell.error)}")
    if run.failed > named:
        count = run.failed - named
        write_diagnostic(
            tr_plural("{count} more cell failed.", "{count} more cells failed.", count)
        )
    _write_failed_hint(table)


async def _write_refused(service: TableService, table: Table, plan: Plan) -> None:
    """Name the first cells that cannot be asked, with the reason."""
    for (row_id, column_id), error in plan.refused[:_MAX_NAMED]:
        row, column = await service.store.row(row_id), table.column(column_id)
        if row is not None and column is not None:
            write_diagnostic(f"{row.name}, {column.name}: {terminal_error_text(error)}")


def _write_dry_run(plan: Plan, options: Options) -> None:
    """Write what a run would ask and cost to standard output."""
    if not options.json:
        console.write_line(_plan_text(plan, options))
        return
    costs = {"cost_usd": plan.cost, "most_usd": plan.most}
    console.write_json(
        {
            "dry_run": True,
            "cells": plan.cells,
            "judgments": plan.judgments,
            "not_sent": plan.unreadable,
            "input_tokens": plan.input_tokens,
            **{name: None if each is None else f"{each:f}" for name, each in costs.items()},
        }
    )


def _write_plan(plan: Plan, options: Options) -> None:
    console.write_price(_plan_text(plan, options), is_confirmed=options.yes)


def _plan_text(plan: Plan, options: Options) -> str:
    sentences = [
        tr_plural(
            "{count} cell with about {tokens} input tokens.",
            "{count} cells with about {tokens} input tokens.",
            plan.cells,
            tokens=formatting.tokens(plan.input_tokens),
        )
    ]
    if plan.unreadable:
        sentences.append(
            tr_plural(
                "{count} cell can’t be asked.", "{count} cells can’t be asked.", plan.unreadable
            )
        )
    if plan.judgments:
        sentences.append(
            tr_plural("{count} answer is judged.", "{count} answers are judged.", plan.judgments)
        )
    sentences.append(_price_text(plan, is_batch=options.batch))
    if options.batch:
        sentences.append(tr("Responses arrive within 24 hours."))
    return paragraph(*sentences)


def _price_text(plan: Plan, *, is_batch: bool) -> str:
    if plan.cost is None:
        return tr("The price of a model is unknown.")
    cost = formatting.money(plan.cost)
    if is_batch and plan.ordinary is not None and plan.ordinary > plan.cost:
        saving = formatting.money(plan.ordinary - plan.cost)
        return tr("Estimated cost {cost} ({saving} less than now).", cost=cost, saving=saving)
    if plan.most is None:
        return tr("Estimated cost {cost}.", cost=cost)
    most = formatting.money(plan.most)
    return tr("Estimated cost {cost}, at most {most}.", cost=cost, most=most)


def _selection(options: Options) -> Selection:
    if options.failed:
        return Selection.FAILED
    return Selection.ALL if options.all else Selection.EMPTY


def _with_columns(table: Table, columns: Iterable[Column]) -> Table:
    from msgspec.structs import replace

    return replace(table, columns=(*table.columns, *columns))


# -------------------------------------------------------------- which table


async def _existing_table(
    service: TableService, options: Options, *, has_question: bool
) -> Table | None:
    """Return the table that the only argument names; None if it names files."""
    if len(options.source) != 1 or options.source == ["-"]:
        return None
    given = options.source[0]
    matches = await _matches(service, given)
    # A table has the name of its file. Without a question, which a new one needs, it is meant.
    is_known = bool(matches) and not has_question
    if not is_known and os.path.exists(expand_path(given)):  # noqa: ASYNC240, PTH110 — may raise
        return None
    if not matches and any(each in given for each in ("/", "\\", ".")):
        return None
    return await _find_table(service, given)


async def _matches(service: TableService, given: str) -> list[Table]:
    tables = [each.table for each in await service.store.summaries()]
    matches = [table for table in tables if table.id == given]
    if not matches:
        matches = [table for table in tables if table.name.casefold() == given.casefold()]
    if not matches and len(given) >= MIN_ID_CHARS:
        matches = [table for table in tables if table.id.startswith(given)]
    return matches


async def _find_table(service: TableService, given: str) -> Table:
    """Return the table with an id, the beginning of one, or a name. Raises IllegalChoiceError."""
    matches = await _matches(service, given)
    if len(matches) == 1:
        return matches[0]
    raise IllegalChoiceError(
        N_("Several tables match {given}.") if matches else N_("There is no table {given}."),
        hint=N_("“repartee table list” lists the IDs."),
        given=given,
    )


# -------------------------------------------------------------- list, status


async def _list(_: Backend, service: TableService, options: Options) -> int:
    summaries = await service.store.summaries()
    if options.json:
        console.write_json(
            [
                {
                    "id": each.table.id,
                    "name": each.table.name,
                    "rows": each.rows,
                    "columns": len(each.table.columns),
                    "cells": {state.value: count for state, count in each.states.items()},
                    "cost_usd": f"{each.cost:f}",
                }
                for each in summaries
            ],
            indent=1,
        )
        return 0
    for each in summaries:
        rows = tr_plural("{count} row", "{count} rows", each.rows)
        pieces = [rows, *_states_text(each.states), formatting.money(each.cost)]
        line = f"{each.table.id}  {' · '.join(pieces)}  {each.table.name}"
        console.write_line(console.clean_line(line))
    if not summaries:
        write_diagnostic(tr("No tables"))
    return 0


def _states_text(states: Any) -> list[str]:
    return [
        f"{formatting.number(count)} {tr(state.text).lower()}" for state, count in states.items()
    ]


async def _status(_: Backend, service: TableService, options: Options) -> int:
    table = await _find_table(service, options.table) if options.table else None
    for run in await service.open_batches():
        if table is None or run.table_id == table.id:
            await service.advance(run.id)
    if table is not None:
        if options.json:
            console.write_json(await _table_json(service, table), indent=1)
        else:
            await _write_status(service, table)
        return 0
    runs = await service.store.runs(is_open=True)
    if options.json:
        console.write_json([_run_json(run) for run in runs], indent=1)
        return 0
    for run in runs:
        named = await service.store.get(run.table_id)
        name = "" if named is None else named.name
        console.write_line(console.clean_line(f"{run.table_id}  {_run_text(run)}  {name}"))
        if run.error is not None:
            console.write_line(f"    {terminal_error_text(run.error)}")
    if not runs:
        write_diagnostic(tr("No table is being asked."))
    return 0


async def _write_status(service: TableService, table: Table) -> None:
    console.write_line(console.clean_line(table.name))
    for run in await service.store.runs(table.id):
        console.write_line(f"    {_run_text(run)}")
        if run.error is not None:
            console.write_line(f"    {terminal_error_text(run.error)}")
    for column in table.questions:
        totals = await service.store.totals(column.id)
        text = f"{column.name}: {' · '.join(_states_text(totals.states))}"
        if totals.checked:
            text = await _figures_text(service, column, totals)
        elif totals.cost:
            text = f"{text} · {formatting.money(totals.cost)}"
        console.write_line(console.clean_line(text))


def _run_text(run: Run) -> str:
    pieces = [tr(run.mode.text), tr(run.status.text)]
    if run.status.is_over:
        pieces.append(tr("{answered} of {total} answered", answered=run.answered, total=run.cells))
    else:
        pieces.append(tr("{done} of {total} done", done=run.done, total=run.cells))
    if run.failed:
        pieces.append(tr_plural("{count} failed", "{count} failed", run.failed))
    if run.cost:
        pieces.append(formatting.money(run.cost))
    return " · ".join(pieces)


def _run_json(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "table": run.table_id,
        "mode": run.mode.value,
        "status": run.status.value,
        "cells": run.cells,
        "answered": run.answered,
        "failed": run.failed,
        "cost_usd": f"{run.cost:f}",
        "estimate_usd": None if run.estimate is None else f"{run.estimate:f}",
        "error": run.error.sentences if run.error else None,
        "created_at": run.created_at.isoformat(),
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
    }


async def _table_json(service: TableService, table: Table) -> dict[str, Any]:
    columns = []
    for column in table.columns:
        fields = column.question.fields if column.question else ()
        made: dict[str, Any] = {
            "name": column.name,
            "fields": {each.name: each.type.value for each in fields},
        }
        if column.question is not None:
            totals = await service.store.totals(column.id)
            choice = column.question.choice
            figures = await service.store.figures(column)
            made |= figures.to_json()
            made |= {
                "prompt": column.question.prompt,
                "provider": choice.provider_id,
                "model": choice.model,
                "variant": choice.variant.value if choice.variant else None,
                "effort": choice.effort.value if choice.effort else None,
                "answered": sum(
                    totals.states.get(state, 0) for state in (CellState.DONE, CellState.CORRECTED)
                ),
                "failed": totals.states.get(CellState.FAILED, 0),
                "input_tokens": totals.usage.input_tokens,
                "output_tokens": totals.usage.output_tokens,
                "cost_usd": f"{totals.cost:f}",
                "uncounted": totals.uncounted,
                "share_passed": totals.share,
            }
        columns.append(made)
    runs = await service.store.runs(table.id)
    return {
        "id": table.id,
        "name": table.name,
        "rows": len(await service.store.row_ids(table.id)),
        "columns": columns,
        "runs": [_run_json(run) for run in runs],
    }


# -------------------------------------------------------------- export, stop, remove


async def _export(_: Backend, service: TableService, options: Options) -> int:
    table = await _find_table(service, options.table)
    return await _write_file(service, table, options.to, options.format)


def _format_of(name: str) -> TableFormat:
    """Return the format of a file by its ending, CSV without one. Raises IllegalChoiceError."""
    found = TableFormat.of(name)
    if found is None and Path(name).suffix:
        raise IllegalChoiceError(
            N_("A table can’t be exported as “{name}”."),
            hint=N_("End the name in {known}."),
            name=Path(name).name,
            known=".csv, .xlsx, .jsonl, .md, .html",
        )
    return found or TableFormat.CSV


async def _write_file(service: TableService, table: Table, name: str, format_: str | None) -> int:
    """Write a table to a file, or with "-" to standard output."""
    table = await service.get(table.id)
    chosen = TableFormat(format_) if format_ else _format_of(name)
    exported = await ExportedTable.of(service.store, table)
    if name == "-" and chosen is not TableFormat.XLSX:
        async for piece in exported.pieces(chosen):
            console.write(piece)
        return 0
    target = Path("-") if name == "-" else expand_path(name)
    try:
        with partial_file(target) as file:
            cut = await exported.write(chosen, file)
    except OSError as error:
        raise unwritable_error(target, error) from error
    if cut:
        write_diagnostic(
            tr_plural(
                "{count} value was cut, as Excel’s cells are short. JSON Lines has all of it.",
                "{count} values were cut, as Excel’s cells are short. JSON Lines has all of them.",
                cut,
            )
        )
    if name != "-":
        write_note(tr("Table exported to {file}.", file=str(target)))
    return 0


async def _stop(_: Backend, service: TableService, options: Options) -> int:
    table = await _find_table(service, options.table)
    runs = await service.store.runs(table.id, is_open=True)
    for run in runs:
        await service.stop(run.id)
        if run.mode is RunMode.BATCH:
            await service.advance(run.id)
    if not runs:
        raise IllegalChoiceError(N_("The table isn’t being asked."))
    return 0


async def _resume(_: Backend, service: TableService, options: Options) -> int:
    table = await _find_table(service, options.table)
    for run in await service.store.runs(table.id, is_open=True):
        await service.resume(run.id)
    return await _status(_, service, options)


async def _remove(_: Backend, service: TableService, options: Options) -> int:
    table = await _find_table(service, options.table)
    question = tr("Move “{title}” to the trash? [y/N]", title=console.clean_line(table.name))
    if not options.yes and not await console.confirm(question, default=True):
        return ExitCode.FAILED
    await service.set_trashed(table.id, is_trashed=True)
    write_note(tr("“{title}” moved to trash", title=console.clean_line(table.name)))
    return 0
