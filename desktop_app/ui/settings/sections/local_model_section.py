"""The model on this computer: the built-in model, or a GGUF file of the user's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import Signal

from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.widgets.boxes import row_of
from desktop_app.ui.widgets.buttons.dialog_button import compact_button
from desktop_app.ui.widgets.file_dialogs import choose_file
from desktop_app.ui.widgets.forms.form_widgets import FormSection, ReadOnlyLine
from desktop_app.ui.widgets.text.foreign_text import PlainButton, set_tooltip

SMALL_MODEL: Final = N_(
    "SmolLM2 135M is included for trying Repartee. It’s often wrong and not meant for real work."
)
OWN_WEIGHTS: Final = N_("Runs on this computer. Nothing you send leaves it.")


class LocalModelSection(FormSection):
    """The file of the local model, with buttons to choose another.

    Signals:
        model_file_chosen(object): a Path, or None for the built-in model.
    """

    model_file_chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__(tr("Model file"))
        self._file = ReadOnlyLine(tr("Model file"), "weights")
        choose_button = PlainButton(tr("Choose…"), name="choose-weights", role="plain")
        set_tooltip(choose_button, tr("Choose a GGUF file"))
        self._built_in_button = compact_button(tr("Use built-in model"), "built-in-weights")
        self.body.addLayout(row_of((self._file, 1), choose_button))
        self.body.addWidget(self._built_in_button)
        choose_button.clicked.connect(self._open_dialog)
        self._built_in_button.clicked.connect(lambda: self.model_file_chosen.emit(None))

    def show_file(self, path: str) -> None:
        """Show the name of the model file; "" for the built-in model."""
        self._file.show_text(Path(path).name if path else "SmolLM2 135M", path)
        self._built_in_button.setVisible(bool(path))
        self.note.set_text(tr(OWN_WEIGHTS if path else SMALL_MODEL))

    def _open_dialog(self) -> None:
        models = tr("Models ({patterns})", patterns="*.gguf")
        choose_file(self, tr("Choose model file"), self.model_file_chosen.emit, filters=models)
