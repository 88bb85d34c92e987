"""Prompts as a file."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.answering.answer_form import FormKind, FormSource
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.derived_id import derived_id
from desktop_app.domain.errors import ImportRefusedError
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.prompt import Prompt
from desktop_app.domain.prompt_json import prompt_from_json
from desktop_app.prompts.prompts_json import new_prompts, parse_prompts, read_file, to_json_text
from tests.helpers.generation import overrides

WORDS = st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip)
IDS = st.from_regex(r"[0-9A-Za-z][0-9A-Za-z_.:-]{0,63}", fullmatch=True)
MOMENTS = st.none() | st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001 - bounds are naive
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
PLACES = st.integers(-(2**31), 2**31 - 1)
TEXTS = st.text(st.characters(codec="utf-8"))
library_fields: dict[str, Any] = {
    "id": IDS,
    "title": WORDS,
    "text": TEXTS,
    "folder": TEXTS,
    "position": PLACES,
    "created_at": MOMENTS,
    "hidden": st.booleans(),
    "form": st.sampled_from(["", FormSource(FormKind.REGEX, "a+").to_setting()]),
}
texts = st.builds(Prompt, **library_fields)
presets = st.builds(
    Prompt,
    **library_fields,
    provider_id=st.sampled_from(["", "openai"]),
    model=st.sampled_from(["", "qwen3"]),
    variant=st.none() | st.sampled_from(Variant),
    effort=st.none() | st.sampled_from(Effort),
    overrides=overrides,
)
collections = st.tuples(
    *(st.lists(kind, max_size=4, unique_by=lambda p: p.id) for kind in (texts, presets))
).map(lambda both: both[0] + both[1])
REPLY = Prompt("r", "Reply", "Reply to {{name}}", "Mail", 1, datetime(2026, 1, 31, tzinfo=UTC))


@given(collections)
def test_a_written_file_is_read_unchanged(collection: list[Prompt]) -> None:
    text = to_json_text(collection)
    assert parse_prompts(text) == collection
    assert to_json_text(parse_prompts(text)) == text


def test_the_file_is_indented_for_readers() -> None:
    assert to_json_text([]).startswith('{\n  "format": ')


def test_half_a_surrogate_pair_is_escaped() -> None:
    preset = Prompt("p", "Code", overrides=Overrides("half \ud800"))
    written = to_json_text([preset])
    assert written.startswith('{\n  "format": ')
    assert parse_prompts(written.encode().decode()) == [preset]


def test_an_unusable_id_is_derived_from_the_content() -> None:
    """Check that a prompt with an unsafe id is kept, because ids end up in paths and logs."""
    value = json.loads(to_json_text([REPLY]))
    value["prompts"][0]["id"] = "../../x"
    (found,) = parse_prompts(json.dumps(value))
    assert replace(found, id=REPLY.id) == REPLY
    assert re.fullmatch("[0-9a-f]{32}", found.id)


def test_presets_without_ids_that_differ_in_their_model_have_different_ids() -> None:
    named = [{"name": "Reviewer", "model": model} for model in ("", "gpt-5.2", "gpt-5-mini")]
    ids = [prompt_from_json(value, is_preset=True).id for value in named]
    assert len(set(ids)) == 3
    assert ids[0] == derived_id("Reviewer", "{}")  # as in earlier versions


@given(collections, collections)
def test_the_same_file_twice_adds_nothing(found: list[Prompt], known: list[Prompt]) -> None:
    numbers = itertools.count()

    def new_id() -> str:
        return f"new {next(numbers)}"

    known = list({prompt.id: prompt for prompt in known}.values())
    whole = [*known, *new_prompts(found, known, (), new_id)]
    assert len({p.id for p in whole}) == len(whole)
    assert list(new_prompts(found, whole, (), new_id)) == []


def test_a_different_prompt_with_the_same_id_gets_a_new_id() -> None:
    other = replace(REPLY, text="Answer {{name}}")
    preset = replace(REPLY, text="", overrides=Overrides("Be brief."))
    added = list(new_prompts([other, preset], [REPLY], (), iter("nm").__next__))
    assert added == [replace(other, id="n"), replace(preset, id="m")]
    assert list(new_prompts([replace(REPLY, id="z")], [REPLY], (), iter("n").__next__)) == []


def test_a_file_may_replace_and_hide_built_in_prompts_but_not_those_of_the_other_kind() -> None:
    built_in = [replace(REPLY, hidden=False), Prompt("p", "Poet", overrides=Overrides("Rhyme."))]
    edited, hidden = replace(REPLY, text="Answer {{name}}"), replace(REPLY, hidden=True)
    other = Prompt("p", "Pay", "Pay {{sum}}.")
    for found, added in (
        (built_in, []),
        ([edited], [edited]),
        ([hidden], [hidden]),
        ([other], [replace(other, id="n")]),
    ):
        assert list(new_prompts(found, [], built_in, iter("n").__next__)) == added


def test_only_title_and_text_of_a_prompt_are_required() -> None:
    text = '{"format": "repartee-prompts", "version": 1, "prompts": [{"title": "A", "text": "B"}]}'
    (found,) = parse_prompts(text)
    assert (found.title, found.text, found.folder) == ("A", "B", "")
    assert parse_prompts(text) == [found]  # with the same id each time


@pytest.mark.parametrize(
    "change",
    [
        {"format": "repartee"},
        {"version": 2},
        {"prompts": {}},
        {"prompts": ["x"]},
        {"prompts": [{"title": "A"}]},
        {"prompts": [{"title": " ", "text": "B"}]},
        {"prompts": [{"title": "A", "text": "B", "position": "first"}]},
        {"prompts": [{"title": "A", "text": "B", "position": ""}]},
        {"prompts": [{"title": "A", "text": "B", "position": True}]},
        {"prompts": [{"title": "A", "text": "B", "position": 2**31}]},
        {"prompts": [{"title": "A", "text": "B", "created_at": "yesterday"}]},
        {"presets": [{"name": "A", "variant": "ultra"}]},
        {"presets": [{"name": "A", "settings": {"temperature": "hot"}}]},
        {"presets": [{"name": "A", "settings": []}]},
        {"presets": [{"name": "A", "settings": {"stop": [1]}}]},
        {"presets": [{"name": "A", "settings": {"stop": "END"}}]},
        {"presets": [{"name": "A", "settings": {"tools": "web"}}]},
        {"presets": [{"name": "A", "settings": {"instructions": 1}}]},
    ],
)
def test_a_file_with_an_invalid_item_is_refused(change: dict[str, Any]) -> None:
    value = {**json.loads(to_json_text([REPLY])), **change}
    with pytest.raises(ImportRefusedError) as raised:
        parse_prompts(json.dumps(value))
    assert raised.value.what_to_do == "Choose a file exported from Prompts."


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000])
def test_other_files_are_refused(text: str) -> None:
    with pytest.raises(ImportRefusedError):
        parse_prompts(text)


def test_a_missing_file_is_refused_with_the_reason_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(ImportRefusedError) as caught:
        read_file(tmp_path / "prompts.json")
    assert caught.value.what_happened == "Couldn’t read prompts.json: it doesn’t exist."
