"""The base of the readers of server-sent events: one terminal event, whatever a server sends."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from desktop_app.domain.answering.stream_events import Failed, Notice, StreamEvent
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.cost import CallUsage, Usage
from desktop_app.domain.errors import ProviderError
from desktop_app.providers.errors import error_body, error_replies
from desktop_app.providers.http import json_fields

DONE: Final = b"[DONE]"


class EventReader(ABC):
    """A reader of one reply. An event that is not JSON is skipped and counted in a notice.

    Attributes:
        is_finished: True once the terminal event has come; nothing follows it.
        sent: the body of the request, whose fields an error may name.
    """

    def __init__(self, provider: str) -> None:
        self.is_finished = False
        self.sent: Mapping[str, Any] = {}
        self._provider = provider
        self._skipped = 0

    def read(self, data: bytes, name: str = "") -> list[StreamEvent]:
        """Return the stream events of an SSE event with this name and data."""
        if self.is_finished or not data.strip():
            return []
        if data.strip() == DONE:
            return self._end(has_done_mark=True)
        try:
            event = json_fields.parse(data)
        except ValueError:
            if name == "error":  # the data is the server's message
                return self._finish(Failed(self._error_of(error_body.read_body(data))))
            self._skip(data)
            return []
        return list(self._read_event(event, name))

    @property
    @abstractmethod
    def has_content(self) -> bool:
        """Return True once any part of the answer has come."""

    @abstractmethod
    def _read_event(self, event: object, name: str) -> Iterable[StreamEvent]:
        """Return the events of a decoded SSE event."""

    @abstractmethod
    def read_whole(self, reply: object) -> list[StreamEvent]:
        """Return the events of a reply that came as one JSON value, not as a stream."""

    @abstractmethod
    def _end(self, *, has_done_mark: bool) -> list[StreamEvent]:
        """End the stream, at [DONE] or without it."""

    def end(self) -> list[StreamEvent]:
        """End the stream: an answer without a terminal event was cut."""
        return [] if self.is_finished else self._end(has_done_mark=False)

    def _skip(self, data: bytes) -> None:
        self._skipped += not data.lstrip().startswith(b":")  # a comment, sent as data

    def _error_of(self, body: error_body.ErrorBody) -> ProviderError:
        status = None if self.has_content else 200  # nothing is billed for a refusal
        return error_replies.error_from(self._provider, body, status=status, sent=self.sent)

    def _cut_failure(self, *, has_content: bool) -> Failed:
        is_unreadable = self._skipped and not has_content
        make_error = error_replies.unreadable_error if is_unreadable else error_replies.cut_error
        return Failed(make_error(self._provider))

    def _finish(self, terminal: StreamEvent) -> list[StreamEvent]:
        self.is_finished = True
        if not self._skipped:
            return [terminal]
        values = {"provider": self._provider, "count": str(self._skipped)}
        return [Notice(notice(NoticeCode.EVENTS_SKIPPED, **values)), terminal]


_NUMBER: Final = re.compile("[0-9]{1,10}")
MAX_TOKENS: Final = 1_000_000_000
"""The most tokens of one call. The largest windows have some ten million."""
_TICK: Final = Decimal("1e-10")
MAX_DOLLARS: Final = 10_000
"""The most that one call is believed to cost. A larger sum would exceed every monthly limit."""


def usage_of(usage: Mapping[str, Any]) -> Usage | None:
    """Return the token usage under the names of either API; None if nothing is counted.

    Servers that do not count tokens omit the usage or send 0, which would make the answer free.
    xAI, and gateways for Gemini, bill reasoning as output, but count it in the total only. Cached
    and reasoning tokens are limited to their totals: otherwise a cost could be negative.
    """
    input_details = json_fields.mapping(usage, "input_tokens_details") or json_fields.mapping(
        usage, "prompt_tokens_details"
    )
    output_details = json_fields.mapping(usage, "output_tokens_details") or json_fields.mapping(
        usage, "completion_tokens_details"
    )
    input_tokens = tokens(usage, "input_tokens") or tokens(usage, "prompt_tokens")
    output_tokens = tokens(usage, "output_tokens") or tokens(usage, "completion_tokens")
    reasoning_tokens = tokens(output_details, "reasoning_tokens")
    output_tokens = max(output_tokens, tokens(usage, "total_tokens") - input_tokens)
    if not input_tokens and not output_tokens:
        return None
    cached_tokens = (
        tokens(input_details, "cached_tokens")
        or tokens(usage, "cached_tokens")  # Moonshot
        or tokens(usage, "prompt_cache_hit_tokens")  # DeepSeek
    )
    cached_tokens = min(input_tokens, cached_tokens)
    # A part is never larger than what is left of the whole: no cost may become negative.
    written_tokens = min(
        input_tokens - cached_tokens,
        tokens(input_details, "cache_write_tokens")
        or tokens(usage, "cache_creation_input_tokens"),  # Anthropic, and LiteLLM for it
    )
    audio_input_tokens = min(
        input_tokens - cached_tokens - written_tokens, tokens(input_details, "audio_tokens")
    )
    counts = (input_tokens, cached_tokens, output_tokens, min(output_tokens, reasoning_tokens))
    call = CallUsage(
        *counts,
        cache_write_tokens=written_tokens,
        audio_input_tokens=audio_input_tokens,
        audio_output_tokens=min(output_tokens, tokens(output_details, "audio_tokens")),
        stated_cost=_stated_cost(usage),
    )
    return Usage(*counts) if call == CallUsage(*counts) else call


def _stated_cost(usage: Mapping[str, Any]) -> Decimal | None:
    """Return the US dollars that a server says it charges; None if it states no plausible sum.

    OpenRouter and gateways send a number, Perplexity an object, and xAI ticks of 1e-10 dollars (its
    page "Cost Tracking", November 2026). A sum of 0 says nothing: OpenRouter
    sends it if the user's own key at the upstream provider pays, which then has its own field.
    """
    stated = usage.get("cost")
    if isinstance(stated, dict):
        stated = stated.get("total_cost")
    if stated is None:
        stated = str(json_fields.count(usage, "cost_in_usd_ticks") * _TICK)
    upstream = json_fields.mapping(usage, "cost_details").get("upstream_inference_cost")
    sums = [_parse_dollars(stated), _parse_dollars(upstream) if usage.get("is_byok") else None]
    total = sum((each for each in sums if each is not None), Decimal(0))
    return total or None


def _parse_dollars(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        dollars = Decimal(str(value))
    except (InvalidOperation, ValueError):  # ValueError: an integer of thousands of digits
        return None
    return dollars if dollars.is_finite() and 0 < dollars <= MAX_DOLLARS else None


def tokens(usage: Mapping[str, Any], name: str) -> int:
    """Return the number of tokens under `name`, or 0 if it is missing or implausible.

    An implausible number would exceed every monthly spending limit permanently.
    """
    value = usage.get(name)
    if isinstance(value, str) and _NUMBER.fullmatch(value):  # some gateways send text
        number = int(value)
    else:
        number = json_fields.count(usage, name)
    return number if number <= MAX_TOKENS else 0
