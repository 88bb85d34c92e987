"""What tables make of the backend: their service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.tables.table_service import TableParts, TableService
from desktop_app.tables.table_store import TableStore

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend


def table_service(backend: Backend) -> TableService:
    """Return the service of tables, with the backend's store, documents and providers."""
    return TableService(
        TableParts(
            TableStore(backend.database),
            documents=backend.documents,
            attachments=backend.attachments,
            chat_with=backend.chat_with,
            resolve=backend.chat.resolve,
            conversations=backend.conversations,
            folders=backend.conversation_folders,
            gateway=backend.gateway,
            profiles=backend.providers.profiles,
            models_of=backend.providers.models_of,
            counter=backend.counter,
            budget=backend.budget,
            ledger=backend.ledger,
            utility_model=backend.utility_model,
            delimiters=backend.delimiters,
            images=backend.image_scaler,
            scratch=backend.database.path.parent,
        )
    )
