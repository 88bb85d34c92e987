"""Spoken conversations in the window and in the quick prompt, with a scripted child."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop_app.local_model.services import model_store
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
from desktop_app.voice.messages import Fault, FaultKind, FinalText, Finished, Listening, SpeechEnded
from desktop_app.voice.ui.dictation import Dictation
from desktop_app.voice.ui.microphones import Stage
from desktop_app.voice.ui.spoken_conversation import SpokenConversation
from desktop_app.voice.ui.voice import Voice
from desktop_app.voice.voice_process import VoiceProcess
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.scripted_voice import ScriptedVoice, put_speech_model

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.composer.prompt_text import PromptText

ASKED = (Listening(), SpeechEnded(), FinalText("Why is it blue?", 0.1, is_last=True))


def prepare(app: AppHarness, folder: Path) -> ScriptedVoice:
    put_speech_model(app.backend.of(model_store))
    child = ScriptedVoice(folder, {"Listen": (Listening(),)})
    voice = app.session.of(Voice)
    voice.process = VoiceProcess(voice._receive, child.command)
    app.session.end_steps.append(voice.process.aclose)
    return child


async def begin(app: AppHarness, where: str) -> PromptText:
    """Turn the conversation on; return the field of the window or of the quick prompt."""
    field = app.text
    if where == "quick":
        controller = app.session.of(QuickPromptController)
        controller.open_with("")
        quick = controller.window
        quick.activateWindow()
        await until(lambda: QApplication.activeWindow() is quick)
        field = quick.field
        quick.run("voice.converse")
    else:
        app.session.run("voice.converse")
    return field


async def listens(app: AppHarness, child: ScriptedVoice, times: int) -> None:
    await until(lambda: child.names.count("Listen") == times)
    await until(lambda: app.session.of(Dictation).stage is Stage.LISTENING)


async def test_a_spoken_conversation_listens_reads_and_ends(tmp_path: Path) -> None:
    async with AppHarness() as app:
        # The microphone is closed until the answer was read and opens again.
        for where in ["window", "quick"]:
            await app.start_over()
            child = prepare(app, tmp_path)
            heard = app.session.of(Voice).received
            field = await begin(app, where)
            await listens(app, child, 1)
            for event in ASKED[1:]:
                heard.emit(event)
            await until(lambda: app.providers.turns)
            turn = app.providers.turns[0]
            turn.say("The sky scatters it. And the")
            await until(lambda child=child: "Say" in child.names)
            assert app.session.of(Dictation).stage is Stage.OFF
            turn.say(" sea reflects it.")
            turn.end()
            await until(lambda child=child: child.names.count("Say") == 2)
            numbers = [request["number"] for request in child.requests if request["type"] == "Say"]
            heard.emit(Finished(numbers[0]))
            assert child.names.count("Listen") == 1
            heard.emit(Finished(numbers[1]))
            await listens(app, child, 2)
            assert [text for role, _, text in app.messages() if role == "user"] == [
                "Why is it blue?"
            ]
            # Silence ends it, and so does turning it off.
            heard.emit(Fault(FaultKind.SILENCE))
            assert not app.session.of(SpokenConversation).is_on
            assert field.isVisible()

        # A key interrupts the answer and escape ends the conversation.
        await app.start_over()
        child = prepare(app, tmp_path)
        heard = app.session.of(Voice).received
        await begin(app, "window")
        await listens(app, child, 1)
        for event in ASKED[1:]:
            heard.emit(event)
        await until(lambda: app.providers.turns)
        app.providers.turns[0].say("The sky scatters it. And the")
        await until(lambda: "Say" in child.names)
        QTest.keyPress(app.text, Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
        QTest.keyRelease(app.text, Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
        await listens(app, child, 2)
        assert "Hush" in child.names
        await until(lambda: not app.session.running.conversations)
        app.press(Qt.Key.Key_Escape)
        assert not app.session.of(SpokenConversation).is_on
        assert app.session.of(Dictation).stage is Stage.OFF
        await app.settled()
        assert child.names.count("Listen") == 2
