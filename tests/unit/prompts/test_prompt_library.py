"""The prompt library: built-in prompts, the user's changes, and values of a command."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.prompt import NO_REQUIREMENTS, Prompt, PromptRequirements, task_for_each
from desktop_app.prompts.prompt_library import (
    BUILT_IN_NAMES,
    PromptEntry,
    PromptOrigin,
    built_in_prompts,
    fill_prompt,
    find_prompt,
    merge_prompts,
    prompt_from_markdown,
)

SHIPPED = Prompt("translate", "Translate", "Into {{language=English}}: {{selection}}", "Writing")
OWN = Prompt("o", "Reply", "To {{name}}, {{tone=plain|formal}}", "Mail")
ONE = DocumentPart("a" * 64, "a.md", "text/markdown", 9)
ZIP = replace(ONE, media_type="application/zip")


def test_a_prompt_file_has_a_heading_a_folder_and_a_text() -> None:
    found = prompt_from_markdown("x", "# Title\nFolder: Code\n\nDo this.\n\nAnd that.\n", 3)
    assert found == Prompt("x", "Title", "Do this.\n\nAnd that.", "Code", 3)
    assert prompt_from_markdown("x", "# Title\nDo this.") == Prompt("x", "Title", "Do this.")


def test_front_matter_says_what_a_prompt_needs() -> None:
    source = "---\ndocuments: 2\n---\n# Title\nDo this."
    found = prompt_from_markdown("x", source)
    assert (found.title, found.text) == ("Title", "Do this.")
    assert found.requirements == PromptRequirements(documents=2)
    requirements = {prompt.id: prompt.requirements for prompt in built_in_prompts()}
    assert requirements["differences"] == PromptRequirements(documents=2)
    assert requirements["executive-summary"] == PromptRequirements(documents=1)


def test_every_built_in_prompt_has_a_title_and_a_text_or_settings() -> None:
    prompts = built_in_prompts()
    names = {name for prompt in prompts for name in (prompt.title, prompt.folder)}
    assert names == set(BUILT_IN_NAMES)
    for prompt in prompts:
        assert bool(prompt.text) is not prompt.has_settings
        assert not prompt.text.startswith("#")


def test_only_a_prompt_for_one_document_is_asked_of_each() -> None:
    of_one = PromptRequirements(documents=1)
    assert task_for_each("Sum up.", of_one, [ONE]) == "Sum up."
    assert "If there are several documents, do this for each" in task_for_each(
        "Sum up.", of_one, [ONE, ONE]
    )
    assert "If there are several documents" in task_for_each("Sum up.", of_one, [ZIP])
    # The text stays true after some of the documents were removed.
    assert task_for_each("Sum up.", of_one, [ONE] * 2) == task_for_each(
        "Sum up.", of_one, [ONE] * 5
    )
    typed = "Read the attached document."
    for requirements in (NO_REQUIREMENTS, PromptRequirements(documents=2)):
        assert task_for_each(typed, requirements, [ONE, ONE]) == typed


def test_a_users_version_replaces_a_built_in_prompt() -> None:
    edited = replace(SHIPPED, text="Into Polish: {{selection}}")
    assert merge_prompts([SHIPPED], []) == (PromptEntry(SHIPPED, PromptOrigin.BUILT_IN),)
    assert merge_prompts([SHIPPED], [edited, OWN]) == (
        PromptEntry(OWN, PromptOrigin.OWN),
        PromptEntry(edited, PromptOrigin.EDITED),
    )
    hidden = replace(SHIPPED, hidden=True)
    assert merge_prompts([SHIPPED], [hidden]) == (PromptEntry(hidden, PromptOrigin.BUILT_IN),)


def test_the_library_is_sorted_by_folder_position_and_title() -> None:
    made = [
        Prompt("1", "b", "…", "b", 1),
        Prompt("2", "A", "…", "B", 1),
        Prompt("3", "z", "…", "b", 0),
        Prompt("4", "z", "…", "A"),
        Prompt("5", "z", "…", ""),
        Prompt("0", "z", "…", "A"),
    ]
    assert [entry.prompt.id for entry in merge_prompts([], made)] == ["5", "0", "4", "3", "2", "1"]


def test_a_prompt_is_found_by_its_id_or_its_title() -> None:
    entries = merge_prompts([SHIPPED], [OWN])
    twins = merge_prompts([], [replace(OWN, id="reply", title="x"), OWN])
    assert find_prompt("reply", twins).id == "reply", "an id comes before a title"
    by_hash = merge_prompts([], [replace(OWN, id="ab12"), replace(OWN, id="ab34")])
    assert find_prompt("ab3", by_hash).id == "ab34"
    with pytest.raises(IllegalChoiceError):
        find_prompt("ab", by_hash)
    assert find_prompt("translate", entries) == find_prompt(" TRANSLATE ", entries) == SHIPPED
    with pytest.raises(IllegalChoiceError, match="no prompt “x”") as refused:
        find_prompt(
            "x", merge_prompts([SHIPPED], [OWN, replace(OWN, id="h", title="Old", hidden=True)])
        )
    assert refused.value.params["known"] == ", ".join(e.prompt.title for e in entries)
    with pytest.raises(IllegalChoiceError, match="Several"):
        find_prompt("reply", merge_prompts([], [OWN, replace(OWN, id="p")]))


def test_a_command_fills_the_variables_of_a_prompt() -> None:
    with pytest.raises(IllegalChoiceError) as caught:
        fill_prompt(replace(OWN, text="Plain."), {"to": "x"}, {})
    assert caught.value.sentences == "The prompt “Reply” has no field “to”."
    text = fill_prompt(SHIPPED, {"language": "Polish"}, {"selection": "Hello"})
    assert text == "Into Polish: Hello"
    assert fill_prompt(OWN, {"name": "Anna"}, {}) == "To Anna, plain"
    for values, why in (
        ({}, "needs name"),
        ({"name": "Anna", "to": "x"}, "has no field “to”"),
        ({"name": "Anna", "tone": "rude"}, "one of plain, formal"),
    ):
        with pytest.raises(IllegalChoiceError) as refused:
            fill_prompt(OWN, values, {})
        assert why in refused.value.sentences
