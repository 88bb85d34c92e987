"""A window with answers side by side; a narrow window shows them in tabs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QApplication, QDialog, QFrame, QWidget
from shiboken6 import isValid

from desktop_app.app.session import Session
from desktop_app.composer.attachments.images_controller import ImagesController
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.conversations.message_facts import ENDINGS, answer_facts, token_facts
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.formatting import duration
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.library.ui.navigator import Navigator
from desktop_app.markdown.search.text_search import differing_words
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.transcript.media.message_images import OPEN_IMAGE
from desktop_app.transcript.message_items import COPY_DIAGRAM, SAVE_DIAGRAM
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import HelpButton, dialog_button
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.widgets.look.theme import current_theme, set_role, set_style_property
from desktop_app.widgets.text.foreign_text import (
    ElidedLabel,
    PlainLabel,
    announce,
    one_line,
    set_tooltip,
    spoken_text,
)
from desktop_app.widgets.windows import bring_to_front, fitting_size

_SIZE: Final = (1240, 760)
_OF_PICTURES: Final = (OPEN_IMAGE, COPY_DIAGRAM, SAVE_DIAGRAM)
_MIN_COLUMN_WIDTH: Final = 300
"""The least width of a column, in pixels at the default text size; narrower ones become tabs."""
_MAX_COMPACT_HEIGHT: Final = 320
"""The height of a narrow window below which only the tabs name the models.

It is in pixels at the default text size.
"""
_MAX_TAB_CHARACTERS: Final = 18
_STATES: Final = {
    **ENDINGS,
    MessageStatus.STREAMING: N_("Responding"),
    MessageStatus.COMPLETE: N_("Complete"),
    MessageStatus.FAILED: N_("Failed"),
}
_RETRYABLE: Final = (MessageStatus.FAILED, MessageStatus.CANCELLED, MessageStatus.INTERRUPTED)


class AnswerColumn(QFrame):
    """A column with one answer.

    Attributes:
        answer: the answer as last shown; the transcript may have newer text.
        name: the variant or model, “Response” if the answer has none.
        transcript: shows the text.
        first_token_s: seconds from the request to the first text; None if unknown.
        differing_count: the number of marked words; None while differences are not marked.
        keep_button, stop_button, retry_button: the buttons below the text.
    """

    def __init__(self, session: Session, answer: Message) -> None:
        super().__init__()
        self.setObjectName("answer-column")
        self.accessible_role = "Grouping"
        set_role(self, "column")
        self._session = session
        self.transcript = session.of(ImagesController).brief_transcript(lambda: [self.answer])
        self.first_token_s: float | None = None
        self.differing_count: int | None = None
        self._is_compact = False
        self._title = ElidedLabel(role="strong")
        self._facts = PlainLabel(name="answer-column-facts", role="note", wraps=True)
        self.keep_button = dialog_button(tr("Keep this one"), "answer-column-keep")
        self.stop_button = dialog_button(tr("Stop"), "answer-column-stop")
        self.retry_button = dialog_button(tr("Retry"), "answer-column-retry")
        self.stop_button.clicked.connect(lambda: session.running.stop_answer(self.answer.id))
        for signal in (session.running.text_arrived, session.running.reasoning_arrived):
            signal.connect(self._show_first_token)
        foot = row_of(self.keep_button, self.stop_button, self.retry_button, STRETCH, spacing=6)
        rows = (self._title, self._facts, (self.transcript, 1), foot)
        column_of(*rows, parent=self, margins=8, spacing=4)
        self.show_answer(answer)

    @property
    def is_streaming(self) -> bool:
        """Return True while the answer streams."""
        return self.answer.status is MessageStatus.STREAMING

    @property
    def facts(self) -> str:
        """Return the state and the figures."""
        return self._facts.text()

    def show_answer(self, answer: Message) -> None:
        """Show a new answer, whose time to the first text is not known yet."""
        self.first_token_s = None
        self.answer = self._session.messages.display_form(
            self._session.running.newest_state(answer)
        )
        self.transcript.set_messages([self.answer])
        self.show_facts()

    def update_answer(self, answer: Message) -> None:
        """Show a newer state of the same answer."""
        was_streaming = self.is_streaming
        self.answer = self._session.messages.display_form(answer)
        self.transcript.stream.set_status_line(answer.id, "")
        self.transcript.stream.update_message(self.answer)
        self.show_facts()
        if was_streaming and not self.is_streaming:
            announce(self, f"{self._title.text()}: {self.facts}")

    def _show_first_token(self, _conversation_id: str, answer_id: str, _text: str) -> None:
        if answer_id == self.answer.id and self.first_token_s is None:
            self.first_token_s = self._session.running.first_token_s(answer_id)
            self.show_facts()

    def mark_differences(self, differs: Sequence[bool]) -> None:
        """Mark each word whose value in `differs` is True; () ends the marking."""
        self.transcript.differences.mark_words(differs, current_theme())
        self.differing_count = sum(differs) if differs else None
        self.show_facts()

    def set_current(self, current: bool) -> None:
        """Mark the column that has the focus; only its text is announced to screen readers."""
        set_style_property(self, "focused", current)
        self.transcript.speech.is_muted = not current

    def set_compact(self, compact: bool) -> None:
        """If `compact`, hide the title, and show the effort among the figures."""
        if compact != self._is_compact:
            self._is_compact = compact
            self._title.setVisible(not compact)
            self.show_facts()

    def show_facts(self) -> None:
        """Show the title, the state, the figures, and the buttons that apply."""
        answer, choice = self.answer, self.answer.choice
        name_of_model = self._session.name_of_model
        facts = list(answer_facts(answer, name_of_model, with_effort=self._is_compact))
        # Of a choice, the first fact is the variant or model.
        self.name = tr("Response") if choice is None else facts.pop(0)
        effort = "" if choice is None or choice.effort is None else tr(choice.effort.label)
        self._title.setText(" · ".join(filter(None, (self.name, effort))))
        self.transcript.setAccessibleName(spoken_text(self._title.text()))
        is_waiting = self.is_streaming and self.first_token_s is None
        state = N_("Waiting") if is_waiting else _STATES[answer.status]
        if self.first_token_s is not None:
            facts.insert(0, tr("first token {duration}", duration=duration(self.first_token_s)))
        if self.differing_count is not None:
            facts.append(
                tr_plural("{count} word differs", "{count} words differ", self.differing_count)
            )
        text = " · ".join((tr(state), *facts))
        self._facts.setText(text)
        set_tooltip(self._facts, "\n".join(token_facts(answer)))
        self.setAccessibleName(spoken_text(f"{self._title.text()}: {text}"))
        self.stop_button.setVisible(self.is_streaming)
        self.retry_button.setVisible(answer.status in _RETRYABLE)


class ComparisonWindow(QDialog):
    """Columns with the answers to the last question of a path.

    Attributes:
        conversation_id: the conversation of the answers.
        columns: the columns, in order.
        marks_button: the switch for marked differences.
        stop_all_button: the button that stops all answers.
        tabs: the tabs that replace the columns in a narrow window.
    """

    def __init__(self, session: Session, path: list[Message], answers: Sequence[Message]) -> None:
        super().__init__(session.window)
        self.setObjectName("comparison")
        self.setWindowTitle(tr("Compare responses"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._session = session
        self._path = path
        self.conversation_id = answers[0].conversation_id
        self.columns = [self._make_column(answer) for answer in answers]
        self._current_index = 0
        self.marks_button = dialog_button(tr("Mark differences"), "comparison-marks")
        self.marks_button.setCheckable(True)
        set_tooltip(self.marks_button, tr("Underline words that only one response has"))
        self.marks_button.toggled.connect(self._show_marks)
        self.stop_all_button = dialog_button(tr("Stop all"), "comparison-stop")
        self.stop_all_button.clicked.connect(lambda: session.running.stop(self.conversation_id))
        self._problem = PlainLabel(name="comparison-problem", role="error", wraps=True)
        self._problem.hide()
        names = [one_line(column.name, _MAX_TAB_CHARACTERS) for column in self.columns]
        self.tabs = SegmentedControl(
            [(str(index), f"{index + 1} · {name}") for index, name in enumerate(names)],
            name=tr("Responses"),
            padding=6,
            is_small=True,
        )
        self.tabs.chosen.connect(lambda key: self._focus_column(int(key)))
        question = (ElidedLabel(path[-1].text, role="strong"), 1)
        column_of(
            row_of(question, self.marks_button, self.stop_all_button, HelpButton(), spacing=8),
            self._problem,
            (self.tabs, Qt.AlignmentFlag.AlignHCenter),
            (row_of(*((column, 1) for column in self.columns), spacing=10), 1),
            parent=self,
            margins=(16, 12, 16, 12),
            spacing=10,
        )
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus_changed)
        keymap = Keymap.from_settings(session.values.all)
        for command_id, action in (
            ("region.next", lambda: self._step_column(+1)),
            ("region.previous", lambda: self._step_column(-1)),
            ("answer.keep", lambda: self.current.keep_button.click()),
        ):
            if keys := keymap.shortcut_of(command_id):
                QShortcut(QKeySequence(keys), self).activated.connect(action)
        self.resize(fitting_size(_SIZE, session.window))
        self._update_buttons()
        self._focus_column(0)

    def _make_column(self, answer: Message) -> AnswerColumn:
        column = AnswerColumn(self._session, answer)
        start = self._session.tasks.start
        column.keep_button.clicked.connect(lambda: start(self._keep(column)))
        column.retry_button.clicked.connect(lambda: start(self._retry(column)))

        def run_action(_answer_id: str, action: str) -> None:
            if action == "retry":
                start(self._retry(column))
            elif not action.startswith(_OF_PICTURES):  # they choose no answer
                start(self._keep(column, action))

        column.transcript.action_requested.connect(run_action)
        return column

    # ------------------------------------------------------------------ state

    @property
    def current(self) -> AnswerColumn:
        """Return the column with the focus, or the last that had it."""
        return self.columns[self._current_index]

    def update_answer(self, answer: Message) -> None:
        """Show a newer state of an answer, if a column shows it."""
        for column in self.columns:
            if column.answer.id == answer.id:
                column.update_answer(answer)
                self._update_buttons()

    def _update_buttons(self) -> None:
        """Enable the buttons that apply to streaming answers, or those for finished answers."""
        is_streaming = any(column.is_streaming for column in self.columns)
        self.stop_all_button.setEnabled(is_streaming)
        self.marks_button.setEnabled(not is_streaming)
        self._show_marks()

    def show_problem(self, text: str) -> None:
        """Show why an action failed; "" hides the line."""
        self._problem.setText(text)
        self._problem.setVisible(bool(text))
        announce(self._problem, text)

    # ------------------------------------------------------------------ marked differences

    @property
    def _marks_differences(self) -> bool:
        """Return True if the differences are to be marked now: not while an answer streams."""
        return self.marks_button.isChecked() and self.marks_button.isEnabled()

    def _show_marks(self) -> None:
        """Mark the words that differ, again after an answer or the theme has changed."""
        for column in self.columns:
            column.mark_differences(())
        if self._marks_differences:
            self._session.tasks.start(self._mark_differences())

    async def _mark_differences(self) -> None:
        column_words = [column.transcript.differences.words() for column in self.columns]
        differences = await asyncio.to_thread(differing_words, column_words)
        if isValid(self) and self._marks_differences:
            for column, differs in zip(self.columns, differences, strict=True):
                column.mark_differences(differs)

    # ------------------------------------------------------------------ actions

    async def _keep(self, column: AnswerColumn, action: str = "") -> None:
        """Show an answer as the version in its conversation, and close the window.

        Args:
            action: applied to the answer in the main window; "" for none.
        """
        session, answer_id = self._session, column.answer.id
        conversations = session.backend.conversations
        if await conversations.get(self.conversation_id) is None:
            if isValid(self):
                self.show_problem(tr("This conversation was deleted."))
            return
        await conversations.show_version(self.conversation_id, answer_id)
        await session.of(Navigator).open(self.conversation_id)
        if isValid(self):
            self.close()
        bring_to_front(session.window)
        if action:
            session.window.transcript.commands.run(answer_id, action)

    async def _retry(self, column: AnswerColumn) -> None:
        """Ask the model of a column again; the new answer becomes another version."""
        problem, answer = "", None
        try:
            answer = await self._ask_again(column.answer)
        except UserFacingError as error:
            problem = error.sentences
        else:
            problem = "" if answer is not None else tr("This conversation was deleted.")
        if isValid(self):  # not closed meanwhile
            self.show_problem(problem)
            if answer is not None:
                column.show_answer(answer)
                self._update_buttons()
        if answer is not None and self._session.current.id == self.conversation_id:
            await self._session.of(Navigator).open(self.conversation_id)

    async def _ask_again(self, answer: Message) -> Message | None:
        """Ask the model of an answer again for another version, without showing it.

        Return the new answer, or None if the conversation was deleted. Raises UserFacingError.
        """
        session = self._session
        conversations = session.backend.conversations
        conversation = await conversations.get(self.conversation_id)
        if conversation is None:
            return None
        with_choice = replace(conversation, choice=answer.choice or conversation.choice)
        profile = session.setup.profile_of(with_choice)
        settings = session.setup.settings_of(with_choice).for_comparison()
        run = await session.backend.chat.begin(with_choice, self._path, None, profile, settings)
        session.running.start(run)
        # `begin` has stored the model of the retried answer as the conversation's
        # choice, and shows the new answer. Restore both. Meanwhile the user may have changed the
        # settings of the open conversation; then the changed ones count.
        is_open = session.current.id == conversation.id
        await conversations.save_settings(session.current.conversation if is_open else conversation)
        # `leaf_id` is None only without messages: then there is no earlier version to show.
        shown_id = conversation.leaf_id or run.answer.id
        await conversations.show_version(conversation.id, shown_id)
        return run.answer

    # ------------------------------------------------------------------ columns and tabs

    def _step_column(self, step: int) -> None:
        """Focus the next (+1) or the previous (-1) column."""
        self._focus_column((self._current_index + step) % len(self.columns))

    def _focus_column(self, index: int) -> None:
        """Focus a column, and show its tab."""
        self._set_current(index)
        self.columns[index].transcript.setFocus(Qt.FocusReason.TabFocusReason)

    def _set_current(self, index: int) -> None:
        self._current_index = index
        self._show_columns()
        for column in self.columns:
            column.set_current(column is self.current)

    def _on_focus_changed(self, _old: QWidget | None, focused: QWidget | None) -> None:
        if focused is None:
            return
        for index, column in enumerate(self.columns):
            if index != self._current_index and column.isAncestorOf(focused):
                self._set_current(index)

    def _show_columns(self) -> None:
        needed_width = current_theme().px(_MIN_COLUMN_WIDTH) * len(self.columns)
        is_narrow = self.width() < needed_width
        is_compact = is_narrow and self.height() < current_theme().px(_MAX_COMPACT_HEIGHT)
        self.tabs.setVisible(is_narrow)
        self.tabs.set_current(str(self._current_index))
        for index, column in enumerate(self.columns):
            column.setVisible(not is_narrow or index == self._current_index)
            column.set_compact(is_compact)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_columns()

    def update_theme(self) -> None:
        self._show_columns()
        self._show_marks()
