"""`repartee summarize`: the requests for several documents, and the reported usage."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from tests.helpers.prompt_delimiters import plain
from tests.integration.cli.command import Shell, against, gateway
from tests.integration.cli.replies import ANSWER, WHOLE, refusal
from tests.unit.providers.loopback import LoopbackServer, replies

ONE_CALL = Decimal("0.00175") + Decimal("0.0014")  # 1,000 and 100 tokens of GPT-5.2
EACH = "do this for each, under a heading with its name"


def asked_for(shell: Shell, *arguments: str) -> str:
    """Return the text of the only request."""
    found: list[str] = []

    async def test(server: LoopbackServer) -> None:
        done = await shell.run("summarize", *arguments, env=gateway(server.base_url))
        assert (done.code, done.out) == (0, ANSWER + "\n")
        found.extend(request.json["input"][0]["content"] for request in server.requests)

    against(WHOLE, test=test)
    (content,) = found
    return content


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (("a.md",), ""),
        (("a.md", "b.md"), "If there are several documents, "),
        (("both",), "If there are several documents, "),
        (("a.md", "b.md", "--template", "paragraph"), "If there are several documents, "),
        (("a.md", "b.md", "--template", "differences"), ""),
    ],
)
def test_several_documents_are_asked_for_one_by_one_and_together(
    shell: Shell, arguments: tuple[str, ...], count: str
) -> None:
    here = shell.outside / "here"
    (here / "both").mkdir()
    for name in ("a.md", "b.md", "both/a.md", "both/b.md"):
        (here / name).write_text(f"# {name}\n\nThe ferry leaves at nine.\n", "utf-8")
    words = plain(asked_for(shell, *arguments)).rpartition("</document>")[2]
    assert (EACH in words) is bool(count)
    assert count in words


def test_the_shown_cost_is_that_of_all_answers(shell: Shell) -> None:
    two_documents(shell)

    async def test(server: LoopbackServer) -> None:
        shown = []
        for count in ("1", "3"):
            command = ("summarize", "a.md", "b.md", "--n", count)
            done = await shell.run(*command, env=gateway(server.base_url))
            words = re.search(r"Input tokens: (?:about )?(\d+)", done.err)
            assert words is not None, done.err
            shown.append(int(words[1]))
        assert shown[1] == 3 * shown[0]
        assert len(server.requests) == 4

    against(WHOLE, test=test)


def two_documents(shell: Shell) -> None:
    here = shell.outside / "here"
    for name in ("a.md", "b.md", "-c.md"):
        (here / name).write_text(f"# {name}\n\nThe ferry leaves at nine.\n", "utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ("a.md", "--template", "paragraph", "b.md"),
        ("--json", "a.md", "--template", "paragraph", "b.md", "--effort", "none"),
        ("a.md", "--template=paragraph", "--", "b.md"),
    ],
)
def test_options_may_come_between_files(shell: Shell, arguments: tuple[str, ...]) -> None:
    two_documents(shell)

    async def test(server: LoopbackServer) -> None:
        done = await shell.run("summarize", *arguments, env=gateway(server.base_url))
        assert done.code == 0, done.err
        (content,) = (request.json["input"][0]["content"] for request in server.requests)
        assert content.index('name="a.md"') < content.index('name="b.md"')
        assert "one paragraph" in content

    against(WHOLE, test=test)


@pytest.mark.parametrize(
    "arguments", [("summarize", "a.md", "--bogus", "b.md"), ("ask", "Which?", "--save", "b.md")]
)
def test_an_unknown_option_between_files_is_refused(
    shell: Shell, arguments: tuple[str, ...]
) -> None:
    two_documents(shell)

    async def test(server: LoopbackServer) -> None:
        done = await shell.run(*arguments, env=gateway(server.base_url))
        assert (done.code, done.out) == (2, "")
        assert "unrecognized arguments" in done.err
        assert server.requests == []

    against(test=test)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (("a.md",), "two documents, but only one is attached. Attach another one."),
        (("a.md", "b.md", "./-c.md"), "two documents, but 3 are attached."),
    ],
)
def test_two_documents_are_compared_and_no_other_number(
    shell: Shell, files: tuple[str, ...], said: str
) -> None:
    two_documents(shell)

    async def test(server: LoopbackServer) -> None:
        for command in (("summarize", *files), ("ask", *(f"--file={file}" for file in files))):
            done = await shell.run(
                *command, "--template", "differences", env=gateway(server.base_url), stdin=b""
            )
            assert (done.code, done.out) == (2, "")
            assert said in done.err
        assert server.requests == []

    against(test=test)


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        (("--pages", "2"), "2 of 3"),
        (("--pages", "1-2"), "1-2 of 3"),
        (("--pages", "report.pdf=1", "--pages", "report.pdf=3"), "1, 3 of 3"),
    ],
)
def test_pages_are_chosen(
    shell: Shell, pytestconfig: pytest.Config, given: tuple[str, ...], numbers: str
) -> None:
    pdf = pytestconfig.rootpath / "tests" / "data" / "report.pdf"
    content = asked_for(shell, str(pdf), *given)
    assert f'<document name="report.pdf" pages="{numbers}">' in plain(content)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("9", "“9” isn’t in this file. Enter numbers from 1 to 3"),
        ("b.md=9", "“b.md” has no pages to select."),
        ("c.pdf=9", "There is no file “c.pdf=9” for --pages."),
        ("two", "“two” isn’t a valid selection."),
    ],
)
def test_pages_that_are_not_there_are_refused(
    shell: Shell, pytestconfig: pytest.Config, given: str, said: str
) -> None:
    two_documents(shell)
    pdf = pytestconfig.rootpath / "tests" / "data" / "report.pdf"

    async def test(server: LoopbackServer) -> None:
        named = gateway(server.base_url)
        done = await shell.run("summarize", str(pdf), "b.md", "--pages", given, env=named)
        assert (done.code, done.out) == (2, "")
        assert said in done.err
        assert server.requests == []

    against(test=test)


def test_the_price_of_a_short_document_is_shown_first(shell: Shell) -> None:
    two_documents(shell)

    async def test(server: LoopbackServer) -> None:
        done = await shell.run("summarize", "a.md", env=gateway(server.base_url))
        assert ", about $0.0" in done.err
        long_document(shell)
        done = await shell.run("ask", "Why?", "--file", "long.md", env=gateway(server.base_url))
        assert (done.code, done.out) == (1, "")
        assert "Use “repartee summarize” for long documents." in done.err

    against(WHOLE, test=test)


def test_piped_input_is_a_document(shell: Shell, pytestconfig: pytest.Config) -> None:
    pdf = (pytestconfig.rootpath / "tests" / "data" / "report.pdf").read_bytes()

    async def test(server: LoopbackServer) -> None:
        named = gateway(server.base_url)
        done = await shell.run("summarize", "-", "--save", stdin=pdf, env=named)
        assert (done.code, done.out) == (0, ANSWER + "\n"), done.err
        (content,) = (request.json["input"][0]["content"] for request in server.requests)
        assert '<document name="standard input"' in plain(content)
        assert "Brightwater" in content
        assert shell.files_outside() == [], "the file that it was is gone"
        nothing = await shell.run("summarize", "-", stdin=b"", env=named)
        assert (nothing.code, nothing.out) == (1, "")
        assert "“standard input” contains no text" in nothing.err

    against(WHOLE, test=test)


def long_document(shell: Shell) -> None:
    path = shell.outside / "here" / "long.md"
    path.write_text("".join(f"# {n}\n\nThe ferry leaves at {n}.\n\n" for n in range(45_000)))


def test_a_summary_in_parts_reports_progress_and_total_cost(shell: Shell) -> None:
    long_document(shell)

    async def test(server: LoopbackServer) -> None:
        done = await shell.run("summarize", "long.md", "--json", env=gateway(server.base_url))
        calls = len(server.requests)
        assert (done.code, calls > 2) == (0, True), done.err
        assert f"Reading in parts: {calls - 1} of {calls - 1}" in done.err
        estimate = re.search(rf"Reading {calls - 1} parts, about .*\$\d+\.\d\d", done.err)
        assert estimate is not None, done.err
        in_all = estimate[0].rpartition("$")[2]
        assert f" so far, of about ${in_all}." in done.err
        found: dict[str, Any] = done.json
        assert Decimal(found["cost_usd"]) == calls * ONE_CALL
        assert found["usage"]["input_tokens"] == calls * 1_000

    against(*[WHOLE] * 9, test=test)


def test_a_refused_summary_in_parts_names_the_remedy(shell: Shell) -> None:
    long_document(shell)

    async def test(server: LoopbackServer) -> None:
        done = await shell.run("summarize", "long.md", env=gateway(server.base_url))
        assert (done.code, done.out) == (1, "")
        assert "Change the message or the settings, then try again." in done.err
        assert "Retry" not in done.err
        assert shell.rows("SELECT count(*) FROM ledger WHERE cost IS NULL") == [(0,)]

    against(*[refusal(400, "nothing", "Not this one.")] * 9, test=test)


@pytest.mark.parametrize("model", ["own-model", "gpt-5-mini"])
def test_a_server_that_names_its_window_is_not_sent_more_than_that(
    shell: Shell, model: str
) -> None:
    """Check that the window is asked once if a document is attached.

    The model may be unknown, or its window may be smaller on this server.
    """
    path = shell.outside / "here" / "long.txt"
    path.write_text("The ferry leaves at nine. " * 2_000, "utf-8")
    models = {"data": [{"id": model, "object": "model", "max_model_len": 4096}]}

    async def test(server: LoopbackServer) -> None:
        env = gateway(server.base_url)
        asked = ("--model", model, "--file", "long.txt")
        done = await shell.run("ask", "What does it say?", *asked, env=env)
        assert done.code == 1
        assert "accepts 3,584." in done.err
        assert [request.path for request in server.requests] == ["/v1/models"]
        server.requests.clear()
        done = await shell.run("summarize", "long.txt", "--model", model, env=env)
        assert (done.code, done.out) == (0, ANSWER + "\n")
        assert "Too large for" in done.err
        bodies = [request.body for request in server.requests if request.method == "POST"]
        assert len(bodies) > 3
        assert max(map(len, bodies)) < 20_000

    against(replies(200, models), WHOLE, test=test, models=())
