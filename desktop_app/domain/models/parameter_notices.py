"""Notices of requested parameters that are not sent, or are sent with another value."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, notice
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.domain.models.parameter_support import (
    ParameterRefusal,
    parameter_refusals,
    refused_by_every_api,
    sendable_parameters,
)
from desktop_app.domain.models.variants import Effort

_API_NAMES: Final = {Api.RESPONSES: "Responses API", Api.CHAT_COMPLETIONS: "Chat Completions API"}
_API_REFUSALS: Final = (ParameterRefusal.NOT_IN_RESPONSES, ParameterRefusal.NOT_IN_CHAT_COMPLETIONS)
_DEFAULTS: Final = GenerationParameters()


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
    notices = [
        _refusal_notice(name, reasons[name], info)
        for name in _set_by_user(parameters, requested, reasons)
    ]
    limit = parameters.max_output_tokens
    lowered = accepted.max_output_tokens
    if "max_output_tokens" in requested and limit and lowered and lowered < limit:
        notices.append(
            notice(
                NoticeCode.SETTING_LOWERED,
                setting="max_output_tokens",
                value=str(lowered),
                model=info.name,
            )
        )
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
    name_of_api = _API_NAMES[api]
    notices = [
        notice(NoticeCode.SETTING_NOT_IN_API, setting=name, api=name_of_api)
        if reasons[name] in _API_REFUSALS
        else _refusal_notice(name, reasons[name], info)
        for name in _set_by_user(
            parameters, requested, [name for name in reasons if name not in refused_everywhere]
        )
    ]
    limit = sendable_parameters(parameters, profile, info, effort, api).max_output_tokens
    if "max_output_tokens" in requested and limit != parameters.max_output_tokens:
        raised = notice(
            NoticeCode.SETTING_RAISED,
            setting="max_output_tokens",
            value=str(limit),
            api=name_of_api,
        )
        notices.append(raised)
    return notices


def _set_by_user(
    parameters: GenerationParameters, requested: Collection[str], names: Collection[str]
) -> list[str]:
    """Return the `names` that were requested with other values than the default, in order."""
    return [
        name
        for name in names
        if name in requested and getattr(parameters, name) != getattr(_DEFAULTS, name)
    ]


def _refusal_notice(name: str, refusal: ParameterRefusal, info: ModelInfo) -> AnswerNotice:
    if refusal is ParameterRefusal.NEEDS_EFFORT:
        efforts = ", ".join(effort.value for effort in info.sampling_efforts or ())
        return notice(
            NoticeCode.SETTING_NEEDS_EFFORT, setting=name, model=info.name, efforts=efforts
        )
    return notice(NoticeCode.SETTING_NOT_SUPPORTED, setting=name, model=info.name)
