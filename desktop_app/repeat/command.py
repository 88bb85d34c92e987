"""`repartee repeat`: lists, adds, removes and asks the prompts that repeat."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from desktop_app.backend.backend import use_weights
from desktop_app.backend.repeat_wiring import begin_repeat
from desktop_app.chat.command.answer_parameters import apply_folder
from desktop_app.chat.command.chosen_model import answering_profile, choice_of
from desktop_app.cli.command_setup import cancel_at_signals, open_backend, run_command
from desktop_app.cli.console import clean_line, terminal_error_text, write_diagnostic, write_line
from desktop_app.cli.exit_code import ExitCode
from desktop_app.desktop.notifier import Notifier
from desktop_app.desktop.session_bus import BusError, SessionBus
from desktop_app.desktop.user_timer import UserTimer
from desktop_app.domain.conversations.conversation import MessageStatus, new_id, now
from desktop_app.domain.conversations.message_link import MessageLink
from desktop_app.domain.error_note import note_from_error
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.paths import folders
from desktop_app.repeat.repeat import EVERY_LABELS, Every, Repeat

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.cli.command_line import Options


def run_repeat(options: Options) -> int:
    """Run a subcommand; return the exit code."""
    actions = {"list": _list, "add": _add, "remove": _remove, "run": _run, "timer": _timer}

    async def run() -> int:
        cancel_at_signals()
        async with open_backend() as backend:
            return await actions[options.action](backend, options)

    return run_command(run(), options)


async def _list(backend: Backend, _options: Options) -> int:
    for repeat in await backend.repeats.all():
        next_time = formatting.moment(repeat.next_time())
        when = tr("{day}, {time}", day=tr(EVERY_LABELS[repeat.every]), time=next_time)
        write_line(f"{repeat.id[:8]}  {when}  {clean_line(repeat.prompt)}")
        if repeat.error is not None:
            write_line(f"    {clean_line(terminal_error_text(repeat.error))}")
    return 0


async def _add(backend: Backend, options: Options) -> int:
    moment = now()
    await backend.listings.load()
    folder = await apply_folder(backend, options)
    profile = await answering_profile(backend, options)
    choice = await choice_of(backend, profile, options)
    repeat = Repeat(
        new_id(),
        options.prompt,
        Every(options.every),
        _start(options.at, moment),
        choice,
        "" if folder is None else folder.id,
        moment,
    )
    await backend.repeats.add(repeat)
    await refresh_timer(backend)
    write_line(repeat.id)
    return 0


def _start(text: str, moment: datetime) -> str:
    """Return the first time as it is stored; a time of day alone is today's."""
    today = moment.astimezone().date().isoformat()
    try:
        start = datetime.fromisoformat(text if "-" in text else f"{today}T{text.zfill(5)}")
    except ValueError:
        start = None
    if start is None or start.tzinfo is not None:
        raise IllegalChoiceError(
            N_("“{time}” isn’t a time."), hint=N_("Enter one such as 08:00."), time=text
        )
    return start.isoformat(timespec="minutes")


async def _remove(backend: Backend, options: Options) -> int:
    repeats = await backend.repeats.all()
    found = [repeat for repeat in repeats if repeat.id.startswith(options.id)]
    if len(found) != 1:
        raise IllegalChoiceError(
            N_("There is no repeated prompt {id}."),
            hint=N_("“repartee repeat list” lists the IDs."),
            id=options.id,
        )
    await backend.repeats.remove(found[0].id)
    await refresh_timer(backend)
    return 0


async def _run(backend: Backend, _options: Options) -> int:
    use_weights(backend.local_models, await backend.settings.all())
    await backend.listings.load()
    failed = False
    while repeat := await backend.repeats.claim_due(now()):
        try:
            run = await begin_repeat(backend, repeat)
        except UserFacingError as error:
            failed = True
            note = note_from_error(error)
            write_diagnostic(f"{clean_line(repeat.prompt)}: {terminal_error_text(note)}")
            await _notify(tr("A repeated prompt couldn’t be asked"), repeat.prompt, repeat.id)
            continue
        answer = await run.run(lambda *_: None, lambda _: None, retry_writes=False)
        is_complete = answer.status is MessageStatus.COMPLETE
        failed = failed or not is_complete
        conversation = run.conversation
        write_line(f"{conversation.id}  {clean_line(conversation.title)}")
        heading = tr("Response ready") if is_complete else tr("Response failed")
        await _notify(heading, conversation.title, str(MessageLink(conversation.id)))
    return ExitCode.FAILED if failed else 0


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
    write_line(str(timer.path) if timer.is_on else tr("Off"))
    return 0


async def set_timer(backend: Backend, *, wanted: bool) -> None:
    """Have systemd ask the prompts while the program is closed, or no longer."""
    timer = UserTimer(folders().scope)
    if wanted:
        await asyncio.to_thread(timer.turn_on, await _calendar_lines(backend))
    else:
        await asyncio.to_thread(timer.turn_off)


async def refresh_timer(backend: Backend) -> None:
    """Tell systemd the times after a change, if it runs the prompts."""
    if UserTimer(folders().scope).is_on:
        await set_timer(backend, wanted=True)


async def _calendar_lines(backend: Backend) -> list[str]:
    repeats = await backend.repeats.all()
    return [line for repeat in repeats for line in repeat.calendar_lines()]
