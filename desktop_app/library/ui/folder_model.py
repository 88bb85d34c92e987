"""The model of a project's new conversations, on its page."""

from __future__ import annotations

from dataclasses import replace

from desktop_app.app.session import Session
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.i18n.translation import tr
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.widgets.boxes import FlowLayout
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.forms.form_widgets import AnswerSection


class FolderModelSection(AnswerSection):
    """The section: the model, of any provider, is taken from the open conversation."""

    def __init__(self, session: Session) -> None:
        super().__init__(tr("Model"))
        self._session = session
        self._folder_id = ""
        self._use = compact_button(tr("Use the current model"), "folder-model", "plain")
        self._use.clicked.connect(lambda: self._save(session.setup.choice))
        self._reset = compact_button(tr("Use default"), "reset-folder-model")
        self._reset.clicked.connect(lambda: self._save(None))
        self.body.addLayout(FlowLayout(self._use, self._reset))
        session.folders.changed.connect(self._show)

    def show_scope(self, folder_id: str | None) -> None:
        self.setVisible(bool(folder_id))
        self._folder_id = folder_id or ""
        self._show()

    def _show(self) -> None:
        folder = self._session.folders.by_id.get(self._folder_id)
        if folder is None:
            return
        choice = self._session.new_conversation.starting_choice(folder.id)
        variant, effort = choice.variant, choice.effort
        name = variant.label if variant else self._session.name_of_model(choice.model)
        model = f"{name} · {tr(effort.label)}" if effort else name
        self.note.set_text(tr("New conversations in this project begin with {model}.", model=model))
        self._reset.setVisible(folder.choice is not None)

    def _save(self, choice: ModelChoice | None) -> None:
        folders = self._session.folders
        if (folder := folders.by_id.get(self._folder_id)) is not None:
            write = folders.save(replace(folder, choice=choice))
            self._session.of(ListPresenter).writes.start(write)
