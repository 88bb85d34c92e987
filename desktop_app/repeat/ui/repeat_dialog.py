"""The dialog for a prompt that repeats: its text, how often, and from when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QDate, QDateTime, QLocale, Qt, QTime, Signal
from PySide6.QtWidgets import QDateTimeEdit, QFormLayout

from desktop_app.domain.conversations.conversation import new_id, now
from desktop_app.i18n.translation import tr
from desktop_app.repeat.repeat import EVERY_LABELS, Every, Repeat
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button, dialog_button
from desktop_app.widgets.forms.form_dialog import FormDialog
from desktop_app.widgets.forms.form_widgets import Combo, FieldLabel, MultilineField
from desktop_app.widgets.look.direction import set_date_format
from desktop_app.widgets.text.foreign_text import PlainLabel, spoken_text

if TYPE_CHECKING:
    from desktop_app.app.session import Session

_HEIGHT = 120
_MORNING = 8


class RepeatDialog(FormDialog):
    """A form of a repeat, which the model and the folder of the open conversation answer.

    Signals:
        added(Repeat): the user has confirmed the form.
    """

    added = Signal(object)

    def __init__(self, session: Session, prompt: str) -> None:
        super().__init__(session.window)
        self._choice = session.setup.choice
        self._folder_id = session.current.conversation.folder_id or ""
        self.setObjectName("repeat-dialog")
        self.setWindowTitle(tr("Repeat a prompt"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._prompt = MultilineField(tr("Prompt"), _HEIGHT)
        self._prompt.setObjectName("repeat-prompt")
        self._prompt.setPlainText(prompt)
        self._every = Combo(tr("How often"), object_name="repeat-every")
        self._every.fill([(tr(label), each) for each, label in EVERY_LABELS.items()])
        tomorrow = QDate.currentDate().addDays(1)
        self._start = QDateTimeEdit(QDateTime(tomorrow, QTime(_MORNING, 0)))
        self._start.setObjectName("repeat-start")
        set_date_format(self._start, QLocale().dateTimeFormat(QLocale.FormatType.ShortFormat))
        self._start.setCalendarPopup(True)
        self._start.setAccessibleName(spoken_text(tr("First time")))
        form = QFormLayout()
        form.addRow(FieldLabel(tr("How often"), role="note"), self._every)
        form.addRow(FieldLabel(tr("First time"), role="note"), self._start)
        note = tr(
            "{model} answers each time in a new conversation. Your monthly limit applies, and "
            "tools that need your permission don’t run. {variable} becomes the date.",
            model=session.setup.resolved.model.name,
            variable="{{date}}",
        )
        self._add_button = dialog_button(tr("Repeat"), "repeat-add", "primary")
        self._add_button.clicked.connect(self._add)
        cancel = cancel_button()
        cancel.clicked.connect(self.reject)
        column_of(
            self._prompt,
            form,
            PlainLabel(note, role="note", wraps=True),
            row_of(STRETCH, cancel, self._add_button, spacing=8),
            parent=self,
            margins=DIALOG_MARGINS,
            spacing=12,
        )
        self._prompt.textChanged.connect(self._update)
        self._update()

    def _update(self) -> None:
        self._add_button.setEnabled(bool(self._prompt.toPlainText().strip()))

    def _add(self) -> None:
        repeat = Repeat(
            new_id(),
            self._prompt.toPlainText(),
            Every(self._every.currentData()),
            self._start.dateTime().toString("yyyy-MM-ddTHH:mm"),
            self._choice,
            self._folder_id,
            now(),
        )
        self.accept()
        self.added.emit(repeat)
