"""`repartee summarize`: the requests for several documents, and the reported usage."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from tests.helpers.prompt_delimiters import plain
from tests.integration.cli.command import Shell, against, gateway
from tests.integration.cli.replies import ANSWER, WHOLE
from tests.unit.providers.loopback import LoopbackServer

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


def two_documents(shell: Shell) -> None:
    here = shell.outside / "here"
    for name in ("a.md", "b.md", "-c.md"):
        (here / name).write_text(f"# {name}\n\nThe ferry leaves at nine.\n", "utf-8")


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


def test_the_price_of_a_short_document_is_shown_first(shell: Shell) -> None:
    two_documents(shell)

    async def test(server: LoopbackServer) -> None:
        done = await shell.run("summarize", "a.md", env=gateway(server.base_url))
        assert ", about $0.0" in done.err
        long_document(shell)
        done = await shell.run("ask", "Why?", "--file", "long.md", env=gateway(server.base_url))
        assert (done.code, done.out) == (2, "")
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


def test_a_damaged_file_stops_no_summary_of_the_others(shell: Shell) -> None:
    two_documents(shell)
    damaged = ("bad.pdf", "gone.md")
    (shell.outside / "here" / "bad.pdf").write_bytes(b"%PDF-1.7 broken")

    async def test(server: LoopbackServer) -> None:
        environment = gateway(server.base_url)
        done = await shell.run("summarize", "a.md", *damaged, "b.md", env=environment)
        assert (done.code, done.out) == (1, ANSWER + "\n")
        assert all(name in done.err for name in damaged)
        (request,) = server.requests
        content = plain(request.json["input"][0]["content"])
        assert re.findall('<document name="(.*?)"', content) == ["a.md", "b.md"]
        done = await shell.run("summarize", *damaged, env=environment)
        assert (done.code, done.out, len(server.requests)) == (1, "", 1)

    against(WHOLE, test=test)
