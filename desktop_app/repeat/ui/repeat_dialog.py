"""The dialog for a prompt that repeats: its text, how often, and from when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QDate, QDateTime, QLocale, Qt, QTime, Signal
from PySide6.QtWidgets import QCheckBox, QDateTimeEdit, QFormLayout

from desktop_app.domain.conversations.conversation import new_id, now
from desktop_app.i18n.translation import tr
from desktop_app.repeat.repeat import EVERY_LABELS, Every, Repeat
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button, dialog_button
from desktop_app.widgets.forms.form_dialog import FormDialog
from desktop_app.widgets.forms.form_widgets import Combo, FieldLabel, MultilineField
from desktop_app.widgets.look.direction import set_date_format
from desktop_app.widgets.text.foreign_text import PlainLabel, menu_text, spoken_text

if TYPE_CHECKING:
    from desktop_app.app.session import Session
    from desktop_app.domain.conversations.conversation import ModelChoice

_HEIGHT = 120
_MORNING = 8
_FORMAT = "yyyy-MM-ddTHH:mm"


class RepeatDialog(FormDialog):
    """A form of a repeat, which the model and the folder of the open conversation answer.

    Args:
        edited: the repeat that the form changes; its model and folder stay unless the user wants
            those of the open conversation.

    Signals:
        confirmed(Repeat): the user has confirmed the form.
    """

    confirmed = Signal(object)

    def __init__(self, session: Session, prompt: str, edited: Repeat | None = None) -> None:
        super().__init__(session.window)
        self._edited = edited
        self._choice = session.setup.choice
        self._folder_id = session.current.conversation.folder_id or ""
        self.setObjectName("repeat-dialog")
        self.setWindowTitle(tr("Repeat a prompt"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._prompt = MultilineField(tr("Prompt"), _HEIGHT)
        self._prompt.setObjectName("repeat-prompt")
        self._prompt.setPlainText(prompt)
        self._every = Combo(tr("How often"), object_name="repeat-every")
        labels = [(tr(label), each) for each, label in EVERY_LABELS.items()]
        self._every.fill(labels, None if edited is None else edited.every)
        tomorrow = QDate.currentDate().addDays(1)
        self._start = QDateTimeEdit(QDateTime(tomorrow, QTime(_MORNING, 0)))
        self._takes_model = QCheckBox()
        self._takes_model.setObjectName("repeat-takes-model")
        self._takes_model.hide()
        if edited is not None:
            self._start.setDateTime(QDateTime.fromString(edited.start[:16], _FORMAT))
            name = session.setup.resolved.model.name
            self._takes_model.setText(menu_text(tr("Let {model} answer from now on", model=name)))
            here = (self._choice, self._folder_id)
            self._takes_model.setVisible(here != (edited.choice, edited.folder_id))
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
            model=_model_name(session, self._choice if edited is None else edited.choice),
            variable="{{date}}",
        )
        label = tr("Repeat") if edited is None else tr("Save")
        self._add_button = dialog_button(label, "repeat-add", "primary")
        self._add_button.clicked.connect(self._add)
        cancel = cancel_button()
        cancel.clicked.connect(self.reject)
        column_of(
            self._prompt,
            form,
            PlainLabel(note, role="note", wraps=True),
            self._takes_model,
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
        edited = self._edited
        if edited is not None and not self._takes_model.isChecked():
            self._choice, self._folder_id = edited.choice, edited.folder_id
        repeat = Repeat(
            new_id() if edited is None else edited.id,
            self._prompt.toPlainText(),
            Every(self._every.currentData()),
            self._start.dateTime().toString(_FORMAT),
            self._choice,
            self._folder_id,
            now(),
            paused=edited is not None and edited.paused,
        )
        self.accept()
        self.confirmed.emit(repeat)


def _model_name(session: Session, choice: ModelChoice) -> str:
    """Return the name of the model that serves a choice today; its id if it is gone."""
    profile = session.providers.get(choice.provider_id)
    if profile is None:
        return choice.model
    return session.backend.chat.resolve(profile, choice).model.name
