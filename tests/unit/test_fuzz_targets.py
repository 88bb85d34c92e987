"""The fuzzed parsers, with their seeds and a few hundred generated inputs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import NAMES, load
from tests.helpers.examples import examples


@pytest.mark.parametrize("name", NAMES)
def test_the_seeds_of_a_target_find_no_fault(name: str) -> None:
    target = load(name)
    seeds = target.seeds()
    assert seeds
    for seed in seeds:
        target.one_input(seed)


@pytest.mark.parametrize("name", NAMES)
def test_damaged_seeds_and_arbitrary_bytes_find_no_fault(name: str) -> None:
    target = load(name)
    seeds = target.seeds()

    @st.composite
    def damaged(draw: st.DrawFn) -> bytes:
        seed = draw(st.sampled_from(seeds))[:4_096]
        at = draw(st.integers(0, len(seed)))
        end = draw(st.integers(at, min(len(seed), at + 16)))
        return seed[:at] + draw(st.binary(max_size=16)) + seed[end:]

    @settings(max_examples=examples(100))
    @given(damaged() | st.binary(max_size=200))
    def check(data: bytes) -> None:
        target.one_input(data)

    check()
