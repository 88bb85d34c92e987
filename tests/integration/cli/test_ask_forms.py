"""`repartee ask` with a schema or a grammar of the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.command import Shell, against, answer_to
from tests.integration.cli.replies import COMPLETED, CREATED, WHOLE, delta, refusal
from tests.unit.providers.loopback import LoopbackServer, Script, replies, streams
from tests.unit.providers.samples import sse

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
ANN = '{"name": "Ann", "age": 3}'
FORM = {"name": "person", "schema": SCHEMA, "strict": True}


def saying(text: str) -> Script:
    return streams(sse(CREATED), delta(text), sse(COMPLETED))


@pytest.fixture
def schema(tmp_path: Path) -> str:
    return written(tmp_path / "person.schema.json", json.dumps(SCHEMA))


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_an_answer_that_matches_is_parsed(shell: Shell, schema: str) -> None:
    options = ("Who?", "--schema", schema, "--verbosity", "low", "--json")
    done, (body,) = answer_to(shell, saying(ANN), arguments=options)
    assert body["text"] == {"verbosity": "low", "format": {"type": "json_schema", **FORM}}
    assert (done.code, done.err) == (0, "")
    assert (done.json["answer"], done.json["parsed"]) == (ANN, json.loads(ANN))
    assert done.json["schema_problems"] == []


def test_an_answer_that_does_not_match_is_printed_and_reported(shell: Shell, schema: str) -> None:
    wrong = '{"name": "Ann", "age": "three"}'
    done, _ = answer_to(shell, saying(wrong), arguments=("Who?", "--schema", schema))
    assert (done.code, done.out) == (4, f"{wrong}\n")
    assert "doesn’t match the schema" in done.err
    assert '$.age: "three" is not of type "integer"' in done.err
    done, _ = answer_to(shell, WHOLE, arguments=("Who?", "--schema", schema, "--json"))
    assert (done.code, done.json["parsed"], done.json["status"]) == (4, None, "complete")
    assert done.json["schema_problems"][0]["path"] == "$"


def test_a_refused_field_is_left_out_and_the_answer_still_checked(
    shell: Shell, schema: str
) -> None:
    refused = refusal(400, "unsupported_parameter", param="text.format")
    options = ("Who?", "--schema", schema, "--json")
    done, (first, second) = answer_to(shell, refused, saying(ANN), arguments=options)
    assert "format" in first["text"]
    assert "format" not in second.get("text", {})
    assert (done.code, done.json["parsed"]) == (0, json.loads(ANN))
    assert "JSON Schema" in second["instructions"]
    assert done.json["notices"] == ["Schema: person"]


def test_chat_completions_take_a_response_format(shell: Shell, schema: str) -> None:
    chunk: dict[str, Any] = {"choices": [{"delta": {"content": ANN}, "finish_reason": "stop"}]}

    async def test(server: LoopbackServer) -> None:
        options = ("Who?", "--model", "m", "--schema", schema, "--json")
        done = await shell.ask(server.base_url, *options)
        assert (done.code, done.json["parsed"]) == (0, json.loads(ANN))
        sent = server.requests[-1].json["response_format"]
        assert (sent["type"], sent["json_schema"]["schema"]) == ("json_schema", SCHEMA)

    script = streams(sse(chunk, "[DONE]"))
    against(replies(404, {"detail": "Not Found"}), script, test=test)


def test_a_grammar_goes_through_a_gateway(shell: Shell, tmp_path: Path) -> None:
    lark = written(tmp_path / "a.lark", 'start: "a"')
    item = {"type": "custom_tool_call", "call_id": "c", "name": "answer", "input": "a"}
    called = {"type": "response.output_item.done", "output_index": 0, "item": item}
    arguments = ("Who?", "--grammar", lark, "--model", "own-model")
    done, (body,) = answer_to(shell, streams(sse(CREATED, called, COMPLETED)), arguments=arguments)
    assert body["tools"][0]["format"]["syntax"] == "lark"
    assert (done.code, done.out) == (0, "a\n"), done.err


def test_nothing_invalid_is_sent(shell: Shell, tmp_path: Path, schema: str) -> None:
    lark = written(tmp_path / "a.lark", 'start: "a"')
    wrong = [
        ("--schema", str(tmp_path / "none.json")),
        ("--schema", written(tmp_path / "wrong.json", '{"type": "objekt"}')),
        ("--schema", written(tmp_path / "cut.json", "{")),
        ("--schema", schema, "--grammar", lark),
        ("--grammar", str(tmp_path / "none.lark")),
        ("--grammar", written(tmp_path / "a.bnf", 'root ::= "a"')),
        # What the provider or the model cannot do.
        ("--grammar", written(tmp_path / "a.gbnf", 'root ::= "a"'), "--variant", "thinking"),
        ("--grammar", lark, "--provider", "on-device"),
        ("--grammar", lark, "--tool", "calculator"),
    ]

    async def test(server: LoopbackServer) -> None:
        for options in wrong:
            done = await shell.ask(server.base_url, "Who?", *options)
            assert (done.code, done.out) == (2, ""), options
            assert done.err, options
        assert server.requests == []

    against(WHOLE, test=test)


def test_gbnf_goes_to_a_server_of_ones_own(shell: Shell, tmp_path: Path) -> None:
    text = 'root ::= "yes" | "no"\n'
    grammar = written(tmp_path / "answer.gbnf", text)
    chunk: dict[str, Any] = {"choices": [{"delta": {"content": "no"}, "finish_reason": "stop"}]}

    async def test(server: LoopbackServer) -> None:
        done = await shell.ask(server.base_url, "Well?", "--model", "m", "--grammar", grammar)
        assert (done.code, done.out) == (0, "no\n"), done
        sent = [(r.path, r.json["grammar"]) for r in server.requests if r.method == "POST"]
        assert sent == [("/v1/chat/completions", text)]

    against(streams(sse(chunk, "[DONE]")), test=test)
