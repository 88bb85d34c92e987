"""Documents that do not fit, asked about with the tools that read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.command import Shell, answer_to
from tests.integration.cli.replies import COMPLETED, CREATED, delta
from tests.unit.providers.loopback import streams
from tests.unit.providers.samples import sse

ROWS = 60_000
SAID = "Only the beginning is sent, and tools read the rest: sales.csv"
ANSWERED = streams(sse(CREATED), delta("Done."), sse(COMPLETED))


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    rows = "".join(f"{n},product {n % 97},{n % 13}.25,2025-01-0{n % 9}\n" for n in range(ROWS))
    path.write_text(f"id,product,amount,day\n{rows}")
    return path


def calling(sql: str) -> Any:
    item = {"type": "function_call", "call_id": "c", "name": "query_table", "arguments": ""}
    added = sse({"type": "response.output_item.added", "output_index": 1, "item": item})
    given = {"output_index": 1, "delta": json.dumps({"sql": sql})}
    more = sse({"type": "response.function_call_arguments.delta", **given})
    return streams(sse(CREATED), added, more, sse(COMPLETED))


def test_a_large_table_is_asked_about_with_the_table_tool(shell: Shell, large: Path) -> None:
    options = ("How many?", "--file", str(large), "--tool", "query_table", "--json")
    script = calling("SELECT count(*) FROM sales")
    allowed = (*options, "--allow-tool", "query_table")
    done, (first, _) = answer_to(shell, script, ANSWERED, arguments=allowed)
    assert done.code == 0, done.err
    assert SAID in done.json["notices"]
    assert done.err.count(SAID) == 1
    (call,) = done.json["tool_calls"]
    assert call["result"] == f"count(*)\n{ROWS}"
    sent = json.dumps(first["input"], ensure_ascii=False)
    assert f"Table “sales”: about {ROWS:,} rows" in sent
    assert len(sent) < 5000


def test_a_large_table_without_the_table_tool_is_refused(shell: Shell, large: Path) -> None:
    options = ("How many?", "--file", str(large), "--tool", "calculator", "--json")
    done, bodies = answer_to(shell, ANSWERED, arguments=options)
    assert (done.code, bodies) == (1, [])
    assert "this needs" in done.json["error"]["message"]


def test_several_models_get_the_beginning_if_it_does_not_fit_one(shell: Shell, large: Path) -> None:
    models = ("--compare", "gpt-5.2", "--compare", "gpt-5.2,effort=low")
    options = ("How many?", "--file", str(large), "--tool", "query_table", "--json", *models)
    done, bodies = answer_to(shell, ANSWERED, ANSWERED, arguments=options)
    assert done.code == 0, done.err
    assert [len(json.dumps(body["input"])) < 5000 for body in bodies] == [True, True]
    assert [SAID in answer["notices"] for answer in done.json["answers"]] == [True, True]
