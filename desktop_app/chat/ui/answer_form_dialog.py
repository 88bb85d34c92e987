"""The dialog that chooses the form of answers: a JSON Schema or a grammar."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from desktop_app.domain.answering.answer_form import FormKind, FormSource
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

    Signals:
        check_requested(FormSource, bool): check this form; True if the user wants to use it.
            Answer with `show_problem` or `accept_form`.
        form_chosen(str): the value of the setting; "" for no form.
        file_requested(Path): read a file; answer with `show_text` or `show_problem`.
    """

    check_requested = Signal(object, bool)
    form_chosen = Signal(str)
    file_requested = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        theme = current_theme()
        super().__init__(parent)
        self.setObjectName("answer-form")
        self.setWindowTitle(tr("Response format"))
        self._refusals: Mapping[FormKind, str] = {}
        self.kind_box = Combo(tr("Kind"), object_name="form-kind")
        for kind, title in FORM_KINDS.items():
            self.kind_box.addItem(tr(title), kind)
        self.name_field = QLineEdit()
        self.name_field.setObjectName("form-name")
        self.form_field = text_field(tr("Schema or grammar"), "form-text")
        self.form_field.setFont(theme.code())
        self.hint = Note()
        self.problem = Note()
        self._pause = QTimer(self, singleShot=True, interval=_CHECK_PAUSE_MS)
        self._lay_out(parent)
        self._connect()
        self._update_for_kind()

    def _lay_out(self, parent: QWidget) -> None:
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

    def _connect(self) -> None:
        self.kind_box.currentIndexChanged.connect(self._on_kind_changed)
        self.form_field.textChanged.connect(self._pause.start)
        self._pause.timeout.connect(self._check)
        self.open_file_button.clicked.connect(
            lambda: choose_file(self, tr("Open file"), self._read_file)
        )
        self.remove_button.clicked.connect(lambda: self._finish(""))
        self.cancel_button.clicked.connect(self.reject)
        self.save_button.clicked.connect(lambda: self.check_requested.emit(self.source, True))

    @property
    def source(self) -> FormSource:
        """Return the form as entered."""
        text = self.form_field.toPlainText()
        kind = FormKind(self.kind_box.currentData())
        if kind is FormKind.REGEX:
            text = text.strip("\n")  # else the line end of a file would be part of the expression
        return FormSource(kind, text, self.name_field.text())

    def show_form(self, value: str, refusals: Mapping[FormKind, str]) -> None:
        """Show the current form.

        Args:
            refusals: for each kind that the current model cannot follow, the reason.
        """
        self._refusals = refusals
        source = FormSource.from_setting(value)
        self.remove_button.setEnabled(bool(value))
        if source is not None:
            self.kind_box.setCurrentIndex(self.kind_box.findData(source.kind))
            self.name_field.setText(source.name)
            self.show_text(source.text)
        self._update_for_kind()  # even if the kind is the same, its refusal may be new
        self.form_field.setFocus()

    def show_text(self, text: str) -> None:
        """Show the text of a form, and check it in a moment."""
        self.form_field.setPlainText(text)

    def show_problem(self, problem: str) -> None:
        """Show why the form cannot be used; "" if it can."""
        self.problem.set_text(problem, "error" if problem else "note")

    def accept_form(self, source: FormSource) -> None:
        """Use a valid form, and close the window."""
        self._finish(source.to_setting())

    def _finish(self, value: str) -> None:
        self.form_chosen.emit(value)
        self.accept()

    def _on_kind_changed(self, _index: int) -> None:
        self._update_for_kind()
        self._check()

    def _update_for_kind(self) -> None:
        """Update the label of the name, the hint and the button for the chosen kind."""
        kind = FormKind(self.kind_box.currentData())
        label = tr(_SCHEMA_NAME if kind is FormKind.SCHEMA else _HIGHLIGHTED_LANGUAGE)
        self.name_field.setPlaceholderText(label)
        self.name_field.setAccessibleName(spoken_text(label))
        refusal = self._refusals.get(kind, "")
        self.hint.set_text(refusal or tr(_HINTS[kind]), "error" if refusal else "note")
        self.save_button.setEnabled(not refusal)

    def _check(self) -> None:
        """Request a check of the text; without any text, there is no problem."""
        if self.form_field.toPlainText().strip():
            self.check_requested.emit(self.source, False)
        else:
            self.show_problem("")

    def _read_file(self, path: Path) -> None:
        """Request the text of a file, and choose the kind by the ending of its name.

        The values of `FormKind` are the usual endings of grammars. Schemas have others, such as
        "json".
        """
        ending = path.suffix.lower().removeprefix(".")
        kind = FormKind(ending) if ending in set(FormKind) else FormKind.SCHEMA
        self.kind_box.setCurrentIndex(self.kind_box.findData(kind))
        if kind is FormKind.SCHEMA and not self.name_field.text():
            self.name_field.setText(path.stem.removesuffix(".schema"))
        self.file_requested.emit(path)
