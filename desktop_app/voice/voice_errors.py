"""The sentences for what the voice's child reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from desktop_app.domain.errors import VoiceError
from desktop_app.i18n.translation import N_
from desktop_app.voice.messages import Fault, FaultKind

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


def error_of(fault: Fault) -> VoiceError:
    """Return the error that tells the user of a fault."""
    message, hint = _SENTENCES[fault.kind]
    return VoiceError(message, hint, details=fault.details)
