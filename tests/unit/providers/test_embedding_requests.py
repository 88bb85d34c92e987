"""Embeddings at servers that refuse settings, or that take fewer or shorter texts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.errors import ProviderError, UnexpectedReplyError
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.jobs import embeddings
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.blocking import blocking
from tests.helpers.secrets import key_for
from tests.unit.providers.loopback import LoopbackServer, Received, replies
from tests.unit.providers.recording_memory import RecordingMemory
from tests.unit.providers.samples import CATALOG, COMETAPI, COMPATIBLE, OPENAI

SERVER = ProviderProfile("mine", "Mine", ProviderKind.COMPATIBLE)
MODEL = "text-embedding-3-small"
Refuse = Callable[[Mapping[str, Any]], tuple[int, Any] | None]
Usage = Callable[[Mapping[str, Any]], Mapping[str, int]]
# As LiteLLM says it.
DIMENSIONS = (
    "litellm.UnsupportedParamsError: Setting dimensions is not supported for OpenAI "
    "`text-embedding-3` and later models. To drop it from the call, set `litellm.drop_params`."
)


def refusal(status: int, message: str) -> tuple[int, Any]:
    return status, {"error": {"message": message, "type": "server_error", "code": str(status)}}


def tokens_of(body: Mapping[str, Any]) -> Mapping[str, int]:
    return {"prompt_tokens": len(body["input"])}


class Server:
    """A server that answers with the lengths of the texts, unless it refuses.

    Args:
        usage: returns the usage in the answer to a request; by default, a token for each text.

    Attributes:
        asked: the bodies of all requests.
    """

    def __init__(self, refuse: Refuse, usage: Usage = tokens_of) -> None:
        self._refuse, self._usage = refuse, usage
        self.asked: list[dict[str, Any]] = []
        self.learned: list[tuple[str, frozenset[str]]] = []

    @blocking
    async def embed(self, *calls: Sequence[str]) -> list[tuple[list[float], int | None]]:
        """Return the first number of each vector and the tokens billed, call by call."""

        async with LoopbackServer(self._answer) as server:
            here = replace(SERVER, base_url=server.base_url)
            client = ProviderClient(
                ProviderAccess(here, key_for(server.base_url)),
                CATALOG,
                memory=RecordingMemory(here, learned=self.learned),
            )
            try:
                found = [await client.embed(MODEL, texts) for texts in calls]
            finally:
                await client.aclose()
            return [([v.numbers[0] for v in vectors], billed) for vectors, billed in found]

    async def _answer(self, request: Received, writer: asyncio.StreamWriter) -> None:
        body = request.json
        self.asked.append(body)
        refused = self._refuse(body)
        if refused is not None:
            await replies(*refused)(request, writer)
            return
        rows = [
            {"index": at, "embedding": [1.0, float(len(text))]}
            for at, text in enumerate(body["input"])
        ]
        await replies(200, {"data": rows, "usage": self._usage(body)})(request, writer)


def test_a_refused_setting_is_left_out_and_remembered() -> None:
    server = Server(lambda b: refusal(400, DIMENSIONS) if "dimensions" in b else None)
    server.embed(["a", "bb"], ["ccc"])
    assert ["dimensions" in body for body in server.asked] == [True, False, False]
    assert server.learned == [(MODEL, frozenset({"embeddings.dimensions"}))]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (413, "batch size 6 > maximum allowed batch size 2"),
        (400, "Too many inputs in request."),
        (400, "at most 2 requests can be in one batch"),
        (422, "Input validation error: the maximum number of texts is 2"),
    ],
)
def test_too_many_texts_are_sent_in_halves(status: int, message: str) -> None:
    server = Server(lambda b: refusal(status, message) if len(b["input"]) > 2 else None)
    texts = ["x" * (at + 1) for at in range(6)]
    [(lengths, billed)] = server.embed(texts)
    assert len(lengths) == 6
    assert lengths == sorted(lengths, reverse=True)  # of vectors of length 1
    assert billed == 6
    assert "dimensions" in server.asked[-1]


def test_an_error_after_halves_has_their_billed_tokens() -> None:
    def refuse(body: Mapping[str, Any]) -> tuple[int, Any] | None:
        if "z" in body["input"] and len(body["input"]) == 1:
            return refusal(401, "No.")
        return refusal(413, "batch size") if len(body["input"]) > 1 else None

    for usage, billed in ((tokens_of, 3), (lambda _: {}, None)):
        server = Server(refuse, usage)
        with pytest.raises(ProviderError) as caught:
            server.embed(["x", "y", "w", "z"])
        assert caught.value.billed_tokens == billed


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (500, "input is too large to process. increase the physical batch size"),
        (400, "This model's maximum context length is 512 tokens."),
        (400, "the input length exceeds the context length"),
    ],
)
def test_a_text_that_is_too_long_is_cut(status: int, message: str) -> None:
    def refuse(body: Mapping[str, Any]) -> tuple[int, Any] | None:
        return refusal(status, message) if max(map(len, body["input"])) > 1000 else None

    server = Server(refuse)
    server.embed(["short", "x" * 3000])
    lengths = [[len(text) for text in body["input"]] for body in server.asked]
    assert lengths == [[5, 3000], [5], [3000], [1500], [750]]


@pytest.mark.parametrize(
    ("status", "error", "asked"),
    [
        (400, {"message": "No.", "code": "unsupported_parameter", "param": "dimensions"}, 2),
        (422, {"message": "Unknown parameter: encoding_format"}, 2),
        (400, {"message": "'dimensions' is not permitted"}, 2),
        (400, {"message": "redimensions"}, 1),
        (400, {"message": "No.", "code": "unsupported_parameter", "param": "user"}, 1),
        (403, {"message": "Unknown dimensions"}, 1),
        (400, {"message": "Too many inputs for these dimensions"}, 1),
        (400, {"message": "No.", "code": "no dimensions"}, 1),
    ],
)
def test_a_setting_is_refused_by_its_name(status: int, error: dict[str, str], asked: int) -> None:
    """Once it is left out, the server answers."""
    names = ("dimensions", "encoding_format")
    server = Server(lambda b: (status, {"error": error}) if {*names} <= b.keys() else None)
    if asked == 2:
        server.embed(["a"])
        [(_, learned)] = server.learned
        assert learned == {f"embeddings.{n}" for n in names if n not in server.asked[-1]}
    else:
        with pytest.raises(ProviderError):
            server.embed(["a"])
    assert len(server.asked) == asked


@pytest.mark.parametrize(
    ("profile", "is_offered"), [(OPENAI, True), (COMPATIBLE, True), (COMETAPI, False)]
)
def test_some_providers_offer_no_embeddings(profile: ProviderProfile, is_offered: bool) -> None:
    assert embeddings.is_offered(profile) is is_offered


def test_dimensions_are_sent_only_to_models_that_can_be_shortened() -> None:
    assert embeddings.body(MODEL, ["a"]) == {
        "model": MODEL,
        "input": ["a"],
        "encoding_format": "float",
        "dimensions": 512,
    }
    assert "dimensions" not in embeddings.body("text-embedding-ada-002", ["a"])


ONE, TWO = [0.0, 127.0], [127.0, 0.0]


@pytest.mark.parametrize(
    "rows",
    [
        [{"index": 0, "embedding": ONE}, {"index": 1, "embedding": TWO}],
        [{"index": 1, "embedding": TWO}, {"index": 0, "embedding": ONE}],
        [{"index": 0, "embedding": ONE}, {"index": 0, "embedding": TWO}],
        [{"embedding": ONE}, {"embedding": TWO}],
        [{"index": "0", "embedding": ONE}, {"index": 1, "embedding": TWO}],
    ],
)
def test_vectors_are_in_the_order_of_their_texts(rows: list[dict[str, Any]]) -> None:
    for usage, billed in (({"prompt_tokens": 3, "total_tokens": 4}, 3), ({"total_tokens": 4}, 4)):
        found, tokens = embeddings.vectors_from({"data": rows, "usage": usage}, 2, "Mine")
        assert ([list(vector.numbers) for vector in found], tokens) == ([ONE, TWO], billed)


@pytest.mark.parametrize(
    "second",
    [
        *({"index": 1, "embedding": bad} for bad in (None, "x", [], [1.0], [1.0, "x"], [None, 1])),
        *({"index": 1, "embedding": bad} for bad in ([1.0, 2.0, 3.0], [1.0, 10**400])),
        *({"index": index, "embedding": TWO} for index in (2, 7)),
    ],
)
def test_each_text_has_one_vector_of_the_same_length(
    second: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "MAX_DIMENSIONS", 2)
    first = {"index": 0, "embedding": ONE}
    with pytest.raises(UnexpectedReplyError):
        embeddings.vectors_from({"data": [first, second]}, 2, "Mine")
    with pytest.raises(UnexpectedReplyError):
        embeddings.vectors_from({"data": [first]}, 2, "Mine")
    with pytest.raises(UnexpectedReplyError):
        embeddings.vectors_from({"data": [{"embedding": [1.0, 2.0, 3.0]}]}, 1, "Mine")
    (found,), billed = embeddings.vectors_from({"data": [first]}, 1, "Mine")
    assert (list(found.numbers), billed) == (ONE, None)
