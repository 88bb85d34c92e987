"""The Data page: what features show there, and deleting everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop_app.app.session import Session
from desktop_app.app.startup.closed_store import erasure_work
from desktop_app.i18n.translation import N_, paragraph, tr, tr_context
from desktop_app.settings.ui.form_tabs import page_link
from desktop_app.widgets.boxes import STRETCH, column_of
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.forms import form_widgets as forms
from desktop_app.widgets.text.foreign_text import set_tooltip

DELETES: Final = N_(
    "Permanently deletes all conversations, projects, attachments, batch jobs, "
    "drafts, notes, prompts, and permissions for tools, and Repartee’s own copies of "
    "its database. Settings, providers, tool servers, API keys, spending history, and your "
    "backups are kept."
)
_LEAVES: Final = N_(
    "If your computers share a library, this one leaves it; the others keep theirs."
)


class DataTab(QWidget):
    """The Data page. See the module.

    Signals:
        changed(str, object): the key of a setting and its value.
    """

    changed = Signal(str, object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        sections = session.make_sections("library")
        self._with_settings = [s for s in sections if isinstance(s, forms.SettingsSection)]
        for section in self._with_settings:
            section.changed.connect(self.changed)
        about = page_link(session, tr("About"), "about")
        parts = (*sections, EraseSection(session), about, STRETCH)
        column_of(*parts, parent=self, margins=0, spacing=16)

    def set_values(self, values: Mapping[str, object]) -> None:
        for section in self._with_settings:
            section.set_values(values)


class EraseSection(forms.CollapsibleSection):
    """The section to delete everything: collapsed, explained, and confirmed by a typed word."""

    def __init__(self, session: Session) -> None:
        super().__init__(tr("Delete everything"), "delete-everything")
        self._session = session
        self._word = tr_context("typed to confirm", "delete")
        hint = tr("Type “{word}” to confirm", word=self._word)
        self._field = forms.line_field(hint, "delete-word")
        set_tooltip(self._field, hint)  # it may be cut
        self._button = compact_button(tr("Delete everything"), "delete-now", "plain")
        self._button.setEnabled(False)
        self._field.textChanged.connect(lambda: self._button.setEnabled(self._is_confirmed()))
        self._field.returnPressed.connect(self._confirm)
        self._button.clicked.connect(self._confirm)
        self.body.addWidget(forms.Note(paragraph(tr(DELETES), tr(_LEAVES))))
        self.body.addWidget(self._field)
        self.body.addWidget(self._button)
        self.head.toggled.connect(self._field.clear)

    def _is_confirmed(self) -> bool:
        return self._field.text().strip().casefold() == self._word.casefold()

    def _confirm(self) -> None:
        if self._is_confirmed():
            self._field.clear()
            self._session.run_on_closed_store(erasure_work(self._session.backend.folders))
