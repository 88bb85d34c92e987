"""Typed reading of the fields of a server's JSON."""

from __future__ import annotations

import pytest

from desktop_app.providers.http import json_fields


@pytest.mark.parametrize(
    ("value", "count"),
    [
        *((0, 0), (1, 1), (7.9, 7), (2**53 - 1, 2**53 - 1), (2**53, 0), (-1, 0), (True, 0)),
        *((0.5, 0), ("7", 0), (None, 0), ([7], 0)),
    ],
)
def test_a_count_is_a_number_from_zero_up(value: object, count: int) -> None:
    assert json_fields.count({"n": value}, "n") == count
    assert json_fields.count([value], "n") == 0


@pytest.mark.parametrize(
    ("found", "mapping", "rows"),
    [
        ({"b": 1}, {"b": 1}, []),
        ([{"b": 1}, 2, {}], {}, [{"b": 1}, {}]),
        (None, {}, []),
        ("text", {}, []),
    ],
)
def test_values_of_other_types_are_empty_objects_and_rows(
    found: object, mapping: dict[str, int], rows: list[dict[str, int]]
) -> None:
    assert json_fields.mapping({"a": found}, "a") == mapping
    assert json_fields.rows({"a": found}, "a") == rows
    assert json_fields.mapping([found], "a") == {}
    assert json_fields.rows([found], "a") == []


def test_a_name_that_is_too_long_is_empty() -> None:
    longest = "x" * json_fields.MAX_NAME_CHARS
    assert json_fields.name({"a": longest}, "a") == longest
    assert json_fields.name({"a": longest + "x"}, "a") == ""


def test_an_object_is_returned_as_json_text() -> None:
    assert json_fields.text_or_json({"a": {"ä": [1]}}, "a") == '{"ä": [1]}'
    assert json_fields.text_or_json({"a": "text"}, "a") == "text"
    assert json_fields.text_or_json(["a"], "a") == json_fields.text_or_json({"a": 1}, "a") == ""


def test_unpaired_surrogates_are_replaced() -> None:
    assert json_fields.text({"a": "é\ud800🙂"}, "a") == "é\ufffd🙂"
    assert json_fields.texts({"a": ["x", 1, None, ["y"], "\ud800"]}, "a") == ["x", "\ufffd"]
    assert json_fields.texts({"a": "x"}, "a") == json_fields.texts([], "a") == []


def test_json_is_parsed_whatever_its_bytes_and_damage_is_a_value_error() -> None:
    assert json_fields.parse('\ufeff{"é":1}') == json_fields.parse('{"é":1}'.encode()) == {"é": 1}
    assert json_fields.parse(b'"\xff"') == "\ufffd"
    for damaged in ("[" * 500_000, "[1", "", "1" * 5_000):
        with pytest.raises(ValueError, match=r"."):
            json_fields.parse(damaged)
