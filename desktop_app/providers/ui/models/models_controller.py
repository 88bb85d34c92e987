"""The table of models: the choice of a model, favorites, and the user's own entries."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from desktop_app.app.session import Controller, Session
from desktop_app.composer.choice.choice_view import ModelEntry
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.models.model_facts import ModelFacts, ModelRow

if TYPE_CHECKING:
    from desktop_app.providers.ui.models.models_dialog import ModelsPage


class ModelsController(Controller):
    """Connection of the table of models with the providers and the open conversation."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._settings_store = session.backend.settings
        self._dialog: ModelsPage | None = None
        self._save_lock = asyncio.Lock()
        self._fill_lock = asyncio.Lock()
        for signal in (self._providers.changed, self._providers.listings_changed):
            signal.connect(self._refresh)

    def show(self) -> None:
        """Show the table, with the model of the open conversation selected."""
        resolved = self._setup.resolved
        self._tasks.start(self._show(resolved.profile.id, resolved.model.id))

    def edit(self, provider_id: str, model: str) -> None:
        """Show the form for a model."""
        self._tasks.start(self._show(provider_id, model, with_editor=True))

    async def _show(self, provider_id: str, model: str, *, with_editor: bool = False) -> None:
        if self._dialog is None:
            self._dialog = self._make_dialog()
        dialog = self._dialog
        rows = await self._fill(dialog)
        dialog.select(provider_id, model)
        self._window.show_page(dialog)
        if with_editor:
            row = next((row for row in rows if row.key == (provider_id, model)), None)
            if row is not None:
                self._edit(row)
        for profile in self._providers.all:
            await self._providers.refresh_listing(profile)

    def _make_dialog(self) -> ModelsPage:
        # Not needed at the start.
        from desktop_app.providers.ui.models.models_dialog import ModelsPage

        dialog = ModelsPage(self._window)
        dialog.use_requested.connect(self._use)
        dialog.favorite_requested.connect(self._tasks.slot(self._toggle_favorite))
        dialog.edit_requested.connect(self._edit)
        return dialog

    def _refresh(self) -> None:
        if self._dialog is not None and self._dialog.isVisible():
            self._tasks.start(self._fill(self._dialog))

    async def _fill(self, dialog: ModelsPage) -> list[ModelRow]:
        async with self._fill_lock:  # an older run must not overwrite the rows of a newer one
            rows = await self._read_rows()
            dialog.set_rows(rows)
        return rows

    async def _read_rows(self) -> list[ModelRow]:
        """Return the models of the providers that have a key or need none."""
        from desktop_app.providers.models.model_menu import FAVORITES, favorites_in, model_rows

        rows: list[ModelRow] = []
        favorites = favorites_in((await self._settings_store.all()).get(FAVORITES))
        for profile in await self._providers.usable():
            provider_rows = model_rows(
                self._providers.models_of(profile),
                date.today(),  # noqa: DTZ011 — the user's day
                on_device_model=self._providers.on_device_model,
                favorites=favorites,
            )
            is_stored = self._stored_profile(profile) is not None
            rows += [
                replace(
                    row,
                    user_entries=row.user_entries if is_stored else None,
                    is_from_environment=profile.from_environment,
                )
                for row in provider_rows
            ]
        return sorted(rows, key=lambda row: not row.is_favorite)

    def _stored_profile(self, profile: ProviderProfile) -> ProviderProfile | None:
        """Return the profile that stores the user's entries for a provider; None if none can."""
        if not profile.from_environment:
            return None if profile.kind is ProviderKind.ON_DEVICE else profile
        same_server = (p for p in self._providers.all if p.base_url == profile.base_url)
        return next((p for p in same_server if not p.from_environment), None)

    def _use(self, row: ModelRow) -> None:
        entry = ModelEntry(row.provider_id, row.provider_name, row.model, row.name, row.variant)
        self._session.choice.choose_model(entry)
        self._window.pane.close_page()

    async def _toggle_favorite(self, row: ModelRow) -> None:
        from desktop_app.providers.models.model_menu import FAVORITES, favorites_in

        async with self._save_lock:
            settings = self._settings_store
            favorites = favorites_in((await settings.all()).get(FAVORITES))
            favorites ^= {row.key}
            await settings.set(FAVORITES, sorted(map(list, favorites)))
        self._refresh()

    def _edit(self, row: ModelRow) -> None:
        from desktop_app.providers.ui.models.model_editor import ModelEditor

        editor = ModelEditor(row, self._window)
        editor.saved.connect(self._tasks.slot(self._save))
        editor.open()

    async def _save(self, provider_id: str, own_model: ModelFacts) -> None:
        async with self._save_lock:
            profile = self._providers.get(provider_id)
            stored_profile = None if profile is None else self._stored_profile(profile)
            if stored_profile is None:
                return
            await self._providers.save(stored_profile.with_own_model(own_model))
