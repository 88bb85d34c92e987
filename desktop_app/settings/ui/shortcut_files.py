"""Import and export of the user's shortcuts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from desktop_app.app.session import Session
from desktop_app.app.window.main_window import MainWindow
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.settings.schema import KEYS_PREFIX
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.file_dialogs import choose_file, choose_target

if TYPE_CHECKING:
    from desktop_app.settings.ui.shortcuts_tab import ShortcutsTab
    from desktop_app.shortcuts.keymap_file import ImportedShortcuts

_MAX_LIST_CHARACTERS: Final = 400


class ShortcutFiles(QObject):
    """Commands of the Shortcuts page that import and export shortcuts.

    Signals:
        shortcuts_stored(): imported shortcuts were stored, or the former ones by Undo.
    """

    shortcuts_stored = Signal()

    def __init__(self, window: MainWindow, state: Session) -> None:
        super().__init__(window)
        self._parent = window
        self._notifications = window.notifications
        self._values = state.values
        self._tasks = state.tasks
        window.settings.pages.shortcuts.on_created(self._connect_page)

    def _connect_page(self, page: ShortcutsTab) -> None:
        page.import_requested.connect(self._choose_import)
        page.export_requested.connect(self._choose_export)

    # -- export

    def _choose_export(self) -> None:
        choose_target(
            self._parent,
            tr("Export shortcuts"),
            self._tasks.slot(self._export),
            start=Path.home() / f"{tr('Shortcuts')}.json",
            filters=_file_filter(),
        )

    async def _export(self, path: Path) -> None:
        from desktop_app.shortcuts.keymap_file import shortcuts_to_json
        from desktop_app.widgets.text_file import save_text

        keymap = Keymap.from_settings(self._values.all)
        error = await asyncio.to_thread(save_text, path, shortcuts_to_json(keymap))
        message = tr_plural(
            "{count} changed shortcut was exported.",
            "{count} changed shortcuts were exported.",
            len(keymap.overrides),
        )
        self._notifications.notify(error or message)

    # -- import

    def _choose_import(self) -> None:
        choose_file(
            self._parent,
            tr("Import shortcuts"),
            self._tasks.slot(self._import),
            start=Path.home(),
            filters=_file_filter(),
        )

    async def _import(self, path: Path) -> None:
        """Store the shortcuts of a file that differ from the current ones; offer Undo."""
        imported = await asyncio.to_thread(_read_shortcuts, path)
        former_keymap = Keymap.from_settings(self._values.all)
        new_shortcuts = {
            command_id: keys
            for command_id, keys in imported.usable.items()
            if keys != former_keymap.shortcut_of(command_id)
        }
        await self._apply_shortcuts(new_shortcuts)
        report = _report_text(imported, Keymap.from_settings(self._values.all))
        former_shortcuts = {
            command_id: former_keymap.shortcut_of(command_id) for command_id in new_shortcuts
        }
        if former_shortcuts:
            self._notifications.notify_undo(
                report, lambda: self._tasks.start(self._apply_shortcuts(former_shortcuts))
            )
        else:
            self._notifications.notify(report)

    async def _apply_shortcuts(self, shortcuts: Mapping[str, str]) -> None:
        for command_id, keys in shortcuts.items():
            await self._values.set(f"{KEYS_PREFIX}{command_id}", keys)
        self.shortcuts_stored.emit()


def _file_filter() -> str:
    return tr("JSON files ({pattern})", pattern="*.json")


def _read_shortcuts(path: Path) -> ImportedShortcuts:
    """Return the shortcuts in a file. Raises SettingError."""
    from desktop_app.foreign_file import RefusedFileError, open_file, read_all
    from desktop_app.shortcuts.keymap_file import (
        MAX_FILE_BYTES,
        shortcuts_file_error,
        shortcuts_from_json,
    )

    try:
        with open_file(path) as file:
            data = read_all(file, MAX_FILE_BYTES)
    except (OSError, RefusedFileError) as exc:
        raise shortcuts_file_error(path.name, str(exc)) from exc
    return shortcuts_from_json(data, path.name)


def _report_text(imported: ImportedShortcuts, keymap: Keymap) -> str:
    """Return a report: imported and refused shortcuts, and keys of more than one command."""
    from desktop_app.widgets.look.shortcut_text import shortcut_text

    sentences = [
        tr_plural(
            "{count} shortcut was imported.",
            "{count} shortcuts were imported.",
            len(imported.usable),
        )
    ]
    if imported.unknown:
        sentences.append(
            tr(
                "Not imported, because there is no such command: {items}",
                items=_list_text(imported.unknown),
            )
        )
    if imported.unusable:
        sentences.append(
            tr(
                "Not imported, because the keys can’t be used: {items}",
                items=_list_text(imported.unusable),
            )
        )
    conflicts = [command_id for command_id in keymap.conflicts() if command_id in imported.usable]
    if conflicts:
        keys = dict.fromkeys(shortcut_text(keymap.shortcut_of(each)) for each in conflicts)
        sentences.append(tr("Used by more than one command: {items}", items=_list_text([*keys])))
    return "\n".join(sentences)


def _list_text(items: Sequence[str]) -> str:
    from desktop_app.i18n.formatting import joined
    from desktop_app.widgets.text.foreign_text import one_line

    return one_line(joined(items), _MAX_LIST_CHARACTERS)
