"""The composition of the settings panel: providers, settings, imports, exports, backups."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from desktop_app.app.startup.closed_store import ClosedWork
from desktop_app.app.state.window_state import WindowState
from desktop_app.app.window.main_window import MainWindow
from desktop_app.exchange.ui.transfer_controller import TransferController
from desktop_app.providers.ui.providers_controller import ProvidersController
from desktop_app.settings.ui.settings_controller import LookController, SettingsController
from desktop_app.settings.ui.shortcut_files import ShortcutFiles
from desktop_app.storage.ui.backup_controller import BackupController
from desktop_app.storage.ui.data_page_controller import DataPageController
from desktop_app.widgets.look.theme_watcher import ThemeWatcher


class PanelControllers:
    """The controllers of the settings panel.

    Args:
        on_imported: is awaited after conversations were imported.
        run_on_closed_store: ends the window, and does this work on the closed store.
    """

    def __init__(
        self,
        window: MainWindow,
        theme: ThemeWatcher,
        state: WindowState,
        *,
        on_imported: Callable[[], Awaitable[None]],
        run_on_closed_store: Callable[[ClosedWork], None],
    ) -> None:
        self._window = window
        self._state = state
        self._make_providers()
        self.look = LookController(window, state, theme)
        self.settings = SettingsController(window, state)
        self.shortcut_files = ShortcutFiles(window, state)
        self._make_data(on_imported, run_on_closed_store)

    def _make_providers(self) -> None:
        window, state = self._window, self._state
        providers = self.providers = ProvidersController(window, state)
        window.empty_state.add_key_requested.connect(providers.open_at_key)

        def on_action(_message_id: str, action: str) -> None:
            if action in ("add-key", "change-key"):
                providers.open_at_key()

        window.transcript.action_requested.connect(on_action)

    def _make_data(
        self,
        on_imported: Callable[[], Awaitable[None]],
        run_on_closed_store: Callable[[ClosedWork], None],
    ) -> None:
        """Create the controllers of imports, exports, backups and repairs."""
        window, state = self._window, self._state
        self.data_page = DataPageController(window, state, run_on_closed_store)
        transfer = self.transfer = TransferController(window, state, on_imported)
        backups = self.backups = BackupController(window, state, transfer.back_up)
        data = window.settings.pages.data
        data.on_created(lambda page: page.import_requested.connect(transfer.choose_import))
        data.on_created(lambda page: page.backup_requested.connect(backups.back_up_now))
        window.conversations.export_requested.connect(transfer.choose_export)
        self.data_page.export_requested.connect(transfer.choose_export)
