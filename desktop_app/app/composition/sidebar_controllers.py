"""The composition of the sidebar: the conversation list, folders, search and trash."""

from __future__ import annotations

from desktop_app.app.state.window_state import WindowState
from desktop_app.app.window.main_window import MainWindow
from desktop_app.chat.ui.running_answers import RunningAnswers
from desktop_app.library.ui.folders_controller import FoldersController, FolderSettingsController
from desktop_app.library.ui.list_presenter import ListPresenter, PinnedOrder, SearchController
from desktop_app.library.ui.navigator import (
    DraftSaver,
    ForeignChanges,
    LinkController,
    Navigator,
    ShownConversation,
)
from desktop_app.library.ui.trash import Trash
from desktop_app.storage.ui.housekeeping import Housekeeping


class SidebarControllers:
    """The controllers that list, open, move and delete conversations."""

    def __init__(self, window: MainWindow, state: WindowState, running: RunningAnswers) -> None:
        self._window = window
        self._state = state
        self._running = running
        self._make_list()
        self._make_search()
        self._make_folders()
        self._make_cleaning()

    def _make_list(self) -> None:
        """Create the list, and the controllers that open its conversations."""
        window = self._window
        state = self._state
        running = self._running
        tasks = state.tasks
        self.draft_saver = DraftSaver(window, state)
        presenter = self.list_presenter = ListPresenter(
            window, state, running, show_title=window.pane.set_title
        )
        shown_conversation = ShownConversation(window, state)
        navigator = self.navigator = Navigator(
            window, state, running, presenter, self.draft_saver, shown_conversation
        )
        window.conversations.open_requested.connect(tasks.slot(navigator.open))
        window.conversations.new_requested.connect(navigator.open_here)
        window.conversations.search.hit_open_requested.connect(tasks.slot(navigator.open))
        self.foreign_changes = ForeignChanges(window, state, running, self.navigator, presenter)
        self.pinned_order = PinnedOrder(window, state, presenter)

    def _make_search(self) -> None:
        """Create the search, and the links."""
        window, state = self._window, self._state
        SearchController(window, state, self.list_presenter)
        self.links = LinkController(window, state, self.navigator)

    def _make_folders(self) -> None:
        window, state = self._window, self._state
        self.folders = FoldersController(
            window,
            state,
            self.navigator,
            self.list_presenter,
            show_list=window.outer_panes.show_list,
        )
        self.folder_settings = FolderSettingsController(window, state, self.list_presenter)
        window.conversations.folder_settings_requested.connect(self.folder_settings.show)

    def _make_cleaning(self) -> None:
        """Create the trash, and the periodic removal of expired conversations."""
        window, backend = self._window, self._state.backend
        self.trash = Trash(window, self._state, self._running, self.navigator, self.list_presenter)
        self.housekeeping = Housekeeping(
            self.trash.expire,
            window,
            tasks=self._state.tasks,
            conversations=backend.conversations,
            attachment_store=backend.attachments,
            database=backend.database,
        )
