"""The service of tables, with its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from desktop_app.tables.table_service import TableParts, TableService
from desktop_app.tables.table_store import TableStore

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.tables.table_store import CellId


def table_service(
    backend: Backend,
    on_change: Callable[[str, CellId | None], object] = lambda _table_id, _cell: None,
) -> TableService:
    """Create the service of tables from the backend's store, documents and providers.

    Args:
        on_change: as of `TableService`.
    """
    return TableService(
        TableParts(
            TableStore(backend.database),
            documents=backend.documents,
            attachments=backend.attachments,
            chat_with=backend.chat_with,
            conversations=backend.conversations,
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
        ),
        on_change,
    )
