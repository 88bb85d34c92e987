"""The files of the collection that the dialog shows, and the progress of its update."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from desktop_app.app.documents.collection_updates import CollectionUpdates
from desktop_app.i18n.formatting import money, number
from desktop_app.i18n.translation import tr_plural
from desktop_app.services.collections.collection_service import Collections
from desktop_app.services.collections.embedding_service import EmbeddingPlan
from desktop_app.ui.library.collection_files import sort_files
from desktop_app.ui.library.collections_dialog import CollectionsDialog


class ShownCollection:
    """The collection that the dialog shows."""

    def __init__(
        self,
        dialog: CollectionsDialog,
        updates: CollectionUpdates,
        collections: Callable[[], Collections],
    ) -> None:
        self._dialog = dialog
        self._updates = updates
        self._collections = collections

    async def show_files(self) -> None:
        """Show the files, what embedding them sends, and the progress."""
        dialog = self._dialog
        collections = self._collections()
        shown_id = dialog.current
        unsorted_files = await collections.files(shown_id) if shown_id else []
        files = await asyncio.to_thread(sort_files, unsorted_files)
        plan = await collections.embedding_plan(shown_id) if shown_id else None
        if shown_id == dialog.current:
            dialog.set_files(files)
            dialog.set_semantic_note(
                _embedding_text(plan) if plan is not None and plan.passages else ""
            )
            self.show_work()

    def show_work(self) -> None:
        """Show the progress of an update."""
        self._dialog.show_work(*self._updates.progress_text(self._dialog.current))


def _embedding_text(plan: EmbeddingPlan) -> str:
    """Return a sentence with the passages that embedding sends, the provider and the cost."""
    provider = plan.choice.profile.name
    tokens = number(plan.tokens)
    if plan.cost is None:
        return tr_plural(
            "Creating embeddings sends {count} passage ({tokens} tokens) to {provider}.",
            "Creating embeddings sends {count} passages ({tokens} tokens) to {provider}.",
            plan.passages,
            tokens=tokens,
            provider=provider,
        )
    return tr_plural(
        "Creating embeddings sends {count} passage ({tokens} tokens, about {cost}) to {provider}.",
        "Creating embeddings sends {count} passages ({tokens} tokens, about {cost}) to {provider}.",
        plan.passages,
        tokens=tokens,
        cost=money(plan.cost),
        provider=provider,
    )
