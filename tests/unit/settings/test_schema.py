"""Each setting accepts what it declares and rejects invalid values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.errors import SettingError
from desktop_app.settings.schema import KEYS_PREFIX, SETTINGS, setting
from desktop_app.settings.setting import Setting
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


def test_a_whole_number_becomes_a_float() -> None:
    assert validate("answer.temperature", 1) == 1.0
    assert isinstance(validate("answer.temperature", 1), float)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("answer.temperature", math.nan),
        ("answer.temperature", 2.1),
        ("answer.temperature", True),
        ("answer.max_output_tokens", 15),
        ("look.text_size", "100"),
        ("answer.stream", 1),
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
        {"look.theme": "sepia", "look.text_size": 120, "future.key": 1, "keys.app.quit": "Ctrl+W"}
    )
    assert values["look.theme"] == "system"
    assert values["look.text_size"] == 120
    assert values["keys.app.quit"] == "Ctrl+W"
    assert "future.key" not in values
    assert set(values) >= {s.key for s in SETTINGS}


def test_settings_are_found_by_their_keys() -> None:
    assert setting("default.variant").default == "thinking"
    assert setting("answer.top_p").stops[0] == 0.05
    with pytest.raises(SettingError):
        setting("no.such")


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("answer.top_p", 3.0, "Enter a value from 0.05 to 1."),
        ("answer.max_output_tokens", 1, "Enter a value from 16 to 128,000."),
        ("answer.stop", "a\nb\nc\nd\ne", "Enter 4 lines or fewer."),
        ("look.theme", "pink", "Choose one of system, light, dark, contrast."),
    ],
)
def test_a_refused_value_says_what_is_accepted(key: str, value: object, remedy: str) -> None:
    with pytest.raises(SettingError) as caught:
        validate(key, value)
    assert caught.value.what_to_do == remedy
