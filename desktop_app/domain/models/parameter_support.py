"""Tells which API a model is called through, and which settings it takes there.

The window (what to offer) and the client (what to send) share these answers. What is unknown is
offered, never refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from desktop_app.domain.conversations.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.generation import GenerationParameters
from desktop_app.domain.models.model_catalog import Api, Effort, ModelInfo

CHAT_ONLY: Final = ("presence_penalty", "frequency_penalty", "stop")
"""Settings that the Responses API does not have."""


@dataclass(frozen=True)
class LearnedSupport:
    """Facts about a provider that earlier requests have shown.

    Attributes:
        api: the API of a compatible server; None while unknown.
        refused: settings that it refused for one model, as
            providers/apis/unsupported_parameters.py spells them.
    """

    api: Api | None = None
    refused: frozenset[str] = frozenset()


def first_api(
    profile: ProviderProfile,
    info: ModelInfo,
    known: Api | None = None,
    *,
    lacks_responses: bool = False,
) -> Api | None:
    """Return the API for a model; None if only the first request will tell.

    Args:
        known: the API that earlier requests to a compatible server have shown.
        lacks_responses: the provider has answered that this model has no Responses API.
    """
    if profile.api is not None:
        return profile.api
    if profile.kind is ProviderKind.ON_DEVICE or lacks_responses:
        return Api.CHAT_COMPLETIONS
    if info.apis is not None and len(info.apis) == 1:
        return info.apis[0]
    return known if profile.kind is ProviderKind.COMPATIBLE else Api.RESPONSES


def supports_candidates(profile: ProviderProfile, info: ModelInfo, learned: LearnedSupport) -> bool:
    """Return True if one request can ask for several answers, whose input counts once.

    The on-device model makes one answer at a time.
    """
    if profile.kind is ProviderKind.ON_DEVICE:
        return False
    refuses = any(name.split("=")[0] == "candidates" for name in learned.refused)
    return first_api(profile, info, learned.api) is Api.CHAT_COMPLETIONS and not refuses


def refusals(
    profile: ProviderProfile, info: ModelInfo, effort: Effort | None, api: Api | None
) -> dict[str, str]:
    """Return a sentence on why for each parameter that is not supported, by name."""
    why: dict[str, str] = {}
    if sampling := info.sampling_refusal(effort or info.default_effort):
        # Models that take no temperature while they think take no penalty and no stop either.
        why["temperature"] = sampling
        why |= dict.fromkeys(("top_p", *CHAT_ONLY), sampling.replace("a temperature", "it"))
    if api is Api.RESPONSES:
        has_none = f"{info.name} is asked through the Responses API, which has none."
        why |= dict.fromkeys(CHAT_ONLY, has_none)
    if info.takes_verbosity is False:
        why["verbosity"] = f"{info.name} does not take it."
    if info.efforts == ():
        why["reasoning_summary"] = f"{info.name} does not reason before it answers."
    elif api is Api.CHAT_COMPLETIONS:
        why["reasoning_summary"] = (
            f"{info.name} is asked through Chat Completions, which has no summaries."
        )
    if profile.kind is ProviderKind.ON_DEVICE:
        why["service_tier"] = "There is one on this computer."
    return why


def notes(profile: ProviderProfile, api: Api | None) -> dict[str, str]:
    """Return a note for each parameter that may be supported, by name."""
    if api is not None:
        return {}
    unknown = (
        f"Which API {profile.name} has shows with the first answer. Sent where it is Chat "
        "Completions; the Responses API has none."
    )
    summary = "Sent where the server has the Responses API."
    return {**dict.fromkeys(CHAT_ONLY, unknown), "reasoning_summary": summary}


def without_refused(
    parameters: GenerationParameters, refused: dict[str, str]
) -> GenerationParameters:
    """Return `parameters` with the refused ones reset."""
    plain = GenerationParameters()
    return replace(parameters, **{name: getattr(plain, name) for name in refused})
