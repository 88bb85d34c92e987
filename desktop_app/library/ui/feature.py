"""The conversation list: the commands, and what the window must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, Tab, call
from desktop_app.i18n.translation import N_, tr_context
from desktop_app.library.list_filter import LIST
from desktop_app.shortcuts.command import Category

if TYPE_CHECKING:
    from desktop_app.app.session import Session


def _compose(session: Session) -> None:
    from desktop_app.library.ui.conversation_list import ConversationList
    from desktop_app.library.ui.folders_controller import (
        FoldersController,
        FolderSettingsController,
    )
    from desktop_app.library.ui.foreign_changes import ForeignChanges
    from desktop_app.library.ui.list_presenter import ListPresenter, PinnedOrder
    from desktop_app.library.ui.navigator import LinkController, Navigator
    from desktop_app.library.ui.trash import Trash

    listing = session.of(ConversationList)
    listing.session = session
    listing.presenter = session.of(ListPresenter)
    session.of(Navigator)
    listing.pinned_order = session.of(PinnedOrder)
    session.of(LinkController)
    session.of(ForeignChanges).found.connect(session.events.store_changed)
    listing.folders_controller = session.of(FoldersController)
    listing.folder_settings = session.of(FolderSettingsController)
    listing.trash = session.of(Trash)


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
            N_("Move to folder…"),
            Category.CONVERSATION,
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
            N_("New folder (project)"),
            Category.CONVERSATION,
            run=call("library.ui.folders_controller.FoldersController.create"),
            menu_label=N_("New folder"),
        ),
        Action(
            "folder.settings",
            N_("Folder settings"),
            Category.CONVERSATION,
            run=call("library.ui.folders_controller.FolderSettingsController.show"),
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
            run=call("library.ui.navigator.Navigator.open_neighbor", +1),
            is_in_palette=False,
        ),
        Action(
            "list.previous",
            N_("Previous conversation"),
            Category.CONVERSATION,
            "Ctrl+PgUp",
            run=call("library.ui.navigator.Navigator.open_neighbor", -1),
            is_in_palette=False,
        ),
        Action(
            "conversation.copy-link",
            N_("Copy link to conversation"),
            Category.CONVERSATION,
            run=call("library.ui.navigator.LinkController.copy"),
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
    sections={"answer": "library.ui.folder_model.FolderModelSection"},
)
