"""`repartee eval`: the cases of a file or preset, answered by several models, and checked."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from desktop_app.backend.backend import use_limits, use_weights
from desktop_app.backend.preset_loader import preset_cases
from desktop_app.cli.answers.answer_parameters import apply_preset, settings_of
from desktop_app.cli.answers.chosen_model import (
    answering_profile,
    choice_of,
    fetch_price_if_unknown,
    fetch_window_if_uncertain,
    find_profile,
    required_effort,
)
from desktop_app.cli.answers.several_answers import options_for
from desktop_app.cli.ask import AttachedFile, NullStore, extract_file, sendable_part
from desktop_app.cli.command_setup import (
    cancel_at_signals,
    expand_path,
    is_from_environment,
    open_backend,
    report_error,
)
from desktop_app.cli.evaluation.evaluation_batches import EvaluationBatches, require_single_files
from desktop_app.cli.evaluation.evaluation_plan import show_plan
from desktop_app.cli.evaluation.evaluation_runner import EvaluationRunner
from desktop_app.cli.evaluation.evaluation_setup import Contestant, EvaluationSetup, path_in_folder
from desktop_app.cli.evaluation.report_files import make_folder, write_reports
from desktop_app.cli.exit_code import ExitCode
from desktop_app.cli.streams.console import clean_line, write_diagnostic, write_json, write_line
from desktop_app.cli.streams.progress_output import ProgressReporter
from desktop_app.cli.streams.terminal import error_fields, terminal_error_text
from desktop_app.cli.unsaved_answer import UnsavedAnswers
from desktop_app.domain.batch.batch_jobs import BATCH_TIER, batch_refusal
from desktop_app.domain.conversations.conversation import new_id, now
from desktop_app.domain.error_note import note_from_error
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import IllegalChoiceError, StorageError, UserFacingError
from desktop_app.domain.evaluation.case_error import CaseError, CaseFault
from desktop_app.domain.evaluation.evaluation_case import EvaluationCase
from desktop_app.domain.evaluation.evaluation_result import Evaluation
from desktop_app.domain.system_error import quoted_error
from desktop_app.exchange.evaluation.case_reader import read_cases
from desktop_app.foreign_file import RefusedFileError, open_file
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.services.evaluation.answer_checks import require_schemas
from desktop_app.services.models.choice_resolution import require_supported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.backend.backend import Backend
    from desktop_app.domain.answering.chat_request import ProviderProfile
    from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
    from desktop_app.domain.evaluation.evaluation_result import EvaluationRun
    from desktop_app.services.chat.ask_settings import AskSettings

# 64 MB of small JSON values, such as empty lists, take 2 GB of memory.
MAX_CASES_BYTES: Final = 16 * 1024 * 1024


def run_eval(options: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    try:
        return asyncio.run(_eval(options))
    except (asyncio.CancelledError, KeyboardInterrupt):
        write_diagnostic(tr("Interrupted. Continue with the same command."))
        return ExitCode.INTERRUPTED
    except UserFacingError as error:
        return report_error(error, options)


async def _eval(options: argparse.Namespace) -> int:
    cancel_at_signals()
    cases = await asyncio.to_thread(_load_cases, options.cases, options.preset or "")
    unchecked_notices = _unchecked_notices(cases)
    for notice in unchecked_notices:  # before anything is paid
        write_diagnostic(notice)
    async with open_backend(allows_unpriced=options.allow_unpriced) as backend:
        values = await backend.values()
        use_limits(backend, values)
        use_weights(backend.gateway.local_model, await backend.settings.all())
        await backend.listings.load()
        runner = await _build_runner(backend, options, cases)
        if options.dry_run:
            await show_plan(runner, as_json=options.json)
            return 0
        if options.to is not None:  # before anything is paid
            await asyncio.to_thread(make_folder, expand_path(options.to))
        runs = await runner.run()
        if runner.stopped_by is not None and not any(run.results for run in runs):
            raise runner.stopped_by  # there are no results to store
        inputs = {case.id: case.input for case in cases}
        name = expand_path(options.cases).name if options.cases else options.preset
        evaluation = Evaluation(new_id(), created_at=now(), name=name, runs=runs, inputs=inputs)
        await backend.evaluation_store.add(evaluation)
        notices = _notices(runner)
    for notice in notices:
        write_diagnostic(notice)
    error = runner.stopped_by
    if error is not None:
        write_diagnostic(terminal_error_text(error, from_environment=is_from_environment(options)))
    report: dict[str, Any] = {
        "runs": [run.to_json() for run in runs],
        "notices": [*unchecked_notices, *notices],
        "error": None if error is None else error_fields(note_from_error(error)),
    }
    if options.to is not None:
        try:
            await asyncio.to_thread(write_reports, expand_path(options.to), evaluation, report)
        except StorageError as unwritten:  # the results are shown below
            error = error or unwritten
            write_diagnostic(terminal_error_text(unwritten))
    if options.json:
        write_json(report)
    else:
        _write_runs(runs)
    is_below = options.min is not None and any(run.share < options.min for run in runs)
    is_unfinished = not all(result.is_evaluated for run in runs for result in run.results)
    return ExitCode.FAILED if error is not None or is_below or is_unfinished else 0


def _load_cases(file: str | None, preset: str) -> list[EvaluationCase]:
    """Read the cases of a file or of a built-in preset. Raises IllegalChoiceError.

    Args:
        file: the path of the file; None for the cases of `preset`.
    """
    if file is None:
        rows = preset_cases(preset)
        if not rows:
            raise IllegalChoiceError(Reason.NO_CASES)
        return read_cases(json.dumps(rows), "cases.json")
    try:
        path = expand_path(file)
        folder = path.parent
        cases = read_cases(
            _read_text(path), file, lambda name: _read_text(path_in_folder(folder, name))
        )
        for file_name in {name for case in cases for name in case.files}:
            path_in_folder(folder, file_name)
        require_schemas(cases)
    except (OSError, ValueError) as error:
        because = quoted_error(error)
        raise IllegalChoiceError(Reason.CASES_UNREADABLE, file=file, because=because) from error
    return cases


def _read_text(path: Path) -> str:
    """Return the text of a file. Raises OSError, ValueError, IllegalChoiceError."""
    try:
        with open_file(path) as file:
            data = file.read(MAX_CASES_BYTES + 1)
    except FileNotFoundError as error:
        raise CaseError(CaseFault.FILE_NOT_FOUND, name=path.name) from error
    except RefusedFileError as error:
        raise IllegalChoiceError(error.reason, error.params, file=str(path)) from error
    if len(data) > MAX_CASES_BYTES:
        raise CaseError(CaseFault.FILE_TOO_LARGE)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CaseError(CaseFault.NOT_UTF_8) from error


async def _build_runner(
    backend: Backend, options: argparse.Namespace, cases: Sequence[EvaluationCase]
) -> EvaluationRunner:
    specs = [*options.variant, *options.model]
    provider = await find_profile(backend, options.provider)
    options.from_environment = provider.from_environment
    options = argparse.Namespace(**{**vars(options), "variant": None, "model": None})
    preset = await apply_preset(backend, options, [options_for(options, spec) for spec in specs])
    values = await backend.values()
    settings = settings_of(values, options, preset)
    repeats = settings.parameters.candidates
    settings = settings.for_one_answer().without_tools()
    compared = [options_for(options, spec) for spec in specs] or [options]
    profile = await answering_profile(backend, options, compared)
    if options.batch:
        if refusal := batch_refusal(profile):
            raise refusal
        require_single_files(cases)
    contestants = await _resolve_contestants(backend, profile, compared, settings)
    folder = expand_path(options.cases or ".").parent
    try:
        store, parts = await _read_files(backend, cases, folder, contestants)
    except CaseError as error:
        because = quoted_error(error)
        raise IllegalChoiceError(
            Reason.CASES_UNREADABLE, file=options.cases, because=because
        ) from error
    if repeats > 1:
        cases = [
            replace(case, id=f"{case.id}#{number}")
            for case in cases
            for number in range(1, repeats + 1)
        ]
        parts = {case.id: parts[case.id.rpartition("#")[0]] for case in cases}
    setup = EvaluationSetup(settings, cases, contestants, parts)
    reporter = ProgressReporter(tr("Evaluating"), in_lines=options.progress)
    total = len(cases) * len(contestants)
    return EvaluationRunner(
        backend,
        backend.chat_with(store, store),
        profile,
        setup,
        concurrency=options.concurrency,
        batches=EvaluationBatches(backend, setup, folder) if options.batch else None,
        listen=lambda done: reporter.show(done, total),
    )


async def _resolve_contestants(
    backend: Backend,
    profile: ProviderProfile,
    compared: Sequence[argparse.Namespace],
    settings: AskSettings,
) -> list[Contestant]:
    """Return the contestants that these options name, each once. Raises IllegalChoiceError."""
    contestants: dict[tuple[str, ...], Contestant] = {}
    for options in compared:
        choice = await choice_of(backend, profile, options)
        await fetch_window_if_uncertain(backend, profile, choice)
        await fetch_price_if_unknown(backend, profile, choice)
        resolved = backend.chat.resolve_with(profile, choice, settings)
        if options.batch:
            resolved = replace(resolved, service_tier=BATCH_TIER)
        require_supported(resolved, required_effort(options, choice), backend.catalog)
        contestant = Contestant(choice, resolved)
        contestants.setdefault(contestant.identity, contestant)
    return [*contestants.values()]


async def _read_files(
    backend: Backend,
    cases: Sequence[EvaluationCase],
    folder: Path,
    contestants: Sequence[Contestant],
) -> tuple[NullStore, dict[str, Sequence[DocumentPart | ImagePart]]]:
    """Return the store with the texts of all files, and the parts of each case.

    Raises CaseError: since the cases were loaded, a link out of the folder has replaced a file.
    """
    values = await backend.values()
    files: dict[str, AttachedFile] = {}  # by SHA-256
    parts_by_path: dict[Path, DocumentPart | ImagePart] = {}
    parts: dict[str, Sequence[DocumentPart | ImagePart]] = {}
    for case in cases:
        paths = [folder / name for name in case.files]
        for name, path in zip(case.files, paths, strict=True):
            if path not in parts_by_path:
                await asyncio.to_thread(path_in_folder, folder, name)
                document = await extract_file(backend, path)
                files[document.sha256] = AttachedFile(document.text, path)
                parts_by_path[path] = await sendable_part(
                    document, "", values, contestants[0].resolved
                )
        parts[case.id] = [parts_by_path[path] for path in paths]
    return NullStore(files, UnsavedAnswers(None)), parts


# ---------------------------------------------------------------- results


def _unchecked_notices(cases: Sequence[EvaluationCase]) -> list[str]:
    """Return the notice of cases without a check. A misspelled column of checks leaves none."""
    count = sum(not case.checks for case in cases)
    if not count:
        return []
    return [
        tr_plural(
            "{count} case has no check, so any response passes.",
            "{count} cases have no checks, so any response passes.",
            count,
        )
    ]


def _notices(runner: EvaluationRunner) -> list[str]:
    notices = [str(notice) for notice in runner.notices]
    notices += [f"{case_id}: {notice}" for case_id, notice in runner.case_notices]
    if runner.reused:
        notices.append(
            tr_plural(
                "{count} response came from the interrupted evaluation.",
                "{count} responses came from the interrupted evaluation.",
                runner.reused,
            )
        )
    if runner.failed_case_ids:
        notices.append(
            tr_plural(
                "{count} case couldn’t be evaluated. Continue with the same command.",
                "{count} cases couldn’t be evaluated. Continue with the same command.",
                len(runner.failed_case_ids),
            )
        )
    if runner.repeated:
        notices.append(
            tr_plural(
                "{count} call was interrupted before its response and repeated.",
                "{count} calls were interrupted before their responses and repeated.",
                runner.repeated,
            )
        )
    return notices


def _write_runs(runs: Sequence[EvaluationRun]) -> None:
    for run in runs:
        low, high = run.interval
        cost = tr("unknown cost") if run.cost is None else formatting.money(run.cost)
        seconds = run.to_json()["p50_s"]
        time = "–" if seconds is None else tr("{seconds} s", seconds=formatting.decimal(seconds, 1))
        write_line(
            f"{clean_line(run.name):<24} {run.passed_count:>4}/{len(run.results):<4} "
            f"{formatting.percent(round(run.share * 100)):>5} "
            f"({formatting.percent(round(low * 100))}–{formatting.percent(round(high * 100))})  "
            f"{cost:>10}  {time:>8}"
        )
        if run.refused_count:
            declined = tr_plural("{count} declined", "{count} declined", run.refused_count)
            write_line(f"{'':4}{declined}")
        for result in run.results:
            if not result.has_passed:
                write_line(clean_line(f"    {result.id}: {'; '.join(result.failures)}"))
