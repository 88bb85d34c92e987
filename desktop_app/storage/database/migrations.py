"""The schema of the store, as numbered steps that are only ever appended.

See migration_runner.py for how they are applied. Times are integers: microseconds since 1970 in
UTC. Money is text: an exact Decimal.
"""

from __future__ import annotations

from desktop_app.storage.conversations.stored_sentences import (
    MARK_TEMPLATES,
    mark_usage_scopes,
    replace_column_sentences,
    replace_error_sentences,
    replace_message_sentences,
    replace_notice_sentences,
)
from desktop_app.storage.database.migration_runner import Migration
from desktop_app.storage.documents.legacy_results import replace_result_labels
from desktop_app.storage.search.search_index import rebuild_index
from desktop_app.storage.settings.address_secrets import strip_addresses
from desktop_app.storage.spending.daily_sums import fill_days
from desktop_app.storage.spending.spending_sums import fill_slots
from desktop_app.storage.spending.unpriced_calls import unprice_unknown_servers

_FIRST = (
    """CREATE TABLE conversations (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        provider_id TEXT NOT NULL,
        model TEXT NOT NULL,
        variant TEXT,
        effort TEXT,
        leaf_id TEXT,
        pinned INTEGER NOT NULL,
        draft TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX conversations_by_update ON conversations (updated_at)",
    # The columns for walks through the tree come first: `parts`, up to megabytes, is then on
    # overflow pages, which such walks never read.
    """CREATE TABLE messages (
        id TEXT PRIMARY KEY,
        conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
        parent_id TEXT REFERENCES messages (id),
        role TEXT NOT NULL,
        status TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        owner_pid INTEGER,
        owner_started TEXT,
        provider_id TEXT,
        model TEXT,
        variant TEXT,
        effort TEXT,
        input_tokens INTEGER,
        cached_tokens INTEGER,
        output_tokens INTEGER,
        reasoning_tokens INTEGER,
        cost TEXT,
        duration_s REAL,
        error TEXT,
        notices TEXT NOT NULL,
        parts TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX messages_by_conversation ON messages (conversation_id, created_at)",
    "CREATE INDEX messages_by_parent ON messages (parent_id, conversation_id)",
    "CREATE INDEX messages_streaming ON messages (conversation_id) WHERE status = 'streaming'",
    """CREATE TABLE attachments (
        sha256 TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        media_type TEXT NOT NULL,
        size INTEGER NOT NULL,
        pages INTEGER,
        tokens INTEGER,
        created_at INTEGER NOT NULL,
        text TEXT NOT NULL
    ) STRICT""",
    # The attachments of messages. They are not references to `attachments`: a message must stay
    # readable if an attachment is gone.
    """CREATE TABLE message_attachments (
        sha256 TEXT NOT NULL,
        message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
        PRIMARY KEY (sha256, message_id)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX message_attachments_by_message ON message_attachments (message_id)",
    # `id` is ordered by time, so the newest matches come first without sorting.
    """CREATE TABLE search_entries (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        ref TEXT NOT NULL,
        UNIQUE (ref, kind)
    ) STRICT""",
    # Contentless: the text is in the tables above already. Marks (M) count as letters, because
    # words of Indian scripts would be split otherwise. search_text.py folds case and accents.
    """CREATE VIRTUAL TABLE search_index USING fts5 (
        words, content='', prefix='2 3',
        tokenize="unicode61 remove_diacritics 0 categories 'L* N* Mn Mc Co'"
    )""",
    """CREATE TABLE ledger (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        provider_id TEXT NOT NULL,
        model TEXT NOT NULL,
        purpose TEXT NOT NULL,
        input_tokens INTEGER NOT NULL,
        cached_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        reasoning_tokens INTEGER NOT NULL,
        cost TEXT,
        conversation_id TEXT,
        message_id TEXT
    ) STRICT""",
    "CREATE INDEX ledger_by_time ON ledger (at)",
    "CREATE INDEX ledger_by_conversation ON ledger (conversation_id)",
    "CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    """CREATE TABLE profiles (
        id TEXT PRIMARY KEY,
        position INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT""",
    # Secrets that are in the keyring, so that this is known without asking the keyring.
    "CREATE TABLE keys_in_keyring (profile_id TEXT PRIMARY KEY) STRICT",
)

_SPENDING = (
    # Sums of the ledger for each quarter of an hour: a month is read without its entries.
    """CREATE TABLE ledger_slots (
        slot INTEGER NOT NULL,
        provider_id TEXT NOT NULL,
        model TEXT NOT NULL,
        purpose TEXT NOT NULL,
        calls INTEGER NOT NULL,
        uncounted INTEGER NOT NULL,
        input_tokens INTEGER NOT NULL,
        cached_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        reasoning_tokens INTEGER NOT NULL,
        cost TEXT NOT NULL,
        PRIMARY KEY (slot, provider_id, model, purpose)
    ) STRICT, WITHOUT ROWID""",
    # Amounts of running calls, held under a monthly limit; the owner is the process that waits for
    # the call.
    """CREATE TABLE spending_holds (
        id INTEGER PRIMARY KEY,
        provider_id TEXT NOT NULL,
        amount TEXT NOT NULL,
        owner_pid INTEGER NOT NULL,
        owner_started TEXT NOT NULL
    ) STRICT""",
)

_FOLDERS = (
    """CREATE TABLE folders (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        provider_id TEXT,
        model TEXT,
        variant TEXT,
        effort TEXT,
        overrides TEXT NOT NULL
    ) STRICT""",
    """ALTER TABLE conversations ADD COLUMN folder_id TEXT
        REFERENCES folders (id) ON DELETE SET NULL""",
    "ALTER TABLE conversations ADD COLUMN archived INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE conversations ADD COLUMN trashed_at INTEGER",
    "CREATE INDEX conversations_by_folder ON conversations (folder_id)",
    "CREATE INDEX conversations_trashed ON conversations (trashed_at) WHERE trashed_at IS NOT NULL",
)

# Text that is sent in place of a conversation's beginning, up to one of its messages.
_COMPACTIONS = (
    """CREATE TABLE compactions (
        id TEXT PRIMARY KEY,
        conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
        message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        provider_id TEXT NOT NULL,
        model TEXT NOT NULL,
        body TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        tokens_before INTEGER NOT NULL,
        tokens_after INTEGER NOT NULL,
        undone_at INTEGER
    ) STRICT""",
    "CREATE INDEX compactions_by_conversation ON compactions (conversation_id)",
    "CREATE INDEX compactions_by_message ON compactions (message_id)",
)

# For lists and filters that show a small part of a large library.
_INDEXES = (
    "CREATE INDEX messages_by_variant ON messages (variant)",
    "CREATE INDEX conversations_pinned ON conversations (updated_at) WHERE pinned",
    "CREATE INDEX conversations_archived ON conversations (updated_at) WHERE archived",
    "DROP INDEX conversations_by_folder",
    "CREATE INDEX conversations_by_folder ON conversations (folder_id, updated_at)",
)

# The latest listing of each provider. `models` is a JSON list of pairs: the id of a model, and the
# date of its shutdown or null.
_LISTINGS = (
    """CREATE TABLE model_listings (
        profile_id TEXT PRIMARY KEY,
        base_url TEXT NOT NULL,
        at INTEGER NOT NULL,
        models TEXT NOT NULL
    ) STRICT""",
)

# The user's prompts. A prompt with the id of a built-in prompt replaces it. `preset_id` is no
# foreign key, because a conversation may name a preset that has been deleted.
_PROMPTS = (
    """CREATE TABLE prompts (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        folder TEXT NOT NULL,
        text TEXT NOT NULL,
        position INTEGER NOT NULL,
        created_at INTEGER,
        hidden INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE presets (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        provider_id TEXT NOT NULL,
        model TEXT NOT NULL,
        variant TEXT,
        effort TEXT,
        overrides TEXT NOT NULL,
        position INTEGER NOT NULL,
        created_at INTEGER
    ) STRICT""",
    "ALTER TABLE conversations ADD COLUMN preset_id TEXT",
)

# The files of collections are in `attachments`; a file that could not be read has no hash. Passages
# belong to a text, not to a collection.
_COLLECTIONS = (
    """CREATE TABLE collections (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        folder TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE collection_files (
        id INTEGER PRIMARY KEY,
        collection_id TEXT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
        path TEXT NOT NULL,
        name TEXT NOT NULL,
        sha256 TEXT,
        media_type TEXT NOT NULL,
        size INTEGER NOT NULL,
        pages INTEGER,
        status TEXT NOT NULL,
        problem TEXT NOT NULL,
        modified INTEGER NOT NULL,
        UNIQUE (collection_id, path)
    ) STRICT""",
    "CREATE INDEX collection_files_by_hash ON collection_files (sha256)",
    """CREATE TABLE passages (
        id INTEGER PRIMARY KEY,
        sha256 TEXT NOT NULL,
        start INTEGER NOT NULL,
        "end" INTEGER NOT NULL,
        tokens INTEGER NOT NULL,
        page INTEGER,
        place TEXT NOT NULL,
        title TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX passages_by_hash ON passages (sha256)",
    (
        """CREATE VIRTUAL TABLE passage_index USING fts5 (
        title, words, content='', """
        """tokenize="unicode61 remove_diacritics 0 categories 'L* N* Mn Mc Co'"
    )"""
    ),
    """CREATE TABLE passage_vectors (
        passage_id INTEGER NOT NULL REFERENCES passages (id) ON DELETE CASCADE,
        model TEXT NOT NULL,
        vector BLOB NOT NULL,
        PRIMARY KEY (passage_id, model)
    ) STRICT""",
)

# Batch jobs, their files, and their batches at the provider. `part` is a JSON list of a message's
# parts: the file's own prompt, if any, and its document or image. `held` is the amount that a
# running job holds under the monthly limit. The answers, which may be long, come last.
_BATCHES = (
    """CREATE TABLE batch_jobs (
        id TEXT PRIMARY KEY,
        created_at INTEGER NOT NULL,
        status TEXT NOT NULL,
        provider_id TEXT NOT NULL,
        base_url TEXT NOT NULL,
        model TEXT NOT NULL,
        variant TEXT,
        effort TEXT,
        title TEXT NOT NULL,
        task TEXT NOT NULL,
        details TEXT NOT NULL,
        started_at INTEGER,
        ended_at INTEGER,
        error TEXT NOT NULL,
        is_cancelled INTEGER NOT NULL,
        held TEXT,
        owner_pid INTEGER,
        owner_started TEXT,
        input_tokens INTEGER NOT NULL,
        cached_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        reasoning_tokens INTEGER NOT NULL,
        cost TEXT NOT NULL,
        uncounted INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE batch_uploads (
        id INTEGER PRIMARY KEY,
        job_id TEXT NOT NULL REFERENCES batch_jobs (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        status TEXT NOT NULL,
        is_uploading INTEGER NOT NULL,
        is_creating INTEGER NOT NULL,
        is_fetched INTEGER NOT NULL,
        total INTEGER NOT NULL,
        completed INTEGER NOT NULL,
        failed INTEGER NOT NULL,
        input_file_id TEXT NOT NULL,
        batch_id TEXT NOT NULL,
        output_file_id TEXT NOT NULL,
        error_file_id TEXT NOT NULL,
        UNIQUE (job_id, number)
    ) STRICT""",
    """CREATE TABLE batch_items (
        id INTEGER PRIMARY KEY,
        job_id TEXT NOT NULL REFERENCES batch_jobs (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        status TEXT NOT NULL,
        upload INTEGER NOT NULL,
        tokens INTEGER NOT NULL,
        sha256 TEXT,
        name TEXT NOT NULL,
        path TEXT NOT NULL,
        part TEXT NOT NULL,
        input_tokens INTEGER,
        cached_tokens INTEGER,
        output_tokens INTEGER,
        reasoning_tokens INTEGER,
        cost TEXT,
        error TEXT NOT NULL,
        conversation_id TEXT NOT NULL,
        answer TEXT NOT NULL,
        UNIQUE (job_id, number)
    ) STRICT""",
    "CREATE INDEX batch_items_by_status ON batch_items (job_id, status)",
    "CREATE INDEX batch_items_by_document ON batch_items (sha256) WHERE sha256 IS NOT NULL",
)

_TOKEN_RATES = (
    """CREATE TABLE token_rates (
        profile_id TEXT NOT NULL,
        base_url TEXT NOT NULL,
        model TEXT NOT NULL,
        rates TEXT NOT NULL,
        window INTEGER,
        at INTEGER NOT NULL,
        PRIMARY KEY (profile_id, base_url, model)
    ) STRICT""",
)

# Sums of the ledger for each day. The times of calls are histograms: see `daily_sums.py`.
_DAYS = (
    """CREATE TABLE ledger_days (
        day TEXT NOT NULL,
        provider_id TEXT NOT NULL,
        model TEXT NOT NULL,
        purpose TEXT NOT NULL,
        effort TEXT NOT NULL,
        tier TEXT NOT NULL,
        outcome TEXT NOT NULL,
        calls INTEGER NOT NULL,
        uncounted INTEGER NOT NULL,
        input_tokens INTEGER NOT NULL,
        cached_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        reasoning_tokens INTEGER NOT NULL,
        cost TEXT NOT NULL,
        retries INTEGER NOT NULL,
        streamed_tokens INTEGER NOT NULL,
        streamed_s REAL NOT NULL,
        first_tokens BLOB NOT NULL,
        durations BLOB NOT NULL,
        speeds BLOB NOT NULL,
        PRIMARY KEY (day, provider_id, model, purpose, effort, tier, outcome)
    ) STRICT, WITHOUT ROWID""",
)

MIGRATIONS: tuple[Migration, ...] = (
    Migration("0001_first", _FIRST),
    # Folds Ł, Ø, Æ and the like.
    Migration("0002_letters_folded", (), rebuild_index),
    Migration("0003_remote_runs", ("ALTER TABLE messages ADD COLUMN remote_run TEXT",)),
    Migration("0004_compactions", _COMPACTIONS),
    Migration("0005_spending", _SPENDING, fill_slots),
    # Overrides for the answers of one conversation, as JSON; "" for none.
    Migration(
        "0006_conversation_overrides",
        ("ALTER TABLE conversations ADD COLUMN overrides TEXT NOT NULL DEFAULT ''",),
    ),
    Migration("0007_folders", _FOLDERS),
    Migration("0008_indexes_of_lists", _INDEXES),
    Migration("0009_model_listings", _LISTINGS),
    Migration("0010_prompts", _PROMPTS),
    # Results of paid calls, such as notes on parts of documents: see note_store.py.
    Migration(
        "0011_part_notes",
        (
            """CREATE TABLE part_notes (
                key TEXT PRIMARY KEY, text TEXT NOT NULL, created_at INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID""",
        ),
    ),
    Migration("0012_collections", _COLLECTIONS),
    Migration("0013_batches", _BATCHES),
    # Reasoning and emoji are indexed.
    Migration("0014_reasoning_found", (), rebuild_index),
    # The path that an attachment was read from, so that a collection can be made of it.
    Migration(
        "0015_attachment_origins",
        (
            """CREATE TABLE attachment_origins (
                sha256 TEXT PRIMARY KEY REFERENCES attachments (sha256) ON DELETE CASCADE,
                path TEXT NOT NULL
            ) STRICT""",
        ),
    ),
    # The context window of each listed model, if its server reports it: JSON, by model id.
    Migration(
        "0016_listed_windows",
        ("ALTER TABLE model_listings ADD COLUMN windows TEXT NOT NULL DEFAULT '{}'",),
    ),
    # The origin of each secret in the keyring; "" while unknown.
    Migration(
        "0017_key_origins",
        ("ALTER TABLE keys_in_keyring ADD COLUMN origin TEXT NOT NULL DEFAULT ''",),
    ),
    # Passwords in OPENAI_BASE_URL were stored with the facts learned about its server.
    Migration("0018_no_passwords_in_addresses", (), strip_addresses),
    # Names the library prompt that a question was made with. Earlier versions recognized the
    # built-in summary by its words, so a question with these words was made with it.
    Migration(
        "0019_template_ids",
        ("ALTER TABLE messages ADD COLUMN template_id TEXT NOT NULL DEFAULT ''", MARK_TEMPLATES),
    ),
    # Which answers a message's tokens and cost cover. Before, only a notice of the message said so.
    Migration(
        "0020_usage_scopes",
        ("ALTER TABLE messages ADD COLUMN usage_scope TEXT NOT NULL DEFAULT 'own'",),
        mark_usage_scopes,
    ),
    # Errors of messages were stored as class names and sentences.
    Migration("0021_error_codes", (), replace_message_sentences),
    # Notices of messages were sentences.
    Migration("0022_notice_codes", (), replace_notice_sentences),
    # The command that opens a temporary conversation had another id.
    Migration(
        "0023_temporary_conversations",
        (
            """UPDATE OR IGNORE settings SET key = 'keys.conversation.temporary'
                WHERE key = 'keys.conversation.private'""",
        ),
    ),
    # Messages had sentences in place of the reasons of their errors, and so had batch jobs, their
    # files and the files of collections.
    Migration("0024_error_reasons", (), replace_error_sentences),
    # What servers report of their models, besides the context windows.
    Migration(
        "0025_model_details",
        ("ALTER TABLE model_listings ADD COLUMN details TEXT NOT NULL DEFAULT '{}'",),
    ),
    # The ratios of servers' tokenizers to OpenAI's, by kind of text, as JSON.
    Migration("0026_token_rates", _TOKEN_RATES),
    # How each call went; NULL for earlier calls.
    Migration(
        "0027_call_performance",
        (
            "ALTER TABLE ledger ADD COLUMN effort TEXT",
            "ALTER TABLE ledger ADD COLUMN tier TEXT",
            "ALTER TABLE ledger ADD COLUMN outcome TEXT",
            "ALTER TABLE ledger ADD COLUMN retries INTEGER",
            "ALTER TABLE ledger ADD COLUMN first_token_s REAL",
            "ALTER TABLE ledger ADD COLUMN duration_s REAL",
        ),
    ),
    # The permissions that the user gave tools: in a conversation, or with NULL in all.
    Migration(
        "0028_tool_permissions",
        (
            """CREATE TABLE tool_permissions (
                conversation_id TEXT REFERENCES conversations (id) ON DELETE CASCADE,
                tool TEXT NOT NULL,
                fingerprint TEXT NOT NULL,
                permission TEXT NOT NULL
            ) STRICT""",
            "CREATE INDEX tool_permissions_by_conversation ON tool_permissions (conversation_id)",
            # Refusals had the status of complete answers.
            """UPDATE messages SET status = 'refused' WHERE status = 'complete'
                AND role = 'assistant' AND parts LIKE '%"kind":"refusal"%'""",
        ),
    ),
    # The model that an answer's reply names. Calls to a server that was put in OpenAI's place had
    # OpenAI's prices, even if another model answered.
    Migration(
        "0029_answering_models",
        ("ALTER TABLE messages ADD COLUMN answered_by TEXT NOT NULL DEFAULT ''",),
        unprice_unknown_servers,
    ),
    # Notes on files of collections were sentences.
    Migration("0030_note_reasons", (), replace_column_sentences),
    # Servers of tools, and the tools that each last listed, as JSON.
    Migration(
        "0031_tool_servers",
        (
            """CREATE TABLE tool_servers (
                name TEXT PRIMARY KEY,
                definition TEXT NOT NULL,
                listed TEXT NOT NULL DEFAULT '[]'
            ) STRICT""",
        ),
    ),
    # The form of the answers to a prompt, such as a JSON Schema.
    Migration(
        "0032_prompt_forms", ("ALTER TABLE prompts ADD COLUMN form TEXT NOT NULL DEFAULT ''",)
    ),
    # Finds answers with a verdict of the user's.
    Migration(
        "0033_reviews",
        (
            """CREATE INDEX messages_reviewed ON messages (created_at)
                WHERE instr(notices, '"code":"review_') > 0""",
        ),
    ),
    # The prompts that each server last listed, as JSON.
    Migration(
        "0034_server_prompts",
        ("ALTER TABLE tool_servers ADD COLUMN prompts TEXT NOT NULL DEFAULT '[]'",),
    ),
    # The call that a hold is for. If the process that owns the hold dies, the cost of the call is
    # unknown, but not zero.
    Migration(
        "0035_held_calls",
        (
            "ALTER TABLE spending_holds ADD COLUMN at INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE spending_holds ADD COLUMN model TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE spending_holds ADD COLUMN purpose TEXT NOT NULL DEFAULT ''",
        ),
    ),
    # The model that the result of a file in a batch names.
    Migration(
        "0036_batch_models",
        ("ALTER TABLE batch_items ADD COLUMN answered_by TEXT NOT NULL DEFAULT ''",),
    ),
    # The results of evaluations, to be shown in the window.
    Migration(
        "0037_evaluations",
        (
            """CREATE TABLE evaluations (
                id TEXT PRIMARY KEY,
                created_at INTEGER NOT NULL,
                name TEXT NOT NULL,
                body TEXT NOT NULL
            ) STRICT""",
        ),
    ),
    Migration("0038_days_of_calls", _DAYS, fill_days),
    # Files of batches had the status "failed" if the model declined, or a filter stopped it.
    Migration(
        "0039_refused_items",
        (
            """UPDATE batch_items SET status = 'refused' WHERE status = 'failed' AND (
                instr(error, '"reason":"item_declined"')
                OR instr(error, '"reason":"item_ended_by_filter"')
                OR instr(error, '"reason":"ended_by_filter"'))""",
        ),
    ),
    # Results of evaluations stored failed checks as labels, and errors as sentences.
    Migration("0040_evaluation_codes", (), replace_result_labels),
    # True while the title is the beginning of the first question. Earlier titles count as chosen.
    Migration(
        "0041_automatic_titles",
        ("ALTER TABLE conversations ADD COLUMN title_is_automatic INTEGER NOT NULL DEFAULT 0",),
    ),
    # The error of a failed backup was a sentence. Remove it: the next attempt stores its own.
    Migration(
        "0042_backup_errors",
        ("UPDATE settings SET value = json_remove(value, '$.why') WHERE key = 'backup.last'",),
    ),
    # The conversation of each note; "" for earlier notes and for those of evaluations.
    Migration(
        "0043_note_conversations",
        ("ALTER TABLE part_notes ADD COLUMN conversation_id TEXT NOT NULL DEFAULT ''",),
    ),
)
