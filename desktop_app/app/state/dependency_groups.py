"""Objects that several controllers receive together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from desktop_app.app.state.answer_setup import AnswerSetup
    from desktop_app.app.state.open_conversation import OpenConversation
    from desktop_app.app.state.prompt_draft import PromptDraft
    from desktop_app.app.state.providers import Providers
    from desktop_app.app.state.setting_values import SettingValues
    from desktop_app.backend.image_scaling import ImageScaler
    from desktop_app.documents.worker.document_worker import DocumentWorker
    from desktop_app.services.fence import Fences
    from desktop_app.storage.documents.attachment_store import AttachmentStore


class ConversationSession(NamedTuple):
    """The open conversation and its draft."""

    current: OpenConversation
    draft: PromptDraft


class AnswerSettings(NamedTuple):
    """The state that decides which model answers, and with which settings."""

    values: SettingValues
    providers: Providers
    setup: AnswerSetup


class AttachmentSources(NamedTuple):
    """The sources of an attachment's content, and its fences in a question."""

    attachment_store: AttachmentStore
    documents: DocumentWorker
    image_scaler: ImageScaler
    fences: Fences
