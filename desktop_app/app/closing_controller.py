"""Closing the window: the program keeps running in the background, or ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from desktop_app.app.session import Session
from desktop_app.chat.ui.temporary_controller import TemporaryController
from desktop_app.composer.attachments.file_readings import FileReadings
from desktop_app.desktop_session.hotkey.hotkey_status import HotkeyReport, HotkeyStatus
from desktop_app.domain.places import linked_text, plain_text
from desktop_app.i18n.translation import N_, tr
from desktop_app.settings.schema import ON_CLOSE, OnClose
from desktop_app.tools.ui.consent_card import ConsentController
from desktop_app.widgets.forms.form_dialog import ask, ask_about_changes
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.text.foreign_text import message_box
from desktop_app.widgets.text.linked_label import set_linked_informative_text
from desktop_app.widgets.windows import is_session_ending

_STAY_DETAILS: Final = N_(
    "Global shortcut, notifications, and responses keep working. The icon in the tray opens the "
    "window again. You can change this in {advanced_page}."
)
_STAY_WITHOUT_TRAY: Final = N_(
    "{keys} opens the quick prompt, and starting Repartee again opens the window. You can change "
    "this in {advanced_page}."
)


class ClosingController(QObject):
    """Handler of closed windows, which ends the program once nothing keeps it running.

    Attributes:
        was_started_to_stay: the program was started without a window, and must not end with it.
        is_finishing: the window was hidden until the running answers end; then the program ends.

    Signals:
        ended(): the program is to end: nothing keeps it running, or the user quits.
        hidden(): the window was hidden, and the program keeps running.
    """

    ended = Signal()
    hidden = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self._session = session
        self._window = session.window
        self._running = session.running
        self._values = session.values
        self._tasks = session.tasks
        self.was_started_to_stay = False
        self._is_asking = False  # a question is open; no other is asked until it closes
        self._has_tray, self._hotkey_keys = False, ""  # those of the shortcut, if it works
        self.is_finishing = False
        self._running.finished.connect(lambda *_: self.end_if_nothing_shows())
        session.window.close_requested.connect(self.close_window)

    def set_tray(self, is_shown: bool) -> None:
        """Record whether the tray shows an icon, by which the user opens a hidden window again."""
        self._has_tray = is_shown

    def set_hotkey(self, report: HotkeyReport) -> None:
        """Record whether the global shortcut works, which opens the quick prompt."""
        works = report.status is HotkeyStatus.WORKS
        self._hotkey_keys = (report.trigger or shortcut_text(report.keys)) if works else ""

    @property
    def is_resident(self) -> bool:
        """Return True if the program keeps running while nothing is visible."""
        should_stay = self._values[ON_CLOSE] == OnClose.KEEP
        can_be_reopened = self._has_tray or bool(self._hotkey_keys)
        return self.was_started_to_stay or (should_stay and can_be_reopened)

    def close_window(self) -> None:
        """Close the window as the setting says; ask if it says so, or if work might be lost."""
        if is_session_ending():  # nobody could answer a question any more
            self.ended.emit()
        elif self._is_asking:
            return
        elif self.is_resident:
            self.is_finishing = False
            self._hide()
        elif ask_about_changes():
            return
        elif self._values[ON_CLOSE] == OnClose.ASK and (self._has_tray or self._hotkey_keys):
            self._ask_whether_to_stay()
        else:
            self._end_or_ask()

    def quit(self) -> None:
        """End the program, resident or not; ask if work is unsaved or still running."""
        if self._is_asking or ask_about_changes():
            return
        self._end_or_ask()

    def end_if_nothing_shows(self) -> None:
        """End the program if nothing is visible, no answer streams and it need not stay."""
        should_stay = self.is_resident and not self.is_finishing
        if not (self.is_anything_visible or should_stay or self._running.conversations):
            self.ended.emit()

    @property
    def is_anything_visible(self) -> bool:
        """Return True if the window or the quick prompt is visible, or the latter pastes."""
        others = self._session.other_windows
        return self._window.isVisible() or any(is_in_use() for is_in_use in others)

    @property
    def _has_unsaved(self) -> bool:
        return self._running.has_unstored or any(
            text.has_unwritten for text in self._session.unwritten
        )

    def _end_or_ask(self, first: int = 0) -> None:
        """End the program, but ask about each loss first, beginning with question `first`."""
        if self._has_unsaved:
            self._tasks.start(self._save_or_ask())
            return
        session = self._session
        is_answering = any(map(session.temporary.is_temporary, self._running.conversations))
        loses_temporary = session.of(TemporaryController).would_lose_content
        questions = (
            (
                bool(session.main.of(FileReadings).ids),
                tr("Files are still being read. Quit anyway?"),
                tr("Files that haven’t been read are not attached."),
            ),
            (
                loses_temporary and not is_answering,  # else the question about answers says so
                tr("A temporary conversation is open. Quit anyway?"),
                tr("Temporary conversations are deleted when you quit."),
            ),
            *((True, *question) for ask_more in session.end_questions if (question := ask_more())),
        )
        for number, (applies, text, details) in enumerate(questions):
            if applies and number >= first:
                self._ask_to_quit(text, details, partial(self._end_or_ask, number + 1))
                return
        if self._running.conversations:
            self._ask_whether_to_stop()
        else:
            self._end()

    async def _save_or_ask(self) -> None:
        """Save what could not be saved before, as on a full disk; ask if that fails again."""
        for text in self._session.unwritten:
            await text.write_again()
        if not self._has_unsaved:
            self._end_or_ask()
        elif not self._is_asking:
            self._ask_to_quit(
                tr("Some text couldn’t be saved. Quit anyway?"),
                tr(
                    "Unsaved messages, responses, and prompts are lost. Free up disk space or "
                    "copy them first."
                ),
                self._end,
            )

    def _end(self) -> None:
        self._window.hide()
        self.ended.emit()

    def _hide(self) -> None:
        self._window.hide()
        self.hidden.emit()

    def _begin_asking(self, box: QMessageBox) -> None:
        self._is_asking = True
        box.finished.connect(lambda: setattr(self, "_is_asking", False))
        box.activateWindow()  # the tray may have asked, with the window hidden or behind others

    @property
    def _front_window(self) -> QWidget:
        """Return the window for questions; the quick prompt would cover those of the main one."""
        return QApplication.activeWindow() or self._window

    def _ask_to_quit(self, text: str, details: str, quit_now: Callable[[], None]) -> QMessageBox:
        """Ask about something that is lost at the end, and call `quit_now` if that is accepted."""
        name, label = "closing-question", tr("Quit now")
        button = ask(self._front_window, name, text, details, label=label, on_accepted=quit_now)
        box: QWidget | None = button
        while not isinstance(box, QMessageBox):
            assert box is not None
            box = box.parentWidget()
        self._begin_asking(box)
        return box

    def _ask_whether_to_stay(self) -> None:
        form = _STAY_DETAILS if self._has_tray else _STAY_WITHOUT_TRAY
        details = linked_text(form, {"keys": self._hotkey_keys})
        question = tr("Keep Repartee running in the background?")
        box = message_box(question, plain_text(details), parent=self._front_window)
        box.setObjectName("closing-question")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        set_linked_informative_text(box, details)
        keep_button = box.addButton(tr("Keep running"), box.ButtonRole.AcceptRole)
        quit_button = box.addButton(tr("Quit"), box.ButtonRole.DestructiveRole)
        box.addButton(box.StandardButton.Cancel)
        box.setDefaultButton(keep_button)
        keep_button.setObjectName("keep-running")

        keep_button.clicked.connect(lambda: self._apply_choice(OnClose.KEEP))
        quit_button.clicked.connect(lambda: self._apply_choice(OnClose.QUIT))
        box.open()
        self._begin_asking(box)

    def _apply_choice(self, choice: OnClose) -> None:
        self._tasks.start(self._values.set(ON_CLOSE, choice.value))
        if choice is OnClose.KEEP:
            self._hide()
        else:
            self._end_or_ask()

    def _ask_whether_to_stop(self) -> None:
        running_ids = self._running.conversations
        temporary_count = sum(map(self._session.temporary.is_temporary, running_ids))
        details = tr("Quitting now keeps what has arrived.")
        if temporary_count == len(running_ids):
            details = tr("Temporary conversations are deleted when you quit.")
        elif temporary_count:
            details = tr("Quitting now keeps what has arrived, except in temporary conversations.")
        box = self._ask_to_quit(tr("A response is still running. Quit anyway?"), details, self._end)

        def finish() -> None:
            self.is_finishing = True
            self._hide()
            self.end_if_nothing_shows()  # the answer may have ended meanwhile

        # Nobody could read a temporary response, or give a permission, in a hidden window.
        if temporary_count < len(running_ids) and not self._session.of(ConsentController).is_asking:
            wait_button = box.addButton(tr("Finish, then quit"), box.ButtonRole.AcceptRole)
            wait_button.clicked.connect(finish)
            box.setDefaultButton(wait_button)
            wait_button.setFocus()
