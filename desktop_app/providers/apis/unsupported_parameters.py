"""What is left out of a request because the server refuses it, and how that is said.

Two kinds: fields that the program adds by itself, which go without a word, and settings of the
person's, which never do. A refusal is spelled so that a list of strings can keep it: the name of
a field of ours (`include`), the name of a setting (`temperature`), or a setting with the one
value that was refused (`effort="xhigh"`), so that another value is tried anew.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, Final

from desktop_app.domain.conversations.chat_request import ChatRequest, GenerationParameters
from desktop_app.domain.conversations.stream_events import Notice, Started
from desktop_app.domain.errors import RefusedParameterError
from desktop_app.domain.models.model_catalog import ModelInfo

_LIMIT_FIELDS: Final = frozenset({"max_tokens", "max_completion_tokens"})
OWN_FIELDS: Final = _LIMIT_FIELDS | {"include", "prompt_cache_key", "stream_options"}
"""Fields that the program adds by itself. Never `store`: without it the provider's default keeps
the conversation. A limit on the answer's tokens is the person's, but its name is ours."""

# The setting itself is refused, whatever its value; any other code may mean the value alone.
_WHOLE: Final = frozenset({"unsupported_parameter", "unknown_parameter", "extra_forbidden"})
_SETTINGS: Final = ("effort", "background", *(field.name for field in fields(GenerationParameters)))


def own_field(param: str, left_out: frozenset[str]) -> str | None:
    """The field of ours that `param` means, if it can still be left out or named anew.

    "encrypted_content", the reasoning behind earlier answers, is one too.
    """
    name = param.split(".")[0].split("[")[0]
    if name in _LIMIT_FIELDS:
        return None if _LIMIT_FIELDS & left_out else name  # the adapter uses the other name
    own = name in OWN_FIELDS or name == "encrypted_content"
    return name if own and name not in left_out else None


def without_refused(
    request: ChatRequest, info: ModelInfo, refusal: RefusedParameterError
) -> tuple[ChatRequest, str]:
    """`request` less the setting that was refused, and that refusal spelled out.

    Raises:
        RefusedParameterError: `refusal` itself, where the setting cannot be left out.
    """
    lighter = request.without(refusal.param)
    if lighter is None and refusal.param == "reasoning":
        lighter = request.without("reasoning.summary")
    if lighter is None or not _may_leave_out(request, lighter, info):
        raise refusal
    name = next(name for name in _SETTINGS if _value(request, name) != _value(lighter, name))
    return lighter, name if refusal.code in _WHOLE else _with_value(request, name)


def without_known(
    request: ChatRequest, info: ModelInfo, refused: frozenset[str]
) -> tuple[ChatRequest, list[str]]:
    """`request` less the settings that were refused before, and the names of those it had."""
    names = []
    for name in _SETTINGS:
        if not refused & {name, _with_value(request, name)}:
            continue
        lighter = request.without(name)
        if lighter is not None and _may_leave_out(request, lighter, info):
            request = lighter
            names.append(name)
    return request, names


def _may_leave_out(request: ChatRequest, lighter: ChatRequest, info: ModelInfo) -> bool:
    """Not the effort of a model that is known: another than the chosen one is another price."""
    return lighter.effort == request.effort or info.efforts is None


def _value(request: ChatRequest, name: str) -> Any:
    return getattr(request if name in ("effort", "background") else request.parameters, name)


def _with_value(request: ChatRequest, name: str) -> str:
    return f"{name}={json.dumps(_value(request, name))}"


def told(provider: str, param: str, own: str | None) -> list[Notice | Started]:
    """What the person should know of what was just refused; nothing where nothing is lost."""
    if own == "encrypted_content":
        return [
            Notice(
                f"{provider} could not read the reasoning behind earlier answers; it was left out."
            )
        ]
    # Whoever wants the other answers asks for them, and says so.
    if own is not None or param == "n":
        return []
    notice = _of_account(provider, param) or Notice(
        f"{provider} refused the setting “{param}”; the answer was made without it."
    )
    return [notice, *_tier_without(param)]


def told_again(provider: str, names: list[str]) -> list[Notice | Started]:
    """What the person should know of settings that were refused before and are left out again."""
    events: list[Notice | Started] = []
    for name in names:
        if name != "candidates":  # whoever wants the others asks for them, and says so
            notice = _of_account(provider, name) or Notice(
                f"{provider} refused the setting “{name}” before; the answer was made without it."
            )
            events += [notice, *_tier_without(name)]
    return events


def _tier_without(param: str) -> list[Started]:
    """Where a tier was refused, what it would have cost is not what the answer costs."""
    return [Started(service_tier="default")] if param == "service_tier" else []


def _of_account(provider: str, param: str) -> Notice | None:
    """What OpenAI refuses to organisations that are not verified."""
    if param == "stream":
        return Notice(f"{provider} does not stream to this account; the answer came as a whole.")
    if param in ("reasoning.summary", "reasoning_summary"):
        return Notice(f"{provider} gives this account no summary of the reasoning.")
    return notice_of_background(provider) if param == "background" else None


def notice_of_background(provider: str) -> Notice:
    """That the answer ends with the connection after all."""
    return Notice(f"{provider} does not run this in the background; it ends with the connection.")
