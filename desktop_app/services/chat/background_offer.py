"""Decides which answers may take long enough to run in the background."""

from __future__ import annotations

from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.services.models.choice_resolution import ResolvedChoice

_WITH_BACKGROUND = (ProviderKind.OPENAI, ProviderKind.COMPATIBLE)


def offers_background(resolved: ResolvedChoice) -> bool:
    """Return True for a long run at a provider that may support background runs.

    OpenAI supports them; whether a compatible server does, only its reply shows.
    """
    profile = resolved.profile
    info = resolved.model
    is_long = info.variant is Variant.PRO or resolved.effort is Effort.XHIGH
    may_offer = profile.kind in _WITH_BACKGROUND and profile.api is not Api.CHAT_COMPLETIONS
    return is_long and may_offer and (info.apis is None or Api.RESPONSES in info.apis)
