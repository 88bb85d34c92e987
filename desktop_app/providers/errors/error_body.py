"""Reads the error in a server's reply, in any of the shapes seen in practice.

OpenAI nests it under "error"; older vLLM and OpenAI's stream event have its fields at the top
level; Ollama, LM Studio and TGI send "error" as plain text; FastAPI sends "detail", as text or as a
list; Mistral nests this list in "message"; Gemini sends a list with one item; Cloudflare sends
lists under "error" or "errors"; MiniMax sends status 200 and any object with a code that is not 0.
The names of the fields differ in case and spelling. OpenRouter quotes the reply of the provider
behind it. LiteLLM sends errors of streamed requests as an event, whatever the status.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from desktop_app.domain.graphemes import shorten
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.providers.http import json_fields
from desktop_app.providers.http.redaction import REMOVED
from desktop_app.providers.http.sse import SSEDecoder

_MAX_MESSAGE_CHARS: Final = 10_000
_MAX_CODE_CHARS: Final = 200
_MAX_FIELD_DEPTH: Final = 10
_MAX_VALUES: Final = 20
_MAX_VALUE_CHARS: Final = 32
_NESTED_FIELDS: Final = ("error", "errors", "detail")
_VALUES_FIELDS: Final = ("values", "allowed_values", "supported_values", "valid_values", "enum")
_MESSAGE_FIELDS: Final = (
    *("message", "detail", "msg", "status_msg", "error_msg", "errmsg", "error_message"),
    *("errormessage", "error_description", "helicone-message"),
)
_CODE_FIELDS: Final = ("code", "status_code", "error_code", "errorcode", "errcode", "errno", "ret")
_SIGN_IN_FIELDS: Final = ("signin_url", "sign_in_url", "login_url")
_NO_ERROR: Final = ("", "0", "200", "ok", "success", "succeeded")
_FAILED: Final = ("error", "failed", "failure")
_HTTP_STATUS: Final = lazy_pattern("[45][0-9]{2}")


class RequestSize(NamedTuple):
    """The tokens of a refused request and of the context window; 0 if unknown."""

    tokens: int = 0
    window: int = 0


_NO_SIZE: Final = RequestSize()


@dataclass(frozen=True)
class ErrorBody:
    """The fields of a provider's error, "" for the missing ones.

    Attributes:
        accepted: the values that the refused parameter may have, if a field lists them.
        size: the size of the request and of the window, if fields of the error name them.
        http_status: the `code` if it is a number, otherwise 0. In streams, gateways put the HTTP
            status there, LiteLLM as text.
        headers: of the provider behind a gateway, with names in lower case.
    """

    message: str = ""
    code: str = ""
    type: str = ""
    param: str = ""
    accepted: tuple[str, ...] = ()
    size: RequestSize = _NO_SIZE
    http_status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """Return code and type: providers state the useful name in one or the other."""
        return {self.code, self.type} - {""}


def read_body(data: bytes | bytearray) -> ErrorBody:
    """Return the error in the start of a reply's body: JSON, an event stream, text or a page."""
    with suppress(ValueError):
        value = json_fields.parse(data)
        if isinstance(value, str):
            return ErrorBody(json_fields.without_surrogates(value)[:_MAX_MESSAGE_CHARS])
        return parse_error(value)
    for event in SSEDecoder().feed(bytes(data) + b"\n\n"):
        with suppress(ValueError):
            error = parse_error(json_fields.parse(event.data))
            if error.message or error.names:
                return error
    text = data.decode("utf-8", "replace").strip()
    # A JSON text that is cut off is not a message for the user.
    return ErrorBody() if text[:1] in ("{", "[") else ErrorBody(without_markup(text))


def is_error(event: object) -> bool:
    """Return True if a decoded event is an error, nested or with its fields at the top level.

    An event with a "type" but without "error" is not one: in the Responses API, the type itself
    tells which events are errors.
    """
    event = _folded(event)
    if not event:
        return False
    if event.get("error") or json_fields.text(event, "object") == "error":
        return True
    if event.get("choices"):
        return False
    if _failed_object(event) or json_fields.text(event, "status").lower() in _FAILED:
        return bool(parse_error(event).message)
    is_other = not event.keys().isdisjoint(("choices", "type", "status"))
    return not is_other and bool(_message_of(event) or event.get("detail"))


def _folded(value: object) -> Mapping[str, Any]:
    """Return an object, or the first in a list, as Gemini sends it, with names in lower case."""
    value = value[0] if isinstance(value, list) and value else value
    return {key.lower(): each for key, each in value.items()} if isinstance(value, dict) else {}


def _failed_object(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object, this one or one in it, with a message and a code that is no success."""
    inner = [_folded(each) for each in value.values()]
    innermost = (_folded(value) for each in inner for value in each.values())
    for each in (value, *inner, *innermost):
        if _code_of(each).lower() not in _NO_ERROR and _message_of(each):
            return each
    return {}


def parse_error(value: object) -> ErrorBody:
    value = _folded(value)
    nested = next((each for each in (_folded(value.get(n)) for n in _NESTED_FIELDS) if each), {})
    if "loc" in nested:
        return _validation_error(nested)
    if nested:
        body = _with_quoted(_parse_fields(nested), nested)
    elif message := _find_message(value, "error"):
        code = _code_of(value) if _code_of(value) not in _NO_ERROR else ""
        body = ErrorBody(message, code, type=_short_text(value, "error_type"))
    elif isinstance(value.get("message"), dict):  # Mistral's
        return replace(parse_error(value["message"]), code=_code_of(value))
    else:
        body = _parse_fields(_failed_object(value) or value)
    if not body.code and not value.keys().isdisjoint(_SIGN_IN_FIELDS):
        return replace(body, code=_SIGN_IN_FIELDS[0])
    return body


def _parse_fields(value: Mapping[str, Any]) -> ErrorBody:
    kind = _short_text(value, "type") or _short_text(value, "status")
    code = _code_of(value)
    is_status = _HTTP_STATUS.fullmatch(code) is not None
    return ErrorBody(
        message=_message_of(value),
        code=_short_text(value, "code") or ("" if is_status else code),
        type="" if kind in _FAILED else kind,
        param=_short_text(value, "param"),
        accepted=_accepted(value),
        size=RequestSize(  # llama.cpp's fields
            json_fields.count(value, "n_prompt_tokens"), json_fields.count(value, "n_ctx")
        ),
        http_status=int(code) if is_status else 0,
    )


def _message_of(value: Mapping[str, Any]) -> str:
    return next(filter(None, (_find_message(value, name) for name in _MESSAGE_FIELDS)), "")


def _code_of(value: Mapping[str, Any]) -> str:
    """Return the code as text, also if it is a number; "" for none."""
    codes = (value[name] for name in _CODE_FIELDS if isinstance(value.get(name), str | int))
    return next((str(code)[:_MAX_CODE_CHARS] for code in codes if code is not False), "")


def _with_quoted(body: ErrorBody, value: Mapping[str, Any]) -> ErrorBody:
    """Add the reply and the headers of the provider behind a gateway."""
    metadata = json_fields.mapping(value, "metadata")
    headers = json_fields.mapping(metadata, "headers")
    body = replace(body, headers={name.lower(): str(text) for name, text in headers.items()})
    raw = _find_message(metadata, "raw")
    if not raw:
        return body
    quoted_body = ErrorBody()
    with suppress(ValueError):
        quoted_body = parse_error(json_fields.parse(raw))
    quoted_message = quoted_body.message or without_markup(raw)
    message = f"{body.message.rstrip('.')}: {quoted_message}" if body.message else quoted_message
    return replace(
        body,
        message=message,
        code=body.code or quoted_body.code,
        type=body.type or quoted_body.type,
        param=body.param or quoted_body.param,
    )


def _accepted(value: object) -> tuple[str, ...]:
    """Return the texts in the first field that lists accepted values."""
    lists = (json_fields.texts(value, name) for name in _VALUES_FIELDS)
    texts = next(filter(None, lists), [])
    return tuple(text[:_MAX_VALUE_CHARS] for text in texts[:_MAX_VALUES])


def _find_message(value: object, key: str) -> str:
    """Return a message, cut so that patterns are searched in a bounded text."""
    return json_fields.text(value, key)[:_MAX_MESSAGE_CHARS]


def _short_text(value: object, key: str) -> str:
    return json_fields.text(value, key)[:_MAX_CODE_CHARS]


def _validation_error(row: Mapping[str, Any]) -> ErrorBody:
    """Return an item of FastAPI's list; its `loc` is the path of the refused field."""
    location = json_fields.texts(row, "loc")[:_MAX_FIELD_DEPTH]
    names = (name for name in location if name != "body")
    return ErrorBody(
        _find_message(row, "msg"), _short_text(row, "type"), param=".".join(names)[:_MAX_CODE_CHARS]
    )


MAX_QUOTE_CHARS: Final = 300
_MAX_READ_CHARS: Final = 10_000

_TITLE: Final = lazy_pattern(r"<title[^<>]{0,200}>([^<]{1,500})", re.IGNORECASE)
_HIDDEN: Final = lazy_pattern(r"<(script|style|head)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
# Replaced by nothing: a blank inside a key would hide it from the redactor.
_INLINE: Final = lazy_pattern(r"</?(a|b|code|em|i|mark|span|strong|u|wbr)\b[^<>]{0,500}>", re.I)
_TAG: Final = lazy_pattern(r"<[/!]?[A-Za-z][^<>]{0,500}>|<!--.*?(-->|\Z)", re.DOTALL)
# Keys that no redactor knows: a gateway quotes its own key, which it sent to the server behind it.
_KEY_PATTERN: Final = lazy_pattern(
    r"\b(?:sk|pk|rk|gsk|xai|hf|r8|nvapi|AIza|key|token)[-_][\w.*-]{12,}"
    r"|\bAIza[\w-]{20,}"
    r"|\beyJ[\w-]{10,}\.[\w.-]{10,}"
    r"|(?<=Bearer )[^\s\"',;]{8,}"
    r"|(?<=Basic )[A-Za-z0-9+/=]{12,}",
    re.IGNORECASE,
)
_INVISIBLE: Final = ("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp")


def quote(message: str) -> str:
    """Return the start of a server's message on one line; "" if it says nothing.

    >>> quote("<h1>502 Bad\\u200b Gateway</h1>\\n nginx")
    '502 Bad Gateway nginx'
    >>> quote("Wrong key: Bearer abcdefgh12345678")
    'Wrong key: Bearer [key removed]'
    """
    return shorten(_KEY_PATTERN.sub(REMOVED, without_markup(message)), MAX_QUOTE_CHARS)


def quoted_sentence(message: str) -> str:
    """Return the quote of a message as a sentence; "" if it says nothing.

    It ends with a full stop, unless its own end is an exclamation mark, question mark or ellipsis.
    """
    sentence = quote(message).rstrip(".")
    return sentence if not sentence or sentence[-1] in "…!?" else f"{sentence}."


def without_markup(text: str) -> str:
    """Return the visible text of a message on one line, or the title of a web page."""
    text = text[:_MAX_READ_CHARS]
    title = _TITLE.search(text)
    text = title[1] if title else _TAG.sub(" ", _INLINE.sub("", _HIDDEN.sub(" ", text)))
    text = html.unescape(text)
    visible = (
        " " if c.isspace() else c
        for c in text
        if c.isspace() or unicodedata.category(c) not in _INVISIBLE
    )
    return " ".join("".join(visible).split())
