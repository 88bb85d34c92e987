"""Turns a provider's refusals and failures into errors for the user.

The functions are pure: from the status and the parsed body they make an error of
desktop_app/domain/errors.py. The same rules apply to a reply with an error status and to an error
event inside a stream. Sources: OpenAI's error codes and SDK, and the shapes that vLLM, llama.cpp,
Ollama, LM Studio and CometAPI really send.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from desktop_app.domain import errors, hints
from desktop_app.domain.network.redaction import Redactor
from desktop_app.i18n.translation import N_
from desktop_app.providers.errors.error_body import (
    ErrorBody,
    parse_error,
    quote,
    quoted_sentence,
    size_from_message,
)
from desktop_app.providers.http import json_fields

# The statuses of refused requests; None stands for an error inside an open stream, which has none.
_CLIENT_ERROR_STATUSES: Final = (None, 400, 404, 413, 422)
# Also the statuses of gateways that failed because the server behind them refused the request.
_REFUSAL_STATUSES: Final = (*_CLIENT_ERROR_STATUSES, 500, 502)
_QUOTA_CODES: Final = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "billing_hard_limit_reached",
        "billing_not_active",
        "exceeded_current_quota_error",  # Moonshot
    }
)
_RATE_CODES: Final = frozenset({"rate_limit_exceeded", "rate_limit_error", "too_many_requests"})
_KEY_CODES: Final = frozenset(
    {
        "invalid_api_key",
        "invalid_authentication",
        "authentication_error",
        # LiteLLM: a key that it does not know, with and without a database to look it up in.
        "auth_error",
        "expired_key",
        "token_not_found_in_db",
        "no_db_connection",
    }
)
_CONTEXT_CODES: Final = frozenset({"context_length_exceeded", "exceed_context_size_error"})
# OpenAI's and Azure's. OpenAI's invalid_prompt counts only if the message fits _FLAGGED.
_FILTER_CODES: Final = frozenset(
    {
        "content_filter",
        "content_policy_violation",
        "image_content_policy_violation",
        "bio_policy",
        "misalignment_policy_violation",
        "ResponsibleAIPolicyViolation",
        "moderation_blocked",
    }
)
_FLAGGED: Final = re.compile(r"usage polic|flagged|content (management )?polic", re.IGNORECASE)
# "Your request was rejected by the safety system."
_UNSAFE_IMAGE: Final = re.compile(r"safety|moderat|blocked|polic(y|ies)\b|flagged", re.IGNORECASE)
_MODEL_CODES: Final = frozenset(
    {
        "model_not_found",
        "model_deprecated",
        "model_decommissioned",
        "model_not_available",  # Together
        "DeploymentNotFound",
    }
)
_ANSWER_SCHEMA: Final = re.compile("Invalid schema for (response_format|text.format)")
_PARAMETER_CODES: Final = {
    "unsupported_value",
    "unsupported_parameter",
    "unknown_parameter",
    "invalid_value",
    "extra_forbidden",
    *("literal_error", "enum"),  # pydantic's, in SGLang, vLLM and Mistral
}
# Of OpenAI, if a file is no image, or one that it can't read.
_IMAGE_CODES: Final = frozenset(
    {
        *("invalid_image", "invalid_image_format", "invalid_base64_image", "invalid_image_mode"),
        *("image_parse_error", "image_too_large", "image_too_small", "image_file_too_large"),
        *("unsupported_image_media_type", "empty_image_file"),
    }
)
# Gateways also answer 500, 502 and 503 to invalid requests, which would fail again.
_WRONG_REQUEST_CODES: Final = {"invalid_request", "bad_request"}
_FAULT_CODES: Final = {
    *("server_error", "internal_error", "internal_server_error", "overloaded"),
    *("api_error", "InternalServerError"),  # Ollama, vLLM
    *("overloaded_error", "timeout_error"),  # Anthropic
}

# The status of these messages is often a gateway's 500.
_CONTEXT_TOO_LONG: Final = re.compile(
    r"(maximum|exceed\w{0,8}|available|too (long|large)|(longer|greater) than).{0,80}context|"
    r"context.{0,40}(exceed|too (long|large)|overflow|is only)|prompt is too long|"
    r"longer than the maximum model length|please reduce the length of the (messages|prompt|input)|"
    r"\bn_keep\b.{0,30}\bn_ctx\b|"
    r"`inputs`( tokens \+ `max_new_tokens`)? must (have less than|be <=)",
    re.IGNORECASE | re.DOTALL,
)
# Requests of embeddings: llama.cpp, TEI, Mistral, Gemini, Cohere and LocalAI.
_TOO_MANY_TEXTS: Final = re.compile(
    r"physical batch size|batch size .{0,20}>|too many (inputs|texts|tokens)|"
    r"too large to process|at most \d+ (requests|inputs|texts|items)|"
    r"(maximum|max\.?) (allowed )?(batch size|(number of )?(inputs|texts|items))",
    re.IGNORECASE,
)
# Groq and vLLM: the messages fit the window, but the limit of the answer is too large for it.
_LIMIT_TOO_LARGE: Final = re.compile(
    r"^[`'\"]?(max_tokens|max_completion_tokens)[`'\"]?( or [`'\"]?\w+[`'\"]?)? "
    r"(is too large|must be (less|at most|<))",
    re.IGNORECASE,
)
_KEY_REFUSED: Final = re.compile(
    r"\b(invalid|incorrect|wrong|expired|missing) (\w+ ){0,2}(api|subscription|virtual) key|"
    r"api key (not valid|is invalid|is missing|is required)|"
    r"authentication (error|fails?|failed)\b|no connected db",
    re.IGNORECASE,
)
_NO_CREDIT: Final = re.compile(
    r"insufficient (balance|credits?|funds)\b|credit balance is too low", re.IGNORECASE
)
# A single request with more tokens than a minute allows: it never passes.
_TOO_LARGE_FOR_MINUTE: Final = re.compile(
    r"request too large .{0,300}tokens per min", re.IGNORECASE | re.DOTALL
)
_MODEL_MISSING: Final = re.compile(
    r"\bmodel\b.{0,120}(not found|not exist|does not exist|not available|no such|not supported|"
    r"deprecated|retired|decommissioned|no longer|shut down)|"
    r"(no such|unknown|invalid) model\b|no models loaded|unable to access (\S+ )?model\b|"
    # OpenRouter, if the account's privacy settings leave no provider of the model.
    r"no endpoints (found|available)|no allowed providers are available",
    re.IGNORECASE | re.DOTALL,
)
_IMAGE_UNREADABLE: Final = re.compile(
    r"does not represent a valid image|(could not|cannot|can't|failed to|unable to) "
    r"(process|parse|decode|load|identify) .{0,20}image|unsupported image (format|type|media)|"
    r"(invalid|corrupt\w*|damaged) (base64 )?image|image .{0,40}(is )?(corrupt|damaged|truncated)",
    re.IGNORECASE,
)
# OpenAI, OpenRouter, vLLM, llama.cpp, LM Studio; Ollama, also for images that are invalid.
_IMAGES_REFUSED: Final = re.compile(
    r"(images?|vision|multi-?modal|image_url|input_image|mmproj)\b.{0,80}"
    r"(not support|unsupported|not (a )?(valid|allowed|multi-?modal)|only supported"
    r"|does not|doesn't"
    r"|not enabled)|"
    r"(not support|unsupported|no endpoints found|not a|at most 0).{0,80}"
    r"\b(images?|vision|multi-?modal|image_url|input_image)\b|"
    # llama-cpp-python, whose template joins texts; only a message with images is a list.
    r"can only concatenate str \(not .list.\) to str",
    re.IGNORECASE | re.DOTALL,
)
# llama-cpp-python, with status 500; DeepSeek.
_FORMAT_REFUSED: Final = re.compile(
    r"input should be .text. or .json_object.|"
    r"response_format\b.{0,60}(unavailable|unsupported|not (supported|available))",
    re.IGNORECASE,
)
_MODEL_ENDED: Final = re.compile(
    r"\bmodel\b.{0,120}(deprecated|retired|decommissioned|no longer|shut down|sunset)",
    re.IGNORECASE | re.DOTALL,
)
_ENDED_CODES: Final = frozenset({"model_deprecated", "model_decommissioned"})
# Ollama; llama.cpp's router.
_NOT_PULLED: Final = re.compile(r"\bmodel ['\"`]([^'\"`]{1,200})['\"`] not found", re.IGNORECASE)
_NO_MEMORY: Final = re.compile(
    r"requires? more (system |gpu |video )?memory|(not enough|insufficient|out of) (\w+ )?memory|"
    r"failed to allocate|cudaMalloc failed",
    re.IGNORECASE,
)
# llama.cpp, Text Generation Inference, Hugging Face.
_LOADING: Final = re.compile(
    r"\bloading (the )?model|\bmodel\b.{0,200} (is|still) .{0,12}loading", re.I
)
_RESPONSES_ONLY: Final = re.compile(
    r"only (supported|available) (in|with|through|via) (the )?`?/?(v1/)?responses|"
    r"use (the )?`?/?v1/responses|use the responses api",
    re.IGNORECASE,
)
_NO_ENDPOINT: Final = re.compile(r"unexpected endpoint|invalid url|unknown (url|path)", re.I)
_PARAMETER_REFUSED: Final = re.compile(
    r"(?:unsupported|unknown|unrecognized|unexpected|invalid)"
    r"(?: request)? (?:parameter|argument|field|value)\w*(?: supplied)?:? *['\"`]?([\w.]+)"
    r"|['\"`]([\w.]+)['\"`] (?:is not supported|does not support|is unsupported)"
    r"|field ['\"`]([\w.]+)['\"`]: value must be",
    re.IGNORECASE,
)
# Fields of requests by names that no ordinary sentence has. Ambiguous names count only in quotes.
_FIELDS: Final = (
    *("reasoning_effort", "reasoning.effort", "reasoning.summary", "text.verbosity", "verbosity"),
    *("temperature", "top_p", "presence_penalty", "frequency_penalty", "service_tier"),
    *("max_completion_tokens", "max_output_tokens", "max_tokens", "stream_options"),
    *("prompt_cache_key", "response_format", "text.format"),
)
_PARAMETER_NAME: Final = re.compile(
    rf"(?<![\w.])({'|'.join(re.escape(name).replace('_', '_?') for name in _FIELDS)})(?!\w)"
    r"|['\"`](stop|n|stream|store|include|reasoning|background|dimensions|encoding_format)['\"`]"
    r"|\bsetting (dimensions)\b",  # LiteLLM
    re.IGNORECASE,
)
_CANONICAL_FIELD_NAMES: Final = {name.replace("_", ""): name for name in _FIELDS}
_REFUSES: Final = re.compile(
    r"not? (permit|support|allow|accept)|unsupported|unknown|unrecogni[sz]ed|unexpected|invalid|"
    r"can ?not find|extra inputs|extra_forbidden|no endpoints found|input should be|"
    r"(must|should) be (one of|either)|expected one of|is not one of",
    re.IGNORECASE,
)
# Ollama, for models that do not reason and for efforts that it does not know.
_NO_THINKING: Final = re.compile(
    r"not support (thinking|reasoning)|invalid reasoning (value|effort)", re.IGNORECASE
)

# Ollama, DeepSeek, OpenRouter, Groq, LiteLLM; then vLLM and llama.cpp, whose messages name the
# missing command-line option.
_REFUSES_TOOLS: Final = re.compile(
    r"(does not|doesn't|do not|not) (support|allow|enable) (the )?(use of )?"
    r"(tools?\b|tool (use|call)|function call)|"
    r"no endpoints found that support tool|"
    r"(tool|function)[ _-]?(use|call(s|ing)?)\W{0,2} (is|are) not (supported|enabled|available)|"
    r"--enable-auto-tool-choice|\btools?\b.{0,40}--jinja",
    re.IGNORECASE,
)
NO_TOOLS: Final = "tools"
"""The parameter of the error for a model or server that takes no tools."""

# DeepSeek and Moonshot, whose models reason on between two calls of tools.
_WANTS_REASONING: Final = re.compile(
    r"reasoning_content\W.{0,60}(is missing|must be passed back)|missing\W{1,3}reasoning_content\b",
    re.IGNORECASE,
)
# OpenAI and Azure (of reasoning that lacks its item, and the reverse), Gemini, and Claude; the
# latter two through OpenRouter and other gateways. Sources: their users' threads, 2025 and 2026.
_REFUSES_REASONING: Final = re.compile(
    r"required following item|without its required .{0,3}reasoning.{0,3} item|"
    r"\bitem with id .{1,200}? not found|"
    r"encrypted content .{0,120}could not be (verified|decrypted)|"
    r"thought_?signature\b.{0,60}(missing|invalid|not valid|required|corrupt)|"
    r"(missing|invalid|corrupted) .{0,5}"
    r"(thought[_ ]?signature|signature.{0,5} in .{0,5}thinking)|"
    r"reasoning details to be preserved|"
    r"expected .{0,3}thinking.{0,3} (or .{0,3}redacted_thinking.{0,3})?,? ?but found",
    re.IGNORECASE | re.DOTALL,
)
ENCRYPTED_REASONING: Final = "encrypted_content"
"""The parameter of the error for a server that refuses the reasoning that it gets back."""
REASONING_TEXT: Final = "reasoning_content"
"""The parameter of the error for a server that wants the reasoning of answers back."""


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
    error = error_from(provider, body)
    if isinstance(error, errors.ContentFilteredError) or not _UNSAFE_IMAGE.search(body.message):
        return error
    filtered = _FILTERED(provider, body)
    return filtered.copy_with(
        api_code=error.api_code, details=error.details, params={**filtered.params, **error.params}
    )


class _Rule(NamedTuple):
    """A kind of error, and its signs: codes, an HTTP status, or words with some statuses."""

    make: Callable[[str, ErrorBody], errors.ProviderError]
    codes: frozenset[str] = frozenset()
    http_status: int = 0
    words: re.Pattern[str] | None = None
    statuses: tuple[int | None, ...] = _REFUSAL_STATUSES

    def fits(self, body: ErrorBody, status: int | None) -> bool:
        # Inside an open stream, `status` is None, and only the event can state a status.
        if body.names & self.codes or 0 < self.http_status == (status or body.http_status):
            return True
        if self.words is None or status not in self.statuses:
            return False
        return bool(self.words.search(body.message))


def _kind(
    error_class: type[errors.ProviderError], message: str, hint: str
) -> Callable[[str, ErrorBody], errors.ProviderError]:
    return lambda provider, _body: error_class(message, hint, provider=provider)


def _refusal_of(param: str) -> Callable[[str, ErrorBody], errors.ProviderError]:
    return lambda provider, _body: refused_error(provider, param)


def _limit_refusal(provider: str, body: ErrorBody) -> errors.ProviderError:
    match = _LIMIT_TOO_LARGE.search(body.message)
    return refused_error(provider, match[1] if match else "")


def _too_long_error(_provider: str, body: ErrorBody) -> errors.ContextTooLongError:
    size = size_from_message(body.message)
    return errors.ContextTooLongError(
        N_("The conversation exceeds the model’s context window."),
        hint=N_("Remove an attachment, start a new conversation, or choose another model."),
        tokens=body.size.tokens or size.tokens,
        window=body.size.window or size.window,
    )


_FILTERED: Final = _kind(
    errors.ContentFilteredError,
    N_("The provider’s content filter stopped the response."),
    hints.RETRY_CHANGED,
)
# The first rule that fits decides.
_RULES: Final = (
    _Rule(
        _kind(
            errors.QuotaExhaustedError,
            N_("Your {provider} account has no credit."),
            hints.ADD_CREDIT,
        ),
        _QUOTA_CODES,
        402,
        _NO_CREDIT,
        (*_REFUSAL_STATUSES, 429),
    ),
    _Rule(_FILTERED, _FILTER_CODES, words=_FLAGGED, statuses=(403,)),  # 403: OpenRouter
    _Rule(
        lambda provider, _body: too_large_error(provider),
        words=_TOO_LARGE_FOR_MINUTE,
        statuses=(None, 400, 413, 429),
    ),
    _Rule(
        _kind(errors.RateLimitedError, N_("{provider} is limiting requests."), hints.RETRY_SOON),
        _RATE_CODES,
        429,
    ),
    _Rule(
        _kind(
            errors.AuthenticationError,
            N_("{provider} rejected the API key."),
            N_("Check or replace the key in {provider_page}."),
        ),
        _KEY_CODES,
        401,
        _KEY_REFUSED,
    ),
    _Rule(_limit_refusal, words=_LIMIT_TOO_LARGE, statuses=(400, 422)),
    _Rule(_too_long_error, _CONTEXT_CODES, words=_CONTEXT_TOO_LONG),
    _Rule(lambda provider, _body: too_large_error(provider), words=_TOO_MANY_TEXTS),
    _Rule(_refusal_of(NO_TOOLS), words=_REFUSES_TOOLS, statuses=(*_REFUSAL_STATUSES, 501)),
    _Rule(
        _refusal_of(ENCRYPTED_REASONING),
        frozenset({"invalid_encrypted_content"}),
        words=_REFUSES_REASONING,
        statuses=_REFUSAL_STATUSES[1:],
    ),
    _Rule(_refusal_of(REASONING_TEXT), words=_WANTS_REASONING, statuses=_REFUSAL_STATUSES[1:]),
    _Rule(_refusal_of("response_format"), words=_FORMAT_REFUSED, statuses=_REFUSAL_STATUSES[1:]),
    _Rule(
        _kind(
            errors.RequestRefusedError,
            N_("{provider} couldn’t read an image."),
            N_("It may be damaged or of an unsupported format. Replace or remove it."),
        ),
        _IMAGE_CODES,
        words=_IMAGE_UNREADABLE,
    ),
    _Rule(
        _kind(
            errors.ProviderFaultError,
            N_("{provider} doesn’t have enough memory for this model."),
            N_("Choose a smaller model, or free memory on the server."),
        ),
        words=_NO_MEMORY,
        statuses=(None, 400, 500, 503),
    ),
    _Rule(
        _kind(errors.ModelLoadingError, N_("{provider} is loading the model."), hints.RETRY_LATER),
        words=_LOADING,
        statuses=(503,),
    ),
    _Rule(
        _kind(
            errors.ResponsesNeededError,
            N_("This model at {provider} has the Responses API only."),
            N_("Choose that API in {provider_page}, or choose another model."),
        ),
        words=_RESPONSES_ONLY,
        statuses=(400, 404),
    ),
    _Rule(
        _kind(
            errors.ProviderFaultError,
            N_("This model at {provider} doesn’t support these images."),
            N_("Choose a model that supports images, or remove them."),
        ),
        words=_IMAGES_REFUSED,
    ),
)
_MODEL_RULE: Final = _Rule(
    _kind(
        errors.ModelNotFoundError,
        N_("Your {provider} API key has no access to this model."),
        N_("Choose another model, or ask the provider for access."),
    ),
    _MODEL_CODES,
    words=_MODEL_MISSING,
    statuses=_CLIENT_ERROR_STATUSES,
)


_ENDED_RULE: Final = _Rule(
    _kind(
        errors.ModelNotFoundError,
        N_("{provider} has shut down this model."),
        N_("Choose another model."),
    ),
    _ENDED_CODES,
    words=_MODEL_ENDED,
    statuses=(*_CLIENT_ERROR_STATUSES, 410),
)


def _not_pulled_error(provider: str, body: ErrorBody) -> errors.ProviderError:
    match = _NOT_PULLED.search(body.message)
    return errors.ModelNotFoundError(
        N_("{provider} doesn’t have the model “{model}”."),
        hint=N_("Download it on the server, or choose another model."),
        provider=provider,
        model=match[1] if match else "",
    )


_NOT_PULLED_RULE: Final = _Rule(
    _not_pulled_error, words=_NOT_PULLED, statuses=_CLIENT_ERROR_STATUSES
)


def _known_error(provider: str, body: ErrorBody, status: int | None) -> errors.ProviderError | None:
    """Return the error that the code, message or status identifies; None if none of them does."""
    if "invalid_prompt" in body.names and _FLAGGED.search(body.message):  # OpenAI
        return _FILTERED(provider, body)
    for rule in _RULES:
        if rule.fits(body, status):
            return rule.make(provider, body)
    # Before _MODEL_RULE, which "temperature is not supported with this model" also fits.
    if not body.names & _MODEL_CODES and _named_field(body):
        refusal = _refused_parameter(provider, body, status)
        if refusal is not None:
            return refusal
    for rule in (_ENDED_RULE, _NOT_PULLED_RULE, _MODEL_RULE):
        if rule.fits(body, status):
            return rule.make(provider, body)
    return _refused_parameter(provider, body, status)


def _named_field(body: ErrorBody) -> str | None:
    """Return the field that the message refuses, in any wording; None if it names none."""
    if _NO_THINKING.search(body.message):
        return "reasoning_effort"
    match = _PARAMETER_NAME.search(body.message) if _REFUSES.search(body.message) else None
    if match is None:
        return None
    name = (match[1] or match[2] or match[3]).lower()
    return _CANONICAL_FIELD_NAMES.get(name.replace("_", ""), name)


def _refused_parameter(
    provider: str, body: ErrorBody, status: int | None
) -> errors.RefusedParameterError | None:
    """Return the error for the parameter that a body refuses; None if it refuses none."""
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
    return refused_error(provider, param).copy_with(accepted=_accepted_values(body.message))


_ACCEPTED: Final = re.compile(
    r"(?:supported|accepted|allowed|valid|possible) (?:values|options)(?: are)?|input should be|"
    r"(?:must|should) be (?:one of|either)|expected one of|one of",
    re.IGNORECASE,
)
_VALUE: Final = r"['\"`“]([A-Za-z0-9_.-]{1,32})['\"`”]"
_VALUES: Final = re.compile(rf"[\s:\[(]*((?:{_VALUE}(?:,? (?:or|and) |[,/|]\s*)?){{1,20}})")


def _accepted_values(message: str) -> tuple[str, ...]:
    """Return the values that a refusal accepts, in its order; () if it names none.

    >>> _accepted_values("'none' is not supported. Supported values are: 'low' and 'high'.")
    ('low', 'high')
    """
    cue = _ACCEPTED.search(message)
    values = _VALUES.match(message, cue.end()) if cue else None
    return tuple(dict.fromkeys(re.findall(_VALUE, values[1]))) if values else ()


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
    """Return the error for a request of too many bytes."""
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
