"""Words of prompts, and the order in which columns are asked."""

from __future__ import annotations

import pytest

from desktop_app.domain.answering.answer_form import FormKind, FormSource
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import ModelChoice, now
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.tables.cell_request import cell_request
from desktop_app.tables.table import (
    WHOLE,
    Cell,
    CellValue,
    Check,
    Column,
    Field,
    Question,
    Row,
    Table,
)
from desktop_app.tables.template import (
    asks_about_document,
    filled,
    levels,
    require_answerable,
    words,
)

CHOICE = ModelChoice("openai", "gpt-5.2")


def table(**prompts: str) -> Table:
    """Return a table with columns of these prompts, and a column of data."""
    columns = [Column(n, n, Question(p, CHOICE, (Field("x"),))) for n, p in prompts.items()]
    return Table("t", "T", now(), now(), (Column("w", "Word"), *columns))


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Summarize it.", True),
        ("Compare {{document}} with {{Word}}", True),
        ("Translate {{ word }}", False),
        ("Translate {{" + 100_000 * " ", True),
        ("Translate {{a: X}}", False),
    ],
)
def test_documents_are_sent_only_where_they_are_asked_about(prompt: str, expected: bool) -> None:
    asked = table(a="x", b=prompt)
    question = asked.columns[-1].question
    assert question is not None
    assert asks_about_document(asked, question) is expected


def test_the_words_of_a_literal_question_are_its_own() -> None:
    literal = Column("a", "a", Question("Say {{Word}} and {{what}}.", CHOICE, is_literal=True))
    asked = Table("t", "T", now(), now(), (Column("w", "Word"), literal))
    require_answerable(asked, [literal])
    assert literal.question is not None
    assert asks_about_document(asked, literal.question)
    cells = {"w": Cell(1, "w", values={WHOLE: CellValue("x")})}
    request = cell_request(asked, literal, Row(1, "r"), cells)
    assert request.draft.text == "Say {{Word}} and {{what}}."


DOCUMENT = DocumentPart("0" * 64, "a.pdf", "application/pdf", 9, pages=2)


@pytest.mark.parametrize(
    ("value", "parts", "text"),
    [
        (" {{Word}} ", (), " {{Word}} "),  # of a value, nothing is changed
        ("Which?", (DOCUMENT,), "Which?"),  # no page is asked for
        ("", (DOCUMENT,), ""),
        ("", (), None),
    ],
)
def test_a_question_may_come_whole_from_its_row(
    value: str, parts: tuple[DocumentPart, ...], text: str | None
) -> None:
    whole = Column("a", "a", Question("{{Word}}", CHOICE, sends_documents=True))
    asked = Table("t", "T", now(), now(), (Column("w", "Word"), whole))
    checks = (Check("contains", "{{Word}}"),)  # of the row: it names no column
    row = Row(1, "r", paths=("/a.pdf",) if parts else (), parts=parts, checks=checks)
    cells = {"w": Cell(1, "w", values={WHOLE: CellValue(value)})} if value else {}
    if text is None:
        with pytest.raises(IllegalChoiceError):
            cell_request(asked, whole, row, cells)
        return
    request = cell_request(asked, whole, row, cells)
    assert (request.draft.text, request.documents) == (text, parts)
    assert request.checks == checks


def test_a_grammar_is_left_to_the_model_and_a_schema_checked() -> None:
    for source, is_schema in (('{"type": "array"}', True), ("Red|Blue", False)):
        kind = FormKind.SCHEMA if is_schema else FormKind.REGEX
        form = FormSource(kind, source).to_setting()
        question = Question("?", CHOICE, overrides=Overrides().with_parameter("form", form))
        asked = Table("t", "T", now(), now(), (Column("a", "a", question),))
        settings = cell_request(asked, asked.columns[0], Row(1, "r"), {}).settings
        assert (settings.schema is not None) is is_schema
        assert settings.parameters.form == ("" if is_schema else form)


def test_columns_are_asked_after_those_that_they_name() -> None:
    asked = table(c="{{b: x}} {{a}}", a="{{Word}}", b="{{a}}", d="{{document}}")
    require_answerable(asked, asked.columns)
    found = [[column.name for column in level] for level in levels(asked, asked.questions)]
    assert found == [["a", "d"], ["b"], ["c"]]


@pytest.mark.parametrize(
    "prompts", [{"a": "{{a}}"}, {"a": "{{b}}", "b": "{{a}}"}, {"a": "{{c}}"}, {"a": " "}]
)
def test_circles_and_unknown_words_are_refused(prompts: dict[str, str]) -> None:
    asked = table(**prompts)
    with pytest.raises(IllegalChoiceError):
        require_answerable(asked, asked.columns)


def test_a_value_is_not_read_as_a_prompt() -> None:
    assert words("{{a}} {{ b c }} {{a}} {{}} {d}") == ["a", "b c"]
    assert filled("{{a}} {{ b }}", {"a": "{{b}}", "b": "x"}) == "{{b}} x"
