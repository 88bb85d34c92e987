"""Reports of batch jobs: safe in spreadsheets, and correct in Markdown."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.batch.batch_jobs import BatchItem, BatchJob, ItemStatus
from desktop_app.domain.conversations.conversation import ModelChoice, now
from desktop_app.domain.error_note import ErrorNote
from desktop_app.exchange.csv_cell import escape_cell
from desktop_app.exchange.writers.batch_report import COLUMNS, csv_report, markdown_report

JOB = BatchJob("0" * 32, ModelChoice("openai", "gpt-5.2"), "A\ntitle", "One\n\ntwo", now())


def item(answer: str, name: str = "a.md", error: str = "") -> BatchItem:
    return BatchItem(
        JOB.id,
        1,
        name,
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
    "text", ["=1+1", "+1+1", "-1-1", "@SUM(1)", "\r=1", " =1", "\u00a0=1", "＝1"]
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
        ("Head\n====\ntext", "### Head\n\ntext"),
        ("Long\n head\n----", "#### Long head\n\n"),
    ],
)
def test_only_headings_are_lowered(answer: str, lowered: str) -> None:
    assert f"\n\n{lowered}\n" in "".join(markdown_report(JOB, [item(answer)], str))
