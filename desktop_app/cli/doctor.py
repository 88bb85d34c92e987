"""`repartee doctor`: checks of this computer, and the places of files.

The output never contains a key or the text of a conversation, and nothing is sent to a provider.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from desktop_app import __version__
from desktop_app.backend.backend import Backend
from desktop_app.backend.display_check import display_problem
from desktop_app.backend.log_file import CRASH_NAME, last_lines
from desktop_app.child_processes import child_command, start_child
from desktop_app.cli.command_setup import expand_path, open_or_ask, run_command
from desktop_app.cli.console import (
    confirm,
    terminal_error_text,
    write_diagnostic,
    write_json,
    write_lines,
    write_note,
)
from desktop_app.cli.exit_code import ExitCode
from desktop_app.cli.output_file import STANDARD_OUTPUT, partial_file, unwritable_error
from desktop_app.cli.report import report_text
from desktop_app.desktop_session.hotkey import hotkey_status
from desktop_app.desktop_session.hotkey.hotkey_status import HotkeyStatus, check_hotkey, is_x11
from desktop_app.desktop_session.login_start import autostart_file, starts_at_login
from desktop_app.desktop_session.portal.portal_shortcut import check_portal
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.errors import SettingError, UserFacingError
from desktop_app.domain.network.network_address import split_url, unencrypted_private_host
from desktop_app.domain.places import Place, place_name
from desktop_app.i18n.translation import N_, paragraph, tr, tr_context, tr_plural
from desktop_app.providers.gateway.environment_profiles import BUILT_IN, ON_DEVICE
from desktop_app.providers.gateway.on_device import NO_MODELS
from desktop_app.sandbox import detect_mechanisms
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.storage.upgrade_copy import upgrade_copies

if TYPE_CHECKING:
    from desktop_app.cli.command_line import Options

PACKAGES: Final = ("PySide6-Essentials", "qasync", "httpx", "keyring", "pypdfium2", "xllamacpp")
TIMEOUT_S: Final = 30  # of each check; they run at the same time
# Marked here for translation, because the modules of `sandbox` import no translations.
SANDBOX_TEXTS: Final = (N_("no new privileges"), N_("resource limits"))


class Finding(NamedTuple):
    """The result of a check.

    Attributes:
        name: its key in the JSON, beside which `fields` stand.
        works: None if nothing was tested, or if the user has turned it off or not yet allowed it.
        label: its name in the report.
    """

    name: str
    works: bool | None
    text: str
    label: str
    fields: tuple[tuple[str, str], ...] = ()


def run_doctor(options: Options) -> int:
    """Print the findings; return 0 if everything the program needs works, else 1."""
    return run_command(_run(options), options)


async def _run(options: Options) -> int:
    backend = Backend()
    problem = None
    try:
        try:
            await open_or_ask(backend)
            backend.local_models.use(await backend.settings.all())
        except UserFacingError as error:
            problem = error
        findings = await run_checks(backend, problem, is_thorough=True)
        if options.report:
            return await _write_report(options, await report_text(backend, findings))
    finally:
        await backend.aclose()
    if options.json:
        write_json(findings_json(findings))
    else:
        write_lines(findings_text(findings))
    # The rest is optional: without a keyring, keys last for a session; without a portal, users
    # bind a command.
    needed = {"window", "store", "on-device model"}
    return 1 if any(f.works is False and f.name in needed for f in findings) else 0


async def _write_report(options: Options, text: str) -> int:
    """Show the report, ask if it shall be written, and write it; return the exit code."""
    if options.report == STANDARD_OUTPUT:
        write_lines(text)
        return 0
    if not options.yes:
        write_diagnostic(text)
        if not await confirm(tr("Write this report? [y/N]"), default=False):
            write_diagnostic(tr("Nothing was written."))
            return ExitCode.FAILED
    target = expand_path(options.report)
    try:
        with partial_file(target) as file:
            await asyncio.to_thread(file.write_text, text, "utf-8")
    except OSError as error:
        raise unwritable_error(target, error) from error
    write_note(tr("The report is in {file}.", file=str(target)))
    return 0


def findings_text(findings: list[Finding]) -> str:
    """Return the findings as text, a line each, so that no name can forge another finding."""
    marks = {True: tr_context("check", "ok"), False: tr_context("check", "NO"), None: ""}
    width = max(map(len, marks.values()))
    lines = (f"{marks[f.works]:{width}}  {f.label}: {f.text}" for f in findings)
    return "\n".join(" ".join(line.splitlines()) for line in lines)


def findings_json(findings: list[Finding]) -> dict[str, dict[str, object]]:
    """Return the findings by name."""
    return {f.name: {"works": f.works, "text": f.text, **dict(f.fields)} for f in findings}


async def run_checks(
    backend: Backend, problem: UserFacingError | None = None, *, is_thorough: bool = False
) -> list[Finding]:
    """Run all checks, and return their findings.

    Args:
        problem: why the store could not be opened; None if it is open.
        is_thorough: also check the whole store, and start the on-device model, which takes a second
            and the model's memory.
    """
    profiles = [*backend.providers.environment_profiles, *BUILT_IN]
    values: dict[str, Any] = {}
    if problem is None:
        with suppress(UserFacingError):  # the check of the store reports it
            profiles = await backend.providers.profiles()
            values = {**await backend.settings.all()}
    window, keyring, model, store, hotkey = await asyncio.gather(
        _check_qt(),
        backend.vault.probe(TIMEOUT_S),
        _check_model(backend, starts=is_thorough or backend.local_models.is_running),
        _check_store(backend, problem, is_thorough=is_thorough),
        _check_hotkey(values, backend.folders.scope),
    )
    text = tr("{keyring} works", keyring=keyring.backend)
    if not keyring.works:
        text = tr("{reason} API keys are kept only until you quit.", reason=keyring.why)
    # In threads: these read files of certificates and the metadata of packages, and start uname.
    routes = await asyncio.to_thread(_check_routes, profiles)
    facts = await asyncio.to_thread(_facts, backend)
    return [
        Finding("version", None, f"Repartee {__version__}", tr("Version")),
        window[0],
        Finding("keyring", keyring.works, text, tr("Keyring")),
        *(model, store, *_check_model_list(backend), *routes, *window[1:], hotkey, *facts),
    ]


async def _check_qt() -> list[Finding]:
    """Start Qt in a child, which reports the screen and the desktop portal."""
    why_not = display_problem(os.environ)
    command = child_command("qt")
    if why_not is not None:  # the portal can be checked without a display
        offscreen = {**command.environment, "QT_QPA_PLATFORM": "offscreen"}
        command = command._replace(environment=offscreen)
    pipe = asyncio.subprocess.PIPE
    process = await start_child(command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe)
    output, errors = b"", b""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            output, errors = await process.communicate()
    except TimeoutError:
        why_not = tr("Qt didn’t respond within {seconds} s.", seconds=TIMEOUT_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    facts: dict[str, Any] = {}
    for line in output.splitlines():
        with suppress(ValueError):  # the output of libraries
            facts |= json.loads(line) if line.startswith(b"{") else {}
    if "qt" not in facts:
        text = why_not or qt_failure_text(errors.decode("utf-8", "replace"))
        return [Finding("window", False, text, tr("Window"))]
    text = f"Qt {facts['qt']} ({facts['platform']}), {facts['screen']}"
    if why_not is not None:
        text = tr("Qt {version} can’t open a window. {reason}", version=facts["qt"], reason=why_not)
    portal = facts.get("portal")  # the version of its interface for shortcuts
    portal_text = tr("Global shortcuts, version {version}", version=portal or 0)
    if portal is None:
        portal_text = tr("The session bus doesn’t respond")
    elif not portal:
        portal_text = tr("No support for global shortcuts")
    return [
        Finding("window", why_not is None, text, tr("Window")),
        Finding("portal", None, portal_text, tr("Desktop portal")),
    ]


def qt_failure_text(output: str) -> str:
    """Return why Qt failed to start: the first line of Qt's own, or the last of Python's."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    of_qt = [line for line in lines if line.startswith("qt.qpa")]
    return next(iter([*of_qt, *lines[::-1]]), tr("Qt didn’t start and gave no reason."))


async def _check_model(backend: Backend, *, starts: bool) -> Finding:
    name, title = "on-device model", tr("Local model")
    if backend.part("local_models") is None:
        return Finding(name, None, tr(NO_MODELS), title)
    local_model = backend.local_models
    works: bool | None = False
    weights = local_model.weights or await asyncio.to_thread(lambda: local_model.built_in_file)
    if weights is None:
        text = tr("Not installed. Run: {command}", command="repartee models get built-in")
        if getattr(sys, "frozen", False):
            text = tr("Install the package repartee-model.")
    elif not starts and await asyncio.to_thread(weights.is_file):
        works, text = None, tr("{file}, loads on first use", file=weights.name)
    elif not starts:
        text = tr("{file} is missing", file=str(weights))
    else:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                provider = await backend.gateway.provider(ON_DEVICE)
                model, *_ = (await provider.listing()).models
            works = True
            text = tr(
                "{model} works, context window of {count} tokens",
                model=model.id,
                count=model.window or 0,
            )
        except TimeoutError:
            text = tr("Didn’t load within {seconds} s", seconds=TIMEOUT_S)
        except UserFacingError as error:
            text = terminal_error_text(error)
    return Finding(name, works, text, title)


async def _check_store(
    backend: Backend, problem: UserFacingError | None, *, is_thorough: bool
) -> Finding:
    try:
        if problem is not None:
            raise problem
        if is_thorough:
            await backend.database.check()
        count = len(await backend.conversations.all())
    except UserFacingError as error:
        return Finding("store", False, terminal_error_text(error), tr("Library"))
    file = str(backend.folders.database)
    text = tr_plural(
        "{file}, {count} conversation", "{file}, {count} conversations", count, file=file
    )
    return Finding("store", True, text, tr("Library"))


def _check_model_list(backend: Backend) -> list[Finding]:
    """Return what is wrong in the user's file of models; nothing if it is right or missing."""
    problems = backend.catalog.problems
    if not problems:
        return []
    text = " ".join(terminal_error_text(problem) for problem in problems)
    return [Finding("model list", False, text, tr("Your list of models"))]


async def _check_hotkey(values: Mapping[str, object], scope: str) -> Finding:
    command = hotkey_status.GLOBAL_SHORTCUT
    keys = Keymap.from_settings(values, [command]).shortcut_of(command.id)
    report = await asyncio.to_thread(check_hotkey, keys, os.environ)
    if report.status is HotkeyStatus.UNAVAILABLE and not is_x11(os.environ):
        report = await check_portal(keys, scope)
    sentence = hotkey_status.STATUS_TEXTS[report.status]
    text = tr(sentence, keys=report.keys, command=hotkey_status.OPEN_COMMAND)
    if report.status is HotkeyStatus.WORKS:
        text = paragraph(text, tr("Start Repartee again to open its window."))
    is_inactive = report.status in (HotkeyStatus.OFF, HotkeyStatus.ASKS)
    works = None if is_inactive else report.status is HotkeyStatus.WORKS
    fields = (("shortcut", report.keys), ("status", report.status.value))
    return Finding("hotkey", works, text, tr("Global shortcut"), fields)


def _check_routes(profiles: list[ProviderProfile]) -> list[Finding]:
    """Return how each provider is reached. Blocking: reads files of certificates."""
    # A provider of the environment may lack its address; the route then says so.
    remote = [p for p in profiles if p.kind is not ProviderKind.ON_DEVICE
              and (p.base_url or p.from_environment)]  # fmt: skip
    counts = Counter(profile.name for profile in remote)
    findings = []
    for profile in remote:
        works, text = describe_route(profile)
        name = profile.name if counts[profile.name] == 1 else f"{profile.name} ({profile.id})"
        label = tr("Connection to {provider}", provider=name)
        findings.append(Finding(f"way to {name}", works, text, label))
    return findings


def describe_route(profile: ProviderProfile) -> tuple[bool | None, str]:
    """Check a provider's address, proxy and certificates; return the result and a description.

    The result is False if they are unusable, otherwise None. No password is shown.
    """
    from desktop_app.providers.http.connections import proxy_for  # loads ssl
    from desktop_app.providers.http.trust import inspect_ca_file

    address = split_url(profile.base_url)
    if not address.hostname:
        return False, tr("The address is invalid")
    host = unencrypted_private_host(profile.base_url)
    if host and host not in profile.plain_http_hosts:
        words = N_("{host} isn’t encrypted and isn’t allowed in {place}")
        return False, tr(words, host=host, place=place_name(Place.PROVIDER))
    try:
        proxy = proxy_for(address, profile.proxy)
        ca_file = inspect_ca_file(profile.ca_file) if profile.ca_file else None
    except SettingError as error:
        return False, error.sentences
    route = tr("No proxy")
    if proxy:
        source = N_("Proxy {url} (settings)") if profile.proxy else N_("Proxy {url} (environment)")
        route = tr(source, url=proxy.url)
    if address.scheme != "https":
        return None, tr("{route}, not encrypted", route=route)
    if not ca_file:
        return None, tr("{route}, system certificates", route=route)
    file = f"{profile.ca_file} ({ca_file.name})" if ca_file.name else profile.ca_file
    return None, tr("{route}, system certificates and {file}", route=route, file=file)


def _facts(backend: Backend) -> list[Finding]:
    places = backend.folders
    active, missing = detect_mechanisms()  # of the processes that parse untrusted input
    confinement = tr("Documents are read without a sandbox.")
    if active:
        parts = ", ".join(map(tr, active))
        confinement = tr("Documents are read in a sandbox: {parts}.", parts=parts)
    unknown = tr_context("desktop or session", "unknown")
    system = tr(
        "{platform}, desktop {desktop}, session {session}",
        platform=platform.platform(),
        desktop=os.environ.get("XDG_CURRENT_DESKTOP", unknown),
        session=os.environ.get("XDG_SESSION_TYPE", unknown),
    )
    login = tr("Off")
    if starts_at_login(places.scope, os.environ):
        login = tr("On: {file}", file=str(autostart_file(places.scope, os.environ)))
    log = "\n    ".join(last_lines(places.logs)) or tr_context("log", "Empty")
    texts = [
        ("start at login", tr("Start at login"), login),
        ("system", tr("System"), system),
        ("python", tr("Python"), platform.python_version()),
        ("packages", tr("Packages"), ", ".join(map(_package, PACKAGES))),
        ("data", tr("Data"), str(places.data)),
        ("configuration", tr("Configuration"), str(places.config)),
        ("cache", tr("Cache"), str(places.cache)),
        ("logs", tr("Logs"), str(places.logs)),
        ("last of the log", tr("End of the log"), log),
    ]
    texts[4:4] = [
        ("copy of the library", tr("Copy of the library"), copy.sentence)
        for copy in upgrade_copies(places.database)[:1]
    ]
    if crash := last_lines(places.logs, name=CRASH_NAME):
        crash_text = "\n    ".join([str(places.logs / CRASH_NAME), *crash])
        texts.append(("last crash", tr("Last crash"), crash_text))
    confinement = paragraph(confinement, *map(tr, missing))
    return [
        Finding("confinement", not missing, confinement, tr("Sandbox")),
        *(Finding(name, None, text, label) for name, label, text in texts),
    ]


def _package(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} ?"
