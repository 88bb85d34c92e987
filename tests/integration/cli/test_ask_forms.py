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


def calling(*pieces: str, kind: str = "custom_tool_call") -> Script:
    item = {"type": kind, "call_id": "c", "name": "answer", "input": ""}
    deltas = [
        sse({"type": "response.custom_tool_call_input.delta", "output_index": 1, "delta": piece})
        for piece in pieces
    ]
    added = sse({"type": "response.output_item.added", "output_index": 1, "item": item})
    return streams(sse(CREATED), delta("Here it is:"), added, *deltas, sse(COMPLETED))


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
    assert "$.age: 'three' is not of type 'integer'" in done.err
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
    assert len(done.json["notices"]) == 2


def test_a_schema_refused_as_strict_is_sent_as_a_hint(shell: Shell, schema: str) -> None:
    refused = refusal(400, "invalid_json_schema", param="text.format.schema")
    options = ("Who?", "--schema", schema, "--json")
    done, (first, second) = answer_to(shell, refused, saying(ANN), arguments=options)
    assert first["text"]["format"] == {"type": "json_schema", **FORM}
    assert second["text"]["format"] == {"type": "json_schema", **FORM, "strict": False}
    assert (done.code, done.json["parsed"]) == (0, json.loads(ANN))
    assert done.json["notices"] == ["Schema: person"]


def test_a_refusal_is_not_checked_against_the_schema(shell: Shell, schema: str) -> None:
    said = sse({"type": "response.refusal.delta", "output_index": 0, "delta": "No."})
    script = streams(sse(CREATED), said, sse(COMPLETED))
    done, _ = answer_to(shell, script, arguments=("Who?", "--schema", schema, "--json"))
    assert (done.code, done.json["status"], done.json["parsed"]) == (3, "refused", None)
    assert done.err == "repartee: The model declined.\n"


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


def test_each_of_several_answers_is_checked(shell: Shell, schema: str) -> None:
    options = ("Who?", "--schema", schema, "--compare", "thinking", "--compare", "pro")
    done, bodies = answer_to(shell, saying(ANN), saying("{}"), arguments=(*options, "--json"))
    assert [body["text"]["format"]["name"] for body in bodies] == ["person", "person"]
    assert (done.code, done.json["status"]) == (4, "complete")
    parsed = [answer["parsed"] for answer in done.json["answers"]]
    assert json.loads(ANN) in parsed
    assert None in parsed
    problems = [len(answer["schema_problems"]) for answer in done.json["answers"]]
    assert sorted(problems) == [0, 2]
    done, _ = answer_to(shell, saying("{}"), saying("{}"), arguments=options)
    assert done.code == 4
    for name in ("Thinking", "Pro"):
        assert f"{name}/medium: The response doesn’t match the schema.\n    $: 'name'" in done.err
    done, _ = answer_to(shell, saying(ANN), saying(ANN), arguments=options)
    assert done.code == 0


def test_several_answers_follow_a_grammar(shell: Shell, tmp_path: Path) -> None:
    options = ("Well?", "--grammar", written(tmp_path / "a.regex", "yes|no"), "--json")
    several = ("--variant", "thinking", "--n", "2")
    done, bodies = answer_to(shell, calling("yes"), calling("no"), arguments=(*options, *several))
    assert [body["tools"][0]["type"] for body in bodies] == ["custom", "custom"]
    answers = sorted(answer["answer"] for answer in done.json["answers"])
    assert (done.code, answers) == (0, ["no", "yes"])


@pytest.mark.parametrize(
    ("name", "text"), [("lark", 'start: "yes" | "no"\n'), ("regex", "yes|no\n")]
)
def test_the_input_of_a_custom_tool_is_the_answer(
    shell: Shell, tmp_path: Path, name: str, text: str
) -> None:
    grammar = written(tmp_path / f"answer.{name}", text)
    options = ("Well?", "--variant", "thinking", "--grammar", grammar, "--json")
    done, (body,) = answer_to(shell, calling("y", "es"), arguments=options)
    (tool,) = body["tools"]
    definition = text if name == "lark" else text.strip()
    own = {"type": "grammar", "syntax": name, "definition": definition}
    assert (tool["type"], tool["format"]) == ("custom", own)
    assert body["tool_choice"] == {"type": "custom", "name": tool["name"]}
    assert (done.code, done.json["answer"], done.json["tool_calls"]) == (0, "yes", [])


def test_a_server_without_the_api_of_a_grammar_says_so(shell: Shell, tmp_path: Path) -> None:
    grammar = written(tmp_path / "answer.regex", "yes|no")
    options = ("Well?", "--variant", "thinking", "--grammar", grammar)
    done, bodies = answer_to(shell, refusal(404, "not_found"), arguments=options)
    assert (done.code, len(bodies)) == (1, 1)
    assert "doesn’t support grammars of the kind regex" in done.err


def test_an_answer_without_its_grammar_is_incomplete(shell: Shell, tmp_path: Path) -> None:
    grammar = written(tmp_path / "answer.regex", "yes|no")
    options = ("Well?", "--variant", "thinking", "--grammar", grammar)
    done, _ = answer_to(shell, WHOLE, arguments=options)
    assert (done.code, done.out.strip()) == (1, "Red, yellow and blue; žluť.")
    assert "didn’t follow the grammar" in done.err


def test_nothing_invalid_is_sent(shell: Shell, tmp_path: Path, schema: str) -> None:
    lark = written(tmp_path / "a.lark", 'start: "a"')
    wrong = [
        ("--schema", str(tmp_path / "none.json")),
        ("--schema", written(tmp_path / "wrong.json", '{"type": "objekt"}')),
        ("--schema", written(tmp_path / "cut.json", "{")),
        ("--schema", schema, "--grammar", lark),
        ("--grammar", str(tmp_path / "none.lark")),
        ("--grammar", written(tmp_path / "wrong.lark", "start: other")),
        ("--grammar", written(tmp_path / "wrong.regex", "(")),
        ("--grammar", written(tmp_path / "wrong.gbnf", "root ::= other")),
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


def test_a_schema_holds_for_the_text_behind_the_tool_calls(shell: Shell, schema: str) -> None:
    call = {"type": "function_call", "call_id": "c", "name": "calculator"}
    call["arguments"] = '{"expression": "1+2"}'
    done_call = sse({"type": "response.output_item.done", "output_index": 1, "item": call})
    first = streams(sse(CREATED), delta("I calculate."), done_call, sse(COMPLETED))
    options = ("Who?", "--schema", schema, "--tool", "calculator", "--json")
    done, bodies = answer_to(shell, first, saying(ANN), arguments=options)
    assert [body["text"]["format"]["name"] for body in bodies] == ["person", "person"]
    assert (done.code, done.json["parsed"]) == (0, json.loads(ANN))
    assert len(done.json["tool_calls"]) == 1


def test_the_output_is_json_whatever_the_model_says(shell: Shell, tmp_path: Path) -> None:
    call = {"type": "function_call", "call_id": "c", "name": "calculator"}
    call["arguments"] = '{"expression": 1e999}'
    done_call = sse({"type": "response.output_item.done", "output_index": 1, "item": call})
    first = streams(sse(CREATED), done_call, sse(COMPLETED))
    schema = written(tmp_path / "any.json", "{}")
    options = ("Who?", "--schema", schema, "--tool", "calculator", "--json")
    done, _ = answer_to(shell, first, saying("-1e999"), arguments=options)
    assert (done.code, done.json["parsed"]) == (4, None)
    assert done.json["tool_calls"][0]["arguments"] == '{"expression": 1e999}'
    assert "Infinity" not in done.out


@pytest.mark.parametrize(
    ("words", "is_hint"),
    [
        ("Invalid schema for response_format 'person': no.", True),
        ("response_format is not supported.", False),
    ],
)
def test_the_schema_is_left_out_if_a_server_refuses_the_field_in_words(
    shell: Shell, schema: str, words: str, is_hint: bool
) -> None:
    refused = replies(400, {"error": {"message": words, "type": "invalid_request_error"}})
    options = ("Who?", "--schema", schema, "--json")
    done, bodies = answer_to(shell, refused, saying(ANN), arguments=options)
    assert ["format" in body.get("text", {}) for body in bodies] == [True, is_hint]
    assert (done.code, len(done.json["notices"])) == (0, 1 + (not is_hint))


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


async def test_the_model_on_this_computer_follows_both(
    shell: Shell, tmp_path: Path, schema: str
) -> None:
    options = ("ask", "A person.", "--provider", "on-device", "--json")
    done = await shell.run(*options, "--schema", schema)
    assert done.code == 0, done
    assert set(done.json["parsed"]) == {"name", "age"}
    grammar = written(tmp_path / "answer.gbnf", 'root ::= "yes" | "no"')
    done = await shell.run(*options, "--grammar", grammar)
    assert done.json["answer"] in ("yes", "no")
