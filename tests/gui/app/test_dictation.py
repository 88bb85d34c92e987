"""Dictation into the fields of the window; the child of the voice is scripted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QMessageBox, QPlainTextEdit

from desktop_app.domain.cost import Price
from desktop_app.domain.errors import RateLimitedError
from desktop_app.local_model.services import model_store
from desktop_app.local_model.ui.local_models_page import LocalModelsPage
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
from desktop_app.texts.ui.texts_controller import TextsController
from desktop_app.voice.consent import VoiceConsent
from desktop_app.voice.core import DICTATION_SENDS
from desktop_app.voice.messages import (
    Event,
    Fault,
    FaultKind,
    FinalText,
    Level,
    Listening,
    PartialText,
    Recorded,
    SpeechEnded,
)
from desktop_app.voice.provider_calls import VoiceModel
from desktop_app.voice.services import transcription
from desktop_app.voice.ui import dictation as dictation_module
from desktop_app.voice.ui import dictation_anywhere
from desktop_app.voice.ui.dictation import Dictation
from desktop_app.voice.ui.microphones import MicrophoneButton, Stage
from desktop_app.voice.ui.voice import Voice
from desktop_app.voice.voice_process import VoiceProcess
from tests.gui.app.app_harness import KEYED, AppHarness, until
from tests.helpers.scripted_voice import ScriptedVoice, put_speech_model
from tests.helpers.widgets import find

if TYPE_CHECKING:
    import pytest

CONTROL = Qt.KeyboardModifier.ControlModifier
HEARD = (Listening(), Level(0.5), PartialText("a short summary"))
ENDED = (SpeechEnded(), FinalText("a short summary of it", 0.1, is_last=True))


def prepare(
    app: AppHarness, folder: Path, listen: Sequence[Event] = HEARD, finish: Sequence[Event] = ENDED
) -> ScriptedVoice:
    """Replace the child of the voice, and put a model on this computer."""
    put_speech_model(app.backend.of(model_store))
    child = ScriptedVoice(folder, {"Listen": listen, "Finish": finish})
    voice = app.session.of(Voice)
    voice.process = VoiceProcess(voice._receive, child.command)
    app.session.end_steps.append(voice.process.aclose)
    return child


def provisional(field: QPlainTextEdit) -> str:
    """Return the grey text at the cursor."""
    return field.textCursor().block().layout().preeditAreaText()


def stage(app: AppHarness) -> Stage:
    return app.session.of(Dictation).stage


async def hold(app: AppHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold the key until words are grey."""
    monkeypatch.setattr(dictation_module, "_TAP_S", 0.0)
    QTest.keyPress(app.text, Qt.Key.Key_Space, CONTROL)
    await until(lambda: provisional(app.text))


def turn_key(app: AppHarness, way: str, at: int, *, is_repeated: bool, text: str = "") -> None:
    """Send what Qt makes of an event of the space bar at a millisecond of the X server."""
    kind = QEvent.Type.KeyPress if way == "down" else QEvent.Type.KeyRelease
    modifiers = Qt.KeyboardModifier.NoModifier if text else CONTROL
    event = QKeyEvent(kind, Qt.Key.Key_Space, modifiers, text, is_repeated)
    event.setTimestamp(at)
    QApplication.sendEvent(app.text, event)


async def words_appear_while_a_key_is_held(
    app: AppHarness,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    lets_go_of_control: bool = False,
) -> None:
    """Check that they are one step of undo at the cursor, and that nothing else is written."""
    await app.start_over()
    child = prepare(app, folder)
    app.type("Write for me.")
    for _ in range(len(" for me.")):
        app.press(Qt.Key.Key_Left)
    await hold(app, monkeypatch)
    button = find(app.window, MicrophoneButton, "microphone")
    assert stage(app) is Stage.LISTENING
    assert max(button.levels) == 0.5
    assert provisional(app.text) == " a short summary"
    assert app.text.toPlainText() == "Write for me."  # nothing is written yet
    # A held key repeats. X11's pairs are torn on a busy computer: Qt calls them real then.
    for at, is_told in ((1000, True), (1030, False), (1060, True), (1090, False)):
        turn_key(app, "up", at, is_repeated=is_told)
        await asyncio.sleep(0.02)
        turn_key(app, "down", at, is_repeated=is_told)
    await asyncio.sleep(0.15)
    assert stage(app) is Stage.LISTENING
    # A hand lets go of either key first. The other one repeats, and is no text.
    if lets_go_of_control:
        QTest.keyRelease(app.text, Qt.Key.Key_Control)
        for at in (1120, 1150):
            turn_key(app, "up", at, is_repeated=False)
            turn_key(app, "down", at, is_repeated=False, text=" ")
        await until(lambda: stage(app) is Stage.OFF)
        turn_key(app, "down", 1180, is_repeated=True, text=" ")
    turn_key(app, "up", 1210, is_repeated=False)
    await until(lambda: stage(app) is Stage.OFF)
    assert app.text.toPlainText() == "Write a short summary of it for me."
    assert provisional(app.text) == ""
    app.text.undo()
    assert app.text.toPlainText() == "Write for me."
    app.text.redo()
    QTest.keyClicks(app.text, "!")  # the cursor is behind the words
    assert app.text.toPlainText() == "Write a short summary of it! for me."
    assert child.names == ["Listen", "Finish"]
    assert child.requests[0]["language"] == "en"
    (model,) = app.backend.of(model_store).speech_models()
    assert child.requests[0]["model_folder"] == str(Path(model.path).parent)
    assert not app.messages()  # nothing was sent


FAULTS = {
    FaultKind.NO_MICROPHONE: "no microphone",
    FaultKind.MICROPHONE_IN_USE: "Another program may be using it",
    FaultKind.SILENCE: "Nothing was heard",
    FaultKind.NO_PACKAGE: "repartee[voice]",
}


async def test_words_are_dictated_dropped_and_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AppHarness() as app:
        # The question before a voice is sent is answered by closing it.
        ask = app.session.backend.of(VoiceConsent).ask
        assert ask is not None
        closed = asyncio.ensure_future(ask("It goes there.", "For a dollar."))
        await until(lambda: "It goes there. For a dollar." in app.said)
        app.window.notifications.dismiss()
        assert not await asyncio.wait_for(closed, 5)
        agreed = asyncio.ensure_future(ask("It goes there.", "For two dollars."))
        await until(lambda: "For two dollars." in app.said)
        app.press_action("Send")
        assert await asyncio.wait_for(agreed, 5)

        await words_appear_while_a_key_is_held(app, tmp_path, monkeypatch)
        await words_appear_while_a_key_is_held(app, tmp_path, monkeypatch, lets_go_of_control=True)

        # Escape drops the words.
        await app.start_over()
        child = prepare(app, tmp_path)
        app.type("Kept")
        await hold(app, monkeypatch)
        app.press(Qt.Key.Key_Escape)
        assert stage(app) is Stage.OFF
        assert (app.text.toPlainText(), provisional(app.text)) == ("Kept", "")
        await until(lambda: child.names == ["Listen", "Drop"])

        # A long dictation is one step of undo.
        await app.start_over()
        parts = (
            Listening(),
            FinalText("One.", 0.1, is_last=False),
            PartialText("Two"),
            FinalText("Two.", 0.1, is_last=False),
            FinalText("Three.", 0.1, is_last=True),
        )
        prepare(app, tmp_path, parts)
        app.text.setFocus()
        find(app.window, MicrophoneButton, "microphone").click()  # a short press
        await until(lambda: stage(app) is Stage.OFF)
        assert app.text.toPlainText() == "One. Two. Three."
        app.text.undo()
        assert app.text.toPlainText() == ""

        # A dictated message is sent only if that was chosen.
        await app.start_over()
        prepare(app, tmp_path)
        app.window.settings.pages.change(DICTATION_SENDS, True)
        await app.written()
        await hold(app, monkeypatch)
        QTest.keyRelease(app.text, Qt.Key.Key_Space, CONTROL)
        await until(lambda: app.providers.turns)
        assert app.messages()[0][2] == "a short summary of it"
        app.window.settings.pages.change(DICTATION_SENDS, False)

        # A dropped dictation does not end the next one.
        await app.start_over()
        prepare(app, tmp_path, (Listening(), Recorded(b"first", is_last=True)))
        provider = SlowProvider(app, monkeypatch)
        button = find(app.window, MicrophoneButton, "microphone")
        button.click()
        await until(lambda: b"first" in provider.replies)
        app.press(Qt.Key.Key_Escape)
        prepare(app, tmp_path, (Listening(),))
        button.click()
        await until(lambda: stage(app) is Stage.LISTENING)
        provider.replies[b"first"].set_result("Dropped.")
        await until(lambda: provider.told)
        assert (stage(app), app.text.toPlainText()) == (Stage.LISTENING, "")
        app.press(Qt.Key.Key_Escape)

        # A dropped dictation that fails says nothing.
        await app.start_over()
        prepare(app, tmp_path, (Listening(), Recorded(b"first", is_last=True)))
        provider = SlowProvider(app, monkeypatch)
        button = find(app.window, MicrophoneButton, "microphone")
        button.click()
        await until(lambda: b"first" in provider.replies)
        app.press(Qt.Key.Key_Escape)
        prepare(app, tmp_path, (Listening(),), (Recorded(b"second", is_last=True),))
        button.click()
        await until(lambda: stage(app) is Stage.LISTENING)
        provider.replies[b"first"].set_exception(RateLimitedError("The server is busy."))
        button.click()
        await until(lambda: b"second" in provider.replies)
        provider.replies[b"second"].set_result("Second.")
        await until(lambda: app.text.toPlainText() == "Second.")
        assert "The server is busy." not in app.said

        # What was said before the child crashed is kept.
        await app.start_over()
        heard = (Listening(), Level(0.5, b"before"), FinalText("Before.", 0.1, is_last=False))
        rest = (Level(0.5, b"aft"), Level(0.5, b"er"), Fault(FaultKind.ENDED, None))
        prepare(app, tmp_path, (*heard, *rest))
        provider = SlowProvider(app, monkeypatch)
        button.click()
        await until(lambda: "has ended" in app.said)
        app.press_action("Try again")
        await until(lambda: b"after" in provider.replies)
        provider.replies[b"after"].set_result("After.")
        await until(lambda: app.text.toPlainText() == "Before. After.")

        # What was said belongs to the conversation that was open then, also if it is tried again.
        await app.start_over()
        prepare(app, tmp_path, (Listening(), Recorded(b"said", is_last=True)))
        provider = SlowProvider(app, monkeypatch)
        app.window.settings.pages.change(DICTATION_SENDS, True)
        (await app.ask("Which one?")).end("This one.")
        await app.settled()
        first = app.open_id
        app.type("Also: ")
        find(app.window, MicrophoneButton, "microphone").click()
        await until(lambda: b"said" in provider.replies)
        app.new_conversation()
        await until(lambda: app.open_id != first)
        provider.replies.pop(b"said").set_exception(RateLimitedError("It is busy still."))
        await until(lambda: "It is busy still." in app.said)
        app.press_action("Try again")
        await until(lambda: b"said" in provider.replies)
        provider.replies[b"said"].set_result("For the first one.")
        await until(lambda: not app.session.of(Dictation).has_unwritten)
        await app.settled()
        assert app.text.toPlainText() == ""
        await app.open_conversation(first)
        assert app.text.toPlainText() == "Also: For the first one."
        assert len(app.providers.turns) == 1

        # A question waits for its words if the dictation ends in silence.
        await app.start_over()
        parts = (Recorded(b"said", is_last=False), FinalText("", 0.0, is_last=True), Level(0.5))
        prepare(app, tmp_path, (Listening(), *parts))
        provider = SlowProvider(app, monkeypatch)
        app.window.settings.pages.change(DICTATION_SENDS, True)
        app.type("So:")
        button = find(app.window, MicrophoneButton, "microphone")
        button.click()
        await until(lambda: b"said" in provider.replies and max(button.levels) == 0.5)
        assert not app.providers.turns
        provider.replies[b"said"].set_result("Why is it blue?")
        await until(lambda: app.providers.turns)
        assert stage(app) is Stage.OFF
        assert "So: Why is it blue?" in app.transcript

        # Quitting asks while somebody dictates.
        await app.start_over()
        prepare(app, tmp_path)
        find(app.window, MicrophoneButton, "microphone").click()
        await until(lambda: provisional(app.text))
        app.session.run("app.quit")
        await until(lambda: app.window.findChild(QMessageBox, "closing-question"))
        question = find(app.window, QMessageBox, "closing-question")
        assert "dictating" in question.text()
        question.reject()
        app.press(Qt.Key.Key_Escape)


async def test_other_editors_are_dictated_into_and_failures_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AppHarness() as app:
        # The text beside the conversation is dictated into at its cursor.
        prepare(app, tmp_path)
        texts = app.session.of(TextsController)
        await texts.open_text("Tides", "The sea rises.")
        editor = texts.pane.editor
        await until(editor.isVisible)
        monkeypatch.setattr(dictation_module, "_TAP_S", 0.0)
        editor.setFocus()
        editor.moveCursor(editor.textCursor().MoveOperation.End)
        QTest.keyPress(editor, Qt.Key.Key_Space, CONTROL)
        await until(lambda: provisional(editor))
        QTest.keyRelease(editor, Qt.Key.Key_Space, CONTROL)
        await until(lambda: stage(app) is Stage.OFF)
        assert editor.toPlainText() == "The sea rises. a short summary of it"
        assert app.text.toPlainText() == ""
        editor.undo()
        assert editor.toPlainText() == "The sea rises."

        # The quick prompt is dictated into and its escape drops the words first.
        await app.start_over()
        prepare(app, tmp_path, finish=())
        controller = app.session.of(QuickPromptController)
        controller.open_with("")
        quick = controller.window
        quick.activateWindow()
        await until(lambda: QApplication.activeWindow() is quick)
        quick.run("voice.dictate")
        await until(lambda: provisional(quick.field))
        assert quick.field.placeholderText() == ""
        assert provisional(app.text) == ""
        QTest.keyClick(quick.field, Qt.Key.Key_Escape)
        assert quick.isVisible()
        assert provisional(quick.field) == ""
        assert quick.field.placeholderText() == "Ask anything"
        QTest.keyClick(quick.field, Qt.Key.Key_Escape)
        assert not quick.isVisible()

        # What goes wrong is said and keeps the text.
        await app.start_over()
        app.type("Kept")
        for kind, words in FAULTS.items():
            prepare(app, tmp_path, (*HEARD, Fault(kind)))
            find(app.window, MicrophoneButton, "microphone").click()
            await until(lambda words=words: words in app.said)
            assert stage(app) is Stage.OFF
            assert (app.text.toPlainText(), provisional(app.text)) == ("Kept", "")

        # The parts of a long dictation come in their order.
        await app.start_over()
        parts = (Recorded(b"long", is_last=False), Recorded(b"end", is_last=True), Level(0.5))
        prepare(app, tmp_path, parts)
        provider = SlowProvider(app, monkeypatch)
        provider.replies[b"end"] = asyncio.get_running_loop().create_future()
        provider.replies[b"end"].set_result("Two.")  # the shorter part is known first
        button = find(app.window, MicrophoneButton, "microphone")
        button.click()
        await until(lambda: b"long" in provider.replies and max(button.levels) == 0.5)
        provider.replies[b"long"].set_result("One.")
        await until(lambda: len(provider.told) == 2)
        await until(lambda: stage(app) is Stage.OFF)
        assert app.text.toPlainText() == "One. Two."

        # An earlier dictation that fails again does not end the next one.
        await app.start_over()
        prepare(app, tmp_path, (Listening(), Recorded(b"first", is_last=True)))
        provider = SlowProvider(app, monkeypatch)
        button = find(app.window, MicrophoneButton, "microphone")
        button.click()
        await until(lambda: b"first" in provider.replies)
        provider.replies.pop(b"first").set_exception(RateLimitedError("The server is busy."))
        await until(lambda: "The server is busy." in app.said)
        app.press_action("Try again")
        await until(lambda: b"first" in provider.replies)
        prepare(app, tmp_path, (Listening(),), (Recorded(b"second", is_last=True),))
        button.click()
        await until(lambda: stage(app) is Stage.LISTENING)
        provider.replies.pop(b"first").set_exception(RateLimitedError("It is busy still."))
        await until(lambda: "It is busy still." in app.said)
        assert stage(app) is Stage.LISTENING
        button.click()
        await until(lambda: b"first" in provider.replies)
        provider.replies[b"first"].set_result("First.")
        await until(lambda: b"second" in provider.replies)
        provider.replies[b"second"].set_result("Second.")
        await until(lambda: app.text.toPlainText() == "First. Second.")
        assert stage(app) is Stage.OFF

        # What a provider could not transcribe is kept and tried again.
        await app.start_over()
        parts = (Recorded(b"one", is_last=False), Recorded(b"two", is_last=True))
        prepare(app, tmp_path, parts)
        provider = SlowProvider(app, monkeypatch)
        app.window.settings.pages.change(DICTATION_SENDS, True)
        button = find(app.window, MicrophoneButton, "microphone")
        dictation = app.session.of(Dictation)
        button.click()
        await until(lambda: b"one" in provider.replies)
        provider.replies[b"one"].set_result("One.")
        await until(lambda: b"two" in provider.replies)
        provider.replies.pop(b"two").set_exception(RateLimitedError("The server is busy."))
        await until(lambda: "The server is busy." in app.said)
        assert app.text.toPlainText() == "One."
        assert dictation.has_unwritten, "quitting asks"
        prepare(app, tmp_path, (Listening(), Fault(FaultKind.SILENCE)))
        button.click()
        await until(lambda: "Nothing was heard" in app.said)
        app.press_action("Try again")
        await until(lambda: b"two" in provider.replies)
        provider.replies[b"two"].set_result("Two.")
        await until(lambda: app.text.toPlainText() == "One. Two.")
        assert not dictation.has_unwritten
        assert provider.told == ["One.", "Two."], "nothing is paid twice"
        await app.settled()
        assert not app.providers.turns, "what was said earlier is not sent automatically"


async def test_the_first_press_asks_who_transcribes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AppHarness(environment=KEYED) as app:
        child = ScriptedVoice(tmp_path, {"Listen": (Listening(), Recorded(b"said", is_last=True))})
        voice = app.session.of(Voice)
        voice.process = VoiceProcess(voice._receive, child.command)
        app.session.end_steps.append(voice.process.aclose)
        service = app.backend.of(transcription)
        profile = (await app.backend.providers.usable())[0]
        price = Price(Decimal(0), Decimal(0), audio_seconds=Decimal(100))

        async def find_model(_name: str) -> VoiceModel:
            return VoiceModel(profile, "gpt-transcribe", price)

        async def hear(_samples: bytes, _language: str) -> str:
            return "Said."

        monkeypatch.setattr(service, "find_model", find_model)
        monkeypatch.setattr(service, "transcribe_sound", hear)
        wanted: list[object] = []
        monkeypatch.setattr(
            LocalModelsPage, "start_download", lambda _page, model: wanted.append(model.id)
        )
        button = find(app.window, MicrophoneButton, "microphone")

        async def offered() -> QMenu:
            await until(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
            menu = QApplication.activePopupWidget()
            assert isinstance(menu, QMenu)
            return menu

        async def close(menu: QMenu) -> None:
            menu.close()
            app.window.activateWindow()  # the offscreen platform may leave no window active
            await until(app.window.isActiveWindow)

        # A click elsewhere chooses nothing.
        QTest.mousePress(button, Qt.MouseButton.LeftButton)
        menu = await offered()
        title, here, there = menu.actions()
        assert not title.isEnabled()
        assert "Whisper base, 14" in here.text()
        assert "≈ $0.006 a minute" in there.text()
        await close(menu)
        await until(lambda: stage(app) is Stage.OFF)
        assert not button.isDown()
        assert voice.process.pid is None
        assert not app.window.notifications.isVisible()

        # This computer's model is downloaded.
        app.text.setFocus()
        QTest.keyClick(app.text, Qt.Key.Key_Space, CONTROL)
        menu = await offered()
        menu.actions()[1].trigger()
        await close(menu)
        await until(lambda: wanted == ["whisper-base"])
        await until(lambda: stage(app) is Stage.OFF)

        # A provider is asked from now on. Tab reaches the microphone, whose key is no text.
        button.setFocus(Qt.FocusReason.TabFocusReason)
        assert QApplication.focusWidget() is button
        QTest.keyPress(button, Qt.Key.Key_Space)
        turn_key(app, "down", 1030, is_repeated=True, text=" ")
        turn_key(app, "up", 1060, is_repeated=False)
        menu = await offered()
        menu.actions()[2].trigger()
        await close(menu)
        await until(lambda: app.text.toPlainText() == "Said.")
        assert child.requests[0]["model_folder"] == ""
        assert app.session.values["voice.transcriber"] == "provider"
        button.click()
        await until(lambda: app.text.toPlainText() == "Said. Said.")


async def test_words_for_another_program_are_pasted_or_on_the_clipboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = [True, False]

    async def paste(*_windows: int) -> bool:
        return outcomes.pop(0)

    monkeypatch.setattr(dictation_anywhere, "paste_on_x11", paste)
    monkeypatch.setattr(dictation_anywhere, "can_type", lambda: True)
    clipboard = QApplication.clipboard()
    async with AppHarness() as app:
        held = app.session.events.hotkey_held
        prepare(app, tmp_path)
        # A field of the program itself is dictated into.
        held.emit(True)
        await until(lambda: provisional(app.text))
        held.emit(False)
        await until(lambda: app.text.toPlainText() == "a short summary of it")
        assert outcomes == [True, False]

        monkeypatch.setattr(QApplication, "activeWindow", lambda: None)
        window = app.session.of(dictation_anywhere.DictationAnywhere).window
        for is_pasted in (True, False):
            clipboard.setText("before")
            held.emit(True)
            await until(lambda: provisional(window.field.editor))
            assert window.isVisible()
            held.emit(False)
            await until(lambda: clipboard.text() == "a short summary of it ")
            await until(lambda is_pasted=is_pasted: window.isVisible() is not is_pasted)
            assert window.field.notices.isVisible() is not is_pasted
        assert not app.providers.turns, "nothing is sent"
        window.hide()


class SlowProvider:
    """A provider whose texts come when a test says so."""

    def __init__(self, app: AppHarness, monkeypatch: pytest.MonkeyPatch) -> None:
        self.replies: dict[bytes, asyncio.Future[str]] = {}
        self.told: list[str] = []
        dictation = app.session.of(Dictation)
        monkeypatch.setattr(dictation, "_model_folder", self._folder)
        monkeypatch.setattr(dictation._transcription, "transcribe_sound", self._transcribe)

    async def _folder(self, _text: object) -> str:
        return ""

    async def _transcribe(self, samples: bytes, _language: str) -> str:
        reply = self.replies.setdefault(samples, asyncio.get_running_loop().create_future())
        self.told.append(await reply)
        return self.told[-1]
