"""The text of prompts: variables and their values."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desktop_app.domain.prompt import (
    MAX_FILLED_CHARS,
    Variable,
    fill,
    missing_names,
    parse,
    preview,
    program_variables_in,
    variables,
)

WORDS = st.text(st.characters(exclude_characters="{}\\", codec="utf-8"))
NAMES = st.from_regex(r"[a-z][a-z0-9 _-]{0,8}[a-z0-9]", fullmatch=True)


@given(WORDS)
@example("if (a) { b }")
@example("{{}} {{ 1 }} {{a.b}} {x} {{a|b}}")
@example("\\sqrt{{x+1}} {% raw %}")
def test_a_text_without_variables_is_unchanged(text: str) -> None:
    assert parse(text) == ((text,) if text else ())
    assert fill(text, {"a": "b"}).text == text


@given(st.lists(st.tuples(WORDS, NAMES, st.text())))
def test_every_variable_is_replaced_by_its_value_unchanged(
    places: list[tuple[str, str, str]],
) -> None:
    values = {name: value for _, name, value in places}
    text = "".join(f"{words}{{{{{name}}}}}" for words, name, _ in places)
    made = "".join(f"{words}{values[name]}" for words, name, _ in places)
    assert fill(text, values).text == made


@given(st.text())
def test_any_text_can_be_parsed_and_filled(text: str) -> None:
    values = {variable.name: "{{x}}" for variable in variables(text)}
    assert missing_names(text, values) == ()
    assert 0 <= fill(text, values).cursor <= len(fill(text, values).text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{name}}", Variable("name")),
        ("{{ name }}", Variable("name")),
        ("{{first name}}", Variable("first name")),
        ("{{prénom}}", Variable("prénom")),
        ("{{language=English}}", Variable("language", "English")),
        ("{{note=}}", Variable("note", "")),
        ("{{to=a|b}}", Variable("to", "a", ("a", "b"))),
        ("{{list=a,\nb}}", Variable("list", "a,\nb")),
        ("{{tone=plain | formal|friendly}}",
         Variable("tone", "plain", ("plain", "formal", "friendly"))),
    ],
)  # fmt: skip
def test_variables_may_have_defaults_and_choices(text: str, found: Variable) -> None:
    assert parse(text) == (found,)
    assert variables(text) == (found,)


def test_a_name_is_asked_for_once_with_its_first_default() -> None:
    text = "{{to}}, {{to=Anna}} {{to=Bo}}: {{date}} {{selection}}"
    assert variables(text) == (Variable("to", "Anna"),)
    assert program_variables_in(text) == {"date", "selection"}
    assert fill(text, {"date": "today"}).text == "Anna, Anna Anna: today "
    assert fill("{{to}} {{to=Bo}}", {}).text == "Bo Bo"


@pytest.mark.parametrize(
    ("text", "length", "shown"),
    [
        ("Hello {{name}}, {{tone=kind}}!", 40, "Hello …, kind!"),
        (" a\n\n b ", 40, "a b"),
        ("abcdef", 3, "abc"),
        ("{{a=x}}bcd", 5, "xbcd"),
        ("", 5, ""),
    ],
)
def test_a_preview_is_one_short_line(text: str, length: int, shown: str) -> None:
    assert preview(text, length) == shown


def test_an_escaped_variable_is_plain_text() -> None:
    assert parse("Write \\{{name}} there, {{who}}") == ("Write {{name}} there, ", Variable("who"))
    assert fill("\\{{name}}", {"name": "x"}).text == "{{name}}"


def test_a_required_variable_is_missing_until_it_has_a_value() -> None:
    text = "{{a}} {{b=}} {{c=x|y}} {{selection}} {{a}}"
    assert missing_names(text, {}) == ("a",)
    assert missing_names(text, {"a": " \n"}) == ("a",)
    assert missing_names(text, {"a": "1"}) == ()


def test_the_cursor_is_at_the_first_empty_variable_else_at_the_end() -> None:
    assert fill("Translate:\n\n{{selection}}\n\nThanks", {}).cursor == len("Translate:\n\n")
    assert fill("Translate:\n\n{{selection}}", {"selection": "x"}).cursor == len("Translate:\n\nx")
    assert fill("In {{language=English}}: {{selection}}", {}).cursor == len("In English: ")


def test_an_emptied_default_stays_empty() -> None:
    assert fill("In {{language=English}}.", {"language": ""}).text == "In ."


@pytest.mark.attack("imports")
def test_a_value_is_not_repeated_beyond_the_limit() -> None:
    long = "x" * (MAX_FILLED_CHARS // 4)
    assert len(fill(f"{{{{a={long}}}}}" + "{{a}}" * 10_000, {}).text) == MAX_FILLED_CHARS
    longer = "y" * (MAX_FILLED_CHARS + 1)
    filled = fill("{{selection}}, {{name}} {{selection}}", {"selection": longer, "name": "n"})
    assert filled.text == f"{longer}, n "
