"""The chain of generation settings for an answer."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.answering.generation import (
    PARAMETER_NAMES,
    GenerationParameters,
    Overrides,
    resolve_overrides,
)
from tests.helpers.generation import overrides, parameters

chains = st.lists(overrides, max_size=4)


def values_of_link(link: Overrides) -> dict[str, Any]:
    """Return the values that a link of the chain sets, including instructions."""
    values = {name: getattr(link.parameters, name) for name in link.names}
    return values if link.instructions is None else {**values, "instructions": link.instructions}


@given(st.text(), parameters, chains)
def test_the_first_link_that_sets_a_value_wins(
    instructions: str, defaults: GenerationParameters, chain: list[Overrides]
) -> None:
    resolved_instructions, resolved = resolve_overrides(instructions, defaults, *chain)
    for name in (*PARAMETER_NAMES, "instructions"):
        default = instructions if name == "instructions" else getattr(defaults, name)
        values = [values_of_link(link)[name] for link in chain if name in values_of_link(link)]
        found = resolved_instructions if name == "instructions" else getattr(resolved, name)
        assert found == [*values, default][0]


def test_an_unset_value_differs_from_the_default_of_the_model() -> None:
    defaults = GenerationParameters(temperature=0.5)
    assert resolve_overrides("Be brief.", defaults, Overrides()) == ("Be brief.", defaults)
    unset = Overrides(instructions="").with_parameter("temperature", None)
    assert unset != Overrides()
    assert resolve_overrides("Be brief.", defaults, unset) == ("", GenerationParameters())


@given(overrides, st.sampled_from(sorted(PARAMETER_NAMES)), parameters)
def test_a_set_value_can_be_unset(link: Overrides, name: str, values: GenerationParameters) -> None:
    value = getattr(values, name)
    assert values_of_link(link.with_parameter(name, value))[name] == value
    assert values_of_link(link.with_parameter(name, value).without_parameter(name)) == {
        key: other for key, other in values_of_link(link).items() if key != name
    }
    assert not Overrides().with_parameter(name, value).without_parameter(name)


@given(overrides)
def test_overrides_survive_their_json_form(link: Overrides) -> None:
    assert Overrides.from_json(json.loads(json.dumps(link.to_json()))) == link


def test_a_name_of_a_newer_version_is_ignored() -> None:
    assert Overrides.from_json({"mood": "good", "top_p": 0.5}) == Overrides().with_parameter(
        "top_p", 0.5
    )
