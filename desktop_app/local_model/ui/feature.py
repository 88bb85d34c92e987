"""Models on this computer: the commands, and what the window must know."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.i18n.translation import N_, tr
from desktop_app.shortcuts.command import Category, Tab

if TYPE_CHECKING:
    from desktop_app.app.activity import ActivityRow
    from desktop_app.app.session import Session
    from desktop_app.local_model.catalog import CatalogModel


def _compose(session: Session) -> None:
    from desktop_app.local_model.ui.built_in_model_note import BuiltInModelNote

    def download(model: CatalogModel) -> None:
        from desktop_app.local_model.ui.local_models_page import LocalModelsPage

        session.of(LocalModelsPage).start_download(model)

    session.of(BuiltInModelNote)
    session.events.download_requested.connect(download)
    session.window.transcript.action_requested.connect(
        lambda _id, action: session.run("models.local") if action == "better-model" else None
    )


async def _activity(session: Session) -> list[ActivityRow]:
    from desktop_app.local_model.services import model_store
    from desktop_app.local_model.ui.local_models_page import LocalModelsPage

    store = session.backend.of(model_store)
    if session.made(LocalModelsPage) is None and not await asyncio.to_thread(store.partial_files):
        return []
    return await session.of(LocalModelsPage).activity()


FEATURE: Final = Feature(
    actions=(
        Action(
            "models.local",
            N_("Models on this computer"),
            Category.PROMPT,
            run=call("local_model.ui.local_models_page.LocalModelsPage.open"),
            tab=Tab("models", 2, lambda: tr("On this computer")),
            page="local-models",
        ),
    ),
    compose=_compose,
    activity=_activity,
)
