"""Decides which API a model is used with, and which settings it supports there.

The window uses these rules to offer settings, the client to send them. A setting of unknown support
is offered. The rule for efforts is in `model_catalog` (`effort_refusal`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import Enum, auto
from typing import Final, NamedTuple

from msgspec.structs import replace

from desktop_app.domain.answering.chat_request import FAMILY_MODEL, ProviderKind, ProviderProfile
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, notice
from desktop_app.domain.models.model_catalog import Api, ModelInfo, family_of
from desktop_app.domain.models.variants import Effort

_SAMPLING_PARAMETERS: Final = (
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "stop",
)
CHAT_ONLY: Final = ("presence_penalty", "frequency_penalty", "stop", "seed")
"""Settings that the Responses API does not have."""

# The two names of the limit on an answer's tokens in Chat Completions.
NEW_LIMIT_NAME: Final = "max_completion_tokens"
OLD_LIMIT_NAME: Final = "max_tokens"

MIN_RESPONSES_OUTPUT_TOKENS: Final = 16
"""The smallest `max_output_tokens` that the Responses API accepts."""


class ParameterRefusal(Enum):
    """The reason why a parameter is not supported.

    NEEDS_EFFORT: the model supports it only with an effort of `ModelInfo.sampling_efforts`.
    """

    NOT_SUPPORTED = auto()
    NEEDS_EFFORT = auto()
    NOT_IN_RESPONSES = auto()
    NOT_IN_CHAT_COMPLETIONS = auto()
    NO_REASONING = auto()
    LOCAL_MODEL = auto()


class ParameterNote(Enum):
    """The API that has a parameter, while a server's API is unknown."""

    CHAT_COMPLETIONS_ONLY = auto()
    RESPONSES_ONLY = auto()


def is_of_family(profile: ProviderProfile, model_id: str) -> bool:
    """Return True if a request is treated as one for the GPT family.

    These are all requests to a provider that serves the family, and requests for the family's
    models elsewhere.
    """
    return profile.serves_gpt_family or family_of(model_id).startswith(FAMILY_MODEL)


def output_limit_name(profile: ProviderProfile, model_id: str) -> str:
    """Return the name of the token limit in Chat Completions requests for a model.

    The GPT family refuses the old name, also through gateways. Other servers may ignore the new
    name, and then answer without a limit.
    """
    if profile.max_tokens_field:
        return profile.max_tokens_field
    is_new = profile.kind.takes_openai_fields or family_of(model_id).startswith(FAMILY_MODEL)
    return NEW_LIMIT_NAME if is_new else OLD_LIMIT_NAME


class LearnedSupport(NamedTuple):
    """Facts about a provider that earlier requests have shown.

    Attributes:
        api: the API of a compatible server; None while unknown.
        refused: settings that it refused for one model, as
            providers/apis/negotiation.py spells them.
    """

    api: Api | None = None
    refused: frozenset[str] = frozenset()


def first_api(
    profile: ProviderProfile,
    info: ModelInfo,
    known_api: Api | None = None,
    *,
    lacks_responses: bool = False,
) -> Api | None:
    """Return the API for a model; None if only the first request will tell.

    Args:
        known_api: the API that earlier requests to a compatible server have shown.
        lacks_responses: the provider has answered that this model has no Responses API.
    """
    if profile.api is not None:
        return profile.api
    if profile.kind is ProviderKind.ON_DEVICE or lacks_responses:
        return Api.CHAT_COMPLETIONS
    if info.apis is not None and len(info.apis) == 1:
        return info.apis[0]
    return known_api if profile.kind is ProviderKind.COMPATIBLE else Api.RESPONSES


def parameter_refusals(
    profile: ProviderProfile, info: ModelInfo, effort: Effort | None, api: Api | None
) -> dict[str, ParameterRefusal]:
    """Return the reason for each parameter that is not supported, by name.

    `ModelInfo.effort_refusal` has the rule for the effort itself.

    Args:
        api: with None, parameters that only one of the APIs does not support are left out.
    """
    refusals: dict[str, ParameterRefusal] = {}
    if not info.takes_sampling(effort or info.default_effort):
        # Models that take no temperature while they reason take no penalties and stops either.
        reason = ParameterRefusal.NOT_SUPPORTED
        if info.sampling_efforts:  # another effort allows them
            reason = ParameterRefusal.NEEDS_EFFORT
        refusals |= dict.fromkeys(_SAMPLING_PARAMETERS, reason)
    if api is Api.RESPONSES:
        refusals |= dict.fromkeys(CHAT_ONLY, ParameterRefusal.NOT_IN_RESPONSES)
    if info.takes_verbosity is False:
        refusals["verbosity"] = ParameterRefusal.NOT_SUPPORTED
    if info.efforts == ():  # known to take no effort, so it does not reason; None is unknown
        refusals["reasoning_summary"] = ParameterRefusal.NO_REASONING
    elif api is Api.CHAT_COMPLETIONS:
        refusals["reasoning_summary"] = ParameterRefusal.NOT_IN_CHAT_COMPLETIONS
    if profile.kind is ProviderKind.ON_DEVICE:
        refusals["service_tier"] = ParameterRefusal.LOCAL_MODEL
    return refusals


def refused_by_every_api(
    profile: ProviderProfile, info: ModelInfo, effort: Effort | None
) -> dict[str, ParameterRefusal]:
    """Return the reason for each parameter that both APIs refuse for the same reason.

    A parameter in CHAT_ONLY that needs another effort is not among them: the Responses API refuses
    it with any effort.
    """
    return {
        name: why
        for name, why in parameter_refusals(profile, info, effort, None).items()
        if why is not ParameterRefusal.NEEDS_EFFORT or name not in CHAT_ONLY
    }


def parameter_notes(api: Api | None) -> dict[str, ParameterNote]:
    """Return the notes by parameter, while a server's API is unknown; {} once it is known."""
    if api is not None:
        return {}
    return {
        **dict.fromkeys(CHAT_ONLY, ParameterNote.CHAT_COMPLETIONS_ONLY),
        "reasoning_summary": ParameterNote.RESPONSES_ONLY,
    }


def sendable_parameters(
    parameters: GenerationParameters,
    profile: ProviderProfile,
    info: ModelInfo,
    effort: Effort | None,
    api: Api,
) -> GenerationParameters:
    """Return the parameters that an API takes for a model, with values that it accepts."""
    parameters = without_refused(parameters, parameter_refusals(profile, info, effort, api))
    limit = parameters.max_output_tokens
    if api is Api.RESPONSES and limit is not None and limit < MIN_RESPONSES_OUTPUT_TOKENS:
        return replace(parameters, max_output_tokens=MIN_RESPONSES_OUTPUT_TOKENS)
    return parameters


def sendable_effort(info: ModelInfo, effort: Effort | None) -> Effort | None:
    """Return the effort if the model takes it, else None."""
    if effort is None or info.effort_refusal(effort) is not None:
        return None
    return effort


def without_refused(
    parameters: GenerationParameters, refused: Iterable[str]
) -> GenerationParameters:
    """Return `parameters` with the default for each refused one."""
    defaults = GenerationParameters()
    return replace(parameters, **{name: getattr(defaults, name) for name in refused})


_API_NAMES: Final = {Api.RESPONSES: "Responses API", Api.CHAT_COMPLETIONS: "Chat Completions API"}
_API_REFUSALS: Final = (ParameterRefusal.NOT_IN_RESPONSES, ParameterRefusal.NOT_IN_CHAT_COMPLETIONS)
_LIMIT: Final = "max_output_tokens"


def model_notices(
    parameters: GenerationParameters,
    accepted: GenerationParameters,
    requested: Collection[str],
    profile: ProviderProfile,
    info: ModelInfo,
    effort: Effort | None,
) -> list[AnswerNotice]:
    """Return a notice for each requested parameter that the model does not take as it is.

    Args:
        parameters: the parameters of the answer, with defaults for those that nobody set.
        accepted: the parameters that the model takes.
        requested: the names of the parameters that the user set.
    """
    reasons = refused_by_every_api(profile, info, effort)
    notices = _refusal_notices(parameters, requested, reasons, info, api="")
    limit = parameters.max_output_tokens
    lowered = accepted.max_output_tokens
    if _LIMIT in requested and limit and lowered and lowered < limit:
        code, value = NoticeCode.SETTING_LOWERED, str(lowered)
        notices.append(notice(code, setting=_LIMIT, value=value, model=info.name))
    return notices


def api_notices(
    parameters: GenerationParameters,
    requested: Collection[str],
    profile: ProviderProfile,
    info: ModelInfo,
    effort: Effort | None,
    api: Api,
) -> list[AnswerNotice]:
    """Return a notice for each requested parameter that this API does not take as it is.

    The arguments are those of `model_notices`, which reports the parameters that no API takes.
    """
    refused_everywhere = refused_by_every_api(profile, info, effort)
    reasons = parameter_refusals(profile, info, effort, api)
    own_reasons = {n: why for n, why in reasons.items() if n not in refused_everywhere}
    name = _API_NAMES[api]
    notices = _refusal_notices(parameters, requested, own_reasons, info, name)
    limit = sendable_parameters(parameters, profile, info, effort, api).max_output_tokens
    if _LIMIT in requested and limit != parameters.max_output_tokens:
        code, value = NoticeCode.SETTING_RAISED, str(limit)
        notices.append(notice(code, setting=_LIMIT, value=value, api=name))
    return notices


def _refusal_notices(
    parameters: GenerationParameters,
    requested: Collection[str],
    reasons: Mapping[str, ParameterRefusal],
    info: ModelInfo,
    api: str,
) -> list[AnswerNotice]:
    """Return a notice for each refused parameter that was requested with its own value."""
    defaults = GenerationParameters()
    notices = []
    for name, refusal in reasons.items():
        if name not in requested or getattr(parameters, name) == getattr(defaults, name):
            continue
        if refusal in _API_REFUSALS:
            notices.append(notice(NoticeCode.SETTING_NOT_IN_API, setting=name, api=api))
        elif refusal is ParameterRefusal.NEEDS_EFFORT:
            efforts = ", ".join(effort.value for effort in info.sampling_efforts or ())
            code = NoticeCode.SETTING_NEEDS_EFFORT
            notices.append(notice(code, setting=name, model=info.name, efforts=efforts))
        else:
            notices.append(notice(NoticeCode.SETTING_NOT_SUPPORTED, setting=name, model=info.name))
    return notices
