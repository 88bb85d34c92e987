"""Presets of servers: a profile is known by the preset that it was made from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.settings.server_presets import (
    SERVER_PRESETS,
    ServerPreset,
    preset_of,
    profile_from,
)


@pytest.mark.parametrize("preset", SERVER_PRESETS, ids=lambda preset: preset.key)
def test_a_profile_is_known_by_its_preset(preset: ServerPreset) -> None:
    profile = profile_from(preset)
    assert preset_of(profile) is preset
    assert preset_of(replace(profile, id="openai")) is None
