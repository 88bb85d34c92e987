"""`repartee ask` with the model on this computer: no key, no network."""

from __future__ import annotations

import asyncio

import pytest

from tests.helpers.processors import on_one_processor
from tests.integration.cli.command import Shell, gateway

# A proxy that is not there: whatever left this computer would fail.
NO_NETWORK = {"ALL_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
MODEL = "smollm2-135m-instruct"
# At the usual temperature so small a model sometimes repeats itself until its window is full.
SAME_EACH_TIME = ("--temperature", "0")


def test_the_local_model_is_chosen_by_name_and_answers_as_json(shell: Shell) -> None:
    nobody = gateway("http://127.0.0.1:9/v1")
    arguments = ("ask", "-", "--provider", "on-device", "--json", "--save", *SAME_EACH_TIME)
    with on_one_processor():
        done = asyncio.run(shell.run_new(*arguments, stdin=b"Say hello.", env=nobody))
    assert (done.code, done.err) == (0, "")
    found = done.json
    assert found["answer"]
    assert (found["status"], found["error"], found["cost_usd"]) == ("complete", None, "0")
    assert (found["provider"], found["model"]) == ("on-device", MODEL)
    assert (found["variant"], found["effort"]) == (None, None)
    assert found["usage"]["output_tokens"] > 0
    assert shell.rows("SELECT id FROM conversations") == [(found["conversation_id"],)]


def test_a_file_that_is_no_model_is_refused(shell: Shell) -> None:
    fake = shell.outside / "here" / "fake.gguf"
    fake.write_text("no model")
    arguments = ("ask", "Hi", "--provider", "on-device", "--model", "fake.gguf")
    done = asyncio.run(shell.run(*arguments))
    assert (done.code, done.out) == (1, "")
    assert "fake.gguf isn’t a GGUF model file." in done.err


def test_no_document_is_summarized(shell: Shell) -> None:
    (shell.outside / "here" / "a.txt").write_text("The ferry leaves at nine.")
    for given in (("summarize", "a.txt"), ("ask", "--template", "Summarize", "--file", "a.txt")):
        done = asyncio.run(shell.run(*given, env=NO_NETWORK))
        assert (done.code, done.out) == (2, "")
        assert "SmolLM2 135M can’t summarize." in done.err
        assert "download a larger model" in done.err


@pytest.mark.slow
def test_a_document_that_does_not_fit_is_refused_with_the_figures(shell: Shell) -> None:
    (shell.outside / "here" / "long.txt").write_text("word " * 20_000)
    done = asyncio.run(shell.run("ask", "Summarise", "--file", "long.txt", env=NO_NETWORK))
    assert (done.code, done.out) == (2, "")
    assert "With long.txt, this needs 20,0" in done.err
    assert "SmolLM2 135M accepts 7,680" in done.err
    assert "Use “repartee summarize” for long documents." in done.err
    assert shell.rows("SELECT * FROM ledger") == []
