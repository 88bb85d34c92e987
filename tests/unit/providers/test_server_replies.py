"""Recorded refusals of servers and gateways, in tests/data/server_replies.json.

Each row names its source; if that quotes only the message, the body has the server's usual shape.
`reason` is what the user must be told, `words` what must be quoted of
the reply, `retried` whether another attempt may help.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.network.redaction import REMOVED
from desktop_app.providers.errors.error_body import read_body
from desktop_app.providers.errors.error_replies import error_from
from desktop_app.providers.errors.server_words import MAX_QUOTE_CHARS, quote, quoted_sentence
from desktop_app.providers.http.retries import failed_attempt

ROWS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data/server_replies.json").read_text("utf-8")
)


@pytest.mark.parametrize(
    "row", ROWS, ids=[f"{row['server']}-{number}" for number, row in enumerate(ROWS)]
)
def test_a_recorded_reply_is_recognized_and_quoted(row: dict[str, Any]) -> None:
    error = error_from("My server", read_body(row["body"].encode()), status=row["status"])
    assert error.reason == row["reason"]
    assert row["words"] in error.what_happened
    assert row["words"].rstrip(".") in error.details
    assert failed_attempt(error, row["status"], {}).may_repeat is row["retried"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("<b>No</b> such\x1b[31m thing\u202e\u200b\x00", "No such[31m thing."),
        ("Wrong key: Bearer abcdefgh12345678", f"Wrong key: Bearer {REMOVED}."),
        ("Wrong key: sk-pro\u200bj-abcdefgh12345678", f"Wrong key: {REMOVED}."),
        ("Wrong key: gsk_abcdefgh1234567890", f"Wrong key: {REMOVED}."),
        ("a < b and b > c", "a < b and b > c."),
        ("Really?", "Really?"),
        ("...", ""),
    ],
)
def test_server_messages_are_cleaned(message: str, shown: str) -> None:
    assert quoted_sentence(message) == shown


def test_server_messages_are_shortened() -> None:
    assert len(quote("word " * 1000)) == MAX_QUOTE_CHARS
    assert quote("word " * 1000).endswith("…")


@pytest.mark.parametrize("body", [b"", b"{", b'{"error": {"mess', b"\xff\xfe", b"[1, 2]", b"null"])
def test_a_body_that_says_nothing_gives_the_plain_sentence(body: bytes) -> None:
    error = error_from("My server", read_body(body), status=500)
    assert error.what_happened.startswith("My server is having problems (500)")
