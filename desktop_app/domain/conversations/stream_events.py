"""What comes out of a provider while it answers, whichever API it speaks.

A stream of these ends with exactly one terminal: Completed, Incomplete or Failed.
"""

from __future__ import annotations

from dataclasses import dataclass

from desktop_app.domain.conversations.conversation import RemoteRun
from desktop_app.domain.errors import ProviderError
from desktop_app.domain.spending.cost import Usage


@dataclass(frozen=True)
class Started:
    """The provider has begun; what it did not say is "". `service_tier` is what was asked for, or
    already the one that answers."""

    response_id: str = ""
    model: str = ""
    request_id: str = ""
    service_tier: str = ""


@dataclass(frozen=True)
class RunReached:
    """A run in the background has come to `run.sequence`; all before it has been handed on."""

    run: RemoteRun


@dataclass(frozen=True)
class TextDelta:
    """More of the answer."""

    text: str


@dataclass(frozen=True)
class ReasoningDelta:
    """More of the reasoning or of its summary; a new `section` starts a new paragraph."""

    text: str
    section: int = 0


@dataclass(frozen=True)
class ReasoningItem:
    """A finished reasoning item with what must be replayed on the next turn."""

    item_id: str
    encrypted: str = ""


@dataclass(frozen=True)
class RefusalDelta:
    """More of the model's words as it declines."""

    text: str


@dataclass(frozen=True)
class ToolCallDelta:
    """More of a tool call; `index` tells parallel calls apart; id and name come once."""

    index: int
    arguments: str = ""
    call_id: str = ""
    name: str = ""


@dataclass(frozen=True)
class UsageReported:
    """Tokens of the whole call so far; the last report counts. `service_tier` is the one that
    answered, and decides the price; "" where the provider did not say."""

    usage: Usage
    service_tier: str = ""


@dataclass(frozen=True)
class Notice:
    """Something about the making of the answer that the person should know; one sentence."""

    text: str


@dataclass(frozen=True)
class Waiting:
    """The client waits `seconds` before it tries again; `reason` is one sentence."""

    seconds: float
    reason: str


@dataclass(frozen=True)
class Completed:
    """Terminal: the answer is whole."""


@dataclass(frozen=True)
class Incomplete:
    """Terminal: the model stopped early; `reason` as the API names it (max_output_tokens,
    content_filter, …)."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """Terminal: an error ended the answer; what came before stays."""

    error: ProviderError


@dataclass(frozen=True)
class OfCandidate:
    """What belongs to a further one of several answers that were asked for at once; `number` counts
    from 1. The events of the first answer come as they are, and its terminal comes last."""

    number: int
    event: StreamEvent


StreamEvent = (
    Started
    | RunReached
    | TextDelta
    | ReasoningDelta
    | ReasoningItem
    | RefusalDelta
    | ToolCallDelta
    | UsageReported
    | Notice
    | Waiting
    | OfCandidate
    | Completed
    | Incomplete
    | Failed
)
