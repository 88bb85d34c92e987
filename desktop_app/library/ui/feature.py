"""The conversation list: the commands, and what the window must know."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.i18n.translation import N_, tr, tr_context
from desktop_app.library.list_filter import LIST
from desktop_app.shortcuts.command import Category, Tab

if TYPE_CHECKING:
    from desktop_app.app.activity import ActivityRow
    from desktop_app.app.session import Session
    from desktop_app.shortcuts.command_search import PaletteEntry


def _compose(session: Session) -> None:
    from desktop_app.app.foreign_changes import ForeignChanges
    from desktop_app.app.navigator import LinkController, Navigator
    from desktop_app.library.ui.conversation_list import ConversationList
    from desktop_app.library.ui.folders_controller import (
        FoldersController,
        FolderSettingsController,
    )
    from desktop_app.library.ui.list_presenter import ListPresenter, PinnedOrder
    from desktop_app.library.ui.trash import Trash

    listing = session.of(ConversationList)
    listing.session = session
    listing.presenter = session.of(ListPresenter)
    session.of(Navigator)
    listing.pinned_order = session.of(PinnedOrder)
    session.of(LinkController)
    session.of(ForeignChanges).found.connect(session.events.store_changed)
    listing.folders_controller = session.of(FoldersController)
    session.of(FolderSettingsController)
    listing.trash = session.of(Trash)


async def _activity(session: Session) -> list[ActivityRow]:
    from desktop_app.app.activity import ActivityRow, Phase
    from desktop_app.app.housekeeping import Housekeeping
    from desktop_app.domain.conversations.conversation import now

    percents = session.of(Housekeeping).indexed
    if percents is None:
        return []
    title, show = tr("Search index"), partial(session.run, "palette.open")
    row = ActivityRow(
        "search-index", title, "", "", Phase.RUNNING, now(), show, progress=percents / 100
    )
    return [row]


def _find_entries(session: Session) -> list[PaletteEntry]:
    from desktop_app.app.navigator import Navigator
    from desktop_app.shortcuts.command_search import PaletteEntry

    begin = session.of(Navigator).open_in_folder
    return [
        PaletteEntry(f"project:{id_}", project.name, tr("Project"), run=partial(begin, id_))
        for id_, project in session.folders.by_id.items()
    ]


FEATURE: Final = Feature(
    actions=(
        Action(
            "conversation.new",
            N_("New conversation"),
            Category.CONVERSATION,
            "Ctrl+N",
            run=call("library.ui.conversation_list.ConversationList.request_new"),
            words=N_("new chat"),
        ),
        Action(
            "conversation.rename",
            N_("Rename conversation"),
            Category.CONVERSATION,
            "F2",
            run=call("app.window.main_window.MainWindow.rename"),
        ),
        Action(
            "conversation.pin",
            N_("Pin or unpin conversation"),
            Category.CONVERSATION,
            "Ctrl+Shift+D",
            run=call("library.ui.list_presenter.PinnedOrder.pin_chosen"),
        ),
        Action(
            "conversation.pin-up",
            N_("Move pinned conversation up"),
            Category.CONVERSATION,
            "Ctrl+G, Ctrl+Up",
            run=call("library.ui.list_presenter.PinnedOrder.move", -1),
            is_in_palette=False,
        ),
        Action(
            "conversation.pin-down",
            N_("Move pinned conversation down"),
            Category.CONVERSATION,
            "Ctrl+G, Ctrl+Down",
            run=call("library.ui.list_presenter.PinnedOrder.move", +1),
            is_in_palette=False,
        ),
        Action(
            "conversation.move",
            N_("Move to project…"),
            Category.CONVERSATION,
            words=N_("folder"),
            run=call("library.ui.folders_controller.FoldersController.choose_target_folder"),
        ),
        Action(
            "conversation.archive",
            N_("Archive conversation"),
            Category.CONVERSATION,
            run=call("library.ui.trash.Trash.archive_chosen"),
        ),
        Action(
            "conversation.delete",
            N_("Delete conversation"),
            Category.CONVERSATION,
            "Ctrl+Shift+Del",
            run=call("library.ui.trash.Trash.delete_chosen_or_close"),
            words=N_("remove trash"),
        ),
        Action(
            "conversation.undo",
            N_("Undo last change in the list"),
            Category.CONVERSATION,
            run=lambda session: session.window.notifications.undo_last(),
        ),
        Action(
            "folder.new",
            N_("New project"),
            Category.CONVERSATION,
            run=call("library.ui.folders_controller.FoldersController.create"),
            words=N_("folder collection"),
        ),
        Action(
            "folder.settings",
            N_("Project settings"),
            Category.CONVERSATION,
            run=call("library.ui.projects_page.ProjectsController.show_current"),
            words=N_("folder instructions files"),
        ),
        Action(
            "collections.show",
            N_("Show projects"),
            Category.CONVERSATION,
            "Ctrl+G, Ctrl+C",
            run=call("library.ui.projects_page.ProjectsController.show"),
            menu_label=N_("Projects"),
            words=N_("collections folders knowledge documents"),
            tab=Tab("library", 1, lambda: tr("Projects")),
            page="projects-page",
        ),
        Action(
            "list.all",
            N_("Show all conversations"),
            Category.CONVERSATION,
            "Ctrl+G, Ctrl+L",
            run=call("library.ui.list_presenter.ListPresenter.show_filter", LIST),
            words=N_("history chats"),
        ),
        Action(
            "list.archive",
            N_("Show archive"),
            Category.CONVERSATION,
            "Ctrl+G, Ctrl+A",
            run=call("library.ui.archive_and_trash.ArchivePage.open"),
            tab=Tab("library", 8, lambda: tr_context("list", "Archive")),
            page="archive",
        ),
        Action(
            "list.trash",
            N_("Show trash"),
            Category.CONVERSATION,
            "Ctrl+G, Ctrl+T",
            run=call("library.ui.archive_and_trash.TrashPage.open"),
            words=N_("deleted texts tables restore"),
            tab=Tab("library", 9, lambda: tr_context("list", "Trash")),
            page="trash",
        ),
        Action(
            "trash.empty",
            N_("Empty trash"),
            Category.CONVERSATION,
            run=call("library.ui.trash.Trash.confirm_and_empty"),
        ),
        Action(
            "list.next",
            N_("Next conversation"),
            Category.CONVERSATION,
            "Ctrl+PgDown",
            run=call("app.navigator.Navigator.open_neighbor", +1),
            is_in_palette=False,
        ),
        Action(
            "list.previous",
            N_("Previous conversation"),
            Category.CONVERSATION,
            "Ctrl+PgUp",
            run=call("app.navigator.Navigator.open_neighbor", -1),
            is_in_palette=False,
        ),
        Action(
            "conversation.copy-link",
            N_("Copy link to conversation"),
            Category.CONVERSATION,
            run=call("app.navigator.LinkController.copy"),
            words=N_("share"),
        ),
        Action(
            "list.toggle",
            N_("Show or hide conversation list"),
            Category.VIEW,
            "Ctrl+B",
            run=call("library.ui.list_presenter.ListPresenter.toggle_list"),
            words=N_("sidebar"),
        ),
    ),
    compose=_compose,
    activity=_activity,
    find_entries=_find_entries,
)
