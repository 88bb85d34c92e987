"""Differences between the outbound settings of two stores, and keeping the current ones."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import DIRECT, ProviderKind, ProviderProfile
from desktop_app.domain.models.own_model import OwnModel
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.storage.database.schema import migrate
from desktop_app.storage.database.sqlite_connection import connect_in_memory
from desktop_app.storage.settings.outbound_settings import (
    OutboundSettings,
    SettingChange,
    find_changes,
    read_outbound_settings,
    write_current_values,
)
from desktop_app.storage.settings.settings_store import profile_to_text

PRICED = OwnModel("m", input_price=Decimal("1.5"), output_price=Decimal(20))
FIELDS = (CustomField("X-A", "b"), CustomField("key", is_secret=True, in_query=True))


def own(**fields: Any) -> ProviderProfile:
    return ProviderProfile("own", "My  own", ProviderKind.COMPATIBLE, **fields)


@pytest.mark.parametrize(
    ("field", "before", "after", "current", "restored"),
    [
        (
            "base_url",
            "https://gateway.org/v1/me/openai",
            "https://me:pw@gateway.org/v1/you/openai?key=pw",
            "https://gateway.org:443/v1/me/openai",
            "https://gateway.org:443/v1/you/openai",
        ),
        ("base_url", "", "no address", "none", "invalid URL"),
        ("proxy", "", DIRECT, "Environment variables", "No proxy"),
        ("proxy", DIRECT, "http://me@a.org:8080", "No proxy", "http://a.org:8080"),
        ("ca_file", "", "/a.pem", "none", "/a.pem"),
        ("plain_http_hosts", (), ("a", "b"), "none", "a, b"),
        ("keeps_at_provider", False, True, "no", "yes"),
        ("offers_batches", None, True, "Default", "yes"),
        ("key_header", "", "api-key", "Authorization", "api-key"),
        ("custom_fields", (), FIELDS, "none", "X-A: b, ?key: (secret)"),
        ("monthly_cap", None, Decimal(5), "No limit", "$5.00"),
        ("own_models", (), (PRICED,), "none", "m: $1.5 / $20"),
        ("price_multiplier", Decimal(1), Decimal("0.25"), "100 %", "25 %"),
    ],
)
def test_a_field_that_differs_is_a_change(
    field: str, before: object, after: object, current: str, restored: str
) -> None:
    sides = [OutboundSettings({"own": own(**{field: value})}) for value in (before, after)]
    (change,) = find_changes(*sides)
    assert (change.profile_id, change.key) == ("own", field)
    assert (change.current, change.restored) == (current, restored)
    assert change.label.startswith("My own (own), ")
    assert change.sentence == f"{change.label}: {current} → {restored}"
    assert find_changes(sides[1], sides[1]) == ()


@pytest.mark.parametrize(
    ("key", "before", "after", "current", "restored"),
    [
        ("answer.tools", {}, {"answer.tools": "clock"}, "none", "clock"),
        ("answer.repair", {"answer.repair": True}, {}, "yes", "no"),
        ("tools.max_cost", {}, {"tools.max_cost": 3}, "none", "3"),
        ("answer.candidates", {"answer.candidates": 4}, {"answer.candidates": 1}, "4", "1"),
        (
            "answer.system_prompt",
            {"answer.system_prompt": "a " * 300},
            {"answer.system_prompt": "a " * 301},
            "a " * 250 + "…",
            "a " * 250 + "… (differs later on)",
        ),
    ],
)
def test_a_setting_that_differs_is_a_change(
    key: str, before: dict[str, Any], after: dict[str, Any], current: str, restored: str
) -> None:
    (change,) = find_changes(
        OutboundSettings({}, settings=before), OutboundSettings({}, settings=after)
    )
    assert (change.profile_id, change.key) == ("", key)
    assert (change.current, change.restored) == (current, restored)


@pytest.mark.attack("imports")
def test_the_end_of_a_long_host_is_shown() -> None:
    url = f"https://api.openai.com.{'a' * 60}.{'b' * 60}.{'c' * 60}.evil.example"
    restored = OutboundSettings({"own": own(base_url=url)})
    (change,) = find_changes(OutboundSettings({"own": own()}), restored)
    assert change.restored == f"{url}:443"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(connect_in_memory()) as connection:
        migrate(connection)
        yield connection


def a_change(profile_id: str, key: str) -> SettingChange:
    return SettingChange(profile_id, key, "", "", "")


def insert(connection: sqlite3.Connection, *profiles: ProviderProfile) -> None:
    for number, profile in enumerate(profiles):
        row = (profile.id, number, profile_to_text(profile))
        connection.execute("INSERT INTO profiles VALUES (?, ?, ?)", row)


def test_unreadable_settings_are_left_out(connection: sqlite3.Connection) -> None:
    built_in = ProviderProfile("openai", "OpenAI", ProviderKind.OPENAI)
    insert(connection, own(base_url="https://a.org/v1"))
    connection.execute("INSERT INTO profiles VALUES ('broken', 9, '{}')")
    rows = [("answer.tools", '"clock"'), ("answer.repair", "no JSON"), ("other", "1")]
    connection.executemany("INSERT INTO settings VALUES (?, ?)", rows)
    found = read_outbound_settings(connection, [built_in])
    assert found.profiles == {"openai": built_in, "own": own(base_url="https://a.org/v1")}
    assert found.profile_bodies.keys() == {"own"}
    assert found.settings == {"answer.tools": "clock"}
    assert OutboundSettings.default([built_in]) == OutboundSettings({"openai": built_in})


def test_unconfirmed_changes_are_undone(connection: sqlite3.Connection) -> None:
    built_in = ProviderProfile("openai", "OpenAI", ProviderKind.OPENAI, "https://api.openai.com")
    known = own(base_url="https://mine.org/v1", models=("m",))
    current = OutboundSettings(
        {"openai": built_in, "own": known, "gone": known},
        {"own": profile_to_text(known), "gone": profile_to_text(known)},
        {"answer.tools": "clock"},
    )
    new = ProviderProfile(
        "new", "New", ProviderKind.COMPATIBLE, "https://evil.org/v1", proxy="http://evil.org",
        models=("n",), monthly_cap=Decimal(9),
    )  # fmt: skip
    evil = own(base_url="https://evil.org/v1")
    insert(connection, ProviderProfile("openai", "X", ProviderKind.OPENAI), evil, new)
    rows = [("answer.tools", '"python"'), ("answer.repair", "true"), ("backup.every", '"day"')]
    connection.executemany("INSERT INTO settings VALUES (?, ?)", rows)
    changes = [("openai", "proxy"), ("own", "base_url"), ("new", "base_url"), ("gone", "kind")]
    changes += [("", "answer.tools"), ("", "answer.repair")]
    write_current_values(connection, current, [a_change(*change) for change in changes])
    found = read_outbound_settings(connection, [])
    bare = ProviderProfile("new", "New", ProviderKind.COMPATIBLE, models=("n",))
    assert found.profiles == {"own": known, "new": bare, "gone": ProviderProfile(
        "gone", known.name, known.kind, known.base_url, models=("m",)
    )}  # fmt: skip
    stored = dict(
        map(
            tuple,
            connection.execute("SELECT key, value FROM settings WHERE key NOT LIKE 'store.%'"),
        )
    )
    assert {key: json.loads(value) for key, value in stored.items()} == {
        "answer.tools": "clock",
        "backup.every": "day",
    }
    positions = dict(map(tuple, connection.execute("SELECT id, position FROM profiles")))
    assert positions == {"own": 1, "new": 2, "gone": 3}
