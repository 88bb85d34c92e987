"""The parts of the program, and the literal by which each contributes itself below the window.

The literal is `CORE` in the `core.py` of the feature's package, which imports nothing else of the
feature: functions and classes are named by their places, such as "chat.services.utility_model", and
imported at their first use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from desktop_app.domain.stored_table import Effect, StoredTable
from desktop_app.domain.value import Value

if TYPE_CHECKING:
    from desktop_app.settings.setting import Setting

PROGRAM: Final = (
    "chat",
    "library",
    "app",
    "composer",
    "documents",
    "tools",
    "providers",
    "budget",
    "settings",
)
"""The packages of the program itself, without which no answer is had in its window."""
FEATURE_NAMES: Final = (
    "local_model",
    "prompts",
    "spending",
    "exchange",
    "collections",
    "memory",
    "texts",
    "tables",
    "repeat",
    "backup",
    "sync",
    "voice",
    "quick",
    "desktop",
)
"""The others. Each is deleted with its folder and its line here.

The commands of the command line, and those of each category on the page of shortcuts, have the
order of both lists.
"""


class CommandPlaces(NamedTuple):
    """The places of the functions that declare a command's options, and that run it."""

    arguments: str
    run: str


class Core(Value, frozen=True):
    """What a feature contributes below the window.

    Attributes:
        needs: the features without which it is left out, as it is another door to them.
        window: the place of its `Feature` (`app/feature.py`); "" for none.
        commands: its commands of the command line, by their words; those of another, such as
            "models get", follow it.
        parts: the places of functions of the backend that return what is used without knowing the
            feature (`Backend.part`), by its name: "collections" (`Collections`), "notes"
            (`Memory`), "prompts" (`PromptStore`), "synchronizer" (`Synchronizer`), "transcribe"
            (`Transcribe`).
        tables: its tables in the library.
        settings: its settings, in the order of their rows.
        setting_effects: the keys of what it stores as settings, separated by spaces, by their
            effect and by whether they travel; a key that ends in a point is the beginning of some.
        tools: the places of functions of the backend that return built-in tools.
    """

    needs: tuple[str, ...] = ()
    window: str = ""
    commands: Mapping[str, CommandPlaces] = {}
    parts: Mapping[str, str] = {}
    tables: tuple[StoredTable, ...] = ()
    settings: tuple[Setting, ...] = ()
    setting_effects: Mapping[tuple[Effect, bool], str] = {}
    tools: tuple[str, ...] = ()


def cores() -> Iterator[Core]:
    """Yield the literals of the program and its features, importing each as it is reached."""
    for name in (*PROGRAM, *FEATURE_NAMES):
        core: Core = imported(f"{name}.core.CORE")
        if set(core.needs).issubset(FEATURE_NAMES):
            yield core


def subcommands(command: str) -> Iterator[tuple[str, CommandPlaces]]:
    """Yield the commands that features add below another one, with their own words."""
    for core in cores():
        for words, places in core.commands.items():
            if words.startswith(f"{command} "):
                yield words.removeprefix(f"{command} "), places


def imported(place: str) -> Any:
    """Import a class or function by its place, such as "library.ui.trash.Trash"."""
    module, _, name = place.rpartition(".")
    return getattr(import_module(f"desktop_app.{module}"), name)
