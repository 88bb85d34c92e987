"""Reports of batch jobs: safe in spreadsheets, and correct in Markdown."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.batch.command.batch_output import COLUMNS, csv_report, markdown_report
from desktop_app.domain.answering.answer_form import FormKind, FormSource
from desktop_app.domain.conversations.conversation import ModelChoice, now
from desktop_app.domain.csv_cell import escape_cell
from desktop_app.domain.error_note import ErrorNote
from desktop_app.providers.jobs.batch_jobs import BatchItem, BatchJob, ItemStatus

JOB = BatchJob("0" * 32, ModelChoice("openai", "gpt-5.2"), "A\ntitle", "One\n\ntwo", now())


def item(answer: str, name: str = "a.md", error: str = "") -> BatchItem:
    return BatchItem(
        JOB.id,
        1,
        name,
        f"/{name}",
        status=ItemStatus.ANSWERED,
        answer=answer,
        error=ErrorNote(error) if error else None,
    )


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_csv_is_read_back_unchanged(texts: list[tuple[str, str]]) -> None:
    written = "".join(csv_report(JOB, (item(answer, name) for answer, name in texts)))
    rows = list(csv.reader(io.StringIO(written, newline="")))
    assert tuple(rows[0]) == COLUMNS
    found = [(row[2], row[0]) for row in rows[1:]]
    assert found == [(escape_cell(answer), escape_cell(name)) for answer, name in texts]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+1",
        "-1-1",
        "-A1",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        " =1",
        "\n=1",
        "\u00a0=1",
        "＝1",
        "|cmd",
        "%x",
    ],
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert escape_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a;=WEBSERVICE(B1);", "a;'=WEBSERVICE(B1);"),
        ("a\t @SUM(1)", "a\t' @SUM(1)"),
        ("a\n-1+cmd|'/C calc'!A0", "a\n'-1+cmd|'/C calc'!A0"),
        ("a\r\n＝WEBSERVICE (B1)", "a\r\n'＝WEBSERVICE (B1)"),
        ("a\n- one\n+ two\n- f; -5;=b", "a\n- one\n+ two\n- f; -5;=b"),
    ],
)
def test_no_cell_has_a_formula_for_another_separator(text: str, cell: str) -> None:
    assert escape_cell(text) == cell
    assert escape_cell(cell) == cell


@pytest.mark.parametrize("text", ["-1", "+1", "-1,234.50", "-5%", "-0,5"])
def test_a_number_with_a_sign_stays_a_number(text: str) -> None:
    assert escape_cell(text) == text


@given(st.text())
def test_any_cell_begins_like_no_formula(text: str) -> None:
    cell = escape_cell(text)
    is_number = re.fullmatch(r"[+-][0-9][0-9.,]*%?", cell)
    begins = cell.lstrip(" \u00a0").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert is_number or not begins


def test_an_answer_that_can_just_be_read_has_empty_fields() -> None:
    form = FormSource(FormKind.SCHEMA, '{"properties": {"a": {}}}').to_setting()
    job = replace(JOB, parameters=replace(JOB.parameters, form=form))
    for depth in range(900, 1_000):
        _, row = csv_report(job, [item('{"a":' + "[" * depth + "]" * depth + "}")])
        assert row.rstrip().rpartition(",")[2] in ("", "[" * depth + "]" * depth)


def test_another_model_that_answered_is_named() -> None:
    items = [replace(item("Yes"), answered_by=name) for name in ("gpt-5.2-2025-12-11", "smollm2")]
    assert [row.split(",")[7].strip() for row in csv_report(JOB, items)][1:] == [
        "gpt-5.2-2025-12-11",
        "smollm2",
    ]
    text = "".join(markdown_report(JOB, items, str))
    assert text.count("answered by") == text.count("\n\nAnswered · answered by smollm2\n") == 1


def test_markdown_lowers_the_headings_of_answers() -> None:
    answer = "# Head\n\n```\n# code\n```\n\n###### Deep\n#hashtag"
    items = [item(answer, "a\nb.md"), item("", "c.md", "It is\nempty.")]
    text = "".join(markdown_report(JOB, items, lambda model: model.upper()))
    assert text.startswith("# A title\n\nReading files · 0 of 0 answered · GPT-5.2")
    assert "> One\n>\n> two\n" in text
    assert (
        "\n## a b.md\n\nAnswered\n\n### Head\n\n```\n# code\n```\n\n###### Deep\n#hashtag\n" in text
    )
    assert text.endswith("\n## c.md\n\nAnswered\n\n*It is empty.*\n")


@pytest.mark.parametrize(
    ("answer", "lowered"),
    [
        ("````md\n```\n# code\n```\n````\n# Head", "````md\n```\n# code\n```\n````\n### Head"),
        (
            "```\n# code\n~~~\n# code\n```\n  # Head #",
            "```\n# code\n~~~\n# code\n```\n  ### Head #",
        ),
        ("Head\n====\ntext", "### Head\n\ntext"),
        ("Long\n head\n----", "#### Long head\n\n"),
        ("> # Quoted\n\na\u2028# b", "> # Quoted\n\na\u2028# b"),
    ],
)
def test_only_headings_are_lowered(answer: str, lowered: str) -> None:
    assert f"\n\n{lowered}\n" in "".join(markdown_report(JOB, [item(answer)], str))
