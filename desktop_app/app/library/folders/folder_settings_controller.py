"""The settings of folders, on their page of the settings panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.app.library.list_presenter import ListPresenter
from desktop_app.app.state.window_state import WindowState
from desktop_app.backend.answer_settings import overridden_values, with_override, without_override
from desktop_app.domain.conversations.conversation import Folder, ModelChoice
from desktop_app.domain.conversations.list_filter import ListFilterKind
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.translation import tr
from desktop_app.settings.schema import setting
from desktop_app.settings.setting import SettingValue
from desktop_app.ui.window.main_window import MainWindow

if TYPE_CHECKING:
    from desktop_app.ui.settings.tabs.responses_tab import ResponsesTab


class FolderSettingsController(QObject):
    """Connection of a folder's page of settings with the folders."""

    def __init__(self, window: MainWindow, state: WindowState, presenter: ListPresenter) -> None:
        super().__init__(window)
        self._presenter = presenter
        self._notifications = window.notifications
        self._panel = window.settings
        self._current = state.setup.current
        self._folders = state.folders
        self._requested_id = ""  # the folder to show; "" for the open conversation's
        window.settings.pages.responses.on_created(self._connect_page)
        state.folders.changed.connect(self._show_values)
        state.setup.current.opened.connect(self._show_open)
        state.setup.choice_changed.connect(self._show_values)

    def _connect_page(self, page: ResponsesTab) -> None:
        page.folder_override_changed.connect(
            lambda id_, key, value: self._change(id_, lambda f: with_value(f, key, value))
        )
        page.folder_override_removed.connect(self._remove_value)

    def show(self, folder_id: str = "") -> None:
        """Show a folder's settings.

        The default is the folder that the list shows, else that of the open conversation.
        """
        list_filter = self._presenter.list_filter
        is_in_folder = list_filter.kind is ListFilterKind.FOLDER
        default_id = list_filter.folder_id if is_in_folder else self._current.conversation.folder_id
        requested_id = folder_id or default_id or ""
        if requested_id not in self._folders.by_id:
            self._notifications.notify(tr("Open a folder to change its settings."))
            return
        self._requested_id = requested_id
        self._show_values()
        self._panel.request_show()
        self._panel.show_folder()

    def _show_open(self) -> None:
        self._requested_id = ""
        self._show_values()

    def _show_values(self) -> None:
        opened_id = self._current.conversation.folder_id or ""
        folder = self._folders.by_id.get(self._requested_id or opened_id)

        def show_on(page: ResponsesTab) -> None:
            if folder is None:
                page.set_folder("", "", {})
            else:
                page.set_folder(folder.id, folder.name, values_of(folder))

        self._panel.pages.responses.set_content("folder", show_on)

    def _change(self, folder_id: str, change: Callable[[Folder], Folder]) -> None:
        folder = self._folders.by_id.get(folder_id)
        if folder is not None:
            self._presenter.writes.start(self._folders.save(change(folder)))

    def _remove_value(self, folder_id: str, key: str) -> None:
        """Reset a setting of a folder to the default; offer Undo."""
        folder = self._folders.by_id.get(folder_id)
        if folder is None:
            return
        removed_value = values_of(folder).get(key)
        self._presenter.writes.start(self._folders.save(without_value(folder, key)))
        self._notifications.notify_undo(
            tr("“{name}” reset to default", name=tr(setting(key).label)),
            lambda: self._change(
                folder_id,
                # Unless the setting was set again since.
                lambda f: f if key in values_of(f) else with_value(f, key, removed_value),
            ),
        )


VARIANT = "default.variant"
EFFORT = "default.effort"
_DEFAULT_PROVIDER = ""


def values_of(folder: Folder) -> dict[str, SettingValue]:
    """Return the settings of a folder."""
    values = overridden_values(folder.overrides)
    if folder.choice is not None and folder.choice.variant is not None:
        values[VARIANT] = folder.choice.variant.value
    if folder.choice is not None and folder.choice.effort is not None:
        values[EFFORT] = folder.choice.effort.value
    return values


def with_value(folder: Folder, key: str, value: SettingValue) -> Folder:
    """Return the folder with this setting set to a valid value."""
    choice = folder.choice or ModelChoice(_DEFAULT_PROVIDER, "")
    if key == VARIANT:
        return replace(folder, choice=replace(choice, variant=Variant(str(value)), model=""))
    if key == EFFORT:
        return replace(folder, choice=replace(choice, effort=Effort(str(value))))
    return replace(folder, overrides=with_override(folder.overrides, key, value))


def without_value(folder: Folder, key: str) -> Folder:
    """Return the folder without a setting."""
    if key not in (VARIANT, EFFORT):
        return replace(folder, overrides=without_override(folder.overrides, key))
    if folder.choice is None:
        return folder
    choice = folder.choice
    choice = replace(choice, variant=None) if key == VARIANT else replace(choice, effort=None)
    is_empty = choice == ModelChoice(_DEFAULT_PROVIDER, "")
    return replace(folder, choice=None if is_empty else choice)
