"""Stored evaluations in the window: shown, saved as reports, and deleted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.file_dialogs import choose_folder
from desktop_app.ui.widgets.window_activation import bring_to_front

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from desktop_app.app.tasks import Tasks
    from desktop_app.domain.evaluation.evaluation_result import Evaluation
    from desktop_app.storage.documents.evaluation_store import EvaluationStore
    from desktop_app.ui.evaluation.evaluations_dialog import EvaluationsDialog
    from desktop_app.ui.look.theme import ThemeWatcher
    from desktop_app.ui.window.cards.notifications import Notifications


class EvaluationController(QObject):
    """Connection of the stored evaluations with their dialog."""

    def __init__(
        self,
        parent: QWidget,
        theme: ThemeWatcher,
        *,
        tasks: Tasks,
        notifications: Notifications,
        evaluation_store: Callable[[], EvaluationStore],
    ) -> None:
        super().__init__(parent)
        self._parent = parent
        self._theme = theme
        self._evaluation_store = evaluation_store
        self._tasks = tasks
        self._notifications = notifications
        self._dialog: EvaluationsDialog | None = None
        self._deleted_evaluation: Evaluation | None = None
        self._summaries: list[Evaluation] = []

    @property
    def _store(self) -> EvaluationStore:
        return self._evaluation_store()

    def show(self) -> None:
        """Show the evaluation that was chosen last, or else the newest."""
        self._tasks.start(self._show())

    async def check_store(self) -> None:
        """Show in the open dialog what `repartee eval` has stored meanwhile."""
        dialog = self._dialog
        if dialog is None or not dialog.isVisible():
            return
        if await self._store.summaries() != self._summaries:
            await self._fill(dialog)

    async def _show(self) -> None:
        if self._dialog is None:
            self._dialog = self._make_dialog()
        await self._fill(self._dialog)
        bring_to_front(self._dialog)

    def _make_dialog(self) -> EvaluationsDialog:
        # Imported here, because the start does not need it.
        from desktop_app.ui.evaluation.evaluations_dialog import EvaluationsDialog

        dialog = EvaluationsDialog(self._theme.current, self._parent)
        dialog.evaluation_requested.connect(
            lambda _id: self._tasks.start(self._show_chosen(dialog))
        )
        dialog.save_requested.connect(lambda evaluation_id: self._save(dialog, evaluation_id))
        dialog.delete_requested.connect(
            lambda evaluation_id: self._tasks.start(self._delete(dialog, evaluation_id))
        )
        dialog.undo_requested.connect(lambda: self._tasks.start(self._restore(dialog)))
        self._theme.changed.connect(dialog.set_theme)
        return dialog

    async def _fill(self, dialog: EvaluationsDialog) -> None:
        self._summaries = await self._store.summaries()
        dialog.set_evaluations(self._summaries)
        await self._show_chosen(dialog)

    async def _show_chosen(self, dialog: EvaluationsDialog) -> None:
        evaluation_id = dialog.current
        evaluation = await self._store.get(evaluation_id) if evaluation_id else None
        if evaluation_id == dialog.current:
            dialog.show_evaluation(evaluation)

    async def _delete(self, dialog: EvaluationsDialog, evaluation_id: str) -> None:
        deleted = await self._store.get(evaluation_id)
        await self._store.remove(evaluation_id)
        if deleted is not None:  # otherwise another process has deleted it
            self._deleted_evaluation = deleted
            dialog.offer_undo(deleted.name)
        await self._fill(dialog)

    async def _restore(self, dialog: EvaluationsDialog) -> None:
        deleted = self._deleted_evaluation
        self._deleted_evaluation = None
        if deleted is not None:
            try:
                await self._store.add(deleted)
            except StorageError:
                self._deleted_evaluation = deleted
                raise
            dialog.offer_undo("")
            await self._fill(dialog)
            dialog.choose(deleted.id)
            await self._show_chosen(dialog)

    def _save(self, dialog: EvaluationsDialog, evaluation_id: str) -> None:
        choose_folder(
            dialog,
            tr("Save report"),
            lambda folder: self._tasks.start(self._write(evaluation_id, folder)),
            start=Path.home(),
        )

    async def _write(self, evaluation_id: str, folder: Path) -> None:
        """Write the report of an evaluation into a folder, and offer to open it."""
        from desktop_app.cli.evaluation.report_files import HTML_NAME, write_reports
        from desktop_app.ui.widgets.external_open import open_path

        evaluation = await self._store.get(evaluation_id)
        if evaluation is None:
            return
        try:
            await asyncio.to_thread(write_reports, folder, evaluation)
        except StorageError as error:
            self._notifications.notify(error.sentences)
            return
        actions = [
            (tr("Open report"), lambda: open_path(folder / HTML_NAME)),
            (tr("Open folder"), lambda: open_path(folder)),
        ]
        self._notifications.notify(tr("Saved “{file}”.", file=HTML_NAME), actions)
