-- Changes for other computers: see sync/README.md. The triggers note them while `sync_device`
-- has a row,
-- except those that come from another computer, while `is_applying` is 1.
-- `clock` is a hybrid clock: microseconds since 1970, or one more than the last change.
CREATE TABLE sync_device (
    id TEXT PRIMARY KEY,
    clock INTEGER NOT NULL DEFAULT 0,
    is_applying INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL
) STRICT;

-- The time and the device of the last change of each field; 'gone' for a deletion. `number`
-- counts the
-- changes that have not been sent; it is NULL once they have.
CREATE TABLE sync_changes (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    field TEXT NOT NULL,
    at INTEGER NOT NULL,
    device TEXT NOT NULL,
    number INTEGER,
    PRIMARY KEY (kind, id, field)
) STRICT, WITHOUT ROWID;
CREATE INDEX sync_changes_to_send ON sync_changes (number) WHERE number IS NOT NULL;

-- Entries of other computers that refer to something that has not arrived.
CREATE TABLE sync_waiting (
    id INTEGER PRIMARY KEY,
    device TEXT NOT NULL,
    entry TEXT NOT NULL
) STRICT;

-- The other computers, and the last segment of each that was applied.
CREATE TABLE sync_peers (
    device TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    facts TEXT NOT NULL
) STRICT;

-- A sealed segment between its commit and the storage's answer.
CREATE TABLE sync_outbox (number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

-- Attachments that the storage has.
CREATE TABLE sync_files (sha256 TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

ALTER TABLE ledger ADD COLUMN origin TEXT;
CREATE UNIQUE INDEX ledger_by_origin ON ledger (origin) WHERE origin IS NOT NULL;

CREATE TRIGGER sync_folders_added AFTER INSERT ON folders
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'folders', NEW.id, f.column1, d.clock, d.id, d.clock FROM sync_device AS d,
            (VALUES ('name'), ('created_at'), ('provider_id'), ('model'), ('variant'),
            ('effort'), ('overrides')) AS f WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
    DELETE FROM sync_changes WHERE kind = 'folders' AND id = NEW.id AND field = 'gone';
END;
CREATE TRIGGER sync_folders_changed AFTER UPDATE ON folders
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'folders', NEW.id, f.column1, d.clock, d.id, d.clock FROM sync_device AS d,
            (VALUES ('name', OLD.name IS NOT NEW.name), ('created_at', OLD.created_at IS NOT
            NEW.created_at), ('provider_id', OLD.provider_id IS NOT NEW.provider_id), ('model',
            OLD.model IS NOT NEW.model), ('variant', OLD.variant IS NOT NEW.variant), ('effort',
            OLD.effort IS NOT NEW.effort), ('overrides', OLD.overrides IS NOT NEW.overrides)) AS
            f
        WHERE f.column2
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;
CREATE TRIGGER sync_folders_removed AFTER DELETE ON folders
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    DELETE FROM sync_changes WHERE kind = 'folders' AND id = OLD.id;
    INSERT INTO sync_changes
        SELECT 'folders', OLD.id, 'gone', d.clock, d.id, d.clock FROM sync_device AS d WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;

CREATE TRIGGER sync_conversations_added AFTER INSERT ON conversations
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'conversations', NEW.id, f.column1, d.clock, d.id, d.clock FROM sync_device AS d,
            (VALUES ('title'), ('created_at'), ('updated_at'), ('provider_id'), ('model'),
            ('variant'), ('effort'), ('leaf_id'), ('pinned'), ('overrides'), ('folder_id'),
            ('archived'), ('trashed_at'), ('preset_id'), ('title_is_automatic')) AS f WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
    DELETE FROM sync_changes WHERE kind = 'conversations' AND id = NEW.id AND field = 'gone';
END;
CREATE TRIGGER sync_conversations_changed AFTER UPDATE ON conversations
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'conversations', NEW.id, f.column1, d.clock, d.id, d.clock FROM sync_device AS d,
            (VALUES ('title', OLD.title IS NOT NEW.title), ('created_at', OLD.created_at IS NOT
            NEW.created_at), ('updated_at', OLD.updated_at IS NOT NEW.updated_at),
            ('provider_id', OLD.provider_id IS NOT NEW.provider_id), ('model', OLD.model IS NOT
            NEW.model), ('variant', OLD.variant IS NOT NEW.variant), ('effort', OLD.effort IS
            NOT NEW.effort), ('leaf_id', OLD.leaf_id IS NOT NEW.leaf_id), ('pinned', OLD.pinned
            IS NOT NEW.pinned), ('overrides', OLD.overrides IS NOT NEW.overrides), ('folder_id',
            OLD.folder_id IS NOT NEW.folder_id), ('archived', OLD.archived IS NOT NEW.archived),
            ('trashed_at', OLD.trashed_at IS NOT NEW.trashed_at), ('preset_id', OLD.preset_id IS
            NOT NEW.preset_id), ('title_is_automatic', OLD.title_is_automatic IS NOT
            NEW.title_is_automatic)) AS f
        WHERE f.column2
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;
CREATE TRIGGER sync_conversations_removed AFTER DELETE ON conversations
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    DELETE FROM sync_changes WHERE kind = 'conversations' AND id = OLD.id;
    INSERT INTO sync_changes
        SELECT 'conversations', OLD.id, 'gone', d.clock, d.id, d.clock FROM sync_device AS d WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;

CREATE TRIGGER sync_prompts_added AFTER INSERT ON prompts
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'prompts', NEW.id, f.column1, d.clock, d.id, d.clock FROM sync_device AS d,
            (VALUES ('title'), ('folder'), ('text'), ('position'), ('created_at'), ('hidden'),
            ('form')) AS f WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
    DELETE FROM sync_changes WHERE kind = 'prompts' AND id = NEW.id AND field = 'gone';
END;
CREATE TRIGGER sync_prompts_changed AFTER UPDATE ON prompts
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'prompts', NEW.id, f.column1, d.clock, d.id, d.clock FROM sync_device AS d,
            (VALUES ('title', OLD.title IS NOT NEW.title), ('folder', OLD.folder IS NOT
            NEW.folder), ('text', OLD.text IS NOT NEW.text), ('position', OLD.position IS NOT
            NEW.position), ('created_at', OLD.created_at IS NOT NEW.created_at), ('hidden',
            OLD.hidden IS NOT NEW.hidden), ('form', OLD.form IS NOT NEW.form)) AS f
        WHERE f.column2
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;
CREATE TRIGGER sync_prompts_removed AFTER DELETE ON prompts
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    DELETE FROM sync_changes WHERE kind = 'prompts' AND id = OLD.id;
    INSERT INTO sync_changes
        SELECT 'prompts', OLD.id, 'gone', d.clock, d.id, d.clock FROM sync_device AS d WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;

CREATE TRIGGER sync_presets_added AFTER INSERT ON presets
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'presets', NEW.id, f.column1, d.clock, d.id, d.clock FROM sync_device AS d,
            (VALUES ('name'), ('provider_id'), ('model'), ('variant'), ('effort'),
            ('overrides'), ('position'), ('created_at')) AS f WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
    DELETE FROM sync_changes WHERE kind = 'presets' AND id = NEW.id AND field = 'gone';
END;
CREATE TRIGGER sync_presets_changed AFTER UPDATE ON presets
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'presets', NEW.id, f.column1, d.clock, d.id, d.clock FROM sync_device AS d,
            (VALUES ('name', OLD.name IS NOT NEW.name), ('provider_id', OLD.provider_id IS NOT
            NEW.provider_id), ('model', OLD.model IS NOT NEW.model), ('variant', OLD.variant IS
            NOT NEW.variant), ('effort', OLD.effort IS NOT NEW.effort), ('overrides',
            OLD.overrides IS NOT NEW.overrides), ('position', OLD.position IS NOT NEW.position),
            ('created_at', OLD.created_at IS NOT NEW.created_at)) AS f
        WHERE f.column2
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;
CREATE TRIGGER sync_presets_removed AFTER DELETE ON presets
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    DELETE FROM sync_changes WHERE kind = 'presets' AND id = OLD.id;
    INSERT INTO sync_changes
        SELECT 'presets', OLD.id, 'gone', d.clock, d.id, d.clock FROM sync_device AS d WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;

CREATE TRIGGER sync_settings_added AFTER INSERT ON settings
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying)
    AND NEW.key NOT LIKE 'window.%' AND NEW.key NOT LIKE 'store.%' BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'settings', NEW.key, f.column1, d.clock, d.id, d.clock FROM sync_device AS d,
            (VALUES ('value')) AS f WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
    DELETE FROM sync_changes WHERE kind = 'settings' AND id = NEW.key AND field = 'gone';
END;
CREATE TRIGGER sync_settings_changed AFTER UPDATE ON settings
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying)
    AND NEW.key NOT LIKE 'window.%' AND NEW.key NOT LIKE 'store.%' BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'settings', NEW.key, f.column1, d.clock, d.id, d.clock FROM sync_device AS d,
            (VALUES ('value', OLD.value IS NOT NEW.value)) AS f
        WHERE f.column2
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;
CREATE TRIGGER sync_settings_removed AFTER DELETE ON settings
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying)
    AND OLD.key NOT LIKE 'window.%' AND OLD.key NOT LIKE 'store.%' BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    DELETE FROM sync_changes WHERE kind = 'settings' AND id = OLD.key;
    INSERT INTO sync_changes
        SELECT 'settings', OLD.key, 'gone', d.clock, d.id, d.clock FROM sync_device AS d WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;

CREATE TRIGGER sync_profiles_added AFTER INSERT ON profiles
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'profiles', NEW.id, f.column1, d.clock, d.id, d.clock FROM sync_device AS d,
            (VALUES ('position'), ('body')) AS f WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
    DELETE FROM sync_changes WHERE kind = 'profiles' AND id = NEW.id AND field = 'gone';
END;
CREATE TRIGGER sync_profiles_changed AFTER UPDATE ON profiles
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'profiles', NEW.id, f.column1, d.clock, d.id, d.clock FROM sync_device AS d,
            (VALUES ('position', OLD.position IS NOT NEW.position), ('body', OLD.body IS NOT
            NEW.body)) AS f
        WHERE f.column2
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;
CREATE TRIGGER sync_profiles_removed AFTER DELETE ON profiles
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    DELETE FROM sync_changes WHERE kind = 'profiles' AND id = OLD.id;
    INSERT INTO sync_changes
        SELECT 'profiles', OLD.id, 'gone', d.clock, d.id, d.clock FROM sync_device AS d WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;

CREATE TRIGGER sync_messages_added AFTER INSERT ON messages
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) AND NEW.status <> 'streaming'
        BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'messages', NEW.id, '', 0, d.id, d.clock FROM sync_device AS d WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
    DELETE FROM sync_changes WHERE kind = 'messages' AND id = NEW.id AND field = 'gone';
END;
CREATE TRIGGER sync_messages_changed AFTER UPDATE ON messages
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) AND NEW.status <> 'streaming'
        BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'messages', NEW.id, '', CASE
            WHEN OLD.status <> 'streaming' OR c.id IS NOT NULL THEN d.clock ELSE 0 END,
            d.id, d.clock FROM sync_device AS d LEFT JOIN sync_changes AS c
            ON c.kind = 'messages' AND c.id = NEW.id WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;
-- An answer that ended once goes on: what it becomes replaces what was sent.
CREATE TRIGGER sync_messages_resumed AFTER UPDATE ON messages
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying)
    AND NEW.status = 'streaming' AND OLD.status <> 'streaming' BEGIN
    INSERT INTO sync_changes
        SELECT 'messages', NEW.id, '', d.clock, d.id, NULL FROM sync_device AS d WHERE TRUE
        ON CONFLICT DO UPDATE SET at = excluded.at, device = excluded.device, number = NULL;
END;

CREATE TRIGGER sync_compactions_added AFTER INSERT ON compactions
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'compactions', NEW.id, '', 0, d.id, d.clock FROM sync_device AS d WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
    DELETE FROM sync_changes WHERE kind = 'compactions' AND id = NEW.id AND field = 'gone';
END;
CREATE TRIGGER sync_compactions_changed AFTER UPDATE ON compactions
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'compactions', NEW.id, '', d.clock, d.id, d.clock FROM sync_device AS d WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;

CREATE TRIGGER sync_attachments_added AFTER INSERT ON attachments
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'attachments', NEW.sha256, '', 0, d.id, d.clock FROM sync_device AS d WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
    DELETE FROM sync_changes WHERE kind = 'attachments' AND id = NEW.sha256 AND field = 'gone';
END;
CREATE TRIGGER sync_attachments_changed AFTER UPDATE ON attachments
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    INSERT INTO sync_changes
        SELECT 'attachments', NEW.sha256, '', d.clock, d.id, d.clock FROM sync_device AS d WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;

CREATE TRIGGER sync_ledger_added AFTER INSERT ON ledger
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    UPDATE ledger SET origin = (SELECT id FROM sync_device) || ':' || NEW.id WHERE id = NEW.id;
    INSERT INTO sync_changes
        SELECT 'ledger', d.id || ':' || NEW.id, '', 0, d.id, d.clock FROM sync_device AS d WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;
CREATE TRIGGER sync_ledger_removed AFTER DELETE ON ledger
    WHEN EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying) AND OLD.origin IS NOT NULL BEGIN
    UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)
    );
    DELETE FROM sync_changes WHERE kind = 'ledger' AND id = OLD.origin;
    INSERT INTO sync_changes
        SELECT 'ledger', OLD.origin, 'gone', d.clock, d.id, d.clock FROM sync_device AS d WHERE TRUE
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number;
END;
