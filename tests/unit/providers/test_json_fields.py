"""Typed reading of fields in a server's JSON."""

from __future__ import annotations

import pytest

from desktop_app.providers.apis.error_body import ErrorBody, read_body
from desktop_app.providers.http import json_fields


@pytest.mark.parametrize(
    ("value", "count"),
    [
        *((0, 0), (1, 1), (7.9, 7), (2**53 - 1, 2**53 - 1), (2**53, 0), (-1, 0), (True, 0)),
        *(("7", 0), (None, 0), ([7], 0)),
    ],
)
def test_a_count_is_a_number_from_zero_up(value: object, count: int) -> None:
    assert json_fields.count({"n": value}, "n") == count
    assert json_fields.count([value], "n") == 0


def test_a_name_is_short() -> None:
    longest = "x" * json_fields.LONGEST_NAME
    assert json_fields.name({"a": longest}, "a") == longest
    assert json_fields.name({"a": longest + "x"}, "a") == ""


def test_objects_are_texts_of_json() -> None:
    assert json_fields.text_or_json({"a": {"ä": [1]}}, "a") == '{"ä": [1]}'
    assert json_fields.text_or_json({"a": "text"}, "a") == "text"
    assert json_fields.text_or_json(["a"], "a") == json_fields.text_or_json({"a": 1}, "a") == ""


@pytest.mark.parametrize("cut", ['{"error": {"mess', '[{"error": "a', "{", "  {"])
def test_json_that_is_cut_off_is_no_sentence(cut: str) -> None:
    assert read_body(cut.encode()) == ErrorBody()


def test_other_text_is_the_message() -> None:
    assert read_body(b" Too busy. ") == ErrorBody("Too busy.")
