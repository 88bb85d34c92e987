"""What the log keeps, and what it strikes out."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from desktop_app.headless.log import last_lines, redacted, start_log


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("key sk-proj-abc_DEF-123", "key [key]"),
        ("Authorization: Bearer abc.def", "Authorization: [key]"),
        ("bearer abc", "bearer [key]"),
        ("OPENAI_API_KEY=whatever1", "OPENAI_API_KEY=[key]"),
        ('{"api_key": "whatever1", "n": 1}', '{"api_key": "[key]", "n": 1}'),
        ("https://me:secret@proxy.example:3128/x", "https://[key]@proxy.example:3128/x"),
        ("gsk_1234567890 and AIzaSyA1234567890123456789012", "[key] and [key]"),
        ("https://host/v1?api-key=abc&x=1", "https://host/v1?api-key=[key]&x=1"),
        ("task-1 asked; the key is missing", "task-1 asked; the key is missing"),
        ("risk-averse desk-chair", "risk-averse desk-chair"),
    ],
)
def test_what_looks_like_a_key_is_struck_out(text: str, left: str) -> None:
    assert redacted(text) == left


def test_the_log_holds_no_key_even_in_a_traceback(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = list(root.handlers)
    start_log(tmp_path / "logs")
    try:
        raise ValueError("Bearer sk-abcdefgh")
    except ValueError:
        logging.getLogger("test").exception("asked with %s", "sk-12345678")
    finally:
        for handler in set(root.handlers) - set(before):
            root.removeHandler(handler)
            handler.close()
    lines = last_lines(tmp_path / "logs")
    assert "asked with [key]" in lines[0]
    assert lines[-1] == "ValueError: Bearer [key]"
    assert not any("sk-" in line for line in lines)


def test_no_log_is_no_error(tmp_path: Path) -> None:
    assert last_lines(tmp_path) == []
