"""`repartee ask` with the model on this computer: no key, no network."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from desktop_app.storage.database.database import Database
from desktop_app.storage.settings.settings_store import SettingsStore
from tests.integration.cli.command import Shell, gateway

if TYPE_CHECKING:
    import pytest

# A proxy that is not there: whatever left this computer would fail.
NO_NETWORK = {"ALL_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
MODEL = "smollm2-135m-instruct"
# At the usual temperature so small a model sometimes repeats itself until its window is full.
SAME_EACH_TIME = ("--temperature", "0")


def test_the_local_model_answers_without_key_and_network(shell: Shell) -> None:
    done = asyncio.run(shell.run("ask", "Say hello.", *SAME_EACH_TIME, env=NO_NETWORK))
    assert (done.code, done.err) == (0, "")
    assert done.out.strip()
    assert done.out.endswith("\n")
    assert shell.files_outside() == []
    ((provider, model, tokens, cost),) = shell.rows(
        "SELECT provider_id, model, output_tokens, cost FROM ledger"
    )
    assert (provider, model, cost) == ("on-device", MODEL, "0")
    assert tokens > 0
    assert shell.rows("SELECT * FROM messages") == []


def test_the_local_model_is_chosen_by_name_and_answers_as_json(shell: Shell) -> None:
    nobody = gateway("http://127.0.0.1:9/v1")
    arguments = ("ask", "-", "--provider", "on-device", "--json", "--save", *SAME_EACH_TIME)
    done = asyncio.run(shell.run(*arguments, stdin=b"Say hello.", env=nobody))
    assert (done.code, done.err) == (0, "")
    found = done.json
    assert found["answer"]
    assert (found["status"], found["error"], found["cost_usd"]) == ("complete", None, "0")
    assert (found["provider"], found["model"]) == ("on-device", MODEL)
    assert (found["variant"], found["effort"]) == (None, None)
    assert found["usage"]["output_tokens"] > 0
    assert shell.rows("SELECT id FROM conversations") == [(found["conversation_id"],)]


async def test_a_document_without_a_question_is_summarized_up_to_the_limit(
    shell: Shell, pytestconfig: pytest.Config
) -> None:
    report = pytestconfig.rootpath / "tests" / "data" / "corpus" / "house-rules.pdf"

    database = Database(shell.home / "data" / "repartee.sqlite3")
    await database.open()
    await SettingsStore(database).set("answer.max_output_tokens", 16)
    await database.close()
    done = await shell.run("ask", "--file", str(report), env=NO_NETWORK)
    assert done.out.strip()  # what so small a model makes of it differs from run to run
    ((read, written),) = shell.rows("SELECT input_tokens, output_tokens FROM ledger")
    assert read > 300, "the whole document was sent"
    assert written <= 16
    assert shell.files_outside() == []
    if done.code:
        assert done.code == 1
        assert done.err == "repartee: The response reached its maximum length.\n"


def test_a_file_that_is_no_model_is_refused(shell: Shell) -> None:
    fake = shell.outside / "here" / "fake.gguf"
    fake.write_text("no model")
    arguments = ("ask", "Hi", "--provider", "on-device", "--model", "fake.gguf")
    done = asyncio.run(shell.run(*arguments))
    assert (done.code, done.out) == (1, "")
    assert "fake.gguf isn’t a GGUF model file." in done.err


def test_a_document_that_does_not_fit_is_refused_with_the_figures(shell: Shell) -> None:
    (shell.outside / "here" / "long.txt").write_text("word " * 20_000)
    done = asyncio.run(shell.run("ask", "Summarise", "--file", "long.txt", env=NO_NETWORK))
    assert (done.code, done.out) == (1, "")
    assert "With long.txt, this needs 20,0" in done.err
    assert "SmolLM2 135M accepts 7,680" in done.err
    assert "Use “repartee summarize” for long documents." in done.err
    assert shell.rows("SELECT * FROM ledger") == []


def test_a_piped_text_that_does_not_fit_names_the_way_on(shell: Shell) -> None:
    done = asyncio.run(shell.run("ask", stdin=b"word " * 20_000, env=NO_NETWORK))
    assert (done.code, done.out) == (1, "")
    assert "SmolLM2 135M accepts 7,680. Use “repartee summarize” for long documents." in done.err


LINES = re.compile(
    r"Summary:\n(?:- (?:\S+ ){3,28}\S+\.\n){6,8}\nAction items:\n"
    r"(?:none stated|(?:\d\. [^—\n]+ — [^—\n]+ — [^—\n]+\.\n?){1,5})\n*"
)


def test_a_summary_of_the_local_model_is_a_list(shell: Shell) -> None:
    (shell.outside / "here" / "rules.md").write_text(
        "# Rules of the allotments\n\nThe gates are shut at nine. Bonfires are forbidden from May "
        "to September. The rent is 40 euros a year and is due on 1 March. Ms Keller repairs the "
        "pump by 30 April. Dogs are kept on a lead. Compost lies at least a metre from the "
        "fence.\n"
    )
    done = asyncio.run(shell.run("summarize", "rules.md", env=NO_NETWORK))
    assert done.code == 0, done.err
    assert LINES.fullmatch(done.out), done.out
