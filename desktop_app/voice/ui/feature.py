"""Voice: the commands, the microphones of the fields, and what asks before something is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import Category, CommandScope, Menu
from desktop_app.voice.consent import VoiceConsent
from desktop_app.voice.core import (
    HEARING_MODEL,
    LOUDSPEAKER,
    MICROPHONE,
    SPEECH_MODEL,
    SPEECH_VOICE,
)

if TYPE_CHECKING:
    from desktop_app.app.session import Session
    from desktop_app.widgets.forms.schema_form import EditRequest


def _compose(session: Session) -> None:
    from desktop_app.voice.ui.microphones import Microphones

    begun_id = ""

    def run_action(message_id: str, action: str) -> None:
        if action == "read-aloud":
            from desktop_app.voice.ui.read_aloud import ReadAloud

            session.of(ReadAloud).read_message(message_id)

    def read_each(conversation_id: str, answer_id: str, _text: str) -> None:
        nonlocal begun_id
        if answer_id == begun_id or conversation_id != session.current.id:
            return
        begun_id = answer_id
        if session.setup.settings_of(session.current.conversation).parameters.read_aloud:
            from desktop_app.voice.ui.read_aloud import ReadAloud

            session.of(ReadAloud).read_each(answer_id)

    def dictate_anywhere(is_held: bool) -> None:
        from desktop_app.voice.ui.dictation_anywhere import DictationAnywhere

        session.of(DictationAnywhere).hold(is_held)

    def choose(request: EditRequest) -> None:
        from desktop_app.voice.ui.voice_settings import VoiceList

        session.of(VoiceList).choose(request)

    async def ask(sent: str, price: str) -> bool:
        from desktop_app.voice.ui.voice_settings import ask_about_voice

        return await ask_about_voice(session, sent, price)

    session.running.text_arrived.connect(read_each)
    session.events.hotkey_held.connect(dictate_anywhere)
    microphones, prompt = session.of(Microphones), session.window.prompt
    row = prompt.row
    microphones.add(prompt.field, row.helpers, session.window.notifications, row.background_button)
    session.events.editor_made.connect(microphones.add)
    session.window.transcript.action_requested.connect(run_action)
    for key in (SPEECH_VOICE, HEARING_MODEL, SPEECH_MODEL, MICROPHONE, LOUDSPEAKER):
        session.value_editors[key] = choose
    session.backend.of(VoiceConsent).ask = ask


def _dictate(session: Session) -> None:
    from desktop_app.voice.ui.dictation import Dictation

    session.of(Dictation).press()


def _converse(session: Session) -> None:
    from desktop_app.voice.ui.spoken_conversation import SpokenConversation

    session.of(SpokenConversation).toggle()


FEATURE: Final = Feature(
    actions=(
        Action(
            "voice.dictate",
            N_("Dictate (hold, or press twice)"),
            Category.PROMPT,
            "Ctrl+Space",
            scope=CommandScope.EVERYWHERE,
            run=_dictate,
            menu_label=N_("Dictate"),
            words=N_("microphone speech voice input"),
        ),
        Action(
            "voice.converse",
            N_("Spoken conversation, on or off"),
            Category.PROMPT,
            "Ctrl+Shift+Y",
            scope=CommandScope.EVERYWHERE,
            run=_converse,
            menu_label=N_("Spoken conversation"),
            words=N_("microphone speech voice input"),
            menu=(Menu.MORE, 4),
        ),
        Action(
            "answer.read-aloud",
            N_("Read aloud, or stop"),
            Category.ANSWER,
            "Ctrl+Shift+L",
            run=call("voice.ui.read_aloud.ReadAloud.toggle"),
            uses_conversation=True,
            menu_label=N_("Read aloud"),
            words=N_("voice speech listen speak sound"),
        ),
        Action(
            "answer.pause-reading",
            N_("Pause or continue reading"),
            Category.ANSWER,
            run=call("voice.ui.read_aloud.ReadAloud.pause"),
            words=N_("voice speech listen speak sound"),
        ),
        Action(
            "answer.next-sentence",
            N_("Read the next sentence"),
            Category.ANSWER,
            run=call("voice.ui.read_aloud.ReadAloud.skip"),
            words=N_("voice speech listen speak sound"),
        ),
    ),
    compose=_compose,
)
