"""What a feature contributes to the window: one literal, which names it all.

The literal is in `ui/feature.py` of the feature's package, and imports nothing that the start does
not need: what a command runs is named by its place, and imported when it runs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from desktop_app.domain.value import Value
from desktop_app.features import imported
from desktop_app.settings.setting import SettingsPlace
from desktop_app.shortcuts.command import Command

if TYPE_CHECKING:
    from desktop_app.app.activity import ActivityRow
    from desktop_app.app.session import Session
    from desktop_app.shortcuts.command_search import PaletteEntry


class Action(Command, frozen=True, kw_only=True):
    """A command of the window, and what it runs.

    Attributes:
        run: what it runs.
        uses_conversation: True if it acts on the open conversation, so that it closes a page, which
            covers that.
        is_on: for a switch, whether it is on, None if it is not offered; the search of everything
            then says what choosing `menu_label` would set.
    """

    run: Callable[[Session], object]
    uses_conversation: bool = False
    is_on: Callable[[Session], bool | None] | None = None


class Feature(Value, frozen=True):
    """A feature of the window.

    Attributes:
        actions: its commands that the window runs, in the order of the page of shortcuts.
        commands: those that run elsewhere: in the prompt, in the quick prompt, by the desktop.
        compose: makes what must exist from the start, and connects what makes the rest.
        later: what the first question does not need, and the milliseconds after the start.
        load: loads what the window shows, before the first conversation opens.
        pages: its pages of the settings, by name: the place of each page's class.
        sections: what it shows on pages of other features, by their names: the place of its maker.
        places: what the search of the settings finds on those pages beside their settings.
        remedies: what it offers for a damaged library: the place of a coroutine function that takes
            a parent of dialogs and the user's folders and returns a `ClosedWork` or None, by its
            row in the dialog (id, label, note).
        activity: returns its rows on the page Activity.
        find_entries, load_entries: return its rows in the search of everything, whenever that
            opens; the loaded ones follow.
    """

    actions: tuple[Action, ...] = ()
    commands: tuple[Command, ...] = ()
    compose: Callable[[Session], object] | None = None
    later: tuple[int, Callable[[Session], object]] | None = None
    load: Callable[[Session], Awaitable[object]] | None = None
    pages: Mapping[str, str] = {}
    sections: Mapping[str, str] = {}
    places: tuple[SettingsPlace, ...] = ()
    remedies: Mapping[tuple[str, str, str], str] = {}
    activity: Callable[[Session], Awaitable[Iterable[ActivityRow]]] | None = None
    find_entries: Callable[[Session], Iterable[PaletteEntry]] | None = None
    load_entries: Callable[[Session], Awaitable[Iterable[PaletteEntry]]] | None = None


def call(place: str, *arguments: object) -> Callable[[Session], object]:
    """Return what calls a method of a session's controller, such as "….ui.trash.Trash.archive"."""
    return partial(_call, place, arguments)


def _call(place: str, arguments: tuple[object, ...], session: Session) -> object:
    controller, _, method = place.rpartition(".")
    return getattr(session.of(imported(controller)), method)(*arguments)
