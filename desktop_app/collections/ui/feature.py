"""The files of projects: the commands, and what the window must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import Category, Menu

if TYPE_CHECKING:
    from desktop_app.app.session import Session
    from desktop_app.collections.ui.collections_controller import CollectionsController


def _compose(session: Session) -> None:
    draft = session.main.draft

    def folder_collection_id() -> str:
        folder = session.folders.folder_of(session.current.conversation)
        return "" if folder is None else folder.collection_id

    def follow() -> None:
        if collection_id := folder_collection_id():
            _controller(session).follow(collection_id)

    for signal in (session.current.opened, draft.changed):
        signal.connect(
            lambda: (
                _controller(session).find_unknown()
                if draft.value.collections or folder_collection_id()
                else None
            )
        )
    for signal in (session.current.opened, session.window.prompt.text_changed):
        signal.connect(follow)
    session.events.files_added_to_project.connect(
        lambda project_id, paths: _controller(session).add_to_project(project_id, paths)
    )
    session.remedies.append(lambda error: _controller(session).remedies_for(error))


def _make_menu(session: Session) -> None:
    """Let the entry of the plus menu open the projects, of which one is chosen at once."""
    from desktop_app.widgets.program_menu import ProgramMenu

    menu = ProgramMenu(session.window)
    menu.fill_with(lambda menu: _controller(session).fill_menu(menu))
    session.actions["collections.ask"].setMenu(menu)


def _controller(session: Session) -> CollectionsController:
    from desktop_app.collections.ui.collections_controller import CollectionsController

    return session.of(CollectionsController)


_MENU_MS: Final = 300
FEATURE: Final = Feature(
    actions=(
        Action(
            "collections.ask",
            N_("Ask the files of a project…"),
            Category.PROMPT,
            run=call("collections.ui.collections_controller.CollectionsController.ask"),
            uses_conversation=True,
            menu_label=N_("Project files"),
            words=N_("collection folder knowledge"),
            menu=(Menu.ATTACH, 3),
        ),
    ),
    compose=_compose,
    later=(_MENU_MS, _make_menu),
    sections={"project": "collections.ui.files_section.FilesSection"},
)
