"""The pages of the settings, and the values that several of them show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from PySide6.QtWidgets import QWidget

from desktop_app.settings.schema import KEYS_PREFIX
from desktop_app.shortcuts.keymap import Keymap

if TYPE_CHECKING:  # the start needs none of them: importing them takes 50 ms
    from desktop_app.app.session import Session
    from desktop_app.backup.ui.data_tab import DataTab
    from desktop_app.providers.ui.provider_tab import ProviderTab
    from desktop_app.settings.ui.about_tab import AboutTab
    from desktop_app.settings.ui.responses_tab import AppearanceTab, ResponsesTab
    from desktop_app.settings.ui.shortcuts_tab import ShortcutsTab
    from desktop_app.tools.ui.servers_tab import ServersTab

_Page = TypeVar("_Page", bound="QWidget")

_CLASSES: Final = {
    "provider": ("providers.ui.provider_tab", "ProviderTab"),
    "answer": ("settings.ui.responses_tab", "ResponsesTab"),
    "servers": ("tools.ui.servers_tab", "ServersTab"),
    "look": ("settings.ui.responses_tab", "AppearanceTab"),
    "keys": ("settings.ui.shortcuts_tab", "ShortcutsTab"),
    "library": ("backup.ui.data_tab", "DataTab"),
    "about": ("settings.ui.about_tab", "AboutTab"),
}
"""The module and the class of each page."""


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


class SettingsPages:
    """The pages, each created when it is first shown; its module is imported only then.

    Attributes:
        session: set once the window has its session; no page is created before.
        provider, responses, appearance, shortcuts, servers, data, about: the pages.
        by_name: the pages by the names that `SettingsPanel` uses.
    """

    session: Session

    def __init__(self, owner: QWidget) -> None:
        self._owner = owner
        self._values: dict[str, Any] = {}
        self.by_name: Final[Mapping[str, LazyPage[Any]]] = {
            name: LazyPage(partial(self._create, name)) for name in _CLASSES
        }
        self.provider: LazyPage[ProviderTab] = self.by_name["provider"]
        self.responses: LazyPage[ResponsesTab] = self.by_name["answer"]
        self.servers: LazyPage[ServersTab] = self.by_name["servers"]
        self.appearance: LazyPage[AppearanceTab] = self.by_name["look"]
        self.shortcuts: LazyPage[ShortcutsTab] = self.by_name["keys"]
        self.data: LazyPage[DataTab] = self.by_name["library"]
        self.about: LazyPage[AboutTab] = self.by_name["about"]
        self.set_values({})

    def _create(self, name: str) -> QWidget:
        module, class_name = _CLASSES[name]
        page: QWidget = getattr(import_module(f"desktop_app.{module}"), class_name)(self.session)
        page.setParent(self._owner)
        page.hide()  # it would cover the owner, which shows it in a layout
        if (changed := getattr(page, "changed", None)) is not None:
            changed.connect(self.change)
        return page

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Set the stored settings and changed shortcuts; missing ones have their defaults."""
        self._values = dict(values)
        for lazy in (self.provider, self.responses, self.appearance, self.data):
            lazy.set_content("values", lambda page: page.set_values(self._values))
        keymap = Keymap.from_settings(self._values)
        self.shortcuts.set_content("keymap", lambda page: page.set_keymap(keymap))

    def change(self, key: str, value: object) -> None:
        """Show and store a setting that the user changed; its value is valid by the schema."""
        self.set_values({**self._values, key: value})
        self.session.tasks.start(self.session.settings.set(key, value))

    def change_shortcut(self, command_id: str, keys: str) -> None:
        """Show and store the keys of a command; "" for none."""
        self.set_values({**self._values, f"{KEYS_PREFIX}{command_id}": keys})
        self.session.tasks.start(self.session.settings.set_shortcut(command_id, keys))
