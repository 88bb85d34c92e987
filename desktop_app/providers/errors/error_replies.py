"""Turns a provider's refusals and failures into errors for the user.

The functions are pure: from the status and the parsed body they make an error of
desktop_app/domain/errors.py. The same signs (`resources/provider_errors.toml`) apply to a reply
with an error status and to an error event inside a stream.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Final

import msgspec

from desktop_app.domain import errors, hints
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.models.variants import Effort
from desktop_app.i18n.translation import N_
from desktop_app.paths import resource_path
from desktop_app.providers.errors.error_body import (
    ErrorBody,
    RequestSize,
    parse_error,
    quote,
    quoted_sentence,
)
from desktop_app.providers.http import json_fields
from desktop_app.providers.http.redaction import Redactor

_NUMBER: Final = r"[`'\"(]?(\d[\d,_]{0,12})"
_MAX_TOKENS: Final = 1_000_000_000
"""Larger numbers are not counts of tokens: the largest windows have some ten million."""


class Sign(msgspec.Struct, dict=True):
    """How errors of a kind are recognized; the file says what the fields mean.

    The file is read, and each expression compiled, when the first error needs it.
    """

    kind: str
    codes: frozenset[str] = frozenset()
    http: frozenset[int] = frozenset()
    words: list[str] = []
    statuses: frozenset[int] = frozenset({0, 400, 404, 413, 422, 500, 502})
    needs_code: bool = False
    unless: frozenset[str] = frozenset()
    param: str = ""

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(self.words), re.IGNORECASE | re.DOTALL)

    def find(self, body: ErrorBody, status: int | None) -> Mapping[str, str] | None:
        """Return the values that the message names if the error fits; None if it doesn't.

        Args:
            status: None inside an open stream, where only the event can state a status.
        """
        has_code = bool(body.names & self.codes)
        is_any = not (self.codes or self.http or self.words)
        is_stated = (status or body.http_status) in self.http or (has_code and not self.needs_code)
        if is_stated or is_any:
            return None if body.names & self.unless else {}
        is_status = not self.statuses or (status or 0) in self.statuses
        if not (self.words and is_status and (has_code or not self.needs_code)):
            return None
        match = self._pattern.search(body.message)
        return None if match is None else match.groupdict()


class _File(msgspec.Struct):
    error: list[Sign]
    sizes: dict[str, list[str]]


@cache
def _file() -> _File:
    return msgspec.toml.decode(resource_path("provider_errors.toml").read_bytes(), type=_File)


def error_signs() -> list[Sign]:
    return _file().error


def size_from_message(message: str) -> RequestSize:
    """Return the size of a refused request, in the words of a server that a gateway may quote.

    >>> size_from_message("This model's maximum context length is 2048 tokens. "
    ...                   "However, your messages resulted in 2,345 tokens.")
    RequestSize(tokens=2345, window=2048)
    """

    def first_number(what: str) -> int:
        patterns = (each.replace("N", _NUMBER) for each in _file().sizes[what])
        matches = (re.search(pattern, message, re.IGNORECASE) for pattern in patterns)
        found = next(filter(None, matches), None)
        number = int(re.sub("[,_]", "", found[1])) if found else 0
        return number if number <= _MAX_TOKENS else 0

    return RequestSize(first_number("tokens"), first_number("window"))


# "Your request was rejected by the safety system."
_UNSAFE_IMAGE: Final = lazy_pattern(r"safety|moderat|blocked|polic(y|ies)\b|flagged", re.IGNORECASE)
_ANSWER_SCHEMA: Final = lazy_pattern("Invalid schema for (response_format|text.format)")
_PARAMETER_CODES: Final = {
    "unsupported_value",
    "unsupported_parameter",
    "unknown_parameter",
    "invalid_value",
    "extra_forbidden",
    *("literal_error", "enum"),  # pydantic's, in SGLang, vLLM and Mistral
}
# Gateways also answer 500, 502 and 503 to invalid requests, which would fail again.
_WRONG_REQUEST_CODES: Final = {"invalid_request", "bad_request"}
_FAULT_CODES: Final = {
    *("server_error", "internal_error", "internal_server_error", "overloaded"),
    *("api_error", "InternalServerError"),  # Ollama, vLLM
    *("overloaded_error", "timeout_error"),  # Anthropic
}

_NO_ENDPOINT: Final = lazy_pattern(r"unexpected endpoint|invalid url|unknown (url|path)", re.I)
_PARAMETER_REFUSED: Final = lazy_pattern(
    r"(?:unsupported|unknown|unrecognized|unexpected|invalid)"
    r"(?: request)? (?:parameter|argument|field|value)\w*(?: supplied)?:? *['\"`]?([\w.]+)"
    r"|['\"`]([\w.]+)['\"`] (?:is not supported|does not support|is unsupported)"
    r"|field ['\"`]([\w.]+)['\"`]: value must be",
    re.IGNORECASE,
)
# Fields of requests by names that no ordinary sentence has.
_FIELDS: Final = (
    *("reasoning_effort", "reasoning.effort", "reasoning.summary", "text.verbosity", "verbosity"),
    *("temperature", "top_p", "presence_penalty", "frequency_penalty", "service_tier"),
    *("max_completion_tokens", "max_output_tokens", "max_tokens", "stream_options"),
    *("prompt_cache_key", "response_format", "text.format", "parallel_tool_calls"),
)
# Names that are ordinary words: they count in quotes, or where a message names a parameter.
_WORDS: Final = (
    *("stop", "n", "seed", "stream", "store", "include", "reasoning", "background"),
    *("dimensions", "encoding_format"),
)
_FIELD_NAMES: Final = "|".join(re.escape(name).replace("_", "_?") for name in _FIELDS)
_PARAMETER_NAME: Final = lazy_pattern(
    rf"(?<![\w.])({_FIELD_NAMES})(?!\w)"
    rf"|['\"`]({'|'.join(_WORDS)})['\"`]"
    # "Argument not supported on this model: stop", "does not support parameter stop", "stop: Extra
    # inputs are not permitted"
    r"|(?:\b(?:argument|parameter|param|field|setting)s?\b[^:.]{0,60}[: ] ?|\A)"
    rf"({'|'.join(_WORDS)})(?!\w| (?!is\b|are\b))",
    re.IGNORECASE,
)
_CANONICAL_FIELD_NAMES: Final = {name.replace("_", ""): name for name in _FIELDS}
_REFUSES: Final = lazy_pattern(
    r"not? (permit|support|allow|accept)|unsupported|unknown|unrecogni[sz]ed|unexpected|invalid|"
    r"can ?not find|extra inputs|extra_forbidden|no endpoints found|input should be|"
    r"(must|should) be (one of|either)|expected one of|is not one of|"
    # Claude
    r"deprecated|can ?not (both )?be|can['’]t (both )?be|may only be|or unset|incompatible|"
    r"no longer|mutually exclusive|\bonly [\w.]+ is allowed|(must|should) be (omitted|unset)",
    re.IGNORECASE,
)
# Words that refuse the setting itself, whatever its value; codes that do are in negotiation.py.
_NO_VALUE: Final = lazy_pattern(
    r"deprecated|no longer|extra inputs|can ?not find field|"
    r"(parameter|argument|field)s? (is |are )?not (supported|permitted|allowed)|"
    r"not (support|permit|allow) (the )?(parameter|argument|field)",
    re.IGNORECASE,
)
_TOGETHER: Final = lazy_pattern(
    r"(not|['’]t) (\w+ )?both\b|\bboth\b.{0,80}\bnot\b|mutually exclusive", re.IGNORECASE
)
# Ollama, for models that do not reason and for efforts that it does not know.
_NO_THINKING: Final = lazy_pattern(
    r"not support (thinking|reasoning)|invalid reasoning (value|effort)", re.IGNORECASE
)

NO_TOOLS: Final = "tools"
"""The parameter of the error for a model or server that takes no tools."""
ENCRYPTED_REASONING: Final = "encrypted_content"
"""The parameter of the error for a server that refuses the reasoning that it gets back."""
REASONING_TEXT: Final = "reasoning_content"
"""The parameter of the error for a server that wants the reasoning of answers back."""
CALL_IDS: Final = "tool_call_id"
"""The parameter of the error for a server that refuses the ids of another maker's calls."""


def error_in_reply(provider: str, value: object, request_id: str) -> errors.ProviderError | None:
    """Return the error in a reply with status 200, or None if it has none.

    LM Studio replies like this to an endpoint that it does not have.
    """
    error = parse_error(value)
    if error.message and json_fields.text(value, "object") in ("", "error"):
        return error_from(provider, error, request_id=request_id)
    return None


def redacted(redactor: Redactor, error: errors.ProviderError) -> errors.ProviderError:
    """Return an error without the secrets in its texts."""
    cleaned = error.copy_with(
        details=redactor.clean(error.details),
        api_code=redactor.clean(error.api_code),
        request_id=redactor.clean(error.request_id),
        params={
            name: redactor.clean(value) if isinstance(value, str) else value
            for name, value in error.params.items()
        },
    )
    if isinstance(cleaned, errors.RefusedParameterError):
        return cleaned.copy_with(param=redactor.clean(cleaned.param))
    return cleaned


def error_from(
    provider: str, body: ErrorBody, *, status: int | None = None, request_id: str = ""
) -> errors.ProviderError:
    """Return the error to show. `status` is None for an error inside an open stream."""
    error = _known_error(provider, body, status) or _status_error(provider, body, status)
    quoted_message = quote(body.message)
    params = dict(error.params)
    if sentence := quoted_sentence(body.message):
        params.setdefault("words", sentence)
    return error.copy_with(
        status=status,
        api_code=body.code or body.type,
        request_id=request_id,
        details=f"The provider says: {quoted_message}" if quoted_message else "",
        params=params,
    )


def image_error(provider: str, body: ErrorBody) -> errors.ProviderError:
    """Return the error of a picture that was not made. Its reason is often given in words alone."""
    if not (body.message or body.names):
        return errors.ProviderFaultError(
            N_("{provider} made no image and gave no reason."),
            hint=hints.RETRY_CHANGED,
            provider=provider,
        )
    error = error_from(provider, body)
    if isinstance(error, errors.ContentFilteredError) or not _UNSAFE_IMAGE.search(body.message):
        return error
    error_class, message, hint = _KINDS["filtered"]
    filtered = error_class(message, hint, provider=provider)
    return filtered.copy_with(
        api_code=error.api_code, details=error.details, params={**filtered.params, **error.params}
    )


_KINDS: Final[Mapping[str, tuple[type[errors.ProviderError], str, str]]] = {
    "no_credit": (
        errors.QuotaExhaustedError,
        N_("Your {provider} account has no credit."),
        hints.ADD_CREDIT,
    ),
    "filtered": (
        errors.ContentFilteredError,
        N_("The provider’s content filter stopped the response."),
        hints.RETRY_CHANGED,
    ),
    "limited": (errors.RateLimitedError, N_("{provider} is limiting requests."), hints.RETRY_SOON),
    "wrong_key": (
        errors.AuthenticationError,
        N_("{provider} rejected the API key."),
        N_("Check or replace the key in {provider_page}."),
    ),
    "unreadable_image": (
        errors.RequestRefusedError,
        N_("{provider} couldn’t read an image."),
        N_("It may be damaged or of an unsupported format. Replace or remove it."),
    ),
    "no_memory": (
        errors.ProviderFaultError,
        N_("{provider} doesn’t have enough memory for this model."),
        N_("Choose a smaller model, or free memory on the server."),
    ),
    "loading": (
        errors.ModelLoadingError,
        N_("{provider} is loading the model."),
        hints.RETRY_LATER,
    ),
    "responses_only": (
        errors.ResponsesNeededError,
        N_("This model at {provider} has the Responses API only."),
        N_("Choose that API in {network_page}, or choose another model."),
    ),
    "no_images": (
        errors.ProviderFaultError,
        N_("This model at {provider} doesn’t support these images."),
        N_("Choose a model that supports images, or remove them."),
    ),
    "model_ended": (
        errors.ModelNotFoundError,
        N_("{provider} has shut down this model."),
        N_("Choose another model."),
    ),
    "model_not_pulled": (
        errors.ModelNotFoundError,
        N_("{provider} doesn’t have the model “{model}”."),
        N_("Download it on the server, or choose another model."),
    ),
    "no_model_loaded": (
        errors.ModelNotFoundError,
        N_("{provider} has no model loaded."),
        N_("Load a model on the server, then try again."),
    ),
    "unknown_model": (
        errors.ModelNotFoundError,
        N_("{provider} doesn’t have the model “{model}”."),
        N_("Choose another model."),
    ),
    "no_deployment": (
        errors.ModelNotFoundError,
        N_("{provider} doesn’t have this model."),
        N_("Choose another model."),
    ),
    "no_model": (
        errors.ModelNotFoundError,
        N_("Your {provider} API key has no access to this model."),
        N_("Choose another model, or ask the provider for access."),
    ),
}
"""The class, the sentence and the hint of errors, by the kind of their sign."""


def _known_error(provider: str, body: ErrorBody, status: int | None) -> errors.ProviderError | None:
    """Return the error that the code, message or status identifies; None if none of them does."""
    for sign in error_signs():
        values = sign.find(body, status)
        if values is not None and (error := _made(sign, values, provider, body, status)):
            return error
    return None


def _made(
    sign: Sign, values: Mapping[str, str], provider: str, body: ErrorBody, status: int | None
) -> errors.ProviderError | None:
    """Return the error of a sign that fits; `values` are named in the message."""
    match sign.kind:
        case "too_large":
            return too_large_error(provider)
        case "too_long":
            return _too_long_error(body)
        case "setting":
            return refused_error(provider, sign.param or values["param"])
        case "named_setting" if not _named_field(body):
            return None
        case "named_setting" | "any_setting":
            return _refused_parameter(provider, body, status)
    error_class, message, hint = _KINDS[sign.kind]
    return error_class(message, hint, params={"provider": provider, **values})


def _too_long_error(body: ErrorBody) -> errors.ContextTooLongError:
    size = size_from_message(body.message)
    return errors.ContextTooLongError(
        N_("The conversation exceeds the model’s context window."),
        hint=hints.SHORTEN,
        tokens=body.size.tokens or size.tokens,
        window=body.size.window or size.window,
    )


def _named_field(body: ErrorBody) -> str | None:
    """Return the field that the message refuses, in any wording; None if it names none."""
    if _NO_THINKING.search(body.message):
        return "reasoning_effort"
    match = _PARAMETER_NAME.search(body.message) if _REFUSES.search(body.message) else None
    if match is None:
        return None
    if _other_of_two(body.message):  # the first of two remains
        match = [*_PARAMETER_NAME.finditer(body.message)][1]
    return _canonical_name(match)


def _canonical_name(match: re.Match[str]) -> str:
    name = next(filter(None, match.groups())).lower()
    canonical: str = _CANONICAL_FIELD_NAMES.get(name.replace("_", ""), name)
    return canonical


def _other_of_two(message: str) -> str:
    """Return the first of two parameters that are refused together; "" if it is none."""
    names = [*_PARAMETER_NAME.finditer(message)] if _TOGETHER.search(message) else []
    return _canonical_name(names[0]) if len(names) > 1 else ""


def _refused_parameter(
    provider: str, body: ErrorBody, status: int | None
) -> errors.RefusedParameterError | None:
    named_field = _named_field(body)
    if status not in (None, 400, 422) and not (status == 404 and named_field):
        return None
    param = body.param
    if "invalid_json_schema" in body.names or _ANSWER_SCHEMA.match(body.message):
        param = "response_format"
    else:
        match = _PARAMETER_REFUSED.search(body.message)
        if not match and not named_field and not body.names & _PARAMETER_CODES:
            return None
        name_in_message = (match[1] or match[2] or match[3]) if match else ""
        param = param or named_field or name_in_message
    if re.fullmatch(r"input\[\d+\]\.phase", param):
        return refused_error(provider, "phase")
    if param.startswith(("input", "messages", "model")):
        return None  # not a setting, but the messages or the model
    other = _other_of_two(body.message)
    return refused_error(provider, param).copy_with(
        accepted=body.accepted or _accepted_values(body.message),
        beside="" if other == param else other,
        is_any_value=_NO_VALUE.search(body.message) is not None,
    )


_ACCEPTED: Final = lazy_pattern(
    r"\b(?:values|options|efforts|levels)(?: are)?|input should be|should be either|must be either|"
    r"one of(?: the following)?(?: values)?",
    re.IGNORECASE,
)
_VALUE: Final = r"['\"`“]([A-Za-z0-9_.-]{1,32})['\"`”]"
_BETWEEN: Final = r"(?:,? (?:or|and) |[,/|]\s*)?"
_VALUES: Final = lazy_pattern(rf"[\s:=\[({{]*((?:{_VALUE}{_BETWEEN}){{1,20}})")
_EFFORT: Final = rf"({'|'.join(Effort.__members__.values())})\b"
_BARE_EFFORTS: Final = lazy_pattern(rf"[\s:=\[({{]*((?:{_EFFORT}{_BETWEEN}){{1,20}})")


def _accepted_values(message: str) -> tuple[str, ...]:
    """Return the values that a refusal accepts, in its order; () if it names none.

    >>> _accepted_values("'none' is not supported. Supported values are: 'low' and 'high'.")
    ('low', 'high')
    >>> _accepted_values("reasoning_effort: expected one of low, high")
    ('low', 'high')
    """
    # The last list: an earlier one may name what is refused.
    for cue in reversed([*_ACCEPTED.finditer(message)]):
        for values, value in ((_VALUES, _VALUE), (_BARE_EFFORTS, _EFFORT)):
            if found := values.match(message, cue.end()):
                return tuple(dict.fromkeys(re.findall(value, found[1])))
    return ()


def cut_error(provider: str) -> errors.StreamCutError:
    """Return the error for a stream that ended before its terminal event."""
    return errors.StreamCutError(
        N_("{provider} ended the response early."), hint=hints.RETRY_BILLED, provider=provider
    )


def unreadable_error(provider: str) -> errors.UnexpectedReplyError:
    """Return the error for an reply that has nothing but unreadable data."""
    return errors.UnexpectedReplyError(
        N_("{provider} sent an invalid response."), hint=hints.RETRY_BILLED, provider=provider
    )


def too_large_error(provider: str) -> errors.RequestTooLargeError:
    return errors.RequestTooLargeError(
        N_("The request is too large for {provider}."),
        hint=hints.REMOVE_ATTACHMENT,
        provider=provider,
    )


def refused_error(provider: str, param: str) -> errors.RefusedParameterError:
    """Return the error for a refused parameter; `param` is "" if it is not named."""
    return errors.RefusedParameterError(
        N_("{provider} rejected the setting “{setting}”.")
        if param
        else N_("{provider} rejected a setting."),
        hint=N_("Change that setting, or choose another model."),
        param=param,
        provider=provider,
        setting=param,
    )


def _status_error(provider: str, body: ErrorBody, status: int | None) -> errors.ProviderError:
    """Return the error for the status, if neither code nor message is known."""
    if status in (404, 405, 501) or _NO_ENDPOINT.search(body.message):
        return errors.EndpointMissingError(
            N_("Couldn’t find a compatible API at {provider}."),
            hint=hints.CHECK_ADDRESS,
            provider=provider,
        )
    if status == 403:
        return errors.AuthenticationError(
            N_("{provider} denied access."),
            hint=N_("Check the API key’s permissions and whether the provider serves your region."),
            provider=provider,
        )
    if status == 413:
        return too_large_error(provider)
    is_wrong_request = status in (500, 502, 503) and body.names & _WRONG_REQUEST_CODES
    if status is not None and (status in (408, 409) or status >= 500) and not is_wrong_request:
        return _server_fault(provider, status)
    is_fault = bool(body.names & _FAULT_CODES) or body.http_status >= 500
    if status is None and (is_fault or not body.names):
        return errors.ProviderFaultError(
            N_("{provider} failed while responding."), hint=hints.RETRY_BILLED, provider=provider
        )
    return errors.RequestRefusedError(
        N_("{provider} rejected the request."), hint=hints.RETRY_CHANGED, provider=provider
    )


def _server_fault(provider: str, status: int) -> errors.ProviderFaultError:
    """Return the error for a failure of the provider, which may have billed a slow request."""
    # Cloudflare's 520, 522 and 524 may follow on work that is billed; after 521 nothing ran.
    if status in (408, 409, 504, 520, 522, 524):
        return errors.ProviderFaultError(
            N_("{provider} didn’t finish the request in time ({http})."),
            hint=hints.RETRY_BILLED,
            provider=provider,
            http=status,
        )
    return errors.ServerTroubleError(
        N_("{provider} is having problems ({http})."),
        hint=hints.RETRY_LATER,
        provider=provider,
        http=status,
    )
