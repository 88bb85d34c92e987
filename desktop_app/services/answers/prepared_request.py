"""Requests of answers that are ready to be sent, and what is sent if the server refuses them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from desktop_app.domain.answering.chat_request import ChatRequest
from desktop_app.domain.conversations.conversation import Message
from desktop_app.services.models.choice_resolution import ResolvedChoice
from desktop_app.services.ports import Gateway
from desktop_app.services.spending.budget import Hold


class PreparedRequest(NamedTuple):
    """The request of an answer.

    Attributes:
        resolved: the choice that the request was built for.
        gateway: gives the provider that streams the answer, with tools or documents in parts.
        hold: the input's share of the provider's monthly cap, held until the first round of tools
            is recorded, or the answer ends.
    """

    request: ChatRequest
    resolved: ResolvedChoice
    gateway: Gateway
    hold: Hold


class RereadQuestion(NamedTuple):
    """A question with documents to read in parts, its request, gateway and hold."""

    question: Message
    request: ChatRequest
    gateway: Gateway
    hold: Hold


async def _no_reread() -> RereadQuestion | None:
    return None


class RequestFallbacks(NamedTuple):
    """Functions that replace a refused request.

    Attributes:
        stand_in: called if the provider does not serve Instant's model; returns its stand-in.
        reread: called if the server refuses the question as too long; returns the question with
            its documents read in parts, or None if that is not possible.
    """

    stand_in: Callable[[], ResolvedChoice]
    reread: Callable[[], Awaitable[RereadQuestion | None]] = _no_reread

    def without_reread(self) -> RequestFallbacks:
        """Return the fallbacks of a question that is read in parts already."""
        return self._replace(reread=_no_reread)
