"""Requests as the program makes them: the service, a real store and a loopback server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from desktop_app.budget.budget import Budget, PaidCalls, SpendingHolds
from desktop_app.budget.ledger import Ledger
from desktop_app.chat.answers.answer_run import AnswerRun
from desktop_app.chat.attachments.image_scaling import ImageScaler
from desktop_app.chat.chat_service import ChatService, RequestSources
from desktop_app.chat.conversation_store import CompactionStore, ConversationStore
from desktop_app.chat.cost_estimate import Estimator
from desktop_app.chat.send_context import AskSettings
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.domain.answering.answer_status import AnswerStatus, Status, StatusCode, status_text
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.answering.reply import Reply
from desktop_app.domain.answering.stream_events import StatusChanged, StreamEvent
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    ModelChoice,
    new_id,
    now,
)
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.prompts.prompt_library import built_in_requirements
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.http.transport import Timeouts
from desktop_app.providers.models.choice_resolution import ModelChoices, ProviderModels
from desktop_app.providers.provider_client import ProviderClient
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database
from desktop_app.tools.calls.tool_set import ToolCatalog
from tests.helpers.parts import unused_parts
from tests.helpers.prompt_delimiters import delimiters
from tests.helpers.scripted_provider import WordCounter
from tests.helpers.secrets import key_for
from tests.helpers.tools import broker, no_tools
from tests.helpers.waiting import LONGEST_S
from tests.unit.providers.samples import CATALOG, OPENAI


@dataclass(frozen=True)
class OneClient:
    """A gateway with a single provider."""

    client: ProviderClient

    async def provider(self, _profile: ProviderProfile) -> ProviderClient:
        """Return the client."""
        return self.client

    async def learned_support(self, _profile: ProviderProfile, _model: str) -> LearnedSupport:
        """Return no learned support."""
        return LearnedSupport()


@dataclass
class Asker:
    """A user with a single conversation."""

    chat: ChatService
    store: ConversationStore
    attachments: AttachmentStore
    profile: ProviderProfile
    conversation: Conversation
    settings: AskSettings = field(default_factory=AskSettings)
    said: list[str] = field(default_factory=list)
    text: str = ""
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def has_shown(self, text: str) -> None:
        """Wait until the answer's text begins with `text`. Raises TimeoutError."""
        async with asyncio.timeout(LONGEST_S):
            while not self.text.startswith(text):
                self.heard.clear()
                await self.heard.wait()

    async def begin(self, draft: Draft, path: list[Message]) -> AnswerRun:
        """Store a question at the end of `path`, ready to be sent."""
        return await self.chat.begin(self.conversation, path, draft, self.profile, self.settings)

    async def ask(self, draft: Draft, path: list[Message]) -> list[Message]:
        """Return `path` with the question and its answer."""
        began = await self.begin(draft, path)
        answer = await began.run(self.listen, lambda _: None)
        self.conversation = began.conversation
        assert began.question is not None
        return [*path, began.question, answer]

    def listen(self, event: StreamEvent, reply: Reply) -> None:
        """Record the text so far, and the states that a window shows while it waits."""
        self.text = reply.text
        self.heard.set()
        if isinstance(event, StatusChanged) and not _is_opening(event.status):
            again = f" Trying again in {event.seconds:.2f} s." if event.seconds else ""
            self.said.append(status_text(event.status) + again)


def _is_opening(status: Status | None) -> bool:
    return isinstance(status, AnswerStatus) and status.code is StatusCode.WAITING


@asynccontextmanager
async def asker_of(
    folder: Path,
    base_url: str,
    *,
    api: Api | None = None,
    timeouts: Timeouts | None = None,
    variant: Variant = Variant.THINKING,
    key: str = "sk-test",
    tools: Callable[[], ToolCatalog] = no_tools,
    **client_options: Any,
) -> AsyncIterator[Asker]:
    """Yield an asker whose store is in `folder`. Everything is closed at the end."""
    database = Database(folder / "store.sqlite3")
    await database.open()
    store, attachments = ConversationStore(database), AttachmentStore(database, folder / "files")
    documents = DocumentWorker()
    profile = replace(OPENAI, base_url=base_url, api=api)
    client = ProviderClient(
        ProviderAccess(profile, key_for(profile.base_url, key)),
        CATALOG,
        timeouts=timeouts,
        **client_options,
    )
    chat = ChatService(
        calls=PaidCalls(
            OneClient(client),
            Budget(SpendingHolds(database), SettingsStore(database)),
            Ledger(database),
        ),
        sources=RequestSources(
            store,
            attachments,
            ImageScaler(attachments, documents),
            CompactionStore(database),
            built_in_requirements,
            delimiters(),
            unused_parts,
        ),
        estimator=Estimator(WordCounter(), attachments),
        models=ModelChoices(partial(ProviderModels, catalog=CATALOG)),
        tools=tools,
        consent=broker(),
    )
    choice = ModelChoice(profile.id, "", variant, Effort.HIGH)
    conversation = Conversation(new_id(), "", now(), now(), choice)
    try:
        yield Asker(chat, store, attachments, profile, conversation)
    finally:
        await client.aclose()
        await documents.aclose()
        await database.close()


async def stored_path(folder: Path, conversation_id: str) -> list[Message]:
    """Return the path of messages as another run of the program finds it."""
    database = Database(folder / "store.sqlite3")
    await database.open()
    path = await ConversationStore(database).path(conversation_id)
    await database.close()
    return path


def event(value: object) -> bytes:
    """Return an event of a stream with unescaped characters."""
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()
