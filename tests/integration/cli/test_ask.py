"""The requests that `repartee ask` sends to a loopback server."""

from __future__ import annotations

import asyncio
from itertools import product

import pytest

from desktop_app.providers.models.choice_resolution import INSTANT_RETIRED
from tests.helpers.prompt_delimiters import plain
from tests.helpers.templates import translate_into
from tests.integration.cli.command import Ended, Shell, against, answer_to, gateway
from tests.integration.cli.replies import ANSWER, CHAT, WHOLE, refusal
from tests.unit.providers.loopback import LoopbackServer, replies

AT_ONCE = 4  # processes
EFFORTS = ("none", "low", "medium", "high", "xhigh")
MODELS = {
    "instant": ("gpt-5.2-chat-latest", ("medium",)),
    "thinking": ("gpt-5.2", EFFORTS),
    "pro": ("gpt-5.2-pro", ("medium", "high", "xhigh")),
}


def test_the_answer_alone_is_on_standard_output(shell: Shell) -> None:
    done, (body,) = answer_to(shell, WHOLE)
    assert done == Ended(0, ANSWER + "\n", "")
    assert body["model"] == "gpt-5.2"
    assert body["reasoning"] == {"effort": "medium"}
    assert body["input"] == [{"role": "user", "content": "Which?"}]
    assert body["store"] is False
    assert body["stream"] is True


def test_text_piped_beside_a_question_is_attached(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        environment = gateway(server.base_url)
        done = await shell.run("ask", "Why?", stdin=b"the piped words", env=environment)
        assert (done.code, done.out) == (0, ANSWER + "\n")
        assert (await shell.run("ask", "Why?", stdin=b" \n", env=environment)).code == 0
        piped, blank = (str(request.json["input"]) for request in server.requests)
        assert "the piped words" in piped
        assert blank == str([{"role": "user", "content": "Why?"}])

    against(WHOLE, test=test)


def test_the_chosen_variant_and_effort_are_sent_or_refused(shell: Shell) -> None:
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(server: LoopbackServer, variant: str, effort: str) -> None:
        question = f"{variant} at {effort}"
        async with limit:
            done = await shell.ask(
                server.base_url, question, "--variant", variant, "--effort", effort
            )
        model, taken = MODELS[variant]
        said = [request.json for request in server.requests]
        bodies = [body for body in said if body["input"][0]["content"] == question]
        if effort in taken:
            answered_by = "" if model == "gpt-5.2" else "repartee: Answered by gpt-5.2.\n"
            assert done == Ended(0, ANSWER + "\n", answered_by), question
            (body,) = bodies
            assert (body["model"], body["reasoning"]) == (model, {"effort": effort})
        else:
            assert (done.code, done.out, bodies) == (2, "", []), question
            assert f"Supported: {', '.join(taken)}." in done.err

    async def test(server: LoopbackServer) -> None:
        await shell.run("search", "x")  # makes the store
        await asyncio.gather(
            *(one(server, *pair) for pair in product(MODELS, ("none", "medium", "xhigh")))
        )

    against(WHOLE, test=test)


def test_instant_is_replaced_if_the_gateway_lacks_it(shell: Shell) -> None:
    gone = refusal(404, "model_not_found", "The model does not exist.")
    done, (first, second) = answer_to(shell, gone, WHOLE, arguments=("Hi", "--variant", "instant"))
    assert (first["model"], first["reasoning"]) == ("gpt-5.2-chat-latest", {"effort": "medium"})
    assert (second["model"], second["reasoning"]) == ("gpt-5.2", {"effort": "none"})
    assert done == Ended(0, ANSWER + "\n", f"repartee: {INSTANT_RETIRED}\n")


def test_a_server_that_has_chat_completions_alone_is_remembered(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        for _ in range(2):
            done = await shell.ask(server.base_url, "Hi", "--variant", "thinking")
            assert done == Ended(0, ANSWER + "\n", "")
        paths = [request.path for request in server.requests]
        chat = "/v1/chat/completions"
        assert paths == ["/v1/responses", chat, chat]
        assert server.requests[1].json["reasoning_effort"] == "medium"

    against(replies(404, {"detail": "Not Found"}), CHAT, test=test)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("Hi", "--provider", "nobody"), "Available: env-openai, on-device, openai, cometapi."),
        (("Hi", "--model", "m", "--variant", "pro"), "not both"),
        (("Hi", "--model", "gpt-5.2-pro", "--effort", "low"), "medium, high, xhigh"),
        (("Hi", "--provider", "on-device", "--variant", "pro"), "isn’t a GPT-5.2 model"),
        (("Hi", "--provider", "on-device", "--effort", "low"), "doesn’t support reasoning effort"),
        (("Hi", "--provider", "on-device", "--model", "m"), "no local model"),
        (("Hi", "--effort", "most"), "is not one of"),
        ((), "Enter a message."),
        (("Hi", "--template", "nothing"), "There is no prompt “nothing”."),
        (("Hi", "--template", "translate", "--set", "to=Polish"), "has no field “to”"),
        (("Hi", "--template", "translate", "--set", "language"), "isn’t NAME=VALUE"),
        (("Hi", "--set", "language=Polish"), "--template"),
        (("--template", "answer-from-sources"), "needs question"),
        ((" \n ",), "Enter a message."),
    ],
)
def test_a_wrong_command_line_sends_nothing(
    shell: Shell, arguments: tuple[str, ...], words: str
) -> None:
    done, bodies = answer_to(shell, WHOLE, arguments=arguments)
    assert (done.code, done.out, bodies) == (2, "", [])
    assert words in done.err


def test_a_prompt_of_the_library_is_filled_and_asked(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        named = gateway(server.base_url)
        for arguments, stdin in (
            (("--template", "Translate", "--set", "language=Polish"), b"Good morning"),
            (("Page 2?", "--template", "answer-from-sources", "--set", "question=Who?"), None),
        ):
            done = await shell.run("ask", *arguments, stdin=stdin, env=named)
            assert done == Ended(0, ANSWER + "\n", ""), arguments
        piped, beside = (request.json["input"][0]["content"] for request in server.requests)
        assert piped == f"{translate_into('Polish')}\n\nGood morning"
        assert beside.endswith("Question: Who?\n\nPage 2?")

    against(WHOLE, WHOLE, test=test)


def test_the_question_and_documents_may_come_from_standard_input(shell: Shell) -> None:
    folder = shell.outside / "here"
    (folder / "a.md").write_text("# Alpha\n\nFirst.")
    (folder / "b.txt").write_text("Second.")
    (shell.outside / "home").mkdir(exist_ok=True)
    (shell.outside / "home" / "c.txt").write_text("Fourth.")

    async def test(server: LoopbackServer) -> None:
        named = gateway(server.base_url)
        files = ("--file", "a.md", "--file", "b.txt")
        for arguments, stdin in (
            (("ask", "Compare", *files), None),
            (("ask", "-"), "Grüße?".encode()),
            (("ask",), b"Piped?"),
            (("ask", *files), None),
            (("ask", *files), b"Which is first?"),
            (("ask", "--file", "-"), b"Third."),
            (("ask", "--file=~/c.txt"), b"And here?"),  # a shell leaves this "~" as it is
        ):
            done = await shell.run(*arguments, stdin=stdin, env=named)
            assert done == Ended(0, ANSWER + "\n", ""), arguments
        both, dash, bare, summary, piped, document, at_home = (
            request.json["input"][0]["content"] for request in server.requests
        )
        assert both.index("First.") < both.index("Second.") < both.index("Compare")
        assert '<document name="a.md">' in plain(both)
        assert (dash, bare) == ("Grüße?", "Piped?")
        assert "6 to 8 bullets" in summary
        assert "Second." in summary
        assert piped.endswith("Which is first?")
        assert "Third." in document
        assert "6 to 8 bullets" in document
        assert '<document name="c.txt">' in plain(at_home)

    against(WHOLE, test=test)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("encrypted.pdf", "password"),
        ("empty.pdf", "contains no text"),
        ("damaged.pdf", "damaged"),
        ("missing.pdf", "Couldn’t find"),
    ],
)
def test_a_document_that_cannot_be_read_sends_nothing(
    shell: Shell, name: str, words: str, pytestconfig: pytest.Config
) -> None:
    path = pytestconfig.rootpath / "tests" / "data" / name
    arguments = ("Summarise", "--file", str(path), "--json")
    done, bodies = answer_to(shell, WHOLE, arguments=arguments)
    assert (done.code, bodies) == (1, [])
    assert words in done.err
    assert done.json["status"] == "failed"
    assert words in done.json["error"]["message"]
