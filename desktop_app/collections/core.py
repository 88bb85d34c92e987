"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import STAYS, TRAVELS, Effect, StoredTable
from desktop_app.features import Core
from desktop_app.i18n.translation import N_
from desktop_app.settings.setting import Group, Setting

CORE = Core(
    window="collections.ui.feature.FEATURE",
    parts={"collections": "collections.services.collections"},
    tables=(
        StoredTable(
            "collections",
            {Effect.PLAIN: "id created_at", Effect.PLACE: "folder"},
            reader="collections.collection_store.collection_from_row",
        ),
        StoredTable(
            "collection_files",
            {
                Effect.PLAIN: (
                    "id collection_id name sha256 media_type size pages status problem modified"
                ),
                Effect.PLACE: "path",
            },
            reader="collections.collection_store.file_from_row",
        ),
        StoredTable("passages", {Effect.PLAIN: "id sha256 start end tokens page place title"}),
        StoredTable("passage_index", {Effect.DERIVED: "title words"}),
        StoredTable("passage_vectors", {Effect.PLAIN: "passage_id model vector"}),
    ),
    settings=(
        Setting("library.embedding_model", "", N_("Embedding model"), Group.KEPT),
        Setting(
            "library.embeddings",
            False,
            N_("Semantic search in project files"),
            Group.ANSWER,
            N_("Sends passages and messages to the default provider. You see the cost first."),
            words=N_("embeddings vectors collections"),
            is_advanced=True,
        ),
    ),
    setting_effects={
        (Effect.PLAIN, TRAVELS): "library.embedding_model",
        (Effect.CONSENT, STAYS): "library.embeddings",
    },
)
