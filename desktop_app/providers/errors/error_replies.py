"""Turns a provider's refusals and failures into errors for the user.

The functions are pure: from the status, the parsed body and the request they make an error of
desktop_app/domain/errors.py. A refusal may name an optional field of the request
(`apis/request_fields`), unless its code says what else is wrong; its words may be of a known kind
(`resources/provider_errors.toml`); else the status decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any, Final

import msgspec

from desktop_app.domain import errors, hints
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.models.variants import Effort
from desktop_app.i18n.translation import N_
from desktop_app.paths import resource_path
from desktop_app.providers.apis.request_fields import is_of_message, named_field
from desktop_app.providers.errors.error_body import (
    ErrorBody,
    RequestSize,
    is_error,
    parse_error,
    quote,
    quoted_sentence,
)
from desktop_app.providers.http import json_fields
from desktop_app.providers.http.redaction import Redactor

_IN_SENTENCE: Final = r"(?:(?![.!?](?:\s|$))[^。；！？\n]){0,80}?"
_NUMBER: Final = r"[`'\"(]?(\d[\d,_]{0,12})"
_MAX_TOKENS: Final = 1_000_000_000
"""Larger numbers are not counts of tokens: the largest windows have some ten million."""


_MAX_READ_CHARS: Final = 2_000
"""Of a message, in which 30 expressions are sought: 10,000 characters can take 0.1 s."""
_BUSY: Final = frozenset({408, 409, 429, 498, 501, 503, 504, 529})


class Sign(msgspec.Struct, dict=True):
    """How errors of a kind are recognized; the file says what the fields mean.

    The file is read, and each expression compiled, when the first error needs it.
    """

    kind: str
    http: frozenset[int] = frozenset()
    words: list[str] = []
    near: list[tuple[str, str]] = []
    statuses: frozenset[int] = frozenset()
    unless: str = "(?!)"
    param: str = ""

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        pairs = [pair for a, b in self.near for pair in ((a, b), (b, a))]
        near = [f"(?:{first}){_IN_SENTENCE}(?:{second})" for first, second in pairs]
        return re.compile("|".join([*self.words, *near]), re.IGNORECASE | re.DOTALL)

    def fits(self, words: str, status: int | None) -> bool:
        """Return True if words are of this kind. `status` is None inside an open stream."""
        is_status = (status or 0) in self.statuses if self.statuses else status not in _BUSY
        if not is_status or not self._pattern.search(words):
            return False
        return not re.search(self.unless, words, re.IGNORECASE | re.DOTALL)


class _File(msgspec.Struct):
    error: list[Sign]
    sizes: dict[str, list[str]]


@cache
def _file() -> _File:
    return msgspec.toml.decode(resource_path("provider_errors.toml").read_bytes(), type=_File)


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
        digits = found[found.lastindex or 0] if found else "0"
        number = int(re.sub("[,_]", "", digits))
        return number if number <= _MAX_TOKENS else 0

    return RequestSize(first_number("tokens"), first_number("window"))


# Gateways also answer 500, 502 and 503 to invalid requests, which would fail again.
_WRONG_REQUEST_CODES: Final = {"invalid_request", "bad_request"}
_OF_TEMPLATE: Final = lazy_pattern(r"\bjinja\b|chat template|roles must alternate", re.IGNORECASE)
_FAULT_CODES: Final = {
    *("server_error", "internal_error", "internal_server_error", "overloaded"),
    *("api_error", "InternalServerError"),  # Ollama, vLLM
    *("overloaded_error", "timeout_error"),  # Anthropic
}
_NO_ENDPOINT: Final = lazy_pattern(r"unexpected endpoint|invalid url|unknown (url|path)", re.I)
_REFUSING: Final = frozenset({200, 400, 404, 422, 500, 501, 502})
"""The statuses of refusals that may name a field; 200 if nothing of an answer came before."""
# Words that refuse the setting itself, whatever its value; codes that do are in negotiation.py.
_NO_VALUE: Final = lazy_pattern(
    r"deprecated|no longer|extra inputs|can ?not find field|"
    r"(parameter|argument|field)s? (is |are )?not (supported|permitted|allowed)|"
    r"not (support|permit|allow) (the )?(parameter|argument|field)",
    re.IGNORECASE,
)
ENCRYPTED_REASONING: Final = "encrypted_content"
"""The parameter of the error for a server that refuses the reasoning that it gets back."""
REASONING_TEXT: Final = "reasoning_content"
"""The parameter of the error for a server that wants the reasoning of answers back."""
CALL_IDS: Final = "tool_call_id"
"""The parameter of the error for a server that refuses the ids of another maker's calls."""


def error_in_reply(
    provider: str, value: object, request_id: str, sent: Mapping[str, Any] | None = None
) -> errors.ProviderError | None:
    """Return the error in a reply with status 200, or None if it has none.

    LM Studio replies like this to an endpoint that it does not have, MiniMax to any request.
    """
    is_answer = json_fields.text(value, "object") == "response" or json_fields.rows(value, "output")
    if is_answer or not is_error(value):
        return None
    error = parse_error(value)
    if not error.message:
        return None
    return error_from(provider, error, status=200, request_id=request_id, sent=sent)


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
    provider: str,
    body: ErrorBody,
    *,
    status: int | None = None,
    request_id: str = "",
    sent: Mapping[str, Any] | None = None,
) -> errors.ProviderError:
    """Return the error to show.

    Args:
        status: None for an error inside an open stream, after a part of the answer.
        sent: the body of the request; None if it cannot be changed.
    """
    error = _known_error(provider, body, status, sent or {}) or _status_error(
        provider, body, status
    )
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
    """Return the error of a picture that was not made."""
    if not (body.message or body.names):
        return errors.ProviderFaultError(
            N_("{provider} made no image and gave no reason."),
            hint=hints.RETRY_CHANGED,
            provider=provider,
        )
    return error_from(provider, body)


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
        N_("{provider} doesn’t have this model."),
        N_("Download it on the server, or choose another model."),
    ),
    "no_model_loaded": (
        errors.ModelNotFoundError,
        N_("{provider} has no model loaded."),
        N_("Load a model on the server, then try again."),
    ),
    "region": (
        errors.AuthenticationError,
        N_("{provider} doesn’t serve your region."),
        hints.CHOOSE_PROVIDER,
    ),
    "sign_in": (
        errors.AuthenticationError,
        N_("{provider} requires you to sign in."),
        N_("Sign in there, then try again."),
    ),
    "unknown_model": (
        errors.ModelNotFoundError,
        N_("{provider} doesn’t have this model."),
        N_("Choose another model."),
    ),
    "no_model": (
        errors.ModelNotFoundError,
        N_("You have no access to this model at {provider}."),
        N_("Choose another model, or ask the provider for access."),
    ),
}
"""The class, the sentence and the hint of errors, by the kind of their sign."""


def _known_error(
    provider: str, body: ErrorBody, status: int | None, sent: Mapping[str, Any]
) -> errors.ProviderError | None:
    """Return the error of the code, the named field or the words; None if none is known."""
    codes = _as_words(" ".join(sorted(body.names)))
    message = body.message[:_MAX_READ_CHARS]
    words = f"{codes} {_as_words(message)}" if codes else _as_words(message)
    http = body.http_status if status in (None, 200) else status
    signs = _file().error
    sign = next((each for each in signs if http in each.http or each.fits(words, status)), None)
    may_be_field = status in _REFUSING and not any(each.fits(codes, status) for each in signs)
    is_part = sign is not None and sign.kind == "part"  # of earlier answers
    if may_be_field and not is_part and (field := named_field(message, body.param, sent)):
        path, beside = field
        return refused_error(provider, path).copy_with(
            accepted=body.accepted or _accepted_values(body.message),
            beside=beside,
            is_any_value=_NO_VALUE.search(body.message) is not None,
        )
    return _error_of(sign, provider, body, str(sent.get("model", ""))) if sign else None


def _as_words(text: str) -> str:
    """Return a message, or codes such as `AccountOverdueError` and `rate_limit`, as words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z][a-z])|_", " ", text).replace("’", "'")


def _error_of(sign: Sign, provider: str, body: ErrorBody, model: str) -> errors.ProviderError:
    match sign.kind:
        case "too_large":
            return too_large_error(provider)
        case "too_long":
            return _too_long_error(body)
        case "part":
            return refused_error(provider, sign.param)
        case "unknown_model" | "model_not_pulled" if model:
            _, _, hint = _KINDS[sign.kind]
            message = N_("{provider} doesn’t have the model “{model}”.")
            return errors.ModelNotFoundError(message, hint, provider=provider, model=model)
    error_class, message, hint = _KINDS[sign.kind]
    return error_class(message, hint, provider=provider)


def _too_long_error(body: ErrorBody) -> errors.ContextTooLongError:
    size = size_from_message(body.message)
    return errors.ContextTooLongError(
        N_("The conversation exceeds the model’s context window."),
        hint=hints.SHORTEN,
        tokens=body.size.tokens or size.tokens,
        window=body.size.window or size.window,
    )


_ACCEPTED: Final = lazy_pattern(
    r"\b(?:values|options|efforts|levels)(?: are)?|(?:should|must) be(?: either)?|expected|"
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
    message = message.replace('\\"', '"')  # of JSON in a message
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
    if status == 401:
        error_class, message, hint = _KINDS["wrong_key"]
        return error_class(message, hint, provider=provider)
    if status == 403:
        return errors.AuthenticationError(
            N_("{provider} denied access."), hint=hints.CHOOSE_PROVIDER, provider=provider
        )
    if status == 413:
        return too_large_error(provider)
    is_wrong = body.names & _WRONG_REQUEST_CODES or _OF_TEMPLATE.search(body.message)
    is_wrong_request = status in (500, 502, 503) and is_wrong
    if status is not None and (status in (408, 409) or status >= 500) and not is_wrong_request:
        return _server_fault(provider, status)
    is_fault = bool(body.names & _FAULT_CODES) or body.http_status >= 500
    if status in (None, 200) and (is_fault or not body.names):
        hint = hints.RETRY_BILLED if status is None else hints.RETRY_LATER
        return errors.ProviderFaultError(
            N_("{provider} failed while responding."), hint, provider=provider
        )
    refused = errors.RequestRefusedError(
        N_("{provider} rejected the request."), hint=hints.RETRY_CHANGED, provider=provider
    )
    return refused.copy_with(part=body.param) if is_of_message(body.param) else refused


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
