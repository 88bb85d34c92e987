"""The backend: all objects below the user interface, created without Qt."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

from desktop_app.backend.catalog_files import read_catalog
from desktop_app.budget.budget import Budget, PaidCalls, SpendingHolds
from desktop_app.budget.ledger import Ledger
from desktop_app.chat.services import (
    chat_service,
    chat_with,
    compaction_service,
    compaction_store,
    consent_broker,
    conversation_store,
    delimiter_factory,
    image_scaler,
    permission_store,
    utility_model,
)
from desktop_app.child_processes import environment_with_keys
from desktop_app.documents.services import (
    attachment_store,
    document_worker,
    note_store,
    token_counter,
)
from desktop_app.features import cores, imported
from desktop_app.paths import Folders, folders
from desktop_app.providers.services import (
    key_vault,
    local_models,
    model_listings,
    provider_gateway,
    provider_registry,
)
from desktop_app.settings.setting import SettingValue
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.settings.values import with_defaults
from desktop_app.storage.database import Database
from desktop_app.storage.temporary_database import TemporaryConversations

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from desktop_app.library.folder_store import ConversationFlagStore, FolderStore
    from desktop_app.library.search_query import Search
    from desktop_app.tools.calls.tool_set import ToolCatalog

_T = TypeVar("_T")


class Backend:
    """The store, and what features make of it: here what most use, `of` makes the rest.

    The database is not opened and nothing is started.

    Attributes:
        on_close: what is called at the end, the last first: each part that has processes adds it.

    Args:
        user_folders: by default those of this run.
        environment: the variables that name a provider; by default those of this run.
        allows_unpriced: see `Budget`.
        wants_embeddings: use embeddings even if the setting is off.
    """

    conversations = cached_property(conversation_store)
    compactions = cached_property(compaction_store)
    image_scaler = cached_property(image_scaler)
    chat = cached_property(chat_service)
    chat_with = chat_with
    delimiters = cached_property(delimiter_factory)
    permissions = cached_property(permission_store)
    consent = cached_property(consent_broker)
    utility_model = cached_property(utility_model)
    compaction = cached_property(compaction_service)
    documents = cached_property(document_worker)
    attachments = cached_property(attachment_store)
    notes = cached_property(note_store)
    counter = cached_property(token_counter)
    vault = cached_property(key_vault)
    local_models = cached_property(local_models)
    gateway = cached_property(provider_gateway)
    listings = cached_property(model_listings)
    providers = cached_property(provider_registry)

    def __init__(
        self,
        user_folders: Folders | None = None,
        environment: Mapping[str, str] | None = None,
        *,
        allows_unpriced: bool = False,
        wants_embeddings: bool = False,
    ) -> None:
        self._made: dict[object, object] = {}
        self.on_close: list[Callable[[], Awaitable[None] | None]] = []
        self.folders = user_folders or folders()
        self.environment = environment_with_keys() if environment is None else environment
        self.wants_embeddings = wants_embeddings
        self.catalog = read_catalog(self.folders)
        self.database = Database(self.folders.database)
        self.temporary = TemporaryConversations(self.database)
        self.settings = SettingsStore(self.database)
        self.ledger = Ledger(self.temporary)
        holds = SpendingHolds(self.database)
        self.budget = Budget(holds, self.settings, allows_unpriced=allows_unpriced)

    async def open(
        self,
        *,
        reads_if_full: bool = False,
        drops_writes_if_full: bool = False,
        keeps_copy: bool = True,
    ) -> None:
        """Open the store. Takes the arguments and raises the errors of `Database.open`."""
        from desktop_app.storage.temporary_files import remove_leftovers

        await self.database.open(
            reads_if_full=reads_if_full,
            drops_writes_if_full=drops_writes_if_full,
            keeps_copy=keeps_copy,
        )
        await self.gateway.load()
        await asyncio.to_thread(remove_leftovers, self.folders)

    def of(self, make: Callable[[Backend], _T]) -> _T:
        """Return the one object that a function, such as one of a feature's `services`, makes."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast("_T", self._made[make])

    def part(self, name: str) -> Any | None:
        """Return a part by its name (`Core.parts`); None if the program lacks its feature."""
        places = [core.parts[name] for core in cores() if name in core.parts]
        return self.of(imported(places[0])) if places else None

    @cached_property
    def paid_calls(self) -> PaidCalls:
        return PaidCalls(self.gateway, self.budget, self.ledger)

    @cached_property
    def conversation_folders(self) -> FolderStore:
        from desktop_app.library.folder_store import FolderStore

        return FolderStore(self.database)

    @cached_property
    def flags(self) -> ConversationFlagStore:
        """Return the store of what the list shows of conversations."""
        from desktop_app.library.folder_store import ConversationFlagStore

        return ConversationFlagStore(self.database)

    @cached_property
    def search(self) -> Search:
        from desktop_app.library.search_query import Search

        return Search(self.database)

    @cached_property
    def tools(self) -> ToolCatalog:
        from desktop_app.tools.services import tool_catalog

        return tool_catalog(self)

    async def values(self) -> dict[str, SettingValue]:
        """Return the values of all settings, defaults included."""
        return with_defaults(await self.settings.all())

    async def aclose(self) -> None:
        """Close connections, stop the child processes, close the store."""
        for close in reversed(self.on_close):
            if (ending := close()) is not None:
                await ending
        await self.temporary.aclose()
        await self.database.close()
