"""The button that tests the connection to a provider, and the result beside it."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.domain.places import LinkedText
from desktop_app.i18n.translation import tr
from desktop_app.ui.look.icons import pixmap
from desktop_app.ui.look.theme import current_theme
from desktop_app.ui.widgets.boxes import STRETCH, row_of
from desktop_app.ui.widgets.forms.form_widgets import Note
from desktop_app.ui.widgets.text.foreign_text import PlainButton, PlainLabel, spoken_text


class ConnectionTest(QObject):
    """The tests of all providers, of which the shown provider's is visible.

    Attributes:
        row: the layout of the button and the result.

    Signals:
        requested(): test the connection of the shown provider.
    """

    requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._profile_id = ""
        self._results: dict[str, tuple[bool, str | LinkedText]] = {}
        self._running_ids: set[str] = set()
        self._button = PlainButton(tr("Test"), name="test", role="plain")
        self._button.setAccessibleName(spoken_text(tr("Test connection")))
        self._button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._button.clicked.connect(self.requested)
        self._icon = PlainLabel()
        self._result = Note(object_name="test-result")
        self.row = row_of(self._button, self._icon, (self._result, 100), STRETCH, spacing=8)

    def show_profile(self, profile_id: str) -> None:
        """Show the test of a provider."""
        self._profile_id = profile_id
        self._show()

    def begin(self) -> None:
        """Show that the shown provider is being tested."""
        self._running_ids.add(self._profile_id)
        self._show()

    def set_result(self, profile_id: str, has_passed: bool, text: str | LinkedText) -> None:
        """Set the result of a provider's test."""
        self._running_ids.discard(profile_id)
        self._results[profile_id] = (has_passed, text)
        self._show()

    def stop_waiting(self, profile_ids: Collection[str]) -> None:
        """Expect no more results for providers that were removed or have another address."""
        self._running_ids -= {*profile_ids}

    def forget(self) -> None:
        """Discard the shown provider's result, which no longer applies."""
        self._results.pop(self._profile_id, None)
        self._running_ids.discard(self._profile_id)
        self._show()

    def update_theme(self) -> None:
        self._show()

    def _show(self) -> None:
        has_passed, text = self._results.get(self._profile_id, (True, ""))
        is_running = self._profile_id in self._running_ids
        if is_running:
            has_passed = True
            text = tr("Testing…")
        self._button.setEnabled(not is_running)
        self._result.set_text(text, "note" if has_passed else "error", is_result=True)
        self._icon.setVisible(not is_running and self._profile_id in self._results)
        icon_name = "circle-check" if has_passed else "circle-alert"
        color = current_theme().good if has_passed else current_theme().error
        self._icon.setPixmap(pixmap(icon_name, color, current_theme().px(16)))
