"""What each stored value may do without the user: the one table for restore, repair and sync.

A backup may come from anyone, or from the user's other computer. So what it brings starts nothing
and agrees to nothing: each column and each setting has an effect here, and a test fails for one
that has none. `backup/switched_off` and `backup/active_settings` act by it, and synchronizing
carries only what is plain or listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final, NamedTuple


class Effect(Enum):
    """The effect of a stored value.

    Members:
        PLAIN: it is shown, or part of what the user sends.
        LISTED: it decides where data go, what is spent, or which files and commands are used. A
            restore lists it before anything changes.
        ACTS: it is asked or sent at its time. A restore or a repair switches it off and names it.
        CONSENT: the user has agreed on this computer. A restore or a repair drops it.
        HERE: it describes this computer's processes, or its place in a synchronized library. A
            restore or a repair drops it.
        DERIVED: it is made of other rows, which a repair does.
    """

    PLAIN = auto()
    LISTED = auto()
    ACTS = auto()
    CONSENT = auto()
    HERE = auto()
    DERIVED = auto()


_P, _L, _H = Effect.PLAIN, Effect.LISTED, Effect.HERE
_TOKENS: Final = "input_tokens cached_tokens output_tokens reasoning_tokens cost"
_CHOICE: Final = "provider_id model variant effort"

COLUMNS: Final[Mapping[str, Mapping[Effect, str]]] = {
    "folders": {_P: f"id name created_at {_CHOICE} collection_id file_names", _L: "overrides"},
    "conversations": {
        _P: f"id title created_at updated_at {_CHOICE} leaf_id pinned draft folder_id archived "
        "trashed_at preset_id title_is_automatic",
        _L: "overrides",
    },
    # The rest of a background run was paid for, and is fetched from a provider that is listed.
    "messages": {
        _P: f"id conversation_id parent_id role status created_at {_CHOICE} {_TOKENS} duration_s "
        "error notices parts template_id answered_by cost_is_estimated computer remote_run",
        _H: "owner_pid owner_started",
    },
    "attachments": {_P: "sha256 name media_type size pages tokens created_at text full_text"},
    "message_attachments": {Effect.DERIVED: "sha256 message_id"},
    "search_entries": {Effect.DERIVED: "id kind ref"},
    "search_index": {Effect.DERIVED: "words"},
    "ledger": {
        _P: f"id at provider_id model purpose {_TOKENS} conversation_id message_id effort tier "
        "outcome retries first_token_s duration_s is_estimated origin"
    },
    "settings": {_P: "key value"},  # see SETTINGS
    "profiles": {_P: "id position", _L: "body"},
    # A restore takes the origins that are known on this computer.
    "keys_in_keyring": {_P: "profile_id origin"},
    "compactions": {
        _P: "id conversation_id message_id kind provider_id model body created_at tokens_before "
        "tokens_after undone_at"
    },
    "spending_holds": {
        _H: "id provider_id amount owner_pid owner_started at model purpose most message_id"
    },
    "model_listings": {_P: "profile_id base_url at models"},
    "prompts": {_P: "id title folder text position created_at hidden form"},
    "presets": {_P: f"id name {_CHOICE} position created_at", _L: "overrides"},
    "part_notes": {Effect.DERIVED: "key text created_at conversation_id"},
    "collections": {_P: "id created_at", _L: "folder"},
    "collection_files": {
        _P: "id collection_id name sha256 media_type size pages status problem modified",
        _L: "path",
    },
    "passages": {_P: "id sha256 start end tokens page place title"},
    "passage_index": {Effect.DERIVED: "title words"},
    "passage_vectors": {_P: "passage_id model vector"},
    "batch_jobs": {
        _P: f"id created_at status base_url {_CHOICE} title task details started_at ended_at error "
        f"is_cancelled held input_file_id batch_id remote_done {_TOKENS} uncounted",
        _H: "owner_pid owner_started",
    },
    "batch_items": {
        _P: f"id job_id number tokens sha256 name path part {_TOKENS} error conversation_id answer "
        "answered_by",
        Effect.ACTS: "status",
    },
    "attachment_origins": {_P: "sha256 path"},
    "tool_permissions": {Effect.CONSENT: "conversation_id tool fingerprint permission"},
    "tool_servers": {_P: "listed prompts", _L: "name definition"},
    "texts": {
        _P: "id conversation_id title body marks file file_hash is_shown updated_at trashed_at"
    },
    "text_versions": {_P: "id text_id body created_at"},
    "memory": {_P: "id text created_at folder_id conversation_id is_off"},
    "repeats": {Effect.ACTS: f"id prompt every start {_CHOICE} folder_id since error"},
    "paused_repeats": {_P: "id"},
    "repeat_runs": {_P: "repeat_id at answer_id error"},
    "tables": {_P: "id name created_at updated_at settings trashed_at"},
    "table_columns": {_P: "id table_id position name question"},
    "table_rows": {_P: "id table_id position name key paths page parts checks error"},
    "table_values": {_P: "id row_id column_id part text number sort_key citations is_corrected"},
    "table_answers": {
        _P: f"id row_id column_id run_id batch answer error {_TOKENS} seconds has_passed failures "
        "conversation_id answered_by",
        Effect.ACTS: "state",
    },
    "table_runs": {
        _P: "id table_id mode status created_at ended_at cells estimate error is_cancelled",
        _H: "owner_pid owner_started",
    },
    "table_batches": {
        _P: "id run_id number column_id status provider_id base_url model effort api held "
        "input_file_id batch_id remote_done started_at"
    },
    "sync_device": {_H: "id clock is_applying state"},
    "sync_changes": {_H: "kind id field at device number note"},
    "sync_waiting": {_H: "id device entry refused_by"},
    "sync_peers": {_H: "device number facts"},
    "sync_outbox": {_H: "number body"},
    "sync_files": {_H: "sha256 unnamed_at"},
    "sync_held": {_H: "kind id number is_whole is_stale"},
}
"""The columns of each table by their effect."""


class _Setting(NamedTuple):
    effect: Effect
    travels: bool


_TRAVELS, _STAYS = True, False
_SETTINGS: Final = (
    (
        *(_P, _TRAVELS),
        "answer.verbosity answer.image_shape answer.image_quality answer.max_output_tokens "
        "answer.temperature answer.reasoning_summary answer.form tools.search_domains "
        "tools.search_location library.model_titles library.embedding_model look.theme "
        "look.language look.text_size look.font look.line_width look.code_wrap spending.warned. "
        "voice.words keys.",
    ),
    (
        *(_P, _STAYS),
        "default.variant default.effort voice.model voice.language voice.voice voice.rate "
        "voice.hearing_model voice.speech_model voice.pause "
        "voice.microphone voice.loudspeaker answer.read_aloud "
        "spelling.on spelling.languages local_model.context local_model.threads "
        "local_model.idle_minutes backup.keep backup.last desktop.on_close desktop.notifications "
        "list.pinned_order palette.uses models.favorites models.variants presets.hidden learnt. "
        "window. store.",
    ),
    (
        *(_L, _TRAVELS),
        "answer.system_prompt answer.tools answer.auto_compact tools.vector_stores "
        "tools.search_server tools.max_cost",
    ),
    (
        *(_L, _STAYS),
        "default.provider default.preset local_model.weights backup.folder backup.every "
        "desktop.start_at_login voice.sends",
    ),
    # The choice of a provider for the voice follows the consent to it. The desktop's token lets
    # the program type into other windows.
    (
        *(Effect.CONSENT, _STAYS),
        "voice.consent. voice.speech_consent. voice.transcriber voice.speaker library.embeddings "
        "spending.unpriced. desktop.paste_back desktop.paste_token "
        "voice.anywhere",
    ),
)
SETTINGS: Final[Mapping[str, _Setting]] = MappingProxyType(
    {
        name: _Setting(effect, travels)
        for effect, travels, names in _SETTINGS
        for name in names.split()
    }
)
"""The effect of each setting by its key; one that ends in a point is the beginning of keys."""

_TRAVELING_GROUPS: Final = ("answer.", "look.", "spending.", "tools.", "library.")


def tables_of(*effects: Effect) -> Iterator[str]:
    """Yield the tables whose columns all have one of these effects."""
    for table, columns in COLUMNS.items():
        if set(columns) <= set(effects):
            yield table


def single_columns_of(effect: Effect) -> Iterator[tuple[str, str]]:
    """Yield the columns of this effect in tables that have others, too."""
    for table, columns in COLUMNS.items():
        if len(columns) > 1:
            for name in columns.get(effect, "").split():
                yield table, name


def effect_of(key: str) -> Effect | None:
    """Return the effect of a setting; None for an unknown key."""
    found = _setting(key)
    return None if found is None else found.effect


def travels(key: str) -> bool:
    """Return True for a setting that synchronizing carries to other computers.

    One of a later version, which only that can use, is kept and passed on: it would not have sent
    it otherwise.
    """
    found = _setting(key)
    return key.startswith(_TRAVELING_GROUPS) if found is None else found.travels


def _setting(key: str) -> _Setting | None:
    if (found := SETTINGS.get(key)) is not None:
        return found
    beginnings = (each for each in SETTINGS if each.endswith(".") and key.startswith(each))
    return next((SETTINGS[each] for each in beginnings), None)
