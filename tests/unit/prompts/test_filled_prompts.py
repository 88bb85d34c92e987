"""Prompts of the library for commands: filled in, with what they need."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from desktop_app.backend.backend import Backend
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.prompt import NO_REQUIREMENTS, Prompt, PromptRequirements, today
from desktop_app.prompts.prompt_library import built_in_prompts
from desktop_app.prompts.prompt_store import PromptStore
from desktop_app.prompts.services import prompts
from tests.helpers.fragment import Fragment
from tests.helpers.started_backend import started_backend
from tests.unit.storage.samples import opened

REPLY = Prompt("reply", "Reply", "To {{name}}, on {{date}}: {{selection}}")
LETTER = Prompt("letter", "Letter", "Dear {{name=friend}},")


@pytest.mark.parametrize(
    ("name", "fields", "text", "question"),
    [
        ("reply", ["name=Ann"], " Hello. ", "To Ann, on {today}: Hello."),
        ("Reply", [" name = A=b"], "", "To  A=b, on {today}:"),
        ("letter", [], "Hello. ", "Dear friend,\n\nHello."),
        ("letter", ["name="], " ", "Dear ,"),
    ],
)
async def test_a_prompt_is_filled_in(
    name: str, fields: Sequence[str], text: str, question: str
) -> None:
    async with started_backend() as backend:
        await backend.of(prompts).save([REPLY, LETTER])
        prompt, filled = await backend.of(prompts).fill(name, fields, text)
        library = [entry.prompt.id for entry in await backend.of(prompts).entries()]
    assert prompt.id == name.casefold()
    assert filled == question.format(today=today())
    assert {"reply", "letter", "translate"} <= set(library)


@pytest.mark.parametrize("field", ["name", "=Ann", " =Ann", ""])
async def test_a_field_without_a_name_or_an_equals_sign_is_refused(field: str) -> None:
    with pytest.raises(IllegalChoiceError) as caught:
        await Backend(environment={}).of(prompts).fill("reply", [field], "")
    assert (caught.value.message, caught.value.params) == (
        Fragment("isn’t NAME=VALUE"),
        {"given": field},
    )


async def test_the_needs_are_those_of_the_built_in_prompt_with_the_users_form(
    tmp_path: Path,
) -> None:
    summary = next(p for p in built_in_prompts() if p.id == "executive-summary")
    assert summary.requirements.documents == 1
    async with opened(tmp_path / "s.sqlite3") as database:
        store = PromptStore(database)
        assert await store.requirements("") == NO_REQUIREMENTS
        assert await store.requirements("unknown") == NO_REQUIREMENTS
        assert await store.requirements(summary.id) == summary.requirements
        copy = Prompt(summary.id, "Mine", "…", form="a form")
        await store.save([copy, Prompt("own", "Own", "…", form="a form")])
        assert await store.requirements(summary.id) == summary.requirements._replace(form="a form")
        assert await store.requirements("own") == PromptRequirements(form="a form")
