"""The list of remembered notes, in the settings and in the dialog of those of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QSizePolicy, QWidget

from desktop_app.app.navigator import Navigator
from desktop_app.app.session import Session
from desktop_app.composer.dropped_content import FileDropFilter
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.remembered_note import RememberedNote
from desktop_app.i18n import formatting
from desktop_app.i18n.formatting import short_date
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.memory.ui.notes_controller import NotesController
from desktop_app.widgets.boxes import (
    DIALOG_MARGINS,
    SPRING,
    STRETCH,
    column_of,
    row_of,
    set_unscaled,
)
from desktop_app.widgets.buttons.dialog_button import (
    ElidedButton,
    IconButton,
    compact_button,
    dialog_button,
)
from desktop_app.widgets.forms.form_widgets import AnswerSection, MultilineField, Note, line_field
from desktop_app.widgets.forms.tab_order import (
    focus_first_part,
    focusable_parts,
    mark_deleting,
    order_children,
)
from desktop_app.widgets.look.theme import set_role
from desktop_app.widgets.sheet import Sheet
from desktop_app.widgets.text.foreign_text import PlainLabel, one_line
from desktop_app.widgets.windows import fitting_size, scroll_area_of

_ABOUT: Final = N_(
    "Sent with each message, but not in temporary conversations. You can also select words and "
    "choose “Remember this”, or type /remember and a sentence. Nothing is added automatically."
)
_FEW: Final = 3  # that are shown before the user asks for all
_SIZE: Final = (520, 420)
_HEIGHT: Final = 56  # of a note, in pixels at the default text size: two lines


class _NoteRow(QWidget):
    """A note with its date, the conversation where it was remembered, and a cross."""

    def __init__(self, session: Session, note: RememberedNote) -> None:
        super().__init__()
        controller = session.of(NotesController)
        self.note = note
        self.field = MultilineField(tr("Note"), _HEIGHT)
        self.field.setObjectName("note")
        self.field.edited.connect(lambda text: controller.change(self.note, text))
        delete = IconButton(
            "delete-note", "x", tr("Delete"), lambda: controller.delete([self.note])
        )
        mark_deleting(delete)
        self._box = QCheckBox(tr("Send"))
        self._box.setObjectName("send-note")
        self._box.clicked.connect(lambda is_on: controller.switch([self.note], is_on=is_on))
        date = PlainLabel(short_date(note.created_at.astimezone().date()), role="note")
        place = ElidedButton("")
        place.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        place.setStyleSheet("text-align: left;")
        place.setObjectName("note-place")
        set_role(place, "link")
        open_place = session.of(Navigator).open
        place.clicked.connect(lambda: session.tasks.start(open_place(note.conversation_id)))
        found = session.of(ListPresenter).cache.find_existing(note.conversation_id)
        place.setText("" if found is None else one_line(found.title))
        place.setVisible(found is not None)
        top = Qt.AlignmentFlag.AlignTop
        facts = row_of(self._box, date, (place, 1), SPRING, spacing=8)
        column_of(row_of((self.field, 1), (delete, top)), facts, parent=self, margins=0, spacing=2)
        FileDropFilter(self)
        self.show_note(note)

    def show_note(self, note: RememberedNote) -> None:
        self.note = note
        self._box.setChecked(not note.is_off)
        # Notes are stored without outer spaces: the one after which a user pauses stays.
        if " ".join(self.field.toPlainText().split()) != note.text:
            self.field.show_text(note.text)


class NotesSection(AnswerSection):
    """The list of notes, with a field that adds one; see the module."""

    def __init__(self, session: Session) -> None:
        super().__init__(tr("Remembered"))
        set_unscaled(self._column, (0, 12, 0, 0), 4)
        self._session = session
        self._controller = session.of(NotesController)
        self._folder_id: str | None = None
        self._ids: Sequence[str] | None = None
        self._rows: list[_NoteRow] = []
        self.note.set_text(tr(_ABOUT))
        self._shows_all = False
        self._entry = line_field(tr("New note"), "remember")
        self._entry.editingFinished.connect(self._add)
        add = compact_button(tr("Add"), "add-note", "plain")
        add.clicked.connect(self._add)
        self._adding = QWidget()
        row_of((self._entry, 1), add, parent=self._adding, margins=0)
        self._show_all = compact_button("", "show-notes")
        self._show_all.clicked.connect(self._show_more)
        self._problem = Note(object_name="note-problem")
        self._list = QWidget()
        self._list_column = column_of(parent=self._list, margins=0, spacing=8)
        self._delete_all = compact_button(tr("Delete all notes"), "delete-notes")
        mark_deleting(self._delete_all)
        self._delete_all.clicked.connect(lambda: self._controller.delete(self._shown))
        self._send_all = compact_button(tr("Send all notes"), "send-notes")
        self._send_all.clicked.connect(lambda: self._controller.switch(self._shown, is_on=True))
        for part in (self._show_all, self._list, self._adding, self._problem):
            self.body.addWidget(part)
        self.add(self._send_all)
        self.add(self._delete_all)
        self._controller.changed.connect(self._show)

    def show_scope(self, folder_id: str | None) -> None:
        if (folder_id or None) != self._folder_id:
            self._add()  # what is typed belongs to the former list
            self._problem.set_text("")
        self._folder_id = folder_id or None
        self.setVisible(folder_id is not None)
        self._show()

    def show_ids(self, ids: Sequence[str]) -> None:
        self._ids = ids
        self._shows_all = True
        self._adding.hide()
        self._show()

    def _show_more(self) -> None:
        self._shows_all = True
        self._show()
        focus_first_part(self._list, Qt.FocusReason.OtherFocusReason)

    def _add(self) -> None:
        if text := self._entry.text().strip():
            self._entry.clear()
            self._session.tasks.start(self._remember(text, self._folder_id))

    async def _remember(self, text: str, folder_id: str | None) -> None:
        try:
            await self._controller.add(text, folder_id)
        except UserFacingError as error:
            self._problem.set_text(error.sentences, "error")
            if not self._entry.text():
                self._entry.setText(text)
        else:
            self._problem.set_text("")

    @property
    def _shown(self) -> list[RememberedNote]:
        notes = self._controller.notes
        if self._ids is not None:
            return [note for note in notes if note.id in self._ids]
        return [note for note in notes if note.folder_id == self._folder_id]

    def _show(self) -> None:
        notes = self._shown
        self._list.setVisible(bool(notes))
        hidden = 0 if self._shows_all else len(notes) - _FEW
        self._show_all.setText(tr("Show all {count}", count=formatting.number(len(notes))))
        self._show_all.setVisible(hidden > 0)
        off_count = sum(note.is_off for note in notes)
        self._send_all.setVisible(off_count > 1 and self._ids is None)
        self._delete_all.setVisible(len(notes) > 1 and self._ids is None)
        if self._ids is not None and (gone := len(self._ids) - len(notes)):
            text = tr_plural("{count} was deleted since.", "{count} were deleted since.", gone)
            self.note.set_text(text)
        known = {row.note.id: row for row in self._rows}  # a new one takes 2.6 ms
        self._rows = []
        for note in notes[max(0, hidden) :]:
            row = known.pop(note.id, None) or _NoteRow(self._session, note)
            row.show_note(note)
            self._list_column.insertWidget(len(self._rows), row)
            row.raise_()  # assistive technology reads them in this order
            self._rows.append(row)
        for row in known.values():
            row.hide()
            row.deleteLater()
        order_children(self._list, [part for row in self._rows for part in focusable_parts(row)])


class NotesDialog(Sheet):
    """The dialog with the notes that an answer was made with."""

    def __init__(self, session: Session, ids: Sequence[str]) -> None:
        super().__init__(session.window)
        self.setObjectName("sent-notes")
        self.setWindowTitle(tr("Notes sent with this response"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        section = NotesSection(session)
        section.note.set_text("")
        section.title.hide()
        section.show_ids(ids)
        close = dialog_button(tr("Close"), "close-notes")
        close.clicked.connect(self.accept)
        close.setDefault(True)
        inner = QWidget()
        column_of(section, STRETCH, parent=inner, margins=0)
        buttons = row_of(STRETCH, close)
        column_of((scroll_area_of(inner), 1), buttons, parent=self, margins=DIALOG_MARGINS)
        self.resize(fitting_size(_SIZE, session.window))
        close.setFocus(Qt.FocusReason.OtherFocusReason)  # else a cross would have it
