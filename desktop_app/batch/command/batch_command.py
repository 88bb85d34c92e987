"""`repartee batch`: starts, shows, reports and cancels jobs without a window.

A job is a table with one literal question (see batch/batch_jobs.py), asked by the provider's batch.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from functools import partial

from desktop_app.backend.backend import Backend
from desktop_app.batch.batch_jobs import BatchJobs
from desktop_app.batch.batch_wording import (
    estimate_text,
    item_error_text,
    item_scan_text,
    job_progress_text,
    job_result_text,
)
from desktop_app.batch.command.batch_output import (
    job_and_items_json,
    job_json,
    job_notices,
    report_pieces,
    write_report,
)
from desktop_app.batch.services import batch_jobs
from desktop_app.chat.answer_forms import load_form
from desktop_app.chat.attachments.image_attachments import page_tokens
from desktop_app.chat.command.answer_parameters import (
    apply_folder,
    apply_preset,
    library_of,
    prefer_settings_of_template,
    settings_of,
    with_schema_of,
)
from desktop_app.chat.command.ask_collections import refresh_files
from desktop_app.chat.command.chosen_model import (
    answering_profile,
    choice_of,
    fetch_window_if_uncertain,
    find_profile,
    required_effort,
)
from desktop_app.chat.passage_context import find_passages
from desktop_app.chat.send_context import AskSettings, SendContext
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
from desktop_app.domain import hints
from desktop_app.domain.answering.answer_form import AnswerGrammar
from desktop_app.domain.answering.generation import PARAMETER_NAMES, Overrides
from desktop_app.domain.conversations.conversation import (
    Draft,
    ModelChoice,
    new_id,
    now,
    title_from,
)
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.cost import Usage, cost_of
from desktop_app.domain.error_note import note_from_error
from desktop_app.domain.errors import DocumentError, IllegalChoiceError, UserFacingError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.parameter_support import first_api
from desktop_app.domain.prompt import SUMMARY
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.providers.jobs.batch_jobs import (
    BATCH_TIER,
    RETRY_S,
    BatchEstimate,
    BatchItem,
    BatchJob,
    BatchStatus,
    ItemStatus,
    batch_refusal,
)
from desktop_app.providers.models.choice_resolution import ResolvedChoice, require_supported
from desktop_app.tables.services import table_service
from desktop_app.tables.table import Cells, Column, NewRow, Plan, Question, Run, RunMode, RunStatus
from desktop_app.tables.table_service import TableService
from desktop_app.tables.table_source import expand_paths, rows_of_files

_Action = Callable[["_Jobs", Options], Awaitable[int]]

MIN_ID_CHARS = 4
"""The number of characters from which the beginning of an id may stand for the id."""
MAX_NAMED_FILES = 20
"""Maximum number of skipped files, and of scans, to name. Further skipped files are counted."""
_OTHERS_STEP_S = RETRY_S / 12
"""Seconds until the next look at a job whose next step another process does."""
_RETRIED = (ItemStatus.REFUSED, ItemStatus.FAILED, ItemStatus.UNANSWERED)


class _Jobs:
    """The jobs, and the tables that they are."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.stored: BatchJobs = backend.of(batch_jobs)
        self.tables: TableService = backend.of(table_service)

    async def find(self, typed_id: str) -> BatchJob:
        """Return the job with this id, or the only one whose id begins with it.

        The beginning of an id must have at least `MIN_ID_CHARS` characters.

        Raises:
            IllegalChoiceError: there is none, or more than one.
        """
        jobs = await self.stored.all()
        matches = [job for job in jobs if job.id == typed_id]
        if not matches and len(typed_id) >= MIN_ID_CHARS:
            matches = [job for job in jobs if job.id.startswith(typed_id)]
        if len(matches) == 1:
            return matches[0]
        raise IllegalChoiceError(
            N_("Several batch jobs match {given}.")
            if matches
            else N_("There is no batch job {given}."),
            hint=N_("“repartee batch status” lists the IDs."),
            given=typed_id,
        )

    async def advance(self, job_id: str) -> float | None:
        """Do the next step of a job that was sent: see `TableService.advance`."""
        run = await self.stored.run(job_id)
        return None if run is None else await self.tables.advance(run.id)

    async def error_text(self, job: BatchJob) -> str:
        """Return the error of a job, "" if it has none."""
        if job.error is None:
            return ""
        profiles = await self.backend.providers.profiles()
        from_environment = any(
            profile.from_environment for profile in profiles if profile.id == job.choice.provider_id
        )
        return terminal_error_text(job.error, from_environment=from_environment)


def run_batch(options: Options) -> int:
    actions: dict[str, _Action] = {
        "start": _start,
        "status": _status,
        "report": _report,
        "cancel": _cancel,
        "resume": _resume,
        "again": _create_retry,
        "remove": _remove,
    }

    async def run() -> int:
        cancel_at_signals()
        allows_unpriced = getattr(options, "allow_unpriced", False)
        async with open_backend(allows_unpriced=allows_unpriced) as backend:
            await backend.listings.load()
            return await actions[options.action](_Jobs(backend), options)

    return run_command(run(), options)


# -------------------------------------------------------------- start


async def _start(jobs: _Jobs, options: Options) -> int:
    backend = jobs.backend
    paths = [expand_path(name) for name in options.files]
    for path in paths:
        if not os.path.exists(path):  # noqa: ASYNC240, PTH110 — Path.exists may raise
            raise DocumentError(
                N_("Couldn’t find “{name}”."), hint=hints.CHECK_FILE, name=path.name
            )
    values = await backend.values()
    # `run_command` words errors by `from_environment`. It is set before the preset is applied,
    # which may raise an error, and again after that, because the preset may name another provider.
    options.from_environment = (await find_profile(backend, options.provider)).from_environment
    await prefer_settings_of_template(backend, options)
    preset = await apply_preset(backend, options)
    folder = await apply_folder(backend, options)
    options.from_environment = (await find_profile(backend, options.provider)).from_environment
    profile = await answering_profile(backend, options)
    if refusal := batch_refusal(profile):
        raise refusal.with_hint(N_("Choose another --provider."))
    choice = await choice_of(backend, profile, options)
    await fetch_window_if_uncertain(backend, profile, choice)
    resolved = backend.chat.resolve(profile, choice)
    models = backend.providers.models_of(profile)
    require_supported(resolved, required_effort(options, choice), models)
    title, task, template_id = "", options.task, ""
    if options.template or not options.task:
        name = options.template or SUMMARY
        prompt, task = await library_of(backend, name).fill(name, options.set, options.task or "")
        title, template_id = prompt.title, prompt.id
    files = await expand_paths(paths)
    settings = with_schema_of(settings_of(values, options, preset, folder), options.schema)
    await refresh_files(backend, settings.collections)
    settings = settings.for_one_answer()
    settings = await _checked_settings(backend, settings, resolved, template_id, task)
    if not files:
        raise IllegalChoiceError(N_("There are no files."), hint=N_("Add at least one."))
    learned = await backend.gateway.learned_support(profile, resolved.model.id)
    # While a server's API is unknown, its batches use the API that every server has.
    api = first_api(profile, resolved.model, learned.api) or Api.CHAT_COMPLETIONS
    notices = [str(notice) for notice in job_notices(settings, resolved, api)]
    for notice in notices:
        write_note(notice)
    passages = await find_passages(
        partial(backend.part, "collections"),
        SendContext([], resolved, settings=settings),
        Draft(task),
    )
    question = Question(
        task,
        ModelChoice(profile.id, resolved.model.id, resolved.variant, resolved.effort),
        overrides=Overrides(
            settings.instructions, settings.parameters, PARAMETER_NAMES, settings.examples
        ),
        is_literal=True,
        passages=passages,
        folder_id=folder.id if folder else "",
    )
    job_id = await _create(jobs, title or title_from(task), question, rows_of_files(files))
    return await _prepare_and_send(jobs, job_id, options, notices)


async def _checked_settings(
    backend: Backend, settings: AskSettings, resolved: ResolvedChoice, template_id: str, task: str
) -> AskSettings:
    """Return the settings of a job with the form of its prompt.

    Raises:
        IllegalChoiceError: there is no task, it compares documents, or its form is a grammar.
        ProviderError, CredentialError: there is no key, or the model gets no batches.
    """
    if refusal := batch_refusal(resolved.profile, resolved.model):
        raise refusal
    requirements = await backend.chat.sources.load_requirements(template_id)
    if requirements.documents > 1:
        raise IllegalChoiceError(
            N_("This prompt compares two documents, but a batch reads each file separately."),
            hint=N_("Choose another prompt."),
        )
    if not task.strip():
        raise IllegalChoiceError(N_("Enter a message for the files."))
    form = settings.parameters.form or requirements.form
    if isinstance(await load_form(form), AnswerGrammar):
        raise IllegalChoiceError(
            N_("Batch jobs don’t support grammars."), hint=N_("Use a JSON Schema.")
        )
    await backend.gateway.batches(resolved.profile)  # only to fail without a key
    return replace(settings, parameters=replace(settings.parameters, form=form))


async def _create(jobs: _Jobs, title: str, question: Question, rows: Iterable[NewRow]) -> str:
    table = await jobs.tables.create(title, [Column(new_id(), title, question)])
    await jobs.tables.add_rows(table.id, [*rows])
    return table.id


async def _resume(jobs: _Jobs, options: Options) -> int:
    job = await jobs.find(options.id)
    if job.status.was_sent:
        raise IllegalChoiceError(
            N_("The job was already sent."),
            hint=N_("“repartee batch again” retries files without a response."),
        )
    return await _prepare_and_send(jobs, job.id, options, is_new=False)


async def _create_retry(jobs: _Jobs, options: Options) -> int:
    """Send the files of a job without an answer, except those left out, in a new job."""
    job = await jobs.find(options.id)
    if not job.status.was_sent:
        raise IllegalChoiceError(
            N_("The job hasn’t been sent yet."), hint=N_("“repartee batch resume” sends it.")
        )
    if not job.status.is_over:
        raise IllegalChoiceError(N_("The job is still running."))
    numbers = {item.number for item in await jobs.stored.items(job) if item.status in _RETRIED}
    if not numbers:
        raise IllegalChoiceError(
            N_("Every file that was sent has a response."), hint=N_("There is nothing to retry.")
        )
    table = await jobs.tables.get(job.id)
    rows = (await jobs.tables.store.window(sorted(numbers), 0)).rows
    question = next(c.question for c in table.questions if c.question and c.question.is_literal)
    # Their documents are stored, so they are not read again.
    job_id = await _create(jobs, job.title, question, map(NewRow, rows))
    return await _prepare_and_send(jobs, job_id, options)


async def _prepare_and_send(
    jobs: _Jobs, job_id: str, options: Options, notices: Iterable[str] = (), *, is_new: bool = True
) -> int:
    """Read the files, show the cost, ask, and send the job.

    Args:
        notices: notices on the job that are already written; its JSON repeats them.
        is_new: the job was created by this command, which removes it if the user declines.
    """
    tables, cells = jobs.tables, Cells()
    try:
        reporter = ProgressReporter(tr("Reading files"), in_lines=options.progress)
        table = await tables.get(job_id)
        plan = await tables.plan(table, cells, RunMode.BATCH, reporter.show)
        job = await jobs.find(job_id)
        items = await jobs.stored.items(job)
        file_notices = _file_notices(plan, items)
        for notice in file_notices:
            write_diagnostic(notice)
        if not plan.cells:  # also if the job is not new: it can never be sent
            await tables.delete(job_id)
            write_diagnostic(tr("None of the files can be sent."))
            return ExitCode.FAILED
        console.write_price(
            estimate_text(await _estimate(jobs, job, plan, items)), is_confirmed=options.yes
        )
        if not options.yes and not await console.confirm(
            tr("Start this batch job? [y/N]"), default=True
        ):
            if is_new:
                await tables.delete(job_id)
            write_diagnostic(tr("Nothing was sent."))
            return ExitCode.FAILED
        run = await tables.start_batch(table, cells)
        await _advance(jobs, job_id, run.id, options)
    except asyncio.CancelledError:
        stored_job = await jobs.stored.get(job_id)
        if stored_job is not None and stored_job.status.was_sent:
            _write_progress(stored_job)
        elif stored_job is not None:
            write_diagnostic(_interrupted_text(job_id))
        raise
    return await _write_outcome(jobs, await jobs.find(job_id), options, [*notices, *file_notices])


async def _estimate(
    jobs: _Jobs, job: BatchJob, plan: Plan, items: Iterable[BatchItem]
) -> BatchEstimate:
    profiles = await jobs.backend.providers.profiles()
    profile = next(each for each in profiles if each.id == job.choice.provider_id)
    models = jobs.backend.providers.models_of(profile)
    info = models.info(job.choice.model)
    read = [each.part for each in items if each.status is ItemStatus.READ]
    documents = [part for part in read if isinstance(part, DocumentPart)]
    tokens = sum(page_tokens(part, info).tokens for part in documents)
    price = models.choice_of(info, service_tier=BATCH_TIER).counted_price
    return BatchEstimate(
        plan.cells,
        len(plan.refused),
        plan.input_tokens,
        plan.cost,
        plan.ordinary,
        sum(len(part.image_pages) for part in documents),
        tokens,
        cost_of(price, Usage(input_tokens=tokens)),
    )


async def _advance(jobs: _Jobs, job_id: str, run_id: str, options: Options) -> None:
    """Do the first step of a started job; with --wait, all steps.

    With --wait, each new error is reported; with --progress or on a terminal, each step, too.
    """
    pause = await jobs.tables.advance(run_id)
    last_error = ""
    while options.wait:
        job = await jobs.find(job_id)
        if job.status.is_over or not job.status.was_sent:
            return
        error = await jobs.error_text(job)
        if pause is None and error:  # it waits for the user
            return
        if options.progress or console.is_stderr_terminal():
            write_diagnostic(job_progress_text(job))
        if error and error != last_error:
            write_diagnostic(error)
        last_error = error
        await asyncio.sleep(_OTHERS_STEP_S if pause is None else pause)
        pause = await jobs.tables.advance(run_id)


def _interrupted_text(job_id: str) -> str:
    command = f"repartee batch resume {job_id}"
    return tr("Interrupted. To continue, run “{command}” or open Repartee.", command=command)


def _write_progress(job: BatchJob) -> None:
    """Report the progress of a sent job, and name the command that gets its responses."""
    write_note(job_progress_text(job))
    write_note(tr("To get the responses, run “{command}”.", command="repartee batch status"))


def _file_notices(plan: Plan, items: Iterable[BatchItem]) -> list[str]:
    """Return notices on skipped files, and on files with pages that are images."""
    names = {item.number: item.name for item in items}
    notices = [
        tr("{file} skipped: {reason}", file=names.get(row_id, ""), reason=_reason(error))
        for (row_id, _), error in plan.refused[:MAX_NAMED_FILES]
    ]
    if unnamed := len(plan.refused[MAX_NAMED_FILES:]):
        notices.append(
            tr_plural("{count} more file skipped.", "{count} more files skipped.", unnamed)
        )
    scans = [item for item in items if item.status is ItemStatus.READ and item_scan_text(item)]
    notices += [f"{item.name}: {item_scan_text(item)}" for item in scans[:MAX_NAMED_FILES]]
    return notices


def _reason(error: UserFacingError) -> str:
    if isinstance(error, IllegalChoiceError):
        error = error.with_hint("")  # a prompt can leave parts out, a job cannot
    return note_from_error(error).sentences


async def _write_outcome(jobs: _Jobs, job: BatchJob, options: Options, notices: list[str]) -> int:
    if error := await jobs.error_text(job):
        write_diagnostic(error)
    if options.json:
        console.write_json({**await job_and_items_json(jobs.stored, job), "notices": notices})
    elif job.status.was_sent:
        console.write_line(job.id)
    if not job.status.was_sent:
        resume = f"repartee batch resume {job.id}"
        write_diagnostic(tr("The job was saved. To try again, run “{command}”.", command=resume))
        return ExitCode.FAILED
    if job.status.is_over:
        code = await _exit_code(jobs, job)
        (write_diagnostic if code else write_note)(job_result_text(job))
        return code
    _write_progress(job)
    # Without a batch id, the provider has accepted nothing so far.
    return 0 if job.batch_ids else ExitCode.FAILED


async def _exit_code(jobs: _Jobs, job: BatchJob) -> int:
    """Return the exit code for the worst outcome among the files of a job that is over."""
    counts = job.counts
    sent_count = counts.total - counts.left_out
    if counts.answered + counts.refused < sent_count:
        return ExitCode.FAILED
    if counts.refused:
        return ExitCode.REFUSED
    return ExitCode.MISMATCH if await jobs.stored.has_mismatch(job.id) else 0


# -------------------------------------------------------------- status


async def _status(jobs: _Jobs, options: Options) -> int:
    if options.id is not None:
        job = await jobs.find(options.id)
        await jobs.advance(job.id)
        await _show_one(jobs, await jobs.find(job.id), options)
        return 0
    for job in await jobs.stored.all():
        if job.status.was_sent and not job.status.is_over:
            await jobs.advance(job.id)
    found = await jobs.stored.all()
    if options.json:
        console.write_json([job_json(job) for job in found], indent=1)
        return 0
    for job in found:
        cost = formatting.money(job.counts.cost) if job.counts.cost else "–"
        console.write_line(f"{job.id}  {job_progress_text(job)}  {cost}  {job.title}")
        for text in await _remarks(jobs, job):
            console.write_line(f"    {text}")
    if not found:
        write_diagnostic(tr("No batch jobs"))
    return 0


async def _remarks(jobs: _Jobs, job: BatchJob) -> list[str]:
    """Return the error of a job, and what continues it if its files are not all read."""
    interrupted = _interrupted_text(job.id) if job.status is BatchStatus.PREPARING else ""
    return list(filter(None, (await jobs.error_text(job), interrupted)))


async def _show_one(jobs: _Jobs, job: BatchJob, options: Options) -> None:
    if options.json:
        console.write_json(await job_and_items_json(jobs.stored, job), indent=1)
        return
    console.write_line(f"{job.title}: {job_progress_text(job)}")
    for text in await _remarks(jobs, job):
        console.write_line(text)
    for item in await jobs.stored.items(job):
        cost = "" if item.cost is None else f"  {formatting.money(item.cost)}"
        error = f"  {item_error_text(item)}" if item.error else ""
        console.write_line(f"{tr(item.status.text):>14}  {item.name}{cost}{error}")


async def _cancel(jobs: _Jobs, options: Options) -> int:
    job = await jobs.find(options.id)
    if job.status.is_over:
        raise IllegalChoiceError(N_("The job is already finished."))
    run = await jobs.stored.run(job.id)
    if job.status.was_sent and run is not None:
        await jobs.tables.stop(run.id)
        # The provider learns of it now, and the answers that are complete are still fetched.
        await jobs.tables.advance(run.id)
    else:
        await jobs.tables.store.begin_run(_canceled_run(job), [])
    job = await jobs.find(job.id)
    if options.json:
        console.write_json(await job_and_items_json(jobs.stored, job))
    write_diagnostic(job_progress_text(job))
    if error := await jobs.error_text(job):
        write_diagnostic(error)
        return ExitCode.FAILED
    return 0


def _canceled_run(job: BatchJob) -> Run:
    """Return the run of a job that is canceled before it was sent."""
    moment = now()
    status = RunStatus.STOPPED
    return Run(
        new_id(), job.id, RunMode.BATCH, status, moment, 0, ended_at=moment, is_cancelled=True
    )


async def _remove(jobs: _Jobs, options: Options) -> int:
    job = await jobs.find(options.id)
    if job.status.was_sent and not job.status.is_over:
        raise IllegalChoiceError(N_("The job is still running."), hint=N_("Cancel it first."))
    await jobs.tables.delete(job.id)
    return 0


# -------------------------------------------------------------- results


async def _report(jobs: _Jobs, options: Options) -> int:
    job = await jobs.find(options.id)
    catalog = jobs.backend.catalog
    format_of_name = "csv" if options.to.lower().endswith(".csv") else "markdown"
    format_ = options.format or format_of_name
    if options.to == "-":  # standard output, which may be a terminal: hence `clean_line`
        async for piece in report_pieces(
            jobs.stored, catalog, job, format_, escape=console.clean_line
        ):
            console.write(piece)
        return 0
    target = expand_path(options.to)
    await write_report(jobs.stored, catalog, job, format_, target)
    write_diagnostic(tr("Results exported to {file}.", file=str(target)))
    return 0
