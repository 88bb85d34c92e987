"""The models that an evaluation compares, and the settings of its cases."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from desktop_app.domain.conversations.conversation import ModelChoice
    from desktop_app.domain.evaluation.evaluation_case import EvaluationCase
    from desktop_app.services.chat.chat_service import AskSettings
    from desktop_app.services.chat.choice_resolution import ResolvedChoice


@dataclass(frozen=True)
class Contestant:
    """A variant or model that answers all cases."""

    choice: ModelChoice
    resolved: ResolvedChoice

    @property
    def identity(self) -> tuple[str, ...]:
        """Return the provider, model and effort ("" if none), which decide its answers."""
        effort = self.resolved.effort
        return self.resolved.profile.id, self.resolved.model.id, effort.value if effort else ""


def digest(value: Any) -> str:
    """Return a hash of JSON-ready values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def settings_for(settings: AskSettings, case: EvaluationCase) -> AskSettings:
    """Return the settings of a case, which may have instructions and examples of its own."""
    if case.instructions is not None:
        settings = replace(settings, instructions=case.instructions)
    return replace(settings, examples=case.examples) if case.examples else settings
