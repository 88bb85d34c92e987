"""The actions of the window, one for each command (shortcuts/command.py), and what they run.

The same action is in menus, in the search of everything, and, added to a window, has its keys
there. The quick prompt has its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from desktop_app.app.help.help_places import SHORTCUTS, place_of
from desktop_app.app.session import Session
from desktop_app.app.window.focus_order import step_region
from desktop_app.app.window.main_window import MainWindow
from desktop_app.domain.conversations.list_filter import ARCHIVE, LIST, TRASH, ListFilter
from desktop_app.domain.models.variants import Variant
from desktop_app.domain.places import Place
from desktop_app.i18n.translation import tr
from desktop_app.shortcuts.command import COMMANDS, MENU_LABELS, CommandScope
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.transcript.finding import FindInTranscript
from desktop_app.widgets.buttons.dialog_button import HelpButton
from desktop_app.widgets.program_menu import open_context_menu
from desktop_app.widgets.text.foreign_text import menu_text

_Functions = Mapping[str, Callable[[], object]]
_ESCAPE: Final = "Esc"
# On many keyboards, + is Shift and the key of =; that key alone also counts as +.
_PLUS: Final = "Ctrl++"
_PLUS_WITHOUT_SHIFT: Final = "Ctrl+="


def make_actions(session: Session) -> dict[str, QAction]:
    """Return the actions of a window by the ids of their commands, and add them to the window."""
    window, of_conversation = session.window, _conversation_functions(session)
    functions = {**_window_functions(session), **of_conversation}

    def make(id_: str, label: str) -> QAction:
        def run() -> None:
            if id_ in of_conversation:
                window.pane.close_page()  # it covers the conversation
            functions[id_]()

        action = QAction(menu_text(tr(label)), window)
        action.setObjectName(id_)
        action.setShortcutVisibleInContextMenu(True)
        action.triggered.connect(lambda: run())
        return action

    actions = {
        c.id: make(c.id, MENU_LABELS.get(c.id, c.title)) for c in COMMANDS if c.id in functions
    }
    actions["presets.use"].setMenu(window.header.preset.menu())
    window.addActions(list(actions.values()))
    return actions


def set_shortcuts(actions: Mapping[str, QAction], keymap: Keymap) -> QAction | None:
    """Give the actions their keys, and return the action of Esc, if one has it.

    Keys of several commands run none of them. The prompt handles those that apply only there. As a
    shortcut, Esc would not reach the panel, drawer or menu that it should close.
    """
    in_prompt = {c.id for c in keymap if c.scope is CommandScope.PROMPT}
    keys_by_id = {id_: keymap.shortcut_of(id_) for id_ in actions if id_ not in in_prompt}
    counts = Counter(keys_by_id.values())
    on_escape = None
    for id_, action in actions.items():
        keys = keys_by_id.get(id_, "")
        is_plus = keys == _PLUS and not counts[_PLUS_WITHOUT_SHIFT]
        if not keys or counts[keys] > 1:
            action.setShortcuts([])
        elif keys == _ESCAPE:
            action.setShortcuts([])
            on_escape = action
        else:
            spellings = (keys, _PLUS_WITHOUT_SHIFT) if is_plus else (keys,)
            action.setShortcuts([QKeySequence(each) for each in spellings])
    return on_escape


class DialogActions(QObject):
    """The help, “?” and context menus by keyboard in every window without keys of its own."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self._session = session
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._follow_focus)

    def _follow_focus(self, _old: QWidget | None, focused: QWidget | None) -> None:
        """Add the actions to a window when it first has the focus."""
        window = None if focused is None else focused.window()
        if (
            window is None
            or isinstance(window, QMenu)
            or window.objectName() in ("main", "quick-prompt")
            or self._session.actions["help.open"] in window.actions()
        ):
            return
        window.addActions([self._session.actions[id_] for id_ in ("help.open", "menu.open")])
        for button in window.findChildren(HelpButton):
            button.clicked.connect(partial(self._open_help_of, button))

    def _open_help_of(self, button: QWidget, *_: object) -> None:
        self._session.help.open_at(place_of(button))


def _window_functions(session: Session) -> _Functions:
    """Return what the commands of a window's parts run."""
    window = session.window
    return {
        **_list_functions(session),
        "region.next": lambda: step_region(window, +1),
        "region.previous": lambda: step_region(window, -1),
        "menu.open": open_context_menu,
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
        "help.open": lambda: session.help.open_at(place_of(QApplication.focusWidget())),
        "help.shortcuts": lambda: session.help.open_at(SHORTCUTS),
        "library.show": session.backups.show_page,
        "library.import": session.transfer.choose_import,
        "palette.open": lambda: session.palette.toggle(),
        "list.search": lambda: session.palette.open_messages(),
        "quick.open": lambda: session.quick.open_with(""),
        "quick.pause": lambda: (
            session.desktop.hotkey.toggle_pause() if session.is_on_desktop else None
        ),
        "app.quit": session.closing.quit,
    }


def _list_functions(session: Session) -> _Functions:
    """Return what the commands of the list and of whole conversations run."""
    window = session.window
    return {
        "conversation.new": window.conversations.new_requested.emit,
        "conversation.close-temporary": session.temporary_controller.close_open,
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


def _conversation_functions(session: Session) -> _Functions:
    """Return what the commands of the prompt, of messages and of the open conversation run."""
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
        "prompt.image": session.tools.offer_images,
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
        "prompt.web": session.tools.toggle_web,
        "prompt.research": session.tools.toggle_research,
        "conversation.branch": lambda: session.answer_actions.act_on_last("branch"),
        "conversation.compact": session.compaction.offer,
        "conversation.uncompact": session.compaction.undo,
        "conversation.show-sent": session.compaction.show_sent,
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
