"""`repartee ask` when something goes wrong or somebody ends it."""

from __future__ import annotations

import asyncio
import signal
import sys

import pytest

from tests.helpers.closed_port import closed_port
from tests.helpers.waiting import LONGEST_S
from tests.integration.cli.command import KEY, Ended, Shell, against, answer_to, ended, gateway
from tests.integration.cli.replies import (
    ANSWER,
    COMPLETED,
    CREATED,
    CUT,
    SILENT,
    SILENT_AFTER_A_WORD,
    WHOLE,
    delta,
    endless,
    refusal,
)
from tests.unit.providers.loopback import LoopbackServer, Script, replies, streams
from tests.unit.providers.samples import sse


async def test_a_file_in_the_place_of_the_question_is_not_asked(shell: Shell) -> None:
    for name in ("a.txt", "b.txt"):
        (shell.outside / "here" / name).write_text("Notes.")
    async with LoopbackServer(refusal(500, "x")) as server:
        done = await shell.run("ask", "-f", "a.txt", "b.txt", env=gateway(server.base_url))
        assert (done.code, server.requests) == (2, [])
        assert "-f before each file" in done.err


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        (
            refusal(401, "invalid_api_key", f"Incorrect API key provided: {KEY}."),
            "authentication",
            "Check or replace the key in environment variables.",
        ),
        (refusal(429, "insufficient_quota"), "quota_exhausted", "has no credit"),
        (refusal(404, "model_not_found"), "model_not_found", "Choose another model"),
        (
            refusal(400, "context_length_exceeded"),
            "context_too_long",
            "exceeds the model’s context window",
        ),
        (refusal(504, ""), "provider_fault", "(504)"),
        (replies(200, b"<html>Hi</html>", "text/html"), "endpoint_missing", "a web page"),
        (replies(200, b"{oh", "application/json"), "unexpected_reply", "invalid response"),
    ],
)
def test_errors_state_cause_and_remedy(shell: Shell, script: Script, kind: str, words: str) -> None:
    done, bodies = answer_to(shell, script, arguments=("Hi", "--variant", "pro", "--json"))
    assert done.code == 1
    assert len(bodies) == 1
    assert words in done.err
    for foreign in ("Retry", "is kept", "above", "in Settings"):
        assert foreign not in done.err, "words of the window"
    assert done.json["status"] == "failed"
    assert done.json["error"]["kind"] == kind


def test_a_rate_limit_is_waited_out_and_reported(shell: Shell) -> None:
    limited = refusal(429, "rate_limit_exceeded", retry_after_ms="20")
    done, bodies = answer_to(shell, limited, WHOLE)
    assert (done.code, done.out, len(bodies)) == (0, ANSWER + "\n", 2)
    assert "is limiting requests: No. Trying again in 1 s." in done.err


@pytest.mark.parametrize(
    "script",
    [
        refusal(400, "content_filter", "The prompt was filtered.", param="prompt"),
        streams(sse(CREATED, {"type": "error", "code": "content_filter", "message": "Filtered."})),
    ],
    ids=["status", "event"],
)
def test_an_error_of_the_content_filter_is_a_refusal(shell: Shell, script: Script) -> None:
    done, bodies = answer_to(shell, script, arguments=("Hi", "--json"))
    assert (done.code, len(bodies)) == (3, 1)
    assert (done.json["status"], done.json["error"]["kind"]) == ("refused", "refused")
    assert "content filter stopped the response" in done.err


def test_a_refused_parameter_is_omitted_and_reported_once(shell: Shell) -> None:
    refused = refusal(400, "unsupported_parameter", param="reasoning.effort")
    arguments = ("Hi", "--model", "new", "--effort", "low")
    done, (first, second) = answer_to(shell, refused, WHOLE, arguments=arguments)
    assert ("reasoning" in first, "reasoning" in second) == (True, False)
    assert (done.code, done.out) == (0, ANSWER + "\n")
    assert "without “reasoning.effort”, which" in done.err


@pytest.mark.parametrize(("text", "code"), [(b"", 1), (delta("I call."), 0)])
def test_calls_that_were_not_run_are_named(shell: Shell, text: bytes, code: int) -> None:
    item = {"type": "function_call", "call_id": "c", "name": "weather", "arguments": "{}"}
    added = sse({"type": "response.output_item.added", "output_index": 1, "item": item})
    script = streams(sse(CREATED), text, added, sse(COMPLETED))
    words = "I call.\n" if text else ""
    done, _ = answer_to(shell, script)
    assert done == Ended(code, words, "repartee: Not run: weather\n")
    as_json, _ = answer_to(shell, script, arguments=("Which?", "--json"))
    assert (as_json.code, as_json.json["tool_calls"][0]["name"]) == (code, "weather")


def test_a_closed_port_is_reported(shell: Shell) -> None:
    with closed_port() as port:
        done = asyncio.run(shell.ask(f"http://127.0.0.1:{port}/v1", "Hi"))
    assert (done.code, done.out) == (1, "")
    assert " at 127.0.0.1" in done.err
    assert "then try again" in done.err
    assert "Trying again" in done.err


def test_a_cut_stream_keeps_the_text_so_far(shell: Shell) -> None:
    done, _ = answer_to(shell, CUT)
    assert (done.code, done.out) == (1, ANSWER[:9] + "\n")
    assert "before the response finished" in done.err
    done, _ = answer_to(shell, CUT, arguments=("Hi", "--json"))
    assert (done.code, done.json["answer"]) == (1, ANSWER[:9])
    assert (done.json["status"], done.json["error"]["kind"]) == ("failed", "stream_cut")


def test_ctrl_c_during_the_answer_keeps_the_text_so_far(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        process = await shell.start("ask", "Hi", "--save", env=gateway(server.base_url))
        assert process.stdout is not None
        assert await process.stdout.readexactly(5) == b"Red, "
        process.send_signal(signal.SIGINT)
        done = await ended(process)
        assert (done.code, done.out) == (130, "\n")
        assert done.err == "repartee: Stopped. The conversation is saved.\n"

    against(SILENT_AFTER_A_WORD, test=test)
    (answer,) = shell.rows("SELECT status, parts FROM messages WHERE role = 'assistant'")
    assert answer[0] == "cancelled"
    assert "Red, " in answer[1]


def test_a_closed_pipe_ends_the_command_silently(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        process = await shell.start("ask", "Hi", "--save", env=gateway(server.base_url))
        assert process.stdout is not None
        assert process.stderr is not None
        assert await process.stdout.readexactly(10) == b"and so on "
        process.stdout._transport.close()  # type: ignore[attr-defined]
        assert await asyncio.wait_for(process.wait(), LONGEST_S) == 141
        assert await process.stderr.read() == b""

    against(endless, test=test)
    assert shell.rows("SELECT status FROM messages WHERE role = 'assistant'") == [("cancelled",)]


def test_full_standard_output_is_reported(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        process = await asyncio.create_subprocess_shell(
            f"exec {sys.executable} -m desktop_app ask Hi --json </dev/null >/dev/full",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**shell.environment, **gateway(server.base_url)},
        )
        done = await ended(process)
        assert done.code == 1
        assert done.err.count("Can’t write the response: the disk is full") == 1

    against(WHOLE, test=test)


def test_a_signal_before_the_answer_ends_the_command(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        process = await shell.start("ask", "Hi", "--json", env=gateway(server.base_url))
        await server.arrived.wait()
        process.send_signal(signal.SIGTERM)
        done = await ended(process)
        assert (done.code, done.err) == (130, "repartee: Stopped.\n")
        assert (done.json["status"], done.json["answer"]) == ("cancelled", "")

    against(SILENT, test=test)
    # Whether the reply had begun or not: what it cost is not known.
    assert all(cost is None for (cost,) in shell.rows("SELECT cost FROM ledger"))


def test_an_empty_answer_is_said_to_be_empty(shell: Shell) -> None:
    done, _ = answer_to(shell, streams(sse(CREATED, COMPLETED)))
    assert (done.code, done.out) == (0, "")
    assert done.err == "repartee: The response is empty.\n"
    done, _ = answer_to(shell, WHOLE)
    assert "empty" not in done.err
