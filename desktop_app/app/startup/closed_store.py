"""Work on the store while it is closed: repair, deletion of everything, and what features do.

A store that cannot be opened does not end the program: a dialog says why and offers remedies. If
the user requests such work in an open window, the window closes first, and the program restarts
afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop_app.app.features import FEATURES
from desktop_app.app.startup.closed_work import Ask, Choices, ClosedWork, Progress
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.errors import NoRoomForCopyError, StorageError, UserFacingError
from desktop_app.features import imported
from desktop_app.i18n.translation import N_, paragraph, tr
from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.external_open import open_path
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import PlainButton, PlainLabel, spoken_text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.paths import Folders


# Pixels at the default text size, except `_MIN_TEXT_HEIGHT`, which is in pixels of the screen.
_WIDTH: Final = 460
_MAX_TEXT_HEIGHT: Final = 260  # longer text scrolls
_MIN_TEXT_HEIGHT: Final = 60
_FRAME_HEIGHT: Final = 48  # the height of the window's frame, and a margin
_MARGIN: Final = 20  # around the content


class ScrolledText(QScrollArea):
    """A text that the keyboard can scroll."""

    accessible_role = "Grouping"


class StoreDialog(QDialog):
    """The dialog about the store. Esc or closing the dialog selects the last choice.

    It also shows the progress of work that takes time, such as a repair.

    Signals:
        chosen(str): emitted with the name of a choice.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        theme = current_theme()
        super().__init__(parent)
        self.setObjectName("store-dialog")
        self.setWindowTitle("Repartee")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self._title = PlainLabel(role="strong", wraps=True)
        self._words = PlainLabel(wraps=True, shows_all=True)
        self._bar = QProgressBar(textVisible=False)
        self._bar.setFixedHeight(theme.px(6))
        self._buttons: list[QPushButton] = []
        self._notes: list[QLabel] = []
        self._escape = ""
        for label in (self._title, self._words):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        # The text may be taller than the screen and contain paths wider than the dialog.
        self._scroll = ScrolledText()
        self._scroll.setWidgetResizable(True)
        set_role(self._scroll, "ringed")
        self._scroll.setAccessibleName(spoken_text(tr("Message")))
        self._scroll.setWidget(self._words)
        parts = (self._title, self._scroll, self._bar)
        self._column = column_of(*parts, parent=self, margins=_MARGIN, spacing=8)
        self._column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
        self._bar.hide()
        # With large text, the dialog could be wider than a small screen.
        available = self.screen().availableGeometry().size()
        self._width = min(theme.px(_WIDTH), available.width())
        self.setFixedWidth(self._width)

    @property
    def words(self) -> str:
        """Return the visible text, as one string."""
        return paragraph(self._title.text(), self._words.text())

    def offer(self, title: str, explanation: str, choices: Choices) -> None:
        """Show a problem or a result, and offer choices; Enter chooses the first."""
        self._show_text(title, explanation)
        self._bar.hide()
        for number, (name, label, note) in enumerate(choices):
            self._add_choice(name, label, note, is_first=number == 0)
        names = [name for name, _label, _note in choices]
        self._escape = "cancel" if "cancel" in names else names[-1]
        self._buttons[0].setFocus()
        self._fit()

    def show_work(self, status: str) -> None:
        """Show the work in progress; no choice is available meanwhile."""
        self._show_text(status, "")
        self._escape = ""
        self._bar.setMaximum(1)
        self._bar.setValue(0)
        self._bar.show()
        self._fit()

    def set_progress(self, done: int, total: int) -> None:
        """Show the progress of the current work."""
        self._bar.setMaximum(max(1, total))
        self._bar.setValue(min(done, total))

    def event(self, event: QEvent) -> bool:
        """Adjust the height, because the final font is known only once the text is shown."""
        handled = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return handled

    def reject(self) -> None:
        """Choose Cancel or the last choice on Esc or closing; stay open while work is running."""
        if self._escape:
            self._choose(self._escape)

    def _show_text(self, title: str, explanation: str) -> None:
        for widget in (*self._buttons, *self._notes):
            widget.hide()
            widget.deleteLater()
        self._buttons = []
        self._notes = []
        self._title.setText(title)
        self._words.setText(explanation)
        self._scroll.setVisible(bool(explanation))
        self.setAccessibleName(spoken_text(self.words))

    def _add_choice(self, name: str, label: str, note: str, *, is_first: bool) -> None:
        button = PlainButton(label, name=name, role="primary" if is_first else "plain")
        button.setDefault(is_first)
        button.clicked.connect(lambda: self._choose(name))
        self._column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        button.show()  # in an open dialog, Qt would show it only after `_fit`
        self._buttons.append(button)
        if note:
            line = PlainLabel(note, role="note", wraps=True)
            button.setAccessibleDescription(spoken_text(note))
            self._column.addWidget(line)
            line.show()
            self._notes.append(line)

    def _choose(self, name: str) -> None:
        self._escape = ""
        self.chosen.emit(name)

    def _fit(self) -> None:
        # A wrapping label knows its height only for a given width.
        ring = 2 * self._scroll.frameWidth()
        inner_width = self._width - 2 * current_theme().px(_MARGIN) - ring
        needed = max(0, self._words.heightForWidth(inner_width))  # negative without text
        available = (
            self.screen().availableGeometry().adjusted(0, 0, 0, -current_theme().px(_FRAME_HEIGHT))
        )
        other_height = self._column.heightForWidth(self._width) - self._scroll.height()
        limit = min(
            current_theme().px(_MAX_TEXT_HEIGHT),
            max(available.height() - other_height, _MIN_TEXT_HEIGHT),
        )
        scroll_height = min(needed, limit) + ring
        if scroll_height != self._scroll.height():
            self._scroll.setFixedHeight(scroll_height)
        height = self._column.heightForWidth(self._width)
        if height != self.height():
            self.setFixedHeight(height)
            top = max(available.top(), available.bottom() - height)
            if self.isVisible() and self.y() > top:  # the choices must not be below the screen
                self.move(self.x(), top)


_REPAIR: Final = (
    "repair",
    N_("Repair"),
    N_("Recovers readable data into a new library. The damaged file is kept."),
)
_OTHERS: Choices = (("folder", N_("Open folder"), ""), ("quit", N_("Quit"), ""))
_RETRY: Choices = (("retry", N_("Try again"), ""),)
_UPGRADE: Choices = (
    (
        "upgrade",
        N_("Upgrade without a copy"),
        N_("You can’t go back to the earlier version of Repartee then."),
    ),
)
_CONTINUE_ONLY: Choices = (("go-on", N_("Continue"), ""),)


def repair_work(folders: Folders) -> ClosedWork:
    from desktop_app.library.repair import repair_store

    def work(progress: Progress, _ask: Ask) -> str:
        return repair_store(folders.database, now(), progress).sentence

    return ClosedWork(tr("Recovering data…"), work)


def erasure_work(folders: Folders) -> ClosedWork:
    """Return the work that deletes everything."""
    from desktop_app.library.erasure import erase_everything
    from desktop_app.storage.temporary_files import remove_all

    def work(_progress: Progress, _ask: Ask) -> str:
        erase_everything(folders.database, folders.attachments)
        remove_all(folders.temporary)
        return tr("Everything was deleted.")

    return ClosedWork(tr("Deleting everything…"), work)


def _remedies() -> Mapping[tuple[str, str, str], str]:
    """Return what features offer for a damaged library."""
    return {choice: place for feature in FEATURES for choice, place in feature.remedies.items()}


class _ProgressRelay(QObject):
    """Relay of progress from the worker thread to the window's thread."""

    progressed = Signal(int, int)

    def report(self, done: int, total: int) -> None:
        """Emit `progressed`, which Qt queues for the window's thread."""
        self.progressed.emit(done, total)


class ClosedStore:
    """Worker on the closed store, with a dialog in place of a window."""

    def __init__(self, parent: QWidget | None, folders: Folders) -> None:
        self._parent = parent
        self._folders = folders

    async def offer_remedies(self, error: StorageError) -> str:
        """Offer remedies; return "retry" or "upgrade" to open the store again, or "quit"."""
        dialog = StoreDialog(self._parent)
        offered, text = (_REPAIR, *_remedies(), *_OTHERS), error.details
        if isinstance(error, NoRoomForCopyError):
            offered, text = (*_RETRY, *_UPGRADE, *_OTHERS), error.what_to_do
        try:
            while True:
                choice = await _wait_for_choice(dialog, error.what_happened, text, offered)
                if choice in ("retry", "upgrade", "quit"):
                    return choice
                work = await self._work_of_choice(choice, dialog)
                if work is not None:
                    await self._run_in_dialog(work, dialog)
                    return "retry"
        finally:
            dialog.hide()
            dialog.deleteLater()

    async def run_work(self, work: ClosedWork) -> None:
        """Run the work and show its result."""
        dialog = StoreDialog(self._parent)
        try:
            await self._run_in_dialog(work, dialog)
        finally:
            dialog.hide()
            dialog.deleteLater()

    async def _work_of_choice(self, choice: str, dialog: StoreDialog) -> ClosedWork | None:
        if choice == "repair":
            return repair_work(self._folders)
        if choice == "folder":
            open_path(self._folders.data)
            return None
        place = next(place for (name, *_), place in _remedies().items() if name == choice)
        work: ClosedWork | None = await imported(place)(dialog, self._folders)
        return work

    async def _run_in_dialog(self, work: ClosedWork, dialog: StoreDialog) -> None:
        """Run the work in a thread, and show its progress, questions and result."""
        dialog.show_work(work.description)
        dialog.open()
        relay = _ProgressRelay()
        relay.progressed.connect(dialog.set_progress)
        loop = asyncio.get_running_loop()

        async def choose(title: str, text: str, choices: Choices) -> str:
            choice = await _wait_for_choice(dialog, title, text, choices)
            dialog.show_work(work.description)
            return choice

        def ask(title: str, text: str, choices: Choices) -> str:
            return asyncio.run_coroutine_threadsafe(choose(title, text, choices), loop).result()

        try:
            result = await asyncio.to_thread(work.work, relay.report, ask)
        except UserFacingError as error:
            await _wait_for_choice(dialog, error.what_happened, error.what_to_do, _CONTINUE_ONLY)
        else:
            await _wait_for_choice(dialog, tr("Done"), result, _CONTINUE_ONLY)


async def _wait_for_choice(dialog: StoreDialog, title: str, text: str, choices: Choices) -> str:
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def on_choice(name: str) -> None:
        if not answer.done():
            answer.set_result(name)

    translated_choices = [(name, tr(label), note and tr(note)) for name, label, note in choices]
    dialog.offer(title, text, translated_choices)
    connection = dialog.chosen.connect(on_choice)
    dialog.open()
    try:
        return await answer
    finally:
        dialog.chosen.disconnect(connection)
