"""The remembered notes in the window: added, shown under answers, changed and deleted."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication

from desktop_app.app.session import Controller, Session
from desktop_app.domain.conversations.notices import note_ids
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.domain.remembered_note import RememberedNote, sent_notes
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.memory.services import notes
from desktop_app.memory.ui.feature import TYPED
from desktop_app.transcript.message_items import SHOW_NOTES
from desktop_app.widgets.cards.notifications import UNDO
from desktop_app.widgets.text.clipboard import copyable


class NotesController(Controller):
    """All notes, and what the user does with them.

    Attributes:
        notes: as they are sent, those for all conversations first.

    Signals:
        changed(): notes were read.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._memory = session.backend.of(notes)
        self.notes: list[RememberedNote] = []
        session.notes_in = lambda folder_id: sent_notes(self.notes, folder_id)
        self.changed.connect(session.setup.choice_changed)
        reload = self._tasks.slot(lambda *_: self.load())
        for signal in (
            session.events.store_changed,
            session.folders.changed,
            session.running.finished,  # a tool may have added some
        ):
            signal.connect(reload)
        session.window.transcript.action_requested.connect(self._show_sent)

    async def load(self) -> None:
        notes = await self._memory.all()
        if notes != self.notes:
            self.notes = notes
            self.changed.emit()

    # -------------------------------------------------------------- remembering

    def remember_selection(self) -> None:
        """Remember what is selected in the prompt, else in the transcript; else let it be typed."""
        prompt, transcript = self._window.prompt, self._window.transcript
        text = prompt.field.textCursor().selectedText()
        if not text and not transcript.selection.is_empty:
            text = transcript.createMimeDataFromSelection().text()
        if text.strip():
            self._tasks.start(self.remember(text))
        elif not prompt.text().strip():
            prompt.set_text(f"{TYPED} ")
            prompt.focus_text()
        else:
            self._notifications.notify(tr("Select the words to remember, or type /remember first."))

    async def add(self, text: str, folder_id: str | None) -> None:
        """Remember a sentence that was typed in the list. Raises IllegalChoiceError."""
        await self._memory.add(text, folder_id)
        await self.load()

    async def remember(self, text: str) -> None:
        """Remember a sentence: in a folder for its conversations, else for all; offer Undo.

        Raises:
            IllegalChoiceError: the list is full, the text is no sentence, or the conversation is
                temporary.
        """
        conversation = self._current.conversation
        if self._current.is_temporary:
            raise IllegalChoiceError(
                N_("Nothing is remembered in a temporary conversation."),
                hint=N_("Open another conversation first."),
            )
        place = "" if self._current.is_new else conversation.id
        note = await self._memory.add(text, conversation.folder_id, place)
        is_new = note not in self.notes  # undoing must not delete one that was there before
        await self.load()
        folder = self._session.folders.folder_of(conversation)
        name = "" if folder is None else folder.name
        message = tr("Remembered for all conversations: {text}", text=note.text)
        actions = [(tr("Undo"), self._notifications.undo_last)] if is_new else []
        if folder is not None:
            message = tr("Remembered for “{folder}”: {text}", folder=name, text=note.text)
            everywhere = replace(note, folder_id=None)
            label = tr("For all conversations")
            actions.insert(0, (label, lambda: self._start(self._memory.put([everywhere]))))
        if is_new:
            self._notifications.last_undo = lambda: self._start(self._memory.delete([note]))
        self._notifications.notify(message, actions, topic=UNDO)

    # -------------------------------------------------------------- changing

    def change(self, note: RememberedNote, text: str) -> None:
        """Change the words of a note; without words, delete it."""
        if text.strip():
            self._start(self._change(note, text))
        else:
            self.delete([note])

    async def _change(self, note: RememberedNote, text: str) -> None:
        try:
            await self._memory.change(note, text)
        except UserFacingError as error:  # the row shows the stored words again
            copy = (tr("Copy"), lambda: QGuiApplication.clipboard().setText(copyable(text)))
            self._notifications.notify(error, [copy])

    def switch(self, notes: Sequence[RememberedNote], *, is_on: bool) -> None:
        """Send notes from now on, or keep them without sending."""
        self._start(self._memory.put([replace(note, is_off=not is_on) for note in notes]))

    def delete(self, notes: Sequence[RememberedNote]) -> None:
        self._start(self._memory.delete(notes))
        message = tr_plural("{count} note deleted", "{count} notes deleted", len(notes))
        self._notifications.notify_undo(message, lambda: self._start(self._memory.put(notes)))

    def _start(self, write: Coroutine[Any, Any, None]) -> None:
        async def run() -> None:
            try:
                await write
            finally:
                await self.load()
                self.changed.emit()  # a refused change is shown as it was

        self._tasks.start(run())

    # -------------------------------------------------------------- showing

    def show(self) -> None:
        """Show the notes of the open folder, or those for all conversations, in the settings."""
        panel = self._window.settings
        panel.request_show()
        scope = "folder" if self._current.conversation.folder_id else "defaults"
        panel.pages.by_name["answer"].page.show_scope(scope)
        panel.show_setting("answer", "remember")

    def _show_sent(self, message_id: str, action: str) -> None:
        """Show the notes that an answer was made with."""
        message = self._current.message(message_id)
        if action != SHOW_NOTES or message is None:
            return
        from desktop_app.memory.ui.notes_section import NotesDialog

        ids = [id_ for each in message.notices for id_ in note_ids(each)]
        NotesDialog(self._session, ids).open()
