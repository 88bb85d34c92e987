"""The page of projects: their list, and what the conversations of the selected one share.

Files and folders can be dropped anywhere on it: into the selected project, or else into a new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop_app.app.navigator import Navigator
from desktop_app.app.session import Controller, Session
from desktop_app.composer.dropped_content import FileDropFilter, accept_copy, files_in
from desktop_app.domain.conversations.conversation import Conversation, Folder, ModelChoice
from desktop_app.i18n.formatting import short_date
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.list_filter import ListFilter
from desktop_app.library.ui.conversation_list import ConversationList
from desktop_app.library.ui.folders_controller import FoldersController, FolderSettingsController
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.library.ui.rows.conversation_model import Roles
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import compact_button, delete_button, dialog_button
from desktop_app.widgets.empty_page import EmptyPage
from desktop_app.widgets.forms.form_widgets import AnswerSection, MultilineField
from desktop_app.widgets.library_list import LibraryDelegate, LibraryModel, LibraryPage, LibraryRow
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW
from desktop_app.widgets.text.name_field import NameField
from desktop_app.widgets.windows import scroll_area_of


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


# Below this width, a project's name and its main button have a row each.
_NARROW_WIDTH: Final = 500
_TEXT_WIDTH: Final = 560
_MAX_CONVERSATIONS: Final = 100
_INTRODUCTION: Final = N_(
    "The conversations of a project share files, instructions, notes, and a model: drop a folder "
    "here to begin."
)
_INSTRUCTIONS_NOTE: Final = N_(
    "Sent with each message in this project, in place of those for all conversations."
)


class ProjectsController(Controller):
    """Connection of the page of projects with the window."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._page: ProjectsPage | None = None

    @property
    def page(self) -> ProjectsPage:
        if self._page is None:
            self._page = ProjectsPage(self._session)
        return self._page

    def show(self, project_id: str = "") -> None:
        """Show the page, at a project if it has an id."""
        self.page.show_projects()
        self._window.show_page(self.page)
        if project_id:
            self.page.select(project_id)

    def show_current(self) -> None:
        """Show the project at the list's current row or of the open conversation, if any."""
        row = self._session.of(ConversationList).view.current_row
        row_id = row.data(Roles.IDENTIFIER) if row.data(Roles.IS_FOLDER) else ""
        shown_id = self._session.of(ListPresenter).list_filter.folder_id
        self.show(shown_id or row_id or self._current.conversation.folder_id or "")


class ProjectsPage(LibraryPage):
    """The page; see the module."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            "projects",
            label=tr("Projects"),
            find_label=tr("Find a project"),
            new_label=tr("New project"),
        )
        self._session = session
        self.setObjectName("projects-page")
        self.setWindowTitle(tr("Projects"))
        self.setAcceptDrops(True)
        self.name = NameField(tr("Project name"), "project-name")
        self.ask_button = dialog_button(tr("New conversation here"), "ask-project", "primary")
        self.ask_button.clicked.connect(lambda: self.act(session.of(Navigator).open_in_folder))
        self._instructions = _Instructions(session)
        self._sections: list[AnswerSection] = [
            self._instructions,
            *session.make_sections("remembered"),
            *session.make_sections("project"),
            FolderModelSection(session),
            _Conversations(session),
        ]
        settings = compact_button(tr("More settings…"), "project-settings")
        settings.clicked.connect(lambda: self.act(session.of(FolderSettingsController).show))
        delete = delete_button(tr("Delete"), "delete-project")
        delete.clicked.connect(lambda: self.act(self.delete))
        self._head = row_of((self.name, 1), self.ask_button, spacing=8)
        editor = QWidget()
        self._foot = row_of(settings, STRETCH, delete)  # apart from what is pressed often
        layout = column_of(self._head, *self._sections, parent=editor, margins=0, spacing=18)
        layout.addStretch(1)
        layout.addLayout(self._foot)
        self.first_button = dialog_button(tr("New project"), "first-project", "primary")
        self.first_button.clicked.connect(lambda: self.begin_new(""))
        self.introduction = EmptyPage(
            "projects", tr(_INTRODUCTION), self.first_button, name="projects-introduction"
        )
        row = self.lay_out(scroll_area_of(editor), self.introduction)
        column_of((row, 1), parent=self, margins=DIALOG_MARGINS)
        for part in (self.list_part, editor):
            FileDropFilter(part)
        session.folders.changed.connect(self.show_projects)
        session.events.store_changed.connect(lambda: self._show_sections(self.current_id))

    # ------------------------------------------------------------ state

    def show_projects(self) -> None:
        projects = sorted(self._projects.values(), key=lambda each: each.name.casefold())
        had_focus = self.first_button.hasFocus() or self.field.hasFocus()
        self.set_rows([LibraryRow(each.id, each.name) for each in projects])
        self.list_part.setVisible(bool(projects))
        self.first_button.setVisible(not projects)
        if had_focus:
            self._focus_beginning()
        project = self._projects.get(self.current_id)
        if project is not None and not self.name.hasFocus():
            self.name.set_name(project.name)

    @property
    def _projects(self) -> dict[str, Folder]:
        return dict(self._session.folders.by_id)

    def show_row(self, row_id: str) -> None:
        super().show_row(row_id)
        if (project := self._projects.get(row_id)) is not None:
            self.name.set_name(project.name)
        self._show_sections(row_id)

    def _show_sections(self, project_id: str) -> None:
        for section in self._sections if self.isVisible() else ():
            section.show_scope(project_id or None)

    # ------------------------------------------------------------ actions of the user

    def begin_new(self, _row_id: str) -> None:
        self.edit(self._session.of(FoldersController).add().id)

    def delete(self, row_id: str) -> None:
        self._session.of(FoldersController).delete(row_id)

    def focus_editor(self) -> None:
        self.ask_button.setFocus()

    def report_edits(self) -> None:
        """Rename the project, and save its instructions."""
        self._instructions.field.report_edits()
        project = self._projects.get(self.current_id)
        name = self.name.text().strip()
        if project is None or not self.name.is_edited:
            return
        if not name:
            self.name.set_name(project.name)
        elif name != project.name:
            self._session.of(FoldersController).rename(project.id, name)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if files_in(event.mimeData()):
            accept_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Add the files to the shown project, or create one; see the module."""
        paths = files_in(event.mimeData())
        accept_copy(event)
        if paths:
            self._session.events.files_added_to_project.emit(self.current_id, paths)

    # ------------------------------------------------------------ appearance

    def update_theme(self) -> None:
        super().update_theme()
        self.introduction.setMaximumWidth(current_theme().px(_TEXT_WIDTH))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put buttons below each other if the page is narrow, and shorten the main one."""
        super().resizeEvent(event)
        is_narrow = self.width() < current_theme().px(_NARROW_WIDTH)
        directions = QHBoxLayout.Direction
        for row in (self._head, self._foot):
            row.setDirection(directions.TopToBottom if is_narrow else directions.LeftToRight)
        label = tr("New conversation") if is_narrow else tr("New conversation here")
        self.ask_button.setText(label)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_sections(self.current_id)
        if not self.name.hasFocus():
            self._focus_beginning()

    def _focus_beginning(self) -> None:
        """Focus the search, or the only button while there is nothing to search."""
        start = self.field if self._projects else self.first_button
        start.setFocus(Qt.FocusReason.OtherFocusReason)

    def hideEvent(self, event: QHideEvent) -> None:
        """Apply what was typed but not confirmed."""
        self.report_edits()
        super().hideEvent(event)


class _Instructions(AnswerSection):
    """The instructions that are sent with each message of a project.

    Attributes:
        field: their text.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(tr("Instructions"))
        self._folders = session.folders
        self._project_id = ""
        self.field = MultilineField(tr("Instructions"))
        self.field.setObjectName("project-instructions")
        settings = session.of(FolderSettingsController)
        self.field.edited.connect(lambda text: settings.set_instructions(self._project_id, text))
        self.note.set_text(tr(_INSTRUCTIONS_NOTE))
        self.note.describe(self.field)
        self.body.addWidget(self.field)
        self._folders.changed.connect(self._show)

    def show_scope(self, folder_id: str | None) -> None:
        if folder_id != self._project_id:
            self.field.report_edits()  # they are of the former project
            self._project_id = folder_id or ""
        self._show()

    def _show(self) -> None:
        project = self._folders.by_id.get(self._project_id)
        if project is not None:
            self.field.show_text(project.overrides.instructions or "")


class _Conversations(AnswerSection):
    """The conversations of a project, the newest first."""

    def __init__(self, session: Session) -> None:
        super().__init__(tr("Conversations"))
        self._session = session
        self._project_id = ""
        self._model = LibraryModel(self)
        self._view = RowView("project-conversations", self._model, LibraryDelegate(self))
        self._view.setAccessibleName(tr("Conversations"))
        navigator = session.of(Navigator)
        self._view.chosen.connect(lambda row: session.tasks.start(navigator.open(row.data(ROW).id)))
        self.body.addWidget(self._view)

    def show_scope(self, folder_id: str | None) -> None:
        self._project_id = folder_id or ""
        if folder_id:
            self._session.tasks.start(self._load(folder_id))

    async def _load(self, project_id: str) -> None:
        presenter = self._session.of(ListPresenter)
        list_filter = ListFilter.for_folder(project_id)
        pinned, others = await presenter.read_top(list_filter, _MAX_CONVERSATIONS)
        if project_id == self._project_id:
            self._set([*pinned, *others])

    def _set(self, conversations: Sequence[Conversation]) -> None:
        self._model.set_rows(
            [
                LibraryRow(each.id, each.title, short_date(each.updated_at.astimezone().date()))
                for each in conversations
            ]
        )
        self._view.update_focus_policy()
        self._view.fit_rows()
        self._view.setVisible(bool(conversations))
        self.note.set_text("" if conversations else tr("No conversations in this project"))
