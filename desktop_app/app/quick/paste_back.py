"""Pastes the quick prompt's answer into the window of another program."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from desktop_app.hotkey.hotkey_check import is_x11
from desktop_app.i18n.translation import tr
from desktop_app.settings.schema import PASTE_BACK, PasteBackChoice
from desktop_app.ui.widgets.foreign_text import message_box

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMessageBox

    from desktop_app.app.state.setting_values import SettingValues
    from desktop_app.app.tasks import Tasks
    from desktop_app.hotkey.x11_paste import PasteTarget
    from desktop_app.ui.quick.quick_prompt import QuickPrompt

FETCH_S: Final = 2.0
"""Time for the other program to fetch the clipboard, which ends with this process."""


class PasteBack(QObject):
    """Copies the answer, hides the quick prompt, and types the other program's Paste.

    The answer stays on the clipboard: who fetches it, and when, cannot be known, so that the
    earlier content could be pasted instead.

    Signals:
        ended(): the other program has the text, or the quick prompt is visible again.
    """

    ended = Signal()

    def __init__(self, quick: QuickPrompt, *, values: SettingValues, tasks: Tasks) -> None:
        super().__init__(quick)
        self._quick, self._values, self._tasks = quick, values, tasks
        self._question: QMessageBox | None = None
        self._is_typing = False
        self._fetching = 0
        # Under Wayland, X types into X programs only.
        self._is_possible = QGuiApplication.platformName() == "xcb" and is_x11(os.environ)
        quick.paste_requested.connect(self._begin)

    @property
    def is_pasting(self) -> bool:
        """True until `ended`: the other program still needs this process."""
        return self._is_typing or self._fetching > 0

    def _begin(self) -> None:
        if self._is_typing or self._question is not None or not self._quick.copy_shown():
            return
        choice = self._values[PASTE_BACK]
        if not self._is_possible:
            self._quick.set_status(tr("Copied. This desktop doesn’t let programs paste for you."))
        elif choice == PasteBackChoice.COPY:
            self._quick.set_status(tr("Copied"))
        elif choice == PasteBackChoice.ASK:
            self._ask()
        else:
            self._tasks.start(self._paste())

    def _ask(self) -> None:
        box = self._question = message_box(
            tr("Paste into the other window?"),
            tr(
                "Repartee closes the quick prompt and types Ctrl+V, or Shift+Insert in a terminal, "
                "into the window behind it. You can change this in the settings.",
            ),
            parent=self._quick,
        )
        box.setObjectName("confirm-paste")
        paste = box.addButton(tr("Paste"), box.ButtonRole.AcceptRole)
        copy = box.addButton(tr("Only copy"), box.ButtonRole.RejectRole)
        box.addButton(box.StandardButton.Cancel)
        box.setDefaultButton(paste)

        def answered() -> None:
            self._question = None
            if box.clickedButton() is paste:
                self._keep(PasteBackChoice.PASTE)
                self._tasks.start(self._paste())
            elif box.clickedButton() is copy:
                self._keep(PasteBackChoice.COPY)
                self._quick.set_status(tr("Copied"))
            box.deleteLater()

        box.finished.connect(lambda _result: answered())
        box.open()

    def _keep(self, choice: PasteBackChoice) -> None:
        self._tasks.start(self._values.set(PASTE_BACK, choice.value))

    async def _paste(self) -> None:
        from desktop_app.hotkey.x11_paste import PasteError, type_paste, wait_for_target

        self._is_typing = True
        window = int(self._quick.winId())
        self._quick.hide()
        try:
            target = await asyncio.to_thread(wait_for_target, window)
            self._select_for(target)
            await asyncio.to_thread(type_paste, target)
        except PasteError:
            self._quick.show_again()
            self._quick.set_problem(
                tr(
                    "Nothing was pasted, because the other window didn’t take the focus. "
                    "The response is on the clipboard."
                )
            )
        finally:
            self._is_typing = False
        self._fetching += 1
        try:
            await asyncio.sleep(FETCH_S)
        finally:
            self._fetching -= 1
            self.ended.emit()

    @staticmethod
    def _select_for(target: PasteTarget) -> None:
        """Give a terminal the text as the primary selection; editors would drop theirs."""
        if target.is_terminal:
            clipboard = QGuiApplication.clipboard()
            clipboard.setText(clipboard.text(), clipboard.Mode.Selection)
