"""Providers and their models: the commands, and what the window must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.domain.places import Place
from desktop_app.i18n.translation import N_, tr
from desktop_app.settings.setting import SettingsPlace
from desktop_app.shortcuts.command import Category, Tab

if TYPE_CHECKING:
    from desktop_app.app.session import Session

LOCAL_SERVERS_DELAY_MS: Final = 300


def _compose(session: Session) -> None:
    from desktop_app.providers.ui.providers_controller import ProvidersController

    window, providers = session.window, session.of(ProvidersController)
    window.prompt.row.model_button.table_requested.connect(lambda: session.run("models.show"))
    window.empty_state.key_requested.connect(providers.open_at_key)
    window.settings.shown.connect(providers.request_models)
    window.transcript.action_requested.connect(
        lambda _id, action: providers.open_at_key() if action in ("add-key", "change-key") else None
    )


def _look_for_servers(session: Session) -> None:
    from desktop_app.providers.ui.local_server_offer import LocalServerOffer

    session.tasks.start(session.of(LocalServerOffer).look_at_first_start())


FEATURE: Final = Feature(
    actions=(
        Action(
            "models.show",
            N_("Show models"),
            Category.PROMPT,
            "Ctrl+G, Ctrl+M",
            run=call("providers.ui.models.models_dialog.ModelsPage.open"),
            menu_label=N_("Models"),
            words=N_("all models list prices"),
            tab=Tab("models", 1, lambda: tr("All models")),
            page="models-dialog",
        ),
        Action(
            "provider.show",
            N_("Provider"),
            Category.VIEW,
            run=lambda session: session.window.request_place(Place.PROVIDER),
            is_in_palette=False,
        ),
    ),
    compose=_compose,
    later=(LOCAL_SERVERS_DELAY_MS, _look_for_servers),
    pages={"provider": "providers.ui.provider_tab.ProviderTab"},
    places=(
        SettingsPlace(N_("Provider"), "provider", "provider", N_("account server OpenAI Ollama")),
        SettingsPlace(N_("API key"), "provider", "key", N_("token password account")),
        SettingsPlace(N_("Base URL"), "provider", "base-url", N_("address endpoint server")),
        SettingsPlace(N_("Additional models"), "advanced", "models"),
        SettingsPlace(
            N_("Monthly limit (US dollars)"), "provider", "monthly-cap", N_("money cost budget")
        ),
        SettingsPlace(N_("Proxy"), "advanced", "proxy", N_("network")),
        SettingsPlace(N_("Trusted certificates"), "advanced", "ca-file", N_("network TLS company")),
        SettingsPlace(
            N_("Headers and query parameters"), "advanced", "custom-field-name", N_("network")
        ),
    ),
)
