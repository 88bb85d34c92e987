"""The text that a user sends with a report of a problem.

It has no key, no address with credentials, no path of the user's files, and no names or words of
conversations: of the log's lines, what is quoted and the messages of exceptions are left out.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from desktop_app.backend.log_file import CRASH_NAME, LOG_NAME, last_lines, redacted
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.network.network_address import split_url
from desktop_app.settings.schema import KEYS_PREFIX, SETTINGS

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.cli.doctor import Finding
    from desktop_app.domain.answering.chat_request import ProviderProfile

LOG_LINES: Final = 500
_CRASH_LINES: Final = 100
_LEFT_OUT: Final = frozenset(
    ("data", "configuration", "cache", "logs", "last of the log", "last crash", "start at login")
)
"""Findings that are only paths, or that have a part of the report."""

_RECORD: Final = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ [A-Z]+ ")
_FRAME: Final = re.compile(
    r'\s+(?:File "|\[Previous line repeated)|Traceback \(|Thread |Current thread '
)
_EXCEPTION: Final = re.compile(r"[A-Za-z_][\w.]*(?=:|$)")
_QUOTED: Final = re.compile(r"“[^”]*”?|«[^»]*»?|„[^“]*“?|「[^」]*」?|\"[^\"]*\"|'[^']*'|”[^”]*”")
_PATH: Final = re.compile(r"(?<![\w.:/\\])(?:~|[A-Za-z]:)?[/\\][^\s\"“”'/\\][^\n\"“”:;,()]*")
_FOREIGN_PART: Final = re.compile(
    r"^.*[/\\](?=(?:site-packages|python3[\d.]*|desktop_app)[/\\])|^(?!desktop_app[/\\]).*[/\\]"
)
"""What is above the folder of the program, or of a library, in the path of a module."""
_WEB_ADDRESS: Final = re.compile(r"(\w+://[^\s/?#\"”]+)[^\s\"”]*")


async def report_text(backend: Backend, findings: Sequence[Finding]) -> str:
    """Return the report on an open backend; without a library, its settings are left out."""
    from desktop_app.cli.doctor import findings_text

    shown = [finding for finding in findings if finding.name not in _LEFT_OUT]
    try:
        settings = [*_changed_settings(await backend.settings.all())]
        providers = [*map(_provider_line, await backend.providers.profiles())]
    except UserFacingError as error:
        settings = providers = [type(error).__name__]
    logs = backend.folders.logs
    log = await asyncio.to_thread(last_lines, logs, LOG_LINES)
    if len(log) < LOG_LINES:
        older = await asyncio.to_thread(last_lines, logs, LOG_LINES - len(log), f"{LOG_NAME}.old")
        log = [*older, *log]
    crash = await asyncio.to_thread(last_lines, logs, _CRASH_LINES, CRASH_NAME)
    parts = (
        ("Repartee report", [without_paths(line) for line in findings_text(shown).split("\n")]),
        ("Changed settings", settings),
        ("Providers", providers),
        ("Log", [*log_lines(log)]),
        ("Crash log", [without_paths(line) for line in crash]),
    )
    return "\n".join(
        f"== {title} ==\n" + "\n".join(lines) + "\n" for title, lines in parts if lines
    )


def log_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines of the log without paths, quotes, and the messages of exceptions."""
    is_in_traceback = False
    for line in lines:
        if _RECORD.match(line):
            is_in_traceback = False
            yield _QUOTED.sub("“…”", without_paths(line))
        elif _FRAME.match(line):
            is_in_traceback = True
            yield _frame(line)
        elif is_in_traceback and line.startswith("    "):  # the code of the frame
            yield line
        elif is_in_traceback and (exception := _EXCEPTION.match(line)):
            is_in_traceback = False
            yield exception[0]
        # Further lines of a message may be words of anybody.


def without_paths(line: str) -> str:
    """Return a line without paths, and without what follows the host in web addresses.

    >>> without_paths("Couldn’t save /srv/me/my plan.txt: the disk is full")
    'Couldn’t save [path]: the disk is full'
    """
    if _FRAME.match(line):
        return _frame(line)
    return _PATH.sub("[path]", _WEB_ADDRESS.sub(r"\1", redacted(line)))


def _frame(line: str) -> str:
    """Return a line of a traceback; of its file, what is below the folder of the program."""
    return re.sub(r'"([^"]*)"', lambda quoted: f'"{_FOREIGN_PART.sub("", quoted[1], 1)}"', line)


def _changed_settings(values: dict[str, Any]) -> Iterator[str]:
    """Yield the shortcuts, and the settings that differ from their defaults; of texts only that."""
    declarations = {declaration.key: declaration for declaration in SETTINGS}
    for key, value in sorted(values.items()):
        declaration = declarations.get(key)
        if key.startswith(KEYS_PREFIX):
            yield f"{key} = {' '.join(str(value).split())}"
        elif declaration is not None and value != declaration.default:
            choices = [choice.value for choice in declaration.choices]
            is_plain = not isinstance(value, str) or value in choices
            yield f"{key} = {value}" if is_plain else f"{key}: changed"


def _provider_line(profile: ProviderProfile) -> str:
    """Return what a provider is, without its name, key, and path."""
    address = split_url(profile.base_url)
    facts = {
        profile.kind.value: True,
        f"{address.scheme}://{address.hostname}": bool(address.hostname),
        f"only {profile.api}": bool(profile.api),
        "of the environment": profile.from_environment,
        "proxy": bool(profile.proxy),
        "certificates": bool(profile.ca_file),
        f"{len(profile.custom_fields)} own fields": bool(profile.custom_fields),
        f"unusable {profile.unusable_variable}": bool(profile.unusable_variable),
    }
    return ", ".join(fact for fact, holds in facts.items() if holds)
