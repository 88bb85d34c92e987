"""The settings panel beside the conversation. It gives its pages their state.

Pages are created when they are first opened. Their signals become signals of the panel.
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

    Signals:
        opened: the panel is shown.
        close_requested: the user wants to close the panel.
        profile_selected(str): the user selected this provider.
        profile_save_requested(ProviderProfile): store this changed profile.
        profile_add_requested(ProviderProfile): store this new profile and show it.
        profile_removal_requested(str): remove this profile and its key.
        key_entered(str, str): profile id and key; emitted once.
        key_removal_requested(str): profile id.
        test_requested(str): profile id.
        setting_changed(str, object): key and value, valid by the schema.
        edit_requested(EditRequest): change a value in a window of its own.
        override_changed(str, str, object): conversation id, key and the conversation's own value.
        languages_requested(EditRequest): choose the languages whose spelling is checked.
        override_removed(str, str): conversation id and key, whose default applies again.
        folder_override_changed(str, str, object): folder id, key and the folder's own value.
        folder_override_removed(str, str): folder id and key.
        shortcut_changed(str, str): command id and keys; "" for none.
        binding_requested(str): bind these keys in the desktop's settings.
        shortcuts_import_requested(), shortcuts_export_requested(): as a file.
        model_file_chosen(object): a Path, or None for the built-in model.
        spending_requested(): the user wants to see the spending report.
        models_requested(): the user wants to see the table of models.
        password_entered(str, str): the keyring name of a proxy's password, and the password.
        password_removal_requested(str): the keyring name of a proxy's password.
        ca_file_chosen(str, object): profile id, and a Path or None for only the system's
            certificates.
        custom_field_entered(str, object, str): profile id, a CustomField and its value.
        import_requested(), backup_requested(): import conversations, or make a backup.
        restore_requested(), erase_requested(): restore a backup, or delete everything.
        export_requested(str, str): "open" or "all", and the format's id.
        servers_opened(): the page of tool servers is shown and needs `set_servers`.
        server_add_requested(), servers_import_requested(): add tool servers.
        server_edit_requested(str), server_removal_requested(str): change the server of this name.
        server_test_requested(str), server_log_requested(str): test the server, or show its log.
        server_sign_in_requested(str), server_sign_out_requested(str): sign in to it, or out of it.
        about_opened(): the About page is shown and needs `set_about`.
        help_requested(str): open the help for this part of the settings.
    """

    opened = Signal()
    close_requested = Signal()
    profile_selected = Signal(str)
    profile_save_requested = Signal(object)
    profile_add_requested = Signal(object)
    profile_removal_requested = Signal(str)
    key_entered = Signal(str, str)
    key_removal_requested = Signal(str)
    test_requested = Signal(str)
    setting_changed = Signal(str, object)
    override_changed = Signal(str, str, object)
    edit_requested = Signal(object)
    languages_requested = Signal(object)
    override_removed = Signal(str, str)
    folder_override_changed = Signal(str, str, object)
    folder_override_removed = Signal(str, str)
    shortcut_changed = Signal(str, str)
    binding_requested = Signal(str)
    shortcuts_import_requested = Signal()
    shortcuts_export_requested = Signal()
    model_file_chosen = Signal(object)
    spending_requested = Signal()
    models_requested = Signal()
    password_entered = Signal(str, str)
    password_removal_requested = Signal(str)
    ca_file_chosen = Signal(str, object)
    custom_field_entered = Signal(str, object, str)
    import_requested = Signal()
    export_requested = Signal(str, str)
    backup_requested = Signal()
    restore_requested = Signal()
    erase_requested = Signal()
    servers_opened = Signal()
    server_add_requested = Signal()
    servers_import_requested = Signal()
    server_edit_requested = Signal(str)
    server_removal_requested = Signal(str)
    server_test_requested = Signal(str)
    server_log_requested = Signal(str)
    server_sign_in_requested = Signal(str)
    server_sign_out_requested = Signal(str)
    about_opened = Signal()
    help_requested = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("settings")
        self.setAccessibleName(spoken_text(tr("Settings")))
        set_role(self, "side")
        self._theme = theme
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

    def set_test_result(self, profile_id: str, has_passed: bool, text: str | LinkedText) -> None:
        """Show the result of a connection test."""
        self._provider.update(
            ("test", profile_id), lambda page: page.set_test_result(profile_id, has_passed, text)
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

    def set_ca_file_result(self, profile_id: str, is_valid: bool, text: str) -> None:
        """Show the content of a provider's certificate file, or why it was refused."""
        self._provider.update(
            ("certificates", profile_id),
            lambda page: page.network.set_ca_file_result(profile_id, is_valid, text),
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

    def show_hotkey(self, report: HotkeyReport) -> None:
        """Show whether the global shortcut works."""
        self._keys.update("hotkey", lambda page: page.set_hotkey(report))

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
        """Show a page, scroll to one of its settings, and focus the setting."""
        self.show_page(page)
        # Imported here and below for a fast start.
        from PySide6.QtWidgets import QWidget

        from desktop_app.ui.settings.collapsible_section import CollapsibleSection

        field = self._ensure_frame().findChild(QWidget, key)
        if field is None:
            return
        for section in self._ensure_frame().findChildren(CollapsibleSection):
            if section.isAncestorOf(field):
                section.expand()
        if page == "answer" and self._answer.page:
            self._answer.page.show_row(key)

        def show() -> None:
            self._ensure_frame().ensure_visible(page, field)  # a new page has no layout before
            _focus_in(field)

        self._call_when_visible(show)

    def show_section(self, page: str, section: str) -> None:
        """Show a page and expand a section, by the object name of the section's button."""
        self.show_page(page)
        from desktop_app.ui.settings.collapsible_section import CollapsibleSection

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

    def focus_tabs(self, reason: Qt.FocusReason) -> None:
        """Focus the tab of the shown page: the panel itself would be announced, too."""
        self._ensure_frame().focus_tabs(reason)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Pass the focus to the tabs. A focus proxy would hide the close button from Tab."""
        self.focus_tabs(event.reason())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_requested.emit()
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
            self._frame.close_requested.connect(self.close_requested)
            self._frame.help_requested.connect(self.help_requested)
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

        page = ProviderTab(self._theme)
        page.profile_selected.connect(self.profile_selected)
        page.profile_save_requested.connect(self.profile_save_requested)
        page.profile_add_requested.connect(self.profile_add_requested)
        page.profile_removal_requested.connect(self.profile_removal_requested)
        page.key_entered.connect(self.key_entered)
        page.key_removal_requested.connect(self.key_removal_requested)
        page.test_requested.connect(self.test_requested)
        page.model_file_chosen.connect(self.model_file_chosen)
        page.network.password_entered.connect(self.password_entered)
        page.network.password_removal_requested.connect(self.password_removal_requested)
        page.network.ca_file_chosen.connect(self.ca_file_chosen)
        page.network.custom_field_entered.connect(self.custom_field_entered)
        page.changed.connect(self._on_setting_changed)
        page.spending.report_requested.connect(self.spending_requested)
        page.models_requested.connect(self.models_requested)
        return self._provider.attach(page)

    def _make_answer(self) -> QWidget:
        from desktop_app.ui.settings.tabs.responses_tab import ResponsesTab

        page = ResponsesTab(self._theme)
        page.changed.connect(self._on_setting_changed)
        page.override_changed.connect(self.override_changed)
        page.edit_requested.connect(self.edit_requested)
        page.override_removed.connect(self.override_removed)
        page.folder_override_changed.connect(self.folder_override_changed)
        page.folder_override_removed.connect(self.folder_override_removed)
        return self._answer.attach(page)

    def _make_look(self) -> QWidget:
        from desktop_app.ui.settings.tabs.appearance_tab import AppearanceTab

        page = AppearanceTab(self._theme)
        page.changed.connect(self._on_setting_changed)
        page.edit_requested.connect(self.languages_requested)
        return self._look.attach(page)

    def _make_keys(self) -> QWidget:
        from desktop_app.ui.settings.tabs.shortcuts_tab import ShortcutsTab

        page = ShortcutsTab(self._theme)
        page.changed.connect(self._on_shortcut_changed)
        page.binding_requested.connect(self.binding_requested)
        page.import_requested.connect(self.shortcuts_import_requested)
        page.export_requested.connect(self.shortcuts_export_requested)
        return self._keys.attach(page)

    def _make_servers(self) -> QWidget:
        from desktop_app.ui.settings.tabs.servers_tab import ServersTab

        page = ServersTab(self._theme)
        page.add_requested.connect(self.server_add_requested)
        page.import_requested.connect(self.servers_import_requested)
        page.edit_requested.connect(self.server_edit_requested)
        page.removal_requested.connect(self.server_removal_requested)
        page.test_requested.connect(self.server_test_requested)
        page.log_requested.connect(self.server_log_requested)
        page.sign_in_requested.connect(self.server_sign_in_requested)
        page.sign_out_requested.connect(self.server_sign_out_requested)
        return self._servers.attach(page)

    def _make_library(self) -> QWidget:
        from desktop_app.ui.settings.tabs.data_tab import DataTab

        page = DataTab(self._theme)
        page.changed.connect(self._on_setting_changed)
        page.import_requested.connect(self.import_requested)
        page.export_requested.connect(self.export_requested)
        page.backup_requested.connect(self.backup_requested)
        page.restore_requested.connect(self.restore_requested)
        page.erase_requested.connect(self.erase_requested)
        return self._library.attach(page)

    def _make_about(self) -> QWidget:
        from desktop_app.ui.settings.tabs.about_tab import AboutTab

        page = AboutTab(self._theme)
        page.help_requested.connect(lambda: self.help_requested.emit(""))
        return self._about.attach(page)

    def _on_setting_changed(self, key: str, value: object) -> None:
        self._values[key] = value
        if key.startswith(KEYS_PREFIX):
            self._show_keymap()
        self.setting_changed.emit(key, value)

    def _on_shortcut_changed(self, command_id: str, keys: str) -> None:
        self._values[f"{KEYS_PREFIX}{command_id}"] = keys
        self._look.update("values", lambda page: page.set_values(self._values))
        self._show_keymap()
        self.shortcut_changed.emit(command_id, keys)


def _focus_in(field: QWidget) -> None:
    """Focus a field, or its first part that accepts the focus."""
    from PySide6.QtWidgets import QWidget

    parts = (field, *field.findChildren(QWidget))
    target = next((part for part in parts if part.focusPolicy() & Qt.FocusPolicy.TabFocus), None)
    if target is not None:
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)
