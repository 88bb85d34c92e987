"""`repartee eval`: the cases of a file or preset, answered by several models, and checked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from desktop_app.backend.backend import Backend
from desktop_app.chat.command import chosen_model
from desktop_app.chat.command.answer_parameters import apply_preset, settings_of
from desktop_app.chat.command.ask import (
    AttachedFile,
    NullStore,
    extract_file,
    sendable_part,
    unsaved_conversation_id,
)
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
from desktop_app.cli.output_file import unwritable_error
from desktop_app.cli.standard_input import read_all
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.domain.error_note import note_from_error
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.domain.system_error import quoted_words
from desktop_app.evaluation.cases import Case, cases_of_rows, read_cases
from desktop_app.evaluation.report import Run, html_report, plan_lines, table_lines, total_of
from desktop_app.evaluation.run import Contestant, Evaluation, Question
from desktop_app.foreign_file import RefusedFileError, open_file
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.local_model.services import use_weights
from desktop_app.providers.models.choice_resolution import require_supported
from desktop_app.storage.private_files import create_private

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
        from desktop_app.prompts.prompt_library import preset_cases  # few need them

        rows = preset_cases(options.preset or "")
        if not rows:
            raise IllegalChoiceError(
                N_("There are no cases to evaluate."),
                hint=N_("Name a file with cases, or a built-in preset."),
            )
        return cases_of_rows(enumerate(rows, start=1))
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
        console.write_diagnostic(notices[0])
    async with open_backend(allows_unpriced=options.allow_unpriced) as backend:
        use_weights(backend.local_models, await backend.settings.all())
        await backend.listings.load()
        evaluation = await _prepare(backend, options, cases)
        plans = await evaluation.plan()
        if options.dry_run:
            if options.json:
                console.write_json({"dry_run": True, "runs": plans, **total_of(plans)})
            else:
                _write_lines(plan_lines(plans))
            return 0
        if not options.json:
            console.write_diagnostic([*plan_lines(plans)][-1])
        if options.to is not None:  # before anything is paid
            _make_folder(expand_path(options.to))
        runs = await evaluation.run(options.concurrency)
    error = evaluation.stopped_by
    told = [str(notice) for notice in evaluation.notices]
    for notice in told:
        console.write_diagnostic(notice)
    if error is not None:
        console.write_diagnostic(
            console.terminal_error_text(error, from_environment=is_from_environment(options))
        )
    report = {
        "runs": [run.to_json() for run in runs],
        "notices": [*notices, *told],
        "error": None if error is None else console.error_fields(note_from_error(error)),
    }
    if options.json:
        console.write_json(report)
    else:
        _write_lines(table_lines(runs))
    if options.to is not None:
        inputs = {question.case.id: question.case.input for question in evaluation.questions}
        folder = expand_path(options.to)
        _write_file(folder / "results.json", console.to_json(report, indent=1))
        _write_file(folder / "results.html", html_report(runs, inputs))
    if evaluation.was_interrupted:
        return ExitCode.INTERRUPTED
    return _exit_code(runs, options.min, has_stopped=error is not None)


def _exit_code(runs: Sequence[Run], least: float | None, *, has_stopped: bool) -> int:
    is_below = least is not None and any(run.share < least for run in runs)
    is_unfinished = not all(result.is_evaluated for run in runs for result in run.results)
    return ExitCode.FAILED if has_stopped or is_below or is_unfinished else 0


async def _prepare(backend: Backend, options: Options, cases: Sequence[Case]) -> Evaluation:
    specs = [*options.variant, *options.model]
    provider = await chosen_model.find_profile(backend, options.provider)
    options.from_environment = provider.from_environment
    options = Options(**{**vars(options), "variant": None, "model": None})
    preset = await apply_preset(
        backend, options, [chosen_model.options_for(options, spec) for spec in specs]
    )
    settings = settings_of(await backend.values(), options, preset)
    repeats = settings.parameters.candidates
    settings = settings.for_one_answer().without_tools()
    compared = [chosen_model.options_for(options, spec) for spec in specs] or [options]
    profile = await chosen_model.answering_profile(backend, options, compared)
    contestants: dict[tuple[str, ...], Contestant] = {}
    for each in compared:
        choice = await chosen_model.choice_of(backend, profile, each)
        await chosen_model.fetch_window_if_uncertain(backend, profile, choice)
        await chosen_model.fetch_price_if_unknown(backend, profile, choice)
        resolved = backend.chat.resolve_with(profile, choice, settings)
        models = backend.providers.models_of(profile)
        require_supported(resolved, chosen_model.required_effort(each, choice), models)
        contestant = Contestant(choice, resolved)
        contestants.setdefault(contestant.identity, contestant)
    if repeats > 1:
        cases = [
            replace(case, id=f"{case.id}#{number}")
            for case in cases
            for number in range(1, repeats + 1)
        ]
    is_file = options.cases not in (None, STANDARD_INPUT)
    folder = expand_path(options.cases).parent if is_file else Path()
    store = NullStore({})
    questions = await _questions(backend, cases, folder, store, settings)
    reporter = console.ProgressReporter(tr("Evaluating"), in_lines=options.progress)
    total = len(questions) * len(contestants)
    return Evaluation(
        backend,
        backend.chat_with(store, store),
        settings,
        questions,
        [*contestants.values()],
        listen=lambda done: reporter.show(done, total),
    )


async def _questions(
    backend: Backend, cases: Sequence[Case], folder: Path, store: NullStore, settings: AskSettings
) -> list[Question]:
    """Return the questions with their files, whose texts are added to the store."""
    parts: dict[Path, DocumentPart | ImagePart] = {}
    for name in dict.fromkeys(name for case in cases for name in case.files):
        path = await asyncio.to_thread(_path_in_folder, folder, name)
        document = await extract_file(backend, path)
        store.files[document.sha256] = AttachedFile(document.text, path)
        parts[folder / name] = await sendable_part(document, "")
    questions = []
    for case in cases:
        attached = tuple(parts[folder / name] for name in case.files)
        identity = unsaved_conversation_id(settings.counted_instructions, attached, case.input)
        questions.append(Question(case, Draft(case.input, attachments=attached), identity))
    return questions


def _path_in_folder(folder: Path, name: str) -> Path:
    """Return the path of a file of the cases, whose author could name any file of the user's."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise IllegalChoiceError(
            N_("Can’t read the cases in {file}: {words}."),
            hint=_SEE_EVAL_HELP,
            file=str(folder),
            words=tr("“{name}” is outside the folder", name=name),
        )
    return path


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
        path.unlink(missing_ok=True)
        create_private(path)
        path.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise unwritable_error(path, error) from error
