"""The backend: all objects below the user interface, created without Qt."""

from __future__ import annotations

import asyncio
from datetime import date
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from desktop_app.backend.prompt_loader import load_prompt_requirements
from desktop_app.chat.attachments.image_scaling import ImageScaler
from desktop_app.chat.chat_service import ChatService, RequestSources
from desktop_app.chat.compaction_service import CompactionService
from desktop_app.chat.conversation_store import CompactionStore, ConversationStore
from desktop_app.chat.cost_estimate import Estimator
from desktop_app.chat.utility_model import UtilityModel
from desktop_app.child_processes import environment_with_keys
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.documents.store.note_store import NoteStore
from desktop_app.documents.token_counting import ProviderTokenCounter
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.models.model_catalog import USER_FILE, ModelCatalog
from desktop_app.domain.prompt_delimiter import DelimiterFactory
from desktop_app.domain.spending_report import Purpose
from desktop_app.features import cores, imported
from desktop_app.library.folder_store import ConversationFlagStore, FolderStore
from desktop_app.library.search_query import Search
from desktop_app.local_model.local_models import LocalModels
from desktop_app.local_model.services import model_store
from desktop_app.paths import Folders, folders, resource_path
from desktop_app.prompts.prompt_store import PromptStore
from desktop_app.providers.gateway.environment_profiles import profiles_of_environment
from desktop_app.providers.gateway.provider_gateway import ProviderGateway
from desktop_app.providers.gateway.provider_registry import ProviderRegistry
from desktop_app.providers.keys.vault import KeyPlace, KeyVault
from desktop_app.providers.models.choice_resolution import ModelChoices, ResolvedChoice
from desktop_app.providers.models.model_listings import ModelListings
from desktop_app.settings.setting import SettingValue
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.settings.values import with_defaults
from desktop_app.spending.budget import Budget, PaidCalls, SpendingHolds
from desktop_app.spending.ledger import Ledger
from desktop_app.storage.database import Database
from desktop_app.storage.temporary_database import TemporaryConversations
from desktop_app.tools.calls.consent import ConsentBroker
from desktop_app.tools.permission_store import PermissionStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from desktop_app.chat.attachments.chunked_reading import ChunkedReader
    from desktop_app.domain.remembered_note import RememberedNote
    from desktop_app.providers.ports import ChatAttachments, MessageStore
    from desktop_app.tools.calls.tool_set import ToolCatalog

_T = TypeVar("_T")

PRICES: Final = "model_prices.json"
FACTS_FILE: Final = "model_facts.json"
"""Newer model facts of a release, in the configuration folder (`desktop/updates`)."""


class Backend:
    """The store, the providers, the documents and the services on top of them.

    The database is not opened and nothing is started.

    Attributes:
        on_close: what is called at the end, the last first: each part that has processes adds it.

    Args:
        user_folders: by default those of this run.
        environment: the variables that name a provider; by default those of this run.
        allows_unpriced: see `Budget`.
        wants_embeddings: use embeddings even if the setting is off.
    """

    def __init__(
        self,
        user_folders: Folders | None = None,
        environment: Mapping[str, str] | None = None,
        *,
        allows_unpriced: bool = False,
        wants_embeddings: bool = False,
    ) -> None:
        self._made: dict[object, object] = {}
        self.on_close: list[Callable[[], Awaitable[None]]] = []
        self.folders = user_folders or folders()
        self.catalog = read_catalog(self.folders)
        self.wants_embeddings = wants_embeddings
        self.database = Database(self.folders.database)
        self.temporary = TemporaryConversations(self.database)
        self.conversations = ConversationStore(self.temporary)
        self.conversation_folders = FolderStore(self.database)
        self.flags = ConversationFlagStore(self.database)
        self.documents = DocumentWorker()
        self.documents.find_transcriber = partial(self.part, "transcribe")
        self.attachments = AttachmentStore(
            self.temporary, self.folders.attachments, self.documents.extract_bytes, self._fetch
        )
        self.search = Search(self.database)
        self.ledger = Ledger(self.temporary)
        self.compactions = CompactionStore(self.temporary)
        self.notes = NoteStore(self.temporary)
        self.prompts = PromptStore(self.database)
        self.settings = SettingsStore(self.database)
        self.permissions = PermissionStore(self.temporary)
        self.consent = ConsentBroker(self.permissions)
        self.delimiters = DelimiterFactory(self.settings.secret)
        holds = SpendingHolds(self.database)
        self.budget = Budget(holds, self.settings, allows_unpriced=allows_unpriced)
        variables = environment_with_keys() if environment is None else environment
        profiles_with_secrets = profiles_of_environment(variables)
        self.vault = KeyVault(self.folders.keyring_service, self.settings)
        for _, secrets in profiles_with_secrets:
            for name, secret in secrets.items():
                self.vault.use_for_session(name, secret, KeyPlace.ENVIRONMENT)
        environment_profiles = tuple(profile for profile, _ in profiles_with_secrets)
        self.local_models = LocalModels(partial(self.of, model_store))
        self.gateway = ProviderGateway(self.vault, self.local_models, self.settings, self.catalog)
        self.counter = ProviderTokenCounter(self.documents, self.gateway, self.catalog)
        self.listings = ModelListings(self.database, self.gateway)
        self.providers = ProviderRegistry(
            self.settings,
            self.vault,
            self.catalog,
            self.listings,
            self.local_models,
            environment_profiles,
        )

    async def open(
        self, *, reads_if_full: bool = False, drops_writes_if_full: bool = False
    ) -> None:
        """Open the store. Takes the arguments and raises the errors of `Database.open`."""
        await self.database.open(
            reads_if_full=reads_if_full, drops_writes_if_full=drops_writes_if_full
        )
        await self.gateway.load()
        await asyncio.to_thread(_clean_folders, self.folders)

    def of(self, make: Callable[[Backend], _T]) -> _T:
        """Return the one object that a function, such as one of a feature's `services`, makes."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast("_T", self._made[make])

    def part(self, name: str) -> Any | None:
        """Return a part by its name (`Core.parts`); None if the program lacks its feature."""
        places = [core.parts[name] for core in cores() if name in core.parts]
        return self.of(imported(places[0])) if places else None

    async def notes_in(self, folder_id: str) -> tuple[RememberedNote, ...]:
        """Return the notes that are sent in conversations of a folder; "" is none."""
        notes = self.part("notes")
        found: tuple[RememberedNote, ...] = () if notes is None else await notes.notes_in(folder_id)
        return found

    async def _fetch(self, sha256: str) -> bool:
        synchronizer = self.part("synchronizer")
        return synchronizer is not None and bool(await synchronizer.fetch(sha256))

    @cached_property
    def tools(self) -> ToolCatalog:
        from desktop_app.tools.services import tool_catalog  # few answers need tools

        return tool_catalog(self)

    @cached_property
    def image_scaler(self) -> ImageScaler:
        return ImageScaler(self.attachments, self.documents)

    @property
    def paid_calls(self) -> PaidCalls:
        """Return the gateway, budget and ledger, which paid calls need."""
        return PaidCalls(self.gateway, self.budget, self.ledger)

    @cached_property
    def chat(self) -> ChatService:
        """Return the service that answers questions."""
        return self.chat_with(self.conversations, self.attachments)

    def chat_with(self, store: MessageStore, attachments: ChatAttachments) -> ChatService:
        """Return a chat service that stores its messages in `store`, which may be temporary."""
        estimator = Estimator(self.counter, attachments, partial(self.part, "collections"))
        image_scaler = ImageScaler(attachments, self.documents)

        def chunked_reader() -> ChunkedReader:
            # The import takes 10 ms, and few questions need it.
            from desktop_app.chat.attachments.chunked_reading import ChunkedReader

            return ChunkedReader(
                calls=self.paid_calls,
                attachments=attachments,
                images=image_scaler,
                estimator=estimator,
                split_text=self.documents.chunks,
                notes=self.notes,
                note_taker=self._note_taker,
            )

        return ChatService(
            sources=RequestSources(
                messages=store,
                attachments=attachments,
                images=image_scaler,
                compactions=self.compactions,
                load_requirements=partial(load_prompt_requirements, self.prompts),
                delimiters=self.delimiters,
                chunked_reader=chunked_reader,
                passages=partial(self.part, "collections"),
            ),
            calls=self.paid_calls,
            estimator=estimator,
            models=ModelChoices(self.providers.models_of, self.gateway.window_of),
            tools=lambda: self.tools,
            consent=self.consent,
        )

    def _note_taker(self, answering_model: ResolvedChoice) -> ResolvedChoice:
        """Return the model that takes notes on long documents, for an answering model.

        It is the answering model itself at a compatible server whose list of models is unknown.
        """
        is_compatible = answering_model.profile.kind is ProviderKind.COMPATIBLE
        if is_compatible and self.listings.known_listing(answering_model.profile) is None:
            return answering_model
        return self.utility_model.model_for(Purpose.PART, answering_model)

    @cached_property
    def utility_model(self) -> UtilityModel:
        """Return the service for the program's own small tasks, such as titles."""
        return UtilityModel(self.paid_calls, self.providers.models_of)

    @cached_property
    def compaction(self) -> CompactionService:
        """Return the service that compacts long conversations."""
        return CompactionService(
            store=self.compactions,
            attachments=self.attachments,
            images=self.image_scaler,
            estimator=self.chat.estimator,
            utility_model=self.utility_model,
            delimiters=self.delimiters,
        )

    async def values(self) -> dict[str, SettingValue]:
        """Return the values of all settings, defaults included."""
        return with_defaults(await self.settings.all())

    async def aclose(self) -> None:
        """Close connections, stop the child processes, close the store."""
        for close in reversed(self.on_close):
            await close()
        await self.gateway.aclose()
        await self.documents.aclose()
        await self.temporary.aclose()
        await self.database.close()
        self.attachments.close()


def _clean_folders(user_folders: Folders) -> None:
    """Remove files that killed processes left."""
    from desktop_app.storage.store_lock import remove_abandoned_scratch
    from desktop_app.storage.temporary_files import remove_abandoned

    remove_abandoned(user_folders.temporary)
    remove_abandoned_scratch(user_folders.database)


def read_catalog(user_folders: Folders) -> ModelCatalog:
    """Read the bundled model catalog, extended by the user's models.toml.

    The facts of a release stand in for the bundled ones if they are newer. What is wrong in the
    user's file is left out, and named in the catalog's `problems`.
    """
    from desktop_app.domain.models.catalog_file import CatalogFile, ignored_file, read_catalog_file
    from desktop_app.domain.models.price_list import PriceList

    own = resource_path("models.toml")
    prices = PriceList(resource_path(PRICES).read_bytes)
    files = [read_catalog_file(own.read_text("utf-8"), str(own))]
    renewed_file = user_folders.config / FACTS_FILE
    try:
        if renewed_file.is_file():
            from desktop_app.domain.models.catalog_file import read_facts

            renewed = read_facts(renewed_file.read_bytes())
            if renewed.day > max(files[0].day or date.min, prices.day):
                files, prices = [renewed.models], renewed.prices
    except (OSError, ValueError) as error:
        problem = ignored_file(str(renewed_file), str(error))
        files[0] = files[0]._replace(problems=(*files[0].problems, problem))
    user_file = user_folders.config / USER_FILE
    try:
        if user_file.is_file():
            files.append(read_catalog_file(user_file.read_text("utf-8"), str(user_file)))
    except (OSError, UnicodeDecodeError) as error:
        files.append(CatalogFile(problems=(ignored_file(str(user_file), str(error)),)))
    return ModelCatalog.from_files(files, prices)
