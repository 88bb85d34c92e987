"""The pages of the settings, and the values that several of them show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop_app.settings.schema import KEYS_PREFIX
from desktop_app.shortcuts.keymap import Keymap

if TYPE_CHECKING:  # the start needs none of them: importing them takes 50 ms
    from desktop_app.backup.ui.data_tab import DataTab
    from desktop_app.providers.ui.provider_tab import ProviderTab
    from desktop_app.settings.ui.about_tab import AboutTab
    from desktop_app.settings.ui.responses_tab import ResponsesTab
    from desktop_app.settings.ui.shortcuts_tab import ShortcutsTab
    from desktop_app.tools.ui.servers_tab import ServersTab
    from desktop_app.widgets.forms.schema_form import AppearanceTab

_Page = TypeVar("_Page", bound="QWidget")

_CLASSES: Final = {
    "provider": ("providers.ui.provider_tab", "ProviderTab"),
    "answer": ("settings.ui.responses_tab", "ResponsesTab"),
    "servers": ("tools.ui.servers_tab", "ServersTab"),
    "look": ("widgets.forms.schema_form", "AppearanceTab"),
    "keys": ("settings.ui.shortcuts_tab", "ShortcutsTab"),
    "library": ("backup.ui.data_tab", "DataTab"),
    "about": ("settings.ui.about_tab", "AboutTab"),
}
"""The module and the class of each page."""


class LazyPage(Generic[_Page]):
    """A page that is created when it is first shown, with the content it was given until then.

    Args:
        module, class_name: the class of the page.
        owner: the parent of a page that nobody has shown yet.
    """

    def __init__(self, module: str, class_name: str, owner: QWidget) -> None:
        self._module = module
        self._class_name = class_name
        self._owner = owner
        self._page: _Page | None = None
        self._connections: list[Callable[[_Page], object]] = []
        self._content: dict[object, Callable[[_Page], object]] = {}

    @property
    def page(self) -> _Page:
        """Return the page; create it if it does not exist yet."""
        if self._page is None:
            page: _Page = getattr(import_module(f"desktop_app.{self._module}"), self._class_name)()
            self._page = page
            page.setParent(self._owner)
            page.hide()  # it would cover the owner, which shows it in a layout
            for connect in tuple(self._connections):
                connect(page)
            for show in tuple(self._content.values()):
                show(page)
        return self._page

    def on_created(self, connect: Callable[[_Page], object]) -> None:
        """Call `connect`, which connects signals of the page, now or once the page exists."""
        self._connections.append(connect)
        if self._page is not None:
            connect(self._page)

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
        provider, responses, appearance, shortcuts, servers, data, about: the pages.
        by_name: the pages by the names that `SettingsPanel` uses.

    Signals:
        setting_changed(str, object): key and value, valid by the schema.
        shortcut_changed(str, str): command id and keys; "" for none.
    """

    setting_changed = Signal(str, object)
    shortcut_changed = Signal(str, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._values: dict[str, Any] = {}
        self.by_name: Final[Mapping[str, LazyPage[Any]]] = {
            name: LazyPage(module, class_name, parent)
            for name, (module, class_name) in _CLASSES.items()
        }
        self.provider: LazyPage[ProviderTab] = self.by_name["provider"]
        self.responses: LazyPage[ResponsesTab] = self.by_name["answer"]
        self.servers: LazyPage[ServersTab] = self.by_name["servers"]
        self.appearance: LazyPage[AppearanceTab] = self.by_name["look"]
        self.shortcuts: LazyPage[ShortcutsTab] = self.by_name["keys"]
        self.data: LazyPage[DataTab] = self.by_name["library"]
        self.about: LazyPage[AboutTab] = self.by_name["about"]
        self._pages_with_values = (self.provider, self.responses, self.appearance, self.data)
        for lazy in self._pages_with_values:
            lazy.on_created(lambda page: page.changed.connect(self._on_setting_changed))
        self.shortcuts.on_created(lambda page: page.changed.connect(self._on_shortcut_changed))
        self.set_values({})

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Set the stored settings and changed shortcuts; missing ones have their defaults."""
        self._values = dict(values)
        for lazy in self._pages_with_values:
            lazy.set_content("values", lambda page: page.set_values(self._values))
        keymap = Keymap.from_settings(self._values)
        self.shortcuts.set_content("keymap", lambda page: page.set_keymap(keymap))

    def _on_setting_changed(self, key: str, value: object) -> None:
        self.set_values({**self._values, key: value})
        self.setting_changed.emit(key, value)

    def _on_shortcut_changed(self, command_id: str, keys: str) -> None:
        self.set_values({**self._values, f"{KEYS_PREFIX}{command_id}": keys})
        self.shortcut_changed.emit(command_id, keys)
