"""Rows from files: all of a file, or a sentence that names the line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.domain.csv_cell import escape_cell
from desktop_app.domain.errors import DocumentError, IllegalChoiceError, UserFacingError
from desktop_app.tables.table import Check, NewRow
from desktop_app.tables.table_source import LinesRead, read_lines
from desktop_app.tables.values import Value
from tests.helpers.blocking import blocking

pytestmark = pytest.mark.usefixtures("forked_children")
UNREAD: Any = None  # a reader of workbooks, which text needs not


async def rows(path: Path, content: str | bytes) -> list[NewRow]:
    return (await lines(path, content)).rows


async def lines(path: Path, content: str | bytes) -> LinesRead:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return await read_lines(path, UNREAD)


def texts(found: Sequence[NewRow]) -> list[dict[str, str]]:
    return [
        {name: v if isinstance(v, str) else v.text for name, v in new.data.items()} for new in found
    ]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", "id,word\n7,x\n\n8,\n", [{"id": "7", "word": "x"}, {"id": "8", "word": ""}]),
        ("a.csv", 'a;b\n"1,5";"=x\ny"\n', [{"a": "1,5", "b": "=x\ny"}]),
        ("a.tsv", "a,b\tc\n1\t2\n", [{"a,b": "1", "c": "2"}]),
        ("a.csv", "a,,a,\n1,2,3\n", [{"a": "1", "Column 2": "2", "a 2": "3"}]),
        ("a.csv", "wörd\nä\n".encode("cp1252"), [{"wörd": "ä"}]),
        ("a.csv", "\ufeffa\nä\n".encode("utf-16"), [{"\ufeffa": "ä"}]),
        (
            "a.jsonl",
            '{"id": 7, "a": [1, null], "b": null}\n',
            [{"id": "7", "a": "[1, null]", "b": ""}],
        ),
    ],
)
async def test_all_columns_are_kept(
    tmp_path: Path, name: str, content: str | bytes, expected: list[dict[str, str]]
) -> None:
    found = await rows(tmp_path / name, content)
    assert texts(found) == expected
    assert [each.row.key for each in found] == [each.get("id", "") for each in expected]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", "sep=|\r\na|b;c;d\r\n1|2;3\r\n", [{"a": "1", "b;c;d": "2;3"}]),
        ("a.csv", "a|b\n1|2, 3\n", [{"a": "1", "b": "2, 3"}]),
        (
            "a.csv",
            "name;amount, EUR;paid, on, at\nA;1,50;x\nB;2,50;y\n",
            [
                {"name": "A", "amount, EUR": "1,50", "paid, on, at": "x"},
                {"name": "B", "amount, EUR": "2,50", "paid, on, at": "y"},
            ],
        ),
        ("a.csv", "text\nHello, you\nBye, all\n", [{"text": "Hello, you"}, {"text": "Bye, all"}]),
        ("a.csv", 'a,b\n"a \\"b\\" \\\\",2\n', [{"a": 'a "b" \\\\', "b": "2"}]),
        ("a.csv", "a,b\n'+49 170,'tis\n", [{"a": "+49 170", "b": "'tis"}]),
        ("a.csv", "id,b\n7,x\n7,y\n", [{"id": "7", "b": "x"}, {"id": "7", "b": "y"}]),
        (
            "a.json",
            '[{"a": 1.10},\n {"a": null, "b": true}]',
            [{"a": "1.10"}, {"a": "", "b": "true"}],
        ),
        ("a.json", '["x", "y"]', [{"Text": "x"}, {"Text": "y"}]),
        ("a.jsonl", '{"a": {"b": {"c": 2}}}', [{"a": '{"b": {"c": 2}}', "a.b.c": "2"}]),
        (
            "a.jsonl",
            '{"files": ["gone.py"], "checks": ["lint"]}',
            [{"files": '["gone.py"]', "checks": '["lint"]'}],
        ),
    ],
)
async def test_ordinary_files_come_in(
    tmp_path: Path, name: str, content: str, expected: list[dict[str, str]]
) -> None:
    found = await lines(tmp_path / name, content)
    assert texts(found.rows) == expected
    assert not found.notes


@pytest.mark.parametrize(
    ("content", "expected", "said"),
    [
        ("Sales 2026,,\na,b,c\n1,2,3\n", [{"a": "1", "b": "2", "c": "3"}], "Sales 2026"),
        ("Sales 2026\n\na,b\n1,2\n", [{"a": "1", "b": "2"}], "Sales 2026"),
        ("a,b\n1,2\n3,4,5\n", [{"a": "1", "b": "2"}], ": 3."),
        ("{x},b\n1,2\n", [{"(x)": "1", "b": "2"}], "(x)"),
    ],
)
async def test_what_is_left_out_or_changed_is_said(
    tmp_path: Path, content: str, expected: list[dict[str, str]], said: str
) -> None:
    found = await lines(tmp_path / "a.csv", content)
    assert texts(found.rows) == expected
    [note] = found.notes
    assert said in note


_CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8)


@given(
    st.lists(st.tuples(_CELLS, _CELLS, _CELLS), min_size=1, max_size=8), st.sampled_from(",;\t|")
)
def test_a_table_written_as_csv_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, ...]], separator: str
) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([("one", "two", "three"), *(map(escape_cell, row) for row in table)])
    filled = [row for row in table if any(cell.strip() for cell in row)]

    @blocking
    async def read() -> None:
        path = tmp_path_factory.getbasetemp() / "table.csv"
        found = await rows(path, file.getvalue()) if filled else []
        assert [tuple(each.values()) for each in texts(found)] == filled

    read()


async def test_a_workbook_keeps_types_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["day", "sum", "share", "is", "version", "secret", "link"])
    sheet.append([date(2026, 11, 30), 1234.5, 0.25, True, 1.1, "x", "here"])
    sheet.append([None, None, None, None, None, None, "hidden"])
    for place, code in (("B2", "[$€-2] #,##0.00"), ("C2", "0%"), ("E2", "0.00")):
        sheet[place].number_format = code
    sheet["G2"].hyperlink = "https://example.com"
    sheet.row_dimensions[3].hidden = sheet.column_dimensions["F"].hidden = True
    book.create_sheet("Second").append(["a"])
    book["Second"].append(["b"])
    path = tmp_path / "a.xlsx"
    book.save(path)
    worker = DocumentWorker()
    try:
        found = await read_lines(path, worker)
        [row] = found.rows
        assert list(texts([row])[0].values()) == [
            "2026-11-30", "€ 1234.50", "25%", "TRUE", "1.10", "here",
        ]  # fmt: skip
        content = [cast("Value", value).content for value in list(row.data.values())[:5]]
        assert content == [date(2026, 11, 30), 1234.5, 0.25, True, 1.1]
        [note] = found.notes
        assert "Second" in note
        assert "1 hidden row" in note
        assert "1 hidden column" in note
        assert texts((await read_lines(path, worker, "Second")).rows) == [{"a": "b"}]
        with pytest.raises(IllegalChoiceError, match="Third"):
            await read_lines(path, worker, "Third")
    finally:
        await worker.aclose()


async def test_cases_of_evaluations_are_rows(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    case = {"id": "1", "input": "?", "files": ["a.txt"], "checks": [{"contains": "x"}]}
    [found] = await rows(tmp_path / "cases.jsonl", json.dumps(case))
    assert dict(found.data) == {"id": "1", "input": "?"}
    assert found.row.paths == (str((tmp_path / "a.txt").resolve()),)
    assert found.row.checks == (Check("contains", "x"),)


async def test_a_cell_may_have_a_megabyte(tmp_path: Path) -> None:
    [found] = await rows(tmp_path / "a.csv", f"a,b\n1,{'word ' * 200_000}\n")
    assert len(found.data["b"]) == 1_000_000


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "", "it is empty"),
        ("a.csv", "a,b\n", "it is empty"),
        ("a.csv", "a,b\n1,2,3\n", "line 2: more cells than columns"),
        ("a.csv", 'a\n"x\n', "the quotation marks don’t match"),
        ("a.jsonl", "{}\n{", "line 2: it isn’t valid JSON"),
        ("a.jsonl", "[1]", "line 1: it isn’t a JSON object"),
        ("a.jsonl", "[" * 100_000, "line 1"),
        ("a.jsonl", '{"input": "", "files": ["../x"]}', "outside the folder"),
        ("a.jsonl", '{"files": ["."]}', "is a folder"),
        ("a.jsonl", '{"files": [""]}', "is a folder"),
        ("a.jsonl", '{"input": "", "files": ["x.txt", "./.ssh/id_rsa"]}', "is hidden"),
        ("a.jsonl", '{"checks": [{"regex": "' + "(" * 2000 + "a" + ")" * 2000 + '"}]}', "regular"),
        ("a.jsonl", '{"a": "' + "x" * (17 << 20) + '"}', "line 1: it is too long"),
        ("a.csv", "a\n" + "x" * (17 << 20), "line 2: it is too long"),
        ("a.csv", 'a\n"' + "x\n" * (9 << 20) + '"', "it is too long"),
        ("a.csv", "name," * 1_000_000, "line 1: it has more than 500 columns"),
        ("a.jsonl", '{"input": "?", "checks": [{"similar": "x"}]}', "there is no check “similar”"),
    ],
)
async def test_a_wrong_line_is_named_and_no_row_is_read(
    tmp_path: Path, name: str, content: str, words: str
) -> None:
    with pytest.raises(IllegalChoiceError) as told:
        await rows(tmp_path / name, content)
    assert words in str(told.value)


@given(st.binary(max_size=300), st.sampled_from([".csv", ".tsv", ".jsonl"]))
def test_any_bytes_are_rows_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, ending: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{ending}"

    @blocking
    async def read() -> None:
        try:
            found = await rows(path, content)
        except UserFacingError as error:
            assert str(error)
        else:
            assert found

    read()


async def test_a_workbook_gives_the_cells_of_its_first_filled_sheet(tmp_path: Path) -> None:
    book = Workbook()
    book.active.title = "Empty"
    sheet = book.create_sheet("Words")
    for row in (["id", "word", "n"], [1, "x", 2.5], [], ["b", "=1+1", None, None, "note"]):
        sheet.append(row)
    path = tmp_path / "a.xlsx"
    book.save(path)
    worker = DocumentWorker()
    try:
        found = (await read_lines(path, worker)).rows
        assert [each.row.key for each in found] == ["1", "b"]
        assert [each["n"] for each in texts(found)] == ["2.5", ""]
        assert [each["Column 5"] for each in texts(found)] == ["", "note"]
        path.write_bytes(b"PK nothing")
        with pytest.raises(DocumentError):
            await read_lines(path, worker)
    finally:
        await worker.aclose()
