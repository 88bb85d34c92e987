"""Every fault at every moment: what the user sees, and what a later run finds.

Each case runs over both APIs, and the outcomes must be equal.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from desktop_app.domain.conversations.conversation import Draft, Message, MessageStatus
from desktop_app.domain.models.model_catalog import Api
from desktop_app.providers.http.silence import SilenceLimits
from desktop_app.providers.http.transport import Timeouts
from tests.helpers.blocking import blocking
from tests.integration.providers.asking import asker_of, event, stored_path
from tests.unit.providers.loopback import (
    STREAM_HEAD,
    LoopbackServer,
    Received,
    Script,
    chunk,
    hangs_up,
    replies,
    stalls,
    streams,
)

QUESTION = "Why?"
TIMES = Timeouts(read=0.9, silence=SilenceLimits(0.6))


@dataclass(frozen=True)
class Dialect:
    """The pieces of a stream in an API."""

    opening: bytes
    text: bytes
    more: bytes
    error: bytes
    end: bytes


def _chat(delta: dict[str, str], reason: str | None = None) -> bytes:
    return event({"id": "c", "choices": [{"delta": delta, "finish_reason": reason}]})


_ERROR = {"code": "server_error", "message": "The engine stopped"}
DIALECTS = {
    Api.RESPONSES: Dialect(
        event({"type": "response.created", "response": {"id": "r"}}),
        event({"type": "response.output_text.delta", "delta": "Hé, "}),
        event({"type": "response.output_text.delta", "delta": "théâtre"}),
        event({"type": "error", "error": _ERROR}),
        event({"type": "response.completed", "response": {"status": "completed"}}),
    ),
    Api.CHAT_COMPLETIONS: Dialect(
        _chat({"role": "assistant"}),
        _chat({"content": "Hé, "}),
        _chat({"content": "théâtre"}),
        event({"error": _ERROR}),
        _chat({}, "stop") + b"data: [DONE]\n\n",
    ),
}


# The bytes sent before the fault, and the text that the user sees of them.
MOMENTS: dict[str, tuple[Callable[[Dialect], tuple[bytes, ...]], str]] = {
    "after the headers": (lambda api: (), ""),
    "mid-text": (lambda api: (api.opening, api.text), "Hé, "),
    "in the middle of a character": (
        lambda api: (api.opening, api.text, api.more[: api.more.index("é".encode()) + 1]),
        "Hé, ",
    ),
    "after the last delta, before the terminal": (
        lambda api: (api.opening, api.text, api.more),
        "Hé, théâtre",
    ),
}
BEFORE = "before the headers"


def reset(*pieces: bytes, head: bytes = STREAM_HEAD) -> Script:
    """Send the start of a stream, then a reset, as a dead peer or a firewall would."""

    async def script(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head + b"".join(map(chunk, pieces)))
        await writer.drain()
        # Linux gives the client what arrived before the reset, however late it reads.
        at_once = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        writer.transport.abort()

    return script


def closed(*pieces: bytes) -> Script:
    return streams(*pieces, end=False)


def garbage(*pieces: bytes) -> Script:
    return streams(*pieces, b"\ndata: {garbage\n\n")


async def no_http(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x15\x03\x01 garbage\r\n\r\n")
    writer.close()


FAULTS: dict[str, Callable[..., Script]] = {
    "The connection is closed": closed,
    "The connection is reset": reset,
    "The stream ends without a terminal": streams,
    "Silence until the time-out": stalls,
    "Garbage": garbage,
}
REASONS = {
    "The connection is closed": "was lost before the response",
    "The connection is reset": "was lost before the response",
    "The stream ends without a terminal": "ended the response early",
    "Silence until the time-out": "sending data before the response",
}
BEFORE_HEADERS: dict[str, Script] = {
    "The connection is closed": hangs_up,
    "The connection is reset": reset(head=b""),
    "Silence until the time-out": stalls(head=b""),
    "Garbage": no_http,
}
STOPPED = "The person presses Stop"

_REFUSED = {"error": {"message": "x", "code": "insufficient_quota"}}
STATUSES: dict[str, tuple[Script, int, str]] = {
    "408": (replies(408, {}), 1, "Try again, but you may be charged twice"),
    "503": (replies(503, {}, retry_after_ms="10"), 3, "Try again later"),
    "504 with a page": (
        replies(504, b"<html>", "text/html"),
        1,
        "Try again, but you may be charged twice",
    ),
    "429": (replies(429, {}, retry_after_ms="10"), 3, "try again"),
    "429 without credit": (replies(429, _REFUSED), 1, "Add credit"),
    "401": (replies(401, {}), 1, "Check or replace the key"),
    "a web page": (replies(200, b"<html>", "text/html"), 1, "Check the base URL"),
    "a redirect": (replies(302, b"", location="https://login.example/"), 1, "Check the base URL"),
}


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run."""

    requests: int
    said: tuple[str, ...]
    question: Message
    answer: Message

    @property
    def seen(self) -> str:
        """Return what the user sees, and what is stored, in one line."""
        answer, note = self.answer, self.answer.error
        shown = [f"“{answer.text}”"] if answer.text else []
        shown += self.said
        if note is not None:
            words = (note.what_happened, note.what_to_do)
            shown.append(" ".join(word for word in words if word))
        else:
            shown.append(f"[{answer.status}]")
        kept = f"question “{self.question.text}”, answer “{answer.text}” {answer.status}"
        kind = f", error {note.code}" if note is not None else ""
        return " / ".join([str(self.requests), *shown, kept + kind])


async def outcome(folder: Path, api: Api, script: Script, stop_at: str | None = None) -> Outcome:
    """Ask over `api`, stop if the text is `stop_at`, and return what another run finds."""
    async with (
        LoopbackServer(script) as server,
        asker_of(folder, server.base_url, api=api, timeouts=TIMES) as asker,
    ):
        began = await asker.begin(Draft(QUESTION), [])
        run = asyncio.ensure_future(began.run(asker.listen, lambda _: None))
        if stop_at is not None:
            try:
                await server.arrived.wait()
                await asker.has_shown(stop_at)
                await asyncio.sleep(0.05)  # let what shows no text arrive too
            finally:
                run.cancel()
        with suppress(asyncio.CancelledError):
            await run
        requests = len(server.requests)
        said = tuple(words for words in asker.said if words)
    question, answer = await stored_path(folder, began.conversation.id)
    return Outcome(requests, said, question, answer)


@blocking
async def over_both(
    folder: Path, script: Callable[[Dialect], Script], stop_at: str | None
) -> Outcome:
    for api in DIALECTS:
        (folder / api.name).mkdir()

    runs = (
        outcome(folder / api.name, api, script(dialect), stop_at)
        for api, dialect in DIALECTS.items()
    )
    first, second = list(await asyncio.gather(*runs))
    assert first.seen == second.seen, "which API it was cannot be told"
    return first


def check(result: Outcome, text: str, *, stopped: bool = False) -> None:
    answer = result.answer
    assert result.question.text == QUESTION
    assert answer.text == text, "what had arrived is stored"
    assert answer.status is (MessageStatus.CANCELLED if stopped else MessageStatus.FAILED)
    assert (answer.error is None) is stopped
    if answer.error is not None:
        assert answer.error.what_to_do


CASES = [
    (fault, moment)
    for fault in (*FAULTS, STOPPED)
    for moment in (BEFORE, *MOMENTS)
    # Without headers there is no stream that could end.
    if moment != BEFORE or fault == STOPPED or fault in BEFORE_HEADERS
]


@pytest.mark.parametrize(("fault", "moment"), CASES)
def test_each_fault_at_each_moment_keeps_what_arrived(
    fault: str, moment: str, tmp_path: Path
) -> None:
    stopped = fault == STOPPED
    pieces, text = MOMENTS.get(moment, (lambda api: (), ""))
    if moment != BEFORE:
        make = stalls if stopped else FAULTS[fault]
        result = over_both(tmp_path, lambda api: make(*pieces(api)), text if stopped else None)
    elif stopped:
        result = over_both(tmp_path, lambda api: stalls(head=b""), "")
    else:
        result = over_both(tmp_path, lambda api: BEFORE_HEADERS[fault], None)
    check(result, text, stopped=stopped)
    assert result.requests == 1, "never again automatically"
    if not stopped and fault != "Garbage":
        assert result.answer.error is not None
        assert "but you may be charged twice" in result.answer.error.hint
        if moment != BEFORE:
            assert REASONS[fault] in result.answer.error.what_happened


@pytest.mark.parametrize("status", STATUSES)
def test_a_reply_that_is_no_answer(status: str, tmp_path: Path) -> None:
    script, requests, words = STATUSES[status]
    result = over_both(tmp_path, lambda api: script, None)
    check(result, "")
    assert result.requests == requests
    assert len(result.said) == requests - 1, "each wait is said"
    assert result.answer.error is not None
    assert words in result.answer.error.what_to_do


def test_the_same_stream_without_a_fault_is_whole(tmp_path: Path) -> None:
    result = over_both(
        tmp_path, lambda api: streams(api.opening, api.text, api.more, api.end), None
    )
    assert (result.answer.text, result.answer.status) == ("Hé, théâtre", MessageStatus.COMPLETE)
