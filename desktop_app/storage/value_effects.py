"""What each setting may do without the user, for restore, repair and synchronizing.

As each column (`domain/stored_table`), each setting has an effect, and a test fails for one that
has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from desktop_app.domain.stored_table import Effect

_P, _L = Effect.PLAIN, Effect.LISTED


class _Setting(NamedTuple):
    effect: Effect
    travels: bool


_TRAVELS, _STAYS = True, False
_SETTINGS: Final = (
    (
        *(_P, _TRAVELS),
        "answer.verbosity answer.image_shape answer.image_quality answer.max_output_tokens "
        "answer.temperature answer.reasoning_summary answer.form tools.search_domains "
        "tools.search_location library.model_titles library.embedding_model look.theme "
        "look.language look.text_size look.font look.line_width look.code_wrap spending.warned. "
        "voice.words keys.",
    ),
    (
        *(_P, _STAYS),
        "default.variant default.effort voice.model voice.language voice.voice voice.rate "
        "voice.hearing_model voice.speech_model voice.pause "
        "voice.microphone voice.loudspeaker answer.read_aloud "
        "spelling.on spelling.languages local_model.context local_model.threads "
        "local_model.idle_minutes backup.keep backup.last desktop.on_close desktop.notifications "
        "list.pinned_order palette.uses models.favorites models.variants presets.hidden learnt. "
        "window. store.",
    ),
    (
        *(_L, _TRAVELS),
        "answer.system_prompt answer.tools answer.auto_compact tools.vector_stores "
        "tools.search_server tools.max_cost",
    ),
    (
        *(_L, _STAYS),
        "default.provider default.preset local_model.weights backup.folder backup.every "
        "desktop.start_at_login voice.sends",
    ),
    # The choice of a provider for the voice follows the consent to it. The desktop's token lets
    # the program type into other windows.
    (
        *(Effect.CONSENT, _STAYS),
        "voice.consent. voice.speech_consent. voice.transcriber voice.speaker library.embeddings "
        "spending.unpriced. desktop.paste_back desktop.paste_token "
        "voice.anywhere",
    ),
)
SETTINGS: Final[Mapping[str, _Setting]] = MappingProxyType(
    {
        name: _Setting(effect, travels)
        for effect, travels, names in _SETTINGS
        for name in names.split()
    }
)
"""The effect of each setting by its key; one that ends in a point is the beginning of keys."""

_TRAVELING_GROUPS: Final = ("answer.", "look.", "spending.", "tools.", "library.")


def effect_of(key: str) -> Effect | None:
    """Return the effect of a setting; None for an unknown key."""
    found = _setting(key)
    return None if found is None else found.effect


def travels(key: str) -> bool:
    """Return True for a setting that synchronizing carries to other computers.

    One of a later version, which only that can use, is kept and passed on: it would not have sent
    it otherwise.
    """
    found = _setting(key)
    return key.startswith(_TRAVELING_GROUPS) if found is None else found.travels


def _setting(key: str) -> _Setting | None:
    if (found := SETTINGS.get(key)) is not None:
        return found
    beginnings = (each for each in SETTINGS if each.endswith(".") and key.startswith(each))
    return next((SETTINGS[each] for each in beginnings), None)
