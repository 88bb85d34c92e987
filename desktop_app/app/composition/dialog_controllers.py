"""The composition of the other windows: spending, batch jobs and help."""

from __future__ import annotations

from collections.abc import Callable

from desktop_app.app.help.help_controller import HelpController
from desktop_app.app.shortcuts import DialogShortcuts
from desktop_app.app.state.window_state import WindowState
from desktop_app.app.window.main_window import MainWindow
from desktop_app.batch.ui.batch_controller import BatchController
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.library.ui.navigator import Navigator
from desktop_app.spending.ui.spending_controller import SpendingController
from desktop_app.widgets.program_menu import open_context_menu


class DialogControllers:
    """The controllers of windows that are opened from the main window.

    Args:
        name_of_model: returns the name of a model, by its id.
    """

    def __init__(
        self,
        window: MainWindow,
        state: WindowState,
        navigator: Navigator,
        presenter: ListPresenter,
        name_of_model: Callable[[str], str],
    ) -> None:
        self._window = window
        self._state = state
        self.spending = SpendingController(window, state, name_of_model)
        self.batches = BatchController(window, state, navigator, presenter)
        self._make_help()

    def _make_help(self) -> None:
        """Create the help, and the shortcuts of windows that bind none themselves."""
        window, state = self._window, self._state
        self.help = HelpController(
            window, values=state.values, tasks=state.tasks, settings_store=state.backend.settings
        )
        window.settings.help_requested.connect(self.help.open_part)
        shortcuts = DialogShortcuts(
            window,
            state.values,
            {"help.open": lambda _: self.help.open(), "menu.open": open_context_menu},
        )
        shortcuts.window_focused.connect(self.help.connect_buttons)
