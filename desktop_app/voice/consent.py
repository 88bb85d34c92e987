"""How the user is asked whether a voice, or a text to be spoken, is sent to a provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.voice.provider_calls import Ask


class VoiceConsent:
    """The question of a backend.

    Attributes:
        ask: see `Ask`; None where nobody can be asked. The window and commands set it.
    """

    ask: Ask | None = None

    def __init__(self, _backend: object) -> None:
        """Begin without a question."""
