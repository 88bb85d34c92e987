"""What the feature contributes below the window."""

from typing import Final

from desktop_app.domain.speech_packages import can_transcribe_here
from desktop_app.domain.stored_table import STAYS, TRAVELS, Effect
from desktop_app.features import CommandPlaces, Core
from desktop_app.i18n.translation import LANGUAGES, N_
from desktop_app.settings.setting import Choice, Group, Setting

DICTATION_LANGUAGE: Final = "voice.language"
DICTATION_SENDS: Final = "voice.sends"
MICROPHONE: Final = "voice.microphone"
LOUDSPEAKER: Final = "voice.loudspeaker"
READ_EACH: Final = "answer.read_aloud"
DICTATES_ANYWHERE: Final = "voice.anywhere"
DICTATION_PAUSE: Final = "voice.pause"
SPEAKER: Final = "voice.speaker"
SPEECH_VOICE: Final = "voice.voice"
SPEECH_RATE: Final = "voice.rate"
HEARING_MODEL: Final = "voice.hearing_model"
SPEECH_MODEL: Final = "voice.speech_model"
VOICE_WORDS: Final = "voice.words"

CORE = Core(
    window="voice.ui.feature.FEATURE",
    commands={
        "transcribe": CommandPlaces(
            "voice.arguments.transcribe_arguments", "voice.command.run_transcribe"
        )
    },
    parts={"transcribe": "voice.services.transcribe"},
    settings=(
        Setting("voice.model", "", N_("Transcription model"), Group.KEPT),
        Setting(
            MICROPHONE,
            "",
            N_("Microphone"),
            Group.VOICE,
            words=N_("microphone speech voice input"),
            has_dialog=True,
        ),
        Setting(
            "voice.transcriber",
            "computer" if can_transcribe_here() else "provider",
            N_("Transcribe speech"),
            Group.VOICE,
            N_("The provider gets your voice; you are asked first, with the price."),
            words=N_("voice dictation microphone audio recording whisper"),
            choices=(Choice("computer", N_("This computer")), Choice("provider", N_("Provider"))),
        ),
        Setting(
            DICTATION_LANGUAGE,
            "window",
            N_("Language of dictation"),
            Group.VOICE,
            words=N_("microphone speech voice input"),
            choices=(
                Choice("window", N_("The program’s language")),
                Choice("", N_("Automatic")),
                *(Choice(code, name) for code, name in LANGUAGES.items()),
            ),
        ),
        Setting(
            DICTATION_SENDS,
            False,
            N_("Send messages once they are dictated"),
            Group.VOICE,
            words=N_("microphone speech voice input"),
            is_advanced=True,
        ),
        Setting(
            SPEAKER,
            "computer",
            N_("Read aloud"),
            Group.VOICE,
            N_("The provider gets what is read; you are asked first, with the price."),
            words=N_("voice speech listen speak sound"),
            choices=(Choice("computer", N_("This computer")), Choice("provider", N_("Provider"))),
        ),
        # The name of a voice, chosen from a list. Empty: the usual one of the answer's language.
        Setting(
            SPEECH_VOICE,
            "",
            N_("Voice"),
            Group.VOICE,
            words=N_("voice speech listen speak sound"),
            part_of=SPEAKER,
            has_dialog=True,
        ),
        Setting(
            SPEECH_RATE,
            1.0,
            N_("Speed of reading aloud"),
            Group.VOICE,
            words=N_("voice speech listen speak sound"),
            is_advanced=True,
            stops=tuple(n / 10 for n in range(5, 21)),
        ),
        # The id of a provider and the name of a model. Empty: the newest of the default provider.
        Setting(
            HEARING_MODEL,
            "",
            N_("Provider’s model that transcribes"),
            Group.VOICE,
            words=N_("voice dictation microphone audio recording whisper"),
            is_advanced=True,
            has_dialog=True,
        ),
        Setting(
            VOICE_WORDS,
            "",
            N_("Names and terms that are dictated"),
            Group.VOICE,
            N_("Separated by commas. The model that transcribes expects them."),
            words=N_("voice dictation microphone audio recording whisper"),
            is_advanced=True,
            placeholder="Repartee, Ångström, PySide",
        ),
        Setting(
            DICTATION_PAUSE,
            2.0,
            N_("Seconds of silence that end dictation"),
            Group.VOICE,
            N_("After a short press, and in a spoken conversation."),
            words=N_("microphone speech voice input"),
            is_advanced=True,
            stops=(1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0),
        ),
        Setting(
            DICTATES_ANYWHERE,
            False,
            N_("Hold the global shortcut to dictate into other programs"),
            Group.VOICE,
            N_("On X11. The words are pasted into the window with the focus."),
            words=N_("microphone speech voice input"),
            is_advanced=True,
        ),
        Setting(
            SPEECH_MODEL,
            "",
            N_("Provider’s model that reads aloud"),
            Group.VOICE,
            words=N_("voice speech listen speak sound"),
            is_advanced=True,
            has_dialog=True,
        ),
        Setting(
            LOUDSPEAKER,
            "",
            N_("Loudspeaker"),
            Group.VOICE,
            N_("For a provider’s voice. Other voices use the system’s."),
            words=N_("voice speech listen speak sound"),
            is_advanced=True,
            has_dialog=True,
        ),
        Setting(
            READ_EACH,
            False,
            N_("Read each response aloud"),
            Group.VOICE,
            words=N_("voice speech listen speak sound"),
            is_advanced=True,
            per_conversation=True,
        ),
    ),
    setting_effects={
        (Effect.PLAIN, TRAVELS): "voice.words",
        (Effect.PLAIN, STAYS): (
            "voice.model voice.language voice.voice voice.rate voice.hearing_model "
            "voice.speech_model voice.pause voice.microphone voice.loudspeaker "
            "answer.read_aloud"
        ),
        (Effect.LISTED, STAYS): "voice.sends",
        # The choice of a provider for the voice follows the consent to it.
        (Effect.CONSENT, STAYS): (
            "voice.consent. voice.speech_consent. voice.transcriber voice.speaker voice.anywhere"
        ),
    },
)
