"""The presets, as the window shows and applies them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.chat.ui.open_conversation import DEFAULT_PRESET
from desktop_app.domain.conversations.conversation import Conversation
from desktop_app.domain.preset import Preset

if TYPE_CHECKING:
    from desktop_app.app.session import Session


class Presets:
    """All presets, in the order of their positions: the user's, then the built-in ones."""

    def __init__(self, session: Session) -> None:
        self._values = session.values
        self._providers = session.providers
        self._setup = session.setup
        self._presets: dict[str, Preset] = {}

    @property
    def by_id(self) -> Mapping[str, Preset]:
        return self._presets

    def replace_all(self, presets: Iterable[Preset]) -> None:
        in_order = sorted(presets, key=lambda preset: preset.position)
        self._presets = {preset.id: preset for preset in in_order}

    def put(self, preset: Preset) -> None:
        """Add a preset, or replace the preset with its id."""
        self.replace_all((self._presets | {preset.id: preset}).values())

    def remove(self, preset_id: str) -> Preset:
        return self._presets.pop(preset_id)

    def preset_of(self, conversation: Conversation) -> Preset | None:
        """Return the preset that was last used in a conversation, if it still exists."""
        return self._presets.get(conversation.preset_id or "")

    def apply_chosen(self, conversation: Conversation) -> Conversation:
        """Apply a new conversation's own preset, else the default, unless the preset is deleted."""
        preset_id = conversation.preset_id or str(self._values[DEFAULT_PRESET])
        preset = self._presets.get(preset_id)
        return conversation if preset is None else self.apply(preset, conversation)

    def apply(self, preset: Preset, conversation: Conversation) -> Conversation:
        """Return a conversation with a preset's settings.

        The provider is the preset's, or the conversation's if the preset names none that exists.
        If that provider serves no variants, the preset's variant is left out. Settings that the
        model does not support stay; the settings panel shows them as refused.
        """
        if self._providers.get(preset.provider_id) is None:
            preset = replace(preset, provider_id="", model="")
        profile = self._providers.get(preset.provider_id) or self._setup.profile_of(conversation)
        choice = preset.choice_from(
            conversation.choice, serves_gpt_family=profile.serves_gpt_family
        )
        return replace(conversation, choice=choice, overrides=preset.overrides, preset_id=preset.id)

    def is_changed(self, conversation: Conversation) -> bool:
        """Return True if a conversation's settings differ from its preset's."""
        preset = self.preset_of(conversation)
        if preset is None:
            return False
        applied = self.apply(preset, conversation)
        return (applied.choice, applied.overrides) != (conversation.choice, conversation.overrides)
