"""Settings by key, and the resulting parameters of a request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.backend.answer_settings import (
    KEY_BY_NAME,
    ask_settings,
    overridden_values,
    stop_sequences,
    with_override,
    without_override,
)
from desktop_app.domain.answering.generation import PARAMETER_NAMES, GenerationParameters, Overrides
from desktop_app.settings.values import with_defaults
from tests.helpers.generation import overrides

sequences = st.lists(st.text("ab\\nt\n\t ", min_size=1, max_size=6), max_size=4).map(tuple)


def test_every_setting_of_a_conversation_has_a_parameter() -> None:
    assert set(KEY_BY_NAME) < PARAMETER_NAMES
    defaults = ask_settings(with_defaults({}))
    assert (defaults.instructions, defaults.parameters) == ("", GenerationParameters())


@given(overrides)
def test_overrides_apply_and_are_listed_by_key(own: Overrides) -> None:
    values = with_defaults({"answer.temperature": 0.3, "answer.system_prompt": "Be brief."})
    held = ask_settings(values, own)
    for name in own.names - {"stop", "tools", "seed"}:
        assert getattr(held.parameters, name) == getattr(own.parameters, name)
        assert overridden_values(own)[f"answer.{name}"] == getattr(own.parameters, name)
    if "temperature" not in own.names:
        assert held.parameters.temperature == 0.3
    if own.instructions is None:
        assert held.instructions == "Be brief."


@given(sequences)
def test_stop_sequences_survive_their_text_form(wanted: tuple[str, ...]) -> None:
    shown = overridden_values(Overrides().with_parameter("stop", wanted))["answer.stop"]
    assert stop_sequences(str(shown)) == wanted


@pytest.mark.parametrize(
    ("key", "value"),
    [("answer.system_prompt", ""), ("answer.stop", "a\nb"), ("answer.temperature", None)],
)
def test_an_override_can_be_removed(key: str, value: str | None) -> None:
    own = with_override(Overrides(), key, value)
    assert overridden_values(own) == {key: value}
    assert without_override(own, key) == Overrides()
