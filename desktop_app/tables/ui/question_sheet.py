"""The form of a column: a question with its model, fields and check, or the name of data."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QSyntaxHighlighter, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QMenu, QWidget
from shiboken6 import isValid

from desktop_app.app.session import Session
from desktop_app.backend.answer_settings import ask_settings
from desktop_app.chat.answer_forms import check_form
from desktop_app.composer.available_models import AvailableModels, view_of
from desktop_app.composer.choice import ChoiceView
from desktop_app.composer.model_button import fill_efforts, fill_models
from desktop_app.domain.answering.answer_form import AnswerSchema, FormKind, FormSource
from desktop_app.domain.answering.generation import PARAMETER_NAMES, Overrides
from desktop_app.domain.conversations.conversation import ModelChoice, new_id, title_from
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.domain.models.variants import Effort
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr
from desktop_app.tables.checks import SCHEMA, check_of
from desktop_app.tables.table import (
    WHOLE,
    Check,
    Column,
    Field,
    FieldType,
    Question,
    Table,
    free_name,
)
from desktop_app.tables.template import DOCUMENT, find_reference, require_answerable, words
from desktop_app.tables.ui.cell_texts import CHECK_KINDS
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import (
    IconButton,
    MenuButton,
    cancel_button,
    dialog_button,
)
from desktop_app.widgets.forms.form_dialog import FormDialog
from desktop_app.widgets.forms.form_widgets import Combo, MultilineField, Note, line_field
from desktop_app.widgets.forms.tab_order import mark_deleting
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import (
    PlainLabel,
    menu_text,
    set_tooltip,
    spoken_text,
    window_title,
)
from desktop_app.widgets.windows import fitting_size, scroll_area_of

_SIZE: Final = (620, 620)
_PROMPT_HEIGHT: Final = 104
_SCHEMA_HEIGHT: Final = 120
_CHECK_PAUSE_MS: Final = 400
_MAX_NAME_CHARS: Final = 40


class ModelChooser(QWidget):
    """The model and effort of a column, chosen as below the prompt.

    Attributes:
        choice: the chosen model.
    """

    def __init__(self, session: Session, choice: ModelChoice) -> None:
        super().__init__()
        self._session = session
        self.choice = choice
        self.model_button = MenuButton(self._fill_models, object_name="table-model")
        self.effort_button = MenuButton(self._fill_efforts, object_name="table-effort")
        row_of(self.model_button, self.effort_button, STRETCH, parent=self, margins=0, spacing=8)
        self._show()

    @property
    def _view(self) -> ChoiceView:
        session = self._session
        profile = session.providers.get(self.choice.provider_id) or session.providers.default
        resolved = session.backend.chat.resolve(profile, self.choice)
        models = session.providers.models_of(profile)
        return view_of(resolved, session.of(AvailableModels).models, models)

    def _fill_models(self, menu: QMenu) -> None:
        view = self._view
        fill_models(menu, view.models, view, self._choose_model)

    def _fill_efforts(self, menu: QMenu) -> None:
        fill_efforts(menu, self._view, self._choose_effort)

    def _choose_model(self, entry: ModelEntry) -> None:
        choice = self._session.of(AvailableModels).choice_with(entry)
        if choice.effort is not None and self.choice.effort is not None:
            choice = replace(choice, effort=self.choice.effort)
        self.choice = choice
        self._show()

    def _choose_effort(self, effort: Effort) -> None:
        self.choice = replace(self.choice, effort=effort)
        self._show()

    def _show(self) -> None:
        view = self._view
        self.model_button.setText(view.short_name)
        name = tr("Model: {name}", name=view.short_name)
        self.model_button.setAccessibleName(spoken_text(name))
        set_tooltip(self.model_button, view.notice or view.provider_name)
        effort = view.display_effort
        self.effort_button.setVisible(effort is not None)
        if effort is not None:
            self.effort_button.setText(tr(effort.label))
            name = tr("Reasoning effort: {effort}", effort=tr(effort.label))
            self.effort_button.setAccessibleName(spoken_text(name))


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


class _FieldRow(QWidget):
    """A field of the answer: its name, its type, and what the model is told about it."""

    def __init__(self, number: int, field: Field) -> None:
        super().__init__()
        self._field = field
        self.name = line_field(tr("Field"), f"table-field-{number}")
        self.name.setText(field.name)
        self.type = Combo(tr("Type"), object_name=f"table-field-type-{number}")
        self.type.fill([(tr(each.text), each.value) for each in FieldType], field.type.value)
        self.details = line_field(tr("Description"), f"table-field-details-{number}")
        self.details.setText(
            ", ".join(field.choices) if field.type is FieldType.CHOICE else field.description
        )
        self.remove = IconButton(f"table-field-remove-{number}", "x", tr("Remove"), self.hide)
        mark_deleting(self.remove)
        self.type.currentIndexChanged.connect(lambda _: self._show_type())
        parts = ((self.name, 3), (self.type, 2), (self.details, 4), self.remove)
        row_of(*parts, parent=self, margins=0, spacing=6)
        self._show_type()

    def _show_type(self) -> None:
        is_choice = self.type.currentData() == FieldType.CHOICE.value
        label = tr("Choices, with commas") if is_choice else tr("Description")
        self.details.setPlaceholderText(label)
        self.details.setAccessibleName(spoken_text(label))
        set_tooltip(self.details, label)

    @property
    def field(self) -> Field | None:
        """Return the field; None if it was removed, or has no name."""
        name = " ".join(self.name.text().split())
        if not name or self.isHidden():
            return None
        type_ = FieldType(self.type.currentData())
        details = self.details.text().strip()
        if type_ is FieldType.CHOICE:
            choices = tuple(each.strip() for each in details.split(",") if each.strip())
            return replace(self._field, name=name, type=type_, choices=choices)
        return replace(self._field, name=name, type=type_, description=details, choices=())


class QuestionDialog(FormDialog):
    """The form of a column with a question.

    Args:
        edited: the column that the form changes; None for a new one.
        is_copy: begin a new column as this one is, such as to ask another model the same.

    Signals:
        confirmed(Column): the user has confirmed the form.
    """

    confirmed = Signal(object)

    def __init__(
        self, session: Session, table: Table, edited: Column | None = None, *, is_copy: bool = False
    ) -> None:
        super().__init__(session.window)
        self._session = session
        self._id = new_id() if edited is None or is_copy else edited.id
        self._question = None if edited is None else edited.question
        others = tuple(each for each in table.columns if each.id != self._id)
        self._table = replace(table, columns=others)
        self.setObjectName("table-question")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Question for each row"))
        question = self._question
        self.prompt = MultilineField(tr("Question"), _PROMPT_HEIGHT)
        self.prompt.setObjectName("table-prompt")
        self.prompt.setPlainText("" if question is None else question.prompt)
        self._marks = _WordMarks(self.prompt.document(), self._table)
        insert = MenuButton(self._fill_insert, object_name="table-insert")
        insert.setText(tr("Insert column"))
        self.word_note = Note(object_name="table-words")
        self.word_note.describe(self.prompt)
        self.name = line_field(tr("Column name"), "table-column-name")
        if edited is not None and not is_copy:
            self.name.setText(edited.name)
        elif edited is not None:
            self.name.setText(self._free_name(edited.name))
        choice = session.setup.choice if question is None else question.choice
        self.model = ModelChooser(session, choice)
        self._fields: list[_FieldRow] = []
        self._field_rows = column_of(spacing=6)
        self.add_field_button = dialog_button(tr("Add field"), "table-add-field")
        self.add_field_button.clicked.connect(lambda: self.add_field(Field("")).name.setFocus())
        first = question.checks[0] if question is not None and question.checks else None
        self._check = self._new_check = first
        self.check_kind = Combo(tr("Check"), object_name="table-check")
        kinds = [(tr(label), kind) for kind, label in CHECK_KINDS]
        self.check_kind.fill(kinds, first.kind if first else "")
        self.check_value = line_field(tr("Value, pattern, or rubric"), "table-check-value")
        self.check_schema = MultilineField(tr("JSON Schema"), _SCHEMA_HEIGHT)
        self.check_schema.setObjectName("table-check-schema")
        self.check_schema.setPlaceholderText(tr("JSON Schema"))
        self.check_schema.setFont(current_theme().code())
        if first is not None and isinstance(first.value, str):
            self.check_value.setText(first.value)
        elif first is not None:
            self.check_schema.setPlainText(json.dumps(first.value, indent=2, ensure_ascii=False))
        self.check_error = Note(object_name="table-check-error")
        self.check_error.describe(self.check_value, self.check_schema)
        self.check_field = Combo(tr("Checked field"), object_name="table-check-field")
        self.error = Note(object_name="table-question-error")
        self.save_button = dialog_button(
            tr("Add column") if edited is None or is_copy else tr("Save"),
            "table-question-save",
            "primary",
        )
        self.save_button.clicked.connect(session.tasks.slot(self._confirm))
        cancel = cancel_button("table-question-cancel")
        cancel.clicked.connect(self.reject)
        fields_note = PlainLabel(
            tr("Without fields, the response is one text. With fields, each gets a column."),
            role="note",
            wraps=True,
        )
        body = QWidget()
        column_of(
            row_of((PlainLabel(tr("Question"), role="strong"), 1), insert, spacing=8),
            self.prompt,
            self.word_note,
            PlainLabel(tr("Model"), role="strong"),
            self.model,
            PlainLabel(tr("Fields"), role="strong"),
            fields_note,
            self._field_rows,
            row_of(self.add_field_button, STRETCH),
            PlainLabel(tr("Check"), role="strong"),
            row_of(self.check_kind, (self.check_value, 1), self.check_field, spacing=6),
            self.check_schema,
            self.check_error,
            PlainLabel(tr("Column name"), role="strong"),
            self.name,
            STRETCH,
            parent=body,
            margins=(0, 0, 8, 0),
            spacing=8,
        )
        column_of(
            (scroll_area_of(body), 1),
            self.error,
            row_of(STRETCH, cancel, self.save_button, spacing=8),
            parent=self,
            margins=DIALOG_MARGINS,
            spacing=10,
        )
        for field in question.fields if question is not None else ():
            self.add_field(field)
        self.prompt.textChanged.connect(self._update)
        self.name.textEdited.connect(lambda _: self.error.set_text(""))
        self.check_kind.currentIndexChanged.connect(lambda _: self._update())
        self._check_pause = QTimer(self, singleShot=True, interval=_CHECK_PAUSE_MS)
        self._check_pause.timeout.connect(session.tasks.slot(self._show_check_error))
        for changed in (self.check_value.textChanged, self.check_schema.textChanged):
            changed.connect(lambda *_: self._check_pause.start())
        self._update()
        self.resize(fitting_size(_SIZE, session.window))
        self.prompt.setFocus()

    # ------------------------------------------------------------ the form

    def add_field(self, field: Field) -> _FieldRow:
        """Add the row of a field."""
        row = _FieldRow(len(self._fields) + 1, field)
        row.remove.clicked.connect(self._update)
        row.name.textChanged.connect(lambda _: self._update())
        self._fields.append(row)
        self._field_rows.addWidget(row)
        self._update()
        return row

    def _fill_insert(self, menu: QMenu) -> None:
        names = [each.title(part) for each in self._table.columns for part in each.parts]
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
        has_check = bool(kind)
        self.check_value.setVisible(has_check and kind != SCHEMA)
        self.check_schema.setVisible(kind == SCHEMA)
        field_names = [(each.name, each.name) for row in self._fields if (each := row.field)]
        current = self.check_field.currentData()
        if current is None and self._check is not None:
            current = self._check.field
        self.check_field.fill([(tr("Whole response"), WHOLE), *field_names], current)
        self.check_field.setVisible(has_check and bool(field_names))
        default = title_from(text.replace("{", "").replace("}", ""), _MAX_NAME_CHARS)
        self.name.setPlaceholderText(default or tr("Column name"))

    def _free_name(self, name: str) -> str:
        # A word that is no column yet would name its own one.
        named = words(self.prompt.toPlainText())
        return free_name(name, [DOCUMENT, *named, *(each.name for each in self._table.columns)])

    # ------------------------------------------------------------ the column

    async def _confirm(self, *_signal: object) -> None:
        if not await self._show_check_error(is_complete=True) or not self.isVisible():
            return
        try:
            column = self._column()
            table = replace(self._table, columns=(*self._table.columns, column))
            require_answerable(table, [column])
        except UserFacingError as error:
            self.error.set_text(error.sentences, "error")
            return
        self.accept()
        self.confirmed.emit(column)

    def _column(self) -> Column:
        prompt = self.prompt.toPlainText()
        typed = " ".join(self.name.text().split())
        name = typed or self._free_name(self.name.placeholderText())
        fields = [field for row in self._fields if (field := row.field) is not None]
        overrides = self._question.overrides if self._question else _overrides(self._session)
        given = self._question or Question(prompt, self.model.choice, overrides=overrides)
        others = self._question.checks[1:] if self._question else ()
        question = replace(
            given,
            prompt=prompt,
            choice=self.model.choice,
            fields=_with_unique_names(fields),
            checks=others if self._new_check is None else (self._new_check, *others),
        )
        return Column(self._id, name, question)

    # ------------------------------------------------------------ the check

    async def _show_check_error(self, *_signal: object, is_complete: bool = False) -> bool:
        """Read the check, and show what is wrong with it; return False if something is.

        Args:
            is_complete: the user has confirmed the form, so that an empty check is wrong, too.
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
        was = self._check
        if check is not None:
            check = replace(check, field=field)
            if was is not None and kind == was.kind:
                check = replace(check, ignores_case=was.ignores_case, is_negated=was.is_negated)
        self._new_check = check
        return True


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


class TableNameDialog(FormDialog):
    """The form of a name: of a table, or of a column of data.

    Signals:
        confirmed(str): the name.
    """

    confirmed = Signal(str)

    def __init__(self, parent: QWidget, title: str, label: str, name: str = "") -> None:
        super().__init__(parent)
        self.setObjectName("table-name-dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(window_title(title))
        self.name = line_field(label, "table-new-name")
        self.name.setText(name)
        self.save_button = dialog_button(tr("Save"), "table-name-save", "primary")
        self.save_button.setDefault(True)
        self.save_button.clicked.connect(self._confirm)
        cancel = cancel_button()
        cancel.clicked.connect(self.reject)
        self.name.textChanged.connect(lambda text: self.save_button.setEnabled(bool(text.strip())))
        self.save_button.setEnabled(bool(name))
        column_of(
            self.name,
            row_of(STRETCH, cancel, self.save_button, spacing=8),
            parent=self,
            margins=DIALOG_MARGINS,
            spacing=12,
        )
        self.setMinimumWidth(current_theme().px(320))
        self.name.setFocus()

    def _confirm(self) -> None:
        self.accept()
        self.confirmed.emit(" ".join(self.name.text().split()))
