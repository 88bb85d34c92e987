"""The bounded parser of a server's JSON, and typed reading of its fields."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.providers.http.reply import json_fields, json_parser
from desktop_app.providers.http.reply.json_parser import ValueTooLargeError, parse


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


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)
tokens = st.lists(
    st.sampled_from(
        ["[", "]", "{", "}", ",", ":", '"', '"a"', "1", "-0.5e3", "01", "1.", "true", "nul", " "]
        + [
            '"\\u0041"',
            '"\\ud83d\\ude00"',
            '"\\ud83d"',
            '"\\x"',
            '"\n"',
            "NaN",
            "-Infinity",
            "\x7f",
        ]
        + ["1,2,3,4,5,6,7,8,9,10", "1,2,3,4,5,6,7,8,,", '"é"', "\ufeff"]
    ),
    max_size=12,
)


def outcome(parsed: Callable[[Any], Any], text: str | bytes) -> Any:
    """Return the parsed value in a tuple, or None if `text` is not valid JSON."""
    try:
        return (parsed(text),)
    except ValueError:
        return None


@given(values, st.booleans(), st.sampled_from([None, 1]))
def test_encoded_values_are_parsed_unchanged(value: Any, escaped: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=escaped, indent=indent)
    assert parse(text.encode()) == value


@given(tokens)
def test_the_parser_accepts_and_refuses_the_same_texts_as_json_loads(pieces: list[str]) -> None:
    text = "".join(pieces)
    expected = outcome(json.loads, text.removeprefix("\ufeff"))
    found = outcome(lambda text: parse(text.encode()), text)
    assert repr(found) == repr(expected)


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize(
    "data",
    [
        b"[" * 1_000_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"1" * 1_000_000,
        b"-" + b"1" * 401,
        b'"' + b"a" * 100_000,
        b"",
        b" " * 1_000_000,
        b'"a\x00b"',
    ],
    ids=lambda data: repr(data[:5]),
)
def test_damage_is_refused_without_recursion(data: bytes) -> None:
    assert outcome(parse, data) is None


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("true", 32),
        ('""', 60),
        ('"ab"', 62),
        ('"' + "a" * 300 + '"', 360),
        ('"é"', 62),
        ('"🙂"', 64),
        ('"\\ud83d\\ude42é"', 68),
        ("[1]", 132),
        ("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", 100 + 10 * 32),
        ('{"a": [true]}', 240 + 61 + 100 + 32),
    ],
)
def test_the_memory_of_a_value_is_estimated(
    text: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_parser, "MAX_VALUE_BYTES", size)
    assert parse(text.encode()) == json.loads(text)
    monkeypatch.setattr(json_parser, "MAX_VALUE_BYTES", size - 1)
    with pytest.raises(ValueTooLargeError):
        parse(text.encode())


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize(
    ("limit", "most", "fits", "larger"),
    [
        ("MAX_CONTAINERS", 2, "[{}]", "[[], []]"),
        ("MAX_OBJECT_NAMES", 2, '{"a": 1, "b": 2, "a": 3}', '{"a": 1, "b": 2, "c": 3}'),
        ("MAX_STRING_BYTES", 300, '"' + "a" * 300 + '"', '"' + "a" * 301 + '"'),
        ("MAX_STRING_BYTES", 600, '"' + "é" * 300 + '"', '"' + "é" * 301 + '"'),
        ("MAX_STRING_BYTES", 1_200, '"' + "🙂" * 300 + '"', '"' + "🙂" * 301 + '"'),
    ],
)
def test_each_limit_may_be_reached(
    limit: str, most: int, fits: str, larger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_parser, limit, most)
    assert parse(fits.encode()) == json.loads(fits)
    with pytest.raises(ValueTooLargeError):
        parse(larger.encode())


def test_nesting_is_limited() -> None:
    deepest = b"[" * 500 + b"1" + b"]" * 500
    assert parse(deepest) == json.loads(deepest)
    with pytest.raises(ValueError, match="nested too deeply"):
        parse(b"[" + deepest + b"]")
