"""The dialog that says what a page to give away tells its readers, before it is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.forms.contents_dialog import ContentsDialog
from desktop_app.widgets.forms.form_widgets import check_box, check_row
from desktop_app.widgets.text.foreign_text import all_lines
from desktop_app.writers.shared_page import contents_lines

if TYPE_CHECKING:
    from desktop_app.domain.conversations.conversation import Message

_SIZE: Final = (520, 360)


class PageDialog(ContentsDialog):
    """A list of the names, files and pictures in the page, and what else it may hold."""

    def __init__(
        self,
        title: str,
        path: Sequence[Message],
        messages: Sequence[Message],
        name_of_model: Callable[[str], str],
        parent: QWidget,
    ) -> None:
        """Set up; `path` has the shown messages, `messages` also all other versions."""
        labels = {"--details": tr("With reasoning, tool calls, and costs")}
        if len(messages) > len(path):
            labels["--versions"] = tr("With other versions of questions and responses")
        boxes = {
            option: check_box(label, object_name=f"page{option}")
            for option, label in labels.items()
        }
        super().__init__(
            parent,
            "page",
            tr("Web page"),
            tr(
                "One HTML file that loads nothing and runs nothing. "
                "Everyone who gets it can read this:"
            ),
            label=tr("What the page holds"),
            save=tr("Save page…"),
            size=_SIZE,
            options=tuple(check_row(label, boxes[option]) for option, label in labels.items()),
        )
        self._boxes = boxes
        self._title, self._path, self._messages = title, path, messages
        self._name_of_model = name_of_model
        for box in boxes.values():
            box.toggled.connect(self._update)
        self._update()

    def _update(self) -> None:
        chosen = self.chosen()
        messages = self._messages if "--versions" in chosen else self._path
        lines = contents_lines(
            self._title, messages, self._name_of_model, with_details="--details" in chosen
        )
        self.contents.setPlainText(all_lines("\n".join(lines)))

    def chosen(self) -> list[str]:
        """Return the chosen options of the command that writes the page."""
        return [option for option, box in self._boxes.items() if box.isChecked()]
