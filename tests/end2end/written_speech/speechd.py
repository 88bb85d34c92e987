"""In place of speech-dispatcher's module: Orca's words go to the file SPOKEN, a line each."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any


class _Names:
    """Constants whose values are their names."""

    def __getattr__(self, name: str) -> str:
        return name.lower()


PunctuationMode = CallbackType = DataMode = Priority = Scope = _Names()


class SSIPError(Exception): ...


class SSIPCommunicationError(SSIPError): ...


class SSIPCommandError(SSIPError): ...


class SpawnError(Exception): ...


class SSIPClient:
    """A connection that says nothing aloud."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def speak(self, text: str, callback: Any = None, **_: object) -> None:
        """Write the words down, and report that they were said."""
        words = re.sub(r"<[^>]*>", "", text)
        with Path(os.environ["SPOKEN"]).open("a", encoding="utf-8") as file:
            file.write(" ".join(words.split()) + "\n")
        if callback is not None:
            callback(CallbackType.BEGIN)
            callback(CallbackType.END)

    char = key = speak

    def list_output_modules(self) -> tuple[str, ...]:
        return ("none",)

    def list_synthesis_voices(self, *_: object) -> tuple[tuple[str, str, str], ...]:
        return (("en", "en", "none"),)

    def get_language(self) -> str:
        return "en"

    def get_output_module(self) -> str:
        return "none"

    def get_rate(self) -> int:
        return 0

    get_pitch = get_volume = get_rate

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: None
