"""Functions that show a page of the settings and read its content."""

from __future__ import annotations

from PySide6.QtGui import QTextDocumentFragment
from PySide6.QtWidgets import QPushButton, QWidget

from desktop_app.app.window.settings_panel import SettingsPanel
from desktop_app.widgets.forms.form_widgets import FormSection, Note
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.widgets import find


def provider_page(app: AppHarness, profile_id: str) -> SettingsPanel:
    """Return the panel with a provider on its page."""
    panel = app.window.settings
    panel.show_page("provider")
    panel.pages.by_name["provider"].page.set_profiles(app.state.providers.all, profile_id)
    return panel


def shown_in(note: Note) -> tuple[bool, str]:
    """Return False for an error, otherwise True, and the text of a note without its links."""
    words = QTextDocumentFragment.fromHtml(note.text()).toPlainText()
    return note.property("role") != "error", words


def connection_result(app: AppHarness, profile_id: str) -> tuple[bool, str]:
    """Return whether a provider's test succeeded, and the text about it."""
    return shown_in(find(provider_page(app, profile_id), Note, "test-result"))


def certificate_note(app: AppHarness, profile_id: str) -> tuple[bool, str]:
    """Return whether a provider's certificate file was accepted, and the text about it."""
    return shown_in(
        provider_page(app, profile_id).pages.by_name["provider"].page.network.certificates.note
    )


async def press_test(app: AppHarness, profile_id: str) -> None:
    """Test the connection to a provider, and wait for the result."""
    button = find(provider_page(app, profile_id), QPushButton, "test")
    button.click()
    await until(button.isEnabled)
    await app.written()


def answer_field(app: AppHarness, key: str) -> QWidget:
    """Return the field of a setting on the Responses page."""
    app.window.settings.show_page("answer")
    return find(app.window.settings, QWidget, key)


def answer_note(app: AppHarness, key: str) -> str:
    """Return the note below a setting on the Responses page."""
    section: QWidget | None = answer_field(app, key)
    while not isinstance(section, FormSection):
        assert section is not None
        section = section.parentWidget()
    return section.note.text()
