"""`repartee sync`: joins a library that several computers share, and synchronizes it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from desktop_app.child_processes import environment_with_keys
from desktop_app.cli import console, password_prompt
from desktop_app.cli.command_setup import cancel_at_signals, expand_path, open_backend, run_command
from desktop_app.cli.exit_code import ExitCode
from desktop_app.cli.standard_input import read_all
from desktop_app.domain.error_note import note_from_error
from desktop_app.domain.error_text import TERMINAL
from desktop_app.domain.errors import SyncBeginError, SyncError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.storage.deletion_wipe import wipe_deleted
from desktop_app.storage.row_conversion import from_micros
from desktop_app.sync.format import SHORTEST_PASSPHRASE
from desktop_app.sync.services import synchronizer
from desktop_app.sync.synchronizer import PASSPHRASE_VARIABLE, PASSWORD_VARIABLE
from desktop_app.sync.target import Target, read_joining_line

if TYPE_CHECKING:
    from desktop_app.cli.command_line import Options
    from desktop_app.domain.error_note import ErrorNote
    from desktop_app.sync.device_state import Device
    from desktop_app.sync.synchronizer import Synchronizer


def run_sync(options: Options) -> int:
    if options.action == "join":  # read before the loop runs, which could not end the wait
        try:
            options.passphrase, options.password = _read_secrets(options)
        except KeyboardInterrupt:
            console.write_diagnostic(tr("Stopped."))
            return ExitCode.INTERRUPTED
    return run_command(_run(options), options)


async def _run(options: Options) -> int:
    cancel_at_signals()
    async with open_backend() as backend:
        sync = backend.of(synchronizer)
        if options.action == "join":
            return await _join(sync, options)
        if options.action == "now":
            code = await _synchronize(sync, as_json=options.json)
            await wipe_deleted(backend.database, is_idle=lambda: True)  # nobody waits
            return code
        if options.action == "leave":
            await sync.leave()
            return 0
        if options.action == "code":
            console.write_line((await sync.key()).code())
            return 0
        if options.action == "devices":
            if options.strike_off:
                await sync.strike_off(options.strike_off)
                return await _synchronize(sync, as_json=options.json)
            return await _devices(sync, as_json=options.json)
        return await _status(sync, as_json=options.json)


def _read_secrets(options: Options) -> tuple[str, str]:
    environment = environment_with_keys()
    passphrase = environment.get(PASSPHRASE_VARIABLE, "")
    password = environment.get(PASSWORD_VARIABLE, "")
    if password_prompt.has_terminal():
        passphrase = passphrase or password_prompt.read_password(tr("Passphrase or code: "))
        if options.user and not password:
            password = password_prompt.read_password(tr("Password: "))
    elif not passphrase:
        first, _, second = read_all().partition("\n")
        passphrase, password = first.strip(), password or second.strip()
    line = read_joining_line(passphrase)
    return line[1] if line else passphrase, password


async def _join(sync: Synchronizer, options: Options) -> int:
    if len(options.passphrase) < SHORTEST_PASSPHRASE:
        raise SyncError(
            N_("The passphrase is too short."),
            hint=N_("Use at least {count} characters: whoever guesses it reads everything."),
            count=SHORTEST_PASSPHRASE,
        )
    target = Target(
        options.address,
        options.user,
        options.password,
        options.endpoint,
        str(expand_path(options.ca_file).absolute()) if options.ca_file else "",
        options.allow_http,
    )
    join = partial(
        sync.join, target, options.passphrase, fetches_all=options.fetch_all, name=options.name
    )
    try:
        await join(begins=not password_prompt.has_terminal())
    except SyncBeginError as error:
        console.write_diagnostic(console.terminal_error_text(note_from_error(error)))
        _ask_again(options.passphrase)
        await join(begins=True)
    return await _synchronize(sync, as_json=False)


def _ask_again(passphrase: str) -> None:
    """Have the passphrase of a new library typed again: nobody can restore it."""
    try:
        again = password_prompt.read_password(tr("Passphrase, again: "))
    except KeyboardInterrupt:
        raise asyncio.CancelledError from None
    if again != passphrase:
        raise SyncError(N_("The two passphrases differ."), hint=N_("Nothing was begun."))


async def _synchronize(sync: Synchronizer, *, as_json: bool) -> int:
    reporter = console.ProgressReporter(tr("Synchronizing"))
    result = await sync.synchronize(reporter.show)
    for problem in result.problems:
        console.write_diagnostic(console.terminal_error_text(note_from_error(problem)))
    if as_json:
        problems = [note_from_error(problem).what_happened for problem in result.problems]
        console.write_json({"sent": result.sent, "received": result.received, "problems": problems})
    else:
        sent = tr_plural("{count} change sent", "{count} changes sent", result.sent)
        received = tr_plural("{count} received", "{count} received", result.received)
        console.write_line(f"{sent}, {received}.")
    return ExitCode.FAILED if result.problems else 0


async def _status(sync: Synchronizer, *, as_json: bool) -> int:
    state = await sync.state()
    unsent = await sync.unsent()
    if as_json:
        joined = state is not None
        console.write_json(
            {
                "joined": joined,
                "address": state.target if state else None,
                "name": state.name if state else None,
                "unsent": unsent,
                "at": _time(state.at) if state else None,
                "waiting": await sync.waiting(),
                "devices": [_device_row(device) for device in await sync.devices()],
                "problems": [
                    {"file": name, **_problem_row(note)}
                    for name, note in (state.problems if state else {}).items()
                ],
            }
        )
        return 0
    if state is None:
        console.write_line(tr("This computer does not synchronize."))
        return 0
    console.write_line(f"{console.clean_line(state.target)} · {console.clean_line(state.name)}")
    if state.at:
        when = formatting.moment(from_micros(state.at))
        console.write_line(tr("Last synchronized: {when}", when=when))
    if unsent:
        console.write_line(tr_plural("{count} change not sent", "{count} changes not sent", unsent))
    for note in state.problems.values():
        console.write_line(console.terminal_error_text(note))
    return 0


async def _devices(sync: Synchronizer, *, as_json: bool) -> int:
    devices = await sync.devices()
    if as_json:
        console.write_json([_device_row(device) for device in devices])
        return 0
    names = [device.name for device in devices]
    for device in devices:
        id_ = f" ({device.id})" if names.count(device.name) > 1 else ""
        when = formatting.moment(from_micros(device.at)) if device.at else "–"
        problem = f"  {device.problem.what_happened}" if device.problem else ""
        console.write_line(console.clean_line(f"{device.name}{id_}  {when}{problem}"))
    return 0


def _device_row(device: Device) -> dict[str, Any]:
    return {
        "id": device.id,
        "name": device.name,
        "own": device.is_own,
        "at": _time(device.at),
        "behind": device.is_behind,
        "sent": device.sent,
        "received": device.received,
        "skipped": list(device.skipped),
        "problem": _problem_row(device.problem) if device.problem else None,
    }


def _problem_row(note: ErrorNote) -> dict[str, str]:
    return {"what": note.what_happened, "hint": note.hint_on(TERMINAL)}


def _time(at: int) -> str | None:
    return from_micros(at).isoformat() if at else None
