"""The actions of the window's controllers, by the ids of their commands (commands/command.py).

Actions of the whole program are in window_session, those of the quick prompt in ui/quick.
"""

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


def actions_of(window: MainWindow, controllers: Controllers) -> Actions:
    """Return the actions of a window's controllers, without those of the whole program."""
    library = controllers.library
    return {
        "conversation.new": library.open_here,
        "conversation.rename": window.rename,
        "conversation.pin": controllers.pinned_order.pin_chosen,
        "conversation.pin-up": lambda: controllers.pinned_order.move(-1),
        "conversation.pin-down": lambda: controllers.pinned_order.move(+1),
        "conversation.branch": controllers.branching.branch_last,
        "conversation.move": controllers.folders.offer_folders,
        "conversation.archive": controllers.trash.archive_chosen,
        "conversation.temporary": controllers.temporary.open,
        "conversation.delete": lambda: _delete_chosen(window, controllers),
        "conversation.undo": window.notifications.undo_last,
        "folder.new": controllers.folders.create,
        "folder.settings": controllers.folder_settings.show,
        "list.all": lambda: _show_filter(window, controllers, LIST),
        "list.archive": lambda: _show_filter(window, controllers, ARCHIVE),
        "list.trash": lambda: _show_filter(window, controllers, TRASH),
        "trash.empty": controllers.trash.offer_to_empty,
        "conversation.compact": controllers.compaction.offer,
        "conversation.uncompact": controllers.compaction_marks.undo,
        "conversation.show-sent": controllers.compaction_marks.show_sent,
        "conversation.export": controllers.export.export,
        "conversation.copy-link": controllers.links.copy,
        "conversation.print": controllers.export.print_,
        "list.search": window.search,
        "list.next": lambda: library.open_neighbor(+1),
        "list.previous": lambda: library.open_neighbor(-1),
        "list.toggle": lambda: _toggle_list(window),
        "prompt.focus": window.prompt.focus_text,
        "message.next": lambda: window.transcript.reading.step_message(+1),
        "message.previous": lambda: window.transcript.reading.step_message(-1),
        "block.next": lambda: window.transcript.reading.step_block(+1),
        "block.previous": lambda: window.transcript.reading.step_block(-1),
        "region.next": lambda: window.step_region(+1),
        "region.previous": lambda: window.step_region(-1),
        "menu.open": lambda: open_context_menu(window),
        "prompt.attach": window.prompt.choose_files,
        "prompt.attach-folder": window.prompt.choose_folder,
        "prompt.paste-plain": window.prompt.paste_plain,
        "prompt.spelling": window.prompt.suggest_spelling,
        "prompt.as-text": controllers.attachments.insert_as_text,
        "prompt.stop": controllers.chat.step_back,
        "attachment.preview": controllers.previews.show_focused,
        "attachment.choose-pages": controllers.previews.choose_pages,
        "collections.ask": controllers.collections.ask,
        "collections.show": controllers.collections.show,
        "tools.choose": controllers.tools.choose,
        "tools.resources": controllers.servers.show_resources,
        "tools.form": controllers.tools.choose_form,
        "prompts.insert": controllers.prompts.insert,
        "prompts.manage": controllers.prompts.manage,
        "presets.use": controllers.presets.choose,
        "presets.save": controllers.presets.save_here,
        "presets.manage": lambda: controllers.prompts.manage("presets"),
        "variant.instant": lambda: controllers.choice.choose_variant(Variant.INSTANT),
        "variant.thinking": lambda: controllers.choice.choose_variant(Variant.THINKING),
        "variant.pro": lambda: controllers.choice.choose_variant(Variant.PRO),
        "models.show": controllers.models.show,
        "effort.more": lambda: controllers.choice.step_effort(+1),
        "effort.less": lambda: controllers.choice.step_effort(-1),
        "prompt.background": controllers.choice.toggle_background,
        "find.open": window.transcript.find_in_transcript.open,
        "find.next": lambda: window.transcript.find_in_transcript.step(+1),
        "find.previous": lambda: window.transcript.find_in_transcript.step(-1),
        "answer.copy": window.transcript.commands.copy_last_answer,
        "answer.copy-code": window.transcript.copies.copy_nearest_code,
        "conversation.copy": controllers.export.copy,
        "answer.retry": controllers.answer_actions.retry_last,
        "answer.compare": controllers.compared_models.offer,
        "answer.compare-versions": controllers.comparison.show_versions,
        "answer.keep": controllers.comparison.keep,
        "answer.review": controllers.reviews.review_last,
        "answer.continue": controllers.answer_actions.continue_last,
        "answer.older-version": lambda: controllers.answer_actions.switch_last_version(-1),
        "answer.newer-version": lambda: controllers.answer_actions.switch_last_version(+1),
        "question.edit": lambda: controllers.answer_actions.act_on_last("edit"),
        "view.larger": lambda: controllers.look.resize_text(+10),
        "view.smaller": lambda: controllers.look.resize_text(-10),
        "view.normal": lambda: controllers.look.resize_text(0),
        "settings.toggle": window.toggle_settings,
        "spending.show": controllers.spending.show,
        "evaluations.show": controllers.evaluations.show,
        "batch.new": controllers.batches.begin,
        "batch.show": controllers.batches.show,
        "help.open": controllers.help.open,
        "help.shortcuts": lambda: controllers.help.open_at(SHORTCUTS),
        "library.show": controllers.data_page.show,
        "library.import": controllers.transfer.choose_import,
    }


def _delete_chosen(window: MainWindow, controllers: Controllers) -> None:
    if controllers.state.current.is_temporary and not window.conversations.marked:
        controllers.temporary.close_open()
    else:
        controllers.trash.delete_chosen()


def _toggle_list(window: MainWindow) -> None:
    window.toggle_list()
    shown = window.conversations.isVisible()
    words = tr("Conversation list shown") if shown else tr("Conversation list hidden")
    window.notifications.announce(words)


def _show_filter(window: MainWindow, controllers: Controllers, list_filter: ListFilter) -> None:
    window.show_list()
    controllers.tasks.start(controllers.list_presenter.apply_filter(list_filter))
