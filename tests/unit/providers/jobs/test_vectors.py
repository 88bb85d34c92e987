"""Compact vectors keep the order of similarity."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.providers.jobs.vectors import Vector

numbers = st.lists(st.floats(-1, 1, width=32), min_size=8, max_size=8).filter(any)


@given(numbers)
def test_a_vector_is_nearest_to_itself_and_survives_its_bytes(values: list[float]) -> None:
    made = Vector.from_values(values)
    assert Vector.from_bytes(made.numbers) == made
    assert made.cosine_to(made) == pytest.approx(1)
    assert made.hamming_distance(made.signs) == 0


def test_distances_have_the_order_of_the_cosine() -> None:
    chance = random.Random(5)
    asked = [chance.gauss(0, 1) for _ in range(256)]
    near = [[a + chance.gauss(0, spread) for a in asked] for spread in (0.2, 0.8, 1.5, 6)]
    kept, question = [Vector.from_values(values) for values in near], Vector.from_values(asked)
    by_angle = [question.cosine_to(vector) for vector in kept]
    assert by_angle == sorted(by_angle, reverse=True)
    by_signs = [question.hamming_distance(vector.signs) for vector in kept]
    assert by_signs == sorted(by_signs)
    assert question.cosine_to(Vector.from_values([-a for a in asked])) == pytest.approx(-1)
    assert question.hamming_distance(Vector.from_values([-a for a in asked]).signs) > 250


def test_the_largest_floats_have_a_direction() -> None:
    assert Vector.from_values([1e308, -1e308]) == Vector.from_values([1, -1])


@pytest.mark.parametrize("values", [[], [0.0, 0.0], [float("inf"), 1], [float("nan")]])
def test_values_without_a_direction_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError):
        Vector.from_values(values)
