"""The controllers of a window: those of its areas, and the connections between areas."""

from __future__ import annotations

from collections.abc import Callable

from desktop_app.app.composition.composer_controllers import ComposerControllers
from desktop_app.app.composition.conversation_controllers import ConversationControllers
from desktop_app.app.composition.dialog_controllers import DialogControllers
from desktop_app.app.composition.panel_controllers import PanelControllers
from desktop_app.app.composition.sidebar_controllers import SidebarControllers
from desktop_app.app.place_opener import PlaceOpener
from desktop_app.app.startup.closed_store import ClosedWork
from desktop_app.app.state.window_state import WindowState
from desktop_app.app.tasks import Tasks
from desktop_app.app.window.main_window import MainWindow
from desktop_app.backend.backend import Backend
from desktop_app.chat.ui.running_answers import RunningAnswers
from desktop_app.domain.errors import UserFacingError
from desktop_app.widgets.look.theme_watcher import ThemeWatcher


class Controllers:
    """The controllers of a window, and their shared objects.

    Args:
        show_error: shows the error that ended a task.
        run_on_closed_store: ends the window, and does this work on the closed store.
    """

    def __init__(
        self,
        window: MainWindow,
        theme: ThemeWatcher,
        backend: Backend,
        *,
        show_error: Callable[[UserFacingError], None],
        run_on_closed_store: Callable[[ClosedWork], None],
    ) -> None:
        tasks = self.tasks = Tasks(show_error)
        state = self.state = WindowState(window, backend, tasks)
        running = self.running = RunningAnswers(tasks, window)
        sidebar = self.sidebar = SidebarControllers(window, state, running)
        self.composer = ComposerControllers(window, state, sidebar.navigator)
        self.conversation = ConversationControllers(window, state, running, sidebar, self.composer)
        self.panel = PanelControllers(
            window,
            theme,
            state,
            on_imported=sidebar.foreign_changes.show,
            run_on_closed_store=run_on_closed_store,
        )
        self.dialogs = DialogControllers(
            window,
            state,
            sidebar.navigator,
            presenter=sidebar.list_presenter,
            name_of_model=self.conversation.name_of_model,
        )
        self._connect()
        self._connect_places(window)
        self._connect_store()

    def _connect(self) -> None:
        turns, queue = self.conversation.turns, self.conversation.queue
        turns.cap_change_requested.connect(self.panel.providers.open_at_cap)
        turns.price_entry_requested.connect(self.composer.models.edit)
        self.panel.providers.key_stored.connect(self.running.retry_with_key)
        bar = self.dialogs.batches.bar
        current = self.state.current
        bar.reading_stop_requested.connect(self.composer.readings.cancel_paths)
        bar.reading_stop_requested.connect(lambda _: queue.remove(current.id))
        turns.begun.connect(lambda turn: bar.forget_offer_in(turn.original.id))

    def _connect_places(self, window: MainWindow) -> None:
        """Open the places that texts link to."""
        places = self.places = PlaceOpener(
            window.settings,
            open_network=self.panel.providers.open_at_network,
            open_help=self.dialogs.help.open_at,
            open_models=self.composer.models.show,
        )
        window.place_requested.connect(places.open)
        window.transcript.action_requested.connect(places.open_action)
        self.dialogs.help.place_requested.connect(places.open)
        self.conversation.viewer.place_requested.connect(places.open)
        self.conversation.viewer.place_requested.connect(lambda _place: window.activateWindow())

    def _connect_store(self) -> None:
        """Show changes that other processes write to the store."""
        start = self.tasks.start
        composer, dialogs = self.composer, self.dialogs
        store_changed = self.sidebar.foreign_changes.found
        store_changed.connect(lambda: start(composer.presets.refresh()))
        store_changed.connect(dialogs.spending.refresh)
        store_changed.connect(dialogs.batches.check_store)
        store_changed.connect(composer.collections.check_store)
        # Questions and other processes start servers, which may then offer other prompts.
        for signal in (self.running.finished, store_changed):
            signal.connect(lambda *_: start(composer.servers.load_prompts()))
