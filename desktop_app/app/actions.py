"""The actions of the window's controllers, by the ids of their commands (shortcuts/command.py).

Actions of the whole program are in window_session, those of the quick prompt in quick/ui.
"""

from __future__ import annotations

from collections.abc import Callable

from desktop_app.app.controllers import Controllers
from desktop_app.app.help.help_controller import SHORTCUTS
from desktop_app.app.window.focus_order import step_region
from desktop_app.app.window.main_window import MainWindow
from desktop_app.domain.conversations.list_filter import ARCHIVE, LIST, TRASH, ListFilter
from desktop_app.domain.models.variants import Variant
from desktop_app.i18n.translation import tr
from desktop_app.transcript.search.find_in_transcript import FindInTranscript
from desktop_app.widgets.program_menu import open_context_menu

Actions = dict[str, Callable[[], object]]


def actions_of(window: MainWindow, controllers: Controllers) -> Actions:
    """Return the actions of a window's controllers, without those of the whole program."""
    panel, dialogs = controllers.panel, controllers.dialogs
    return {
        **_list_actions(window, controllers),
        **_prompt_actions(window, controllers),
        **_transcript_actions(window, controllers),
        "view.larger": lambda: panel.look.resize_text(+10),
        "view.smaller": lambda: panel.look.resize_text(-10),
        "view.normal": lambda: panel.look.resize_text(0),
        "settings.toggle": window.outer_panes.toggle_settings,
        "spending.show": dialogs.spending.show,
        "batch.new": dialogs.batches.begin,
        "batch.show": dialogs.batches.show,
        "help.open": dialogs.help.open,
        "help.shortcuts": lambda: dialogs.help.open_at(SHORTCUTS),
        "library.show": panel.data_page.show,
        "library.import": panel.transfer.choose_import,
    }


def _list_actions(window: MainWindow, controllers: Controllers) -> Actions:
    """Return the actions of the list and of whole conversations."""
    sidebar, conversation = controllers.sidebar, controllers.conversation
    return {
        "conversation.new": sidebar.navigator.open_here,
        "conversation.rename": window.rename,
        "conversation.pin": sidebar.pinned_order.pin_chosen,
        "conversation.pin-up": lambda: sidebar.pinned_order.move(-1),
        "conversation.pin-down": lambda: sidebar.pinned_order.move(+1),
        "conversation.branch": conversation.branching.branch_last,
        "conversation.move": sidebar.folders.choose_target_folder,
        "conversation.archive": sidebar.trash.archive_chosen,
        "conversation.temporary": conversation.temporary.open,
        "conversation.delete": lambda: _delete_chosen(window, controllers),
        "conversation.undo": window.notifications.undo_last,
        "folder.new": sidebar.folders.create,
        "folder.settings": sidebar.folder_settings.show,
        "list.all": lambda: _show_filter(window, controllers, LIST),
        "list.archive": lambda: _show_filter(window, controllers, ARCHIVE),
        "list.trash": lambda: _show_filter(window, controllers, TRASH),
        "trash.empty": sidebar.trash.confirm_and_empty,
        "conversation.compact": conversation.compaction.offer,
        "conversation.uncompact": conversation.compaction_notes.undo,
        "conversation.show-sent": conversation.compaction_notes.show_sent,
        "conversation.export": conversation.export.export,
        "conversation.copy-link": sidebar.links.copy,
        "conversation.print": conversation.export.print_,
        "list.search": window.search,
        "list.next": lambda: _open_neighbor(window, controllers, +1),
        "list.previous": lambda: _open_neighbor(window, controllers, -1),
        "list.toggle": lambda: _toggle_list(window),
    }


def _prompt_actions(window: MainWindow, controllers: Controllers) -> Actions:
    """Return the actions of the prompt, its attachments and the choice of a model."""
    composer = controllers.composer
    return {
        "prompt.focus": window.prompt.focus_text,
        "prompt.attach": window.prompt.attachment_picker.choose_files,
        "prompt.attach-folder": window.prompt.attachment_picker.choose_folder,
        "prompt.paste-plain": window.prompt.paste_plain,
        "prompt.spelling": window.prompt.suggest_spelling,
        "prompt.as-text": composer.attachments.insert_as_text,
        "prompt.stop": controllers.conversation.chat.stop_latest,
        "attachment.preview": composer.previews.show_focused,
        "attachment.choose-pages": composer.previews.choose_pages,
        "collections.ask": composer.collections.ask,
        "collections.show": composer.collections.show,
        "tools.choose": composer.tools.choose,
        "tools.resources": composer.resources.show,
        "tools.form": composer.tools.choose_form,
        "prompts.insert": window.prompt.completer.open,
        "prompts.manage": composer.prompts.manage,
        "presets.use": composer.presets.choose,
        "presets.save": composer.presets.save_here,
        "presets.manage": lambda: composer.prompts.manage("presets"),
        "variant.instant": lambda: composer.choice.choose_variant(Variant.INSTANT),
        "variant.thinking": lambda: composer.choice.choose_variant(Variant.THINKING),
        "variant.pro": lambda: composer.choice.choose_variant(Variant.PRO),
        "models.show": composer.models.show,
        "effort.more": lambda: composer.choice.step_effort(+1),
        "effort.less": lambda: composer.choice.step_effort(-1),
        "prompt.background": composer.choice.toggle_background,
    }


def _transcript_actions(window: MainWindow, controllers: Controllers) -> Actions:
    """Return the actions of messages, and those that move the focus."""
    conversation = controllers.conversation
    return {
        "message.next": lambda: window.transcript.reading.step_message(+1),
        "message.previous": lambda: window.transcript.reading.step_message(-1),
        "block.next": lambda: window.transcript.reading.step_block(+1),
        "block.previous": lambda: window.transcript.reading.step_block(-1),
        "region.next": lambda: step_region(window, +1),
        "region.previous": lambda: step_region(window, -1),
        "menu.open": lambda: open_context_menu(window),
        "find.open": lambda: _find(window, lambda find: find.open()),
        "find.next": lambda: _find(window, lambda find: find.step(+1)),
        "find.previous": lambda: _find(window, lambda find: find.step(-1)),
        "answer.copy": window.transcript.commands.copy_last_answer,
        "answer.copy-code": window.transcript.copies.copy_nearest_code,
        "conversation.copy": conversation.export.copy,
        "answer.retry": conversation.answer_actions.retry_last,
        "answer.compare": conversation.compared_models.choose_models,
        "answer.compare-versions": conversation.comparison.show_versions,
        "answer.keep": conversation.comparison.keep,
        "answer.review": conversation.answer_actions.mark_last,
        "answer.continue": conversation.answer_actions.continue_last,
        "answer.older-version": lambda: conversation.answer_actions.switch_version(-1),
        "answer.newer-version": lambda: conversation.answer_actions.switch_version(+1),
        "question.edit": lambda: conversation.answer_actions.act_on_last("edit"),
    }


def _delete_chosen(window: MainWindow, controllers: Controllers) -> None:
    if controllers.state.current.is_temporary and not window.conversations.selection.affected_ids:
        controllers.conversation.temporary.request_close()
    else:
        controllers.sidebar.trash.delete_chosen()


def _open_neighbor(window: MainWindow, controllers: Controllers, step: int) -> None:
    """Open the conversation above (-1) or below (+1) the open one in the list."""
    neighbor = window.conversations.selection.neighbor(step)
    if neighbor is not None:
        controllers.tasks.start(controllers.sidebar.navigator.open(neighbor))


def _toggle_list(window: MainWindow) -> None:
    window.outer_panes.toggle_list()
    is_shown = window.conversations.isVisible()
    announcement = tr("Conversation list shown") if is_shown else tr("Conversation list hidden")
    window.notifications.announce(announcement)


def _find(window: MainWindow, action: Callable[[FindInTranscript], None]) -> None:
    """Apply an action to the find bar; an empty conversation would hide the bar."""
    if window.transcript.isHidden():
        window.notifications.notify(tr("This conversation is empty."))
    else:
        action(window.transcript.find_in_transcript)


def _show_filter(window: MainWindow, controllers: Controllers, list_filter: ListFilter) -> None:
    async def show() -> None:
        await controllers.sidebar.list_presenter.apply_filter(list_filter)
        window.conversations.pages.focus_filtered_rows()

    window.outer_panes.show_list()
    controllers.tasks.start(show())
