"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import Effect, StoredTable, SyncedTable
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
            reader="settings.settings_store.profile_from_row",
            synced=SyncedTable("position body", birth="body"),
        ),
        # A restore takes the origins that are known on this computer.
        StoredTable("keys_in_keyring", {Effect.PLAIN: "profile_id origin"}),
        StoredTable("model_listings", {Effect.PLAIN: "profile_id base_url at models"}),
    ),
)
