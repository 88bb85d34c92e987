"""Local servers with OpenAI's API, and their default addresses.

The addresses come from the servers' own documentation. A preset only fills in a new profile; every
field can be changed afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from desktop_app.domain.conversations.chat_request import ProviderKind, ProviderProfile
from desktop_app.i18n.translation import N_, tr


@dataclass(frozen=True)
class ServerPreset:
    """A server: its name, its usual address, and a hint on how to start it.

    The texts are marked for translation, but names of products stay.
    """

    key: str
    name: str
    base_url: str
    help: str = ""


SERVER_PRESETS: Final[tuple[ServerPreset, ...]] = (
    ServerPreset(
        "ollama", "Ollama", "http://localhost:11434/v1", N_("Start it with “ollama serve”.")
    ),
    ServerPreset(
        "lm-studio",
        "LM Studio",
        "http://localhost:1234/v1",
        N_("Start its server in the Developer tab."),
    ),
    ServerPreset(
        "llama-cpp",
        "llama.cpp",
        "http://localhost:8080/v1",
        N_("Start it with “llama-server -m FILE”."),
    ),
    ServerPreset(
        "vllm", "vLLM", "http://localhost:8000/v1", N_("Start it with “vllm serve MODEL”.")
    ),
    ServerPreset("custom", N_("Other server"), "", N_("Any server with an OpenAI-compatible API.")),
)


def profile_from(preset: ServerPreset) -> ProviderProfile:
    """Return a new profile with an id of its own and a name in the language in use."""
    return ProviderProfile(
        id=f"{preset.key}-{uuid4().hex[:8]}",
        name=tr(preset.name),
        kind=ProviderKind.COMPATIBLE,
        base_url=preset.base_url,
        needs_key=False,
    )


def preset_of(profile: ProviderProfile) -> ServerPreset | None:
    """Return the preset that a profile was made from, or None."""
    return next((p for p in SERVER_PRESETS if profile.id.startswith(f"{p.key}-")), None)
