"""Presets in files, which other people may have written."""

from __future__ import annotations

from typing import Any

import pytest

from desktop_app.domain.prompt_json import prompt_from_json


@pytest.mark.parametrize("named", [{}, {"name": None}, {"name": " "}, {"name": 7}])
def test_a_preset_needs_a_name(named: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="name"):
        prompt_from_json(named, is_preset=True)


@pytest.mark.parametrize("name", ["provider", "model", "variant", "effort"])
def test_null_equals_a_missing_field(name: str) -> None:
    missing, null = ({"name": "A"}, {"name": "A", name: None})
    assert prompt_from_json(missing, is_preset=True) == prompt_from_json(null, is_preset=True)
    with pytest.raises(ValueError, match=name):
        prompt_from_json({"name": "A", name: 7}, is_preset=True)
