"""Builds the context menu of one view."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtGui import QGuiApplication, QTextCursor

from desktop_app.i18n.translation import N_, tr
from desktop_app.markdown.parsing.footnote_links import is_note_link
from desktop_app.transcript.keyboard.action_row import ACTIONS, has_arrows, is_beside
from desktop_app.transcript.message_commands import COPY_LINK, MessageCommands
from desktop_app.transcript.message_items import ACTION
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import menu_text, one_line

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock
    from PySide6.QtWidgets import QMenu, QTextBrowser

    from desktop_app.transcript.keyboard.key_commands import KeyCommands
    from desktop_app.transcript.message_state import MessageState
    from desktop_app.transcript.selection.copy_actions import CopyActions
    from desktop_app.transcript.selection.virtual_selection import VirtualSelection
    from desktop_app.transcript.transcript_messages import TranscriptMessages

_WINDOW_COMMANDS: Final = {
    "find.open": N_("Find in conversation"),
    "conversation.copy": N_("Copy conversation"),
    "conversation.export": N_("Export conversation…"),
    "conversation.print": N_("Print conversation…"),
}


class ContextMenu(QObject):
    """The context menu for the selection, the link and the message at a position.

    Args:
        is_brief: True for a view of single answers, such as the quick prompt. Its menu has no link
            to the message and no commands of the window.

    Signals:
        command_requested(str): a command of the window, by id.
        passage_requested(Passage): show a cited passage.
    """

    command_requested = Signal(str)
    passage_requested = Signal(object)

    def __init__(
        self,
        view: QTextBrowser,
        messages: TranscriptMessages,
        selection: VirtualSelection,
        commands: MessageCommands,
        copies: CopyActions,
        keys: KeyCommands,
        *,
        is_brief: bool,
    ) -> None:
        super().__init__(view)
        self._view = view
        self._messages = messages
        self._selection = selection
        self._commands = commands
        self._copies = copies
        self._keys = keys
        self._is_brief = is_brief

    def menu_at(self, position: QPoint) -> QMenu:
        """Return the context menu for a position in the viewport."""
        block = self._view.cursorForPosition(position).block()
        return self.menu_for(block, self._view.anchorAt(position))

    def menu_for(self, block: QTextBlock, link: str) -> QMenu:
        """Return the context menu for a block and a link in it; "" for no link."""
        menu = ProgramMenu(self._view)
        state = self._messages.state_at_block(block)
        if not self._selection.is_empty:
            menu.addAction(tr("Copy"), self._keys.copy_selected)
        passage = self._messages.cited_passage(state, link)
        if passage is not None:
            source = one_line(passage.source)
            label = tr("Open source {number}: {source}", number=passage.number, source=source)
            menu.addAction(menu_text(label), partial(self.passage_requested.emit, passage))
        elif link and not (link.startswith(ACTION) or is_note_link(link)):
            menu.addAction(tr("Copy link"), lambda: QGuiApplication.clipboard().setText(link))
        if self._copies.is_in_code(block):
            cursor = QTextCursor(block)  # moves with the text while the menu is open
            menu.addAction(
                tr("Copy code block"), lambda: self._copies.copy_code_of_block(cursor.blockNumber())
            )
        if state is not None:
            self._add_actions(menu, state)
        menu.addAction(tr("Select all"), self._selection.select_all)
        if not self._is_brief:
            self._add_commands(menu)
        return menu

    def menu_of(self, state: MessageState) -> QMenu:
        """Return the menu of what has no button beside a message."""
        menu = ProgramMenu(self._view)
        self._add_actions(menu, state, with_buttons=False)
        if not self._is_brief:
            if has_arrows(state.version):
                compare = partial(self.command_requested.emit, "answer.compare-versions")
                menu.addAction(tr("Compare versions"), compare)
            self._add_commands(menu)
        return menu

    def _add_actions(self, menu: QMenu, state: MessageState, *, with_buttons: bool = True) -> None:
        role = state.message.role
        for action, _, label in ACTIONS[role]:
            if with_buttons or not is_beside(role, action):
                run = partial(self._commands.run, state.message.id, action)
                menu.addAction(menu_text(tr(label)), run)
        if not self._is_brief:
            run = partial(self._commands.run, state.message.id, COPY_LINK)
            menu.addAction(tr("Copy link to message"), run)

    def _add_commands(self, menu: QMenu) -> None:
        menu.addSeparator()
        for command, label in _WINDOW_COMMANDS.items():
            run = partial(self.command_requested.emit, command)
            menu.addAction(menu_text(tr(label)), run)
