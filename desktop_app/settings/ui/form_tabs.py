"""The pages of settings that are the program's only: models, voice, look, and the advanced ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop_app.app.session import Session
from desktop_app.i18n.translation import tr
from desktop_app.settings.schema import settings_of
from desktop_app.settings.setting import Group, Setting
from desktop_app.widgets.boxes import STRETCH, FlowLayout, Item, column_of
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.forms.form_widgets import CollapsibleSection, FormSection
from desktop_app.widgets.forms.schema_form import SchemaForm
from desktop_app.widgets.text.foreign_text import PlainButton


def page_link(session: Session, label: str, page: str, section: str = "") -> PlainButton:
    """Return the link to another page of the settings, or to a section of it."""
    button = compact_button(label, f"show-{page}")
    button.clicked.connect(lambda: session.window.settings.show_setting(page, section))
    return button


class FormTab(QWidget):
    """A page of forms.

    Signals:
        changed(str, object): a setting's key and the user's new value.
    """

    changed = Signal(str, object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._forms: list[SchemaForm] = []

    def _form(self, settings: Sequence[Setting]) -> SchemaForm:
        form = SchemaForm(settings)
        form.changed.connect(self.changed)
        form.edit_requested.connect(self._session.edit_value)
        self._forms.append(form)
        return form

    def _fill(self, *parts: Item) -> None:
        column_of(*parts, STRETCH, parent=self, margins=0, spacing=16)

    def _advanced(self, group: Group) -> PlainButton:
        return page_link(self._session, tr("Advanced…"), "advanced", f"advanced-{group}")

    def set_values(self, values: Mapping[str, object]) -> None:
        for form in self._forms:
            form.set_values(values)


class ModelsTab(FormTab):
    """The Models page."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        local = FormSection(tr("Models on this computer"))
        local.note.set_text(tr("They need no account, and nothing you send leaves this computer."))
        download = compact_button(tr("Download models"), "show-local-models", "plain")
        download.clicked.connect(lambda: session.run("models.local"))
        all_models = compact_button(tr("Show all models"), "show-all-models", "plain")
        all_models.clicked.connect(lambda: session.run("models.show"))
        buttons = QWidget()
        FlowLayout(download, all_models, parent=buttons)
        local.add(buttons)
        form = self._form(settings_of(Group.MODELS))
        self._fill(form, local, self._advanced(Group.LOCAL_MODEL))


class VoiceTab(FormTab):
    """The Voice page."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._fill(self._form(settings_of(Group.VOICE)), self._advanced(Group.VOICE))


class AppearanceTab(FormTab):
    """The Look page."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        form = self._form(settings_of(Group.LOOK, Group.DESKTOP))
        self._fill(form, self._advanced(Group.LOOK), page_link(session, tr("Shortcuts…"), "keys"))


class AdvancedTab(FormTab):
    """The page of the settings that few users need, in a section for each side.

    The section of the account shows the provider of the Accounts page.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        network: QWidget = session.window.settings.pages.by_name["provider"].page.network
        titles = {
            Group.LOCAL_MODEL: tr("Models on this computer"),
            Group.ANSWER: tr("Chat"),
            Group.VOICE: tr("Voice"),
            Group.LOOK: tr("Look"),
            Group.DESKTOP: tr("Window"),
        }
        sections = []
        for group, title in titles.items():
            section = CollapsibleSection(title, f"advanced-{group}")
            section.body.addWidget(self._form(settings_of(group, advanced=True)))
            sections.append(section)
        self._fill(network, *sections)
        network.show()

    def show_row(self, key: str) -> None:
        """Show the row of a setting, even if the open conversation's model has no use for it."""
        for form in self._forms:
            if form.has_row(key):
                form.reveal(key)

    def set_refusals(self, refusals: Mapping[str, str], notes: Mapping[str, str]) -> None:
        """Set why the open conversation's model ignores settings, and remarks on others."""
        for form in self._forms:
            form.set_unsupported(refusals)
            form.set_refusals({}, {**notes, **refusals})
