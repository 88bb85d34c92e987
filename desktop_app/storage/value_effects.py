"""What each setting may do without the user, for restore, repair and synchronizing.

As each column (`domain/stored_table`), each setting has an effect, and a test fails for one that
has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

from desktop_app.domain.stored_table import STAYS, TRAVELS, Effect
from desktop_app.features import cores

_BASE: Final[Mapping[tuple[Effect, bool], str]] = {
    (Effect.PLAIN, TRAVELS): (
        "answer.verbosity answer.image_shape answer.image_quality answer.max_output_tokens "
        "answer.temperature answer.reasoning_summary answer.form tools.search_domains "
        "tools.search_location library.model_titles look.theme look.language look.text_size "
        "look.font look.line_width look.code_wrap spending.warned. keys."
    ),
    (Effect.PLAIN, STAYS): (
        "default.variant default.effort spelling.on spelling.languages desktop.on_close "
        "list.pinned_order palette.uses models.favorites models.variants "
        "presets.hidden learnt. window. store."
    ),
    (Effect.LISTED, TRAVELS): (
        "answer.system_prompt answer.tools answer.auto_compact tools.vector_stores "
        "tools.search_server tools.max_cost"
    ),
    (Effect.LISTED, STAYS): "default.provider default.preset",
    # A shown conversation has the files of its project read.
    (Effect.HERE, STAYS): "window.conversation window.scroll",
    # The desktop's token lets the program type into other windows.
    (Effect.CONSENT, STAYS): "spending.unpriced. desktop.paste_token",
}
"""The effects of settings of the base, as `Core.setting_effects`."""


class SettingEffect(NamedTuple):
    """The effect of a setting, and whether it goes to the user's other computers."""

    effect: Effect
    travels: bool


@cache
def setting_effects() -> Mapping[str, SettingEffect]:
    """Return the effects by key; a key that ends in a point is the beginning of keys."""
    return {
        key: SettingEffect(*effect)
        for effects in (_BASE, *(core.setting_effects for core in cores()))
        for effect, keys in effects.items()
        for key in keys.split()
    }


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


def _setting(key: str) -> SettingEffect | None:
    effects = setting_effects()
    if (found := effects.get(key)) is not None:
        return found
    return next(
        (e for name, e in effects.items() if name[-1] == "." and key.startswith(name)), None
    )
