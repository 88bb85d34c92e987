"""`repartee ask` when something goes wrong or somebody ends it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from desktop_app import main as cli
from desktop_app.cli.streams.terminal import AnswerOutput
from desktop_app.domain.answering.reply import Reply
from desktop_app.domain.answering.stream_events import StatusChanged, TextDelta
from desktop_app.domain.error_note import ErrorNote
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
from tests.unit.providers.loopback import (
    STREAM_END,
    STREAM_HEAD,
    LoopbackServer,
    Received,
    Script,
    chunk,
    replies,
    streams,
)
from tests.unit.providers.samples import sse


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


def test_pages_without_a_file_are_refused(shell: Shell) -> None:
    done, bodies = answer_to(shell, WHOLE, arguments=("Hi", "--pages", "0"))
    assert (done.code, done.out, bodies) == (2, "", [])
    assert "--pages needs a file. Name one with --file" in done.err


def test_a_refused_environment_key_is_not_blamed_on_settings(shell: Shell, tmp_path: Path) -> None:
    document = tmp_path / "notes.md"
    document.write_text("Ships at anchor.")
    compared = ("ask", "Hi", "--compare", "thinking", "--compare", "pro")
    start = ("batch", "start", str(document), "--task", "Sum up.", "--yes")
    refused = refusal(401, "invalid_api_key", "Incorrect API key provided.")

    async def test(server: LoopbackServer) -> None:
        done = await shell.run(*start, env=gateway(server.base_url))
        assert done.code == 1
        assert "Check or replace the key in environment variables." in done.err
        status = await shell.run("batch", "status", env=gateway(server.base_url))
        assert "in environment variables." in status.out
        done = await shell.run(*compared, env=gateway(server.base_url))
        assert done.code == 1
        assert done.err.count("Check or replace the key in environment variables.") == 2

    against(refused, refused, refused, refused, test=test)


def test_a_rate_limit_is_waited_out_and_reported(shell: Shell) -> None:
    limited = refusal(429, "rate_limit_exceeded", retry_after_ms="20")
    done, bodies = answer_to(shell, limited, WHOLE)
    assert (done.code, done.out, len(bodies)) == (0, ANSWER + "\n", 2)
    assert "is limiting requests: No. Trying again in 1 s." in done.err


def test_a_wait_is_reported_once_in_a_terminal(shell: Shell) -> None:

    async def test(server: LoopbackServer) -> None:
        ours, its = os.openpty()
        process = await shell.start("ask", "Hi", env=gateway(server.base_url), stderr=its)
        os.close(its)
        done = await ended(process)
        said = all_said(ours)
        assert (done.code, done.out) == (0, ANSWER + "\n")
        (line,) = said.decode().splitlines()
        assert line.startswith("repartee: ")
        assert line.endswith("Trying again in 1 s.")

    against(refusal(429, "rate_limit_exceeded", retry_after_ms="20"), WHOLE, test=test)


def all_said(terminal: int) -> bytes:
    """Return the output on a terminal that no process holds open, and close it."""
    said = b""
    with suppress(OSError):  # what a terminal says when its last process is gone
        while more := os.read(terminal, 4096):
            said += more
    os.close(terminal)
    return said


def test_silence_is_reported_once_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, its = os.openpty()
    with os.fdopen(its, "w") as terminal, Path(os.devnull).open("w") as nowhere:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setattr(sys, "stdout", nowhere)
        output = AnswerOutput(as_json=False)
        output.listen(StatusChanged(0, ErrorNote("Waiting for it.")), Reply())
        output.listen(StatusChanged(0, ErrorNote("Nothing heard for 40 s.")), Reply())
        output.listen(StatusChanged(0, ErrorNote("Nothing heard for 40 s.")), Reply())
        output.listen(TextDelta("One"), Reply())
        output.listen(
            StatusChanged(0, ErrorNote("Nothing heard: it would stand in the answer.")), Reply()
        )
    assert all_said(ours) == b"repartee: Nothing heard for 40 s.\r\n"


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
    plain, _ = answer_to(shell, script, arguments=("Hi",))
    assert (plain.code, plain.out) == (3, "")
    several = ("Hi", "--compare", "thinking", "--compare", "pro", "--json")
    compared, _ = answer_to(shell, script, arguments=several)
    assert (compared.code, compared.json["status"]) == (3, "refused")


def test_a_refused_parameter_is_omitted_and_reported_once(shell: Shell) -> None:
    refused = refusal(400, "unsupported_parameter", param="reasoning.effort")
    arguments = ("Hi", "--model", "new", "--effort", "low")
    done, (first, second) = answer_to(shell, refused, WHOLE, arguments=arguments)
    assert ("reasoning" in first, "reasoning" in second) == (True, False)
    assert (done.code, done.out) == (0, ANSWER + "\n")
    assert "without “reasoning.effort”, which" in done.err


def test_each_compared_answer_has_its_figures(shell: Shell) -> None:
    several = ("Hi", "--compare", "thinking", "--compare", "pro")
    done, _ = answer_to(shell, WHOLE, arguments=several)
    assert done.code == 0
    for name in ("Thinking/medium", "Pro/medium"):
        figures = rf"{name}: [\d.]+ s, first token after [\d.]+ s, 1,100 tokens"
        assert re.search(figures, done.err)


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
    several = ("Which?", "--compare", "thinking", "--compare", "pro")
    compared, _ = answer_to(shell, script, arguments=several)
    assert compared.code == code
    for name in ("Thinking/medium", "Pro/medium"):
        assert f"{name}: Not run: weather\n" in compared.err


def test_a_chosen_effort_that_is_refused_is_not_lowered(shell: Shell) -> None:
    refused = refusal(400, "unsupported_value", param="reasoning.effort")
    done, bodies = answer_to(shell, refused, arguments=("Hi", "--effort", "xhigh"))
    assert (done.code, done.out, len(bodies)) == (1, "", 1)


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_the_answer_keeps_the_text_so_far(shell: Shell, number: int) -> None:
    async def test(server: LoopbackServer) -> None:
        process = await shell.start("ask", "Hi", "--save", env=gateway(server.base_url))
        assert process.stdout is not None
        assert await process.stdout.readexactly(5) == b"Red, "
        process.send_signal(number)
        done = await ended(process)
        assert (done.code, done.out) == (130, "\n")
        assert done.err == "repartee: Stopped. The conversation is saved.\n"

    against(SILENT_AFTER_A_WORD, test=test)
    (answer,) = shell.rows("SELECT status, parts FROM messages WHERE role = 'assistant'")
    assert answer[0] == "cancelled"
    assert "Red, " in answer[1]


async def test_ctrl_c_ends_a_command_that_waits_for_its_question(shell: Shell) -> None:
    process = await shell.start("ask", "-", "--json", stdin=asyncio.subprocess.PIPE)
    await asyncio.to_thread(wait_until_it_reads, process.pid)
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.wait(), LONGEST_S) == 130
    assert process.stderr is not None
    assert await process.stderr.read() == b""
    done = await ended(process)
    assert done.json["status"] == "cancelled"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_command_has_begun(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    """While its modules are read, which takes a while."""

    def interrupted(_: object) -> int:
        signal.raise_signal(number)
        return 0

    monkeypatch.setattr(cli, "_command", interrupted)
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert cli.main(["ask", "--json", "Hi"]) == 130
        assert json.loads(capsys.readouterr().out)["status"] == "cancelled"
        assert cli.main(["ask", "--json", "Hi", "--compare", "pro", "--compare", "instant"]) == 130
        assert json.loads(capsys.readouterr().out)["answers"] == []
        assert cli.main(["ask", "Hi"]) == 130
        assert capsys.readouterr() == ("", "")
        assert signal.getsignal(signal.SIGINT) is handlers[signal.SIGINT]
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)


def test_a_second_ctrl_c_does_not_interrupt_the_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    write = AnswerOutput.write

    def interrupt_and_write(output: AnswerOutput, text: str) -> None:
        signal.raise_signal(signal.SIGINT)
        write(output, text)

    monkeypatch.setattr(cli, "_command", interrupted)
    monkeypatch.setattr(AnswerOutput, "write", interrupt_and_write)
    assert cli.main(["summarize", "--json", "a.pdf"]) == 130
    assert json.loads(capsys.readouterr().out)["status"] == "cancelled"


def test_a_signal_that_is_ignored_stops_nothing(shell: Shell) -> None:
    """As with nohup, when the terminal is closed."""
    signaled = asyncio.Event()

    async def answer(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + chunk(sse(CREATED)) + chunk(delta(ANSWER[:5])))
        await writer.drain()
        await signaled.wait()
        writer.write(chunk(delta(ANSWER[5:])) + chunk(sse(COMPLETED)) + STREAM_END)
        await writer.drain()

    async def test(server: LoopbackServer) -> None:
        handler = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            process = await shell.start("ask", "Hi", env=gateway(server.base_url))
        finally:
            signal.signal(signal.SIGHUP, handler)
        assert process.stdout is not None
        assert await process.stdout.readexactly(5) == ANSWER[:5].encode()
        process.send_signal(signal.SIGHUP)
        signaled.set()
        done = await ended(process)
        assert (done.code, done.out, done.err) == (0, f"{ANSWER[5:]}\n", "")

    against(answer, test=test)


@pytest.mark.parametrize("more", ["", "--json"])
def test_closed_standard_output_is_reported(shell: Shell, more: str) -> None:
    async def test(server: LoopbackServer) -> None:
        process = await asyncio.create_subprocess_shell(
            f"exec {sys.executable} -m desktop_app ask Hi {more} </dev/null >&-",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**shell.environment, **gateway(server.base_url)},
        )
        done = await ended(process)
        assert done.code == 1
        assert "Can’t write the response" in done.err

    against(WHOLE, test=test)


def wait_until_it_reads(pid: int) -> None:
    """Return once the process sleeps in a read of a pipe."""
    deadline = time.monotonic() + LONGEST_S
    while "pipe_read" not in Path(f"/proc/{pid}/wchan").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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


@pytest.mark.parametrize("more", ["", "--json", "--n 2", "--n 2 --json"])
def test_full_standard_output_is_reported(shell: Shell, more: str) -> None:
    async def test(server: LoopbackServer) -> None:
        process = await asyncio.create_subprocess_shell(
            f"exec {sys.executable} -m desktop_app ask Hi {more} </dev/null >/dev/full",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**shell.environment, **gateway(server.base_url)},
        )
        done = await ended(process)
        assert done.code == 1
        assert done.err.count("Can’t write the response: the disk is full") == 1

    against(WHOLE, test=test)


def test_full_standard_error_loses_no_answer(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        process = await asyncio.create_subprocess_shell(
            f"exec {sys.executable} -m desktop_app ask Hi --seed 7 </dev/null 2>/dev/full",
            stdout=asyncio.subprocess.PIPE,
            env={**shell.environment, **gateway(server.base_url)},
        )
        out, _ = await process.communicate()
        assert (process.returncode, out.decode()) == (0, ANSWER + "\n")

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


def test_a_signal_ends_the_wait_for_a_retry(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        process = await shell.start("ask", "Hi", env=gateway(server.base_url))
        assert process.stderr is not None
        assert b"Trying again in 60 s." in await process.stderr.readline()
        process.send_signal(signal.SIGINT)
        done = await ended(process)
        assert (done.code, done.out, done.err) == (130, "", "repartee: Stopped.\n")

    against(refusal(429, "rate_limit_exceeded", retry_after="60"), test=test)


def test_an_empty_answer_is_said_to_be_empty(shell: Shell) -> None:
    done, _ = answer_to(shell, streams(sse(CREATED, COMPLETED)))
    assert (done.code, done.out) == (0, "")
    assert done.err == "repartee: The response is empty.\n"
    done, _ = answer_to(shell, WHOLE)
    assert "empty" not in done.err
