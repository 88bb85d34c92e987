"""An empty stream: a wrong address, a request that is too long, or the server's failure."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.stream_events import Failed, StreamEvent
from desktop_app.domain.errors import ContextTooLongError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.providers.answer_attempts import SMALL_REQUEST_CHARS
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.blocking import blocking
from tests.unit.providers.loopback import LoopbackServer, Script, replies, streams
from tests.unit.providers.recording_memory import RecordingMemory
from tests.unit.providers.samples import CATALOG, ask, fold

SHORT, LONG = "Hello?", "word " * SMALL_REQUEST_CHARS


@pytest.mark.parametrize(
    ("known", "text", "reason"),
    [
        (None, SHORT, "returned an empty response"),
        (None, LONG, "returned an empty response"),
        (Api.CHAT_COMPLETIONS, SHORT, "ended the response before it began"),
        (Api.CHAT_COMPLETIONS, LONG, "conversation exceeds the model’s"),
        (Api.RESPONSES, SHORT, "ended the response before it began"),
    ],
)
@pytest.mark.parametrize("body", [b"", b": ping\n\n", b"data: [DONE]\n\n"])
def test_an_address_that_has_answered_is_not_wrong(
    known: Api | None, text: str, reason: str, body: bytes
) -> None:
    last = stream_answer(known, text, *[streams(body)] * 4)[0][-1]
    assert isinstance(last, Failed)
    assert reason in last.error.message


TOO_LONG = (
    "This model's maximum context length is 2048 tokens. However, you requested 3635 tokens (3631 "
    "in the messages, 4 in the completion)."
)
NO_LISTS = 'can only concatenate str (not "list") to str'
ANSWER = {
    "choices": [{"index": 0, "message": {"content": "Here."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6},
}


def refuses(status: int, message: str) -> Script:
    return replies(status, {"error": {"message": message}})


@pytest.mark.parametrize("known", [None, Api.CHAT_COMPLETIONS])
@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (400, TOO_LONG, "conversation exceeds the model’s"),
        (500, NO_LISTS, "doesn’t support these images"),
    ],
)
def test_the_reason_of_an_empty_stream_is_requested(
    known: Api | None, status: int, message: str, reason: str
) -> None:
    no_responses = [] if known else [refuses(404, "Not Found")]
    events, requests = stream_answer(
        known, SHORT, *no_responses, streams(b""), refuses(status, message)
    )
    assert isinstance(events[-1], Failed)
    error = events[-1].error
    assert reason in error.message
    assert message[:30] in error.what_happened
    assert [request.get("stream") for request in requests[-2:]] == [True, False]
    assert "stream_options" not in requests[-1]
    if isinstance(error, ContextTooLongError):
        assert (error.tokens, error.window) == (3631, 2048)


def test_a_server_whose_streams_are_empty_answers_as_a_whole() -> None:
    whole = replies(200, ANSWER)
    events, _ = stream_answer(Api.CHAT_COMPLETIONS, SHORT, streams(b""), whole)
    reply = fold(events)
    assert reply.text == "Here."
    assert reply.usage is not None


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        (LONG, 500, "conversation exceeds the model’s"),
        (LONG, 404, "conversation exceeds the model’s"),
        (LONG, 400, "rejected the request"),
        (SHORT, 500, "is having problems"),
        (SHORT, 404, "ended the response before it began"),
    ],
)
def test_a_vague_refusal_after_an_empty_stream_is_one_of_a_large_request(
    text: str, status: int, reason: str
) -> None:
    vague = replies(status, {}, x_should_retry="false")
    events, _ = stream_answer(Api.CHAT_COMPLETIONS, text, streams(b""), vague)
    assert isinstance(events[-1], Failed)
    assert reason in events[-1].error.message


@blocking
async def stream_answer(
    known: Api | None, text: str, *scripts: Script
) -> tuple[list[StreamEvent], list[dict[str, object]]]:
    """Return the events of an answer and the bodies that the server received."""

    async with LoopbackServer(*scripts) as server:
        profile = ProviderProfile(
            "own", "Own", ProviderKind.COMPATIBLE, server.base_url, needs_key=False
        )
        client = ProviderClient(
            ProviderAccess(profile), CATALOG, memory=RecordingMemory(profile, known)
        )
        async with aclosing(client.stream(ask(text, model="local"))) as events:
            found = [event async for event in events]
        await client.aclose()
        return found, [request.json for request in server.requests]
