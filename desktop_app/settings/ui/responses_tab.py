"""The Chat page: how answers are made, for the open conversation, for its folder, and by default.

For a conversation or a folder the form has only what is overridden there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop_app.app.session import Session
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.ui.folders_controller import FolderSettingsController
from desktop_app.settings.schema import INSTRUCTIONS, overridable_settings, settings_of
from desktop_app.settings.setting import Group
from desktop_app.settings.ui.form_tabs import page_link
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.widgets.boxes import STRETCH, column_of
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.widgets.forms.form_widgets import AnswerSection, Note
from desktop_app.widgets.forms.schema_form import EditRequest, SchemaForm

CONVERSATION = "conversation"
FOLDER = "folder"
DEFAULTS = "defaults"
SCOPES: Final = (
    (CONVERSATION, N_("Conversation")),
    (FOLDER, N_("Project")),
    (DEFAULTS, N_("Defaults")),
)
_SCOPE_NOTES: Final = {
    CONVERSATION: N_("Everything else is as in Defaults."),
    FOLDER: N_("For conversations in “{folder}”. Everything else is as in Defaults."),
    DEFAULTS: "",
}


class _Owner(NamedTuple):
    """A conversation or a folder, and the values that it overrides."""

    id: str = ""
    overrides: Mapping[str, object] = {}
    name: str = ""


class ResponsesTab(QWidget):
    """The Chat page. See the module.

    Signals:
        changed(str, object): a setting's key and its new default.
    """

    changed = Signal(str, object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._defaults: Mapping[str, object] = {}
        self._conversation = _Owner()
        self._folder = _Owner()
        self._refusals: Mapping[str, str] = {}
        self._notes: Mapping[str, str] = {}
        self._spelling_refusals: Mapping[str, str] = {}
        scopes = [(scope, tr(title)) for scope, title in SCOPES]
        name = tr("Apply settings to")
        self._scope = SegmentedControl(scopes, name=name, padding=6, is_small=True)
        self._scope.setObjectName("scope")
        self._scope.expand()
        self._scope.set_current(DEFAULTS)
        self._scope.button(FOLDER).hide()
        self._note = Note()
        remembered: list[AnswerSection] = session.make_sections("remembered")
        servers = page_link(session, tr("Tool servers…"), "servers")
        below: dict[str, Sequence[QWidget]] = {INSTRUCTIONS: remembered, "answer.tools": [servers]}
        self._form = SchemaForm(settings_of(Group.ANSWER), overridable_settings(), below=below)
        others: list[AnswerSection] = session.make_sections("answer")
        self._sections = (*remembered, *others)
        advanced = page_link(session, tr("Advanced…"), "advanced", "advanced-answer")
        column_of(
            self._scope,
            self._note,
            self._form,
            *others,
            advanced,
            STRETCH,
            parent=self,
            margins=0,
            spacing=10,
        )
        self._scope.chosen.connect(self._choose_scope)
        self._form.changed.connect(lambda key, value: self._reporter()(key, value))
        self._form.reset_requested.connect(self._reset)
        self._form.edit_requested.connect(self._request_edit)
        self._shown_scope = DEFAULTS
        self._update_form()

    def set_values(self, values: Mapping[str, object]) -> None:
        self._defaults = values
        self._update_form()

    def set_overrides(self, conversation_id: str, overrides: Mapping[str, object]) -> None:
        if conversation_id != self._conversation.id:
            self._form.report_edits()  # typed text belongs to the previous conversation
        self._conversation = _Owner(conversation_id, overrides)
        self._update_form()

    def set_folder(self, folder_id: str, name: str, overrides: Mapping[str, object]) -> None:
        """Set the current folder and the values that it overrides; the id is "" for no folder."""
        folder = _Owner(folder_id, overrides, name)
        if folder == self._folder:
            # If a value of the conversation has just changed, the new one has not been set yet:
            # the form would show the old one, and the cursor of the edited field would move.
            return
        if folder_id != self._folder.id:
            self._form.report_edits()
        self._folder = folder
        self._scope.button(FOLDER).setVisible(bool(folder_id))
        if not folder_id and self._shown_scope == FOLDER:
            self.show_scope(CONVERSATION)
        self._update_form()

    def show_scope(self, scope: str) -> None:
        """Show the settings of the conversation, the folder, or the defaults."""
        self._scope.set_current(scope)
        self._choose_scope(scope)

    def show_row(self, key: str) -> None:
        """Show the row of a setting: with the defaults, if the shown scope has no such row."""
        if self._form.has_row(key):
            if not self._form.is_row_shown(key):
                self.show_scope(DEFAULTS)
            self._form.reveal(key)

    def set_refusals(self, refusals: Mapping[str, str], notes: Mapping[str, str]) -> None:
        """Set why the open conversation's model ignores settings, and remarks on others."""
        self._refusals = refusals
        self._notes = notes
        self._show_refusals()

    def set_spelling_refusals(self, refusals: Mapping[str, str]) -> None:
        """Set why spelling cannot be checked."""
        self._spelling_refusals = refusals
        self._show_refusals()

    def _choose_scope(self, scope: str) -> None:
        self._form.report_edits()
        self._shown_scope = scope
        self._update_form()
        self._show_refusals()

    def _show_refusals(self) -> None:
        """Disable ignored settings of the conversation; note the reasons in the other scopes."""
        self._form.set_unsupported(self._refusals)
        spelling = self._spelling_refusals
        if self._shown_scope == CONVERSATION:
            self._form.set_refusals({**self._refusals, **spelling}, self._notes)
        else:
            self._form.set_refusals(spelling, {**self._notes, **self._refusals})

    def _update_form(self) -> None:
        folder, conversation = self._folder, self._conversation
        self._note.set_text(tr(_SCOPE_NOTES[self._shown_scope], folder=folder.name))
        if self._shown_scope == CONVERSATION:
            inherited = {**self._defaults, **folder.overrides}
            self._form.set_values({**inherited, **conversation.overrides})
            self._form.set_overrides(conversation.id, conversation.overrides)
        elif self._shown_scope == FOLDER:
            self._form.set_values({**self._defaults, **folder.overrides})
            self._form.set_overrides(folder.id, folder.overrides, is_folder=True)
        else:
            self._form.set_values(self._defaults)
            self._form.set_overrides(None, {})
        ids = {CONVERSATION: None, FOLDER: folder.id, DEFAULTS: ""}
        for section in self._sections:
            section.show_scope(ids[self._shown_scope])

    def _reset(self, key: str) -> None:
        if self._shown_scope == FOLDER:
            self._session.of(FolderSettingsController).remove_value(self._folder.id, key)
        else:
            self._session.of(SettingsController).remove_override(self._conversation.id, key)

    def _request_edit(self, request: EditRequest) -> None:
        """Request a value for the shown scope, even if another is shown when it arrives."""

        def scope_ids() -> tuple[str, str, str]:
            return self._shown_scope, self._conversation.id, self._folder.id

        requested_ids = scope_ids()
        self._session.edit_value(
            request._replace(
                on_changed=partial(self._reporter(), request.key),
                value_now=lambda: request.value_now() if scope_ids() == requested_ids else "",
            )
        )

    def _reporter(self) -> Callable[[str, object], None]:
        """Return the function that stores a changed value of the shown scope."""
        if self._shown_scope == CONVERSATION:
            return partial(self._session.of(SettingsController).override, self._conversation.id)
        if self._shown_scope == FOLDER:
            return partial(self._session.of(FolderSettingsController).set_value, self._folder.id)
        return self.changed.emit
