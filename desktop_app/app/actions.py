"""The actions of the window's controllers, by the ids of their commands (shortcuts/command.py).

Actions of the whole program are in window_session, those of the quick prompt in quick/ui.
"""

from __future__ import annotations

from collections.abc import Callable

from desktop_app.app.session import Session
from desktop_app.app.window.focus_order import step_region
from desktop_app.app.window.main_window import MainWindow
from desktop_app.domain.conversations.list_filter import ARCHIVE, LIST, TRASH, ListFilter
from desktop_app.domain.models.variants import Variant
from desktop_app.domain.places import Place
from desktop_app.i18n.translation import tr
from desktop_app.transcript.finding import FindInTranscript
from desktop_app.widgets.program_menu import open_context_menu

Actions = dict[str, Callable[[], object]]


def actions_of(session: Session) -> Actions:
    """Return the actions of a window's controllers, without those of the whole program."""
    window = session.window

    def on_conversation(action: Callable[[], object]) -> Callable[[], object]:
        """Return an action that first closes the page that covers the conversation."""

        def run() -> None:
            window.pane.close_page()
            action()

        return run

    of_conversation = _prompt_actions(session) | _transcript_actions(session)
    return {
        **_list_actions(session),
        **{id_: on_conversation(action) for id_, action in of_conversation.items()},
        "region.next": lambda: step_region(window, +1),
        "region.previous": lambda: step_region(window, -1),
        "menu.open": lambda: open_context_menu(window),
        "collections.show": session.collections.show,
        "prompts.manage": session.prompts_controller.manage,
        "presets.save": session.presets_controller.save_here,
        "presets.manage": lambda: session.prompts_controller.manage("presets"),
        "models.show": lambda: session.models.open(),
        "models.local": lambda: session.local_models.open(),
        "view.larger": lambda: session.settings.resize_text(+10),
        "view.smaller": lambda: session.settings.resize_text(-10),
        "view.normal": lambda: session.settings.resize_text(0),
        "settings.toggle": window.outer_panes.toggle_settings,
        "provider.show": lambda: session.places.open(Place.PROVIDER),
        "spending.show": session.spending_controller.show,
        "batch.new": lambda: session.batches.begin(),
        "batch.show": lambda: session.batches.show_jobs(),
        "help.open": lambda: session.help.open(),
        "help.shortcuts": lambda: session.help.open_shortcuts(),
        "library.show": session.backups.show_page,
        "library.import": session.transfer.choose_import,
    }


def _list_actions(session: Session) -> Actions:
    """Return the actions of the list and of whole conversations."""
    window = session.window
    return {
        "conversation.new": session.navigator.open_here,
        "conversation.rename": window.rename,
        "conversation.pin": session.pinned_order.pin_chosen,
        "conversation.pin-up": lambda: session.pinned_order.move(-1),
        "conversation.pin-down": lambda: session.pinned_order.move(+1),
        "conversation.move": session.folders_controller.choose_target_folder,
        "conversation.archive": session.trash.archive_chosen,
        "conversation.temporary": session.temporary_controller.open,
        "conversation.delete": lambda: _delete_chosen(session),
        "conversation.undo": window.notifications.undo_last,
        "folder.new": session.folders_controller.create,
        "folder.settings": session.folder_settings.show,
        "list.all": lambda: _show_filter(session, LIST),
        "list.archive": lambda: _show_filter(session, ARCHIVE),
        "list.trash": lambda: _show_filter(session, TRASH),
        "trash.empty": session.trash.confirm_and_empty,
        "conversation.export": session.transfer.choose_open_export,
        "conversation.copy-link": session.links.copy,
        "conversation.print": session.transfer.print_,
        "list.next": lambda: _open_neighbor(session, +1),
        "list.previous": lambda: _open_neighbor(session, -1),
        "list.toggle": lambda: _toggle_list(window),
    }


def _prompt_actions(session: Session) -> Actions:
    """Return the actions of the prompt, its attachments and the choice of a model."""
    window = session.window
    return {
        "prompt.focus": window.prompt.focus_text,
        "prompt.attach": window.prompt.choose_files,
        "prompt.attach-folder": window.prompt.choose_folder,
        "prompt.paste-plain": window.prompt.paste_plain,
        "prompt.discard": session.chat.discard_draft,
        "prompt.spelling": window.prompt.suggest_spelling,
        "prompt.as-text": session.attachments.insert_as_text,
        "prompt.stop": session.chat.stop_latest,
        "attachment.preview": session.previews.show_focused,
        "attachment.choose-pages": session.previews.choose_pages,
        "collections.ask": session.collections.ask,
        "tools.choose": session.tools.choose,
        "tools.resources": session.tasks.slot(session.servers.show_resources),
        "tools.form": session.tools.choose_form,
        "prompts.insert": window.prompt.completer.open,
        "presets.use": session.presets_controller.choose,
        "variant.instant": lambda: session.choice.choose_variant(Variant.INSTANT),
        "variant.thinking": lambda: session.choice.choose_variant(Variant.THINKING),
        "variant.pro": lambda: session.choice.choose_variant(Variant.PRO),
        "effort.more": lambda: session.choice.step_effort(+1),
        "effort.less": lambda: session.choice.step_effort(-1),
        "prompt.background": session.choice.toggle_background,
    }


def _transcript_actions(session: Session) -> Actions:
    """Return the actions of messages and of the open conversation's text."""
    window = session.window
    return {
        "conversation.branch": lambda: session.answer_actions.act_on_last("branch"),
        "conversation.compact": session.compaction.offer,
        "conversation.uncompact": session.compaction_notes.undo,
        "conversation.show-sent": session.compaction_notes.show_sent,
        "message.next": lambda: window.transcript.focus_navigator.step_message(+1),
        "message.previous": lambda: window.transcript.focus_navigator.step_message(-1),
        "block.next": lambda: window.transcript.focus_navigator.step_block(+1),
        "block.previous": lambda: window.transcript.focus_navigator.step_block(-1),
        "find.open": lambda: _find(window, lambda find: find.open()),
        "find.next": lambda: _find(window, lambda find: find.step(+1)),
        "find.previous": lambda: _find(window, lambda find: find.step(-1)),
        "answer.copy": window.transcript.commands.copy_last_answer,
        "answer.copy-code": window.transcript.commands.copy_nearest_code,
        "conversation.copy": session.transfer.copy,
        "answer.retry": lambda: session.answer_actions.act_on_last("retry"),
        "answer.compare": lambda: session.comparison.choose_models(),
        "answer.compare-versions": lambda: session.comparison.show_versions(),
        "answer.keep": lambda: session.comparison.keep(),
        "answer.review": session.answer_actions.mark_last,
        "answer.continue": session.answer_actions.continue_last,
        "answer.older-version": lambda: session.answer_actions.switch_version(-1),
        "answer.newer-version": lambda: session.answer_actions.switch_version(+1),
        "question.edit": lambda: session.answer_actions.act_on_last("edit"),
    }


def _delete_chosen(session: Session) -> None:
    has_chosen = bool(session.window.conversations.view.affected_ids)
    if session.current.is_temporary and not has_chosen:
        session.temporary_controller.request_close()
    else:
        session.trash.delete_chosen()


def _open_neighbor(session: Session, step: int) -> None:
    """Open the conversation above (-1) or below (+1) the open one in the list."""
    neighbor = session.window.conversations.view.neighbor(step)
    if neighbor is not None:
        session.tasks.start(session.navigator.open(neighbor))


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


def _show_filter(session: Session, list_filter: ListFilter) -> None:
    window = session.window

    async def show() -> None:
        await session.list_presenter.apply_filter(list_filter)
        window.conversations.focus_filtered_rows()

    window.outer_panes.show_list()
    session.tasks.start(show())
