"""Reading answers aloud; the child of the voice is scripted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu, QPushButton

from desktop_app.domain.errors import ModelNotFoundError
from desktop_app.i18n.translation import use_language
from desktop_app.library.ui.trash import Trash
from desktop_app.paths import resource_path
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.transcript.segment import Place
from desktop_app.voice.core import (
    HEARING_MODEL,
    LOUDSPEAKER,
    MICROPHONE,
    READ_EACH,
    SPEAKER,
    SPEECH_MODEL,
    SPEECH_RATE,
    SPEECH_VOICE,
)
from desktop_app.voice.messages import Devices, Fault, FaultKind, Finished, Started, Voices
from desktop_app.voice.services import provider_speech
from desktop_app.voice.ui.read_aloud import ReadAloud
from desktop_app.voice.ui.voice import Voice
from desktop_app.voice.ui.voice_settings import NameDialog
from desktop_app.voice.voice_process import VoiceProcess
from desktop_app.widgets.text.foreign_text import PlainToolButton
from tests.gui.app.app_harness import KEYED, OWN_SERVER, AppHarness, until
from tests.helpers.scripted_voice import ScriptedVoice
from tests.helpers.widgets import find

if TYPE_CHECKING:
    import pytest

ANSWER = (
    "The first one. The **second** one is long.\n\n```python\nx = 1\n```\n\n"
    "| a |\n|---|\n| 1 |\n\nThe last one."
)
SENTENCES = [
    "The first one.",
    "The second one is long.",
    "python code, 1 line",
    "Table of 1 row.",
    "The last one.",
]


def prepare(app: AppHarness, folder: Path) -> ScriptedVoice:
    replies = {
        "Prepare": (Voices("en", ("Ada", "Bob")),),
        "ListDevices": (Devices(("Desk",), ("Box", "Ears")),),
    }
    child = ScriptedVoice(folder, replies)
    voice = app.session.of(Voice)
    voice.process = VoiceProcess(voice._receive, child.command)
    app.session.end_steps.append(voice.process.aclose)
    return child


def said(child: ScriptedVoice) -> list[object]:
    return [request["text"] for request in child.requests if request["type"] == "Say"]


def labels(menu: QMenu) -> list[str]:
    return [action.text().replace("&", "") for action in menu.actions()]


def type_name(name: str) -> None:
    """Type a name into the dialog that asks for one."""
    (dialog,) = (w for w in QApplication.allWidgets() if isinstance(w, NameDialog))
    dialog.field.setText(name)
    dialog.accept()


def marked(app: AppHarness) -> str:
    """Return the words that are marked as spoken."""
    view = app.session.window.transcript
    for shown in view.shown_segments():
        for mark in view.spoken.marks_of(shown):
            return shown.document.toPlainText()[mark.start : mark.end]
    return ""


async def test_answers_are_read_by_a_chosen_voice(tmp_path: Path) -> None:
    use_language("en", resource_path("locale"))
    async with AppHarness(environment=KEYED) as app:
        # An answer is read while it streams and the spoken sentence is marked.
        child = prepare(app, tmp_path)
        heard = app.session.of(Voice).received
        turn = await app.ask("Go")
        turn.say("The **first** one. The sec")
        await until(lambda: "The sec" in app.transcript)
        app.session.run("answer.read-aloud")
        await until(lambda: said(child) == ["The first one."])
        heard.emit(Started(1))
        assert marked(app) == "The first one."
        turn.end("ond one. And")
        await until(lambda: said(child) == ["The first one.", "The second one.", "And"])
        heard.emit(Finished(1))
        heard.emit(Started(2))
        assert marked(app) == "The second one."
        for number in (2, 3):
            heard.emit(Finished(number))
        assert not marked(app)
        assert not app.session.of(ReadAloud).is_reading

        # Reading begins at the selection ends with esc and says what is wrong.
        await app.start_over()
        child = prepare(app, tmp_path)
        await app.session.values.set(SPEECH_RATE, 2.0)
        await app.session.values.set(SPEECH_VOICE, "Bob")
        await app.ask_and_answer("Go", ANSWER)
        app.act("read-aloud")
        await until(lambda: said(child) == SENTENCES)
        first = next(each for each in child.requests if each["type"] == "Say")
        assert (first["voice"], first["rate"], first["language"]) == ("Bob", 1.0, "en")
        app.text.setFocus()
        app.press(Qt.Key.Key_Escape)
        await until(lambda: child.names[-1] == "Hush")
        assert not app.session.of(ReadAloud).is_reading
        answer = app.state.current.path[-1]
        app.session.window.transcript.selection.set(
            *(Place(answer.id, 0, 0, unit) for unit in (20, 25))
        )
        app.session.run("answer.read-aloud")
        await until(lambda: said(child)[len(SENTENCES) :] == SENTENCES[1:])
        app.session.of(Voice).received.emit(Fault(FaultKind.NO_VOICE, of_speech=True))
        assert "no voice" in app.said
        assert not app.session.of(ReadAloud).is_reading
        app.act("read-aloud")
        assert app.session.of(ReadAloud).is_reading
        app.session.of(Voice).received.emit(Fault(FaultKind.ENDED, None))
        assert not app.session.of(ReadAloud).is_reading
        app.act("read-aloud")
        app.session.run("voice.dictate")  # the microphone would hear it
        assert not app.session.of(ReadAloud).is_reading
        await until(QApplication.activePopupWidget)  # who transcribes?
        QApplication.activePopupWidget().close()

        # Pause ends the sentence; it is read again, or left out.
        await app.start_over()
        child = prepare(app, tmp_path)
        heard = app.session.of(Voice).received
        await app.ask_and_answer("Go", ANSWER)
        app.act("read-aloud")
        await until(lambda: said(child) == SENTENCES)
        numbers = [request["number"] for request in child.requests if request["type"] == "Say"]
        heard.emit(Started(numbers[0]))
        heard.emit(Finished(numbers[0]))
        find(app.window, PlainToolButton, "reading-pause").click()
        await until(lambda: child.names[-1] == "Hush")
        assert app.session.of(ReadAloud).is_reading
        app.session.run("answer.pause-reading")
        await until(lambda: said(child)[len(SENTENCES) :] == SENTENCES[1:])
        find(app.window, PlainToolButton, "reading-next").click()
        await until(lambda: said(child)[2 * len(SENTENCES) - 1 :] == SENTENCES[2:])
        app.session.run("answer.read-aloud")

        # What stands for a table is said in the answer's language.
        await app.start_over()
        child = prepare(app, tmp_path)
        german = "Das ist die Tabelle, und sie ist nicht lang.\n\n| a |\n|---|\n| 1 |\n"
        await app.ask_and_answer("Go", german)
        app.act("read-aloud")
        await until(lambda: "Tabelle mit 1 Zeile." in said(child))
        app.session.run("answer.read-aloud")

        # Reading goes on while another conversation is shown, also of what still streams.
        await app.start_over()
        child = prepare(app, tmp_path)
        heard = app.session.of(Voice).received
        turn = await app.ask("Go")
        turn.say("The first one. The sec")
        first = app.open_id
        await until(lambda: "The sec" in app.transcript)
        app.session.run("answer.read-aloud")
        app.new_conversation()
        await until(lambda: app.open_id != first)
        turn.say("ond one. The th")
        await until(lambda: said(child) == ["The first one.", "The second one."])
        turn.end("ird one.")
        await until(lambda: said(child)[2:] == ["The third one."])
        await app.open_conversation(first)
        numbers = [request["number"] for request in child.requests if request["type"] == "Say"]
        heard.emit(Started(numbers[-1]))
        assert marked(app) == "The third one."
        for number in numbers:
            heard.emit(Finished(number))
        assert not app.session.of(ReadAloud).is_reading
        assert not find(app.window, PlainToolButton, "reading-stop").isVisible()

        # Each answer of this conversation is read.
        app.session.of(SettingsController).override(app.open_id, READ_EACH, True)
        await app.settled()
        turn = await app.ask("And?")
        turn.say("The fourth one. The")
        await until(lambda: said(child)[3:] == ["The fourth one."])
        turn.end(" last.")
        app.press(Qt.Key.Key_Escape)

        # It ends when its conversation goes.
        await app.start_over()
        child = prepare(app, tmp_path)
        await app.ask_and_answer("Go", ANSWER)
        app.act("read-aloud")
        await until(lambda: said(child) == SENTENCES)
        first = app.open_id
        app.new_conversation()
        await until(lambda: app.open_id != first)
        assert app.session.of(ReadAloud).is_reading
        app.session.of(Trash).delete([first])
        assert not app.session.of(ReadAloud).is_reading
        await app.open_conversation(first)
        app.act("read-aloud")
        assert app.session.of(ReadAloud).is_reading
        await app.session.of(Trash).empty()
        assert not app.session.of(ReadAloud).is_reading

        # Voices are chosen from those of this computer or of the provider.
        await app.start_over()
        prepare(app, tmp_path)
        app.session.window.settings.show_setting("voice", SPEECH_VOICE)
        button = find(app.window, QPushButton, SPEECH_VOICE)
        button.click()
        await until(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        assert labels(menu) == ["Default", "Ada", "Bob"]
        menu.actions()[1].trigger()
        menu.close()
        await until(lambda: app.session.values[SPEECH_VOICE] == "Ada")
        for page, key, offered in (
            ("voice", MICROPHONE, ["Desk"]),
            ("advanced", LOUDSPEAKER, ["Box", "Ears"]),
        ):
            app.session.window.settings.show_setting(page, key)
            find(app.window, QPushButton, key).click()
            await until(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
            menu = QApplication.activePopupWidget()
            assert isinstance(menu, QMenu)
            assert labels(menu) == ["Default", *offered]
            menu.actions()[-1].trigger()
            menu.close()
            await until(lambda key=key, name=offered[-1]: app.session.values[key] == name)
        await app.session.values.set(SPEAKER, "provider")
        button.click()
        await until(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        assert "marin" in labels(menu)
        menu.actions()[-1].trigger()
        menu.close()
        type_name("af_bella")  # of another server
        await until(lambda: app.session.values[SPEECH_VOICE] == "af_bella")
    use_language("en", Path())


async def test_the_model_that_transcribes_is_chosen_from_all_providers() -> None:
    ids = ("gpt-5.2", "whisper-1", "gpt-transcribe", "gpt-4o-transcribe-diarize", "own-tts")
    async with AppHarness(environment=KEYED) as app:
        await app.backend.settings.save_profile(OWN_SERVER)
        (first, *_) = await app.backend.providers.usable()
        app.providers.models_of |= {first.id: ids, "own": ("kokoro", "faster-whisper")}
        for profile in (first, OWN_SERVER):
            await app.backend.listings.fetch(profile)
        for setting, labels_of, value in (
            (
                HEARING_MODEL,
                [
                    "gpt-transcribe (OpenAI (environment))",
                    "whisper-1 (OpenAI (environment))",
                    "gpt-4o-transcribe-diarize (OpenAI (environment)), tells speakers apart",
                    "faster-whisper (⟦Home⟧)",
                ],
                "own faster-whisper",
            ),
            (
                SPEECH_MODEL,
                ["own-tts (OpenAI (environment))", "faster-whisper (⟦Home⟧)", "kokoro (⟦Home⟧)"],
                "own kokoro",
            ),
        ):
            app.session.window.settings.show_setting("advanced", setting)
            button = find(app.window, QPushButton, setting)
            button.click()
            await until(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
            menu = QApplication.activePopupWidget()
            assert isinstance(menu, QMenu)
            assert labels(menu)[1:-1] == labels_of
            menu.actions()[-2].trigger()
            menu.close()
            await until(lambda key=setting, to=value: app.session.values[key] == to)
            button.click()
            await until(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
            menu = QApplication.activePopupWidget()
            menu.actions()[-1].trigger()
            menu.close()
            type_name("parakeet")  # no list has it
            await until(lambda key=setting: app.session.values[key] == "own parakeet")


async def test_a_provider_speaks_a_few_sentences_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought: list[str] = []

    async def speak(words: str, *_: object) -> bytes:
        bought.append(words)
        return b"sound"

    async with AppHarness(environment=KEYED) as app:
        child = prepare(app, tmp_path)
        await app.session.values.set(LOUDSPEAKER, "Ears")
        monkeypatch.setattr(app.backend.of(provider_speech), "sound", speak)
        await app.session.values.set(SPEAKER, "provider")
        await app.ask_and_answer("Go", ANSWER)
        app.act("read-aloud")
        await until(lambda: said(child) == SENTENCES[:3])
        assert {request["loudspeaker"] for request in child.requests} == {"Ears"}
        app.session.of(Voice).received.emit(Finished(1))
        await until(lambda: said(child) == SENTENCES[:4])
        app.press(Qt.Key.Key_Escape)
        await until(lambda: child.names[-1] == "Hush")
        assert bought == SENTENCES[:4], "nobody pays for what is not heard"
        count = len(said(child))
        app.act("read-aloud")
        await until(lambda: said(child)[count:] == SENTENCES[:3])
        assert bought == SENTENCES[:4], "nor twice for what was paid for"


async def test_a_voice_of_this_computer_reads_where_the_provider_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def speak(*_: object) -> bytes:
        raise ModelNotFoundError("{provider} lists no model for speech.", provider="OpenAI")

    async with AppHarness(environment=KEYED) as app:
        child = prepare(app, tmp_path)
        monkeypatch.setattr(app.backend.of(provider_speech), "sound", speak)
        await app.session.values.set(SPEAKER, "provider")
        await app.ask_and_answer("Go", ANSWER)
        app.act("read-aloud")
        await until(lambda: said(child) == SENTENCES)
        assert {request["voice"] for request in child.requests if "voice" in request} == {""}
        assert "OpenAI lists no model for speech" in app.said
