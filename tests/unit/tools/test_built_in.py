"""The built-in tools: exact numbers, time zones, documents, tables, confined code."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role, SearchHit
from desktop_app.domain.conversations.message_parts import DocumentPart, PassagesPart
from desktop_app.domain.tools.strict_schema import is_strict
from desktop_app.domain.tools.tool import ToolContext, ToolError
from desktop_app.tools.built_in import document_tools
from desktop_app.tools.built_in.built_in import (
    MAX_EXPRESSION_CHARS,
    BuiltInTools,
    calculate,
    describe_time,
)
from desktop_app.tools.built_in.document_tools import (
    MAX_JOBS,
    PYTHON,
    QUERY_TABLE,
    DocumentTools,
    missing_sandbox,
    run_job,
)
from desktop_app.tools.built_in.tool_process import (
    MAX_OUTPUT_CHARS,
    run_python,
    run_query,
    tables_of,
)
from desktop_app.tools.calls.call_run import MAX_PARALLEL
from tests.helpers.blocking import blocking
from tests.helpers.process_tree import processes_below, wait_until_gone

NOON = datetime(2026, 3, 18, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("0.1 + 0.2", "0.3"),
        ("2^10 - -1", "1025"),
        ("-2^2", "-4"),
        ("2^-1", "0.5"),
        ("7 // -2", "-4"),
        ("-7 % 3", "2"),
        ("(1 + 2) × 3 ÷ 4", "2.25"),
        ("round(2.345, 2)", "2.34"),
        ("round(2.6) + round(150, -2)", "203"),
        ("7.5 // 7 + 1.7 // 0.5", "4"),
        ("7.5 % 7 + -0.5 % 7", "7"),
        ("max(1, 3, 2) + sqrt(16) + ceil(1.2) + floor(-1.2)", "7"),
        ("ceil(123456789012345678901234567890.5)", "123456789012345678901234567891"),
        ("1_000_000 * 1_000_000", "1000000000000"),
        ("1e3", "1000"),
        ("0 * 5", "0"),
        ("10^150 % 7 + -10^150 % 7", "7"),
        ("1e9999 % 7", "6"),
        ("log(0.1)", "-1"),
        ("(1) + " * 60 + "1", "61"),
        ("1+" * 999 + "1", "1000"),
        ("(" * 60 + "1" + ")" * 60, "1"),
        ("2^3^2 - 1_0.5", "501.5"),
        *(("+5", "5"), ("-+5", "-5"), ("sum(1,0)", "1")),
        *(("10^100", "1" + "0" * 100), ("10^101", "1E+101")),
        *(("10^-100", f"0.{'0' * 99}1"), ("10^-101", "1E-101")),
    ],
)
def test_calculations_are_exact(expression: str, value: str) -> None:
    assert calculate(expression) == value


@pytest.mark.parametrize(
    "expression", ["1 / 3", "pi", "e", "sqrt(2)", "-1e-10000 % 9e10000", "-1e-10099 % 9e10000"]
)
def test_rounding_is_named_in_the_result(expression: str) -> None:
    assert calculate(expression).endswith("(rounded to 100 digits)")


def test_the_constants_are_known() -> None:
    assert calculate("pi").startswith("3.14159265358979")
    assert calculate("e").startswith("2.71828182845904")


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        *(("1e999999999", "too large"), ("1e-999999999", "too small"), ("exp(-10^9)", "too small")),
        *(("log(0)", "not defined"), ("ln(-1)", "not defined")),
        *(("7 % 0", "Division by zero"), ("0 // 0", "Division by zero")),
        ("1 + ?", "Unexpected “\\?” at position 5"),
    ],
)
def test_a_refusal_names_its_reason(expression: str, words: str) -> None:
    with pytest.raises(ToolError, match=words):
        calculate(expression)


@pytest.mark.parametrize(
    "expression",
    [
        *("1 / 0", "", "1 +", "(1", "x", "f(1)", "1 2", "__import__('os')", "9^9^9", "sqrt(-1)"),
        *(
            "(" * 900 + "1" + ")" * 900,
            "-" * 1999 + "1",
            "1" * (MAX_EXPRESSION_CHARS + 1),
            "2^2^" * 80 + "1",
            "1^" * 999 + "1",
            *("1 if 2 else 3", "not 1", "1 or 2", "lambda", "max()", "max", "pi(1)", "max(1)(2)"),
            ")%",
            "abs(1, 2)",
            "0^0^-1",
        ),
        *("1e99999 * 1e99999", "round(1, 1e9)", "round(2.345, 1.9)"),
    ],
)
def test_text_that_is_no_arithmetic_is_refused(expression: str) -> None:
    with pytest.raises(ToolError):
        calculate(expression)


@pytest.mark.parametrize("expression", ["1,000 * 2", "sum(1,000, 2,000)", "max(1,000,000)"])
def test_separators_of_thousands_are_refused_with_a_reason(expression: str) -> None:
    with pytest.raises(ToolError, match="no separators of thousands"):
        calculate(expression)


@pytest.mark.parametrize("expression", ["200 * 15%", "(1 + 2)%", "5% * 3", "200 * 15% - 3"])
def test_a_percentage_is_refused_with_a_reason(expression: str) -> None:
    with pytest.raises(ToolError, match="remainder"):
        calculate(expression)


@given(st.decimals(-(10**9), 10**9, places=6), st.decimals(-(10**9), 10**9, places=6))
def test_sums_are_those_of_decimal(a: Decimal, b: Decimal) -> None:
    assert Decimal(calculate(f"({a:f}) + ({b:f})")) == a + b


@given(st.text("0123456789.+-*/%^() ,esqrtpi", max_size=40))
def test_any_text_is_a_value_or_refused(expression: str) -> None:
    try:
        calculate(expression)
    except ToolError:
        return


def test_the_time_is_that_of_the_zone() -> None:
    said = describe_time("Asia/Tokyo", NOON)
    assert said.startswith("2026-03-18T21:00:00+09:00 (Asia/Tokyo)")
    assert said.endswith("Wednesday, week 12 of 2026")
    for zone in ("Nowhere/At_All", "../etc/passwd", "/etc/passwd", "\0"):
        with pytest.raises(ToolError):
            describe_time(zone, NOON)


async def find_in_library(text: str, _limit: int) -> list[SearchHit]:
    return [SearchHit("c", "Boats", "m", f"the \2{text}\3 sails", NOON)]


async def text_of(sha256: str) -> str:
    return {
        "a" * 64: "Lease\n\n[page 1]\nRent is 900.\n\n[page 2]\nNotice is three months.",
        "b" * 64: "name;rooms\nHarrow;7\nSelby;4\n",
    }[sha256]


async def nothing(_ids: Sequence[str], _words: str, _tokens: int) -> Sequence[PassagesPart]:
    return ()


LEASE = DocumentPart("a" * 64, "lease.pdf", "application/pdf", 9, pages=2)
ROOMS = DocumentPart("b" * 64, "rooms.csv", "text/csv", 9)
ASKED = Message("q", "c", None, Role.USER, MessageStatus.COMPLETE, (LEASE, ROOMS), NOON)
CONTEXT = ToolContext("c", (ASKED,), text_of)
HELD = DocumentPart("b" * 64, "held.csv", "text/csv", 9)


async def collected(ids: Sequence[str]) -> Sequence[DocumentPart]:
    return [HELD] if "k" in ids else []


TOOLS = BuiltInTools(DocumentTools(find_in_library, nothing, collected, text_of).tools())


@blocking
async def call(name: str, **arguments: object) -> str:
    tools = {tool.definition.name: tool.definition for tool in await TOOLS.tools()}
    return await TOOLS.call(tools[name], arguments, CONTEXT)


async def test_every_schema_is_strict() -> None:
    tools = [tool.definition for tool in await TOOLS.tools()]
    assert all(is_strict(tool.parameters) for tool in tools)
    assert tools[0].parameters == {
        "type": "object",
        "properties": {
            "expression": {"type": "string", "description": "For example: (1.05^10 - 1) * 2000"}
        },
        "required": ["expression"],
        "additionalProperties": False,
    }
    pages = next(tool for tool in tools if tool.name == "read_pages").parameters["properties"]
    kinds = {name: schema["type"] for name, schema in pages.items()}
    assert kinds == {
        "document": "string",
        "first": ["integer", "null"],
        "last": ["integer", "null"],
    }


async def test_only_tools_that_compute_need_no_consent() -> None:
    tools = [tool.definition for tool in await TOOLS.tools()]
    assert [t.name for t in tools if not t.needs_consent] == ["calculator", "date_time"]
    assert [t.name for t in tools if t.timeout_s == 120] == ["query_table"]


def test_calculator_and_clock_answer_calls() -> None:
    assert call("calculator", expression="6 * 7") == "42"
    assert "(Asia/Tokyo)\n" in call("date_time", zone="Asia/Tokyo")


def test_documents_are_searched_and_read_by_page() -> None:
    assert call("search_library", words="boat") == "Boats (2026-03-18): the boat sails"
    found = call("search_documents", words="Notice months")
    assert found.startswith("[lease.pdf, page 2]")
    assert "Notice is three months." in call("read_pages", document="LEASE.pdf", first=2, last=None)
    assert call("read_pages", document="lease.pdf", first=1, last=20).endswith("three months.")
    for first, last, words in ((3, None, "has 2 pages"), (2, 1, "from 1 on"), (1, 21, "at most")):
        with pytest.raises(ToolError, match=words):
            call("read_pages", document="lease.pdf", first=first, last=last)
    with pytest.raises(ToolError, match=r"lease\.pdf, rooms\.csv"):
        call("read_pages", document="/etc/passwd", first=1, last=1)


async def test_documents_of_collections_are_read_by_page() -> None:
    (tool,) = [t.definition for t in await TOOLS.tools() if t.definition.name == "read_pages"]
    passages = PassagesPart("k", "Contracts", ())
    asked = replace(ASKED, parts=(*ASKED.parts, passages))
    arguments = {"document": "held.csv", "first": 1, "last": None}
    said = await TOOLS.call(tool, arguments, ToolContext("c", (asked,), text_of))
    assert said == "held.csv, pages 1 to 1 of 1\n\nname;rooms\nHarrow;7\nSelby;4\n"
    with pytest.raises(ToolError, match="no such document"):
        await TOOLS.call(tool, arguments, CONTEXT)


async def test_documents_of_the_same_name_are_told_apart() -> None:
    other = replace(ROOMS, name="Lease.PDF")  # another file
    asked = replace(ASKED, parts=(LEASE, other, PassagesPart("k", "Contracts", ())))
    context = ToolContext("c", (asked,), text_of)
    tools = {tool.definition.name: tool.definition for tool in await TOOLS.tools()}
    pages = {"first": 1, "last": None}
    first = await TOOLS.call(tools["read_pages"], {"document": "lease.pdf", **pages}, context)
    assert "Rent is 900." in first
    assert first.startswith("lease.pdf, pages 1 to 1 of 2 (others of this name: Lease.PDF (2))")
    second = await TOOLS.call(tools["read_pages"], {"document": "lease.pdf (2)", **pages}, context)
    assert second.startswith("Lease.PDF (2), pages 1 to 1 of 1 (others of this name: lease.pdf)")
    assert "Harrow" in second
    found = await TOOLS.call(tools["search_documents"], {"words": "Selby"}, context)
    assert found.startswith("[Lease.PDF (2), page 1]")
    with pytest.raises(ToolError, match=r"Documents: lease\.pdf, Lease\.PDF \(2\), held\.csv$"):
        await TOOLS.call(tools["read_pages"], {"document": "none.csv", **pages}, context)


def test_every_sheet_of_a_spreadsheet_is_a_table() -> None:
    text = "## A\n\n| x | y |\n| --- | --- |\n| 1 | a \\| b |\n\n## B\n\n|z|\n|---|\n|2|\n"
    first, second = tables_of("t.xlsx", "x", text)
    assert (first.name, first.columns, list(first.rows)) == ("A", ["x", "y"], [["1", "a | b"]])
    assert (second.name, second.columns, list(second.rows)) == ("B", ["z"], [["2"]])
    (only,) = tables_of("t.xlsx", "x", "| x |\n| --- |\n| 1 |\n")
    assert (only.name, only.columns, list(only.rows)) == ("t", ["x"], [["1"]])


def csv(text: str, name: str = "t.csv") -> dict[str, str]:
    return {"name": name, "media_type": "text/csv", "text": text}


TABLE = csv("n,key\n1,007\n2.5,\n")


def test_numbers_are_numbers_and_keys_stay_texts() -> None:
    assert run_query([TABLE], "SELECT sum(n), max(key) FROM t") == {
        "result": "sum(n) | max(key)\n3.5 | 007"
    }


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("9223372036854775807", "integer"),
        ("-9223372036854775808", "integer"),
        *((cell, "real") for cell in ("12345678901.50", "12345678901234.5")),
        *((cell, "real") for cell in ("0.50", "-0.50", "-7.10", "-0", "123456789012.50")),
        *(
            (cell, "text")
            for cell in (
                "123456789012345.50",
                "1234567890123.50",
                "9223372036854775808",
                "-9223372036854775809",
                "007",
                "-07",
                *("00.5", "-00.5"),
                "1-2",
                "١.٥٠",
            )
        ),
    ],
)
def test_a_cell_is_a_number_if_no_digit_is_lost(cell: str, kind: str) -> None:
    said = run_query([csv(f"n,key\n{cell},x\n")], "SELECT typeof(n) FROM t")
    assert said["result"].splitlines()[:2] == ["typeof(n)", kind]


def test_a_table_that_cannot_be_used_does_not_hide_the_others() -> None:
    wide = csv(",".join(f"c{n}" for n in range(2100)) + "\n1\n", "wide.csv")
    found = run_query(
        [wide, TABLE, csv("a\n1\n", "sqlite_x.csv"), TABLE], "SELECT count(*) FROM t_"
    )
    assert found["result"].startswith("count(*)\n2\n(The table wide could not be read: ")
    assert run_query([csv("a\n1\n", "sqlite_x.csv")], "SELECT a FROM _sqlite_x")["result"] == "a\n1"
    assert "No table" in run_query([{**TABLE, "text": ""}], "SELECT 1")["error"]


@pytest.mark.parametrize(
    "text",
    [
        *("\n \na,b\n1,2\n", "sep=;\na;b\n1;2\n", "SEP=\t\na\tb\n1\t2\n"),
        *("sep=,\na,b\n1,2\n", '"a","b"\n"1","2"\n'),
    ],
)
def test_the_first_row_of_a_csv_file_is_found(text: str) -> None:
    assert run_query([csv(text)], "SELECT a, b FROM t") == {"result": "a | b\n1 | 2"}


@pytest.mark.parametrize(
    ("length", "remark"), [(1000, ""), (1001, "[Cut here: 1 characters more.]")]
)
def test_a_remark_follows_a_cell_that_is_cut(length: int, remark: str) -> None:
    found = run_query([csv(f"a,b\n1,{'x' * length}\n")], "SELECT b FROM t")
    assert found == {"result": f"b\n{'x' * 1000}{remark}"}


def test_numbers_that_sql_would_misread_are_named() -> None:
    text = (
        "net;tax;day;no;fee;size\n1.234,56;19%;01.02.2026;12, High Street;-$5.50;3.25 m²\n"
        "2;7;2026-02-01;3;7 rooms left;x\n"
    )
    said = run_query([csv(text)], "SELECT count(*) FROM t")["result"]
    assert said == (
        "count(*)\n2\n"
        "(Numbers that are texts in the table t; convert them first: "
        "net (as 1.234,56), tax (as 19%), fee (as -$5.50), size (as 3.25 m²))"
    )


@pytest.mark.parametrize(("count", "remark"), [(500, []), (501, ["(only the first 500 rows)"])])
def test_rows_beyond_the_maximum_are_named(count: int, remark: list[str]) -> None:
    many = csv("a\n" + "1\n" * count)
    said = run_query([many], "SELECT a FROM t")["result"].splitlines()
    assert said == ["a", *["1"] * 500, *remark]


@pytest.mark.attack("tools")
@pytest.mark.parametrize(
    "sql",
    [
        *("DROP TABLE t", "DELETE FROM t", "ATTACH '/tmp/x' AS x", "PRAGMA user_version = 3"),
        *("SELECT load_extension('x')", "VACUUM INTO '/tmp/x'", "CREATE TABLE x (y)"),
        *("INSERT INTO t VALUES (1, 2)", "SELECT 1; SELECT 2", "UPDATE t SET n = 1"),
        "SELECT readfile('/etc/passwd')",
    ],
)
def test_only_reading_statements_run(sql: str) -> None:
    assert "error" in run_query([TABLE], sql)


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        *(("", ""), ("1", "1\n"), ("x = 6\nx * 7", "42\n"), ("[1].append(2)", "")),
        *(("print(1)\nraise SystemExit", "1\n"), ("raise SystemExit(0)", "")),
        ("import sys; sys.stderr.write('warning')", "warning7\n"),
        ("__name__", "'__main__'\n"),
    ],
)
def test_code_prints_its_output_and_last_value(code: str, printed: str) -> None:
    assert run_python(code) == {"result": printed}


@pytest.mark.parametrize(
    ("code", "last", "frames"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero", 1),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", 1),
        ("raise SystemExit('no data')", "SystemExit: no data", 1),
        ("def f(n):\n    return f(n - 1) if n else 1 / 0\nf(9)", "division by zero", 3),
    ],
)
def test_the_last_frames_of_a_failure_are_output(code: str, last: str, frames: int) -> None:
    said = run_python(code)["result"]
    assert said.endswith(f"{last}\n")
    assert said.count("File ") == frames


@pytest.mark.parametrize(("more", "said"), [(0, ""), (7, "\n[Cut here: 7 characters more.]")])
def test_output_beyond_the_bound_is_counted(more: int, said: str) -> None:
    code = f"print('x' * {MAX_OUTPUT_CHARS - 4 + more}, end='')\nprint('y' * 4, end='')"
    whole = "x" * (MAX_OUTPUT_CHARS - 4 + more) + "y" * 4
    assert run_python(code) == {"result": whole[:MAX_OUTPUT_CHARS] + said}


needs_sandbox = pytest.mark.skipif(bool(missing_sandbox()), reason="nothing confines processes")


@pytest.mark.attack("tools")
async def test_few_confined_processes_run_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    running = largest = 0

    async def run(_job: dict[str, Any]) -> str:
        nonlocal running, largest
        running += 1
        largest = max(largest, running)
        await asyncio.sleep(0)
        running -= 1
        return "4"

    monkeypatch.setattr("desktop_app.tools.built_in.document_tools.run_job", run)
    tools = BuiltInTools(DocumentTools(find_in_library, nothing, collected, text_of).tools())
    calls = [
        asyncio.create_task(
            tools.call(tool, {"code": "2 + 2", "sql": "SELECT 4"}, ToolContext("c"))
        )
        for tool in (PYTHON, QUERY_TABLE) * MAX_PARALLEL
    ]
    assert await asyncio.gather(*calls) == ["4"] * len(calls)
    assert largest == MAX_JOBS


@needs_sandbox
def test_a_query_runs_in_the_confined_process() -> None:
    said = call("query_table", sql="SELECT name FROM rooms WHERE rooms > 5")
    assert said == "name\nHarrow"


@needs_sandbox
def test_code_runs_and_its_errors_are_results() -> None:
    assert call("python", code="print(sum(range(10)))") == "45\n"
    assert call("python", code="x = 6\nx * 7") == "42\n"
    assert call("python", code="[1].append(2)") == ""
    failed = call("python", code="print('before')\n1 / 0")
    assert failed.startswith("before\nTraceback")
    assert failed.count("File ") == 1  # none of this program
    assert failed.endswith("ZeroDivisionError: division by zero\n")
    assert call("python", code="print(1)\nraise SystemExit") == "1\n"
    with pytest.raises(ToolError, match="without a result"):
        call("python", code="import os; os._exit(0)")


@needs_sandbox
@pytest.mark.attack("tools")
@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('127.0.0.1', 1)); print('REACHED')",
        "import socket; socket.socket(socket.AF_UNIX); print('REACHED')",
        "open('/etc/hostname').read(); print('REACHED')",
        "import os; os.listdir(os.path.expanduser('~')); print('REACHED')",
        "open('/tmp/x', 'w'); print('REACHED')",
        "import subprocess; subprocess.run(['true']); print('REACHED')",
        "import os; os.fork(); print('REACHED')",
        "import os; os.kill(os.getppid(), 9); print('REACHED')",
    ],
)
def test_code_has_no_network_and_no_files(code: str) -> None:
    try:
        said = call("python", code=code)
    except ToolError:
        return
    assert "REACHED" not in said.replace("print('REACHED')", "")


@needs_sandbox
def test_code_is_bounded() -> None:
    assert "MemoryError" in call("python", code="x = bytearray(10**10)")
    printed = call("python", code="print('x' * 10_000_000)")
    assert len(printed) <= 200_000
    assert printed.endswith(" characters more.]")


@needs_sandbox
async def test_code_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    before = await processes_below(os.getpid())
    monkeypatch.setattr(document_tools, "MAX_RUN_S", 0)
    with pytest.raises(ToolError, match="It took longer than 0 s and was stopped"):
        await run_job({"kind": "python", "code": "while True: pass"})
    assert await processes_below(os.getpid()) <= before


_PARENT = """
import asyncio
from desktop_app.tools.built_in.document_tools import run_job
asyncio.run(run_job({"kind": "python", "code": "import time; time.sleep(3600)"}))
"""


@needs_sandbox
async def test_code_ends_with_the_program() -> None:
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", _PARENT)
    try:
        while not [pid for pid in await processes_below(parent.pid) if _is_confined(pid)]:
            assert parent.returncode is None
        below = await processes_below(parent.pid)
    finally:
        parent.kill()
        await parent.wait()
    await wait_until_gone(below)


def _is_confined(pid: int) -> bool:
    try:
        return "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
