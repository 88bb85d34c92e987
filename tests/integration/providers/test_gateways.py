"""The client against llama.cpp, llama-cpp-python, and two gateways before llama.cpp."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from desktop_app.domain import errors
from desktop_app.domain.answering.answer_status import status_text
from desktop_app.domain.answering.chat_request import (
    ChatRequest,
    ImageData,
    ProviderKind,
    ProviderProfile,
    RequestMessage,
)
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    Incomplete,
    StatusChanged,
    StreamEvent,
    TextDelta,
)
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.model_facts import ModelKind
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.blocking import blocking
from tests.helpers.gateways import (
    MASTER_KEY,
    UPSTREAM_KEY,
    ServerProcess,
    litellm_proxy,
    llama_cpp,
    llama_cpp_python,
    portkey_gateway,
    through_portkey,
)
from tests.helpers.pictures import drawing, packed
from tests.helpers.secrets import key_for
from tests.unit.providers.samples import CATALOG, ask, fold, terminals

pytestmark = pytest.mark.slow

WINDOW = 2048
WRONG_KEY = "sk-wrong-0123456789"
VECTORS = "text-embedding-3-small"
BOTH_APIS = ("llama.cpp", "litellm", "portkey")
EVERYWHERE = pytest.mark.parametrize("server", [*BOTH_APIS, "llama_cpp_python"])
EACH_API = pytest.mark.parametrize(
    ("server", "api"),
    [
        *((server, api) for server in BOTH_APIS for api in Api),
        ("llama_cpp_python", Api.CHAT_COMPLETIONS),
    ],
)


@dataclass(frozen=True)
class Place:
    """A server to ask: where, with which key, model and headers."""

    url: str
    key: str
    model: str
    headers: tuple[CustomField, ...] = ()


@pytest.fixture(scope="module")
def upstream() -> Iterator[ServerProcess]:
    yield from started(llama_cpp(WINDOW))


@pytest.fixture(scope="module")
def upstream_vectors() -> Iterator[ServerProcess]:
    yield from started(llama_cpp(WINDOW, embeds=True))


@pytest.fixture(scope="module")
def litellm(
    upstream: ServerProcess,
    upstream_vectors: ServerProcess,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("litellm")
    yield from started(litellm_proxy(folder, upstream.url, upstream_vectors.url))


@pytest.fixture(scope="module")
def portkey() -> Iterator[ServerProcess]:
    yield from started(portkey_gateway())


@pytest.fixture(scope="module")
def llama_cpp_python_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    yield from started(llama_cpp_python(tmp_path_factory.mktemp("llama_cpp_python"), WINDOW))


@pytest.fixture(scope="module")
def llama_cpp_python_vectors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("llama_cpp_python")
    yield from started(llama_cpp_python(folder, WINDOW, embeds=True))


def started(server: ServerProcess) -> Iterator[ServerProcess]:
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def place(request: pytest.FixtureRequest, server: str) -> Place:
    """Return the place that the parameter `server` names; only what it needs is started."""
    if server == "llama_cpp_python":
        own: ServerProcess = request.getfixturevalue("llama_cpp_python_server")
        return Place(own.url, UPSTREAM_KEY, "smollm2")
    upstream: ServerProcess = request.getfixturevalue("upstream")
    if server == "llama.cpp":
        return Place(upstream.url, UPSTREAM_KEY, "smollm2")
    gateway: ServerProcess = request.getfixturevalue(server)
    if server == "litellm":
        return Place(gateway.url, MASTER_KEY, "smol")
    return Place(gateway.url, UPSTREAM_KEY, "smollm2", through_portkey(upstream.url))


@asynccontextmanager
async def opened(place: Place, api: Api | None = None) -> AsyncIterator[ProviderClient]:
    profile = ProviderProfile(
        "there",
        "The server",
        ProviderKind.COMPATIBLE,
        place.url,
        api=api,
        custom_fields=place.headers,
        max_tokens_field="max_tokens",
    )
    client = ProviderClient(ProviderAccess(profile, key_for(place.url, place.key)), CATALOG)
    try:
        yield client
    finally:
        await client.aclose()


@blocking
async def answer(
    place: Place, api: Api | None = None, request: ChatRequest | None = None, **parameters: Any
) -> list[StreamEvent]:
    """Return the events of an answer up to its end, or to a wait for another attempt."""
    asked = request or ask(
        "Count from one to ten.", model=place.model, max_output_tokens=24, **parameters
    )

    found: list[StreamEvent] = []
    async with opened(place, api) as client, aclosing(client.stream(asked)) as events:
        async for event in events:
            found.append(event)
            if isinstance(event, StatusChanged):
                break
    return found


def error_of(events: list[StreamEvent]) -> errors.ProviderError:
    assert isinstance(events[-1], Failed), events
    return events[-1].error


@EACH_API
def test_an_answer_streams_and_is_counted(place: Place, api: Api, server: str) -> None:
    events = answer(place, api)
    assert isinstance(terminals(events)[0], Completed | Incomplete)
    assert any(isinstance(event, TextDelta) for event in events)
    if server == "llama_cpp_python":
        return  # it has no usage in streams: its own counter is asked
    usage = fold(events).usage
    assert usage is not None
    assert 0 < usage.output_tokens <= 24
    assert usage.input_tokens > 0


@EVERYWHERE
def test_an_answer_that_does_not_stream(place: Place) -> None:
    reply = fold(answer(place, Api.CHAT_COMPLETIONS, stream=False))
    assert reply.text
    assert reply.usage is not None


@EACH_API
def test_a_wrong_key_is_recognized_and_not_shown(place: Place, api: Api) -> None:
    error = error_of(answer(replace(place, key=WRONG_KEY), api))
    assert isinstance(error, errors.AuthenticationError)
    assert "rejected the API key" in error.message
    assert "The server rejected the API key: " in error.what_happened
    assert WRONG_KEY not in f"{error.what_happened} {error.details}"


@EACH_API
def test_a_question_that_is_too_long_is_recognized(place: Place, api: Api) -> None:
    request = ask("One two three four five. " * 600, model=place.model)
    error = error_of(answer(place, api, request))
    assert isinstance(error, errors.ContextTooLongError)
    assert "context window: " in error.what_happened


@EVERYWHERE
def test_images_are_refused_once(place: Place) -> None:
    image = ImageData("image/png", packed(drawing(), "PNG"))
    message = RequestMessage(Role.USER, (TextPart("What is it?"), image))
    events = answer(place, Api.CHAT_COMPLETIONS, ChatRequest(place.model, (message,)))
    assert not any(isinstance(event, StatusChanged) for event in events)
    assert "doesn’t support these images" in error_of(events).message


@pytest.mark.parametrize("server", ["litellm"])
def test_an_unknown_model_is_recognized_and_named(place: Place) -> None:
    error = error_of(answer(replace(place, model="nonsense")))
    assert isinstance(error, errors.ModelNotFoundError)
    assert "nonsense" in error.what_happened


@pytest.mark.parametrize("server", ["litellm"])
def test_too_many_requests_are_recognized(place: Place) -> None:
    limited = replace(place, model="limited")
    # LiteLLM counts by the minute of the clock: a new minute may begin after the first request.
    for _ in range(3):
        events = answer(limited, Api.CHAT_COMPLETIONS)
        if isinstance(events[-1], StatusChanged | Failed):
            break
    if isinstance(events[-1], StatusChanged):
        assert status_text(events[-1].status).startswith("The server is limiting requests: ")
    else:
        assert isinstance(error_of(events), errors.RateLimitedError)


@pytest.mark.parametrize("server", ["litellm"])
def test_the_reason_of_a_fault_is_passed_on(place: Place) -> None:
    event = answer(replace(place, model="dead"), Api.CHAT_COMPLETIONS)[-1]
    if isinstance(event, StatusChanged):
        said = status_text(event.status)
    else:
        said = error_of([event]).what_happened
    assert "onnect" in said, said


@pytest.mark.parametrize("server", ["litellm"])
def test_a_wrong_key_of_the_gateway_itself_is_recognized_and_not_shown(place: Place) -> None:
    error = error_of(answer(replace(place, model="wrong-upstream-key"), Api.CHAT_COMPLETIONS))
    assert isinstance(error, errors.AuthenticationError)
    assert "sk-wrong" not in error.what_happened


@pytest.mark.parametrize("server", ["portkey"])
def test_a_missing_header_is_named(place: Place) -> None:
    error = error_of(answer(replace(place, headers=()), Api.CHAT_COMPLETIONS))
    assert "x-portkey-provider" in error.what_happened


@EVERYWHERE
async def test_models_are_listed(place: Place, server: str) -> None:
    async with opened(place) as client:
        listing = await client.listing()
    assert listing.has(place.model)
    # llama-cpp-python states its window only in refusals.
    assert listing.listed_model(place.model).window == (
        None if server == "llama_cpp_python" else WINDOW
    )
    if server == "litellm":
        listed = listing.listed_model(place.model)
        assert (listed.kind, listed.input_price, listed.output_price) == (ModelKind.CHAT, 1, 2)
        assert listing.listed_model(VECTORS).can_chat is False


@EVERYWHERE
async def test_equal_texts_have_equal_embeddings(
    place: Place, server: str, upstream_vectors: ServerProcess, request: pytest.FixtureRequest
) -> None:
    if server == "llama.cpp":
        place = replace(place, url=upstream_vectors.url)
    if server == "llama_cpp_python":
        vectors: ServerProcess = request.getfixturevalue("llama_cpp_python_vectors")
        place = replace(place, url=vectors.url)
    if server == "portkey":
        place = replace(place, headers=through_portkey(upstream_vectors.url))

    texts = ["a boat at the quay", "a dog in a flat", "word " * 80, "a boat at the quay"]
    async with opened(place) as client:
        embedded, billed = await client.embed(VECTORS, texts)
    assert len({len(vector.numbers) for vector in embedded}) == 1
    assert embedded[0].numbers == pytest.approx(embedded[3].numbers, abs=0.01)
    assert embedded[0].numbers != pytest.approx(embedded[1].numbers, abs=0.01)
    assert billed


# -- the servers are killed from here on


@EVERYWHERE
def test_killed_in_mid_answer_the_text_is_kept(
    place: Place, server: str, request: pytest.FixtureRequest
) -> None:
    name = {"llama.cpp": "upstream", "llama_cpp_python": "llama_cpp_python_server"}.get(
        server, server
    )
    process: ServerProcess = request.getfixturevalue(name)
    asked = ask("Tell a long story.", model=place.model, max_output_tokens=400)
    events: list[StreamEvent] = asyncio.run(killed(place, asked, process.kill))
    assert isinstance(events[-1], Failed)
    assert fold(events).text
    if server == "litellm":
        return  # it takes longer to start than all tests here
    assert isinstance(answer(place, Api.CHAT_COMPLETIONS)[-1], Failed | StatusChanged)
    process.start()
    assert fold(answer(place, Api.CHAT_COMPLETIONS)).text


async def killed(place: Place, asked: ChatRequest, kill: Callable[[], None]) -> list[StreamEvent]:
    found: list[StreamEvent] = []
    async with (
        opened(place, Api.CHAT_COMPLETIONS) as client,
        aclosing(client.stream(asked)) as events,
    ):
        async for event in events:
            found.append(event)
            if sum(isinstance(each, TextDelta) for each in found) == 3:
                await asyncio.to_thread(kill)
    return found
