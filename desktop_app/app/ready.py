"""The window come to life: controllers, shortcuts, requests of later starts, and a clean end."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer

from desktop_app.app.attaching import LARGE_PASTE
from desktop_app.app.attachments_controller import AttachmentsController
from desktop_app.app.batch_controller import BatchController
from desktop_app.app.branching import Branching
from desktop_app.app.chat_controller import STORE, ChatController
from desktop_app.app.choosing import HeldInDraft
from desktop_app.app.collections_controller import CollectionsController
from desktop_app.app.compaction_controller import CompactionController
from desktop_app.app.desktop.call_server import CallServer
from desktop_app.app.folders_controller import FoldersController
from desktop_app.app.given_controller import GivenController
from desktop_app.app.housekeeping import Housekeeping
from desktop_app.app.library_controller import LibraryController
from desktop_app.app.library_places import LibraryPlaces
from desktop_app.app.month_foot import MonthFoot
from desktop_app.app.others_writes import OthersWrites
from desktop_app.app.palette import PALETTE, Palette
from desktop_app.app.paper_controller import PaperController
from desktop_app.app.parts_controller import PartsController
from desktop_app.app.passwords import Passwords, Unlocking
from desktop_app.app.picked_up_runs import pick_up_runs
from desktop_app.app.pictures_controller import PicturesController
from desktop_app.app.presets_controller import PresetsController
from desktop_app.app.preview_controller import PreviewController
from desktop_app.app.private_controller import PrivateController
from desktop_app.app.prompt_controller import PromptController
from desktop_app.app.prompts_controller import PromptsController
from desktop_app.app.running_answers import RunningAnswers
from desktop_app.app.search_controller import SearchController
from desktop_app.app.settings_controller import SettingsController
from desktop_app.app.shortcuts import Shortcuts
from desktop_app.app.spending_controller import SpendingController
from desktop_app.app.tasks import Tasks
from desktop_app.app.title_controller import TitleController
from desktop_app.app.trash import Trash
from desktop_app.app.viewer_controller import ViewerController
from desktop_app.app.workspace import Workspace
from desktop_app.commands.keymap import Keymap
from desktop_app.domain.chat_request import ProviderKind
from desktop_app.domain.conversation import Draft
from desktop_app.domain.errors import StorageError, StoreDamagedError, UserFacingError
from desktop_app.domain.model_catalog import Variant
from desktop_app.domain.place import ARCHIVE, LIST, TRASH, Place
from desktop_app.headless.backend import use_limits, use_weights
from desktop_app.headless.log import start_log
from desktop_app.paths import child_command
from desktop_app.ui.dropped import Given
from desktop_app.ui.main_window import MainWindow
from desktop_app.ui.theme import ThemeWatcher
from desktop_app.ui.transcript.typesetter import Typesetter
from desktop_app.ui.transcript.view import TranscriptView

if TYPE_CHECKING:
    from desktop_app.app.closed_store import ClosedWork
    from desktop_app.app.quick_prompt_controller import QuickPromptController
    from desktop_app.headless.backend import Backend

log = logging.getLogger(__name__)

WINDOW_STATE_KEY = "window.state"
QUICK_PROMPT_MS = 1000  # after the start
BATCHES_MS = 1500  # after the start


class ReadyWindow(QObject):
    """Everything that answers, wired to the widgets.

    Attributes:
        afterwards: what is to be done with the closed store before the program starts again.
    """

    def __init__(
        self,
        window: MainWindow,
        theme: ThemeWatcher,
        backend: Backend,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(window)
        start_log(backend.folders.logs)
        # qasync would start ten threads of its own; what blocks here is short and rare.
        loop.set_default_executor(ThreadPoolExecutor(4, "work"))
        loop.set_exception_handler(self._on_defect)
        self._window, self._theme, self._backend = window, theme, backend
        self._closed: asyncio.Future[None] = loop.create_future()
        self._ending: asyncio.Task[None] | None = None
        self.afterwards: ClosedWork | None = None
        self.tasks = Tasks(self._show_error)
        self.workspace = Workspace(backend, self.tasks, window)
        backend = self._backend = self.workspace.backend  # with the private conversations
        self.running = RunningAnswers(self.tasks, backend.conversations, window)
        self.library = LibraryController(window, self.workspace, self.running)
        self.search = SearchController(window, self.workspace, self.library)
        self.trash = Trash(window, self.workspace, self.running, self.library)
        self.housekeeping = Housekeeping(self.workspace, self.trash, window)
        self.conversation_folders = FoldersController(window, theme, self.workspace, self.library)
        self.private = PrivateController(window, theme, self.workspace, self.running, self.library)
        self.branching = Branching(window, self.workspace, self.running, self.library)
        self.others = OthersWrites(backend.database, self.tasks, window)
        MonthFoot(window, self.workspace)
        self.prompt = PromptController(window, self.workspace)
        self.pictures = PicturesController(self.workspace, window.transcript)
        self.prompts = PromptsController(window, theme, self.workspace)
        self.passwords = Passwords(window, lambda: theme.current)
        self.attachments = AttachmentsController(
            window, self.workspace, self.pictures, self.prompts, self.passwords
        )
        self.previews = PreviewController(
            window,
            window.prompt,
            HeldInDraft(self.workspace, window),
            theme,
            self.workspace,
            self.pictures,
            window.notifications.notify,
        )
        self.given = GivenController(window, self.workspace, self.library, self.attachments)
        self.presets = PresetsController(
            window, self.workspace, self.prompt, lambda: self.prompts.manage("presets")
        )
        self.chat = ChatController(window, self.workspace, self.running, self.library, self.prompt)
        self.viewer = ViewerController(window, theme, self.workspace)
        self.collections = CollectionsController(
            window, theme, self.workspace, self.attachments, self.viewer
        )
        self.compaction = CompactionController(window, self.workspace, self.running, theme)
        self.titles = TitleController(self.workspace, self.running, self.library)
        self.chat.before_asking = self.compaction.before_asking
        self.parts = PartsController(window, self.workspace, self.chat)
        unlocking = Unlocking(window, self.workspace, self.passwords)
        self.chat.ways_out = lambda error: [
            *unlocking.ways_out(error),
            *self.parts.ways_out(error),
            *self.collections.ways_out(error),
            *self.compaction.ways_out(error),
        ]
        self.chat.cancel_first = self.compaction.cancel
        self.settings = SettingsController(window, self.workspace, self._on_value)
        self.places = LibraryPlaces(
            window, theme, self.workspace, self.end_for, self.library.refresh
        )
        self.spending = SpendingController(window, theme, self.workspace, self._name_of_model)
        self.paper = PaperController(window, self.workspace)
        self.batches = BatchController(
            window, theme, self.workspace, self.library, self.prompts, self.attachments
        )
        self._typesetter = Typesetter(child_command("maths"), window)
        self._quick: QuickPromptController | None = None
        self._calls = CallServer(backend.folders.socket, self.serve)
        actions = self._actions()
        self._palette = Palette(window, theme, self.workspace, actions)
        self._shortcuts = Shortcuts(window, actions)
        window.transcript.command_requested.connect(lambda command: actions[command]())
        window.prompt.command_requested.connect(lambda command: actions[command]())
        self._connect()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.quit)

    @property
    def quick(self) -> QuickPromptController:
        """The quick prompt; made a moment after the start, so that a key press finds it there."""
        if self._quick is None:
            self._quick = self._build_quick()
        return self._quick

    def _build_quick(self) -> QuickPromptController:
        # Imported here: not a part of the start.
        from desktop_app.app.quick_prompt_controller import QuickPromptController
        from desktop_app.ui.quick_prompt import QuickPrompt

        theme = self._theme.current
        transcript = TranscriptView(theme, is_brief=True)
        transcript.typeset_with(self._typesetter)
        quick_window = QuickPrompt(theme, transcript)
        quick = QuickPromptController(
            quick_window,
            self.workspace,
            self.running,
            self.pictures,
            self._go_on_in_window,
            self.given.text_of,
        )
        self.prompts.serve(quick_window.slash, quick.fill_in)
        quick.kept.connect(self.library.kept)
        shared = (self._theme, self.workspace, self.pictures, quick_window.set_status)
        PreviewController(quick_window, quick_window, quick.attachments, *shared)
        quick_window.hidden.connect(self._end_if_nothing_shows)
        self.running.finished.connect(self._end_if_nothing_shows)
        self._quick_shortcuts = Shortcuts(quick_window, {"app.quit": self.quit})
        keymap = Keymap.from_settings(self.workspace.values)
        quick_window.set_keymap(keymap)
        self._quick_shortcuts.bind(keymap)
        self._theme.changed.connect(quick_window.set_theme)
        return quick

    def _connect(self) -> None:
        window = self._window
        window.closing.connect(self._window_closed)
        window.escaped.connect(self._shortcuts.escape)
        window.first_start.add_key_requested.connect(self.settings.open_at_key)
        self.chat.cap_wanted.connect(self.settings.open_at_cap)
        self.settings.key_kept.connect(self.running.look_again)
        window.first_start.example_chosen.connect(self.prompts.begin_example)
        self.prompts.dialog_made.connect(self.presets.join)
        self.prompts.imported.connect(lambda: self.tasks.start(self.presets.load()))
        window.transcript.set_model_names(self._name_of_model)
        window.transcript.typeset_with(self._typesetter)
        window.transcript.action_requested.connect(
            lambda _id, action: self.settings.open_at_key() if action == "add-key" else None
        )
        workspace = self.workspace
        for changed in (workspace.opened, workspace.path_changed, workspace.choice_changed):
            changed.connect(self._show_key_line)
        self.others.happened.connect(lambda: self.tasks.start(self.presets.refresh()))
        self.others.happened.connect(lambda: self.tasks.start(self.library.refresh()))
        self.others.happened.connect(self.batches.look)

    def _name_of_model(self, model_id: str) -> str:
        """A model's name in the catalogue; a GGUF file's, where it is the person's own."""
        if model_id.endswith(".gguf"):
            return Path(model_id).stem
        return self._backend.catalog.info(model_id).name

    # -------------------------------------------------------------- start

    async def start(self, request: dict[str, Any]) -> None:
        """Load what the window shows, and do what this start was asked to do."""
        use_weights(self._backend, await self._backend.settings.all())
        await self.workspace.load()
        use_limits(self._backend, self.workspace.values)
        await self.presets.load()
        self.tasks.start(self.prompts.load())
        await pick_up_runs(self.workspace, self.running)
        await self.library.load()
        await self.others.watch()
        self._bind_keys()
        self._window.transcript.wrap_code(bool(self.workspace.values["look.code_wrap"]))
        self.settings.show_values()
        self.given.start()
        self._window.prompt.focus_text()
        await self.places.start()
        self.serve(request)
        try:
            await self._calls.start()
        except StorageError as error:
            self._show_error(error)
        QTimer.singleShot(QUICK_PROMPT_MS, self, lambda: self.quick)
        QTimer.singleShot(BATCHES_MS, self, lambda: self.tasks.start(self.batches.pick_up()))
        self.housekeeping.start()

    def serve(self, request: dict[str, Any]) -> None:
        """Do what this or a later start asks for."""
        if request.get("command") == "quick":
            self.quick.open_with(str(request.get("text", "")))
            return
        self._raise_window()
        files = [Path(name) for name in request.get("files", ())]
        if files or request.get("text"):
            self.library.open_here()
            self._window.prompt.take(Given(tuple(files), text=str(request.get("text", ""))))

    def _raise_window(self) -> None:
        self._window.show()
        self._window.raise_()
        self._window.activateWindow()

    def _show_key_line(self) -> None:
        on_device = self.workspace.profile.kind is ProviderKind.ON_DEVICE
        text = (
            "Answering with SmolLM2, a small model on this computer: good for a try, not for work."
        )
        is_empty = not self.workspace.path
        self._window.first_start.set_key_line(on_device and is_empty, text)
        self._window.prompt.show_hint(not is_empty)

    # -------------------------------------------------------------- keys

    def _actions(self) -> Mapping[str, Any]:
        window, library = self._window, self.library
        return {
            "conversation.new": library.open_here,
            "conversation.rename": window.rename,
            "conversation.pin": library.pin_chosen,
            "conversation.branch": self.branching.branch_last,
            "conversation.move": self.conversation_folders.offer,
            "conversation.archive": self.trash.archive_chosen,
            "conversation.private": self.private.open,
            "conversation.delete": self._delete_chosen,
            "folder.new": self.conversation_folders.create,
            "folder.settings": self.conversation_folders.show_settings,
            "list.all": lambda: self._show_place(LIST),
            "list.archive": lambda: self._show_place(ARCHIVE),
            "list.trash": lambda: self._show_place(TRASH),
            "trash.empty": self.trash.offer_to_empty,
            "conversation.compact": self.compaction.offer,
            "conversation.uncompact": self.compaction.undo,
            "conversation.show-sent": self.compaction.show_sent,
            "conversation.export": self.paper.export,
            "conversation.print": self.paper.print_,
            "list.search": window.search,
            "list.next": lambda: library.open_neighbour(+1),
            "list.previous": lambda: library.open_neighbour(-1),
            "list.toggle": window.toggle_list,
            "prompt.focus": window.prompt.focus_text,
            "prompt.attach": window.prompt.choose_files,
            "prompt.attach-folder": window.prompt.choose_folder,
            "prompt.paste-plain": window.prompt.paste_plain,
            "prompt.as-text": self.attachments.turn_back,
            "prompt.stop": self.chat.step_back,
            "attachment.preview": self.previews.show_any,
            "attachment.choose-pages": self.previews.choose_any,
            "collections.ask": self.collections.ask,
            "collections.show": self.collections.show,
            "prompts.insert": self.prompts.insert,
            "prompts.manage": self.prompts.manage,
            "presets.use": self.presets.choose,
            "presets.save": self.presets.save_here,
            "presets.manage": lambda: self.prompts.manage("presets"),
            "variant.instant": lambda: self.prompt.choose_variant(Variant.INSTANT),
            "variant.thinking": lambda: self.prompt.choose_variant(Variant.THINKING),
            "variant.pro": lambda: self.prompt.choose_variant(Variant.PRO),
            "effort.more": lambda: self.prompt.step_effort(+1),
            "effort.less": lambda: self.prompt.step_effort(-1),
            "prompt.background": self.prompt.toggle_background,
            "find.open": window.transcript.find_in_it.open,
            "find.next": lambda: window.transcript.find_in_it.step(+1),
            "find.previous": lambda: window.transcript.find_in_it.step(-1),
            "answer.copy": window.transcript.copy_last_answer,
            "answer.copy-code": window.transcript.copy_code,
            "conversation.copy": self.paper.copy,
            "answer.retry": self.chat.retry_last,
            "answer.continue": self.chat.continue_last,
            "answer.older-version": lambda: self.chat.switch_last_version(-1),
            "answer.newer-version": lambda: self.chat.switch_last_version(+1),
            "question.edit": lambda: self.chat.act_on_last("edit"),
            "view.larger": lambda: self._resize_text(+10),
            "view.smaller": lambda: self._resize_text(-10),
            "view.normal": lambda: self._resize_text(0),
            "settings.toggle": window.toggle_settings,
            "spending.show": self.spending.show,
            "batch.new": self.batches.begin,
            "batch.show": self.batches.show,
            "library.show": self.places.show,
            "library.import": self.places.transfer.choose_import,
            PALETTE: lambda: self._palette.toggle(),
            "quick.open": lambda: self.quick.open_with(""),
            "app.quit": self.quit,
        }

    def _delete_chosen(self) -> None:
        if self.workspace.is_private and not self._window.conversations.marked:
            self.private.close_open()
        else:
            self.trash.delete_chosen()

    def _show_place(self, place: Place) -> None:
        self._window.show_list()
        self.tasks.start(self.library.shelf.go(place))

    def _bind_keys(self) -> None:
        keymap = Keymap.from_settings(self.workspace.values)
        self._shortcuts.bind(keymap)
        self._window.prompt.set_keymap(keymap)
        if self._quick is not None:
            self._quick.set_keymap(keymap)
            self._quick_shortcuts.bind(keymap)
        self._window.conversations.set_shortcuts(
            keymap.shortcut_of("list.search"), keymap.shortcut_of("conversation.new")
        )

    # -------------------------------------------------------------- settings in force

    def _on_value(self, key: str) -> None:
        values = self.workspace.values
        if key == "look.theme":
            self._theme.set_mode(values[key])  # type: ignore[arg-type]
        elif key == "look.text_size":
            self._theme.set_text_size(int(values[key] or 100))
        elif key == "look.code_wrap":
            self._window.transcript.wrap_code(bool(values[key]))
        elif key.startswith("keys."):
            self._bind_keys()
        elif key.startswith("documents."):
            use_limits(self._backend, values)

    def _resize_text(self, step: int) -> None:
        # From what is shown: the setting may be still on its way to the disk.
        size = 100 if step == 0 else round(self._theme.current.scale * 100) + step
        if 80 <= size <= 200:
            self._theme.set_text_size(size)
            self.tasks.start(self.workspace.set_value("look.text_size", size))

    # -------------------------------------------------------------- quick prompt

    async def _go_on_in_window(
        self, conversation_id: str, action: str, typed: Draft, brought: str
    ) -> None:
        self._raise_window()
        if conversation_id:
            await self.library.open(conversation_id)
            if typed.text:
                gap = "\n\n" if self._window.prompt.text() else ""
                self._window.prompt.begin_with(typed.text + gap)
        elif typed or brought:
            self._take_along(typed.text, brought)
        if typed.attachments:
            draft = self.workspace.draft
            attachments = tuple(dict.fromkeys((*draft.attachments, *typed.attachments)))
            self.workspace.draft = replace(draft, attachments=attachments)
            self.workspace.draft_changed.emit()
        if action == "add-key":
            self.settings.open_at_key()
        elif action == "raise-cap":
            self.settings.open_at_cap(self.workspace.profile.id)
        elif action and conversation_id:
            self.chat.act_on_last(action)

    def _take_along(self, typed: str, brought: str) -> None:
        """What the quick prompt has not asked goes into the prompt of a new conversation."""
        self.library.open_new()
        if len(brought) > int(self.workspace.values[LARGE_PASTE] or 0):
            self.attachments.attach_text(brought)
            brought = ""
        words = (typed, brought, self._window.prompt.text())
        self._window.prompt.set_text("")
        self._window.prompt.begin_with("\n\n".join(word for word in words if word))

    def _end_if_nothing_shows(self, *_: object) -> None:
        """Without a window the program ends with the quick prompt, and with its answer."""
        shows = self._window.isVisible() or self.quick.is_visible
        if not shows and not self.running.conversations:
            self.quit()

    # -------------------------------------------------------------- errors

    def _show_error(self, error: UserFacingError) -> None:
        if isinstance(error, StorageError):
            log.error("%s %s", error.what_happened, error.details)
        if isinstance(error, StoreDamagedError):
            actions = [("Repair", self.places.repair)]
            self._window.notifications.notify(error, actions)
            return
        topic = STORE if isinstance(error, StorageError) else ""
        self._window.notifications.notify(error, topic=topic)

    def _on_defect(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A defect of the program's own: logged with its traceback, and said."""
        error = context.get("exception")
        log.error("%s", context.get("message", "a defect"), exc_info=error)
        self._window.notifications.notify(
            UserFacingError(
                "Something went wrong inside Repartee.",
                what_was_kept="Your conversations are kept.",
                what_to_do="If it happens again, the log in the About tab says more.",
                details=str(error or context.get("message", "")),
            )
        )

    # -------------------------------------------------------------- end

    def _window_closed(self) -> None:
        self._window.hide()
        self.quit()

    def quit(self) -> None:
        """End the program: stop what runs, keep what arrived, close the store."""
        if self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._end())

    def end_for(self, work: ClosedWork) -> None:
        """End the window, do this with the closed store, and start again."""
        self.afterwards = work
        self._window.hide()
        self.quit()

    async def _end(self) -> None:
        for step in (
            self._put_away,
            self.housekeeping.collect_in_time,
            self._backend.aclose,
        ):
            try:
                await step()
            except UserFacingError as error:  # there is no window any more to say it in
                log.error("%s %s", error.what_happened, error.details)  # noqa: TRY400
        self._closed.set_result(None)

    async def _put_away(self) -> None:
        self._calls.close()
        self.places.close()
        self.others.close()
        self._typesetter.close()
        self.attachments.close()
        await self.given.aclose()
        self.pictures.close()
        self.chat.close()
        self.compaction.close()
        await self.collections.close()
        self.batches.close()
        await self.viewer.close()
        await self.running.stop_all()
        await self._backend.settings.set(WINDOW_STATE_KEY, self._window.state())
        await self.library.close()
        await self.tasks.settle()

    async def closed(self) -> None:
        """Wait for the end."""
        await self._closed
