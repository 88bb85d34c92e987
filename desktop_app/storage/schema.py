"""The version of a store's schema: `schema.sql`, then the steps of later versions.

A store names its program by `PRAGMA application_id` and its version by `PRAGMA user_version`.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from desktop_app.domain.errors import StorageError, StoreTooNewError
from desktop_app.i18n.translation import N_
from desktop_app.storage.sqlite_connection import connect_in_memory
from desktop_app.storage.storage_errors import damaged_error

APPLICATION_ID: Final = 0x52505254  # "RPRT"
_FIRST_VERSION: Final = 2
"""The version of `schema.sql`. Builds before the first release had version 1."""
# Costs that are estimated, and texts of attachments with their hidden parts.
_ESTIMATES_AND_HIDDEN_TEXT: Final = """
ALTER TABLE messages ADD COLUMN cost_is_estimated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN is_estimated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE spending_holds ADD COLUMN most INTEGER NOT NULL DEFAULT 0;
ALTER TABLE spending_holds ADD COLUMN message_id TEXT;
ALTER TABLE attachments ADD COLUMN full_text TEXT;
"""
# The name of the computer that wrote a message; "" for this one.
_COMPUTERS: Final = "ALTER TABLE messages ADD COLUMN computer TEXT NOT NULL DEFAULT ''"
# The files of folders: those on this computer, and the names of those elsewhere. Neither travels.
_FOLDER_FILES: Final = """
ALTER TABLE folders ADD COLUMN collection_id TEXT NOT NULL DEFAULT '';
ALTER TABLE folders ADD COLUMN file_names TEXT NOT NULL DEFAULT '[]';
"""
# Texts beside conversations, and their earlier states.
_TEXTS: Final = """
CREATE TABLE texts (
    id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    marks TEXT NOT NULL,
    file TEXT NOT NULL,
    file_hash TEXT NOT NULL,
    is_shown INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX texts_by_conversation ON texts (conversation_id);
CREATE TABLE text_versions (
    id INTEGER PRIMARY KEY,
    text_id TEXT NOT NULL REFERENCES texts (id) ON DELETE CASCADE,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX text_versions_by_text ON text_versions (text_id);
"""
_MEMORY: Final = """
CREATE TABLE memory (
    id TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    folder_id TEXT REFERENCES folders (id) ON DELETE CASCADE,
    conversation_id TEXT NOT NULL DEFAULT ''
) STRICT;
"""
# Prompts that are asked again. They stay on this computer: each would ask them otherwise.
_REPEATS: Final = """
CREATE TABLE repeats (
    id TEXT NOT NULL PRIMARY KEY,
    prompt TEXT NOT NULL,
    every TEXT NOT NULL,
    start TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    model TEXT NOT NULL,
    variant TEXT,
    effort TEXT,
    folder_id TEXT NOT NULL,
    since INTEGER NOT NULL,
    error TEXT
) STRICT;
"""
# A restore pauses all repeats; a run has the error that kept it from being asked, or its answer.
_REPEAT_RUNS: Final = """
CREATE TABLE paused_repeats (id TEXT NOT NULL PRIMARY KEY) STRICT;
CREATE TABLE repeat_runs (
    repeat_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    answer_id TEXT NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (repeat_id, at)
) STRICT;
"""
# What the segments of this computer in the storage hold, so that they can be written again without
# what was deleted. `number` is the segment's; `is_whole` of an entry with all fields of the row.
# `note` is what was seen before a deletion, and `refused_by` the version that could not read it.
_HELD_SEGMENTS: Final = """
CREATE TABLE sync_held (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    number INTEGER NOT NULL,
    is_whole INTEGER NOT NULL,
    is_stale INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX sync_held_stale ON sync_held (number) WHERE is_stale;
ALTER TABLE sync_changes ADD COLUMN note TEXT;
CREATE INDEX sync_changes_noted ON sync_changes (field, note)
    WHERE kind = 'conversations' AND note IS NOT NULL;
ALTER TABLE sync_waiting ADD COLUMN refused_by TEXT;
ALTER TABLE sync_files ADD COLUMN unnamed_at INTEGER;
"""
# Tables for asking many. A value without text has no row, nor has the answer of a cell that was
# never asked or corrected. `number` and `sort_key` are what a column is sorted by; costs are in
# nano-dollars. A batch is a file of requests at the provider; `held` is its amount under the
# monthly limit.
_TABLES: Final = """
CREATE TABLE tables (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    settings TEXT NOT NULL,
    trashed_at INTEGER
) STRICT;
CREATE TABLE table_columns (
    id TEXT PRIMARY KEY,
    table_id TEXT NOT NULL REFERENCES tables (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    question TEXT NOT NULL
) STRICT;
CREATE INDEX table_columns_by_table ON table_columns (table_id, position);
CREATE TABLE table_rows (
    id INTEGER PRIMARY KEY,
    table_id TEXT NOT NULL REFERENCES tables (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    paths TEXT NOT NULL,
    page INTEGER,
    parts TEXT NOT NULL,
    checks TEXT NOT NULL,
    error TEXT NOT NULL
) STRICT;
CREATE INDEX table_rows_by_table ON table_rows (table_id, position);
CREATE TABLE table_values (
    id INTEGER PRIMARY KEY,
    row_id INTEGER NOT NULL REFERENCES table_rows (id) ON DELETE CASCADE,
    column_id TEXT NOT NULL REFERENCES table_columns (id) ON DELETE CASCADE,
    part TEXT NOT NULL,
    text TEXT NOT NULL,
    number REAL,
    sort_key TEXT NOT NULL,
    citations TEXT NOT NULL,
    is_corrected INTEGER NOT NULL,
    UNIQUE (row_id, column_id, part)
) STRICT;
CREATE INDEX table_values_by_column ON table_values (column_id, part, number, sort_key, row_id);
CREATE TABLE table_answers (
    id INTEGER PRIMARY KEY,
    row_id INTEGER NOT NULL REFERENCES table_rows (id) ON DELETE CASCADE,
    column_id TEXT NOT NULL REFERENCES table_columns (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    run_id TEXT NOT NULL,
    batch INTEGER NOT NULL,
    answer TEXT NOT NULL,
    error TEXT NOT NULL,
    input_tokens INTEGER,
    cached_tokens INTEGER,
    output_tokens INTEGER,
    reasoning_tokens INTEGER,
    cost INTEGER,
    judge_cost INTEGER,
    seconds REAL,
    first_token_s REAL,
    has_passed INTEGER,
    failures TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    answered_by TEXT NOT NULL,
    UNIQUE (row_id, column_id)
) STRICT;
CREATE INDEX table_answers_by_column ON table_answers (column_id, state);
CREATE INDEX table_answers_by_run ON table_answers (run_id, batch, state);
CREATE TABLE table_runs (
    id TEXT PRIMARY KEY,
    table_id TEXT NOT NULL REFERENCES tables (id) ON DELETE CASCADE,
    mode TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    cells INTEGER NOT NULL,
    estimate TEXT,
    error TEXT NOT NULL,
    is_cancelled INTEGER NOT NULL,
    owner_pid INTEGER,
    owner_started TEXT
) STRICT;
CREATE INDEX table_runs_by_table ON table_runs (table_id, created_at);
CREATE TABLE table_batches (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES table_runs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    column_id TEXT NOT NULL,
    status TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    base_url TEXT NOT NULL,
    model TEXT NOT NULL,
    effort TEXT,
    api TEXT NOT NULL,
    held TEXT,
    input_file_id TEXT NOT NULL,
    batch_id TEXT NOT NULL,
    remote_done INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    UNIQUE (run_id, number)
) STRICT;
"""
# A project is a folder of conversations with its files. A collection that no folder has becomes the
# files of one: of its name and with its id, so that a store and its backup get the same. What other
# computers must hear of is noted as the triggers would, which the migration makes later.
_PROJECTS: Final = """
INSERT INTO folders (id, name, created_at, overrides, collection_id)
    SELECT iif(id IN (SELECT id FROM folders), id || '-files', id), name, created_at, '', id
    FROM collections WHERE id NOT IN (SELECT collection_id FROM folders);
UPDATE sync_device SET clock = max(
    clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER));
INSERT OR IGNORE INTO sync_changes (kind, id, field, at, device, number)
    SELECT 'folders', f.id, c.column1, d.clock, d.id, d.clock
    FROM folders AS f, sync_device AS d, (VALUES ('name'), ('created_at'), ('provider_id'),
        ('model'), ('variant'), ('effort'), ('overrides')) AS c
    WHERE f.id IN (f.collection_id, f.collection_id || '-files');
ALTER TABLE collections DROP COLUMN name;
"""
# A batch job is a table: its files are rows, and its message is the question of one column, sent as
# it is. Answers of a job get consecutive numbers, so that its requests at the provider are found by
# `number_offset`. What was not billed has no cost any more. Damaged details are left out.
_JOBS_AS_TABLES: Final = """
ALTER TABLE table_batches ADD COLUMN number_offset INTEGER;
UPDATE batch_jobs SET details = '{}' WHERE NOT json_valid(details);
UPDATE batch_jobs SET details = json_object(
    'api', coalesce(json_extract(details, '$.api'), 'responses'),
    'settings', json(iif(
        json_type(details, '$.settings') = 'object', json_extract(details, '$.settings'), '{}')),
    'passages', json(iif(
        json_type(details, '$.passages') = 'array', json_extract(details, '$.passages'), '[]')),
    'folder_id', coalesce(json_extract(details, '$.folder_id'), ''),
    'cost', json_extract(details, '$.estimate.cost'));
INSERT INTO tables (id, name, created_at, updated_at, settings)
    SELECT id, title, created_at, coalesce(ended_at, started_at, created_at), '{}'
    FROM batch_jobs WHERE id NOT IN (SELECT id FROM tables);
INSERT INTO table_columns (id, table_id, position, name, question)
    SELECT id, id, 0, substr(title, 1, 60), json_object(
        'prompt', task, 'is_literal', json('true'),
        'choice', json_object(
            'provider_id', provider_id, 'model', model, 'variant', variant, 'effort', effort),
        'overrides', json_extract(details, '$.settings'),
        'passages', json_extract(details, '$.passages'),
        'folder_id', details ->> '$.folder_id')
    FROM batch_jobs;
INSERT INTO table_rows (table_id, position, name, key, paths, parts, checks, error)
    SELECT i.job_id, i.number - 1, i.name, '', json_array(i.path), i.part, '[]',
        CASE WHEN i.status = 'left_out' AND i.part = '[]' THEN i.error ELSE '' END
    FROM batch_items AS i JOIN batch_jobs AS j ON j.id = i.job_id ORDER BY i.job_id, i.number;
INSERT INTO table_runs (id, table_id, mode, status, created_at, ended_at, cells, estimate, error,
        is_cancelled)
    SELECT j.id, j.id, 'batch', CASE
            WHEN j.status = 'cancelled' THEN 'stopped'
            WHEN j.status IN ('completed', 'failed', 'expired') THEN 'done'
            WHEN j.batch_id = '' THEN 'sending' ELSE 'sent' END,
        coalesce(j.started_at, j.created_at), j.ended_at,
        (SELECT count(*) FROM batch_items WHERE job_id = j.id),
        details ->> '$.cost', j.error, j.is_cancelled
    FROM batch_jobs AS j WHERE j.status NOT IN ('preparing', 'ready');
INSERT INTO table_answers (id, row_id, column_id, state, run_id, batch, answer, error, input_tokens,
        cached_tokens, output_tokens, reasoning_tokens, cost, failures, conversation_id,
        answered_by)
    SELECT (SELECT coalesce(max(id), 0) FROM table_answers)
            + row_number() OVER (ORDER BY i.job_id, i.number),
        r.id, i.job_id, CASE
            WHEN i.status IN ('unread', 'read', 'sent') THEN 'waiting'
            WHEN i.status = 'answered' AND i.error = '' THEN 'done' ELSE 'failed' END,
        i.job_id, i.status NOT IN ('unread', 'read', 'left_out'), i.answer,
        CASE WHEN i.status IN ('refused', 'unanswered') AND json_valid(i.error)
            THEN json_set(i.error, '$.code', i.status) ELSE i.error END,
        i.input_tokens, i.cached_tokens, i.output_tokens, i.reasoning_tokens,
        iif(i.status = 'answered' OR i.input_tokens IS NOT NULL,
            CAST(round(i.cost * 1e9) AS INTEGER), NULL), '[]', i.conversation_id, i.answered_by
    FROM batch_items AS i JOIN table_runs AS t ON t.id = i.job_id
    JOIN table_rows AS r ON r.table_id = i.job_id AND r.position = i.number - 1;
INSERT INTO table_values (row_id, column_id, part, text, sort_key, citations, is_corrected)
    SELECT row_id, column_id, '', answer,
        substr(lower(trim(replace(substr(answer, 1, 320), char(10), ' '))), 1, 80), '', 0
    FROM table_answers WHERE answer <> '' AND run_id IN (SELECT id FROM batch_jobs);
INSERT INTO table_batches (run_id, number, column_id, status, provider_id, base_url, model, effort,
        api, held, input_file_id, batch_id, remote_done, started_at, number_offset)
    SELECT j.id, 1, j.id, j.status, j.provider_id, j.base_url, j.model, j.effort,
        j.details ->> '$.api', j.held, j.input_file_id, j.batch_id, j.remote_done,
        coalesce(j.started_at, j.created_at),
        (SELECT min(id) FROM table_answers WHERE run_id = j.id) - 1
    FROM batch_jobs AS j JOIN table_runs AS t ON t.id = j.id;
DROP TABLE batch_items;
DROP TABLE batch_jobs;
"""
# A preset is a prompt with settings. Ids stay; if both tables have one, that of the preset gets an
# ending (see `_moved` in `sync/entries.py`), or a random one if that is taken, too. Every computer
# does the same, so nothing is sent.
_PRESETS_AS_PROMPTS: Final = """
ALTER TABLE prompts ADD COLUMN provider_id TEXT NOT NULL DEFAULT '';
ALTER TABLE prompts ADD COLUMN model TEXT NOT NULL DEFAULT '';
ALTER TABLE prompts ADD COLUMN variant TEXT;
ALTER TABLE prompts ADD COLUMN effort TEXT;
ALTER TABLE prompts ADD COLUMN overrides TEXT;
CREATE TABLE doubled AS SELECT id FROM presets WHERE id IN (SELECT id FROM prompts);
UPDATE OR IGNORE presets SET id = id || '-presets' WHERE id IN (SELECT id FROM doubled);
UPDATE conversations SET preset_id = preset_id || '-presets'
    WHERE preset_id IN (SELECT id FROM doubled);
UPDATE settings SET value = json_quote((value ->> '$') || '-presets')
    WHERE key = 'default.preset' AND value IN (SELECT json_quote(id) FROM doubled);
UPDATE sync_changes SET id = id || '-presets'
    WHERE kind = 'presets' AND id IN (SELECT id FROM doubled);
UPDATE sync_held SET id = id || '-presets'
    WHERE kind = 'presets' AND id IN (SELECT id FROM doubled);
DROP TABLE doubled;
INSERT INTO prompts (id, title, folder, text, position, created_at, hidden, provider_id, model,
        variant, effort, overrides)
    SELECT iif(id IN (SELECT id FROM prompts), id || '-' || lower(hex(randomblob(4))), id), name,
        '', '', position, created_at, 0, provider_id, model, variant, effort, overrides
    FROM presets;
DROP TABLE presets;
UPDATE OR IGNORE sync_changes SET kind = 'prompts', field = iif(field = 'name', 'title', field)
    WHERE kind = 'presets';
UPDATE OR IGNORE sync_held SET kind = 'prompts' WHERE kind = 'presets';
DELETE FROM sync_changes WHERE kind = 'presets'
    OR (kind = 'prompts' AND field = 'gone' AND id IN (SELECT id FROM prompts));
DELETE FROM sync_held WHERE kind = 'presets';
"""
# Values know their type: those of before have that which they were sorted or exported by. Answers
# know what they were asked: `asked` is a hash of the question and one of the row's values; "" is
# unknown. `sent` is that of a request which waits in a batch. `stamps` are the sizes and times of a
# row's files when they were read.
_TYPED_VALUES: Final = """
ALTER TABLE table_values ADD COLUMN type TEXT NOT NULL DEFAULT '';
ALTER TABLE table_values ADD COLUMN format TEXT NOT NULL DEFAULT '';
ALTER TABLE table_answers ADD COLUMN asked TEXT NOT NULL DEFAULT '';
ALTER TABLE table_answers ADD COLUMN is_outdated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE table_answers ADD COLUMN sent TEXT NOT NULL DEFAULT '';
ALTER TABLE table_rows ADD COLUMN stamps TEXT NOT NULL DEFAULT '';
UPDATE table_values SET number = NULL WHERE text GLOB '-0*' AND number = 0;
UPDATE table_values SET type = 'number', format = iif(instr(text, '.'),
        '0.' || substr('000000000000000', 1, length(text) - instr(text, '.')), '0')
    WHERE number IS NOT NULL;
UPDATE table_values
    SET type = 'date', format = 'yyyy-mm-dd', number = julianday(text) - 1721424.5
    WHERE length(text) = 10 AND text GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'
        AND text > '0001' AND date(text) = text;
UPDATE table_values SET type = 'yes/no', number = (text = 'yes')
    WHERE text IN ('yes', 'no') AND EXISTS (
        SELECT 1 FROM table_columns AS c,
            json_each(iif(c.question = '', '{}', c.question), '$.fields') AS f
        WHERE c.id = table_values.column_id AND f.value ->> '$.name' = table_values.part
            AND f.value ->> '$.type' = 'yes/no');
"""
STEPS: Final = [
    *(_ESTIMATES_AND_HIDDEN_TEXT, "sync_schema.sql", _COMPUTERS, _FOLDER_FILES, _TEXTS),
    _MEMORY,
    _REPEATS,
    _REPEAT_RUNS,
    _HELD_SEGMENTS,
    # Notes that an import added, until the user allows them.
    "ALTER TABLE memory ADD COLUMN is_off INTEGER NOT NULL DEFAULT 0;",
    _TABLES,
    _PROJECTS,
    # Texts in the trash.
    "ALTER TABLE texts ADD COLUMN trashed_at INTEGER;",
    _JOBS_AS_TABLES,
    _PRESETS_AS_PROMPTS,
    _TYPED_VALUES,
]
"""SQL that leads from the first version to the next, and so on, or the name of its file.

A released step never changes.
"""


def stored_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of a store's schema; 0 for an empty file. Nothing is written.

    Raises:
        StoreTooNewError: a newer version wrote it.
        StorageError: another program wrote it, or a build before the first release.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if not tables and not application_id:
        return 0
    if application_id != APPLICATION_ID or version < _FIRST_VERSION:
        if application_id == APPLICATION_ID or {"migrations", "conversations"} <= tables:
            raise StorageError(
                N_("A build before the first release wrote {place}."),
                hint=N_(
                    "Export your conversations with that build, move the file "
                    "elsewhere, then import them."
                ),
                place=str(path),
            )
        raise StorageError(
            N_("{place} belongs to another program."),
            hint=N_("Move it elsewhere, then try again."),
            place=str(path),
        )
    if version > latest_version():
        details = f"version {version}"
        raise StoreTooNewError(
            N_("Your library {place} is from a newer version of Repartee."),
            hint=N_("Install that version to open it."),
            details=details,
            place=str(path),
        )
    return version


def is_current(version: int) -> bool:
    """Return True if a store of this version needs no step."""
    return version == latest_version()


def migrate(connection: sqlite3.Connection, version: int = 0) -> None:
    """Bring a store from `version` to this program's, by all steps or none.

    The caller has the store's lock.

    Raises:
        sqlite3.Error: a step failed.
        StoreDamagedError: no version had such tables.
    """
    from desktop_app.storage.sync_triggers import synced_triggers

    start, mending, triggers = version, list[str](), synced_triggers()
    former = list(triggers)
    if version and not is_current(version):
        start, mending = _mending(connection, version)
        # Also those of tables that are gone now: they would run while the steps change their table.
        sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        former = [name for (name,) in connection.execute(sql)]
    script = [
        "BEGIN IMMEDIATE",
        *(f"DROP TRIGGER IF EXISTS {_quoted(name)}" for name in former),
        *mending,
        _script(start, latest_version()),
        *triggers.values(),
        f"PRAGMA application_id = {APPLICATION_ID}",
        f"PRAGMA user_version = {latest_version()}",
        "COMMIT",
    ]
    checks_keys = connection.execute("PRAGMA foreign_keys").fetchone()[0]
    # A row may refer to one that is gone; and a table that is made again keeps what refers to it.
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        connection.executescript(";\n".join(script))
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute(f"PRAGMA foreign_keys = {checks_keys}")


def _script(start: int, end: int) -> str:
    """Return the SQL that leads from one version to another; `start` is 0 for an empty store."""
    steps = STEPS[max(0, start - _FIRST_VERSION) : end - _FIRST_VERSION]
    return ";\n".join(
        Path(__file__).with_name(step).read_text("utf-8") if step.endswith(".sql") else step
        for step in (steps if start else ["schema.sql", *steps])
    )


def _mending(connection: sqlite3.Connection, version: int) -> tuple[int, list[str]]:
    """Return the version that a store has, and the SQL that gives it exactly that schema.

    A build before the release of a version wrote the former number with some of its columns, or
    its number without those that came last.

    Raises:
        StoreDamagedError: no version had such tables.
    """
    found, columns = _objects_of(connection), _columns_of(connection)
    for start in (version, version + 1):
        with closing(connect_in_memory()) as template:
            template.executescript(_script(0, start))
            wanted, wanted_columns = _objects_of(template), _columns_of(template)
        if all(columns.get(name, {""}) <= each for name, each in wanted_columns.items()):
            break
    else:
        place = connection.execute("PRAGMA database_list").fetchone()[2]
        raise damaged_error(place, f"its tables are not those of version {version}")
    script: list[str] = []
    made: set[str] = set()
    for (kind, name), (table, sql) in wanted.items():  # each table before its indexes
        is_same = found.get((kind, name)) == (table, sql)
        if kind == "table" and not is_same:
            names = ", ".join(map(_quoted, sorted(columns[name])))
            script += [
                f"CREATE TABLE former_rows AS SELECT {names} FROM {name}",  # noqa: S608 - own names
                f"DROP TABLE {name}",
                sql,
                f"INSERT INTO {name} ({names}) SELECT {names} FROM former_rows",  # noqa: S608
                "DROP TABLE former_rows",
            ]
            made.add(name)
        elif kind == "index" and (table in made or not is_same):
            script += [f"DROP INDEX IF EXISTS {name}", sql]
    return start, script


def _objects_of(connection: sqlite3.Connection) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the table and the SQL of each table and index."""
    sql = """SELECT type, name, tbl_name, sql FROM sqlite_master
        WHERE type IN ('table', 'index') AND sql IS NOT NULL ORDER BY type = 'index'"""
    return {(kind, name): (table, text) for kind, name, table, text in connection.execute(sql)}


def _columns_of(connection: sqlite3.Connection) -> dict[str, set[str]]:
    sql = """SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c
        WHERE m.type = 'table'"""
    found: dict[str, set[str]] = {}
    for table, column in connection.execute(sql):
        found.setdefault(table, set()).add(column)
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def has_exact_schema(connection: sqlite3.Connection) -> bool:
    """Return True if a store has this version's tables and indexes, and nothing else."""
    with closing(connect_in_memory()) as template:
        migrate(template)
        return _schema_of(connection) == _schema_of(template)


def _schema_of(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    sql = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master"
    return set(map(tuple, connection.execute(sql)))


def latest_version() -> int:
    return _FIRST_VERSION + len(STEPS)
