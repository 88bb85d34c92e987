"""Asking and answering in the main window: from the prompt to the transcript and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject

from desktop_app.app.library_controller import LibraryController, version_numbers
from desktop_app.app.running_answers import RunningAnswers
from desktop_app.app.workspace import Workspace
from desktop_app.domain.conversation import Draft, Message, MessageStatus, Role
from desktop_app.domain.errors import StorageError, UserFacingError
from desktop_app.services.chat import Answering
from desktop_app.services.prompt import CONTINUE
from desktop_app.ui.main_window import MainWindow

_ANNOUNCED = {
    MessageStatus.COMPLETE: "The answer is complete.",
    MessageStatus.CANCELLED: "The answer was stopped.",
    MessageStatus.FAILED: "The answer failed.",
}


class ChatController(QObject):
    """Between the prompt, the running answers and the transcript."""

    def __init__(
        self,
        window: MainWindow,
        workspace: Workspace,
        running: RunningAnswers,
        library: LibraryController,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._workspace = workspace
        self._running = running
        self._library = library
        self._busy = False
        self._edited: Message | None = None
        self._actions: dict[str, Callable[[Message], None]] = {
            "retry": lambda answer: self._start(self._retry(answer)),
            "continue": lambda _answer: self._start(self._continue()),
            "edit": self._edit,
            "details": self._show_details,
            "older-version": lambda message: self._start(self._switch_version(message, -1)),
            "newer-version": lambda message: self._start(self._switch_version(message, +1)),
        }
        self._connect()

    def _connect(self) -> None:
        prompt, running = self._window.prompt, self._running
        prompt.submitted.connect(lambda text: self._start(self.submit(text)))
        prompt.stop_requested.connect(self.stop)
        self._window.transcript.action_requested.connect(self._act)
        self._workspace.opened.connect(self._show_state)
        running.text_arrived.connect(self._show_text)
        running.reasoning_arrived.connect(self._show_reasoning)
        running.waiting.connect(self._show_waiting)
        running.rate_changed.connect(self._show_rate)
        running.finished.connect(self._finish)
        running.store_changed.connect(self._show_store)

    def _start(self, work: object) -> None:
        self._workspace.tasks.start(work)  # type: ignore[arg-type]

    def _is_open(self, conversation_id: str) -> bool:
        return conversation_id == self._workspace.conversation.id

    # -------------------------------------------------------------- asking

    async def submit(self, text: str) -> None:
        """Ask what stands in the prompt; the prompt is cleared once the question is on disk."""
        workspace = self._workspace
        draft = replace(workspace.draft, text=text)
        if self._busy or not draft or self._running.is_running(workspace.conversation.id):
            return
        self._busy = True
        try:
            began = await workspace.backend.chat.begin(
                workspace.conversation,
                self._path_for_question(),
                draft,
                workspace.profile,
                workspace.ask_settings,
            )
        except UserFacingError as error:
            self._window.notifications.notify(error)
            return
        finally:
            self._busy = False
        self._forget_prompt(began)
        await self._show_begun(began)

    def _forget_prompt(self, began: Answering) -> None:
        if self._is_open(began.conversation.id):
            self._library.drop_draft()
            self._window.prompt.set_text("")
            self._window.prompt.set_hint("")
        self._edited = None

    def _path_for_question(self) -> list[Message]:
        """The messages before the new question: all, or those before the one that was edited."""
        path = self._workspace.path
        if self._edited is None or self._edited not in path:
            return list(path)
        return path[: path.index(self._edited)]

    async def _show_begun(self, began: Answering) -> None:
        workspace = self._workspace
        self._library.kept(began.conversation)
        self._running.start(began)
        if not self._is_open(began.conversation.id):
            return
        is_plain = began.question is not None and _follows(began.question, workspace.path)
        workspace.conversation = began.conversation
        workspace.is_new = False
        if is_plain and began.question is not None:
            workspace.path += [began.question, began.answer]
            self._show_first_of(began.question, began.answer)
        else:
            await self._library.open(began.conversation.id)
        self._window.conversations.select(began.conversation.id)
        self._window.set_title(began.conversation.title)
        await workspace.backend.settings.set("window.conversation", began.conversation.id)
        self._show_state()
        workspace.path_changed.emit()

    def _show_first_of(self, question: Message, answer: Message) -> None:
        window = self._window
        window.show_first_start(False)
        window.transcript.append_message(question)
        window.transcript.append_message(answer)
        window.transcript.scroll_to_bottom()
        window.prompt.focus_text()

    async def _retry(self, answer: Message) -> None:
        """Another answer to the same question, as a version beside it."""
        path = self._workspace.path
        if answer.role is Role.USER:
            until = path[: path.index(answer) + 1]
        else:
            until = path[: path.index(answer)]
        await self._again(until)

    async def _again(self, until: list[Message]) -> None:
        workspace = self._workspace
        if self._busy or not until or self._running.is_running(workspace.conversation.id):
            return
        self._busy = True
        try:
            began = await workspace.backend.chat.begin_again(
                workspace.conversation, until, workspace.profile, workspace.ask_settings
            )
        except UserFacingError as error:
            self._window.notifications.notify(error)
            return
        finally:
            self._busy = False
        await self._show_begun(began)

    async def _continue(self) -> None:
        """Have a cut answer go on; what stands in the prompt stays there."""
        workspace = self._workspace
        if self._busy or self._running.is_running(workspace.conversation.id):
            return
        self._busy = True
        kept = replace(workspace.draft, text=self._window.prompt.text())
        try:
            began = await workspace.backend.chat.begin(
                workspace.conversation,
                workspace.path,
                Draft(CONTINUE),
                workspace.profile,
                workspace.ask_settings,
            )
        finally:
            self._busy = False
        if kept:
            await workspace.backend.conversations.save_draft(began.conversation.id, kept)
        await self._show_begun(began)

    def _edit(self, message: Message) -> None:
        """Put a question back into the prompt; sent again, it stands beside the old one."""
        path = self._workspace.path
        question = message
        if message.role is Role.ASSISTANT:
            question = path[path.index(message) - 1]
        self._edited = question
        self._workspace.draft = Draft(question.text, question.attachments)
        self._window.prompt.set_text(question.text)
        self._workspace.draft_changed.emit()
        self._window.prompt.set_hint("Sending asks the edited question; the old one stays.")
        self._window.prompt.focus_text()

    # -------------------------------------------------------------- answering

    def _show_text(self, conversation_id: str, message_id: str, text: str) -> None:
        if self._is_open(conversation_id):
            self._window.transcript.append_text(message_id, text)

    def _show_reasoning(self, conversation_id: str, message_id: str, text: str) -> None:
        if self._is_open(conversation_id):
            self._window.transcript.append_reasoning(message_id, text)

    def _show_waiting(self, conversation_id: str, message_id: str, sentence: str) -> None:
        if self._is_open(conversation_id):
            self._window.transcript.set_waiting(message_id, sentence)

    def _show_rate(self, conversation_id: str, rate: float) -> None:
        if self._is_open(conversation_id):
            self._window.prompt.set_rate(f"{rate:.0f} tok/s")

    def _finish(self, conversation_id: str, answer: Message) -> None:
        if not self._is_open(conversation_id):
            return
        self._window.transcript.set_waiting(answer.id, "")
        numbers = version_numbers(self._workspace)
        self._window.transcript.update_message(answer, numbers.get(answer.id))
        self._workspace.replace_message(answer)
        self._window.notifications.announce(_ANNOUNCED.get(answer.status, "The answer has ended."))
        self._show_state()

    def _show_state(self) -> None:
        """Send or Stop, by whether the open conversation streams."""
        running = self._running.is_running(self._workspace.conversation.id)
        self._window.prompt.set_streaming(running)
        if not running:
            self._window.prompt.set_rate("")

    def _show_store(self, _conversation_id: str, error: StorageError | None) -> None:
        if error is not None:
            self._window.notifications.notify(error)

    # -------------------------------------------------------------- actions

    def _act(self, message_id: str, action: str) -> None:
        message = next((m for m in self._workspace.path if m.id == message_id), None)
        if message is not None and action in self._actions:
            self._actions[action](message)

    def stop(self) -> None:
        """Stop the answer of the open conversation."""
        self._running.stop(self._workspace.conversation.id)

    def retry_last(self) -> None:
        """Ask the last question again."""
        if self._workspace.path:
            self._start(self._retry(self._workspace.path[-1]))

    def _show_details(self, message: Message) -> None:
        if message.error is not None:
            details = message.error.details or "The provider gave no details."
            self._window.notifications.notify(f"{message.error.what_happened} {details}")

    async def _switch_version(self, message: Message, step: int) -> None:
        ids = self._workspace.versions.get(message.id, ())
        at = ids.index(message.id) + step if message.id in ids else -1
        if not 0 <= at < len(ids):
            return
        store = self._workspace.backend.conversations
        leaf = await store.newest_leaf(ids[at])
        await store.save(replace(self._workspace.conversation, leaf_id=leaf))
        await self._library.open(self._workspace.conversation.id)


def _follows(question: Message, path: list[Message]) -> bool:
    """Whether a question stands right behind what is shown."""
    return question.parent_id == (path[-1].id if path else None)
