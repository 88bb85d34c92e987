"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import Effect, StoredTable
from desktop_app.features import CommandPlaces, Core

CORE = Core(
    window="sync.ui.feature.FEATURE",
    commands={"sync": CommandPlaces("sync.arguments.sync_arguments", "sync.command.run_sync")},
    parts={"synchronizer": "sync.services.synchronizer"},
    tables=(
        StoredTable("sync_device", {Effect.HERE: "id clock is_applying state"}),
        StoredTable("sync_changes", {Effect.HERE: "kind id field at device number note"}),
        StoredTable("sync_waiting", {Effect.HERE: "id device entry refused_by"}),
        StoredTable("sync_peers", {Effect.HERE: "device number facts"}),
        StoredTable("sync_outbox", {Effect.HERE: "number body"}),
        StoredTable("sync_files", {Effect.HERE: "sha256 unnamed_at"}),
        StoredTable("sync_held", {Effect.HERE: "kind id number is_whole is_stale"}),
    ),
)
