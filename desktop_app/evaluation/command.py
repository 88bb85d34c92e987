"""`repartee eval`: the cases of a file or preset, answered by several models, and checked.

An evaluation is a table: its rows are the cases, and each model is a column that asks them. So the
window shows it, and what was not asked can be asked later.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from desktop_app.backend.backend import Backend
from desktop_app.chat.command.ask import AttachedFile, NullStore, extract_file
from desktop_app.chat.command.compared_models import compared_models
from desktop_app.chat.send_context import AskSettings
from desktop_app.cli import console
from desktop_app.cli.command_line import Options
from desktop_app.cli.command_setup import (
    cancel_at_signals,
    expand_path,
    is_from_environment,
    open_backend,
    report_error,
)
from desktop_app.cli.exit_code import ExitCode
from desktop_app.cli.output_file import partial_file, unwritable_error
from desktop_app.cli.standard_input import read_all
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import IllegalChoiceError, SpendingCapError, UserFacingError
from desktop_app.domain.spending_report import Purpose
from desktop_app.domain.system_error import quoted_words
from desktop_app.evaluation.cases import Case, cases_of_rows, read_cases
from desktop_app.evaluation.plan import INPUT, plan_of, total_of
from desktop_app.evaluation.report import (
    ModelReport,
    html_report,
    plan_lines,
    result_of,
    table_lines,
)
from desktop_app.foreign_file import RefusedFileError, open_file
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.providers.jobs.batch_jobs import BatchFile
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.tables.services import table_service
from desktop_app.tables.table import (
    Cells,
    CellState,
    Column,
    NewRow,
    Question,
    Row,
    Run,
    RunProgress,
    RunStatus,
    free_name,
)
from desktop_app.tables.table_service import TableService
from desktop_app.tables.table_source import KEY, Line, path_beside

if TYPE_CHECKING:
    from desktop_app.prompts.prompt_store import PromptStore

_SEE_EVAL_HELP: Final = N_("“repartee eval --help” describes the format.")


MAX_CASES_BYTES: Final = 16 * 1024 * 1024
"""The largest file of cases: 64 MB of small JSON values take 2 GB of memory."""
STANDARD_INPUT: Final = "-"


def run_eval(options: Options) -> int:
    """Run the command; return the exit code."""
    try:
        cases = _load_cases(options)  # before the loop, whose Ctrl+C cannot end a blocking read
        return asyncio.run(_eval(options, cases))
    except (asyncio.CancelledError, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except UserFacingError as error:
        return report_error(error, options)


def _load_cases(options: Options) -> list[Case]:
    """Read the cases of a file, of standard input or of a preset. Raises IllegalChoiceError."""
    file = options.cases
    if file is None:
        library: PromptStore | None = Backend().part("prompts")
        rows = [] if library is None else library.preset_cases(options.preset or "")
        if not rows:
            raise IllegalChoiceError(
                N_("There are no cases to evaluate."),
                hint=N_("Name a file with cases, or a built-in preset."),
            )
        return cases_of_rows(starmap(Line, enumerate(rows, start=1)))
    try:
        if file == STANDARD_INPUT:
            return read_cases(read_all(), file)
        with open_file(expand_path(file)) as stream:
            data = stream.read(MAX_CASES_BYTES + 1)
        if len(data) > MAX_CASES_BYTES:
            raise ValueError(tr("more than 16 MB"))
        return read_cases(data.decode("utf-8-sig"), file)
    except RefusedFileError as error:
        raise IllegalChoiceError(error.message, params=error.params, file=file) from error
    except (OSError, ValueError) as error:
        is_encoding = isinstance(error, UnicodeDecodeError)
        cause = ValueError(tr("it isn’t UTF-8 text")) if is_encoding else error
        raise IllegalChoiceError(
            N_("Can’t read the cases in {file}: {words}."),
            hint=_SEE_EVAL_HELP,
            file=file,
            words=quoted_words(cause),
        ) from error


class Evaluation(NamedTuple):
    """The rows and columns of an evaluation, before they are stored.

    Attributes:
        asked: the column of each model, and what serves it.
        documents: those of the rows, with their paths.
    """

    settings: AskSettings
    rows: Sequence[NewRow]
    asked: Sequence[tuple[Column, ResolvedChoice]]
    documents: Sequence[tuple[Path, ExtractedDocument]]


async def _eval(options: Options, cases: Sequence[Case]) -> int:
    cancel_at_signals()
    notices = []
    if unchecked := sum(not case.checks for case in cases):
        notices = [
            tr_plural(
                "{count} case has no check, so any response passes.",
                "{count} cases have no checks, so any response passes.",
                unchecked,
            )
        ]
        console.write_note(notices[0])
    async with open_backend(allows_unpriced=options.allow_unpriced) as backend:
        backend.local_models.use(await backend.settings.all())
        await backend.listings.load()
        evaluation = await _prepare(backend, options, cases)
        plans = await _plans(backend, evaluation)
        total = total_of(plans)
        if options.dry_run:
            if options.json:
                console.write_json({"dry_run": True, "runs": plans, **total})
            else:
                _write_lines(plan_lines(plans, total))
            return 0
        if not options.json:
            console.write_note([*plan_lines(plans, total)][-1])
        if options.to is not None:  # before anything is paid
            _make_folder(expand_path(options.to))
        for path, document in evaluation.documents:
            await backend.attachments.add_document(path, document)
        return await _ask(backend.of(table_service), options, evaluation, notices)


async def _prepare(backend: Backend, options: Options, cases: Sequence[Case]) -> Evaluation:
    models = await compared_models(backend, options)
    asked: dict[tuple[str, str | None], tuple[Column, ResolvedChoice]] = {}
    for choice, resolved in models.choices:
        prompt = f"{{{{{INPUT}}}}}"
        question = Question(prompt, choice, overrides=models.overrides, sends_documents=True)
        taken = [KEY, INPUT, *(column.name for column, _ in asked.values())]
        column = Column(new_id(), free_name(resolved.label, taken), question)
        # One that two options name answers once.
        asked.setdefault((resolved.model.id, resolved.effort), (column, resolved))
    is_file = options.cases not in (None, STANDARD_INPUT)
    folder = expand_path(options.cases).parent if is_file else Path()
    documents: dict[str, tuple[Path, ExtractedDocument]] = {}
    for name in dict.fromkeys(name for case in cases for name in case.files):
        try:
            path = await asyncio.to_thread(path_beside, folder, name)
        except ValueError as error:
            raise IllegalChoiceError(
                N_("Can’t read the cases in {file}: {words}."),
                hint=_SEE_EVAL_HELP,
                file=str(folder),
                words=str(error),
            ) from error
        documents[name] = (path, await extract_file(backend, path))
    rows = []
    for case in cases:
        files = [documents[name] for name in case.files]
        paths = tuple(BatchFile.of(path.name, path).path for path, _ in files)
        parts = tuple(document.part for _, document in files)
        for number in range(1, models.repeats + 1):
            key = f"{case.id}#{number}" if models.repeats > 1 else case.id
            row = Row(0, key, key=key, paths=paths, parts=parts, checks=case.checks)
            rows.append(NewRow(row, {KEY: key, INPUT: case.input}))
    return Evaluation(models.settings, rows, [*asked.values()], [*documents.values()])


async def _plans(backend: Backend, evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return the calls, tokens and cost of each model; the documents are not stored for that."""
    files = {each.sha256: AttachedFile(each.text, path) for path, each in evaluation.documents}
    service = backend.chat_with(NullStore(files), NullStore(files))
    delimiter = await backend.delimiters.delimiter_for("")
    plan = partial(
        plan_of, service=service, utility_model=backend.utility_model, delimiter=delimiter
    )
    return [
        await plan(resolved, evaluation.rows, evaluation.settings)
        for _, resolved in evaluation.asked
    ]


async def _ask(
    service: TableService, options: Options, evaluation: Evaluation, notices: list[str]
) -> int:
    """Ask every model every case in a new table, and report; return the exit code.

    Raises:
        UserFacingError: nothing was sent, and no table is left.
    """
    reporter = console.ProgressReporter(tr("Evaluating"), in_lines=options.progress)
    last: RunProgress | None = None

    def listen(progress: RunProgress) -> None:
        nonlocal last
        if progress.done > (last.done if last else 0):
            reporter.show(progress.done, progress.total)
        if progress.error is not None and progress.error != (last.error if last else None):
            console.write_diagnostic(console.terminal_error_text(progress.error))
        last = progress

    run: Run | None = None
    data = [Column(new_id(), name) for name in (KEY, INPUT)]
    columns = [*data, *(column for column, _ in evaluation.asked)]
    table = await service.create(_name_of(options), columns)
    try:
        row_ids = await service.add_rows(table.id, evaluation.rows)
        run = await service.run_now(
            table,
            Cells(asks_equal=True),
            at_once=options.concurrency,
            listen=listen,
            purpose=Purpose.EVALUATION,
        )
    except asyncio.CancelledError:
        if last is None:  # nothing was sent
            raise
        if task := asyncio.current_task():
            task.uncancel()  # the results that were paid for are still reported
    finally:
        await asyncio.shield(service.delete_unasked(table.id))
    assert last is not None
    stopped = run.error if run else None
    was_interrupted = run is None or (run.status is not RunStatus.DONE and stopped is None)
    if was_interrupted:
        command = f"repartee table run {table.id}"
        console.write_diagnostic(tr("Interrupted. To continue, run “{command}”.", command=command))
    is_over_limit = stopped is not None and stopped.code == SpendingCapError.code
    reports = []
    for column, resolved in evaluation.asked:
        refusal = last.refusals.get(column.id, None if is_over_limit else stopped)
        results = []
        for row_id, new in zip(row_ids, evaluation.rows, strict=True):
            cell = await service.store.cell(row_id, column.id)
            if cell.state in (CellState.EMPTY, CellState.WAITING, CellState.RUNNING):
                if refusal is None:
                    continue
                cell = replace(cell, state=CellState.FAILED, error=refusal, seconds=0.0)
            results.append(result_of(new.row, cell))
        reports.append(ModelReport(resolved, results))
    unsent = [result.unsent for report in reports for result in report.results if result.unsent]
    told = list(dict.fromkeys([*map(str, last.notices), *unsent]))
    _write_report(options, evaluation, reports, notices, told, stopped if is_over_limit else None)
    if was_interrupted:
        return ExitCode.INTERRUPTED
    return _exit_code(reports, options.min, has_stopped=is_over_limit)


def _name_of(options: Options) -> str:
    name = str(options.cases or options.preset)
    if name == STANDARD_INPUT:
        name = tr("standard input")
    name = os.fsencode(Path(name).name).decode("utf-8", "replace")
    return tr("Evaluation of {name}", name=name)


def _exit_code(runs: Sequence[ModelReport], least: float | None, *, has_stopped: bool) -> int:
    is_below = least is not None and any(run.share < least for run in runs)
    is_unfinished = not all(result.is_evaluated for run in runs for result in run.results)
    return ExitCode.FAILED if has_stopped or is_below or is_unfinished else 0


# ------------------------------------------------------------ the report


def _write_report(
    options: Options,
    evaluation: Evaluation,
    runs: Sequence[ModelReport],
    notices: Sequence[str],
    told: Sequence[str],
    error: ErrorNote | None,
) -> None:
    """Write the report, and to standard error what is told now; `notices` were told before."""
    for notice in told:
        console.write_note(notice)
    if error is not None:
        console.write_diagnostic(
            console.terminal_error_text(error, from_environment=is_from_environment(options))
        )
    report = {
        "runs": [run.to_json() for run in runs],
        "notices": [*notices, *told],
        "error": None if error is None else console.error_fields(error),
    }
    if options.json:
        console.write_json(report)
    else:
        _write_lines(table_lines(runs))
    if options.to is not None:
        inputs = {new.row.key: str(new.data[INPUT]) for new in evaluation.rows}
        folder = expand_path(options.to)
        _write_file(folder / "results.json", console.to_json(report, indent=1))
        _write_file(folder / "results.html", html_report(runs, inputs))


def _write_lines(lines: Iterable[str]) -> None:
    for line in lines:
        console.write_line(console.clean_line(line))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable_error(folder, error) from error


def _write_file(path: Path, text: str) -> None:
    try:
        with partial_file(path) as file:
            file.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise unwritable_error(path, error) from error
