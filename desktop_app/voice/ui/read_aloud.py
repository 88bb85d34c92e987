"""Reads an answer aloud, sentence by sentence, while it streams or once it is complete.

It goes on while another conversation is shown. A pause ends the sentence in the child; reading
continues at the beginning of this sentence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import log2
from typing import Final

import msgspec
from PySide6.QtCore import Qt, Signal

from desktop_app.app.session import Controller, Session
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.errors import EndpointMissingError, ModelNotFoundError, UserFacingError
from desktop_app.i18n.translation import N_, in_language, language, load_language, tr
from desktop_app.i18n.written_language import language_of
from desktop_app.markdown.spoken_text import SpokenText
from desktop_app.transcript.segment import Place
from desktop_app.transcript.text_marks import TextRange
from desktop_app.transcript.view import TranscriptView
from desktop_app.voice.core import LOUDSPEAKER, SPEAKER, SPEECH_MODEL, SPEECH_RATE, SPEECH_VOICE
from desktop_app.voice.messages import Event, Fault, Finished, Hush, Prepare, Say, Started
from desktop_app.voice.services import provider_speech
from desktop_app.voice.ui.microphones import Microphones
from desktop_app.voice.ui.voice import Voice
from desktop_app.widgets.look.icons import set_icon
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainToolButton, set_tooltip, spoken_text

_TOPIC: Final = "read-aloud"
_SPOKEN_AHEAD: Final = 3
"""Sentences that a provider speaks before they are played: each is paid for."""
_BY_PROVIDER: Final = "provider"  # a value of the setting SPEAKER


class ReadAloud(Controller):
    """Reads one answer at a time.

    Attributes:
        message_id: of the answer; "" for none.

    Signals:
        ended(bool): reading has ended; True if all of the answer was read.
    """

    ended = Signal(bool)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._view = session.window.transcript
        self._followed: set[TranscriptView] = set()
        self._voice = session.of(Voice)
        self.message_id = ""
        self._answer: Message
        self._splitter = SpokenText()
        self._fed = 0  # characters of the answer
        self._languages = {language()}  # whose texts are loaded
        self._is_whole = False  # all of the answer was given to the splitter
        self._number = 0  # of the last sentence that was sent, of all answers
        self._waiting: dict[int, Say] = {}  # sentences that were not spoken yet, by number
        self._is_paused = False
        self._buttons = [
            self._add_button("stop", "square", tr("Stop reading"), self.stop),
            self._add_button("pause", "pause", "", self.pause),
            self._add_button("next", "skip-forward", tr("Next sentence"), self.skip),
        ]
        self._is_by_provider = False
        self._place: TextRange | None = None  # of the sentence that was marked last
        self._begin: Place | None = None  # sentences before it are left out
        self._turn = asyncio.Lock()  # of sentences that a provider speaks
        self._paid: dict[
            tuple[object, ...], bytes
        ] = {}  # sounds of an answer that was not read whole
        self._was_spoken = asyncio.Event()
        self._voice.received.connect(self._on_event)
        self._running.text_arrived.connect(self._on_text_arrived)
        self._running.finished.connect(self._on_finished)
        session.events.removed.connect(self._on_removed)
        session.escape_steps.append(self.stop)

    @property
    def is_reading(self) -> bool:
        """Return True while an answer is read, or its next sentence is awaited."""
        return bool(self.message_id)

    def toggle(self) -> None:
        """Stop; or read from the selection, else the newest answer from its beginning."""
        if self.stop():
            return
        view = self._window.transcript
        if (ends := view.selection.ends) is not None:
            self.start(ends[0].message_id, ends[0])
        elif (shown := view.messages.newest_answer()) is not None:
            self.start(shown.key)

    def read_message(self, message_id: str) -> None:
        """Read an answer, from the selection if that begins in it."""
        ends = self._window.transcript.selection.ends
        is_here = ends is not None and ends[0].message_id == message_id
        self.start(message_id, ends[0] if ends and is_here else None)

    def start(
        self, message_id: str, begin: Place | None = None, view: TranscriptView | None = None
    ) -> None:
        """Read an answer from a place on, else from its beginning.

        Args:
            view: shows it; None for the window's.
        """
        self.stop()
        self._view = view or self._window.transcript
        if self._view not in self._followed:
            self._followed.add(self._view)
            self._view.text_changed.connect(self._on_text_changed)
            self._view.message_updated.connect(self._on_text_changed)
        shown = self._view.messages.opened(message_id)
        if shown is None:
            return
        if not shown.is_streaming and not self._view.write_whole(
            message_id, lambda: self.start(message_id, begin, view)
        ):
            return
        self._paid = {key: sound for key, sound in self._paid.items() if key[0] == message_id}
        self.message_id, self._begin, self._place = message_id, begin, None
        self._answer, self._is_paused = shown.message, False
        self._splitter, self._fed, self._is_whole = SpokenText(), 0, False
        self._is_by_provider = self._session.values[SPEAKER] == _BY_PROVIDER
        if not self._is_by_provider:
            self._voice.send(Prepare(language()))  # it takes seconds, and so begins at once
        self._show_buttons()
        self._feed()

    def read_each(self, message_id: str) -> None:
        """Read an answer that has begun, unless another is read or a microphone is open."""
        if not (self.is_reading or self._session.of(Microphones).is_open):
            self.start(message_id)

    def pause(self) -> None:
        """Pause, or continue with the sentence that was interrupted."""
        if self.message_id:
            self._is_paused = not self._is_paused
            self._send_again()

    def skip(self) -> None:
        if self.message_id and self._waiting:
            del self._waiting[min(self._waiting)]
            self._was_spoken.set()
            self._is_paused = False
            self._send_again()
            self._end_if_read()

    def _send_again(self) -> None:
        self._voice.send(Hush())
        for say in self._waiting.values():
            self._send(say)
        self._show_buttons()

    def _send(self, say: Say) -> None:
        """Have the child speak a sentence; one of a provider once its sound has come."""
        if not self._is_paused and (say.sound or not self._is_by_provider):
            self._voice.send(say)

    def _add_button(
        self, name: str, icon: str, label: str, act: Callable[[], object]
    ) -> PlainToolButton:
        button = PlainToolButton(name=f"reading-{name}", label=label, role="quiet")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # commands do the same
        button.clicked.connect(act)
        button.hide()
        set_icon(button, icon, current_theme().dim, current_theme().px(18))
        self._prompt.row.helpers.addWidget(button)
        return button

    def _show_buttons(self) -> None:
        for button in self._buttons:
            button.setVisible(self.is_reading)
        button, theme = self._buttons[1], current_theme()
        label = tr("Continue reading") if self._is_paused else tr("Pause reading")
        button.setAccessibleName(spoken_text(label))
        set_tooltip(button, label)
        set_icon(button, "play" if self._is_paused else "pause", theme.dim, theme.px(18))

    def stop(self) -> bool:
        """Stop reading. Return False if nothing is read."""
        if not self.message_id:
            return False
        self._voice.send(Hush())
        self._end()
        return True

    def _end(self, *, is_whole: bool = False) -> None:
        self.message_id = ""
        self._waiting.clear()
        if is_whole:
            self._paid.clear()
        self._was_spoken.set()
        self._view.spoken.show("", None)
        self._show_buttons()
        self.ended.emit(is_whole)

    def _end_if_read(self) -> None:
        if self._is_whole and not self._waiting:
            self._end(is_whole=True)

    def _on_text_changed(self, message_id: str) -> None:
        if message_id == self.message_id and not self._is_whole:
            self._feed()

    def _on_text_arrived(self, _conversation_id: str, message_id: str, _text: str) -> None:
        """Read on in an answer of which the view shows nothing at the moment."""
        if message_id == self.message_id and not self._is_shown:
            self._feed()

    def _on_removed(self, conversation_id: str) -> None:
        if self.is_reading and self._answer.conversation_id == conversation_id:
            self.stop()

    def _on_finished(self, _conversation_id: str, answer: Message) -> None:
        if answer.id == self.message_id and not self._is_whole and not self._is_shown:
            self._answer = answer
            self._feed()

    @property
    def _is_shown(self) -> bool:
        return self._view.messages.opened(self.message_id) is not None

    def _feed(self) -> None:
        """Have the sentences spoken that are complete by now."""
        shown = self._view.messages.opened(self.message_id)
        if shown is not None:
            text, is_streaming = shown.source, shown.is_streaming
        else:
            answer = self._running.newest_state(self._answer)
            text, is_streaming = answer.text, answer.status is MessageStatus.STREAMING
        spoken = language_of(text, language())
        if spoken not in self._languages:
            self._languages.add(spoken)
            self._tasks.start(self._load_language(spoken, self.message_id))
            return
        with in_language(spoken):  # what stands for code and tables
            sentences = self._splitter.feed(text[self._fed :])
            self._fed = len(text)
            if not is_streaming:
                self._is_whole = True
                sentences += self._splitter.finish()
        for words in sentences:
            self._say(words, spoken)
        self._end_if_read()

    async def _load_language(self, code: str, message_id: str) -> None:
        await asyncio.to_thread(load_language, code)
        self._on_text_changed(message_id)

    def _say(self, words: str, spoken: str) -> None:
        if self._begin is not None:
            found = self._view.spoken.find(self.message_id, words, self._place)
            begin = (self._begin.item, self._begin.cell, self._begin.unit)
            if found is None or (found.item, found.cell, found.end) <= begin:
                self._place = found or self._place
                return
            self._begin = None
        self._number += 1
        values = self._session.values
        speed = float(values[SPEECH_RATE] or 1)
        voice = str(values[SPEECH_VOICE])
        # Qt's rate goes from half to double the speed.
        loudspeaker = str(values[LOUDSPEAKER])
        say = Say(self._number, words, spoken, voice, log2(speed), loudspeaker=loudspeaker)
        self._waiting[say.number] = say
        self._send(say)
        if self._is_by_provider:
            self._tasks.start(self._say_by_provider(say, speed))

    async def _say_by_provider(self, say: Say, speed: float) -> None:
        """Have a provider speak a sentence, while those before it are played."""
        try:
            async with self._turn:
                while say.number - min(self._waiting, default=say.number) >= _SPOKEN_AHEAD:
                    self._was_spoken.clear()
                    await self._was_spoken.wait()
                if say.number not in self._waiting:
                    return
                speech = self._session.backend.of(provider_speech)
                answer = self._running.newest_state(self._answer).text
                model = self._session.values[SPEECH_MODEL]
                key = (self.message_id, say.text, say.voice, speed, model)
                if key not in self._paid:
                    self._paid[key] = await speech.sound(say.text, say.voice, speed, answer)
                sound = self._paid[key]
        except (ModelNotFoundError, EndpointMissingError) as error:
            # OpenAI's models for speech end on 6 January 2027.
            if say.number in self._waiting and self._is_by_provider:
                self._read_here(error)
            return
        except UserFacingError as error:
            if say.number in self._waiting:
                self._fail(error)
            return
        if say.number in self._waiting:
            self._waiting[say.number] = msgspec.structs.replace(say, sound=sound)
            self._send(self._waiting[say.number])

    def _read_here(self, error: UserFacingError) -> None:
        """Continue with a voice of this computer, because the provider has none."""
        told = error.with_hint(N_("A voice of this computer reads instead."))
        self._session.window.notifications.notify(told, topic=_TOPIC)
        self._is_by_provider = False
        for number, say in self._waiting.items():
            self._waiting[number] = msgspec.structs.replace(say, voice="")
        self._send_again()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Started) and event.number in self._waiting:
            words = self._waiting[event.number].text
            found = self._view.spoken.find(self.message_id, words, self._place)
            self._place = found or self._place
            self._view.spoken.show(self.message_id, found)
        elif isinstance(event, Finished) and event.number in self._waiting:
            del self._waiting[event.number]
            self._was_spoken.set()
            self._end_if_read()
        elif isinstance(event, Fault) and event.of_speech is not False and self.message_id:
            self._fail(event.error)

    def _fail(self, error: UserFacingError) -> None:
        self.stop()
        self._session.window.notifications.notify(error, topic=_TOPIC)
