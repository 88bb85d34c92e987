"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import Effect, StoredTable, SyncedTable
from desktop_app.features import Core

CORE = Core(
    window="settings.ui.feature.FEATURE",
    tables=(
        # see storage/value_effects
        StoredTable(
            "settings",
            {Effect.PLAIN: "key value"},
            reader="settings.settings_store.value_from_row",
            synced=SyncedTable(
                "value",
                birth="value",
                key="key",
                condition="{row}.key NOT LIKE 'window.%' AND {row}.key NOT LIKE 'store.%'",
            ),
        ),
    ),
)
