"""The built-in prompts that only have settings, beside the user's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.prompt import Prompt
from desktop_app.i18n.translation import tr
from desktop_app.prompts.prompt_library import (
    PromptOrigin,
    built_in_presets,
    find_all,
    merge_prompts,
    preset_cases,
)

PRESETS = built_in_presets()
FIRST, SECOND, *OTHERS = PRESETS


def titles(*stored: Prompt, hidden: frozenset[str] = frozenset()) -> list[str]:
    entries = merge_prompts(PRESETS, stored, hidden)
    return [entry.prompt.title for entry in entries if not entry.prompt.hidden]


def test_a_prompt_of_the_user_replaces_the_one_of_its_name_or_id() -> None:
    by_name = replace(FIRST, id="own", title=FIRST.title.upper())
    by_id = replace(SECOND, title="Another")
    others = {each.title for each in OTHERS}
    assert set(titles(by_name, by_id)) == {by_name.title, "Another"} | others
    text = Prompt("own", FIRST.title, "Review {{selection}}")  # has no settings
    assert titles(text).count(FIRST.title) == 2


def test_a_deleted_preset_is_not_shown() -> None:
    assert titles(hidden=frozenset({FIRST.id})) == [each.title for each in (SECOND, *OTHERS)]
    assert FIRST.title in titles(FIRST, hidden=frozenset({FIRST.id}))  # it was shown again
    (entry, *_) = merge_prompts(PRESETS, [replace(FIRST, hidden=True)])
    assert entry == (replace(FIRST, hidden=True), PromptOrigin.BUILT_IN)


def test_cases_belong_to_a_preset_by_its_name_or_id() -> None:
    with_cases = next(preset for preset in PRESETS if preset_cases(preset.id))
    cases = preset_cases(with_cases.id)
    assert preset_cases(with_cases.title.upper()) == preset_cases(with_cases.id.upper()) == cases
    assert preset_cases("unknown") == []


@pytest.mark.usefixtures("pseudo_language")
def test_names_are_found_in_the_users_language_and_in_english() -> None:
    renamed = replace(SECOND, title="Another", overrides=Overrides("Be kind."))
    entries = merge_prompts(PRESETS, [renamed])
    for name in (tr(FIRST.title), FIRST.title.upper(), FIRST.id):
        assert find_all(name, entries) == [FIRST]
    assert find_all(SECOND.title, entries) == find_all("another", entries) == [renamed]
    assert preset_cases(FIRST.title) == preset_cases(tr(FIRST.title)) == preset_cases(FIRST.id)
    assert find_all("unknown", entries) == []
    own = merge_prompts([], [Prompt("ab12", "One"), Prompt("ab34", "Two")])
    assert find_all("AB3", own) == [own[1].prompt]
    assert find_all("ab", own) == find_all("", own) == []
