"""The questions about tool calls, one after another, in the conversation of the call."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from PySide6.QtCore import QElapsedTimer, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QMenu, QSizePolicy

from desktop_app.app.session import Controller, Session
from desktop_app.app.window.conversation_pane import FIRST_STOP
from desktop_app.domain.conversations.message_facts import indent_json
from desktop_app.domain.graphemes import cut
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.tools.tool import OWN_SEARCH, PYTHON_TOOL, Permission, ToolError, ToolKind
from desktop_app.domain.tools.tool_words import describe_call, escape_hidden
from desktop_app.i18n.translation import N_, paragraph, tr, tr_plural
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.tools.calls.consent import ConsentQuestion, Decision, may_run_without_asking
from desktop_app.widgets.boxes import FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import MenuButton, SingleClickButton
from desktop_app.widgets.forms.form_widgets import text_field
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import (
    PlainLabel,
    PlainToolButton,
    menu_text,
    multiline_text,
    set_tooltip,
    spoken_text,
)

if TYPE_CHECKING:
    from desktop_app.domain.tools.tool import UserReply
    from desktop_app.tools.calls.consent import ServerQuestion
    from desktop_app.tools.ui.question_card import ServerQuestions

KIND_NOTES: Final = {
    ToolKind.READS: N_("The provider gets the result."),
    ToolKind.WRITES: N_("Can change data."),
    ToolKind.LEAVES: N_("Sends data to other servers."),
}
MIN_READ_MS: Final = 500
"""The time for which a new question ignores clicks that would allow it, in milliseconds."""
_MAX_ARGUMENT_CHARACTERS: Final = 20_000
"""Longer arguments are truncated, and cannot be changed."""
_MIN_ARGUMENT_LINES: Final = 1.5
_MAX_ARGUMENT_LINES: Final = 6
# Empty lines could move the rest of a code out of sight.
_EMPTY_LINES: Final = lazy_pattern(r"\n(?:[^\S\n]*\n){4,}")


class AllowButton(SingleClickButton):
    """A button that ignores the mouse while a question is too new to have been read.

    A model decides when a question appears: under a pointer that is about to click something else,
    or in place of the question that was just answered.
    """

    def __init__(self, label: str, name: str, question_age: QElapsedTimer) -> None:
        super().__init__(label, role="primary", name=name)
        self._question_age = question_age

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._question_age.isValid() and self._question_age.elapsed() < MIN_READ_MS:
            event.accept()
            return
        super().mousePressEvent(event)


class ConsentCard(QFrame):
    """The card that asks whether a tool may run.

    Signals:
        decided(Permission | None): the user allowed the call, for so long, or denied it (None).
    """

    decided = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("consent")
        set_role(self, "note-card")
        self._icon = PlainLabel()
        self._question = PlainLabel(role="strong", wraps=True)
        self._note = PlainLabel(role="note", wraps=True)
        self.arguments = text_field(tr("Arguments"), "consent-arguments")
        self._question_age = QElapsedTimer()
        self.details_button = PlainToolButton(role="fold", name="consent-details")
        self.details_button.setCheckable(True)
        self.details_button.setText(tr("Details"))
        self.details_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.details_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.details_button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.details_button.toggled.connect(self._show_details)
        self.once_button = AllowButton(tr("Allow"), "consent-once", self._question_age)
        self.once_button.setProperty(FIRST_STOP, True)
        self.once_button.clicked.connect(lambda: self.decided.emit(Permission.ASK))
        self.deny_button = SingleClickButton(tr("Deny"), role="plain", name="consent-deny")
        self.deny_button.clicked.connect(lambda: self.decided.emit(None))
        self.more_button = MenuButton(
            self._fill_menu, has_background=False, object_name="consent-more"
        )
        self.more_button.setText(tr("More"))
        for button in (self.once_button, self.deny_button):
            button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._question_text = ""
        self._note_text = ""
        self._says_all = False
        self._may_allow = True
        self._has_shown_end = False
        self._shown_arguments = ""
        self._is_code = False  # the field shows the code alone
        self._room = self.maximumHeight()  # no limit until `set_room`
        scroll_bar = self.arguments.verticalScrollBar()
        scroll_bar.valueChanged.connect(self._update_allowing)
        scroll_bar.rangeChanged.connect(self._update_allowing)
        self._buttons = FlowLayout(self.once_button, self.deny_button, self.more_button, spacing=8)
        words = column_of(self._question, self._note, spacing=3)
        parts = (words, self.details_button, self.arguments, self._buttons)
        icon = (self._icon, Qt.AlignmentFlag.AlignTop)
        column = (column_of(*parts, spacing=6), 1)
        row_of(icon, column, parent=self, margins=(14, 10, 14, 10), spacing=10)
        self.update_theme()
        self.hide()

    @property
    def words(self) -> str:
        return f"{self._question.text()} {self._note.text()}".strip()

    @property
    def changed_arguments(self) -> str:
        """Return the arguments if the user changed them; "" if not.

        Line breaks in strings, as the field shows them, become escapes. Arguments that are not JSON
        are returned as they are, and "{}" for an empty field.
        """
        text = self.arguments.toPlainText()
        if text == self._shown_arguments:
            return ""
        if self._is_code:
            return json.dumps({"code": text}, ensure_ascii=False)
        if not text.strip():
            return "{}"
        with suppress(ValueError, RecursionError):
            arguments = json.loads(text, strict=False)  # strings may contain line breaks
            with suppress(ValueError):
                json.loads(text)
                return text
            return json.dumps(arguments, ensure_ascii=False)
        return text

    def show_changed_arguments(self, arguments: str) -> None:
        """Show arguments that the user changed before."""
        self.details_button.setChecked(True)
        self.arguments.setPlainText(_code_in(arguments) or _with_line_breaks(arguments))

    def ask(
        self,
        question: str,
        note: str,
        arguments: str,
        *,
        says_all: bool = False,
        waiting: int = 0,
        asks_each_time: bool = False,
    ) -> None:
        """Ask about a call.

        Args:
            question: what would be done.
            note: sentences about the access of the tool, and on who gets the result.
            arguments: as the model sent them.
            says_all: whether the question contains all of the arguments, which are folded then.
            waiting: the number of further questions.
            asks_each_time: whether no permission can be given for later calls.
        """
        self._question_text = question
        self.more_button.setVisible(not asks_each_time)
        self._says_all = says_all
        self.more_button.menu().close()  # it was opened for another question
        self._question_age.start()
        readable = readable_arguments(arguments)
        is_whole = len(readable) <= _MAX_ARGUMENT_CHARACTERS
        if not is_whole:
            readable = f"{cut(readable, _MAX_ARGUMENT_CHARACTERS)}…"
            remark = tr("Only the beginning of the arguments is shown.")
            note = paragraph(remark, note)
        self._note_text = note
        self._is_code = _code_in(arguments) is not None

        def count_empty_lines(match: re.Match[str]) -> str:
            count = match[0].count("\n") - 1
            return "\n" + tr_plural("⋯ {count} empty line", "⋯ {count} empty lines", count) + "\n"

        folded = _EMPTY_LINES.sub(count_empty_lines, readable)
        self.arguments.setReadOnly(not is_whole or folded != readable)
        self.arguments.setPlainText(folded)
        self.arguments.verticalScrollBar().setValue(0)
        self._has_shown_end = False
        self.details_button.setChecked(not says_all)
        self._show_details(not says_all)
        self._shown_arguments = self.arguments.toPlainText()
        self.set_waiting(waiting)
        self.show()

    def set_waiting(self, count: int) -> None:
        """Show the number of further questions."""
        question = self._question_text
        if count:
            question = tr("{question} {count} more to decide.", question=question, count=count)
        self._question.setText(question)
        self.setAccessibleName(spoken_text(self.words))

    def show_problem(self, problem: str) -> None:
        """Show why the changed arguments cannot be used, and focus them."""
        self._note_text = multiline_text(problem)
        self.details_button.setChecked(True)
        self._update_allowing()
        self.arguments.setFocus(Qt.FocusReason.OtherFocusReason)

    def update_theme(self) -> None:
        theme = current_theme()
        px = theme.px
        self._icon.setContentsMargins(0, px(3), 0, 0)
        self._icon.setPixmap(icons.pixmap("wrench", theme.dim, px(18)))
        self.arguments.setFont(theme.code())
        self.details_button.setIconSize(QSize(px(14), px(14)))
        self._show_details(self.details_button.isChecked())

    def set_room(self, height: int) -> None:
        """Shorten the arguments so that the buttons, or their first row, fit into this height."""
        self._room = height
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Limit the arguments' height to `_MAX_ARGUMENT_LINES` and to the available room."""
        line = self.arguments.fontMetrics().lineSpacing()
        padding = current_theme().px(12)
        min_height = round(line * _MIN_ARGUMENT_LINES) + padding
        max_height = line * _MAX_ARGUMENT_LINES + padding
        if self.arguments.isHidden():
            return
        other_height = self.heightForWidth(self.width()) - self.arguments.minimumHeight()
        available_height = self._room - other_height
        if available_height < min_height:
            # Then only the first row of buttons has to fit; the user scrolls to the others.
            rows_height = self._buttons.heightForWidth(self._buttons.geometry().width())
            available_height += rows_height - self.once_button.sizeHint().height()
        self.arguments.setFixedHeight(max(min_height, min(max_height, available_height)))

    def _show_details(self, is_shown: bool) -> None:
        self.arguments.setVisible(is_shown)
        theme = current_theme()
        chevron = "chevron-down" if is_shown else "chevron-right"
        self.details_button.setIcon(icons.icon(chevron, theme.dim, theme.px(14)))
        name = tr("{section}, collapsed", section=tr("Details"))
        if is_shown:
            name = tr("{section}, expanded", section=tr("Details"))
        self.details_button.setAccessibleName(spoken_text(name))
        self._fit()
        self._update_allowing()

    def _update_allowing(self) -> None:
        """Let the tool be allowed only once everything that it gets was shown."""
        scroll_bar = self.arguments.verticalScrollBar()
        is_unfolded = not self.arguments.isHidden()
        if is_unfolded and scroll_bar.value() >= scroll_bar.maximum():
            # A field that is not laid out yet has a maximum of 0, too.
            self._has_shown_end = self._has_shown_end or scroll_bar.maximum() > 0
        fits = is_unfolded and scroll_bar.maximum() == 0
        self._may_allow = self._says_all or self._has_shown_end or fits
        self.once_button.setEnabled(self._may_allow)
        remark = ""
        if not self._may_allow:
            remark = tr("To allow this, scroll to the end of the arguments.")
        self._note.setText(paragraph(remark, self._note_text))
        self._note.setVisible(bool(self._note.text()))
        self.setAccessibleName(spoken_text(self.words))

    def _fill_menu(self, menu: QMenu) -> None:
        always_note = tr("In all conversations, until the tool changes")
        for permission, label, tooltip in (
            (Permission.CONVERSATION, tr("Allow in this conversation"), ""),
            (Permission.ALWAYS, tr("Always allow"), always_note),
        ):
            action = menu.addAction(menu_text(label))
            action.setEnabled(self._may_allow)
            set_tooltip(action, tooltip)
            action.triggered.connect(lambda _=False, chosen=permission: self.decided.emit(chosen))


def readable_arguments(arguments: str) -> str:
    """Return the beginning of arguments, as indented JSON or as they are.

    A result longer than `_MAX_ARGUMENT_CHARACTERS` may be incomplete. Hidden characters are
    escaped, and so are all but ASCII characters in the hosts of addresses. Escaped line breaks in
    JSON become real ones, and code is shown without the JSON around it.
    """
    text = _code_in(arguments)
    if text is None:
        indented = indent_json(arguments)
        text = arguments if indented is None else _with_line_breaks(indented)
        # Indentation makes deeply nested arguments much longer. They are shown as they are.
        if len(text) > _MAX_ARGUMENT_CHARACTERS:
            text = arguments
    start = text[: _MAX_ARGUMENT_CHARACTERS + 1]  # one more tells the caller that text is missing
    return escape_hidden(start)


def _code_in(arguments: str) -> str | None:
    """Return the code, if it is the only argument and hides no characters."""
    with suppress(ValueError, RecursionError):
        match json.loads(arguments):
            case {"code": str(code), **others} if not others and escape_hidden(code) == code:
                return code
    return None


def _with_line_breaks(text: str) -> str:
    """Replace the escapes of line breaks in JSON; an escaped backslash before an n stays."""
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[0], text)


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
        self._current.opened.connect(self._show)
        session.backend.consent.set_source(self)

    @cached_property
    def _card(self) -> ConsentCard:
        card = ConsentCard()
        card.decided.connect(self._on_decided)
        self._pane.cards.room_changed.connect(card.set_room)
        self._pane.add_above_prompt(card)
        return card

    @property
    def is_asking(self) -> bool:
        """Return True while a question waits, in whichever conversation."""
        asks_for_server = "_server_questions" in vars(self) and self._server_questions.is_asking
        return bool(self._pending_questions) or asks_for_server

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
        from desktop_app.tools.calls.call_run import parse_arguments

        try:
            while True:
                decision = await pending.answer
                try:
                    if decision.arguments:
                        await asyncio.to_thread(parse_arguments, question.tool, decision.arguments)
                    return decision
                except ToolError as error:  # the user can change the arguments again
                    pending.answer = asyncio.get_running_loop().create_future()
                    if pending is self._shown_question:
                        message = tr("Not valid: {words}", words=str(error))
                        self._card.show_problem(message)
                        self._notifications.announce(message)
        finally:
            self._pending_questions.remove(pending)
            self._show()

    async def ask_user(self, question: ServerQuestion) -> UserReply:
        """Return the user's reply to a question of a server."""
        self.question_opened.emit(question.conversation_id)
        return await self._server_questions.ask(question)

    @cached_property
    def _server_questions(self) -> ServerQuestions:
        from desktop_app.tools.ui.question_card import ServerQuestions

        return ServerQuestions(self._session)

    def _show(self) -> None:
        """Show the first question of the open conversation, or none."""
        pending = [
            p for p in self._pending_questions if p.question.conversation_id == self._current.id
        ]
        former, first = self._shown_question, pending[0] if pending else None
        self._shown_question = first
        if first is former:
            if first is not None:
                self._card.set_waiting(len(pending) - 1)
            return
        if former is not None:
            former.changed_arguments = self._card.changed_arguments
        keymap = Keymap.from_settings(self._values.all)
        keys = shortcut_text(keymap.shortcut_of("region.previous"))
        self._prompt.set_question_keys("" if first is None else keys)
        set_tooltip(self._card.once_button, keys)
        if first is None:
            focus = QApplication.focusWidget()
            had_focus = focus is not None and self._card.isAncestorOf(focus)
            self._card.hide()
            if had_focus:
                self._prompt.focus_text()  # Qt would choose any widget
            return
        tool, call = first.question.tool, first.question.call
        words = describe_call(tool.full_name, call.arguments)
        self._card.ask(
            tr("{action}?", action=words.text),
            access_note(first.question),
            call.arguments,
            says_all=words.is_complete,
            waiting=len(pending) - 1,
            asks_each_time=tool.asks_each_time,
        )
        if first.changed_arguments:
            self._card.show_changed_arguments(first.changed_arguments)
        self._notifications.announce(self._card.words)

    def _on_decided(self, permission: Permission | None) -> None:
        """Answer the shown question with the user's decision and changed arguments."""
        pending = self._shown_question
        if pending is None or pending.answer.done():
            return
        decision = Decision(is_allowed=False)
        if permission is not None:
            arguments = self._card.changed_arguments
            decision = Decision(is_allowed=True, permission=permission, arguments=arguments)
        pending.answer.set_result(decision)


def access_note(question: ConsentQuestion) -> str:
    """Return what a tool can access, and who gets the result of a call."""
    tool = question.tool
    # The question itself tells what the other built-in tools do.
    is_explained = not tool.source and tool.name not in (PYTHON_TOOL, OWN_SEARCH)
    sentences = ["" if is_explained or not tool.touches else tr(tool.touches)]
    if tool.kind is not ToolKind.READS:
        sentences.append(tr(KIND_NOTES[tool.kind]))
    if question.provider:
        sentences.append(tr("The result goes to {provider}.", provider=question.provider))
    else:
        sentences.append(tr("The result stays on this computer."))
    return paragraph(*sentences)
