"""Shows a note while the built-in model is chosen in an empty conversation."""

from __future__ import annotations

from PySide6.QtCore import QObject

from desktop_app.app.state.conversation.answer_setup import AnswerSetup
from desktop_app.app.state.setting_values import SettingValues
from desktop_app.backend.backend import WEIGHTS_SETTING
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.i18n.translation import tr
from desktop_app.ui.window.main_window import MainWindow


class BuiltInModelNote(QObject):
    """Presenter of the note, and of the keys that an empty conversation names below the prompt."""

    def __init__(self, window: MainWindow, setup: AnswerSetup, values: SettingValues) -> None:
        super().__init__(window.empty_state)
        self._empty_state = window.empty_state
        self._hint = window.prompt.hint
        self._setup = setup
        self._current = setup.current
        self._values = values
        for changed in (self._current.opened, self._current.path_changed, setup.choice_changed):
            changed.connect(self._show)
        values.changed.connect(self._on_value_changed)

    def _on_value_changed(self, key: str) -> None:
        if key == WEIGHTS_SETTING:
            self._show()

    def _show(self) -> None:
        is_on_device = self._setup.profile.kind is ProviderKind.ON_DEVICE
        is_built_in = is_on_device and not self._values[WEIGHTS_SETTING]
        text = tr(
            "Using SmolLM2, a small built-in model for trying out Repartee. "
            "Add an API key for real work."
        )
        is_empty = not self._current.path
        self._empty_state.set_key_line(is_built_in and is_empty, text)
        self._hint.set_keys_visible(not is_empty)
