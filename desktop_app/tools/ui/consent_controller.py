"""The questions about tool calls, one after another, in the conversation of the call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication

from desktop_app.app.session import Controller, Session
from desktop_app.domain.tools.tool import (
    PYTHON_TOOL,
    Permission,
    ToolDefinition,
    ToolError,
    ToolKind,
)
from desktop_app.domain.tools.tool_words import describe_call
from desktop_app.i18n.translation import N_, tr
from desktop_app.tools.calls.consent import ConsentQuestion, Decision, may_run_without_asking

if TYPE_CHECKING:
    from desktop_app.tools.ui.consent_card import ConsentCard, ConsentChoice

KIND_NOTES: Final = {
    ToolKind.READS: N_("The provider gets the result."),
    ToolKind.WRITES: N_("It can change data."),
    ToolKind.LEAVES: N_("It sends data to other servers."),
}


class _PendingQuestion(Struct, eq=False):
    """A question that waits for the user."""

    question: ConsentQuestion
    answer: asyncio.Future[Decision]
    changed_arguments: str = ""


class ConsentController(Controller):
    """Controller of the card above the prompt, which asks the broker's questions.

    Signals:
        question_opened(str): a question waits, in the conversation with this id.
    """

    question_opened = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._pending_questions: list[_PendingQuestion] = []
        self._shown_question: _PendingQuestion | None = None
        self._card: ConsentCard | None = None
        self._current.opened.connect(self._show)
        session.backend.consent.set_source(self)

    @property
    def is_asking(self) -> bool:
        """Return True while a question waits, in whichever conversation."""
        return bool(self._pending_questions)

    async def decide(self, question: ConsentQuestion, stored: Permission) -> Decision:
        """Return the user's decision, or consent at once if `stored` gives it.

        If the task is canceled, the question is withdrawn.
        """
        if may_run_without_asking(question.tool, stored):
            return Decision(is_allowed=True)
        pending = _PendingQuestion(question, asyncio.get_running_loop().create_future())
        self._pending_questions.append(pending)
        if question.conversation_id != self._current.id:
            message = tr("A tool in another conversation is waiting for your permission.")
            self._notifications.notify(message)
        self._show()
        self.question_opened.emit(question.conversation_id)
        try:
            decision = await pending.answer
            while problem := await _find_problem(question.tool, decision.arguments):
                pending.answer = asyncio.get_running_loop().create_future()
                self._show_problem(pending, problem)
                decision = await pending.answer
            return decision
        finally:
            self._pending_questions.remove(pending)
            self._show()

    def _show(self) -> None:
        """Show the first question of the open conversation, or none."""
        open_questions = [
            p for p in self._pending_questions if p.question.conversation_id == self._current.id
        ]
        first_pending = open_questions[0] if open_questions else None
        former_pending = self._shown_question
        if (
            former_pending is not None
            and former_pending is not first_pending
            and self._card is not None
        ):
            former_pending.changed_arguments = self._card.changed_arguments
        if first_pending is None:
            self._shown_question = None
            if self._card is not None:
                self._hide(self._card)
            return
        card = self._get_card()
        waiting_count = len(open_questions) - 1
        if first_pending is former_pending:
            card.set_waiting(waiting_count)
            return
        self._shown_question = first_pending
        tool, call = first_pending.question.tool, first_pending.question.call
        words = describe_call(tool.full_name, call.arguments)
        card.ask(
            tr("{action}?", action=words.text),
            access_note(first_pending.question),
            call.arguments,
            says_all=words.is_complete,
            waiting=waiting_count,
        )
        if first_pending.changed_arguments:
            card.show_changed_arguments(first_pending.changed_arguments)
        self._notifications.announce(card.words)

    def _show_problem(self, pending: _PendingQuestion, problem: str) -> None:
        """Show why the tool refused the arguments; the user can change them again."""
        if pending is self._shown_question and self._card is not None:
            message = tr("Not valid: {words}", words=problem)
            self._card.show_problem(message)
            self._notifications.announce(message)

    def _hide(self, card: ConsentCard) -> None:
        """Hide the card; move its focus to the prompt, because Qt would choose any widget."""
        focus = QApplication.focusWidget()
        had_focus = focus is not None and card.isAncestorOf(focus)
        card.hide()
        if had_focus:
            self._prompt.focus_text()

    def _get_card(self) -> ConsentCard:
        from desktop_app.tools.ui.consent_card import ConsentCard  # not needed at the start

        if self._card is None:
            self._card = ConsentCard()
            self._card.decided.connect(self._on_decided)
            self._pane.cards.room_changed.connect(self._card.set_room)
            self._pane.add_above_prompt(self._card)
        return self._card

    def _on_decided(self, choice: ConsentChoice) -> None:
        """Answer the shown question with the user's decision and changed arguments."""
        from desktop_app.tools.ui.consent_card import ConsentChoice

        pending = self._shown_question
        card = self._card
        if pending is None or card is None or pending.answer.done():
            return
        if choice is ConsentChoice.DENY:
            pending.answer.set_result(Decision(is_allowed=False))
        else:
            permission = {
                ConsentChoice.ONCE: Permission.ASK,
                ConsentChoice.CONVERSATION: Permission.CONVERSATION,
                ConsentChoice.ALWAYS: Permission.ALWAYS,
            }[choice]
            pending.answer.set_result(
                Decision(is_allowed=True, permission=permission, arguments=card.changed_arguments)
            )


def access_note(question: ConsentQuestion) -> str:
    """Return what a tool can access, and who gets the result of a call."""
    tool = question.tool
    # The question itself tells what the other built-in tools do.
    is_explained = not tool.source and tool.name != PYTHON_TOOL
    sentences = ["" if is_explained or not tool.touches else tr(tool.touches)]
    if tool.kind is not ToolKind.READS:
        sentences.append(tr(KIND_NOTES[tool.kind]))
    if question.provider:
        sentences.append(tr("The result goes to {provider}.", provider=question.provider))
    else:
        sentences.append(tr("The result stays on this computer."))
    return " ".join(filter(None, sentences))


async def _find_problem(tool: ToolDefinition, arguments: str) -> str:
    """Return why a tool does not accept changed arguments; "" if it does, or nothing changed."""
    if not arguments:
        return ""
    from desktop_app.tools.calls.call_run import parse_arguments  # not for the start

    try:
        await asyncio.to_thread(parse_arguments, tool, arguments)
    except ToolError as error:
        return str(error)
    return ""
