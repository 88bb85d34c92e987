"""Requests to the server of hostile replies, made as the program asks its providers."""

from __future__ import annotations

from contextlib import aclosing

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.stream_events import Failed, TextDelta
from desktop_app.domain.conversations.conversation import RemoteRun
from desktop_app.domain.errors import ProviderError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort
from desktop_app.providers.http.provider_access import ProviderAccess
from desktop_app.providers.http.transport import Timeouts
from desktop_app.providers.jobs.background_run import RunTimes
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.hostile_replies import HostileReply, path_of
from tests.helpers.secrets import key_for
from tests.unit.providers.samples import CATALOG, ask


class Outcome:
    """The outcome of a request.

    Attributes:
        data: the text that arrived, or a summary of the reply, in UTF-8.
        error: the error that ended the request, or None.
    """

    def __init__(self, text: str | bytes, error: ProviderError | None = None) -> None:
        self.data = text.encode() if isinstance(text, str) else text
        self.error = error

    @property
    def text(self) -> str:
        """The text, which takes up to four times the memory of `data`."""
        return self.data.decode("utf-8", "surrogatepass")


async def outcome_of(
    address: str, reply: HostileReply, timeouts: Timeouts | None = None
) -> Outcome:
    """Return the client's outcome for `reply` from the server at `address`."""
    api = Api.CHAT_COMPLETIONS if reply.asks in ("chat", "results") else Api.RESPONSES
    base_url = f"{address}/{path_of(reply.name)}/v1"
    profile = ProviderProfile("h", "Host", ProviderKind.OPENAI, base_url, api=api)
    times = RunTimes(poll=0.05, unreachable=1.0)
    client = ProviderClient(
        ProviderAccess(profile, key_for(base_url)), CATALOG, timeouts=timeouts, run_times=times
    )
    try:
        return await _request(client, reply)
    except ProviderError as error:
        return Outcome("", error)
    finally:
        await client.aclose()


async def _request(client: ProviderClient, reply: HostileReply) -> Outcome:
    if reply.asks == "models":
        models = (await client.listing()).models
        return Outcome(f"{len(models):,} models")
    if reply.asks == "embeddings":
        vectors, _ = await client.embed("m", ["text"])
        return Outcome(f"{len(vectors[0].numbers):,} numbers")
    if reply.asks == "compaction":
        state = await client.compact(ask(effort=Effort.NONE))
        return Outcome(f"{len(state.items):,} characters")
    if reply.asks == "results":
        return await _results(client)
    return await _answer(client, is_run=reply.asks == "run")


async def _results(client: ProviderClient) -> Outcome:
    ids, unreadable = [], 0
    try:
        async with aclosing(client.batches().results("file", Api.CHAT_COMPLETIONS)) as results:
            async for result in results:
                if result is None:
                    unreadable += 1
                else:
                    ids.append(result.custom_id)
    except ProviderError as error:
        return Outcome(", ".join(ids), error)
    return Outcome(f"{', '.join(ids)}; {unreadable} unreadable")


async def _answer(client: ProviderClient, *, is_run: bool) -> Outcome:
    stream = client.resume(RemoteRun("r")) if is_run else client.stream(ask(effort=Effort.NONE))
    text, error = bytearray(), None
    async with aclosing(stream) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                text += event.text.encode("utf-8", "surrogatepass")
            if isinstance(event, Failed):
                error = event.error
    return Outcome(bytes(text), error)
