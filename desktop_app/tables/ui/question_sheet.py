"""The sheet of a question: what each row is asked, the fields of its answer, and a try of it."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import msgspec
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QSyntaxHighlighter, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QMenu, QWidget
from shiboken6 import isValid

from desktop_app.app.session import Session
from desktop_app.backend.answer_settings import ask_settings
from desktop_app.chat.answer_forms import check_form
from desktop_app.domain.answering.answer_form import AnswerSchema, FormKind, FormSource
from desktop_app.domain.answering.generation import PARAMETER_NAMES, Overrides
from desktop_app.domain.bounds import converted
from desktop_app.domain.conversations.conversation import ModelChoice, new_id, title_from
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.tables.checks import SCHEMA, check_of
from desktop_app.tables.table import (
    WHOLE,
    Cells,
    Check,
    Column,
    Condition,
    Field,
    FieldType,
    Plan,
    Question,
    Table,
    free_name,
)
from desktop_app.tables.template import DOCUMENT, find_reference, require_answerable, words
from desktop_app.tables.ui.cell_texts import CHECK_KINDS
from desktop_app.tables.ui.model_chooser import ModelChooser
from desktop_app.tables.ui.open_table import OpenTable
from desktop_app.tables.ui.run_bar import TRIED_ROWS, with_price
from desktop_app.tables.ui.sheet import Sheet
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import MenuButton, dialog_button
from desktop_app.widgets.forms.form_widgets import Combo, MultilineField, Note, line_field
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainLabel, menu_text, set_tooltip, spoken_text

_PROMPT_HEIGHT: Final = 66
_SCHEMA_HEIGHT: Final = 120
_MAX_NAME_LINES: Final = 5
_PAUSE_MS: Final = 400
_MAX_NAME_CHARS: Final = 40
_CONDITIONS: Final = (
    ("", N_("Ask every row")),
    ("filled", N_("is not empty")),
    ("empty", N_("is empty")),
    ("equals", N_("Equals")),
    ("contains", N_("Contains")),
)
DRAFTS: Final = "drafts"
"""The setting of a table with what was typed into its sheets, by the column's id."""
State = Mapping[str, Any]
"""What a sheet shows, as it is stored while it is a draft."""


class _WordMarks(QSyntaxHighlighter):
    """Marks the words in double braces: known ones, and those that no column has."""

    def __init__(self, document: QTextDocument, table: Table) -> None:
        super().__init__(document)
        self._table = table

    def highlightBlock(self, text: str) -> None:
        theme = current_theme()
        for word in words(text):
            start = text.find("{{")
            while start >= 0 and (end := text.find("}}", start)) >= 0:
                if text[start + 2 : end].strip() == word:
                    look = QTextCharFormat()
                    is_known = is_known_word(self._table, word)
                    look.setForeground(theme.accent if is_known else theme.error)
                    if not is_known:
                        look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
                        look.setUnderlineColor(theme.error)
                    self.setFormat(start, end + 2 - start, look)
                start = text.find("{{", end)


def is_known_word(table: Table, word: str) -> bool:
    """Return True if a prompt may name a word in double braces."""
    return word.casefold() == DOCUMENT or find_reference(table, word) is not None


def split_names(text: str) -> list[str]:
    """Return names that are separated by commas or lines; one in quotation marks may have some.

    >>> split_names('Supplier, "Total, net",, Date')
    ['Supplier', 'Total, net', 'Date']
    """
    line = text.replace("\n", ",")
    try:
        cells = next(csv.reader([line], skipinitialspace=True), [])
    except csv.Error:
        cells = line.split(",")
    return [name for cell in cells if (name := " ".join(cell.split()))]


def joined_names(names: Sequence[str]) -> str:
    """Return names as `split_names` reads them."""
    quoted = ('"' + name.replace('"', '""') + '"' for name in names)
    return ", ".join(
        each if "," in name or name.startswith('"') else name
        for name, each in zip(names, quoted, strict=True)
    )


class _NameMarks(QSyntaxHighlighter):
    """Sets off the names between the commas."""

    def highlightBlock(self, text: str) -> None:
        start = 0
        for piece in text.split(","):
            name = piece.strip()
            look = QTextCharFormat()
            look.setBackground(current_theme().tint)
            look.setForeground(current_theme().accent)
            at = start + len(piece) - len(piece.lstrip())
            self.setFormat(at, len(name), look)
            start += len(piece) + 1


class _NamesField(MultilineField):
    """The names of the fields, with commas; as high as its lines, up to a few."""

    def __init__(self) -> None:
        super().__init__(tr("Fields, with commas"), 34)
        self.setObjectName("table-fields")
        self.setPlaceholderText(tr("Fields, with commas"))
        self._marks = _NameMarks(self.document())
        self.document().documentLayout().documentSizeChanged.connect(lambda _: self._fit())

    def _fit(self) -> None:
        lines = min(_MAX_NAME_LINES, max(1, round(self.document().size().height())))
        height = current_theme().px(34) + (lines - 1) * self.fontMetrics().lineSpacing()
        if self.height() != height:
            self.setFixedHeight(height)

    def update_theme(self) -> None:
        super().update_theme()
        self._fit()


class _FieldRow(QWidget):
    """The type of a field, and what the model is told about it."""

    changed = Signal()

    def __init__(self, number: int, field: Field) -> None:
        super().__init__()
        self._field = field
        name = PlainLabel(field.name)
        self.type = Combo(tr("Type"), object_name=f"table-field-type-{number}")
        self.type.fill([(tr(each.text), each.value) for each in FieldType], field.type.value)
        self.details = line_field(tr("Description"), f"table-field-details-{number}")
        self.details.setText(
            joined_names(field.choices) if field.type is FieldType.CHOICE else field.description
        )
        self.type.currentIndexChanged.connect(lambda _: self._show_type())
        self.type.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.details.textEdited.connect(lambda _: self.changed.emit())
        row_of((name, 3), (self.type, 3), (self.details, 4), parent=self, margins=0, spacing=6)
        self._show_type()

    def _show_type(self) -> None:
        is_choice = self.type.currentData() == FieldType.CHOICE.value
        label = tr("Choices, with commas") if is_choice else tr("Description")
        self.details.setPlaceholderText(label)
        self.details.setAccessibleName(spoken_text(f"{self._field.name}: {label}"))
        self.type.setAccessibleName(spoken_text(f"{self._field.name}: {tr('Type')}"))
        set_tooltip(self.details, label)

    @property
    def field(self) -> Field:
        type_ = FieldType(self.type.currentData())
        details = self.details.text().strip()
        if type_ is FieldType.CHOICE:
            return replace(self._field, type=type_, choices=tuple(split_names(details)))
        return replace(self._field, type=type_, description=details, choices=())


class QuestionSheet(Sheet):
    """The sheet of a column with a question. What is typed is kept until it is confirmed.

    Args:
        edited: the column that the sheet changes; None for a new one.
        is_copy: begin a new column as this one is, such as to ask another model the same.

    Signals:
        confirmed(Column, bool): the column, and whether some rows are to be asked.
    """

    confirmed = Signal(object, bool)

    def __init__(
        self,
        open_table: OpenTable,
        page: QWidget,
        edited: Column | None = None,
        *,
        is_copy: bool = False,
    ) -> None:
        table = open_table.table
        assert table is not None
        self._open, self._session = open_table, open_table.session
        is_new = edited is None or is_copy
        self._id = new_id() if edited is None or is_copy else edited.id
        self._draft_key = "" if is_new else self._id
        self._question = None if edited is None else edited.question
        others = tuple(each for each in table.columns if each.id != self._id)
        self._table = replace(table, columns=others)
        keys = [each.column and each.column.id for each in open_table.model.columns]
        section = len(keys) if is_new else keys.index(self._id)
        header = open_table.grid.horizontalHeader()
        super().__init__(page, header, section, "table-question", tr("Question for each row"))
        self._fields: tuple[Field, ...] = ()
        self._rows: list[_FieldRow] = []
        self._version = 0  # of what is typed
        self._make_fields(is_new=is_new)
        self._make_choices()
        self._price_pause = self._timer(self._plan)
        self._check_pause = self._timer(self._show_check_error)
        self._save_pause = self._timer(self._save_draft)
        stored = _draft_of(table, self._draft_key) if not is_copy else None
        first = self._first_state(edited, is_copy=is_copy)
        self._show_state(stored or first)
        self.discard_button.setVisible(stored is not None)
        self.discard_button.clicked.connect(lambda: self._start_over(first))
        self._connect()
        self._update()

    def _timer(self, work: Callable[[], Coroutine[Any, Any, object]]) -> QTimer:
        timer = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        timer.timeout.connect(self._session.tasks.slot(lambda *_: work()))
        return timer

    def _make_fields(self, *, is_new: bool) -> None:
        self.prompt = MultilineField(tr("Question"), _PROMPT_HEIGHT)
        self.prompt.setObjectName("table-prompt")
        self.prompt.setPlaceholderText(tr("What should each row be asked?"))
        self._marks = _WordMarks(self.prompt.document(), self._table)
        self.insert_button = MenuButton(
            self._fill_insert, object_name="table-insert", has_background=False
        )
        self.insert_button.setText(tr("Insert column"))
        self.word_note = Note(object_name="table-words")
        self.word_note.describe(self.prompt)
        self.names = _NamesField()
        self.error = Note(object_name="table-question-error")
        choice = self._session.setup.choice if self._question is None else self._question.choice
        self.model = ModelChooser(self._session, choice)
        self.try_button = dialog_button("", "table-question-try", "primary")
        self.save_button = dialog_button(
            tr("Add column") if is_new else tr("Save"), "table-question-save"
        )
        self.discard_button = dialog_button(tr("Discard changes"), "table-question-discard", "link")
        self.more_button = dialog_button(tr("More"), "table-question-more", "link")

    def _make_choices(self) -> None:
        self.name = line_field(tr("Column name"), "table-column-name")
        self.check_kind = Combo(tr("Check"), object_name="table-check")
        self.check_kind.fill([(tr(label), kind) for kind, label in CHECK_KINDS])
        self.check_value = line_field(tr("Value, pattern, or rubric"), "table-check-value")
        self.check_schema = MultilineField(tr("JSON Schema"), _SCHEMA_HEIGHT)
        self.check_schema.setObjectName("table-check-schema")
        self.check_schema.setPlaceholderText(tr("JSON Schema"))
        self.check_schema.setFont(current_theme().code())
        self.check_error = Note(object_name="table-check-error")
        self.check_error.describe(self.check_value, self.check_schema)
        self.check_field = Combo(tr("Checked field"), object_name="table-check-field")
        self.condition = Combo(tr("Ask only if"), object_name="table-condition")
        self.condition.fill([(tr(label), kind) for kind, label in _CONDITIONS])
        self.condition_column = Combo(tr("Column"), object_name="table-condition-column")
        self.condition_column.fill([(title, title) for title in titles(self._table)])
        self.condition_text = line_field(tr("Text"), "table-condition-text")
        self._field_rows = column_of(spacing=4)
        self.choices = QWidget()
        column_of(
            self._field_rows,
            PlainLabel(tr("Column name"), role="strong"),
            self.name,
            PlainLabel(tr("Ask only if"), role="strong"),
            row_of(self.condition_column, self.condition, (self.condition_text, 1), spacing=6),
            PlainLabel(tr("Check"), role="strong"),
            row_of(self.check_kind, (self.check_value, 1), self.check_field, spacing=6),
            self.check_schema,
            self.check_error,
            parent=self.choices,
            margins=0,
            spacing=6,
        )
        self.choices.hide()
        body = column_of(
            self.prompt,
            self.word_note,
            self.names,
            row_of(self.model, STRETCH, self.more_button, spacing=4),
            self.choices,
            margins=0,
            spacing=6,
        )
        buttons = (self.try_button, self.save_button, STRETCH, self.discard_button)
        self.title_row.insertWidget(1, self.insert_button)
        self._build(body, column_of(self.error, row_of(*buttons, spacing=8), spacing=4))

    def _connect(self) -> None:
        self.more_button.clicked.connect(lambda: self._unfold(self.choices.isHidden()))
        self.save_button.clicked.connect(self._session.tasks.slot(lambda *_: self._confirm()))
        self.try_button.clicked.connect(
            self._session.tasks.slot(lambda *_: self._confirm(tries=True))
        )
        for signal in (
            self.prompt.textChanged,
            self.names.textChanged,
            self.name.textEdited,
            self.check_kind.currentIndexChanged,
            self.check_field.activated,
            self.check_value.textChanged,
            self.check_schema.textChanged,
            self.condition.currentIndexChanged,
            self.condition_column.currentIndexChanged,
            self.condition_text.textEdited,
            self.model.changed,
        ):
            signal.connect(lambda *_: self._on_edited())
        for changed in (self.check_value.textChanged, self.check_schema.textChanged):
            changed.connect(lambda *_: self._check_pause.start())
        self._open.runs.progressed.connect(self._on_run)

    # ------------------------------------------------------------ the form

    def _first_state(self, edited: Column | None, *, is_copy: bool) -> State:
        question = self._question
        if edited is None or question is None:
            return {}
        check = question.checks[0] if question.checks else None
        condition = question.condition
        return {
            "prompt": question.prompt,
            "names": joined_names([field.name for field in question.fields]),
            "fields": msgspec.to_builtins(question.fields),
            "name": self._free_name(edited.name) if is_copy else edited.name,
            "choice": msgspec.to_builtins(question.choice),
            "check": check.kind if check else "",
            "check_value": _check_text(check),
            "check_field": check.field if check else WHOLE,
            "condition": msgspec.to_builtins(condition) if condition else {},
        }

    def _show_state(self, state: State) -> None:
        try:
            fields = converted(state.get("fields", []), tuple[Field, ...])
            choice = converted(state["choice"], ModelChoice) if "choice" in state else None
            condition = converted(state.get("condition", {}), Condition)
        except ValueError:  # a draft of another version
            fields, choice, condition = (), None, Condition()
        self._fields = fields
        self.prompt.setPlainText(str(state.get("prompt", "")))
        self.names.setPlainText(str(state.get("names", "")))
        self.name.setText(str(state.get("name", "")))
        if choice is not None:
            self.model.set_choice(choice)
        _select(self.check_kind, state.get("check", ""))
        text = str(state.get("check_value", ""))
        (
            self.check_schema.setPlainText
            if state.get("check") == SCHEMA
            else self.check_value.setText
        )(text)
        self._check_field = str(state.get("check_field", WHOLE))
        _select(self.condition, condition.kind)
        _select(self.condition_column, condition.word)
        self.condition_text.setText(condition.text)
        has_choices = condition.kind or state.get("check")
        self._unfold(bool(has_choices) or any(_has_details(each) for each in fields))

    @property
    def _state(self) -> State:
        kind = self.check_kind.currentData()
        schema, value = self.check_schema.toPlainText(), self.check_value.text()
        return {
            "prompt": self.prompt.toPlainText(),
            "names": self.names.toPlainText(),
            "fields": msgspec.to_builtins(self._current_fields()),
            "name": self.name.text(),
            "choice": msgspec.to_builtins(self.model.choice),
            "check": kind,
            "check_value": schema if kind == SCHEMA else value,
            "check_field": self.check_field.currentData() or WHOLE,
            "condition": msgspec.to_builtins(self._condition or Condition()),
        }

    def _start_over(self, state: State) -> None:
        self._show_state(state)
        self.discard_button.hide()
        self.prompt.setFocus()

    def _unfold(self, is_wanted: bool) -> None:
        self.choices.setVisible(is_wanted)
        self.more_button.setText(tr("Less") if is_wanted else tr("More"))
        self._show_field_rows()
        self.updateGeometry()

    def _show_field_rows(self) -> None:
        """Show a row for each field, once they are wanted."""
        if self.choices.isHidden():
            return
        fields = self._current_fields()
        if [row.field for row in self._rows] == list(fields):
            return
        for row in self._rows:
            row.hide()
            row.deleteLater()
        self._rows = []
        for number, field in enumerate(fields, 1):
            row = _FieldRow(number, field)
            row.changed.connect(self._on_edited)
            self._rows.append(row)
            self._field_rows.addWidget(row)

    def _current_fields(self) -> tuple[Field, ...]:
        """Return the fields with the names that are typed; a renamed one keeps its type."""
        known = tuple(row.field for row in self._rows) or self._fields
        names = split_names(self.names.toPlainText())
        by_name = {each.name.casefold(): each for each in known}
        kept = {name.casefold() for name in names}
        found = []
        for number, name in enumerate(names):
            field = by_name.get(name.casefold())
            if field is None and number < len(known) and known[number].name.casefold() not in kept:
                field = known[number]
            found.append(replace(field or Field(name), name=name))
        self._fields = tuple(found)
        return self._fields

    def _fill_insert(self, menu: QMenu) -> None:
        names = titles(self._table)
        if not any(name.casefold() == DOCUMENT for name in names):
            names.insert(0, DOCUMENT)
        for name in names:
            action = menu.addAction(menu_text(tr("Document") if name == DOCUMENT else name))
            action.triggered.connect(partial(self.insert_word, name))

    def insert_word(self, name: str, *_: object) -> None:
        """Insert a column's name in double braces at the caret."""
        cursor = QTextCursor(self.prompt.textCursor())
        cursor.insertText(f"{{{{{name}}}}}")
        self.prompt.setTextCursor(cursor)
        self.prompt.setFocus()

    def _on_edited(self) -> None:
        self._save_pause.start()
        self._update()

    def _update(self) -> None:
        text = self.prompt.toPlainText()
        is_literal = self._question is not None and self._question.is_literal
        unknown = [word for word in words(text) if not is_known_word(self._table, word)]
        unknown = [] if is_literal else unknown  # its braces are ordinary words
        note = ""
        if unknown:
            names = formatting.joined([f"“{word}”" for word in unknown])
            note = tr("There is no column {names}.", names=names)
        self.word_note.set_text(note, "error" if unknown else "note")
        self.save_button.setEnabled(bool(text.strip()) and not unknown)
        self.error.set_text("")
        self.check_error.set_text("")
        kind = self.check_kind.currentData()
        self.check_value.setVisible(bool(kind) and kind != SCHEMA)
        self.check_schema.setVisible(kind == SCHEMA)
        field_names = [(each.name, each.name) for each in self._current_fields()]
        current = self.check_field.currentData()
        current = self._check_field if current is None else current
        self.check_field.fill([(tr("Whole response"), WHOLE), *field_names], current)
        self.check_field.setVisible(bool(kind) and bool(field_names))
        condition = self.condition.currentData()
        self.condition_column.setEnabled(bool(condition))
        self.condition_text.setVisible(condition in ("equals", "contains"))
        default = title_from(text.replace("{", "").replace("}", ""), _MAX_NAME_CHARS)
        self.name.setPlaceholderText(default or tr("Column name"))
        self._show_field_rows()
        self._version += 1
        self._show_price(None)
        self._price_pause.start()

    def _free_name(self, name: str) -> str:
        # A word that is no column yet would name its own one.
        named = words(self.prompt.toPlainText())
        return free_name(name, [DOCUMENT, *named, *(each.name for each in self._table.columns)])

    @property
    def _condition(self) -> Condition | None:
        kind, word = self.condition.currentData(), self.condition_column.currentData()
        if not kind or not word:
            return None
        return Condition(kind, word, self.condition_text.text().strip())

    # ------------------------------------------------------------ the price of a try

    async def _plan(self) -> None:
        """Show what asking some rows costs."""
        version, plan = self._version, None
        if self.save_button.isEnabled() and self._open.model.ids:
            try:
                column = self._column(None)
                table = replace(self._table, columns=(*self._table.columns, column))
                cells = Cells((column.id,), limit=TRIED_ROWS)
                plan = await self._open.service.plan(table, cells)
            except UserFacingError as error:
                if isValid(self) and version == self._version:
                    is_error = not isinstance(error, IllegalChoiceError)
                    self.error.set_text(error.sentences, "error" if is_error else "note")
                return
        if isValid(self) and version == self._version:
            self._show_price(plan)

    def _on_run(self, table_id: str) -> None:
        if isValid(self) and self._open.is_(table_id) and not self._open.runs.is_running(table_id):
            self._price_pause.start()

    def _show_price(self, plan: Plan | None) -> None:
        count = min(TRIED_ROWS, len(self._open.model.ids))
        if plan is not None:
            count = max(1, plan.rows)
        label = tr_plural("Try {count} row", "Try {count} rows", count)
        is_running = self._open.runs.is_running(self._open.id)
        self.try_button.setVisible(bool(count))
        self.try_button.setText(with_price(label, plan))
        self.try_button.setEnabled(plan is not None and plan.cells > 0 and not is_running)

    # ------------------------------------------------------------ the draft

    async def _save_draft(self) -> None:
        self._save_pause.stop()
        await _store_draft(self._open, self._table.id, self._draft_key, self._state)

    async def save_now(self) -> None:
        """Keep what was typed, if that is not done yet."""
        if self._save_pause.isActive():
            await self._save_draft()

    def close_sheet(self) -> None:
        """Remove the sheet; what was typed is there when it is opened again."""
        if self._save_pause.isActive():
            self._save_pause.stop()
            self._keep(self._state)
        super().close_sheet()

    def _keep(self, state: State | None) -> None:
        """Keep what was typed, without the sheet, which goes; None forgets it."""
        work = _store_draft(self._open, self._table.id, self._draft_key, state)
        self._session.tasks.start(work)

    # ------------------------------------------------------------ the column

    async def _confirm(self, *, tries: bool = False) -> None:
        if not await self._show_check_error(is_complete=True) or not self.isVisible():
            return
        try:
            column = self._column(self._new_check)
            table = replace(self._table, columns=(*self._table.columns, column))
            require_answerable(table, [column])
        except UserFacingError as error:
            self.error.set_text(error.sentences, "error")
            return
        self._save_pause.stop()
        self._keep(None)
        self.close_sheet()
        self.confirmed.emit(column, tries)

    def _column(self, check: Check | None) -> Column:
        prompt = self.prompt.toPlainText()
        typed = " ".join(self.name.text().split())
        name = typed or self._free_name(self.name.placeholderText())
        overrides = self._question.overrides if self._question else _overrides(self._session)
        given = self._question or Question(prompt, self.model.choice, overrides=overrides)
        others = self._question.checks[1:] if self._question else ()
        question = replace(
            given,
            prompt=prompt,
            choice=self.model.choice,
            fields=_with_unique_names(self._current_fields()),
            checks=others if check is None else (check, *others),
            condition=self._condition,
        )
        return Column(self._id, name, question)

    # ------------------------------------------------------------ the check

    _new_check: Check | None = None
    _check_field = WHOLE

    async def _show_check_error(self, *, is_complete: bool = False) -> bool:
        """Read the check, and show what is wrong with it; return False if something is.

        Args:
            is_complete: the user has confirmed the sheet, so that an empty check is wrong, too.
        """
        self._check_pause.stop()
        kind = self.check_kind.currentData()
        text = self.check_schema.toPlainText() if kind == SCHEMA else self.check_value.text()
        field = self.check_field.currentData() or WHOLE
        problem, check = "", None
        if kind and (is_complete or text.strip()):
            try:
                check = await asyncio.to_thread(_check_of, kind, text)
            except IllegalChoiceError as error:
                problem = tr("Not valid: {words}", words=str(error.params["words"]))
            except ValueError as error:
                problem = tr("The check can’t be used: {words}.", words=str(error))
        if not isValid(self) or kind != self.check_kind.currentData():
            return False
        self.check_error.set_text(problem, "error" if problem else "note")
        if problem or not is_complete:
            return not problem
        was = self._question.checks[0] if self._question and self._question.checks else None
        if check is not None:
            check = replace(check, field=field)
            if was is not None and kind == was.kind:
                check = replace(check, ignores_case=was.ignores_case, is_negated=was.is_negated)
        self._new_check = check
        return True

    # ------------------------------------------------------------ keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Try on Ctrl+Enter."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.try_button.click()
        else:
            super().keyPressEvent(event)


def _select(combo: Combo, data: object) -> None:
    combo.setCurrentIndex(max(0, combo.findData(data)))


def titles(table: Table) -> list[str]:
    """Return the headings of all columns, as `{{…}}` names them."""
    return [each.title(part) for each in table.columns for part in each.parts]


def _draft_of(table: Table, key: str) -> State | None:
    drafts = table.settings.get(DRAFTS)
    draft = drafts.get(key) if isinstance(drafts, dict) else None
    return draft if isinstance(draft, dict) else None


async def _store_draft(open_table: OpenTable, table_id: str, key: str, state: State | None) -> None:
    """Keep what is typed into a sheet with its table; None forgets it."""

    def changed(table: Table) -> Table:
        drafts = table.settings.get(DRAFTS)
        others = {k: each for k, each in dict(drafts or {}).items() if k != key}
        drafts = others if state is None else {**others, key: state}
        return replace(table, settings={**table.settings, DRAFTS: drafts})

    if open_table.table is not None and open_table.is_(table_id):
        open_table.table = changed(open_table.table)
    # Not by the service: nothing that is shown has changed.
    await open_table.store.change(table_id, changed)


def _check_text(check: Check | None) -> str:
    if check is None:
        return ""
    if isinstance(check.value, str):
        return check.value
    return json.dumps(check.value, indent=2, ensure_ascii=False)


def _has_details(field: Field) -> bool:
    return field != Field(field.name)


def _check_of(kind: str, text: str) -> Check:
    """Return a check. Takes a while: call it in a thread. Raises IllegalChoiceError, ValueError."""
    if kind == SCHEMA:
        form = check_form(FormSource(FormKind.SCHEMA, text, ""))
        return Check(kind, dict(form.schema) if isinstance(form, AnswerSchema) else {})
    if not text.strip():
        raise ValueError(tr("it has no value"))
    return check_of({kind: text})


def _with_unique_names(fields: Sequence[Field]) -> tuple[Field, ...]:
    taken: set[str] = set()
    found = []
    for field in fields:
        name, number = field.name, 1
        while name.casefold() in taken:
            number += 1
            name = f"{field.name} {number}"
        taken.add(name.casefold())
        found.append(replace(field, name=name))
    return tuple(found)


def _overrides(session: Session) -> Overrides:
    """Return the settings of answers as they are now, which a column keeps."""
    settings = ask_settings(session.values.all).for_one_answer().without_tools()
    return Overrides(settings.instructions, settings.parameters, PARAMETER_NAMES, settings.examples)
