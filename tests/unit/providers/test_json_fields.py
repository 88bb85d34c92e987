"""Typed reading of fields in a server's JSON."""

from __future__ import annotations

import threading

import pytest

from desktop_app.providers.http.reply import json_fields


@pytest.mark.parametrize(
    ("value", "count"),
    [
        *((0, 0), (1, 1), (7.9, 7), (2**53 - 1, 2**53 - 1), (2**53, 0), (-1, 0), (True, 0)),
        *((0.5, 0), (2**53 - 0.5, 0), ("7", 0), (None, 0), ([7], 0)),
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


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ("a\ud83d\ude42b", "a\ufffd\ufffdb"),
        ("a\ud800", "a\ufffd"),
        ("é🙂", "é🙂"),
        ("x" * (256 * 1024 - 1) + "é\ud800é", "x" * (256 * 1024 - 1) + "é\ufffdé"),
    ],
    ids=["pair", "one", "none", "in the second slice"],
)
def test_unpaired_surrogates_are_replaced(found: str, text: str) -> None:
    assert json_fields.text({"a": found}, "a") == text


def test_other_values_of_a_list_of_texts_are_left_out() -> None:
    assert json_fields.texts({"a": ["x", 1, None, ["y"], "\ud800"]}, "a") == ["x", "\ufffd"]
    assert json_fields.texts({"a": "x"}, "a") == json_fields.texts([], "a") == []


@pytest.mark.parametrize(
    "padding", [0, json_fields.MAX_INLINE_BYTES - 6, json_fields.MAX_INLINE_BYTES]
)
def test_short_and_long_json_are_parsed_alike(padding: int) -> None:
    text = '{"é":1}' + " " * padding
    assert json_fields.parse(text) == {"é": 1}
    assert json_fields.parse(text.encode()) == json_fields.parse("\ufeff" + text) == {"é": 1}
    assert json_fields.parse(b'"\xff"' + b" " * padding) == "\ufffd"
    for damaged in ("[" * 500_000, "[1" + " " * padding):
        with pytest.raises(ValueError, match=r"expected|Expecting|nested"):
            json_fields.parse(damaged)


async def test_large_json_is_parsed_in_a_thread() -> None:
    here = threading.get_ident()
    assert (
        await json_fields.run_in_thread_if_large(json_fields.MAX_INLINE_BYTES, threading.get_ident)
        == here
    )
    there = await json_fields.run_in_thread_if_large(
        json_fields.MAX_INLINE_BYTES + 1, threading.get_ident
    )
    assert there != here
    assert (
        await json_fields.run_in_thread_if_large(json_fields.MAX_INLINE_BYTES + 1, "ab".index, "b")
        == 1
    )
