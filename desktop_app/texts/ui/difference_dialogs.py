"""Dialogs that show by words how two states of a text differ: before saving, and of versions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QWidget

from desktop_app.app.tasks import Tasks
from desktop_app.chat.text_store import TextVersion
from desktop_app.i18n.formatting import moment
from desktop_app.i18n.translation import tr
from desktop_app.texts.text_files import DELETED, INSERTED, Piece
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button, dialog_button
from desktop_app.widgets.forms.form_widgets import text_field
from desktop_app.widgets.library_list import LibraryDelegate, LibraryModel, LibraryRow
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW
from desktop_app.widgets.sheet import Sheet
from desktop_app.widgets.text.foreign_text import (
    PlainLabel,
    PlainTextField,
    spoken_text,
    window_title,
)
from desktop_app.widgets.windows import fitting_size

_SIZE: Final = (680, 520)
_VERSIONS_SIZE: Final = (860, 560)


def _difference_field() -> PlainTextField:
    return text_field(tr("Differences"), "text-differences", read_only=True)


def _show_pieces(field: PlainTextField, pieces: Iterable[Piece]) -> None:
    """Show words that go as struck through, and words that come as underlined."""
    theme = current_theme()
    looks = {"": QTextCharFormat(), DELETED: QTextCharFormat(), INSERTED: QTextCharFormat()}
    looks[DELETED].setForeground(theme.error)
    looks[DELETED].setFontStrikeOut(True)
    looks[INSERTED].setForeground(theme.good)
    looks[INSERTED].setFontUnderline(True)
    field.clear()
    cursor = field.textCursor()
    for piece in pieces:
        cursor.insertText(piece.text, looks[piece.change])
    field.moveCursor(QTextCursor.MoveOperation.Start)


class SaveDialog(Sheet):
    """A question whether a text is saved to its file, with the difference that it makes.

    `accepted` means yes.
    """

    def __init__(
        self, title: str, notes: Sequence[str], pieces: Sequence[Piece], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("save-text-question")
        self.setWindowTitle(window_title(title))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        field = _difference_field()
        _show_pieces(field, pieces)
        save = dialog_button(tr("Save"), "save-text", "primary")
        save.clicked.connect(self.accept)
        cancel = cancel_button()
        cancel.clicked.connect(self.reject)
        cancel.setDefault(True)  # the file is overwritten
        column_of(
            *(PlainLabel(note, role="note", wraps=True) for note in notes),
            (field, 1),
            row_of(STRETCH, cancel, save, spacing=8),
            parent=self,
            margins=DIALOG_MARGINS,
            spacing=10,
        )
        self.resize(fitting_size(_SIZE, parent))


class VersionsDialog(Sheet):
    """The earlier versions of a text, each with what restoring it would change.

    Args:
        compare: returns the difference from the present text to a version, by its id.

    Signals:
        restore_requested(int): make the version with this id the text.
    """

    restore_requested = Signal(int)

    def __init__(
        self,
        versions: Sequence[TextVersion],
        compare: Callable[[int], Awaitable[Sequence[Piece]]],
        tasks: Tasks,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("text-versions")
        self.setWindowTitle(tr("Earlier versions"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._compare, self._tasks = compare, tasks
        self._shown_id = 0
        model = LibraryModel(self)
        self.view = RowView("version-rows", model, LibraryDelegate(self))
        self.view.setAccessibleName(spoken_text(tr("Earlier versions")))
        self.field = _difference_field()
        self.note = PlainLabel(name="version-note", role="note", wraps=True)
        self.restore = dialog_button(tr("Restore"), "restore-version", "primary")
        self.restore.clicked.connect(self.accept)
        close = dialog_button(tr("Close"), "close-versions")
        close.clicked.connect(self.reject)
        column_of(
            self.note,
            row_of((self.view, 30), (self.field, 70), spacing=12),
            row_of(STRETCH, close, self.restore, spacing=8),
            parent=self,
            margins=DIALOG_MARGINS,
            spacing=12,
        )
        self.resize(fitting_size(_VERSIONS_SIZE, parent))
        model.set_rows(
            [LibraryRow(str(version.id), moment(version.created_at)) for version in versions]
        )
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._show_selected())
        self.view.update_focus_policy()
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)
        self.view.ensure_current()
        self._show_selected()

    def _show_selected(self) -> None:
        selected = self.view.selectedIndexes()
        version_id = int(selected[0].data(ROW).id) if selected else 0
        if version_id and version_id != self._shown_id:
            self._shown_id = version_id
            self._tasks.start(self._show(version_id))

    async def _show(self, version_id: int) -> None:
        pieces = await self._compare(version_id)
        if version_id != self._shown_id:
            return
        words = {
            change: sum(len(piece.text.split()) for piece in pieces if piece.change == change)
            for change in (DELETED, INSERTED)
        }
        self.note.setText(
            tr(
                "Restoring it takes away the words struck through ({deleted}) and brings back the "
                "underlined ones ({inserted}).",
                deleted=words[DELETED],
                inserted=words[INSERTED],
            )
            if pieces
            else tr("This version is the same as the text.")
        )
        _show_pieces(self.field, pieces)

    def done(self, result: int) -> None:
        self._shown_id, restored_id = 0, self._shown_id  # what is compared still comes too late
        super().done(result)
        if result:
            self.restore_requested.emit(restored_id)
