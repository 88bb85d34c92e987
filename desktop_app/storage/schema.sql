-- The schema of the store. Times are integers: microseconds since 1970 in UTC. Money is text: an
-- exact decimal number, except in the ledger.

CREATE TABLE folders (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    provider_id TEXT,
    model TEXT,
    variant TEXT,
    effort TEXT,
    overrides TEXT NOT NULL
) STRICT;

CREATE TABLE conversations (
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
    draft TEXT NOT NULL,
    overrides TEXT NOT NULL DEFAULT '',
    folder_id TEXT REFERENCES folders (id) ON DELETE SET NULL,
    archived INTEGER NOT NULL DEFAULT 0,
    trashed_at INTEGER,
    preset_id TEXT,
    title_is_automatic INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX conversations_by_update ON conversations (updated_at);
CREATE INDEX conversations_trashed ON conversations (trashed_at) WHERE trashed_at IS NOT NULL;
CREATE INDEX conversations_pinned ON conversations (updated_at) WHERE pinned;
CREATE INDEX conversations_archived ON conversations (updated_at) WHERE archived;
CREATE INDEX conversations_by_folder ON conversations (folder_id, updated_at);

-- The columns for walks through the tree come before `parts`, up to megabytes, which is then on
-- overflow pages that such walks never read.
CREATE TABLE messages (
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
    error TEXT NOT NULL,
    notices TEXT NOT NULL,
    parts TEXT NOT NULL,
    remote_run TEXT,
    template_id TEXT NOT NULL DEFAULT '',
    answered_by TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX messages_by_conversation ON messages (conversation_id, created_at);
CREATE INDEX messages_by_parent ON messages (parent_id, conversation_id);
CREATE INDEX messages_streaming ON messages (conversation_id) WHERE status = 'streaming';
CREATE INDEX messages_by_variant ON messages (variant);

-- Finds answers with a verdict of the user's.
CREATE INDEX messages_reviewed ON messages (created_at)
    WHERE instr(notices, '"code":"review_') > 0;

CREATE TABLE attachments (
    sha256 TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    pages INTEGER,
    tokens INTEGER,
    created_at INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;

-- The attachments of messages. They are no references to `attachments`: a message must stay
-- readable if an attachment is gone.
CREATE TABLE message_attachments (
    sha256 TEXT NOT NULL,
    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    PRIMARY KEY (sha256, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_attachments_by_message ON message_attachments (message_id);

-- `id` is ordered by time, so the newest matches come first without sorting.
CREATE TABLE search_entries (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    ref TEXT NOT NULL,
    UNIQUE (ref, kind)
) STRICT;

-- Contentless: the text is in the tables above already. Marks (M) count as letters, because words
-- of Indian scripts would be split otherwise. search_index.py folds case and accents.
CREATE VIRTUAL TABLE search_index USING fts5 (
    words, content='', prefix='2 3',
    tokenize="unicode61 remove_diacritics 0 categories 'L* N* Mn Mc Co'"
);

-- `cost` is in nano-dollars, NULL if it is unknown.
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    provider_id TEXT NOT NULL,
    model TEXT NOT NULL,
    purpose TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL,
    cost INTEGER,
    conversation_id TEXT,
    message_id TEXT,
    effort TEXT NOT NULL,
    tier TEXT NOT NULL,
    outcome TEXT NOT NULL,
    retries INTEGER NOT NULL,
    first_token_s REAL,
    duration_s REAL
) STRICT;
CREATE INDEX ledger_by_time ON ledger (at);
CREATE INDEX ledger_by_conversation ON ledger (conversation_id);

CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE profiles (
    id TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- Secrets that are in the keyring, and their origins, so that this is known without asking the
-- keyring. An origin is '' while it is unknown, as after a restore.
CREATE TABLE keys_in_keyring (
    profile_id TEXT PRIMARY KEY,
    origin TEXT NOT NULL DEFAULT ''
) STRICT;

-- Text that is sent in place of a conversation's beginning, up to one of its messages.
CREATE TABLE compactions (
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
) STRICT;
CREATE INDEX compactions_by_conversation ON compactions (conversation_id);
CREATE INDEX compactions_by_message ON compactions (message_id);

-- Amounts of running calls in nano-dollars, held under a monthly limit; the owner is the process that waits for
-- the call. If it dies, the cost of the call is unknown, but not zero.
CREATE TABLE spending_holds (
    id INTEGER PRIMARY KEY,
    provider_id TEXT NOT NULL,
    amount INTEGER NOT NULL,
    owner_pid INTEGER NOT NULL,
    owner_started TEXT NOT NULL,
    at INTEGER NOT NULL DEFAULT 0,
    model TEXT NOT NULL DEFAULT '',
    purpose TEXT NOT NULL DEFAULT ''
) STRICT;

-- The latest listing of each provider. `models` is a JSON list of pairs: the id of a model, and the
-- date of its shutdown or null.
CREATE TABLE model_listings (
    profile_id TEXT PRIMARY KEY,
    base_url TEXT NOT NULL,
    at INTEGER NOT NULL,
    models TEXT NOT NULL
) STRICT;

-- The user's prompts. A prompt with the id of a built-in prompt replaces it.
CREATE TABLE prompts (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    folder TEXT NOT NULL,
    text TEXT NOT NULL,
    position INTEGER NOT NULL,
    created_at INTEGER,
    hidden INTEGER NOT NULL,
    form TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE presets (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    model TEXT NOT NULL,
    variant TEXT,
    effort TEXT,
    overrides TEXT NOT NULL,
    position INTEGER NOT NULL,
    created_at INTEGER
) STRICT;

-- Notes on parts of documents: see note_store.py.
CREATE TABLE part_notes (
    key TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    conversation_id TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE collections (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    folder TEXT NOT NULL
) STRICT;

-- The files of collections are in `attachments`; a file that could not be read has no hash.
CREATE TABLE collection_files (
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
) STRICT;
CREATE INDEX collection_files_by_hash ON collection_files (sha256);

-- Passages belong to a text, not to a collection.
CREATE TABLE passages (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    page INTEGER,
    place TEXT NOT NULL,
    title TEXT NOT NULL
) STRICT;
CREATE INDEX passages_by_hash ON passages (sha256);

CREATE VIRTUAL TABLE passage_index USING fts5 (
    title, words, content='', tokenize="unicode61 remove_diacritics 0 categories 'L* N* Mn Mc Co'"
);

CREATE TABLE passage_vectors (
    passage_id INTEGER NOT NULL REFERENCES passages (id) ON DELETE CASCADE,
    model TEXT NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (passage_id, model)
) STRICT;

-- Batch jobs, each with its file and its batch at the provider, and their files. `held` is the
-- amount that a running job holds under the monthly limit.
CREATE TABLE batch_jobs (
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
    input_file_id TEXT NOT NULL,
    batch_id TEXT NOT NULL,
    remote_done INTEGER NOT NULL,
    owner_pid INTEGER,
    owner_started TEXT,
    input_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL,
    cost TEXT NOT NULL,
    uncounted INTEGER NOT NULL
) STRICT;

-- `part` is a JSON list of a message's parts: the file's own prompt, if any, and its document or
-- image.
CREATE TABLE batch_items (
    id INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES batch_jobs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    status TEXT NOT NULL,
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
    answered_by TEXT NOT NULL DEFAULT '',
    UNIQUE (job_id, number)
) STRICT;
CREATE INDEX batch_items_by_status ON batch_items (job_id, status);
CREATE INDEX batch_items_by_document ON batch_items (sha256) WHERE sha256 IS NOT NULL;

-- The path that an attachment was read from, so that a collection can be made of it.
CREATE TABLE attachment_origins (
    sha256 TEXT PRIMARY KEY REFERENCES attachments (sha256) ON DELETE CASCADE,
    path TEXT NOT NULL
) STRICT;

-- The permissions that the user gave tools: in a conversation, or with NULL in all.
CREATE TABLE tool_permissions (
    conversation_id TEXT REFERENCES conversations (id) ON DELETE CASCADE,
    tool TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    permission TEXT NOT NULL
) STRICT;
CREATE INDEX tool_permissions_by_conversation ON tool_permissions (conversation_id);

-- Servers of tools; the tools and prompts that each last listed, as JSON.
CREATE TABLE tool_servers (
    name TEXT PRIMARY KEY,
    definition TEXT NOT NULL,
    listed TEXT NOT NULL DEFAULT '[]',
    prompts TEXT NOT NULL DEFAULT '[]'
) STRICT;

-- Names this library in its backups.
INSERT INTO settings VALUES ('store.library', json_quote(lower(hex(randomblob(4)))));
