"""The pages of the settings, and the values that several of them show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop_app.settings.schema import KEYS_PREFIX
from desktop_app.shortcuts.keymap import Keymap

_Page = TypeVar("_Page", bound="QWidget")


class LazyPage(Generic[_Page]):
    """A page that is created when it is first shown, with the content it was given until then."""

    def __init__(self, create: Callable[[], _Page]) -> None:
        self._create = create
        self._page: _Page | None = None
        self._content: dict[object, Callable[[_Page], object]] = {}

    @property
    def page(self) -> _Page:
        """Return the page; create it if it does not exist yet."""
        if self._page is None:
            self._page = self._create()
            for show in tuple(self._content.values()):
                show(self._page)
        return self._page

    def set_content(self, key: object, show: Callable[[_Page], object]) -> None:
        """Call `show`, which sets content of the page, now or once the page exists.

        Args:
            key: names the content; a later `show` with the same key replaces an earlier one.
        """
        self._content[key] = show
        if self._page is not None:
            show(self._page)


class SettingsPages(QObject):
    """The pages, each created when it is first shown; its module is imported only then.

    Attributes:
        by_name: the pages by the names that `SettingsPanel` uses.

    Signals:
        changed(str key, object value): the user changed a setting to a valid value.
        shortcut_changed(str command id, str keys): the user changed a shortcut; "" for none.
    """

    changed = Signal(str, object)
    shortcut_changed = Signal(str, str)

    def __init__(self, owner: QWidget, names: Iterable[str]) -> None:
        super().__init__(owner)
        self._owner = owner
        self._values: dict[str, Any] = {}
        self._make: Callable[[str], QWidget]
        self.by_name: Final[Mapping[str, LazyPage[Any]]] = {
            name: LazyPage(partial(self._create, name)) for name in names
        }
        self.set_values({})

    def make_with(self, make: Callable[[str], QWidget]) -> None:
        """Set what makes a page of a name; no page is shown before."""
        self._make = make

    def _create(self, name: str) -> QWidget:
        page = self._make(name)
        page.setParent(self._owner)
        page.hide()  # it would cover the owner, which shows it in a layout
        if (changed := getattr(page, "changed", None)) is not None:
            changed.connect(self.change)
        return page

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Set the stored settings and changed shortcuts; missing ones have their defaults."""
        self._values = dict(values)
        for name in ("provider", "models", "answer", "voice", "look", "library", "advanced"):
            self.by_name[name].set_content("values", lambda page: page.set_values(self._values))
        keymap = Keymap.from_settings(self._values)
        self.by_name["keys"].set_content("keymap", lambda page: page.set_keymap(keymap))

    def change(self, key: str, value: object) -> None:
        """Show and report a setting that the user changed; its value is valid by the schema."""
        self.set_values({**self._values, key: value})
        self.changed.emit(key, value)

    def change_shortcut(self, command_id: str, keys: str) -> None:
        """Show and report the keys of a command; "" for none."""
        self.set_values({**self._values, f"{KEYS_PREFIX}{command_id}": keys})
        self.shortcut_changed.emit(command_id, keys)
