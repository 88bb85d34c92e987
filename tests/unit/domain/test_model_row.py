"""Rows of the table of models."""

from __future__ import annotations

import pytest

from desktop_app.domain.models.model_entry import ModelRow


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("MINI openai", True),
        ("gpt-5 small", False),
        ("5-mini", True),
        ("ai gp", True),
        ("claude", False),
    ],
)
def test_a_row_is_found_by_words_of_its_names(text: str, matches: bool) -> None:
    assert ModelRow("o", "OpenAI", "gpt-5-mini", "GPT-5 mini").matches(text) is matches
