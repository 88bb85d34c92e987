"""The log: warnings and errors of the program in a small file, without keys or prompts.

Beside it `crash.log`: where each thread was when the process was ended by a defect of a library.
These are names of files and functions alone, never a value.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import re
import sys
from contextlib import suppress
from pathlib import Path

LOG_NAME = "repartee.log"
CRASH_NAME = "crash.log"
MOST_BYTES = 500_000  # then a new one is begun at the next start
# Keys of known forms; what follows the words that announce one; passwords and keys in addresses.
_SECRETS = re.compile(
    r"""(?ix)
    \b(?:sk|pk|rk|gsk|key|xai|hf)[-_][\w-]{6,}
    | \bAIza[\w-]{20,}
    | (?<=bearer\ )\S+
    | (?<=authorization:\ )\S+(?:\ \S+)?
    | (?<=://)[^/\s@]+(?=@)
    | (?P<name>\b(?:[\w-]*api[-_]?key|access[-_]token|COMETAPI_KEY|password)
        ["']?\s*[:=]\s*["']?)[^\s"',;&)]+
    """
)


def redacted(text: str) -> str:
    """`text` with everything that looks like a key struck out.

    >>> redacted("401 for Bearer abc123, sk-proj-12345678")
    '401 for Bearer [key] [key]'
    """
    return _SECRETS.sub(lambda found: f"{found['name'] or ''}[key]", text)


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class _LogFile(logging.FileHandler):
    """A log that a full disk keeps short, and nothing else: neither the caller nor standard error
    hears of it."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):  # of the file's opening
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def start_log(folder: Path) -> None:
    """Write warnings and errors to the log in `folder`; a folder that cannot be written to is no
    reason not to start."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (folder / LOG_NAME, folder / CRASH_NAME):
            if path.is_file() and path.stat().st_size > MOST_BYTES:
                path.replace(path.with_suffix(".log.old"))
        handler = _LogFile(folder / LOG_NAME, encoding="utf-8", delay=True)
        if not faulthandler.is_enabled():  # as PYTHONFAULTHANDLER does, to standard error
            faulthandler.enable(_never_closed(folder / CRASH_NAME))
    except OSError:
        return
    handler.setFormatter(_Redacting("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)


def _never_closed(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def last_lines(folder: Path, count: int = 20, name: str = LOG_NAME) -> list[str]:
    """The end of the log, redacted once more; [] where there is none."""
    try:
        text = (folder / name).read_text("utf-8", "replace")
    except OSError:
        return []
    return [redacted(line) for line in text.splitlines()[-count:]]
