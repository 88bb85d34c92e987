"""The questions that tool servers ask the user during a call, in the conversation of the call."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QElapsedTimer, Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QFormLayout,
    QFrame,
    QLineEdit,
    QSizePolicy,
    QWidget,
)

from desktop_app.app.session import Controller, Session
from desktop_app.domain.tools.tool import UserReply
from desktop_app.i18n.translation import tr
from desktop_app.tools.calls.consent import ServerQuestion
from desktop_app.tools.ui.consent_card import AllowButton
from desktop_app.widgets.boxes import FlowLayout, column_of
from desktop_app.widgets.buttons.dialog_button import SingleClickButton
from desktop_app.widgets.forms.form_widgets import Combo, Note, check_box, line_field
from desktop_app.widgets.look.theme import set_role
from desktop_app.widgets.text.foreign_text import PlainLabel, multiline_text, one_line, spoken_text

MAX_FIELDS: Final = 20
"""A server that asks for more values gets no reply. The number is arbitrary."""
MAX_CHOICES: Final = 100
_MAX_TEXT_CHARS: Final = 2000


class _InvalidValueError(Exception):
    """A value cannot be sent; the message says why."""


class _Field(NamedTuple):
    """A field of the card.

    Attributes:
        value: returns the entered value; None if there is none. Raises _InvalidValueError.
    """

    title: str
    widget: QWidget
    value: Callable[[], Any]


class QuestionCard(QFrame):
    """The card with a question of a server and the fields for the reply.

    Signals:
        replied(UserReply): the user has replied or declined.
    """

    replied = Signal(object)

    def __init__(self, question: ServerQuestion) -> None:
        super().__init__()
        self.setObjectName("server-question")
        set_role(self, "note-card")
        self._required = set(_texts(question.schema.get("required")))
        title = PlainLabel(tr("{server} asks:", server=question.server), role="strong", wraps=True)
        text = PlainLabel(multiline_text(question.text[:_MAX_TEXT_CHARS]), wraps=True)
        self.fields = _fields_for(question.schema)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for field in self.fields.values():
            label = PlainLabel(one_line(field.title))
            label.setBuddy(field.widget)
            form.addRow(label, field.widget)
        note = PlainLabel(
            tr("Your reply goes to {server}. Enter no passwords.", server=question.server),
            role="note",
            wraps=True,
        )
        self._problem = Note(object_name="server-question-problem")
        question_age = QElapsedTimer()
        question_age.start()
        self.send_button = AllowButton(tr("Reply"), "server-reply", question_age)
        self.send_button.clicked.connect(self._reply)
        self.decline_button = SingleClickButton(tr("Decline"), role="plain", name="server-decline")
        self.decline_button.clicked.connect(lambda: self.replied.emit(UserReply("decline")))
        for button in (self.send_button, self.decline_button):
            button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        buttons = FlowLayout(self.send_button, self.decline_button, spacing=8)
        parts = (title, text, form, note, self._problem, buttons)
        column_of(*parts, parent=self, margins=(14, 10, 14, 10), spacing=6)
        self.setAccessibleName(spoken_text(f"{title.text()} {text.text()}"))

    def _reply(self) -> None:
        try:
            values = {name: field.value() for name, field in self.fields.items()}
        except _InvalidValueError as error:
            self._problem.set_text(str(error), "error")
            return
        missing = [name for name in self._required & values.keys() if values[name] is None]
        if missing:
            title = self.fields[missing[0]].title
            self._problem.set_text(tr("Enter a value for “{field}”.", field=title), "error")
            self.fields[missing[0]].widget.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        content = {name: value for name, value in values.items() if value is not None}
        self.replied.emit(UserReply("accept", content))


def can_ask(schema: Mapping[str, Any]) -> bool:
    """Return True if there is a field for each value that a server wants."""
    properties = schema.get("properties", {})
    return (
        isinstance(properties, dict)
        and len(properties) <= MAX_FIELDS
        and all(isinstance(row, dict) and _is_known(row) for row in properties.values())
    )


def _is_known(row: Mapping[str, Any]) -> bool:
    kind = row.get("type", "string")
    if kind == "array":
        items = row.get("items")
        return isinstance(items, dict) and 0 < len(_choices(items)) <= MAX_CHOICES
    return kind in ("string", "number", "integer", "boolean") and len(_choices(row)) <= MAX_CHOICES


def _fields_for(schema: Mapping[str, Any]) -> dict[str, _Field]:
    properties = schema.get("properties", {})
    return {name: _field_for(name, row) for name, row in properties.items()}


def _field_for(name: str, row: Mapping[str, Any]) -> _Field:
    title = str(row.get("title") or name)
    default = row.get("default")
    kind = row.get("type", "string")
    if kind == "boolean":
        box = check_box(title)
        box.setChecked(default is True)
        return _described(_Field(title, box, box.isChecked), row)
    if kind == "array":
        return _described(_several_field(title, _choices(row["items"]), default), row)
    if choices := _choices(row):
        return _described(_choice_field(title, choices, default), row)
    line = line_field(title, "")
    line.setText("" if default is None else str(default))
    if kind == "string":
        return _described(_Field(title, line, lambda: line.text() or None), row)
    return _described(_Field(title, line, lambda: _number(title, line, kind)), row)


def _described(field: _Field, row: Mapping[str, Any]) -> _Field:
    """Show the description of a value in its field."""
    description = one_line(str(row.get("description") or ""))
    field.widget.setAccessibleDescription(spoken_text(description))
    if isinstance(field.widget, QLineEdit):
        field.widget.setPlaceholderText(description)
    return field


def _choice_field(title: str, choices: Sequence[tuple[str, str]], default: object) -> _Field:
    combo = Combo(title)
    combo.fill([("", None), *((label, value) for value, label in choices)], default)
    return _Field(title, combo, combo.currentData)


def _several_field(title: str, choices: Sequence[tuple[str, str]], default: object) -> _Field:
    chosen = _texts(default)
    rows: list[tuple[str, QCheckBox]] = []
    holder = QWidget()
    layout = QFormLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    for value, label in choices:
        box = check_box(label)
        box.setChecked(value in chosen)
        layout.addRow(box, PlainLabel(one_line(label)))
        rows.append((value, box))
    return _Field(title, holder, lambda: [value for value, box in rows if box.isChecked()])


def _number(title: str, line: QLineEdit, kind: str) -> int | float | None:
    text = line.text().strip().replace(",", ".")
    if not text:
        return None
    try:
        value = int(text) if kind == "integer" else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _InvalidValueError(tr("“{field}” must be a number.", field=title))
    return value


def _choices(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the values that a schema allows, each with its label; [] if it allows any."""
    for key in ("oneOf", "anyOf"):
        if isinstance(rows := row.get(key), list):
            return [
                (each["const"], str(each.get("title") or each["const"]))
                for each in rows
                if isinstance(each, dict) and isinstance(each.get("const"), str)
            ]
    values = _texts(row.get("enum"))
    labels = _texts(row.get("enumNames"))
    return list(zip(values, labels if len(labels) == len(values) else values, strict=True))


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


@dataclass(eq=False)
class _Pending:
    """A question that waits for the user.

    Attributes:
        card: once it was shown; it keeps what the user has entered.
    """

    question: ServerQuestion
    reply: asyncio.Future[UserReply]
    card: QuestionCard | None = None

    def answer(self, reply: UserReply) -> None:
        """End the question with the user's reply."""
        if not self.reply.done():
            self.reply.set_result(reply)


class ServerQuestions(Controller):
    """Controller of the questions of servers, one after another."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._pending: list[_Pending] = []
        self._shown: _Pending | None = None
        self._current.opened.connect(self._show)

    @property
    def is_asking(self) -> bool:
        """Return True while a question waits, in whichever conversation."""
        return bool(self._pending)

    async def ask(self, question: ServerQuestion) -> UserReply:
        """Return the user's reply. If the task is canceled, the question is withdrawn."""
        if not can_ask(question.schema):
            return UserReply()
        pending = _Pending(question, asyncio.get_running_loop().create_future())
        self._pending.append(pending)
        if question.conversation_id != self._current.id:
            message = tr("A tool server in another conversation has a question for you.")
            self._notifications.notify(message)
        self._show()
        try:
            return await pending.reply
        finally:
            self._pending.remove(pending)
            self._show()
            if pending.card is not None:
                self._pane.remove_above_prompt(pending.card)

    def _show(self) -> None:
        """Show the first question of the open conversation, or none."""
        first = next(
            (p for p in self._pending if p.question.conversation_id == self._current.id), None
        )
        if first is self._shown:
            return
        former, self._shown = self._shown, first
        if former is not None and former.card is not None:
            focus = QApplication.focusWidget()
            had_focus = focus is not None and former.card.isAncestorOf(focus)
            former.card.hide()
            if had_focus:
                self._prompt.focus_text()  # Qt would choose any widget
        if first is None:
            return
        if first.card is None:
            first.card = QuestionCard(first.question)
            first.card.replied.connect(first.answer)
            self._pane.add_above_prompt(first.card)
        first.card.show()
        self._notifications.announce(first.card.accessibleName())
