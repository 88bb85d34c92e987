"""Replies that are too long, too deep or endless: the client stops and keeps the rest."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest

from desktop_app.providers.http.reply.reply_limits import MAX_ANSWER_BYTES
from desktop_app.providers.http.transport import Timeouts
from tests.helpers.hostile_replies import KEPT, REPLIES, serving
from tests.helpers.hostile_requests import Outcome, outcome_of

DRIPPING = Timeouts(quick_read=0.3, quick_total=0.5)
IN_THE_SUITE = [name for name, reply in REPLIES.items() if not reply.is_long]
# The check tries a seeded handful of the others, and these.
IN_THE_CHECK = {
    *("gzip bomb", "headers without end", "event without end", "garbage"),
    *random.Random(1).sample(IN_THE_SUITE, 6),
}
# The characters after KEPT in replies that are large but within the limits.
WHOLE = {
    "text of 15 MB, plain": 15 << 20,
    "text of 15 MB, one emoji": (15 << 20) + 1,
    "text of 15 MB, escaped": (15 << 20) // 6,
    "JSON of 31 MB": 31 << 20,
}
# How the kept text of replies begins that exceed the limits.
CUT = {"answer without end": KEPT, "emoji without end": f"{KEPT}🙂"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Yield the address of a server that sends all hostile replies."""
    with serving() as address:
        yield address


def request(address: str, name: str) -> Outcome:
    timeouts = DRIPPING if "dripping" in name else None
    return asyncio.run(outcome_of(address, REPLIES[name], timeouts))


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in IN_THE_CHECK else pytest.mark.slow)
        for name in IN_THE_SUITE
    ],
)
def test_a_hostile_reply_ends_with_the_arrived_text_and_a_clear_error(
    address: str, name: str
) -> None:
    reply, found = REPLIES[name], request(address, name)
    text = found.text
    shown = "" if found.error is None else type(found.error).__name__
    assert shown == reply.error
    assert len(text) <= MAX_ANSWER_BYTES
    if reply.begins:
        assert text.startswith(KEPT)
    if found.error is not None:
        assert found.error.what_to_do
        assert len(found.error.sentences + found.error.details) < 2_000
    if name in WHOLE:
        assert abs(len(text) - len(KEPT) - WHOLE[name]) <= 5
    if name in CUT:
        assert text.startswith(CUT[name])
    if name == "answer without end":
        assert len(text) > MAX_ANSWER_BYTES - 100_000
