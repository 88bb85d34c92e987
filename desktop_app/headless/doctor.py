"""`repartee doctor`: what works on this computer, and where things lie. Never a key, never a text of
a conversation."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from desktop_app import __version__
from desktop_app.domain.errors import UserFacingError
from desktop_app.headless.backend import Backend, build_backend, use_weights
from desktop_app.headless.log import last_lines
from desktop_app.paths import child_command

PACKAGES = ("PySide6-Essentials", "qasync", "httpx", "keyring", "markdown-it-py", "Markdown")
MORE_PACKAGES = ("Pygments", "tiktoken", "kreuzberg", "pypdfium2", "xllamacpp", "truststore")
QT_TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `works` is None for a plain fact."""

    name: str
    works: bool | None
    text: str


def run_doctor(*, as_json: bool) -> int:
    """Print the findings; 0 when all that the program needs works, 1 otherwise."""
    try:
        backend = build_backend()
    except UserFacingError as error:
        print(f"repartee: {error.sentences}", file=sys.stderr)
        return 1
    found = asyncio.run(_examine_and_close(backend))
    print(as_text(found) if not as_json else json.dumps(as_object(found), ensure_ascii=False))
    # Without a keyring keys last for a session, without a portal one binds a command: both work.
    needed = {"window", "store", "on-device model"}
    return 1 if any(f.works is False and f.name in needed for f in found) else 0


def as_text(found: list[Finding]) -> str:
    """The findings as lines to read and to copy."""
    marks = {True: "ok", False: "NO", None: "  "}
    return "\n".join(f"{marks[f.works]}  {f.name}: {f.text}" for f in found)


def as_object(found: list[Finding]) -> dict[str, dict[str, object]]:
    """The findings by name."""
    return {f.name: {"works": f.works, "text": f.text} for f in found}


async def _examine_and_close(backend: Backend) -> list[Finding]:
    try:
        try:
            await backend.database.open()
            use_weights(backend, await backend.settings.all())
        except UserFacingError as error:
            return await examine(backend, error)
        return await examine(backend)
    finally:
        await backend.aclose()


async def examine(backend: Backend, problem: UserFacingError | None = None) -> list[Finding]:
    """Look at everything; `problem` is why the store could not be opened."""
    store = Finding("store", False, problem.sentences) if problem else await _store(backend)
    qt = await _qt()
    return [
        Finding("version", None, f"Repartee {__version__}"),
        qt[0],
        await _keyring(backend),
        await _on_device(backend),
        store,
        *qt[1:],
        *_facts(backend),
        *_log(backend),
    ]


async def _store(backend: Backend) -> Finding:
    try:
        count = len(await backend.conversations.all())
    except UserFacingError as error:
        return Finding("store", False, error.sentences)
    return Finding("store", True, f"{backend.folders.database}, {count} conversations")


async def _keyring(backend: Backend) -> Finding:
    result = await backend.vault.probe()
    if result.works:
        return Finding("keyring", True, f"{result.backend}: writes, reads and deletes")
    why = f"{result.why} Keys last for the session only."
    return Finding("keyring", False, f"{result.backend}: {why}" if result.backend else why)


async def _on_device(backend: Backend) -> Finding:
    try:
        endpoint = await backend.gateway.local_model.endpoint()
    except UserFacingError as error:
        return Finding("on-device model", False, error.sentences)
    text = f"{endpoint.model} answers on this computer, {endpoint.context_window:,} tokens"
    return Finding("on-device model", True, text)


async def _qt() -> list[Finding]:
    process = await asyncio.create_subprocess_exec(
        *child_command("qt"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), QT_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        out, err = b"", b"Qt did not start in time"
    hotkey = "bind the command “repartee quick” to a key in your desktop's settings"
    if not out.startswith(b"{"):
        lines = err.decode("utf-8", "replace").strip().splitlines() or ["Qt did not start"]
        return [Finding("window", False, lines[-1]), Finding("hotkey", None, hotkey)]
    found = json.loads(out)
    portal = found["portal"]
    portal_text = f"GlobalShortcuts version {portal}" if portal else "no GlobalShortcuts"
    return [
        Finding("window", True, f"Qt {found['qt']} on {found['platform']}, {found['screen']}"),
        Finding("portal", None, portal_text),
        Finding("hotkey", None, hotkey),
    ]


def _facts(backend: Backend) -> list[Finding]:
    where = backend.folders
    desktop = os.environ.get("XDG_CURRENT_DESKTOP", "not stated")
    session = os.environ.get("XDG_SESSION_TYPE", "not stated")
    return [
        Finding("system", None, f"{platform.platform()}, desktop {desktop}, session {session}"),
        Finding("python", None, platform.python_version()),
        Finding("packages", None, ", ".join(map(_package, (*PACKAGES, *MORE_PACKAGES)))),
        Finding("data", None, str(where.data)),
        Finding("configuration", None, str(where.config)),
        Finding("cache", None, str(where.cache)),
        Finding("logs", None, str(where.logs)),
    ]


def _package(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} ?"


def _log(backend: Backend) -> list[Finding]:
    lines = last_lines(backend.folders.logs)
    return [Finding("last of the log", None, "\n    ".join(lines) if lines else "empty")]
