"""The backend: all objects below the user interface, created without Qt."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

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
from desktop_app.domain.cost import FREE
from desktop_app.domain.models.model_catalog import USER_FILE, ModelCatalog
from desktop_app.domain.prompt_delimiter import DelimiterFactory
from desktop_app.domain.spending_report import Purpose
from desktop_app.library.folder_store import ConversationFlagStore, FolderStore
from desktop_app.library.search_query import Search
from desktop_app.local_model.local_models import LocalModels, RunOptions
from desktop_app.memory.memory import Memory
from desktop_app.paths import Folders, folders, resource_path
from desktop_app.prompts.prompt_store import PromptStore
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE, profiles_of_environment
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
    from collections.abc import Mapping

    from desktop_app.batch.batch_store import BatchStore
    from desktop_app.chat.attachments.chunked_reading import ChunkedReader
    from desktop_app.collections.collection_service import Collections
    from desktop_app.collections.embedding_service import EmbeddingChoice, Embeddings
    from desktop_app.documents.worker.document_worker import OnProgress
    from desktop_app.domain.documents.extracted_document import ExtractedDocument
    from desktop_app.local_model.store import LocalFile, ModelStore
    from desktop_app.providers.ports import ChatAttachments, MessageStore
    from desktop_app.repeat.repeat_store import RepeatStore
    from desktop_app.sync.synchronizer import Synchronizer
    from desktop_app.tools.calls.tool_set import ToolCatalog
    from desktop_app.tools.servers.server_registry import ToolServers
    from desktop_app.tools.servers.server_store import ServerStore
    from desktop_app.voice.provider_calls import Ask, VoiceCalls
    from desktop_app.voice.provider_speech import ProviderSpeech
    from desktop_app.voice.transcription.transcription import Transcription

PRICES: Final = "model_prices.json"
FACTS_FILE: Final = "model_facts.json"
"""Newer model facts of a release, in the configuration folder (`desktop/updates`)."""
WEIGHTS_SETTING = "local_model.weights"
EMBEDDING_SETTING = "library.embedding_model"


class Backend:
    """The store, the providers, the documents and the services on top of them.

    The database is not opened and nothing is started.

    Attributes:
        ask_about_voice: see `Ask`; the window and commands set it.

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
        self.folders = user_folders or folders()
        self.catalog = read_catalog(self.folders)
        self.wants_embeddings = wants_embeddings
        self.database = Database(self.folders.database)
        self.temporary = TemporaryConversations(self.database)
        self.conversations = ConversationStore(self.temporary)
        self.conversation_folders = FolderStore(self.database)
        self.flags = ConversationFlagStore(self.database)
        self.documents = DocumentWorker()
        self.documents.transcribe = self._transcribed_document
        self.ask_about_voice: Ask | None = None
        self.attachments = AttachmentStore(
            self.temporary,
            self.folders.attachments,
            self.documents.extract_bytes,
            lambda sha256: self.synchronizer.fetch(sha256),
        )
        self.search = Search(self.database)
        self.memory = Memory(self.database)
        self.ledger = Ledger(self.temporary)
        self.compactions = CompactionStore(self.temporary)
        self.notes = NoteStore(self.temporary)
        self.prompts = PromptStore(self.database)
        self.settings = SettingsStore(self.database)
        self.permissions = PermissionStore(self.temporary)
        self.consent = ConsentBroker(self.permissions)
        self.collection_worker = DocumentWorker()
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
        self.local_models = LocalModels(lambda: self.model_store)
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

    @cached_property
    def image_scaler(self) -> ImageScaler:
        return ImageScaler(self.attachments, self.documents)

    @cached_property
    def synchronizer(self) -> Synchronizer:
        """Return the synchronization of the library with other computers."""
        from desktop_app.sync.synchronizer import Synchronizer  # few have joined one

        return Synchronizer(
            self.database, self.folders.attachments, self.vault, environment_with_keys()
        )

    @cached_property
    def repeats(self) -> RepeatStore:
        from desktop_app.repeat.repeat_store import RepeatStore  # the first window needs none

        return RepeatStore(self.database)

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
        estimator = Estimator(self.counter, attachments, lambda: self.collections)
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
                passages=lambda: self.collections,
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
    def tools(self) -> ToolCatalog:
        # Imported late, because few answers need tools.
        from desktop_app.backend.tool_wiring import server_sources, tool_sources
        from desktop_app.tools.calls.tool_set import ToolCatalog

        return ToolCatalog(tool_sources(self), lambda: server_sources(self))

    @cached_property
    def tool_servers(self) -> ToolServers:
        """Return the configured servers of tools; none runs before it is needed."""
        from desktop_app.backend.tool_wiring import tool_servers

        return tool_servers(self)

    @cached_property
    def collections(self) -> Collections:
        """Return the service for questions about many documents."""
        # The imports take 10 ms, and few conversations need them.
        from desktop_app.collections.collection_service import Collections
        from desktop_app.collections.collection_store import CollectionStore, VectorStore
        from desktop_app.documents.index.collection_reader import CollectionReader

        return Collections(
            CollectionStore(self.database),
            originals=self.attachments,
            reader=CollectionReader(self.collection_worker),
            vectors=VectorStore(self.database),
            embeddings=self.embeddings,
        )

    @cached_property
    def embeddings(self) -> Embeddings:
        """Return the service that requests embeddings."""
        from desktop_app.collections.embedding_service import Embeddings  # few need it

        return Embeddings(self.gateway, self.ledger, self.budget, self.embedding_choice)

    @cached_property
    def utility_model(self) -> UtilityModel:
        """Return the service for the program's own small tasks, such as titles."""
        return UtilityModel(self.paid_calls, self.providers.models_of)

    @cached_property
    def batch_store(self) -> BatchStore:
        from desktop_app.batch.batch_store import BatchStore  # 9 ms

        return BatchStore(self.database, self.ledger)

    @cached_property
    def server_store(self) -> ServerStore:
        from desktop_app.tools.servers.server_store import ServerStore  # few runs need it

        return ServerStore(self.database)

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

    @cached_property
    def model_store(self) -> ModelStore:
        from desktop_app.local_model.store import ModelStore  # 9 ms

        return ModelStore(self.folders.data / "models", self.folders.cache)

    async def use_first_model(self, file: LocalFile) -> bool:
        """Use a fetched model for new conversations, unless the user has chosen one before.

        Return True if it is used.
        """
        stored = await self.settings.all()
        is_other = file.is_speech or file.header.is_embedding
        if is_other or stored.get(WEIGHTS_SETTING):
            return False
        await self.settings.set(WEIGHTS_SETTING, file.path)
        use_weights(self.local_models, await self.settings.all())
        return True

    async def remove_model(self, paths: list[Path]) -> int:
        """Remove a fetched model or a part of one. Return the bytes that this frees.

        Raises:
            LocalModelError: it is being fetched, or cannot be removed.
        """
        stored = await self.settings.all()
        embeds = self.local_models.find(str(stored.get(EMBEDDING_SETTING, "")))
        await self.local_models.unload(str(paths[0]))
        freed = await asyncio.to_thread(self.model_store.remove, paths)
        if stored.get(WEIGHTS_SETTING) == str(paths[0]):
            await self.settings.set(WEIGHTS_SETTING, "")
            use_weights(self.local_models, await self.settings.all())
        if embeds is not None and embeds.path == str(paths[0]):
            # Else collections would send passages to a provider that nobody chose for it.
            await self.settings.set("library.embeddings", False)
            await self.settings.set(EMBEDDING_SETTING, "")
        return freed

    @cached_property
    def voice_calls(self) -> VoiceCalls:
        """Return what sends voices, and texts to be spoken, to providers."""
        from desktop_app.voice.provider_calls import VoiceCalls  # few need it

        parts = (self.gateway, self.budget, self.ledger, self.settings)
        return VoiceCalls(*parts, lambda: self.ask_about_voice)

    @cached_property
    def transcription(self) -> Transcription:
        """Return the service that transcribes speech and recordings."""
        from desktop_app.backend.voice_wiring import voice_model_of
        from desktop_app.providers.jobs.audio import transcription_models
        from desktop_app.settings.schema import HEARING_MODEL
        from desktop_app.voice.transcription.transcription import Transcription

        find_model = partial(voice_model_of, self, HEARING_MODEL, transcription_models)
        parts = (self.voice_calls, self.notes, lambda: self.model_store, self.values)
        return Transcription(*parts, find_model)

    @cached_property
    def speech(self) -> ProviderSpeech:
        """Return the service by which a provider speaks."""
        from desktop_app.backend.voice_wiring import voice_model_of
        from desktop_app.providers.jobs.audio import speech_models
        from desktop_app.settings.schema import SPEECH_MODEL
        from desktop_app.voice.provider_speech import ProviderSpeech

        find_model = partial(voice_model_of, self, SPEECH_MODEL, speech_models)
        return ProviderSpeech(self.voice_calls, find_model)

    async def _transcribed_document(
        self,
        name: str,
        media_type: str,
        data: bytes,
        on_progress: OnProgress | None,
        conversation_id: str,
    ) -> ExtractedDocument:
        from desktop_app.backend.voice_wiring import RecordingReading

        reading = RecordingReading(self, name, media_type, data, conversation_id)
        return await reading.read(on_progress)

    async def embedding_choice(self) -> EmbeddingChoice | None:
        """Return the provider and model of embeddings; None if they are off or not available."""
        # The import takes 11 ms.
        from desktop_app.backend.embedding_choice import embedding_choice
        from desktop_app.collections.embedding_service import EmbeddingChoice

        values = await self.values()
        if not (self.wants_embeddings or values["library.embeddings"]):
            return None
        chosen = str(values[EMBEDDING_SETTING]).strip()
        profile = await self.providers.default_profile(values)
        await self.local_models.refresh_once()
        local = self.local_models.find_embedding(
            chosen, is_needed=profile.kind is ProviderKind.ON_DEVICE
        )
        if local is not None:
            profile = replace(ON_DEVICE, models=(local,))
            return EmbeddingChoice(profile, local, FREE)
        if profile.kind is ProviderKind.ON_DEVICE:
            return None
        return embedding_choice(chosen, profile, self.catalog, self.listings.known_listing(profile))

    async def values(self) -> dict[str, SettingValue]:
        """Return the values of all settings, defaults included."""
        return with_defaults(await self.settings.all())

    async def aclose(self) -> None:
        """Close connections, stop the child processes, close the store."""
        if "tool_servers" in self.__dict__:
            await self.tool_servers.aclose()
        await self.gateway.aclose()
        await self.documents.aclose()
        await self.collection_worker.aclose()
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


def use_weights(local_models: LocalModels, stored: Mapping[str, Any]) -> None:
    """Use the model that the user chose for this computer, and the options to run it."""
    path = stored.get(WEIGHTS_SETTING)
    local_models.weights = Path(path) if path else None
    local_models.options = RunOptions.from_settings(stored)
