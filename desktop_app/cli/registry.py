"""The commands of `repartee`, which features name in their `core.py`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from desktop_app.features import CommandPlaces, cores

if TYPE_CHECKING:
    from collections.abc import Mapping

_DOCTOR = CommandPlaces("cli.arguments.doctor_arguments", "cli.doctor.run_doctor")


def find(word: str) -> CommandPlaces | None:
    """Return the places of a command, importing no more features than it takes."""
    if word == "doctor":
        return _DOCTOR
    return next((core.commands[word] for core in cores() if word in core.commands), None)


@cache
def commands() -> Mapping[str, CommandPlaces]:
    """Return the places of all commands, by their words, in the order of the help."""
    found = {
        word: places
        for core in cores()
        for word, places in core.commands.items()
        if " " not in word
    }
    return {**found, "doctor": _DOCTOR}
