"""What conversations make of the backend: their stores, the services that answer and compact."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from desktop_app.chat.attachments.image_scaling import ImageScaler
from desktop_app.chat.chat_service import ChatService, RequestSources
from desktop_app.chat.conversation_store import CompactionStore, ConversationStore
from desktop_app.chat.cost_estimate import Estimator
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.prompt import NO_REQUIREMENTS, PromptRequirements
from desktop_app.domain.prompt_delimiter import DelimiterFactory
from desktop_app.domain.spending_report import Purpose
from desktop_app.providers.models.choice_resolution import ModelChoices, ResolvedChoice
from desktop_app.tools.calls.consent import ConsentBroker
from desktop_app.tools.permission_store import PermissionStore

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.chat.attachments.chunked_reading import ChunkedReader
    from desktop_app.chat.compaction_service import CompactionService
    from desktop_app.chat.utility_model import UtilityModel
    from desktop_app.domain.remembered_note import RememberedNote
    from desktop_app.providers.ports import ChatAttachments, MessageStore


def conversation_store(backend: Backend) -> ConversationStore:
    """Return the store of conversations, temporary ones included."""
    return ConversationStore(backend.temporary)


def compaction_store(backend: Backend) -> CompactionStore:
    return CompactionStore(backend.temporary)


def delimiter_factory(backend: Backend) -> DelimiterFactory:
    """Return what makes the marks around material in prompts."""
    return DelimiterFactory(backend.settings.secret)


async def notes_in(backend: Backend, folder_id: str) -> tuple[RememberedNote, ...]:
    """Return the notes that are sent in conversations of a folder; "" is none."""
    notes = backend.part("notes")
    found: tuple[RememberedNote, ...] = () if notes is None else await notes.notes_in(folder_id)
    return found


def permission_store(backend: Backend) -> PermissionStore:
    return PermissionStore(backend.temporary)


def consent_broker(backend: Backend) -> ConsentBroker:
    """Return what asks the user before a tool runs."""
    return ConsentBroker(backend.permissions)


def image_scaler(backend: Backend) -> ImageScaler:
    """Return what scales pictures to what the provider charges for."""
    return ImageScaler(backend.attachments, backend.documents)


def chat_service(backend: Backend) -> ChatService:
    return chat_with(backend, backend.conversations, backend.attachments)


def chat_with(backend: Backend, store: MessageStore, attachments: ChatAttachments) -> ChatService:
    """Return a chat service that stores its messages in `store`, which may be temporary."""
    passages = partial(backend.part, "collections")
    estimator = Estimator(backend.counter, attachments, passages)
    images = ImageScaler(attachments, backend.documents)

    def chunked_reader() -> ChunkedReader:
        # The import takes 10 ms, and few questions need it.
        from desktop_app.chat.attachments.chunked_reading import ChunkedReader

        return ChunkedReader(
            calls=backend.paid_calls,
            attachments=attachments,
            images=images,
            estimator=estimator,
            split_text=backend.documents.chunks,
            notes=backend.notes,
            note_taker=partial(_note_taker, backend),
        )

    return ChatService(
        sources=RequestSources(
            messages=store,
            attachments=attachments,
            images=images,
            compactions=backend.compactions,
            load_requirements=partial(_requirements, backend),
            delimiters=backend.delimiters,
            chunked_reader=chunked_reader,
            passages=passages,
        ),
        calls=backend.paid_calls,
        estimator=estimator,
        models=ModelChoices(backend.providers.models_of, backend.gateway.window_of),
        tools=lambda: backend.tools,
        consent=backend.consent,
    )


async def _requirements(backend: Backend, prompt_id: str) -> PromptRequirements:
    """Return the requirements of a prompt of the library."""
    library = backend.part("prompts") if prompt_id else None
    return NO_REQUIREMENTS if library is None else await library.requirements(prompt_id)


def _note_taker(backend: Backend, answering_model: ResolvedChoice) -> ResolvedChoice:
    """Return the model that takes notes on long documents, for an answering model.

    It is the answering model itself at a compatible server whose list of models is unknown.
    """
    is_compatible = answering_model.profile.kind is ProviderKind.COMPATIBLE
    if is_compatible and backend.listings.known_listing(answering_model.profile) is None:
        return answering_model
    return backend.utility_model.model_for(Purpose.PART, answering_model)


def utility_model(backend: Backend) -> UtilityModel:
    """Return the service for the program's own small tasks, such as titles."""
    from desktop_app.chat.utility_model import UtilityModel

    return UtilityModel(backend.paid_calls, backend.providers.models_of)


def compaction_service(backend: Backend) -> CompactionService:
    from desktop_app.chat.compaction_service import CompactionService

    return CompactionService(
        store=backend.compactions,
        attachments=backend.attachments,
        images=backend.image_scaler,
        estimator=backend.chat.estimator,
        utility_model=backend.utility_model,
        delimiters=backend.delimiters,
    )
