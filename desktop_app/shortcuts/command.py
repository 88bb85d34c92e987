"""The commands of the program as data: a stable id, a title, a default shortcut.

Each feature names its own (`ui/feature.py`), and `app/features.py` registers them. Buttons, menus
and shortcuts refer to commands by id. The user's own shortcuts are stored by id too, so that they
survive a change of the title. The keymap decides which keys apply.

No default types a character on any layout: none uses Alt with a letter (Alt+O is ó on some), and
none uses Ctrl+Alt, which is AltGr on many keyboards. Ctrl+G ("go") begins the chords.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum, StrEnum, auto
from typing import Final

from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_


class Category(StrEnum):
    """The group of a command; the value is the heading above it, marked for translation."""

    CONVERSATION = N_("Conversation")
    PROMPT = N_("Message")
    ANSWER = N_("Response")
    TEXT = N_("Text")
    VIEW = N_("View")
    PROGRAM = N_("General")


class CommandScope(StrEnum):
    """The windows in which a shortcut works.

    WINDOW: anywhere in the main window. PROMPT: while its prompt has the focus. QUICK: in the quick
    prompt. EVERYWHERE: in both windows. GLOBAL: in every program (see desktop_session/hotkey/).
    """

    WINDOW = "window"
    PROMPT = "prompt"
    QUICK = "quick"
    EVERYWHERE = "everywhere"
    GLOBAL = "global"

    def overlaps(self, other: CommandScope) -> bool:
        """Return True if one key press could run a command of each scope."""
        if CommandScope.EVERYWHERE in (self, other) or CommandScope.GLOBAL in (self, other):
            return True
        return (self is CommandScope.QUICK) == (other is CommandScope.QUICK)


class Menu(Enum):
    """The menus of the main window that list what features contribute.

    PROGRAM: that of the last line of the sidebar. ACTIVITY: the buttons above the rows of the page
    Activity. ATTACH: that of the prompt's plus, with the web behind the first three. BESIDE: below
    a line in it. MORE: its submenu.
    """

    PROGRAM = auto()
    ACTIVITY = auto()
    ATTACH = auto()
    BESIDE = auto()
    MORE = auto()


class Tab(Value, frozen=True):
    """A tab of a page that several features share; choosing it runs the command that has it.

    Attributes:
        group: the key of the shared page (`app/window/page_tabs.GROUPS`).
        position: its place among the tabs.
        label: returns its text.
    """

    group: str
    position: int
    label: Callable[[], str]


class Command(Value, frozen=True):
    """An action of the program.

    Attributes:
        id: stable across versions, `area.action`.
        title: marked for translation.
        shortcut: the default, in Qt's portable text ("Ctrl+Shift+F", or a chord,
            "Ctrl+G, Ctrl+S"); "" for none.
        menu_label: the text in menus if the title says more than a menu needs; "" for the title.
        words: other words by which the search finds it, marked for translation.
        is_in_palette: False if its keys are enough, so that the search does not list it.
        menu: the menu that lists it, and its position there; None for none.
        page: the object name of the page that it shows; "" for none.
        tab: the tab by which that page is reached; None for none.
    """

    id: str
    title: str
    category: Category
    shortcut: str = ""
    scope: CommandScope = CommandScope.WINDOW
    menu_label: str = ""
    words: str = ""
    is_in_palette: bool = True
    menu: tuple[Menu, int] | None = None
    page: str = ""
    tab: Tab | None = None


_commands: Final[list[Command]] = []


def register(commands: Iterable[Command]) -> None:
    """Add the commands of a feature."""
    _commands.extend(commands)


def all_commands() -> Sequence[Command]:
    return _commands


def commands_in(menu: Menu) -> list[str]:
    """Return the ids of a menu's commands, in their order there."""
    positions = {c.id: c.menu[1] for c in _commands if c.menu is not None and c.menu[0] is menu}
    return sorted(positions, key=positions.__getitem__)
