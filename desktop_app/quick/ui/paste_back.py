"""Pasting the quick prompt's answer into the window of another program.

On X11 this process types Paste itself. Under Wayland the desktop's portal types it, if the portal
grants a keyboard. The portal always types Ctrl+V, because no program can see which window has the
focus.
"""

from __future__ import annotations

import asyncio
from typing import Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox

from desktop_app.app.pasting import FOCUS_CHANGE_S, can_type, granted_keyboard, paste_on_x11
from desktop_app.app.session import Session
from desktop_app.desktop_session.portal.portal_requests import PortalRefusedError
from desktop_app.desktop_session.session_bus import BusError
from desktop_app.i18n.translation import tr
from desktop_app.quick.core import PASTE_BACK, PasteBackChoice
from desktop_app.quick.ui.quick_prompt import QuickPrompt
from desktop_app.widgets.text.foreign_text import message_box

_TOPIC: Final = "paste"
_RELEASE_TIMEOUT_S: Final = 5.0
_POLL_INTERVAL_S: Final = 0.02
FETCH_S: Final = 2.0
"""Time for the other program to fetch the clipboard, which this process provides."""


class PasteBack(QObject):
    """Paste command, which copies the answer, hides the quick prompt, and types Paste.

    The answer stays on the clipboard. If the earlier content were restored, a slow program would
    paste that instead.
    """

    def __init__(self, session: Session, quick: QuickPrompt) -> None:
        super().__init__(quick)
        self._session = session
        self._quick = quick
        self._values = session.values
        self._tasks = session.tasks
        self._question: QMessageBox | None = None
        self._is_typing = False
        self._fetch_count = 0
        quick.hidden.connect(lambda: quick.notifications.dismiss_topic(_TOPIC))

    @property
    def is_pasting(self) -> bool:
        """Return True while the other program still needs this process."""
        return self._is_typing or self._fetch_count > 0

    def begin(self) -> None:
        """Paste the selected part of the answer, or all of it, as the setting says."""
        is_asking = self._is_typing or self._question is not None
        if is_asking or not self._quick.copy_selection_or_answer():
            return
        choice = self._values[PASTE_BACK]
        if choice == PasteBackChoice.COPY:
            self._quick.show_status(tr("Copied"))
        elif not can_type():
            self._is_typing = True
            self._tasks.start(self._paste_by_portal())  # the desktop asks the user
        elif choice == PasteBackChoice.ASK:
            self._ask()
        else:
            self._tasks.start(self._paste())

    def _ask(self) -> None:
        """Ask if the answer is to be pasted or only copied, and store the reply."""
        box = self._question = message_box(
            tr("Paste into the other window?"),
            tr(
                "Repartee closes the quick prompt and types Ctrl+V, or Shift+Insert in a terminal, "
                "into the window behind it. You can change this in the settings."
            ),
            parent=self._quick,
        )
        box.setObjectName("confirm-paste")
        paste_button = box.addButton(tr("Paste"), box.ButtonRole.AcceptRole)
        copy_button = box.addButton(tr("Only copy"), box.ButtonRole.RejectRole)
        box.addButton(box.StandardButton.Cancel)
        box.setDefaultButton(paste_button)

        def on_answered() -> None:
            self._question = None
            if box.clickedButton() is paste_button:
                self._store_choice(PasteBackChoice.PASTE)
                self._tasks.start(self._paste())
            elif box.clickedButton() is copy_button:
                self._store_choice(PasteBackChoice.COPY)
                self._quick.show_status(tr("Copied"))
            box.deleteLater()

        box.finished.connect(lambda _result: on_answered())
        box.open()

    def _store_choice(self, choice: PasteBackChoice) -> None:
        self._tasks.start(self._values.set(PASTE_BACK, choice.value))

    async def _paste(self) -> None:
        """Type Paste with X11 into the window that gets the focus."""
        self._is_typing = True
        window = int(self._quick.winId())
        self._quick.hide()
        try:
            if not await paste_on_x11(window):
                self._show_failure()
        finally:
            self._is_typing = False
        await self._wait_for_fetching()

    async def _paste_by_portal(self) -> None:
        """Type Paste by the desktop's portal; only copy if it refuses."""
        try:
            async with granted_keyboard(self._session) as keyboard:
                if keyboard is None:
                    message = tr("Copied. This desktop doesn’t let programs paste for you.")
                    self._quick.show_status(message)
                    return
                if self._values[PASTE_BACK] == PasteBackChoice.ASK:
                    self._store_choice(PasteBackChoice.PASTE)
                await self._release_focus()
                await keyboard.type_paste()
        except PortalRefusedError as error:
            if error.is_by_user:
                self._store_choice(PasteBackChoice.COPY)
            self._quick.show_status(tr("Copied"))
            return
        except BusError:
            self._show_failure()
            return
        finally:
            self._is_typing = False
        await self._wait_for_fetching()

    async def _release_focus(self) -> None:
        """Hide the quick prompt once no modifier is held: it would change Ctrl+V.

        Raises:
            BusError: a key stays held.
        """

        def is_held() -> bool:
            has_modifiers = (
                QGuiApplication.queryKeyboardModifiers() != Qt.KeyboardModifier.NoModifier
            )
            # Qt sees modifiers only while one of its windows has the focus.
            return self._quick.isActiveWindow() and has_modifiers

        try:
            async with asyncio.timeout(_RELEASE_TIMEOUT_S):
                while is_held():  # noqa: ASYNC110 — nothing tells when the last one is released
                    await asyncio.sleep(_POLL_INTERVAL_S)
        except TimeoutError as error:
            raise BusError("a key is held") from error
        self._quick.hide()
        await asyncio.sleep(FOCUS_CHANGE_S)

    def _show_failure(self) -> None:
        self._quick.show_again()
        message = tr(
            "Nothing was pasted, because the other window didn’t take the focus. "
            "The response is on the clipboard."
        )
        self._quick.notifications.notify(message, topic=_TOPIC, stays=True)

    async def _wait_for_fetching(self) -> None:
        self._fetch_count += 1
        try:
            await asyncio.sleep(FETCH_S)
        finally:
            self._fetch_count -= 1
            self._session.events.quick_hidden.emit()
