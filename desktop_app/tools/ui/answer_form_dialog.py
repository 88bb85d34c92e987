"""The dialog that chooses the form of answers: a JSON Schema or a grammar."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLineEdit, QWidget
from shiboken6 import isValid

from desktop_app.app.session import Session
from desktop_app.chat.answer_forms import check_form, require_grammar_support
from desktop_app.domain.answering.answer_form import (
    GRAMMAR_SYNTAXES,
    MAX_FORM_CHARS,
    AnswerGrammar,
    FormKind,
    FormSource,
)
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.foreign_file import RefusedFileError, open_file, read_all
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button, dialog_button
from desktop_app.widgets.file_dialogs import choose_file
from desktop_app.widgets.forms.form_dialog import FormDialog
from desktop_app.widgets.forms.form_widgets import Combo, Note, text_field
from desktop_app.widgets.forms.schema_form import FORM_KINDS
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import spoken_text
from desktop_app.widgets.windows import fitting_size

_CHECK_PAUSE_MS: Final = 400
_SIZE: Final = (600, 460)
_HINTS: Final = {
    FormKind.SCHEMA: N_("Responses are JSON that matches this schema (draft 2020-12)."),
    FormKind.LARK: N_("Responses follow this grammar."),
    FormKind.REGEX: N_("Responses match this regular expression, on one line."),
    FormKind.GBNF: N_("Responses follow this grammar, in llama.cpp’s notation."),
}
_SCHEMA_NAME: Final = N_("Name of the schema")
_HIGHLIGHTED_LANGUAGE: Final = N_("Highlight as (such as sql)")
"""The label of the name field for all kinds of form but a schema."""


class AnswerFormDialog(FormDialog):
    """Dialog for the form of answers. Its text is checked in pauses of typing and before use.

    Args:
        value: the current form.
        on_chosen: called with the chosen form; "" for none.
    """

    def __init__(
        self, session: Session, parent: QWidget, value: str, on_chosen: Callable[[str], None]
    ) -> None:
        super().__init__(parent)
        self.setObjectName("answer-form")
        self.setWindowTitle(tr("Response format"))
        self.finished.connect(self.deleteLater)
        self._tasks = session.tasks
        self._on_chosen = on_chosen
        self._refusals: dict[FormKind, str] = {}  # why the model cannot follow a kind
        for syntax in GRAMMAR_SYNTAXES:
            try:
                require_grammar_support(AnswerGrammar(syntax, ""), session.setup.resolved)
            except IllegalChoiceError as error:
                self._refusals[syntax] = error.sentences
        self.kind_box = Combo(tr("Kind"), object_name="form-kind")
        self.kind_box.fill([(tr(title), kind) for kind, title in FORM_KINDS.items()])
        self.name_field = QLineEdit()
        self.name_field.setObjectName("form-name")
        self.form_field = text_field(tr("Schema or grammar"), "form-text")
        self.form_field.setFont(current_theme().code())
        self.hint = Note()
        self.problem = Note()
        self.open_file_button = dialog_button(tr("Open file…"), "form-file")
        self.remove_button = dialog_button(tr("Remove"), "form-remove")
        self.cancel_button = cancel_button("form-cancel")
        self.save_button = dialog_button(tr("Use"), "form-save", "primary")
        self.save_button.setDefault(True)
        head = row_of((self.kind_box, 1), (self.name_field, 1), spacing=8)
        buttons = row_of(
            self.open_file_button,
            self.remove_button,
            STRETCH,
            self.cancel_button,
            self.save_button,
            spacing=8,
        )
        parts = (head, self.hint, (self.form_field, 1), self.problem, buttons)
        column_of(*parts, parent=self, margins=16, spacing=10)
        self.resize(fitting_size(_SIZE, parent))
        self.remove_button.setEnabled(bool(value))
        if (source := FormSource.from_setting(value)) is not None:
            self.kind_box.setCurrentIndex(self.kind_box.findData(source.kind))
            self.name_field.setText(source.name)
            self.form_field.setPlainText(source.text)
        self._update_for_kind()
        self.form_field.setFocus()
        self._connect()

    def _connect(self) -> None:
        start = self._tasks.start
        pause = QTimer(self, singleShot=True, interval=_CHECK_PAUSE_MS)
        self.kind_box.currentIndexChanged.connect(self._update_for_kind)
        self.kind_box.currentIndexChanged.connect(self._tasks.slot(self._check))
        self.form_field.textChanged.connect(pause.start)
        pause.timeout.connect(self._tasks.slot(self._check))
        self.open_file_button.clicked.connect(
            lambda: choose_file(self, tr("Open file"), lambda path: start(self._read(path)))
        )
        self.remove_button.clicked.connect(lambda: self._finish(""))
        self.cancel_button.clicked.connect(self.reject)
        self.save_button.clicked.connect(lambda: start(self._check(should_accept=True)))

    @property
    def source(self) -> FormSource:
        text = self.form_field.toPlainText()
        kind = FormKind(self.kind_box.currentData())
        if kind is FormKind.REGEX:
            text = text.strip("\n")  # else the line end of a file would be part of the expression
        return FormSource(kind, text, self.name_field.text())

    def _finish(self, value: str) -> None:
        self._on_chosen(value)
        self.accept()

    def _update_for_kind(self) -> None:
        """Update the label of the name, the hint and the button for the chosen kind."""
        kind = FormKind(self.kind_box.currentData())
        label = tr(_SCHEMA_NAME if kind is FormKind.SCHEMA else _HIGHLIGHTED_LANGUAGE)
        self.name_field.setPlaceholderText(label)
        self.name_field.setAccessibleName(spoken_text(label))
        refusal = self._refusals.get(kind, "")
        self.hint.set_text(refusal or tr(_HINTS[kind]), "error" if refusal else "note")
        self.save_button.setEnabled(not refusal)

    async def _check(self, *_signal: object, should_accept: bool = False) -> None:
        """Show why the form is not valid, if so; without any text, there is no problem."""
        source = self.source
        problem = ""
        if should_accept or source.text.strip():
            try:
                await asyncio.to_thread(check_form, source)
            except IllegalChoiceError as error:
                problem = tr("Not valid: {words}", words=str(error.params["words"]))
        if not isValid(self) or not self.isVisible():
            return  # closed since
        if should_accept and not problem:
            self._finish(source.to_setting())
        # A check while typing is out of date if the text was changed since.
        elif should_accept or source == self.source:
            self.problem.set_text(problem, "error" if problem else "note")

    async def _read(self, path: Path) -> None:
        """Show the text of a file, and choose the kind by the ending of its name.

        The values of `FormKind` are the usual endings of grammars. Schemas have others, such as
        "json".
        """
        ending = path.suffix.lower().removeprefix(".")
        kind = FormKind(ending) if ending in set(FormKind) else FormKind.SCHEMA
        self.kind_box.setCurrentIndex(self.kind_box.findData(kind))
        if kind is FormKind.SCHEMA and not self.name_field.text():
            self.name_field.setText(path.stem.removesuffix(".schema"))

        def read() -> str:
            with open_file(path) as file:
                return read_all(file, MAX_FORM_CHARS).decode("utf-8-sig")

        text: str | None = None
        with suppress(OSError, RefusedFileError, UnicodeDecodeError):
            text = await asyncio.to_thread(read)
        if not isValid(self) or not self.isVisible():
            return  # closed since
        if text is None:
            self.problem.set_text(tr("Can’t read {file}.", file=path.name), "error")
        else:
            self.form_field.setPlainText(text)
