"""Replies that are too long, too deep or endless: the client stops and keeps the rest.

`python -m tests.benchmarks hostile_replies` measures the cost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from desktop_app.providers.http.reply_limits import LARGEST_ANSWER
from desktop_app.providers.http.transport import Timeouts
from tests.helpers.hostile_asking import Outcome, outcome_of
from tests.helpers.hostile_replies import KEPT, REPLIES, serving

DRIPPING = Timeouts(quick_read=0.3, whole=0.5)
IN_THE_SUITE = [name for name, reply in REPLIES.items() if not reply.is_long]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Yield the address of a server that sends all hostile replies."""
    with serving() as address:
        yield address


def met(address: str, name: str) -> Outcome:
    timeouts = DRIPPING if "dripping" in name else None
    return asyncio.run(outcome_of(address, REPLIES[name], timeouts))


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize("name", IN_THE_SUITE)
def test_it_ends_with_what_had_arrived_and_a_clear_error(address: str, name: str) -> None:
    reply, found = REPLIES[name], met(address, name)
    shown = "" if found.error is None else type(found.error).__name__
    assert shown == reply.error
    assert len(found.kept) <= LARGEST_ANSWER
    if reply.begins:
        assert found.kept.startswith(KEPT)
    if found.error is not None:
        assert found.error.what_to_do
        assert len(found.error.sentences + found.error.details) < 2_000


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("text of 15 MB, plain", 15 << 20),
        ("text of 15 MB, one emoji", (15 << 20) + 1),
        ("text of 15 MB, escaped", (15 << 20) // 6),
        ("JSON of 31 MB", 31 << 20),
    ],
)
def test_what_is_large_but_within_the_limits_comes_whole(
    address: str, name: str, kept: int
) -> None:
    assert abs(len(met(address, name).kept) - len(KEPT) - kept) <= 5  # the last word may be missing


@pytest.mark.attack("reply-bounds")
def test_an_answer_is_kept_up_to_its_limit(address: str) -> None:
    kept = met(address, "answer without end").kept
    assert LARGEST_ANSWER - 100_000 < len(kept) <= LARGEST_ANSWER
    assert met(address, "emoji without end").kept[:18] == f"{KEPT}🙂"
