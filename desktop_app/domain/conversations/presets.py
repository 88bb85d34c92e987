"""Presets: who answers and how, under a name, to be put into force in a conversation at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from desktop_app.domain.conversations.conversation import Conversation, ModelChoice
from desktop_app.domain.conversations.generation import Overrides
from desktop_app.domain.models.model_catalog import Effort, Variant


@dataclass(frozen=True, slots=True)
class Preset:
    """What a conversation takes over; what is not set here stays as it is there.

    Attributes:
        provider_id: "" for the conversation's own.
        model: an id of that provider's, where `variant` is None; "" for the conversation's own.
        overrides: the instructions and parameters; they take the place of the conversation's.
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

    def choice_from(self, choice: ModelChoice, *, serves_the_family: bool) -> ModelChoice:
        """Who answers in a conversation that had `choice`.

        Args:
            serves_the_family: whether the provider that will answer has the three variants; where it
                has not, the conversation's own model stays.
        """
        wanted = replace(choice, provider_id=self.provider_id or choice.provider_id)
        if self.variant is not None and serves_the_family:
            wanted = replace(wanted, variant=self.variant, model="")
        elif self.model and self.provider_id:
            wanted = replace(wanted, variant=None, model=self.model)
        return wanted if self.effort is None else replace(wanted, effort=self.effort)


def preset_of(conversation: Conversation, preset_id: str, name: str, at: datetime) -> Preset:
    """A conversation's settings under a name. With a variant it is for any provider that serves the
    family; another model is kept with its provider."""
    choice = conversation.choice
    is_variant = choice.variant is not None
    return Preset(
        preset_id,
        name,
        "" if is_variant else choice.provider_id,
        "" if is_variant else choice.model,
        choice.variant,
        choice.effort,
        conversation.overrides,
        created_at=at,
    )
