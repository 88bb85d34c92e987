"""A client for one provider: answers, compaction, embeddings, batches, models, counts of tokens.

`stream` raises nothing: every failure becomes one terminal event.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

from desktop_app.domain import errors, hints
from desktop_app.domain.activity_log import Activity, logged
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderKind
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    FileCited,
    Incomplete,
    Notice,
    StreamEvent,
    UsageReported,
)
from desktop_app.domain.conversations.compaction import ProviderState
from desktop_app.domain.conversations.conversation import RemoteRun
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.cost import CallUsage, Usage
from desktop_app.domain.models.model_catalog import ModelCatalog, family_of
from desktop_app.domain.models.model_facts import ServerKind
from desktop_app.domain.network.network_address import is_loopback, split_url
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_
from desktop_app.providers import model_list
from desktop_app.providers.answer_attempts import AnswerAttempts
from desktop_app.providers.apis.form_fields import tool_input_as_text
from desktop_app.providers.apis.text_marks import AnswerCleaner
from desktop_app.providers.errors import error_replies
from desktop_app.providers.http.retries import AttemptError
from desktop_app.providers.http.silence import suspended_s
from desktop_app.providers.http.transport import Timeouts, Transport
from desktop_app.providers.jobs import code_files, provider_compaction
from desktop_app.providers.jobs.background_run import RunTimes, cancel
from desktop_app.providers.jobs.code_files import with_uploads
from desktop_app.providers.models.model_listing import ModelListing, info_at
from desktop_app.providers.server_memory import ServerMemory
from desktop_app.providers.template_check import ModelFile, TemplateCheck

if TYPE_CHECKING:
    from desktop_app.providers.http.request_secrets import ProviderAccess
    from desktop_app.providers.jobs.audio import Heard, Hints
    from desktop_app.providers.jobs.batch_client import BatchClient
    from desktop_app.providers.jobs.vectors import Vector

LLAMA_CPP_COUNTER: Final = "/tokenize"
MIN_CUT_WORDS: Final = 300
"""A shorter request is not compared with the server's count: most windows take it whole."""


class ProviderClient:
    """A client for one profile; it can stream several answers at a time.

    Args:
        memory: the facts that earlier clients learned about the server; it stores new ones.
        file: the model file on this computer that answers; None for the built-in one.
        timeouts, run_times: time limits, which tests shorten.
        suspended_s: returns the seconds that the computer has slept; tests replace it.
    """

    def __init__(
        self,
        access: ProviderAccess,
        catalog: ModelCatalog,
        *,
        memory: ServerMemory | None = None,
        file: ModelFile | None = None,
        timeouts: Timeouts | None = None,
        run_times: RunTimes | None = None,
        suspended_s: Callable[[], float] = suspended_s,
    ) -> None:
        # All errors of this package name the provider by its short name.
        profile = replace(access.profile, name=access.profile.short_name)
        self._profile = profile
        self._key = access.key
        self._catalog = catalog
        self._memory = memory or ServerMemory(profile)
        self._kind: ServerKind | None = None
        self._has_sought_kind = False
        self._timeouts = timeouts or Timeouts()
        self._run_times = run_times or RunTimes()
        self._open_requests = 0
        self._transport = Transport(
            replace(access, profile=profile), self._timeouts, self._memory.kind
        )
        self._attempts = AnswerAttempts(
            self._transport,
            profile,
            catalog,
            self._memory,
            run_times=self._run_times,
            suspended_s=suspended_s,
            template=None if file is None else TemplateCheck(self._transport, file),
        )

    def set_models(self, models: tuple[str, ...]) -> None:
        """Ask from now on as the profile does with these models of the GPT family."""
        self._profile = self._attempts.profile = replace(self._profile, models=models)

    def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Return the events of the answer; the last is Completed, Incomplete or Failed.

        Canceling the task, or closing the iterator, closes the connection at once. A background
        run goes on at the provider until `cancel`.
        """
        stream = self._attempts.events
        source = stream(request)
        if request.code_files:
            source = with_uploads(self._transport, self._profile.name, request, stream)
        if request.grammar is not None and request.grammar.is_tool_input:
            source = tool_input_as_text(source)
        may_call = request.tool_choice != "none"
        offered = {each.wire_name for each in request.tools if may_call and each.hosted is None}
        return self._cleaned(source, request, offered)

    def _set_server_kind(self, kind: ServerKind | None) -> None:
        """Set the kind of server that the list of models has shown; None if it shows none."""
        self._kind = kind
        self._has_sought_kind = True
        self._memory.has_answered = True
        # Custom headers may be for a gateway, which may pass on the list of another server.
        if kind and kind is not self._transport.server and not self._profile.custom_fields:
            self._transport.server = kind
            self._memory.record_kind(kind)

    def _is_cut(self, request: ChatRequest | None, tokens: int) -> bool:
        """Return True if a server counted so few tokens that it must have cut the request."""
        if request is None:
            return False
        words = len(request.instructions.split()) + sum(
            len(part.text.split())
            for message in request.messages
            for part in message.parts
            if isinstance(part, TextPart)
        )
        is_compatible = self._profile.kind is ProviderKind.COMPATIBLE
        return is_compatible and words >= MIN_CUT_WORDS and 0 < tokens < words / 2

    def resume(self, run: RemoteRun) -> AsyncGenerator[StreamEvent, None]:
        """Return all events of a background run from its beginning; the last is as in `stream`."""
        return self._cleaned(self._attempts.background_run(run).follow())

    async def cancel(self, run: RemoteRun) -> Usage | None:
        """Cancel a background run. Return its token usage; None if it is not reported.

        Raises:
            ProviderError: the provider could not be reached, or refused.
        """
        self._require_key()
        with self._in_use("cancellation"):
            return await cancel(self._transport, run, self._run_times)

    async def _cleaned(
        self,
        source: AsyncGenerator[StreamEvent, None],
        request: ChatRequest | None = None,
        offered: Collection[str] = (),
    ) -> AsyncGenerator[StreamEvent, None]:
        """Yield the events of `source`, cleaned, with errors turned into terminal events.

        The files that the answer cites come before its end.

        Args:
            request: of a new answer, from which the server's limits are learned.
            offered: the tools that the model may call, which a server may leave in the text.
        """
        name = self._profile.name
        cleaner = AnswerCleaner(name, offered, lambda: self._transport.redactor)
        cited: list[FileCited] = []
        with self._in_use("answer", request.model if request else "") as activity:
            try:
                self._require_key()
                async with aclosing(source) as events_of_source:
                    async for event in events_of_source:
                        match event:
                            case Failed(error):
                                raise error
                            case FileCited():
                                cited.append(event)
                                continue
                            case Completed() | Incomplete() if cited and not _is_stopping():
                                for file in cited[: code_files.MAX_FILES]:
                                    fetched = await code_files.fetch_file(
                                        self._transport, name, file
                                    )
                                    for cleaned in cleaner.feed(fetched):
                                        yield cleaned
                            case Completed():
                                activity.ending = "done"
                            case Incomplete():
                                activity.ending = "incomplete"
                            case UsageReported(usage) if self._is_cut(request, usage.input_tokens):
                                count = formatting.number(usage.input_tokens)
                                said = notice(NoticeCode.INPUT_CUT, provider=name, tokens=count)
                                yield Notice(said)
                        for cleaned in cleaner.feed(event):
                            yield cleaned
            except errors.ProviderError as error:
                activity.fail(error)
                # Before the event is passed on: the reader stops at the last one.
                window = error.window if isinstance(error, errors.ContextTooLongError) else 0
                if request is not None and window:
                    self._memory.record_window(request.model, window)
                error = self._with_usable_hint(error, request.model if request else "")
                redacted = error_replies.redacted(self._transport.redactor, error)
                for cleaned in cleaner.feed(Failed(redacted)):
                    yield cleaned

    def _with_usable_hint(self, error: errors.ProviderError, model: str) -> errors.ProviderError:
        """Name the successor of a model that has ended, whoever serves it by that name.

        A server of models on this computer bills nothing; LiteLLM's passes requests on.
        """
        is_of_models = self._transport.server not in (None, ServerKind.LITELLM)
        is_here = is_loopback(split_url(self._profile.base_url).hostname or "")
        if error.hint == hints.RETRY_BILLED and is_of_models and is_here:
            return error.with_hint(hints.RETRY_SOON)
        if not isinstance(error, errors.ModelNotFoundError) or not model:
            return error
        info = self._catalog.info(family_of(model))
        today = date.today()  # noqa: DTZ011 — the user's day
        has_ended = info.shutdown is not None and info.shutdown <= today
        if not info.successors or not (has_ended or "shut down" in error.message):
            return error
        successor = self._catalog.info(info.successors[0]).name
        return error.with_hint(N_("Choose its successor, {successor}."), successor=successor)

    async def compact(self, request: ChatRequest) -> ProviderState:
        """Have the provider compact the conversation of `request`. Return its compacted state.

        Raises:
            EndpointMissingError: the provider does not compact, and is not asked again for
                this model.
            ProviderError
        """
        self._require_key()
        known_refusals = self._memory.refused_for(request.model)
        info = info_at(self._profile, request.model, self._catalog)
        is_offered = provider_compaction.is_offered(self._profile, info)
        if not is_offered or provider_compaction.REFUSED in known_refusals:
            raise self._missing_error(N_("The base URL of {provider} doesn’t support compaction."))
        try:
            with self._in_use("compaction", request.model):
                return await provider_compaction.compact(
                    self._transport, self._profile, info, request, omit=known_refusals
                )
        except errors.EndpointMissingError:
            self._memory.add_refusals(request.model, frozenset({provider_compaction.REFUSED}))
            raise

    async def embed(self, model: str, texts: Sequence[str]) -> tuple[list[Vector], int | None]:
        """Return the vectors of texts and the number of tokens billed; None if unknown.

        Raises:
            EndpointMissingError: the provider has no embeddings.
            ProviderError
        """
        from desktop_app.providers.jobs import embeddings

        self._require_key()
        if not embeddings.is_offered(self._profile):
            raise self._missing_error(N_("The base URL of {provider} doesn’t support embeddings."))
        known_refusals = self._memory.refused_for(model)
        requests = embeddings.EmbeddingRequests(
            self._transport, self._profile.name, model, known_refusals
        )
        with self._in_use("embeddings", model):
            vectors_and_tokens = await requests.embed(texts)
        if requests.refused != known_refusals:
            self._memory.add_refusals(model, requests.refused)
        return vectors_and_tokens

    async def transcribe(
        self, model: str, samples: bytes, hints: Hints
    ) -> tuple[Heard, CallUsage | None]:
        """Return what is said, and what is billed: see `audio.transcribe`."""
        from desktop_app.providers.jobs import audio

        self._require_key()
        with self._in_use("transcription", model):
            return await audio.transcribe(
                self._transport, self._profile.name, model, samples, hints
            )

    async def speak(self, model: str, text: str, voice: str, speed: float) -> bytes:
        """Return spoken text as samples: see `audio.speak`."""
        from desktop_app.providers.jobs import audio

        self._require_key()
        with self._in_use("speech", model):
            return await audio.speak(self._transport, self._profile.name, model, text, voice, speed)

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Return the tokens of a text by the counter of llama.cpp; None at any other server.

        Unless the models were listed before, their list is requested first: it shows the kind of
        server. A counter that fails is not used again until the models are listed again.
        """
        try:
            async with asyncio.timeout(self._timeouts.quick_read):
                if not self._has_sought_kind:
                    self._has_sought_kind = True
                    rows = await self._transport.get_json(model_list.PATH, model_list.parse_rows)
                    self._set_server_kind(model_list.kind_of(rows))
                if self._kind is not ServerKind.LLAMA_CPP:
                    return None
                body = {"content": text, "model": model}
                async with self._transport.post(LLAMA_CPP_COUNTER, body) as reply:
                    counted = await reply.json(lambda value: value)
        except (AttemptError, errors.ProviderError, TimeoutError):
            counted = None
        tokens = counted.get("tokens") if isinstance(counted, dict) else None
        if not isinstance(tokens, list):
            self._kind = None  # the program can do without the server's count
            return None
        return len(tokens)

    def batches(self) -> BatchClient:
        """Return a client for the batches. Raises ProviderError if there is no key."""
        from desktop_app.providers.jobs.batch_client import BatchClient

        self._require_key()
        return BatchClient(
            self._transport,
            self._profile,
            self._catalog,
            refused_parameters=self._memory.refused,
            in_use=self._in_use,
        )

    @contextmanager
    def _in_use(self, what: str = "batch", model: str = "") -> Iterator[Activity]:
        """Count a request as open while the context lasts, and log its end."""
        self._open_requests += 1
        host = split_url(self._profile.base_url).hostname or "this computer"
        try:
            with logged(f"{what} of {model or 'models'} from {host}") as activity:
                yield activity
        finally:
            self._open_requests -= 1

    async def listing(self) -> ModelListing:
        """Return the models that the provider lists now.

        Called while the user types, it opens the connection, so that sending needs no handshake.

        Raises:
            ProviderError
        """
        self._require_key()
        try:
            with self._in_use("list of models"):
                return await model_list.fetch_listing(
                    self._transport, self._profile, self._timeouts.windows, self._set_server_kind
                )
        except AttemptError as failed:
            raise failed.error from failed

    @property
    def is_idle(self) -> bool:
        """Return True if no request is under way, apart from counts of tokens."""
        return not self._open_requests

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()

    def _missing_error(self, message: str) -> errors.EndpointMissingError:
        return errors.EndpointMissingError(
            message, hints.CHECK_ADDRESS, provider=self._profile.name
        )

    def _require_key(self) -> None:
        if self._profile.needs_key and self._key is None:
            raise errors.MissingKeyError(
                N_("{provider} needs an API key."), hint=hints.ADD_KEY, provider=self._profile.name
            )


def _is_stopping() -> bool:
    """Return True if the answer is stopped, and only what has come of it is still passed on."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
