"""Collections: the commands, and what the window must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, Tab, call
from desktop_app.i18n.translation import N_, tr
from desktop_app.shortcuts.command import Category, Menu

if TYPE_CHECKING:
    from desktop_app.app.session import Session
    from desktop_app.collections.ui.collections_controller import CollectionsController
    from desktop_app.shortcuts.command_search import PaletteEntry


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
    session.remedies.append(lambda error: _controller(session).remedies_for(error))


def _controller(session: Session) -> CollectionsController:
    from desktop_app.collections.ui.collections_controller import CollectionsController

    return session.of(CollectionsController)


async def _find_entries(session: Session) -> list[PaletteEntry]:
    return await _controller(session).palette_entries()


FEATURE: Final = Feature(
    actions=(
        Action(
            "collections.ask",
            N_("Ask a collection…"),
            Category.PROMPT,
            run=call("collections.ui.collections_controller.CollectionsController.ask"),
            uses_conversation=True,
            menu=(Menu.ATTACH, 3),
        ),
        Action(
            "collections.show",
            N_("Show collections"),
            Category.PROMPT,
            "Ctrl+G, Ctrl+C",
            run=call("collections.ui.collections_controller.CollectionsController.show"),
            menu_label=N_("Collections"),
            words=N_("knowledge documents"),
            tab=Tab("library", 1, lambda: tr("Collections")),
            page="collections-dialog",
        ),
    ),
    compose=_compose,
    sections={"answer": "collections.ui.files_section.FilesSection"},
    load_entries=_find_entries,
)
