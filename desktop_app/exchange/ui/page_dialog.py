"""The dialog that says what a page to give away tells its readers, before it is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button, dialog_button
from desktop_app.widgets.forms.form_widgets import check_box, check_row, text_field
from desktop_app.widgets.text.foreign_text import PlainLabel, all_lines
from desktop_app.widgets.windows import fitting_size
from desktop_app.writers.shared_page import contents_lines

if TYPE_CHECKING:
    from desktop_app.domain.conversations.conversation import Message

_SIZE: Final = (520, 360)


class PageDialog(QDialog):
    """A list of the names, files and pictures in the page, and what else it may hold.

    Signals:
        confirmed: the page shall be written with these options of the command.
    """

    confirmed = Signal(list)

    def __init__(
        self,
        title: str,
        path: Sequence[Message],
        messages: Sequence[Message],
        name_of_model: Callable[[str], str],
        parent: QWidget,
    ) -> None:
        """Set up; `path` has the shown messages, `messages` also all other versions."""
        super().__init__(parent)
        self._title, self._path, self._messages = title, path, messages
        self._name_of_model = name_of_model
        self.setObjectName("page-dialog")
        self.setWindowTitle(tr("Web page"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        note = tr(
            "One HTML file that loads nothing and runs nothing. Everyone who gets it can read this:"
        )
        self._contents = text_field(tr("What the page holds"), "page-contents", read_only=True)
        labels = {"--details": tr("With reasoning, tool calls, and costs")}
        if len(messages) > len(path):
            labels["--versions"] = tr("With other versions of questions and responses")
        self._boxes = {
            option: check_box(label, object_name=f"page{option}")
            for option, label in labels.items()
        }
        for box in self._boxes.values():
            box.toggled.connect(self._update)
        save = dialog_button(tr("Save page…"), "page-save", "primary")
        save.setDefault(True)
        save.clicked.connect(self._confirm)
        cancel = cancel_button()
        cancel.clicked.connect(self.reject)
        column_of(
            PlainLabel(note, role="note", wraps=True),
            (self._contents, 1),
            *(check_row(label, self._boxes[option]) for option, label in labels.items()),
            row_of(STRETCH, cancel, save, spacing=8),
            parent=self,
            margins=DIALOG_MARGINS,
            spacing=12,
        )
        self.resize(fitting_size(_SIZE, parent))
        self._update()

    def _update(self) -> None:
        chosen = self._chosen()
        messages = self._messages if "--versions" in chosen else self._path
        lines = contents_lines(
            self._title, messages, self._name_of_model, with_details="--details" in chosen
        )
        self._contents.setPlainText(all_lines("\n".join(lines)))

    def _confirm(self) -> None:
        self.accept()
        self.confirmed.emit(self._chosen())

    def _chosen(self) -> list[str]:
        return [option for option, box in self._boxes.items() if box.isChecked()]
