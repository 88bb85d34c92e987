"""The composition of the settings panel: providers, settings, imports, exports, backups."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from desktop_app.app.library.data.backup_controller import BackupController
from desktop_app.app.library.data.data_page_controller import DataPageController
from desktop_app.app.library.data.transfer_controller import TransferController
from desktop_app.app.settings.new_key_offer import NewKeyOffer
from desktop_app.app.settings.providers_controller import ProvidersController
from desktop_app.app.settings.secret_removal import SecretRemoval
from desktop_app.app.settings.settings_controller import LookController, SettingsController
from desktop_app.app.settings.shortcut_files import ShortcutFiles
from desktop_app.app.startup.closed_store import ClosedWork
from desktop_app.app.state.window_state import WindowState
from desktop_app.ui.look.theme_watcher import ThemeWatcher
from desktop_app.ui.window.main_window import MainWindow


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
        self._theme = theme
        self._state = state
        self._make_providers()
        self._make_settings()
        self._make_data(on_imported, run_on_closed_store)

    def _make_providers(self) -> None:
        window, state = self._window, self._state
        setup, tasks = state.setup, state.tasks
        offer = NewKeyOffer(
            window,
            notifications=window.notifications,
            setup=setup,
            new_conversation=state.new_conversation,
            tasks=tasks,
            chat_service=state.backend.chat,
            utility_model=lambda: state.backend.utility_model,
        )
        removal = SecretRemoval(
            window, vault=state.backend.vault, notifications=window.notifications, tasks=tasks
        )
        providers = self.providers = ProvidersController(
            offer,
            removal,
            setup=setup,
            new_conversation=state.new_conversation,
            tasks=tasks,
            panel=window.settings,
            vault=state.backend.vault,
            catalog=state.backend.catalog,
        )
        window.empty_state.add_key_requested.connect(providers.open_at_key)

        def on_action(_message_id: str, action: str) -> None:
            if action in ("add-key", "change-key"):
                providers.open_at_key()

        window.transcript.action_requested.connect(on_action)

    def _make_settings(self) -> None:
        window, state = self._window, self._state
        self.look = LookController(self._theme, window.transcript, state.values, state.tasks)
        self.settings = SettingsController(
            setup=state.setup,
            new_conversation=state.new_conversation,
            tasks=state.tasks,
            notifications=window.notifications,
            panel=window.settings,
            gateway=state.backend.gateway,
            utility_model=lambda: state.backend.utility_model,
            run_checks=self._run_checks,
        )
        self.shortcut_files = ShortcutFiles(
            window,
            panel=window.settings,
            notifications=window.notifications,
            values=state.values,
            tasks=state.tasks,
        )

    async def _run_checks(self) -> str:
        from desktop_app.cli.doctor import findings_text, run_checks  # not at the start

        return findings_text(await run_checks(self._state.backend))

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
