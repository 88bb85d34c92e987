"""Dictation: what is said while a key or the microphone is held is written at the cursor.

A short press begins a dictation that silence ends, or a second press. Return ends it, too; Esc
drops what is not written yet.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QInputMethodEvent, QKeyEvent, QTextCharFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from desktop_app.app.session import Controller, Session
from desktop_app.composer.prompt_text import PromptText
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.places import Place
from desktop_app.domain.speech_packages import can_transcribe_here
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import language, tr
from desktop_app.voice.core import (
    DICTATION_LANGUAGE,
    DICTATION_PAUSE,
    DICTATION_SENDS,
    MICROPHONE,
    VOICE_WORDS,
)
from desktop_app.voice.messages import (
    Drop,
    Event,
    Fault,
    FaultKind,
    FinalText,
    Finish,
    Level,
    Listen,
    Listening,
    PartialText,
    Recorded,
    SpeechEnded,
)
from desktop_app.voice.provider_calls import VOICE_SENT, VoiceModel
from desktop_app.voice.services import transcription
from desktop_app.voice.transcription.local_transcriber import BYTES_PER_SECOND
from desktop_app.voice.transcription.transcription import BY_PROVIDER
from desktop_app.voice.ui.microphones import DictationField, Microphones, Stage
from desktop_app.voice.ui.read_aloud import ReadAloud
from desktop_app.voice.ui.voice import Voice
from desktop_app.widgets.announcements import announce
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.program_menu import ProgramMenu, popup_above
from desktop_app.widgets.text.foreign_text import menu_text
from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from desktop_app.local_model.store import ModelStore

_DOWNLOADED: Final = "whisper-base"  # as in resources/local_models.toml
_MINUTE_S: Final = 60.0


async def choose_transcriber(session: Session, field: DictationField) -> bool | None:
    """Have the user choose, in a menu at the microphone, which a click elsewhere closes.

    Return True if a provider was chosen, False if nothing was, or a model that is downloaded now;
    None if there is nothing to choose.
    """
    service = session.backend.of(transcription)
    store: ModelStore | None = session.backend.part("model_store")
    catalog = [] if store is None else store.catalog
    remote = next((each for each in catalog if each.id == _DOWNLOADED), None)
    provided: VoiceModel | None = None
    with suppress(UserFacingError):
        provided = await service.find_model("")
    rows = []
    if remote is not None and can_transcribe_here():
        size = formatting.size(remote.total_size)
        label = tr("This computer ({model}, {size})", model=remote.label, size=size)
        rows.append((label, remote.id))
    if provided is not None:
        rows.append((_label_of(provided), BY_PROVIDER))
    if not rows:
        return None
    chosen = await _choose(field, rows)
    if remote is not None and chosen == remote.id:
        session.events.download_requested.emit(remote)
        field.notices.notify(
            tr("{model} is being downloaded. Then you can dictate.", model=remote.label)
        )
    elif chosen and provided is not None:
        await service.calls.agree(provided, VOICE_SENT)
        await session.values.set("voice.transcriber", BY_PROVIDER)
    return chosen == BY_PROVIDER


def _label_of(model: VoiceModel) -> str:
    provider = model.profile.short_name
    cost = model.cost(model.hearing(_MINUTE_S))
    if cost is None:
        return tr("{provider}, to which your voice goes", provider=provider)
    return tr(
        "{provider}, to which your voice goes, ≈ {cost} a minute",
        provider=provider,
        cost=formatting.money(cost),
    )


async def _choose(field: DictationField, rows: list[tuple[str, str]]) -> str:
    """Return the value of the row that the user chooses; "" if the menu is closed."""
    loop = asyncio.get_running_loop()
    choice: asyncio.Future[str] = loop.create_future()

    def choose(value: str) -> None:
        if not choice.done():
            choice.set_result(value)

    menu = ProgramMenu(field.button)
    menu.setObjectName("transcriber-choice")
    menu.setAccessibleName(tr("Dictate with"))
    menu.addAction(tr("Dictate with")).setEnabled(False)
    for label, value in rows:
        menu.addAction(menu_text(label), partial(choose, value))
    menu.aboutToHide.connect(lambda: loop.call_soon(choose, ""))  # after the entry, if any
    popup_above(menu, field.button)
    menu.setActiveAction(menu.actions()[1])
    try:
        return await choice
    finally:
        menu.deleteLater()
        field.button.setDown(False)  # the menu took the release of the mouse


class ProvisionalText:
    """The provisional text at the cursor of an editor.

    It is the preedit text of an input method, which Qt shows in every editor and keeps out of Undo.
    """

    def __init__(self, editor: QPlainTextEdit | QTextEdit) -> None:
        self._editor = editor
        self._undo_steps = -1  # after the last commit

    def show(self, text: str) -> None:
        """Show a text in place of the former one; "" removes it."""
        look = QTextCharFormat()
        look.setForeground(current_theme().faint)
        text = self._spaced(text)
        kind = QInputMethodEvent.AttributeType
        attributes = [
            QInputMethodEvent.Attribute(kind.TextFormat, 0, utf16_length(text), look),
            QInputMethodEvent.Attribute(kind.Cursor, utf16_length(text), 1, None),
        ]
        event = QInputMethodEvent(text, attributes if text else [])
        QCoreApplication.sendEvent(self._editor, event)

    def commit(self, text: str) -> None:
        """Insert a text at the cursor, in place of the provisional one.

        All texts of a dictation are one step of Undo, unless the user typed in between.
        """
        self.show("")
        event = QInputMethodEvent("", [])
        event.setCommitString(self._spaced(text))
        document, cursor = self._editor.document(), self._editor.textCursor()
        continues = document.availableUndoSteps() == self._undo_steps
        if continues:
            cursor.joinPreviousEditBlock()
        QCoreApplication.sendEvent(self._editor, event)  # the editor may do more than insert it
        if continues:
            cursor.endEditBlock()
        self._undo_steps = document.availableUndoSteps()
        self._editor.ensureCursorVisible()

    def _spaced(self, text: str) -> str:
        """Add spaces between the text and the words beside it."""
        if not text:
            return ""
        cursor = self._editor.textCursor()
        document, start, end = cursor.document(), cursor.selectionStart(), cursor.selectionEnd()
        before = document.characterAt(start - 1) if start else ""
        after = document.characterAt(end)
        if before and not before.isspace() and before not in "([{„“‘«":
            text = f" {text}"
        return f"{text} " if after.isalnum() else text


_REPETITION_MS: Final = 10
"""Between the timestamps of a release and a press that are one repetition."""
_SETTLED_MS: Final = 100
"""After which no press of the same repetition arrives any more, also on a busy computer."""
_MODIFIERS: Final = (
    *(Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta),
    *(Qt.Key.Key_AltGr, Qt.Key.Key_Super_L, Qt.Key.Key_Super_R),
)


class HeldKey(QObject):
    """The key that was pressed in an editor just now; it deletes itself once the key is up.

    For each repetition, X11 sends a release and a press of the same millisecond. Qt marks both as
    repeated only if the press is in its queue already: on a busy computer every tenth pair is not.

    Signals:
        released(float): the key or its modifier was let go; how long it was held, in seconds.
    """

    released = Signal(float)

    def __init__(self, editor: QWidget) -> None:
        super().__init__(editor)
        self._editor = editor
        self._pressed_at = self._released_at = time.monotonic()
        self._released_key = -1
        self._release_timestamp = 0
        self._has_told = False
        self._settled = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._settled.timeout.connect(self.end)
        editor.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Consume the key until it is up."""
        if event.type() is QEvent.Type.FocusOut:  # the release goes elsewhere
            self._released_at = time.monotonic()
            self.end()
        if not isinstance(event, QKeyEvent):
            return False
        if event.key() in _MODIFIERS:
            if event.type() is QEvent.Type.KeyRelease and not event.isAutoRepeat():
                self._released_at = time.monotonic()
                self._tell()
            return False
        if event.type() is QEvent.Type.KeyRelease:
            if not event.isAutoRepeat():
                self._released_at = time.monotonic()
                self._released_key = event.key()
                self._release_timestamp = event.timestamp()
                self._settled.start()
            return True
        at, same_key = event.timestamp(), event.key() == self._released_key
        is_torn = same_key and 0 < at <= self._release_timestamp + _REPETITION_MS
        if not (event.isAutoRepeat() or is_torn):
            return False
        if event.type() is QEvent.Type.KeyPress:  # before it comes the question about shortcuts
            self._settled.stop()
        event.accept()
        return True

    def end(self) -> None:
        """Tell that the key is up, and consume no more."""
        self._settled.stop()
        self._editor.removeEventFilter(self)
        self.deleteLater()
        self._tell()

    def _tell(self) -> None:
        if not self._has_told:
            self._has_told = True
            self.released.emit(self._released_at - self._pressed_at)


_TOPIC: Final = "dictation"
_TAP_S: Final = 0.35
"""A press that is shorter begins a dictation that continues without the key."""
_OWN_KEYS: Final = (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter)
_WINDOW_LANGUAGE: Final = "window"
_CODES: Final = {"nb": "no", "pt_BR": "pt", "zh_CN": "zh"}
"""Whisper's codes of languages, where they differ."""


class _Part(NamedTuple):
    """Sound to be transcribed, and where its words go.

    Attributes:
        conversation_id: that was open in the window of the field; "" for the quick prompt.
    """

    field: DictationField
    text: ProvisionalText
    sound: Recorded
    conversation_id: str


class Dictation(Controller):
    """The dictation of a session; there is one at a time.

    Attributes:
        interrupts: called when a microphone is pressed; one that returns True has done it all.

    Signals:
        written(DictationField): a dictation has ended, and its text is in the field.
        failed(): it has ended without a text.
    """

    written = Signal(object)
    failed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._microphones = session.of(Microphones)
        self._transcription = session.backend.of(transcription)
        self._voice = session.of(Voice)
        self._voice.received.connect(self._on_event)
        self.interrupts: list[Callable[[], bool]] = []
        self._field: DictationField | None = None
        self._text: ProvisionalText
        self._heard = bytearray()  # of this dictation, and not transcribed
        self._pressed_at = 0.0
        self._silence_s = 0.0
        self._has_asked = False  # the child to listen
        self._conversation_id: str | None = None  # to which the text may be sent automatically
        self._unsent: deque[_Part] = deque()  # of this dictation, and of those that failed
        self._sending = asyncio.Lock()  # one part after the other
        session.unfinished.append(lambda: self.has_unwritten or self._field is not None)
        session.unwritten.append(self)
        session.end_questions.append(self._end_question)

    @property
    def stage(self) -> Stage:
        """Return what the microphone does."""
        return Stage.OFF if self._field is None else self._field.button.stage

    # ------------------------------------------------------------------ keys and buttons

    def press(self, field: DictationField | None = None) -> None:
        """Begin to listen, or end a dictation; None is the field with the focus."""
        pressed = field or self._field or self._microphones.focused()
        by_key = field is None or field.button.hasFocus()
        key = HeldKey(pressed.editor) if by_key else None
        if self._field is not None:
            self.finish()
        elif not any(step() for step in self.interrupts):
            self.begin(pressed)
            self._pressed_at = time.monotonic()
            if key is not None:
                key.released.connect(partial(self._on_released, self._text))

    def release(self) -> None:
        """End a dictation whose button was held; after a short press, silence is to end it."""
        if self._field is not None:
            self._on_released(self._text, time.monotonic() - self._pressed_at)

    def _on_released(self, text: ProvisionalText, held_s: float) -> None:
        if not self._pressed_at or not self._is_current(text):
            return
        self._pressed_at = 0.0
        is_held = self.stage is Stage.LISTENING and held_s >= _TAP_S
        self.finish(0.0 if is_held else float(self._session.values[DICTATION_PAUSE] or 0))

    def begin(self, field: DictationField, silence_s: float = 0.0) -> None:
        """Listen, and write into a field; see `Listen` for the silence."""
        self._session.of(ReadAloud).stop()  # the microphone would hear it
        self._field = field
        self._text = ProvisionalText(field.editor)
        self._heard.clear()
        self._silence_s = silence_s
        self._has_asked = False
        self._conversation_id = self._session.current.id
        if not self._unsent:
            field.notices.dismiss_topic(_TOPIC)
        field.button.set_stage(Stage.STARTING)
        if not field.editor.isVisible():
            self._session.window.pane.close_page()
        field.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        field.editor.installEventFilter(self)
        self._tasks.start(self._listen(self._text))

    def finish(self, silence_s: float = 0.0) -> None:
        """End the dictation after so many seconds without speech; the rest of the text follows."""
        self._pressed_at = 0.0
        if self._has_asked:
            self._voice.send(Finish(silence_s))
        elif silence_s:
            self._silence_s = silence_s
        else:
            self.drop()

    def drop(self) -> None:
        """End the dictation without the words that are still grey."""
        if self._field is not None:
            if self._has_asked:
                self._voice.send(Drop())
            self._unsent = deque(part for part in self._unsent if part.text is not self._text)
            self._end()
            self.failed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handle the keys of the field while it is dictated into."""
        if not isinstance(event, QKeyEvent) or event.key() not in _OWN_KEYS:
            return False
        if self._field is None or event.type() is QEvent.Type.KeyRelease:
            return False
        event.accept()  # before shortcuts, of which Esc is one in the quick prompt
        if event.type() is QEvent.Type.KeyPress and not event.isAutoRepeat():
            if event.key() == Qt.Key.Key_Escape:
                self.drop()
            else:
                self.finish()
        return True

    # ------------------------------------------------------------------ the child

    def _is_current(self, text: ProvisionalText) -> bool:
        """Return False after the dictation of this text, which has one of its own, was dropped."""
        return self._field is not None and self._text is text

    async def _listen(self, text: ProvisionalText) -> None:
        try:
            folder = await self._model_folder(text)
        except UserFacingError as error:
            if self._is_current(text):
                self._fail(error)
            return
        if folder is None:
            if self._is_current(text):
                self.drop()
        elif self._is_current(text):
            self._has_asked = True
            options = (str(self._session.values[each]) for each in (MICROPHONE, VOICE_WORDS))
            self._voice.send(Listen(folder, self._language(), self._silence_s, *options))

    async def _model_folder(self, text: ProvisionalText) -> str | None:
        """Return the folder of the model on this computer, "" if the provider transcribes.

        If nobody does yet, the user is asked who; None if that has not changed it.

        Raises:
            UserFacingError: there is nobody who could.
        """
        error: UserFacingError | None = None
        try:
            if (model := await self._transcription.local_model()) is not None:
                return str(Path(model.path).parent)
            provided = await self._transcription.find_model("")
            if await self._transcription.calls.is_agreed(provided, VOICE_SENT):
                return ""
        except UserFacingError as missing:
            error = missing
        if self._field is None or not self._is_current(text):
            return None
        is_provided = await choose_transcriber(self._session, self._field)
        if is_provided is None and error is not None:
            raise error
        if not is_provided:
            return None
        self._on_released(text, 0.0)  # the menu took the release of the key or the button
        return ""

    def _language(self) -> str:
        chosen = str(self._session.values[DICTATION_LANGUAGE])
        code = language() if chosen == _WINDOW_LANGUAGE else chosen
        return _CODES.get(code, code)

    def _on_event(self, event: Event) -> None:
        field = self._field
        if field is None or not self._has_asked:
            return
        if isinstance(event, Level):
            field.button.add_level(event.value)
            self._heard += event.samples
        elif isinstance(event, Listening):
            field.button.set_stage(Stage.LISTENING)
            announce(field.editor, tr("Listening. Esc drops the words."))
        elif isinstance(event, SpeechEnded):
            field.button.set_stage(Stage.WRITING)
        elif isinstance(event, PartialText):
            self._text.show(event.text)
        elif isinstance(event, FinalText) and not self._own_parts:
            said_meanwhile = int(event.model_s) * BYTES_PER_SECOND
            del self._heard[: max(0, len(self._heard) - said_meanwhile)]
            self._write(field, self._text, event.text, is_last=event.is_last)
        elif isinstance(event, FinalText | Recorded):
            # An end without words waits for those of the sound before it.
            sound = event if isinstance(event, Recorded) else Recorded(b"", event.is_last)
            self._heard.clear()
            self._keep(field, sound)
            self._tasks.start(self.write_again())
        elif isinstance(event, Fault) and not event.of_speech:
            if event.kind is FaultKind.ENDED and self._heard:
                self._keep(field, Recorded(bytes(self._heard), is_last=True))
            self._fail(event.error)

    def _end_question(self) -> tuple[str, str] | None:
        """Return what is asked before the program ends while somebody dictates."""
        if self._field is None:
            return None
        words = tr("What you have said and is not in the text yet is lost.")
        return tr("You are dictating. Quit anyway?"), words

    def _keep(self, field: DictationField, sound: Recorded) -> None:
        """Keep sound until its words are known."""
        is_quick = field.editor.window() is not self._window
        conversation_id = "" if is_quick else self._session.current.id
        self._unsent.append(_Part(field, self._text, sound, conversation_id))

    @property
    def has_unwritten(self) -> bool:
        """Return True if something was said whose text is not known yet."""
        return bool(self._unsent)

    @property
    def _own_parts(self) -> list[_Part]:
        """Return the parts of this dictation whose words are not known yet."""
        return [part for part in self._unsent if part.text is self._text]

    @property
    def _is_speaking(self) -> bool:
        """Return True if the last part of the dictation was not recorded yet."""
        is_whole = any(part.sound.is_last for part in self._own_parts)
        return self._field is not None and not is_whole

    async def write_again(self) -> None:
        """Have what was said transcribed, in its order; what fails is kept.

        While the user still speaks, the next part tries again, and the last tells of a failure.
        """
        async with self._sending:
            while self._unsent:
                part = self._unsent[0]
                samples, is_last = part.sound.samples, part.sound.is_last
                transcribe = self._transcription.transcribe_sound
                try:
                    words = await transcribe(samples, self._language()) if samples else ""
                except UserFacingError as error:
                    if part not in self._unsent:  # it was dropped
                        continue
                    if not self._is_speaking:
                        self._fail(error)
                    elif part.text is not self._text:
                        self._tell(error)
                    return
                if part in self._unsent:  # else it was dropped
                    self._unsent.remove(part)
                    if part.conversation_id not in ("", self._session.current.id):
                        self._session.drafts.add_words(part.conversation_id, words)
                        words = ""
                    if not self._unsent:
                        part.field.notices.dismiss_topic(_TOPIC)
                    self._write(part.field, part.text, words, is_last=is_last)

    def _write(
        self, field: DictationField, text: ProvisionalText, words: str, *, is_last: bool
    ) -> None:
        if words:
            text.commit(words)
            announce(field.editor, words)
        if is_last and self._is_current(text):
            self._end()
            is_sent = self._session.values[DICTATION_SENDS]
            is_here = self._conversation_id == self._session.current.id
            if is_sent and is_here and isinstance(field.editor, PromptText):
                field.editor.send_pressed.emit()
            self.written.emit(field)

    def _fail(self, error: UserFacingError) -> None:
        field = self._field
        self._end()
        self._tell(error, field)
        self.failed.emit()

    def _tell(self, error: UserFacingError, field: DictationField | None = None) -> None:
        """Tell of an error. What was said and not transcribed can be tried again."""
        field = self._unsent[0].field if self._unsent else field
        if field is not None:
            offers = [
                (tr("Try again"), lambda: self._tasks.start(self.write_again())),
                (tr("Settings"), lambda: self._window.place_requested.emit(Place.RESPONSES)),
            ]
            field.notices.notify(error, offers if self._unsent else (), topic=_TOPIC)

    def _end(self) -> None:
        field, self._field = self._field, None
        self._pressed_at = 0.0
        if field is not None:
            self._text.show("")
            field.editor.removeEventFilter(self)
            field.button.set_stage(Stage.OFF)
