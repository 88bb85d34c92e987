"""Leaves refused parameters out of requests, and informs the user.

There are two kinds of parameters: own fields, which the program adds and drops silently, and the
user's settings, which are never dropped silently. A refusal is stored as a string: the name of an
own field (`include`), the name of a setting (`temperature`), or a setting with the refused value
(`effort="xhigh"`), so that other values are tried again.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any, Final

from desktop_app.domain.answering.answer_form import SchemaFormat
from desktop_app.domain.answering.chat_request import ChatRequest
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.stream_events import Notice, Started
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.errors import RefusedParameterError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.parameter_support import NEW_LIMIT_NAME, OLD_LIMIT_NAME
from desktop_app.providers.errors.error_replies import REASONING_TEXT

_LIMIT_FIELDS: Final = frozenset({OLD_LIMIT_NAME, NEW_LIMIT_NAME})
OWN_FIELDS: Final = _LIMIT_FIELDS | {
    *("include", "modalities", "prompt_cache_key", "stream_options", REASONING_TEXT)
}
"""Fields that the program adds.

REASONING_TEXT is the opposite: a "refusal" of it means that the server wants it.

`store` is not among them: without it, the provider's default is to store the conversation. The user
chooses the limit on the answer's tokens, but the program chooses its name.
"""

# Codes that refuse the setting itself, whatever its value. Any other may refuse only the value.
_SETTING_CODES: Final = frozenset({"unsupported_parameter", "unknown_parameter", "extra_forbidden"})
_REQUEST_FIELDS: Final = ("effort", "background", "schema")
_SETTINGS: Final = (*_REQUEST_FIELDS, *(field.name for field in fields(GenerationParameters)))


def own_field(param: str, left_out: frozenset[str]) -> str | None:
    """Return the own field that `param` names; None for a setting or a field refused before.

    "encrypted_content", the reasoning of earlier answers, counts as an own field.

    Args:
        left_out: the own fields that have been refused before.
    """
    name = param.split(".")[0].split("[")[0]
    if name in _LIMIT_FIELDS:
        # Once one name is left out, `chat_completions.body` uses the other.
        return None if _LIMIT_FIELDS & left_out else name
    is_own = name in OWN_FIELDS or name == "encrypted_content"
    return name if is_own and name not in left_out else None


def without_refused_setting(
    request: ChatRequest, info: ModelInfo, refusal: RefusedParameterError
) -> tuple[ChatRequest, str]:
    """Return `request` without the refused setting, and the refusal as a string.

    The string is the setting's name, or `name=value` if the server may take another value.

    Raises:
        RefusedParameterError: `refusal` itself, if the setting cannot be left out.
    """
    reduced = request.without_parameter(refusal.param)
    if reduced is None and refusal.param == "reasoning":
        reduced = request.without_parameter("reasoning.summary")
    if reduced is None and refusal.param == "text":
        reduced = request.without_parameter("schema")
    if reduced is None or not _may_leave_out(request, reduced, info):
        raise refusal
    name = next(
        name for name in _SETTINGS if _setting_value(request, name) != _setting_value(reduced, name)
    )
    refuses_any_value = refusal.api_code in _SETTING_CODES
    if reduced.schema is not None and name == "schema" and refuses_any_value:
        reduced = replace(reduced, schema=replace(reduced.schema, strictest=SchemaFormat.PROMPT))
    return reduced, name if refuses_any_value else _setting_with_value(request, name)


def without_known_refusals(
    request: ChatRequest, info: ModelInfo, refused: frozenset[str]
) -> tuple[ChatRequest, list[str]]:
    """Return `request` without the settings refused before, and their names."""
    names = []
    for name in _SETTINGS:
        # A schema is kept in a weaker format, which may have been refused, too.
        while refused & {name, _setting_with_value(request, name)}:
            reduced = request.without_parameter(name)
            if reduced is None or not _may_leave_out(request, reduced, info):
                break
            request = reduced
            if name != "schema":  # the answer is checked anyway
                names.append(name)
    return request, names


def _may_leave_out(request: ChatRequest, reduced: ChatRequest, info: ModelInfo) -> bool:
    """Return False for the effort of a known model: another effort has another price."""
    return reduced.effort == request.effort or info.efforts is None


def _setting_value(request: ChatRequest, name: str) -> Any:
    if name == "schema":
        return None if request.schema is None else request.schema.digest
    return getattr(request if name in _REQUEST_FIELDS else request.parameters, name)


def _setting_with_value(request: ChatRequest, name: str) -> str:
    return f"{name}={json.dumps(_setting_value(request, name))}"


def notices_for(
    provider: str, param: str, refused_field: str | None, server_message: str = ""
) -> list[Notice | Started]:
    """Return the notices for a refusal; none if the user loses nothing.

    If the service tier was refused, an event with the default tier follows its notice.

    Args:
        refused_field: the own field that was refused; None if it is a setting.
        server_message: what the server says about it, quoted in a notice.
    """
    if refused_field == "encrypted_content":
        return [Notice(notice(NoticeCode.REASONING_LEFT_OUT, provider=provider))]
    if refused_field is not None:
        return []
    if param == "n":  # the candidates are requested one by one, which the user sees
        return []
    if param == "tools" and server_message:  # the message may say what to do
        return [Notice(notice(NoticeCode.TOOLS_REFUSED, provider=provider, words=server_message))]
    first_notice = _account_notice(provider, param) or Notice(
        notice(NoticeCode.SETTING_REFUSED, provider=provider, setting=param)
    )
    return [first_notice, *_default_tier(param)]


def notices_for_known_refusals(provider: str, names: list[str]) -> list[Notice | Started]:
    """Return the notices for settings left out because of earlier refusals."""
    events: list[Notice | Started] = []
    for name in names:
        if name != "candidates":  # they are requested one by one, which the user sees
            first_notice = _account_notice(provider, name) or Notice(
                notice(NoticeCode.SETTING_LEFT_OUT, provider=provider, setting=name)
            )
            events += [first_notice, *_default_tier(name)]
    return events


def _default_tier(param: str) -> list[Started]:
    """Return an event with the default tier if the tier was refused, so that the cost is right."""
    return [Started(service_tier="default")] if param == "service_tier" else []


def _account_notice(provider: str, param: str) -> Notice | None:
    """Return the notice for a feature that OpenAI refuses to unverified organizations, or None."""
    if param == "stream":
        return Notice(notice(NoticeCode.STREAM_REFUSED, provider=provider))
    if param in ("reasoning.summary", "reasoning_summary"):
        return Notice(notice(NoticeCode.SUMMARY_REFUSED, provider=provider))
    return background_notice(provider) if param == "background" else None


def background_notice(provider: str) -> Notice:
    """Return the notice that background mode was refused: the answer ends with the connection."""
    return Notice(notice(NoticeCode.BACKGROUND_REFUSED, provider=provider))
