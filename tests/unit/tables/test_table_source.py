"""Rows from files: all of a file, or a sentence that names the line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.domain.errors import DocumentError, IllegalChoiceError, UserFacingError
from desktop_app.tables.table import Check, NewRow
from desktop_app.tables.table_source import rows_of_lines
from tests.helpers.blocking import blocking

pytestmark = pytest.mark.usefixtures("forked_children")
UNREAD: Any = None  # a reader of workbooks, which text needs not


async def rows(path: Path, content: str | bytes) -> list[NewRow]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return await rows_of_lines(path, UNREAD)


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
    assert [dict(each.data) for each in found] == expected
    assert [each.row.key for each in found] == [each.get("id", "") for each in expected]


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
        ("a.csv", "id\n1\n2\n1\n", "line 4: the id “1” is that of line 2"),
        ("a.csv", "a\n1,2\n", "line 2: more cells than columns"),
        ("a.csv", 'a\n"x\n', "the quotation marks don’t match"),
        ("a.jsonl", "{}\n{", "line 2: it isn’t valid JSON"),
        ("a.jsonl", "[1]", "line 1: it isn’t a JSON object"),
        ("a.jsonl", "[" * 100_000, "line 1"),
        ("a.jsonl", '{"files": ["../x"]}', "outside the folder"),
        ("a.jsonl", '{"files": ["."]}', "is a folder"),
        ("a.jsonl", '{"files": [""]}', "is a folder"),
        ("a.jsonl", '{"files": ["x.txt", "./.ssh/id_rsa"]}', "is hidden"),
        ("a.jsonl", '{"checks": [{"regex": "' + "(" * 2000 + "a" + ")" * 2000 + '"}]}', "regular"),
        ("a.jsonl", '{"a": "' + "x" * (17 << 20) + '"}', "line 1: it is too long"),
        ("a.csv", "a\n" + "x" * (17 << 20), "line 2: it is too long"),
        ("a.csv", 'a\n"' + "x\n" * (9 << 20) + '"', "it is too long"),
        ("a.csv", "name," * 1_000_000, "line 1: it has more than 500 columns"),
        ("a.jsonl", '{"checks": [{"similar": "x"}]}', "there is no check “similar”"),
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
        found = await rows_of_lines(path, worker)
        assert [each.row.key for each in found] == ["1", "b"]
        assert [each.data["n"] for each in found] == ["2.5", ""]
        assert [each.data["Column 5"] for each in found] == ["", "note"]
        path.write_bytes(b"PK nothing")
        with pytest.raises(DocumentError):
            await rows_of_lines(path, worker)
    finally:
        await worker.aclose()
