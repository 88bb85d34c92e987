"""Each setting accepts what it declares and rejects invalid values."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.errors import SettingError
from desktop_app.settings.schema import KEYS_PREFIX, SETTINGS, setting, settings_of
from desktop_app.settings.setting import Group, Setting
from desktop_app.settings.values import validate, with_defaults

by_key = pytest.mark.parametrize("declared", SETTINGS, ids=lambda s: s.key)
anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.binary()
)


@by_key
def test_the_default_is_valid(declared: Setting) -> None:
    assert validate(declared.key, declared.default) == declared.default


@by_key
def test_every_position_of_a_slider_is_valid(declared: Setting) -> None:
    assert list(declared.stops) == sorted(declared.stops)
    for number in declared.stops:
        assert validate(declared.key, number) == number
        assert isinstance(number, declared.value_type)


@by_key
def test_only_the_choices_are_valid(declared: Setting) -> None:
    for choice in declared.choices:
        assert validate(declared.key, choice.value) == choice.value
    # The choices of a shortcut are only the usual ones; the Shortcuts page takes others.
    if declared.choices and not declared.key.startswith(KEYS_PREFIX):
        with pytest.raises(SettingError):
            validate(declared.key, "no such choice")


def values_near(declared: Setting) -> st.SearchStrategy[object]:
    """Return values that are often valid: choices, and numbers around the limits."""
    near: list[object] = [choice.value for choice in declared.choices] + [declared.default]
    if declared.stops:
        for limit in declared.bounds:
            near += [limit, declared.value_type(limit), limit - 1, limit + 1]
    return st.sampled_from(near) | anything


@by_key
@given(data=st.data())
def test_any_accepted_value_fits_the_declaration(declared: Setting, data: st.DataObject) -> None:
    value = data.draw(values_near(declared))
    try:
        kept = validate(declared.key, value)
    except SettingError:
        return
    assert (kept is None and declared.is_optional) or type(kept) is declared.value_type
    if isinstance(kept, int | float) and declared.stops:
        assert declared.bounds[0] <= kept <= declared.bounds[1]


def test_keys_are_unique() -> None:
    assert len({s.key for s in SETTINGS}) == len(SETTINGS)


def test_a_whole_number_becomes_a_float() -> None:
    assert validate("answer.temperature", 1) == 1.0
    assert isinstance(validate("answer.temperature", 1), float)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("answer.temperature", math.nan),
        ("answer.temperature", 2.1),
        ("answer.temperature", 10**400),
        ("answer.temperature", True),
        ("answer.max_output_tokens", 15),
        ("answer.max_output_tokens", 4096.0),
        ("look.text_size", None),
        ("look.text_size", "100"),
        ("spelling.on", 1),
        ("keys.app.quit", 7),
        ("no.such", 1),
    ],
)
def test_invalid_values_are_refused_in_words(key: str, value: object) -> None:
    with pytest.raises(SettingError) as refusal:
        validate(key, value)
    assert key in refusal.value.what_happened
    assert refusal.value.what_to_do


def test_a_damaged_or_newer_store_gives_defaults() -> None:
    values = with_defaults(
        {
            "look.theme": "sepia",
            "look.text_size": 120,
            "future.key": 1,
            "answer.candidates": 3,  # of an earlier version
            "keys.app.quit": "Ctrl+W",
        }
    )
    assert values["look.theme"] == "system"
    assert values["look.text_size"] == 120
    assert values["keys.app.quit"] == "Ctrl+W"
    assert not {"future.key", "answer.candidates"} & set(values)
    assert set(values) >= {s.key for s in SETTINGS}


def test_groups_keep_the_order_of_the_declarations() -> None:
    look = [s.key for s in settings_of(Group.LOOK)]
    assert look == ["look.theme", "look.language", "look.text_size"]
    advanced = [s.key for s in settings_of(Group.LOOK, advanced=True)]
    assert advanced == ["look.font", "look.line_width", "look.code_wrap"]


def test_settings_are_found_by_their_keys() -> None:
    assert setting("default.variant").default == "thinking"
    assert setting("answer.temperature").stops[1] == 0.1
    with pytest.raises(SettingError):
        setting("no.such")


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("answer.temperature", 3.0, "Enter a value from 0 to 2."),
        ("answer.max_output_tokens", 1, "Enter a value from 16 to 128,000."),
        ("tools.vector_stores", "a\nb\nc\nd", "Enter 3 lines or fewer."),
        ("tools.search_domains", "a.example\nhttps://b.example/x",
         "Enter domains such as example.org, one per line."),
        ("tools.search_location", "Oslo, a, b, c",
         "Enter a place such as “Oslo, NO” or “Austin, Texas, US”."),
        ("tools.search_server", "searx.example.org",
         "Enter an address such as https://searx.example.org."),
        ("tools.search_server", "https://user:pass@searx.example.org",
         "Enter an address such as https://searx.example.org."),
        ("look.theme", "pink", "Choose one of system, light, dark, contrast."),
    ],
)  # fmt: skip
def test_a_refused_value_says_what_is_accepted(key: str, value: object, remedy: str) -> None:
    with pytest.raises(SettingError) as caught:
        validate(key, value)
    assert caught.value.what_to_do == remedy


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tools.search_domains", " a.example \n\nsub.b-c.example"),
        ("tools.search_location", "São Paulo, BR"),
        ("tools.search_server", "http://localhost:8080/searx/"),
        ("tools.search_server", ""),
    ],
)
def test_texts_of_a_form_are_kept_as_they_are_typed(key: str, value: str) -> None:
    assert validate(key, value) == value


def test_the_panel_has_at_most_47_rows_and_each_has_a_label_and_at_most_a_short_note() -> None:
    groups = (Group.KEPT, Group.LOCAL_MODEL)
    shown = [declared for declared in SETTINGS if declared.group not in groups]
    assert sum(not declared.part_of for declared in shown) <= 47
    assert all(declared.label and len(declared.help) <= 80 for declared in shown)


# What `facts_of` returns for each setting, such as "default minimum..maximum stops". Settings for
# which it returns "" are left out.
FACTS = """
default.variant: thinking per folder
local_model.context: 2048..131072 2048,4096,8192,16384,32768,65536,131072 optional
local_model.idle_minutes: 10 0..240 0,1,5,10,30,60,240
local_model.threads: 1..32 1,2,3,4,6,8,12,16,24,32 optional
default.effort: medium per folder
answer.system_prompt: per conversation
answer.max_output_tokens: 16..128000 256,512,1024,2048,4096,8192,16384,32768,65536,128000 optional per conversation
answer.verbosity: optional per conversation
answer.temperature: 0.0..2.0 by 0.1 optional per conversation
answer.reasoning_summary: optional per conversation
answer.tools: per conversation dialog
answer.image_shape: optional per conversation
answer.image_quality: optional per conversation
tools.vector_stores: 3 lines
tools.search_domains: 100 lines
tools.search_location: 1 lines
tools.search_server: 1 lines
answer.form: per conversation dialog
tools.max_cost: 0.01..100.0 0.01,0.05,0.1,0.25,0.5,1.0,2.0,5.0,10.0,50.0,100.0 optional
voice.transcriber: computer
voice.language: window
voice.microphone: dialog
voice.pause: 2.0 1.0..8.0 1.0,1.5,2.0,3.0,4.0,6.0,8.0
voice.speaker: computer
voice.hearing_model: dialog
voice.speech_model: dialog
voice.voice: dialog
voice.loudspeaker: dialog
answer.read_aloud: per conversation
voice.rate: 1.0 0.5..2.0 by 0.1
library.model_titles: True
backup.every: off
backup.keep: 7 1..30 by 1
look.theme: system
look.code_wrap: True
look.text_size: 100 80..200 by 10
look.font: font
look.line_width: standard
keys.prompt.send: Return
spelling.on: True
spelling.languages: dialog
desktop.on_close: ask
desktop.paste_back: ask
desktop.notifications: True
"""  # noqa: E501 — a line for each setting


def facts_of(declared: Setting) -> str:
    """Return the default, the bounds, the stops or the step, and other properties of a setting.

    A default that is None, False or an empty text is left out.
    """
    steps = {round(after - number, 6) for number, after in pairwise(declared.stops)}
    facts = [
        declared.default or "",
        "{}..{}".format(*declared.bounds) if declared.stops else "",
        ",".join(map(str, declared.stops)) if len(steps) > 1 else "",
        f"by {steps.pop()}" if len(steps) == 1 else "",
        f"{declared.most_lines} lines" if declared.most_lines else "",
        "optional" if declared.is_optional else "",
        "per conversation" if declared.per_conversation else "",
        "per folder" if declared.per_folder else "",
        "dialog" if declared.has_dialog else "",
        "font" if declared.is_font else "",
    ]
    return " ".join(str(fact) for fact in facts if fact != "")


def test_defaults_and_bounds_are_as_decided() -> None:
    found = {one.key: facts for one in SETTINGS if (facts := facts_of(one))}
    decided = dict(line.split(": ") for line in FACTS.strip().splitlines())
    assert found == {key: decided.get(key) for key in found}  # others are of deleted features
