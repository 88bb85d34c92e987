"""The messages between this process and the children of the voice, in MessagePack.

Each (`frames`) is a structure: one of those below, or of `transcription/recordings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from desktop_app.domain.errors import VoiceError
from desktop_app.i18n.translation import N_

SPEECH_RATE: Final = 24_000
"""Samples per second of what a provider speaks, of 16 bits and one channel."""
MAX_BYTES: Final = 64 << 20
"""Bytes of a message: half an hour of sound."""


# ------------------------------------------------------------------ to the child


class Listen(Struct, tag=True, frozen=True):
    """Record from the microphone, and transcribe what is said.

    Attributes:
        model_folder: the transcription model on this computer; "" has the sound sent back, as
            `Recorded`, for a provider.
        language: of ISO 639-1; "" finds it.
        silence_s: the seconds without speech that end it; 0 leaves that to `Finish`.
        microphone: of `Devices`; the system's if it is "" or gone.
        words: names and terms that the model on this computer expects.
    """

    model_folder: str
    language: str
    silence_s: float
    microphone: str = ""
    words: str = ""


class Finish(Struct, tag=True, frozen=True):
    """End the recording after so many seconds without speech, and transcribe the rest of it."""

    silence_s: float = 0.0


class Drop(Struct, tag=True, frozen=True):
    """End the recording, and drop what was not final."""


class Prepare(Struct, tag=True, frozen=True):
    """Make the speech engine, before the first sentence is complete; answered by `Voices`.

    Attributes:
        language: of ISO 639-1, whose voices are wanted.
    """

    language: str


class Say(Struct, tag=True, frozen=True):
    """Speak a sentence after those before it; each is answered by `Started` and `Finished`.

    Attributes:
        number: tells the sentence in the answers.
        voice: the name of a voice; "" for the usual one of the language.
        rate: from -1.0 to 1.0; 0.0 is the usual speed.
        sound: the text as a provider speaks it, 24,000 samples a second; b"" has a voice of the
            system speak.
        loudspeaker: of `Devices`, for such sound; the system's if it is "" or gone.
    """

    number: int
    text: str
    language: str
    voice: str = ""
    rate: float = 0.0
    sound: bytes = b""
    loudspeaker: str = ""


class Hush(Struct, tag=True, frozen=True):
    """Stop speaking, and drop the sentences that wait. They are not `Finished`."""


class ListDevices(Struct, tag=True, frozen=True):
    """Name the devices for sound; answered by `Devices`."""


Request = Listen | Finish | Drop | Prepare | Say | Hush | ListDevices


# ------------------------------------------------------------------ from the child


class Listening(Struct, tag=True, frozen=True):
    """The microphone is open: what is said from now on is heard."""


class Level(Struct, tag=True, frozen=True):
    """The loudness, from 0.0 to 1.0, five times a second while the microphone is open.

    Attributes:
        samples: what was heard since the last one, which outlives a crash of the child.
    """

    value: float
    samples: bytes = b""


class SpeechEnded(Struct, tag=True, frozen=True):
    """The microphone is closed; the rest of the text follows."""


class PartialText(Struct, tag=True, frozen=True):
    """The text so far since the last `FinalText`, which may still change."""

    text: str


class FinalText(Struct, tag=True, frozen=True):
    """Text that does not change any more, and the seconds that the model took for it.

    `is_last` ends the dictation. A long one has several of these.
    """

    text: str
    model_s: float
    is_last: bool


class Recorded(Struct, tag=True, frozen=True):
    """Sound to be transcribed elsewhere, without the silence around it; see `FinalText`."""

    samples: bytes
    is_last: bool


class Voices(Struct, tag=True, frozen=True):
    """The names of the system's voices of a language; the engine is ready."""

    language: str
    names: tuple[str, ...]


class Devices(Struct, tag=True, frozen=True):
    """The names of the microphones and loudspeakers of this computer."""

    microphones: tuple[str, ...]
    loudspeakers: tuple[str, ...]


class Started(Struct, tag=True, frozen=True):
    """The sentence with this number is being spoken."""

    number: int


class Finished(Struct, tag=True, frozen=True):
    """The sentence with this number was spoken."""

    number: int


class FaultKind(StrEnum):
    """What is wrong."""

    NO_PACKAGE = "no package"
    NO_MICROPHONE = "no microphone"
    MICROPHONE_IN_USE = "in use"
    SILENCE = "silence"
    NO_VOICE = "no voice"
    NO_LOUDSPEAKER = "no loudspeaker"
    ENDED = "ended"


_SENTENCES: Final[Mapping[FaultKind, tuple[str, str]]] = {
    FaultKind.NO_PACKAGE: (
        N_("Voice needs packages that are not installed."),
        N_("Install Repartee as repartee[voice]."),
    ),
    FaultKind.NO_MICROPHONE: (
        N_("There is no microphone."),
        N_("Connect one, or allow Repartee to use it in the settings of your system."),
    ),
    FaultKind.MICROPHONE_IN_USE: (
        N_("The microphone could not be opened."),
        N_("Another program may be using it. Close that, and try again."),
    ),
    FaultKind.SILENCE: (
        N_("Nothing was heard."),
        N_("Check that the right microphone is chosen in your system, and that it is not muted."),
    ),
    FaultKind.NO_VOICE: (
        N_("This computer has no voice to read aloud with."),
        N_("Install one: on Linux, speech-dispatcher and espeak-ng."),
    ),
    FaultKind.NO_LOUDSPEAKER: (
        N_("The sound could not be played."),
        N_("Connect a loudspeaker or headphones, and try again."),
    ),
    FaultKind.ENDED: (N_("The process for the voice has ended."), N_("Try again.")),
}


class Fault(Struct, tag=True, frozen=True):
    """Listening or speaking failed, and has ended.

    Attributes:
        of_speech: True if it concerns reading aloud, False if it concerns the microphone, None for
            both.
        details: for the Details view and the log.
    """

    kind: FaultKind
    of_speech: bool | None = False
    details: str = ""

    @property
    def error(self) -> VoiceError:
        message, hint = _SENTENCES[self.kind]
        return VoiceError(message, hint, details=self.details)


Event = (
    Listening
    | Level
    | SpeechEnded
    | PartialText
    | FinalText
    | Recorded
    | Voices
    | Devices
    | Started
    | Finished
    | Fault
)
