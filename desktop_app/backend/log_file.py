"""The log: what the program does and what fails, in a small file, without keys or prompts.

`crash.log` beside it has the stack of each thread when a crash in a library ended the process:
only names of files and functions, never values.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.system import OPEN_FLAGS

LOG_NAME = "repartee.log"
CRASH_NAME = "crash.log"
MAX_LOG_BYTES = 500_000  # the next start begins a new file
# Keys of known formats; values after words such as "Bearer"; passwords and keys in addresses.
_SECRET_PATTERN = lazy_pattern(
    r"""(?ix)
    \b(?:sk|pk|rk|gsk|key|xai|hf)[-_][\w-]{6,}
    | \bAIza[\w-]{20,}
    | (?<=bearer\ )\S+
    | (?<=authorization:\ )\S+(?:\ \S+)?
    | (?<=://)[^/\s@]+(?=@)
    | (?P<name>(?:(?<![\w-])[\w-]*api[-_]?key|\b(?:access[-_]token|COMETAPI_KEY|password))
        ["']?\s*[:=]\s*["']?)[^\s"',;&)]+
    """
)


def redacted(text: str) -> str:
    """Return `text` with everything that looks like a key replaced by "[key]".

    >>> redacted("401 for Bearer abc123, sk-proj-12345678")
    '401 for Bearer [key] [key]'
    """
    return _SECRET_PATTERN.sub(lambda match: f"{match['name'] or ''}[key]", text)


class _RedactingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class _LogFile(logging.FileHandler):
    """A log handler that drops records that it cannot write, without raising or printing."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):  # raised when the file is opened
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def start_log(folder: Path) -> None:
    """Log to `folder`; continue without a log if it is not writable.

    Of libraries, only warnings and errors are logged: httpx logs addresses.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (folder / LOG_NAME, folder / CRASH_NAME):
            if path.is_file() and path.stat().st_size > MAX_LOG_BYTES:
                with suppress(PermissionError):  # on Windows, another process has it open
                    path.replace(path.with_suffix(".log.old"))
        handler = _LogFile(folder / LOG_NAME, encoding="utf-8", delay=True)
        if not faulthandler.is_enabled():  # PYTHONFAULTHANDLER enables it for standard error
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | OPEN_FLAGS
            faulthandler.enable(os.open(folder / CRASH_NAME, flags, 0o600))
    except OSError:
        return
    handler.setFormatter(_RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    for old_handler in tuple(root.handlers):
        if isinstance(old_handler, _LogFile):  # of an earlier session
            root.removeHandler(old_handler)
            old_handler.close()
    root.addHandler(handler)
    logging.getLogger("desktop_app").setLevel(logging.INFO)


def last_lines(folder: Path, count: int = 20, name: str = LOG_NAME) -> list[str]:
    """Return the end of the log, redacted again; [] if there is none."""
    try:
        text = (folder / name).read_text("utf-8", "replace")
    except OSError:
        return []
    return [redacted(line) for line in text.splitlines()[-count:]]
