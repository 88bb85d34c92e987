"""The log: warnings and errors of the program in a small file, without keys or prompts."""

from __future__ import annotations

import logging
import re
from pathlib import Path

LOG_NAME = "repartee.log"
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
    '401 for Bearer [key], [key]'
    """
    return _SECRETS.sub(lambda found: f"{found['name'] or ''}[key]", text)


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def start_log(folder: Path) -> None:
    """Write warnings and errors to the log in `folder`; a folder that cannot be written to is no
    reason not to start."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / LOG_NAME
        if path.is_file() and path.stat().st_size > MOST_BYTES:
            path.replace(path.with_suffix(".log.old"))
        handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    except OSError:
        return
    handler.setFormatter(_Redacting("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)


def last_lines(folder: Path, count: int = 20) -> list[str]:
    """The end of the log, redacted once more; [] where there is none."""
    try:
        text = (folder / LOG_NAME).read_text("utf-8", "replace")
    except OSError:
        return []
    return [redacted(line) for line in text.splitlines()[-count:]]
