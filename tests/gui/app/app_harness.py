"""The whole program for tests: the real window and store, with scripted answers."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, cast

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton, QWidget

from desktop_app.app.window.command_palette import CommandPalette
from desktop_app.app.window.main_window import MainWindow
from desktop_app.app.window_request import HiddenRequest, OpenRequest, QuickRequest, WindowRequest
from desktop_app.app.window_session import WindowSession
from desktop_app.backend.backend import Backend
from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.composer.attachment_chips import ChipWidget
from desktop_app.composer.attachments.file_readings import FileReadings
from desktop_app.composer.prompt_editor import PromptEditor
from desktop_app.composer.prompt_text import PromptText
from desktop_app.desktop_session.session_bus import SessionBus
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    MessageStatus,
)
from desktop_app.domain.errors import StoreFullError
from desktop_app.library.list_filter import LIST
from desktop_app.library.ui.folders_controller import FoldersController
from desktop_app.library.ui.rows.conversation_model import Roles
from desktop_app.library.ui.trash import Trash
from desktop_app.paths import folders
from desktop_app.settings.startup_settings import read_startup_settings
from desktop_app.settings.values import with_defaults
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.look.theme_watcher import LookSettings, ThemeWatcher
from tests.gui.app.scripted_providers import ScriptedProviders, Turn, use_providers
from tests.helpers.transcript_views import shown_text
from tests.helpers.waiting import LONGEST_S
from tests.helpers.widgets import find, shown_widgets, timer_of

if TYPE_CHECKING:
    from desktop_app.local_model.catalog import CatalogModel

_W = TypeVar("_W", bound=QWidget)

DATA: Final = Path(__file__).parents[2] / "data"
KEYED: Final = {"OPENAI_API_KEY": "not-a-key", "COMETAPI_KEY": "not-a-key"}
OWN_SERVER: Final = ProviderProfile(
    "own", "⟦Home⟧", ProviderKind.COMPATIBLE, "http://192.168.1.5:8080/v1", needs_key=False
)
FIRST_PAUSE_S = 0.003
LONGEST_PAUSE_S = 0.03
DISK_FULL = "There is no room left on the disk."


class FillableStore(ConversationStore):
    """A store on a disk that may be full."""

    is_full = False
    refused = 0

    async def save_draft(self, conversation_id: str, draft: Draft) -> None:
        self._demand_room()
        await super().save_draft(conversation_id, draft)

    async def begin_turn(
        self, conversation: Conversation, question: Message | None, *answers: Message
    ) -> None:
        self._demand_room()
        await super().begin_turn(conversation, question, *answers)

    async def save_answer(self, answer: Message) -> None:
        self._demand_room()
        await super().save_answer(answer)

    def _demand_room(self) -> None:
        if self.is_full:
            self.refused += 1
            raise StoreFullError(DISK_FULL, details=errno.errorcode[errno.ENOSPC])


class SlowStore(FillableStore):
    """A store in which a turn waits until `release` is set."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.release = asyncio.Event()
        self.waiting = 0

    async def begin_turn(
        self, conversation: Conversation, question: Message | None, *answers: Message
    ) -> None:
        self.waiting += 1
        await self.release.wait()
        await super().begin_turn(conversation, question, *answers)


class PausableStore(FillableStore):
    """A store that can delay reads of messages and the last writes of answers.

    While `is_paused`, these wait until `release` is set.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.is_paused = False
        self.waiting = asyncio.Event()
        self.release = asyncio.Event()

    async def path(self, conversation_id: str) -> list[Message]:
        found = await super().path(conversation_id)
        await self._wait_if_paused()
        return found

    async def save_answer(self, answer: Message) -> None:
        if answer.status is not MessageStatus.STREAMING:
            await self._wait_if_paused()
        await super().save_answer(answer)

    async def _wait_if_paused(self) -> None:
        if self.is_paused:
            self.waiting.set()
            await self.release.wait()


class AppHarness:
    """One run of the program from start to end, as an async context manager.

    A start and an end take as much as most of what is tested. So what needs no fresh program
    belongs into the same test, after `new_conversation` or `start_over`. A second harness in the
    same test is a restart on the same store.

    Attributes:
        providers: the stand-in for all providers, the source of the answers.
        disk: the storage of conversations.
    """

    def __init__(
        self,
        providers: ScriptedProviders | None = None,
        *,
        request: WindowRequest | None = None,
        has_real_providers: bool = False,
        disk: type[FillableStore] = FillableStore,
        environment: dict[str, str] | None = None,
        bus: SessionBus | None = None,
        is_resident: bool = False,
        catalog: tuple[CatalogModel, ...] | None = None,
    ) -> None:
        self.providers = providers or ScriptedProviders()
        self._request = request or OpenRequest()
        self._has_real_providers = has_real_providers
        self._disk_class = disk
        self._bus = bus or SessionBus()
        self._is_resident = is_resident
        self._catalog = catalog
        self._environment = environment or {}
        self._handlers = list(logging.getLogger().handlers)

    # ------------------------------------------------------------------ start and end

    async def __aenter__(self) -> Self:
        app = cast(QApplication, QApplication.instance())
        stored = read_startup_settings(folders().database)
        look = LookSettings.from_values(with_defaults({"look.theme": "light"} | stored))
        self.theme = ThemeWatcher(app, look)
        self.window = MainWindow(self.theme, PromptEditor())
        self.window.restore_state(stored.get("window.state", {}))
        self.before_ready()
        if not hasattr(self.window, "transcript"):
            self.window.set_transcript(TranscriptView(self.theme.current))
        self.backend = self._build_backend()
        await self.backend.database.open()
        self.session = WindowSession(
            self.window,
            self.theme,
            self.backend,
            asyncio.get_running_loop(),
            is_resident=self._is_resident,
        )
        self.controllers = self.state = self.session
        await self.session.start(self._request)
        self.session.connect_desktop(self._bus)
        self.window.activateWindow()
        return self

    def before_ready(self) -> None:
        """Show the window, before the store is opened."""
        if not isinstance(self._request, QuickRequest | HiddenRequest):
            self.window.show()

    def _build_backend(self) -> Backend:
        backend = Backend(environment=self._environment)
        if self._catalog is not None:
            store = backend.part("model_store")
            assert store is not None
            store.catalog = self._catalog
        self.disk = self._disk_class(backend.temporary)
        backend.conversations = self.disk
        if not self._has_real_providers:
            use_providers(backend, self.providers)
        return backend

    async def __aexit__(self, *_: object) -> None:
        await self.close()
        for handler in logging.getLogger().handlers[:]:
            if handler not in self._handlers:
                logging.getLogger().removeHandler(handler)
                handler.close()
        self.theme.set_look(LookSettings("light"))
        self.window.deleteLater()
        self.theme.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    async def close(self) -> None:
        """Close the window as a user does, and wait for the program's end."""
        self.window.close()
        self.session.shutdown.begin()
        await self.session.shutdown.wait()

    # ------------------------------------------------------------------ user actions

    @property
    def text(self) -> PromptText:
        return find(self.window, PromptText, "prompt")

    def type(self, text: str) -> None:
        """Type into the prompt."""
        self.text.setFocus()
        QTest.keyClicks(self.text, text)

    def press(
        self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        """Press a key in the open popup or the focused widget."""
        target = QApplication.activePopupWidget() or QApplication.focusWidget()
        QTest.keyClick(target or self.window, key, modifiers)

    def enter(self) -> None:
        """Press Enter in the prompt."""
        QTest.keyClick(self.text, Qt.Key.Key_Return)

    async def search(self, words: str) -> CommandPalette:
        """Search messages for these words, and return the palette with what was found."""
        self.session.actions["list.search"].trigger()
        palette = find(self.window, CommandPalette, "command-palette")
        palette.field.setText(words)
        await until(lambda: palette.model.rowCount())
        return palette

    async def ask(self, text: str) -> Turn:
        """Ask, and wait until the provider has the question."""
        before = len(self.providers.turns)
        self.type(text)
        self.enter()
        await until(lambda: len(self.providers.turns) > before)
        return self.providers.turns[-1]

    async def turn(self, number: int) -> Turn:
        """Wait for a request to the provider, counted from 0, and return it."""
        await until(lambda: len(self.providers.turns) > number)
        return self.providers.turns[number]

    async def ask_and_answer(self, question: str, answer: str) -> str:
        """Run a whole turn and return the conversation's id."""
        turn = await self.ask(question)
        turn.end(answer)
        await self.settled()
        return self.open_id

    def click(self, name: str) -> None:
        """Press a button by its name."""
        button = next(
            b for kind in (QToolButton, QPushButton) for b in self.window.findChildren(kind, name)
        )
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def open_row(self, conversation_id: str) -> None:
        """Choose a conversation in the list."""
        self.window.conversations.open_requested.emit(conversation_id)

    def new_conversation(self) -> None:
        """Open a blank conversation; running answers continue."""
        self.window.conversations.new_requested.emit()

    async def start_over(self) -> None:
        """Delete all conversations and folders, and forget what was said, asked and typed."""
        self.window.pane.close_page()
        self.window.outer_panes.show_settings(False)
        self.window.conversations.show_filter(LIST)
        self.text.clear()
        self.new_conversation()
        await self.written()
        for folder_id in list(self.session.folders.by_id):
            self.session.of(FoldersController).delete(folder_id)
        await self.written()
        stored = [id_ for (id_,) in self.stored("SELECT id FROM conversations")]
        self.session.of(Trash).delete(stored)
        await self.settled()
        await self.session.of(Trash).erase(stored)
        while self.said:
            self.window.notifications.dismiss()
        self.providers.turns.clear()
        self.providers.compacted.clear()
        self.window.activateWindow()
        self.window.prompt.focus_text()

    async def open_conversation(self, conversation_id: str) -> None:
        """Choose a conversation in the list, and wait until it is open."""
        self.open_row(conversation_id)
        await until(lambda: self.open_id == conversation_id)

    def act(self, action: str, at: int = -1) -> None:
        """Run an action of a message, by default of the last one."""
        message = self.state.current.path[at]
        self.window.transcript.action_requested.emit(message.id, action)

    @property
    def offered_actions(self) -> list[str]:
        """Return the labels of the notification's buttons."""
        return [b.text() for b in self.window.notifications.findChildren(QPushButton)]

    def press_action(self, label: str) -> None:
        """Press a button of the notification by its label."""
        buttons = self.window.notifications.findChildren(QPushButton)
        button = [b for b in buttons if b.text() == label][-1]  # earlier ones are being deleted
        button.click()

    # ------------------------------------------------------------------ visible state

    @property
    def open_id(self) -> str:
        return self.state.current.id

    @property
    def transcript(self) -> str:
        self.window.transcript.stream.flush()
        return shown_text(self.window.transcript)

    @property
    def version(self) -> str:
        """Return "2/3" as beside the last message that has other versions, else ""."""
        for message in reversed(self.state.current.path):
            self.window.transcript.show_actions_of(message.id)
            label = self.window.transcript.findChild(QToolButton, "message-version")
            assert label is not None
            if not label.isHidden():
                return label.text()
        return ""

    @property
    def said(self) -> str:
        """Return the visible notification, or "" if there is none."""
        card = self.window.notifications
        return f"{card.status.text()} {card.details.text()}".strip() if card.isVisible() else ""

    @property
    def rows(self) -> list[str]:
        """Return the titles in the list."""
        model = self.window.conversations.model
        indexes = [model.index(row) for row in range(model.rowCount())]
        return [i.data() for i in indexes if not i.data(Roles.IS_HEADING)]

    def is_marked_as_streaming(self, conversation_id: str) -> bool:
        index = self.window.conversations.model.index_of(conversation_id)
        return bool(index.data(Roles.STREAMING))

    @property
    def chips(self) -> list[str]:
        """Return the names and details of the attachments."""
        return [chip.accessibleName() for chip in self.chip_widgets]

    @property
    def chip_widgets(self) -> list[ChipWidget]:
        """Return the visible chips; removed chips exist until the event loop deletes them."""
        found = self.window.prompt.findChildren(ChipWidget)
        return [chip for chip in found if chip.isVisibleTo(self.window)]

    @property
    def is_reading(self) -> bool:
        """Return True if files are still being read."""
        return bool(self.controllers.main.of(FileReadings).ids)

    def is_shown(self, name: str) -> bool:
        """Return True if a control of the prompt is visible."""
        return find(self.window.prompt, QToolButton, name).isVisible()

    @property
    def estimate(self) -> str:
        return self.window.prompt.row.estimate.text

    @property
    def estimate_tooltip(self) -> str:
        """Return the parts of the estimate."""
        return self.window.prompt.row.estimate.tooltip

    @property
    def hint(self) -> str:
        return find(self.window.prompt, QLabel, "hint").text()

    # ------------------------------------------------------------------ the store's view

    def stored(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return rows as another process reads them from the store's file."""
        uri = f"file:{folders().database}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            return connection.execute(sql, values).fetchall()

    def messages(self) -> list[tuple[str, str, str]]:
        """Return the (role, status, text) of all messages in the store, oldest first."""
        rows = self.stored("SELECT role, status, parts FROM messages ORDER BY created_at, rowid")
        return [(role, status, _text(parts)) for role, status, parts in rows]

    def setting(self, key: str) -> Any:
        rows = self.stored("SELECT value FROM settings WHERE key = ?", key)
        return json.loads(rows[0][0]) if rows else None

    def draft_of(self, conversation_id: str) -> str:
        """Return the text of a conversation's draft in the store."""
        rows = self.stored("SELECT draft FROM conversations WHERE id = ?", conversation_id)
        return str(json.loads(rows[0][0])["text"]) if rows and rows[0][0] else ""

    async def settled(self) -> None:
        """Wait until no answer is running and every write is done.

        Both must hold at the same moment, because a pending write may start an answer.
        """
        await until(lambda: self._is_written() and not self.controllers.running.conversations)

    async def written(self) -> None:
        """Wait until all work except running answers is done, after saving the draft."""
        await until(self._is_written)

    def _is_written(self) -> bool:
        for draft in self.controllers.drafts.prompts:
            if timer_of(draft).isActive():
                draft.save()
        answers = {run.task for run in self.controllers.running._runs.values()}
        return not self.controllers.tasks._running - answers


def _text(parts: str) -> str:
    return "".join(part.get("text", "") for part in json.loads(parts) if part["kind"] == "text")


async def until(condition: Callable[[], object]) -> None:
    """Turn the loop until `condition` holds."""
    pause_s = FIRST_PAUSE_S
    async with asyncio.timeout(LONGEST_S):
        while not condition():
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.25, LONGEST_PAUSE_S)


async def dialog_of(kind: type[_W]) -> _W:
    """Return the dialog of a class, once it is visible."""
    found: list[_W] = []

    def is_there() -> bool:
        windows = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
        found[:] = [w for window in windows for w in shown_widgets(window) if isinstance(w, kind)]
        return bool(found)

    await until(is_there)
    return found[0]
