"""Runs the actions of messages: Copy and folding here, all others by requests to the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from desktop_app.transcript.section_folding import SectionFolding
    from desktop_app.transcript.selection.copy_actions import CopyActions
    from desktop_app.transcript.transcript_messages import TranscriptMessages

COPY = "copy"
COPY_LINK = "copy-link"


class MessageCommands(QObject):
    """The actions of one view's messages, from buttons, links and the context menu.

    Signals:
        action_requested(str message_id, str action): any action except folding; "copy" has
            already been done.
        notice_raised(str): confirms an action that changes nothing on screen.
    """

    action_requested = Signal(str, str)
    notice_raised = Signal(str)

    def __init__(
        self, messages: TranscriptMessages, folding: SectionFolding, copies: CopyActions
    ) -> None:
        super().__init__(copies)
        self._messages = messages
        self._folding = folding
        self._copies = copies

    def run(self, message_id: str, action: str) -> None:
        """Run an action of a materialized message."""
        state = self._messages.get(message_id)
        if state is None or self._folding.toggle(state, action):
            return
        if action == COPY:
            self._copies.copy_message(state)
        self.action_requested.emit(message_id, action)

    def copy_selection_or_answer(self) -> None:
        """Copy the selection, or the newest answer if nothing is selected. Emit no signal."""
        state = self._messages.newest_answer()
        if not self._copies.copy_selected() and state is not None:
            self._copies.copy_message(state)

    def copy_last_answer(self) -> None:
        """Copy the newest answer as its Copy action does, and raise a notice."""
        state = self._messages.newest_answer()
        if state is not None:
            self._copies.copy_message(state)
            self.action_requested.emit(state.message.id, COPY)
            self.notice_raised.emit(tr("Response copied"))
