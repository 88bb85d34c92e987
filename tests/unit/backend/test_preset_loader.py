"""The built-in presets beside the user's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.backend.prompt_loader import (
    built_in_presets,
    preset_cases,
    preset_named,
    with_built_in,
)
from desktop_app.domain.preset import Preset
from desktop_app.i18n.translation import tr

FIRST, SECOND, *OTHERS = built_in_presets()


def test_built_in_presets_come_after_the_users() -> None:
    own = replace(FIRST, id="own", name="Own", position=7)
    assert with_built_in([own]) == [
        own,
        *(replace(p, position=1_000_000 + at) for at, p in enumerate(built_in_presets())),
    ]


def test_a_preset_of_the_user_replaces_the_one_of_its_name_or_id() -> None:
    by_name = replace(FIRST, id="own", name=FIRST.name.upper())
    by_id = replace(SECOND, name="Another")
    shown = with_built_in([by_name, by_id])
    assert shown[:2] == [by_name, by_id]
    assert [preset.id for preset in shown[2:]] == [preset.id for preset in OTHERS]


def test_a_deleted_preset_is_not_shown() -> None:
    assert [preset.id for preset in with_built_in([], {FIRST.id})] == [
        preset.id for preset in (SECOND, *OTHERS)
    ]


def test_cases_belong_to_a_preset_by_its_name_or_id() -> None:
    with_cases = next(preset for preset in built_in_presets() if preset_cases(preset.id))
    cases = preset_cases(with_cases.id)
    assert preset_cases(with_cases.name.upper()) == preset_cases(with_cases.id.upper()) == cases
    assert preset_cases("unknown") == []


@pytest.mark.usefixtures("pseudo_language")
def test_names_are_shown_in_the_users_language_and_found_in_english_too() -> None:
    presets = with_built_in([])
    shown = presets[0]
    assert shown.id == FIRST.id
    assert shown.name == tr(FIRST.name) != FIRST.name
    for name in (shown.name, FIRST.name.upper(), FIRST.id):
        assert preset_named(name, presets) == shown
    assert preset_cases(FIRST.name) == preset_cases(shown.name) == preset_cases(FIRST.id)
    assert preset_named("unknown", presets) is None
    own = [Preset("ab12", "One"), Preset("ab34", "Two")]
    assert preset_named("AB3", own) == own[1]
    assert preset_named("ab", own) is preset_named("", own) is None
