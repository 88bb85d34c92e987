"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import Effect, StoredTable, StoredValue, SyncedTable
from desktop_app.features import CommandPlaces, Core

CORE = Core(
    window="providers.ui.feature.FEATURE",
    commands={
        "models": CommandPlaces(
            "providers.arguments.models_arguments", "providers.command.run_models"
        )
    },
    tables=(
        StoredTable(
            "profiles",
            {Effect.PLAIN: "id position", Effect.LISTED: "body"},
            values={
                "body": StoredValue(
                    "domain.answering.chat_request.ProviderProfile",
                    {
                        Effect.PLAIN: "id name api models needs_key max_tokens_field",
                        Effect.LISTED: (
                            "kind base_url price_multiplier keeps_at_provider plain_http_hosts "
                            "monthly_cap offers_batches takes_files custom_fields key_header "
                            "own_models"
                        ),
                        Effect.PLACE: "proxy ca_file",
                        Effect.HERE: "from_environment shares_cap_with unusable_variable",
                    },
                )
            },
            reader="settings.settings_store.profile_from_row",
            synced=SyncedTable("position body", birth="body"),
        ),
        # A restore takes the origins that are known on this computer.
        StoredTable("keys_in_keyring", {Effect.PLAIN: "profile_id origin"}),
        # What servers list is asked for again: a listed price of $0 would end a limit.
        StoredTable("model_listings", {Effect.HERE: "profile_id base_url at models"}),
    ),
)
