"""Reads what the pages of the settings show; a page is made when it is first shown."""

from __future__ import annotations

from PySide6.QtGui import QTextDocumentFragment
from PySide6.QtWidgets import QPushButton, QWidget

from desktop_app.ui.settings.sections.network_section import CertificateSection
from desktop_app.ui.settings.settings_panel import SettingsPanel
from desktop_app.ui.widgets.forms.form_widgets import FormSection, Note
from tests.gui.app.desk import Desk, until
from tests.helpers.widgets import find


def provider_page(desk: Desk, profile_id: str) -> SettingsPanel:
    """Return the panel with a provider on its page."""
    panel = desk.window.settings
    panel.show_page("provider")
    panel.set_profiles(desk.state.providers.all, profile_id)
    return panel


def shown_in(note: Note) -> tuple[bool, str]:
    """Return whether a note is no error, and its text without the links."""
    words = QTextDocumentFragment.fromHtml(note.text()).toPlainText()
    return note.property("role") != "error", words


def connection_result(desk: Desk, profile_id: str) -> tuple[bool, str]:
    """Return whether a provider's test succeeded, and what is said of it."""
    return shown_in(find(provider_page(desk, profile_id), Note, "test-result"))


def certificate_note(desk: Desk, profile_id: str) -> tuple[bool, str]:
    """Return whether a provider's file of certificates was taken, and what is said of it."""
    (section,) = provider_page(desk, profile_id).findChildren(CertificateSection)
    return shown_in(section.note)


async def press_test(desk: Desk, profile_id: str) -> None:
    """Test the connection to a provider, and wait for the result."""
    button = find(provider_page(desk, profile_id), QPushButton, "test")
    button.click()
    await until(button.isEnabled)
    await desk.written()


def answer_field(desk: Desk, key: str) -> QWidget:
    """Return the field of a setting on the page of the answers."""
    desk.window.settings.show_page("answer")
    return find(desk.window.settings, QWidget, key)


def answer_note(desk: Desk, key: str) -> str:
    """Return what is said below a setting on the page of the answers."""
    section: QWidget | None = answer_field(desk, key)
    while not isinstance(section, FormSection):
        assert section is not None
        section = section.parentWidget()
    return section.note.text()
