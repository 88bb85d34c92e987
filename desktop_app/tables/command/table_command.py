"""`repartee table`: makes, asks, shows and exports tables without a window."""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from desktop_app.backend.backend import Backend
from desktop_app.chat.command.compared_models import compared_models
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
from desktop_app.domain import hints
from desktop_app.domain.conversations.conversation import new_id, title_from
from desktop_app.domain.errors import DocumentError, IllegalChoiceError, UserFacingError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, paragraph, tr, tr_plural
from desktop_app.tables.checks import check_of
from desktop_app.tables.services import table_service
from desktop_app.tables.table import (
    Cells,
    CellState,
    Check,
    Column,
    Field,
    FieldType,
    Plan,
    Question,
    Run,
    RunMode,
    RunProgress,
    RunStatus,
    Selection,
    Table,
    free_name,
)
from desktop_app.tables.table_export import ExportedTable, TableFormat
from desktop_app.tables.table_service import TableService
from desktop_app.tables.template import DOCUMENT, words

_Action = Callable[[Backend, TableService, Options], Awaitable[int]]
MIN_ID_CHARS: Final = 4
_MAX_COLUMN_CHARS: Final = 40
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
    fields = [_field_of(text) for text in options.field]
    _require_unique(fields)
    checks = [_check_of(text) for text in options.check]
    if options.to is not None:
        _format_of(options.to)  # before anything is paid
    if (fields or checks or options.column) and len(options.ask) != 1:
        raise IllegalChoiceError(
            N_("--column, --field, and --check belong to one question."),
            hint=N_("Give --ask once."),
        )
    table = await _existing_table(service, options)
    is_new = table is None
    if table is None:
        if not options.ask:
            raise IllegalChoiceError(N_("There is no question."), hint=N_("Give one with --ask."))
        paths = _existing_paths(options)
        table = await service.create(options.name or _name_of(paths))
    is_sent, asked = False, list[str]()
    try:
        if is_new:
            reporter = ProgressReporter(tr("Reading files"), in_lines=options.progress)
            await service.add(table.id, paths, by_page=options.per_page, on_progress=reporter.show)
            table = await service.get(table.id)
        if options.ask:
            columns = await _columns(backend, options, table, fields, checks)
            asked = [column.id for column in columns]
            table = await service.change(table.id, lambda each: _with_columns(each, columns))
        cells = Cells(columns=tuple(asked), selection=_selection(options), limit=options.rows or 0)
        if table.questions and not is_new and not await service.chosen(table, cells):
            return await _write_nothing_left(service, table, options)
        plan = await _plan(service, table, cells, options)
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
        elif options.ask and not is_sent:
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
    await _write_outcome(service, table, run, options)
    if options.to is not None and run.status.is_over:
        await _write_file(service, table, options.to, None)
    if run.status is RunStatus.DONE:
        return ExitCode.FAILED if run.failed else 0
    is_sent = run.mode is RunMode.BATCH and run.status is RunStatus.SENT
    return 0 if is_sent else ExitCode.FAILED


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


async def _write_outcome(service: TableService, table: Table, run: Run, options: Options) -> None:
    if options.json:
        console.write_json(await _table_json(service, table))
    else:
        console.write_line(table.id)
    has_all = run.status is not RunStatus.STOPPED and not run.failed
    (write_note if has_all else write_diagnostic)(_run_text(run))
    if run.error is not None:
        write_diagnostic(terminal_error_text(run.error))
    if run.mode is RunMode.BATCH and not run.status.is_over:
        command = f"repartee table status {table.id}"
        write_note(tr("To get the responses, run “{command}”.", command=command))
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
    has_all = not any(states[each] for each in _UNANSWERED)
    return 0 if has_all else ExitCode.FAILED


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


def _write_plan(plan: Plan, options: Options) -> None:
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
    console.write_price(paragraph(*sentences), is_confirmed=options.yes)


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


# -------------------------------------------------------------- the question


async def _columns(
    backend: Backend,
    options: Options,
    table: Table,
    fields: Sequence[Field],
    checks: Sequence[Check],
) -> list[Column]:
    """Return the columns of the questions: one for each, and each model."""
    models = await compared_models(backend, options)
    columns: list[Column] = []
    names = [DOCUMENT, *(column.name for column in table.columns)]
    for text in options.ask:
        base = options.column or title_from(re.sub(r"[{}]+", "", text), _MAX_COLUMN_CHARS)
        # A word that is no column yet would name its own one.
        named = [] if options.column else words(text)
        for choice, resolved in models.choices:
            label = base if len(models.choices) == 1 else f"{base} ({resolved.label})"
            question = Question(text, choice, tuple(fields), tuple(checks), models.overrides)
            columns.append(Column(new_id(), free_name(label, [*names, *named]), question))
            names.append(columns[-1].name)
    return columns


def _field_of(text: str) -> Field:
    """Return the field of NAME:TYPE. Raises IllegalChoiceError."""
    name, separator, kind = text.rpartition(":")
    name, kind = name.strip(), kind.strip()
    if not separator:
        name, kind = kind, FieldType.TEXT.value
    choices = tuple(dict.fromkeys(each.strip() for each in kind.split("|") if each.strip()))
    if name and "|" in kind and len(choices) > 1:
        return Field(name, FieldType.CHOICE, choices=choices)
    types = [each.value for each in FieldType if each is not FieldType.CHOICE]
    if not name or kind not in types:
        raise IllegalChoiceError(
            N_("“{text}” isn’t a field."),
            hint=N_("Write NAME:TYPE with one of {known}, or NAME:one|two for choices."),
            text=text,
            known=", ".join(types),
        )
    return Field(name, FieldType(kind))


def _require_unique(fields: Sequence[Field]) -> None:
    names = [field.name.casefold() for field in fields]
    doubled = next((f.name for f in fields if names.count(f.name.casefold()) > 1), None)
    if doubled is not None:
        raise IllegalChoiceError(
            N_("Two fields are named “{name}”."), hint=N_("Rename one of them."), name=doubled
        )


def _check_of(text: str) -> Check:
    """Return the check of KIND:TEXT. Raises IllegalChoiceError."""
    kind, _, value = text.partition(":")
    try:
        return check_of({kind.strip(): value.strip()})
    except ValueError as error:
        raise IllegalChoiceError(
            N_("“{text}” isn’t a check."),
            hint=N_("Write KIND:TEXT with one of {known}."),
            text=text,
            known="equals, contains, regex, judge",
        ) from error


def _selection(options: Options) -> Selection:
    if options.failed:
        return Selection.FAILED
    return Selection.ALL if options.all else Selection.EMPTY


def _with_columns(table: Table, columns: Iterable[Column]) -> Table:
    from msgspec.structs import replace

    return replace(table, columns=(*table.columns, *columns))


# -------------------------------------------------------------- which table


async def _existing_table(service: TableService, options: Options) -> Table | None:
    """Return the table that the only argument names; None if it names files."""
    if len(options.source) != 1:
        return None
    given = options.source[0]
    matches = await _matches(service, given)
    # A table has the name of its file. Without a question, which a new one needs, it is meant.
    is_known = bool(matches) and not options.ask
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


def _existing_paths(options: Options) -> list[Path]:
    paths = [expand_path(name) for name in options.source]
    for path in paths:
        if not os.path.exists(path):  # noqa: PTH110 — Path.exists may raise
            raise DocumentError(
                N_("Couldn’t find “{name}”."), hint=hints.CHECK_FILE, name=path.name
            )
    return paths


def _name_of(paths: Sequence[Path]) -> str:
    name = os.fsencode(paths[0].name).decode("utf-8", "replace")
    if len(paths) == 1:
        return name
    return tr_plural(
        "{name} and {count} more", "{name} and {count} more", len(paths) - 1, name=name
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
        pieces = [*_states_text(totals.states), formatting.money(totals.cost)]
        if totals.share is not None:
            share = formatting.percent(round(100 * totals.share))
            pieces.append(tr("{share} pass their checks", share=share))
        console.write_line(console.clean_line(f"{column.name}: {' · '.join(pieces)}"))


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
            known=".csv, .xlsx, .jsonl, .md",
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
