"""The settings of the look, applied to the theme and the transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.ui.look.theme_watcher import LookSettings

if TYPE_CHECKING:
    from desktop_app.app.state.setting_values import SettingValues
    from desktop_app.app.tasks import Tasks
    from desktop_app.ui.look.theme_watcher import ThemeWatcher
    from desktop_app.ui.transcript.view import TranscriptView


class LookController:
    """Connection of the settings "look.…" with the theme and the transcript."""

    def __init__(
        self, theme: ThemeWatcher, transcript: TranscriptView, values: SettingValues, tasks: Tasks
    ) -> None:
        self._theme = theme
        self._transcript = transcript
        self._values = values
        self._tasks = tasks

    def apply(self, key: str) -> None:
        """Apply a changed setting if it belongs to the look."""
        if key == "look.code_wrap":
            self._transcript.wrap_code(bool(self._values[key]))
        elif key.startswith("look."):
            self._theme.set_look(LookSettings.from_values(self._values.all))

    def resize_text(self, step: int) -> None:
        """Change the text size by percentage points within 80 to 200 %; 0 restores 100 %."""
        # Taken from the theme, because the setting may not be stored yet.
        look = self._theme.look
        size = 100 if step == 0 else look.text_size + step
        if 80 <= size <= 200:
            self._theme.set_look(look._replace(text_size=size))
            self._tasks.start(self._values.set("look.text_size", size))
