"""The fields that a request can do without, and which of them a refusal names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from desktop_app.domain.lazy_pattern import lazy_pattern

TOOLS: Final = "tools"
"""The field of tools, which a model or server may not take."""


class OptionalField(NamedTuple):
    """A field of requests, by the name of its setting, or its own if the program adds it.

    Attributes:
        paths: its names in the APIs; the refusal may spell them in any case, with or without _.
        words: a regular expression for other names that refusals have for it.
        is_word: the names are ordinary words, which count in quotes or after "parameter" only.
    """

    name: str
    paths: tuple[str, ...]
    words: str = ""
    is_word: bool = False


_SUPPORT: Final = r"(?:support|allow|enabl|permit|accept|available|implement)\w*"
_TOOL: Final = r"\b(?:tools?|tool[ _-](?:use|call(?:s|ing)?|choice)|function[ _-]?call\w*)\b"

_OPTIONAL_FIELDS: Final = (
    OptionalField("temperature", ("temperature",)),
    OptionalField("top_p", ("top_p",)),
    OptionalField("presence_penalty", ("presence_penalty",)),
    OptionalField("frequency_penalty", ("frequency_penalty",)),
    OptionalField("service_tier", ("service_tier",)),
    OptionalField("verbosity", ("verbosity", "text.verbosity")),
    OptionalField(
        "max_output_tokens", ("max_completion_tokens", "max_output_tokens", "max_tokens")
    ),
    OptionalField("stream_options", ("stream_options",)),
    OptionalField("prompt_cache_key", ("prompt_cache_key",)),
    OptionalField("parallel_tool_calls", ("parallel_tool_calls",)),
    OptionalField("modalities", ("modalities",)),
    OptionalField("encoding_format", ("encoding_format",)),
    OptionalField(
        "schema",
        ("response_format", "text.format"),
        r"json[ _-]?(?:schema|object|mode)|response[ _]?schema|structured[ _-]?outputs?|guided|"
        r"\bschemas?\b|\bgrammar\b|(?:validate|generate|valid) json",
    ),
    OptionalField(
        "reasoning_summary", ("reasoning.summary",), r"(?:reasoning|thought)[ _]summar(?:y|ies)"
    ),
    OptionalField(
        "effort",
        ("reasoning_effort", "reasoning.effort", "chat_template_kwargs"),
        r"\befforts?\b|\b(?:thinking|reasoning)\b(?! (?:tokens?|content|items?|blocks?))|"
        r"\bbudget -?\d|\bthinking_?budget|enable_thinking|思考|推理",
    ),
    OptionalField("include", ("include",), r"encrypted[ _](?:content|reasoning)", is_word=True),
    OptionalField(
        TOOLS,
        (TOOLS,),
        rf"(?:(?:not|n['’]t|no endpoints found that)\s(?:\w+\s){{0,2}}{_SUPPORT}.{{0,30}}?{_TOOL}|"
        rf"{_TOOL}\W.{{0,40}}?(?:not\s(?:\w+\s)?{_SUPPORT}|unsupported|unavailable|disabled|--\w)|"
        r"不支持.{0,8}(?:工具|函数))",
        is_word=True,
    ),
    OptionalField("stop", ("stop",), r"stop sequences?", is_word=True),
    OptionalField("seed", ("seed",), is_word=True),
    OptionalField("stream", ("stream",), is_word=True),
    OptionalField("background", ("background",), is_word=True),
    OptionalField("store", ("store",), is_word=True),
    OptionalField("dimensions", ("dimensions",), is_word=True),
)
_FIELDS: Final = {each.name: each for each in _OPTIONAL_FIELDS}
_NOT_OPTIONAL: Final = ("model", "messages", "input", "instructions")
_PHASE: Final = lazy_pattern(r"input\[\d+\]\.phase")
_TOGETHER: Final = lazy_pattern(
    r"(not|['’]t) (\w+ )?both\b|\bboth\b.{0,80}\bnot\b|mutually exclusive", re.IGNORECASE
)


def sent_fields(sent: Mapping[str, Any]) -> dict[str, str]:
    """Return the paths of the optional fields of a request, by their names."""
    return {name: path for name, each in _FIELDS.items() for path in each.paths if _has(sent, path)}


def _has(sent: Mapping[str, Any], path: str) -> bool:
    head, _, rest = path.partition(".")
    value = sent.get(head)
    return value is not None and (not rest or (isinstance(value, Mapping) and rest in value))


def is_of_message(param: str) -> bool:
    """Return True if the field that an error has is of the messages or the model."""
    return re.split(r"[.\[]", param)[0] in _NOT_OPTIONAL


def named_field(message: str, param: str, sent: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the field of a request that its refusal names; None for any other field or none.

    After it comes the field that it can't stand beside; "" if it is refused alone.

    Args:
        param: the field that the error has for it; "" for none.
    """
    if _PHASE.fullmatch(param):
        return "phase", ""
    if re.split(r"[.\[]", param)[0] in sent and not is_of_message(param):
        return param, ""
    paths = sent_fields(sent)
    in_param = [path for name, path in paths.items() if _exact(name).search(param)]
    found = sorted(
        (match.start(), path)
        for name, path in paths.items()
        for match in _strict(name).finditer(message)
    )
    in_message = list(dict.fromkeys(path for _, path in found))
    if len(in_message) > 1 and _TOGETHER.search(message):  # the first of two remains
        return in_message[1], in_message[0]
    in_words = (path for name, path in paths.items() if _loose(name).search(message))
    return next(((path, "") for path in (*in_param, *in_message, *in_words)), None)


@cache
def _exact(name: str) -> re.Pattern[str]:
    """Return the pattern of a field's names in any spelling."""
    return re.compile(rf"(?<!\w){_names(name)}(?!\w)", re.IGNORECASE)


@cache
def _strict(name: str) -> re.Pattern[str]:
    """Return the pattern of names that no ordinary sentence has."""
    if not _FIELDS[name].is_word:
        return _exact(name)
    names = _names(name)
    # "Argument not supported on this model: stop", "does not support parameter stop", "stop: Extra
    # inputs are not permitted"
    return re.compile(
        rf"['\"`]{names}['\"`]"
        r"|(?:\b(?:argument|parameter|param|field|setting)s?\b[^:.]{0,60}[: ] ?|\A)"
        rf"{names}(?!\w| (?!is\b|are\b))",
        re.IGNORECASE,
    )


@cache
def _loose(name: str) -> re.Pattern[str]:
    """Return the pattern of other names; of none, a pattern that fits nothing."""
    return re.compile(_FIELDS[name].words or r"(?!)", re.IGNORECASE | re.DOTALL)


def _names(name: str) -> str:
    """Return the pattern of a field's paths, also as `topP`, `top p` and `reasoning effort`."""
    paths = sorted(_FIELDS[name].paths, key=len, reverse=True)
    spelled = (re.escape(path).replace("_", "[_ ]?").replace(r"\.", "[._ ]") for path in paths)
    return f"(?:{'|'.join(spelled)})"
