"""A spoken conversation: listen, ask, read the answer aloud, and listen again.

The microphone is closed while an answer is awaited or read, because it would hear the loudspeaker.
"""

from __future__ import annotations

from desktop_app.app.session import Controller, Session
from desktop_app.composer.prompt_text import PromptText
from desktop_app.domain.conversations.conversation import Message
from desktop_app.i18n.translation import language
from desktop_app.transcript.view import TranscriptView
from desktop_app.voice.core import DICTATION_PAUSE, DICTATION_SENDS
from desktop_app.voice.messages import Prepare
from desktop_app.voice.ui.dictation import Dictation
from desktop_app.voice.ui.microphones import DictationField, Microphones, Stage
from desktop_app.voice.ui.read_aloud import ReadAloud
from desktop_app.voice.ui.voice import Voice


class SpokenConversation(Controller):
    """The spoken conversation of a session, in the window or in the quick prompt.

    It ends when it is turned off, by Esc, or when nothing is said.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._field: DictationField | None = None  # None while it is off
        self._is_asking = False
        self._conversation_id = ""  # in which an answer is awaited or read
        self._answer_id = ""  # that is read
        self._dictation, self._reading = session.of(Dictation), session.of(ReadAloud)
        self._dictation.interrupts.append(self.interrupt)
        self._dictation.written.connect(self._ask)
        self._dictation.failed.connect(self.stop)
        self._reading.ended.connect(self._on_read)
        session.running.started.connect(self._on_started)
        session.running.text_arrived.connect(self._on_text)
        session.running.finished.connect(self._on_finished)
        session.events.quick_hidden.connect(self._on_quick_hidden)
        session.escape_steps.insert(0, self.stop)

    @property
    def is_on(self) -> bool:
        return self._field is not None

    def toggle(self) -> None:
        """Begin, in the prompt of the active window, or end."""
        if self.stop():
            return
        microphones = self._session.of(Microphones)
        field = microphones.focused()
        if not isinstance(field.editor, PromptText):
            field = microphones.main
        self._dictation.drop()
        self._field = field
        self._session.of(Voice).send(Prepare(language()))
        self._listen()

    def stop(self) -> bool:
        """End the conversation. Return False if it is off."""
        field, self._field = self._field, None
        if field is None:
            return False
        self._forget()
        self._dictation.drop()
        self._reading.stop()
        field.button.set_stage(Stage.OFF)
        return True

    def interrupt(self) -> bool:
        """Stop the answer and listen. Return False if none is awaited or read."""
        if self._field is None or not (self._is_asking or self._conversation_id):
            return False
        self._session.running.stop(self._conversation_id)
        self._forget()
        self._reading.stop()
        self._listen()
        return True

    def _forget(self) -> None:
        self._is_asking = False
        self._conversation_id = self._answer_id = ""

    def _listen(self) -> None:
        if self._field is not None:
            silence_s = float(self._session.values[DICTATION_PAUSE] or 0)
            self._dictation.begin(self._field, silence_s)

    def _ask(self, field: DictationField) -> None:
        if field is not self._field or not isinstance(field.editor, PromptText):
            return
        self._is_asking = True
        field.button.set_stage(Stage.TALKING)
        if not self._session.values[DICTATION_SENDS]:  # else it was sent already
            field.editor.send_pressed.emit()

    def _on_started(self, conversation_id: str) -> None:
        if self._is_asking:
            self._is_asking = False
            self._conversation_id = conversation_id

    def _on_text(self, conversation_id: str, answer_id: str, _text: str) -> None:
        if self._field is None or self._answer_id or conversation_id != self._conversation_id:
            return
        window = self._field.editor.window()
        quick_view = None if window is self._window else window.findChild(TranscriptView)
        self._answer_id = answer_id
        if self._reading.message_id != answer_id:  # else as each answer of the conversation
            self._reading.start(answer_id, view=quick_view)

    def _on_finished(self, conversation_id: str, _answer: Message) -> None:
        """End the conversation after an answer without text, which has failed."""
        if conversation_id == self._conversation_id and not self._answer_id:
            self.stop()

    def _on_read(self, is_whole: bool) -> None:
        if self._answer_id:
            self._forget()
            if is_whole:
                self._listen()
            else:
                self.stop()

    def _on_quick_hidden(self) -> None:
        if self._field is not None and not self._field.editor.isVisible():
            self.stop()
