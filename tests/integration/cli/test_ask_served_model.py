"""The model that `repartee ask` uses at an unknown server if the user names none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.integration.cli.command import KEY, Ended, Shell, against, answer_to
from tests.integration.cli.replies import ANSWER, CHAT, refusal
from tests.unit.providers.loopback import LoopbackServer, Received, Script, streams
from tests.unit.providers.samples import sse

OWN = ("nomic-embed-text", "qwen3-8b", "gemma3")
REFUSED = refusal(404, "x")
CHOICES = [{"delta": {"content": ANSWER}, "finish_reason": "stop"}]
LACKING = refusal(404, "Not found")

Asked = tuple[Ended, list[Any]]


def unnamed(shell: Shell, *scripts: Script, models: Sequence[str], **more: Any) -> Asked:
    """Return the result of a command without OPENAI_MODEL, and the bodies of its requests."""
    return answer_to(shell, *scripts, models=models, OPENAI_MODEL="", **more)


def test_the_first_model_that_can_chat_is_used(shell: Shell) -> None:
    done, bodies = unnamed(shell, REFUSED, CHAT, arguments=("Hi", "--json"), models=OWN)
    assert {body["model"] for body in bodies} == {"qwen3-8b"}
    said = done.json
    assert (said["answer"], said["model"], said["variant"]) == (ANSWER, "qwen3-8b", None)
    assert said["cost_usd"] is None
    assert "Using qwen3-8b, the first chat model of 127.0.0.1" in done.err


def test_a_server_that_silently_cuts_the_input_is_noticed(shell: Shell) -> None:
    usage = {"prompt_tokens": 512, "completion_tokens": 3}
    counted = streams(sse({"id": "c", "model": "m", "choices": CHOICES, "usage": usage}, "[DONE]"))
    question = "What does it cost to cross by boat? " * 200
    done, _ = unnamed(shell, REFUSED, counted, arguments=(question, "--json"), models=OWN)
    assert done.json["answer"] == ANSWER
    (notice,) = done.json["notices"]
    assert "counted only 512 input tokens" in notice
    assert notice in done.err


@pytest.mark.parametrize(
    ("named", "environment"),
    [(("--variant", "thinking"), ""), (("--model", "m"), ""), ((), "m, other")],
)
def test_a_named_model_is_sent(shell: Shell, named: tuple[str, ...], environment: str) -> None:
    async def test(server: LoopbackServer) -> None:
        done = await shell.ask(server.base_url, "Hi", *named, OPENAI_MODEL=environment)
        assert (done.out, done.err) == (ANSWER + "\n", "")
        expected = "gpt-5.2" if "--variant" in named else "m"
        assert server.requests[-1].json["model"] == expected

    against(REFUSED, CHAT, test=test, models=OWN)


@pytest.mark.parametrize("models", [OWN[:1], ()])
def test_no_model_is_invented(shell: Shell, models: tuple[str, ...]) -> None:
    """A server without a chat model, or without a list, is sent no question."""

    async def test(server: LoopbackServer) -> None:
        done = await shell.ask(server.base_url, "Hi", OPENAI_MODEL="")
        assert (done.code, done.out) == (2, "")
        assert "has no default model. Name one with --model." in done.err
        assert [request for request in server.requests if request.method == "POST"] == []

    against(LACKING, test=test, models=models)


def test_azure_is_asked_for_a_deployment(shell: Shell) -> None:
    """Its list has the models that can be deployed, not those that are."""

    async def test(server: LoopbackServer) -> None:
        root = server.base_url.removesuffix("/v1")
        azure = {"AZURE_OPENAI_ENDPOINT": root, "AZURE_OPENAI_API_KEY": KEY}
        done = await shell.run("ask", "Hi", env=azure)
        assert (done.code, done.out) == (2, "")
        assert "Name one with --model" in done.err
        named = {**azure, "AZURE_OPENAI_DEPLOYMENT": "mine"}
        done = await shell.run("ask", "Hi", env=named)
        assert done.out == ANSWER + "\n"
        assert server.requests[-1].json["model"] == "mine"

    async def by_method(request: Received, writer: asyncio.StreamWriter) -> None:
        is_question = request.method == "POST" and request.path.endswith("/chat/completions")
        await (CHAT if is_question else LACKING)(request, writer)

    against(by_method, test=test, models=())
