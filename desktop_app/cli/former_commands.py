"""Former commands: `repartee batch` and `repartee eval` are `repartee table` now."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Final

_ACTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "start": ("run", "--batch"),
    "status": ("status", ""),
    "report": ("export", ""),
    "cancel": ("stop", ""),
    "resume": ("run", "--batch"),
    "again": ("run", "--failed --batch"),
    "remove": ("remove", ""),
}
"""Each action of `batch` as one of `table`, and the options that it needs there."""


def new_command(arguments: Sequence[str]) -> str:
    """Return the command line that does what one of an earlier version did; "" for another."""
    match list(arguments):
        case ["eval", *words]:
            line = ["run", *words]
            for place, word in enumerate(words, 1):
                if word in ("-o", "--to") and place < len(words):  # a folder then
                    line[place + 1] += ".html"
        case ["batch", action, *words] if action in _ACTIONS:
            name, options = _ACTIONS[action]
            words = ["--ask" if word == "--task" else word for word in words]
            line = [name, *words, *options.split()]
            if action == "start" and not {"--ask", "--template", "-t"}.intersection(words):
                line += ["--template", "summarize"]
        case ["batch", *_]:
            line = ["--help"]
        case _:
            return ""
    return shlex.join(["repartee", "table", *line])
