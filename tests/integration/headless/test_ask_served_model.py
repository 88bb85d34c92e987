"""The model that `repartee ask` uses at an unknown server if the user names none."""

from __future__ import annotations

import pytest

from tests.integration.headless.command import Shell, against, answer_to
from tests.integration.headless.replies import ANSWER, CHAT, refusal
from tests.unit.providers.loopback import LoopbackServer

OWN = ("nomic-embed-text", "qwen3-8b", "gemma3")
REFUSED = refusal(404, "x")


def test_the_first_model_that_can_chat_is_used(shell: Shell) -> None:
    done, bodies = answer_to(shell, REFUSED, CHAT, arguments=("Hi", "--json"), models=OWN)
    assert {body["model"] for body in bodies} == {"qwen3-8b"}
    said = done.json
    assert (said["answer"], said["model"], said["variant"]) == (ANSWER, "qwen3-8b", None)
    assert said["cost_usd"] is None
    assert "Using qwen3-8b, the first chat model of 127.0.0.1" in done.err


@pytest.mark.parametrize("listed", [("gpt-4o", "gpt-5.2"), ()])
def test_the_family_is_used_if_it_is_listed_or_nothing_is(
    shell: Shell, listed: tuple[str, ...]
) -> None:
    scripts = (REFUSED, CHAT) if listed else (REFUSED, REFUSED, CHAT)

    async def test(server: LoopbackServer) -> None:
        done = await shell.ask(server.base_url, "Hi")
        assert (done.code, done.out, done.err) == (0, ANSWER + "\n", "")
        assert server.requests[-1].json["model"] == "gpt-5.2"
        unlisted = [r.path for r in server.requests if r.method == "GET"]
        assert len(server.listed) + unlisted.count("/v1/models") == 1

    against(*scripts, test=test, models=listed)


@pytest.mark.parametrize(
    "named", [("--variant", "thinking"), ("--effort", "low"), ("--model", "m")]
)
def test_what_the_user_names_is_sent_without_asking(shell: Shell, named: tuple[str, str]) -> None:
    async def test(server: LoopbackServer) -> None:
        done = await shell.ask(server.base_url, "Hi", *named)
        assert done.out == ANSWER + "\n"
        expected = "m" if named[0] == "--model" else "gpt-5.2"
        assert server.requests[-1].json["model"] == expected
        assert server.listed == []

    against(REFUSED, CHAT, test=test, models=OWN)


def test_a_server_without_a_chat_model_is_sent_no_question(shell: Shell) -> None:
    done, bodies = answer_to(shell, CHAT, arguments=("Hi",), models=OWN[:1])
    assert (done.code, done.out, bodies) == (2, "", [])
    assert "has no default model. Name one with --model." in done.err
