"""`repartee batch`: starts, shows, reports and cancels jobs without a window.

A job that another process is running, usually an open window, is shown as stored.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable

from desktop_app.backend.backend import Backend
from desktop_app.backend.prompt_loader import fill_template
from desktop_app.batch.batch_service import BatchService
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
from desktop_app.batch.services import batch_service, batch_store
from desktop_app.chat.command.answer_parameters import (
    apply_folder,
    apply_preset,
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
from desktop_app.cli import console
from desktop_app.cli.command_line import Options
from desktop_app.cli.command_setup import cancel_at_signals, expand_path, open_backend, run_command
from desktop_app.cli.console import ProgressReporter, terminal_error_text, write_diagnostic
from desktop_app.cli.exit_code import ExitCode
from desktop_app.domain import hints
from desktop_app.domain.errors import DocumentError, IllegalChoiceError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.prompts.prompt_library import SUMMARY
from desktop_app.providers.jobs.batch_jobs import (
    SCHEMA_PROBLEM,
    BatchJob,
    BatchStatus,
    ItemStatus,
    batch_refusal,
)
from desktop_app.providers.models.choice_resolution import require_supported
from desktop_app.tables.table_source import expand_paths

_Action = Callable[[Backend, BatchService, Options], Awaitable[int]]

MIN_ID_CHARS = 4
"""The number of characters from which the beginning of an id may stand for the id."""
MAX_NAMED_FILES = 20
"""Maximum number of skipped files, and of scans, to name. Further skipped files are counted."""


def run_batch(options: Options) -> int:
    """Run the command; return the exit code."""
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
            return await actions[options.action](backend, batch_service(backend), options)

    return run_command(run(), options)


# -------------------------------------------------------------- start


async def _start(backend: Backend, service: BatchService, options: Options) -> int:
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
        prompt, task = await fill_template(backend.prompts, name, options.set, options.task or "")
        title, template_id = prompt.title, prompt.id
    files = await expand_paths(paths)
    settings = with_schema_of(settings_of(values, options, preset, folder), options.schema)
    await refresh_files(backend, settings.collections)
    job = await service.create(
        files,
        resolved,
        task,
        settings.for_one_answer(),
        title=title,
        template_id=template_id,
        folder_id=settings.folder_id,
    )
    notices = [str(notice) for notice in job_notices(settings, resolved, job)]
    for notice in notices:
        write_diagnostic(notice)
    return await _prepare_and_send(backend, service, job, options, notices)


async def _resume(backend: Backend, service: BatchService, options: Options) -> int:
    job = await _find_job(backend, options.id)
    if job.status.was_sent:
        raise IllegalChoiceError(
            N_("The job was already sent."),
            hint=N_("“repartee batch again” retries files without a response."),
        )
    return await _prepare_and_send(backend, service, job, options, is_new=False)


async def _create_retry(backend: Backend, service: BatchService, options: Options) -> int:
    job = await _find_job(backend, options.id)
    retry_job = await service.create_retry(job.id)
    return await _prepare_and_send(backend, service, retry_job, options)


async def _prepare_and_send(
    backend: Backend,
    service: BatchService,
    job: BatchJob,
    options: Options,
    notices: Iterable[str] = (),
    *,
    is_new: bool = True,
) -> int:
    """Read the files, show the cost, ask, and send the job.

    Args:
        notices: notices on the job that are already written; its JSON repeats them.
        is_new: the job was created by this command, which removes it if the user declines.
    """
    if not await backend.of(batch_store).claim(job.id):
        await _find_job(backend, job.id)  # raises if the job was removed meanwhile
        raise IllegalChoiceError(
            N_("Another Repartee process is running this job."),
            hint=N_("Continue there, or close it."),
        )
    try:
        reporter = ProgressReporter(tr("Reading files"), in_lines=options.progress)
        job = await service.prepare(job.id, reporter.show)
        file_notices = await _file_notices(backend, job)
        for notice in file_notices:
            write_diagnostic(notice)
        if not job.estimate.files:  # also if the job is not new: it can never be sent
            await service.remove(job.id)
            write_diagnostic(tr("None of the files can be sent."))
            return ExitCode.FAILED
        write_diagnostic(estimate_text(job))
        if not options.yes and not await console.confirm(
            tr("Start this batch job? [y/N]"), default=True
        ):
            if is_new:
                await service.remove(job.id)
            write_diagnostic(tr("Nothing was sent."))
            return ExitCode.FAILED
        job = await service.start(job.id)
        await _advance(backend, service, job.id, options)
    except asyncio.CancelledError:
        stored_job = await backend.of(batch_store).get(job.id)
        if stored_job is not None and stored_job.status.was_sent:
            _write_progress(stored_job)
        elif stored_job is not None:
            write_diagnostic(_interrupted_text(job.id))
        raise
    finally:
        # A second signal must not leave the job claimed.
        await asyncio.shield(backend.of(batch_store).release(job.id))
    job = await _find_job(backend, job.id)
    return await _write_outcome(backend, job, options, [*notices, *file_notices])


async def _advance(backend: Backend, service: BatchService, job_id: str, options: Options) -> None:
    """Do the first step of a started job; with --wait, all steps.

    With --wait, each new error is reported; with --progress or on a terminal, each step, too.
    """
    pause = await service.advance(job_id)
    last_error = ""
    while options.wait and pause is not None:
        job = await _find_job(backend, job_id)
        if options.progress or console.is_stderr_terminal():
            write_diagnostic(job_progress_text(job))
        error = await _job_error_text(backend, job)
        if error and error != last_error:
            write_diagnostic(error)
        last_error = error
        await asyncio.sleep(pause)
        pause = await service.advance(job_id)


def _interrupted_text(job_id: str) -> str:
    command = f"repartee batch resume {job_id}"
    return tr("Interrupted. To continue, run “{command}” or open Repartee.", command=command)


def _write_progress(job: BatchJob) -> None:
    """Report the progress of a sent job, and name the command that gets its responses."""
    write_diagnostic(job_progress_text(job))
    write_diagnostic(tr("To get the responses, run “{command}”.", command="repartee batch status"))


async def _file_notices(backend: Backend, job: BatchJob) -> list[str]:
    """Return notices on skipped files, and on files with pages that are images."""
    items = await backend.of(batch_store).items(job.id)
    skipped = [item for item in items if item.status is ItemStatus.LEFT_OUT]
    notices = [
        tr("{file} skipped: {reason}", file=item.name, reason=item_error_text(item))
        for item in skipped[:MAX_NAMED_FILES]
    ]
    if unnamed := len(skipped[MAX_NAMED_FILES:]):
        notices.append(
            tr_plural("{count} more file skipped.", "{count} more files skipped.", unnamed)
        )
    scans = [item for item in items if item.status is ItemStatus.READ and item_scan_text(item)]
    notices += [f"{item.name}: {item_scan_text(item)}" for item in scans[:MAX_NAMED_FILES]]
    return notices


async def _job_error_text(backend: Backend, job: BatchJob) -> str:
    """Return the error of a job, "" if it has none."""
    if job.error is None:
        return ""
    profiles = await backend.providers.profiles()
    from_environment = any(
        profile.from_environment for profile in profiles if profile.id == job.choice.provider_id
    )
    return terminal_error_text(job.error, from_environment=from_environment)


async def _write_outcome(
    backend: Backend, job: BatchJob, options: Options, notices: list[str]
) -> int:
    if error := await _job_error_text(backend, job):
        write_diagnostic(error)
    if options.json:
        console.write_json(
            {**await job_and_items_json(backend.of(batch_store), job), "notices": notices}
        )
    elif job.status.was_sent:
        console.write_line(job.id)
    if not job.status.was_sent:
        resume = f"repartee batch resume {job.id}"
        write_diagnostic(tr("The job was saved. To try again, run “{command}”.", command=resume))
        return ExitCode.FAILED
    if job.status.is_over:
        write_diagnostic(job_result_text(job))
        return await _exit_code(backend, job)
    _write_progress(job)
    # Without a batch id, the provider has accepted nothing so far.
    return 0 if job.batch_id else ExitCode.FAILED


async def _exit_code(backend: Backend, job: BatchJob) -> int:
    """Return the exit code for the worst outcome among the files of a job that is over."""
    counts = job.counts
    sent_count = counts.total - counts.left_out
    if counts.answered + counts.refused < sent_count:
        return ExitCode.FAILED
    if counts.refused:
        return ExitCode.REFUSED
    items = await backend.of(batch_store).item_summaries(job.id)
    mismatched = any(item.error is not None and item.error.code == SCHEMA_PROBLEM for item in items)
    return ExitCode.MISMATCH if mismatched else 0


# -------------------------------------------------------------- status


async def _status(backend: Backend, service: BatchService, options: Options) -> int:
    job_ids = await backend.of(batch_store).open_ids()
    if options.id is not None:
        job = await _find_job(backend, options.id)
        if job.id in job_ids:
            await _advance_once(backend, service, job.id)
        await _show_one(backend, await _find_job(backend, job.id), options)
        return 0
    for job_id in job_ids:
        await _advance_once(backend, service, job_id)
    jobs = await backend.of(batch_store).all()
    if options.json:
        console.write_json([job_json(job) for job in jobs], indent=1)
        return 0
    for job in jobs:
        cost = formatting.money(job.counts.cost) if job.counts.cost else "–"
        console.write_line(f"{job.id}  {job_progress_text(job)}  {cost}  {job.title}")
        if error := await _job_error_text(backend, job):
            console.write_line(f"    {error}")
        if await _is_interrupted(backend, job):
            console.write_line(f"    {_interrupted_text(job.id)}")
    if not jobs:
        write_diagnostic(tr("No batch jobs"))
    return 0


async def _advance_once(backend: Backend, service: BatchService, job_id: str) -> None:
    """Advance a job once, unless another process is running it."""
    if await backend.of(batch_store).claim(job_id):
        try:
            await service.advance(job_id)
        finally:
            await asyncio.shield(backend.of(batch_store).release(job_id))


async def _is_interrupted(backend: Backend, job: BatchJob) -> bool:
    """Return True if reading a job's files has begun, but no process continues it."""
    # A process that reads the files has claimed the job.
    if job.status is not BatchStatus.PREPARING or not await backend.of(batch_store).claim(job.id):
        return False
    await asyncio.shield(backend.of(batch_store).release(job.id))
    return True


async def _show_one(backend: Backend, job: BatchJob, options: Options) -> None:
    if options.json:
        console.write_json(await job_and_items_json(backend.of(batch_store), job), indent=1)
        return
    console.write_line(f"{job.title}: {job_progress_text(job)}")
    if error := await _job_error_text(backend, job):
        console.write_line(error)
    if await _is_interrupted(backend, job):
        console.write_line(_interrupted_text(job.id))
    for item in await backend.of(batch_store).items(job.id):
        cost = "" if item.cost is None else f"  {formatting.money(item.cost)}"
        error = f"  {item_error_text(item)}" if item.error else ""
        console.write_line(f"{tr(item.status.text):>14}  {item.name}{cost}{error}")


async def _cancel(backend: Backend, service: BatchService, options: Options) -> int:
    job = await _find_job(backend, options.id)
    if job.status.is_over:
        raise IllegalChoiceError(N_("The job is already finished."))
    job = await service.cancel(job.id)
    # The provider learns of it now, and the answers that are complete are still fetched.
    await _advance_once(backend, service, job.id)
    job = await _find_job(backend, job.id)
    if options.json:
        console.write_json(await job_and_items_json(backend.of(batch_store), job))
    write_diagnostic(job_progress_text(job))
    if error := await _job_error_text(backend, job):
        write_diagnostic(error)
        return ExitCode.FAILED
    return 0


async def _remove(backend: Backend, service: BatchService, options: Options) -> int:
    job = await _find_job(backend, options.id)
    await service.remove(job.id)
    return 0


# -------------------------------------------------------------- results


async def _report(backend: Backend, _: BatchService, options: Options) -> int:
    job = await _find_job(backend, options.id)
    format_of_name = "csv" if options.to.lower().endswith(".csv") else "markdown"
    format_ = options.format or format_of_name
    if options.to == "-":  # standard output, which may be a terminal: hence `clean_line`
        async for piece in report_pieces(
            backend.of(batch_store), backend.catalog, job, format_, escape=console.clean_line
        ):
            console.write(piece)
        return 0
    target = expand_path(options.to)
    await write_report(backend.of(batch_store), backend.catalog, job, format_, target)
    write_diagnostic(tr("Results exported to {file}.", file=str(target)))
    return 0


async def _find_job(backend: Backend, typed_id: str) -> BatchJob:
    """Return the job with this id, or the only one whose id begins with it.

    The beginning of an id must have at least `MIN_ID_CHARS` characters.

    Raises:
        IllegalChoiceError: there is none, or more than one.
    """
    jobs = await backend.of(batch_store).all()
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
