"""The action of each command of commands/command.py in the window, by its id."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from desktop_app.app.help.help_places import SHORTCUTS
from desktop_app.domain.conversations.list_filter import ARCHIVE, LIST, TRASH, ListFilter
from desktop_app.domain.models.model_catalog import Variant
from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.program_menu import open_context_menu

if TYPE_CHECKING:
    from desktop_app.app.controllers import Controllers
    from desktop_app.ui.window.main_window import MainWindow

Actions = dict[str, Callable[[], object]]


def actions_of(window: MainWindow, its: Controllers) -> Actions:
    """Return the actions of a window's controllers, without those of the whole program."""
    library = its.library
    return {
        "conversation.new": library.open_here,
        "conversation.rename": window.rename,
        "conversation.pin": library.pin_chosen,
        "conversation.pin-up": lambda: its.pinned_order.move(-1),
        "conversation.pin-down": lambda: its.pinned_order.move(+1),
        "conversation.branch": its.branching.branch_last,
        "conversation.move": its.folders.offer,
        "conversation.archive": its.trash.archive_chosen,
        "conversation.temporary": its.temporary.open,
        "conversation.delete": lambda: _delete_chosen(window, its),
        "conversation.undo": window.notifications.undo_last,
        "folder.new": its.folders.create,
        "folder.settings": its.folders.show_settings,
        "list.all": lambda: _show_place(window, its, LIST),
        "list.archive": lambda: _show_place(window, its, ARCHIVE),
        "list.trash": lambda: _show_place(window, its, TRASH),
        "trash.empty": its.trash.offer_to_empty,
        "conversation.compact": its.compaction.offer,
        "conversation.uncompact": its.compaction.undo,
        "conversation.show-sent": its.compaction.show_sent,
        "conversation.export": its.export.export,
        "conversation.print": its.export.print_,
        "list.search": window.search,
        "list.next": lambda: library.open_neighbour(+1),
        "list.previous": lambda: library.open_neighbour(-1),
        "list.toggle": lambda: _toggle_list(window),
        "prompt.focus": window.prompt.focus_text,
        "message.next": lambda: window.transcript.step_message(+1),
        "message.previous": lambda: window.transcript.step_message(-1),
        "block.next": lambda: window.transcript.step_block(+1),
        "block.previous": lambda: window.transcript.step_block(-1),
        "region.next": lambda: window.step_region(+1),
        "region.previous": lambda: window.step_region(-1),
        "menu.open": lambda: open_context_menu(window),
        "prompt.attach": window.prompt.choose_files,
        "prompt.attach-folder": window.prompt.choose_folder,
        "prompt.paste-plain": window.prompt.paste_plain,
        "prompt.spelling": window.prompt.suggest_spelling,
        "prompt.as-text": its.attachments.turn_back,
        "prompt.stop": its.chat.step_back,
        "attachment.preview": its.previews.show_any,
        "attachment.choose-pages": its.previews.choose_any,
        "collections.ask": its.collections.ask,
        "collections.show": its.collections.show,
        "tools.choose": its.tools.choose,
        "tools.resources": its.servers.show_resources,
        "tools.form": its.tools.choose_form,
        "prompts.insert": its.prompts.insert,
        "prompts.manage": its.prompts.manage,
        "presets.use": its.presets.choose,
        "presets.save": its.presets.save_here,
        "presets.manage": lambda: its.prompts.manage("presets"),
        "variant.instant": lambda: its.choice.choose_variant(Variant.INSTANT),
        "variant.thinking": lambda: its.choice.choose_variant(Variant.THINKING),
        "variant.pro": lambda: its.choice.choose_variant(Variant.PRO),
        "models.show": its.models.show,
        "effort.more": lambda: its.choice.step_effort(+1),
        "effort.less": lambda: its.choice.step_effort(-1),
        "prompt.background": its.choice.toggle_background,
        "find.open": window.transcript.find_in_transcript.open,
        "find.next": lambda: window.transcript.find_in_transcript.step(+1),
        "find.previous": lambda: window.transcript.find_in_transcript.step(-1),
        "answer.copy": window.transcript.commands.copy_last_answer,
        "answer.copy-code": window.transcript.copy_code_at_or_above_cursor,
        "conversation.copy": its.export.copy,
        "answer.retry": its.chat.retry_last,
        "answer.compare": its.comparison.offer,
        "answer.compare-versions": its.comparison.show_versions,
        "answer.keep": its.comparison.keep,
        "answer.review": its.reviews.review_last,
        "answer.continue": its.chat.continue_last,
        "answer.older-version": lambda: its.chat.switch_last_version(-1),
        "answer.newer-version": lambda: its.chat.switch_last_version(+1),
        "question.edit": lambda: its.chat.act_on_last("edit"),
        "settings.toggle": window.toggle_settings,
        "spending.show": its.spending.show,
        "evaluations.show": its.evaluations.show,
        "batch.new": its.batches.begin,
        "batch.show": its.batches.show,
        "help.open": its.help.open,
        "help.shortcuts": lambda: its.help.open_at(SHORTCUTS),
        "library.show": its.data_page.show,
        "library.import": its.transfer.choose_import,
    }


def _delete_chosen(window: MainWindow, its: Controllers) -> None:
    if its.state.current.is_temporary and not window.conversations.marked:
        its.temporary.close_open()
    else:
        its.trash.delete_chosen()


def _toggle_list(window: MainWindow) -> None:
    window.toggle_list()
    shown = window.conversations.isVisible()
    words = tr("Conversation list shown") if shown else tr("Conversation list hidden")
    window.notifications.announce(words)


def _show_place(window: MainWindow, its: Controllers, place: ListFilter) -> None:
    window.show_list()
    its.tasks.start(its.list_presenter.go(place))
