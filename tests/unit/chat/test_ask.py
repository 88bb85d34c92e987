"""The usage and cost that `repartee ask` reports for an answer."""

from __future__ import annotations

from decimal import Decimal

import pytest

from desktop_app.chat.command.ask import _with_total_usage
from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role, now
from desktop_app.domain.cost import Usage
from desktop_app.domain.spending_report import Call
from tests.helpers.started_backend import started_backend

REPORTED, RECORDED = Usage(10, 0, 5), Usage(7, 0, 3)


@pytest.mark.parametrize(
    ("calls", "usage", "cost"),
    [
        (0, REPORTED, Decimal("0.75")),
        (1, REPORTED, Decimal("0.75")),
        (2, RECORDED + RECORDED, Decimal("0.50")),
    ],
)
async def test_the_usage_of_several_calls_is_added(calls: int, usage: Usage, cost: Decimal) -> None:
    answer = Message(
        "answer",
        "conversation",
        None,
        Role.ASSISTANT,
        MessageStatus.COMPLETE,
        (),
        now(),
        usage=REPORTED,
        cost=Decimal("0.75"),
    )
    recorded = Call(now(), "p", "m", "answer", RECORDED, Decimal("0.25"))
    async with started_backend() as backend:
        for _ in range(calls):
            await backend.ledger.add(
                recorded._replace(conversation_id="conversation", message_id="answer")
            )
        found = await _with_total_usage(backend, answer)
    assert (found.usage, found.cost) == (usage, cost)
