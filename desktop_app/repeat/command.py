"""`repartee repeat`: lists, adds, changes, removes and asks the prompts that repeat."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from desktop_app.chat.command.answer_parameters import apply_folder
from desktop_app.chat.command.chosen_model import answering_profile, choice_of
from desktop_app.cli.command_setup import cancel_at_signals, open_backend, run_command
from desktop_app.cli.console import (
    clean_line,
    terminal_error_text,
    write_diagnostic,
    write_line,
    write_note,
)
from desktop_app.cli.exit_code import ExitCode
from desktop_app.desktop_session.notifier import Notifier
from desktop_app.desktop_session.session_bus import BusError, SessionBus
from desktop_app.desktop_session.user_timer import UserTimer
from desktop_app.domain.conversations.conversation import MessageStatus, new_id, now
from desktop_app.domain.conversations.message_link import MessageLink
from desktop_app.domain.error_note import note_from_error
from desktop_app.domain.errors import IllegalChoiceError, StorageError, UserFacingError
from desktop_app.domain.models.variants import Effort
from desktop_app.i18n.translation import N_, tr
from desktop_app.paths import folders
from desktop_app.repeat.repeat import Every, Repeat
from desktop_app.repeat.services import (
    Occurrence,
    Unreached,
    begin_repeat,
    claim_due,
    end_repeat,
    repeat_store,
)
from desktop_app.repeat.wording import added_text, run_text, time_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from desktop_app.backend.backend import Backend
    from desktop_app.cli.command_line import Options
    from desktop_app.domain.conversations.conversation import Folder, ModelChoice
    from desktop_app.domain.error_note import ErrorNote


def run_repeat(options: Options) -> int:
    actions: dict[str, Callable[[Backend, Options], Awaitable[int]]] = {
        "list": _list,
        "add": _add,
        "edit": _edit,
        "pause": partial(_pause, paused=True),
        "resume": partial(_pause, paused=False),
        "remove": _remove,
        "run": _run,
        "timer": _timer,
    }

    async def run() -> int:
        cancel_at_signals()
        async with open_backend() as backend:
            return await actions[options.action](backend, options)

    return run_command(run(), options)


async def _list(backend: Backend, options: Options) -> int:
    runs = await backend.of(repeat_store).runs()
    wanted = await _found(backend, options.id) if options.id else None
    for repeat in await backend.of(repeat_store).all() if wanted is None else [wanted]:
        write_line(f"{repeat.id[:8]}  {time_text(repeat)}  {clean_line(repeat.prompt)}")
        shown = runs.get(repeat.id, [])
        for run in shown if wanted else shown[:1]:
            place = f"  {run.conversation_id}" if run.conversation_id else ""
            write_line(f"    {clean_line(run_text(run))}{place}")
    if wanted is None:
        for repeat_id in await backend.of(repeat_store).damaged():
            write_diagnostic(_damage_text(repeat_id))
    return 0


def _damage_text(repeat_id: str) -> str:
    return tr(
        "The repeated prompt {id} is damaged and isn’t asked. Remove it with “{command}”.",
        id=clean_line(repeat_id[:8]),
        command=f"repartee repeat remove {clean_line(repeat_id[:8])}",
    )


async def _add(backend: Backend, options: Options) -> int:
    moment = now()
    folder, choice = await _chosen(backend, options)
    repeat = Repeat(
        new_id(),
        options.prompt,
        Every(options.every),
        _start(options.at, moment),
        choice,
        "" if folder is None else folder.id,
        moment,
    )
    await backend.of(repeat_store).add(repeat)
    write_line(repeat.id)
    write_note(added_text(repeat))
    await _refresh(backend)
    return 0


async def _chosen(backend: Backend, options: Options) -> tuple[Folder | None, ModelChoice]:
    await backend.listings.load()
    folder = await apply_folder(backend, options)
    profile = await answering_profile(backend, options)
    return folder, await choice_of(backend, profile, options)


async def _edit(backend: Backend, options: Options) -> int:
    repeat = await _found(backend, options.id)
    names = ("prompt", "every", "at", "model", "variant", "effort", "provider", "project")
    if not any(getattr(options, name) for name in names):
        raise IllegalChoiceError(
            N_("There is nothing to change."), hint=N_("Name a new value, such as --at 09:00.")
        )
    if options.prompt:
        repeat = replace(repeat, prompt=options.prompt)
    if options.every:
        repeat = replace(repeat, every=Every(options.every))
    if options.at:
        day, _, _ = repeat.start.partition("T")
        repeat = replace(repeat, start=_start(options.at, now(), day))
    if options.model or options.variant or options.provider or options.project:
        folder, choice = await _chosen(backend, options)
        repeat = replace(repeat, choice=choice)
        if folder is not None:
            repeat = replace(repeat, folder_id=folder.id)
    elif options.effort:
        repeat = replace(repeat, choice=replace(repeat.choice, effort=Effort(options.effort)))
    return await _change(backend, repeat)


async def _pause(backend: Backend, options: Options, *, paused: bool) -> int:
    return await _change(backend, replace(await _found(backend, options.id), paused=paused))


async def _change(backend: Backend, repeat: Repeat) -> int:
    await backend.of(repeat_store).change(repeat)
    write_note(added_text(await _found(backend, repeat.id)))
    await _refresh(backend)
    return 0


async def _found(backend: Backend, given: str) -> Repeat:
    """Return the only repeat whose ID begins so. Raises IllegalChoiceError."""
    found = [each for each in await backend.of(repeat_store).all() if each.id.startswith(given)]
    if len(found) != 1:
        raise _unknown_id(given)
    return found[0]


def _unknown_id(given: str) -> IllegalChoiceError:
    return IllegalChoiceError(
        N_("There is no repeated prompt {id}."),
        hint=N_("“repartee repeat list” lists the IDs."),
        id=given,
    )


def _start(text: str, moment: datetime, day: str = "") -> str:
    """Return the first time as it is stored; a time of day alone is of `day`, or today's."""
    day = day or moment.astimezone().date().isoformat()
    try:
        start = datetime.fromisoformat(text if "-" in text else f"{day}T{text.zfill(5)}")
    except ValueError:
        start = None
    if start is None or start.tzinfo is not None:
        raise IllegalChoiceError(
            N_("“{time}” isn’t a time."), hint=N_("Enter one such as 08:00."), time=text
        )
    return start.isoformat(timespec="minutes")


async def _remove(backend: Backend, options: Options) -> int:
    ids = [repeat.id for repeat in await backend.of(repeat_store).all()]
    ids += await backend.of(repeat_store).damaged()
    found = [repeat_id for repeat_id in ids if repeat_id.startswith(options.id)]
    if len(found) != 1:
        raise _unknown_id(options.id)
    await backend.of(repeat_store).remove(found[0])
    await _refresh(backend)
    return 0


async def _run(backend: Backend, options: Options) -> int:
    backend.local_models.use(await backend.settings.all())
    await backend.listings.load()
    if options.id:
        return await _ask(backend, Occurrence(await _found(backend, options.id)))
    codes: list[int] = []
    tried: set[str] = set()
    while (occurrence := await claim_due(backend, tried)) is not None:
        tried.add(occurrence.repeat.id)
        codes.append(await _ask(backend, occurrence))
    for repeat_id in await backend.of(repeat_store).damaged():
        write_diagnostic(_damage_text(repeat_id))
        codes.append(ExitCode.FAILED)
    # systemd runs it again only then.
    return ExitCode.UNREACHED if ExitCode.UNREACHED in codes else max(codes, default=0)


async def _ask(backend: Backend, occurrence: Occurrence) -> int:
    """Ask a prompt, and say how that ended; return the exit code."""
    repeat = occurrence.repeat
    try:
        run = await begin_repeat(backend, occurrence)
    except UserFacingError as error:
        write_diagnostic(_failure_text(repeat, note_from_error(error)))
        await _notify(tr("A repeated prompt couldn’t be asked"), repeat.prompt, repeat.id)
        return ExitCode.FAILED
    if isinstance(run, Unreached):
        return await _tell_unreached(repeat, run)
    answer = await run.run(lambda *_: None, lambda _: None, retry_writes=False)
    unreached = await end_repeat(backend, occurrence, run.conversation, answer)
    if unreached is not None:
        return await _tell_unreached(repeat, unreached)
    is_complete = answer.status is MessageStatus.COMPLETE
    conversation = run.conversation
    write_line(f"{conversation.id}  {clean_line(conversation.title)}")
    if answer.error is not None:
        write_diagnostic(_failure_text(repeat, answer.error))
    heading = tr("Response ready") if is_complete else tr("Response failed")
    await _notify(heading, conversation.title, str(MessageLink(conversation.id)))
    return 0 if is_complete else ExitCode.FAILED


async def _tell_unreached(repeat: Repeat, unreached: Unreached) -> int:
    write_diagnostic(_failure_text(repeat, unreached.error))
    write_diagnostic(tr("The next run asks it again."))
    if unreached.is_lost:
        await _notify(tr("A repeated prompt couldn’t be asked"), repeat.prompt, repeat.id)
    return ExitCode.UNREACHED


def _failure_text(repeat: Repeat, note: ErrorNote) -> str:
    return f"{clean_line(repeat.prompt)}: {terminal_error_text(note)}"


async def _notify(heading: str, title: str, link: str) -> None:
    bus = SessionBus()
    with suppress(BusError):  # no desktop
        await bus.connect()
        await Notifier(bus, lambda _: None).notify(heading, clean_line(title), key=link, link=link)
    await bus.aclose()


async def _timer(backend: Backend, options: Options) -> int:
    timer = UserTimer(folders().scope)
    if not timer.is_possible:
        raise IllegalChoiceError(
            N_("There is no systemd here that could run Repartee."),
            hint=N_("Keep Repartee running in the background instead."),
        )
    if options.switch:
        await set_timer(backend, wanted=options.switch == "on")
    problem = await asyncio.to_thread(timer.problem) if timer.is_wanted else ""
    write_line(str(timer.path) if timer.is_wanted and not problem else tr("Off"))
    if problem:
        write_diagnostic(problem)
    return 0


async def _refresh(backend: Backend) -> None:
    """Tell systemd the times after a change, which is done even if that fails."""
    try:
        await refresh_timer(backend)
    except StorageError as error:
        write_diagnostic(f"{terminal_error_text(error)} {error.details}".rstrip())


async def set_timer(backend: Backend, *, wanted: bool) -> None:
    """Have systemd ask the prompts while the program is closed, or no longer."""
    timer = UserTimer(folders().scope)
    if wanted:
        repeats = [each for each in await backend.of(repeat_store).all() if not each.paused]
        lines = [line for repeat in repeats for line in repeat.calendar_lines()]
        await asyncio.to_thread(timer.turn_on, lines)
    else:
        await asyncio.to_thread(timer.turn_off)


async def refresh_timer(backend: Backend) -> None:
    """Tell systemd the times after a change, if it is to ask the prompts. Raises StorageError."""
    if UserTimer(folders().scope).is_wanted:
        await set_timer(backend, wanted=True)
