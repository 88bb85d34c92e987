"""Custom headers and query parameters, as the environment and the user give them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.network.custom_fields import CustomField, parse_headers, parse_query


def test_headers_are_lines_or_json() -> None:
    wanted = {"X-A": "b: c", "x-portkey-provider": "openai"}
    assert parse_headers("X-A:  b: c \n\nx-portkey-provider:openai\n") == wanted
    assert parse_headers('{"X-A": "b: c", "x-portkey-provider": "openai"}') == wanted
    assert parse_headers(" ") == {}


def test_parameters_are_a_query_lines_or_json() -> None:
    wanted = {"api-version": "2024-10-21", "q": "a b"}
    assert parse_query("?api-version=2024-10-21&q=a%20b") == wanted
    assert parse_query("api-version=2024-10-21\nq=a+b") == wanted
    assert parse_query('{"api-version": "2024-10-21", "q": "a b"}') == wanted
    assert parse_query("") == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no colon", "a line without a colon"),
        *((text, "not allowed") for text in ("X: ", ": a", "X y: a", "X: ä")),
        *((text, "not allowed") for text in ("Host: a", "content-length: 1")),
        ('{"X": 1}', "not a text"),
        ("{", "property name"),
    ],
)
def test_wrong_headers_are_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_headers(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a", "bad query field"),
        *((text, "not allowed") for text in ("a=", "=b")),
        ('{"a": null}', "not a text"),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_wrong_parameters_are_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_query(text)


def test_the_maximum_number_of_fields_is_accepted() -> None:
    lines = [f"X-{number}: a" for number in range(51)]
    assert len(parse_headers("\n".join(lines[1:]))) == 50
    with pytest.raises(ValueError, match="too many"):
        parse_headers("\n".join(lines))


@given(st.text())
def test_no_text_breaks_the_parsers(text: str) -> None:
    for parse in (parse_headers, parse_query):
        try:
            found = parse(text)
        except ValueError:
            continue
        assert all(name and value for name, value in found.items())


@pytest.mark.parametrize("in_query", [False, True])
def test_names_and_values_have_a_maximum_length(in_query: bool) -> None:
    for length, is_allowed in ((0, False), (1, True), (256, True), (257, False)):
        assert CustomField("a" * length, in_query=in_query).has_valid_name is is_allowed
    for length, is_allowed in ((0, False), (1, True), (8192, True), (8193, False)):
        assert CustomField("a", in_query=in_query).accepts("a" * length) is is_allowed


def test_parameters_take_any_script_and_headers_do_not() -> None:
    assert CustomField("ü", in_query=True).has_valid_name
    assert CustomField("ü", in_query=True).accepts("ä")
    assert not CustomField("ü").has_valid_name
    assert not CustomField("X").accepts("ä")
    for in_query in (False, True):
        assert not CustomField("X", in_query=in_query).accepts(" a")
        assert not CustomField("X", in_query=in_query).accepts("a\x00b")
        assert not CustomField("a\nb", in_query=in_query).has_valid_name


def test_the_case_of_a_header_does_not_matter() -> None:
    assert CustomField("X-Key").key == CustomField("x-key").key
    assert CustomField("X", in_query=True).key != CustomField("x", in_query=True).key


def test_a_value_is_not_in_the_representation() -> None:
    assert "hidden" not in repr(CustomField("X", "hidden"))
