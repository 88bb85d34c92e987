"""The child of the voice: microphone, end of speech, transcription and speech.

The only part of the program, beside its windows, that uses Qt.
"""

__all__ = ["voice_child"]
