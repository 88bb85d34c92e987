"""Values of rows from untrusted files."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import pytest

from desktop_app.domain import bounds
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.storage.conversations.row_conversion import to_micros
from desktop_app.storage.database.schema import migrate
from desktop_app.storage.database.sqlite_connection import connect_in_memory
from desktop_app.storage.recovery.row_checks import TableSchema, tables_of
from desktop_app.storage.settings.settings_store import profile_to_text

ID = "a" * 32
HASH = "f" * 64
LATEST = to_micros(bounds.LATEST_TIME)
ROWS: dict[str, dict[str, Any]] = {
    "ledger": {
        "id": 1, "at": 5, "provider_id": "openai", "model": "m", "purpose": "answer",
        "input_tokens": 1, "cached_tokens": 0, "output_tokens": 1, "reasoning_tokens": 0,
        "cost": "0.5", "conversation_id": None, "message_id": None, "effort": None, "tier": None,
        "outcome": None, "retries": None, "first_token_s": None, "duration_s": None,
    },
    "prompts": {
        "id": "p", "title": "T", "folder": "", "text": "Why?", "position": 0, "created_at": 5,
        "hidden": 0, "form": "",
    },
    "collection_files": {
        "id": 1, "collection_id": "c", "path": "/a", "name": "a", "sha256": HASH,
        "media_type": "text/plain", "size": 9, "pages": None, "status": "ready", "problem": "",
        "modified": 5,
    },
    "messages": {
        "id": ID, "conversation_id": "b", "parent_id": None, "role": "user", "status": "complete",
        "created_at": 5, "owner_pid": None, "owner_started": None, "provider_id": None,
        "model": None, "variant": None, "effort": None, "input_tokens": None,
        "cached_tokens": None, "output_tokens": None, "reasoning_tokens": None, "cost": None,
        "duration_s": None, "error": None, "notices": "[]",
        "parts": '[{"kind": "text", "text": "Why?"}]', "remote_run": None, "template_id": "",
        "usage_scope": "own", "answered_by": "",
    },
    "passages": {
        "id": 1, "sha256": HASH, "start": 3, "end": 9, "tokens": 2, "page": None, "place": "",
        "title": "",
    },
    "passage_vectors": {"passage_id": 1, "model": "m", "vector": b"\0\1"},
    "settings": {"key": "window.help", "value": '"models"'},
    "spending_holds": {
        "id": 1, "provider_id": "p", "amount": "1", "owner_pid": 1, "owner_started": "", "at": 0,
        "model": "", "purpose": "",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> dict[str, TableSchema]:
    with closing(connect_in_memory()) as connection:
        migrate(connection)
        return tables_of(connection)


@pytest.mark.parametrize("name", ROWS)
def test_a_valid_row_is_unchanged(tables: dict[str, TableSchema], name: str) -> None:
    row = tuple(ROWS[name][column] for column in tables[name].names)
    assert tables[name].check_row(row) == row


@pytest.mark.parametrize(
    ("name", "column", "taken", "refused"),
    [
        ("ledger", "at", [-1, LATEST - 1], [LATEST, 2**62]),
        ("ledger", "input_tokens", [0, bounds.MAX_COUNT], [-1, bounds.MAX_COUNT + 1, None]),
        ("ledger", "first_token_s", [0.5, 3, None, -1.0], [float("nan"), 1e13, float("-inf")]),
        ("ledger", "model", ["m" * bounds.MAX_NAME_CHARS], ["m" * (bounds.MAX_NAME_CHARS + 1)]),
        ("prompts", "id", ["a", "ü -", "a" * 64], ["", "a" * 65, "a\n"]),
        ("prompts", "position", [-(2**31), 2**31 - 1], [-(2**31) - 1, 2**31]),
        ("collection_files", "modified", [-5, 2**62], [None]),
        ("collection_files", "sha256", [None, "0" * 64], ["F" * 64, "f" * 63, ""]),
        ("collection_files", "status", ["ready"], ["odd", ""]),
        ("messages", "parent_id", ["c", None], ["", "a" * 65]),
        ("passages", "start", [0, 9], [10, -1]),
        ("passage_vectors", "vector", [b"\1", b"\1" * (1 << 16)], [b"", b"\0", b"\1" * 65537]),
    ],
)
def test_values_have_bounds(
    tables: dict[str, TableSchema], name: str, column: str, taken: list[Any], refused: list[Any]
) -> None:
    for value in (*taken, *refused):
        row = {**ROWS[name], column: value}
        checked = tables[name].check_row(tuple(row[each] for each in tables[name].names))
        assert (checked is not None) is (value in taken), value
        assert checked in (None, tuple(row.values()))


@pytest.mark.parametrize(
    ("column", "value", "without"),
    [
        ("owner_pid", 2**31, None),
        ("cost", "much", None),
        ("error", "{", None),
        ("notices", "no JSON", "[]"),
        ("input_tokens", -1, None),
    ],
)
def test_bad_dispensable_values_of_a_message_are_dropped(
    tables: dict[str, TableSchema], column: str, value: Any, without: Any
) -> None:
    table = tables["messages"]
    row = {**ROWS["messages"], column: value}
    checked = table.check_row(tuple(row[each] for each in table.names))
    assert checked is not None
    assert dict(zip(table.names, checked, strict=True))[column] == without


@pytest.mark.parametrize(
    ("key", "taken", "refused"),
    [
        ("any", ["1", '"a"', "null", "0.5", "true"], ["[]", "{}", "no JSON"]),
        ("window.help", ['"a"'], ["1", "null", '"\\ud800"']),
        ("window.unread", ["[]", '["a"]'], ['"a"', "[1]", "{}"]),
        ("palette.uses", ["{}", '{"a": 1, "b": 0.5}'], ["[]", '{"a": "1"}', '{"a": NaN}']),
        ("models.favorites", ["[]", '[["a", "b"]]'], ['[["a", 1]]', "{}", '"a"']),
        (
            "window.scroll",
            ['["a", 1]', '["a", 0.5]'],
            ['["a"]', "[1, 1]", '["a", true]', '["a", NaN]'],
        ),
        (
            "backup.last",
            [
                "{}",
                '{"a": 1, "b": null, "c": "d", "error": null}',
                '{"error": {"code": "storage", "reason": "export_broke_off"}}',
            ],
            [
                "[]",
                '{"a": []}',
                '{"a": 0.5}',
                '{"error": "It failed."}',
                '{"error": {"reason": "x"}}',
            ],
        ),
        ("window.forms", ["{}", '{"a": {"b": 1}}'], ["[]", '{"a": 1}', '{"a": {"b": []}}']),
        (
            "window.state",
            ["{}", '{"a": 1, "geometries": {"b": "c"}, "geometry": "d"}'],
            [
                *("[]", '{"geometries": []}', '{"geometries": {"b": 1}}', '{"a": []}'),
                *('{"geometry": "\\ud800"}', '{"geometries": {"b": "\\ud800"}}'),
            ],
        ),
        (
            "learnt.refusals.x",
            ['{"on": "a", "refused": ["b"]}'],
            [
                '{"on": 1, "refused": []}',
                '{"on": "a", "refused": "b"}',
                '{"on": "a", "refused": [1]}',
            ],
        ),
        ("spending.unpriced.x", [], ["1", "true"]),
    ],
)
def test_structured_settings_are_checked(
    tables: dict[str, TableSchema], key: str, taken: list[str], refused: list[str]
) -> None:
    for value in (*taken, *refused):
        checked = tables["settings"].check_row((key, value))
        assert checked == ((key, value) if value in taken else None), value


@pytest.mark.parametrize(
    ("changes", "is_valid"),
    [
        ({}, True),
        ({"from_environment": True}, False),
        ({"key_header": "x"}, False),
        ({"custom_fields": [{"name": "X-A", "value": "b"}] * 50}, True),
        ({"custom_fields": [{"name": "X-A", "value": "b"}] * 51}, False),
        ({"custom_fields": [{"name": "Host", "value": "b"}]}, False),
        ({"monthly_cap": "-5"}, False),
        ({"price_multiplier": "NaN"}, False),
        ({"name": "n" * (bounds.MAX_NAME_CHARS + 1)}, False),
    ],
)
def test_only_profiles_that_a_user_could_make_are_valid(
    tables: dict[str, TableSchema], changes: dict[str, Any], is_valid: bool
) -> None:
    profile = ProviderProfile("own", "Own", ProviderKind.COMPATIBLE)
    body = json.dumps({**json.loads(profile_to_text(profile)), **changes})
    assert (tables["profiles"].check_row(("own", 1, body)) is not None) is is_valid
