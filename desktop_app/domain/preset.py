"""Presets: a named choice of model, instructions and parameters for a conversation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from msgspec import field

from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import Conversation, ModelChoice
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.value import Value


class Preset(Value, frozen=True):
    """The settings that a conversation takes over.

    Attributes:
        provider_id: "" keeps the conversation's provider.
        model: the id of a model of that provider; "" keeps the conversation's model.
        variant: used instead of `model` if the provider offers variants; None if none is set.
        effort: None keeps the conversation's effort.
        overrides: instructions and parameters, which replace the conversation's.
    """

    id: str
    name: str
    provider_id: str = ""
    model: str = ""
    variant: Variant | None = None
    effort: Effort | None = None
    overrides: Overrides = field(default_factory=Overrides)
    position: int = 0
    created_at: datetime | None = None

    def choice_from(self, choice: ModelChoice, *, serves_gpt_family: bool) -> ModelChoice:
        """Return the model choice that replaces `choice` when the preset is applied.

        Args:
            serves_gpt_family: False if the provider does not offer the variants; `variant` is then
                ignored.
        """
        new_choice = replace(choice, provider_id=self.provider_id or choice.provider_id)
        if self.variant is not None and serves_gpt_family:
            new_choice = replace(new_choice, variant=self.variant, model="")
        elif self.model and self.provider_id:
            new_choice = replace(new_choice, variant=None, model=self.model)
        return new_choice if self.effort is None else replace(new_choice, effort=self.effort)


def preset_of(
    conversation: Conversation, preset_id: str, name: str, created_at: datetime
) -> Preset:
    """Return a preset with a conversation's settings.

    A preset with a variant names no provider, because several serve the variants.
    """
    choice = conversation.choice
    is_variant = choice.variant is not None
    return Preset(
        preset_id,
        name,
        provider_id="" if is_variant else choice.provider_id,
        model="" if is_variant else choice.model,
        variant=choice.variant,
        effort=choice.effort,
        overrides=conversation.overrides,
        created_at=created_at,
    )
