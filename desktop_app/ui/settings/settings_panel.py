"""The settings panel beside the conversation, which passes state to its pages.

Pages are created when they are first opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout

from desktop_app.commands.keymap import Keymap
from desktop_app.i18n.translation import tr
from desktop_app.settings.schema import KEYS_PREFIX
from desktop_app.ui.look.theme import Theme, set_role
from desktop_app.ui.settings.sections.key_state import KeyState
from desktop_app.ui.settings.settings_frame import SettingsFrame
from desktop_app.ui.settings.settings_requests import SettingsRequests
from desktop_app.ui.widgets.text.foreign_text import spoken_text

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent, QShowEvent
    from PySide6.QtWidgets import QWidget

    from desktop_app.domain.answering.chat_request import ProviderProfile
    from desktop_app.domain.places import LinkedText
    from desktop_app.domain.spending.spending_report import MonthUnderCap
    from desktop_app.hotkey.hotkey_status import HotkeyReport
    from desktop_app.ui.settings.tabs.about_tab import AboutTab
    from desktop_app.ui.settings.tabs.appearance_tab import AppearanceTab
    from desktop_app.ui.settings.tabs.data_tab import DataTab
    from desktop_app.ui.settings.tabs.provider_tab import ProviderTab
    from desktop_app.ui.settings.tabs.responses_tab import ResponsesTab
    from desktop_app.ui.settings.tabs.servers_tab import ServerRow, ServersTab
    from desktop_app.ui.settings.tabs.shortcuts_tab import ShortcutsTab
    from desktop_app.ui.widgets.forms.form_widgets import Tone


_Page = TypeVar("_Page", bound="QWidget")


class _LazyPage(Generic[_Page]):
    """A page that is created when it is first shown, and receives its state then."""

    def __init__(self) -> None:
        self.page: _Page | None = None
        self._state: dict[object, Callable[[_Page], None]] = {}

    def update(self, key: object, show: Callable[[_Page], None]) -> None:
        """Call `show` now or once the page is created, instead of an earlier `show` of this key."""
        self._state[key] = show
        if self.page is not None:
            show(self.page)

    def attach(self, page: _Page) -> _Page:
        """Show the state on the created page, and return the page."""
        self.page = page
        for show in self._state.values():
            show(page)
        return page


class SettingsPanel(QFrame):
    """The settings panel.

    Attributes:
        requests: what the user asks for on the pages.

    Signals:
        opened: the panel is shown.
        closed: the user wants to close the panel.
        servers_opened(): the page of tool servers is shown and needs `set_servers`.
        about_opened(): the About page is shown and needs `set_about`.
    """

    opened = Signal()
    closed = Signal()
    servers_opened = Signal()
    about_opened = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("settings")
        self.setAccessibleName(spoken_text(tr("Settings")))
        set_role(self, "side")
        self._theme = theme
        self.requests = SettingsRequests(self)
        self.requests.setting_changed.connect(self._on_setting_changed)
        self.requests.shortcut_changed.connect(self._on_shortcut_changed)
        self._frame: SettingsFrame | None = None
        self._provider: _LazyPage[ProviderTab] = _LazyPage()
        self._answer: _LazyPage[ResponsesTab] = _LazyPage()
        self._look: _LazyPage[AppearanceTab] = _LazyPage()
        self._keys: _LazyPage[ShortcutsTab] = _LazyPage()
        self._servers: _LazyPage[ServersTab] = _LazyPage()
        self._library: _LazyPage[DataTab] = _LazyPage()
        self._about: _LazyPage[AboutTab] = _LazyPage()
        self._values: dict[str, Any] = {}
        self.set_values({})
        self.set_servers(())
        self.set_has_open_conversation(False)
        self.set_about("", "", [])

    # ------------------------------------------------------------------ state

    def set_profiles(self, profiles: Sequence[ProviderProfile], current_id: str) -> None:
        """Set the providers to choose from, and the one to show."""
        self._provider.update("profiles", lambda page: page.set_profiles(profiles, current_id))

    def set_key_state(self, profile_id: str, state: KeyState) -> None:
        """Show where a profile's key is stored."""
        self._provider.update(
            ("key", profile_id), lambda page: page.set_key_state(profile_id, state)
        )

    def set_test_result(self, profile_id: str, ok: bool, text: str | LinkedText) -> None:
        """Show the result of a connection test."""
        self._provider.update(
            ("test", profile_id), lambda page: page.set_test_result(profile_id, ok, text)
        )

    def set_spending(self, profile_id: str, month: MonthUnderCap) -> None:
        """Show a provider's spending of the month."""
        self._provider.update(
            ("month", profile_id), lambda page: page.spending.set_month(profile_id, month)
        )

    def set_password_state(self, secret_id: str, state: KeyState) -> None:
        """Show where a proxy's password is stored, by its keyring name."""
        self._provider.update(
            ("password", secret_id), lambda page: page.network.set_password_state(secret_id, state)
        )

    def set_custom_field_states(self, profile_id: str, has_value: Mapping[str, bool]) -> None:
        """Show which secret headers and parameters of a provider have a value, by their keys."""
        self._provider.update(
            ("fields", profile_id),
            lambda page: page.network.set_custom_field_states(profile_id, has_value),
        )

    def set_ca_file_result(self, profile_id: str, ok: bool, text: str) -> None:
        """Show the content of a provider's certificate file, or why it was refused."""
        self._provider.update(
            ("certificates", profile_id),
            lambda page: page.network.set_ca_file_result(profile_id, ok, text),
        )

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Set the stored settings and changed shortcuts; missing ones have their defaults."""
        self._values = dict(values)
        for page in (self._provider, self._answer, self._look, self._library):
            page.update("values", lambda page: page.set_values(self._values))
        self._show_keymap()

    def _show_keymap(self) -> None:
        self._keys.update(
            "keymap", lambda page: page.set_keymap(Keymap.from_settings(self._values))
        )

    def set_overrides(self, conversation_id: str, overrides: Mapping[str, Any]) -> None:
        """Set the settings that the open conversation overrides."""
        self._answer.update(
            "overrides", lambda page: page.set_overrides(conversation_id, overrides)
        )

    def set_folder(self, folder_id: str, name: str, overrides: Mapping[str, Any]) -> None:
        """Set the folder that can be edited, and the settings that it overrides; "" for none."""
        self._answer.update("folder", lambda page: page.set_folder(folder_id, name, overrides))

    def show_folder(self) -> None:
        """Show the settings of the current folder."""
        self.show_page("answer")
        if self._answer.page:
            self._answer.page.show_scope("folder")

    def set_refusals(
        self, refusals: Mapping[str, str], notes: Mapping[str, str] | None = None
    ) -> None:
        """Set the settings that the chosen model does not support.

        Args:
            refusals: the reason for each unsupported key, as a sentence.
            notes: remarks on other keys.
        """
        self._answer.update("refusals", lambda page: page.set_refusals(refusals, notes or {}))

    def set_unavailable(self, reasons: Mapping[str, str]) -> None:
        """Set why settings of the Appearance tab do nothing on this computer, by key."""
        self._look.update("reasons", lambda page: page.set_refusals(reasons))

    def set_backup_state(self, text: str, tone: Tone) -> None:
        """Show the result of the last backup."""
        self._library.update("backup", lambda page: page.set_backup_state(text, tone))

    def set_has_open_conversation(self, has_open: bool) -> None:
        """Set whether an open conversation can be exported."""
        self._library.update("open", lambda page: page.set_has_open_conversation(has_open))

    def set_servers(self, rows: Sequence[ServerRow]) -> None:
        """Show the tool servers."""
        self._servers.update("servers", lambda page: page.set_servers(rows))

    def set_about(self, text: str, licenses: str, ends: list[int]) -> None:
        """Set the texts of the About page.

        Args:
            text: facts about the program and this computer.
            licenses: the texts of the licenses.
            ends: the ends of their pages (see `paged_text.page_ends`).
        """
        self._about.update("about", lambda page: page.set_about(text, licenses, ends))

    def focus_key_field(self) -> None:
        """Show the Provider page and focus its key field."""
        self.show_page("provider")
        if self._provider.page:
            self._call_when_visible(self._provider.page.focus_key_field)

    def focus_cap_field(self) -> None:
        """Show the Provider page and focus its spending cap."""
        self.show_page("provider")
        self._call_when_visible(self._focus_cap)

    def _focus_cap(self) -> None:
        if page := self._provider.page:
            page.spending.focus_field()
            self._ensure_frame().ensure_visible("provider", page.spending)

    def _call_when_visible(self, focus: Callable[[], None]) -> None:
        """Call `focus` once the page is visible.

        Qt shows a new child of a visible widget only with the next events, and hidden widgets
        cannot take the focus of an activated window.
        """
        if self._provider.page and self._provider.page.isVisible():
            focus()
        else:
            QTimer.singleShot(0, self, focus)

    def show_page(self, page: str) -> None:
        """Show "provider", "answer", "look", "keys", "servers", "library" or "about"."""
        self._ensure_frame().show_page(page)

    @property
    def page(self) -> str:
        """Return the name of the shown page."""
        return self._ensure_frame().page

    def show_setting(self, page: str, key: str) -> None:
        """Show a page at one of its settings, and focus it."""
        self.show_page(page)
        from PySide6.QtWidgets import QWidget  # here and below: only for pages

        from desktop_app.ui.settings.collapsible_section import CollapsibleSection

        field = self._ensure_frame().findChild(QWidget, key)
        if field is None:
            return
        for section in self._ensure_frame().findChildren(CollapsibleSection):
            if section.isAncestorOf(field):
                section.expand()

        def show() -> None:
            self._ensure_frame().ensure_visible(page, field)  # a new page has no layout before
            _focus_in(field)

        self._call_when_visible(show)

    def show_section(self, page: str, section: str) -> None:
        """Show a page with a section expanded, by the name of the section's title."""
        self.show_page(page)
        from desktop_app.ui.settings.collapsible_section import CollapsibleSection  # for pages

        for found in self._ensure_frame().findChildren(CollapsibleSection):
            if found.head.objectName() == section:
                found.expand()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        if self._frame is not None:
            self._frame.set_theme(theme)

    # ------------------------------------------------------------------ events

    def showEvent(self, event: QShowEvent) -> None:
        """Create the frame and its first page when the panel is first shown."""
        if self._frame is None:
            self.show_page("provider")
        super().showEvent(event)
        self.opened.emit()

    def show_hotkey(self, report: HotkeyReport) -> None:
        """Show whether the global shortcut works."""
        self._keys.update("hotkey", lambda page: page.set_hotkey(report))

    def focus_tabs(self, reason: Qt.FocusReason) -> None:
        """Focus the tab of the shown page: the panel itself would be announced, too."""
        self._ensure_frame().focus_tabs(reason)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Pass the focus to the tabs. A focus proxy would hide the close button from Tab."""
        self.focus_tabs(event.reason())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    # ------------------------------------------------------------------ construction

    # Frame and pages are created, and their modules imported, when they are first shown.

    def _ensure_frame(self) -> SettingsFrame:
        if self._frame is None:
            makers = {
                "provider": self._make_provider,
                "answer": self._make_answer,
                "look": self._make_look,
                "keys": self._make_keys,
                "servers": self._make_servers,
                "library": self._make_library,
                "about": self._make_about,
            }
            self._frame = SettingsFrame(self._theme, makers, self)
            self._frame.close_requested.connect(self.closed)
            self._frame.help_requested.connect(self.requests.help_requested)
            self._frame.page_shown.connect(self._on_page_shown)
            layout = QVBoxLayout(self)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.addWidget(self._frame)
        return self._frame

    def _on_page_shown(self, page: str) -> None:
        if page == "about":
            self.about_opened.emit()
        elif page == "servers":
            self.servers_opened.emit()

    def _make_provider(self) -> QWidget:
        from desktop_app.ui.settings.tabs.provider_tab import ProviderTab

        return self._provider.attach(ProviderTab(self._theme, self.requests))

    def _make_answer(self) -> QWidget:
        from desktop_app.ui.settings.tabs.responses_tab import ResponsesTab

        return self._answer.attach(ResponsesTab(self._theme, self.requests))

    def _make_look(self) -> QWidget:
        from desktop_app.ui.settings.tabs.appearance_tab import AppearanceTab

        return self._look.attach(AppearanceTab(self._theme, self.requests))

    def _make_keys(self) -> QWidget:
        from desktop_app.ui.settings.tabs.shortcuts_tab import ShortcutsTab

        return self._keys.attach(ShortcutsTab(self._theme, self.requests))

    def _make_servers(self) -> QWidget:
        from desktop_app.ui.settings.tabs.servers_tab import ServersTab

        return self._servers.attach(ServersTab(self._theme, self.requests))

    def _make_library(self) -> QWidget:
        from desktop_app.ui.settings.tabs.data_tab import DataTab

        return self._library.attach(DataTab(self._theme, self.requests))

    def _make_about(self) -> QWidget:
        from desktop_app.ui.settings.tabs.about_tab import AboutTab

        return self._about.attach(AboutTab(self._theme, self.requests))

    def _on_setting_changed(self, key: str, value: object) -> None:
        self._values[key] = value
        if key.startswith(KEYS_PREFIX):
            self._show_keymap()

    def _on_shortcut_changed(self, command_id: str, keys: str) -> None:
        self._values[f"{KEYS_PREFIX}{command_id}"] = keys
        self._look.update("values", lambda page: page.set_values(self._values))
        self._show_keymap()


def _focus_in(field: QWidget) -> None:
    """Focus a field, or its first part that accepts the focus."""
    from PySide6.QtWidgets import QWidget

    parts = (field, *field.findChildren(QWidget))
    target = next((part for part in parts if part.focusPolicy() & Qt.FocusPolicy.TabFocus), None)
    if target is not None:
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)
