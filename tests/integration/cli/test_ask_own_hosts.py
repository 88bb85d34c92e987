"""Requests to the providers' own hosts. Without a key, none is sent."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest

from tests.helpers.blocking import blocking
from tests.integration.cli.command import KEY, Ended, Shell
from tests.integration.cli.interception import Interception, certificate, server_context
from tests.integration.cli.replies import ANSWER, WHOLE, refusal
from tests.unit.providers.loopback import LoopbackServer, Received, Script

OTHER_MODEL = "repartee: Answered by gpt-5.2.\n"
"""The reply names this model, whatever was requested."""

OPENAI, COMETAPI = {"OPENAI_API_KEY": KEY}, {"COMETAPI_KEY": KEY}


@blocking
async def ask_all(
    shell: Shell, *commands: tuple[tuple[str, ...], Mapping[str, str]], script: Script = WHOLE
) -> tuple[list[Ended], list[Received], list[str]]:
    """Run commands in turn. Return their results, the requests received and the hosts wanted."""

    file = certificate(shell.outside / "tmp")
    async with LoopbackServer(script, tls=server_context(file)) as server:
        port = urlsplit(server.base_url).port or 0
        async with Interception(port, file) as proxy:
            done = [
                await shell.run("ask", *arguments, env={**proxy.environment, **keys})
                for arguments, keys in commands
            ]
        return done, server.requests, proxy.wanted


def test_openai_gets_the_choice_and_store_false(shell: Shell) -> None:
    command = ("Hi", "--variant", "pro", "--effort", "xhigh"), OPENAI
    (done,), (received,), wanted = ask_all(shell, command)
    assert done == Ended(0, ANSWER + "\n", OTHER_MODEL)
    assert wanted == ["api.openai.com:443"]
    assert received.path == "/v1/responses"
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.json["model"] == "gpt-5.2-pro"
    assert received.json["reasoning"] == {"effort": "xhigh"}
    assert received.json["store"] is False


def test_cometapi_gets_the_choice(shell: Shell) -> None:
    commands = [
        (("Hi", "--variant", "instant"), COMETAPI),
        (("Hi", "--provider", "CometAPI", "--effort", "low"), {**OPENAI, **COMETAPI}),
    ]
    done, received, wanted = ask_all(shell, *commands)
    assert done == [Ended(0, ANSWER + "\n", said) for said in (OTHER_MODEL, "")]
    assert wanted == ["api.cometapi.com:443"] * 2
    sent = [(request.json["model"], request.json["reasoning"]["effort"]) for request in received]
    assert sent == [("gpt-5.2-chat-latest", "medium"), ("gpt-5.2", "low")]
    assert all(request.json["store"] is False for request in received)


@pytest.mark.parametrize("provider", ["openai", "cometapi"])
def test_a_missing_key_is_reported_and_nothing_is_sent(shell: Shell, provider: str) -> None:
    (done,), received, wanted = ask_all(shell, (("Hi", "--provider", provider), {}))
    assert (done.code, done.out) == (1, "")
    assert "needs an API key" in done.err
    assert "OPENAI_API_KEY" in done.err
    assert (received, wanted) == ([], [])


def test_a_wrong_key_is_not_shown(shell: Shell) -> None:
    script = refusal(401, "invalid_api_key", f"Incorrect API key provided: {KEY}.")
    (done,), _, _ = ask_all(shell, (("Hi", "--json"), OPENAI), script=script)
    assert done.code == 1
    assert "rejected the API key" in done.err
    assert KEY not in done.out + done.err
