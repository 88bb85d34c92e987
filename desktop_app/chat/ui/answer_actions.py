"""Actions on messages of the open conversation: retry, continue, edit, mark, other versions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QCursor, QGuiApplication
from PySide6.QtWidgets import QToolButton

from desktop_app.app.navigator import Navigator
from desktop_app.app.session import Controller, Session
from desktop_app.chat.prompt_assembly import CONTINUE
from desktop_app.chat.text_store import TextStore
from desktop_app.chat.ui.chat_controller import ChatController
from desktop_app.composer.available_models import AvailableModels
from desktop_app.composer.model_button import fill_efforts, fill_models
from desktop_app.domain import hints
from desktop_app.domain.conversations.compaction import Compaction
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
    new_id,
    now,
)
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.markdown.structured_answer import json_value
from desktop_app.settings.server_presets import billing_page
from desktop_app.transcript.message_items import (
    ADD_CREDIT,
    COPY_CSV,
    COPY_JSON,
    SHOW_JSON,
    SHOW_VALUE,
)
from desktop_app.widgets.external_open import open_link
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.clipboard import copyable


class AnswerActions(Controller):
    """The actions on the transcript's messages, and their commands for the last message."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._messages = session.messages
        slot = self._tasks.slot
        self._actions: dict[str, Callable[[Message], object]] = {
            "retry": slot(self._retry),
            "retry-with": self._offer_retry_choices,
            "continue": slot(self._continue),
            ADD_CREDIT: self._open_billing_page,
            "edit": session.of(ChatController).edit,
            "branch": slot(self._branch),
            "review": slot(self._mark),
            "older-version": lambda message: self._tasks.start(self._switch_version(message, -1)),
            "newer-version": lambda message: self._tasks.start(self._switch_version(message, +1)),
            SHOW_JSON: lambda answer: self._messages.show_as_text(answer, True),
            SHOW_VALUE: lambda answer: self._messages.show_as_text(answer, False),
            COPY_JSON: lambda answer: self._copy(text_to_copy(answer, as_csv=False)),
            COPY_CSV: lambda answer: self._copy(text_to_copy(answer, as_csv=True)),
        }
        self._transcript.action_requested.connect(self._run_action)

    def _run_action(self, message_id: str, action: str) -> None:
        message = self._current.message(message_id)
        if message is not None and action in self._actions:
            self._actions[action](message)

    # -------------------------------------------------------------- commands

    def act_on_last(self, action: str) -> None:
        if self._current.path:
            self._run_action(self._current.path[-1].id, action)

    def mark_last(self) -> None:
        """Give the last answer its next mark."""
        answers = [message for message in self._current.path if message.role is Role.ASSISTANT]
        if answers:
            self._tasks.start(self._mark(answers[-1]))
        else:
            self._notifications.notify(tr("There is no response to mark."))

    def switch_version(self, step: int) -> None:
        """Show another version of the focused message, or of the last that has several.

        Args:
            step: -1 for the next older version, +1 for the next newer one.
        """
        focused_id = self._transcript.focus_navigator.focused_message_id()
        message = self._current.message_with_versions(focused_id)
        if message is not None:
            self._tasks.start(self._switch_version(message, step))
        elif focused_id:
            self._notifications.notify(tr("This message has no other versions."))
        else:
            self._notifications.notify(tr("No message in this conversation has other versions."))

    def continue_last(self) -> None:
        """Continue the last message if it is an answer that was cut."""
        path = self._current.path
        uncut_statuses = (MessageStatus.COMPLETE, MessageStatus.STREAMING, MessageStatus.REFUSED)
        if path and path[-1].role is Role.ASSISTANT and path[-1].status not in uncut_statuses:
            self._tasks.start(self._continue(path[-1]))
        else:
            self._notifications.notify(tr("There is no incomplete response to continue."))

    def ask_another_model(self) -> None:
        """Offer other models for the last question, whose answers stay as versions."""
        path = self._current.path
        if not path:
            self._notifications.notify(tr("Type a message to compare the responses to it."))
        elif self._running.is_running(self._current.id):
            self._notifications.notify(tr("Stop the response before you compare models."))
        else:
            self._transcript.show_actions_of(path[-1].id, "message-retry-with")
            self._offer_retry_choices(path[-1])

    # -------------------------------------------------------------- actions

    async def _retry(self, message: Message, choice: ModelChoice | None = None) -> None:
        """Request another answer to `message`, or if that is an answer, to its question."""
        path = self._current.path_before(message.id)
        if message.role is Role.USER:
            path.append(message)
        if path:
            await self._session.of(ChatController).begin(path, None, choice)

    def _offer_retry_choices(self, answer: Message) -> None:
        """Open a menu of another answer to the same question: again, or by another choice."""
        view = self._session.of(AvailableModels).view
        current_choice = self._setup.choice

        def retry_with(choice: ModelChoice) -> None:
            self._tasks.start(self._retry(answer, choice))

        menu = ProgramMenu(self._window)
        menu.setObjectName("retry-with")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        again = menu.addAction(tr("Try again"))
        again.triggered.connect(lambda: self._tasks.start(self._retry(answer)))
        menu.setDefaultAction(again)
        if view.display_effort is not None:
            effort_menu = ProgramMenu(tr("Another effort"), menu)
            menu.addMenu(effort_menu)
            fill_efforts(
                effort_menu, view, lambda effort: retry_with(replace(current_choice, effort=effort))
            )
        model_menu = ProgramMenu(tr("Another model"), menu)
        menu.addMenu(model_menu)
        fill_models(
            model_menu,
            view.models,
            view,
            lambda entry: retry_with(self._session.of(AvailableModels).choice_with(entry)),
        )
        button = self._transcript.findChild(QToolButton, "message-retry-with")
        if button is not None and (button.hasFocus() or button.underMouse()):
            menu.popup(button.mapToGlobal(button.rect().bottomLeft()))
        else:
            menu.popup(QCursor.pos())

    def _open_billing_page(self, answer: Message) -> None:
        page = "" if answer.error is None else billing_page(str(answer.error.params.get("host")))
        if page:
            open_link(QUrl(page))

    async def _continue(self, answer: Message) -> None:
        """Continue an answer that was cut. A draft in the prompt editor stays there."""
        path = [*self._current.path_before(answer.id), answer]
        await self._session.of(ChatController).begin(path, Draft(CONTINUE), single_answer=True)

    async def _mark(self, answer: Message) -> None:
        """Give an answer its next mark: reviewed, rejected, and none again."""
        if answer.status is MessageStatus.STREAMING:
            self._notifications.notify(tr("Wait for the response to finish, then mark it."))
            return
        marked_answer = with_next_mark(answer)
        await self._conversations.save_answer(marked_answer)
        if answer.conversation_id == self._current.id:
            self._messages.update(marked_answer)

    async def _switch_version(self, message: Message, step: int) -> None:
        """Show an older (-1) or newer (+1) version, with its buttons at the same height."""
        version_ids = self._current.versions.get(message.id, ())
        index = version_ids.index(message.id) + step if message.id in version_ids else -1
        if not 0 <= index < len(version_ids):
            return
        opened_id = self._current.id
        was_focused = bool(self._transcript.focus_navigator.focused_message_id())
        await self._conversations.show_version(opened_id, version_ids[index])
        if opened_id != self._current.id:
            return
        y = self._transcript.actions_line_y(message.id)
        focused_button = self._transcript.action_row.focused_name
        await self._session.of(Navigator).open(opened_id)
        if was_focused and not focused_button and self._transcript.hasFocus():
            self._transcript.focus_navigator.read_at(version_ids[index], -1)
            return
        if y is not None:
            self._transcript.scroll_actions_line_to(version_ids[index], y)
        self._transcript.show_actions_of(version_ids[index], focused_button)

    def _copy(self, text: str | None) -> None:
        if text is not None:
            QGuiApplication.clipboard().setText(copyable(text))
            self._notifications.notify(tr("Copied"))

    async def _branch(self, message: Message) -> None:
        """Copy the messages up to this one into a new conversation, and open it.

        The original conversation does not change.
        """
        if self._current.is_temporary:
            raise IllegalChoiceError(
                N_("Temporary conversations can’t be branched, because the branch would be saved."),
                hint=hints.USE_REGULAR,
            )
        path = [*self._current.path_before(message.id), message]
        path_to_copy = [self._running.newest_state(m) for m in path]
        source = self._current.conversation
        compactions = await self._session.backend.compactions.load(source.id)
        conversation, messages = copy_branch(source, path_to_copy)
        copied_compactions = copy_compactions(compactions, path_to_copy, messages)
        await self._conversations.add_with_messages(conversation, messages, copied_compactions)
        await TextStore(self._session.temporary).copy(source.id, conversation.id)
        self._session.of(ListPresenter).upsert(conversation)
        await self._session.of(Navigator).open(conversation.id)


def copy_branch(
    conversation: Conversation, path: Sequence[Message]
) -> tuple[Conversation, list[Message]]:
    """Return a new conversation with copies of these messages, each with a new id.

    An answer that still streams is copied with the text so far.
    """
    branch_id = new_id()
    messages = []
    parent_id: str | None = None
    for message in path:
        is_streaming = message.status is MessageStatus.STREAMING
        copy = replace(
            message,
            id=new_id(),
            conversation_id=branch_id,
            parent_id=parent_id,
            status=MessageStatus.CANCELLED if is_streaming else message.status,
            remote_run=None,
        )
        messages.append(copy)
        parent_id = copy.id
    created_at = now()
    title = tr("{title} (branch)", title=conversation.title)
    branch = replace(
        conversation,
        id=branch_id,
        title=title,
        title_is_automatic=False,
        created_at=created_at,
        updated_at=created_at,
        leaf_id=parent_id,
        pinned=False,
        archived=False,
        trashed_at=None,
        streaming=False,
        draft=Draft(),
    )
    return branch, messages


def copy_compactions(
    compactions: Iterable[Compaction], path: Sequence[Message], copies: Sequence[Message]
) -> list[Compaction]:
    """Copy a path's compactions, so that the branch sends no more text than the original."""
    copy_of = {message.id: copy for message, copy in zip(path, copies, strict=True)}
    return [
        replace(
            compaction,
            id=new_id(),
            conversation_id=copy_of[compaction.message_id].conversation_id,
            message_id=copy_of[compaction.message_id].id,
        )
        for compaction in compactions
        if compaction.message_id in copy_of
    ]


def text_to_copy(answer: Message, *, as_csv: bool) -> str | None:
    """Return an answer's value as JSON or CSV; None if it is not JSON or nested too deeply."""
    try:
        value = json_value(answer)
    except ValueError:  # not JSON
        return None
    try:
        return csv_of(value) if as_csv else json.dumps(value, ensure_ascii=False, indent=2)
    except RecursionError:  # a value that can just be read is too deep to be written
        return None


def csv_of(value: object) -> str:
    """Return a value as CSV (RFC 4180), in which no cell is a formula."""
    # Imported here, because start-up does not need these modules.
    import csv
    import io

    from desktop_app.domain.csv_cell import escape_cell
    from desktop_app.domain.json_table import rows_for_export

    table = rows_for_export(value)
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in (table.columns, *table.rows):
        writer.writerow([escape_cell(cell) for cell in row])
    return buffer.getvalue()


_MARKS = (NoticeCode.REVIEW_REVIEWED, NoticeCode.REVIEW_REJECTED, NoticeCode.REVIEW_CORRECTED)


def with_next_mark(answer: Message) -> Message:
    """Return an answer with the next mark: reviewed, then rejected, then none.

    Because it is a notice, it is stored, exported and imported with the answer.

    Earlier versions of the program added a note to a mark, or marked a text that the user had
    edited. Such a mark changes, but is never removed.
    """
    mark = next(
        (each for each in answer.notices if isinstance(each, AnswerNotice) and each.code in _MARKS),
        None,
    )
    others = tuple(each for each in answer.notices if each is not mark)
    if mark is None:
        return replace(answer, notices=(*others, AnswerNotice(NoticeCode.REVIEW_REVIEWED)))
    if mark.code == NoticeCode.REVIEW_REVIEWED:
        next_mark = replace(mark, code=NoticeCode.REVIEW_REJECTED)
        return replace(answer, notices=(*others, next_mark))
    if any(value for _name, value in mark.params):
        next_mark = replace(mark, code=NoticeCode.REVIEW_REVIEWED)
        return replace(answer, notices=(*others, next_mark))
    return replace(answer, notices=others)
